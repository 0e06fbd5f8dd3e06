//! Maps of softmax and log-softmax: the last step of the forward pass, and the gradients.

use crate::math::FloatMath;
use crate::math::pair::HiLo;
use crate::math::rounding::fma_emulated;
use crate::math::shifted_exp::Scale;
use crate::row::exponentials::{Share, scaled};
use crate::simd::{Lanes, Real};
use crate::slice::Map;

/// The map (x - m) / t - rest, the log-softmax, m the maximum of the row and rest the logarithm of the sum of its
/// exponentials: two numbers that are not positive, so that nothing cancels.
#[derive(Clone, Copy)]
pub(crate) struct Subtract {
    /// 1 / t.
    pub(crate) inverse: f64,
    pub(crate) m: f64,
    pub(crate) rest: f64,
}

impl Map<1, 1> for Subtract {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x]: [L; 1]) -> [L; 1] {
        [subtract(x, self.inverse, x.splat(self.m), x.splat(self.rest))]
    }
}

/// (x - m) inverse - rest. Half the difference is computed first, because the difference may overflow. The sign of a
/// maximum of 0 depends on the order of the comparisons; adding 0 makes it positive.
#[inline(always)]
pub(crate) fn subtract<L: Lanes>(x: L, inverse: f64, m: L, rest: L) -> L {
    x.mul_add(x.splat(0.5), m * -0.5 + 0.0).mul_add(x.splat(2.0 * inverse), -rest)
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
    pub(crate) factor: [f64; 2],
    /// The number that marks masked entries, in what is given for x.
    pub(crate) hidden: f64,
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
        // The factor second: where there is no FMA, only the first may be large.
        let gradient = fma_emulated(difference, y.splat(self.factor[0]), difference * y.splat(self.factor[1]));
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
