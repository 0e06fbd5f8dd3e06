//! Regression losses of the residual r = prediction - target.
//!
//! A residual is rounded once, and that is an error relative to its own size: a loss that grows like a power of r keeps
//! its relative accuracy, at r = 0 too. Where a loss multiplies that error, the error term of the residual is carried
//! along.

use super::likelihood::{not_negative, unless_zero};
use crate::activation::{self, Formula};
use crate::element::Element as _;
use crate::loss::{LossFormula, loss, positive_bound};
use crate::math::exp::power_of_two;
use crate::math::log::{Part, ln_of_end, ln_of_quotient};
use crate::math::logistic::Tail;
use crate::math::pair::HiLo;
use crate::math::rounding::{div_remainder, fma_emulated, two_sum};
use crate::math::tanh::{self, ln_cosh};
use crate::simd::{Lanes, Real};

/// prediction - target, rounded, and its error term, which is 0 where a step to it overflows.
#[inline(always)]
pub(crate) fn residual<L: Lanes>(prediction: L, target: L) -> (L, L) {
    let (r, low) = two_sum(prediction, -target);
    (r, low.select(low.equals(low), r.splat(0.0)))
}

/// `constant`, or NaN where the residual is NaN.
#[inline(always)]
fn constant<L: Lanes>(constant: f64, prediction: L, target: L) -> L {
    let r = prediction - target;
    r.splat(constant).select(r.equals(r), r)
}

/// The sign of r: -1, 0 or 1.
#[inline(always)]
fn sign<L: Lanes>(r: L) -> L {
    let outside = r.splat(1.0).copysign(r).select(r.splat(0.0).lt(r.abs()), r);
    outside.select(r.equals(r), r)
}

loss! {
    /// Squared error; its mean is the mean squared error (MSE).
    Mse names ["mse", "mean_squared_error", "squared_error", "l2", "mse_loss"];
    formula "(prediction - target)^2", "2 (prediction - target)", "2";
    source "A.-M. Legendre, 1805";
    example [3.0, 1.0] = [4.0, 4.0];
    limits [[f64::INFINITY, f64::INFINITY], [f64::NEG_INFINITY, f64::INFINITY], [2.0, 2.0]];
    range [0.0, f64::INFINITY], monotone false, Even;
    f32 [2.0, 1.0, 0.0]; f64 [2.0, 1.0, 0.0];
    in (self, prediction, target), constant |_, mean| mean;
    f {
        let r = prediction - target;
        r * r
    }
    df { (prediction - target) * 2.0 }
    d2f { constant(2.0, prediction, target) }
}

loss! {
    /// Half the squared error, whose derivative is the residual itself.
    HalfSquared names ["half_squared", "half_squared_error", "reg:squarederror", "regression", "regression_l2"];
    formula "r^2 / 2, r = prediction - target", "r", "1";
    source "A.-M. Legendre, 1805";
    example [3.0, 1.0] = [2.0, 2.0];
    limits [[f64::INFINITY, f64::INFINITY], [f64::NEG_INFINITY, f64::INFINITY], [1.0, 1.0]];
    range [0.0, f64::INFINITY], monotone false, Even;
    f32 [2.0, 0.5, 0.0]; f64 [2.0, 0.5, 0.0];
    in (self, prediction, target), constant |_, mean| mean;
    f {
        let r = prediction - target;
        r * 0.5 * r
    }
    df { prediction - target }
    d2f { constant(1.0, prediction, target) }
}

loss! {
    /// Absolute error; its mean is the mean absolute error (MAE).
    ///
    /// The derivative at a residual of 0 is 0.
    Mae names ["mae", "mean_absolute_error", "absolute_error", "l1", "l1_loss", "mae_loss", "reg:absoluteerror", "regression_l1"];
    formula "abs(r), r = prediction - target", "sign(r)", "0";
    source "P.-S. Laplace, 1774";
    example [3.0, 1.0] = [2.0, 1.0];
    limits [[f64::INFINITY, f64::INFINITY], [-1.0, 1.0], [0.0, 0.0]];
    kinks [0.0];
    range [0.0, f64::INFINITY], monotone false, Even;
    f32 [0.5, 0.0, 0.0]; f64 [0.5, 0.0, 0.0];
    bound "1: a step of derivative / bound has length 1";
    in (self, prediction, target), one_minimum true;
    f { (prediction - target).abs() }
    df { sign(prediction - target) }
    d2f { constant(0.0, prediction, target) }
    d2f_bound { constant(1.0, prediction, target) }
}

