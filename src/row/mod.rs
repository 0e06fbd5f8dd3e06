//! Rows of an array, and the parts that functions and losses of rows share: the maximum of a row, its exponentials, and
//! its softmax.

pub(crate) mod exponentials;
pub(crate) mod in_f32;
pub(crate) mod maximum;
pub(crate) mod side_by_side;
pub(crate) mod tile;

use crate::check::same_length;
use crate::declare::Parameter;
use crate::names::Names;
use crate::simd::Real;
use crate::slice::{Dst, Src};

/// The output of a row whose entries are all -inf or masked, where the softmax is 0 / 0.
///
/// ```
/// use slopes::activation::{FullyMasked, RowActivation, Rows, Softmax};
/// let mut x = [f32::NEG_INFINITY; 4];
/// Softmax::new().with_fully_masked(FullyMasked::Uniform).forward_in_place(&mut x, Rows::contiguous(4));
/// assert_eq!(x, [0.25; 4]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FullyMasked {
    /// 0 for every entry (the default); -inf for a logarithm.
    #[default]
    Zero,
    /// NaN for every entry, the value of the formula.
    Nan,
    /// 1 / n for each of the n entries, or the logarithm of that. The output does not tell such a row from others: set
    /// dy to 0 there before the backward pass.
    Uniform,
}

impl FullyMasked {
    /// The names of the variants in texts, in their order.
    pub(crate) const NAMES: Names = &[&["zero", "zeros"], &["nan"], &["uniform"]];
}

impl Parameter for FullyMasked {
    const REQUIREMENT: &'static str = "must be 0, 1 or 2";
    fn of(value: f64) -> Self {
        match value {
            1.0 => FullyMasked::Nan,
            2.0 => FullyMasked::Uniform,
            _ => FullyMasked::Zero,
        }
    }
    fn value(self) -> f64 {
        f64::from(self as u8)
    }
}

/// The layout of rows in a slice: their length, and the distance between the entries of a row.
///
/// A slice holds an array of shape (outer, len, inner); its rows run along the middle axis. Element i of row (o, j) is
/// `x[(o * len + i) * inner + j]`, and that row has the index `o * inner + j` in slices with one number for each row.
/// Contiguous rows have inner = 1: element i of row r is `x[r * len + i]`.
///
/// ```
/// use slopes::activation::{RowActivation, Rows, Softmax};
/// let x = [0.0, 0.0, 1.0, 1.0_f32];
/// let mut y = [0.0; 4];
/// Softmax::DEFAULT.forward(&x, Rows::contiguous(2), &mut y);
/// assert_eq!(y, [0.5; 4]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rows {
    len: usize,
    inner: usize,
}

impl Rows {
    /// Contiguous rows of `len` numbers, one after the other: the last axis of a row-major array.
    ///
    /// ```
    /// assert_eq!(slopes::activation::Rows::contiguous(10).row_len(), 10);
    /// ```
    #[must_use]
    pub const fn contiguous(len: usize) -> Self {
        Rows { len, inner: 1 }
    }

    /// The rows along an axis of a row-major array: len is `shape[axis]`, inner the product of the dimensions after the
    /// axis, outer that of the dimensions before it. Rows are in the order of the array without the axis.
    ///
    /// ```
    /// use slopes::activation::{RowActivation, Rows, Softmax};
    /// // The columns of a matrix.
    /// let (mut x, columns) = ([0.0_f32, 1.0, 0.0, 1.0], Rows::along(&[2, 2], 0));
    /// Softmax::DEFAULT.forward_in_place(&mut x, columns);
    /// assert_eq!(x, [0.5; 4]);
    /// ```
    ///
    /// # Panics
    /// If the array has no such axis.
    #[must_use]
    #[track_caller]
    pub fn along(shape: &[usize], axis: usize) -> Self {
        assert!(axis < shape.len(), "axis {axis} is out of range for an array of {} axes", shape.len());
        Rows { len: shape[axis], inner: shape[axis + 1..].iter().product() }
    }

    /// The length of a row.
    #[must_use]
    pub const fn row_len(self) -> usize {
        self.len
    }

    /// The distance between consecutive entries of a row, inner: 1 if rows are contiguous.
    #[must_use]
    pub const fn stride(self) -> usize {
        self.inner
    }

    /// The number of rows of a slice of length `numbers`.
    ///
    /// # Panics
    /// If the length is not a multiple of len * inner.
    #[track_caller]
    pub(crate) fn count(self, numbers: usize) -> usize {
        if numbers == 0 {
            return 0;
        }
        let (len, block) = (self.len, self.len.checked_mul(self.inner));
        match block.filter(|&block| block > 0 && numbers.is_multiple_of(block)) {
            Some(_) => numbers / len,
            None if self.inner == 1 => panic!("length {numbers} is not a multiple of the row length {len}"),
            None => panic!("length {numbers} is not a multiple of {} rows of length {len}", self.inner),
        }
    }

    /// The number of rows of slices of the same length, which is that of the first.
    ///
    /// # Panics
    /// If the lengths differ, or are not a multiple of len * inner.
    #[track_caller]
    pub(crate) fn count_of<const N: usize>(self, method: &str, lengths: [(&str, usize); N]) -> usize {
        same_length(method, lengths);
        self.count(lengths[0].1)
    }

    /// The index of the first entry of a row.
    #[inline(always)]
    pub(crate) fn start(self, row: usize) -> usize {
        if self.inner == 1 { row * self.len } else { row / self.inner * (self.inner * self.len) + row % self.inner }
    }

    /// The indices of the first entries of the first `count` rows, without a division.
    #[inline(always)]
    pub(crate) fn starts(self, count: usize) -> Starts {
        Starts { rows: self, count, start: 0, column: 0 }
    }

    /// A row of an input.
    #[inline(always)]
    pub(crate) fn of<R: Real>(self, numbers: Src<R>, row: usize) -> Src<R> {
        numbers.strided(self.start(row), self.inner, self.len)
    }

    /// The length of the copy of a row that a kernel with several passes should work on, or 0 if it should work on the
    /// row itself. A row is copied if it is short, and strided or of a format that rounds.
    #[inline(always)]
    pub(crate) fn copied<R: Real>(self, numbers: Src<R>) -> usize {
        if self.len > COPIED || self.inner == 1 && numbers.is_plain() { 0 } else { self.len }
    }

    /// A row of an output.
    #[inline(always)]
    pub(crate) fn of_target<R: Real>(self, numbers: Dst<R>, row: usize) -> Dst<R> {
        numbers.strided(self.start(row), self.inner, self.len)
    }
}

/// The iterator of [`Rows::starts`].
pub(crate) struct Starts {
    rows: Rows,
    count: usize,
    start: usize,
    column: usize,
}

impl Iterator for Starts {
    type Item = usize;
    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        let Rows { len, inner } = self.rows;
        self.count = self.count.checked_sub(1)?;
        let start = self.start;
        (self.start, self.column) = (start + 1, self.column + 1);
        if self.column == inner {
            // Rows may have no entries.
            self.start = self.start.wrapping_add(len.wrapping_sub(1).wrapping_mul(inner));
            self.column = 0;
        }
        Some(start)
    }
}

/// The greatest length of rows that are copied for a kernel with several passes.
pub(crate) const COPIED: usize = 1024;
