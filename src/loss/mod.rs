//! Loss functions: values, gradients and second derivatives; sums and means over samples.
//!
//! [`Loss`] is the trait to call for samples of one prediction and one target (regression, binary classification),
//! [`RowLoss`] for samples that are rows (classes). [`LossFormula`] is the trait to implement for a new loss. Arguments
//! are in the order `(prediction, target)`.
//!
//! # Elementwise losses
//!
//! Error bounds are those of the value, the derivative and the second derivative, in ulp; the page of a function has
//! those of f64, and absolute ones beside roots.
//!
#![doc = elementwise_table::table!()]
//!
//! # Losses of rows
//!
//! Error bounds of losses that are not elementwise are those of the value and its gradients: in ulp, or in multiples of
//! 2^-24 times a quantity that the page of the function names.
//!
#![doc = row_table::table!()]
//!
//! # Losses of distances and of three numbers
//!
#![doc = group_table::table!()]
//!
//! # Penalties of weights
//!
#![doc = penalty_table::table!()]

#[macro_use]
pub(crate) mod distance;
#[macro_use]
pub(crate) mod elementwise;
mod formula;
pub(crate) mod group;
pub(crate) mod penalty;
pub(crate) mod row;
mod total;

use core::fmt;
use core::ops::Range;

use crate::check::same_length;
use crate::compiled::Here;
use crate::convert::of_count;
use crate::element::Element;
use crate::error::UnknownNameError;
use crate::exact_sum::ExactSum;
#[cfg(feature = "rayon")]
use crate::parallel::{self, Part};
use crate::simd::block_on_stack;
use crate::slice::{self, Dst, Src};
use crate::spec::Spec;
use crate::sum::sum_in_blocks;
use elementwise::{likelihood, margin, rates, regression, weighted};
use formula::{Derivative, Gradient, GradientAndHessianBound, HessianBound, SecondDerivative, Value, ValueAndGradient};
use group::group_table;
use penalty::penalty_table;
use row::row_table;

pub use crate::error::TargetError;
pub use crate::row::Rows;
pub use distance::contrastive::Contrastive;
pub use distance::cosine::{CosineEmbedding, CosineSimilarity};
pub use distance::triplet::Triplet;
pub use elementwise::pos_weights::MultiLabelCrossEntropy;
pub use elementwise::three_inputs::{GaussianNll, MarginRanking};
#[cfg(feature = "rayon")]
pub(crate) use elementwise::weighted::Places;
pub use elementwise::weighted::Weighted;
pub(crate) use elementwise::{LEAST_BOUND, positive_bound};
pub use formula::LossFormula;
pub use group::AnyGroupLoss;
pub use penalty::{AnyPenalty, ElasticNet, L1, L2, Penalty};
pub(crate) use row::ComputeRows;
pub use row::categorical::{CategoricalCrossEntropy, NegativeLogLikelihood};
pub use row::cross_entropy::{CategoricalFocal, SoftmaxCrossEntropy};
pub use row::margin::{CategoricalHinge, MultiMargin};
pub use row::overlap::{Dice, Tversky};
pub use row::targets::{Label, Labels, Targets};
pub use row::{AnyRowLoss, RowLoss, WeightedRows};
pub use total::Total;
use total::inverse;

