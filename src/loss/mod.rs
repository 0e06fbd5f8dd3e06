//! Losses: what a prediction costs, its gradient and its curvature.
//!
//! [`Loss`] is what a user calls; [`PairFormula`] is what an author writes; [`RowLoss`] is for samples that are rows.
//! Arguments come as `(prediction, target)`. A loss is a number a sample; sums and means are made of those.

mod any;
mod categorical;
mod class_margin;
mod cross_entropy;
mod likelihood;
mod margin;
mod overlap;
mod penalty;
mod regression;
mod rows;
mod similarity;
mod triples;
mod weighted;

use crate::activation::same_length;
use crate::dispatch::{self, Map, Source, Target};
use crate::element::Element;
use crate::facts::Facts;
use crate::lanes::{Lanes, Real};
use crate::names::UnknownName;

pub use categorical::{CategoricalCrossEntropy, NegativeLogLikelihood};
pub use class_margin::{CategoricalHinge, MultiMargin};
pub use cross_entropy::{CategoricalFocal, SoftmaxCrossEntropy};
pub use overlap::{Dice, Tversky};
pub use penalty::{ElasticNet, L1, L2, Penalty};
pub use rows::{RowLoss, TargetError, Targets};
pub use similarity::{Contrastive, CosineEmbedding, CosineSimilarity, Triplet};
pub use triples::{GaussianNll, MarginRanking};
pub use weighted::Weighted;

/// A loss of pairs of numbers: value, derivatives in the prediction, and their sums over slices.
///
/// The crate's own losses implement it for every [`Element`], through [`PairFormula`].
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
    fn facts(&self) -> &'static Facts {
        Facts::UNDECLARED
    }

    /// The loss of one sample.
    fn forward(&self, prediction: T, target: T) -> T;

    /// Its first derivative in the prediction.
    fn derivative(&self, prediction: T, target: T) -> T;

    /// Its second derivative in the prediction, the true one: it may be zero or negative.
    fn second_derivative(&self, prediction: T, target: T) -> T;

    /// A positive stand-in for the second derivative where that is not positive, for methods that divide by it.
    fn curvature_bound(&self, prediction: T, target: T) -> T;

    /// The loss of each sample.
    fn each(&self, prediction: &[T], target: &[T], losses: &mut [T]);

    /// The sum of the losses; 0 for no samples.
    fn sum(&self, prediction: &[T], target: &[T]) -> T;

    /// The sum of the losses by their count; NaN for no samples.
    fn mean(&self, prediction: &[T], target: &[T]) -> T;

    /// gradient = scale * derivative, of each sample: with `scale` = 1 that of the sum, with 1 / count that of the mean.
    fn gradient(&self, prediction: &[T], target: &[T], scale: T, gradient: &mut [T]);

    /// The sum of the losses, and the gradient, in one pass.
    fn sum_with_gradient(&self, prediction: &[T], target: &[T], scale: T, gradient: &mut [T]) -> T;

    /// gradient = scale * derivative and curvature = scale * curvature bound, in one pass.
    fn gradient_with_curvature(
        &self,
        prediction: &[T],
        target: &[T],
        scale: T,
        gradient: &mut [T],
        curvature: &mut [T],
    );

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
    /// let score = BinaryCrossEntropyWithLogits::USUAL.initial_score(&[1.0_f32, 1.0, 1.0, 0.0], None);
    /// assert_eq!(score, Some(3.0_f32.ln()));
    /// assert_eq!(Mae.initial_score(&[7.0_f32, 1.0, 2.0], None), Some(2.0));
    /// assert_eq!(Hinge.initial_score(&[1.0_f64], None), None);
    /// ```
    fn initial_score(&self, targets: &[T], weights: Option<&[T]>) -> Option<T> {
        let _ = (targets, weights);
        None
    }

    /// The loss with a weight for each sample.
    fn weighted<'a>(&'a self, weights: &'a [T]) -> Weighted<'a, Self, T>
    where
        Self: Sized,
    {
        Weighted::new(self, weights)
    }
}

