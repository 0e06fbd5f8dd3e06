//! Maps of softmax and log-softmax: the last step of the forward pass, and the gradients.

use super::Which;
use crate::math::FloatMath;
use crate::math::pair::HiLo;
use crate::math::rounding::fma_emulated;
use crate::math::shifted_exp::Scale;
use crate::row::exponentials::{Share, scaled};
use crate::simd::{Isa, Kernel, Lanes, Real, Token};
use crate::slice::{Map, Src};

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
        [subtract(x, x.splat(self.inverse), x.splat(self.m), x.splat(self.rest))]
    }
}

/// (x - m) inverse - rest. Half the difference is computed first, because the difference may overflow. The sign of a
/// maximum of 0 depends on the order of the comparisons; adding 0 makes it positive.
#[inline(always)]
pub(crate) fn subtract<L: Lanes>(x: L, inverse: L, m: L, rest: L) -> L {
    x.mul_add(x.splat(0.5), m * -0.5 + 0.0).mul_add(inverse * 2.0, -rest)
}

/// The dy that the others are taken relative to, c: that of the entry with more than half of the row, if there is one.
///
/// The gradient of a softmax, y_i (dy_i - s) with s = sum_j y_j dy_j, is the same for dy - c: the outputs add up to 1.
/// Where one entry has nearly all of the row, s is nearly its dy, and their difference would lose what the other entries
/// add. Relative to its dy, that of the entry is 0, and nothing cancels. Half of all is computed, since the difference of
/// two numbers may overflow; the factor of the shares, [`total`], has the 2.
///
/// An output is more than half of its row if it is at least the next number after 1/2; so is the exponential 1, of the
/// largest entry, if the sum is below 2. Outputs beside a sink do not add up to 1: they have no c.
#[inline(always)]
pub(crate) fn threshold<R: Real>(which: Which, output: bool, sum: f64) -> R {
    if which == Which::SinkSoftmax {
        R::infinity()
    } else if output {
        R::from_f64_rounded(0.5 + 0.5 * R::epsilon().into_f64())
    } else {
        R::from_f64_rounded(if sum < 2.0 { 1.0 } else { f64::INFINITY })
    }
}

/// Half of c, from the largest dy of the entries at or above the threshold, which is -inf without such an entry. An
/// infinite dy is no c: the others relative to it would not be numbers.
#[inline(always)]
pub(crate) fn half_of<R: Real>(largest: R) -> R {
    let finite = largest.abs() <= R::MAX;
    // The sign of a maximum of 0 depends on the order of the comparisons; adding 0 makes it positive.
    if finite { largest * R::from_f64_rounded(0.5) + R::zero() } else { R::zero() }
}

/// The largest dy so far of entries at or above the threshold.
#[inline(always)]
pub(crate) fn pick<L: Lanes>(y: L, dy: L, threshold: L, largest: L) -> L {
    largest.at_least(dy).select(threshold.le(y), largest)
}

/// dy where y times the sign is at or above the threshold, else -inf.
#[derive(Clone, Copy)]
struct Pick {
    least: f64,
    sign: f64,
}

impl Map<2, 1> for Pick {
    #[inline(always)]
    fn apply<L: Lanes>(self, [y, dy]: [L; 2]) -> [L; 1] {
        [pick(y * self.sign, dy, y.splat(self.least), y.splat(f64::NEG_INFINITY))]
    }
}

/// Half of the c of one row: of outputs, or of stored exponentials with their sum.
#[inline(always)]
pub(crate) fn reference<R: Real, I: Isa>(
    token: Token<I>,
    (which, output): (Which, bool),
    sum: f64,
    [y, dy]: [Src<R>; 2],
) -> f64 {
    let least = threshold::<R>(which, output, sum);
    let none = if output { token.max(y, 1.0) < least } else { sum >= 2.0 };
    if none { 0.0 } else { token.call_outlined(Reference { least: least.into_f64(), sign: 1.0, y, dy }) }
}

/// Half of the c of one row that has an entry, times the sign, at or above the threshold.
#[inline(always)]
pub(crate) fn picked<R: Real, I: Isa>(token: Token<I>, (least, sign): (f64, f64), inputs: [Src<R>; 2]) -> f64 {
    half_of(token.max_of(Pick { least, sign }, inputs)).into_f64()
}

/// Half of the c of one row of inputs x, with their maximum after the sign, and the sum of their exponentials.
#[inline(always)]
pub(crate) fn reference_of_input<R: Real, I: Isa>(
    token: Token<I>,
    sign: f64,
    (m, sum): (f64, f64),
    [x, dy]: [Src<R>; 2],
) -> f64 {
    if sum < 2.0 { token.call_outlined(Reference { least: m, sign, y: x, dy }) } else { 0.0 }
}

/// The kernel of [`reference`] for a row with such an entry: at or above the threshold, after the sign.
struct Reference<'a, R> {
    least: f64,
    sign: f64,
    y: Src<'a, R>,
    dy: Src<'a, R>,
}

