//! answer + passages → checked [`Citation`]s
//!
//! A model may cite a passage that does not say so, or one that does not exist, or not cite at all. So every mark
//! like `[2]` is read as it streams, in the forms that models write, and the sentence before it is held against the
//! passage: how many of its words stand in the passage's best sentences, and which these are. Where the model did
//! not cite, the check looks for the passage itself.

use std::collections::HashSet;

use serde::Serialize;

use crate::document::{Passage, Span};
use crate::language::{sentences, words};
use crate::order::sort;

/// From what share of its words found in the source on a sentence counts as supported.
const SUPPORTED: f32 = 0.6;
/// From what share on it counts as weakly supported, and is cited where the model did not.
const WEAK: f32 = 0.35;
/// Sentences with fewer words than this claim nothing that could be checked.
const FEWEST_WORDS: usize = 3;
/// How much more of a claim two sentences must hold together than the better one alone, to be cited together.
const WORTH_A_SECOND: f32 = 0.15;

/// What the check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The source says so.
    Supported,
    /// The source says something like it.
    Weak,
    /// The source does not say so, or does not exist.
    Unsupported,
}

/// Who cited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Author {
    /// The language model.
    Model,
    /// Carrel: the model did not cite, or there was none.
    Carrel,
}

/// A citation, checked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Citation {
    /// The number that stands in the text, from 1.
    pub number: usize,
    /// Where the mark stands in the answer; empty where Carrel adds one.
    pub at: Span,
    /// Which passage, from 0; nothing where there is none of that number.
    pub source: Option<usize>,
    /// Where the cited sentences stand in the document's text.
    pub span: Option<Span>,
    /// The share of the claim's words that stand there, 0 to 1.
    pub support: f32,
    /// What that means.
    pub verdict: Verdict,
    /// Who cited.
    pub by: Author,
}

/// The passages, made ready to hold claims against.
#[derive(Debug)]
pub struct Evidence {
    passages: Vec<Vec<Sentence>>,
}

#[derive(Debug)]
struct Sentence {
    /// In the document's text.
    span: Span,
    words: HashSet<String>,
}

/// Where in a text the search for marks goes on.
#[derive(Debug, Default)]
pub struct Marks {
    scanned: usize,
}

/// A mark: the numbers that it names, each with its part of the mark's text.
type Mark = Vec<(usize, Span)>;

impl Evidence {
    /// Cuts the passages into sentences.
    pub fn new(passages: &[Passage]) -> Self {
        let cut = |passage: &Passage| {
            let shifted = |span: Span| Span::new(passage.span.start + span.start, passage.span.start + span.end);
            sentences(&passage.text)
                .into_iter()
                .map(|span| Sentence { span: shifted(span), words: words(span.of(&passage.text)).collect() })
                .collect()
        };
        Self { passages: passages.iter().map(cut).collect() }
    }

    /// The citations whose marks `text` completes since the last call.
    pub fn stream(&self, text: &str, marks: &mut Marks) -> Vec<Citation> {
        let found = marks.next(text);
        if found.is_empty() {
            return Vec::new();
        }
        let blank = blanked(text);
        let claims = sentences(&blank);
        found.iter().flat_map(|mark| self.cited(mark, claim_of(mark, &claims, &blank), &blank)).collect()
    }

    /// All citations of a finished answer: the model's, and Carrel's own for sentences without.
    pub fn check(&self, text: &str) -> Vec<Citation> {
        let marks = Marks::default().next(text);
        let blank = blanked(text);
        let claims = sentences(&blank);
        let mut citations = Vec::new();
        let mut cited = HashSet::new();
        for mark in &marks {
            let claim = claim_of(mark, &claims, &blank);
            cited.extend(claim);
            citations.extend(self.cited(mark, claim, &blank));
        }
        for claim in claims.into_iter().filter(|claim| !cited.contains(claim)) {
            citations.extend(self.uncited(claim, &blank));
        }
        sort(&mut citations, |left, right| (left.at.start, left.number).cmp(&(right.at.start, right.number)));
        citations
    }

    fn cited(&self, mark: &Mark, claim: Option<Span>, text: &str) -> Vec<Citation> {
        let claim = Claim::new(claim.map_or("", |claim| claim.of(text)));
        let check = |&(number, at): &(usize, Span)| {
            let source = number.checked_sub(1).filter(|&source| source < self.passages.len());
            let (span, support) = source.map_or((None, 0.0), |source| claim.best(&self.passages[source]));
            let verdict = claim.verdict(support, source.and_then(|source| self.words_of(source, span)));
            Citation { number, at, source, span, support, verdict, by: Author::Model }
        };
        mark.iter().map(check).collect()
    }

