//! aarch64 with NEON, which every one of them has.
//!
//! Without the optional products of bytes: pairs are multiplied into 16 bits, exact since inputs have seven, and summed.

use std::arch::aarch64::*;

use crate::embed::kernels::target::{Lanes, Step, Target};

pub(in crate::embed::kernels) struct Neon;

impl Target for Neon {
    type Lanes = float32x4_t;
    type Bytes = Bytes;
    type Words = Words;
    type Floats = Floats;

    #[inline(always)]
    unsafe fn quantize(values: *const f32, inverse: f32, zero: f32, at: *mut u8) {
        unsafe {
            let round = |part: usize| {
                let scaled = vaddq_f32(vmulq_n_f32(vld1q_f32(values.add(4 * part)), inverse), vdupq_n_f32(zero));
                // A value that is not a number becomes 0 when it is converted.
                vcvtnq_s32_f32(vminq_f32(vmaxq_f32(scaled, vdupq_n_f32(0.0)), vdupq_n_f32(127.0)))
            };
            vst1q_u8(at, vreinterpretq_u8_s8(bytes([round(0), round(1), round(2), round(3)])));
        }
    }

    #[inline(always)]
    unsafe fn quantize_signed(values: *const f32, inverse: f32, at: *mut u8) -> i32 {
        unsafe {
            let round = |part: usize| vcvtnq_s32_f32(vmulq_n_f32(vld1q_f32(values.add(4 * part)), inverse));
            let bytes = bytes([round(0), round(1), round(2), round(3)]);
            vst1q_u8(at, vreinterpretq_u8_s8(bytes));
            i32::from(vaddlvq_s8(bytes))
        }
    }
}

/// Sixteen whole numbers in 8 bits each.
#[inline(always)]
unsafe fn bytes([a, b, c, d]: [int32x4_t; 4]) -> int8x16_t {
    unsafe {
        let low = vcombine_s16(vqmovn_s32(a), vqmovn_s32(b));
        let high = vcombine_s16(vqmovn_s32(c), vqmovn_s32(d));
        vcombine_s8(vqmovn_s16(low), vqmovn_s16(high))
    }
}

floats!(float32x4_t, pairs 2);

#[derive(Clone, Copy)]
pub(in crate::embed::kernels) struct Bytes(int32x4_t);

impl Step for Bytes {
    const COLUMNS: usize = 4;
    const INPUT_BYTES: usize = 4;
    const VECTORS: usize = 2;
    type Weights = int8x16_t;
    type Input = int8x16_t;
    #[inline(always)]
    unsafe fn zero() -> Self {
        unsafe { Self(vdupq_n_s32(0)) }
    }
    #[inline(always)]
    unsafe fn weights(at: *const u8) -> int8x16_t {
        unsafe { vld1q_s8(at.cast()) }
    }
    #[inline(always)]
    unsafe fn input(at: *const u8) -> int8x16_t {
        unsafe { vreinterpretq_s8_s32(vdupq_n_s32(at.cast::<i32>().read_unaligned())) }
    }
    #[inline(always)]
    unsafe fn add(self, weights: int8x16_t, input: int8x16_t) -> Self {
        unsafe {
            let low = vpaddlq_s16(vmull_s8(vget_low_s8(weights), vget_low_s8(input)));
            let high = vpaddlq_s16(vmull_high_s8(weights, input));
            Self(vaddq_s32(self.0, vpaddq_s32(low, high)))
        }
    }
    #[inline(always)]
    unsafe fn store(self, at: *mut u8) {
        unsafe { vst1q_s32(at.cast(), self.0) }
    }
    tiles!(pairs: Bytes);
}

#[derive(Clone, Copy)]
pub(in crate::embed::kernels) struct Words(int32x4_t);

