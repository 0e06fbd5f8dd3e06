//! Functions of the normal distribution: its density and its distribution function.

#![allow(clippy::approx_constant, reason = "the usual mean of laplace is its authors' decimals")]

use crate::activation::{Formula, activation};
use crate::element::Element as _;
use crate::math::exp::{Constants, exp_lifted};
use crate::math::logistic::lower;
use crate::math::normal::{Bell as Density, DENSITY, tail};
use crate::math::pair::Pair;
use crate::math::rounding::{nearly_fused, two_sum};
use crate::simd::Lanes;

activation! {
    /// The bell: a radial basis function of one number, centred at 0. Of rows: [`RadialBasis`](crate::activation::RadialBasis).
    Gaussian {
        /// The standard deviation: how wide the bell is.
        sigma = 1.0, |sigma| (1e-15..=1e15).contains(&sigma) => "must be between 1e-15 and 1e15";
    }
    names ["gaussian", "rbf", "radial_basis"];
    formula "exp(-x^2 / (2 sigma^2))", "-x / sigma^2 f(x)", "(x^2 / sigma^2 - 1) / sigma^2 f(x)";
    source "D. Broomhead, D. Lowe, Multivariable Functional Interpolation and Adaptive Networks, 1988";
    limits [[0.0, 0.0], [0.0, 0.0], [0.0, 0.0]];
    range [0.0, 1.0], monotone false, Even;
    f32 [1.25, 2.0, 2.75]; f64 [1.25, 2.0, 3.0];
    in (self, x)
    value { self.bell(x).value * lower::<L>() }
    slope {
        let bell = self.bell(x);
        bell.value * bell.a.flip_sign(-x) * (bell.inverse_square * lower::<L>())
    }
    curvature {
        let bell = self.bell(x);
        bell.value * bell.inverse_square * (bell.excess * lower::<L>())
    }
}

/// The pieces of exp(-a^2 / (2 sigma^2)).
#[derive(Clone, Copy)]
pub(crate) struct Bell<L> {
    /// |x|, cut where the bell ends.
    pub(crate) a: L,
    /// 2^LIFT times the value.
    pub(crate) value: L,
    /// 1 / sigma^2.
    pub(crate) inverse_square: L,
    /// a^2 / sigma^2 - 1.
    excess: L,
}

impl Gaussian {
    /// The exponent is taken to twice the precision, for e^-z would turn the rounding of z into z / 2 ulp.
    #[inline(always)]
    pub(crate) fn bell<L: Lanes>(self, x: L) -> Bell<L> {
        let Gaussian { sigma } = self.held_in::<L::Real>();
        let inverse_square = Pair::<L::Real>::inverse_square(sigma);
        let end = L::Real::of(sigma * L::Real::BELL_END);
        let a = x.abs().at_most(x.fill(end));
        let square = a * a;
        let high = square * x.fill(inverse_square.high);
        let low = square.product_error(x.fill(inverse_square.high), high)
            + (a.product_error(a, square) * x.fill(inverse_square.high) + square * x.fill(inverse_square.low));
        Bell {
            a,
            value: exp_lifted(high * -0.5, Some(low * -0.5), Pair::exact(1.0)),
            inverse_square: x.fill(inverse_square.high),
            excess: (high - 1.0) + low,
        }
    }
}

activation! {
    /// The distribution function of a normal variable. Where x is small beside `mu`, its steps are small beside the
    /// value's, and rounding may take the value down by one.
    Laplace {
        /// The mean.
        mu = 0.707107, |mu| mu.is_finite() => "must be finite";
        /// The standard deviation.
        sigma = 0.282095, |sigma| (1e-10..=1e10).contains(&sigma) => "must be between 1e-10 and 1e10";
    }
    names ["laplace"];
    formula "P(z), P(z) = erfc(-z / sqrt(2)) / 2, z = (x - mu) / sigma", "p(z) / sigma, p(z) = exp(-z^2 / 2) / sqrt(2 pi)",
        "-z p(z) / sigma^2";
    source "X. Ma et al., Mega: Moving Average Equipped Gated Attention, arXiv:2209.10655";
    limits [[0.0, 1.0], [0.0, 0.0], [0.0, 0.0]];
    range [0.0, 1.0], monotone false, None;
    f32 [2.5, 2.25, 3.25]; f64 [2.5, 2.5, 3.5];
    in (self, x)
    value {
        let z = self.standard(x);
        let tail = tail(z.a, z.low).flip_sign(-z.sign);
        tail.mul_add(x.splat(0.5 * lower::<L>()), z.sign.select_negative(x.splat(-0.0), x.splat(1.0)))
    }
    slope {
        let z = self.standard(x);
        Pair::<L::Real>::quotient(DENSITY.high, self.held_in::<L::Real>().sigma).times(Density::new(z.a, Some(z.low)).value())
            * lower::<L>()
    }
    curvature {
        let z = self.standard(x);
        let Laplace { sigma, .. } = self.held_in::<L::Real>();
        let bell = Pair::<L::Real>::quotient(DENSITY.high, sigma * sigma).times(Density::new(z.a, Some(z.low)).value());
        nearly_fused(z.a, bell, bell * z.low).flip_sign(-z.sign) * lower::<L>()
    }
}

/// |z|, cut where the bell ends, and what it lacks; and a number with the sign of z.
#[derive(Clone, Copy)]
struct Standard<L> {
    a: L,
    low: L,
    sign: L,
}

impl Laplace {
    /// (x - mu) / sigma to twice the precision.
    #[inline(always)]
    fn standard<L: Lanes>(self, x: L) -> Standard<L> {
        let Laplace { mu, sigma } = self.held_in::<L::Real>();
        let inverse = Pair::<L::Real>::quotient(1.0, sigma);
        let (high, end) = (x.fill(inverse.high), L::Real::BELL_END * sigma);
        let x = x.at_least(x.splat(mu - end)).at_most(x.splat(mu + end));
        let (difference, lost) = two_sum(x, x.splat(-mu));
        let z = difference * high;
        let low = difference.product_error(high, z) + difference.mul_add(x.fill(inverse.low), lost * high);
        Standard { a: z.abs(), low: low.flip_sign(z), sign: z }
    }
}
