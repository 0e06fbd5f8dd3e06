//! Activations with a learned parameter: the derivative in the parameter, and its gradient over a slice.

use crate::activation::elementwise::swish::Scaled;
use crate::activation::{
    AnyActivation, Celu, Elu, Formula, Gaussian, LeakyRelu, Linear, PRelu, Snake, Softplus, Swish,
};
use crate::check::same_length;
use crate::compiled::Here;
use crate::element::Element;
use crate::math::exp::{Constants, exp_lifted, power_of_two};
use crate::math::log::ln_1p_exp;
use crate::math::logistic::lower;
use crate::math::pair::HiLo;
use crate::math::polynomial::polynomial;
use crate::math::sin::{reduce, sin_cos_reduced};
use crate::simd::Lanes;
use crate::slice::{self, Dst, Map, Src};

/// A function f(x; p) with one parameter p that training can learn.
///
/// An author writes [`dfdp`](Learnable::dfdp); the other methods follow from it, for every type and instruction set.
/// NaN gives NaN, infinities give the limits.
///
/// ```
/// use slopes::activation::{Activation, Learnable, PRelu};
///
/// // One step of gradient descent on the sum of dy f(x).
/// let (x, dy) = ([-2.0_f32, -1.0, 3.0], [1.0, 0.5, 1.0]);
/// let mut prelu = PRelu { slope: 0.25 };
/// let gradient = prelu.parameter_gradient(&x, &dy);
/// assert_eq!((PRelu::PARAMETER, gradient), ("slope", -2.5));
/// prelu.slope -= 0.1 * gradient;
/// assert_eq!(prelu.forward(-2.0_f32), -1.0);
/// ```
///
/// # Panics
/// Methods that take several slices panic if their lengths differ, before anything is written; the message names the
/// lengths.
pub trait Learnable: Formula {
    /// The name of the field that holds the parameter p.
    const PARAMETER: &'static str;

    /// The worst error of df/dp, in ulp, for f32 and for f64.
    const PARAMETER_ULP: f64;

    /// The derivative df/dp at x, written over registers.
    fn dfdp<L: Lanes>(self, x: L) -> L;

    /// The derivative df/dp at x.
    #[must_use]
    fn parameter_derivative<T: Element>(&self, x: T) -> T {
        Here::parameter_derivative(self, x)
    }

    /// The derivatives d = df/dp at each x.
    #[track_caller]
    fn parameter_derivative_slice<T: Element>(&self, x: &[T], d: &mut [T]) {
        Here::parameter_derivative_slice(self, x, d);
    }

    /// The gradient in the parameter: the sum of dy df/dp over all x.
    ///
    /// Each product is rounded to the type that is computed in; they are summed in f64, in an order that depends on the
    /// length alone.
    #[must_use]
    #[track_caller]
    fn parameter_gradient<T: Element>(&self, x: &[T], dy: &[T]) -> f64 {
        Here::parameter_gradient(self, x, dy)
    }
}

/// The methods of [`Learnable`] that compute, for the macros of `compiled.rs`.
macro_rules! learned_methods {
    ($then:path: $context:tt) => {
        $then! { $context
            parameter_derivative(x: T) -> T;
            parameter_derivative_slice(x: &[T], d: &mut [T]) -> ();
            parameter_gradient(x: &[T], dy: &[T]) -> f64;
        }
    };
}

learned_methods! { crate::compiled::declare_compute: {
    /// Computes the methods of [`Learnable`]: implemented by an element for the crate's own functions, by [`Here`] for
    /// any formula.
    pub(crate) ComputeLearned
} }

impl<F: Learnable, T: Element> ComputeLearned<F, T> for Here {
    fn parameter_derivative(f: &F, x: T) -> T {
        slice::map_scalar::<_, _, 1, 1>((*f, ParameterDerivative), [x])[0]
    }
    #[track_caller]
    fn parameter_derivative_slice(f: &F, x: &[T], d: &mut [T]) {
        same_length("parameter_derivative_slice", [("x", x.len()), ("d", d.len())]);
        slice::map((*f, ParameterDerivative), [Src::new(x)], [Dst::new(d)]);
    }
    #[track_caller]
    fn parameter_gradient(f: &F, x: &[T], dy: &[T]) -> f64 {
        same_length("parameter_gradient", [("x", x.len()), ("dy", dy.len())]);
        slice::map_and_sum((*f, ParameterBackward), [Src::new(x), Src::new(dy)], [], x.len())
    }
}

/// The maps of a formula, as tuples that begin with it: this decides their codegen units (see `simd::entry`).
#[derive(Clone, Copy)]
struct ParameterDerivative;
impl<F: Learnable> Map<1, 1> for (F, ParameterDerivative) {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x]: [L; 1]) -> [L; 1] {
        [self.0.dfdp(x)]
    }
}

