//! What a kind of machine must be able to do
//!
//! The algorithms (rows, products, attention) are written once, over these few operations; each target implements
//! them by its own instructions. All functions are unsafe for the same two reasons: pointers must be valid for what
//! is read or written there, and the machine must have the target's instructions.

/// Several numbers computed with at once.
pub(super) trait Lanes: Copy + 'static {
    /// How many.
    const COUNT: usize;
    unsafe fn splat(value: f32) -> Self;
    unsafe fn load(at: *const f32) -> Self;
    unsafe fn store(self, at: *mut f32);
    /// Reads whole numbers and converts them.
    unsafe fn load_integers(at: *const i32) -> Self;
    unsafe fn add(self, other: Self) -> Self;
    unsafe fn subtract(self, other: Self) -> Self;
    unsafe fn multiply(self, other: Self) -> Self;
    unsafe fn divide(self, other: Self) -> Self;
    /// `self · factor + addend`, rounded once where the machine can.
    unsafe fn multiply_add(self, factor: Self, addend: Self) -> Self;
    /// The smaller one; `self` where that is not a number.
    unsafe fn least(self, other: Self) -> Self;
    /// The larger one; `self` where that is not a number.
    unsafe fn greatest(self, other: Self) -> Self;
    /// The magnitude of `self` with the sign of `sign`.
    unsafe fn with_sign_of(self, sign: Self) -> Self;
    /// `self · 2ⁿ`, where `shifted` is n + [`SHIFT`].
    unsafe fn times_power(self, shifted: Self) -> Self;
    /// Writes two signed 16-bit numbers for each lane, `low` first; both are whole numbers + [`SHIFT`].
    unsafe fn store_pairs(low: Self, high: Self, at: *mut i16);
    unsafe fn sum(self) -> f32;
    unsafe fn smallest(self) -> f32;
    unsafe fn largest(self) -> f32;
}

/// Adding 1.5 · 2²³ to a number of small magnitude rounds it to a whole number, to even at the middle, which then
/// stands in the lowest bits: the same on every machine.
pub(super) const SHIFT: f32 = 12_582_912.0;

/// One step along the inner side of a matrix product: some columns of weights, times one row's inputs, added to sums.
///
/// A step takes four bytes, two 16-bit numbers or one f32 from each row, and 64 bytes of weights: those of 16 columns.
/// Products of bytes come in an even number of steps.
pub(super) trait Step: Copy + 'static {
    /// How many columns one value holds the sums of; each sum takes four bytes in memory.
    const COLUMNS: usize;
    /// How many steps are taken together: one or two.
    const TOGETHER: usize = 1;
    /// How far a panel's weights are apart from those of the next steps that are taken together.
    const WEIGHT_BYTES: usize = Self::TOGETHER * STEP_BYTES;
    /// How far a row's inputs are apart from one step to the next.
    const INPUT_BYTES: usize;
    /// How many values are computed at once for each row: 1 (with eight rows), 2 (with four) or 4 (with two).
    const VECTORS: usize;
    type Weights: Copy;
    type Input: Copy;
    /// Writes a panel as [`Step::weights`] reads it, where that is otherwise than it is kept; gives where it is.
    #[inline(always)]
    unsafe fn panel(kept: *const u8, _steps: usize, _into: &mut Vec<u8>) -> *const u8 {
        kept
    }
    unsafe fn zero() -> Self;
    unsafe fn weights(at: *const u8) -> Self::Weights;
    unsafe fn input(at: *const u8) -> Self::Input;
    unsafe fn add(self, weights: Self::Weights, input: Self::Input) -> Self;
    unsafe fn store(self, at: *mut u8);
    /// Writes the sums of `height` rows, as many as [`Step::VECTORS`] allows: see [`super::tile`].
    unsafe fn tile(height: usize, steps: usize, inputs: Inputs, weights: *const u8, sums: *mut u8);
}

/// Where a product's inputs lie: rows of some element, at any distance.
#[derive(Clone, Copy)]
pub(super) struct Inputs {
    pub at: *const u8,
    pub row_bytes: usize,
}

/// A kind of machine.
pub(super) trait Target: 'static {
    type Lanes: Lanes;
    /// Four unsigned 7-bit inputs times four signed 8-bit weights a step, which keep to [`MOST_SUMMED`]; the sums are
    /// i32.
    type Bytes: Step;
    /// Two signed 16-bit inputs times two signed 16-bit weights a step; the sums are i32.
    type Words: Step;
    /// One f32 times one f32 a step; the sums are f32.
    type Floats: Step;

    /// Writes 16 inputs for [`Target::Bytes`]: `value · inverse + zero`, rounded and brought into 0…127.
    unsafe fn quantize(values: *const f32, inverse: f32, zero: f32, at: *mut u8);
    /// Writes 16 weights: `value · inverse`, which is within −127…127, rounded; gives their sum.
    unsafe fn quantize_signed(values: *const f32, inverse: f32, at: *mut u8) -> i32;
}

