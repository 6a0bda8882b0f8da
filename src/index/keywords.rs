//! words → the chunks that hold them, ranked by BM25
//!
//! Okapi BM25 in Lucene's form (Robertson & Zaragoza 2009; Kamphuis et al. 2020). Words are cut by Unicode's rules
//! (UAX 29), folded to lower case and stemmed; scripts written without spaces are cut into pairs of characters,
//! since their words cannot be told by the rules alone.

use std::collections::BTreeMap;

use rust_stemmers::{Algorithm, Stemmer};
use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;

use super::ChunkNumber;

/// How soon more of the same word adds nothing.
const K1: f32 = 1.2;
/// How much long chunks are held back.
const B: f32 = 0.75;

#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Keywords {
    /// For each word the chunks that hold it and how often, by chunk number.
    postings: BTreeMap<String, Vec<(ChunkNumber, u32)>>,
    /// How many words each chunk has; 0 where it was removed.
    lengths: Vec<u32>,
}

impl Keywords {
    /// Adds a chunk; its number is the next one.
    pub(super) fn insert(&mut self, number: ChunkNumber, text: &str) {
        debug_assert_eq!(number as usize, self.lengths.len(), "chunks come in order");
        let mut length = 0;
        for word in words(text) {
            length += 1;
            let postings = self.postings.entry(word).or_default();
            match postings.last_mut() {
                Some((last, count)) if *last == number => *count += 1,
                _ => postings.push((number, 1)),
            }
        }
        self.lengths.push(length);
    }

    /// Removes the chunk of that number, which was added with that text.
    pub(super) fn remove(&mut self, number: ChunkNumber, text: &str) {
        for word in words(text) {
            if let Some(postings) = self.postings.get_mut(&word) {
                postings.retain(|&(other, _)| other != number);
                if postings.is_empty() {
                    self.postings.remove(&word);
                }
            }
        }
        self.lengths[number as usize] = 0;
    }

    /// All chunks that share a word with the query, best first.
    pub(super) fn search(&self, query: &str) -> Vec<(ChunkNumber, f32)> {
        let total: u64 = self.lengths.iter().map(|&length| u64::from(length)).sum();
        let chunks = self.lengths.iter().filter(|&&length| length > 0).count() as f32;
        let average = total as f32 / chunks.max(1.0);
        let mut scores = vec![0.0f32; self.lengths.len()];
        for word in words(query) {
            let Some(postings) = self.postings.get(&word) else { continue };
            let found = postings.len() as f32;
            let rarity = (1.0 + (chunks - found + 0.5) / (found + 0.5)).ln();
            for &(number, count) in postings {
                let (count, length) = (count as f32, self.lengths[number as usize] as f32);
                scores[number as usize] += rarity * count / (count + K1 * (1.0 - B + B * length / average));
            }
        }
        let mut found: Vec<(ChunkNumber, f32)> =
            (0..).zip(scores).filter(|&(_, score)| score > 0.0).collect();
        found.sort_by(|left, right| right.1.total_cmp(&left.1).then(left.0.cmp(&right.0)));
        found
    }

    /// Whether every number it holds is below `chunks`, as it must be when read from a file.
    pub(super) fn fits(&self, chunks: usize) -> bool {
        self.lengths.len() == chunks
            && self.postings.values().flatten().all(|&(number, _)| (number as usize) < chunks)
    }
}

/// The words of a text as they are searched.
fn words(text: &str) -> impl Iterator<Item = String> {
    let stemmer = Stemmer::create(Algorithm::English);
    let mut found = Vec::new();
    let mut run: Vec<char> = Vec::new();
    for word in text.unicode_words() {
        let mut characters = word.chars();
        match (characters.next(), characters.next()) {
            (Some(character), None) if is_unspaced(character) => run.push(character),
            _ => {
                pairs(&mut run, &mut found);
                let word = word.to_lowercase();
                if word.chars().all(is_unspaced) {
                    run.extend(word.chars());
                    pairs(&mut run, &mut found);
                } else if !STOP_WORDS.contains(&word.as_str()) {
                    found.push(stemmer.stem(&word).into_owned());
                }
            }
        }
    }
    pairs(&mut run, &mut found);
    found.into_iter()
}

fn pairs(run: &mut Vec<char>, found: &mut Vec<String>) {
    match run.as_slice() {
        [] => {}
        [single] => found.push(single.to_string()),
        _ => found.extend(run.windows(2).map(|pair| pair.iter().collect::<String>())),
    }
    run.clear();
}

/// Han, kana, Thai, Lao, Khmer and Burmese: written without spaces between words.
fn is_unspaced(character: char) -> bool {
    matches!(character,
        '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{0e00}'..='\u{0eff}' | '\u{1780}'..='\u{17ff}' | '\u{1000}'..='\u{109f}' | '\u{20000}'..='\u{323af}')
}

/// Lucene's English stop words: they say nothing of what a text is about.
const STOP_WORDS: [&str; 33] = [
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into", "is", "it", "no", "not", "of",
    "on", "or", "such", "that", "the", "their", "then", "there", "these", "they", "this", "to", "was", "will", "with",
];
