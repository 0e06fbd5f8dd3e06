//! Classification losses of the margin m = prediction * target, where the target is a label, -1 or +1.
//!
//! A margin is exact. Any other label, 0 above all, gives NaN: value, derivative and second derivative, so that labels
//! 0 and 1 cannot pass for these. The derivative in the prediction is that in m times the label; the second derivative
//! is that in m.

use crate::activation::{Formula, Softplus};
use crate::loss::{LossFormula, loss, positive_bound};
use crate::math::FloatMath;
use crate::math::logistic::parabola_above;
use crate::simd::Lanes;

/// prediction * label, or NaN if the label is neither -1 nor +1.
#[inline(always)]
pub(crate) fn margin<L: Lanes>(prediction: L, label: L) -> L {
    let m = prediction * label;
    m.select(label.abs().equals(m.splat(1.0)), m.splat(f64::NAN))
}

/// `below` where m < end, `beyond` where it is not; NaN stays NaN.
#[inline(always)]
pub(crate) fn step<L: Lanes>(m: L, end: f64, below: f64, beyond: f64) -> L {
    let end = m.splat(end);
    m.splat(below).select(m.lt(end), m.splat(beyond).select(end.le(m), m))
}

/// The best constant prediction where it is that of least squares: the mean of the labels.
fn mean_of_labels<F>(_: F, mean: f64) -> f64 {
    mean
}

/// ln(p / (1 - p)), p being the share of the label +1 among labels of this mean.
fn log_odds(mean: f64) -> f64 {
    num_traits::Float::ln((1.0 + mean) / (1.0 - mean))
}

loss! {
    /// Hinge loss of support vector machines.
    ///
    /// Targets are -1 or +1; any other gives NaN. The derivative at a margin of 1 is 0.
    Hinge names ["hinge", "hinge_loss"];
    formula "max(0, 1 - m), m = prediction * target", "-target if m < 1, else 0", "0";
    source "C. Cortes, V. Vapnik, Support-Vector Networks, 1995";
    example [0.5, 1.0] = [0.5, -1.0];
    limits [[f64::INFINITY, 0.0], [-1.0, 0.0], [0.0, 0.0]];
    kinks [1.0];
    range [0.0, f64::INFINITY], monotone false, Neither;
    f32 [0.5, 0.0, 0.0]; f64 [0.5, 0.0, 0.0];
    bound "1: a step of derivative / bound has length 1";
    in (self, prediction, target)
    f { (-margin(prediction, target) + 1.0).at_least(target.splat(0.0)) }
    df { step(margin(prediction, target), 1.0, -1.0, 0.0).xor_sign(target) }
    d2f { step(margin(prediction, target), 1.0, 0.0, 0.0) }
    d2f_bound { step(margin(prediction, target), 1.0, 1.0, 1.0) }
}

loss! {
    /// Squared hinge loss of support vector machines.
    ///
    /// Targets are -1 or +1; any other gives NaN.
    SquaredHinge names ["squared_hinge"];
    formula "max(0, 1 - m)^2, m = prediction * target", "-2 max(0, 1 - m) target", "2 if m < 1, else 0";
    source "C. Cortes, V. Vapnik, Support-Vector Networks, 1995";
    example [0.5, 1.0] = [0.25, -1.0];
    limits [[f64::INFINITY, 0.0], [f64::NEG_INFINITY, 0.0], [2.0, 0.0]];
    kinks [1.0];
    range [0.0, f64::INFINITY], monotone false, Neither;
    f32 [2.0, 0.5, 0.0]; f64 [2.0, 0.5, 0.0];
    bound "2, the largest second derivative";
    in (self, prediction, target), constant mean_of_labels;
    f {
        let hinge = Hinge.f(prediction, target);
        hinge * hinge
    }
    df { (Hinge.f(prediction, target) * -2.0).xor_sign(target) }
    d2f { step(margin(prediction, target), 1.0, 2.0, 0.0) }
    d2f_bound { step(margin(prediction, target), 1.0, 2.0, 2.0) }
}

loss! {
    /// Logistic loss of labels -1 and +1 (soft margin loss, binomial deviance): the cross-entropy of a logit.
    ///
    /// Targets are -1 or +1; any other gives NaN.
    SoftMargin names ["soft_margin", "logistic", "binomial_deviance", "soft_margin_loss"];
    formula "ln(1 + exp(-m)), m = prediction * target", "-target s(-m), s(x) = 1 / (1 + exp(-x))", "s(m) s(-m)";
    source "J. Friedman, T. Hastie, R. Tibshirani, Additive Logistic Regression, 2000";
    example [0.5, 1.0] = [0.4740769841801067, -0.37754066879814546];
    limits [[f64::INFINITY, 0.0], [-1.0, 0.0], [0.0, 0.0]];
    range [0.0, f64::INFINITY], monotone false, Neither;
    f32 [2.0, 2.0, 2.0]; f64 [2.0, 2.0, 2.0];
    in_f64 [true, false, false];
    bound "tanh(m / 2) / (2 m)";
    in (self, prediction, target), constant |_, mean| log_odds(mean);
    f { Softplus::DEFAULT.f(-margin(prediction, target)) }
    df { (-Softplus::DEFAULT.df(-margin(prediction, target))).xor_sign(target) }
    d2f { Softplus::DEFAULT.d2f(margin(prediction, target)) }
    d2f_bound { positive_bound(parabola_above(margin(prediction, target))) }
}

