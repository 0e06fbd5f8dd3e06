//! Activations with linear and quadratic pieces: a few operations, each rounded once.
//!
//! Limit: memory bandwidth, or one store a cycle in the L1 cache.
//!
//! The argument is clamped to a piece by a minimum and a maximum that keep NaN and infinities, and is measured from the
//! kink: x - kink is exact near it, so nothing cancels there.

use super::rectifier::{between, constant};
use crate::activation::{Formula, activation};
use crate::math::pair::HiLo;
use crate::simd::Lanes;

/// x / divisor, with hardly more than one rounding: the product with a double-double inverse where there is FMA;
/// without it, that product would cost as much as the division.
#[inline(always)]
fn divided<L: Lanes>(x: L, [high, low]: [f64; 2]) -> L {
    if !L::FUSED {
        return x / (x.splat(high) - x.splat(low));
    }
    HiLo::<L::Real>::quotient_by_sum(1.0, high, -low).times(x)
}

activation! {
    /// The hard hyperbolic tangent (hard tanh), or clip: x clamped to the range from low to high.
    ///
    /// The derivative at low and at high is 0.
    HardTanh {
        /// The smallest value: not above `high`, may be infinite, -1 by default.
        low ("min_val", "min", "lo") = -1.0, |low| !low.is_nan() => "must be a number";
        /// The largest value: not below `low`, may be infinite, 1 by default.
        high ("max_val", "max", "hi") = 1.0, |high| !high.is_nan() => "must be a number";
    } also low, |this| this.low <= this.high => "must not exceed high";
    names ["hard_tanh", "clip"];
    formula "min(max(low, x), high)", "1 if low < x < high, else 0", "0";
    source "R. Collobert, Large Scale Machine Learning, 2004";
    example [0.5] = [0.5, 1.0];
    limits [[-1.0, 1.0], [0.0, 0.0], [0.0, 0.0]];
    kinks [-1.0, 1.0];
    range [-1.0, 1.0], monotone true, Odd;
    f32 [0.0, 0.0, 0.0]; f64 [0.0, 0.0, 0.0];
    in (self, x)
    f { x.at_least(x.splat(self.low)).at_most(x.splat(self.high)) }
    df { between(x, self.low, self.high, x.splat(1.0)) }
    d2f { constant(x, 0.0) }
}

activation! {
    /// The hard sigmoid: a straight line from 0 at `low` to 1 at `high`, constant on either side.
    ///
    /// By default the line is `x / 6 + 1/2`, as in PyTorch; `0.2 x + 0.5`, the default of ONNX, has `low` -2.5 and
    /// `high` 2.5. The derivative at low and at high is 0.
    HardSigmoid {
        /// The largest x whose value is 0: finite, below `high` by 1e-30 to 1e30, -3 by default.
        low = -3.0, |low| low.is_finite() => "must be finite";
        /// The smallest x whose value is 1: finite, above `low`, 3 by default.
        high = 3.0, |high| high.is_finite() => "must be finite";
    } also low, |this| (1e-30..=1e30).contains(&(this.high - this.low)) => "must be below high, by 1e-30 to 1e30";
    names ["hard_sigmoid"];
    formula "min(max(0, (x - low) / (high - low)), 1)", "1 / (high - low) if low < x < high, else 0", "0";
    source "M. Courbariaux et al., BinaryConnect, arXiv:1511.00363";
    example [1.0] = [0.6666666666666666, 0.16666666666666666];
    limits [[0.0, 1.0], [0.0, 0.0], [0.0, 0.0]];
    kinks [-3.0, 3.0];
    range [0.0, 1.0], monotone true, Neither;
    f32 [1.0, 0.5, 0.0]; f64 [1.0, 0.5, 0.0];
    in (self, x)
    f {
        let HardSigmoid { low, high } = self.rounded_to::<L::Real>();
        divided(x.at_least(x.splat(low)).at_most(x.splat(high)) - low, [high, low])
    }
    df {
        let HardSigmoid { low, high } = self.rounded_to::<L::Real>();
        between(x, low, high, x.fill(HiLo::<L::Real>::quotient_by_sum(1.0, high, -low).high))
    }
    d2f { constant(x, 0.0) }
}

