//! Elementwise losses of arrays.

use ::ndarray::{Array, ArrayRef, Dimension};

use super::layout::{same_shape, slice, slice_mut};
use super::sealed::Sealed;
use crate::element::Element;
use crate::loss::{Loss, Total};

/// Elementwise losses of arrays: this array is the prediction.
///
/// Samples are in logical order, row by row, whatever the layout: sums have the bits of [`Loss::sum`] of slices in that
/// order, and `loss.weighted(&weights)` has `weights[i]` for the i-th sample. Of arrays in standard layout, a call is one
/// call of the method of slices; others are copied. Losses and gradients are in standard layout. Sealed.
///
/// ```
/// use ndarray::array;
/// use slopes::loss::{Huber, Loss, Mse};
/// use slopes::ndarray::LossExt;
///
/// let (prediction, target) = (array![[1.0_f64, 2.0], [4.0, 0.0]], array![[1.0, 0.0], [1.0, 0.0]]);
/// assert_eq!(prediction.mean_loss(&Mse, &target), 13.0 / 4.0);
/// assert_eq!(prediction.losses(&Huber::DEFAULT, &target), array![[0.0, 1.5], [2.5, 0.0]]);
///
/// let (mean, gradient) = prediction.mean_loss_with_gradient(&Mse, &target);
/// assert_eq!((mean, gradient), (3.25, array![[0.0, 1.0], [1.5, 0.0]]));
///
/// // The third sample alone.
/// assert_eq!(prediction.mean_loss(&Mse.weighted(&[0.0, 0.0, 1.0, 0.0]), &target), 9.0);
/// ```
///
/// # Panics
/// If the shapes of arrays differ; the message names them.
pub trait LossExt<T: Element, D: Dimension>: Sealed {
    /// The loss of each sample.
    ///
    /// ```
    /// use ndarray::arr1;
    /// use slopes::{loss::Mae, ndarray::LossExt};
    /// assert_eq!(arr1(&[1.0_f32, 2.0]).losses(&Mae, &arr1(&[3.0, 2.0])), arr1(&[2.0, 0.0]));
    /// ```
    #[must_use]
    #[track_caller]
    fn losses<F: Loss<T> + ?Sized>(&self, loss: &F, target: &ArrayRef<T, D>) -> Array<T, D>;

    /// The sum of the losses, and the weight that their mean divides by. Totals of batches can be added.
    ///
    /// ```
    /// use ndarray::arr1;
    /// use slopes::{loss::Mae, ndarray::LossExt};
    /// let total = arr1(&[1.0_f32, 2.0]).total_loss(&Mae, &arr1(&[3.0, 2.0]));
    /// assert_eq!((total.sum, total.weight), (2.0, 2.0));
    /// ```
    #[must_use]
    #[track_caller]
    fn total_loss<F: Loss<T> + ?Sized>(&self, loss: &F, target: &ArrayRef<T, D>) -> Total;

    /// The mean loss; NaN for no samples.
    ///
    /// ```
    /// use ndarray::arr1;
    /// use slopes::{loss::Mae, ndarray::LossExt};
    /// assert_eq!(arr1(&[1.0_f32, 2.0]).mean_loss(&Mae, &arr1(&[3.0, 2.0])), 1.0);
    /// ```
    #[must_use]
    #[track_caller]
    fn mean_loss<F: Loss<T> + ?Sized>(&self, loss: &F, target: &ArrayRef<T, D>) -> f64 {
        self.total_loss(loss, target).mean()
    }

    /// The gradient of `scale` times the sum of the losses, in each prediction.
    ///
    /// ```
    /// use ndarray::arr1;
    /// use slopes::{loss::Mse, ndarray::LossExt};
    /// assert_eq!(arr1(&[1.0_f32, 2.0]).loss_gradient(&Mse, &arr1(&[0.0, 0.0]), 0.5), arr1(&[1.0, 2.0]));
    /// ```
    #[must_use]
    #[track_caller]
    fn loss_gradient<F: Loss<T> + ?Sized>(&self, loss: &F, target: &ArrayRef<T, D>, scale: f64) -> Array<T, D>;

    /// The [`total_loss`](LossExt::total_loss) and the gradient of the mean, in one pass.
    ///
    /// ```
    /// use ndarray::arr1;
    /// use slopes::{loss::Mse, ndarray::LossExt};
    /// let (total, gradient) = arr1(&[1.0_f32, 2.0]).total_loss_with_gradient(&Mse, &arr1(&[0.0, 0.0]));
    /// assert_eq!((total.sum, gradient), (5.0, arr1(&[1.0, 2.0])));
    /// ```
    #[must_use]
    #[track_caller]
    fn total_loss_with_gradient<F: Loss<T> + ?Sized>(&self, loss: &F, target: &ArrayRef<T, D>) -> (Total, Array<T, D>);

    /// The mean loss and its gradient, in one pass.
    ///
    /// ```
    /// use ndarray::arr1;
    /// use slopes::{loss::Mse, ndarray::LossExt};
    /// let (mean, gradient) = arr1(&[1.0_f32, 2.0]).mean_loss_with_gradient(&Mse, &arr1(&[0.0, 0.0]));
    /// assert_eq!((mean, gradient), (2.5, arr1(&[1.0, 2.0])));
    /// ```
    #[must_use]
    #[track_caller]
    fn mean_loss_with_gradient<F: Loss<T> + ?Sized>(&self, loss: &F, target: &ArrayRef<T, D>) -> (f64, Array<T, D>) {
        let (total, gradient) = self.total_loss_with_gradient(loss, target);
        (total.mean(), gradient)
    }
}

/// Checks the shapes, and returns what a call of slices in logical order does.
macro_rules! in_order {
    ($method:literal, $prediction:expr, $target:expr, |$p:ident, $t:ident| $call:expr) => {{
        same_shape($method, [("prediction", $prediction.shape()), ("target", $target.shape())]);
        let ($p, $t) = ($prediction.as_standard_layout(), $target.as_standard_layout());
        let ($p, $t) = (slice(&$p), slice(&$t));
        $call
    }};
}

impl<T: Element, D: Dimension> LossExt<T, D> for ArrayRef<T, D> {
    #[track_caller]
    fn losses<F: Loss<T> + ?Sized>(&self, loss: &F, target: &ArrayRef<T, D>) -> Array<T, D> {
        let mut losses = Array::zeros(self.raw_dim());
        in_order!("losses", self, target, |p, t| loss.forward_slice(p, t, slice_mut(&mut losses)));
        losses
    }

    #[track_caller]
    fn total_loss<F: Loss<T> + ?Sized>(&self, loss: &F, target: &ArrayRef<T, D>) -> Total {
        in_order!("total_loss", self, target, |p, t| loss.total(p, t))
    }

    #[track_caller]
    fn loss_gradient<F: Loss<T> + ?Sized>(&self, loss: &F, target: &ArrayRef<T, D>, scale: f64) -> Array<T, D> {
        let mut gradient = Array::zeros(self.raw_dim());
        in_order!("loss_gradient", self, target, |p, t| loss.gradient(p, t, scale, slice_mut(&mut gradient)));
        gradient
    }

    #[track_caller]
    fn total_loss_with_gradient<F: Loss<T> + ?Sized>(&self, loss: &F, target: &ArrayRef<T, D>) -> (Total, Array<T, D>) {
        let mut gradient = Array::zeros(self.raw_dim());
        let total = in_order!("total_loss_with_gradient", self, target, |p, t| {
            loss.total_with_gradient(p, t, slice_mut(&mut gradient))
        });
        (total, gradient)
    }
}
