//! vectors → their products
//!
//! The inner loops of search: over f32, and over the [codes](super::Codes) that an index keeps. Each is written by hand
//! for the web, whose build is otherwise optimised for size, and once more plainly, for other machines and as what the
//! first must agree with. Products of codes are whole numbers, so they are the same everywhere.

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

/// Components that the products of codes take at once: a row's are filled up with zeros to a multiple of them.
pub(super) const STEP: usize = 32;

/// The sum of the products of a row's signed bytes and the query.
///
/// Panics unless both are of one length, a multiple of [`STEP`]. The caller sees to it that the sum fits.
pub(super) fn coarse(row: &[u8], query: &[i16]) -> i32 {
    assert!(query.len().is_multiple_of(STEP) && row.len() == query.len(), "rows of one length");
    #[cfg(target_feature = "simd128")]
    return wasm::coarse(row, query);
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // Safety: the machine has it.
        return unsafe { avx2::coarse(row, query) };
    }
    #[cfg(not(target_feature = "simd128"))]
    portable_coarse(row, query)
}

/// As [`coarse`] for each of four rows, in less time.
pub(super) fn coarse_of_four(rows: [&[u8]; 4], query: &[i16]) -> [i32; 4] {
    let fits = |row: &[u8]| row.len() == query.len();
    assert!(query.len().is_multiple_of(STEP) && rows.into_iter().all(fits), "rows of one length");
    #[cfg(target_feature = "simd128")]
    return wasm::coarse_of_four(rows, query);
    #[cfg(not(target_feature = "simd128"))]
    rows.map(|row| coarse(row, query))
}

/// The sum of the products of a row's nibbles less eight, −8…7, and the query.
///
/// Of 32 components, number *i* is in the 16-bit number *i* mod 8, little-endian, from bit 4 · (*i* div 8) on: so that
/// eight at a time are taken out by one shift and one mask.
/// Panics unless the row has half a byte for each component, and of those there is a multiple of [`STEP`].
pub(super) fn fine(row: &[u8], query: &[i16]) -> i32 {
    assert!(query.len().is_multiple_of(STEP) && row.len() * 2 == query.len(), "half a byte for each component");
    #[cfg(target_feature = "simd128")]
    return wasm::fine(row, query);
    #[cfg(not(target_feature = "simd128"))]
    portable_fine(row, query)
}

/// Puts a row's two parts together: 16 · coarse + nibble − 8, as many numbers as there is room for in `into`.
///
/// Panics unless all are of one length, a multiple of [`STEP`].
pub(super) fn join(coarse: &[u8], fine: &[u8], into: &mut [i16]) {
    let length = into.len();
    assert!(length.is_multiple_of(STEP) && coarse.len() == length && fine.len() * 2 == length, "rows of one length");
    #[cfg(target_feature = "simd128")]
    return wasm::join(coarse, fine, into);
    #[cfg(not(target_feature = "simd128"))]
    portable_join(coarse, fine, into);
}

#[cfg_attr(target_feature = "simd128", allow(dead_code))]
#[inline(always)]
fn portable_coarse(row: &[u8], query: &[i16]) -> i32 {
    row.iter().zip(query).map(|(&a, &b)| i32::from(i16::from(a as i8)) * i32::from(b)).sum()
}

#[cfg_attr(target_feature = "simd128", allow(dead_code))]
fn portable_fine(row: &[u8], query: &[i16]) -> i32 {
    let mut sum = 0;
    for (row, query) in row.as_chunks::<{ STEP / 2 }>().0.iter().zip(query.as_chunks::<STEP>().0) {
        sum += remainders(row).iter().zip(query).map(|(&a, &b)| i32::from(a) * i32::from(b)).sum::<i32>();
    }
    sum
}

#[cfg_attr(target_feature = "simd128", allow(dead_code))]
fn portable_join(coarse: &[u8], fine: &[u8], into: &mut [i16]) {
    let parts = coarse.as_chunks::<STEP>().0.iter().zip(fine.as_chunks::<{ STEP / 2 }>().0);
    for (into, (coarse, fine)) in into.as_chunks_mut::<STEP>().0.iter_mut().zip(parts) {
        let remainders = remainders(fine);
        for at in 0..STEP {
            into[at] = 16 * i16::from(coarse[at] as i8) + remainders[at];
        }
    }
}