    fn uncited(&self, claim_span: Span, text: &str) -> Option<Citation> {
        let claim = Claim::new(claim_span.of(text));
        if claim.words.len() < FEWEST_WORDS {
            return None;
        }
        let best = |(source, sentences): (usize, &Vec<Sentence>)| {
            let (span, support) = claim.best(sentences);
            (source, span, support)
        };
        // The first of equals: it is the passage that fits the question better.
        let (source, span, support) =
            self.passages.iter().enumerate().map(best).rev().max_by(|left, right| left.2.total_cmp(&right.2))?;
        let verdict = claim.verdict(support, self.words_of(source, span));
        (verdict != Verdict::Unsupported).then_some(Citation {
            number: source + 1,
            at: Span::new(claim_span.end, claim_span.end),
            source: Some(source),
            span,
            support,
            verdict,
            by: Author::Carrel,
        })
    }

    fn words_of(&self, source: usize, span: Option<Span>) -> Option<HashSet<&str>> {
        let span = span?;
        let inside = |sentence: &&Sentence| sentence.span.start >= span.start && sentence.span.end <= span.end;
        Some(self.passages[source].iter().filter(inside).flat_map(|it| &it.words).map(String::as_str).collect())
    }
}

struct Claim {
    words: HashSet<String>,
}

impl Claim {
    fn new(text: &str) -> Self {
        Self { words: words(text).collect() }
    }

    /// The one or two sentences that hold the most of the claim, and how much of it.
    fn best(&self, sentences: &[Sentence]) -> (Option<Span>, f32) {
        let share = |found: usize| found as f32 / self.words.len().max(1) as f32;
        let mut best = (None, 0.0);
        for sentence in sentences {
            let support = share(self.words.intersection(&sentence.words).count());
            if best.0.is_none() || support > best.1 {
                best = (Some(sentence.span), support);
            }
        }
        let mut best_pair = (None, best.1 + WORTH_A_SECOND);
        for pair in sentences.windows(2) {
            let held = self.words.iter().filter(|word| pair.iter().any(|it| it.words.contains(*word)));
            let support = share(held.count());
            if support > best_pair.1 {
                best_pair = (Some(Span::new(pair[0].span.start, pair[1].span.end)), support);
            }
        }
        if best_pair.0.is_some() { best_pair } else { best }
    }

    /// A number that the source does not have makes a claim weak at best, however well the words fit.
    fn verdict(&self, support: f32, source: Option<HashSet<&str>>) -> Verdict {
        let Some(source) = source else {
            return Verdict::Unsupported;
        };
        let numbers_held = self
            .words
            .iter()
            .filter(|word| word.starts_with(|character: char| character.is_ascii_digit()))
            .all(|number| source.contains(number.as_str()));
        match support {
            support if support >= SUPPORTED && numbers_held => Verdict::Supported,
            support if support >= WEAK => Verdict::Weak,
            _ => Verdict::Unsupported,
        }
    }
}

/// The sentence that a mark belongs to: the one it stands behind, or the one that it begins a line of.
fn claim_of(mark: &Mark, claims: &[Span], text: &str) -> Option<Span> {
    let start = mark.first()?.1.start;
    let next = claims.partition_point(|claim| claim.start < start);
    let before = next.checked_sub(1).map(|at| claims[at]);
    let begins_line = before.is_none_or(|claim| claim.end <= start && text[claim.end..start].contains('\n'));
    let after = claims.get(next).filter(|claim| !text[start..claim.start].contains('\n'));
    if begins_line { after.copied().or(before) } else { before }
}

