//! words → the chunks that hold them, ranked by BM25
//!
//! Okapi BM25 in Lucene's form (Robertson & Zaragoza 2009; Kamphuis et al. 2020).

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

use super::ChunkNumber;
use crate::language::words;

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
        for word in words(text).collect::<HashSet<_>>() {
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
            let Some(postings) = self.postings.get(&word) else {
                continue;
            };
            let found = postings.len() as f32;
            let rarity = (1.0 + (chunks - found + 0.5) / (found + 0.5)).ln();
            for &(number, count) in postings {
                let (count, length) = (count as f32, self.lengths[number as usize] as f32);
                scores[number as usize] += rarity * count / (count + K1 * (1.0 - B + B * length / average));
            }
        }
        let mut found: Vec<(ChunkNumber, f32)> = (0..).zip(scores).filter(|&(_, score)| score > 0.0).collect();
        found.sort_by(|left, right| right.1.total_cmp(&left.1).then(left.0.cmp(&right.0)));
        found
    }

    /// Whether every number it holds is below `chunks`, as it must be when read from a file.
    pub(super) fn fits(&self, chunks: usize) -> bool {
        self.lengths.len() == chunks && self.postings.values().flatten().all(|&(number, _)| (number as usize) < chunks)
    }
}
