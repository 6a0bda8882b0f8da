//! WebAssembly's relaxed SIMD, whose product of bytes runs at the machine's own speed.
//!
//! It is exact only for inputs within 0…127, which they are; so the vectors are those of [`super::simd128`], bit for
//! bit, and all else is taken from there; but for the products of f32, which are fused where the machine can.

use std::arch::wasm32::*;

use super::simd128::{Words, quantize_signed, quantized};
use super::target::{Step, Target};

pub(super) struct Relaxed;

impl Target for Relaxed {
    type Lanes = v128;
    type Bytes = Bytes;
    type Words = Words;
    type Floats = Floats;

    #[inline(always)]
    unsafe fn quantize(values: *const f32, inverse: f32, zero: f32, at: *mut u8) {
        unsafe {
            let [a, b, c, d] = quantized(values, inverse, zero);
            v128_store(at.cast(), u8x16_narrow_i16x8(i16x8_narrow_i32x4(a, b), i16x8_narrow_i32x4(c, d)));
        }
    }

    #[inline(always)]
    unsafe fn quantize_signed(values: *const f32, inverse: f32, at: *mut u8) -> i32 {
        unsafe { quantize_signed(values, inverse, at) }
    }
}

#[derive(Clone, Copy)]
pub(super) struct Bytes(v128);

impl Step for Bytes {
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
        Self(i32x4_relaxed_dot_i8x16_i7x16_add(weights, input, self.0))
    }
    #[inline(always)]
    unsafe fn store(self, at: *mut u8) {
        unsafe { v128_store(at.cast(), self.0) }
    }
    tiles!(pairs: Bytes, "relaxed-simd");
}

/// The product of f32: a third faster than by two instructions.
#[derive(Clone, Copy)]
pub(super) struct Floats(v128);

impl Step for Floats {
    const COLUMNS: usize = 4;
    const INPUT_BYTES: usize = 4;
    const VECTORS: usize = 4;
    type Weights = v128;
    type Input = v128;
    #[inline(always)]
    unsafe fn zero() -> Self {
        Self(f32x4_splat(0.0))
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
        Self(f32x4_relaxed_madd(weights, input, self.0))
    }
    #[inline(always)]
    unsafe fn store(self, at: *mut u8) {
        unsafe { v128_store(at.cast(), self.0) }
    }
    tiles!(quads: Floats, "relaxed-simd");
}
