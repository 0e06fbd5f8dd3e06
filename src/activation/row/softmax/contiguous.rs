//! The kernels of softmax and log-softmax, forward and backward. Short rows and strided rows go to `batched.rs`.

use super::batched::{BATCHED_STRIDE, BatchGradient, BatchWorkspace, RowBatch, TILE};
use super::gradient::{
    FromInput, FromOutput, LogSoftmaxGradient, Lowered, OfLowered, Product, SoftmaxGradient, Subtract, overflows,
    reference, reference_of_input, softmax_mean, total,
};
use super::mask::Hidden;
use super::short::{self, GROUP, SHORT, group_len};
use super::{Setting, SoftmaxKernels, Which, side_by_side};
use crate::math::pair::HiLo;
use crate::math::shifted_exp::Scale;
use crate::row::exponentials::{Exponentials, Row, Share, exp, ln, scale};
use crate::row::maximum::{Kind, Special, kind};
use crate::row::{Rows, tile};
use crate::simd::{Isa, Kernel, Real, Token};
use crate::slice::{Dst, Src};

/// The kernel of the forward pass over the rows `first` to `end - 1`.
#[derive(Clone, Copy)]
pub(crate) struct Forward<'a, R> {
    pub(super) setting: Setting,
    pub(super) x: Src<'a, R>,
    pub(super) mask: Option<Hidden<'a, R>>,
    pub(super) y: Dst<'a, R>,
    pub(super) rows: Rows,
    pub(super) first: usize,
    pub(super) end: usize,
    /// True for the path that handles every row, false for the fast paths.
    pub(super) general: bool,
}

impl<R: Real> Kernel for &Forward<'_, R> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) {
        let scale = scale::<R, I>(self.setting.temperature);
        let (len, stride) = (self.rows.row_len(), self.rows.stride());
        let group_len = group_len(len);
        let general = self.mask.is_some() || self.general;
        if !general && tile::are_side_by_side::<R, I>(token, self.rows, tile::SHORT, self.end - self.first) {
            return token.call_outlined(side_by_side::SideBySide(self));
        }
        if !general && stride == 1 && len <= SHORT && self.x.is_plain() && self.y.is_plain() {
            return short::run(token, self, (len, self.end - self.first));
        }
        match (self.x.as_real(), self.y.as_real()) {
            (Some(x), Some(y)) if !general && stride >= BATCHED_STRIDE && len <= LONG => {
                let mut workspace = BatchWorkspace::new();
                let mut first = self.first;
                while first < self.end {
                    let n = TILE.min(stride - first % stride).min(self.end - first);
                    let columns = RowBatch { first: self.rows.start(first), n, len, stride };
                    if !columns.forward(token, (scale, self.setting.which), x, &mut workspace, y) {
                        self.run_general(first, n);
                    }
                    first += n;
                }
            }
            _ => {
                let mut first = self.first;
                while first < self.end {
                    let n = group_len.min(self.end - first);
                    self.group(token, scale, first, n);
                    first += n;
                }
            }
        }
    }
}

impl<'a, R: Real> Forward<'a, R> {
    /// Rows `first` to `first + n - 1`, one of which has a maximum that is not finite, by the general path.
    #[cold]
    #[inline(never)]
    pub(super) fn run_general(&self, first: usize, n: usize) {
        <R::Kernels as SoftmaxKernels<R>>::forward(&Forward { first, end: first + n, general: true, ..*self });
    }

