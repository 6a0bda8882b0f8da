//! [`Codes`] and a [`Query`] → the rows nearest to it, exactly
//!
//! Fast enough for some ten thousand rows, and for whichever rows a filter leaves. All rows are compared by eight bits,
//! which is a quarter of an f32's memory to read, and by all twelve only those that the eight cannot exclude.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::{Codes, Query};

/// Rows that are compared together.
const BLOCK: usize = 64;

impl Codes {
    /// The allowed rows of the greatest [`fine`](Self::fine) cosines and those: best first, ties by row.
    pub fn nearest(&self, query: &Query, limit: usize, allowed: &dyn Fn(usize) -> bool) -> Vec<(u32, f32)> {
        self.nearest_of(query, limit, &mut (0..self.len() as u32).filter(|row| allowed(*row as usize)))
    }

    /// As [`nearest`](Self::nearest) among some rows, without a look at others.
    ///
    /// It is exact: all are compared coarsely, and finely whatever that cannot exclude. By Cauchy and Schwarz a row's
    /// fine part adds no more than its length times the query's.
    pub fn nearest_of(&self, query: &Query, limit: usize, rows: &mut dyn Iterator<Item = u32>) -> Vec<(u32, f32)> {
        if limit == 0 {
            return Vec::new();
        }
        let length = query.components.iter().map(|&component| f64::from(component).powi(2)).sum::<f64>().sqrt();
        // What rounding adds to both is put on top: some units in the last of an f32's 24 bits.
        let reach = (f64::from(self.remainder).sqrt() * length * 1.0001) as f32 * query.scale;
        let mut candidates: Vec<(u32, f32)> = Vec::new();
        // The least cosines that the best rows so far may have, least first.
        let mut best: BinaryHeap<Reverse<i32>> = BinaryHeap::new();
        // The least of them, once they are as many as asked for: what cannot reach it is excluded.
        let mut threshold = f32::MIN;
        let mut block = Vec::with_capacity(BLOCK);
        let mut cosines = [0.0; BLOCK];
        loop {
            block.clear();
            block.extend((&mut *rows).take(BLOCK));
            if block.is_empty() {
                break;
            }
            self.coarse_each(query, &block, &mut cosines[..block.len()]);
            for (&row, &cosine) in block.iter().zip(&cosines) {
                let error = reach * self.scales[row as usize] + 1e-6 * cosine.abs();
                if cosine + error < threshold {
                    continue;
                }
                candidates.push((row, cosine + error));
                if cosine - error > threshold {
                    if best.len() == limit {
                        best.pop();
                    }
                    best.push(Reverse(key(cosine - error)));
                    if best.len() == limit {
                        threshold = best.peek().map_or(threshold, |least| value(least.0));
                    }
                }
            }
        }
        candidates.retain(|candidate| candidate.1 >= threshold);
        for (row, cosine) in &mut candidates {
            *cosine = self.fine(query, *row as usize);
        }
        candidates.sort_unstable_by(|left, right| right.1.total_cmp(&left.1).then(left.0.cmp(&right.0)));
        candidates.truncate(limit);
        candidates
    }
}

/// A whole number in the order of the numbers, so that a heap can sort them.
fn key(value: f32) -> i32 {
    let bits = value.to_bits() as i32;
    bits ^ ((bits >> 31) as u32 >> 1) as i32
}

fn value(key: i32) -> f32 {
    f32::from_bits((key ^ ((key >> 31) as u32 >> 1) as i32) as u32)
}
