//! Activations of the rows of arrays along an axis.

use ::ndarray::{Array, ArrayRef, Axis, Dimension, RemoveAxis};

use super::layout::{
    by_rows, check_axis, ordered_rows, rows_in_memory, same_shape, slice, slice_mut, standard, zeros_like,
};
use super::sealed::Sealed;
use crate::activation::{LogSoftmax, LogSumExp, RowActivation, Softmax};
use crate::element::Element;

/// Activations of the rows of arrays along an axis, such as softmax, forward and backward.
///
/// Of contiguous arrays with the same strides, a call is one call of the method of slices, whichever the axis. Sealed.
///
/// ```
/// use ndarray::{Axis, array};
/// use slopes::activation::{RowActivation, Softmax, Sparsemax};
/// use slopes::ndarray::RowActivationExt;
///
/// let x = array![[0.0_f64, 0.0], [0.0, 2.0]];
/// assert_eq!(x.softmax(Axis(1)).row(0), array![0.5, 0.5]);
/// assert_eq!(x.softmax(Axis(0)).column(0), array![0.5, 0.5]);
/// assert_eq!(x.activated_axis(Axis(1), &Sparsemax), array![[0.5, 0.5], [0.0, 1.0]]);
///
/// let (y, dy) = (x.softmax(Axis(1)), array![[1.0, 0.0], [0.0, 0.0]]);
/// let dx = dy.backward_axis_from_output(Axis(1), &Softmax::new(), &y);
/// assert_eq!(dx, array![[0.25, -0.25], [0.0, 0.0]]);
/// ```
///
/// # Panics
/// If the array has no such axis, or if the shapes of arrays differ, before anything is written; the message names them.
pub trait RowActivationExt<T: Element, D: Dimension>: Sealed {
    /// The softmax along an axis, as of [`Softmax::new`].
    ///
    /// ```
    /// use ndarray::{Axis, arr1};
    /// use slopes::ndarray::RowActivationExt;
    /// assert_eq!(arr1(&[1000.0_f32, 1000.0]).softmax(Axis(0)), arr1(&[0.5, 0.5]));
    /// ```
    #[must_use]
    #[track_caller]
    fn softmax(&self, axis: Axis) -> Array<T, D> {
        self.activated_axis(axis, &Softmax::new())
    }

    /// The logarithm of the softmax along an axis, as of [`LogSoftmax::new`].
    ///
    /// ```
    /// use ndarray::{Axis, arr1};
    /// use slopes::ndarray::RowActivationExt;
    /// assert_eq!(arr1(&[1000.0_f64, 0.0]).log_softmax(Axis(0)), arr1(&[0.0, -1000.0]));
    /// ```
    #[must_use]
    #[track_caller]
    fn log_softmax(&self, axis: Axis) -> Array<T, D> {
        self.activated_axis(axis, &LogSoftmax::new())
    }

    /// The logarithm of the sum of the exponentials along an axis: [`LogSumExp`]. Its gradient is the softmax.
    ///
    /// ```
    /// use ndarray::{Axis, arr1, arr2};
    /// use slopes::ndarray::RowActivationExt;
    /// let y = arr2(&[[0.0_f64, 0.0], [1000.0, 1000.0]]).log_sum_exp(Axis(1));
    /// assert_eq!(y, arr1(&[2.0_f64.ln(), 1000.0 + 2.0_f64.ln()]));
    /// ```
    #[must_use]
    #[track_caller]
    fn log_sum_exp(&self, axis: Axis) -> Array<T, D::Smaller>
    where
        D: RemoveAxis;

    /// The values y = f(x) of the rows along an axis.
    ///
    /// ```
    /// use ndarray::{Axis, arr1};
    /// use slopes::{activation::Softmax, ndarray::RowActivationExt};
    /// let cold = Softmax::new().with_temperature(1e-3)?;
    /// assert_eq!(arr1(&[1.0_f64, 2.0]).activated_axis(Axis(0), &cold), arr1(&[0.0, 1.0]));
    /// # Ok::<(), slopes::ParameterError>(())
    /// ```
    #[must_use]
    #[track_caller]
    fn activated_axis<F: RowActivation<T> + ?Sized>(&self, axis: Axis, f: &F) -> Array<T, D>;

    /// The values of the rows along an axis, in place: x = f(x).
    ///
    /// ```
    /// use ndarray::{Axis, arr1};
    /// use slopes::{activation::Hardmax, ndarray::RowActivationExt};
    /// let mut x = arr1(&[1.0_f64, 2.0]);
    /// x.activate_axis_inplace(Axis(0), &Hardmax);
    /// assert_eq!(x, arr1(&[0.0, 1.0]));
    /// ```
    #[track_caller]
    fn activate_axis_inplace<F: RowActivation<T> + ?Sized>(&mut self, axis: Axis, f: &F);

