//! Softmax with a sink: one more logit in each row, whose share is no output.
//!
//! The exponentials of the row are those of softmax, relative to its maximum. The exponential of the sink, relative to
//! the same number, is computed in f64, or its inverse where the sink is the larger: neither overflows.

use super::gradient::Product;
use super::mask::{Hidden, Mask};
use super::{Setting, Which};
use crate::check::{self, same_length};
use crate::compiled::concrete;
use crate::element::{Element, RealOf};
use crate::error::ParameterError;
use crate::math::exp::Constants;
use crate::math::pair::HiLo;
use crate::math::shifted_exp::Scale;
use crate::row::exponentials::{Row, Share, exp, scale};
use crate::row::maximum::{Kind, Special, kind};
use crate::row::{FullyMasked, Rows};
use crate::simd::{Isa, Kernel, Real, Token, dispatch};
use crate::slice::{Dst, Src};
use crate::sum::PairwiseSum;

crate::function::function! {
    /// Softmax with a sink, as in attention: the denominator has one more term, exp(s), so that the outputs of a row may
    /// have any sum below 1. s is a learned number, the sink, for each head; t is the temperature, which does not divide
    /// s. With s = 0 for all rows, it is softmax1, also called quiet or off-by-one softmax; with s = -inf it is
    /// [`Softmax`](super::Softmax).
    names ["sink_softmax", "softmax1", "softmax_one", "quiet_softmax"];
    "value": "y_i = exp(x_i / t) / (exp(s) + sum_j exp(x_j / t))", f32 2.0, f64 3.0;
    "gradient": "dx_i = y_i (dy_i - sum_j y_j dy_j) / t", f32 2.0 or 17.0, f64 2.0 or 17.0, of "y_i max_j abs(dy_j)";
    "gradient of the sink": "ds = -p sum_j y_j dy_j, p = exp(s) / (exp(s) + sum_j exp(x_j / t))",
        f32 2.0 or 13.0, f64 2.0 or 13.0, of "p max_j abs(dy_j), summed over the rows of s";
    source "E. Miller, Attention Is Off By One, 2023; OpenAI, gpt-oss, arXiv:2508.10925";
    range [0.0, 1.0];

    ///
    /// The share p of the sink has the bound of the value. The bounds are those of a temperature that is a power of two.
    /// Another one adds half an ulp to that of the value, and so does a value near the least normal number.
    ///
    /// `sinks` has a number for each head: row r, counted as in [`Rows`], has `sinks[r / queries % heads]`. One number
    /// serves all rows.
    ///
    /// Entries of -inf, and masked ones, give exactly 0, and have a gradient of 0; n entries of +inf, of which the sink
    /// may be one, have a share of 1 / n each; any NaN makes the row NaN. A row that is fully masked gives 0, and its
    /// sink a share of 1, or of 0 if it is -inf too.
    ///
    /// ```
    /// use slopes::activation::{Mask, Rows, SinkSoftmax};
    /// let (softmax, rows) = (SinkSoftmax::new(1), Rows::contiguous(3));
    /// let (x, mut y, mut dx, mut p, mut ds) = ([0.0_f64; 3], [0.0; 3], [0.0; 3], [0.0], [0.0]);
    /// softmax.forward_with_sink_shares(&x, Mask::new(), &[0.0], rows, &mut y, &mut p);
    /// assert_eq!((y, p), ([0.25; 3], [0.25]));
    ///
    /// let dy = [4.0, 0.0, 0.0];
    /// softmax.backward_from_output(&y, &dy, rows, &mut dx);
    /// softmax.sink_gradient(&y, &p, &dy, rows, &mut ds);
    /// assert_eq!((dx, ds), ([0.75, -0.25, -0.25], [-0.25]));
    /// ```
    ///
    /// # Panics
    /// Methods panic if the lengths of slices do not match, if the number of rows is not a multiple of queries times
    /// the number of sinks, or if a mask does not fit, before anything is written.
    #[derive(Clone, Copy, Debug, PartialEq)]
    #[non_exhaustive]
    #[doc(alias = "attention sink")]
    #[doc(alias = "off_by_one")]
    pub struct SinkSoftmax {
        /// The temperature t that x is divided by, before a mask is added; from 1e-15 to 1e15, 1 by default.
        pub temperature: f64,
        /// The number of consecutive rows that have the same sink, at least 1.
        pub queries: usize,
    }
    parameters { temperature = 1.0; }
}

impl SinkSoftmax {
    /// The function with a temperature of 1, for sinks that serve `queries` consecutive rows each.
    #[must_use]
    pub const fn new(queries: usize) -> Self {
        SinkSoftmax { temperature: 1.0, queries }
    }

    /// Sets `temperature`.
    ///
    /// # Errors
    /// If `temperature` is not from 1e-15 to 1e15.
    pub const fn with_temperature(mut self, temperature: f64) -> Result<Self, ParameterError> {
        if let Err(error) = check::temperature("temperature", temperature) {
            return Err(error);
        }
        self.temperature = temperature;
        Ok(self)
    }

