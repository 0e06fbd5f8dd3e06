//! Softmax and log-softmax of contiguous short rows, in groups: one row alone would wait for the latency of each step.
//!
//! The bits are those of one row alone: exponentials have the same formula, and sums the same accumulators.

use super::Which;
use super::contiguous::{Backward, Forward};
use super::gradient::{
    FromInput, FromOutput, LogSoftmaxGradient, Product, SoftmaxGradient, Subtract, overflows, picked, softmax_mean,
    threshold, total,
};
use crate::math::shifted_exp::Scale;
use crate::row::exponentials::{Exponential, Logarithm, Share, scale};
use crate::row::side_by_side::{HiLos, Shifts};
use crate::simd::{Isa, Kernel, Real, Token};
use crate::slice::{Dst, Src, Workspace};

/// The largest number of contiguous rows that go through each step together, to hide the latency between the steps of
/// one row.
pub(super) const GROUP: usize = 32;

/// The largest number of entries of such a group of rows, so that it fits into the L1 cache.
pub(super) const CACHED: usize = 2048;

/// The number of rows of a length that go through each step together.
#[inline(always)]
pub(super) fn group_len(len: usize) -> usize {
    (CACHED / len.max(1)).clamp(1, GROUP)
}

/// The greatest length of short rows, for which the work per row matters beside the work per entry.
pub(super) const SHORT: usize = 1024;

/// The length of the arrays of a row alone: those of [`GROUP`] rows would take longer to fill than a short row takes.
const ALONE: usize = 1;

/// Runs a call with contiguous short rows of a format that does not round.
#[inline(always)]
pub(super) fn run<C, I: Isa>(token: Token<I>, call: C, (len, count): (usize, usize))
where
    Short<C, ALONE>: Kernel<Output = ()>,
    Short<C, GROUP>: Kernel<Output = ()>,
{
    if group_len(len).min(count) <= ALONE {
        token.call_outlined(Short::<_, ALONE>(call));
    } else {
        token.call_outlined(Short::<_, GROUP>(call));
    }
}

/// The kernel of such a call, in groups of up to `GROUP` rows.
pub(super) struct Short<C, const GROUP: usize>(C);

impl<R: Real, const GROUP: usize> Kernel for Short<&Forward<'_, R>, GROUP> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) {
        let Forward { setting, x, y, rows, mut first, end, .. } = *self.0;
        let (Some(x), Some(y)) = (x.as_real(), y.as_real()) else { unreachable!("rows that are widened first") };
        let (scale, len) = (scale::<R, I>(setting.temperature), rows.row_len());
        let group = group_len(len).min(GROUP);
        let mut room = Workspace::<_, CACHED>::new();
        // Log-softmax needs x once more, which may be y.
        let log = setting.which == Which::LogSoftmax;
        let room = room.zeros(if log { group.min(end - first) * len } else { 0 });
        while first < end {
            let n = group.min(end - first);
            let (x, y) = (x.part(first * len, n * len), y.part(first * len, n * len));
            let exponentials = if log { room } else { y };
            if !forward::<R, I, GROUP>(token, (scale, setting.which), (n, len), x, exponentials, y) {
                self.0.run_general(first, n);
            }
            first += n;
        }
    }
}

impl<R: Real, const GROUP: usize> Kernel for Short<&Backward<'_, R>, GROUP> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) {
        let Backward { setting, output, from, dy, dx, rows, mut first, end, .. } = *self.0;
        let (Some(from), Some(dy), Some(dx)) = (from.as_real(), dy.as_real(), dx.as_real()) else {
            unreachable!("rows that are widened first")
        };
        let (scale, len) = (scale::<R, I>(setting.temperature), rows.row_len());
        let group = group_len(len).min(GROUP);
        let (mut exponentials, mut products) = (Workspace::<_, CACHED>::new(), Workspace::<_, CACHED>::new());
        // Outputs need no exponentials, and log-softmax no products.
        let needed = group.min(end - first) * len;
        let products_needed = if setting.which == Which::LogSoftmax { 0 } else { needed };
        let workspaces = [exponentials.zeros(if output { 0 } else { needed }), products.zeros(products_needed)];
        while first < end {
            let n = group.min(end - first);
            let inputs = [from.part(first * len, n * len), dy.part(first * len, n * len)];
            let (setting, dx) = ((scale, setting.which, output), dx.part(first * len, n * len));
            if !backward::<R, I, GROUP>(token, setting, (n, len), inputs, workspaces, dx) {
                self.0.run_general(first, n);
            }
            first += n;
        }
    }
}

/// Computes the exponentials of contiguous short rows; returns the maximum of each, after the sign, and the sum of its
/// exponentials. `None` if a maximum is not finite; nothing is written then.
#[inline(always)]
fn exponentials<R: Real, I: Isa, const GROUP: usize>(
    token: Token<I>,
    scale: Scale,
    (n, len): (usize, usize),
    x: Src<R>,
    exponentials: Dst<R>,
) -> Option<([R; GROUP], [f64; GROUP])> {
    let (mut largest, mut sums) = ([R::zero(); GROUP], [1.0; GROUP]);
    let mut k = 0;
    while k < n {
        largest[k] = token.max(x.strided(k * len, 1, len), scale.sign);
        k += 1;
    }
    let shifts = Shifts::<R, GROUP>::new(token, scale, &largest)?;
    k = 0;
    while k < n {
        let (map, e) = (Exponential::new(scale, shifts.of(k)), exponentials.strided(k * len, 1, len));
        match map.as_default() {
            Some(map) => token.map_short(map, [x.strided(k * len, 1, len)], e),
            None => token.map_short(map, [x.strided(k * len, 1, len)], e),
        }
        k += 1;
    }
    k = 0;
    while k < n {
        sums[k] = token.sum_block(exponentials.src().strided(k * len, 1, len));
        k += 1;
    }
    Some((largest, sums))
}

