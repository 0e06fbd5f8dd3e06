//! Likelihoods of counts and of positive amounts: Poisson, gamma and Tweedie.

use super::likelihood::{log, not_negative, unless_zero};
use super::regression::residual;
use crate::loss::{LossFormula, loss, positive_bound};
use crate::math::FloatMath;
use crate::math::exp::{
    Constants, LOWERED, exp_lowered, exp_parts, exp_times_parts, exp_times_scaled, largest_factor, may_overflow,
    power_of_two,
};
use crate::math::rounding::{div_remainder, div_square, two_sum};
use crate::simd::{Lanes, Real};

loss! {
    /// Poisson negative log-likelihood of a count, with a predicted log-rate.
    ///
    /// The rate is the exponential of the prediction; terms of the count alone are left out. Targets must be 0 or more;
    /// a negative one gives NaN. With `full`, the absolute error bound of the value is 128. The name `poisson`
    /// is not read: in LightGBM it is this loss, in Keras [`PoissonNllOfRate`].
    PoissonNll {
        /// Whether to add Stirling's approximation of ln(y!) where y > 1; false by default.
        full: flag = false, |_| true => "must be true or false";
    }
    names ["poisson_nll", "poisson_nll_loss", "count:poisson"];
    formula "exp(z) - y z, z = prediction, y = target; plus y ln(y) - y + ln(2 pi y) / 2 if full and y > 1",
        "exp(z) - y", "exp(z)";
    source "S.-D. Poisson, 1837; J. Nelder, R. Wedderburn, Generalized Linear Models, 1972";
    example [0.5, 2.0] = [0.6487212707001282, -0.35127872929987186];
    limits [[0.0, f64::INFINITY], [0.0, f64::INFINITY], [0.0, f64::INFINITY]];
    range [f64::NEG_INFINITY, f64::INFINITY], monotone true, Neither;
    f32 [2.0, 2.0, 1.1], floor [2.0, 1.0, 0.0]; f64 [2.0, 2.0, 1.1], floor [2.0, 1.0, 0.0];
    bound "max(exp(z), (exp(z) + y) / 2)";
    in (self, z, target), constant log;
    f {
        let y = not_negative(target);
        let value = Self::value_from(z, y, exp_parts(z), 0) + stirling(y, 0, self.full);
        let large = may_overflow(z, y);
        let value = if L::any(large) {
            let lowered = Self::value_from(z, y, exp_lowered(z), LOWERED) + stirling(y, LOWERED, self.full);
            (lowered * power_of_two(LOWERED)).select(large, value)
        } else {
            value
        };
        value.select(z.equals(z), z)
    }
    df {
        let y = not_negative(target);
        let derivative = Self::derivative_from(y, exp_parts(z), 0);
        let large = may_overflow(z, y);
        let derivative = if L::any(large) {
            let lowered = Self::derivative_from(y, exp_lowered(z), LOWERED);
            (lowered * power_of_two(LOWERED)).select(large, derivative)
        } else {
            derivative
        };
        derivative.select(y.equals(y), y)
    }
    d2f {
        let y = not_negative(target);
        z.exp().select(y.equals(y), y)
    }
    d2f_bound {
        let (e, y) = (z.exp(), not_negative(target));
        larger_bound(e, e * 0.5 + y * 0.5)
    }
}

impl PoissonNll {
    /// (exp(z) - y z) 2^-lowered, from exp(z) 2^-lowered and its error term.
    #[inline(always)]
    fn value_from<L: Lanes>(z: L, y: L, (e, low): (L, L), lowered: i32) -> L {
        let value = (-y * power_of_two(-lowered)).mul_add(unless_zero(y, z), e) + low;
        e.select(e.equals(e.splat(f64::INFINITY)), value)
    }

    /// (exp(z) - y) 2^-lowered, likewise.
    #[inline(always)]
    fn derivative_from<L: Lanes>(y: L, (e, low): (L, L), lowered: i32) -> L {
        let derivative = (e - y * power_of_two(-lowered)) + low;
        e.select(e.equals(e.splat(f64::INFINITY)), derivative)
    }
}

/// The Hessian bound of a loss whose derivative is the difference of a rising and a falling term: the larger of the
/// second derivative and of half the sum of both terms.
#[inline(always)]
fn larger_bound<L: Lanes>(second: L, half_sum: L) -> L {
    positive_bound(second.at_least(half_sum)).select(half_sum.equals(half_sum), half_sum)
}

/// Stirling's approximation of ln(y!) times 2^-lowered where y > 1, if `full`; else 0. NaN stays NaN.
#[inline(always)]
fn stirling<L: Lanes>(y: L, lowered: i32, full: bool) -> L {
    let zero = y.splat(0.0);
    let none = zero.select(y.equals(y), y);
    if !full {
        return none;
    }
    // y ln y - y + (ln y + ln 2 pi) / 2
    let l = y.ln();
    let down = power_of_two(-lowered);
    let formula = l.mul_add((y + 0.5) * down, (y.splat(0.918_938_533_204_672_8) - y) * down);
    formula.select(y.splat(1.0).lt(y), none)
}

