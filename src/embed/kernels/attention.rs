//! queries, keys and values of a text → each token's mixture of the values
//!
//! `softmax(Q·Kᵀ/√d)·V` for one head after the other (Vaswani et al. 2017). The scores of a few queries at a time stay in
//! the cache, are turned into shares of attention there and used up at once, so that no square of the text's length is
//! ever in memory.
//!
//! Quantised, queries and keys are bytes, with one scale each for the text and the head, and shares and values are 16-bit
//! numbers: shares as bytes would lose the many small ones (cosine 0.9955 instead of 0.9972 on real passages), while for
//! queries and keys bytes cost nothing that could be measured.

use std::f32::consts::LOG2_E;

use super::linear::quantize_row;
use super::row::{exponentials, shares};
use super::target::{Inputs, Lanes, PANEL, SHIFT, STEP_BYTES, Step, Target, byte_steps};
use super::tile::{panel_bytes, product};

/// How many queries are computed at once.
const QUERIES: usize = 16;
/// Neighbours in pairs: values are read 32 tokens at a time.
const BLOCK: usize = 2 * PANEL;
/// The most that a query or a key is in magnitude, and the zero point that makes queries unsigned. Keys keep to
/// [`super::target::MOST_SUMMED`] by it.
const MOST: f32 = 63.0;
const ZERO: f32 = 64.0;
/// The most that a value is in magnitude; with shares that sum up to `SHARES` times the length, a sum fits 32 bits for
/// texts of up to 1,026 tokens.
const MOST_VALUE: f32 = 511.0;
/// Longer texts are computed in f32.
pub(in crate::embed) const LONGEST: usize = 1024;

/// Where queries, keys and values stand: rows of all three side by side, for one text.
#[derive(Clone, Copy)]
pub(in crate::embed) struct Projected<'a> {
    pub rows: &'a [f32],
    pub heads: usize,
    /// The width of all heads together: a third of a row.
    pub hidden: usize,
}

/// Memory for one head, used again for the next.
#[derive(Default)]
pub(in crate::embed) struct Scratch {
    queries: Vec<u8>,
    keys: Vec<u8>,
    key_sums: Vec<f32>,
    float_keys: Vec<f32>,
    values: Vec<i16>,
    value_scales: Vec<f32>,
    float_values: Vec<f32>,
    scores: Vec<f32>,
    shares: Vec<i16>,
}

impl Projected<'_> {
    fn length(&self) -> usize {
        self.rows.len() / (3 * self.hidden)
    }

    fn size(&self) -> usize {
        self.hidden / self.heads
    }

    /// One head's part of a token: 0 for its query, 1 for its key, 2 for its value.
    #[inline(always)]
    fn part(&self, token: usize, which: usize, head: usize) -> &[f32] {
        &self.rows[(3 * token + which) * self.hidden + head * self.size()..][..self.size()]
    }
}

