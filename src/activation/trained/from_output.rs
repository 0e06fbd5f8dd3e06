//! Derivatives computed from outputs, for training that keeps y and not x.
//!
//! Only for functions whose derivative is a function of their value, and is accurate when computed from it: each
//! formula is within its stated error of the exact derivative at the given y. The rounding error of y itself remains:
//! where y has rounded to 1, the derivative of a sigmoid is 0, where from x it would be e^-x. Half an ulp of y is at
//! most 2^-25 there (2^-54 in f64), and so is the error of the derivative.

use crate::activation::elementwise::rectifier::constant;
use crate::activation::{
    Celu, Elu, Exp, Formula, HardSigmoid, HardTanh, Identity, LeakyRelu, Linear, LogSigmoid, PRelu, Relu, Relu6, Selu,
    Sigmoid, Softplus, Softsign, Tanh,
};
use crate::check::same_length;
use crate::compiled::Here;
use crate::element::Element;
use crate::math::FloatMath;
use crate::simd::Lanes;
use crate::slice::{self, Dst, Map, Src};

/// A function whose derivative can be computed from its value: f'(x) = g(f(x)).
///
/// ```
/// use slopes::activation::{Activation, FromOutput, Tanh};
/// let mut y = [-1.0_f32, 0.0, 0.5];
/// Tanh.forward_in_place(&mut y);
/// // y has replaced x, and is enough.
/// let mut dx = [0.0; 3];
/// Tanh.backward_from_output(&y, &[1.0; 3], &mut dx);
/// assert_eq!(dx, [(1.0 - y[0]) * (1.0 + y[0]), 1.0, (1.0 - y[2]) * (1.0 + y[2])]);
/// ```
///
/// # Panics
/// Methods that take several slices panic if their lengths differ, before anything is written; the message names the
/// lengths.
pub trait FromOutput: Formula {
    /// The worst error of the derivative at the given y, in ulp, for f32 and for f64.
    const OUTPUT_ULP: f64;

    /// The derivative g(y), written over registers.
    fn df_from_output<L: Lanes>(self, y: L) -> L;

    /// The derivative f'(x), y being f(x).
    #[must_use]
    fn derivative_from_output<T: Element>(&self, y: T) -> T {
        Here::derivative_from_output(self, y)
    }

    /// The derivatives d = f'(x), y being f(x).
    #[track_caller]
    fn derivative_slice_from_output<T: Element>(&self, y: &[T], d: &mut [T]) {
        Here::derivative_slice_from_output(self, y, d);
    }

    /// The gradient dx = dy f'(x), y being f(x).
    #[track_caller]
    fn backward_from_output<T: Element>(&self, y: &[T], dy: &[T], dx: &mut [T]) {
        Here::backward_from_output(self, y, dy, dx);
    }

    /// The gradient in place: dy = dy f'(x), y being f(x).
    #[track_caller]
    fn backward_from_output_in_place<T: Element>(&self, y: &[T], dy: &mut [T]) {
        Here::backward_from_output_in_place(self, y, dy);
    }
}

/// The methods of [`FromOutput`] that compute, for the macros of `compiled.rs`.
macro_rules! from_output_methods {
    ($then:path: $context:tt) => {
        $then! { $context
            derivative_from_output(y: T) -> T;
            derivative_slice_from_output(y: &[T], d: &mut [T]) -> ();
            backward_from_output(y: &[T], dy: &[T], dx: &mut [T]) -> ();
            backward_from_output_in_place(y: &[T], dy: &mut [T]) -> ();
        }
    };
}

from_output_methods! { crate::compiled::declare_compute: {
    /// Computes the methods of [`FromOutput`]: implemented by an element for the crate's own functions, by [`Here`] for
    /// any formula.
    pub(crate) ComputeFromOutput
} }

impl<F: FromOutput, T: Element> ComputeFromOutput<F, T> for Here {
    fn derivative_from_output(f: &F, y: T) -> T {
        slice::map_scalar::<_, _, 1, 1>((*f, Derivative), [y])[0]
    }
    #[track_caller]
    fn derivative_slice_from_output(f: &F, y: &[T], d: &mut [T]) {
        same_length("derivative_slice_from_output", [("y", y.len()), ("d", d.len())]);
        // The derivative is the gradient for dy = 1: they share a kernel.
        slice::map((*f, Backward), [Src::new(y), Src::repeat(T::ONES)], [Dst::new(d)]);
    }
    #[track_caller]
    fn backward_from_output(f: &F, y: &[T], dy: &[T], dx: &mut [T]) {
        same_length("backward_from_output", [("y", y.len()), ("dy", dy.len()), ("dx", dx.len())]);
        slice::map((*f, Backward), [Src::new(y), Src::new(dy)], [Dst::new(dx)]);
    }
    #[track_caller]
    fn backward_from_output_in_place(f: &F, y: &[T], dy: &mut [T]) {
        same_length("backward_from_output_in_place", [("y", y.len()), ("dy", dy.len())]);
        let dy = Dst::new(dy);
        slice::map((*f, Backward), [Src::new(y), dy.src()], [dy]);
    }
}

