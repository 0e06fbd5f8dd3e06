//! Negative log-likelihoods and divergences of single numbers: cross-entropy, Kullback-Leibler, focal, Poisson, gamma,
//! Tweedie.
//!
//! Losses of a probability or a logit are sums of terms of one sign, each of which keeps its relative accuracy in the
//! tail. Those whose terms cancel (Poisson, gamma, the divergence from logarithms) declare an absolute error bound
//! beside the root, which moves with the target.

use super::regression::residual;
use crate::convert::equal;
use crate::loss::{LossFormula, loss, positive_bound};
use crate::math::FloatMath;
use crate::math::exp::{Constants, exp_times, power_and_excess, power_of_two};
use crate::math::log::{Part, ln_1p_exp, ln_of_end, ln_of_quotient, ln_parts};
use crate::math::logistic::{Tail, lower, parabola_above};
use crate::math::rounding::{div_remainder, div_square, two_sum};
use crate::simd::{Lanes, Real, without_f64};

/// y where 0 <= y <= 1, else NaN: y (1 - y) is negative outside of 0 to 1, and nowhere else.
#[inline(always)]
fn probability<L: Lanes>(y: L) -> L {
    let inside = y.splat(0.0).le(y * (y.splat(1.0) - y));
    y.select(inside, y.splat(f64::NAN))
}

/// y where y >= 0, else NaN.
#[inline(always)]
pub(super) fn not_negative<L: Lanes>(y: L) -> L {
    y.select(y.splat(0.0).le(y), y.splat(f64::NAN))
}

/// x where y is not 0, else 0.
#[inline(always)]
pub(super) fn unless_zero<L: Lanes>(y: L, x: L) -> L {
    let zero = y.splat(0.0);
    zero.select(y.equals(zero), x)
}

pub(super) fn log<F>(_: F, mean: f64) -> f64 {
    num_traits::Float::ln(mean)
}

loss! {
    /// Binary cross-entropy (log loss) of a predicted probability of class 1.
    ///
    /// Prediction and target are probabilities, from 0 to 1; outside, value and derivatives are NaN. Exact at the ends:
    /// infinite where the prediction excludes a class that the target has. PyTorch's `BCELoss` cuts each logarithm at
    /// -100, and Keras clips predictions to 1e-7; this loss does neither: for finite losses set `eps`.
    BinaryCrossEntropy {
        /// Clipping distance eps: predictions are clipped to the range from eps to 1 - eps, with derivatives of 0
        /// beyond. From 1e-30 to 0.5, exclusive, or 0, the default, for no clipping.
        eps ("epsilon") = 0.0,
            |eps| eps == 0.0 || (1e-30..0.5).contains(&eps) => "must be 0, or at least 1e-30 and less than 0.5";
    }
    names ["binary_cross_entropy", "bce", "log_loss", "bce_loss"];
    formula "-(y ln(p) + (1 - y) ln(1 - p)), p = prediction, y = target", "(p - y) / (p (1 - p))",
        "y / p^2 + (1 - y) / (1 - p)^2";
    source "I. J. Good, Rational Decisions, 1952";
    example [0.25, 1.0] = [1.3862943611198906, -4.0];
    limits [[f64::NAN, f64::NAN], [f64::NAN, f64::NAN], [f64::NAN, f64::NAN]];
    range [0.0, f64::INFINITY], monotone true, Neither;
    f32 [2.75, 2.0, 2.0]; f64 [2.75, 2.0, 2.0];
    bound "the larger of the second derivative without clipping and 1 / (p (1 - p))";
    in (self, prediction, target), constant |_, mean| mean;
    f {
        let (p, y, other) = self.clip(prediction, target);
        let sum = unless_zero(y, p.ln() * y) + unless_zero(other, (-p).ln_1p() * other);
        let loss = p.splat(0.0) - sum;
        loss.select(p.equals(p), p)
    }
    df {
        // (p - y) / (p (1 - p)), with numerator and denominator times 2^64 where p is below 2^-64: 1 / p might
        // overflow, and the error terms underflow.
        let (p, y) = (probability(prediction), probability(target));
        let (zero, one) = (p.splat(0.0), p.splat(1.0));
        let up = p.splat(power_of_two(64)).select(p.lt(p.splat(power_of_two(-64))), one);
        let (other, lost) = two_sum(one, -p);
        let (n, n_low) = two_sum(p, -y);
        let (lifted, n, n_low) = (p * up, n * up, n_low * up);
        let d = lifted * other;
        let d_low = lifted.mul_error(other, d) + lifted * lost;
        let inverse = one / d;
        let quotient = n * inverse;
        let err = div_remainder(n, quotient, d) + (n_low - quotient * d_low);
        let corrected = inverse.mul_add(err, quotient);
        let derivative = corrected.select(quotient.abs().le(p.fill(L::Real::MAX)), quotient);
        // At p = 0 and p = 1: 1 and -1 where the target equals p, else -inf and inf.
        let side = one.select(p.equals(zero), -one);
        let at_end = side.select(p.equals(y), side * f64::NEG_INFINITY);
        let derivative = derivative.select(zero.lt(d), at_end);
        let derivative = derivative.select(y.equals(y), y).select(p.equals(p), p);
        self.unless_clipped(p, y, derivative)
    }
    d2f {
        let (p, y) = (probability(prediction), probability(target));
        self.unless_clipped(p, y, cross_entropy_curve(p, y))
    }
    d2f_bound {
        let (p, y, _) = self.clip(prediction, target);
        cross_entropy_curve(p, y).at_least(p.splat(1.0) / (p - p * p))
    }
}