/// A step's nibbles less eight.
#[cfg_attr(target_feature = "simd128", allow(dead_code))]
#[inline(always)]
fn remainders(row: &[u8; STEP / 2]) -> [i16; STEP] {
    let mut remainders = [0; STEP];
    for lane in 0..8 {
        let nibbles = u16::from_le_bytes([row[2 * lane], row[2 * lane + 1]]);
        for part in 0..4 {
            remainders[8 * part + lane] = (nibbles >> (4 * part) & 15) as i16 - 8;
        }
    }
    remainders
}

/// Where the nibble of a component is: its byte, and from which bit on.
pub(super) fn nibble_at(component: usize) -> (usize, u32) {
    let (step, within) = (component / STEP, component % STEP);
    let (lane, part) = (within % 8, within / 8);
    (STEP / 2 * step + 2 * lane + part / 2, 4 * (part as u32 % 2))
}

/// One component's nibble, 0…15.
pub(super) fn nibble(fine: &[u8], component: usize) -> u8 {
    let (byte, shift) = nibble_at(component);
    fine[byte] >> shift & 15
}

/// The same for the compiler to write with wider registers.
#[cfg(target_arch = "x86_64")]
mod avx2 {
    #[target_feature(enable = "avx2")]
    pub(super) fn coarse(row: &[u8], query: &[i16]) -> i32 {
        super::portable_coarse(row, query)
    }
}

/// By hand for the web. Offsets are written out: the browser takes them into the instructions that load.
#[cfg(target_feature = "simd128")]
mod wasm {
    use std::arch::wasm32::*;

    use super::STEP;

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

    /// Adds to each sum the products of 32 components of its row and the query, both from pointers on.
    macro_rules! add_products {
        ($query:expr, $($sum:ident, $row:expr);+) => {{
            add_products!(@eight 0, $query, $($sum, $row);+);
            add_products!(@eight 8, $query, $($sum, $row);+);
            add_products!(@eight 16, $query, $($sum, $row);+);
            add_products!(@eight 24, $query, $($sum, $row);+);
        }};
        (@eight $offset:literal, $query:expr, $($sum:ident, $row:expr);+) => {
            let query = v128_load($query.add($offset).cast());
            $($sum = i32x4_add($sum, i32x4_dot_i16x8(i16x8_load_extend_i8x8($row.add($offset).cast()), query));)+
        };
    }

    pub(super) fn coarse(row: &[u8], query: &[i16]) -> i32 {
        let (row, length, query) = (row.as_ptr().cast::<i8>(), query.len(), query.as_ptr());
        let mut products = i32x4_splat(0);
        for at in (0..length).step_by(STEP) {
            // Safety: `at + STEP` is at most the length of both.
            unsafe { add_products!(query.add(at), products, row.add(at)) };
        }
        sum(products)
    }

    pub(super) fn coarse_of_four(rows: [&[u8]; 4], query: &[i16]) -> [i32; 4] {
        let [a, b, c, d] = rows.map(|row| row.as_ptr().cast::<i8>());
        let (length, query) = (query.len(), query.as_ptr());
        let [mut of_a, mut of_b, mut of_c, mut of_d] = [i32x4_splat(0); 4];
        for at in (0..length).step_by(STEP) {
            // Safety: `at + STEP` is at most the length of all.
            unsafe {
                add_products!(query.add(at), of_a, a.add(at); of_b, b.add(at); of_c, c.add(at); of_d, d.add(at));
            }
        }
        [of_a, of_b, of_c, of_d].map(sum)
    }

    pub(super) fn fine(row: &[u8], query: &[i16]) -> i32 {
        let mut sums = i32x4_splat(0);
        for at in (0..query.len()).step_by(STEP) {
            // Safety: `at + STEP` is at most the length of `query` and twice that of `row`.
            unsafe {
                let (parts, query) = (parts(row, at), query.as_ptr().add(at));
                // Not a loop, or the compiler would keep the parts in memory.
                sums = i32x4_add(sums, i32x4_dot_i16x8(parts[0], v128_load(query.cast())));
                sums = i32x4_add(sums, i32x4_dot_i16x8(parts[1], v128_load(query.add(8).cast())));
                sums = i32x4_add(sums, i32x4_dot_i16x8(parts[2], v128_load(query.add(16).cast())));
                sums = i32x4_add(sums, i32x4_dot_i16x8(parts[3], v128_load(query.add(24).cast())));
            }
        }
        sum(sums)
    }

