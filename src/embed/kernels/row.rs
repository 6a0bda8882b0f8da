//! What is done to rows of numbers between products.

use std::f32::consts::{FRAC_1_SQRT_2, LOG2_E};

use super::target::{Lanes, PANEL, SHIFT, Target};

/// Does something at every place of a row: `$work::<lanes>(place, …)`, several places at once, then the rest singly.
macro_rules! along {
    ($lanes:ty, $count:expr, $work:ident $(, $argument:expr)*) => {{
        let count = $count;
        let whole = count - count % <$lanes as Lanes>::COUNT;
        for at in (0..whole).step_by(<$lanes as Lanes>::COUNT) {
            $work::<$lanes>(at $(, $argument)*);
        }
        for at in whole..count {
            $work::<f32>(at $(, $argument)*);
        }
    }};
}

/// The parameters of a layer norm.
pub(in crate::embed) struct Norm {
    pub scale: Vec<f32>,
    pub shift: Vec<f32>,
    pub epsilon: f32,
}

/// Adds `residual` to each row, where there is one, then brings it to mean 0 and variance 1, then scales and shifts
/// it (Ba, Kiros & Hinton 2016).
#[inline(always)]
pub(super) unsafe fn normalize<T: Target>(rows: &mut [f32], residual: Option<&[f32]>, norm: &Norm) {
    let width = norm.scale.len();
    let (scale, shift) = (norm.scale.as_ptr(), norm.shift.as_ptr());
    assert!(residual.is_none_or(|residual| residual.len() == rows.len()) && norm.shift.len() == width);
    for (number, row) in rows.chunks_exact_mut(width).enumerate() {
        let at = row.as_mut_ptr();
        // Safety: all of these have `width` elements.
        unsafe {
            if let Some(residual) = residual {
                let other = residual[number * width..].as_ptr();
                along!(T::Lanes, width, add_at, at, other);
            }
            let mean = sum::<T::Lanes>(at, width) / width as f32;
            let variance = squares::<T::Lanes>(at, width, mean) / width as f32;
            let factor = 1.0 / (variance + norm.epsilon).sqrt();
            along!(T::Lanes, width, normalize_at, at, scale, shift, mean, factor);
        }
    }
}

#[inline(always)]
unsafe fn add_at<L: Lanes>(place: usize, at: *mut f32, other: *const f32) {
    unsafe { L::load(at.add(place)).add(L::load(other.add(place))).store(at.add(place)) }
}

#[inline(always)]
unsafe fn normalize_at<L: Lanes>(
    place: usize,
    at: *mut f32,
    scale: *const f32,
    shift: *const f32,
    mean: f32,
    factor: f32,
) {
    unsafe {
        let value = L::load(at.add(place)).subtract(L::splat(mean)).multiply(L::splat(factor));
        value.multiply_add(L::load(scale.add(place)), L::load(shift.add(place))).store(at.add(place));
    }
}

/// In four running sums, so that one need not wait for the other.
#[inline(always)]
unsafe fn sum<L: Lanes>(at: *const f32, count: usize) -> f32 {
    unsafe {
        let (mut even, mut odd) = (L::splat(0.0), L::splat(0.0));
        let mut place = 0;
        while place + 2 * L::COUNT <= count {
            even = even.add(L::load(at.add(place)));
            odd = odd.add(L::load(at.add(place + L::COUNT)));
            place += 2 * L::COUNT;
        }
        even.add(odd).sum() + (place..count).map(|place| at.add(place).read()).sum::<f32>()
    }
}

/// The sum of the squared distances from `mean`.
#[inline(always)]
unsafe fn squares<L: Lanes>(at: *const f32, count: usize, mean: f32) -> f32 {
    unsafe {
        let middle = L::splat(mean);
        let (mut even, mut odd) = (L::splat(0.0), L::splat(0.0));
        let mut place = 0;
        while place + 2 * L::COUNT <= count {
            let (left, right) = (L::load(at.add(place)), L::load(at.add(place + L::COUNT)));
            let (left, right) = (left.subtract(middle), right.subtract(middle));
            even = left.multiply_add(left, even);
            odd = right.multiply_add(right, odd);
            place += 2 * L::COUNT;
        }
        let rest = (place..count).map(|place| (at.add(place).read() - mean) * (at.add(place).read() - mean));
        even.add(odd).sum() + rest.sum::<f32>()
    }
}