/// An elementwise loss of a prediction and a target: value, derivatives in the prediction, and sums over slices.
///
/// The crate's own losses implement it for every [`Element`], through [`LossFormula`].
///
/// ```
/// use slopes::loss::{Loss, Mse};
///
/// let (prediction, target) = ([1.0_f32, 2.0, 4.0], [1.0, 0.0, 1.0]);
/// assert_eq!(Mse.sum(&prediction, &target), 13.0);
/// let mut gradient = [0.0; 3];
/// let sum = Mse.sum_with_gradient(&prediction, &target, 0.5, &mut gradient);
/// assert_eq!((sum, gradient), (13.0, [0.0, 2.0, 3.0]));
/// ```
///
/// Sums are in f64, in an order that depends on the length alone: they do not depend on the width of the registers. On
/// microcontrollers without f64, sums of f32 are exact, rounded once.
///
/// # Panics
/// Methods that take several slices panic if their lengths differ, before anything is written; the message names the
/// lengths.
pub trait Loss<T: Element>: Send + Sync {
    /// The specification of the loss, for its default parameters. Limits, range, monotonicity and parity are those in
    /// the prediction at a target of 0, or of 1 if 0 is out of the domain; kinks are residuals, or margins.
    #[must_use]
    fn spec(&self) -> &'static Spec {
        Spec::UNDECLARED
    }

    /// The loss of one sample.
    #[must_use]
    fn forward(&self, prediction: T, target: T) -> T;

    /// The first derivative in the prediction.
    #[must_use]
    fn derivative(&self, prediction: T, target: T) -> T;

    /// The second derivative in the prediction. It may be zero or negative.
    #[doc(alias = "hessian")]
    #[must_use]
    fn second_derivative(&self, prediction: T, target: T) -> T;

    /// A positive bound on the second derivative, for methods that divide by it, such as gradient boosting: a step of
    /// derivative / bound does not overshoot. At least 2^-100, which f16 rounds to 0.
    #[must_use]
    fn hessian_bound(&self, prediction: T, target: T) -> T;

    /// The losses of a slice: `losses[i]` is that of sample i.
    #[track_caller]
    fn forward_slice(&self, prediction: &[T], target: &[T], losses: &mut [T]) {
        let [p, t] = lengths(prediction, target);
        same_length("forward_slice", [p, t, ("losses", losses.len())]);
        for ((p, t), loss) in prediction.iter().zip(target).zip(losses) {
            *loss = self.forward(*p, *t);
        }
    }

    /// The sum of the losses; 0 for no samples.
    #[must_use]
    #[track_caller]
    fn sum(&self, prediction: &[T], target: &[T]) -> f64 {
        same_length("sum", lengths(prediction, target));
        sum_in_blocks(prediction, target, |p, t| self.forward(p, t).into_f64())
    }

    /// The divisor of [`mean`](Loss::mean): the number of samples, or the sum of their weights.
    #[must_use]
    fn total_weight(&self, samples: usize) -> f64 {
        of_count(samples)
    }

    /// The sum of the losses and the [`total_weight`](Loss::total_weight). Totals of batches can be added.
    #[must_use]
    #[track_caller]
    fn total(&self, prediction: &[T], target: &[T]) -> Total {
        Total { sum: self.sum(prediction, target), weight: self.total_weight(prediction.len()) }
    }

    /// The exact sum of the losses as [`forward_slice`](Loss::forward_slice) gives them: that of parts, merged in any
    /// order, has the same bits. See [`ExactSum`] for what it holds, and
    /// [`guide::reproducibility`](crate::guide::reproducibility#sums-over-batches-threads-and-machines) for its speed.
    ///
    /// ```
    /// use slopes::loss::{Loss, Mae};
    /// let mut sum = Mae.exact_sum(&[1e9_f32, 1e-9], &[0.0, 0.0]);
    /// sum.merge(&Mae.exact_sum(&[1.0_f32], &[0.0]));
    /// assert_eq!(sum, Mae.exact_sum(&[1.0_f32, 1e-9, 1e9], &[0.0; 3]));
    /// assert_eq!(sum.value() / 3.0, (1e9 + 1.0) / 3.0);
    /// ```
    #[must_use]
    #[track_caller]
    fn exact_sum(&self, prediction: &[T], target: &[T]) -> ExactSum<T::Real> {
        same_length("exact_sum", lengths(prediction, target));
        exact_sum_of(prediction.len(), |part, losses| {
            self.forward_slice(&prediction[part.clone()], &target[part], losses);
        })
    }

    /// The mean loss: the sum divided by the [`total_weight`](Loss::total_weight); NaN for no samples.
    #[doc(alias = "reduction")]
    #[must_use]
    #[track_caller]
    fn mean(&self, prediction: &[T], target: &[T]) -> f64 {
        self.total(prediction, target).mean()
    }

    /// The gradient of `scale` times the sum: `gradient[i]` is `scale` times the derivative of sample i.
    #[track_caller]
    fn gradient(&self, prediction: &[T], target: &[T], scale: f64, gradient: &mut [T]) {
        let [p, t] = lengths(prediction, target);
        same_length("gradient", [p, t, ("gradient", gradient.len())]);
        for ((p, t), gradient) in prediction.iter().zip(target).zip(gradient) {
            *gradient = T::from_f64_rounded(scale) * self.derivative(*p, *t);
        }
    }

    /// The sum of the losses and the [`gradient`](Loss::gradient), in one pass.
    #[track_caller]
    fn sum_with_gradient(&self, prediction: &[T], target: &[T], scale: f64, gradient: &mut [T]) -> f64 {
        self.gradient(prediction, target, scale, gradient);
        self.sum(prediction, target)
    }

    /// The [`mean`](Loss::mean) and its gradient, in one pass.
    ///
    /// ```
    /// use slopes::loss::{Loss, Mse};
    /// let mut gradient = [0.0_f32; 2];
    /// let mean = Mse.mean_with_gradient(&[1.0, 2.0], &[0.0, 0.0], &mut gradient);
    /// assert_eq!((mean, gradient), (2.5, [1.0, 2.0]));
    /// ```
    #[track_caller]
    fn mean_with_gradient(&self, prediction: &[T], target: &[T], gradient: &mut [T]) -> f64 {
        self.total_with_gradient(prediction, target, gradient).mean()
    }

    /// The [`total`](Loss::total) and the gradient of the mean, in one pass: for batches whose mean losses are to be put
    /// together. The gradient is that of [`mean_with_gradient`](Loss::mean_with_gradient).
    ///
    /// ```
    /// use slopes::loss::{Loss, Mse, Total};
    /// let (mut total, mut gradient) = (Total::default(), [0.0_f32; 2]);
    /// for batch in [[1.0, 2.0], [3.0, 0.0]] {
    ///     total += Mse.total_with_gradient(&batch, &[0.0, 0.0], &mut gradient);
    /// }
    /// assert_eq!((total.mean(), gradient), (3.5, [3.0, 0.0]));
    /// ```
    #[track_caller]
    fn total_with_gradient(&self, prediction: &[T], target: &[T], gradient: &mut [T]) -> Total {
        let weight = self.total_weight(prediction.len());
        Total { sum: self.sum_with_gradient(prediction, target, inverse::<T::Real>(weight), gradient), weight }
    }

    /// The [`gradient`](Loss::gradient) and the Hessian bound, in one pass: `hessian[i]` is `scale` times the
    /// [`hessian_bound`](Loss::hessian_bound) of sample i.
    #[doc(alias = "grad_hess")]
    #[track_caller]
    fn gradient_with_hessian_bound(
        &self,
        prediction: &[T],
        target: &[T],
        scale: f64,
        gradient: &mut [T],
        hessian: &mut [T],
    ) {
        let [p, t] = lengths(prediction, target);
        let written = [("gradient", gradient.len()), ("hessian", hessian.len())];
        same_length("gradient_with_hessian_bound", [p, t, written[0], written[1]]);
        self.gradient(prediction, target, scale, gradient);
        for ((p, t), hessian) in prediction.iter().zip(target).zip(hessian) {
            *hessian = T::from_f64_rounded(scale) * self.hessian_bound(*p, *t);
        }
    }

    /// The constant prediction with the least mean loss (weighted mean, with weights): the initial prediction of
    /// gradient boosting. It is computed by a formula, or by bisection for the sign change of the derivative between
    /// the least and the greatest target: some hundred passes over the targets, accurate to the last bit up to the
    /// rounding errors of the derivative. Where the loss is constant in an interval (the median of an even number of
    /// targets), it is the middle.
    ///
    /// `None` if the loss has neither a formula nor a single minimum; NaN if there are no targets, if all weights are
    /// 0, or if a target with a weight is out of the domain. It may be infinite: the log-odds of labels that are all
    /// equal.
    ///
    /// ```
    /// use slopes::loss::{BinaryCrossEntropyWithLogits, Hinge, Loss, Mae};
    /// let score = BinaryCrossEntropyWithLogits::DEFAULT.initial_score(&[1.0_f32, 1.0, 1.0, 0.0], None);
    /// assert_eq!(score, Some(3.0_f64.ln()));
    /// assert_eq!(Mae.initial_score(&[7.0_f32, 1.0, 2.0], None), Some(2.0));
    /// assert_eq!(Hinge.initial_score(&[1.0_f64], None), None);
    /// ```
    #[doc(alias = "base_score")]
    #[doc(alias = "boost_from_average")]
    #[must_use]
    fn initial_score(&self, targets: &[T], weights: Option<&[f64]>) -> Option<f64> {
        let _ = (targets, weights);
        None
    }

    #[cfg(feature = "rayon")]
    #[doc(hidden)]
    #[track_caller]
    fn compute_part(&self, _: Part, samples: [&[T]; 2], places: Places<'_, T>) -> f64 {
        parallel::compute_all(self, samples, places)
    }
}

