//! Plain Rust, for machines without anything better, and to hold the others against.

use super::target::{Lanes, PANEL, SHIFT, Step, Target};

pub(super) struct Portable;

impl Target for Portable {
    type Lanes = f32;
    type Bytes = Bytes;
    type Words = Words;
    type Floats = Floats;

    #[inline(always)]
    unsafe fn quantize(values: *const f32, inverse: f32, zero: f32, at: *mut u8) {
        for lane in 0..PANEL {
            unsafe {
                let rounded = (values.add(lane).read_unaligned() * inverse + zero).clamp(0.0, 127.0) + SHIFT;
                at.add(lane).write(rounded.to_bits() as u8);
            }
        }
    }

    #[inline(always)]
    unsafe fn quantize_signed(values: *const f32, inverse: f32, at: *mut u8) -> i32 {
        let mut sum = 0;
        for lane in 0..PANEL {
            unsafe {
                let rounded = (values.add(lane).read_unaligned() * inverse + SHIFT).to_bits() as i8;
                at.add(lane).write(rounded as u8);
                sum += i32::from(rounded);
            }
        }
        sum
    }
}

floats!(f32, pairs 2);

#[derive(Clone, Copy)]
pub(super) struct Bytes(i32);

impl Step for Bytes {
    const COLUMNS: usize = 1;
    const INPUT_BYTES: usize = 4;
    const VECTORS: usize = 2;
    type Weights = [i8; 4];
    type Input = [u8; 4];
    #[inline(always)]
    unsafe fn zero() -> Self {
        Self(0)
    }
    #[inline(always)]
    unsafe fn weights(at: *const u8) -> [i8; 4] {
        unsafe { at.cast::<[i8; 4]>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn input(at: *const u8) -> [u8; 4] {
        unsafe { at.cast::<[u8; 4]>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn add(self, weights: [i8; 4], input: [u8; 4]) -> Self {
        Self((0..4).fold(self.0, |sum, at| sum + i32::from(weights[at]) * i32::from(input[at])))
    }
    #[inline(always)]
    unsafe fn store(self, at: *mut u8) {
        unsafe { at.cast::<i32>().write_unaligned(self.0) }
    }
    tiles!(pairs: Bytes);
}

#[derive(Clone, Copy)]
pub(super) struct Words(i32);

impl Step for Words {
    const COLUMNS: usize = 1;
    const INPUT_BYTES: usize = 4;
    const VECTORS: usize = 2;
    type Weights = [i16; 2];
    type Input = [i16; 2];
    #[inline(always)]
    unsafe fn zero() -> Self {
        Self(0)
    }
    #[inline(always)]
    unsafe fn weights(at: *const u8) -> [i16; 2] {
        unsafe { at.cast::<[i16; 2]>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn input(at: *const u8) -> [i16; 2] {
        unsafe { at.cast::<[i16; 2]>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn add(self, weights: [i16; 2], input: [i16; 2]) -> Self {
        Self(self.0 + i32::from(weights[0]) * i32::from(input[0]) + i32::from(weights[1]) * i32::from(input[1]))
    }
    #[inline(always)]
    unsafe fn store(self, at: *mut u8) {
        unsafe { at.cast::<i32>().write_unaligned(self.0) }
    }
    tiles!(pairs: Words);
}
