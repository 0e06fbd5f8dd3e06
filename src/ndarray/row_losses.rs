//! Losses of the rows of arrays along an axis.

use ::ndarray::{Array, ArrayBase, ArrayRef, Axis, Data, Dimension, RemoveAxis};

use super::layout::{arranged, check_axis, ordered_rows, same_shape, slice, slice_mut, zeros_like};
use super::sealed::Sealed;
use crate::element::Element;
use crate::error::TargetError;
use crate::loss::{RowLoss, Targets, Total};

/// Losses of the rows of arrays along an axis, such as the cross-entropy over classes: this array is the prediction.
///
/// The axis is that of the classes. Targets are labels, in an array of the shape without that axis, of any integers that
/// [`Targets::labels`] takes (`aview1(&labels)` of a slice); or probabilities, in an array of the same shape. Rows are in logical order, so that sums have
/// the bits of the methods of slices, and `loss.weighted(&weights)` has `weights[r]` for the r-th row. Sealed.
///
/// ```
/// use ndarray::{Axis, array};
/// use slopes::loss::SoftmaxCrossEntropy;
/// use slopes::ndarray::RowLossExt;
///
/// // Two samples, three classes; labels, or probabilities.
/// let loss = SoftmaxCrossEntropy::new().with_ignore_label(-1);
/// let logits = array![[0.0_f64, 0.0, 0.0], [5.0, f64::NAN, 1.0]];
/// let (mean, gradient) = logits.mean_loss_axis_with_gradient(Axis(1), &loss, &array![2, -1])?;
/// assert!((mean - 3.0_f64.ln()).abs() < 1e-15);
/// assert_eq!(gradient.row(1), array![0.0, 0.0, 0.0]);
///
/// let probabilities = array![[0.0, 0.0, 1.0], [0.0, 0.0, 0.0]];
/// assert!((logits.mean_loss_axis(Axis(1), &loss, &probabilities)? - mean).abs() < 1e-15);
///
/// // Three classes, two samples.
/// assert_eq!(logits.t().mean_loss_axis(Axis(0), &loss, &array![2, -1])?, mean);
/// # Ok::<(), slopes::loss::TargetError>(())
/// ```
///
/// # Errors
/// If a label is out of range.
///
/// # Panics
/// If the array has no such axis, if the shape of the target does not fit, or if a loss that takes only labels is given
/// probabilities; the message names the shapes.
pub trait RowLossExt<T: Element, D: RemoveAxis>: Sealed {
    /// The loss of each row, in the shape without the axis.
    ///
    /// ```
    /// use ndarray::{Axis, arr1, arr2};
    /// use slopes::{loss::CategoricalHinge, ndarray::RowLossExt};
    /// let losses = arr2(&[[0.5_f64, 0.25], [0.0, 3.0]]).losses_axis(Axis(1), &CategoricalHinge, &arr1(&[0_u8, 1]))?;
    /// assert_eq!(losses, arr1(&[0.75, 0.0]));
    /// # Ok::<(), slopes::loss::TargetError>(())
    /// ```
    #[track_caller]
    fn losses_axis<F, Y>(&self, axis: Axis, loss: &F, target: &Y) -> Result<Array<T, D::Smaller>, TargetError>
    where
        F: RowLoss<T> + ?Sized,
        Y: RowTargets<T, D> + ?Sized;

    /// The sum of the losses, and the weight that their mean divides by. Totals of batches can be added.
    ///
    /// ```
    /// use ndarray::{Axis, arr1, arr2};
    /// use slopes::{loss::SoftmaxCrossEntropy, ndarray::RowLossExt};
    /// let loss = SoftmaxCrossEntropy::new();
    /// let total = arr2(&[[0.0_f64, 0.0]]).total_loss_axis(Axis(1), &loss, &arr1(&[1]))?;
    /// assert_eq!((total.sum, total.weight), (2.0_f64.ln(), 1.0));
    /// # Ok::<(), slopes::loss::TargetError>(())
    /// ```
    #[track_caller]
    fn total_loss_axis<F, Y>(&self, axis: Axis, loss: &F, target: &Y) -> Result<Total, TargetError>
    where
        F: RowLoss<T> + ?Sized,
        Y: RowTargets<T, D> + ?Sized;

