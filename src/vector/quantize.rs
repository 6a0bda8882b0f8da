//! [`UnitVector`]s → [`Codes`], 12 bits a component
//!
//! A vector takes 580 bytes at 384 dimensions instead of 1,536, in two parts: eight bits that search goes by, and four
//! more that put right what it found. Each row is scaled by its own greatest component. All products are of whole
//! numbers, so that a score does not depend on the machine, nor on whether a graph or a scan has found the row.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::UnitVector;
use super::dot::{self, STEP};

/// The greatest 12-bit component: its eighth bit from above, rounded, is 127.
const MOST: f32 = 2039.0;

/// Components whose products' sum is sure to fit 32 bits: 128 · 4,095 · 4,096 < 2³¹.
const SUMMED: usize = 4096;

/// Rows that are scanned together.
const BLOCK: usize = 64;

/// Vectors of one dimension, quantised.
#[derive(Debug, Clone)]
pub struct Codes {
    dimensions: usize,
    /// Signed bytes, a row after the other, each filled up with zeros to a multiple of [`STEP`].
    coarse: Vec<u8>,
    /// What 16 times those are short of, −8…7, plus eight; in the order that [`dot::fine`] takes.
    fine: Vec<u8>,
    /// What a row's numbers are to be multiplied by.
    scales: Vec<f32>,
    /// The greatest sum of the squares of a row's fine parts.
    remainder: u32,
}

/// A vector that rows are compared with, in 13 bits a component.
#[derive(Debug, Clone)]
pub struct Query {
    components: Vec<i16>,
    scale: f32,
    /// The sum of the components, by which a nibble's eight is taken off.
    sum: i64,
}

impl Query {
    /// Quantises a question's vector.
    pub fn new(vector: &UnitVector) -> Self {
        let values = vector.as_slice();
        let padded = values.len().next_multiple_of(STEP);
        let most = (i32::MAX as usize / 128 / padded.max(1)).min(4095) as f32;
        let scale = greatest(values) / most;
        let mut components = vec![0; padded];
        for (component, value) in components.iter_mut().zip(values) {
            *component = (value / scale).round_ties_even() as i16;
        }
        Self::of(components, scale)
    }

    fn of(components: Vec<i16>, scale: f32) -> Self {
        let sum = components.iter().map(|&component| i64::from(component)).sum();
        Self { components, scale, sum }
    }
}

impl Codes {
    /// No rows yet, of so many components.
    pub fn new(dimensions: usize) -> Self {
        Self { dimensions, coarse: Vec::new(), fine: Vec::new(), scales: Vec::new(), remainder: 0 }
    }

