//! Losses of rows: cross-entropy over classes, multi-class margins, overlap (Dice, Tversky).

#[macro_use]
pub(crate) mod categorical;
#[macro_use]
pub(crate) mod cross_entropy;
pub(crate) mod driver;
mod each_row;
mod from_logits;
pub(crate) mod in_f32;
#[macro_use]
pub(crate) mod margin;
#[macro_use]
pub(crate) mod overlap;
pub(crate) mod targets;

use crate::compiled::Here;
use crate::element::Element;
use crate::error::TargetError;
use crate::loss::{
    CategoricalCrossEntropy, CategoricalFocal, CategoricalHinge, Dice, MultiMargin, NegativeLogLikelihood,
    SoftmaxCrossEntropy, Total, Tversky,
};
use crate::row::Rows;
use crate::spec::Spec;
use driver::{Batch, BatchTotals, Bound, Prediction, RowFormula, Scale};
use targets::Targets;

/// A loss of rows, such as the cross-entropy over classes: the loss of each row, sums and means, and the derivatives in
/// every prediction.
///
/// `prediction` has one number for each class of each row: that of class i of row (o, j) is
/// `prediction[(o * classes + i) * inner + j]`, in the layout that [`Rows`] describes. Gradients, Hessians and
/// probability targets have the same layout. Labels, weights and `losses` have one number for each row, in the order of
/// rows, `o * inner + j`. See [`Targets`].
///
/// ```
/// use slopes::Rows;
/// use slopes::loss::{RowLoss, SoftmaxCrossEntropy, Targets};
///
/// let loss = SoftmaxCrossEntropy::new().with_ignore_label(-1);
/// let (logits, target, rows) = ([2.0_f64, 0.0, f64::NAN, 7.0], Targets::labels(&[0, -1]), Rows::contiguous(2));
/// let mut gradient = [1.0; 4];
/// let mean = loss.mean_with_gradient(&logits, target, rows, &mut gradient)?;
/// assert!((mean - 0.126928).abs() < 1e-6);
/// assert_eq!(gradient[2..], [0.0; 2]);
/// # Ok::<(), slopes::loss::TargetError>(())
/// ```
///
/// Sums are in f64 for every element type, in an order that depends on the number of rows alone. Rows that are ignored
/// have a loss, a gradient and a Hessian of 0 whatever they hold, NaN included, and have no effect on a sum.
///
/// This trait is sealed: only losses of this crate implement it.
///
/// # Errors
/// If a label is out of range; nothing is written then.
///
/// # Panics
/// If the lengths of slices do not match, or if a loss that takes only labels is given probabilities, before anything
/// is written.
pub trait RowLoss<T: Element>: Send + Sync {
    /// The specification of the loss, for its default parameters.
    #[must_use]
    fn spec(&self) -> &'static Spec;