/// The compiled methods of [`Loss`], for the macros of `compiled.rs`.
#[doc(hidden)]
#[macro_export]
macro_rules! __loss_methods {
    ($then:path: $context:tt) => {
        $then! { $context
            forward(prediction: T, target: T) -> T;
            derivative(prediction: T, target: T) -> T;
            second_derivative(prediction: T, target: T) -> T;
            hessian_bound(prediction: T, target: T) -> T;
            forward_slice(prediction: &[T], target: &[T], losses: &mut [T]) -> ();
            sum(prediction: &[T], target: &[T]) -> f64;
            gradient(prediction: &[T], target: &[T], scale: f64, gradient: &mut [T]) -> ();
            sum_with_gradient(prediction: &[T], target: &[T], scale: f64, gradient: &mut [T]) -> f64;
            gradient_with_hessian_bound(
                prediction: &[T],
                target: &[T],
                scale: f64,
                gradient: &mut [T],
                hessian: &mut [T]
            ) -> ();
            initial_score(targets: &[T], weights: Option<&[f64]>) -> Option<f64>;
        }
    };
}

__loss_methods! { crate::compiled::declare_compute: {
    /// The compiled methods of [`Loss`], implemented by an element for the crate's own losses, and by [`Here`] for any
    /// formula.
    #[doc(hidden)]
    pub Compute
} }