loss! {
    /// Poisson negative log-likelihood of a count, with a predicted rate.
    ///
    /// Terms of the count alone are left out. Prediction and target must be 0 or more; a negative one gives NaN. With
    /// `full`, the absolute error bound of the value is 128.
    PoissonNllOfRate {
        /// Offset eps, added to the rate in the logarithm. From 0 to 1e15; default 1e-8.
        eps ("epsilon") = 1e-8, |eps| (0.0..=1e15).contains(&eps) => "must be from 0 to 1e15";
        /// Whether to add Stirling's approximation of ln(y!) where y > 1; false by default.
        full: flag = false, |_| true => "must be true or false";
    }
    names ["poisson_nll_of_rate"];
    formula "q - y ln(q + eps), q = prediction, y = target; plus y ln(y) - y + ln(2 pi y) / 2 if full and y > 1",
        "(q + eps - y) / (q + eps)", "y / (q + eps)^2";
    source "S.-D. Poisson, 1837";
    example [2.0, 1.0] = [1.3068528144400546, 0.5000000025];
    limits [[f64::NAN, f64::INFINITY], [f64::NAN, 1.0], [f64::NAN, 0.0]];
    range [f64::NEG_INFINITY, f64::INFINITY], monotone false, Neither;
    f32 [2.0, 2.0, 2.5], floor [6.0, 0.0, 0.0]; f64 [2.0, 2.0, 2.5], floor [6.0, 0.0, 0.0];
    bound "the larger of the second derivative and 1 / (q + eps), its mean where the predicted rate is the true one";
    in (self, prediction, target), constant |this, mean| if mean < this.eps { 0.0 } else { mean - this.eps };
    f {
        let (q, y) = (not_negative(prediction), not_negative(target));
        let value = self.value_from(q, y, 0) + stirling(y, 0, self.full);
        let large = y.splat(largest_factor::<L>()).le(y);
        if L::any(large) {
            let lowered = self.value_from(q, y, LOWERED) + stirling(y, LOWERED, self.full);
            (lowered * power_of_two(LOWERED)).select(large, value)
        } else {
            value
        }
    }
    df {
        let (q, y) = (not_negative(prediction), not_negative(target));
        let (sum, lost) = two_sum(q, q.splat(self.eps));
        let (n, n_low) = residual(sum, y);
        let quotient = n / sum;
        let err = div_remainder(n, quotient, sum) + (n_low + lost - quotient * lost);
        // Where the remainder overflows, it is infinite or NaN.
        let corrected = (quotient + err / sum).select(err.abs().le(q.fill(L::Real::MAX)), quotient);
        let derivative = q.splat(1.0).select(y.equals(q.splat(0.0)), corrected);
        let derivative = q.splat(1.0).select(q.equals(q.splat(f64::INFINITY)), derivative);
        derivative.select(q.equals(q), q).select(y.equals(y), y)
    }
    d2f {
        let (q, y) = (not_negative(prediction), not_negative(target));
        let (sum, lost) = two_sum(q, q.splat(self.eps));
        unless_zero(y, div_square(y, sum, lost)).select(q.equals(q), q)
    }
    d2f_bound {
        let sum = not_negative(prediction) + self.eps;
        positive_bound(self.d2f(prediction, target).at_least(sum.splat(1.0) / sum))
    }
}

impl PoissonNllOfRate {
    /// (q - y ln(q + eps)) 2^-lowered: a product with y may overflow, but not its sum with the other terms.
    #[inline(always)]
    fn value_from<L: Lanes>(self, q: L, y: L, lowered: i32) -> L {
        let down = power_of_two(-lowered);
        let value = (-y * down).mul_add(unless_zero(y, (q + self.eps).ln()), q * down);
        q.select(q.equals(q.splat(f64::INFINITY)), value)
    }
}

loss! {
    /// Gamma negative log-likelihood of a positive number, with a predicted log-mean.
    ///
    /// The mean is the exponential of the prediction, the shape of the gamma distribution is 1; terms of the target
    /// alone are left out. Targets must be positive; any other gives NaN.
    Gamma names ["gamma", "gamma_nll"];
    formula "z + y exp(-z), z = prediction, y = target", "1 - y exp(-z)", "y exp(-z)";
    source "P. McCullagh, J. Nelder, Generalized Linear Models, 1989";
    example [0.5, 2.0] = [1.7130613194252668, -0.21306131942526685];
    limits [[f64::INFINITY, f64::INFINITY], [f64::NEG_INFINITY, 1.0], [f64::INFINITY, 0.0]];
    range [f64::NEG_INFINITY, f64::INFINITY], monotone false, Neither;
    f32 [2.0, 2.0, 1.5], floor [2.0, 2.0, 0.0]; f64 [2.0, 2.0, 1.5], floor [2.0, 2.0, 0.0];
    bound "max(y exp(-z), (1 + y exp(-z)) / 2)";
    in (self, z, target), constant log;
    f {
        let (fall, low) = self.fall(z, target);
        let infinite = fall.equals(z.splat(f64::INFINITY));
        fall.select(infinite, z + fall + low)
    }
    df {
        let (fall, low) = self.fall(z, target);
        fall.splat(1.0) - fall - low
    }
    d2f { self.fall(z, target).0 }
    d2f_bound {
        let fall = self.fall(z, target).0;
        larger_bound(fall, fall * 0.5 + 0.5)
    }
}

