//! answer + passages → checked [`Citation`]s and sentences
//!
//! A model may cite a passage that does not say so, or one that does not exist, or not cite at all, or change a number
//! on the way. So its marks are read as they stream, and each sentence is held against the sentences of the passages,
//! by its words and, where an embedder is handed in, by its meaning. Where the model did not cite, the check looks
//! for the passage itself.

mod alignment;
mod answerable;
mod marks;
mod statement;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashSet};

use serde::Serialize;

use crate::document::{Language, Passage, Span};
use crate::error::Result;
use crate::language::sentences;
use crate::order::sort;
use crate::vector::UnitVector;
use alignment::{Alignment, Meanings, Source};
use marks::Mark;
use statement::Statement;

pub use answerable::{ANSWERABLE, answerable, nothing_answers};
pub use marks::Marks;

/// Sentences with fewer words than this claim nothing that could be checked.
const FEWEST_WORDS: usize = 3;
/// How many sentences, of the answer and of the passages, are embedded for one check at most: each takes some 5 ms.
const MOST_EMBEDDED: usize = 48;

/// What gives texts their vectors: an embedder's passages.
pub type Embed<'embedder> = &'embedder dyn Fn(&[&str]) -> Result<Vec<UnitVector>>;

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

/// A sentence of an answer, checked against all passages.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sentence {
    /// Where it stands in the answer.
    pub at: Span,
    /// Whether the passages say so.
    pub verdict: Verdict,
    /// The passage that says the most of it, from 0.
    pub source: Option<usize>,
    /// Where that stands in the document's text.
    pub span: Option<Span>,
    /// How much of it the passages say, 0 to 1.
    pub support: f32,
}

/// A finished answer, checked.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Checked {
    /// The model's citations, and Carrel's own for sentences that it cited wrongly or not at all.
    pub citations: Vec<Citation>,
    /// Every sentence that states something, in order.
    pub sentences: Vec<Sentence>,
}

/// The passages, made ready to hold claims against.
#[derive(Debug)]
pub struct Evidence {
    sources: Vec<Source>,
    language: Language,
}

/// A sentence of the answer on its way to a verdict.
struct Claim {
    at: Span,
    statement: Statement,
    vector: Option<UnitVector>,
}

impl Claim {
    /// Whether it states anything that could be checked.
    fn states(&self) -> bool {
        self.statement.words.len() >= FEWEST_WORDS
    }
}

impl Evidence {
    /// Cuts the passages into sentences, and reads them as being in the language of most of the best.
    pub fn new(passages: &[Passage]) -> Self {
        let texts: Vec<&str> = passages.iter().map(|passage| passage.text.as_str()).collect();
        let language = Language::of(&texts.join("\n"));
        Self { sources: passages.iter().map(|passage| Source::new(passage, language)).collect(), language }
    }

    fn claim(&self, at: Span, text: &str) -> Claim {
        Claim { at, statement: Statement::new(at.of(text), self.language), vector: None }
    }

    fn claims(&self, text: &str) -> Vec<Claim> {
        sentences(text).into_iter().map(|at| self.claim(at, text)).collect()
    }

    /// The citations whose marks `text` completes since the last call, checked by words only.
    pub fn stream(&self, text: &str, marks: &mut Marks) -> Vec<Citation> {
        let found = marks.next(text, false, &mut Vec::new());
        if found.is_empty() {
            return Vec::new();
        }
        let (_, blank) = marks::read(text);
        let claims = sentences(&blank);
        let cited = |mark: &Mark| {
            let claim = claim_of(mark, &claims, &blank).map(|at| self.claim(claims[at], &blank));
            self.cited(mark, claim.as_ref(), &Meanings::new())
        };
        found.iter().flat_map(cited).collect()
    }

    /// All citations of a finished answer, checked by words only.
    pub fn check(&self, text: &str) -> Vec<Citation> {
        let (marks, blank) = marks::read(text);
        self.judged(&marks, &self.claims(&blank), &blank, &Meanings::new()).citations
    }

    /// All sentences and citations of a finished answer, checked by words and by meaning. What words leave open is
    /// embedded: sentences of the answer, and of the passages up to 6 for each that share words with it, together at most
    /// 48. What is beyond is checked by words.
    ///
    /// # Errors
    /// Those of `embed`.
    pub fn judge(&self, text: &str, embed: Embed) -> Result<Checked> {
        let (marks, blank) = marks::read(text);
        let mut claims = self.claims(&blank);
        let meanings = self.compare(&mut claims, &blank, embed)?;
        Ok(self.judged(&marks, &claims, &blank, &meanings))
    }

