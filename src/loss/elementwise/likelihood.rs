//! Negative log-likelihoods of one number.
//!
//! Those of a probability or a logit are sums of terms of one sign, each of which keeps its relative accuracy in the
//! tail. Those whose terms cancel (Poisson, gamma, the divergence from logarithms) declare a floor beside the root, which
//! moves with the target.

use super::regression::residual;
use crate::loss::{LossFormula, loss};
use crate::math::FloatMath;
use crate::math::exp::{Constants, exp_lifted, exp_parts, exp_times, exp_times_parts, power_of_two};
use crate::math::log::{ln_1p_exp, ln_of_ratio, ln_parts};
use crate::math::logistic::{Tail, lower};
use crate::math::pair::HiLo;
use crate::math::rounding::{div_remainder, div_square, two_sum};
use crate::simd::{Lanes, Real};

/// y if it is a probability, else NaN: y (1 - y) is negative outside of 0 to 1, and nowhere else.
#[inline(always)]
fn probability<L: Lanes>(y: L) -> L {
    let inside = y.splat(0.0).le(y * (y.splat(1.0) - y));
    y.select(inside, y.splat(f64::NAN))
}

/// y if it is 0 or more, else NaN.
#[inline(always)]
fn not_negative<L: Lanes>(y: L) -> L {
    y.select(y.splat(0.0).le(y), y.splat(f64::NAN))
}

/// x, but 0 where y is.
#[inline(always)]
fn unless_zero<L: Lanes>(y: L, x: L) -> L {
    let zero = y.splat(0.0);
    zero.select(y.equals(zero), x)
}

/// x, but 1 where it is 0: a bound must be positive.
#[inline(always)]
fn positive<L: Lanes>(x: L) -> L {
    let zero = x.splat(0.0);
    x.splat(1.0).select(x.equals(zero), x)
}

fn log<F>(_: F, mean: f64) -> f64 {
    num_traits::Float::ln(mean)
}

loss! {
    /// The cross-entropy between the target probability of the class 1 and the predicted one. Both must be between 0 and
    /// 1; outside, value and derivatives are NaN. Exact at the ends: infinite where the prediction excludes what the
    /// target has.
    BinaryCrossEntropy {
        /// Predictions are cut at this distance from 0 and 1, and have a slope of 0 beyond.
        eps ("epsilon") = 0.0, |eps| (0.0..0.5).contains(&eps) => "must be at least 0 and less than 0.5";
    }
    names ["binary_cross_entropy", "bce", "log_loss"];
    formula "-(y ln(p) + (1 - y) ln(1 - p)), p = prediction, y = target", "(p - y) / (p (1 - p))",
        "y / p^2 + (1 - y) / (1 - p)^2";
    source "I. J. Good, Rational Decisions, 1952";
    limits [[f64::NAN, f64::NAN], [f64::NAN, f64::NAN], [f64::NAN, f64::NAN]];
    range [0.0, f64::INFINITY], monotone true, Neither;
    f32 [2.75, 2.0, 2.0]; f64 [2.75, 2.0, 2.0];
    bound "the curvature; 1 where the prediction is cut";
    in (self, prediction, target), constant |_, mean| mean;
    f {
        let (p, y) = (self.cut(prediction), probability(target));
        let other = y.splat(1.0) - y;
        let sum = unless_zero(y, p.ln() * y) + unless_zero(other, (-p).ln_1p() * other);
        let loss = p.splat(0.0) - sum;
        loss.select(p.equals(p), p)
    }
    df {
        // (p - y) / (p (1 - p)), where p may be so small that it is softmax_mean 2^64 times.
        let (p, y) = (self.cut(prediction), probability(target));
        let (zero, one) = (p.splat(0.0), p.splat(1.0));
        let up = p.splat(power_of_two(64)).select(p.lt(p.splat(power_of_two(-64))), one);
        let (other, lost) = two_sum(one, -p);
        let (n, n_low) = two_sum(p, -y);
        let (lifted, n, n_low) = (p * up, n * up, n_low * up);
        let d = lifted * other;
        let d_low = lifted.mul_error(other, d) + lifted * lost;
        let inverse = one / d;
        let quotient = n * inverse;
        let lacks = div_remainder(n, quotient, d) + (n_low - quotient * d_low);
        let inside = zero.lt(d);
        let slope = (inverse * lacks).select(inside, zero) + quotient;
        // At 0 and 1: 1 or -1 where the target agrees, else infinite towards the other end.
        let side = one.select(p.equals(zero), -one);
        let at_end = side.select(p.equals(y), side * f64::NEG_INFINITY);
        let slope = slope.select(inside, at_end);
        let slope = slope.select(y.equals(y), y).select(p.equals(p), p);
        slope.select(prediction.equals(p), p * 0.0)
    }
    d2f {
        let curvature = self.curve(prediction, target);
        let p = self.cut(prediction);
        curvature.select(prediction.equals(p), p * 0.0)
    }
    d2f_bound {
        let curvature = self.curve(prediction, target);
        let p = self.cut(prediction);
        curvature.select(prediction.equals(p), p * 0.0 + 1.0)
    }
}

