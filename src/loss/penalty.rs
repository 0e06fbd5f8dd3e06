//! Weight penalties (regularization): L1 (lasso), L2 (weight decay), elastic net; the R of a cost C = loss + R.

use crate::activation::elementwise::rectifier::finite_end;
use crate::check::same_length;
use crate::compiled::concrete;
use crate::element::Element;
use crate::function::function;
use crate::simd::Lanes;
use crate::slice::{self, Dst, Map, Src};
use crate::spec::Spec;

/// A penalty of a network's weights (regularization), added to its loss.
///
/// The term of a weight is computed in f32 or f64, as its type is, and the terms are summed in f64. Error bounds are those
/// of the term of a weight, and of its derivative; adding that to a gradient rounds once more. The term of an infinite
/// weight is infinite.
///
/// ```
/// use slopes::loss::{ElasticNet, Loss, Mse, Penalty};
///
/// let (prediction, target, weights) = ([1.0_f64, 2.0], [0.0, 0.0], [2.0, -4.0]);
/// let penalty = ElasticNet::new(0.5, 0.5)?;
/// let cost = Mse.mean(&prediction, &target) + penalty.value(&weights);
/// assert_eq!(cost, 2.5 + 4.0);
///
/// let mut gradient = [0.0; 2]; // that of the loss
/// penalty.add_gradient(&weights, &mut gradient);
/// assert_eq!(gradient, [0.75, -1.25]);
/// # Ok::<(), slopes::ParameterError>(())
/// ```
#[doc(alias = "regularization")]
pub trait Penalty<T: Element>: Send + Sync {
    /// The specification of the penalty, for its default parameters.
    #[must_use]
    fn spec(&self) -> &'static Spec {
        Spec::UNDECLARED
    }

    /// The penalty: the sum of the terms of all weights; 0 for no weights.
    #[must_use]
    fn value(&self, weights: &[T]) -> f64;

    /// Adds the gradient of the penalty: `gradient[i] +=` its derivative in `weights[i]`.
    ///
    /// # Panics
    /// If the slices differ in length, before anything is written.
    fn add_gradient(&self, weights: &[T], gradient: &mut [T]);
}

/// The term of a weight: a |w| + b w^2 / 2.
#[derive(Clone, Copy)]
pub(crate) struct Value {
    a: f64,
    b: f64,
}
impl Map<1, 1> for Value {
    #[inline(always)]
    fn apply<L: Lanes>(self, [w]: [L; 1]) -> [L; 1] {
        let (a, half_b) = (w.splat(self.a), w.splat(self.b * 0.5));
        let w = w.abs();
        let (in_line, in_square) = (w.at_most(finite_end(a)), w.at_most(finite_end(half_b)));
        [(in_square * half_b).mul_add(in_square, in_line * a)]
    }
}

/// The gradient plus the derivative of the term: a sign(w) + b w, where sign(0) is 0.
#[derive(Clone, Copy)]
struct AddGradient(Value);
impl Map<2, 1> for AddGradient {
    #[inline(always)]
    fn apply<L: Lanes>(self, [w, gradient]: [L; 2]) -> [L; 1] {
        let (zero, b) = (w.splat(0.0), w.splat(self.0.b));
        let sign = zero.select(w.equals(zero), w.splat(self.0.a).copysign(w));
        let end = finite_end(b);
        [gradient + w.at_least(-end).at_most(end).mul_add(b, sign)]
    }
}

concrete! {
    trait PenaltyKernels;
    fn value(map: Value, weights: &[T]) -> f64 { slice::map_and_sum(map, [Src::new(weights)], [], weights.len()) }
    fn add_gradient(map: Value, weights: &[T], gradient: &mut [T]) {
        let gradient = Dst::new(gradient);
        slice::map(AddGradient(map), [Src::new(weights), gradient.src()], [gradient]);
    }
}