loss! {
    /// Hinge embedding loss of a distance: lowers it at a target of +1, raises it up to `margin` at -1.
    ///
    /// Targets are -1 or +1; any other gives NaN. For a target of -1, the derivative at a distance of `margin` is 0.
    HingeEmbedding {
        /// Margin: the distance from which a sample with the target -1 costs nothing. Finite; default 1.
        margin = 1.0, |margin| margin.is_finite() => "must be finite";
    }
    names ["hinge_embedding", "hinge_embedding_loss"];
    formula "prediction if target = 1, max(0, margin - prediction) if target = -1",
        "1 if target = 1, -1 if prediction < margin, else 0", "0";
    source "S. Chopra, R. Hadsell, Y. LeCun, Learning a Similarity Metric Discriminatively, 2005";
    example [0.25, -1.0] = [0.75, -1.0];
    limits [[f64::NEG_INFINITY, f64::INFINITY], [1.0, 1.0], [0.0, 0.0]];
    kinks [-1.0];
    range [f64::NEG_INFINITY, f64::INFINITY], monotone false, Neither;
    f32 [0.5, 0.0, 0.0]; f64 [0.5, 0.0, 0.0];
    bound "1: a step of derivative / bound has length 1";
    in (self, prediction, target)
    f {
        let m = margin(prediction, target);
        let apart = (m + self.margin).at_least(m.splat(0.0));
        target.select_negative(apart, m)
    }
    df {
        let m = margin(prediction, target);
        let apart = step(-m, self.margin, -1.0, 0.0);
        target.select_negative(apart, step(m, 0.0, 1.0, 1.0))
    }
    d2f { step(margin(prediction, target), 0.0, 0.0, 0.0) }
    d2f_bound { step(margin(prediction, target), 0.0, 1.0, 1.0) }
}

loss! {
    /// Modified Huber loss for classification: the squared hinge loss down to a margin of -1, linear below.
    ///
    /// Targets are -1 or +1; any other gives NaN.
    ModifiedHuber names ["modified_huber"];
    formula "-4 m if m < -1, else max(0, 1 - m)^2; m = prediction * target", "-4 target if m < -1, else -2 max(0, 1 - m) target",
        "2 if -1 <= m < 1, else 0";
    source
        "T. Zhang, Solving Large Scale Linear Prediction Problems Using Stochastic Gradient Descent Algorithms, 2004";
    example [-2.0, 1.0] = [8.0, -4.0];
    limits [[f64::INFINITY, 0.0], [-4.0, 0.0], [0.0, 0.0]];
    kinks [-1.0, 1.0];
    range [0.0, f64::INFINITY], monotone false, Neither;
    f32 [2.0, 0.5, 0.0]; f64 [2.0, 0.5, 0.0];
    bound "2, the largest second derivative";
    in (self, prediction, target), constant mean_of_labels;
    f {
        let m = margin(prediction, target);
        (m * -4.0).select(m.lt(m.splat(-1.0)), SquaredHinge.f(prediction, target))
    }
    df {
        let hinge = Hinge.f(prediction, target);
        (hinge.at_most(hinge.splat(2.0)) * -2.0).xor_sign(target)
    }
    d2f {
        let m = margin(prediction, target);
        step(m, -1.0, 0.0, 2.0).select(m.lt(m.splat(1.0)), step(m, 1.0, 0.0, 0.0))
    }
    d2f_bound { step(margin(prediction, target), 1.0, 2.0, 2.0) }
}

loss! {
    /// Perceptron loss: minus the margin where it is negative, else 0.
    ///
    /// Targets are -1 or +1; any other gives NaN. The derivative at a margin of 0 is 0.
    Perceptron names ["perceptron", "perceptron_loss"];
    formula "max(0, -m), m = prediction * target", "-target if m < 0, else 0", "0";
    source "F. Rosenblatt, The Perceptron, 1958";
    example [-0.5, 1.0] = [0.5, -1.0];
    limits [[f64::INFINITY, 0.0], [-1.0, 0.0], [0.0, 0.0]];
    kinks [0.0];
    range [0.0, f64::INFINITY], monotone false, Neither;
    f32 [0.0, 0.0, 0.0]; f64 [0.0, 0.0, 0.0];
    bound "1: a step of derivative / bound has length 1";
    in (self, prediction, target)
    f { (-margin(prediction, target)).at_least(target.splat(0.0)).abs() }
    df { step(margin(prediction, target), 0.0, -1.0, 0.0).xor_sign(target) }
    d2f { step(margin(prediction, target), 0.0, 0.0, 0.0) }
    d2f_bound { step(margin(prediction, target), 0.0, 1.0, 1.0) }
}

loss! {
    /// Exponential loss, which AdaBoost minimises.
    ///
    /// Targets are -1 or +1; any other gives NaN.
    Exponential names ["exponential", "exponential_loss", "adaboost"];
    formula "exp(-m), m = prediction * target", "-exp(-m) target", "exp(-m)";
    source "Y. Freund, R. Schapire, A Decision-Theoretic Generalization of On-Line Learning, 1997";
    example [0.5, 1.0] = [0.6065306597126334, -0.6065306597126334];
    limits [[f64::INFINITY, 0.0], [f64::NEG_INFINITY, 0.0], [f64::INFINITY, 0.0]];
    range [0.0, f64::INFINITY], monotone false, Neither;
    f32 [1.1, 1.1, 1.1]; f64 [1.1, 1.1, 1.1];
    bound "exp(-m); 2^-100 where that is less";
    in (self, prediction, target), constant |_, mean| log_odds(mean) / 2.0;
    f { (-margin(prediction, target)).exp() }
    df { (-(-margin(prediction, target)).exp()).xor_sign(target) }
    d2f { (-margin(prediction, target)).exp() }
    d2f_bound { positive_bound((-margin(prediction, target)).exp()) }
}
