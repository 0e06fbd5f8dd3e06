//! Activations of rows: softmax, log-softmax, log-sum-exp, sparsemax, hardmax, Gumbel-softmax.

pub(crate) mod gumbel;
pub(crate) mod log_sum_exp;
pub(crate) mod softmax;
pub(crate) mod sparsemax;

use crate::element::Element;
use crate::row::Rows;

/// An activation of rows, such as [`Softmax`](crate::activation::Softmax): each output depends on the whole row.
///
/// Slices hold whole rows in the layout that [`Rows`] describes: element i of row (o, j) is
/// `x[(o * len + i) * inner + j]`. Outputs and gradients have the layout of x.
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
/// If the lengths of slices differ or are not a multiple of the row length (times inner), before anything is written.
pub trait RowActivation<T: Element>: Send + Sync {
    /// The values y = f(x) of each row.
    fn forward(&self, x: &[T], rows: Rows, y: &mut [T]);

    /// The values of each row, in place: x = f(x).
    fn forward_in_place(&self, x: &mut [T], rows: Rows);

    /// The vector-Jacobian product of each row, dx_i = sum_j dy_j df_j/dx_i, x being the input of the function.
    fn backward(&self, x: &[T], dy: &[T], rows: Rows, dx: &mut [T]);

    /// The vector-Jacobian product from the output y of the function: needs no second exponential and no mask.
    fn backward_from_output(&self, y: &[T], dy: &[T], rows: Rows, dx: &mut [T]);
}