    pub(super) fn join(coarse: &[u8], fine: &[u8], into: &mut [i16]) {
        for at in (0..into.len()).step_by(STEP) {
            // Safety: `at + STEP` is at most the length of `coarse` and `into` and twice that of `fine`.
            unsafe {
                let (coarse, into) = (coarse.as_ptr().add(at), into.as_mut_ptr().add(at).cast::<v128>());
                for (part, nibbles) in parts(fine, at).into_iter().enumerate() {
                    let coarse = i16x8_shl(i16x8_load_extend_i8x8(coarse.add(8 * part).cast()), 4);
                    v128_store(into.add(part), i16x8_add(coarse, nibbles));
                }
            }
        }
    }

    /// The 32 nibbles from component `at` on, less eight; the caller sees to it that they are in `row`.
    #[inline(always)]
    unsafe fn parts(row: &[u8], at: usize) -> [v128; 4] {
        let nibbles = unsafe { v128_load(row.as_ptr().add(at / 2).cast()) };
        let (mask, eight) = (u16x8_splat(15), i16x8_splat(8));
        let parts = [nibbles, u16x8_shr(nibbles, 4), u16x8_shr(nibbles, 8), u16x8_shr(nibbles, 12)];
        parts.map(|part| i16x8_sub(v128_and(part, mask), eight))
    }

    fn sum(lanes: v128) -> i32 {
        let pairs = i32x4_add(lanes, i32x4_shuffle::<2, 3, 0, 1>(lanes, lanes));
        i32x4_extract_lane::<0>(pairs) + i32x4_extract_lane::<1>(pairs)
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
    fn noise(length: usize, most: i32, seed: u32) -> Vec<i32> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as i32 % (2 * most + 1) - most
        };
        (0..length).map(|_| next()).collect()
    }

    #[test]
    fn products_of_codes_are_the_plain_sums_at_every_length() {
        for steps in [0, 1, 2, 3, 12, 13, 32] {
            let length = steps * STEP;
            let query: Vec<i16> = noise(length, 4095, 7).iter().map(|&value| value as i16).collect();
            let rows: Vec<Vec<i32>> = (0..4).map(|seed| noise(length, 127, seed)).collect();
            let remainders: Vec<i32> = noise(length, 8, 9).iter().map(|&value| value.min(7)).collect();
            let mut packed = vec![0; length / 2];
            for (component, remainder) in remainders.iter().enumerate() {
                let (byte, shift) = nibble_at(component);
                packed[byte] |= ((remainder + 8) as u8) << shift;
            }
            let plain = |row: &[i32]| row.iter().zip(&query).map(|(&a, &b)| a * i32::from(b)).sum::<i32>();
            let bytes: Vec<Vec<u8>> = rows.iter().map(|row| row.iter().map(|&value| value as u8).collect()).collect();
            let four = coarse_of_four([&bytes[0], &bytes[1], &bytes[2], &bytes[3]], &query);
            for at in 0..4 {
                assert_eq!(four[at], plain(&rows[at]), "{length}");
                assert_eq!(coarse(&bytes[at], &query), plain(&rows[at]), "{length}");
                assert_eq!(portable_coarse(&bytes[at], &query), plain(&rows[at]), "{length}");
            }
            assert_eq!(fine(&packed, &query), plain(&remainders), "{length}");
            assert_eq!(portable_fine(&packed, &query), plain(&remainders), "{length}");
            let joined: Vec<i16> = rows[0].iter().zip(&remainders).map(|(a, b)| (16 * a + b) as i16).collect();
            let (mut by_hand, mut plainly) = (vec![0; length], vec![0; length]);
            join(&bytes[0], &packed, &mut by_hand);
            portable_join(&bytes[0], &packed, &mut plainly);
            assert_eq!((&by_hand, &plainly), (&joined, &joined), "{length}");
        }
    }
}
