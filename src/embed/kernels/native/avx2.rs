//! x86-64 with AVX2 and FMA: every processor of the last ten years.
//!
//! Bytes are multiplied by `maddubs`, which sums pairs in 16 bits: exact, since inputs have seven. Those of two steps are
//! added there too, before they are widened.

use std::arch::x86_64::*;

use crate::embed::kernels::target::{Lanes, STEP_BYTES, Step, Target};

pub(in crate::embed::kernels) struct Avx2;

impl Target for Avx2 {
    type Lanes = __m256;
    type Bytes = Bytes;
    type Words = Words;
    type Floats = Floats;

    #[inline(always)]
    unsafe fn quantize(values: *const f32, inverse: f32, zero: f32, at: *mut u8) {
        unsafe {
            let (inverse, zero) = (_mm256_set1_ps(inverse), _mm256_set1_ps(zero));
            let round = |part: usize| {
                let scaled = _mm256_add_ps(_mm256_mul_ps(_mm256_loadu_ps(values.add(8 * part)), inverse), zero);
                // In this order a value that is not a number becomes 0.
                let bounded = _mm256_min_ps(_mm256_max_ps(scaled, _mm256_setzero_ps()), _mm256_set1_ps(127.0));
                _mm256_cvtps_epi32(bounded)
            };
            let (low, high) = words(round(0), round(1));
            _mm_storeu_si128(at.cast(), _mm_packus_epi16(low, high));
        }
    }

    #[inline(always)]
    unsafe fn quantize_signed(values: *const f32, inverse: f32, at: *mut u8) -> i32 {
        unsafe {
            let inverse = _mm256_set1_ps(inverse);
            let round = |part: usize| _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(values.add(8 * part)), inverse));
            let (low, high) = words(round(0), round(1));
            _mm_storeu_si128(at.cast(), _mm_packs_epi16(low, high));
            let sums = _mm_madd_epi16(_mm_add_epi16(low, high), _mm_set1_epi16(1));
            let sums = _mm_add_epi32(sums, _mm_shuffle_epi32::<0b00_01_10_11>(sums));
            _mm_cvtsi128_si32(sums) + _mm_extract_epi32::<1>(sums)
        }
    }
}

/// Sixteen whole numbers in 16 bits each.
#[inline(always)]
unsafe fn words(low: __m256i, high: __m256i) -> (__m128i, __m128i) {
    unsafe {
        let words = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packs_epi32(low, high));
        (_mm256_castsi256_si128(words), _mm256_extracti128_si256::<1>(words))
    }
}

floats!(__m256, pairs 2, "avx2,fma");

#[derive(Clone, Copy)]
pub(in crate::embed::kernels) struct Bytes(__m256i);

impl Step for Bytes {
    const COLUMNS: usize = 8;
    const TOGETHER: usize = 2;
    const INPUT_BYTES: usize = 4;
    const VECTORS: usize = 2;
    type Weights = [__m256i; 2];
    type Input = [__m256i; 2];
    #[inline(always)]
    unsafe fn zero() -> Self {
        unsafe { Self(_mm256_setzero_si256()) }
    }
    #[inline(always)]
    unsafe fn weights(at: *const u8) -> [__m256i; 2] {
        unsafe { [_mm256_loadu_si256(at.cast()), _mm256_loadu_si256(at.add(STEP_BYTES).cast())] }
    }
    #[inline(always)]
    unsafe fn input(at: *const u8) -> [__m256i; 2] {
        let at: *const i32 = at.cast();
        unsafe { [_mm256_set1_epi32(at.read_unaligned()), _mm256_set1_epi32(at.add(1).read_unaligned())] }
    }
    #[inline(always)]
    unsafe fn add(self, weights: [__m256i; 2], input: [__m256i; 2]) -> Self {
        unsafe {
            let first = _mm256_maddubs_epi16(input[0], weights[0]);
            let second = _mm256_maddubs_epi16(input[1], weights[1]);
            let pairs = _mm256_add_epi16(first, second);
            Self(_mm256_add_epi32(self.0, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1))))
        }
    }
    #[inline(always)]
    unsafe fn store(self, at: *mut u8) {
        unsafe { _mm256_storeu_si256(at.cast(), self.0) }
    }
    tiles!(pairs: Bytes, "avx2,fma");
}

#[derive(Clone, Copy)]
pub(in crate::embed::kernels) struct Words(__m256i);

