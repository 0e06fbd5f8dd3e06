//! Weight penalties (regularization): L1 (lasso), L2 (weight decay), elastic net; the R of a cost C = loss + R.

use crate::check::same_length;
use crate::compiled::concrete;
use crate::element::Element;
use crate::error::ParameterError;
use crate::simd::Lanes;
use crate::slice::{self, Dst, Map, Src};

/// A penalty of a network's weights (regularization), added to its loss.
///
/// The term of a weight is computed in f32 or f64, as its type is, and the terms are summed in f64; a gradient is off
/// by three roundings at most.
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
        let linear = w.abs() * self.a;
        [if self.b == 0.0 { linear } else { (w * (self.b * 0.5)).mul_add(w, linear) }]
    }
}

/// The gradient plus the derivative of the term: a sign(w) + b w, where sign(0) is 0.
#[derive(Clone, Copy)]
struct AddGradient(Value);
impl Map<2, 1> for AddGradient {
    #[inline(always)]
    fn apply<L: Lanes>(self, [w, gradient]: [L; 2]) -> [L; 1] {
        let zero = w.splat(0.0);
        let sign = zero.select(w.equals(zero), w.splat(self.0.a).copysign(w));
        let derivative = if self.0.b == 0.0 { sign.select(w.equals(w), w) } else { w.mul_add(w.splat(self.0.b), sign) };
        [gradient + derivative]
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

/// Declares a penalty: its type, its parameters with their defaults, and the coefficients a of |w| and b of w^2 / 2.
macro_rules! penalty {
    (
        $(#[$doc:meta])*
        $Name:ident { $($(#[$field_doc:meta])* $field:ident = $usual:literal, $check:expr => $wanted:literal;)+ }
        coefficients |$this:ident| $coefficients:expr;
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct $Name {
            $($(#[$field_doc])* pub $field: f64,)+
        }

        impl Default for $Name {
            fn default() -> Self {
                $Name { $($field: $usual),+ }
            }
        }

        impl $Name {
            /// The penalty of checked parameters. The fields are public, and values written to them are not checked.
            ///
            /// # Errors
            #[doc = concat!("If a parameter is out of its domain:", $(" `", stringify!($field), "` ", $wanted, ".",)+)]
            #[doc = concat!(
                "\n```\nassert!(slopes::loss::", stringify!($Name), "::new(",
                $("-1.0, /* ", stringify!($field), " */ ",)+ ").is_err());\n```",
            )]
            pub fn new($($field: f64),+) -> Result<Self, ParameterError> {
                $(
                    let is_valid: fn(f64) -> bool = $check;
                    if !is_valid($field) {
                        return Err(ParameterError { parameter: stringify!($field), value: $field, requirement: $wanted });
                    }
                )+
                Ok($Name { $($field),+ })
            }

            fn map(&self) -> Value {
                let $this = self;
                let [a, b] = $coefficients;
                Value { a, b }
            }
        }

        impl<T: Element> Penalty<T> for $Name {
            fn value(&self, weights: &[T]) -> f64 {
                <T::Kernels as PenaltyKernels<T>>::value(self.map(), weights)
            }
            #[track_caller]
            fn add_gradient(&self, weights: &[T], gradient: &mut [T]) {
                same_length("add_gradient", [("weights", weights.len()), ("gradient", gradient.len())]);
                <T::Kernels as PenaltyKernels<T>>::add_gradient(self.map(), weights, gradient);
            }
        }
    };
}

penalty! {
    /// L1 penalty (lasso): `lambda |w|`, summed over the weights, which makes weights exactly 0.
    ///
    /// The derivative at a weight of 0 is 0.
    ///
    /// Source: R. Tibshirani, Regression Shrinkage and Selection via the Lasso, 1996.
    ///
    /// ```
    /// use slopes::loss::{L1, Penalty};
    /// assert_eq!(L1 { lambda: 0.5 }.value(&[2.0_f32, -4.0]), 3.0);
    /// ```
    #[doc(alias = "lasso")]
    L1 {
        /// Strength lambda of the penalty. Finite and not negative; default 0.01.
        lambda = 0.01, |lambda| lambda >= 0.0 && lambda.is_finite() => "must be finite and not negative";
    }
    coefficients |this| [this.lambda, 0.0];
}

penalty! {
    /// L2 penalty (ridge, weight decay): `lambda w^2 / 2`, summed over the weights, with the gradient `lambda w`.
    ///
    /// Source: A. Hoerl, R. Kennard, Ridge Regression, 1970.
    ///
    /// ```
    /// use slopes::loss::{L2, Penalty};
    /// assert_eq!(L2 { lambda: 0.5 }.value(&[2.0_f32, -4.0]), 5.0);
    /// ```
    #[doc(alias = "ridge")]
    #[doc(alias = "weight_decay")]
    L2 {
        /// Strength lambda of the penalty. Finite and not negative; default 0.01.
        lambda = 0.01, |lambda| lambda >= 0.0 && lambda.is_finite() => "must be finite and not negative";
    }
    coefficients |this| [0.0, this.lambda];
}

penalty! {
    /// Elastic net penalty: `lambda (l1_ratio |w| + (1 - l1_ratio) w^2 / 2)`, summed over the weights.
    ///
    /// Source: H. Zou, T. Hastie, Regularization and Variable Selection via the Elastic Net, 2005.
    ///
    /// ```
    /// use slopes::loss::{ElasticNet, Penalty};
    /// assert_eq!(ElasticNet { lambda: 1.0, l1_ratio: 0.5 }.value(&[2.0_f32, -4.0]), 8.0);
    /// ```
    ElasticNet {
        /// Strength lambda of the penalty. Finite and not negative; default 0.01.
        lambda = 0.01, |lambda| lambda >= 0.0 && lambda.is_finite() => "must be finite and not negative";
        /// Share of the L1 penalty; that of the L2 penalty is 1 - `l1_ratio`. From 0 to 1; default 0.5.
        l1_ratio = 0.5, |ratio| (0.0..=1.0).contains(&ratio) => "must be from 0 to 1";
    }
    coefficients |this| [this.lambda * this.l1_ratio, this.lambda * (1.0 - this.l1_ratio)];
}