/// The text with its marks blanked out, so that sentences are found as if they were not there; offsets stay.
fn blanked(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for (_, span) in Marks::default().next(text).into_iter().flatten() {
        bytes[span.start..span.end].fill(b' ');
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

impl Marks {
    /// The marks that are complete in `text` from where the last call ended.
    fn next(&mut self, text: &str) -> Vec<Mark> {
        let mut marks = Vec::new();
        while let Some(offset) = text[self.scanned..].find(['[', '【', '(']) {
            let start = self.scanned + offset;
            let opening = text[start..].chars().next().unwrap_or('[');
            let closing = match opening {
                '【' => '】',
                '(' => ')',
                _ => ']',
            };
            let inside_start = start + opening.len_utf8();
            let window_end = text.len().min(inside_start + LONGEST_MARK);
            let window_end = (window_end..=text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(text.len());
            match text[inside_start..window_end].find([closing, '\n']) {
                Some(length) => {
                    let inside = &text[inside_start..inside_start + length];
                    let end = inside_start + length + closing.len_utf8();
                    let closed = text[inside_start + length..].starts_with(closing);
                    match numbers(inside, opening == '(').filter(|_| closed) {
                        Some(numbers) => {
                            marks.push(parted(&numbers, inside_start, Span::new(start, end)));
                            self.scanned = end;
                        }
                        None => self.scanned = inside_start,
                    }
                }
                None if inside_start + LONGEST_MARK > text.len() => {
                    self.scanned = start; // It may be completed by what comes.
                    return marks;
                }
                None => self.scanned = inside_start,
            }
        }
        self.scanned = text.len();
        marks
    }
}

/// A mark with more bytes inside its brackets than this is none.
const LONGEST_MARK: usize = 48;

/// The numbers named inside brackets, with their offsets: `1`, `1, 2`, `1-3`, `source 2`, `2†L5`. Round brackets
/// are a mark only with a word: `(source 2)`.
fn numbers(inside: &str, needs_word: bool) -> Option<Vec<(usize, usize)>> {
    let inside_marks = inside.split('†').next().unwrap_or(inside);
    let mut found: Vec<(usize, usize)> = Vec::new();
    let (mut range, mut word) = (false, false);
    let mut rest = inside_marks;
    while !rest.is_empty() {
        let offset = inside_marks.len() - rest.len();
        let digits = rest.len() - rest.trim_start_matches(|character: char| character.is_ascii_digit()).len();
        let letters = rest.len() - rest.trim_start_matches(char::is_alphabetic).len();
        if digits > 0 {
            let number: usize = rest[..digits].parse().ok().filter(|number| (1..=99).contains(number))?;
            if std::mem::take(&mut range) {
                let from = found.last()?.0;
                found.extend((from + 1..number).map(|between| (between, offset)));
            }
            found.push((number, offset));
            rest = &rest[digits..];
        } else if letters > 0 {
            let known = ["source", "sources", "passage", "passages", "and", "quelle", "ref"];
            word |= rest[..letters].to_lowercase() != "and";
            known.contains(&rest[..letters].to_lowercase().as_str()).then_some(())?;
            rest = &rest[letters..];
        } else {
            let character = rest.chars().next()?;
            match character {
                ',' | ';' | ' ' | '&' | ':' | '#' | '^' | '[' | ']' => {}
                '-' | '–' if !found.is_empty() => range = true,
                _ => return None,
            }
            rest = &rest[character.len_utf8()..];
        }
    }
    (!found.is_empty() && !range && found.len() <= 20 && (word || !needs_word)).then_some(found)
}

/// Parts the text of a mark among its numbers, so that each becomes a link of its own. Numbers of a range are not all
/// written: they stand together for the whole mark.
fn parted(numbers: &[(usize, usize)], inside_start: usize, whole: Span) -> Mark {
    if numbers.windows(2).any(|pair| pair[0].1 == pair[1].1) {
        return numbers.iter().map(|&(number, _)| (number, whole)).collect();
    }
    let start_of = |index: usize| match index {
        0 => whole.start,
        _ => numbers.get(index).map_or(whole.end, |&(_, offset)| inside_start + offset),
    };
    numbers
        .iter()
        .enumerate()
        .map(|(index, &(number, _))| (number, Span::new(start_of(index), start_of(index + 1).max(start_of(index)))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers_in(text: &str) -> Vec<usize> {
        Marks::default().next(text).into_iter().flatten().map(|(number, _)| number).collect()
    }

    #[test]
    fn marks_are_read_in_the_forms_that_models_write() {
        for (text, expected) in [
            ("A [1].", vec![1]),
            ("A [1, 2] b [3][4]", vec![1, 2, 3, 4]),
            ("A 【2】 and 【3†source】", vec![2, 3]),
            ("A (source 3) and [Source 1; 2]", vec![3, 1, 2]),
            ("A [1-3]", vec![1, 2, 3]),
            ("none: [0], [100], [x], [1.5a], (2), [see 1], [ ], array[i]", vec![]),
        ] {
            assert_eq!(numbers_in(text), expected, "{text}");
        }
    }

    #[test]
    fn numbers_of_a_range_stand_for_the_whole_mark() {
        let marks = Marks::default().next("A [1-4].");
        assert_eq!(marks, [[1, 2, 3, 4].map(|number| (number, Span::new(2, 7))).to_vec()]);
    }

    #[test]
    fn a_mark_belongs_to_the_sentence_before_it_or_to_the_line_that_it_begins() {
        let text = "[1] One is red.\n\n[2] Two is blue. Three is green. [3]";
        let (blank, marks) = (blanked(text), Marks::default().next(text));
        let claims = sentences(&blank);
        let claim = |mark: &Mark| claim_of(mark, &claims, &blank).map(|claim| claim.of(&blank));
        let found: Vec<_> = marks.iter().map(claim).collect();
        assert_eq!(found, [Some("One is red."), Some("Two is blue."), Some("Three is green.")]);
    }

    #[test]
    fn a_mark_that_comes_in_pieces_is_found_once() {
        let text = "Öl kostet 3 € [1, 2]. Das 【2】 auch. [";
        let mut marks = Marks::default();
        let mut found = Vec::new();
        for end in (0..=text.len()).filter(|&end| text.is_char_boundary(end)) {
            found.extend(marks.next(&text[..end]));
        }
        assert_eq!(found, Marks::default().next(text));
        assert_eq!(found.len(), 2);
        assert_eq!(found[0][0].1.of(text), "[1, ");
        assert_eq!(found[0][1].1.of(text), "2]");
    }
}
