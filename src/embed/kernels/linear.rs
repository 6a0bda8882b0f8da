//! rows · Wᵀ + b, in f32 or in bytes
//!
//! Quantised, each row of inputs has a scale and a zero point of its own (unsigned, 7 bits) and each column of weights
//! a scale (signed, 8 bits), as in Jacob et al. 2018 (arXiv:1712.05877). Seven bits because the byte products of
//! WebAssembly and of AVX2 are exact within them; two products of a step then still fit 16 bits, and those of two steps
//! where the weights keep to [`super::target::MOST_SUMMED`].

use super::target::{Inputs, Lanes, PANEL, Step, Target, byte_steps};
use super::tile::{panel_bytes, product};

/// Rows of inputs as bytes, made once for each product and used again for the next.
#[derive(Default)]
pub(in crate::embed) struct Quantized {
    /// As the target keeps them; rows are `row_bytes` apart.
    bytes: Vec<u8>,
    row_bytes: usize,
    rows: Vec<Row>,
    /// One row times its factors.
    multiplied: Vec<f32>,
}

/// What a row's bytes stand for: `(byte − zero) · scale`.
#[derive(Clone, Copy)]
struct Row {
    scale: f32,
    zero: f32,
}

/// Weights in panels of 16 columns: four bytes of each column a step, in an even number of steps. The last step and the
/// last panel are filled up with zeros.
pub(in crate::embed) struct ByteMatrix<'a> {
    pub inputs: usize,
    pub weights: &'a [u8],
    /// One for each column.
    pub scales: &'a [f32],
    /// The sum of each column's bytes.
    pub sums: &'a [f32],
    pub bias: &'a [f32],
}

/// Weights in panels of 16 columns: one number of each column a step. The last panel is filled up with zeros.
pub(in crate::embed) struct FloatMatrix<'a> {
    pub inputs: usize,
    pub weights: &'a [f32],
    pub bias: &'a [f32],
}

/// Quantises rows of `width` numbers, each of which is multiplied by its `factors` first, where there are such.
#[inline(always)]
pub(super) unsafe fn quantize<T: Target>(rows: &[f32], width: usize, factors: &[f32], into: &mut Quantized) {
    // Written 16 at a time, so that a row has room for as many more.
    into.row_bytes = width.div_ceil(PANEL) * PANEL / 4 * T::Bytes::INPUT_BYTES;
    let count = rows.len() / width;
    if into.bytes.len() < count * into.row_bytes {
        into.bytes.resize(count * into.row_bytes, 0);
    }
    into.rows.clear();
    into.multiplied.resize(width, 0.0);
    for (row, bytes) in rows.chunks_exact(width).zip(into.bytes.chunks_exact_mut(into.row_bytes)) {
        let row = match factors.is_empty() {
            true => row,
            false => {
                assert_eq!(factors.len(), width);
                let out = into.multiplied.as_mut_ptr();
                // Safety: all three have `width` elements.
                unsafe { along!(T::Lanes, width, multiply_at, row.as_ptr(), factors.as_ptr(), out) };
                into.multiplied.as_slice()
            }
        };
        let (least, most) = unsafe { super::row::range::<T>(row) };
        // A row of zeros has any scale.
        let scale = if most > least { (most - least) / 127.0 } else { 1.0 };
        let zero = (-least / scale).round();
        into.rows.push(Row { scale, zero });
        // Safety: the row's bytes have room for it.
        unsafe { quantize_row::<T>(row, 1.0 / scale, zero, bytes) };
    }
}

/// Writes a row as bytes, 16 at a time; the last ones are filled up with what stands for 0.
///
/// # Safety
/// `bytes` must have room for whole blocks of 16, and the machine must be of this target.
#[inline(always)]
pub(super) unsafe fn quantize_row<T: Target>(row: &[f32], inverse: f32, zero: f32, bytes: &mut [u8]) {
    let (whole, rest) = row.as_chunks::<PANEL>();
    let mut last = [0.0; PANEL];
    last[..rest.len()].copy_from_slice(rest);
    for (block, values) in whole.iter().chain((!rest.is_empty()).then_some(&last)).enumerate() {
        // Safety: 16 values are there, and room for them.
        unsafe {
            let at = bytes.as_mut_ptr().add(block * PANEL / 4 * T::Bytes::INPUT_BYTES);
            T::quantize(values.as_ptr(), inverse, zero, at);
        }
    }
}