activation! {
    /// The hard swish (hard SiLU): x times the hard sigmoid of x.
    ///
    /// The derivative is 0 at -3 and 1 at 3; the second derivative is 0 at both.
    HardSwish names ["hard_swish", "hard_silu"];
    formula "x min(max(0, x + 3), 6) / 6", "(2 x + 3) / 6 if -3 < x < 3, 1 if x >= 3, else 0", "1/3 if -3 < x < 3, else 0";
    source "A. Howard et al., Searching for MobileNetV3, arXiv:1905.02244";
    example [1.0] = [0.6666666666666666, 0.8333333333333334];
    limits [[-0.0, f64::INFINITY], [0.0, 1.0], [0.0, 0.0]];
    kinks [-3.0, 3.0];
    range [-0.375, f64::INFINITY], monotone false, Neither;
    f32 [2.0, 1.0, 0.5]; f64 [2.0, 1.0, 0.5];
    in (self, x)
    f {
        let positive = x.at_least(x.splat(-3.0));
        positive * divided(positive.at_most(x.splat(3.0)) + 3.0, [6.0, 0.0])
    }
    df {
        let line = divided(x.mul_add(x.splat(2.0), x.splat(3.0)), [6.0, 0.0]);
        x.splat(0.0).select(x.le(x.splat(-3.0)), x.splat(1.0).select(x.splat(3.0).le(x), line))
    }
    d2f { between(x, -3.0, 3.0, x.splat(1.0 / 3.0)) }
}

activation! {
    /// Hard shrinkage, or hard thresholding: x where |x| is above lambda, else 0.
    ///
    /// The derivative at -lambda and at lambda is 0.
    HardShrink {
        /// The threshold lambda: |x| up to it gives 0. Not negative, may be infinite, 0.5 by default.
        lambda ("lambd", "threshold") = 0.5, |lambda| lambda >= 0.0 => "must not be negative";
    }
    names ["hard_shrink"];
    formula "x if abs(x) > lambda, else 0", "1 if abs(x) > lambda, else 0", "0";
    source "D. Donoho, I. Johnstone, Ideal Spatial Adaptation by Wavelet Shrinkage, 1994";
    example [1.0] = [1.0, 1.0];
    limits [[f64::NEG_INFINITY, f64::INFINITY], [1.0, 1.0], [0.0, 0.0]];
    kinks [-0.5, 0.5];
    range [f64::NEG_INFINITY, f64::INFINITY], monotone true, Odd;
    f32 [0.0, 0.0, 0.0]; f64 [0.0, 0.0, 0.0];
    in (self, x)
    f { x.splat(0.0).copysign(x).select(x.abs().le(x.splat(self.lambda)), x) }
    df { x.splat(0.0).select(x.abs().le(x.splat(self.lambda)), constant(x, 1.0)) }
    d2f { constant(x, 0.0) }
}

activation! {
    /// Soft shrinkage, or soft thresholding: x moved towards 0 by lambda, and 0 where |x| is at most lambda.
    ///
    /// The derivative at -lambda and at lambda is 0.
    SoftShrink {
        /// The distance lambda by which x moves: finite and not negative, 0.5 by default.
        lambda ("lambd", "threshold") = 0.5, |lambda| lambda >= 0.0 && lambda.is_finite() => "must be finite and not negative";
    }
    names ["soft_shrink"];
    formula "x - lambda if x > lambda, x + lambda if x < -lambda, else 0", "1 if abs(x) > lambda, else 0", "0";
    source "D. Donoho, De-noising by Soft-thresholding, 1995";
    example [1.0] = [0.5, 1.0];
    limits [[f64::NEG_INFINITY, f64::INFINITY], [1.0, 1.0], [0.0, 0.0]];
    kinks [-0.5, 0.5];
    range [f64::NEG_INFINITY, f64::INFINITY], monotone true, Odd;
    f32 [0.5, 0.0, 0.0]; f64 [0.5, 0.0, 0.0];
    in (self, x)
    f { (x.abs() - self.lambda).at_least(x.splat(0.0)).copysign(x) }
    df { x.splat(0.0).select(x.abs().le(x.splat(self.lambda)), constant(x, 1.0)) }
    d2f { constant(x, 0.0) }
}

