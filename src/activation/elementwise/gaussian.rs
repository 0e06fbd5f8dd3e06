//! The Gaussian function, and the normal distribution function of Mega's attention.

#![allow(clippy::approx_constant, reason = "the default mean of laplace has the decimals of its authors")]

use core::f64::consts::SQRT_2;

use num_traits::Float;

use crate::activation::{Formula, activation};
use crate::math::exp::{exp_lifted, gaussian_vanishing, vanishing};
use crate::math::logistic::lower;
use crate::math::normal::{DENSITY, exponent, tail};
use crate::math::pair::HiLo;
use crate::math::rounding::{fma_emulated, two_sum};
use crate::simd::{Lanes, Real};

activation! {
    /// The Gaussian function exp(-x^2 / (2 sigma^2)): a radial basis function (RBF) of one number, centred at 0.
    ///
    /// For rows of numbers and several centres, see [`RadialBasis`](crate::activation::RadialBasis).
    Gaussian {
        /// The standard deviation sigma: from 1e-10 to 1e10, 1 by default.
        sigma = 1.0, |sigma| (1e-10..=1e10).contains(&sigma) => "must be from 1e-10 to 1e10";
    }
    names ["gaussian", "rbf", "radial_basis"];
    formula "exp(-x^2 / (2 sigma^2))", "-x / sigma^2 f(x)", "(x^2 / sigma^2 - 1) / sigma^2 f(x)";
    source "D. Broomhead, D. Lowe, Multivariable Functional Interpolation and Adaptive Networks, 1988";
    example [1.0] = [0.6065306597126334, -0.6065306597126334];
    limits [[0.0, 0.0], [0.0, 0.0], [0.0, 0.0]];
    range [0.0, 1.0], monotone false, Even;
    f32 [1.25, 2.0, 2.75]; f64 [1.25, 2.0, 3.0];
    in_f64 [true; 3];
    in (self, x), exact_gain |this| Float::sqrt(Float::hypot(1.0, SQRT_2 / this.sigma));
    f { self.bell(x, HiLo::exact(1.0)).value * lower::<L>() }
    df {
        let bell = self.bell(x, self.inverse_square());
        bell.value * bell.a.xor_sign(-x) * lower::<L>()
    }
    d2f {
        let bell = self.bell(x, self.inverse_square());
        bell.value * (bell.excess * lower::<L>())
    }
}

/// The parts of exp(-a^2 / (2 sigma^2)) and of its derivatives.
#[derive(Clone, Copy)]
pub(crate) struct Bell<L> {
    /// |x|, clamped where the value is 0.
    pub(crate) a: L,
    /// 2^LIFT times the exponential, times a factor.
    pub(crate) value: L,
    /// a^2 / sigma^2 - 1.
    excess: L,
}

impl Gaussian {
    /// 1 / sigma^2.
    #[inline(always)]
    pub(crate) fn inverse_square<R: Real>(self) -> HiLo<R> {
        HiLo::inverse_square(self.rounded_to::<R>().sigma)
    }

    /// The exponent is computed to twice the precision: e^-z would turn the rounding of z into z / 2 ulp.
    #[inline(always)]
    pub(crate) fn bell<L: Lanes>(self, x: L, factor: HiLo<L::Real>) -> Bell<L> {
        let Gaussian { sigma } = self.rounded_to::<L::Real>();
        let inverse_square = self.inverse_square::<L::Real>();
        let a = x.abs().at_most(x.fill(gaussian_vanishing(factor, sigma)));
        let square = a * a;
        let high = square * x.fill(inverse_square.high);
        let low = square.mul_error(x.fill(inverse_square.high), high)
            + (a.mul_error(a, square) * x.fill(inverse_square.high) + square * x.fill(inverse_square.low));
        Bell {
            a,
            value: exp_lifted((high * -0.5).at_least(x.fill(-vanishing(factor))), Some(low * -0.5), factor),
            excess: (high - 1.0) + low,
        }
    }
}