impl BinaryCrossEntropy {
    /// The clipped prediction, the target y, and 1 - y. A prediction above 1 - eps, which may round to 1, is replaced by
    /// eps, and the classes are exchanged.
    #[inline(always)]
    fn clip<L: Lanes>(self, prediction: L, target: L) -> (L, L, L) {
        let (p, y) = (probability(prediction), probability(target));
        let (one, eps) = (p.splat(1.0), p.splat(self.eps));
        let (other, high) = (one - y, (one - p).lt(eps));
        (eps.select(high, p.at_least(eps)), other.select(high, y), y.select(high, other))
    }

    /// The derivative at p, 0 where p is clipped.
    #[inline(always)]
    fn unless_clipped<L: Lanes>(self, p: L, y: L, derivative: L) -> L {
        // NaN where the target is NaN.
        let (none, eps) = (y * 0.0, p.splat(self.eps));
        let derivative = none.select(p.lt(eps), derivative);
        none.select((p.splat(1.0) - p).lt(eps), derivative)
    }
}

/// y / p^2 + (1 - y) / (1 - p)^2.
#[inline(always)]
fn cross_entropy_curve<L: Lanes>(p: L, y: L) -> L {
    let (other, lost) = two_sum(p.splat(1.0), -p);
    let rest = y.splat(1.0) - y;
    let sum = unless_zero(y, div_square(y, p, p.splat(0.0))) + unless_zero(rest, div_square(rest, other, lost));
    sum.select(p.equals(p), p)
}

loss! {
    /// Binary cross-entropy of a predicted logit (sigmoid cross-entropy, logistic loss).
    ///
    /// The probability of class 1 is the logistic function of the prediction. Targets are 0, 1, or anything between;
    /// any other gives NaN. Never clamped: finite up to the largest logit; at an infinite logit 0 or infinite. With
    /// `pos_weight` other than 1, the error bounds are 3.25, 2 and 3.75 ulp, and the absolute one of the derivative is 4
    /// times that stated below. For a weight of each class, see
    /// [`MultiLabelCrossEntropy`](crate::loss::MultiLabelCrossEntropy).
    BinaryCrossEntropyWithLogits {
        /// Weight w of class 1; class 0 has the weight 1. From 1e-4 to 1e4; default 1.
        pos_weight = 1.0, |weight| (1e-4..=1e4).contains(&weight) => "must be from 1e-4 to 1e4";
    }
    names ["binary_cross_entropy_with_logits", "bce_with_logits", "sigmoid_cross_entropy", "logistic_loss", "bce_with_logits_loss", "binary:logistic", "binary", "reg:logistic"];
    formula "(1 - y) ln(1 + exp(z)) + w y ln(1 + exp(-z)), z = prediction, y = target, w = pos_weight",
        "(1 - y) s(z) - w y s(-z), s(z) = 1 / (1 + exp(-z))", "(1 - y + w y) s(z) s(-z)";
    source "D. R. Cox, The Regression Analysis of Binary Sequences, 1958";
    example [0.5, 1.0] = [0.4740769841801067, -0.37754066879814546];
    limits [[0.0, f64::INFINITY], [0.0, 1.0], [0.0, 0.0]];
    range [0.0, f64::INFINITY], monotone true, Neither;
    f32 [2.0, 2.0, 2.0], floor [0.0, 2.0, 0.0]; f64 [2.0, 2.0, 2.0], floor [0.0, 2.0, 0.0];
    in_f64 [true; 3];
    bound "(1 - y + w y) tanh(z / 2) / (2 z)";
    in (self, z, y), constant |this, mean| num_traits::Float::ln(this.pos_weight * mean / (1.0 - mean));
    f { weighted!(self, z, y, loss) }
    df { weighted!(self, z, y, derivative) }
    d2f { weighted!(self, z, y, second_derivative) }
    d2f_bound { weighted!(self, z, y, bound) }
}

