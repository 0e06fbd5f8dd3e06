//! Losses: what a prediction costs, its gradient and its curvature.
//!
//! [`Loss`] is what a user calls; [`LossFormula`] is what an author writes; [`RowLoss`] is for samples that are rows.
//! Arguments come as `(prediction, target)`. A loss is a number a sample; sums and means are made of those.

pub(crate) mod distance;
pub(crate) mod elementwise;
pub(crate) mod penalty;
pub(crate) mod row;
mod total;

use core::fmt;

use crate::check::same_length;
use crate::compiled::Here;
use crate::element::Element;
use crate::error::UnknownNameError;
use crate::simd::Lanes;
use crate::slice::{self, Dst, Map, Src};
use crate::spec::Spec;
use elementwise::{likelihood, margin, regression, weighted};

pub use crate::error::TargetError;
pub use crate::row::Rows;
pub use distance::contrastive::Contrastive;
pub use distance::cosine::{CosineEmbedding, CosineSimilarity};
pub use distance::triplet::Triplet;
pub use elementwise::three_inputs::{GaussianNll, MarginRanking};
pub use elementwise::weighted::Weighted;
pub use penalty::{ElasticNet, L1, L2, Penalty};
pub(crate) use row::ComputeRows;
pub use row::categorical::{CategoricalCrossEntropy, NegativeLogLikelihood};
pub use row::cross_entropy::{CategoricalFocal, SoftmaxCrossEntropy};
pub use row::margin::{CategoricalHinge, MultiMargin};
pub use row::overlap::{Dice, Tversky};
pub use row::targets::{Label, Labels, Targets};
pub use row::{RowLoss, WeightedRows};
pub use total::Total;