impl Step for Words {
    const COLUMNS: usize = 4;
    const INPUT_BYTES: usize = 4;
    const VECTORS: usize = 2;
    type Weights = int16x8_t;
    type Input = int16x8_t;
    #[inline(always)]
    unsafe fn zero() -> Self {
        unsafe { Self(vdupq_n_s32(0)) }
    }
    #[inline(always)]
    unsafe fn weights(at: *const u8) -> int16x8_t {
        unsafe { vld1q_s16(at.cast()) }
    }
    #[inline(always)]
    unsafe fn input(at: *const u8) -> int16x8_t {
        unsafe { vreinterpretq_s16_s32(vdupq_n_s32(at.cast::<i32>().read_unaligned())) }
    }
    #[inline(always)]
    unsafe fn add(self, weights: int16x8_t, input: int16x8_t) -> Self {
        unsafe {
            let low = vmull_s16(vget_low_s16(weights), vget_low_s16(input));
            Self(vaddq_s32(self.0, vpaddq_s32(low, vmull_high_s16(weights, input))))
        }
    }
    #[inline(always)]
    unsafe fn store(self, at: *mut u8) {
        unsafe { vst1q_s32(at.cast(), self.0) }
    }
    tiles!(pairs: Words);
}

impl Lanes for float32x4_t {
    const COUNT: usize = 4;
    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        unsafe { vdupq_n_f32(value) }
    }
    #[inline(always)]
    unsafe fn load(at: *const f32) -> Self {
        unsafe { vld1q_f32(at) }
    }
    #[inline(always)]
    unsafe fn store(self, at: *mut f32) {
        unsafe { vst1q_f32(at, self) }
    }
    #[inline(always)]
    unsafe fn load_integers(at: *const i32) -> Self {
        unsafe { vcvtq_f32_s32(vld1q_s32(at)) }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        unsafe { vaddq_f32(self, other) }
    }
    #[inline(always)]
    unsafe fn subtract(self, other: Self) -> Self {
        unsafe { vsubq_f32(self, other) }
    }
    #[inline(always)]
    unsafe fn multiply(self, other: Self) -> Self {
        unsafe { vmulq_f32(self, other) }
    }
    #[inline(always)]
    unsafe fn divide(self, other: Self) -> Self {
        unsafe { vdivq_f32(self, other) }
    }
    #[inline(always)]
    unsafe fn multiply_add(self, factor: Self, addend: Self) -> Self {
        unsafe { vfmaq_f32(addend, self, factor) }
    }
    #[inline(always)]
    unsafe fn least(self, other: Self) -> Self {
        unsafe { vbslq_f32(vcltq_f32(other, self), other, self) }
    }
    #[inline(always)]
    unsafe fn greatest(self, other: Self) -> Self {
        unsafe { vbslq_f32(vcgtq_f32(other, self), other, self) }
    }
    #[inline(always)]
    unsafe fn with_sign_of(self, sign: Self) -> Self {
        unsafe { vbslq_f32(vdupq_n_u32(1 << 31), sign, self) }
    }
    #[inline(always)]
    unsafe fn times_power(self, shifted: Self) -> Self {
        unsafe {
            let power = vshlq_n_s32::<23>(vreinterpretq_s32_f32(shifted));
            vreinterpretq_f32_s32(vaddq_s32(vreinterpretq_s32_f32(self), power))
        }
    }
    #[inline(always)]
    unsafe fn store_pairs(low: Self, high: Self, at: *mut i16) {
        unsafe {
            let high = vshlq_n_s32::<16>(vreinterpretq_s32_f32(high));
            vst1q_s32(at.cast(), vbslq_s32(vdupq_n_u32(0xFFFF), vreinterpretq_s32_f32(low), high));
        }
    }
    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        unsafe { vaddvq_f32(self) }
    }
    #[inline(always)]
    unsafe fn smallest(self) -> f32 {
        unsafe { vminnmvq_f32(self) }
    }
    #[inline(always)]
    unsafe fn largest(self) -> f32 {
        unsafe { vmaxnmvq_f32(self) }
    }
}