impl Step for Words {
    const COLUMNS: usize = 8;
    const INPUT_BYTES: usize = 4;
    const VECTORS: usize = 2;
    type Weights = __m256i;
    type Input = __m256i;
    #[inline(always)]
    unsafe fn zero() -> Self {
        unsafe { Self(_mm256_setzero_si256()) }
    }
    #[inline(always)]
    unsafe fn weights(at: *const u8) -> __m256i {
        unsafe { _mm256_loadu_si256(at.cast()) }
    }
    #[inline(always)]
    unsafe fn input(at: *const u8) -> __m256i {
        unsafe { _mm256_set1_epi32(at.cast::<i32>().read_unaligned()) }
    }
    #[inline(always)]
    unsafe fn add(self, weights: __m256i, input: __m256i) -> Self {
        unsafe { Self(_mm256_add_epi32(self.0, _mm256_madd_epi16(weights, input))) }
    }
    #[inline(always)]
    unsafe fn store(self, at: *mut u8) {
        unsafe { _mm256_storeu_si256(at.cast(), self.0) }
    }
    tiles!(pairs: Words, "avx2,fma");
}

impl Lanes for __m256 {
    const COUNT: usize = 8;
    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        unsafe { _mm256_set1_ps(value) }
    }
    #[inline(always)]
    unsafe fn load(at: *const f32) -> Self {
        unsafe { _mm256_loadu_ps(at) }
    }
    #[inline(always)]
    unsafe fn store(self, at: *mut f32) {
        unsafe { _mm256_storeu_ps(at, self) }
    }
    #[inline(always)]
    unsafe fn load_integers(at: *const i32) -> Self {
        unsafe { _mm256_cvtepi32_ps(_mm256_loadu_si256(at.cast())) }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        unsafe { _mm256_add_ps(self, other) }
    }
    #[inline(always)]
    unsafe fn subtract(self, other: Self) -> Self {
        unsafe { _mm256_sub_ps(self, other) }
    }
    #[inline(always)]
    unsafe fn multiply(self, other: Self) -> Self {
        unsafe { _mm256_mul_ps(self, other) }
    }
    #[inline(always)]
    unsafe fn divide(self, other: Self) -> Self {
        unsafe { _mm256_div_ps(self, other) }
    }
    #[inline(always)]
    unsafe fn multiply_add(self, factor: Self, addend: Self) -> Self {
        unsafe { _mm256_fmadd_ps(self, factor, addend) }
    }
    // The second of the two is taken where one is not a number.
    #[inline(always)]
    unsafe fn least(self, other: Self) -> Self {
        unsafe { _mm256_min_ps(other, self) }
    }
    #[inline(always)]
    unsafe fn greatest(self, other: Self) -> Self {
        unsafe { _mm256_max_ps(other, self) }
    }
    #[inline(always)]
    unsafe fn with_sign_of(self, sign: Self) -> Self {
        unsafe {
            let mask = _mm256_set1_ps(-0.0);
            _mm256_or_ps(_mm256_and_ps(mask, sign), _mm256_andnot_ps(mask, self))
        }
    }
    #[inline(always)]
    unsafe fn times_power(self, shifted: Self) -> Self {
        unsafe {
            let power = _mm256_slli_epi32::<23>(_mm256_castps_si256(shifted));
            _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(self), power))
        }
    }
    #[inline(always)]
    unsafe fn store_pairs(low: Self, high: Self, at: *mut i16) {
        unsafe {
            let low = _mm256_and_si256(_mm256_castps_si256(low), _mm256_set1_epi32(0xFFFF));
            let high = _mm256_slli_epi32::<16>(_mm256_castps_si256(high));
            _mm256_storeu_si256(at.cast(), _mm256_or_si256(low, high));
        }
    }
    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        let [a, b, c, d, e, f, g, h] = unsafe { lanes(self) };
        ((a + e) + (b + f)) + ((c + g) + (d + h))
    }
    #[inline(always)]
    unsafe fn smallest(self) -> f32 {
        unsafe { lanes(self) }.into_iter().fold(f32::INFINITY, f32::min)
    }
    #[inline(always)]
    unsafe fn largest(self) -> f32 {
        unsafe { lanes(self) }.into_iter().fold(f32::NEG_INFINITY, f32::max)
    }
}

#[inline(always)]
unsafe fn lanes(of: __m256) -> [f32; 8] {
    let mut lanes = [0.0; 8];
    unsafe { _mm256_storeu_ps(lanes.as_mut_ptr(), of) };
    lanes
}