impl BinaryCrossEntropy {
    #[inline(always)]
    fn cut<L: Lanes>(self, prediction: L) -> L {
        let p = probability(prediction);
        let eps = self.rounded_to::<L::Real>().eps;
        p.at_least(p.splat(eps)).at_most(p.splat(1.0 - eps))
    }

    #[inline(always)]
    fn curve<L: Lanes>(self, prediction: L, target: L) -> L {
        let (p, y) = (self.cut(prediction), probability(target));
        let (other, lost) = two_sum(p.splat(1.0), -p);
        let rest = y.splat(1.0) - y;
        let sum = unless_zero(y, div_square(y, p, p.splat(0.0))) + unless_zero(rest, div_square(rest, other, lost));
        sum.select(p.equals(p), p)
    }
}

loss! {
    /// The cross-entropy between the target probability of the class 1 and the logistic function of the prediction, a
    /// logit. Targets are 0, 1, or anything between; any other gives NaN. Never clamped: finite up to the largest logit;
    /// at an infinite logit 0 or infinite. With another `pos_weight` than 1 the errors are up to 3, 2 and 3.75 ulp, and the
    /// floor of the slope is 4 times that, if it is more than 1.
    BinaryCrossEntropyWithLogits {
        /// How much more the class 1 counts.
        pos_weight = 1.0, |weight| weight > 0.0 && weight.is_finite() => "must be positive and finite";
    }
    names ["binary_cross_entropy_with_logits", "bce_with_logits", "sigmoid_cross_entropy", "logistic_loss"];
    formula "(1 - y) ln(1 + exp(z)) + w y ln(1 + exp(-z)), z = prediction, y = target, w = pos_weight",
        "(1 - y) s(z) - w y s(-z), s(z) = 1 / (1 + exp(-z))", "(1 - y + w y) s(z) s(-z)";
    source "D. R. Cox, The Regression Analysis of Binary Sequences, 1958";
    limits [[0.0, f64::INFINITY], [0.0, 1.0], [0.0, 0.0]];
    range [0.0, f64::INFINITY], monotone true, Neither;
    f32 [2.0, 2.0, 2.0], floor [0.0, 2.0, 0.0]; f64 [2.0, 2.0, 2.0], floor [0.0, 2.0, 0.0];
    in (self, z, y), constant |this, mean| num_traits::Float::ln(this.pos_weight * mean / (1.0 - mean));
    f {
        let a = z.abs();
        let tail = ln_1p_exp(-a.at_most(a.splat(L::Real::EXP_CUTOFF)), None, None);
        let (against, weight) = self.shares(z, y);
        let tail = if let Some(weight) = weight { tail * weight } else { tail };
        // A target of exactly 0 meets an infinite logit with 0.
        tail.mul_add(a.splat(lower::<L>()), unless_zero(against, a * against))
    }
    df {
        let t = Tail::at(z).value();
        let (against, weight) = self.shares(z, y);
        let slope = if let Some(weight) = weight { t.mul_add(weight, -against) } else { t - against };
        slope.xor_sign(-z)
    }
    d2f {
        let t = Tail::at(z).value();
        let (against, weight) = self.shares(z, y);
        let bell = (-t).mul_add(t, t);
        let bell = if let Some(weight) = weight { bell * weight } else { bell };
        bell.select(against.equals(against), against)
    }
}