/// A function of logits with the weight of class 1. One branch for the whole function: the compiler would leave several
/// in its loop.
macro_rules! weighted {
    ($this:ident, $z:ident, $y:ident, $function:ident) => {
        if $crate::convert::equal($this.pos_weight, 1.0) {
            Logits::new($z, $y, None).$function()
        } else {
            Logits::new($z, $y, Some($y.splat($this.pos_weight))).$function()
        }
    };
}
use weighted;

/// The parts of the binary cross-entropy of a logit z. With the logistic tail t of |z|, s(z) is 1 - t or t, and the loss
/// is |z| times `against`, plus ln(1 + e^-|z|) times `weight`: no term cancels another.
#[derive(Clone, Copy)]
pub(super) struct Logits<L> {
    z: L,
    /// The weighted target of the class that the sign of z does not favour.
    against: L,
    /// The sum of both weighted targets; `None` if that is 1.
    weight: Option<L>,
}

impl<L: Lanes> Logits<L> {
    /// Of a target y, and the weight of class 1 if that is not 1.
    #[inline(always)]
    pub(super) fn new(z: L, y: L, pos_weight: Option<L>) -> Self {
        let other = y.splat(1.0) - y;
        let y = y.select(y.splat(0.0).le(y * other), y.splat(f64::NAN));
        let other = other.select(y.equals(y), y);
        match pos_weight {
            None => Logits { z, against: z.select_negative(y, other), weight: None },
            Some(weight) => {
                let against = z.select_negative(y * weight, other);
                Logits { z, against, weight: Some(y.mul_add(weight, other)) }
            }
        }
    }

    #[inline(always)]
    pub(super) fn loss(self) -> L {
        let a = self.z.abs();
        let tail = ln_1p_exp(-a.at_most(a.splat(L::Real::EXP_CUTOFF)), None, None);
        let tail = if let Some(weight) = self.weight { tail * weight } else { tail };
        // A target of exactly 0 for the other class gives 0 at an infinite logit, not 0 * inf.
        tail.mul_add(a.splat(lower::<L>()), unless_zero(self.against, a * self.against))
    }

    #[inline(always)]
    pub(super) fn derivative(self) -> L {
        let tail = Tail::at(self.z);
        let derivative = match self.weight {
            None => tail.value() - self.against,
            // The weight multiplies the lifted tail: it would multiply the rounding error of a subnormal one.
            Some(weight) => tail.lifted_value().mul_add(weight * lower::<L>(), -self.against),
        };
        derivative.xor_sign(-self.z)
    }

    #[inline(always)]
    pub(super) fn second_derivative(self) -> L {
        let tail = Tail::at(self.z);
        let bell = match self.weight {
            None => {
                let t = tail.value();
                (-t).mul_add(t, t)
            }
            Some(weight) => {
                let lifted = tail.lifted_value();
                let t = lifted * lower::<L>();
                (-t).mul_add(lifted, lifted) * (weight * lower::<L>())
            }
        };
        bell.select(self.against.equals(self.against), self.against)
    }

    #[inline(always)]
    pub(super) fn bound(self) -> L {
        let least = parabola_above(self.z);
        let least = if let Some(weight) = self.weight { least * weight } else { least };
        positive_bound(least).select(self.against.equals(self.against), self.against)
    }
}