    /// The gradient dx of this array, dy: it is sent back through f of the rows along an axis, whose input was x.
    ///
    /// ```
    /// use ndarray::{Axis, arr1};
    /// use slopes::{activation::LogSoftmax, ndarray::RowActivationExt};
    /// let (x, dy) = (arr1(&[0.0_f64, 0.0]), arr1(&[1.0, 0.0]));
    /// assert_eq!(dy.backward_axis(Axis(0), &LogSoftmax::new(), &x), arr1(&[0.5, -0.5]));
    /// ```
    #[doc(alias = "vjp")]
    #[must_use]
    #[track_caller]
    fn backward_axis<F: RowActivation<T> + ?Sized>(&self, axis: Axis, f: &F, x: &ArrayRef<T, D>) -> Array<T, D>;

    /// The gradient dx of this array, dy, from the output y of f: needs no second exponential.
    ///
    /// ```
    /// use ndarray::{Axis, arr1};
    /// use slopes::{activation::Softmax, ndarray::RowActivationExt};
    /// let (y, dy) = (arr1(&[0.5_f64, 0.5]), arr1(&[1.0, 0.0]));
    /// assert_eq!(dy.backward_axis_from_output(Axis(0), &Softmax::new(), &y), arr1(&[0.25, -0.25]));
    /// ```
    #[must_use]
    #[track_caller]
    fn backward_axis_from_output<F: RowActivation<T> + ?Sized>(
        &self,
        axis: Axis,
        f: &F,
        y: &ArrayRef<T, D>,
    ) -> Array<T, D>;
}

impl<T: Element, D: Dimension> RowActivationExt<T, D> for ArrayRef<T, D> {
    #[track_caller]
    fn log_sum_exp(&self, axis: Axis) -> Array<T, D::Smaller>
    where
        D: RemoveAxis,
    {
        check_axis(self.shape(), axis);
        let mut y = Array::zeros(self.raw_dim().remove_axis(axis));
        let (x, rows) = ordered_rows(self, axis);
        LogSumExp.forward(slice(&x), rows, slice_mut(&mut y));
        y
    }

    #[track_caller]
    fn activated_axis<F: RowActivation<T> + ?Sized>(&self, axis: Axis, f: &F) -> Array<T, D> {
        check_axis(self.shape(), axis);
        match rows_in_memory(self, axis) {
            Some(rows) if !self.is_empty() => {
                let mut y = zeros_like(self);
                f.forward(slice(self), rows, slice_mut(&mut y));
                y
            }
            _ => {
                let mut y = standard(self);
                by_rows([], &mut y, axis, |[], rows, x| f.forward_in_place(x, rows));
                y
            }
        }
    }

    #[track_caller]
    fn activate_axis_inplace<F: RowActivation<T> + ?Sized>(&mut self, axis: Axis, f: &F) {
        check_axis(self.shape(), axis);
        by_rows([], self, axis, |[], rows, x| f.forward_in_place(x, rows));
    }

    #[track_caller]
    fn backward_axis<F: RowActivation<T> + ?Sized>(&self, axis: Axis, f: &F, x: &ArrayRef<T, D>) -> Array<T, D> {
        same_shape("backward_axis", [("x", x.shape()), ("dy", self.shape())]);
        check_axis(self.shape(), axis);
        let mut dx = new_rows(x, axis);
        by_rows([x, self], &mut dx, axis, |[x, dy], rows, dx| f.backward(x, dy, rows, dx));
        dx
    }

    #[track_caller]
    fn backward_axis_from_output<F: RowActivation<T> + ?Sized>(
        &self,
        axis: Axis,
        f: &F,
        y: &ArrayRef<T, D>,
    ) -> Array<T, D> {
        same_shape("backward_axis_from_output", [("y", y.shape()), ("dy", self.shape())]);
        check_axis(self.shape(), axis);
        let mut dx = new_rows(y, axis);
        by_rows([y, self], &mut dx, axis, |[y, dy], rows, dx| f.backward_from_output(y, dy, rows, dx));
        dx
    }
}

/// Zeros with the strides of an array whose rows can be used in its memory; in standard layout for another.
fn new_rows<T: Element, D: Dimension>(x: &ArrayRef<T, D>, axis: Axis) -> Array<T, D> {
    if rows_in_memory(x, axis).is_some() { zeros_like(x) } else { Array::zeros(x.raw_dim()) }
}