/// A loss of pairs of numbers: value, derivatives in the prediction, and their sums over slices.
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
/// Sums accumulate in f64, by a tree that depends on the length alone: the same bits whatever the machine's registers.
///
/// # Panics
/// Methods that take several slices panic if their lengths differ, before anything is written; the message names the
/// lengths.
pub trait Loss<T: Element>: Send + Sync {
    /// What the loss declares about itself. Limits, range and symmetry are those in the prediction at a target of 0, or of
    /// 1 if 0 is no target of the loss; kinks are residuals, or margins.
    fn spec(&self) -> &'static Spec {
        Spec::UNDECLARED
    }

    /// The loss of one sample.
    fn forward(&self, prediction: T, target: T) -> T;

    /// Its first derivative in the prediction.
    fn derivative(&self, prediction: T, target: T) -> T;

    /// Its second derivative in the prediction, the true one: it may be zero or negative.
    fn second_derivative(&self, prediction: T, target: T) -> T;

    /// A positive stand-in for the second derivative where that is not positive, for methods that divide by it.
    fn hessian_bound(&self, prediction: T, target: T) -> T;

    /// `losses[i]` = the loss of sample i.
    #[track_caller]
    fn forward_slice(&self, prediction: &[T], target: &[T], losses: &mut [T]) {
        let [p, t] = lengths(prediction, target);
        same_length("forward_slice", [p, t, ("losses", losses.len())]);
        for ((p, t), loss) in prediction.iter().zip(target).zip(losses) {
            *loss = self.forward(*p, *t);
        }
    }

    /// The sum of the losses; 0 for no samples.
    #[track_caller]
    fn sum(&self, prediction: &[T], target: &[T]) -> f64 {
        same_length("sum", lengths(prediction, target));
        prediction.iter().zip(target).map(|(p, t)| self.forward(*p, *t).into_f64()).sum()
    }

    /// What [`mean`](Loss::mean) divides by: the number of samples, or the sum of their weights.
    fn total_weight(&self, samples: usize) -> f64 {
        samples as f64
    }

    /// The sum of the losses and the [`total_weight`](Loss::total_weight): totals of batches can be added.
    #[track_caller]
    fn total(&self, prediction: &[T], target: &[T]) -> Total {
        Total { sum: self.sum(prediction, target), weight: self.total_weight(prediction.len()) }
    }

    /// The sum of the losses by the [`total_weight`](Loss::total_weight); NaN for no samples.
    #[track_caller]
    fn mean(&self, prediction: &[T], target: &[T]) -> f64 {
        self.total(prediction, target).mean()
    }

    /// `gradient[i]` = `scale` times the derivative of sample i: with a scale of 1 the gradient of the sum.
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
        let weight = self.total_weight(prediction.len());
        self.sum_with_gradient(prediction, target, 1.0 / weight, gradient) / weight
    }

    /// `gradient[i]` = `scale` times the derivative and `hessian[i]` = `scale` times the [`hessian_bound`](Loss::hessian_bound) of
    /// sample i, in one pass.
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

    /// The constant prediction with the least mean loss, where boosting begins; with weights, with the least weighted
    /// mean. By a formula, or by a search for the change of the slope's sign, from the least target to the largest: to
    /// the last bit but for the roundings of the slope, in the middle where the loss is level (the median of an even
    /// number of targets), some hundred passes over the targets.
    ///
    /// None if the loss has neither; NaN if there are no targets, or none with a weight, or if one with a weight is no
    /// target of the loss. It may be infinite: the log-odds of labels that are all the same.
    ///
    /// ```
    /// use slopes::loss::{BinaryCrossEntropyWithLogits, Hinge, Loss, Mae};
    /// let score = BinaryCrossEntropyWithLogits::DEFAULT.initial_score(&[1.0_f32, 1.0, 1.0, 0.0], None);
    /// assert_eq!(score, Some(f64::from(3.0_f32.ln())));
    /// assert_eq!(Mae.initial_score(&[7.0_f32, 1.0, 2.0], None), Some(2.0));
    /// assert_eq!(Hinge.initial_score(&[1.0_f64], None), None);
    /// ```
    fn initial_score(&self, targets: &[T], weights: Option<&[f64]>) -> Option<f64> {
        let _ = (targets, weights);
        None
    }

    /// The loss with a weight for each sample.
    fn weighted<'a>(&'a self, weights: &'a [f64]) -> Weighted<'a, Self>
    where
        Self: Sized,
    {
        Weighted::new(self, weights)
    }
}

/// A loss of pairs as a function over registers: from it, [`impl_loss!`](crate::impl_loss) makes a [`Loss`] of every element type, by every
/// instruction set.
///
/// Mark every method `#[inline(always)]`, so that it becomes a part of the loop that calls it.
///
/// ```
/// use slopes::{Lanes, loss::{Loss, LossFormula}};
///
/// /// The fourth power of the residual.
/// #[derive(Clone, Copy)]
/// struct Quartic;
/// impl LossFormula for Quartic {
///     #[inline(always)]
///     fn f<L: Lanes>(self, prediction: L, target: L) -> L {
///         let r = prediction - target;
///         (r * r) * (r * r)
///     }
///     #[inline(always)]
///     fn df<L: Lanes>(self, prediction: L, target: L) -> L {
///         let r = prediction - target;
///         r * r * r * 4.0
///     }
///     #[inline(always)]
///     fn d2f<L: Lanes>(self, prediction: L, target: L) -> L {
///         let r = prediction - target;
///         r * r * 12.0
///     }
/// }
/// slopes::impl_loss!(Quartic);
///
/// assert_eq!(Quartic.mean(&[1.0_f32, 3.0], &[0.0, 1.0]), 8.5);
/// ```
pub trait LossFormula: Copy + Send + Sync + 'static {
    /// What the loss declares about itself.
    const SPEC: &'static Spec = Spec::UNDECLARED;

    /// The loss.
    fn f<L: Lanes>(self, prediction: L, target: L) -> L;

    /// Its first derivative in the prediction.
    fn df<L: Lanes>(self, prediction: L, target: L) -> L;

    /// Its second derivative in the prediction.
    fn d2f<L: Lanes>(self, prediction: L, target: L) -> L;

    /// Whether the sum of the loss over any targets has its minimum between the least and the largest target, and falls
    /// up to it and rises from there, as for any convex loss of the residual: then [`Loss::initial_score`] is searched.
    const ONE_MINIMUM: bool = false;

    /// The constant prediction with the least mean loss over targets of this mean, if that is all it depends on.
    fn constant(self, mean: f64) -> Option<f64> {
        let _ = mean;
        None
    }

    /// A positive stand-in for the curvature.
    #[inline(always)]
    fn d2f_bound<L: Lanes>(self, prediction: L, target: L) -> L {
        self.d2f(prediction, target)
    }
}

