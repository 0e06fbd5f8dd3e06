//! Functions of the normal distribution.

#![allow(clippy::approx_constant, reason = "the usual mean of laplace is its authors' decimals")]

use core::f64::consts::SQRT_2;

use super::{Formula, activation};
use crate::math::exp::Constants;
use crate::math::logistic::lower;
use crate::math::normal::{Bell, DENSITY, tail, tail_less_slope, tail_times_a};
use crate::math::pair::Pair;
use crate::math::rounding::{nearly_fused, two_sum};
use crate::simd::Lanes;

activation! {
    /// x times the probability that a normal variable is below x. By the complementary error function, so that the tail
    /// keeps its relative accuracy.
    Gelu names ["gelu", "gelu_erf", "gelu_python"];
    formula "x P(x), P(x) = erfc(-x / sqrt(2)) / 2", "P(x) + x p(x), p(x) = exp(-x^2 / 2) / sqrt(2 pi)", "p(x) (2 - x^2)";
    source "D. Hendrycks, K. Gimpel, arXiv:1606.08415";
    limits [[-0.0, f64::INFINITY], [0.0, 1.0], [0.0, 0.0]];
    roots [&[], &[-0.751_791_524_693_564_5], &[-SQRT_2, SQRT_2]];
    range [-0.169_971_207_479_903_66, f64::INFINITY], monotone false, None;
    f32 [2.0, 2.25, 3.25], floor [0.0, 0.25, 0.25]; f64 [2.0, 2.25, 3.25], floor [0.0, 0.25, 0.25];
    in (self, x)
    value {
        // x less a tail above 0, the tail below, in one step.
        let a = x.abs().at_most(x.splat(L::Real::BELL_END));
        tail_times_a(a).mul_add(x.splat(-0.5 * lower::<L>()), x.at_least(x.splat(-0.0)))
    }
    slope {
        let a = x.abs().at_most(x.splat(L::Real::BELL_END));
        let (zero, one) = (x.splat(0.0), x.splat(1.0));
        tail_less_slope(a).flip_sign(-x).mul_add(x.splat(0.5 * lower::<L>()), x.select_negative(-zero, one))
    }
    curvature {
        let a = x.abs().at_most(x.splat(L::Real::BELL_END));
        let square = a * a;
        let (bend, lost) = two_sum(x.splat(2.0), -square);
        let density = DENSITY.to::<L::Real>().times(Bell::new(a, None).value());
        nearly_fused(bend, density, density * (lost - a.product_error(a, square))) * lower::<L>()
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
        Pair::<L::Real>::quotient(DENSITY.high, self.held_in::<L::Real>().sigma).times(Bell::new(z.a, Some(z.low)).value())
            * lower::<L>()
    }
    curvature {
        let z = self.standard(x);
        let Laplace { sigma, .. } = self.held_in::<L::Real>();
        let bell = Pair::<L::Real>::quotient(DENSITY.high, sigma * sigma).times(Bell::new(z.a, Some(z.low)).value());
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