activation! {
    /// The Laplace attention function of Mega: a normal distribution function, not the Laplace distribution.
    ///
    /// Its mean is mu, its standard deviation sigma. It increases, but where |x| is small beside |mu|, neighbouring x
    /// are much closer than neighbouring values, and rounding may lower the value by one ulp.
    Laplace {
        /// The mean mu: finite, 0.707107 by default.
        mu = 0.707107, |mu| mu.is_finite() => "must be finite";
        /// The standard deviation sigma: from 1e-10 to 1e10, 0.282095 by default.
        sigma = 0.282095, |sigma| (1e-10..=1e10).contains(&sigma) => "must be from 1e-10 to 1e10";
    }
    names ["laplace"];
    formula "P(z), P(z) = erfc(-z / sqrt(2)) / 2, z = (x - mu) / sigma", "p(z) / sigma, p(z) = exp(-z^2 / 2) / sqrt(2 pi)",
        "-z p(z) / sigma^2";
    source "X. Ma et al., Mega: Moving Average Equipped Gated Attention, arXiv:2209.10655";
    example [1.0] = [0.8504296492845703, 0.8249457674635579];
    limits [[0.0, 1.0], [0.0, 0.0], [0.0, 0.0]];
    range [0.0, 1.0], monotone false, Neither;
    f32 [2.5, 2.25, 3.25]; f64 [2.5, 2.5, 3.5];
    in_f64 [true; 3];
    in (self, x)
    f {
        let z = self.standard(x, HiLo::exact(1.0));
        let tail = tail(z.a, z.low).xor_sign(-z.sign);
        tail.mul_add(x.splat(0.5 * lower::<L>()), z.sign.select_negative(x.splat(-0.0), x.splat(1.0)))
    }
    df {
        let factor = HiLo::per(DENSITY.high, self.rounded_to::<L::Real>().sigma);
        self.standard(x, factor).bell(factor) * lower::<L>()
    }
    d2f {
        let Laplace { sigma, .. } = self.rounded_to::<L::Real>();
        let factor = HiLo::quotient_by_square(DENSITY.high, sigma);
        let z = self.standard(x, factor);
        let bell = z.bell(factor);
        fma_emulated(bell, z.a, bell * z.low).xor_sign(-z.sign) * lower::<L>()
    }
}

/// The standardized argument z = (x - mu) / sigma.
#[derive(Clone, Copy)]
struct Standard<L> {
    /// |z|, clamped where the density is 0.
    a: L,
    /// The error term of |z|.
    low: L,
    /// A number with the sign of z.
    sign: L,
}

impl<L: Lanes> Standard<L> {
    /// factor e^(-z^2 / 2) 2^LIFT.
    #[inline(always)]
    fn bell(self, factor: HiLo<L::Real>) -> L {
        let (exponent, lost) = exponent(self.a, Some(self.low));
        exp_lifted(exponent.at_least(exponent.fill(-vanishing(factor))), Some(lost), factor)
    }
}

impl Laplace {
    /// (x - mu) / sigma to twice the precision, clamped where `factor` times the density is 0.
    #[inline(always)]
    fn standard<L: Lanes>(self, x: L, factor: HiLo<L::Real>) -> Standard<L> {
        let Laplace { mu, sigma } = self.rounded_to::<L::Real>();
        let inverse = HiLo::<L::Real>::per(1.0, sigma);
        let (high, end) = (x.fill(inverse.high), x.fill(gaussian_vanishing(factor, sigma)));
        let (difference, lost) = two_sum(x, x.splat(-mu));
        let lost = lost.select(difference.abs().lt(end), x.splat(0.0));
        let difference = difference.at_least(-end).at_most(end);
        let z = difference * high;
        let low = difference.mul_error(high, z) + difference.mul_add(x.fill(inverse.low), lost * high);
        Standard { a: z.abs(), low: low.xor_sign(z), sign: z }
    }
}