/// The maps of a formula, as tuples that begin with it: this decides their codegen units (see `simd::entry`).
#[derive(Clone, Copy)]
struct Derivative;
impl<F: FromOutput> Map<1, 1> for (F, Derivative) {
    #[inline(always)]
    fn apply<L: Lanes>(self, [y]: [L; 1]) -> [L; 1] {
        [self.0.df_from_output(y)]
    }
}

#[derive(Clone, Copy)]
struct Backward;
impl<F: FromOutput> Map<2, 1> for (F, Backward) {
    #[inline(always)]
    fn apply<L: Lanes>(self, [y, dy]: [L; 2]) -> [L; 1] {
        [dy * self.0.df_from_output(y)]
    }
}

macro_rules! from_output {
    ($($(#[$doc:meta])* $Name:ident, $ulp:literal, |$this:ident, $y:ident| $derivative:expr;)+) => {
        pub(crate) trait OutputKernels<T>: $(ComputeFromOutput<$Name, T> +)+ {}
        crate::compiled::for_each_element! { crate::compiled::implement_all: @of OutputKernels }
        $(from_output_methods! { crate::compiled::compile: { [] ComputeFromOutput of $Name } }
        $(#[$doc])*
        impl FromOutput for $Name {
            const OUTPUT_ULP: f64 = $ulp;
            #[inline(always)]
            fn df_from_output<L: Lanes>($this, $y: L) -> L {
                $derivative
            }
            from_output_methods! { crate::compiled::provide: { ComputeFromOutput } }
        }
    )+ };
}

from_output! {
    /// `g(y) = 1`.
    Identity, 0.0, |self, y| self.df(y);
    /// `g(y) = c`.
    Linear, 0.0, |self, y| self.df(y);
    /// `g(y) = 1 if y > 0, else 0`.
    Relu, 0.0, |self, y| self.df(y);
    /// `g(y) = 1 if 0 < y < 6, else 0`.
    Relu6, 0.0, |self, y| self.df(y);
    /// `g(y) = 1 if low < y < high, else 0`.
    HardTanh, 0.0, |self, y| self.df(y);
    /// `g(y) = 1 if y > 0, else a`; NaN if a is negative, because then both sides have the same values.
    LeakyRelu, 0.0, |self, y| if self.slope >= 0.0 { self.df(y) } else { y.splat(f64::NAN) };
    /// `g(y) = 1 if y > 0, else a`; NaN if a is negative, as for [`LeakyRelu`].
    PRelu, 0.0, |self, y| LeakyRelu { slope: self.slope }.df_from_output(y);
    /// `g(y) = 1 / (high - low) if 0 < y < 1, else 0`; also 0 where x is inside and y has rounded to 0 or 1.
    HardSigmoid, 0.5, |self, y| {
        let HardSigmoid { low, high } = self.rounded_to::<L::Real>();
        let inside = constant(y, 1.0 / (high - low));
        let (zero, one) = (y.splat(0.0), y.splat(1.0));
        zero.select(y.le(zero), zero.select(one.le(y), inside))
    };
    /// `g(y) = y (1 - y)`: as accurate as y in the lower tail; 1 - y is exact from y = 1/2 on.
    Sigmoid, 1.5, |self, y| y * (y.splat(1.0) - y);
    /// `g(y) = (1 - y) (1 + y)`: the difference 1 - y is exact from y = 1/2 on, where a square y^2 would be rounded.
    Tanh, 1.5, |self, y| {
        let one = y.splat(1.0);
        (one - y) * (one + y)
    };
    /// `g(y) = (1 - |y|)^2`.
    Softsign, 2.0, |self, y| {
        let rest = y.splat(1.0) - y.abs();
        rest * rest
    };
    /// `g(y) = y`.
    Exp, 0.0, |self, y| y;
    /// `g(y) = 1 if y > 0, else y + alpha`.
    Elu, 0.5, |self, y| y.splat(1.0).select(y.splat(0.0).lt(y), y + self.alpha);
    /// `g(y) = 1 if y > 0, else (y + alpha) / alpha`.
    Celu, 1.5, |self, y| y.splat(1.0).select(y.splat(0.0).lt(y), (y + self.alpha) / self.alpha);
    /// `g(y) = gamma if y > 0, else y + gamma alpha`.
    Selu, 1.0, |self, y| {
        let depth = self.depth::<L::Real>();
        let negative = (y + y.fill(depth.high)) + y.fill(depth.low);
        y.fill(self.factor::<L::Real>().high).select(y.splat(0.0).lt(y), negative)
    };
    /// `g(y) = 1 - exp(-beta y)`.
    Softplus, 2.5, |self, y| -(y * -self.beta).exp_m1();
    /// `g(y) = 1 - exp(y)`.
    LogSigmoid, 1.5, |self, y| -y.exp_m1();
}
