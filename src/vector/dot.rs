//! The inner loop of exact search.

/// The dot product of two vectors of the same dimension.
///
/// Panics when their dimensions differ.
pub fn dot(left: &[f32], right: &[f32]) -> f32 {
    assert_eq!(left.len(), right.len(), "vectors of different dimensions");
    #[cfg(target_feature = "simd128")]
    return wasm::dot(left, right);
    #[cfg(not(target_feature = "simd128"))]
    portable(left, right)
}

/// Eight running sums, so that the compiler can keep them in SIMD registers.
#[cfg_attr(target_feature = "simd128", allow(dead_code))]
fn portable(left: &[f32], right: &[f32]) -> f32 {
    let mut sums = [0.0f32; 8];
    let (left_blocks, right_blocks) = (left.chunks_exact(8), right.chunks_exact(8));
    let tail: f32 = left_blocks.remainder().iter().zip(right_blocks.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in left_blocks.zip(right_blocks) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f32>() + tail
}

/// By hand for the web, whose build is otherwise optimised for size.
#[cfg(target_feature = "simd128")]
mod wasm {
    use std::arch::wasm32::{f32x4_add, f32x4_extract_lane, f32x4_mul, f32x4_splat, v128_load};

    pub(super) fn dot(left: &[f32], right: &[f32]) -> f32 {
        let length = left.len().min(right.len());
        let whole = length - length % 8;
        let (mut low, mut high) = (f32x4_splat(0.0), f32x4_splat(0.0));
        for at in (0..whole).step_by(8) {
            // Safety: `at + 8 <= length` of both slices, and `v128_load` takes any alignment.
            unsafe {
                let (a, b) = (left.as_ptr().add(at), right.as_ptr().add(at));
                low = f32x4_add(low, f32x4_mul(v128_load(a.cast()), v128_load(b.cast())));
                high = f32x4_add(high, f32x4_mul(v128_load(a.add(4).cast()), v128_load(b.add(4).cast())));
            }
        }
        let sums = f32x4_add(low, high);
        let lanes = [
            f32x4_extract_lane::<0>(sums),
            f32x4_extract_lane::<1>(sums),
            f32x4_extract_lane::<2>(sums),
            f32x4_extract_lane::<3>(sums),
        ];
        let tail: f32 = (whole..length).map(|at| left[at] * right[at]).sum();
        lanes.iter().sum::<f32>() + tail
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dot_product_is_the_plain_sum_at_every_length() {
        for length in [0, 1, 4, 7, 8, 9, 16, 384, 385] {
            let left: Vec<f32> = (0..length).map(|at| (at as f32 * 0.37).sin()).collect();
            let right: Vec<f32> = (0..length).map(|at| (at as f32 * 0.11).cos()).collect();
            let plain: f64 = left.iter().zip(&right).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            assert!((f64::from(dot(&left, &right)) - plain).abs() < 1e-4, "{length}");
            assert!((f64::from(portable(&left, &right)) - plain).abs() < 1e-4, "{length}");
        }
    }
}
