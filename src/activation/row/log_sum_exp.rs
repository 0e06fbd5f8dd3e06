//! LogSumExp, the logarithm of the sum of a row's exponentials: a smooth maximum, whose gradient is the softmax.

use crate::check::same_length;
use crate::compiled::concrete;
use crate::element::{Element, RealOf};
use crate::math::log::ln_of_pair;
use crate::math::pair::HiLo;
use crate::math::shifted_exp::Scale;
use crate::row::exponentials::{Exponentials, Row, ln, scale, scaled};
use crate::row::maximum::{Kind, Special, kind};
use crate::row::{FullyMasked, Rows, in_f32};
use crate::simd::{Isa, Kernel, Real, Token, dispatch, dispatch_scalar, without_f64};
use crate::slice::{Dst, Src};

crate::function::function! {
    /// LogSumExp: the logarithm of the sum of a row's exponentials, a smooth maximum. Its gradient is the softmax.
    names ["log_sum_exp", "reduce_log_sum_exp"];
    "value": "y = ln sum_j exp(x_j)", f32 2.0 or 1.0, f64 2.0 or 1.0, of "max_j abs(x_j)";
    "gradient": "dx_i = dy exp(x_i) / sum_j exp(x_j)", f32 4.0, f64 4.0;
    source "G. Calafiore, L. El Ghaoui, Optimization Models, 2014";
    range [f64::NEG_INFINITY, f64::INFINITY];

    ///
    /// y has one number for each row: `y[o * inner + j]` is that of row (o, j), whose element i is
    /// `x[(o * len + i) * inner + j]`.
    ///
    /// Entries of -inf add 0 to the sum; a row whose entries are all -inf, or that has none, gives -inf; any +inf gives
    /// +inf, and any NaN gives NaN.
    ///
    /// ```
    /// use slopes::activation::{LogSumExp, Rows};
    /// let (x, rows) = ([0.0_f64, 0.0, 1000.0, 1000.0], Rows::contiguous(2));
    /// let (mut y, mut dx) = ([0.0; 2], [0.0; 4]);
    /// LogSumExp.forward(&x, rows, &mut y);
    /// assert_eq!(y, [2.0_f64.ln(), 1000.0 + 2.0_f64.ln()]);
    /// LogSumExp.backward(&x, &[1.0, 10.0], rows, &mut dx);
    /// assert_eq!(dx, [0.5, 0.5, 5.0, 5.0]);
    /// ```
    ///
    /// The function is written as text, `log_sum_exp`, and parsed.
    ///
    /// # Panics
    /// Methods panic if the length of x is not a multiple of the row length (times inner), or if that of y or dy is not
    /// the number of rows, before anything is written.
    LogSumExp;
}

crate::any::text!(LogSumExp);

impl LogSumExp {
    /// The values y = f(x), one for each row.
    #[track_caller]
    pub fn forward<T: Element>(&self, x: &[T], rows: Rows, y: &mut [T]) {
        // A slice without numbers does not tell how many rows of length 0 there are.
        let count = if rows.row_len() == 0 { rows.count(x.len()) + y.len() } else { rows.count(x.len()) };
        same_length("forward", [("rows of x", count), ("y", y.len())]);
        <T::Kernels as LogSumExpKernels<T>>::forward(Forward { x: Src::new(x), rows, y: Dst::new(y) });
    }

    /// The gradient dx = dy softmax(x), dy having one number for each row.
    #[track_caller]
    pub fn backward<T: Element>(&self, x: &[T], dy: &[T], rows: Rows, dx: &mut [T]) {
        same_length("backward", [("x", x.len()), ("dx", dx.len())]);
        let count = if rows.row_len() == 0 { rows.count(x.len()) + dy.len() } else { rows.count(x.len()) };
        same_length("backward", [("rows of x", count), ("dy", dy.len())]);
        <T::Kernels as LogSumExpKernels<T>>::backward(Backward {
            x: Src::new(x),
            dy: Src::new(dy),
            rows,
            dx: Dst::new(dx),
        });
    }
}