/// What the weights of one sign may sum up to that are first summed in 16 bits, of inputs up to 127: in one column, the
/// first or the second two bytes of two steps, the first step's number being even. Half of all additions in 32 bits are
/// spared by it where a machine has no product of bytes that sums in 32 bits by itself.
#[cfg(any(test, not(target_arch = "wasm32")))]
pub(in crate::embed) const MOST_SUMMED: i32 = i16::MAX as i32 / 127;
/// Steps of a product of bytes with that many inputs in a row.
pub(in crate::embed) fn byte_steps(inputs: usize) -> usize {
    inputs.div_ceil(8) * 2
}

/// Columns of weights that stand side by side in memory.
pub(in crate::embed) const PANEL: usize = 16;
/// Bytes of weights that a step takes from a panel.
pub(super) const STEP_BYTES: usize = 64;

/// One number at a time: for what is left over at a row's end, and where nothing better is known.
impl Lanes for f32 {
    const COUNT: usize = 1;
    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        value
    }
    #[inline(always)]
    unsafe fn load(at: *const f32) -> Self {
        unsafe { at.read_unaligned() }
    }
    #[inline(always)]
    unsafe fn store(self, at: *mut f32) {
        unsafe { at.write_unaligned(self) }
    }
    #[inline(always)]
    unsafe fn load_integers(at: *const i32) -> Self {
        unsafe { at.read_unaligned() as f32 }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        self + other
    }
    #[inline(always)]
    unsafe fn subtract(self, other: Self) -> Self {
        self - other
    }
    #[inline(always)]
    unsafe fn multiply(self, other: Self) -> Self {
        self * other
    }
    #[inline(always)]
    unsafe fn divide(self, other: Self) -> Self {
        self / other
    }
    #[inline(always)]
    unsafe fn multiply_add(self, factor: Self, addend: Self) -> Self {
        self * factor + addend
    }
    #[inline(always)]
    unsafe fn least(self, other: Self) -> Self {
        if other < self { other } else { self }
    }
    #[inline(always)]
    unsafe fn greatest(self, other: Self) -> Self {
        if other > self { other } else { self }
    }
    #[inline(always)]
    unsafe fn with_sign_of(self, sign: Self) -> Self {
        self.copysign(sign)
    }
    #[inline(always)]
    unsafe fn times_power(self, shifted: Self) -> Self {
        f32::from_bits(self.to_bits().wrapping_add(shifted.to_bits() << 23))
    }
    #[inline(always)]
    unsafe fn store_pairs(low: Self, high: Self, at: *mut i16) {
        unsafe {
            at.write_unaligned(low.to_bits() as i16);
            at.add(1).write_unaligned(high.to_bits() as i16);
        }
    }
    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        self
    }
    #[inline(always)]
    unsafe fn smallest(self) -> f32 {
        self
    }
    #[inline(always)]
    unsafe fn largest(self) -> f32 {
        self
    }
}

/// Makes the f32 product of a target from its lanes; `by` another function than theirs, if need be.
macro_rules! floats {
    ($lanes:ty, $tiles:ident $vectors:literal $(, $feature:literal)?) => {
        floats!($lanes, $tiles $vectors $(, $feature)?, by <$lanes as Lanes>::multiply_add);
    };
    ($lanes:ty, $tiles:ident $vectors:literal $(, $feature:literal)?, by $multiply_add:expr) => {
        #[derive(Clone, Copy)]
        pub(in crate::embed::kernels) struct Floats($lanes);

        impl Step for Floats {
            const COLUMNS: usize = <$lanes>::COUNT;
            const INPUT_BYTES: usize = 4;
            const VECTORS: usize = $vectors;
            type Weights = $lanes;
            type Input = $lanes;
            #[inline(always)]
            unsafe fn zero() -> Self {
                unsafe { Self(<$lanes>::splat(0.0)) }
            }
            #[inline(always)]
            unsafe fn weights(at: *const u8) -> $lanes {
                unsafe { <$lanes>::load(at.cast()) }
            }
            #[inline(always)]
            unsafe fn input(at: *const u8) -> $lanes {
                unsafe { <$lanes>::splat(at.cast::<f32>().read_unaligned()) }
            }
            #[inline(always)]
            #[allow(unused_unsafe)] // The browser's own functions are safe.
            unsafe fn add(self, weights: $lanes, input: $lanes) -> Self {
                unsafe { Self(($multiply_add)(weights, input, self.0)) }
            }
            #[inline(always)]
            unsafe fn store(self, at: *mut u8) {
                unsafe { self.0.store(at.cast()) }
            }
            tiles!($tiles: Floats $(, $feature)?);
        }
    };
}