/// Writes the mixtures, `hidden` numbers for each token.
#[inline(always)]
pub(super) unsafe fn attend_floats<T: Target>(text: Projected, scratch: &mut Scratch, mixed: &mut [f32]) {
    let (length, size, hidden) = (text.length(), text.size(), text.hidden);
    assert!(mixed.len() == length * hidden && text.heads * size == hidden);
    let (tokens, columns) = (length.next_multiple_of(PANEL), size.next_multiple_of(PANEL));
    let Scratch { float_keys: keys, float_values: values, scores, .. } = scratch;
    keys.clear();
    keys.resize(tokens * size, 0.0);
    values.clear();
    values.resize(length * columns, 0.0);
    scores.resize(QUERIES * tokens, 0.0);
    let scale = 1.0 / (size as f32).sqrt();
    for head in 0..text.heads {
        for token in 0..length {
            let panel = &mut keys[token / PANEL * PANEL * size + token % PANEL..];
            for (place, &value) in text.part(token, 1, head).iter().enumerate() {
                panel[place * PANEL] = value;
            }
            let value = text.part(token, 2, head);
            for (panel, part) in value.chunks(PANEL).enumerate() {
                values[(panel * length + token) * PANEL..][..part.len()].copy_from_slice(part);
            }
        }
        for first in (0..length).step_by(QUERIES) {
            let count = QUERIES.min(length - first);
            let queries = text.rows[3 * first * hidden + head * size..].as_ptr();
            let queries = Inputs { at: queries.cast(), row_bytes: 12 * hidden };
            let keys = keys.as_ptr().cast();
            let out = scores.as_mut_ptr();
            // Safety: keys and scores have room for whole panels; the queries are rows of the text.
            unsafe {
                product::<T::Floats>((count, size, length), queries, keys, |row, column, products| {
                    let out = out.add(row * tokens + column);
                    along!(T::Lanes, PANEL, scale_at, products.as_ptr().cast(), out, scale);
                });
            }
            let mut factors = [0.0; QUERIES];
            for (row, factor) in scores.chunks_exact_mut(tokens).zip(&mut factors).take(count) {
                *factor = 1.0 / unsafe { exponentials::<T>(&mut row[..length]) };
            }
            let inputs = Inputs { at: scores.as_ptr().cast(), row_bytes: 4 * tokens };
            let values = values.as_ptr().cast();
            let out = mixed[first * hidden + head * size..].as_mut_ptr();
            // Safety: the values have room for whole panels; only the head's own columns are written.
            unsafe {
                product::<T::Floats>((count, length, size), inputs, values, |row, column, products| {
                    let out = out.add(row * hidden + column);
                    let width = PANEL.min(size - column);
                    along!(T::Lanes, width, scale_at, products.as_ptr().cast(), out, factors[row]);
                });
            }
        }
    }
}

#[inline(always)]
unsafe fn scale_at<L: Lanes>(place: usize, products: *const f32, out: *mut f32, factor: f32) {
    unsafe { L::load(products.add(place)).multiply(L::splat(factor)).store(out.add(place)) }
}

/// As [`attend_floats`], with bytes and 16-bit numbers.
#[inline(always)]
pub(super) unsafe fn attend_bytes<T: Target>(text: Projected, scratch: &mut Scratch, mixed: &mut [f32]) {
    let (length, size, hidden) = (text.length(), text.size(), text.hidden);
    assert!(mixed.len() == length * hidden && text.heads * size == hidden && length <= LONGEST);
    let tokens = length.next_multiple_of(BLOCK);
    let (steps, width) = (byte_steps(size), size.next_multiple_of(PANEL));
    let query_bytes = width / 4 * T::Bytes::INPUT_BYTES;
    scratch.queries.resize(length * query_bytes, 0);
    scratch.keys.resize(tokens / PANEL * panel_bytes(steps), 0);
    scratch.key_sums.resize(tokens, 0.0);
    scratch.values.resize(tokens * width, 0);
    scratch.value_scales.resize(width, 0.0);
    scratch.scores.resize(QUERIES * tokens, 0.0);
    scratch.shares.resize(QUERIES * tokens, 0);
    for head in 0..text.heads {
        // Safety: the scratch has the room that these need.
        let (query_scale, key_scale) = unsafe {
            let scales = (most::<T>(text, 0, head) / MOST, most::<T>(text, 1, head) / MOST);
            quantize_queries::<T>(text, head, scales.0, query_bytes, &mut scratch.queries);
            quantize_keys::<T>(text, head, scales.1, scratch);
            quantize_values::<T>(text, head, width, tokens, scratch);
            scales
        };
        // The exponentials are of base 2.
        let scale = query_scale * key_scale * LOG2_E / (size as f32).sqrt();
        let sums = scratch.key_sums.as_ptr();
        for first in (0..length).step_by(QUERIES) {
            let count = QUERIES.min(length - first);
            let queries = Inputs { at: scratch.queries[first * query_bytes..].as_ptr(), row_bytes: query_bytes };
            let keys = scratch.keys.as_ptr();
            let out = scratch.scores.as_mut_ptr();
            // Safety: keys, their sums and the scores have room for whole panels.
            unsafe {
                product::<T::Bytes>((count, steps, length), queries, keys, |row, column, products| {
                    let (out, sums) = (out.add(row * tokens + column), sums.add(column));
                    along!(T::Lanes, PANEL, score_at, products.as_ptr().cast(), out, sums, scale);
                });
            }
            let mut factors = [0.0; QUERIES];
            let rows = scratch.scores.chunks_exact_mut(tokens).zip(scratch.shares.chunks_exact_mut(tokens));
            for ((row, row_shares), factor) in rows.zip(&mut factors).take(count) {
                *factor = 1.0 / unsafe { shares::<T>(row, length, row_shares) };
            }
            let inputs = Inputs { at: scratch.shares.as_ptr().cast(), row_bytes: 2 * tokens };
            let values = scratch.values.as_ptr().cast();
            let scales = scratch.value_scales.as_ptr();
            let out = mixed[first * hidden + head * size..].as_mut_ptr();
            // Safety: values and their scales have room for whole panels; only the head's own columns are written.
            unsafe {
                product::<T::Words>((count, tokens / 2, size), inputs, values, |row, column, products| {
                    let (out, scales) = (out.add(row * hidden + column), scales.add(column));
                    let width = PANEL.min(size - column);
                    along!(T::Lanes, width, mix_at, products.as_ptr().cast(), out, scales, factors[row]);
                });
            }
        }
    }
}

