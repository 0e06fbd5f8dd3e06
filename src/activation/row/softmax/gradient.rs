//! Maps of the softmax and its logarithm: the last step forward, and the gradients.

use crate::math::FloatMath;
use crate::math::pair::HiLo;
use crate::math::shifted_exp::Scale;
use crate::row::exponentials::{Share, scaled};
use crate::simd::{Lanes, Real};
use crate::slice::Map;

/// sign x / t less a pair.
#[derive(Clone, Copy)]
pub(crate) struct Less {
    pub(crate) inverse: f64,
    pub(crate) from: [f64; 2],
}

impl Less {
    #[inline(always)]
    pub(crate) fn new<R: Real>(scale: Scale, m: f64, rest: f64) -> Self {
        Less { inverse: scale.factor()[0], from: Self::total::<R>(scale, m, rest).into_f64() }
    }

    /// m / t + rest, t being what x is divided by: of a reciprocal that was rounded.
    #[inline(always)]
    pub(crate) fn total<R: Real>(scale: Scale, m: f64, rest: f64) -> HiLo<R> {
        // Of a narrower type the product is exact.
        if size_of::<R>() < size_of::<f64>() {
            return HiLo::sum(m * scale.inverse[0], rest);
        }
        HiLo::<f64>::exact(m).by(scale.inverse[0]).plus(rest).to()
    }
}

impl Map<1, 1> for Less {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x]: [L; 1]) -> [L; 1] {
        [less(x, self.inverse, x.splat(self.from[0]), x.splat(self.from[1]))]
    }
}

#[inline(always)]
pub(crate) fn less<L: Lanes>(x: L, inverse: f64, high: L, low: L) -> L {
    x.mul_add(x.splat(inverse), -high) - low
}

/// y dy, and 0 where y is 0: what has no share, such as what is masked, passes nothing on.
#[inline(always)]
pub(crate) fn product<L: Lanes>(y: L, dy: L) -> L {
    zero_where_zero(y, y * dy)
}

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

/// The s of both gradients, from the sum over the row: of dy for a logarithm; else of dy and the shares, which came with
/// the factor.
#[inline(always)]
pub(crate) fn softmax_mean<R: Real>(log: bool, sum: f64, scale: Scale) -> HiLo<R> {
    if log { HiLo::new(sum, 0.0) } else { HiLo::quotient(sum, scale.factor()[0]) }
}

/// y (dy - s).
#[inline(always)]
pub(crate) fn softmax_gradient<L: Lanes>(y: L, dy: L, s: [L; 2]) -> L {
    zero_where_zero(y, y * (dy - s[0] - s[1]))
}

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

#[inline(always)]
pub(crate) fn splat<L: Lanes>(x: L, pair: [f64; 2]) -> [L; 2] {
    [x.splat(pair[0]), x.splat(pair[1])]
}

/// sign / t (dy - s y), and 0 where x is hidden, unless the row is NaN.
#[derive(Clone, Copy)]
pub(crate) struct LogSoftmaxGradient {
    factor: [f64; 2],
    hidden: f64,
}

impl LogSoftmaxGradient {
    /// `output` says whether x is what came out of the function.
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

/// Of x, and of what the shares are made of.
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

/// Of the output, whose exponential is the share.
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
