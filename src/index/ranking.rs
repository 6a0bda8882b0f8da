//! a question's words → the chunks that hold them, ranked by BM25
//!
//! Okapi BM25 in Lucene's form (Robertson & Zaragoza 2009; Kamphuis et al. 2020), with counts summed over fields as in
//! BM25F. What is counted are the chunks that are not removed, over all segments, so that scores do not tell how the
//! index came about.

use std::cmp::Reverse;

use super::keywords::{Extent, Keywords, Text, known};
use super::lists::stem_key;
use super::phrases::Phrases;
use super::postings::{Counts, Postings};
use super::question::{Question, Word};
use crate::document::Language;
use crate::order::sort;

/// How soon more of the same word adds nothing.
const K1: f32 = 1.2;
/// How much long chunks are held back.
const B: f32 = 0.75;
/// What a word is worth in the title, the headings and the body.
const WORTH: [f32; 3] = [1.0, 1.0, 1.0];
/// What a longer word is worth for one that is being typed: the word itself comes first.
const COMPLETED: f32 = 0.5;
/// How many longer words are looked for, the most frequent ones.
const COMPLETIONS: usize = 64;

/// A segment to be searched.
pub(super) struct Part<'a> {
    pub(super) keywords: &'a Keywords,
    /// Whether a chunk is not removed, and so counts.
    pub(super) alive: &'a dyn Fn(u32) -> bool,
    /// Whether a chunk may be found.
    pub(super) allowed: &'a dyn Fn(u32) -> bool,
    /// To look for phrases in.
    pub(super) text: &'a dyn Fn(u32) -> Text<'a>,
}

/// What was found.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Matches {
    /// Part, chunk and score: best first, equal ones by part and chunk.
    pub(super) found: Vec<(usize, u32, f32)>,
    /// What a chunk would come near to that holds nothing but the question's words.
    pub(super) most: f32,
    /// Each word of the question and how rare it is.
    pub(super) words: Vec<(Word, f32)>,
}

/// Finds the chunks of all parts that hold words of the question, and each of its phrases.
pub(super) fn search(parts: &[Part], question: &Question) -> Matches {
    let Some((chunks, languages, mut sheets)) = sheets(parts) else {
        return Matches::default();
    };
    let words = question.words(&languages);
    let mut most = 0.0;
    let mut rarities = Vec::with_capacity(words.len());
    for word in &words {
        let found: usize = match word.begins {
            true => count_beginning(&mut sheets, word),
            false => sheets.iter_mut().map(|sheet| sheet.count(word)).sum(),
        };
        let found = found as f32;
        let rarity = (1.0 + (chunks - found + 0.5) / (found + 0.5)).ln();
        rarities.push(rarity);
        let rarity = word.times as f32 * rarity;
        most += rarity;
        sheets.iter_mut().for_each(|sheet| sheet.score(rarity, word.required));
    }
    let required = words.iter().filter(|word| word.required).count() as u32;
    let indexes: Vec<&Keywords> = parts.iter().map(|part| part.keywords).collect();
    let mut phrases: Vec<Phrases> = match question.has_phrases() {
        true => languages.iter().map(|&language| question.phrases(language).anchored(&indexes)).collect(),
        false => Vec::new(),
    };
    if words.is_empty() && !phrases.is_empty() {
        // All of it stop words: they are not indexed, so every chunk is read.
        most = 1.0;
        for sheet in &mut sheets {
            let alone = |(score, &norm): (&mut f32, &f32)| *score = if norm > 0.0 { 1.0 / (1.0 + norm) } else { 0.0 };
            sheet.scores.iter_mut().zip(&sheet.norms).for_each(alone);
        }
    }
    let mut ranked = Vec::new();
    for (part, sheet) in sheets.iter().enumerate() {
        for (chunk, &score) in (0u32..).zip(&sheet.scores) {
            let is_found = score > 0.0
                && sheet.required.get(chunk as usize).copied().unwrap_or(0) == required
                && (sheet.part.allowed)(chunk)
                && sheet.has(chunk, &mut phrases);
            if is_found {
                ranked.push((part, chunk, score));
            }
        }
    }
    Matches { found: sorted(ranked), most, words: words.into_iter().zip(rarities).collect() }
}

/// Best first, equal ones in order: as numbers, which are sorted in a quarter of the time of what they stand for.
fn sorted(found: Vec<(usize, u32, f32)>) -> Vec<(usize, u32, f32)> {
    let key = |(place, found): (u64, &(usize, u32, f32))| u64::from(!found.2.to_bits()) << 32 | place;
    let mut keys: Vec<u64> = (0..).zip(&found).map(key).collect();
    keys.sort_unstable();
    keys.into_iter().map(|key| found[(key & u64::from(u32::MAX)) as usize]).collect()
}

/// How many chunks count and the languages that they are in, with a sheet for each part.
fn sheets<'p, 'a>(parts: &'p [Part<'a>]) -> Option<(f32, Vec<Language>, Vec<Sheet<'p, 'a>>)> {
    let (mut chunks, mut total) = (0u32, 0u64);
    let mut spoken = [false; Language::ALL.len()];
    let mut lengths = |part: &Part| {
        let length = |(chunk, extent): (u32, Extent)| {
            // A chunk without words cannot be found and would make others seem longer than they are.
            if extent.words == 0 || !(part.alive)(chunk) {
                return 0.0;
            }
            chunks += 1;
            total += u64::from(extent.words);
            spoken[extent.language as usize] = true;
            extent.words as f32
        };
        (0..).zip(part.keywords.extents()).map(length).collect()
    };
    let lengths: Vec<Vec<f32>> = parts.iter().map(&mut lengths).collect();
    let average = total as f32 / chunks as f32;
    let sheet = |(part, mut norms): (&'p Part<'a>, Vec<f32>)| {
        norms.iter_mut().filter(|norm| **norm > 0.0).for_each(|norm| *norm = K1 * (1.0 - B + B * *norm / average));
        Sheet {
            part,
            scores: vec![0.0; norms.len()],
            required: Vec::new(),
            counts: vec![0.0; norms.len()],
            counted: Vec::new(),
            norms,
        }
    };
    let languages = Language::ALL.into_iter().filter(|&language| spoken[language as usize]).collect();
    (chunks > 0).then(|| (chunks as f32, languages, parts.iter().zip(lengths).map(sheet).collect()))
}