    /// The values y = f(x) of each row, with a mask, which may be [`Mask::new`].
    #[track_caller]
    pub fn forward<T: Element>(&self, x: &[T], mask: Mask<'_, T>, sinks: &[T], rows: Rows, y: &mut [T]) {
        let count = rows.count_of("forward", [("x", x.len()), ("y", y.len())]);
        self.check(sinks.len(), count);
        let mask = mask.hidden(x.len(), rows);
        self.run::<T>(Src::new(x), mask, Src::new(sinks), rows, Dst::new(y), None);
    }

    /// The values of each row, in place: x = f(x).
    #[track_caller]
    pub fn forward_in_place<T: Element>(&self, x: &mut [T], mask: Mask<'_, T>, sinks: &[T], rows: Rows) {
        let count = rows.count(x.len());
        self.check(sinks.len(), count);
        let (mask, y) = (mask.hidden(x.len(), rows), Dst::new(x));
        self.run::<T>(y.src(), mask, Src::new(sinks), rows, y, None);
    }

    /// The values y = f(x) of each row, and the share p of its sink, `shares[r]` for row r, for
    /// [`sink_gradient`](Self::sink_gradient).
    #[track_caller]
    pub fn forward_with_sink_shares<T: Element>(
        &self,
        x: &[T],
        mask: Mask<'_, T>,
        sinks: &[T],
        rows: Rows,
        y: &mut [T],
        shares: &mut [T],
    ) {
        let count = rows.count_of("forward_with_sink_shares", [("x", x.len()), ("y", y.len())]);
        same_length("forward_with_sink_shares", [("rows of x", count), ("shares", shares.len())]);
        self.check(sinks.len(), count);
        let mask = mask.hidden(x.len(), rows);
        self.run::<T>(Src::new(x), mask, Src::new(sinks), rows, Dst::new(y), Some(Dst::new(shares)));
    }

    /// The vector-Jacobian product in x from the output y: needs no mask and no sinks.
    #[track_caller]
    pub fn backward_from_output<T: Element>(&self, y: &[T], dy: &[T], rows: Rows, dx: &mut [T]) {
        let count = rows.count_of("backward_from_output", [("y", y.len()), ("dy", dy.len()), ("dx", dx.len())]);
        let (temperature, fully_masked) = (self.temperature, FullyMasked::Zero);
        let setting = Setting { which: Which::SinkSoftmax, temperature, fully_masked };
        setting.backward(true, Src::new(y), Src::new(dy), Dst::new(dx), rows, count);
    }

    /// The gradient in the sinks, from the output y and the shares of
    /// [`forward_with_sink_shares`](Self::forward_with_sink_shares): for each sink, the sum over its rows.
    ///
    /// Terms are summed in f64, in an order that depends on the numbers of rows and sinks alone.
    #[track_caller]
    pub fn sink_gradient<T: Element>(&self, y: &[T], shares: &[T], dy: &[T], rows: Rows, gradient: &mut [T]) {
        let count = rows.count_of("sink_gradient", [("y", y.len()), ("dy", dy.len())]);
        same_length("sink_gradient", [("rows of y", count), ("shares", shares.len())]);
        self.check(gradient.len(), count);
        <T::Kernels as SinkKernels<T>>::gradient(SinkGradient {
            y: Src::new(y),
            shares: Src::new(shares),
            dy: Src::new(dy),
            rows,
            count,
            queries: self.queries,
            gradient: Dst::new(gradient),
        });
    }

    #[track_caller]
    fn check(&self, sinks: usize, count: usize) {
        let queries = self.queries;
        assert!(queries > 0, "a sink needs at least 1 query, not 0");
        let fits = sinks.checked_mul(queries).is_some_and(|all| all > 0 && count.is_multiple_of(all));
        assert!(count == 0 || fits, "{count} rows are not a multiple of {sinks} sinks times {queries} queries");
    }

    fn run<T: Element>(
        &self,
        x: Src<'_, T::Real>,
        mask: Option<Hidden<'_, T::Real>>,
        sinks: Src<'_, T::Real>,
        rows: Rows,
        y: Dst<'_, T::Real>,
        shares: Option<Dst<'_, T::Real>>,
    ) {
        let count = rows.count(y.len());
        let (temperature, queries) = (self.temperature, self.queries);
        let kernel = Forward { temperature, x, mask, sinks, queries, rows, count, y, shares };
        <T::Kernels as SinkKernels<T>>::forward(kernel);
    }
}