#[inline(always)]
unsafe fn multiply_at<L: Lanes>(place: usize, values: *const f32, factors: *const f32, out: *mut f32) {
    unsafe { L::load(values.add(place)).multiply(L::load(factors.add(place))).store(out.add(place)) }
}

/// `product` = `inputs` · `matrix` + bias, in rows as long as the bias.
#[inline(always)]
pub(super) unsafe fn multiply_bytes<T: Target>(inputs: &Quantized, matrix: &ByteMatrix, into: &mut [f32]) {
    let (rows, columns, steps) = (inputs.rows.len(), matrix.bias.len(), byte_steps(matrix.inputs));
    assert!(matrix.weights.len() >= columns.div_ceil(PANEL) * panel_bytes(steps));
    assert!(inputs.bytes.len() >= rows * inputs.row_bytes && inputs.row_bytes >= steps * T::Bytes::INPUT_BYTES);
    assert!(matrix.scales.len() == columns && matrix.sums.len() == columns && into.len() == rows * columns);
    let at = Inputs { at: inputs.bytes.as_ptr(), row_bytes: inputs.row_bytes };
    let (scales, sums, bias) = (matrix.scales.as_ptr(), matrix.sums.as_ptr(), matrix.bias.as_ptr());
    let out = into.as_mut_ptr();
    // Safety: all sizes are asserted above.
    unsafe {
        product::<T::Bytes>((rows, steps, columns), at, matrix.weights.as_ptr(), |row, column, products| {
            let Row { scale, zero } = *inputs.rows.get_unchecked(row);
            let out = out.add(row * columns + column);
            let width = PANEL.min(columns - column);
            let (scales, sums, bias) = (scales.add(column), sums.add(column), bias.add(column));
            along!(T::Lanes, width, dequantize_at, products.as_ptr().cast(), out, zero, scale, scales, sums, bias);
        });
    }
}

#[inline(always)]
#[allow(clippy::too_many_arguments)] // A loop's body, apart so that it can be written once for all lanes.
unsafe fn dequantize_at<L: Lanes>(
    place: usize,
    products: *const i32,
    out: *mut f32,
    zero: f32,
    scale: f32,
    scales: *const f32,
    sums: *const f32,
    bias: *const f32,
) {
    unsafe {
        let exact = L::load_integers(products.add(place)).subtract(L::splat(zero).multiply(L::load(sums.add(place))));
        let factor = L::splat(scale).multiply(L::load(scales.add(place)));
        exact.multiply_add(factor, L::load(bias.add(place))).store(out.add(place));
    }
}

/// `product` = `rows` · `matrix` + bias, in rows as long as the bias.
#[inline(always)]
pub(super) unsafe fn multiply_floats<T: Target>(rows: &[f32], matrix: &FloatMatrix, into: &mut [f32]) {
    let (steps, columns) = (matrix.inputs, matrix.bias.len());
    let count = rows.len() / steps;
    assert!(matrix.weights.len() * 4 >= columns.div_ceil(PANEL) * panel_bytes(steps));
    assert!(into.len() == count * columns);
    let at = Inputs { at: rows.as_ptr().cast(), row_bytes: steps * 4 };
    let weights = matrix.weights.as_ptr().cast();
    let (bias, out) = (matrix.bias.as_ptr(), into.as_mut_ptr());
    // Safety: all sizes are asserted above.
    unsafe {
        product::<T::Floats>((count, steps, columns), at, weights, |row, column, products| {
            let (out, bias) = (out.add(row * columns + column), bias.add(column));
            along!(T::Lanes, PANEL.min(columns - column), add_at, products.as_ptr().cast(), bias, out);
        });
    }
}

#[inline(always)]
unsafe fn add_at<L: Lanes>(place: usize, products: *const f32, bias: *const f32, out: *mut f32) {
    unsafe { L::load(products.add(place)).add(L::load(bias.add(place))).store(out.add(place)) }
}