    /// How many components a row has.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.scales.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.scales.is_empty()
    }

    /// The memory it takes, in bytes.
    pub fn bytes(&self) -> usize {
        self.coarse.capacity() + self.fine.capacity() + 4 * self.scales.capacity()
    }

    /// Gives back memory that was kept for more rows.
    pub fn shrink_to_fit(&mut self) {
        self.coarse.shrink_to_fit();
        self.fine.shrink_to_fit();
        self.scales.shrink_to_fit();
    }

    /// Adds a row.
    ///
    /// Panics where its dimension is another one.
    pub fn push(&mut self, vector: &UnitVector) {
        let values = vector.as_slice();
        assert_eq!(values.len(), self.dimensions, "vectors of different dimensions");
        let scale = greatest(values) / MOST;
        let start = self.fine.len();
        // Eight in each nibble is zero.
        self.fine.resize(start + self.padded() / 2, 0x88);
        let fine = &mut self.fine[start..];
        for (component, value) in values.iter().enumerate() {
            let whole = (value / scale).round_ties_even() as i32;
            let nibble = (whole + 8 & 15) as u8;
            self.coarse.push((whole + 8 >> 4) as u8);
            let (byte, shift) = dot::nibble_at(component);
            fine[byte] ^= (nibble ^ 8) << shift;
        }
        self.remainder = self.remainder.max(squares(fine));
        self.scales.push(scale);
        self.coarse.resize(self.scales.len() * self.padded(), 0);
    }

    /// Adds some rows of other codes, bit for bit.
    ///
    /// Panics where their dimension is another one, or a row is not there.
    pub fn extend(&mut self, other: &Self, rows: impl Iterator<Item = usize>) {
        assert_eq!(other.dimensions, self.dimensions, "vectors of different dimensions");
        for row in rows {
            self.coarse.extend_from_slice(other.coarse_row(row));
            self.fine.extend_from_slice(other.fine_row(row));
            self.scales.push(other.scales[row]);
        }
        self.remainder = self.remainder.max(other.remainder);
    }

    /// The cosine of a row and the query by eight bits a component.
    pub fn coarse(&self, query: &Query, row: usize) -> f32 {
        let [sum] = dot::coarse([self.coarse_row(row)], &query.components);
        self.cosine(query, row, 16 * i64::from(sum))
    }

    /// The cosines of several rows and the query by eight bits a component, which is faster than one by one.
    ///
    /// `cosines` is as long as `rows`, or it panics.
    pub fn coarse_each(&self, query: &Query, rows: &[u32], cosines: &mut [f32]) {
        assert_eq!(rows.len(), cosines.len(), "one cosine for each row");
        let (fours, ones) = rows.as_chunks::<4>();
        let (of_fours, of_ones) = cosines.as_chunks_mut::<4>();
        for (rows, cosines) in fours.iter().zip(of_fours) {
            let sums = dot::coarse(rows.map(|row| self.coarse_row(row as usize)), &query.components);
            for at in 0..4 {
                cosines[at] = self.cosine(query, rows[at] as usize, 16 * i64::from(sums[at]));
            }
        }
        for (row, cosine) in ones.iter().zip(of_ones) {
            *cosine = self.coarse(query, *row as usize);
        }
    }

    /// The cosine of a row and the query by all twelve bits: what scores are made of.
    pub fn fine(&self, query: &Query, row: usize) -> f32 {
        let mut sum = -8 * query.sum;
        let parts = self.coarse_row(row).chunks(SUMMED).zip(self.fine_row(row).chunks(SUMMED / 2));
        for ((coarse, fine), query) in parts.zip(query.components.chunks(SUMMED)) {
            let [product] = dot::coarse([coarse], query);
            sum += 16 * i64::from(product) + i64::from(dot::fine(fine, query));
        }
        self.cosine(query, row, sum)
    }

    /// The cosine of two rows, by all twelve bits of both.
    pub fn between(&self, row: usize, other: &Self, other_row: usize) -> f32 {
        other.fine(&self.query(row), other_row)
    }

    /// A row to compare others with, to the bit.
    pub fn query(&self, row: usize) -> Query {
        let mut components = vec![0; self.padded()];
        dot::join(self.coarse_row(row), self.fine_row(row), &mut components);
        Query::of(components, self.scales[row])
    }

    /// The allowed rows of the greatest [`fine`](Self::fine) cosines and those: best first, ties by row.
    ///
    /// It is exact: all rows are compared coarsely, and finely whatever that cannot exclude. By Cauchy and Schwarz a
    /// row's fine part adds no more than its length times the query's.
    pub fn nearest(&self, query: &Query, limit: usize, allowed: &dyn Fn(usize) -> bool) -> Vec<(u32, f32)> {
        let length = query.components.iter().map(|&component| f64::from(component).powi(2)).sum::<f64>().sqrt();
        // What rounding adds to both is put on top: some units in the last of an f32's 24 bits.
        let reach = (f64::from(self.remainder).sqrt() * length * 1.0001) as f32 * query.scale;
        let mut candidates: Vec<(u32, f32)> = Vec::new();
        // The least cosines that the best rows so far may have, least first.
        let mut best: BinaryHeap<Reverse<i32>> = BinaryHeap::new();
        let mut rows = (0..self.len()).filter(|row| limit > 0 && allowed(*row)).map(|row| row as u32);
        let mut block = Vec::with_capacity(BLOCK);
        let mut cosines = [0.0; BLOCK];
        loop {
            block.clear();
            block.extend(rows.by_ref().take(BLOCK));
            if block.is_empty() {
                break;
            }
            self.coarse_each(query, &block, &mut cosines[..block.len()]);
            for (&row, &cosine) in block.iter().zip(&cosines) {
                let error = reach * self.scales[row as usize] + 1e-6 * cosine.abs();
                let threshold = best.peek().filter(|_| best.len() == limit).map_or(f32::MIN, |least| value(least.0));
                if cosine + error < threshold {
                    continue;
                }
                candidates.push((row, cosine + error));
                if cosine - error > threshold {
                    if best.len() == limit {
                        best.pop();
                    }
                    best.push(Reverse(key(cosine - error)));
                }
            }
        }
        if best.len() == limit {
            let threshold = best.peek().map_or(f32::MIN, |least| value(least.0));
            candidates.retain(|candidate| candidate.1 >= threshold);
        }
        for (row, cosine) in &mut candidates {
            *cosine = self.fine(query, *row as usize);
        }
        candidates.sort_unstable_by(|left, right| right.1.total_cmp(&left.1).then(left.0.cmp(&right.0)));
        candidates.truncate(limit);
        candidates
    }

    /// All coarse parts, then all fine parts, then all scales.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.coarse.len() + self.fine.len() + 4 * self.scales.len());
        bytes.extend_from_slice(&self.coarse);
        bytes.extend_from_slice(&self.fine);
        bytes.extend(self.scales.iter().flat_map(|scale| scale.to_le_bytes()));
        bytes
    }

    /// What [`to_bytes`](Self::to_bytes) gave; nothing where the bytes cannot be that.
    pub fn from_bytes(dimensions: usize, bytes: &[u8]) -> Option<Self> {
        let mut codes = Self::new(dimensions);
        let padded = dimensions.checked_next_multiple_of(STEP)?;
        let row = padded.checked_add(padded / 2)?.checked_add(4)?;
        if !bytes.len().is_multiple_of(row) {
            return None;
        }
        let rows = bytes.len() / row;
        let (coarse, rest) = bytes.split_at(rows * padded);
        let (fine, scales) = rest.split_at(rows * (padded / 2));
        codes.coarse = coarse.to_vec();
        codes.fine = fine.to_vec();
        codes.scales = scales.as_chunks().0.iter().map(|scale| f32::from_le_bytes(*scale)).collect();
        // No component of a unit vector is greater than one.
        let scaled = codes.scales.iter().all(|scale| (0.0..=1.0).contains(scale));
        // What a row is filled up with would count when it is compared with another row.
        let filled = (0..rows).all(|row| {
            let (coarse, fine) = (codes.coarse_row(row), codes.fine_row(row));
            (dimensions..padded).all(|at| coarse[at] == 0 && dot::nibble(fine, at) == 8)
        });
        codes.remainder = if padded == 0 { 0 } else { fine.chunks(padded / 2).map(squares).max().unwrap_or(0) };
        (scaled && filled).then_some(codes)
    }

    fn cosine(&self, query: &Query, row: usize, sum: i64) -> f32 {
        sum as f32 * (self.scales[row] * query.scale)
    }

    fn padded(&self) -> usize {
        self.dimensions.next_multiple_of(STEP)
    }

    fn coarse_row(&self, row: usize) -> &[u8] {
        let padded = self.padded();
        &self.coarse[row * padded..(row + 1) * padded]
    }

    fn fine_row(&self, row: usize) -> &[u8] {
        let half = self.padded() / 2;
        &self.fine[row * half..(row + 1) * half]
    }
}