loss! {
    /// Absolute error as a percentage of the target; its mean is the mean absolute percentage error (MAPE).
    ///
    /// The derivative at a residual of 0 is 0.
    Mape {
        /// Lower bound eps of the target's magnitude in the denominator. From 1e-30 to 1e30; default 1e-7.
        eps ("epsilon") = 1e-7, |eps| (1e-30..=1e30).contains(&eps) => "must be from 1e-30 to 1e30";
    }
    names ["mape", "mean_absolute_percentage_error"];
    formula "100 abs(r) / max(abs(target), eps), r = prediction - target", "100 sign(r) / max(abs(target), eps)", "0";
    source "definition";
    example [18.0, 16.0] = [12.5, 6.25];
    limits [[f64::INFINITY, f64::INFINITY], [-1e9, 1e9], [0.0, 0.0]];
    kinks [0.0];
    range [0.0, f64::INFINITY], monotone false, Even;
    f32 [2.0, 0.5, 0.0]; f64 [2.0, 0.5, 0.0];
    in_f64 [true; 3];
    bound "100 / max(abs(target), eps): a step of derivative / bound has length 1";
    in (self, prediction, target), one_minimum true;
    f {
        // Large residuals are multiplied by 2^-48: neither they nor 100 times them may overflow before they are
        // divided.
        let one = target.splat(1.0);
        let small = (prediction - target).abs().lt(target.splat(power_of_two(64)));
        let down = one.select(small, target.splat(power_of_two(-48)));
        let (r, low) = residual(prediction * down, target * down);
        let hundred = one * 100.0;
        let percent = fma_emulated(hundred, r.abs(), low.xor_sign(r) * hundred);
        let percent = percent.select(percent.equals(percent), r.abs() * hundred);
        percent / (target.abs().at_least(target.splat(self.eps)) * down)
    }
    df { sign(prediction - target) * self.weight(target) }
    d2f { constant(0.0, prediction, target) }
    d2f_bound {
        let r = prediction - target;
        self.weight(target).select(r.equals(r), r)
    }
}

impl Mape {
    /// 100 / max(|target|, eps).
    #[inline(always)]
    fn weight<L: Lanes>(self, target: L) -> L {
        target.splat(100.0) / target.abs().at_least(target.splat(self.eps))
    }
}