#[inline(always)]
unsafe fn score_at<L: Lanes>(place: usize, products: *const i32, out: *mut f32, sums: *const f32, scale: f32) {
    unsafe {
        let exact = L::load_integers(products.add(place)).subtract(L::splat(ZERO).multiply(L::load(sums.add(place))));
        exact.multiply(L::splat(scale)).store(out.add(place));
    }
}

#[inline(always)]
unsafe fn mix_at<L: Lanes>(place: usize, products: *const i32, out: *mut f32, scales: *const f32, factor: f32) {
    unsafe {
        let factor = L::splat(factor).multiply(L::load(scales.add(place)));
        L::load_integers(products.add(place)).multiply(factor).store(out.add(place));
    }
}

/// The largest magnitude of a head's queries or keys, at least something.
#[inline(always)]
unsafe fn most<T: Target>(text: Projected, which: usize, head: usize) -> f32 {
    // Two at once hide the time that one takes.
    let whole = text.size() - text.size() % (2 * T::Lanes::COUNT);
    let mut rest = f32::MIN_POSITIVE;
    unsafe {
        let one = T::Lanes::splat(1.0);
        let (mut even, mut odd) = (T::Lanes::splat(0.0), T::Lanes::splat(0.0));
        for token in 0..text.length() {
            let part = text.part(token, which, head);
            for place in (0..whole).step_by(2 * T::Lanes::COUNT) {
                let at = part.as_ptr().add(place);
                even = even.greatest(T::Lanes::load(at).with_sign_of(one));
                odd = odd.greatest(T::Lanes::load(at.add(T::Lanes::COUNT)).with_sign_of(one));
            }
            rest = part[whole..].iter().fold(rest, |most, value| most.max(value.abs()));
        }
        even.greatest(odd).largest().max(rest)
    }
}

#[inline(always)]
unsafe fn quantize_queries<T: Target>(text: Projected, head: usize, scale: f32, row_bytes: usize, into: &mut [u8]) {
    for (token, bytes) in into.chunks_exact_mut(row_bytes).enumerate() {
        // Safety: as promised by the caller; a query's bytes have room for whole blocks.
        unsafe { quantize_row::<T>(text.part(token, 0, head), 1.0 / scale, ZERO, bytes) };
    }
}