    /// A group of rows, step by step.
    #[inline(always)]
    pub(super) fn group<I: Isa>(&self, token: Token<I>, scale: Scale, first: usize, n: usize) {
        let len = self.rows.row_len();
        let log = self.setting.which == Which::LogSoftmax;
        // An additive mask is added to x times sign / t: what follows has the sign and the temperature 1.
        let given = scale;
        let scale = if self.mask.is_some_and(Hidden::is_scaled) { self::scale::<R, I>(1.0) } else { scale };
        let (mut kinds, mut largest, mut sums) = ([Kind::Masked; GROUP], [0.0; GROUP], [1.0; GROUP]);
        // The first entry that a row sees, and their number.
        let (mut seen, mut long) = ([(0, len); GROUP], [false; GROUP]);
        // The masked x is written to y.
        let source = if self.mask.is_some() { self.y.src() } else { self.x };
        for k in 0..n {
            if let Some(mask) = self.mask {
                seen[k] = mask.row(token, given, self.rows, first + k, self.x, self.y);
            }
            let (start, n) = seen[k];
            let x = self.rows.of(source, first + k).part(start, n);
            if n > LONG
                && let Some((m, sum)) = token.call_outlined(LongRow { scale, x, len: n })
            {
                (kinds[k], largest[k], sums[k], long[k]) = (Kind::Finite, m, sum, true);
                continue;
            }
            (kinds[k], largest[k]) = kind(token, scale, x, n);
            if kinds[k] == Kind::Masked {
                seen[k] = (0, len);
            }
        }
        for k in 0..n {
            if kinds[k] == Kind::Finite && !long[k] {
                let (x, y) = (self.rows.of(source, first + k), self.rows.of_target(self.y, first + k));
                let (start, n) = seen[k];
                let (x, y) = (x.part(start, n), y.part(start, n));
                let place = Some(y).filter(|y| !log && !y.rounds());
                let row = Row::new::<R, I>(token, scale, largest[k]);
                sums[k] = row.sum(token, x, place, n);
            }
        }
        for k in 0..n {
            let (start, n) = seen[k];
            let (x, y) = (self.rows.of(source, first + k).part(start, n), self.rows.of_target(self.y, first + k));
            let visible = y.part(start, n);
            let row = Row::new::<R, I>(token, scale, largest[k]);
            let special = Special::new(kinds[k], scale.sign, x, n);
            // The sum of exponentials, or the share in a special row. `ln` is inlined once for both.
            let number = match kinds[k] {
                Kind::Finite => sums[k],
                _ => special.share(self.setting.fully_masked),
            };
            let number = if log { ln(token, number) } else { number };
            let hidden = if log { f64::NEG_INFINITY } else { 0.0 };
            match kinds[k] {
                Kind::Finite if log => {
                    token.map(Subtract { inverse: scale.factor()[0], m: row.m, rest: number }, [x], [visible]);
                }
                Kind::Finite => {
                    let stored = !visible.rounds() && !long[k];
                    let from = if stored { visible.src() } else { x };
                    token.map(Share::new::<R>(row, stored, HiLo::quotient(1.0, number)), [from], [visible]);
                }
                _ => special.write(visible, number, hidden),
            }
            (0..start).chain(start + n..len).for_each(|i| y.write(i, hidden));
        }
    }
}

/// The greatest length of rows that stay in the caches. Longer rows are read twice and written once, and their
/// exponentials are computed twice.
pub(super) const LONG: usize = two_to(18);

/// The length of the parts of a long row, which stay in the caches between maximum and sum.
const CHUNK: usize = two_to(16);

/// 2^n, or the largest length, if there is none of that.
const fn two_to(n: u32) -> usize {
    match 1_usize.checked_shl(n) {
        Some(length) => length,
        None => usize::MAX,
    }
}

/// The kernel for the maximum of a long row and the sum of its exponentials, in one pass: each part is summed relative
/// to its own maximum, and the sums are rescaled to the maximum of all. `None` if the maximum is not finite.
struct LongRow<'a, R> {
    scale: Scale,
    x: Src<'a, R>,
    len: usize,
}

impl<R: Real> Kernel for LongRow<'_, R> {
    type Output = Option<(f64, f64)>;
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) -> Option<(f64, f64)> {
        let Self { scale, x, len } = self;
        let (mut m, mut sum, mut done) = (f64::NEG_INFINITY, 0.0, 0);
        while done < len {
            let n = CHUNK.min(len - done);
            let (kind, top) = kind(token, scale, x.part(done, n), n);
            match kind {
                Kind::Infinite => return None,
                Kind::Finite if top.is_nan() => return None,
                Kind::Masked => {}
                Kind::Finite => {
                    let part = Row::new::<R, I>(token, scale, top).sum(token, x.part(done, n), None, n);
                    let factor = exp(token, -((top - m).abs() * scale.inverse[0]));
                    sum = if top > m { sum * factor + part } else { sum + part * factor };
                    m = m.max(top);
                }
            }
            done += n;
        }
        (m > f64::NEG_INFINITY).then_some((m, sum))
    }
}

/// The kernel of the backward pass over the rows `first` to `end - 1`.
#[derive(Clone, Copy)]
pub(crate) struct Backward<'a, R> {
    pub(super) setting: Setting,
    /// True if `from` is the output of the function, false if it is x.
    pub(super) output: bool,
    pub(super) from: Src<'a, R>,
    pub(super) dy: Src<'a, R>,
    pub(super) dx: Dst<'a, R>,
    pub(super) rows: Rows,
    pub(super) first: usize,
    pub(super) end: usize,
    /// True for the path that handles every row, false for the fast paths.
    pub(super) general: bool,
}