fn greatest(values: &[f32]) -> f32 {
    values.iter().fold(f32::MIN_POSITIVE, |most, value| most.max(value.abs()))
}

/// The sum of the squares of a row's fine parts.
fn squares(fine: &[u8]) -> u32 {
    let square = |nibble: u8| (i32::from(nibble) - 8).pow(2) as u32;
    fine.iter().map(|byte| square(byte & 15) + square(byte >> 4)).sum()
}

/// A whole number in the order of the numbers, so that a heap can sort them.
fn key(value: f32) -> i32 {
    let bits = value.to_bits() as i32;
    bits ^ ((bits >> 31) as u32 >> 1) as i32
}

fn value(key: i32) -> f32 {
    f32::from_bits((key ^ ((key >> 31) as u32 >> 1) as i32) as u32)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Vectors around some centres, as texts about some subjects have them.
    pub(crate) fn clustered(count: usize, dimensions: usize, seed: u32) -> Vec<UnitVector> {
        let mut state = seed.wrapping_mul(2).wrapping_add(1);
        // The sum of four uniform numbers is near enough to a normal one.
        let mut normal = || {
            let mut uniform = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as f32 / (1 << 24) as f32 - 0.5
            };
            uniform() + uniform() + uniform() + uniform()
        };
        // Few directions only: what texts mean has some tens of dimensions, whatever the model's are.
        let mut directions = |count: usize| -> Vec<Vec<f32>> {
            (0..count).map(|_| (0..dimensions).map(|_| normal()).collect()).collect()
        };
        let (centres, within) = (directions(20), directions(24));
        let mut pick = seed;
        (0..count)
            .map(|_| {
                pick = pick.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let mut values = centres[(pick >> 16) as usize % centres.len()].clone();
                for direction in &within {
                    let amount = 0.5 * normal();
                    values.iter_mut().zip(direction).for_each(|(value, part)| *value += amount * part);
                }
                UnitVector::normalize(values).unwrap()
            })
            .collect()
    }

    pub(crate) fn codes_of(vectors: &[UnitVector], dimensions: usize) -> Codes {
        let mut codes = Codes::new(dimensions);
        vectors.iter().for_each(|vector| codes.push(vector));
        codes
    }

    #[test]
    fn cosines_of_codes_are_those_of_the_vectors_to_a_few_parts_in_ten_thousand() {
        for dimensions in [2, 31, 32, 33, 384, 1024] {
            let vectors = clustered(100, dimensions, 3);
            let codes = codes_of(&vectors, dimensions);
            let (mut coarse, mut fine, mut between) = (0.0f32, 0.0f32, 0.0f32);
            for (row, vector) in vectors.iter().enumerate() {
                for (other, question) in vectors.iter().enumerate() {
                    let (query, cosine) = (Query::new(question), vector.cosine(question));
                    coarse = coarse.max((codes.coarse(&query, row) - cosine).abs());
                    fine = fine.max((codes.fine(&query, row) - cosine).abs());
                    between = between.max((codes.between(row, &codes, other) - cosine).abs());
                    assert_eq!(codes.between(row, &codes, other), codes.between(other, &codes, row));
                }
            }
            assert!(coarse < 0.01 && fine < 0.0006 && between < 0.0006, "{dimensions}: {coarse} {fine} {between}");
        }
    }

    #[test]
    fn several_rows_at_once_are_compared_as_one_by_one() {
        let vectors = clustered(50, 40, 5);
        let (codes, query) = (codes_of(&vectors, 40), Query::new(&vectors[7]));
        for count in 0..10 {
            let rows: Vec<u32> = (0..count).map(|at| at * 29 % 50).collect();
            let mut cosines = vec![0.0; rows.len()];
            codes.coarse_each(&query, &rows, &mut cosines);
            let single: Vec<f32> = rows.iter().map(|&row| codes.coarse(&query, row as usize)).collect();
            assert_eq!(cosines, single);
        }
    }

    #[test]
    fn the_nearest_are_those_of_comparing_all_rows_finely() {
        for (count, dimensions) in [(0, 8), (1, 8), (63, 2), (64, 33), (700, 384), (2000, 24)] {
            let vectors = clustered(count, dimensions, 11);
            let mut codes = codes_of(&vectors, dimensions);
            // Ties: every row once more.
            codes.extend(&codes.clone(), 0..count);
            for (number, question) in clustered(12, dimensions, 12).iter().enumerate() {
                let query = Query::new(question);
                for limit in [0, 1, 10, 100, 5000] {
                    let allowed = |row: usize| number % 3 == 0 || row % (number + 1) == 1;
                    let mut naive: Vec<(u32, f32)> = (0..codes.len())
                        .filter(|row| allowed(*row))
                        .map(|row| (row as u32, codes.fine(&query, row)))
                        .collect();
                    naive.sort_by(|left, right| right.1.total_cmp(&left.1).then(left.0.cmp(&right.0)));
                    naive.truncate(limit);
                    assert_eq!(codes.nearest(&query, limit, &allowed), naive, "{count} {dimensions} {limit}");
                }
            }
        }
    }

    #[test]
    fn bytes_give_the_same_codes_and_rows_are_copied_to_the_bit() {
        for dimensions in [1, 32, 50] {
            let vectors = clustered(9, dimensions, 2);
            let codes = codes_of(&vectors, dimensions);
            let bytes = codes.to_bytes();
            let opened = Codes::from_bytes(dimensions, &bytes).unwrap();
            assert_eq!((opened.to_bytes(), opened.remainder), (bytes.clone(), codes.remainder));
            let mut copied = Codes::new(dimensions);
            copied.extend(&codes, [0, 4, 8].into_iter());
            let picked = [&vectors[0], &vectors[4], &vectors[8]].map(Clone::clone);
            assert_eq!(copied.to_bytes(), codes_of(&picked, dimensions).to_bytes());
            assert!((1..bytes.len() / 9).all(|cut| Codes::from_bytes(dimensions, &bytes[cut..]).is_none()));
        }
        assert!(Codes::from_bytes(384, &[]).is_some_and(|codes| codes.is_empty()));
        assert!(Codes::from_bytes(0, &[0; 4]).is_some_and(|codes| codes.len() == 1));
        assert!(Codes::from_bytes(usize::MAX, &[0; 4]).is_none());
    }

    #[test]
    fn forged_bytes_are_refused_or_searched_without_harm() {
        let vectors = clustered(5, 33, 6);
        let (bytes, query) = (codes_of(&vectors, 33).to_bytes(), Query::new(&vectors[1]));
        let mut refused = 0;
        for at in 0..bytes.len() {
            for flip in [1, 0x80, 0xff] {
                let mut forged = bytes.clone();
                forged[at] ^= flip;
                let Some(codes) = Codes::from_bytes(33, &forged) else {
                    refused += 1;
                    continue;
                };
                let found = codes.nearest(&query, 5, &|_| true);
                assert!(found.len() == 5 && found.iter().all(|(_, cosine)| cosine.is_finite()));
            }
        }
        assert!(refused > 0);
        for scale in [f32::NAN, f32::INFINITY, -1e-4, 2.0] {
            let mut forged = bytes.clone();
            let last = forged.len() - 4;
            forged[last..].copy_from_slice(&scale.to_le_bytes());
            assert!(Codes::from_bytes(33, &forged).is_none(), "{scale}");
        }
    }
}