/// Keys as weights: in panels of 16 tokens, four bytes of each a step.
#[inline(always)]
unsafe fn quantize_keys<T: Target>(text: Projected, head: usize, scale: f32, scratch: &mut Scratch) {
    let steps = byte_steps(text.size());
    let inverse = 1.0 / scale;
    // What is past the text's last token may be left from another text: no one asks for the scores of that.
    for token in 0..text.length() {
        let panel = &mut scratch.keys[token / PANEL * panel_bytes(steps)..][..panel_bytes(steps)];
        let mut sum = 0;
        for (block, values) in text.part(token, 1, head).chunks(PANEL).enumerate() {
            let mut padded = [0.0; PANEL];
            let values = match values.as_array() {
                Some(values) => values,
                None => {
                    padded[..values.len()].copy_from_slice(values);
                    &padded
                }
            };
            let mut bytes = [0; PANEL];
            sum += unsafe { T::quantize_signed(values.as_ptr(), inverse, bytes.as_mut_ptr()) };
            let left = panel[block * PANEL / 4 * STEP_BYTES..].chunks_exact_mut(STEP_BYTES);
            for (step, four) in left.zip(bytes.as_chunks::<4>().0) {
                step[token % PANEL * 4..][..4].copy_from_slice(four);
            }
        }
        scratch.key_sums[token] = sum as f32;
    }
}

/// Values as weights: in panels of 16 numbers, one of each of two tokens a step; which two, [`shares`] decides.
#[inline(always)]
unsafe fn quantize_values<T: Target>(text: Projected, head: usize, width: usize, tokens: usize, scratch: &mut Scratch) {
    let (length, size) = (text.length(), text.size());
    for panel in 0..width / PANEL {
        let columns = PANEL.min(size - panel * PANEL);
        let mut most = [f32::MIN_POSITIVE; PANEL];
        for token in 0..length {
            let part = &text.part(token, 2, head)[panel * PANEL..][..columns];
            unsafe { along!(T::Lanes, columns, magnitude_at, part.as_ptr(), most.as_mut_ptr()) };
        }
        let scales = most.map(|most| most / MOST_VALUE);
        let inverses = most.map(|most| MOST_VALUE / most);
        scratch.value_scales[panel * PANEL..][..PANEL].copy_from_slice(&scales);
        let out = &mut scratch.values[panel * tokens * PANEL..][..tokens * PANEL];
        let zeros = [0.0; PANEL];
        for (step, pair) in out.chunks_exact_mut(2 * PANEL).enumerate() {
            let first = step / PANEL * BLOCK + step % PANEL;
            let [low, high] = [first, first + PANEL].map(|token| {
                if token < length { &text.part(token, 2, head)[panel * PANEL..][..columns] } else { &zeros[..columns] }
            });
            unsafe {
                along!(T::Lanes, columns, pair_at, low.as_ptr(), high.as_ptr(), inverses.as_ptr(), pair.as_mut_ptr());
            }
        }
    }
}

#[inline(always)]
unsafe fn magnitude_at<L: Lanes>(place: usize, values: *const f32, most: *mut f32) {
    unsafe {
        let magnitude = L::load(values.add(place)).with_sign_of(L::splat(1.0));
        L::load(most.add(place)).greatest(magnitude).store(most.add(place));
    }
}

#[inline(always)]
unsafe fn pair_at<L: Lanes>(place: usize, low: *const f32, high: *const f32, inverses: *const f32, pair: *mut i16) {
    unsafe {
        let inverse = L::load(inverses.add(place));
        let shift = L::splat(SHIFT);
        let low = L::load(low.add(place)).multiply_add(inverse, shift);
        let high = L::load(high.add(place)).multiply_add(inverse, shift);
        L::store_pairs(low, high, pair.add(2 * place));
    }
}