loss! {
    /// Squared logarithmic error; its mean is the mean squared logarithmic error (MSLE).
    ///
    /// The squared difference of the logarithms of 1 + prediction and 1 + target: a squared relative error of numbers
    /// that may grow large. Both must be -1 or more; below, value and derivatives are NaN. Nothing is clipped. Where
    /// both are -1, value and derivative are 0. The
    /// absolute error bound of the second derivative is for predictions of -0.9 or more: it grows as
    /// `1 / (1 + prediction)^2`.
    Msle names ["msle", "mean_squared_logarithmic_error"];
    formula "l^2, l = ln(1 + prediction) - ln(1 + target)", "2 l / (1 + prediction)", "2 (1 - l) / (1 + prediction)^2";
    source "definition";
    example [1.0, 0.0] = [0.48045301391820144, 0.6931471805599453];
    limits [[f64::NAN, f64::INFINITY], [f64::NAN, 0.0], [f64::NAN, -0.0]];
    range [0.0, f64::INFINITY], monotone false, Neither;
    f32 [1.75, 1.5, 3.0], floor [0.0, 0.0, 128.0]; f64 [1.75, 1.5, 3.0], floor [0.0, 0.0, 128.0];
    bound "2 h / (1 + prediction)^2, h = 1 - l if l < 0, else sqrt((1 + prediction) / (1 + target))";
    in (self, prediction, target), one_minimum true;
    f {
        let (l, err) = log_ratio(prediction, target);
        let square = l.mul_add(l, (l + l) * err);
        square.select(l.abs().le(l.fill(L::Real::MAX)), l * l)
    }
    df {
        let (l, err) = log_ratio(prediction, target);
        let y = per((l + l, err + err), prediction, 1.0);
        l.select(l.equals(l.splat(0.0)), y)
    }
    d2f {
        let (l, err) = log_ratio(prediction, target);
        curve_of_logarithm(l, err, prediction)
    }
    d2f_bound {
        // On the way up to the target, the second derivative falls; on the way down it rises to 2 / (1 + target)^2.
        let (l, err) = log_ratio(prediction, target);
        let (zero, one) = (l.splat(0.0), l.splat(1.0));
        let upward = curve_of_logarithm(l.at_most(zero), err.select(l.lt(zero), zero), prediction);
        let d = prediction + one;
        let downward = l.splat(2.0) / (d.sqrt() * (target + one).sqrt()) / d;
        positive_bound(downward.select(zero.lt(l), upward))
    }
}

/// 2 (1 - l) / (1 + x)^2, `err` being the error term of l.
#[inline(always)]
fn curve_of_logarithm<L: Lanes>(l: L, err: L, x: L) -> L {
    let (rest, low) = two_sum(l.splat(1.0), -l);
    let quotient = per((rest + rest, (low - err) * 2.0), x, 0.0);
    per((quotient, l.splat(0.0)), x, 2.0)
}

/// ln((1 + prediction) / (1 + target)), rounded, and its error term.
#[inline(always)]
fn log_ratio<L: Lanes>(prediction: L, target: L) -> (L, L) {
    let (l, err) = ln_of_quotient(Part::of_1p(prediction), Part::of_1p(target));
    let (zero, infinity) = (l.splat(0.0), l.splat(f64::INFINITY));
    let (n, d) = (prediction + 1.0, target + 1.0);
    let largest = n.select(zero.lt(n), infinity).at_least(d.select(zero.lt(d), infinity));
    let special = l.fill(L::Real::MAX).lt(largest);
    if L::any(special) {
        let (n, d) = (not_negative(n), not_negative(d));
        // Equal numbers have the ratio 1, where both are -1 too.
        let limit = unless_zero(n + d, ln_of_end(n / d));
        (limit.select(special, l), zero.select(special, err))
    } else {
        (l, err)
    }
}

/// (a + a_low) / (1 + x), corrected for `times` times the error term of 1 + x (2 corrects an earlier division by it as
/// well); 0 at an infinite x.
#[inline(always)]
fn per<L: Lanes>((a, a_low): (L, L), x: L, times: f64) -> L {
    let (sum, low) = two_sum(x, x.splat(1.0));
    let quotient = a / sum;
    let corrected = quotient + (a_low - quotient * (low * times)) / sum;
    let largest = x.fill(L::Real::MAX);
    let corrected = corrected.select(quotient.abs().le(largest), quotient);
    let finite = sum.le(largest);
    let beyond = x.splat(0.0).select(a.equals(a), a);
    corrected.select(finite, beyond.select(x.equals(x), x))
}