impl Gamma {
    /// y exp(-z), rounded, and most of its error term.
    #[inline(always)]
    fn fall<L: Lanes>(self, z: L, target: L) -> (L, L) {
        let y = target.select(target.splat(0.0).lt(target), target.splat(f64::NAN));
        let (fall, low) = exp_times_parts(-z, None, y);
        (fall.select(y.equals(y), y), low)
    }
}

loss! {
    /// Tweedie negative log-likelihood (deviance) of a number of 0 or more, with a predicted log-mean.
    ///
    /// The mean is the exponential of the prediction; terms of the target alone are left out. Targets must be 0 or
    /// more; a negative one gives NaN. With `power` other than 1.5, the error bounds are 2.25, 2 and 2 ulp.
    Tweedie {
        /// Variance power p: the variance grows as the mean to the power p, where 1 would be Poisson, 2 gamma. Between
        /// 1 and 2, exclusive; default 1.5.
        power ("p", "variance_power") = 1.5, |power| power > 1.0 && power < 2.0 => "must be between 1 and 2, exclusive";
    }
    names ["tweedie", "tweedie_deviance"];
    formula "exp((2 - p) z) / (2 - p) + y exp(-(p - 1) z) / (p - 1), z = prediction, y = target, p = power",
        "exp((2 - p) z) - y exp(-(p - 1) z)", "(2 - p) exp((2 - p) z) + (p - 1) y exp(-(p - 1) z)";
    source "B. Jorgensen, Exponential Dispersion Models, 1987";
    example [0.5, 2.0] = [5.683253965661103, -0.27357614945506825];
    limits [[0.0, f64::INFINITY], [0.0, f64::INFINITY], [0.0, f64::INFINITY]];
    range [0.0, f64::INFINITY], monotone true, Neither;
    f32 [2.0, 2.0, 2.0], floor [0.0, 4.0, 0.0]; f64 [2.0, 2.0, 2.0], floor [0.0, 4.0, 0.0];
    bound "the larger of the second derivative and (exp((2 - p) z) + y exp(-(p - 1) z)) / 2";
    in (self, z, target), constant log;
    f {
        let [a, b] = self.exponents(z);
        let one = z.splat(1.0);
        let (rise, fall) = self.terms(z, target, Some([one / a, one / b]));
        rise + fall
    }
    df {
        let (rise, fall) = self.terms(z, target, None);
        rise - fall
    }
    d2f {
        let [a, b] = self.exponents(z);
        let (rise, fall) = self.terms(z, target, Some([a, b]));
        rise + fall
    }
    d2f_bound {
        let [a, b] = self.exponents(z);
        let (rise, fall) = self.terms(z, target, Some([z.splat(0.5); 2]));
        larger_bound(rise * (a + a) + fall * (b + b), rise + fall)
    }
}

impl Tweedie {
    /// 2 - p and p - 1, both exact.
    #[inline(always)]
    fn exponents<L: Lanes>(self, z: L) -> [L; 2] {
        let power = z.splat(self.power);
        [z.splat(2.0) - power, power - 1.0]
    }

    /// exp((2 - p) z) and y exp(-(p - 1) z), times factors, 1 by default.
    #[inline(always)]
    fn terms<L: Lanes>(self, z: L, target: L, factors: Option<[L; 2]>) -> (L, L) {
        let y = not_negative(target);
        let [a, b] = self.exponents(z);
        let (rises, falls) = match factors {
            Some([rises, falls]) => (Some(rises), Some(falls)),
            None => (None, None),
        };
        let (rise, fall) = (scaled_exp(z, a, z.splat(1.0), rises), scaled_exp(z, -b, y, falls));
        (rise.select(y.equals(y), y), unless_zero(y, fall).select(z.equals(z), z))
    }
}

/// factor y e^(by z) for |by| <= 1, with the error term of the product by z; the factor is 1 by default.
#[inline(always)]
fn scaled_exp<L: Lanes>(z: L, by: L, y: L, factor: Option<L>) -> L {
    let product = z * by;
    let low = z.mul_error(by, product);
    // Beyond that, the exponential is 0 or infinite whatever the error term is.
    let low = low.select(product.abs().lt(z.splat(2.0 * L::Real::EXP_CUTOFF)), z.splat(0.0));
    exp_times_scaled(product, Some(low), y, factor).0
}
