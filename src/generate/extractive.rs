//! question + passages → the sentences that answer it best, each cited
//!
//! An answer without any language model: nothing is made up, nothing leaves the machine. Sentences are ranked by
//! the question's words in them (BM25 among the candidates), by meaning and by their passage's score; one beside a
//! chosen one is rather taken than one that stands alone, since what answers a question is often told in two or three.
//! They are told in the order of the passages.

use std::collections::{HashMap, HashSet};

use crate::document::{Passage, Span};
use crate::error::Result;
use crate::language::{sentences, words};
use crate::order::sort;

/// How many sentences an answer has at most.
const SENTENCES: usize = 3;
/// How many sentences are compared by meaning, which is what takes time.
const COMPARED: usize = 24;
/// How much a passage's score counts against words and meaning, which count 1 each.
///
/// This and the next were tried from 0.25 to 1 and from 0.1 to 0.5 on the five corpora of chunking-evaluation: all of
/// these values find the answers of 68 to 70 of a hundred questions, and none of both finds 66. Chosen on four corpora
/// and measured on the fifth they find 67. More passages, sentences beyond their edges, rarity in the whole collection
/// and scores smoothed over neighbours added nothing.
const PASSAGE: f32 = 0.5;
/// How much a sentence gains by standing beside a chosen one.
const BESIDE: f32 = 0.3;
/// With at most so many bytes between them two sentences stand side by side: white space, no heading.
const GAP: usize = 4;
/// Shorter sentences, in words, say too little to stand alone: headings, mostly.
const FEWEST_WORDS: usize = 4;
/// Two sentences that share more of their words than this say the same.
const SAME: f32 = 0.8;

/// A sentence of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Extract {
    /// Which passage it is from, from 0.
    pub source: usize,
    /// Where it stands in the passage's text.
    pub span: Span,
    /// The sentence, on one line.
    pub text: String,
}

struct Candidate {
    source: usize,
    span: Span,
    words: Vec<String>,
    score: f32,
}

/// Chooses the sentences; `similarity` gives the cosine of each text to the question, of 24 at most.
///
/// # Errors
/// Those of `similarity`.
pub fn extract(
    question: &str,
    passages: &[Passage],
    similarity: impl Fn(&[&str]) -> Result<Vec<f32>>,
) -> Result<Vec<Extract>> {
    let mut candidates = candidates(passages);
    let trust = scaled(passages.iter().map(|passage| passage.score));
    score_by_words(&mut candidates, question);
    let words = scaled(candidates.iter().map(|it| it.score));
    for (candidate, words) in candidates.iter_mut().zip(words) {
        candidate.score = words + PASSAGE * trust[candidate.source];
    }
    best_first(&mut candidates);
    candidates.truncate(COMPARED);
    let texts: Vec<&str> =
        candidates.iter().map(|candidate| candidate.span.of(&passages[candidate.source].text)).collect();
    let cosines = similarity(&texts)?;
    for (candidate, meaning) in candidates.iter_mut().zip(scaled(cosines.iter().copied())) {
        candidate.score += meaning;
    }
    let mut chosen = choose(candidates, passages);
    sort(&mut chosen, |left, right| (left.source, left.span.start).cmp(&(right.source, right.span.start)));
    Ok(chosen
        .into_iter()
        .map(|Candidate { source, span, .. }| Extract { source, span, text: one_line(span.of(&passages[source].text)) })
        .collect())
}

/// The best, one after the other: with each the next to it become better, and what says the same is left out.
fn choose(mut candidates: Vec<Candidate>, passages: &[Passage]) -> Vec<Candidate> {
    let mut chosen: Vec<Candidate> = Vec::new();
    while chosen.len() < SENTENCES && !candidates.is_empty() {
        best_first(&mut candidates);
        let best = candidates.remove(0);
        candidates.retain(|other| !same(&best.words, &other.words));
        for other in candidates.iter_mut().filter(|other| are_beside(&best, other, passages)) {
            other.score += BESIDE;
        }
        chosen.push(best);
    }
    chosen
}

/// Whether two sentences follow each other, in one passage or from one to the next.
fn are_beside(left: &Candidate, right: &Candidate, passages: &[Passage]) -> bool {
    let place = |it: &Candidate| {
        let Passage { id, span, .. } = &passages[it.source];
        (id, span.start + it.span.start, span.start + it.span.end)
    };
    let (left, right) = (place(left), place(right));
    let follows = |first: usize, next: usize| (first..=first + GAP).contains(&next);
    left.0 == right.0 && (follows(left.2, right.1) || follows(right.2, left.1))
}