activation! {
    /// Shrinkage as in ONNX: x moved towards 0 by a bias where |x| is above lambda, else 0.
    ///
    /// With a bias of 0, the default, it is [`HardShrink`]; with a bias of lambda it is [`SoftShrink`]. It jumps by
    /// lambda - bias at -lambda and at lambda, where the derivative is 0. A bias above lambda takes x beyond 0.
    Shrink {
        /// The threshold lambda: |x| up to it gives 0. Not negative, may be infinite, 0.5 by default.
        lambda ("lambd", "threshold") = 0.5, |lambda| lambda >= 0.0 => "must not be negative";
        /// The distance by which x moves: finite, 0 by default.
        bias = 0.0, |bias| bias.is_finite() => "must be finite";
    }
    names ["shrink"];
    formula "x - bias if x > lambda, x + bias if x < -lambda, else 0", "1 if abs(x) > lambda, else 0", "0";
    source "the operator Shrink of ONNX";
    example [1.0] = [1.0, 1.0];
    limits [[f64::NEG_INFINITY, f64::INFINITY], [1.0, 1.0], [0.0, 0.0]];
    kinks [-0.5, 0.5];
    range [f64::NEG_INFINITY, f64::INFINITY], monotone true, Odd;
    f32 [0.5, 0.0, 0.0]; f64 [0.5, 0.0, 0.0];
    in (self, x)
    f {
        let moved = (x.abs() - self.bias).xor_sign(x);
        x.splat(0.0).copysign(x).select(x.abs().le(x.splat(self.lambda)), moved)
    }
    df { x.splat(0.0).select(x.abs().le(x.splat(self.lambda)), constant(x, 1.0)) }
    d2f { constant(x, 0.0) }
}

activation! {
    /// The sparse sigmoid: (x + 1) / 2 clamped to the range from 0 to 1, the derivative of [`SparsePlus`].
    ///
    /// The derivative at -1 and at 1 is 0.
    SparseSigmoid names ["sparse_sigmoid"];
    formula "min(max(0, (x + 1) / 2), 1)", "1/2 if -1 < x < 1, else 0", "0";
    source "A. Martins, R. Astudillo, From Softmax to Sparsemax, arXiv:1602.02068: sparsemax of two classes";
    example [0.5] = [0.75, 0.5];
    limits [[0.0, 1.0], [0.0, 0.0], [0.0, 0.0]];
    kinks [-1.0, 1.0];
    range [0.0, 1.0], monotone true, Neither;
    f32 [0.5, 0.0, 0.0]; f64 [0.5, 0.0, 0.0];
    in (self, x)
    f { (x.at_least(x.splat(-1.0)).at_most(x.splat(1.0)) + 1.0) * 0.5 }
    df { between(x, -1.0, 1.0, x.splat(0.5)) }
    d2f { constant(x, 0.0) }
}

activation! {
    /// The sparse softplus (sparseplus): a rectifier with a parabola between -1 and 1, exactly 0 below and x above.
    ///
    /// The second derivative at -1 and at 1 is 0.
    SparsePlus names ["sparse_plus"];
    formula "(x + 1)^2 / 4 if -1 < x < 1, x if x >= 1, else 0", "min(max(0, (x + 1) / 2), 1)", "1/2 if -1 < x < 1, else 0";
    source "A. Martins, R. Astudillo, From Softmax to Sparsemax, arXiv:1602.02068: sparsemax of two classes";
    example [0.5] = [0.5625, 0.75];
    limits [[0.0, f64::INFINITY], [0.0, 1.0], [0.0, 0.0]];
    range [0.0, f64::INFINITY], monotone true, Neither;
    f32 [2.0, 0.5, 0.0]; f64 [2.0, 0.5, 0.0];
    in (self, x)
    f {
        let half = SparseSigmoid.f(x);
        x.select(x.splat(1.0).le(x), half * half)
    }
    df { SparseSigmoid.f(x) }
    d2f { between(x, -1.0, 1.0, x.splat(0.5)) }
}