    /// Computes the results of a batch that are asked for.
    #[doc(hidden)]
    fn compute(&self, batch: Batch<'_, T>) -> Result<BatchTotals, TargetError>;

    /// Writes the initial scores of a batch of targets.
    #[doc(hidden)]
    fn scores(&self, targets: Batch<'_, T>, scores: &mut [T]) -> Result<bool, TargetError>;

    /// The loss of each row: `losses[r]` is that of row r.
    #[track_caller]
    fn forward(
        &self,
        prediction: &[T],
        target: Targets<'_, T>,
        rows: Rows,
        losses: &mut [T],
    ) -> Result<(), TargetError> {
        let batch = Batch { losses: Some(losses), ..Batch::new(prediction, target, rows) };
        self.compute(batch).map(|_| ())
    }

    /// The sum of the losses; 0 for no rows.
    #[track_caller]
    fn sum(&self, prediction: &[T], target: Targets<'_, T>, rows: Rows) -> Result<f64, TargetError> {
        self.compute(Batch::new(prediction, target, rows)).map(|totals| totals.sum)
    }

    /// The divisor of [`mean`](RowLoss::mean): the number of rows that are not ignored, or the sum of their weights. A
    /// row is ignored if its label is the label to ignore, if its sample weight is 0, or, for a cross-entropy, if its
    /// probabilities are all 0. The page of a loss with class weights says if they are part of the divisor.
    #[track_caller]
    fn total_weight(&self, target: Targets<'_, T>, rows: Rows) -> Result<f64, TargetError> {
        self.compute(Batch::of_targets(target, rows)).map(|totals| totals.weight)
    }

    /// The sum of the losses and the [`total_weight`](RowLoss::total_weight). Totals of batches can be added.
    #[track_caller]
    fn total(&self, prediction: &[T], target: Targets<'_, T>, rows: Rows) -> Result<Total, TargetError> {
        let batch = Batch { scale: Scale::Mean, ..Batch::new(prediction, target, rows) };
        self.compute(batch).map(|BatchTotals { sum, weight, .. }| Total { sum, weight })
    }

    /// The mean loss: the sum divided by the [`total_weight`](RowLoss::total_weight); NaN for no rows.
    #[track_caller]
    fn mean(&self, prediction: &[T], target: Targets<'_, T>, rows: Rows) -> Result<f64, TargetError> {
        self.total(prediction, target, rows).map(Total::mean)
    }

    /// The sum of the losses divided by the number of rows that are not ignored, whatever their weights; NaN for no
    /// rows.
    #[track_caller]
    fn mean_unweighted(&self, prediction: &[T], target: Targets<'_, T>, rows: Rows) -> Result<f64, TargetError> {
        let batch = Batch { scale: Scale::MeanUnweighted, ..Batch::new(prediction, target, rows) };
        self.compute(batch).map(|totals| totals.sum / totals.counted)
    }

    /// The gradient of `scale` times the sum in each prediction.
    #[track_caller]
    fn gradient(
        &self,
        prediction: &[T],
        target: Targets<'_, T>,
        rows: Rows,
        scale: f64,
        gradient: &mut [T],
    ) -> Result<(), TargetError> {
        self.sum_with_gradient(prediction, target, rows, scale, gradient).map(|_| ())
    }

    /// The sum of the losses and the [`gradient`](RowLoss::gradient), in one pass.
    #[track_caller]
    fn sum_with_gradient(
        &self,
        prediction: &[T],
        target: Targets<'_, T>,
        rows: Rows,
        scale: f64,
        gradient: &mut [T],
    ) -> Result<f64, TargetError> {
        let (scale, gradient) = (Scale::By(scale), Some(gradient));
        let batch = Batch { scale, gradient, ..Batch::new(prediction, target, rows) };
        self.compute(batch).map(|totals| totals.sum)
    }

    /// The sum of the losses and the gradient, which replaces the prediction; see
    /// [`sum_with_gradient`](RowLoss::sum_with_gradient).
    #[track_caller]
    fn sum_with_gradient_in_place(
        &self,
        prediction: &mut [T],
        target: Targets<'_, T>,
        rows: Rows,
        scale: f64,
    ) -> Result<f64, TargetError> {
        let (prediction, scale) = (Prediction::Replaced(prediction), Scale::By(scale));
        let batch = Batch { prediction, scale, ..Batch::of_targets(target, rows) };
        self.compute(batch).map(|totals| totals.sum)
    }

    /// The [`total`](RowLoss::total) and the gradient of the mean, in one pass: for batches whose mean losses are to be put
    /// together. The gradient of the mean of no rows is 0.
    ///
    /// ```
    /// use slopes::Rows;
    /// use slopes::loss::{RowLoss, SoftmaxCrossEntropy, Targets};
    ///
    /// let (loss, logits, target) = (SoftmaxCrossEntropy::new(), [0.0_f64; 4], Targets::labels(&[0, 1]));
    /// let mut gradient = [0.0; 4];
    /// let total = loss.total_with_gradient(&logits, target, Rows::contiguous(2), &mut gradient)?;
    /// assert_eq!((total.mean(), total.weight), (2.0_f64.ln(), 2.0));
    /// assert_eq!(gradient, [-0.25, 0.25, 0.25, -0.25]);
    /// # Ok::<(), slopes::loss::TargetError>(())
    /// ```
    #[track_caller]
    fn total_with_gradient(
        &self,
        prediction: &[T],
        target: Targets<'_, T>,
        rows: Rows,
        gradient: &mut [T],
    ) -> Result<Total, TargetError> {
        let batch = Batch::new(prediction, target, rows);
        let batch = Batch { scale: Scale::Mean, gradient: Some(gradient), ..batch };
        self.compute(batch).map(|BatchTotals { sum, weight, .. }| Total { sum, weight })
    }

    /// The [`mean`](RowLoss::mean) and its gradient, in one pass. The gradient of the mean of no rows is 0.
    #[track_caller]
    fn mean_with_gradient(
        &self,
        prediction: &[T],
        target: Targets<'_, T>,
        rows: Rows,
        gradient: &mut [T],
    ) -> Result<f64, TargetError> {
        self.total_with_gradient(prediction, target, rows, gradient).map(Total::mean)
    }

    /// The [`mean_unweighted`](RowLoss::mean_unweighted) and its gradient, in one pass.
    #[track_caller]
    fn mean_unweighted_with_gradient(
        &self,
        prediction: &[T],
        target: Targets<'_, T>,
        rows: Rows,
        gradient: &mut [T],
    ) -> Result<f64, TargetError> {
        let batch = Batch::new(prediction, target, rows);
        let batch = Batch { scale: Scale::MeanUnweighted, gradient: Some(gradient), ..batch };
        self.compute(batch).map(|totals| totals.sum / totals.counted)
    }

    /// The gradient and the Hessian: `scale` times the first and the second derivative in each prediction. The Hessian
    /// is the diagonal of the matrix of second derivatives of a row. It may be 0 or negative, unless the page of the
    /// loss says otherwise.
    #[track_caller]
    fn gradient_with_hessian(
        &self,
        prediction: &[T],
        target: Targets<'_, T>,
        rows: Rows,
        scale: f64,
        gradient: &mut [T],
        hessian: &mut [T],
    ) -> Result<(), TargetError> {
        let batch = Batch::new(prediction, target, rows);
        self.compute(batch.with_hessian(scale, gradient, hessian, None)).map(|_| ())
    }

    /// The gradient and a bound on the Hessian, for methods that divide by it, such as gradient boosting: at least the
    /// magnitude of each second derivative, and large enough that a step of gradient / bound in one prediction does not
    /// overshoot. The page of a loss has its formula. It is positive, at least 2^-100 (which f16 rounds to 0);
    /// in rows that are ignored, it is 0, as the gradient is. `scale` must not be negative. See
    /// [`gradient_with_hessian`](RowLoss::gradient_with_hessian).
    ///
    /// ```
    /// use slopes::Rows;
    /// use slopes::loss::{MultiMargin, RowLoss, Targets};
    ///
    /// let (mut gradient, mut bound) = ([0.0; 2], [0.0; 2]);
    /// let (loss, target, rows) = (MultiMargin::default(), Targets::labels(&[0]), Rows::contiguous(2));
    /// loss.gradient_with_hessian_bound(&[0.5_f64, 1.0], target, rows, 1.0, &mut gradient, &mut bound)?;
    /// assert_eq!(bound, [0.5; 2]);
    /// # Ok::<(), slopes::loss::TargetError>(())
    /// ```
    #[track_caller]
    fn gradient_with_hessian_bound(
        &self,
        prediction: &[T],
        target: Targets<'_, T>,
        rows: Rows,
        scale: f64,
        gradient: &mut [T],
        bound: &mut [T],
    ) -> Result<(), TargetError> {
        let batch = Batch::new(prediction, target, rows);
        self.compute(batch.with_hessian(scale, gradient, bound, Some(Bound::Diagonal))).map(|_| ())
    }

    /// The gradient and a bound on the whole matrix of second derivatives of a row, for methods that change all
    /// predictions of a row at once, such as boosting with one tree for each class: the diagonal matrix of the bound,
    /// minus that of the second derivatives, has no negative eigenvalue. Positive, but 0 in rows that are ignored. For
    /// the cross-entropy from logits it is twice the bound of
    /// [`gradient_with_hessian_bound`](RowLoss::gradient_with_hessian_bound).
    ///
    /// ```
    /// use slopes::Rows;
    /// use slopes::loss::{RowLoss, SoftmaxCrossEntropy, Targets};
    ///
    /// let (mut gradient, mut bound) = ([0.0; 2], [0.0; 2]);
    /// let (loss, target, rows) = (SoftmaxCrossEntropy::new(), Targets::labels(&[0]), Rows::contiguous(2));
    /// loss.gradient_with_matrix_bound(&[0.0_f64, 0.0], target, rows, 1.0, &mut gradient, &mut bound)?;
    /// assert_eq!((gradient, bound), ([-0.5, 0.5], [0.5, 0.5]));
    /// # Ok::<(), slopes::loss::TargetError>(())
    /// ```
    #[track_caller]
    fn gradient_with_matrix_bound(
        &self,
        prediction: &[T],
        target: Targets<'_, T>,
        rows: Rows,
        scale: f64,
        gradient: &mut [T],
        bound: &mut [T],
    ) -> Result<(), TargetError> {
        let batch = Batch::new(prediction, target, rows);
        self.compute(batch.with_hessian(scale, gradient, bound, Some(Bound::Matrix))).map(|_| ())
    }

    /// The constant predictions with the least weighted mean loss, the initial predictions of gradient boosting:
    /// `scores[c]` is that of class c. For the cross-entropy from logits, it is the logarithm of the share of class c
    /// in the targets, -inf if it has none. The length of a row of `rows` is the number of classes. Returns true if the
    /// loss has initial scores; else nothing is written.
    ///
    /// ```
    /// use slopes::Rows;
    /// use slopes::loss::{RowLoss, SoftmaxCrossEntropy, Targets};
    ///
    /// let mut scores = [0.0_f64; 2];
    /// let target = Targets::labels(&[0, 1, 1, 1]);
    /// let found = SoftmaxCrossEntropy::new().initial_scores(target, Rows::contiguous(2), &mut scores)?;
    /// assert!(found && (scores[1] - 0.75_f64.ln()).abs() < 1e-15);
    /// # Ok::<(), slopes::loss::TargetError>(())
    /// ```
    #[track_caller]
    fn initial_scores(&self, target: Targets<'_, T>, rows: Rows, scores: &mut [T]) -> Result<bool, TargetError> {
        self.scores(Batch::of_targets(target, rows), scores)
    }
}

/// A loss of rows with a weight for each row; the method `weighted` of a loss makes it.
///
/// ```
/// use slopes::Rows;
/// use slopes::loss::{NegativeLogLikelihood, RowLoss, Targets};
///
/// // Two rows of two classes.
/// let (z, target) = ([-1.0_f32, -0.5, -0.25, -2.0], Targets::labels(&[1, 0]));
/// let loss = NegativeLogLikelihood::new();
/// assert_eq!(loss.weighted(&[2.0, 4.0]).sum(&z, target, Rows::contiguous(2)), Ok(2.0 * 0.5 + 4.0 * 0.25));
/// ```
///
/// # Panics
/// Methods panic if the number of weights is not that of rows, or if the loss already has weights for its rows.
#[derive(Clone, Copy, Debug)]
pub struct WeightedRows<'a, F> {
    loss: F,
    weights: &'a [f64],
}

impl<'a, F> WeightedRows<'a, F> {
    /// The loss with these weights; for unsized losses too, such as `dyn RowLoss<f32>`.
    ///
    /// ```
    /// use slopes::Rows;
    /// use slopes::loss::{RowLoss, SoftmaxCrossEntropy, Targets, WeightedRows};
    ///
    /// let loss: &dyn RowLoss<f64> = &SoftmaxCrossEntropy::new();
    /// let sum = WeightedRows::new(loss, &[2.0]).sum(&[0.0, 0.0], Targets::labels(&[0]), Rows::contiguous(2))?;
    /// assert_eq!(sum, 2.0 * 2.0_f64.ln());
    /// # Ok::<(), slopes::loss::TargetError>(())
    /// ```
    #[must_use]
    pub const fn new(loss: F, weights: &'a [f64]) -> Self {
        WeightedRows { loss, weights }
    }