loss! {
    /// Kullback-Leibler divergence of a target probability from a predicted one: one summand.
    ///
    /// Prediction and target are probabilities or densities, 0 or more; a negative one gives NaN. A target of 0
    /// contributes exactly 0, whatever is predicted. Keras's `KLDivergence` divides the sum by the number of rows, where
    /// `mean` divides by that of their entries, and clips both probabilities to 1e-7.
    KlDivergence names ["kl_divergence", "kld", "kullback_leibler_divergence"];
    formula "y ln(y / q), q = prediction, y = target", "-y / q", "y / q^2";
    source "S. Kullback, R. Leibler, On Information and Sufficiency, 1951";
    example [0.25, 0.5] = [0.34657359027997264, -2.0];
    limits [[f64::NAN, 0.0], [f64::NAN, 0.0], [f64::NAN, 0.0]];
    range [f64::NEG_INFINITY, f64::INFINITY], monotone false, Neither;
    f32 [1.25, 0.5, 2.5]; f64 [1.25, 0.5, 2.5];
    bound "the second derivative; 2^-100 where that is less";
    in (self, prediction, target)
    f {
        let (q, y) = (prediction, target);
        let (l, err) = ln_of_quotient(Part::of(y), Part::of(q));
        // The sum makes -0 of a target of 0 positive.
        let value = y.mul_add(l, y * err) + 0.0;
        let (zero, infinity) = (q.splat(0.0), q.splat(f64::INFINITY));
        let largest = y.select(zero.le(y), infinity).at_least(q.select(zero.lt(q), infinity));
        let special = q.fill(L::Real::MAX).lt(largest);
        if L::any(special) {
            let (q, y) = (not_negative(q), not_negative(y));
            let l = ln_of_end(y / q);
            let limit = unless_zero(y, y * l).select(q.equals(q), q).select(y.equals(y), y);
            limit.select(special, value)
        } else {
            value
        }
    }
    df {
        let (q, y) = (not_negative(prediction), not_negative(target));
        let derivative = unless_zero(y, -y / q);
        derivative.select(q.equals(q), q)
    }
    d2f {
        let (q, y) = (not_negative(prediction), not_negative(target));
        let second_derivative = unless_zero(y, div_square(y, q, y.splat(0.0)));
        second_derivative.select(q.equals(q), q)
    }
    d2f_bound { positive_bound(self.d2f(prediction, target)) }
}