impl BinaryCrossEntropyWithLogits {
    /// The weighted target of the other class than the one that the sign of z favours, and both together, if that is not 1.
    /// s(z) is 1 - t or t with the tail t, and the loss is that target times |z|, plus ln(1 + e^-|z|) times both: no term
    /// cancels another.
    #[inline(always)]
    fn shares<L: Lanes>(self, z: L, y: L) -> (L, Option<L>) {
        let other = y.splat(1.0) - y;
        let y = y.select(y.splat(0.0).le(y * other), y.splat(f64::NAN));
        let other = other.select(y.equals(y), y);
        if self.pos_weight == 1.0 {
            return (z.select_negative(y, other), None);
        }
        let weight = y.splat(self.pos_weight);
        (z.select_negative(y * weight, other), Some(y.mul_add(weight, other)))
    }
}

loss! {
    /// The summand of the Kullback-Leibler divergence of the predicted from the target probability; of densities too. Both
    /// must be 0 or more; a negative one gives NaN. A target of 0 contributes exactly 0, whatever is predicted.
    KlDivergence names ["kl_divergence", "kld", "kullback_leibler_divergence"];
    formula "y ln(y / q), q = prediction, y = target", "-y / q", "y / q^2";
    source "S. Kullback, R. Leibler, On Information and Sufficiency, 1951";
    limits [[f64::NAN, 0.0], [f64::NAN, 0.0], [f64::NAN, 0.0]];
    range [f64::NEG_INFINITY, f64::INFINITY], monotone false, Neither;
    f32 [1.5, 0.5, 2.5]; f64 [1.5, 0.5, 2.5];
    bound "the curvature; 1 where that is 0";
    in (self, prediction, target)
    f {
        let (q, y) = (not_negative(prediction), not_negative(target));
        let (r, low) = two_sum(y, -q);
        let smaller = q.at_most(y);
        let (l, lacks) = ln_of_ratio(r.abs(), low.xor_sign(r), smaller, y.splat(0.0));
        let value = unless_zero(y, (y.mul_add(l, y * lacks).select(l.le(l.fill(L::Real::MAX)), y * l)).copysign(r));
        value.select(q.equals(q), q).select(y.equals(y), y)
    }
    df {
        let (q, y) = (not_negative(prediction), not_negative(target));
        let slope = unless_zero(y, -y / q);
        slope.select(q.equals(q), q)
    }
    d2f {
        let (q, y) = (not_negative(prediction), not_negative(target));
        let curvature = unless_zero(y, div_square(y, q, y.splat(0.0)));
        curvature.select(q.equals(q), q)
    }
    d2f_bound { positive(self.d2f(prediction, target)) }
}

