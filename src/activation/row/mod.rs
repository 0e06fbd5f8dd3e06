//! Activations of rows, whose outputs depend on the whole row.

pub(crate) mod gumbel;
pub(crate) mod log_sum_exp;
pub(crate) mod softmax;
pub(crate) mod sparsemax;

use crate::element::Element;
use crate::row::Rows;

/// A function of rows.
///
/// ```
/// use slopes::activation::{LogSoftmax, RowActivation, Rows};
/// let (x, rows) = ([0.0_f64, 0.0], Rows::contiguous(2));
/// let mut dx = [0.0; 2];
/// LogSoftmax::DEFAULT.backward(&x, &[1.0, 0.0], rows, &mut dx);
/// assert_eq!(dx, [0.5, -0.5]);
/// ```
///
/// # Panics
/// If slices differ in length, or are no whole number of rows, before anything is written.
pub trait RowActivation<T: Element>: Send + Sync {
    /// y = f(x), row by row.
    fn forward(&self, x: &[T], rows: Rows, y: &mut [T]);

    /// x = f(x), row by row.
    fn forward_in_place(&self, x: &mut [T], rows: Rows);

    /// The vector-Jacobian product, row by row: dx_i = sum_j dy_j df_j/dx_i, x being what went into the function.
    fn backward(&self, x: &[T], dy: &[T], rows: Rows, dx: &mut [T]);

    /// The same product from what came out of the function: without a second exponential, and where x was masked.
    fn backward_from_output(&self, y: &[T], dy: &[T], rows: Rows, dx: &mut [T]);
}