/// Implements [`Penalty`] for each penalty, by the coefficients a of |w| and b of w^2 / 2, and declares the enum of them.
macro_rules! penalties {
    ($(#[$doc:meta])* $Any:ident; $($Name:ident: |$this:ident| $coefficients:expr;)+) => {
        $(impl<T: Element> Penalty<T> for $Name {
            fn spec(&self) -> &'static Spec {
                Self::SPEC
            }
            fn value(&self, weights: &[T]) -> f64 {
                <T::Kernels as PenaltyKernels<T>>::value(self.map(), weights)
            }
            #[track_caller]
            fn add_gradient(&self, weights: &[T], gradient: &mut [T]) {
                same_length("add_gradient", [("weights", weights.len()), ("gradient", gradient.len())]);
                <T::Kernels as PenaltyKernels<T>>::add_gradient(self.map(), weights, gradient);
            }
        }

        impl $Name {
            fn map(&self) -> Value {
                let $this = self;
                let [a, b] = $coefficients;
                Value { a, b }
            }
        })+

        crate::any::any! { $(#[$doc])* $Any [] of "loss" in penalty_table; $($Name),+ }
        crate::any::object! { [] $Any, Penalty; $($Name),+ }
    };
}

function! {
    /// L1 penalty (lasso): `lambda |w|`, summed over the weights, which makes weights exactly 0.
    names ["l1_penalty", "lasso"];
    "value": "lambda abs(w)", f32 1.5, f64 1.5;
    "gradient": "lambda sign(w), 0 at 0", f32 0.5, f64 0.5;
    source "R. Tibshirani, Regression Shrinkage and Selection via the Lasso, 1996";
    range [0.0, f64::INFINITY];

    /// ```
    /// use slopes::loss::{L1, Penalty};
    /// assert_eq!(L1 { lambda: 0.5 }.value(&[2.0_f32, -4.0]), 3.0);
    /// ```
    L1 new of "loss" {
        /// Strength lambda of the penalty. Finite and not negative; default 0.01.
        lambda = 0.01, |lambda| (0.0..f64::INFINITY).contains(&lambda) => "must be finite and not negative";
    }
}

function! {
    /// L2 penalty (ridge, weight decay): `lambda w^2 / 2`, summed over the weights, with the gradient `lambda w`.
    names ["l2_penalty", "weight_decay"];
    "value": "lambda w^2 / 2", f32 2.5, f64 2.5;
    "gradient": "lambda w", f32 1.5, f64 1.5;
    source "A. Hoerl, R. Kennard, Ridge Regression, 1970";
    range [0.0, f64::INFINITY];

    ///
    /// Keras's `L2` is `lambda w^2`.
    ///
    /// ```
    /// use slopes::loss::{L2, Penalty};
    /// assert_eq!(L2 { lambda: 0.5 }.value(&[2.0_f32, -4.0]), 5.0);
    /// ```
    #[doc(alias = "ridge")]
    L2 new of "loss" {
        /// Strength lambda of the penalty. Finite and not negative; default 0.01.
        lambda = 0.01, |lambda| (0.0..f64::INFINITY).contains(&lambda) => "must be finite and not negative";
    }
}

function! {
    /// Elastic net penalty: the sum over the weights of a share of the [`L1`] penalty and a share of the [`L2`] penalty.
    names ["elastic_net"];
    "value": "lambda (l1_ratio abs(w) + (1 - l1_ratio) w^2 / 2)", f32 3.5, f64 3.5;
    "gradient": "lambda (l1_ratio sign(w) + (1 - l1_ratio) w), 0 at 0", f32 2.5, f64 2.5;
    source "H. Zou, T. Hastie, Regularization and Variable Selection via the Elastic Net, 2005";
    range [0.0, f64::INFINITY];

    /// ```
    /// use slopes::loss::{ElasticNet, Penalty};
    /// assert_eq!(ElasticNet { lambda: 1.0, l1_ratio: 0.5 }.value(&[2.0_f32, -4.0]), 8.0);
    /// ```
    ElasticNet new of "loss" {
        /// Strength lambda of the penalty. Finite and not negative; default 0.01.
        lambda = 0.01, |lambda| (0.0..f64::INFINITY).contains(&lambda) => "must be finite and not negative";
        /// Share of the L1 penalty; that of the L2 penalty is 1 - `l1_ratio`. From 0 to 1; default 0.5.
        l1_ratio = 0.5, |ratio| (0.0..=1.0).contains(&ratio) => "must be from 0 to 1";
    }
}

penalties! {
    /// Any penalty, chosen at run time: an enum that can be copied, compared, hashed, written as text and parsed. The text
    /// is the name of the penalty, followed by its parameters, as for [`AnyLoss`](crate::loss::AnyLoss). The names `l1` and
    /// `l2` are those of losses.
    ///
    /// ```
    /// use slopes::loss::{AnyPenalty, Penalty};
    ///
    /// let penalty: AnyPenalty = "elastic_net(lambda=1)".parse()?;
    /// assert_eq!(penalty.to_string(), "elastic_net(lambda=1, l1_ratio=0.5)");
    /// assert_eq!(penalty.value(&[2.0_f32, -4.0]), 8.0);
    /// # Ok::<(), slopes::ParseError>(())
    /// ```
    AnyPenalty;
    L1: |this| [this.lambda, 0.0];
    L2: |this| [0.0, this.lambda];
    ElasticNet: |this| [this.lambda * this.l1_ratio, this.lambda * (1.0 - this.l1_ratio)];
}

impl<T: Element> Penalty<T> for AnyPenalty {
    fn spec(&self) -> &'static Spec {
        self.spec()
    }
    fn value(&self, weights: &[T]) -> f64 {
        self.as_dyn::<T>().value(weights)
    }
    #[track_caller]
    fn add_gradient(&self, weights: &[T], gradient: &mut [T]) {
        self.as_dyn::<T>().add_gradient(weights, gradient);
    }
}