/// dy df/dp.
#[derive(Clone, Copy)]
pub(crate) struct ParameterBackward;
impl<F: Learnable> Map<2, 1> for (F, ParameterBackward) {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x, dy]: [L; 2]) -> [L; 1] {
        [dy * self.0.dfdp(x)]
    }
}

/// The functions with a parameter, and their compiled kernels.
macro_rules! learned {
    ($($Name:ident),+ $(,)?) => {
        pub(crate) trait LearnedKernels<T>: $(ComputeLearned<$Name, T> +)+ {}
        crate::compiled::for_each_element! { crate::compiled::implement_all: @of LearnedKernels }
        $(learned_methods! { crate::compiled::compile: { [] ComputeLearned of $Name } })+

        impl AnyActivation {
            /// The name of the parameter that can be learned; `None` if the function has none.
            ///
            /// ```
            /// use slopes::activation::AnyActivation;
            /// let mut f: AnyActivation = "prelu(slope=0.25)".parse()?;
            /// let gradient = f.parameter_gradient(&[-2.0_f32, 3.0], &[1.0, 1.0]);
            /// assert_eq!((f.learned_parameter(), gradient), (Some("slope"), Some(-2.0)));
            /// f.set_parameter("slope", 0.25 - 0.01 * gradient.unwrap())?;
            /// assert_eq!(f.to_string(), "prelu(slope=0.27)");
            /// # Ok::<(), Box<dyn std::error::Error>>(())
            /// ```
            #[must_use]
            pub const fn learned_parameter(&self) -> Option<&'static str> {
                match self {
                    $(Self::$Name(_) => Some(<$Name as Learnable>::PARAMETER),)+
                    _ => None,
                }
            }

            /// The gradient of the sum of dy f(x) in the [`learned_parameter`](Self::learned_parameter); `None` if the
            /// function has none.
            ///
            /// # Panics
            /// If the slices differ in length.
            #[must_use]
            #[track_caller]
            pub fn parameter_gradient<T: Element>(&self, x: &[T], dy: &[T]) -> Option<f64> {
                match self {
                    $(Self::$Name(f) => Some(Learnable::parameter_gradient(f, x, dy)),)+
                    _ => None,
                }
            }
        }
    };
}
learned! { Linear, LeakyRelu, PRelu, Elu, Celu, Softplus, Swish, Gaussian, Snake }

/// `df/dslope = x`.
impl Learnable for Linear {
    learned_methods! { crate::compiled::provide: { ComputeLearned } }
    const PARAMETER: &'static str = "slope";
    const PARAMETER_ULP: f64 = 0.0;
    #[inline(always)]
    fn dfdp<L: Lanes>(self, x: L) -> L {
        x
    }
}

/// `df/dslope = min(0, x)`.
impl Learnable for LeakyRelu {
    learned_methods! { crate::compiled::provide: { ComputeLearned } }
    const PARAMETER: &'static str = "slope";
    const PARAMETER_ULP: f64 = 0.0;
    #[inline(always)]
    fn dfdp<L: Lanes>(self, x: L) -> L {
        x.at_most(x.splat(0.0))
    }
}

/// `df/dslope = min(0, x)`.
impl Learnable for PRelu {
    learned_methods! { crate::compiled::provide: { ComputeLearned } }
    const PARAMETER: &'static str = "slope";
    const PARAMETER_ULP: f64 = 0.0;
    #[inline(always)]
    fn dfdp<L: Lanes>(self, x: L) -> L {
        x.at_most(x.splat(0.0))
    }
}

/// `df/dalpha = 0 if x > 0, else exp(x) - 1`.
impl Learnable for Elu {
    learned_methods! { crate::compiled::provide: { ComputeLearned } }
    const PARAMETER: &'static str = "alpha";
    const PARAMETER_ULP: f64 = 1.0;
    #[inline(always)]
    fn dfdp<L: Lanes>(self, x: L) -> L {
        Elu::DEFAULT.f(x.at_most(x.splat(0.0)))
    }
}

/// `df/dalpha = 0 if x > 0, else exp(z) - 1 - z exp(z)`, z = x / alpha.
///
/// Near 0 that is about -z^2 / 2 and would cancel; there it is computed as `-exp(z) (exp(-z) - 1 + z)`, the second
/// factor by a series of positive terms.
impl Learnable for Celu {
    learned_methods! { crate::compiled::provide: { ComputeLearned } }
    const PARAMETER: &'static str = "alpha";
    const PARAMETER_ULP: f64 = 4.0;
    #[inline(always)]
    fn dfdp<L: Lanes>(self, x: L) -> L {
        let side = self.side(x, x.splat(L::Real::EXP_VANISHING));
        let v = -side.z;
        let e = exp_lifted(side.z, None, HiLo::exact(1.0)) * lower::<L>();
        let far = v.mul_add(e, e - 1.0);
        let near = -(e * (v * v * polynomial(v, L::Real::BEND)));
        // From v = 27/16 on, v e + e is less than 1/2, so that 1 - e - v e does not cancel.
        let derivative = near.select(v.lt(v.splat(27.0 / 16.0)), far);
        let derivative = if let Some(low) = side.low { low.mul_add(v * e, derivative) } else { derivative };
        -derivative.abs()
    }
}

