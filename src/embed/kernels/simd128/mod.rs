//! WebAssembly's fixed-width SIMD, which every browser of the last years has.
//!
//! It has no product of bytes, so inputs are kept as 16-bit numbers, and a panel of weights is widened before rows are
//! multiplied by it.

use std::arch::wasm32::*;

use super::target::{Lanes, SHIFT, STEP_BYTES, Step, Target};

pub(super) struct Simd128;

impl Target for Simd128 {
    type Lanes = v128;
    type Bytes = Bytes;
    type Words = Words;
    type Floats = Floats;

    #[inline(always)]
    unsafe fn quantize(values: *const f32, inverse: f32, zero: f32, at: *mut u8) {
        unsafe {
            let [a, b, c, d] = quantized(values, inverse, zero);
            let at: *mut v128 = at.cast();
            v128_store(at, i16x8_narrow_i32x4(a, b));
            v128_store(at.add(1), i16x8_narrow_i32x4(c, d));
        }
    }

    #[inline(always)]
    unsafe fn quantize_signed(values: *const f32, inverse: f32, at: *mut u8) -> i32 {
        unsafe { quantize_signed(values, inverse, at) }
    }
}

#[inline(always)]
pub(super) unsafe fn quantize_signed(values: *const f32, inverse: f32, at: *mut u8) -> i32 {
    let (inverse, shift) = (f32x4_splat(inverse), f32x4_splat(SHIFT));
    let round = |part: usize| unsafe {
        let scaled = f32x4_mul(v128_load(values.add(4 * part).cast()), inverse);
        i32x4_sub(f32x4_add(scaled, shift), shift)
    };
    let [a, b, c, d] = [round(0), round(1), round(2), round(3)];
    let bytes = i8x16_narrow_i16x8(i16x8_narrow_i32x4(a, b), i16x8_narrow_i32x4(c, d));
    unsafe { v128_store(at.cast(), bytes) };
    let sums = i32x4_add(i32x4_add(a, b), i32x4_add(c, d));
    let sums = i32x4_add(sums, i32x4_shuffle::<2, 3, 0, 1>(sums, sums));
    i32x4_extract_lane::<0>(sums) + i32x4_extract_lane::<1>(sums)
}

/// 16 values as whole numbers 0…127.
#[inline(always)]
pub(super) unsafe fn quantized(values: *const f32, inverse: f32, zero: f32) -> [v128; 4] {
    let (inverse, zero) = (f32x4_splat(inverse), f32x4_splat(zero));
    let (least, most, shift) = (f32x4_splat(0.0), f32x4_splat(127.0), f32x4_splat(SHIFT));
    let round = |part: usize| unsafe {
        let scaled = f32x4_add(f32x4_mul(v128_load(values.add(4 * part).cast()), inverse), zero);
        i32x4_sub(f32x4_add(f32x4_pmin(most, f32x4_pmax(least, scaled)), shift), shift)
    };
    [round(0), round(1), round(2), round(3)]
}

floats!(v128, quads 4);

/// As [`Words`], two of their steps together.
#[derive(Clone, Copy)]
pub(super) struct Bytes(Words);

impl Step for Bytes {
    const COLUMNS: usize = 4;
    const WEIGHT_BYTES: usize = 2 * STEP_BYTES;
    const INPUT_BYTES: usize = 8;
    const VECTORS: usize = 2;
    type Weights = [v128; 2];
    type Input = [v128; 2];
    #[inline(always)]
    unsafe fn panel(kept: *const u8, steps: usize, into: &mut Vec<u8>) -> *const u8 {
        into.reserve(steps * Self::WEIGHT_BYTES);
        let (kept, words): (*const v128, *mut v128) = (kept.cast(), into.as_mut_ptr().cast());
        for step in 0..steps {
            for part in 0..4 {
                // Four columns, of which two words each.
                unsafe {
                    let bytes = v128_load(kept.add(4 * step + part));
                    let (low, high) = (i16x8_extend_low_i8x16(bytes), i16x8_extend_high_i8x16(bytes));
                    v128_store(words.add(8 * step + part), i32x4_shuffle::<0, 2, 4, 6>(low, high));
                    v128_store(words.add(8 * step + part + 4), i32x4_shuffle::<1, 3, 5, 7>(low, high));
                }
            }
        }
        words.cast()
    }
    #[inline(always)]
    unsafe fn zero() -> Self {
        unsafe { Self(Words::zero()) }
    }
    #[inline(always)]
    unsafe fn weights(at: *const u8) -> [v128; 2] {
        unsafe { [Words::weights(at), Words::weights(at.add(STEP_BYTES))] }
    }
    #[inline(always)]
    unsafe fn input(at: *const u8) -> [v128; 2] {
        unsafe { [Words::input(at), Words::input(at.add(Words::INPUT_BYTES))] }
    }
    #[inline(always)]
    unsafe fn add(self, weights: [v128; 2], input: [v128; 2]) -> Self {
        unsafe { Self(self.0.add(weights[0], input[0]).add(weights[1], input[1])) }
    }
    #[inline(always)]
    unsafe fn store(self, at: *mut u8) {
        unsafe { self.0.store(at) }
    }
    tiles!(pairs: Bytes);
}