/// The maps of a formula. As tuples that begin with it, for the sake of their codegen units (see `simd::entry`). Those with a
/// gradient hold its scale.
macro_rules! map {
    ($(#[$doc:meta])* $Map:ident $(($Scale:ident))?: -> $outputs:literal, |$map:ident, $p:ident, $t:ident| $body:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        struct $Map $(($Scale))?;
        impl<F: LossFormula> Map<2, $outputs> for (F, $Map) {
            #[inline(always)]
            fn apply<L: Lanes>(self, [$p, $t]: [L; 2]) -> [L; $outputs] {
                let $map = self;
                $body
            }
        }
    };
}
map!(Value: -> 1, |map, p, t| [map.0.f(p, t)]);
map!(Derivative: -> 1, |map, p, t| [map.0.df(p, t)]);
map!(SecondDerivative: -> 1, |map, p, t| [map.0.d2f(p, t)]);
map!(HessianBound: -> 1, |map, p, t| [map.0.d2f_bound(p, t)]);
map!(Gradient(f64): -> 1, |map, p, t| [p.splat(map.1.0) * map.0.df(p, t)]);
map!(ValueAndGradient(f64): -> 2, |map, p, t| [map.0.f(p, t), p.splat(map.1.0) * map.0.df(p, t)]);
map!(GradientAndHessianBound(f64): -> 2, |map, p, t| {
    let scale = p.splat(map.1.0);
    [scale * map.0.df(p, t), scale * map.0.d2f_bound(p, t)]
});

/// The methods of [`Loss`] that compute, for the macros of `compiled.rs`.
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
    /// Who computes the methods of [`Loss`]: an element for the crate's own losses, [`Here`] for any formula.
    #[doc(hidden)]
    pub Compute
} }

fn lengths<T>(prediction: &[T], target: &[T]) -> [(&'static str, usize); 2] {
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
        total(*f, prediction, target)
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
        let slopes = |p: &[T::Real], t: &[T::Real], made: &mut [T::Real]| {
            <Self as Compute<F, T::Real>>::gradient(f, p, t, 1.0, made)
        };
        let minimum = || if mean.is_nan() { mean } else { weighted::minimum(&slopes, targets, weights) };
        f.constant(mean).or_else(|| F::ONE_MINIMUM.then(minimum))
    }
}

/// Makes a type that is a [`LossFormula`] a [`Loss`] of every element type. Its kernels are compiled in the crate that says
/// so.
///
/// `impl_loss!(Quartic)`, or with parameters `impl_loss!(<F: LossFormula> Scaled<F>)`. See [`LossFormula`].
#[macro_export]
macro_rules! impl_loss {
    (<$($F:ident: $Bound:path),+ $(,)?> $Name:ty) => {
        $crate::impl_loss! { @in $crate::compiled::Here, [$($F: $Bound,)+], $Name }
    };
    ($Name:ty) => { $crate::impl_loss! { @in $crate::compiled::Here, [], $Name } };
    (@any $Any:ty) => {
        $crate::__loss_methods! { $crate::compiled::delegate: { loss Loss, $Any } }
    };
    (@in $place:ty, [$($generics:tt)*], $Name:ty) => {
        $crate::__loss_methods! { $crate::__implement: { [$($generics)*] loss Loss Compute, $place, $Name, {
            fn spec(&self) -> &'static $crate::Spec {
                <Self as $crate::loss::LossFormula>::SPEC
            }
        } } }
    };
}

