//! x86-64 with AVX-512 and its products of bytes (VNNI): servers, and newer AMD desktops.

use std::arch::x86_64::*;

use crate::embed::kernels::target::{Lanes, Step, Target};

pub(in crate::embed::kernels) struct Avx512;

impl Target for Avx512 {
    type Lanes = __m512;
    type Bytes = Bytes;
    type Words = Words;
    type Floats = Floats;

    #[inline(always)]
    unsafe fn quantize(values: *const f32, inverse: f32, zero: f32, at: *mut u8) {
        unsafe {
            let scaled = _mm512_mul_ps(_mm512_loadu_ps(values), _mm512_set1_ps(inverse));
            let scaled = _mm512_add_ps(scaled, _mm512_set1_ps(zero));
            // In this order a value that is not a number becomes 0.
            let bounded = _mm512_min_ps(_mm512_max_ps(scaled, _mm512_setzero_ps()), _mm512_set1_ps(127.0));
            _mm_storeu_si128(at.cast(), _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(bounded)));
        }
    }

    #[inline(always)]
    unsafe fn quantize_signed(values: *const f32, inverse: f32, at: *mut u8) -> i32 {
        unsafe {
            let whole = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_loadu_ps(values), _mm512_set1_ps(inverse)));
            _mm_storeu_si128(at.cast(), _mm512_cvtsepi32_epi8(whole));
            _mm512_reduce_add_epi32(whole)
        }
    }
}

floats!(__m512, singles 1, "avx512f,avx512bw,avx512vnni");

#[derive(Clone, Copy)]
pub(in crate::embed::kernels) struct Bytes(__m512i);

impl Step for Bytes {
    const COLUMNS: usize = 16;
    const INPUT_BYTES: usize = 4;
    const VECTORS: usize = 1;
    type Weights = __m512i;
    type Input = __m512i;
    #[inline(always)]
    unsafe fn zero() -> Self {
        unsafe { Self(_mm512_setzero_si512()) }
    }
    #[inline(always)]
    unsafe fn weights(at: *const u8) -> __m512i {
        unsafe { _mm512_loadu_si512(at.cast()) }
    }
    #[inline(always)]
    unsafe fn input(at: *const u8) -> __m512i {
        unsafe { _mm512_set1_epi32(at.cast::<i32>().read_unaligned()) }
    }
    #[inline(always)]
    unsafe fn add(self, weights: __m512i, input: __m512i) -> Self {
        unsafe { Self(_mm512_dpbusd_epi32(self.0, input, weights)) }
    }
    #[inline(always)]
    unsafe fn store(self, at: *mut u8) {
        unsafe { _mm512_storeu_si512(at.cast(), self.0) }
    }
    tiles!(singles: Bytes, "avx512f,avx512bw,avx512vnni");
}

#[derive(Clone, Copy)]
pub(in crate::embed::kernels) struct Words(__m512i);

impl Step for Words {
    const COLUMNS: usize = 16;
    const INPUT_BYTES: usize = 4;
    const VECTORS: usize = 1;
    type Weights = __m512i;
    type Input = __m512i;
    #[inline(always)]
    unsafe fn zero() -> Self {
        unsafe { Self(_mm512_setzero_si512()) }
    }
    #[inline(always)]
    unsafe fn weights(at: *const u8) -> __m512i {
        unsafe { _mm512_loadu_si512(at.cast()) }
    }
    #[inline(always)]
    unsafe fn input(at: *const u8) -> __m512i {
        unsafe { _mm512_set1_epi32(at.cast::<i32>().read_unaligned()) }
    }
    #[inline(always)]
    unsafe fn add(self, weights: __m512i, input: __m512i) -> Self {
        unsafe { Self(_mm512_dpwssd_epi32(self.0, weights, input)) }
    }
    #[inline(always)]
    unsafe fn store(self, at: *mut u8) {
        unsafe { _mm512_storeu_si512(at.cast(), self.0) }
    }
    tiles!(singles: Words, "avx512f,avx512bw,avx512vnni");
}

impl Lanes for __m512 {
    const COUNT: usize = 16;
    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        unsafe { _mm512_set1_ps(value) }
    }
    #[inline(always)]
    unsafe fn load(at: *const f32) -> Self {
        unsafe { _mm512_loadu_ps(at) }
    }
    #[inline(always)]
    unsafe fn store(self, at: *mut f32) {
        unsafe { _mm512_storeu_ps(at, self) }
    }
    #[inline(always)]
    unsafe fn load_integers(at: *const i32) -> Self {
        unsafe { _mm512_cvtepi32_ps(_mm512_loadu_si512(at.cast())) }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        unsafe { _mm512_add_ps(self, other) }
    }
    #[inline(always)]
    unsafe fn subtract(self, other: Self) -> Self {
        unsafe { _mm512_sub_ps(self, other) }
    }
    #[inline(always)]
    unsafe fn multiply(self, other: Self) -> Self {
        unsafe { _mm512_mul_ps(self, other) }
    }
    #[inline(always)]
    unsafe fn divide(self, other: Self) -> Self {
        unsafe { _mm512_div_ps(self, other) }
    }
    #[inline(always)]
    unsafe fn multiply_add(self, factor: Self, addend: Self) -> Self {
        unsafe { _mm512_fmadd_ps(self, factor, addend) }
    }
    // The second of the two is taken where one is not a number.
    #[inline(always)]
    unsafe fn least(self, other: Self) -> Self {
        unsafe { _mm512_min_ps(other, self) }
    }
    #[inline(always)]
    unsafe fn greatest(self, other: Self) -> Self {
        unsafe { _mm512_max_ps(other, self) }
    }
    #[inline(always)]
    unsafe fn with_sign_of(self, sign: Self) -> Self {
        unsafe {
            let mask = _mm512_set1_epi32(i32::MIN);
            let sign = _mm512_and_si512(mask, _mm512_castps_si512(sign));
            _mm512_castsi512_ps(_mm512_or_si512(sign, _mm512_andnot_si512(mask, _mm512_castps_si512(self))))
        }
    }
    #[inline(always)]
    unsafe fn times_power(self, shifted: Self) -> Self {
        unsafe {
            let power = _mm512_slli_epi32::<23>(_mm512_castps_si512(shifted));
            _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(self), power))
        }
    }
    #[inline(always)]
    unsafe fn store_pairs(low: Self, high: Self, at: *mut i16) {
        unsafe {
            let low = _mm512_and_si512(_mm512_castps_si512(low), _mm512_set1_epi32(0xFFFF));
            let high = _mm512_slli_epi32::<16>(_mm512_castps_si512(high));
            _mm512_storeu_si512(at.cast(), _mm512_or_si512(low, high));
        }
    }
    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        unsafe { _mm512_reduce_add_ps(self) }
    }
    #[inline(always)]
    unsafe fn smallest(self) -> f32 {
        unsafe { _mm512_reduce_min_ps(self) }
    }
    #[inline(always)]
    unsafe fn largest(self) -> f32 {
        unsafe { _mm512_reduce_max_ps(self) }
    }
}