impl<R: Real> Kernel for Reference<'_, R> {
    type Output = f64;
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) -> f64 {
        let Self { least, sign, y, dy } = self;
        picked(token, (least, sign), [y, dy])
    }
}

/// The factor of the shares: 1 for log-softmax, for softmax 2 sign / t.
#[inline(always)]
pub(crate) fn total(log: bool, scale: Scale) -> f64 {
    if log { 1.0 } else { 2.0 * scale.factor()[0] }
}

/// y (dy - c) / 2, and 0 where y is 0: masked entries have no part in the gradient, whatever dy is there.
#[inline(always)]
pub(crate) fn product<L: Lanes>(y: L, dy: L, half: L) -> L {
    zero_where_zero(y, y * dy.mul_add(y.splat(0.5), -half))
}

/// The products of the shares y.
#[derive(Clone, Copy)]
pub(crate) struct Product {
    pub(crate) share: Share,
    /// Half of c.
    pub(crate) half: f64,
}

impl Map<2, 1> for Product {
    #[inline(always)]
    fn apply<L: Lanes>(self, [from, dy]: [L; 2]) -> [L; 1] {
        [product(self.share.of(from), dy, dy.splat(self.half))]
    }
}

/// `other`, or 0 where y is 0.
#[inline(always)]
pub(crate) fn zero_where_zero<L: Lanes>(y: L, other: L) -> L {
    let zero = y.splat(0.0);
    zero.select(y.equals(zero), other)
}

/// The s of a gradient, from the sum over its row: of dy for log-softmax; for softmax of the products, whose shares are
/// multiplied by the total.
#[inline(always)]
pub(crate) fn softmax_mean<R: Real>(log: bool, sum: f64, scale: Scale) -> HiLo<R> {
    if log { HiLo::new(sum, 0.0) } else { HiLo::quotient(sum, total(log, scale)) }
}

/// True if a sum of dy is not finite: that of log-softmax may overflow where its gradient does not.
#[inline(always)]
pub(crate) fn overflows<R: Real>(sums: &[R]) -> bool {
    let mut overflows = false;
    let mut k = 0;
    while k < sums.len() {
        overflows |= !sums[k].is_finite();
        k += 1;
    }
    overflows
}

/// A factor by which no sum overflows, and the one that takes it back.
pub(crate) const LOWER: f64 = 1.0 / (1_u128 << 64) as f64;
pub(crate) const RAISE: f64 = 1.0 / LOWER;

/// dy with the factor.
#[derive(Clone, Copy)]
pub(crate) struct Lowered;

impl Map<1, 1> for Lowered {
    #[inline(always)]
    fn apply<L: Lanes>(self, [dy]: [L; 1]) -> [L; 1] {
        [dy * LOWER]
    }
}

/// A gradient of lowered dy, which are its last input.
#[derive(Clone, Copy)]
pub(crate) struct OfLowered<M>(pub(crate) M);

impl<M: Map<N, 1>, const N: usize> Map<N, 1> for OfLowered<M> {
    #[inline(always)]
    fn apply<L: Lanes>(self, mut inputs: [L; N]) -> [L; 1] {
        inputs[N - 1] = inputs[N - 1] * LOWER;
        let [gradient] = self.0.apply(inputs);
        [gradient * RAISE]
    }
}

/// y ((dy - c) / 2 - s), and 0 where y is 0.
#[inline(always)]
pub(crate) fn softmax_gradient<L: Lanes>(y: L, dy: L, half: L, s: [L; 2]) -> L {
    zero_where_zero(y, y * (dy.mul_add(y.splat(0.5), -half) - s[0] - s[1]))
}

/// The gradient of softmax: `share` includes the factor 2 sign / t.
#[derive(Clone, Copy)]
pub(crate) struct SoftmaxGradient {
    pub(crate) share: Share,
    /// Half of c.
    pub(crate) half: f64,
    pub(crate) s: [f64; 2],
}

impl Map<2, 1> for SoftmaxGradient {
    #[inline(always)]
    fn apply<L: Lanes>(self, [from, dy]: [L; 2]) -> [L; 1] {
        [softmax_gradient(self.share.of(from), dy, dy.splat(self.half), splat(dy, self.s))]
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
        log_softmax_gradient(x.equals(x.splat(self.hidden)), y, dy, s, splat(y, self.factor))
    }
}

/// factor (dy - s y), and 0 where x is `hidden`, unless the row is NaN.
#[inline(always)]
pub(crate) fn log_softmax_gradient<L: Lanes>(hidden: L::Mask, y: L, dy: L, s: [L; 2], factor: [L; 2]) -> L {
    let difference = dy - scaled(y, s[0], s[1]);
    // The factor second: where there is no FMA, only the first may be large.
    let gradient = fma_emulated(difference, factor[0], difference * factor[1]);
    y.splat(0.0).select(y.equals(y), y).select(hidden, gradient)
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