/// What is known of a part's chunks during a search.
struct Sheet<'p, 'a> {
    part: &'p Part<'a>,
    /// How many of a word are worth half of what any number is; 0 for chunks that do not count.
    norms: Vec<f32>,
    scores: Vec<f32>,
    /// How many of the words that a phrase needs are there; empty while none is needed.
    required: Vec<u32>,
    /// Of the word that is looked at, and the chunks that have it.
    counts: Vec<f32>,
    counted: Vec<u32>,
}

impl Sheet<'_, '_> {
    /// Counts a word by its stems; tells how many chunks have it.
    fn count(&mut self, word: &Word) -> usize {
        let part = self.part;
        for (language, term) in &word.terms {
            if let Some(stem) = &term.stem {
                part.keywords.forms_of(*language, stem, &mut |_, postings| self.add(postings, 1.0));
            }
        }
        self.counted.len()
    }

    fn add(&mut self, postings: &[u8], worth: f32) {
        for (chunk, counts) in Postings::new(postings) {
            // A number that is too high is that of a forged file.
            let Some(&norm) = self.norms.get(chunk as usize) else { break };
            if norm > 0.0 {
                let count = &mut self.counts[chunk as usize];
                if *count == 0.0 {
                    self.counted.push(chunk);
                }
                *count += worth * weighted(counts);
            }
        }
    }

    /// In how many chunks that count a list is.
    fn frequency(&self, postings: &[u8]) -> usize {
        let counts = |&(chunk, _): &(u32, Counts)| self.norms.get(chunk as usize).is_some_and(|&norm| norm > 0.0);
        Postings::new(postings).filter(counts).count()
    }

    /// Adds what the word that was counted is worth.
    fn score(&mut self, rarity: f32, required: bool) {
        if required {
            self.required.resize(self.norms.len(), 0);
        }
        for &chunk in &self.counted {
            let at = chunk as usize;
            let count = std::mem::take(&mut self.counts[at]);
            self.scores[at] += rarity * count / (count + self.norms[at]);
            if required {
                self.required[at] += 1;
            }
        }
        self.counted.clear();
    }

    /// Whether a chunk has the phrases.
    fn has(&self, chunk: u32, phrases: &mut [Phrases]) -> bool {
        if phrases.is_empty() {
            return true;
        }
        let text = (self.part.text)(chunk);
        phrases.iter_mut().any(|phrases| phrases.language() == known(text.language) && phrases.are_in(&text))
    }
}

fn weighted(counts: Counts) -> f32 {
    counts.iter().zip(WORTH).map(|(&count, worth)| count as f32 * worth).sum()
}

/// A word that a beginning may become: its key, the part that has it, and its postings there.
type Completion<'a> = (&'a [u8], usize, &'a [u8]);

/// Counts a word of which only the beginning may be there; tells how many chunks have one that it may become.
fn count_beginning(sheets: &mut [Sheet], word: &Word) -> usize {
    let mut longer: Vec<Completion> = Vec::new();
    for (language, term) in &word.terms {
        let own = term.stem.as_ref().map(|stem| stem_key(*language, stem));
        for (at, sheet) in sheets.iter().enumerate() {
            sheet.part.keywords.completions(*language, &term.form, &mut |key, postings| {
                if !own.as_ref().is_some_and(|own| key.starts_with(own)) {
                    longer.push((key, at, postings));
                }
            });
        }
    }
    sort(&mut longer, |left, right| left.0.cmp(right.0));
    let mut groups: Vec<&[Completion]> = longer.chunk_by(|left, right| left.0 == right.0).collect();
    // Each chunk takes a byte or more: who could not be among the most frequent need not be counted.
    let most = |lists: &&[Completion]| lists.iter().map(|(_, _, postings)| postings.len()).sum::<usize>();
    sort(&mut groups, |left, right| most(right).cmp(&most(left)));
    // The most frequent first, and of equal ones the first in order.
    let mut frequent: Vec<(Reverse<usize>, &[Completion])> = Vec::new();
    for lists in groups {
        if frequent.len() == COMPLETIONS && most(&lists) < frequent[COMPLETIONS - 1].0.0 {
            break;
        }
        let frequency = lists.iter().map(|&(_, at, postings)| sheets[at].frequency(postings)).sum();
        let rank = (Reverse(frequency), lists);
        let place = frequent.partition_point(|other| (other.0, other.1[0].0) < (rank.0, rank.1[0].0));
        frequent.insert(place, rank);
        frequent.truncate(COMPLETIONS);
    }
    let lists: Vec<(usize, &[u8])> =
        frequent.iter().flat_map(|(_, lists)| lists.iter().map(|&(_, at, postings)| (at, postings))).collect();
    for (at, postings) in lists {
        sheets[at].add(postings, COMPLETED);
    }
    sheets.iter_mut().map(|sheet| sheet.count(word)).sum()
}

#[cfg(test)]
mod tests;