/// `df/dbeta = -(ln(1 + exp(-a)) + a s(-a)) / beta^2`, a = |beta x|: the entropy of a coin of log-odds beta x.
///
/// The direct form, `x s(z) / beta - ln(1 + exp(z)) / beta^2`, cancels where z is large; it is even in z, and for
/// negative z both terms have the same sign. 0 where a is beyond 114 (760 in f64). The error bound holds for beta from
/// 1e-12 to 1e12.
impl Learnable for Softplus {
    learned_methods! { crate::compiled::provide: { ComputeLearned } }
    const PARAMETER: &'static str = "beta";
    const PARAMETER_ULP: f64 = 3.5;
    #[inline(always)]
    fn dfdp<L: Lanes>(self, x: L) -> L {
        let z = Scaled::of(x, self.beta);
        let log = match z.low {
            None => ln_1p_exp(-z.magnitude, None, None),
            Some(low) => ln_1p_exp(-z.magnitude, Some(-low), None),
        };
        let tail = z.tail();
        let entropy = z.magnitude.mul_add(tail.lifted / tail.denominator(), log);
        let Softplus { beta } = self.rounded_to::<L::Real>();
        cut(x, z.a, entropy * (-lower::<L>() / (beta * beta)))
    }
}

/// `df/dbeta = x^2 s(z) s(-z)`, z = beta x. 0 where |z| is beyond 114 (760 in f64).
impl Learnable for Swish {
    learned_methods! { crate::compiled::provide: { ComputeLearned } }
    const PARAMETER: &'static str = "beta";
    const PARAMETER_ULP: f64 = 3.5;
    #[inline(always)]
    fn dfdp<L: Lanes>(self, x: L) -> L {
        let z = Scaled::of(x, self.beta);
        let tail = z.tail();
        let d = tail.reciprocal();
        let t = tail.power * d;
        // The square undoes the lift: only the last product rounds into the subnormals, and no other overflows early.
        let a = z.a * power_of_two(-L::Real::LIFT / 2);
        cut(x, z.a, (-t).mul_add(d, d) * tail.lifted * a * a)
    }
}

/// `df/dsigma = x^2 / sigma^3 f(x)`. 0 where |x / sigma| is beyond 15 (38.9 in f64).
impl Learnable for Gaussian {
    learned_methods! { crate::compiled::provide: { ComputeLearned } }
    const PARAMETER: &'static str = "sigma";
    const PARAMETER_ULP: f64 = 4.5;
    #[inline(always)]
    fn dfdp<L: Lanes>(self, x: L) -> L {
        let bell = self.bell(x, self.inverse_square());
        let Gaussian { sigma } = self.rounded_to::<L::Real>();
        let derivative = bell.value * bell.a * bell.a * (lower::<L>() / sigma);
        cut(x, bell.a, derivative)
    }
}

/// `df/da = x sin(2 z) / a - sin(z)^2 / a^2`, z = a x.
///
/// Near 0 the terms are about 2 x^2 and x^2, so that the relative error is up to three times theirs. There are roots:
/// for |z| above 1/2, the error bound is in ulp of `x / a`.
impl Learnable for Snake {
    learned_methods! { crate::compiled::provide: { ComputeLearned } }
    const PARAMETER: &'static str = "a";
    const PARAMETER_ULP: f64 = 8.0;
    #[inline(always)]
    fn dfdp<L: Lanes>(self, x: L) -> L {
        let a = x.splat(self.a);
        let z = x * a;
        let rest = if self.a == 1.0 { None } else { Some(x.mul_error(a, z)) };
        let reduced = reduce::<L, false, false>(z, rest);
        let (sin, cos) = sin_cos_reduced(reduced.r);
        let even = reduced.even();
        // sin z / a is squared, not sin z, so that the squares of small x do not underflow; and sin 2 z.
        let wave = sin.select(even, cos) / a;
        let double = sin * cos * 2.0;
        // Adding 0 turns an underflowed -0 into 0.
        (x / a).mul_add(double.select(even, -double), -(wave * wave)) + 0.0
    }
}

/// `derivative`, but 0 with its sign where |x| was clamped to `a`.
#[inline(always)]
fn cut<L: Lanes>(x: L, a: L, derivative: L) -> L {
    x.splat(0.0).copysign(derivative).select(a.lt(x.abs()), derivative)
}