/// The kernel of [`exponentials`], outlined: the kernel of gradients is long.
struct Exponentials<'a, R, const GROUP: usize> {
    scale: Scale,
    shape: (usize, usize),
    x: Src<'a, R>,
    exponentials: Dst<'a, R>,
}

impl<R: Real, const GROUP: usize> Kernel for Exponentials<'_, R, GROUP> {
    type Output = Option<([R; GROUP], [f64; GROUP])>;
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) -> Self::Output {
        exponentials::<R, I, GROUP>(token, self.scale, self.shape, self.x, self.exponentials)
    }
}

/// The outputs of contiguous short rows, step by step: within a row, each step waits for the one before. Returns false
/// if the maximum of a row is not finite; nothing is written then.
///
/// Limit: the instructions, of which half are those of the exponential.
#[inline(always)]
fn forward<R: Real, I: Isa, const GROUP: usize>(
    token: Token<I>,
    (scale, which): (Scale, Which),
    (n, len): (usize, usize),
    x: Src<R>,
    exponentials: Dst<R>,
    y: Dst<R>,
) -> bool {
    let shared = self::exponentials::<R, I, GROUP>(token, scale, (n, len), x, exponentials);
    let Some((largest, mut sums)) = shared else { return false };
    let mut k = 0;
    if which == Which::Softmax {
        let shares = HiLos::<R, GROUP>::quotients(1.0, &sums);
        while k < n {
            let share = Share { recompute: None, scale: shares.of(k) };
            token.map_short(share, [exponentials.src().strided(k * len, 1, len)], y.strided(k * len, 1, len));
            k += 1;
        }
        return true;
    }
    let logarithms = Dst::new(&mut sums[..]);
    token.map(Logarithm, [logarithms.src()], [logarithms]);
    let inverse = scale.factor()[0];
    while k < n {
        let map = Subtract { inverse, m: largest[k].into_f64(), rest: sums[k] };
        token.map_short(map, [x.strided(k * len, 1, len)], y.strided(k * len, 1, len));
        k += 1;
    }
    true
}

/// The gradients of contiguous short rows; `from` is the output of the function if `output`, else x. Returns false if
/// the maximum of a row or its sum of dy is not finite.
#[inline(always)]
fn backward<R: Real, I: Isa, const GROUP: usize>(
    token: Token<I>,
    (scale, which, output): (Scale, Which, bool),
    (n, len): (usize, usize),
    [from, dy]: [Src<R>; 2],
    [exponentials, products]: [Dst<R>; 2],
    dx: Dst<R>,
) -> bool {
    let log = which == Which::LogSoftmax;
    let (shared, sums) = if output {
        (from, [1.0; GROUP])
    } else {
        match token.call_outlined(Exponentials::<R, GROUP> { scale, shape: (n, len), x: from, exponentials }) {
            Some((_, sums)) => (exponentials.src(), sums),
            None => return false,
        }
    };
    let shares = HiLos::<R, GROUP>::quotients(total(log, scale), &sums);
    let mut halves = [0.0; GROUP];
    let share = |k: usize| Share { recompute: None, scale: shares.of(k) };
    let mut s = HiLos::<R, GROUP>::new();
    let mut k = 0;
    if !log {
        while k < n {
            let inputs = [shared.strided(k * len, 1, len), dy.strided(k * len, 1, len)];
            let (product, products) = (Product { share: share(k), half: 0.0 }, products.strided(k * len, 1, len));
            let least = threshold(which, output, sums[k]);
            if token.map_short_and_find(product, inputs, products, least) {
                halves[k] = token.call_outlined(Relative { product, least, inputs, products });
            }
            k += 1;
        }
    }
    let summed = if log { dy } else { products.src() };
    k = 0;
    while k < n {
        let sum = token.sum_block(summed.strided(k * len, 1, len));
        s.set(k, softmax_mean(log, sum, scale));
        k += 1;
    }
    if log && overflows(&s.high[..n]) {
        return false;
    }
    let gradient = LogSoftmaxGradient::new(scale, output);
    k = 0;
    while k < n {
        let (from, shared) = (from.strided(k * len, 1, len), shared.strided(k * len, 1, len));
        let dy = dy.strided(k * len, 1, len);
        let (dx, s) = (dx.strided(k * len, 1, len), s.of(k));
        match (log, output) {
            (false, _) => token.map_short(SoftmaxGradient { share: share(k), half: halves[k], s }, [shared, dy], dx),
            (true, true) => token.map_short(FromOutput { gradient, s }, [from, dy], dx),
            (true, false) => token.map_short(FromInput { gradient, share: share(k), s }, [from, shared, dy], dx),
        }
        k += 1;
    }
    true
}

/// The kernel for the products of a row with an entry at or above the threshold, relative to its dy; returns half of
/// that.
struct Relative<'a, R> {
    product: Product,
    least: R,
    inputs: [Src<'a, R>; 2],
    products: Dst<'a, R>,
}

impl<R: Real> Kernel for Relative<'_, R> {
    type Output = f64;
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) -> f64 {
        let Self { product, least, inputs, products } = self;
        let half = picked(token, (least.into_f64(), 1.0), inputs);
        token.map_short(Product { half, ..product }, inputs, products);
        half
    }
}