/// Applies the Gaussian error linear unit, `x·Φ(x)` (Hendrycks & Gimpel 2016), to each number.
///
/// Φ by the error function of Abramowitz & Stegun 7.1.26; the error of `x·Φ(x)` is below 1e-6.
#[inline(always)]
pub(super) unsafe fn gelu<T: Target>(values: &mut [f32]) {
    let at = values.as_mut_ptr();
    unsafe { along!(T::Lanes, values.len(), gelu_at, at) }
}

#[inline(always)]
unsafe fn gelu_at<L: Lanes>(place: usize, at: *mut f32) {
    unsafe {
        // erf(|x|/√2) = 1 - (a₁t + … + a₅t⁵)·e^(-x²/2), with t = 1/(1 + p·|x|/√2).
        let x = L::load(at.add(place));
        let one = L::splat(1.0);
        let z = x.with_sign_of(one).multiply(L::splat(FRAC_1_SQRT_2));
        let t = one.divide(z.multiply_add(L::splat(0.327_591_1), one));
        let mut polynomial = L::splat(1.061_405_4);
        for coefficient in [-1.453_152, 1.421_413_7, -0.284_496_74, 0.254_829_6] {
            polynomial = polynomial.multiply_add(t, L::splat(coefficient));
        }
        let power = exponential(L::splat(0.0).subtract(z.multiply(z)));
        let erf = one.subtract(polynomial.multiply(t).multiply(power));
        let half = x.multiply(L::splat(0.5));
        half.multiply_add(erf.with_sign_of(x), half).store(at.add(place));
    }
}

/// As [`gelu`], faster, with an error below 2e-4, past 3.9 in proportion to x: less than the step in which its result is
/// quantised.
///
/// Φ(x) − ½ is odd; up to 3.9 it is x times a polynomial in x² (least squares, reweighted towards an even error).
#[inline(always)]
pub(super) unsafe fn gelu_roughly<T: Target>(values: &mut [f32]) {
    let at = values.as_mut_ptr();
    unsafe { along!(T::Lanes, values.len(), gelu_roughly_at, at) }
}

#[inline(always)]
unsafe fn gelu_roughly_at<L: Lanes>(place: usize, at: *mut f32) {
    unsafe {
        let x = L::load(at.add(place));
        let bounded = L::splat(-3.9).greatest(L::splat(3.9).least(x));
        let square = bounded.multiply(bounded);
        let mut polynomial = L::splat(2.628_852_5e-8);
        for coefficient in [-1.771_314_1e-6, 5.125_252_6e-5, -8.446_502e-4, 8.914_412e-3, -6.487_075e-2, 3.980_864_6e-1]
        {
            polynomial = polynomial.multiply_add(square, L::splat(coefficient));
        }
        x.multiply(polynomial.multiply_add(bounded, L::splat(0.5))).store(at.add(place));
    }
}

/// e^x for x ≤ 0, with a relative error below 3e-7: 2^n · e^r by a polynomial of degree 6 on |r| ≤ ln 2 / 2.
#[inline(always)]
unsafe fn exponential<L: Lanes>(x: L) -> L {
    unsafe {
        let x = L::splat(-87.0).greatest(x);
        let shifted = x.multiply_add(L::splat(LOG2_E), L::splat(SHIFT));
        let n = shifted.subtract(L::splat(SHIFT));
        // ln 2 in two parts (Cody & Waite), the first short enough for its product with n to be exact.
        let r = n.multiply_add(L::splat(-0.693_359_4), x);
        let r = n.multiply_add(L::splat(2.121_944_4e-4), r);
        let mut polynomial = L::splat(1.0 / 720.0);
        for coefficient in [1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
            polynomial = polynomial.multiply_add(r, L::splat(coefficient));
        }
        polynomial.times_power(shifted)
    }
}

/// 2^x for −40 ≤ x ≤ 0, with a relative error below 1e-4 (a polynomial of degree 3, least squares).
#[inline(always)]
unsafe fn power_of_two<L: Lanes>(x: L) -> L {
    unsafe {
        let shifted = x.add(L::splat(SHIFT));
        let r = x.subtract(shifted.subtract(L::splat(SHIFT)));
        let mut polynomial = L::splat(0.055_171_095);
        for coefficient in [0.242_61, 0.693_260_97, 0.999_928_1] {
            polynomial = polynomial.multiply_add(r, L::splat(coefficient));
        }
        polynomial.times_power(shifted)
    }
}