/// A loss of pairs as a text over registers: from it, [`Loss`] follows for every element type and instruction set.
///
/// Mark every method `#[inline(always)]`, so that it becomes a part of the loop that calls it.
///
/// ```
/// use slopes::{Lanes, loss::{Loss, PairFormula}};
///
/// /// The fourth power of the residual.
/// #[derive(Clone, Copy)]
/// struct Quartic;
/// impl PairFormula for Quartic {
///     #[inline(always)]
///     fn value<L: Lanes>(self, prediction: L, target: L) -> L {
///         let r = prediction - target;
///         (r * r) * (r * r)
///     }
///     #[inline(always)]
///     fn slope<L: Lanes>(self, prediction: L, target: L) -> L {
///         let r = prediction - target;
///         r * r * r * 4.0
///     }
///     #[inline(always)]
///     fn curvature<L: Lanes>(self, prediction: L, target: L) -> L {
///         let r = prediction - target;
///         r * r * 12.0
///     }
/// }
/// assert_eq!(Quartic.mean(&[1.0_f32, 3.0], &[0.0, 1.0]), 8.5);
/// ```
pub trait PairFormula: Copy + Send + Sync + 'static {
    /// What the loss declares about itself.
    fn facts(&self) -> &'static Facts {
        Facts::UNDECLARED
    }

    /// The loss.
    fn value<L: Lanes>(self, prediction: L, target: L) -> L;

    /// Its first derivative in the prediction.
    fn slope<L: Lanes>(self, prediction: L, target: L) -> L;

    /// Its second derivative in the prediction.
    fn curvature<L: Lanes>(self, prediction: L, target: L) -> L;

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
    fn curvature_bound<L: Lanes>(self, prediction: L, target: L) -> L {
        self.curvature(prediction, target)
    }
}