loss! {
    /// The summand of the Kullback-Leibler divergence from a predicted logarithm of a probability. Targets must be 0 or
    /// more; a negative one gives NaN. A target of 0 contributes exactly 0, even against a logarithm of -inf.
    KlDivergenceFromLog names ["kl_divergence_from_log", "kl_div"];
    formula "y (ln(y) - l), l = prediction, y = target", "-y", "0";
    source "S. Kullback, R. Leibler, On Information and Sufficiency, 1951";
    limits [[0.0, 0.0], [0.0, 0.0], [0.0, 0.0]];
    range [f64::NEG_INFINITY, f64::INFINITY], monotone false, Neither;
    f32 [1.5, 0.0, 0.0], floor [0.5, 0.0, 0.0]; f64 [1.5, 0.0, 0.0], floor [0.5, 0.0, 0.0];
    bound "y, so that a step of slope / bound is one unit long; 1 where that is 0";
    in (self, prediction, target)
    f {
        let y = not_negative(target);
        let (l, lacks) = ln_parts(y);
        let (r, low) = two_sum(l, -prediction);
        let known = (y * r).abs().le(y.fill(L::Real::MAX));
        let value = unless_zero(y, y.mul_add(r, y * (low + lacks)).select(known, y * r));
        value.select(prediction.equals(prediction), prediction)
    }
    df {
        let y = not_negative(target);
        unless_zero(y, -y).select(prediction.equals(prediction), prediction)
    }
    d2f {
        let y = not_negative(target);
        let known = prediction.equals(prediction);
        y.splat(0.0).select(y.equals(y), y).select(known, prediction)
    }
    d2f_bound { positive(-self.df(prediction, target)) }
}

loss! {
    /// The summand of the Kullback-Leibler divergence where prediction and target are both logarithms of probabilities. A
    /// target of -inf contributes exactly 0, even against a prediction of -inf.
    KlDivergenceOfLogs names ["kl_divergence_of_logs", "kl_div_log_target"];
    formula "exp(t) (t - l), l = prediction, t = target", "-exp(t)", "0";
    source "S. Kullback, R. Leibler, On Information and Sufficiency, 1951";
    limits [[f64::INFINITY, f64::NEG_INFINITY], [-1.0, -1.0], [0.0, 0.0]];
    range [f64::NEG_INFINITY, f64::INFINITY], monotone false, Neither;
    f32 [1.75, 1.1, 0.0]; f64 [1.75, 1.1, 0.0];
    bound "exp(t), so that a step of slope / bound is one unit long; 1 where that is 0";
    in (self, prediction, target)
    f {
        let (r, low) = residual(target, prediction);
        let zero = r.splat(0.0);
        let relative = zero.select(low.equals(zero), low / r);
        // A residual that overflows belongs to a target so low that its exponential is 0, unless the logarithm is -inf.
        let largest = r.fill(L::Real::MAX);
        let a = r.abs().at_most(largest).select(prediction.abs().le(largest), r.abs());
        let value = exp_times(target, Some(relative), a).copysign(r);
        let value = zero.select(target.equals(r.splat(f64::NEG_INFINITY)), value);
        value.select(prediction.equals(prediction), prediction)
    }
    df {
        let slope = -target.exp();
        slope.select(prediction.equals(prediction), prediction)
    }
    d2f {
        let y = target.splat(0.0).select(target.equals(target), target);
        y.select(prediction.equals(prediction), prediction)
    }
    d2f_bound { positive(-self.df(prediction, target)) }
}