/// The exact sum of losses that are written block by block.
pub(crate) fn exact_sum_of<T: Element>(len: usize, mut write: impl FnMut(Range<usize>, &mut [T])) -> ExactSum<T::Real> {
    const BLOCK: usize = block_on_stack(1024);
    let (mut sum, mut losses) = (ExactSum::new(), [T::zero(); BLOCK]);
    for done in (0..len).step_by(BLOCK) {
        let losses = &mut losses[..BLOCK.min(len - done)];
        write(done..done + losses.len(), losses);
        sum.add_slice(losses);
    }
    sum
}

pub(crate) fn lengths<T>(prediction: &[T], target: &[T]) -> [(&'static str, usize); 2] {
    [("prediction", prediction.len()), ("target", target.len())]
}

impl<F: LossFormula, T: Element> Compute<F, T> for Here {
    #[inline]
    fn forward(f: &F, prediction: T, target: T) -> T {
        slice::map_scalar::<_, _, 2, 1>((*f, Value), [prediction, target])[0]
    }
    #[inline]
    fn derivative(f: &F, prediction: T, target: T) -> T {
        slice::map_scalar::<_, _, 2, 1>((*f, Derivative), [prediction, target])[0]
    }
    #[inline]
    fn second_derivative(f: &F, prediction: T, target: T) -> T {
        slice::map_scalar::<_, _, 2, 1>((*f, SecondDerivative), [prediction, target])[0]
    }
    #[inline]
    fn hessian_bound(f: &F, prediction: T, target: T) -> T {
        slice::map_scalar::<_, _, 2, 1>((*f, HessianBound), [prediction, target])[0]
    }
    #[track_caller]
    fn forward_slice(f: &F, prediction: &[T], target: &[T], losses: &mut [T]) {
        let [p, t] = lengths(prediction, target);
        same_length("forward_slice", [p, t, ("losses", losses.len())]);
        slice::map((*f, Value), [Src::new(prediction), Src::new(target)], [Dst::new(losses)]);
    }
    #[track_caller]
    fn sum(f: &F, prediction: &[T], target: &[T]) -> f64 {
        same_length("sum", lengths(prediction, target));
        let inputs = [Src::new(prediction), Src::new(target)];
        slice::map_and_sum((*f, Value), inputs, [], prediction.len())
    }
    #[track_caller]
    fn gradient(f: &F, prediction: &[T], target: &[T], scale: f64, gradient: &mut [T]) {
        let [p, t] = lengths(prediction, target);
        same_length("gradient", [p, t, ("gradient", gradient.len())]);
        let inputs = [Src::new(prediction), Src::new(target)];
        slice::map((*f, Gradient(scale)), inputs, [Dst::new(gradient)]);
    }
    #[track_caller]
    fn sum_with_gradient(f: &F, prediction: &[T], target: &[T], scale: f64, gradient: &mut [T]) -> f64 {
        let [p, t] = lengths(prediction, target);
        same_length("sum_with_gradient", [p, t, ("gradient", gradient.len())]);
        let inputs = [Src::new(prediction), Src::new(target)];
        let len = gradient.len();
        slice::map_and_sum((*f, ValueAndGradient(scale)), inputs, [Dst::new(gradient)], len)
    }
    #[track_caller]
    fn gradient_with_hessian_bound(
        f: &F,
        prediction: &[T],
        target: &[T],
        scale: f64,
        gradient: &mut [T],
        hessian: &mut [T],
    ) {
        let [p, t] = lengths(prediction, target);
        let written = [("gradient", gradient.len()), ("hessian", hessian.len())];
        same_length("gradient_with_hessian_bound", [p, t, written[0], written[1]]);
        let inputs = [Src::new(prediction), Src::new(target)];
        slice::map((*f, GradientAndHessianBound(scale)), inputs, [Dst::new(gradient), Dst::new(hessian)]);
    }
    #[track_caller]
    fn initial_score(f: &F, targets: &[T], weights: Option<&[f64]>) -> Option<f64> {
        let each = |p: &[T::Real], t: &[T::Real], losses: &mut [T::Real]| {
            <Self as Compute<F, T::Real>>::forward_slice(f, p, t, losses)
        };
        let mean = weighted::mean_target(&each, targets, weights);
        let derivatives = |p: &[T::Real], t: &[T::Real], gradient: &mut [T::Real]| {
            <Self as Compute<F, T::Real>>::gradient(f, p, t, 1.0, gradient)
        };
        let minimum = || if mean.is_nan() { mean } else { weighted::minimum(&derivatives, targets, weights) };
        f.constant(mean).or_else(|| F::ONE_MINIMUM.then(minimum))
    }
}

/// Implements [`Loss`] for a type that implements [`LossFormula`], for every element type. The kernels are compiled in
/// the crate that invokes the macro.
///
/// `impl_loss!(Quartic)`, or for a generic type `impl_loss!(<F: LossFormula> Scaled<F>)`. See [`LossFormula`].
#[macro_export]
macro_rules! impl_loss {
    (<$($F:ident: $Bound:path),+ $(,)?> $Name:ty) => {
        $crate::impl_loss! { @in $crate::compiled::Here, [$($F: $Bound,)+], $Name }
        $crate::__spec! { [$($F: $Bound,)+], $Name, $crate::loss::LossFormula }
    };
    ($Name:ty) => {
        $crate::impl_loss! { @in $crate::compiled::Here, [], $Name }
        $crate::__spec! { [], $Name, $crate::loss::LossFormula }
    };
    (@any $Any:ty) => {
        $crate::__loss_methods! { $crate::compiled::delegate: { Loss, $Any } }
        $crate::impl_loss! { @weighted [], $Any }
    };
    (@weighted [$($generics:tt)*], $Name:ty) => {
        impl<$($generics)*> $Name {
            /// The loss with a weight for each sample: `weights[i]` multiplies the loss and the derivatives of sample
            /// i, and the mean divides by the sum of the weights. A sample of weight 0 is ignored.
            #[must_use]
            pub fn weighted<'a>(self, weights: &'a [f64]) -> $crate::loss::Weighted<'a, Self> {
                $crate::loss::Weighted::new(self, weights)
            }
        }
    };
    (@in $place:ty, [$($generics:tt)*], $Name:ty) => {
        $crate::impl_loss! { @weighted [$($generics)*], $Name }
        $crate::__loss_methods! { $crate::__implement: { [$($generics)*] loss Loss Compute, $place, $Name, {
            fn spec(&self) -> &'static $crate::Spec {
                <Self as $crate::loss::LossFormula>::SPEC
            }
        } } }
    };
}