    /// The mean loss; NaN for no rows.
    ///
    /// ```
    /// use ndarray::{Axis, arr1, arr2};
    /// use slopes::{loss::SoftmaxCrossEntropy, ndarray::RowLossExt};
    /// let loss = SoftmaxCrossEntropy::new();
    /// assert_eq!(arr2(&[[0.0_f64, 0.0]]).mean_loss_axis(Axis(1), &loss, &arr1(&[1]))?, 2.0_f64.ln());
    ///
    /// let error = arr2(&[[0.0_f64, 0.0]]).mean_loss_axis(Axis(1), &loss, &arr1(&[2])).unwrap_err();
    /// assert_eq!(error.to_string(), "label 2 of row 0 is out of range for 2 classes");
    /// # Ok::<(), slopes::loss::TargetError>(())
    /// ```
    #[track_caller]
    fn mean_loss_axis<F, Y>(&self, axis: Axis, loss: &F, target: &Y) -> Result<f64, TargetError>
    where
        F: RowLoss<T> + ?Sized,
        Y: RowTargets<T, D> + ?Sized,
    {
        self.total_loss_axis(axis, loss, target).map(Total::mean)
    }

    /// The [`total_loss_axis`](RowLossExt::total_loss_axis) and the gradient of the mean, in one pass.
    ///
    /// ```
    /// use ndarray::{Axis, arr1, arr2};
    /// use slopes::{loss::SoftmaxCrossEntropy, ndarray::RowLossExt};
    /// let (loss, logits) = (SoftmaxCrossEntropy::new(), arr2(&[[0.0_f64, 0.0]]));
    /// let (total, gradient) = logits.total_loss_axis_with_gradient(Axis(1), &loss, &arr1(&[1]))?;
    /// assert_eq!((total.sum, gradient), (2.0_f64.ln(), arr2(&[[0.5, -0.5]])));
    /// # Ok::<(), slopes::loss::TargetError>(())
    /// ```
    #[track_caller]
    fn total_loss_axis_with_gradient<F, Y>(
        &self,
        axis: Axis,
        loss: &F,
        target: &Y,
    ) -> Result<(Total, Array<T, D>), TargetError>
    where
        F: RowLoss<T> + ?Sized,
        Y: RowTargets<T, D> + ?Sized;

    /// The mean loss and its gradient, in one pass. The gradient of the mean of no rows is 0.
    ///
    /// ```
    /// use ndarray::{Axis, arr1, arr2};
    /// use slopes::{loss::SoftmaxCrossEntropy, ndarray::RowLossExt};
    /// let (loss, logits) = (SoftmaxCrossEntropy::new(), arr2(&[[0.0_f64, 0.0]]));
    /// let (mean, gradient) = logits.mean_loss_axis_with_gradient(Axis(1), &loss, &arr2(&[[0.5, 0.5]]))?;
    /// assert_eq!((mean, gradient), (2.0_f64.ln(), arr2(&[[0.0, 0.0]])));
    /// # Ok::<(), slopes::loss::TargetError>(())
    /// ```
    #[track_caller]
    fn mean_loss_axis_with_gradient<F, Y>(
        &self,
        axis: Axis,
        loss: &F,
        target: &Y,
    ) -> Result<(f64, Array<T, D>), TargetError>
    where
        F: RowLoss<T> + ?Sized,
        Y: RowTargets<T, D> + ?Sized,
    {
        self.total_loss_axis_with_gradient(axis, loss, target).map(|(total, gradient)| (total.mean(), gradient))
    }
}

impl<T: Element, D: RemoveAxis> RowLossExt<T, D> for ArrayRef<T, D> {
    #[track_caller]
    fn losses_axis<F, Y>(&self, axis: Axis, loss: &F, target: &Y) -> Result<Array<T, D::Smaller>, TargetError>
    where
        F: RowLoss<T> + ?Sized,
        Y: RowTargets<T, D> + ?Sized,
    {
        check_axis(self.shape(), axis);
        target.check("losses_axis", self, axis);
        let mut losses = Array::zeros(self.raw_dim().remove_axis(axis));
        let (prediction, rows) = ordered_rows(self, axis);
        target.with(&prediction, |target| loss.forward(slice(&prediction), target, rows, slice_mut(&mut losses)))?;
        Ok(losses)
    }

    #[track_caller]
    fn total_loss_axis<F, Y>(&self, axis: Axis, loss: &F, target: &Y) -> Result<Total, TargetError>
    where
        F: RowLoss<T> + ?Sized,
        Y: RowTargets<T, D> + ?Sized,
    {
        check_axis(self.shape(), axis);
        target.check("total_loss_axis", self, axis);
        let (prediction, rows) = ordered_rows(self, axis);
        target.with(&prediction, |target| loss.total(slice(&prediction), target, rows))
    }

    #[track_caller]
    fn total_loss_axis_with_gradient<F, Y>(
        &self,
        axis: Axis,
        loss: &F,
        target: &Y,
    ) -> Result<(Total, Array<T, D>), TargetError>
    where
        F: RowLoss<T> + ?Sized,
        Y: RowTargets<T, D> + ?Sized,
    {
        check_axis(self.shape(), axis);
        target.check("total_loss_axis_with_gradient", self, axis);
        let (prediction, rows) = ordered_rows(self, axis);
        let mut gradient = zeros_like(&*prediction);
        let total = target.with(&prediction, |target| {
            loss.total_with_gradient(slice(&prediction), target, rows, slice_mut(&mut gradient))
        })?;
        Ok((total, gradient))
    }
}

