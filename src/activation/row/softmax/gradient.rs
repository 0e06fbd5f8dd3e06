//! Maps of softmax and log-softmax: the last step of the forward pass, and the gradients.

use crate::math::FloatMath;
use crate::math::pair::HiLo;
use crate::math::shifted_exp::Scale;
use crate::row::exponentials::{Share, scaled};
use crate::simd::{Lanes, Real};
use crate::slice::Map;

/// The map sign x / t - (high + low), the log-softmax.
#[derive(Clone, Copy)]
pub(crate) struct Subtract {
    /// sign / t.
    pub(crate) inverse: f64,
    /// The subtrahend, high and low.
    pub(crate) subtrahend: [f64; 2],
}

impl Subtract {
    #[inline(always)]
    pub(crate) fn new<R: Real>(scale: Scale, m: f64, rest: f64) -> Self {
        Subtract { inverse: scale.factor()[0], subtrahend: Self::normalizer::<R>(scale, m, rest).into_f64() }
    }

    /// The normalizer m / t + rest, with the rounded reciprocal of t that x is multiplied by.
    #[inline(always)]
    pub(crate) fn normalizer<R: Real>(scale: Scale, m: f64, rest: f64) -> HiLo<R> {
        // For f32 the product is exact in f64.
        if size_of::<R>() < size_of::<f64>() {
            return HiLo::sum(m * scale.inverse[0], rest);
        }
        HiLo::<f64>::exact(m).by(scale.inverse[0]).plus(rest).to()
    }
}

impl Map<1, 1> for Subtract {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x]: [L; 1]) -> [L; 1] {
        [subtract(x, self.inverse, x.splat(self.subtrahend[0]), x.splat(self.subtrahend[1]))]
    }
}

/// x inverse - (high + low).
#[inline(always)]
pub(crate) fn subtract<L: Lanes>(x: L, inverse: f64, high: L, low: L) -> L {
    x.mul_add(x.splat(inverse), -high) - low
}

/// y dy, and 0 where y is 0: masked entries have no part in the gradient, whatever dy is there.
#[inline(always)]
pub(crate) fn product<L: Lanes>(y: L, dy: L) -> L {
    zero_where_zero(y, y * dy)
}

/// The products y dy of the shares y.
#[derive(Clone, Copy)]
pub(crate) struct Product(pub(crate) Share);

impl Map<2, 1> for Product {
    #[inline(always)]
    fn apply<L: Lanes>(self, [from, dy]: [L; 2]) -> [L; 1] {
        [product(self.0.of(from), dy)]
    }
}

/// `other`, or 0 where y is 0.
#[inline(always)]
pub(crate) fn zero_where_zero<L: Lanes>(y: L, other: L) -> L {
    let zero = y.splat(0.0);
    zero.select(y.equals(zero), other)
}

/// The s of a gradient, from the sum over its row: of dy for log-softmax; for softmax of y dy sign / t, since the
/// shares are multiplied by that factor.
#[inline(always)]
pub(crate) fn softmax_mean<R: Real>(log: bool, sum: f64, scale: Scale) -> HiLo<R> {
    if log { HiLo::new(sum, 0.0) } else { HiLo::quotient(sum, scale.factor()[0]) }
}

/// y (dy - s), and 0 where y is 0.
#[inline(always)]
pub(crate) fn softmax_gradient<L: Lanes>(y: L, dy: L, s: [L; 2]) -> L {
    zero_where_zero(y, y * (dy - s[0] - s[1]))
}

/// The gradient of softmax: `share` includes the factor sign / t.
#[derive(Clone, Copy)]
pub(crate) struct SoftmaxGradient {
    pub(crate) share: Share,
    pub(crate) s: [f64; 2],
}

impl Map<2, 1> for SoftmaxGradient {
    #[inline(always)]
    fn apply<L: Lanes>(self, [from, dy]: [L; 2]) -> [L; 1] {
        [softmax_gradient(self.share.of(from), dy, splat(dy, self.s))]
    }
}

/// A double-double number in all lanes.
#[inline(always)]
pub(crate) fn splat<L: Lanes>(x: L, pair: [f64; 2]) -> [L; 2] {
    [x.splat(pair[0]), x.splat(pair[1])]
}

/// The gradient of log-softmax: sign / t (dy - s y), and 0 where x is masked, unless the row is NaN.
#[derive(Clone, Copy)]
pub(crate) struct LogSoftmaxGradient {
    factor: [f64; 2],
    hidden: f64,
}

impl LogSoftmaxGradient {
    /// The gradient from the output of the function if `output`, else from its input.
    #[inline(always)]
    pub(crate) fn new(scale: Scale, output: bool) -> Self {
        let hidden = f64::NEG_INFINITY * if output { 1.0 } else { scale.sign };
        LogSoftmaxGradient { factor: scale.factor(), hidden }
    }

    #[inline(always)]
    pub(crate) fn of<L: Lanes>(self, x: L, y: L, dy: L, s: [L; 2]) -> L {
        let difference = dy - scaled(y, s[0], s[1]);
        let gradient = scaled(difference, y.splat(self.factor[0]), y.splat(self.factor[1]));
        let hidden = x.equals(x.splat(self.hidden));
        x.splat(0.0).select(y.equals(y), y).select(hidden, gradient)
    }
}

/// The gradient of log-softmax from x; `from` holds the exponentials, or x, for the shares.
#[derive(Clone, Copy)]
pub(crate) struct FromInput {
    pub(crate) gradient: LogSoftmaxGradient,
    pub(crate) share: Share,
    pub(crate) s: [f64; 2],
}

impl Map<3, 1> for FromInput {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x, from, dy]: [L; 3]) -> [L; 1] {
        [self.gradient.of(x, self.share.of(from), dy, splat(x, self.s))]
    }
}

/// The gradient of log-softmax from its output y: the shares are e^y.
#[derive(Clone, Copy)]
pub(crate) struct FromOutput {
    pub(crate) gradient: LogSoftmaxGradient,
    pub(crate) s: [f64; 2],
}

impl Map<2, 1> for FromOutput {
    #[inline(always)]
    fn apply<L: Lanes>(self, [y, dy]: [L; 2]) -> [L; 1] {
        [self.gradient.of(y, y.exp(), dy, splat(y, self.s))]
    }
}
