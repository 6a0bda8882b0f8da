//! a claim + the sentences of the passages → those that say it, and how much of it
//!
//! One sentence says the most; what it leaves open may stand beside it or in another passage. The claim is supported by
//! all of these together, but what is denied, counted and named must agree with them, however well the words fit.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use super::statement::Statement;
use super::{Claim, Verdict};
use crate::document::{Language, Passage, Span};
use crate::language::{sentences, words_in};
use crate::order::sort;
use crate::vector::UnitVector;

/// From what support on a claim counts as supported, and as weakly supported: by words alone.
const BY_WORDS: [f32; 2] = [0.6, 0.35];
/// The same of the mean of words and meaning.
const BY_BOTH: [f32; 2] = [0.6, 0.45];
/// How much more of a claim a sentence must hold to be told with the first.
const WORTH_MORE: f32 = 0.12;
/// How much rather a sentence is told that stands beside the first.
const BESIDE: f32 = 0.06;
/// From what share on a sentence says nearly all of a claim.
const LED: f32 = 0.8;
/// How many sentences say a claim together at most.
const MOST_SENTENCES: usize = 3;
/// How many sentences are compared with a claim by meaning.
const COMPARED: usize = 6;

/// A passage, cut into sentences.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) sentences: Vec<Stated>,
    /// The words of its title and headings: names are often told only there.
    about: HashSet<String>,
}

/// A sentence of a passage.
#[derive(Debug)]
pub(super) struct Stated {
    /// In the document's text.
    span: Span,
    pub(super) text: String,
    statement: Statement,
}

/// The vectors of the sentences that were embedded, by passage and place.
pub(super) type Meanings = BTreeMap<(usize, usize), UnitVector>;

/// Sentences that say a claim, or the most of it.
pub(super) struct Alignment<'sources> {
    claim: &'sources Statement,
    /// The passage of the first, from 0.
    pub(super) source: usize,
    /// The first, and what stands beside it and belongs to it.
    pub(super) span: Span,
    sources: &'sources [Source],
    /// The first leads.
    chosen: Vec<(usize, usize)>,
    coverage: f32,
    cosine: Option<f32>,
}

impl Source {
    pub(super) fn new(passage: &Passage, language: Language) -> Self {
        let stated = |span: Span| {
            let text = span.of(&passage.text).to_owned();
            let span = Span::new(passage.span.start + span.start, passage.span.start + span.end);
            Stated { span, statement: Statement::new(&text, language), text }
        };
        let headings = passage.headings.iter().chain([&passage.title]);
        Self {
            sentences: sentences(&passage.text).into_iter().map(stated).collect(),
            about: headings.flat_map(|heading| words_in(heading, language)).collect(),
        }
    }
}

fn share(found: usize, of: usize) -> f32 {
    found as f32 / of.max(1) as f32
}

/// Which sentences share the most words with the claim, as passage and place.
pub(super) fn nearest(sources: &[Source], claim: &Statement) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, (usize, usize))> = Vec::new();
    for (number, source) in sources.iter().enumerate() {
        let shared = |sentence: &Stated| sentence.statement.words.intersection(&claim.words).count();
        found.extend(source.sentences.iter().enumerate().map(|(at, sentence)| (shared(sentence), (number, at))));
    }
    sort(&mut found, |left, right| right.0.cmp(&left.0).then(left.1.cmp(&right.1)));
    found.into_iter().take_while(|found| found.0 > 0).take(COMPARED).map(|found| found.1).collect()
}

impl<'sources> Alignment<'sources> {
    /// The sentences of the passages that say the most of the claim.
    pub(super) fn find(sources: &'sources [Source], claim: &'sources Claim, meanings: &Meanings) -> Option<Self> {
        Self::find_in(sources, 0..sources.len(), claim, meanings)
    }

