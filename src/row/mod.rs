//! Rows of an array, and what the functions and the losses of rows are made of: the maximum of a row, its exponentials and
//! their shares.

pub(crate) mod exponentials;
pub(crate) mod maximum;

use crate::simd::Real;
use crate::slice::{Dst, Src};

/// What the softmax of a row is that holds -inf alone: nothing to choose from.
///
/// ```
/// use slopes::activation::{FullyMasked, RowActivation, Rows, Softmax};
/// let mut x = [f32::NEG_INFINITY; 4];
/// Softmax { fully_masked: FullyMasked::Uniform, ..Softmax::DEFAULT }.forward_in_place(&mut x, Rows::contiguous(4));
/// assert_eq!(x, [0.25; 4]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FullyMasked {
    /// 0 everywhere.
    #[default]
    Zero,
    /// NaN everywhere, as the formula says.
    Nan,
    /// The same share for every entry.
    Uniform,
}

/// How the samples of a slice are laid out.
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
    /// Rows of `len` numbers, one behind the other.
    ///
    /// ```
    /// assert_eq!(slopes::activation::Rows::contiguous(10).row_len(), 10);
    /// ```
    pub const fn contiguous(len: usize) -> Self {
        Rows { len, inner: 1 }
    }

    /// The rows along an axis of a row-major array: as many numbers as the axis is long, and as far apart as the axes
    /// behind it are large. Rows come in the order of the array without the axis.
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
    #[track_caller]
    pub fn along(shape: &[usize], axis: usize) -> Self {
        assert!(axis < shape.len(), "axis {axis} is none of an array of {} axes", shape.len());
        Rows { len: shape[axis], inner: shape[axis + 1..].iter().product() }
    }

    /// The length of a row.
    pub const fn row_len(self) -> usize {
        self.len
    }

    /// How far the numbers of a row are apart: 1 if one is behind the other.
    pub const fn stride(self) -> usize {
        self.inner
    }

    /// How many rows `numbers` numbers are.
    ///
    /// # Panics
    /// If they are no whole number of rows.
    #[track_caller]
    pub(crate) fn count(self, numbers: usize) -> usize {
        if numbers == 0 {
            return 0;
        }
        let (len, block) = (self.len, self.len.checked_mul(self.inner));
        match block.filter(|&block| block > 0 && numbers.is_multiple_of(block)) {
            Some(_) => numbers / len,
            None if self.inner == 1 => panic!("{numbers} numbers are no whole number of rows of {len}"),
            None => panic!("{numbers} numbers are no whole number of {} rows of {len}", self.inner),
        }
    }

    /// The place of a row's first number.
    #[inline(always)]
    pub(crate) fn start(self, row: usize) -> usize {
        if self.inner == 1 { row * self.len } else { row / self.inner * (self.inner * self.len) + row % self.inner }
    }

    /// A row of what is read.
    #[inline(always)]
    pub(crate) fn of<R: Real>(self, numbers: Src<R>, row: usize) -> Src<R> {
        numbers.strided(self.start(row), self.inner, self.len)
    }

    /// The length of the copy of a row, if a kernel that passes over a row several times should work on one: if the row is
    /// short, and strided or of a format that rounds. Else 0.
    #[inline(always)]
    pub(crate) fn copied<R: Real>(self, numbers: Src<R>) -> usize {
        if self.len > COPIED || self.inner == 1 && numbers.is_plain() { 0 } else { self.len }
    }

    /// A row of what is written.
    #[inline(always)]
    pub(crate) fn of_target<R: Real>(self, numbers: Dst<R>, row: usize) -> Dst<R> {
        numbers.strided(self.start(row), self.inner, self.len)
    }
}

/// Rows of at most this length are copied before a kernel that passes over them several times.
pub(crate) const COPIED: usize = 1024;