impl<R: Real> Kernel for &Backward<'_, R> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) {
        let scale = scale::<R, I>(self.setting.temperature);
        if !self.general && tile::are_side_by_side::<R, I>(token, self.rows, tile::SHORT, self.end - self.first) {
            return token.call_outlined(side_by_side::SideBySide(self));
        }
        let (len, stride) = (self.rows.row_len(), self.rows.stride());
        let mut first = self.first;
        let plain = self.from.is_plain() && self.dy.is_plain() && self.dx.is_plain();
        if !self.general && stride == 1 && len <= SHORT && plain {
            return short::run(token, self, (len, self.end - first));
        }
        match (self.from.as_real(), self.dy.as_real(), self.dx.as_real()) {
            (Some(from), Some(dy), Some(dx)) if !self.general && stride >= BATCHED_STRIDE => {
                let mut workspace = BatchWorkspace::new();
                while first < self.end {
                    let n = TILE.min(stride - first % stride).min(self.end - first);
                    let columns = RowBatch { first: self.rows.start(first), n, len, stride };
                    let setting = (scale, self.setting.which, self.output);
                    let batch = BatchGradient { columns, setting, inputs: [from, dy], workspace: &mut workspace, dx };
                    if !token.call_outlined(batch) {
                        self.run_general(first, n);
                    }
                    first += n;
                }
            }
            _ => {}
        }
        while first < self.end {
            self.row(token, scale, first);
            first += 1;
        }
    }
}

impl<R: Real> Backward<'_, R> {
    /// Rows `first` to `first + n - 1`, one of which has a maximum that is not finite, by the general path.
    #[cold]
    #[inline(never)]
    pub(super) fn run_general(&self, first: usize, n: usize) {
        <R::Kernels as SoftmaxKernels<R>>::backward(&Backward { first, end: first + n, general: true, ..*self });
    }

    /// One row, by the general path.
    #[inline(always)]
    pub(super) fn row<I: Isa>(&self, token: Token<I>, scale: Scale, row: usize) {
        let len = self.rows.row_len();
        let (x, dy) = (self.rows.of(self.from, row), self.rows.of(self.dy, row));
        let dx = self.rows.of_target(self.dx, row);
        let log = self.setting.which == Which::LogSoftmax;
        let gradient = LogSoftmaxGradient::new(scale, self.output);
        let total = total(log, scale);
        let mut half = 0.0;
        let kind = if self.output { None } else { Some(kind(token, scale, x, len)) };
        let (share, from) = match kind {
            None => {
                if !log {
                    half = reference(token, (self.setting.which, true), 1.0, [x, dy]);
                }
                (Share::times::<R>(total), x)
            }
            Some((Kind::Finite, m)) => {
                let exponentials = Exponentials::new(token, Row::new::<R, I>(token, scale, m), x, Some(dx), len);
                if !log {
                    half = reference_of_input(token, scale.sign, (m, exponentials.sum), [x, dy]);
                }
                (exponentials.shares(total), exponentials.from)
            }
            Some((kind, _)) => {
                let special = Special::new(kind, scale.sign, x, len);
                let share = special.share(self.setting.fully_masked);
                special.write(dx, 1.0, 0.0);
                if !log && share > 0.5 {
                    half = reference(token, (self.setting.which, false), 1.0, [dx.src(), dy]);
                }
                (Share::times::<R>(total * share), dx.src())
            }
        };
        let sum = if log { token.sum(dy) } else { token.sum_of(Product { share, half }, [from, dy], len) };
        let s = softmax_mean::<R>(log, sum, scale).into_f64();
        if !log {
            return token.map(SoftmaxGradient { share, half, s }, [from, dy], [dx]);
        }
        // In a row with an infinite maximum, entries are masked where their share is 0; all are in a masked row.
        let (x, hidden) = match kind {
            Some((Kind::Infinite, _)) => (from, 0.0),
            Some((Kind::Masked, _)) => (from, 1.0),
            _ => (x, gradient.hidden),
        };
        let gradient = LogSoftmaxGradient { hidden, ..gradient };
        match (self.output, overflows(&s[..1])) {
            (true, false) => token.map(FromOutput { gradient, s }, [x, dy], [dx]),
            (false, false) => token.map(FromInput { gradient, share, s }, [x, from, dy], [dx]),
            (output, true) => {
                let share = (!output).then_some(share);
                token.call_outlined(LoweredGradient { gradient, share, inputs: [x, from, dy], dx });
            }
        }
    }
}

/// The kernel for the gradient of log-softmax of a row whose sum of dy overflows.
struct LoweredGradient<'a, R> {
    gradient: LogSoftmaxGradient,
    /// The share of the exponentials, unless the gradient is made from the output of the function.
    share: Option<Share>,
    /// x or the output, the exponentials, and dy.
    inputs: [Src<'a, R>; 3],
    dx: Dst<'a, R>,
}

impl<R: Real> Kernel for LoweredGradient<'_, R> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) {
        let LoweredGradient { gradient, share, inputs: [x, from, dy], dx } = self;
        let s = HiLo::<R>::new(token.sum_of(Lowered, [dy], dy.len()), 0.0).into_f64();
        match share {
            None => token.map(OfLowered(FromOutput { gradient, s }), [x, dy], [dx]),
            Some(share) => token.map(OfLowered(FromInput { gradient, share, s }), [x, from, dy], [dx]),
        }
    }
}
