//! answer + passages → checked [`Citation`]s
//!
//! A model may cite a passage that does not say so, or one that does not exist, or not cite at all. So its
//! [`marks`](self) are read as they stream, and the sentence before one is held against the passage: how many of its
//! words stand in the passage's best sentences, and which these are. Where the model did not cite, the check looks for
//! the passage itself.

mod marks;

use std::collections::HashSet;

use serde::Serialize;

use crate::document::{Passage, Span};
use crate::language::{sentences, words};
use crate::order::sort;
use marks::Mark;

pub use marks::Marks;

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
        let found = marks.next(text, false, &mut Vec::new());
        if found.is_empty() {
            return Vec::new();
        }
        let (_, blank) = marks::read(text);
        let claims = sentences(&blank);
        found.iter().flat_map(|mark| self.cited(mark, claim_of(mark, &claims, &blank), &blank)).collect()
    }

    /// All citations of a finished answer: the model's, and Carrel's own for sentences without.
    pub fn check(&self, text: &str) -> Vec<Citation> {
        let (marks, blank) = marks::read(text);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_belongs_to_the_sentence_before_it_or_to_the_line_that_it_begins() {
        let text = "[1] One is red.\n\n[2] Two is blue. Three is green. [3]";
        let (marks, blank) = marks::read(text);
        let claims = sentences(&blank);
        let claim = |mark: &Mark| claim_of(mark, &claims, &blank).map(|claim| claim.of(&blank));
        let found: Vec<_> = marks.iter().map(claim).collect();
        assert_eq!(found, [Some("One is red."), Some("Two is blue."), Some("Three is green.")]);
    }
}
