//! WebAssembly's relaxed SIMD, whose products of bytes run at the machine's own speed.
//!
//! They are exact only for inputs within 0…127, which they are; so the vectors are those of [`super::simd128`], bit for
//! bit, and all else is taken from there; but for the products of f32, which are fused where the machine can.

use std::arch::wasm32::*;
use std::hint::black_box;
use std::marker::PhantomData;

use super::simd128::{Words, quantize_signed, quantized};
use super::target::{Lanes, STEP_BYTES, Step, Target};

pub(super) struct Relaxed<B>(PhantomData<B>);

impl<B: Step> Target for Relaxed<B> {
    type Lanes = v128;
    type Bytes = B;
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

/// Four products and their sum as one instruction: for machines that have such a one.
#[derive(Clone, Copy)]
pub(super) struct Fused(v128);

impl Step for Fused {
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
    tiles!(pairs: Fused, "relaxed-simd");
}

/// Two products and their sum in 16 bits, added there to those of the next step: on x86-64 without AVX-VNNI half as fast
/// again as [`Fused`], which is five instructions there.
#[derive(Clone, Copy)]
pub(super) struct Paired(v128);

impl Step for Paired {
    const COLUMNS: usize = 4;
    const TOGETHER: usize = 2;
    const INPUT_BYTES: usize = 4;
    const VECTORS: usize = 2;
    type Weights = [v128; 2];
    type Input = [v128; 2];
    #[inline(always)]
    unsafe fn zero() -> Self {
        Self(i32x4_splat(0))
    }
    #[inline(always)]
    unsafe fn weights(at: *const u8) -> [v128; 2] {
        unsafe { [v128_load(at.cast()), v128_load(at.add(STEP_BYTES).cast())] }
    }
    #[inline(always)]
    unsafe fn input(at: *const u8) -> [v128; 2] {
        unsafe { [v128_load32_splat(at.cast()), v128_load32_splat(at.cast::<u32>().add(1))] }
    }
    #[inline(always)]
    unsafe fn add(self, weights: [v128; 2], input: [v128; 2]) -> Self {
        let first = i16x8_relaxed_dot_i8x16_i7x16(weights[0], input[0]);
        let second = i16x8_relaxed_dot_i8x16_i7x16(weights[1], input[1]);
        Self(i32x4_add(self.0, i32x4_extadd_pairwise_i16x8(i16x8_add(first, second))))
    }
    #[inline(always)]
    unsafe fn store(self, at: *mut u8) {
        unsafe { v128_store(at.cast(), self.0) }
    }
    tiles!(pairs: Paired, "relaxed-simd");
}

/// Whether this machine makes the fused product of several instructions: then it saturates in 16 bits when its inputs are
/// larger than those that it is defined for.
#[target_feature(enable = "relaxed-simd")]
pub(super) fn fused_is_several() -> bool {
    // Looked at by no optimiser, which might answer for another machine.
    let (weights, inputs) = (black_box(i8x16_splat(127)), black_box(u8x16_splat(255)));
    let sum = i32x4_relaxed_dot_i8x16_i7x16_add(weights, inputs, i32x4_splat(0));
    i32x4_extract_lane::<0>(sum) == 2 * i32::from(i16::MAX)
}

// A third faster than by two instructions.
floats!(v128, quads 4, "relaxed-simd", by f32x4_relaxed_madd);