/// The sum in f64.
macro_rules! forward_loss {
    ($Pointer:ty) => {
        __loss_methods! { crate::compiled::forward: { Loss for $Pointer, {
            fn total_weight(&self, samples: usize) -> f64 {
                (**self).total_weight(samples)
            }
        } } }
    };
}
forward_loss! { &A }
#[cfg(feature = "alloc")]
forward_loss! { alloc::boxed::Box<A> }
#[cfg(feature = "alloc")]
forward_loss! { alloc::sync::Arc<A> }

/// The name of the loss.
impl<T: Element> fmt::Debug for dyn Loss<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.spec().name())
    }
}

fn total<F: LossFormula, T: Element>(loss: F, prediction: &[T], target: &[T]) -> f64 {
    let inputs = [Src::new(prediction), Src::new(target)];
    slice::map_and_sum((loss, Value), inputs, [], prediction.len())
}

/// The compiled kernels of losses of rows, of several numbers and with weights.
pub(crate) trait RowKernels<T: Element>:
    row::RowLosses<T>
    + penalty::PenaltyKernels<T>
    + distance::SimilarityKernels<T>
    + elementwise::three_inputs::TripleKernels<T>
    + weighted::WeightedKernels<T>
{
}
crate::compiled::for_each_element! { crate::compiled::implement_all: @of RowKernels }

/// Declares a loss. See `declare!`.
macro_rules! loss {
    ($($tokens:tt)*) => {
        $crate::declare::declare! { "loss", "Loss", LossFormula, "forward(0.5_f64, 1.0)",
            " * max(1, abs(prediction)) * max(1, abs(target))"; $($tokens)* }
    };
}
pub(crate) use loss;

crate::declare::catalogue! {
    /// Any loss of pairs of numbers, as a value: to keep in a configuration, to copy, to compare, to write and to read. As
    /// a text it is its name, and its parameters if it has some, as for
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
    AnyLoss of Loss by Compute, __loss_methods!, impl_loss!;
    regression: Mse, HalfSquared, Mae, Mape, Msle, Huber, SmoothL1, PseudoHuber, LogCosh, Pinball, Expectile;
    margin: Hinge, SquaredHinge, SoftMargin, HingeEmbedding, ModifiedHuber, Perceptron, Exponential;
    likelihood: BinaryCrossEntropy, BinaryCrossEntropyWithLogits, KlDivergence, KlDivergenceFromLog, KlDivergenceOfLogs,
        Focal, PoissonNll, PoissonNllOfRate, Gamma, Tweedie;
}

/// Every loss of pairs of numbers, with its usual parameters.
///
/// ```
/// for loss in slopes::loss::all::<f64>() {
///     println!("{:32} {}", loss.spec().name(), loss.forward(0.5, 1.0));
/// }
/// ```
pub fn all<T: Element>() -> &'static [&'static dyn Loss<T>] {
    <T::Kernels as Kernels<T>>::all()
}

/// The loss of a name, with its usual parameters. Case, `_`, `-` and spaces do not matter.
///
/// # Errors
/// If no loss has the name; the error tells the nearest, and lists what there is.
///
/// ```
/// let loss = slopes::loss::by_name::<f32>("MSE")?;
/// assert_eq!(loss.forward(3.0, 1.0), 4.0);
/// # Ok::<(), slopes::UnknownNameError>(())
/// ```
pub fn by_name<T: Element>(name: &str) -> Result<&'static dyn Loss<T>, UnknownNameError> {
    crate::parse::find(name, NAMES).map(|index| all()[index])
}