#[inline(always)]
unsafe fn largest<L: Lanes>(at: *const f32, count: usize) -> f32 {
    unsafe {
        // Two at once hide the time that one takes.
        let whole = count - count % (2 * L::COUNT);
        let (mut even, mut odd) = (L::splat(f32::NEG_INFINITY), L::splat(f32::NEG_INFINITY));
        for place in (0..whole).step_by(2 * L::COUNT) {
            even = even.greatest(L::load(at.add(place)));
            odd = odd.greatest(L::load(at.add(place + L::COUNT)));
        }
        (whole..count).map(|place| at.add(place).read()).fold(even.greatest(odd).largest(), f32::max)
    }
}

/// The row's exponentials in proportion to the largest; gives their sum. What they are divided by comes later.
#[inline(always)]
pub(super) unsafe fn exponentials<T: Target>(row: &mut [f32]) -> f32 {
    unsafe {
        let at = row.as_mut_ptr();
        let most = largest::<T::Lanes>(at, row.len());
        along!(T::Lanes, row.len(), exponential_at, at, most);
        sum::<T::Lanes>(at, row.len())
    }
}

#[inline(always)]
unsafe fn exponential_at<L: Lanes>(place: usize, at: *mut f32, most: f32) {
    unsafe { exponential(L::load(at.add(place)).subtract(L::splat(most))).store(at.add(place)) }
}

/// How finely a share of attention is kept: the largest of a row is this number.
pub(super) const SHARES: f32 = 4095.0;

/// As [`exponentials`], of base 2, as whole numbers up to [`SHARES`] in 16 bits; `row` and `shares` have the same even
/// length, and what is past `count` becomes 0. Gives the sum of the numbers.
#[inline(always)]
pub(super) unsafe fn shares<T: Target>(row: &mut [f32], count: usize, shares: &mut [i16]) -> f32 {
    assert!(row.len() == shares.len() && row.len().is_multiple_of(2 * PANEL) && count <= row.len());
    row[count..].fill(f32::NEG_INFINITY);
    // Safety: places are within both, whose length is a multiple of twice the lanes.
    unsafe {
        let at = row.as_ptr();
        let most = T::Lanes::splat(largest::<T::Lanes>(at, count));
        let (least, scale, shift) = (T::Lanes::splat(-40.0), T::Lanes::splat(SHARES), T::Lanes::splat(SHIFT));
        let (mut low_sum, mut high_sum) = (T::Lanes::splat(0.0), T::Lanes::splat(0.0));
        // Two neighbours stand in one step: of 32 numbers the first 16 become the low halves, the others the high ones.
        for place in (0..row.len()).step_by(2 * PANEL) {
            for part in (place..place + PANEL).step_by(T::Lanes::COUNT) {
                let low = power_of_two(least.greatest(T::Lanes::load(at.add(part)).subtract(most)));
                let high = power_of_two(least.greatest(T::Lanes::load(at.add(part + PANEL)).subtract(most)));
                let (low, high) = (low.multiply_add(scale, shift), high.multiply_add(scale, shift));
                low_sum = low_sum.add(low.subtract(shift));
                high_sum = high_sum.add(high.subtract(shift));
                T::Lanes::store_pairs(low, high, shares.as_mut_ptr().add(place + 2 * (part - place)));
            }
        }
        low_sum.add(high_sum).sum()
    }
}

/// The least and the largest number of a row, with 0 between them.
#[inline(always)]
pub(super) unsafe fn range<T: Target>(row: &[f32]) -> (f32, f32) {
    let at = row.as_ptr();
    let whole = row.len() - row.len() % (2 * T::Lanes::COUNT);
    unsafe {
        let (mut least, mut most) = (T::Lanes::splat(0.0), T::Lanes::splat(0.0));
        let (mut odd_least, mut odd_most) = (least, most);
        for place in (0..whole).step_by(2 * T::Lanes::COUNT) {
            let (even, odd) = (T::Lanes::load(at.add(place)), T::Lanes::load(at.add(place + T::Lanes::COUNT)));
            (least, odd_least) = (least.least(even), odd_least.least(odd));
            (most, odd_most) = (most.greatest(even), odd_most.greatest(odd));
        }
        let (least, most) = (least.least(odd_least), most.greatest(odd_most));
        let rest = &row[whole..];
        (rest.iter().copied().fold(least.smallest(), f32::min), rest.iter().copied().fold(most.largest(), f32::max))
    }
}