loss! {
    /// Huber loss: half the squared residual up to `delta`, linear beyond.
    ///
    /// The derivative at a residual of +-delta is +-delta.
    Huber {
        /// Threshold delta, where the parabola goes over into lines. From 1e-15 to 1e15; default 1.
        delta = 1.0, |delta| (1e-15..=1e15).contains(&delta) => "must be from 1e-15 to 1e15";
    }
    names ["huber", "huber_loss"];
    formula "r^2 / 2 if abs(r) < delta, else delta (abs(r) - delta / 2); r = prediction - target",
        "min(max(-delta, r), delta)", "1 if abs(r) < delta, else 0";
    source "P. J. Huber, Robust Estimation of a Location Parameter, 1964";
    example [3.0, 1.0] = [1.5, 1.0];
    limits [[f64::INFINITY, f64::INFINITY], [-1.0, 1.0], [0.0, 0.0]];
    kinks [-1.0, 1.0];
    range [0.0, f64::INFINITY], monotone false, Even;
    f32 [2.0, 0.5, 0.0]; f64 [2.0, 0.5, 0.0];
    bound "min(1, delta / abs(r))";
    in (self, prediction, target), one_minimum true;
    f { huber(prediction, target, self.delta) }
    df {
        let delta = prediction.splat(self.delta);
        (prediction - target).at_most(delta).at_least(-delta)
    }
    d2f { inside(prediction, target, self.delta, prediction.splat(1.0)) }
    d2f_bound {
        let half = prediction.splat(self.delta) * 0.5;
        positive_bound(half / half_residual(prediction, target).at_least(half))
    }
}

/// a (|r| - a / 2) with a = min(|r|, delta), from halves of r and a: r may overflow where the loss does not.
#[inline(always)]
fn huber<L: Lanes>(prediction: L, target: L, delta: f64) -> L {
    let (half, low) = residual(prediction * 0.5, target * 0.5);
    let a = half.abs().at_most(half.splat(delta) * 0.5);
    (a * 4.0) * (a.mul_add(a.splat(-0.5), half.abs()) + low.xor_sign(half))
}

/// Half of |r|, which does not overflow.
#[inline(always)]
fn half_residual<L: Lanes>(prediction: L, target: L) -> L {
    (prediction * 0.5 - target * 0.5).abs()
}

/// `value` where |r| is below `end`, else 0.
#[inline(always)]
fn inside<L: Lanes>(prediction: L, target: L, end: f64, value: L) -> L {
    let r = prediction - target;
    let y = value.select(r.abs().lt(r.splat(end)), r.splat(0.0));
    y.select(r.equals(r), r)
}

loss! {
    /// Smooth L1 loss: the Huber loss of delta = `beta`, divided by `beta`.
    ///
    /// The absolute error with a round bottom, of derivative +-1 outside.
    SmoothL1 {
        /// Threshold beta, where the parabola goes over into lines. From 1e-15 to 1e15; default 1.
        beta = 1.0, |beta| (1e-15..=1e15).contains(&beta) => "must be from 1e-15 to 1e15";
    }
    names ["smooth_l1", "smooth_l1_loss"];
    formula "r^2 / (2 beta) if abs(r) < beta, else abs(r) - beta / 2; r = prediction - target",
        "min(max(-beta, r), beta) / beta", "1 / beta if abs(r) < beta, else 0";
    source "R. Girshick, Fast R-CNN, arXiv:1504.08083";
    example [3.0, 1.0] = [1.5, 1.0];
    limits [[f64::INFINITY, f64::INFINITY], [-1.0, 1.0], [0.0, 0.0]];
    kinks [-1.0, 1.0];
    range [0.0, f64::INFINITY], monotone false, Even;
    f32 [2.0, 1.5, 0.5]; f64 [2.0, 1.5, 0.5];
    bound "1 / max(beta, abs(r))";
    in (self, prediction, target), one_minimum true;
    f {
        let (r, low) = residual(prediction, target);
        let beta = r.splat(self.beta);
        let a = r.abs().at_most(beta);
        // Beyond beta, the quotient is 1.
        a / beta * (a.mul_add(a.splat(-0.5), r.abs()) + low.xor_sign(r))
    }
    df {
        let beta = prediction.splat(self.beta);
        (prediction - target).at_most(beta).at_least(-beta) / beta
    }
    d2f { inside(prediction, target, self.beta, prediction.splat(1.0) / prediction.splat(self.beta)) }
    d2f_bound {
        let half = half_residual(prediction, target);
        positive_bound(half.splat(0.5) / half.at_least(half.splat(self.beta) * 0.5))
    }
}