loss! {
    /// The cross-entropy of a logit, where a sample that is right already counts less: times (1 - p)^gamma, p the
    /// probability of the target's class. Targets are 0 or 1; any other gives NaN. With `gamma` = 0 and without `alpha`
    /// it is [`BinaryCrossEntropyWithLogits`], to the bit. With `alpha`, a slope is within 4.75 ulp.
    Focal {
        /// How much less.
        gamma = 2.0, |gamma| (0.0..=100.0).contains(&gamma) => "must be between 0 and 100";
        /// The weight of the class 1; that of the class 0 is 1 - `alpha`. -1: no weights.
        alpha = -1.0, |alpha| (0.0..=1.0).contains(&alpha) || alpha == -1.0 => "must be between 0 and 1, or -1";
    }
    names ["focal", "focal_loss", "sigmoid_focal_loss", "binary_focal"];
    formula "-s(-x)^gamma ln(s(x)), x = prediction if target = 1, else -prediction, s(x) = 1 / (1 + exp(-x))",
        "s(-x)^gamma (gamma s(x) ln(s(x)) - s(-x)), and minus that if target = 0",
        "s(-x)^gamma s(x) ((2 gamma + 1) s(-x) - gamma ln(s(x)) (gamma s(x) - s(-x)))";
    source "T.-Y. Lin et al., Focal Loss for Dense Object Detection, arXiv:1708.02002";
    limits [[0.0, f64::INFINITY], [0.0, 1.0], [0.0, 0.0]];
    range [0.0, f64::INFINITY], monotone true, Neither;
    f32 [4.0, 4.25, 4.0], floor [0.0, 0.0, 4.0]; f64 [4.0, 4.25, 4.0], floor [0.0, 0.0, 4.0];
    bound "s(-x)^gamma s(x) ((2 gamma + 1) s(-x) - gamma^2 s(x) ln(s(x)))";
    in (self, prediction, target)
    f {
        if self.gamma == 0.0 {
            return self.weighted(target, BinaryCrossEntropyWithLogits::DEFAULT.f(prediction, label(target)));
        }
        let x = prediction * sign_of_label(target);
        let FocalParts { loss, power, lower_power, .. } = self.parts(x);
        self.weighted(target, power * loss * lower_power)
    }
    df {
        if self.gamma == 0.0 {
            return self.weighted(target, BinaryCrossEntropyWithLogits::DEFAULT.df(prediction, label(target)));
        }
        let side = sign_of_label(target);
        let x = prediction * side;
        let FocalParts { right, wrong, loss, power, lower_right, lower_power } = self.parts(x);
        let right_loss = right * loss.at_most(x.splat(L::Real::EXP_CUTOFF)) * lower_right;
        let bracket = right_loss.mul_add(x.splat(self.gamma), wrong);
        self.weighted(target, (-power * bracket * lower_power).xor_sign(side))
    }
    d2f {
        if self.gamma == 0.0 {
            return self.weighted(target, BinaryCrossEntropyWithLogits::DEFAULT.d2f(prediction, label(target)));
        }
        self.bend(prediction, target, false)
    }
    d2f_bound {
        if self.gamma == 0.0 {
            return self.d2f(prediction, target);
        }
        self.bend(prediction, target, true)
    }
}

/// y if it is 0 or 1, else NaN.
#[inline(always)]
fn label<L: Lanes>(y: L) -> L {
    let zero = y.splat(0.0);
    y.select((y * (y - 1.0)).equals(zero), y.splat(f64::NAN))
}

/// 1 for the label 1, -1 for 0, else NaN.
#[inline(always)]
fn sign_of_label<L: Lanes>(y: L) -> L {
    let y = label(y);
    y + y - 1.0
}

/// What the focal loss is made of.
#[derive(Clone, Copy)]
struct FocalParts<L> {
    /// s(x), where x is negative 2^LIFT times that, and s(-x).
    right: L,
    wrong: L,
    /// -ln s(x). Beyond `EXP_CUTOFF`, its product with s(x) is 0.
    loss: L,
    /// s(-x)^gamma, where x is positive 2^LIFT times that.
    power: L,
    /// What undoes the lifts of `right` and of `power`.
    lower_right: L,
    lower_power: L,
}

