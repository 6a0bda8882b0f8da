//! The inner loops of the network
//!
//! Matrix products are those of the gemm crate, which candle computes with, too; it takes rows and columns at any
//! distance, so that the heads of attention need not be copied apart. What stands between them ([`row`]) is written
//! so that the compiler can do several elements at once.

pub(super) mod row;

use gemm::Parallelism;

/// A matrix within a slice: where it begins, and how far apart its rows and its columns are.
#[derive(Clone, Copy)]
pub(super) struct Layout {
    pub start: usize,
    pub row_stride: usize,
    pub column_stride: usize,
}

impl Layout {
    /// Rows one after the other, of `columns` elements each.
    pub(super) fn rows(columns: usize) -> Self {
        Self { start: 0, row_stride: columns, column_stride: 1 }
    }

    /// The matrix that begins `start` elements later.
    pub(super) fn at(self, start: usize) -> Self {
        Self { start, ..self }
    }

    /// Rows for columns.
    pub(super) fn transposed(self) -> Self {
        Self { row_stride: self.column_stride, column_stride: self.row_stride, ..self }
    }

    /// One past the last element of a matrix of this size.
    fn end(self, rows: usize, columns: usize) -> usize {
        match rows == 0 || columns == 0 {
            true => self.start,
            false => self.start + (rows - 1) * self.row_stride + (columns - 1) * self.column_stride + 1,
        }
    }
}

/// `product` (`rows` × `columns`) = `scale` · `left` (`rows` × `inner`) · `right` (`inner` × `columns`).
///
/// Panics when a matrix does not lie within its slice.
pub(super) fn multiply(
    (rows, inner, columns): (usize, usize, usize),
    scale: f32,
    (left, left_at): (&[f32], Layout),
    (right, right_at): (&[f32], Layout),
    (product, product_at): (&mut [f32], Layout),
) {
    assert!(left_at.end(rows, inner) <= left.len(), "the left matrix lies outside its slice");
    assert!(right_at.end(inner, columns) <= right.len(), "the right matrix lies outside its slice");
    assert!(product_at.end(rows, columns) <= product.len(), "the product lies outside its slice");
    // Safety: all elements lie within their slices, as asserted, and the product is borrowed alone.
    unsafe {
        gemm::gemm(
            rows,
            columns,
            inner,
            product.as_mut_ptr().add(product_at.start),
            product_at.column_stride as isize,
            product_at.row_stride as isize,
            false,
            left.as_ptr().add(left_at.start),
            left_at.column_stride as isize,
            left_at.row_stride as isize,
            right.as_ptr().add(right_at.start),
            right_at.column_stride as isize,
            right_at.row_stride as isize,
            0.0,
            scale,
            false,
            false,
            false,
            Parallelism::None, // Batches are computed side by side where there are threads.
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_those_of_the_definition_in_every_layout() {
        let left: Vec<f32> = (0..60).map(|at| (at as f32 * 0.7).sin()).collect();
        let right: Vec<f32> = (0..80).map(|at| (at as f32 * 0.3).cos()).collect();
        let (rows, inner, columns) = (5, 7, 9);
        let (left_at, right_at) = (Layout::rows(8).at(3), Layout::rows(8).at(2).transposed());
        let mut product = vec![f32::NAN; 64];
        multiply(
            (rows, inner, columns),
            0.5,
            (&left, left_at),
            (&right, right_at),
            (&mut product, Layout::rows(11).at(1)),
        );
        for row in 0..rows {
            for column in 0..columns {
                let plain: f32 = (0..inner).map(|at| left[3 + row * 8 + at] * right[2 + column * 8 + at]).sum();
                assert!((product[1 + row * 11 + column] - 0.5 * plain).abs() < 1e-5);
            }
        }
        assert!(product[0].is_nan() && product[10].is_nan(), "what lies between is left alone");
    }
}