loss! {
    /// Pseudo-Huber loss (Charbonnier loss): a smooth relative of the Huber loss, a branch of a hyperbola.
    PseudoHuber {
        /// Scale delta of the round part, and the size of the derivative far outside. From 1e-15 to 1e15; default 1.
        delta = 1.0, |delta| (1e-15..=1e15).contains(&delta) => "must be from 1e-15 to 1e15";
    }
    names ["pseudo_huber", "charbonnier", "reg:pseudohubererror"];
    formula "delta^2 (s - 1), s = sqrt(1 + (r / delta)^2), r = prediction - target", "r / s", "1 / s^3";
    source "P. Charbonnier et al., Deterministic Edge-Preserving Regularization in Computed Imaging, 1997";
    example [3.0, 1.0] = [1.2360679774997898, 0.8944271909999159];
    limits [[f64::INFINITY, f64::INFINITY], [-1.0, 1.0], [0.0, 0.0]];
    range [0.0, f64::INFINITY], monotone false, Even;
    f32 [2.0, 2.25, 2.0]; f64 [2.0, 2.25, 2.0];
    in_f64 [true; 3];
    bound "1 / s";
    in (self, prediction, target), one_minimum true;
    f {
        // q^2 / (1 + s), in which nothing cancels at 0.
        let Hyperbola { q, q_low, square, square_low, s, s_low } = self.hyperbola(prediction, target);
        let d = s + 1.0;
        let d_low = (s - (d - 1.0)) + s_low;
        let quotient = square / d;
        let err = div_remainder(square, quotient, d) + (square_low - quotient * d_low);
        let rest = err / d + q / s * q_low;
        let delta = self.rounded_to::<L::Real>().delta;
        let [high, low] = HiLo::<L::Real>::product(delta, delta).into_f64();
        let plain = quotient * high;
        let value = quotient.mul_add(q.splat(high), quotient * low + rest * high);
        let value = value.select(plain.le(q.fill(L::Real::MAX)), plain);
        // Far outside, s is |q|, and the 1 is negligible beside it; near 0 the loss is r^2 / 2, and q^2 might
        // underflow.
        let (r, low) = residual(prediction, target);
        let (half, a) = (r * 0.5, r.abs());
        let value = half.mul_add(r, r * low).select(a.lt(a.splat(delta) * power_of_two(-27)), value);
        let line = half_residual(prediction, target) * (q.splat(delta) * 2.0);
        value.select(q.lt(Self::end(q)), line)
    }
    df {
        let Hyperbola { q, q_low, s, s_low, .. } = self.hyperbola(prediction, target);
        let quotient = q / s;
        let err = div_remainder(q, quotient, s) - quotient * s_low;
        let inverse = q.splat(1.0) / s;
        let derivative = quotient + inverse * (err + q_low * (inverse * inverse));
        // Near 0 it is r, and q might underflow.
        let r = prediction - target;
        let value = (derivative * self.delta).copysign(r);
        r.select(r.abs().lt(r.splat(self.delta) * power_of_two(-27)), value)
    }
    d2f {
        let Hyperbola { q, q_low, s, s_low, .. } = self.hyperbola(prediction, target);
        let inverse = q.splat(1.0) / s;
        let err = div_remainder(q.splat(1.0), inverse, s) - inverse * s_low;
        let cube = inverse * inverse * inverse;
        let relative = err - q * q_low * (inverse * inverse);
        cube + cube * (relative * 3.0)
    }
    d2f_bound {
        // Far outside, s is |q|.
        let Hyperbola { q, s, .. } = self.hyperbola(prediction, target);
        let far = (q.splat(self.delta) * 0.5) / half_residual(prediction, target);
        positive_bound((q.splat(1.0) / s).select(q.lt(Self::end(q)), far))
    }
}

/// |q| = |r| / delta, its square and s = sqrt(1 + q^2), each with its error term.
#[derive(Clone, Copy)]
struct Hyperbola<L> {
    q: L,
    q_low: L,
    square: L,
    square_low: L,
    s: L,
    s_low: L,
}