    /// Embeds the claims that words leave open, and the sentences that may say them.
    fn compare(&self, claims: &mut [Claim], text: &str, embed: Embed) -> Result<Meanings> {
        let (mut open, mut wanted, mut room) = (Vec::new(), BTreeSet::new(), MOST_EMBEDDED);
        for (number, claim) in claims.iter().enumerate() {
            if !claim.states() || Alignment::find(&self.sources, claim, &Meanings::new()).is_none_or(|it| it.is_clear())
            {
                continue;
            }
            let near = alignment::nearest(&self.sources, &claim.statement);
            let new = near.iter().filter(|place| !wanted.contains(*place)).count() + 1;
            if new <= room && !near.is_empty() {
                room -= new;
                open.push(number);
                wanted.extend(near);
            }
        }
        if open.is_empty() {
            return Ok(Meanings::new());
        }
        let mut texts: Vec<&str> = open.iter().map(|&number| claims[number].at.of(text)).collect();
        texts.extend(wanted.iter().map(|&(source, at)| &*self.sources[source].sentences[at].text));
        let mut vectors = embed(&texts)?.into_iter();
        open.into_iter().for_each(|number| claims[number].vector = vectors.next());
        Ok(wanted.into_iter().zip(vectors).collect())
    }

    fn judged(&self, marks: &[Mark], claims: &[Claim], text: &str, meanings: &Meanings) -> Checked {
        let spans: Vec<Span> = claims.iter().map(|claim| claim.at).collect();
        let mut checked = Checked::default();
        let mut held = HashSet::new();
        for mark in marks {
            let claim = claim_of(mark, &spans, text);
            let citations = self.cited(mark, claim.map(|at| &claims[at]), meanings);
            // A second look is taken only where nothing that was cited says anything of it.
            held.extend(claim.filter(|_| citations.iter().any(|citation| citation.verdict != Verdict::Unsupported)));
            checked.citations.extend(citations);
        }
        for (number, claim) in claims.iter().enumerate() {
            if !claim.states() {
                continue;
            }
            let found = Alignment::find(&self.sources, claim, meanings);
            let (support, verdict) = found.as_ref().map_or((0.0, Verdict::Unsupported), |found| found.judge());
            let (source, span) = (found.as_ref().map(|found| found.source), found.as_ref().map(|found| found.span));
            checked.sentences.push(Sentence { at: claim.at, verdict, source, span, support });
            if let (Some(at), true) = (source, verdict != Verdict::Unsupported && !held.contains(&number)) {
                let end = Span::new(claim.at.end, claim.at.end);
                checked.citations.push(Citation {
                    number: at + 1,
                    at: end,
                    source,
                    span,
                    support,
                    verdict,
                    by: Author::Carrel,
                });
            }
        }
        sort(&mut checked.citations, |left, right| (left.at.start, left.number).cmp(&(right.at.start, right.number)));
        checked
    }

    fn cited(&self, mark: &Mark, claim: Option<&Claim>, meanings: &Meanings) -> Vec<Citation> {
        let check = |&(number, at): &(usize, Span)| {
            let source = number.checked_sub(1).filter(|&source| source < self.sources.len());
            let found = source.zip(claim).and_then(|(source, claim)| {
                let found = Alignment::find_in(&self.sources, source..source + 1, claim, meanings)?;
                Some((found.span, found.judge()))
            });
            let (support, verdict) = found.map_or((0.0, Verdict::Unsupported), |found| found.1);
            let span = found.map(|found| found.0);
            Citation { number, at, source, span, support, verdict, by: Author::Model }
        };
        mark.iter().map(check).collect()
    }
}

/// Which sentence a mark belongs to: the one it stands in or behind, or the one that it begins a line of.
fn claim_of(mark: &Mark, claims: &[Span], text: &str) -> Option<usize> {
    let start = mark.first()?.1.start;
    let next = claims.partition_point(|claim| claim.start < start);
    let before = next.checked_sub(1);
    let begins_line = before.is_none_or(|at| claims[at].end <= start && text[claims[at].end..start].contains('\n'));
    let after = claims.get(next).filter(|claim| !text[start..claim.start].contains('\n')).map(|_| next);
    if begins_line { after.or(before) } else { before }
}