/// The targets of the rows of an array of dimension `D`: an array of integers of the dimension below, or of `T`, of the same
/// dimension. Sealed.
///
/// ```
/// use ndarray::{Axis, array};
/// use slopes::loss::CategoricalCrossEntropy;
/// use slopes::ndarray::RowLossExt;
///
/// let (prediction, loss) = (array![[0.5_f64, 0.5], [1.0, 0.0]], CategoricalCrossEntropy::new());
/// let by_label = prediction.mean_loss_axis(Axis(1), &loss, &array![0_u8, 0])?;
/// let by_probability = prediction.mean_loss_axis(Axis(1), &loss, &array![[1.0, 0.0], [1.0, 0.0]])?;
/// assert!(by_label == by_probability && (by_label - 2.0_f64.ln() / 2.0).abs() < 1e-15);
/// # Ok::<(), slopes::loss::TargetError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no target of the rows of an array of `{T}`, of dimension `{D}`",
    note = "labels are an array of integers with one axis less (of a slice, `ndarray::aview1(&labels)`); probabilities are an \
            array of the same type and dimension"
)]
pub trait RowTargets<T: Element, D: RemoveAxis>: target::Sealed {
    /// Panics if the shape does not fit.
    #[doc(hidden)]
    #[track_caller]
    fn check(&self, method: &str, prediction: &ArrayRef<T, D>, axis: Axis);

    /// Calls a function with the targets, in the order of the prediction.
    #[doc(hidden)]
    fn with<R>(&self, prediction: &ArrayRef<T, D>, call: impl FnOnce(Targets<'_, T>) -> R) -> R;
}

mod target {
    pub trait Sealed {}
}

/// Implements [`RowTargets`] for arrays of a type of labels, or of probabilities; and for what dereferences to them.
macro_rules! targets {
    (labels $($L:ty),+) => {
        $(
            impl<T: Element, D: RemoveAxis> RowTargets<T, D> for ArrayRef<$L, D::Smaller> {
                #[track_caller]
                fn check(&self, method: &str, prediction: &ArrayRef<T, D>, axis: Axis) {
                    let shape = prediction.raw_dim().remove_axis(axis);
                    let shape = shape.as_array_view();
                    if shape.iter().ne(self.shape()) {
                        let (shape, labels) = (prediction.shape(), self.shape());
                        panic!(
                            "{method}: shapes differ: prediction has {shape:?} without axis {}, labels have {labels:?}",
                            axis.0
                        );
                    }
                }
                fn with<R>(&self, _: &ArrayRef<T, D>, call: impl FnOnce(Targets<'_, T>) -> R) -> R {
                    call(Targets::labels(slice(&self.as_standard_layout())))
                }
            }
            targets! { @deref [T: Element, D: RemoveAxis] T, D, $L, D::Smaller }
        )+
    };
    (probabilities $($T:ty),+) => {
        $(
            impl<D: RemoveAxis> RowTargets<$T, D> for ArrayRef<$T, D> {
                #[track_caller]
                fn check(&self, method: &str, prediction: &ArrayRef<$T, D>, _: Axis) {
                    same_shape(method, [("prediction", prediction.shape()), ("probabilities", self.shape())]);
                }
                fn with<R>(&self, prediction: &ArrayRef<$T, D>, call: impl FnOnce(Targets<'_, $T>) -> R) -> R {
                    call(Targets::Probabilities(slice(&arranged(self, prediction))))
                }
            }
            targets! { @deref [D: RemoveAxis] $T, D, $T, D }
        )+
    };
    (@deref [$($generics:tt)*] $T:ty, $D:ty, $L:ty, $E:ty) => {
        impl<$($generics)*, S: Data<Elem = $L>> RowTargets<$T, $D> for ArrayBase<S, $E, $L> {
            #[track_caller]
            fn check(&self, method: &str, prediction: &ArrayRef<$T, $D>, axis: Axis) {
                (**self).check(method, prediction, axis);
            }
            fn with<R>(&self, prediction: &ArrayRef<$T, $D>, call: impl FnOnce(Targets<'_, $T>) -> R) -> R {
                (**self).with(prediction, call)
            }
        }
    };
}
targets! { labels u8, u16, u32, u64, usize, i32, i64 }
targets! { probabilities f32, f64 }
#[cfg(feature = "half")]
targets! { probabilities half::f16, half::bf16 }

impl<A, D: Dimension> target::Sealed for ArrayRef<A, D> {}
impl<A, S: Data<Elem = A>, D: Dimension> target::Sealed for ArrayBase<S, D, A> {}