impl PseudoHuber {
    /// A bound of q, beyond which 1 is negligible beside q, and q^2 might overflow.
    #[inline(always)]
    fn end<L: Lanes>(q: L) -> L {
        q.splat(power_of_two(L::Real::BIAS.into_f64() as i32 / 2 - 3))
    }

    /// The hyperbola at a residual, with q of at most [`end`](Self::end).
    #[inline(always)]
    fn hyperbola<L: Lanes>(self, prediction: L, target: L) -> Hyperbola<L> {
        let (r, low) = residual(prediction, target);
        let delta = r.splat(self.delta);
        let (end, zero) = (Self::end(r), r.splat(0.0));
        let a = r.abs().at_most(end * delta);
        let quotient = a / delta;
        let q_low = (div_remainder(a, quotient, delta) + low.xor_sign(r)) / delta;
        let q = quotient.at_most(end);
        let q_low = q_low.select(quotient.lt(end), zero);
        let square = q * q;
        let square_low = q.mul_error(q, square);
        let (sum, lost) = two_sum(square, r.splat(1.0));
        let s = sum.sqrt();
        let s_low = (div_remainder(sum, s, s) + (lost + square_low)) / (s + s);
        Hyperbola { q, q_low, square, square_low, s, s_low }
    }
}

loss! {
    /// Log-cosh loss: the logarithm of the hyperbolic cosine of r, about r^2 / 2 near 0 and |r| - ln 2 far from it.
    LogCosh names ["log_cosh"];
    formula "ln(cosh(r)), r = prediction - target", "tanh(r)", "1 - tanh(r)^2";
    source "definition";
    example [3.0, 1.0] = [1.3250027473578645, 0.9640275800758169];
    limits [[f64::INFINITY, f64::INFINITY], [-1.0, 1.0], [0.0, 0.0]];
    range [0.0, f64::INFINITY], monotone false, Even;
    f32 [2.0, 2.0, 2.25]; f64 [2.0, 2.0, 2.25];
    in_f64 [true, false, false];
    bound "tanh(r) / r, 1 at 0";
    in (self, prediction, target), one_minimum true;
    f {
        let (r, low) = residual(prediction, target);
        ln_cosh(r, Some(rough_tanh(r) * low.xor_sign(r)))
    }
    df {
        let (r, low) = residual(prediction, target);
        let t = activation::LogCosh.df(r);
        t + low * (-t).mul_add(t, t.splat(1.0))
    }
    d2f {
        // The second derivative falls as e^(-2 |r|): far from 0 it has 2 |r| times the relative rounding error of r.
        let (r, low) = residual(prediction, target);
        tanh::derivative(Tail::new_double(r.abs(), Some(low.xor_sign(r))))
    }
    d2f_bound {
        let r = prediction - target;
        positive_bound(Tail::at_double(r).difference_over(r.abs(), 1.0))
    }
}

/// tanh |r| within a twentieth: accurate enough for error terms.
#[inline(always)]
fn rough_tanh<L: Lanes>(r: L) -> L {
    let a = r.abs();
    let (one, quarter) = (a.splat(1.0), a.splat(0.25));
    let small = (a * a * a).mul_add(-quarter, a);
    small.select(a.lt(one), a.mul_add(quarter, a.splat(0.5)).at_most(one))
}

