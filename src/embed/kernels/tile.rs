//! inputs × weights → sums, a few rows and columns at a time
//!
//! The heart of all products. A tile's sums stay in registers for the whole inner side; the loop over it is left as
//! it is, since engines unroll short loops themselves and run out of registers in what is unrolled twice. Eight sums
//! at once hide the time that one takes.

use super::target::{Inputs, PANEL, STEP_BYTES, Step};

macro_rules! tile {
    ($name:ident, $vectors:tt, $($row:ident $number:literal),+) => {
        /// Writes the sums of some rows and of as many columns as the vectors hold; rows of sums are 64 bytes apart.
        #[inline(always)]
        pub(super) unsafe fn $name<S: Step>(steps: usize, inputs: Inputs, weights: *const u8, sums: *mut u8) {
            unsafe {
                $(let mut $row = tile!(@zeros S $vectors);)+
                let mut weights = weights;
                let mut input = inputs.at;
                for _ in 0..steps / S::TOGETHER {
                    let columns = tile!(@columns S weights $vectors);
                    $(
                        let value = S::input(input.add($number * inputs.row_bytes));
                        tile!(@add $row columns value $vectors);
                    )+
                    weights = weights.add(S::WEIGHT_BYTES);
                    input = input.add(S::TOGETHER * S::INPUT_BYTES);
                }
                $(tile!(@store $row $number sums S $vectors);)+
            }
        }
    };
    (@zeros $step:ident [$($vector:literal)+]) => {
        [$({ let _ = $vector; $step::zero() }),+]
    };
    (@columns $step:ident $weights:ident [$($vector:literal)+]) => {
        [$($step::weights($weights.add($vector * 4 * $step::COLUMNS))),+]
    };
    (@add $row:ident $columns:ident $value:ident [$($vector:literal)+]) => {
        $($row[$vector] = $row[$vector].add($columns[$vector], $value);)+
    };
    (@store $row:ident $number:literal $sums:ident $step:ident [$($vector:literal)+]) => {
        $($row[$vector].store($sums.add($number * 4 * PANEL + $vector * 4 * $step::COLUMNS));)+
    };
}

tile!(one_pair, [0 1], a 0);
tile!(two_pairs, [0 1], a 0, b 1);
tile!(three_pairs, [0 1], a 0, b 1, c 2);
tile!(four_pairs, [0 1], a 0, b 1, c 2, d 3);
#[cfg(target_arch = "wasm32")]
tile!(one_quad, [0 1 2 3], a 0);
#[cfg(target_arch = "wasm32")]
tile!(two_quads, [0 1 2 3], a 0, b 1);
#[cfg(target_arch = "x86_64")]
tile!(one_single, [0], a 0);
#[cfg(target_arch = "x86_64")]
tile!(two_singles, [0], a 0, b 1);
#[cfg(target_arch = "x86_64")]
tile!(four_singles, [0], a 0, b 1, c 2, d 3);
#[cfg(target_arch = "x86_64")]
tile!(eight_singles, [0], a 0, b 1, c 2, d 3, e 4, f 5, g 6, h 7);

/// The most rows of a tile.
const MOST_ROWS: usize = 8;
/// The sums of a tile: 16 for each row.
pub(super) type Sums = [[u32; PANEL]; MOST_ROWS];

/// Computes all sums of `rows` × `columns` and hands them on, 16 of a row at a time: `take(row, column, sums)`.
///
/// Weights stand in panels of 16 columns, one step after the other.
///
/// # Safety
/// The inputs and the panels must be readable for these sizes, and the machine must be of this target.
#[inline(always)]
pub(super) unsafe fn product<S: Step>(
    (rows, steps, columns): (usize, usize, usize),
    inputs: Inputs,
    weights: *const u8,
    mut take: impl FnMut(usize, usize, &[u32; PANEL]),
) {
    let mut written = Vec::new();
    let mut sums: Sums = [[0; PANEL]; MOST_ROWS];
    for panel in 0..columns.div_ceil(PANEL) {
        // Safety: as promised by the caller.
        let weights = unsafe { S::panel(weights.add(panel * panel_bytes(steps)), steps, &mut written) };
        let mut row = 0;
        while row < rows {
            let inputs = Inputs { at: unsafe { inputs.at.add(row * inputs.row_bytes) }, ..inputs };
            let count = height::<S>(rows - row);
            let width = S::VECTORS * S::COLUMNS;
            for part in 0..PANEL / width {
                let weights = unsafe { weights.add(part * width * 4) };
                let sums = unsafe { sums.as_mut_ptr().cast::<u8>().add(part * width * 4) };
                // Safety: as promised by the caller; the sums have room for 8 rows of 16.
                unsafe { S::tile(count, steps, inputs, weights, sums) }
            }
            for (offset, sums) in sums.iter().enumerate().take(count) {
                take(row + offset, panel * PANEL, sums);
            }
            row += count;
        }
    }
}

/// How many of the rows that are left the next tile takes.
#[inline(always)]
fn height<S: Step>(left: usize) -> usize {
    match (S::VECTORS, left) {
        (4, 2..) => 2,
        (2, 4..) => 4,
        (2 | 4, left) => left,
        (_, 8..) => 8,
        (_, 4..) => 4,
        (_, 2..) => 2,
        (_, left) => left,
    }
}

/// Tells a step how to compute tiles: by functions of their own, since engines assign registers better in small ones,
/// with the target's instructions switched on.
macro_rules! tiles {
    (pairs: $step:ty $(, $feature:literal)?) => {
        tiles!(@all [$($feature)?] $step; four_pairs 4.., three_pairs 3, two_pairs 2, one_pair _);
    };
    (quads: $step:ty $(, $feature:literal)?) => {
        tiles!(@all [$($feature)?] $step; two_quads 2.., one_quad _);
    };
    (singles: $step:ty $(, $feature:literal)?) => {
        tiles!(@all [$($feature)?] $step; eight_singles 8.., four_singles 4..8, two_singles 2..4, one_single _);
    };
    (@all $feature:tt $step:ty; $($name:ident $height:pat),+) => {
        #[inline(always)]
        unsafe fn tile(
            height: usize,
            steps: usize,
            inputs: $crate::embed::kernels::target::Inputs,
            weights: *const u8,
            sums: *mut u8,
        ) {
            $(tiles!(@one $feature $step; $name);)+
            // Safety: as promised by the caller.
            unsafe {
                match height {
                    $($height => $name(steps, inputs, weights, sums),)+
                }
            }
        }
    };
    (@one [$($feature:literal)?] $step:ty; $name:ident) => {
        $(#[target_feature(enable = $feature)])?
        #[inline(never)]
        unsafe fn $name(
            steps: usize,
            inputs: $crate::embed::kernels::target::Inputs,
            weights: *const u8,
            sums: *mut u8,
        ) {
            // Safety: as promised by the caller.
            unsafe { $crate::embed::kernels::tile::$name::<$step>(steps, inputs, weights, sums) }
        }
    };
}

/// Bytes of a panel of that many steps.
pub(super) fn panel_bytes(steps: usize) -> usize {
    steps * STEP_BYTES
}