    /// The same, in these passages only.
    pub(super) fn find_in(
        sources: &'sources [Source],
        within: Range<usize>,
        claim: &'sources Claim,
        meanings: &Meanings,
    ) -> Option<Self> {
        let Claim { statement, vector, .. } = claim;
        let count = statement.words.len();
        let cosine = |place| Some(vector.as_ref()?.cosine(meanings.get(&place)?));
        let mut missing: HashSet<&str> = statement.words.iter().map(String::as_str).collect();
        let mut chosen: Vec<(usize, usize)> = Vec::new();
        let mut best_cosine = None;
        while chosen.len() < MOST_SENTENCES {
            let mut best: Option<(f32, (usize, usize))> = None;
            for number in within.clone() {
                let source = &sources[number];
                for (at, sentence) in source.sentences.iter().enumerate() {
                    let held = missing.iter().filter(|word| sentence.statement.words.contains(**word)).count();
                    let mut score = share(held, count);
                    match chosen.first() {
                        None => score += cosine((number, at)).unwrap_or(0.0),
                        Some(_) if score < WORTH_MORE => continue,
                        Some(&(main, place)) if main == number && place.abs_diff(at) == 1 => score += BESIDE,
                        Some(_) => {}
                    }
                    // The first of equals: it is the passage that fits the question better.
                    if best.is_none_or(|best| score > best.0) {
                        best = Some((score, (number, at)));
                    }
                }
            }
            let Some((_, (number, at))) = best else { break };
            let sentence = &sources[number].sentences[at];
            missing.retain(|word| !sentence.statement.words.contains(*word));
            chosen.push((number, at));
            best_cosine = match (best_cosine, cosine((number, at))) {
                (Some(best), Some(next)) => Some(f32::max(best, next)),
                (best, next) => best.or(next),
            };
        }
        let &(source, main) = chosen.first()?;
        let beside = chosen.iter().filter(|it| it.0 == source && it.1.abs_diff(main) <= 1).map(|it| it.1);
        let stated = &sources[source].sentences;
        let span = beside.fold(stated[main].span, |span, at| {
            let other = stated[at].span;
            Span::new(span.start.min(other.start), span.end.max(other.end))
        });
        let coverage = share(count - missing.len(), count);
        Some(Self { claim: statement, source, span, sources, chosen, coverage, cosine: best_cosine })
    }

    /// Whether words alone tell: so many of them are there that meaning adds nothing.
    pub(super) fn is_clear(&self) -> bool {
        self.coverage >= BY_WORDS[0]
    }

    /// How much of the claim they say, and what that means.
    pub(super) fn judge(&self) -> (f32, Verdict) {
        let (support, [supported, weak]) = match self.cosine {
            Some(cosine) => (0.5 * (self.coverage + cosine.clamp(0.0, 1.0)), BY_BOTH),
            None => (self.coverage, BY_WORDS),
        };
        let verdict = match support {
            support if support < weak || self.differs() => Verdict::Unsupported,
            support if support < supported || self.names(|name| !self.holds(name)) => Verdict::Weak,
            _ => Verdict::Supported,
        };
        (support, verdict)
    }

    fn statements(&self) -> impl Iterator<Item = &'sources Statement> {
        self.chosen.iter().map(|&(source, at)| &self.sources[source].sentences[at].statement)
    }

    /// Whether a word of the claim stands there, or in the headings above.
    fn holds(&self, word: &String) -> bool {
        self.statements().any(|it| it.words.contains(word)) || self.is_heading(word)
    }

    fn is_heading(&self, word: &String) -> bool {
        self.chosen.iter().any(|&(source, _)| self.sources[source].about.contains(word))
    }

    fn names(&self, is_so: impl Fn(&String) -> bool) -> bool {
        self.claim.names.iter().any(is_so)
    }

    /// Whether a number or a name of the claim is another one there, or something is denied on one side only.
    fn differs(&self) -> bool {
        let claim = self.claim;
        // Models name what a text does not, as it is clear: who made the product. So a name must be there only where
        // the text has one that the claim has not, and which it may have taken the place of; the same for what is
        // counted in words, as models count what a text lists.
        let has_another = |has: fn(&Statement) -> &HashSet<String>, first: usize| {
            self.statements().take(first).any(|it| has(it).iter().any(|word| !claim.words.contains(word)))
        };
        let is_missing = |word: &String| !self.holds(word);
        // Where the first sentence says nearly all, a number that only another has was put in the place of its own.
        let share_of = |main: &Statement| share(main.words.intersection(&claim.words).count(), claim.words.len());
        let led = self.statements().next().filter(|main| share_of(main) >= LED);
        let is_elsewhere =
            |number: &String| led.is_some_and(|main| !main.words.contains(number)) && !self.is_heading(number);
        claim.numbers.iter().any(|number| is_missing(number) || is_elsewhere(number))
            || (claim.counts.iter().any(is_missing) && has_another(|it| &it.counts, MOST_SENTENCES))
            || (self.names(is_missing) && has_another(|it| &it.names, 1))
            || self.statements().any(|it| claim.denies(it))
            || self.statements().next().is_some_and(|main| main.denies(claim))
            || (claim.is_denial() && !self.statements().any(Statement::is_denial))
    }
}