loss! {
    /// Kullback-Leibler divergence of a target probability from a predicted log-probability: one summand.
    ///
    /// Targets must be 0 or more; a negative one gives NaN. A target of 0 contributes exactly 0, even against a
    /// prediction of -inf.
    KlDivergenceFromLog names ["kl_divergence_from_log", "kl_div", "kl_div_loss"];
    formula "y (ln(y) - l), l = prediction, y = target", "-y", "0";
    source "S. Kullback, R. Leibler, On Information and Sufficiency, 1951";
    example [-1.0, 0.5] = [0.15342640972002736, -0.5];
    limits [[0.0, 0.0], [0.0, 0.0], [0.0, 0.0]];
    range [f64::NEG_INFINITY, f64::INFINITY], monotone false, Neither;
    f32 [1.5, 0.0, 0.0], floor [0.5, 0.0, 0.0]; f64 [1.5, 0.0, 0.0], floor [0.5, 0.0, 0.0];
    bound "y: a step of derivative / bound has length 1; 2^-100 where y is less";
    in (self, prediction, target)
    f {
        let y = not_negative(target);
        let (l, err) = ln_parts(y);
        let (r, low) = two_sum(l, -prediction);
        let known = (y * r).abs().le(y.fill(L::Real::MAX));
        let value = unless_zero(y, y.mul_add(r, y * (low + err)).select(known, y * r));
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
    d2f_bound { positive_bound(-self.df(prediction, target)) }
}

loss! {
    /// Kullback-Leibler divergence of a target log-probability from a predicted one: one summand.
    ///
    /// A target of -inf contributes exactly 0, even against a prediction of -inf.
    KlDivergenceOfLogs names ["kl_divergence_of_logs", "kl_div_log_target"];
    formula "exp(t) (t - l), l = prediction, t = target", "-exp(t)", "0";
    source "S. Kullback, R. Leibler, On Information and Sufficiency, 1951";
    example [-1.0, -2.0] = [-0.1353352832366127, -0.1353352832366127];
    limits [[f64::INFINITY, f64::NEG_INFINITY], [-1.0, -1.0], [0.0, 0.0]];
    range [f64::NEG_INFINITY, f64::INFINITY], monotone false, Neither;
    f32 [1.75, 1.1, 0.0]; f64 [1.75, 1.1, 0.0];
    bound "exp(t): a step of derivative / bound has length 1; 2^-100 where exp(t) is less";
    in (self, prediction, target)
    f {
        let (r, low) = residual(target, prediction);
        let zero = r.splat(0.0);
        let relative = zero.select(low.equals(zero), low / r);
        // A residual that overflows belongs to a target so low that its exponential is 0, unless the prediction is
        // -inf.
        let largest = r.fill(L::Real::MAX);
        let a = r.abs().at_most(largest).select(prediction.abs().le(largest), r.abs());
        let value = exp_times(target, Some(relative), a).copysign(r);
        let value = zero.select(target.equals(r.splat(f64::NEG_INFINITY)), value);
        value.select(prediction.equals(prediction), prediction)
    }
    df {
        let derivative = -target.exp();
        derivative.select(prediction.equals(prediction), prediction)
    }
    d2f {
        let y = target.splat(0.0).select(target.equals(target), target);
        y.select(prediction.equals(prediction), prediction)
    }
    d2f_bound { positive_bound(-self.df(prediction, target)) }
}

loss! {
    /// Focal loss: the binary cross-entropy of a logit, times (1 - p)^gamma, p the probability of the target's class.
    ///
    /// Samples that are classified well count less. Targets are 0 or 1; any other gives NaN. With `gamma` = 0 and
    /// without `alpha` it is [`BinaryCrossEntropyWithLogits`], to the bit. With `alpha`, the error bounds are 4, 4.75 and
    /// 4 ulp.
    Focal {
        /// Focusing exponent gamma: the larger it is, the less a well classified sample counts. From 0 to 100; default
        /// 2.
        gamma = 2.0, |gamma| (0.0..=100.0).contains(&gamma) => "must be from 0 to 100";
        /// Weight alpha of class 1; that of class 0 is 1 - alpha. From 0 to 1; `None`, for no weights, by default.
        alpha: optional = None, |alpha| alpha.is_none_or(|alpha| (0.0..=1.0).contains(&alpha)) => "must be from 0 to 1";
    }
    names ["focal", "focal_loss", "sigmoid_focal_loss", "binary_focal"];
    formula "-s(-x)^gamma ln(s(x)), x = prediction if target = 1, else -prediction, s(x) = 1 / (1 + exp(-x))",
        "t s(-x)^gamma (gamma s(x) ln(s(x)) - s(-x)), t = 1 if target = 1, else -1",
        "s(-x)^gamma s(x) ((2 gamma + 1) s(-x) - gamma ln(s(x)) (gamma s(x) - s(-x)))";
    source "T.-Y. Lin et al., Focal Loss for Dense Object Detection, arXiv:1708.02002";
    example [0.5, 1.0] = [0.06757349051750364, -0.13793699735091441];
    limits [[0.0, f64::INFINITY], [0.0, 1.0], [0.0, 0.0]];
    range [0.0, f64::INFINITY], monotone true, Neither;
    f32 [4.0, 4.25, 4.0], floor [0.0, 0.0, 4.0]; f64 [4.0, 4.25, 4.0], floor [0.0, 0.0, 4.0];
    in_f64 [true; 3];
    bound "(1 + 0.65 gamma) tanh(x / 2) / (2 x)";
    in (self, prediction, target)
    f {
        if equal(self.gamma, 0.0) {
            return self.balanced(target, BinaryCrossEntropyWithLogits::DEFAULT.f(prediction, label(target)));
        }
        if equal(self.gamma, 2.0) {
            self.loss_of::<L, true>(prediction, target)
        } else {
            self.loss_of::<L, false>(prediction, target)
        }
    }
    df {
        if equal(self.gamma, 0.0) {
            return self.balanced(target, BinaryCrossEntropyWithLogits::DEFAULT.df(prediction, label(target)));
        }
        if equal(self.gamma, 2.0) {
            self.derivative_of::<L, true>(prediction, target)
        } else {
            self.derivative_of::<L, false>(prediction, target)
        }
    }
    d2f {
        if equal(self.gamma, 0.0) {
            return self.balanced(target, BinaryCrossEntropyWithLogits::DEFAULT.d2f(prediction, label(target)));
        }
        if equal(self.gamma, 2.0) {
            self.second_derivative_of::<L, true>(prediction, target)
        } else {
            self.second_derivative_of::<L, false>(prediction, target)
        }
    }
    d2f_bound {
        // That of the cross-entropy, times a factor that suffices for any gamma: a parabola through the value and the
        // derivative at any x lies above the loss on the way down to its minimum.
        let x = prediction * sign_of_label(target);
        let gamma = self.rounded_to::<L::Real>().gamma;
        let factor = if const { without_f64::<L::Real>() } {
            x.splat(gamma) * 0.65 + 1.0
        } else {
            x.splat(1.0 + 0.65 * gamma)
        };
        positive_bound(self.balanced(target, parabola_above(x) * factor))
    }
}

/// y where it is 0 or 1, else NaN.
#[inline(always)]
fn label<L: Lanes>(y: L) -> L {
    let zero = y.splat(0.0);
    y.select((y * (y - 1.0)).equals(zero), y.splat(f64::NAN))
}

/// 1 for the label 1, -1 for the label 0, else NaN.
#[inline(always)]
fn sign_of_label<L: Lanes>(y: L) -> L {
    let y = label(y);
    y + y - 1.0
}

/// s(-x)^2, lifted where x is positive, and its error term, from the tail at x, its reciprocal d and the relative error
/// term of that.
#[inline(always)]
fn square_of_tail<L: Lanes>(tail: Tail<L>, d: L, error: L, x: L) -> (L, L) {
    let one = x.splat(1.0);
    let (t, t_low) = (tail.power * d, tail.power * d * error);
    let rest = one - t;
    let rest_low = (one - rest) - t - t_low;
    let (high, lifted) = (x.select_negative(rest, t), x.select_negative(rest, tail.lifted * d));
    let low = x.select_negative(rest_low, t_low);
    let square = lifted * high;
    (square, lifted.mul_add(low + low, lifted.mul_error(high, square)))
}

/// The factors of the focal loss and of its derivatives.
#[derive(Clone, Copy)]
struct FocalParts<L> {
    /// s(x), lifted where x is negative.
    right: L,
    /// s(-x).
    wrong: L,
    /// -ln s(x). Beyond `EXP_CUTOFF`, its product with s(x) is 0.
    loss: L,
    /// s(-x)^gamma, lifted where x is positive.
    power: L,
    /// The error term of `power`, where it is known.
    power_low: Option<L>,
    /// The factor that undoes the lift of `right`; 1 where it is not lifted.
    lower_right: L,
    /// The factor that undoes the lift of `power`; 1 where it is not lifted.
    lower_power: L,
}

impl<L: Lanes> FocalParts<L> {
    /// The power times y.
    #[inline(always)]
    fn power_times(self, y: L) -> L {
        match self.power_low {
            // 0 times an infinite y would be NaN.
            Some(low) => self.power.mul_add(y, low * y.at_most(y.fill(L::Real::MAX))),
            None => self.power * y,
        }
    }
}

/// The loss and its derivatives for gamma other than 0; `SQUARE` says that it is 2. As a constant, so that a loop has no
/// branch inside: the loss and the derivative of a sum with gradient share what they have in common.
impl Focal {
    #[inline(always)]
    fn loss_of<L: Lanes, const SQUARE: bool>(self, prediction: L, target: L) -> L {
        let x = prediction * sign_of_label(target);
        let parts = self.parts::<L, SQUARE>(x);
        self.balanced(target, parts.power_times(parts.loss) * parts.lower_power)
    }

    #[inline(always)]
    fn derivative_of<L: Lanes, const SQUARE: bool>(self, prediction: L, target: L) -> L {
        let side = sign_of_label(target);
        let x = prediction * side;
        let parts = self.parts::<L, SQUARE>(x);
        let FocalParts { right, wrong, loss, lower_right, lower_power, .. } = parts;
        let right_loss = right * loss.at_most(x.splat(L::Real::EXP_CUTOFF)) * lower_right;
        let bracket = right_loss.mul_add(x.splat(self.gamma), wrong);
        self.balanced(target, (-parts.power_times(bracket) * lower_power).xor_sign(side))
    }

    #[inline(always)]
    fn second_derivative_of<L: Lanes, const SQUARE: bool>(self, prediction: L, target: L) -> L {
        let x = prediction * sign_of_label(target);
        let parts = self.parts::<L, SQUARE>(x);
        let FocalParts { right, wrong, loss, lower_right, lower_power, .. } = parts;
        let right_loss = right * loss.at_most(x.splat(L::Real::EXP_CUTOFF));
        let bend = (right * lower_right * self.gamma - wrong) * (right_loss * self.gamma);
        let two_gamma_and_one = if const { without_f64::<L::Real>() } {
            x.splat(self.gamma) * 2.0 + 1.0
        } else {
            x.splat(2.0 * self.gamma + 1.0)
        };
        let bracket = (right * wrong).mul_add(two_gamma_and_one, bend);
        self.balanced(target, parts.power_times(bracket) * lower_right * lower_power)
    }

    /// The factors at x, which is the prediction with the sign of the label.
    ///
    /// Limit: a logarithm, and an exponential with a division; another exponential where gamma is not 2.
    #[inline(always)]
    fn parts<L: Lanes, const SQUARE: bool>(self, x: L) -> FocalParts<L> {
        let (zero, one, low) = (x.splat(0.0), x.splat(1.0), x.splat(lower::<L>()));
        let (tail, excess_low) = Tail::parts_at(x);
        let (d, error) = tail.reciprocal_and_error();
        let error = if SQUARE { excess_low.mul_add(-d, error) } else { error };
        let log = ln_1p_exp(-x.abs().at_most(x.splat(L::Real::EXP_CUTOFF)), None, None) * low;
        let (power, power_low) = if SQUARE {
            let (square, low) = square_of_tail(tail, d, error, x);
            (square, Some(low))
        } else {
            (self.power(x, log), None)
        };
        let d = d.mul_add(error, d);
        let t = tail.power * d;
        let rest = one - t;
        FocalParts {
            right: x.select_negative(tail.lifted * d, rest),
            wrong: x.select_negative(rest, t),
            loss: log + x.select_negative(x.abs(), zero),
            power,
            power_low,
            lower_right: x.select_negative(low, one),
            lower_power: x.select_negative(one, low),
        }
    }

    /// s(-x)^gamma, lifted where x is positive; `log` is ln(1 + e^-|x|).
    #[inline(always)]
    fn power<L: Lanes>(self, x: L, log: L) -> L {
        let (zero, end) = (x.splat(0.0), x.splat(L::Real::EXP_CUTOFF));
        // ln s(-x) = -(max(x, 0) + log). Its product with gamma keeps its error term: an exponential multiplies the
        // relative error of its exponent by the exponent.
        let gamma = x.splat(self.gamma);
        let a = x.abs().at_most((end / gamma).at_most(x.fill(L::Real::MAX)));
        let (sum, sum_low) = two_sum(x.select_negative(zero, a), log);
        let exponent = sum * gamma;
        let lost = sum_low.mul_add(gamma, sum.mul_error(gamma, exponent));
        // Where x is negative the power is near 1 and is not left lifted: the factors that it is multiplied by may be
        // large.
        let (power, excess) = power_and_excess(-exponent.at_most(end), -lost, L::Real::LIFT);
        excess.mul_add(power, power) * x.select_negative(x.splat(lower::<L>()), x.splat(1.0))
    }

    /// y times the weight of the target's class.
    #[inline(always)]
    fn balanced<L: Lanes>(self, target: L, y: L) -> L {
        let Some(alpha) = self.rounded_to::<L::Real>().alpha else {
            return y;
        };
        y * (y.splat(1.0) - alpha).select(target.equals(y.splat(0.0)), y.splat(alpha))
    }
}