#[derive(Clone, Copy)]
pub(super) struct Words(v128);

impl Step for Words {
    const COLUMNS: usize = 4;
    const INPUT_BYTES: usize = 4;
    const VECTORS: usize = 2;
    type Weights = v128;
    type Input = v128;
    #[inline(always)]
    unsafe fn zero() -> Self {
        Self(i32x4_splat(0))
    }
    #[inline(always)]
    unsafe fn weights(at: *const u8) -> v128 {
        unsafe { v128_load(at.cast()) }
    }
    #[inline(always)]
    unsafe fn input(at: *const u8) -> v128 {
        unsafe { v128_load32_splat(at.cast()) }
    }
    #[inline(always)]
    unsafe fn add(self, weights: v128, input: v128) -> Self {
        Self(i32x4_add(self.0, i32x4_dot_i16x8(weights, input)))
    }
    #[inline(always)]
    unsafe fn store(self, at: *mut u8) {
        unsafe { v128_store(at.cast(), self.0) }
    }
    tiles!(pairs: Words);
}

impl Lanes for v128 {
    const COUNT: usize = 4;
    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        f32x4_splat(value)
    }
    #[inline(always)]
    unsafe fn load(at: *const f32) -> Self {
        unsafe { v128_load(at.cast()) }
    }
    #[inline(always)]
    unsafe fn store(self, at: *mut f32) {
        unsafe { v128_store(at.cast(), self) }
    }
    #[inline(always)]
    unsafe fn load_integers(at: *const i32) -> Self {
        unsafe { f32x4_convert_i32x4(v128_load(at.cast())) }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        f32x4_add(self, other)
    }
    #[inline(always)]
    unsafe fn subtract(self, other: Self) -> Self {
        f32x4_sub(self, other)
    }
    #[inline(always)]
    unsafe fn multiply(self, other: Self) -> Self {
        f32x4_mul(self, other)
    }
    #[inline(always)]
    unsafe fn divide(self, other: Self) -> Self {
        f32x4_div(self, other)
    }
    #[inline(always)]
    unsafe fn multiply_add(self, factor: Self, addend: Self) -> Self {
        f32x4_add(f32x4_mul(self, factor), addend)
    }
    #[inline(always)]
    unsafe fn least(self, other: Self) -> Self {
        f32x4_pmin(self, other)
    }
    #[inline(always)]
    unsafe fn greatest(self, other: Self) -> Self {
        f32x4_pmax(self, other)
    }
    #[inline(always)]
    unsafe fn with_sign_of(self, sign: Self) -> Self {
        v128_bitselect(sign, self, i32x4_splat(i32::MIN))
    }
    #[inline(always)]
    unsafe fn times_power(self, shifted: Self) -> Self {
        i32x4_add(self, i32x4_shl(shifted, 23))
    }
    #[inline(always)]
    unsafe fn store_pairs(low: Self, high: Self, at: *mut i16) {
        let pairs = v128_bitselect(low, i32x4_shl(high, 16), i32x4_splat(0xFFFF));
        unsafe { v128_store(at.cast(), pairs) }
    }
    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        let [a, b, c, d] = lanes(self);
        (a + b) + (c + d)
    }
    #[inline(always)]
    unsafe fn smallest(self) -> f32 {
        lanes(self).into_iter().fold(f32::INFINITY, f32::min)
    }
    #[inline(always)]
    unsafe fn largest(self) -> f32 {
        lanes(self).into_iter().fold(f32::NEG_INFINITY, f32::max)
    }
}

#[inline(always)]
fn lanes(of: v128) -> [f32; 4] {
    [f32x4_extract_lane::<0>(of), f32x4_extract_lane::<1>(of), f32x4_extract_lane::<2>(of), f32x4_extract_lane::<3>(of)]
}