/// Those of the same score in the order of reading.
fn best_first(candidates: &mut [Candidate]) {
    let place = |candidate: &Candidate| (candidate.source, candidate.span.start);
    sort(candidates, |left, right| right.score.total_cmp(&left.score).then_with(|| place(left).cmp(&place(right))));
}

fn candidates(passages: &[Passage]) -> Vec<Candidate> {
    let all = passages.iter().enumerate().flat_map(|(source, passage)| {
        sentences(&passage.text).into_iter().map(move |span| {
            let words = words(span.of(&passage.text)).collect();
            Candidate { source, span, words, score: 0.0 }
        })
    });
    let (long, short): (Vec<_>, Vec<_>) = all.partition(|candidate| {
        let text = candidate.span.of(&passages[candidate.source].text);
        candidate.words.len() >= FEWEST_WORDS && !text.starts_with('#')
    });
    if long.is_empty() { short } else { long }
}

/// BM25 with the candidates as the collection.
fn score_by_words(candidates: &mut [Candidate], question: &str) {
    let mut holders: HashMap<&str, f32> = HashMap::new();
    for candidate in candidates.iter() {
        for word in candidate.words.iter().map(String::as_str).collect::<HashSet<_>>() {
            *holders.entry(word).or_default() += 1.0;
        }
    }
    let count = candidates.len() as f32;
    let average = candidates.iter().map(|it| it.words.len()).sum::<usize>() as f32 / count.max(1.0);
    let asked: HashSet<String> = words(question).collect();
    let rarity: HashMap<&str, f32> = asked
        .iter()
        .filter_map(|word| holders.get(word.as_str()).map(|held| (word.as_str(), held)))
        .map(|(word, held)| (word, (1.0 + (count - held + 0.5) / (held + 0.5)).ln()))
        .collect();
    let scores: Vec<f32> = candidates
        .iter()
        .map(|candidate| {
            let length = candidate.words.len() as f32 / average.max(1.0);
            rarity
                .iter()
                .map(|(word, rarity)| {
                    let times = candidate.words.iter().filter(|other| other == word).count() as f32;
                    rarity * times / (times + 1.2 * (0.25 + 0.75 * length))
                })
                .sum()
        })
        .collect();
    candidates.iter_mut().zip(scores).for_each(|(candidate, score)| candidate.score = score);
}

fn scaled(values: impl Iterator<Item = f32> + Clone) -> Vec<f32> {
    let (low, high) =
        values.clone().fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    values.map(|value| if high > low { (value - low) / (high - low) } else { 1.0 }).collect()
}

fn same(left: &[String], right: &[String]) -> bool {
    let (left, right): (HashSet<_>, HashSet<_>) = (left.iter().collect(), right.iter().collect());
    let shared = left.intersection(&right).count() as f32;
    shared > SAME * left.len().min(right.len()).max(1) as f32
}

/// Without line breaks and the mark of a list item.
fn one_line(sentence: &str) -> String {
    let line = sentence.split_whitespace().collect::<Vec<_>>().join(" ");
    let stripped = ["- ", "* ", "+ ", "• ", "> ", "| "].iter().find_map(|mark| line.strip_prefix(mark));
    stripped.map(str::to_owned).unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Format, Metadata};

    fn passage(score: f32, text: &str) -> Passage {
        Passage {
            id: "notes".into(),
            chunk: 0,
            title: String::new(),
            url: None,
            format: Format::Text,
            metadata: Metadata::new(),
            headings: Vec::new(),
            page: None,
            text: text.into(),
            span: Span::new(0, text.len()),
            highlights: Vec::new(),
            score,
            semantic: None,
            lexical: None,
        }
    }

    fn chosen(passages: &[Passage]) -> Vec<String> {
        let alike = |texts: &[&str]| Ok(vec![0.5; texts.len()]);
        extract("When is the glass kiln heated?", passages, alike).unwrap().into_iter().map(|it| it.text).collect()
    }

    #[test]
    fn of_sentences_that_fit_as_well_those_beside_the_best_are_taken() {
        let beside =
            "The glass kiln is heated on Monday. After that nobody may open its door. It cools down until Friday.";
        let apart = "Bread is baked in another street. Flour arrives there by small boats. Millers sell what remains.";
        let expected = ["The glass kiln is heated on Monday.", "After that nobody may open its door."];
        assert_eq!(chosen(&[passage(1.0, apart), passage(1.0, beside)])[1..], expected);
    }

    #[test]
    fn what_says_the_same_is_taken_once() {
        let text = "The glass kiln is heated on Monday.";
        assert_eq!(chosen(&[passage(0.9, text), passage(0.4, text)]), [text]);
    }
}