    /// The batch with the weights of its rows.
    #[track_caller]
    fn weigh<'b, T: Element>(&self, batch: Batch<'b, T>) -> Batch<'b, T>
    where
        'a: 'b,
    {
        assert!(batch.sample_weights.is_none(), "the loss already has weights for its rows");
        let weights = batch.part.clone().map_or(self.weights, |part| &self.weights[part]);
        Batch { sample_weights: Some(weights), ..batch }
    }
}

impl<A: RowLoss<T> + ?Sized, T: Element> RowLoss<T> for &A {
    fn spec(&self) -> &'static Spec {
        (**self).spec()
    }
    #[track_caller]
    fn compute(&self, batch: Batch<'_, T>) -> Result<BatchTotals, TargetError> {
        (**self).compute(batch)
    }
    #[track_caller]
    fn scores(&self, targets: Batch<'_, T>, scores: &mut [T]) -> Result<bool, TargetError> {
        (**self).scores(targets, scores)
    }
}

impl<F: RowLoss<T>, T: Element> RowLoss<T> for WeightedRows<'_, F> {
    fn spec(&self) -> &'static Spec {
        self.loss.spec()
    }
    #[track_caller]
    fn compute(&self, batch: Batch<'_, T>) -> Result<BatchTotals, TargetError> {
        self.loss.compute(self.weigh(batch))
    }
    #[track_caller]
    fn scores(&self, targets: Batch<'_, T>, scores: &mut [T]) -> Result<bool, TargetError> {
        self.loss.scores(self.weigh(targets), scores)
    }
}

