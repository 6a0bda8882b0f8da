//! [`UnitVector`]s → [`Codes`], 12 bits a component
//!
//! A vector takes 580 bytes at 384 dimensions instead of 1,536, in two parts: eight bits that search goes by, and four
//! more that put right what it found. Each row is scaled by its own greatest component. All products are of whole
//! numbers, so that a score does not depend on the machine, nor on whether a graph or a scan has found the row.

use super::UnitVector;
use super::dot::{self, STEP};

/// The greatest 12-bit component: its eighth bit from above, rounded, is 127.
const MOST: f32 = 2039.0;

/// Components whose products' sum is sure to fit 32 bits: 128 · 4,095 · 4,096 < 2³¹.
const SUMMED: usize = 4096;

/// Vectors of one dimension, quantised.
#[derive(Debug, Clone)]
pub struct Codes {
    dimensions: usize,
    /// Signed bytes, a row after the other, each filled up with zeros to a multiple of [`STEP`].
    coarse: Vec<u8>,
    /// What 16 times those are short of, −8…7, plus eight; in the order that [`dot::fine`] takes.
    fine: Vec<u8>,
    /// What a row's numbers are to be multiplied by.
    pub(super) scales: Vec<f32>,
    /// The greatest sum of the squares of a row's fine parts.
    pub(super) remainder: u32,
}

/// A vector that rows are compared with, in 13 bits a component.
#[derive(Debug, Clone)]
pub struct Query {
    pub(super) components: Vec<i16>,
    pub(super) scale: f32,
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
        Self { components, scale }
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
            let nibble = ((whole + 8) & 15) as u8;
            self.coarse.push(((whole + 8) >> 4) as u8);
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
        let sum = dot::coarse(self.coarse_row(row), &query.components);
        self.cosine(query, row, 16 * i64::from(sum))
    }

    /// The cosines of several rows and the query by eight bits a component, which is faster than one by one.
    ///
    /// `cosines` is as long as `rows`, or it panics.
    pub fn coarse_each(&self, query: &Query, rows: &[u32], cosines: &mut [f32]) {
        assert_eq!(rows.len(), cosines.len(), "one cosine for each row");
        for (rows, cosines) in rows.chunks(4).zip(cosines.chunks_mut(4)) {
            if let &[row] = rows {
                cosines[0] = self.coarse(query, row as usize);
                continue;
            }
            // What two or three are short of is the last once more.
            let at = |place: usize| rows[place.min(rows.len() - 1)] as usize;
            let four = [at(0), at(1), at(2), at(3)].map(|row| self.coarse_row(row));
            let sums = dot::coarse_of_four(four, &query.components);
            for ((cosine, &row), sum) in cosines.iter_mut().zip(rows).zip(sums) {
                *cosine = self.cosine(query, row as usize, 16 * i64::from(sum));
            }
        }
    }

    /// The cosine of a row and the query by all twelve bits: what scores are made of.
    pub fn fine(&self, query: &Query, row: usize) -> f32 {
        let mut sum = 0;
        let parts = self.coarse_row(row).chunks(SUMMED).zip(self.fine_row(row).chunks(SUMMED / 2));
        for ((coarse, fine), query) in parts.zip(query.components.chunks(SUMMED)) {
            sum += 16 * i64::from(dot::coarse(coarse, query)) + i64::from(dot::fine(fine, query));
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
        Query { components, scale: self.scales[row] }
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