impl Focal {
    #[inline(always)]
    fn parts<L: Lanes>(self, x: L) -> FocalParts<L> {
        let (zero, one, low) = (x.splat(0.0), x.splat(1.0), x.splat(lower::<L>()));
        let tail = Tail::at(x);
        let d = tail.reciprocal();
        let t = tail.power * d;
        let rest = one - t;
        let (right, wrong) = (x.select_negative(tail.lifted * d, rest), x.select_negative(rest, t));
        let a = x.abs();
        let end = x.splat(L::Real::EXP_CUTOFF);
        let log = ln_1p_exp(-a.at_most(end), None, None) * low;
        let loss = log + x.select_negative(a, zero);
        // ln s(-x) = -(max(x, 0) + log), gamma times that to twice the precision: an exponential multiplies the error of
        // its exponent by the exponent.
        let gamma = x.splat(self.gamma);
        let a = a.at_most((end / gamma).at_most(x.fill(L::Real::MAX)));
        let (sum, sum_low) = two_sum(x.select_negative(zero, a), log);
        let exponent = sum * gamma;
        let lost = sum.mul_error(gamma, exponent) + sum_low * gamma;
        let lost = lost.select(exponent.lt(end), zero);
        let (lower_right, lower_power) = (x.select_negative(low, one), x.select_negative(one, low));
        // Where x is negative the power is near 1, and what it is multiplied with may be large.
        let power = exp_lifted(-exponent.at_most(end), Some(-lost), HiLo::exact(1.0)) * lower_right;
        FocalParts { right, wrong, loss, power, lower_right, lower_power }
    }

    /// The curvature, or its bound: that without the one term that may be negative.
    #[inline(always)]
    fn bend<L: Lanes>(self, prediction: L, target: L, bound: bool) -> L {
        let x = prediction * sign_of_label(target);
        let FocalParts { right, wrong, loss, power, lower_right, lower_power } = self.parts(x);
        let right_loss = right * loss.at_most(x.splat(L::Real::EXP_CUTOFF));
        let negative = if bound { x.splat(0.0) } else { wrong };
        let bend = (right * lower_right * self.gamma - negative) * (right_loss * self.gamma);
        let bracket = (right * wrong).mul_add(x.splat(2.0 * self.gamma + 1.0), bend);
        self.weighted(target, power * bracket * lower_right * lower_power)
    }

    /// y times the weight of the target's class.
    #[inline(always)]
    fn weighted<L: Lanes>(self, target: L, y: L) -> L {
        if self.alpha == -1.0 {
            return y;
        }
        let alpha = self.rounded_to::<L::Real>().alpha;
        y * y.splat(1.0 - alpha).select(target.equals(y.splat(0.0)), y.splat(alpha))
    }
}

loss! {
    /// The negative log-likelihood of a count whose rate is the exponential of the prediction, without what depends on the
    /// count alone. Targets must be 0 or more; a negative one gives NaN. With
    /// `full` the floor of the value is 128.
    PoissonNll {
        /// 1: with Stirling's approximation of ln(y!), where y > 1.
        full = 0.0, |full| full == 0.0 || full == 1.0 => "must be 0 or 1";
    }
    names ["poisson_nll", "poisson", "poisson_nll_loss"];
    formula "exp(z) - y z, z = prediction, y = target; plus y ln(y) - y + ln(2 pi y) / 2 if full and y > 1", "exp(z) - y",
        "exp(z)";
    source "S.-D. Poisson, 1837; J. Nelder, R. Wedderburn, Generalized Linear Models, 1972";
    limits [[0.0, f64::INFINITY], [0.0, f64::INFINITY], [0.0, f64::INFINITY]];
    range [f64::NEG_INFINITY, f64::INFINITY], monotone true, Neither;
    f32 [2.0, 2.0, 1.1], floor [2.0, 1.0, 0.0]; f64 [2.0, 2.0, 1.1], floor [2.0, 1.0, 0.0];
    in (self, z, target), constant log;
    f {
        let y = not_negative(target);
        let (e, low) = exp_parts(z);
        let value = (-y).mul_add(unless_zero(y, z), e) + low;
        let value = e.select(e.equals(e.splat(f64::INFINITY)), value);
        value.select(z.equals(z), z) + stirling(y, self.full)
    }
    df {
        let (e, low) = exp_parts(z);
        (e - not_negative(target)) + low
    }
    d2f {
        let y = not_negative(target);
        z.exp().select(y.equals(y), y)
    }
}