concrete! {
    trait LogSumExpKernels;
    fn forward(kernel: Forward<'_, RealOf<T>>) {
        if const { without_f64::<RealOf<T>>() } { dispatch_scalar(InF32(kernel)) } else { dispatch(kernel) }
    }
    fn backward(kernel: Backward<'_, RealOf<T>>) {
        if const { without_f64::<RealOf<T>>() } { dispatch_scalar(InF32(kernel)) } else { dispatch(kernel) }
    }
}

/// The same kernel without f64, in one lane.
struct InF32<K>(K);

impl<R: Real> Kernel for InF32<Forward<'_, R>> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) {
        let Forward { x, rows, y } = self.0;
        let (y, scale) = (y.of_f32(), Scale::in_f32(token.lane(0.0), 1.0));
        for i in 0..y.len() {
            let x = rows.of(x, i).of_f32();
            let m = in_f32::largest(x, 1.0);
            if !m.is_finite() {
                y.set(i, m);
                continue;
            }
            let m = token.lane(m);
            let sum = in_f32::Row::new(x, scale, m).sum(token, None);
            y.set(i, token.number((HiLo::of(m) + ln_of_pair(sum)).high));
        }
    }
}

impl<R: Real> Kernel for InF32<Backward<'_, R>> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) {
        let Backward { x, dy, rows, dx } = self.0;
        let (dy, scale) = (dy.of_f32(), Scale::in_f32(token.lane(0.0), 1.0));
        for i in 0..dy.len() {
            let (x, dx, dy) = (rows.of(x, i).of_f32(), rows.of_target(dx, i).of_f32(), dy.get(i));
            let m = in_f32::largest(x, 1.0);
            if !m.is_finite() {
                in_f32::write(x, 1.0, m, dx, in_f32::special_shares(x, m).map(|share| share * dy));
                continue;
            }
            let row = in_f32::Row::new(x, scale, token.lane(m));
            let HiLo { high, low } = HiLo::of(token.lane(dy)) / row.sum(token, None);
            for k in 0..x.len() {
                dx.set(k, token.number(scaled(row.exponential(token, k), high, low)));
            }
        }
    }
}

pub(crate) struct Forward<'a, R> {
    x: Src<'a, R>,
    rows: Rows,
    y: Dst<'a, R>,
}

impl<R: Real> Kernel for Forward<'_, R> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) {
        let (scale, len) = (scale::<R, I>(1.0), self.rows.row_len());
        for i in 0..self.y.len() {
            let x = self.rows.of(self.x, i);
            let y = match kind(token, scale, x, len) {
                (Kind::Finite, m) => m + ln(token, Row::new::<R, I>(token, scale, m).sum(token, x, None, len)),
                (_, m) => m,
            };
            self.y.write(i, y);
        }
    }
}

pub(crate) struct Backward<'a, R> {
    x: Src<'a, R>,
    dy: Src<'a, R>,
    rows: Rows,
    dx: Dst<'a, R>,
}

impl<R: Real> Kernel for Backward<'_, R> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) {
        let (scale, len) = (scale::<R, I>(1.0), self.rows.row_len());
        for i in 0..self.dy.len() {
            let dy = self.dy.read(i);
            let (x, dx) = (self.rows.of(self.x, i), self.rows.of_target(self.dx, i));
            match kind(token, scale, x, len) {
                (Kind::Finite, m) => {
                    let exponentials = Exponentials::new(token, Row::new::<R, I>(token, scale, m), x, Some(dx), len);
                    token.map(exponentials.shares(dy), [exponentials.from], [dx]);
                }
                (kind, _) => {
                    let special = Special::new(kind, 1.0, x, len);
                    special.write(dx, special.share(FullyMasked::Zero) * dy, 0.0 * dy);
                }
            }
        }
    }
}