concrete! {
    trait SinkKernels;
    fn forward(kernel: Forward<'_, RealOf<T>>) { dispatch(kernel) }
    fn gradient(kernel: SinkGradient<'_, RealOf<T>>) { dispatch(kernel) }
}

/// The kernel of the forward pass.
pub(crate) struct Forward<'a, R> {
    temperature: f64,
    x: Src<'a, R>,
    mask: Option<Hidden<'a, R>>,
    sinks: Src<'a, R>,
    queries: usize,
    rows: Rows,
    count: usize,
    y: Dst<'a, R>,
    shares: Option<Dst<'a, R>>,
}

impl<R: Real> Kernel for Forward<'_, R> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) {
        let (rows, len) = (self.rows, self.rows.row_len());
        let given = scale::<R, I>(self.temperature);
        // What an additive mask is added to has been divided by the temperature.
        let scale = if self.mask.is_some_and(Hidden::is_scaled) { scale::<R, I>(1.0) } else { given };
        // The masked x is written to y.
        let source = if self.mask.is_some() { self.y.src() } else { self.x };
        for row in 0..self.count {
            let (start, n) = match self.mask {
                Some(mask) => mask.row(token, given, rows, row, self.x, self.y),
                None => (0, len),
            };
            let sink = self.sinks.read(row / self.queries % self.sinks.len());
            let (x, y) = (rows.of(source, row).part(start, n), rows.of_target(self.y, row));
            let share = shares(token, scale, sink, x, y.part(start, n));
            (0..start).chain(start + n..len).for_each(|i| y.write(i, 0.0));
            if let Some(shares) = self.shares {
                shares.write(row, share);
            }
        }
    }
}

/// Writes the shares of the row x to y, which may be its memory, and returns that of the sink.
#[inline(always)]
fn shares<R: Real, I: Isa>(token: Token<I>, scale: Scale, sink: f64, x: Src<R>, y: Dst<R>) -> f64 {
    let len = y.len();
    let (kind, m) = kind(token, scale, x, len);
    if kind != Kind::Finite {
        return special_shares(kind, sink, x, y);
    }
    let row = Row::new::<R, I>(token, scale, m);
    let stored = !y.rounds();
    let sum = row.sum(token, x, Some(y).filter(|_| stored), len);
    let [above, low] = above(scale, row.map.relative_to(), sink);
    // The smaller of the exponentials of the sink and of the maximum, relative to the larger.
    let smaller = exp(token, -above.abs());
    let [of_largest, of_sink] = if above <= 0.0 { [1.0, smaller * (1.0 + low)] } else { [smaller * (1.0 - low), 1.0] };
    let total = sum * of_largest + of_sink;
    let from = if stored { y.src() } else { x };
    token.map(Share::new(row, stored, HiLo::<R>::quotient(of_largest, total)), [from], [y]);
    of_sink / total
}

/// What a sink exceeds the shift of a row by, after the temperature, in two parts: the shift as it is, not the maximum
/// that it is near.
#[inline(always)]
fn above(scale: Scale, [minus, octaves, rest]: [f64; 3], sink: f64) -> [f64; 2] {
    if sink.is_infinite() {
        return [sink, 0.0];
    }
    let [high, low] = f64::LN_2;
    let octaves = HiLo { high, low }.by(octaves);
    let [high, low] = scale.inverse;
    let rest = HiLo { high, low }.by(rest - minus);
    let first = HiLo::<f64>::sum(sink, -octaves.high);
    let second = HiLo::<f64>::sum(first.high, -rest.high);
    let low = (second.low - rest.low) + (first.low - octaves.low);
    [second.high, if low.is_finite() { low } else { 0.0 }]
}

/// As [`shares`], for a row whose maximum is infinite.
#[cold]
#[inline(never)]
fn special_shares<R: Real>(kind: Kind, sink: f64, x: Src<R>, y: Dst<R>) -> f64 {
    let row = Special::new(kind, 1.0, x, y.len());
    let share = row.share(FullyMasked::Zero);
    let [with, without, of_sink] = match kind {
        _ if sink.is_nan() => [f64::NAN; 3],
        Kind::Infinite if sink == f64::INFINITY => [share / (1.0 + share), 0.0, share / (1.0 + share)],
        Kind::Infinite => [share, 0.0, 0.0],
        _ => [0.0, 0.0, if sink == f64::NEG_INFINITY { 0.0 } else { 1.0 }],
    };
    row.write(y, with, without);
    of_sink
}

/// The kernel for the gradient of the sinks.
pub(crate) struct SinkGradient<'a, R> {
    y: Src<'a, R>,
    shares: Src<'a, R>,
    dy: Src<'a, R>,
    rows: Rows,
    count: usize,
    queries: usize,
    gradient: Dst<'a, R>,
}

impl<R: Real> Kernel for SinkGradient<'_, R> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) {
        let (rows, sinks) = (self.rows, self.gradient.len());
        for sink in 0..sinks {
            let mut tree = PairwiseSum::new();
            for first in (sink * self.queries..self.count).step_by(sinks * self.queries) {
                for row in first..first + self.queries {
                    let share = self.shares.read(row);
                    if share != 0.0 {
                        let product = Product { share: Share::times::<R>(2.0), half: 0.0 };
                        let numbers = [rows.of(self.y, row), rows.of(self.dy, row)];
                        tree.push(-share * token.sum_of(product, numbers, rows.row_len()));
                    }
                }
            }
            self.gradient.write(sink, tree.sum());
        }
    }
}