/// ln(y!) where y > 1, by Stirling's formula, times `full`, which is 0 or 1; else 0. NaN stays NaN.
#[inline(always)]
fn stirling<L: Lanes>(y: L, full: f64) -> L {
    let zero = y.splat(0.0);
    let none = zero.select(y.equals(y), y);
    if full == 0.0 {
        return none;
    }
    // y ln y - y + (ln y + ln 2 pi) / 2
    let l = y.ln();
    let formula = l.mul_add(y + 0.5, y.splat(0.918_938_533_204_672_8) - y);
    formula.select(y.splat(1.0).lt(y), none)
}

loss! {
    /// The negative log-likelihood of a count whose rate is the prediction, without what depends on the count alone.
    /// Prediction and target must be 0 or more; a negative one gives NaN. With `full` the floor
    /// of the value is 128.
    PoissonNllOfRate {
        /// Added to the rate in the logarithm.
        eps ("epsilon") = 1e-8, |eps| eps >= 0.0 && eps.is_finite() => "must be 0 or more, and finite";
        /// 1: with Stirling's approximation of ln(y!), where y > 1.
        full = 0.0, |full| full == 0.0 || full == 1.0 => "must be 0 or 1";
    }
    names ["poisson_nll_of_rate"];
    formula "q - y ln(q + eps), q = prediction, y = target; plus y ln(y) - y + ln(2 pi y) / 2 if full and y > 1",
        "(q + eps - y) / (q + eps)", "y / (q + eps)^2";
    source "S.-D. Poisson, 1837";
    limits [[f64::NAN, f64::INFINITY], [f64::NAN, 1.0], [f64::NAN, 0.0]];
    range [f64::NEG_INFINITY, f64::INFINITY], monotone false, Neither;
    f32 [2.0, 2.0, 2.5], floor [6.0, 0.0, 0.0]; f64 [2.0, 2.0, 2.5], floor [6.0, 0.0, 0.0];
    bound "the larger of the curvature and 1 / (q + eps), its mean where the rate is right";
    in (self, prediction, target), constant |this, mean| if mean < this.eps { 0.0 } else { mean - this.eps };
    f {
        let (q, y) = (not_negative(prediction), not_negative(target));
        let value = (-y).mul_add(unless_zero(y, (q + self.eps).ln()), q);
        let value = q.select(q.equals(q.splat(f64::INFINITY)), value);
        value + stirling(y, self.full)
    }
    df {
        let (q, y) = (not_negative(prediction), not_negative(target));
        let (sum, lost) = two_sum(q, q.splat(self.eps));
        let (n, n_low) = two_sum(sum, -y);
        let quotient = n / sum;
        let lacks = div_remainder(n, quotient, sum) + (n_low + lost - quotient * lost);
        let corrected = quotient + lacks / sum;
        let slope = corrected.select(corrected.equals(corrected), quotient);
        let slope = q.splat(1.0).select(y.equals(q.splat(0.0)), slope);
        let slope = q.splat(1.0).select(q.equals(q.splat(f64::INFINITY)), slope);
        slope.select(q.equals(q), q).select(y.equals(y), y)
    }
    d2f {
        let (q, y) = (not_negative(prediction), not_negative(target));
        let (sum, lost) = two_sum(q, q.splat(self.eps));
        unless_zero(y, div_square(y, sum, lost)).select(q.equals(q), q)
    }
    d2f_bound {
        let sum = not_negative(prediction) + self.eps;
        self.d2f(prediction, target).at_least(sum.splat(1.0) / sum)
    }
}

loss! {
    /// The negative log-likelihood of a positive number whose mean is the exponential of the prediction, under a gamma
    /// distribution of shape 1, without what depends on the target alone. Targets must be positive; any other gives NaN.
    Gamma names ["gamma", "gamma_nll"];
    formula "z + y exp(-z), z = prediction, y = target", "1 - y exp(-z)", "y exp(-z)";
    source "P. McCullagh, J. Nelder, Generalized Linear Models, 1989";
    limits [[f64::INFINITY, f64::INFINITY], [f64::NEG_INFINITY, 1.0], [f64::INFINITY, 0.0]];
    range [f64::NEG_INFINITY, f64::INFINITY], monotone false, Neither;
    f32 [2.0, 2.0, 1.5], floor [2.0, 2.0, 0.0]; f64 [2.0, 2.0, 1.5], floor [2.0, 2.0, 0.0];
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
}