loss! {
    /// Pinball loss (quantile loss): the absolute error, weighted by its sign.
    ///
    /// The weight is `tau` where the prediction is too low, 1 - `tau` where it is too high: the quantile `tau`
    /// minimises the mean. The derivative at a residual of 0 is 0.
    Pinball {
        /// Quantile tau. From 1e-15 to 1, exclusive; default 0.5, the median.
        tau ("quantile", "alpha") = 0.5, |tau| (1e-15..1.0).contains(&tau) => "must be at least 1e-15 and less than 1";
    }
    names ["pinball", "quantile", "quantile_loss", "reg:quantileerror"];
    formula "-tau r if r < 0, else (1 - tau) r; r = prediction - target", "-tau if r < 0, 1 - tau if r > 0, else 0", "0";
    source "R. Koenker, G. Bassett, Regression Quantiles, 1978";
    example [3.0, 1.0] = [1.0, 0.5];
    limits [[f64::INFINITY, f64::INFINITY], [-0.5, 0.5], [0.0, 0.0]];
    kinks [0.0];
    range [0.0, f64::INFINITY], monotone false, Even;
    f32 [2.0, 0.5, 0.0]; f64 [2.0, 0.5, 0.0];
    bound "1";
    in (self, prediction, target), one_minimum true;
    f {
        // Half the residual and twice the weight where the residual overflows.
        let r = prediction - target;
        let weight = self.weight(r);
        let half = prediction * 0.5 - target * 0.5;
        (r.abs() * weight).select(r.abs().le(r.fill(L::Real::MAX)), half.abs() * (weight + weight))
    }
    df {
        let r = prediction - target;
        sign(r) * self.weight(r)
    }
    d2f { constant(0.0, prediction, target) }
    d2f_bound { constant(1.0, prediction, target) }
}

impl Pinball {
    /// The weight of a residual: tau or 1 - tau.
    #[inline(always)]
    fn weight<L: Lanes>(self, r: L) -> L {
        let tau = self.rounded_to::<L::Real>().tau;
        r.select_negative(r.splat(tau), r.splat(1.0) - tau)
    }
}

loss! {
    /// Expectile loss (asymmetric squared error): the squared error, weighted by its sign.
    ///
    /// The weight is `tau` where the prediction is too low, 1 - `tau` where it is not: the expectile `tau` minimises
    /// the mean.
    Expectile {
        /// Expectile tau. From 1e-15 to 1, exclusive; default 0.5, the mean.
        tau ("alpha") = 0.5, |tau| (1e-15..1.0).contains(&tau) => "must be at least 1e-15 and less than 1";
    }
    names ["expectile", "asymmetric_squared_error"];
    formula "w r^2, w = tau if r < 0, else 1 - tau; r = prediction - target", "2 w r", "2 w";
    source "W. Newey, J. Powell, Asymmetric Least Squares Estimation and Testing, 1987";
    example [3.0, 1.0] = [2.0, 2.0];
    limits [[f64::INFINITY, f64::INFINITY], [f64::NEG_INFINITY, f64::INFINITY], [1.0, 1.0]];
    range [0.0, f64::INFINITY], monotone false, Even;
    f32 [2.0, 1.5, 0.5]; f64 [2.0, 1.5, 0.5];
    bound "2 max(tau, 1 - tau), the largest second derivative";
    in (self, prediction, target), one_minimum true;
    f {
        let (r, low) = residual(prediction, target);
        let weighted = r * self.weight(r);
        let (plain, square) = (weighted * r, weighted.mul_add(r, weighted * (low + low)));
        square.select(plain.le(r.fill(L::Real::MAX)), plain)
    }
    df {
        let r = prediction - target;
        let twice = self.weight(r) * 2.0;
        // Where the residual overflows, the derivative may not.
        let far = prediction.mul_add(twice, -(target * twice));
        (r * twice).select(r.abs().le(r.fill(L::Real::MAX)), far)
    }
    d2f {
        let r = prediction - target;
        (self.weight(r) * 2.0).select(r.equals(r), r)
    }
    d2f_bound {
        let tau = self.rounded_to::<L::Real>().tau;
        let (r, tau) = (prediction - target, prediction.splat(tau));
        let bound = tau.at_least(r.splat(1.0) - tau) * 2.0;
        bound.select(r.equals(r), r)
    }
}

impl Expectile {
    /// The weight of a residual: tau or 1 - tau.
    #[inline(always)]
    fn weight<L: Lanes>(self, r: L) -> L {
        let tau = self.rounded_to::<L::Real>().tau;
        r.splat(tau).select(r.lt(r.splat(0.0)), r.splat(1.0) - tau)
    }
}