/// Implements [`Loss`] for pointers to losses.
macro_rules! forward_loss {
    ($Pointer:ty) => {
        __loss_methods! { crate::compiled::forward: { Loss for $Pointer, {
            fn total_weight(&self, samples: usize) -> f64 {
                (**self).total_weight(samples)
            }
            #[track_caller]
            fn exact_sum(&self, prediction: &[T], target: &[T]) -> ExactSum<T::Real> {
                (**self).exact_sum(prediction, target)
            }
            #[cfg(feature = "rayon")]
            #[track_caller]
            fn compute_part(&self, part: Part, samples: [&[T]; 2], places: Places<'_, T>) -> f64 {
                (**self).compute_part(part, samples, places)
            }
        } } }
    };
}
forward_loss! { &A }
#[cfg(feature = "alloc")]
forward_loss! { alloc::boxed::Box<A> }
#[cfg(feature = "alloc")]
forward_loss! { alloc::sync::Arc<A> }

/// Writes the name of the loss.
impl<T: Element> fmt::Debug for dyn Loss<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.spec().name())
    }
}

/// The compiled kernels of losses of rows, of distances, of three inputs, of penalties and of weights.
pub(crate) trait RowKernels<T: Element>:
    row::RowLosses<T>
    + penalty::PenaltyKernels<T>
    + distance::SimilarityKernels<T>
    + elementwise::pos_weights::PosWeightKernels<T>
    + elementwise::three_inputs::TripleKernels<T>
    + weighted::WeightedKernels<T>
{
}
crate::compiled::for_each_element! { crate::compiled::implement_all: @of RowKernels }