impl Gamma {
    /// y exp(-z) as it rounds, and most of what that lacks.
    #[inline(always)]
    fn fall<L: Lanes>(self, z: L, target: L) -> (L, L) {
        let y = target.select(target.splat(0.0).lt(target), target.splat(f64::NAN));
        let (fall, low) = exp_times_parts(-z, None, y);
        (fall.select(y.equals(y), y), low)
    }
}

loss! {
    /// The negative log-likelihood of a number that is 0 or positive and whose mean is the exponential of the prediction,
    /// under a Tweedie distribution, without what depends on the target alone. Targets must be 0 or more; a negative one
    /// gives NaN. With another power than 1.5, a value is within 2.25 ulp.
    Tweedie {
        /// The variance grows as this power of the mean: 1 would be Poisson, 2 gamma.
        power ("p", "variance_power") = 1.5, |power| power > 1.0 && power < 2.0 => "must be between 1 and 2";
    }
    names ["tweedie", "tweedie_deviance"];
    formula "exp((2 - p) z) / (2 - p) + y exp(-(p - 1) z) / (p - 1), z = prediction, y = target, p = power",
        "exp((2 - p) z) - y exp(-(p - 1) z)", "(2 - p) exp((2 - p) z) + (p - 1) y exp(-(p - 1) z)";
    source "B. Jorgensen, Exponential Dispersion Models, 1987";
    limits [[0.0, f64::INFINITY], [0.0, f64::INFINITY], [0.0, f64::INFINITY]];
    range [0.0, f64::INFINITY], monotone true, Neither;
    f32 [2.0, 2.0, 2.0], floor [0.0, 4.0, 0.0]; f64 [2.0, 2.0, 2.0], floor [0.0, 4.0, 0.0];
    in (self, z, target), constant log;
    f {
        let (a, b) = self.exponents::<L>();
        let (rise, fall) = self.terms(z, target, 1.0, 1.0);
        rise / a + fall / b
    }
    df {
        let (rise, fall) = self.terms(z, target, 1.0, 1.0);
        rise - fall
    }
    d2f {
        let (a, b) = self.exponents::<L>();
        let (rise, fall) = self.terms(z, target, a, b);
        rise + fall
    }
}

impl Tweedie {
    /// 2 - p and p - 1, both exact.
    #[inline(always)]
    fn exponents<L: Lanes>(self) -> (f64, f64) {
        let power = self.rounded_to::<L::Real>().power;
        (2.0 - power, power - 1.0)
    }

    /// exp((2 - p) z) and y exp(-(p - 1) z), times numbers of at most 1.
    #[inline(always)]
    fn terms<L: Lanes>(self, z: L, target: L, rises: f64, falls: f64) -> (L, L) {
        let y = not_negative(target);
        let (a, b) = self.exponents::<L>();
        let (rise, fall) = (scaled_exp(z, a, z.splat(rises)), scaled_exp(z, -b, y * falls));
        (rise.select(y.equals(y), y), unless_zero(y, fall).select(z.equals(z), z))
    }
}

/// y e^(c z), with what the product c z loses; |c| <= 1.
#[inline(always)]
fn scaled_exp<L: Lanes>(z: L, c: f64, y: L) -> L {
    let factor = z.splat(c);
    let product = z * factor;
    let low = z.mul_error(factor, product);
    // Beyond, the exponential is 0 or infinite without it.
    let low = low.select(product.abs().lt(z.splat(2.0 * L::Real::EXP_CUTOFF)), z.splat(0.0));
    exp_times(product, Some(low), y)
}