/// The compiled methods of [`RowLoss`], for the macros of `compiled.rs`.
macro_rules! row_loss_methods {
    ($then:path: $context:tt) => {
        $then! { $context
            compute(batch: $crate::loss::row::driver::Batch<'_, T>) -> Result<$crate::loss::row::driver::BatchTotals, TargetError>;
            scores(targets: $crate::loss::row::driver::Batch<'_, T>, scores: &mut [T]) -> Result<bool, TargetError>;
        }
    };
}

/// The compiled methods of [`RowLoss`], implemented by an element.
pub(crate) trait ComputeRows<F, T: Element> {
    #[track_caller]
    fn compute(f: &F, batch: Batch<'_, T>) -> Result<BatchTotals, TargetError>;
    #[track_caller]
    fn scores(f: &F, targets: Batch<'_, T>, scores: &mut [T]) -> Result<bool, TargetError>;
}

/// Implements [`RowLoss`] for each loss of rows, compiles its kernels, and declares the enum of them.
macro_rules! row_losses {
    ($(#[$doc:meta])* $Any:ident: $($Name:ident $(<$lifetime:lifetime>)?),+ $(,)?) => {
        $(
            row_loss_methods! { crate::compiled::compile: { [$($lifetime)?] ComputeRows of $Name $(<$lifetime>)? } }
            row_losses! { @weighted [$($lifetime)?], $Name $(<$lifetime>)? }
            row_loss_methods! { crate::__implement: {
                [$($lifetime,)?] loss RowLoss ComputeRows, T::Kernels, $Name $(<$lifetime>)?, {
                    fn spec(&self) -> &'static Spec {
                        self.spec()
                    }
                }
            } }
        )+

        /// The compiled kernels of the losses of rows.
        pub(crate) trait RowLosses<T: Element>: $($(for<$lifetime>)? ComputeRows<$Name $(<$lifetime>)?, T> +)+ {}
        crate::compiled::for_each_element! { crate::compiled::implement_all: @of RowLosses }

        crate::any::any! { $(#[$doc])* $Any ['a] of "loss" in row_table; $($Name $(<$lifetime>)?),+ }
        crate::any::object! { ['a] $Any, RowLoss; $($Name),+ }
        row_losses! { @weighted ['a], $Any<'a> }
        row_loss_methods! { crate::compiled::delegate: { RowLoss, $Any<'_> } }
    };
    (@weighted [$($lifetime:lifetime)?], $Name:ty) => {
        impl<$($lifetime)?> $Name {
            /// The loss with a weight for each row: `weights[r]` multiplies the loss and the derivatives of row r,
            /// and the mean divides by the sum of the weights. A row of weight 0 is ignored.
            ///
            /// ```
            /// use slopes::Rows;
            /// use slopes::loss::{RowLoss, SoftmaxCrossEntropy, Targets};
            ///
            /// let (logits, target) = ([0.0_f64, 0.0, f64::NAN, 1.0], Targets::labels(&[0, 1]));
            /// let loss = SoftmaxCrossEntropy::new();
            /// let mean = loss.weighted(&[3.0, 0.0]).mean(&logits, target, Rows::contiguous(2))?;
            /// assert_eq!(mean, 2.0_f64.ln());
            /// # Ok::<(), slopes::loss::TargetError>(())
            /// ```
            #[must_use]
            pub fn weighted<'w>(self, weights: &'w [f64]) -> WeightedRows<'w, Self> {
                WeightedRows::new(self, weights)
            }
        }
    };
}
row_losses! {
    /// Any loss of rows, chosen at run time: an enum that can be copied, compared, hashed, written as text and parsed.
    /// The text is the name of the loss, followed by its parameters if it has any, as for
    /// [`AnyLoss`](crate::loss::AnyLoss). Weights of classes are no part of the text; they are set on the loss itself.
    /// Labels to ignore are compared and written exactly up to 2^53 in magnitude.
    ///
    /// ```
    /// use slopes::Rows;
    /// use slopes::loss::{AnyRowLoss, RowLoss, Targets};
    ///
    /// let mut loss: AnyRowLoss = "CrossEntropyLoss(label_smoothing=0.1)".parse()?;
    /// assert_eq!(loss.to_string(), "softmax_cross_entropy(ignore_label=none, label_smoothing=0.1, z_loss=0)");
    /// let sum = loss.sum(&[0.0_f64, 0.0], Targets::labels(&[1]), Rows::contiguous(2))?;
    /// assert_eq!(sum, 2.0_f64.ln());
    ///
    /// let weights = [1.0, 3.0];
    /// if let AnyRowLoss::SoftmaxCrossEntropy(cross_entropy) = &mut loss {
    ///     *cross_entropy = cross_entropy.with_class_weights(&weights)?;
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    AnyRowLoss: SoftmaxCrossEntropy<'a>, CategoricalFocal<'a>, CategoricalCrossEntropy, NegativeLogLikelihood<'a>,
    MultiMargin, CategoricalHinge, Dice, Tversky,
}

impl<F: RowFormula, T: Element> ComputeRows<F, T> for Here {
    #[track_caller]
    fn compute(f: &F, batch: Batch<'_, T>) -> Result<BatchTotals, TargetError> {
        driver::compute(f, batch)
    }
    #[track_caller]
    fn scores(f: &F, targets: Batch<'_, T>, scores: &mut [T]) -> Result<bool, TargetError> {
        driver::initial_scores(f, targets, scores)
    }
}