/// Declares a loss with [`declare!`](crate::declare::declare).
macro_rules! loss {
    ($($tokens:tt)*) => {
        $crate::declare::declare! { "loss", "Loss", LossFormula,
            " * max(1, abs(prediction)) * max(1, abs(target))"; $($tokens)* }
    };
}
pub(crate) use loss;

crate::declare::catalogue! {
    /// Any elementwise loss, chosen at run time: an enum that can be copied, compared, hashed, written as text and
    /// parsed. The text is the name of the loss, followed by its parameters if it has any, as for
    /// [`AnyActivation`](crate::activation::AnyActivation):
    ///
    /// ```
    /// use slopes::loss::{AnyLoss, Huber, Loss};
    ///
    /// let loss: AnyLoss = "huber(delta=2)".parse()?;
    /// assert_eq!(loss, Huber::new(2.0)?.into());
    /// assert_eq!(loss.to_string(), "huber(delta=2)");
    /// assert_eq!(loss.forward(3.0_f32, 0.0), 4.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    AnyLoss of "loss", Loss by Compute, __loss_methods!, impl_loss!;
    regression: Mse, HalfSquared, Mae, Mape, Msle, Huber, SmoothL1, PseudoHuber, LogCosh, Pinball, Expectile;
    margin: Hinge, SquaredHinge, SoftMargin, HingeEmbedding, ModifiedHuber, Perceptron, Exponential;
    likelihood: BinaryCrossEntropy, BinaryCrossEntropyWithLogits, KlDivergence, KlDivergenceFromLog, KlDivergenceOfLogs,
        Focal;
    rates: PoissonNll, PoissonNllOfRate, Gamma, Tweedie;
}

/// All elementwise losses, with their default parameters.
///
/// ```
/// let of_pair = slopes::loss::all::<f64>().iter().map(|loss| (loss.spec().name(), loss.forward(0.5, 1.0)));
/// let quarters: Vec<_> = of_pair.filter(|(_, loss)| *loss == 0.25).map(|(name, _)| name).collect();
/// assert!(quarters.contains(&"mse") && quarters.contains(&"squared_hinge") && !quarters.contains(&"mae"));
/// ```
#[must_use]
pub fn all<T: Element>() -> &'static [&'static dyn Loss<T>] {
    <T::Kernels as Kernels<T>>::all()
}

/// The elementwise loss with a name or alias, with its default parameters. Case, `_`, `-` and spaces are ignored. For a
/// name with parameters, parse an [`AnyLoss`].
///
/// # Errors
/// If no loss has the name; the error has the nearest name, and its message lists all of them.
///
/// ```
/// let loss = slopes::loss::by_name::<f32>("MSE")?;
/// assert_eq!(loss.forward(3.0, 1.0), 4.0);
/// # Ok::<(), slopes::UnknownNameError>(())
/// ```
pub fn by_name<T: Element>(name: &str) -> Result<&'static dyn Loss<T>, UnknownNameError> {
    crate::parse::find(name, CATALOGUE.names).map(|index| all()[index])
}