macro_rules! map {
    ($(#[$doc:meta])* $Map:ident: $inputs:literal -> $outputs:literal, |$self:ident, $x:pat_param| $body:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        struct $Map<F>(F);
        impl<F: PairFormula> Map<$inputs, $outputs> for $Map<F> {
            #[inline(always)]
            fn apply<L: Lanes>($self, $x: [L; $inputs]) -> [L; $outputs] {
                $body
            }
        }
    };
}
map!(Value: 2 -> 1, |self, [p, t]| [self.0.value(p, t)]);
map!(Slope: 2 -> 1, |self, [p, t]| [self.0.slope(p, t)]);
map!(Curvature: 2 -> 1, |self, [p, t]| [self.0.curvature(p, t)]);
map!(CurvatureBound: 2 -> 1, |self, [p, t]| [self.0.curvature_bound(p, t)]);
map!(Gradient: 3 -> 1, |self, [p, t, scale]| [scale * self.0.slope(p, t)]);
map!(ValueAndGradient: 3 -> 2, |self, [p, t, scale]| [self.0.value(p, t), scale * self.0.slope(p, t)]);
map!(GradientAndBound: 3 -> 2, |self, [p, t, scale]| {
    [scale * self.0.slope(p, t), scale * self.0.curvature_bound(p, t)]
});

fn lengths<T>(prediction: &[T], target: &[T]) -> [(&'static str, usize); 2] {
    [("prediction", prediction.len()), ("target", target.len())]
}

impl<F: PairFormula, T: Element> Loss<T> for F {
    fn facts(&self) -> &'static Facts {
        PairFormula::facts(self)
    }
    #[inline]
    fn forward(&self, prediction: T, target: T) -> T {
        dispatch::numbers::<_, _, 2, 1>(Value(*self), [prediction, target])[0]
    }
    #[inline]
    fn derivative(&self, prediction: T, target: T) -> T {
        dispatch::numbers::<_, _, 2, 1>(Slope(*self), [prediction, target])[0]
    }
    #[inline]
    fn second_derivative(&self, prediction: T, target: T) -> T {
        dispatch::numbers::<_, _, 2, 1>(Curvature(*self), [prediction, target])[0]
    }
    #[inline]
    fn curvature_bound(&self, prediction: T, target: T) -> T {
        dispatch::numbers::<_, _, 2, 1>(CurvatureBound(*self), [prediction, target])[0]
    }
    #[track_caller]
    fn each(&self, prediction: &[T], target: &[T], losses: &mut [T]) {
        let [p, t] = lengths(prediction, target);
        same_length("each", [p, t, ("losses", losses.len())]);
        dispatch::map(Value(*self), [Source::new(prediction), Source::new(target)], [Target::new(losses)]);
    }
    #[track_caller]
    fn sum(&self, prediction: &[T], target: &[T]) -> T {
        same_length("sum", lengths(prediction, target));
        T::of(total(*self, prediction, target))
    }
    #[track_caller]
    fn mean(&self, prediction: &[T], target: &[T]) -> T {
        same_length("mean", lengths(prediction, target));
        T::of(total(*self, prediction, target) / prediction.len() as f64)
    }
    #[track_caller]
    fn gradient(&self, prediction: &[T], target: &[T], scale: T, gradient: &mut [T]) {
        let [p, t] = lengths(prediction, target);
        same_length("gradient", [p, t, ("gradient", gradient.len())]);
        let scale = [scale; dispatch::WIDEST];
        let inputs = [Source::new(prediction), Source::new(target), Source::repeat(&scale)];
        dispatch::map(Gradient(*self), inputs, [Target::new(gradient)]);
    }
    #[track_caller]
    fn sum_with_gradient(&self, prediction: &[T], target: &[T], scale: T, gradient: &mut [T]) -> T {
        let [p, t] = lengths(prediction, target);
        same_length("sum_with_gradient", [p, t, ("gradient", gradient.len())]);
        let scale = [scale; dispatch::WIDEST];
        let inputs = [Source::new(prediction), Source::new(target), Source::repeat(&scale)];
        let len = gradient.len();
        T::of(dispatch::map_and_sum(ValueAndGradient(*self), inputs, [Target::new(gradient)], len))
    }
    #[track_caller]
    fn gradient_with_curvature(
        &self,
        prediction: &[T],
        target: &[T],
        scale: T,
        gradient: &mut [T],
        curvature: &mut [T],
    ) {
        let [p, t] = lengths(prediction, target);
        let written = [("gradient", gradient.len()), ("curvature", curvature.len())];
        same_length("gradient_with_curvature", [p, t, written[0], written[1]]);
        let scale = [scale; dispatch::WIDEST];
        let inputs = [Source::new(prediction), Source::new(target), Source::repeat(&scale)];
        dispatch::map(GradientAndBound(*self), inputs, [Target::new(gradient), Target::new(curvature)]);
    }
    #[track_caller]
    fn initial_score(&self, targets: &[T], weights: Option<&[T]>) -> Option<T> {
        let each = |p: &[T::Real], t: &[T::Real], losses: &mut [T::Real]| self.each(p, t, losses);
        let mean = weighted::mean_target(&each, targets, weights);
        let one = <T::Real as Real>::of(1.0);
        let slopes = |p: &[T::Real], t: &[T::Real], made: &mut [T::Real]| self.gradient(p, t, one, made);
        let minimum = || if mean.is_nan() { mean } else { weighted::minimum(&slopes, targets, weights) };
        self.constant(mean).or_else(|| F::ONE_MINIMUM.then(minimum)).map(T::of)
    }
}

/// The sum in f64.
fn total<F: PairFormula, T: Element>(loss: F, prediction: &[T], target: &[T]) -> f64 {
    let inputs = [Source::new(prediction), Source::new(target)];
    dispatch::map_and_sum(Value(loss), inputs, [], prediction.len())
}

/// Declares a loss. See `declare!`.
macro_rules! loss {
    ($($tokens:tt)*) => {
        $crate::facts::declare! { "loss", "Loss", PairFormula, "forward(0.5_f64, 1.0)",
            " * max(1, abs(prediction)) * max(1, abs(target))"; $($tokens)* }
    };
}
pub(crate) use loss;

crate::facts::catalogue! {
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
    AnyLoss of Loss;
    regression: Mse, HalfSquared, Mae, Mape, Msle, Huber, SmoothL1, PseudoHuber, LogCosh, Pinball, Expectile;
    margin: Hinge, SquaredHinge, SoftMargin, HingeEmbedding, ModifiedHuber, Perceptron, Exponential;
    likelihood: BinaryCrossEntropy, BinaryCrossEntropyWithLogits, KlDivergence, KlDivergenceFromLog, KlDivergenceOfLogs,
        Focal, PoissonNll, PoissonNllOfRate, Gamma, Tweedie;
}

/// Every loss of pairs of numbers, with its usual parameters.
///
/// ```
/// for loss in slopes::loss::all::<f64>() {
///     println!("{:32} {}", loss.facts().name(), loss.forward(0.5, 1.0));
/// }
/// ```
pub fn all<T: Element>() -> &'static [&'static dyn Loss<T>] {
    Catalogue::ALL
}

/// The loss of a name, with its usual parameters. Case, `_`, `-` and spaces do not matter.
///
/// # Errors
/// If no loss has the name; the error tells the nearest, and lists what there is.
///
/// ```
/// let loss = slopes::loss::by_name::<f32>("MSE")?;
/// assert_eq!(loss.forward(3.0, 1.0), 4.0);
/// # Ok::<(), slopes::UnknownName>(())
/// ```
pub fn by_name<T: Element>(name: &str) -> Result<&'static dyn Loss<T>, UnknownName> {
    crate::names::find(name, NAMES).map(|index| all()[index])
}
