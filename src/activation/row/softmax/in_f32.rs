//! Softmax and log-softmax without f64, a row at a time in one lane: for microcontrollers, where the program is to be
//! small.
//!
//! The formulas are those of any row. The sum of the exponentials is a double f32, whose parts have 48 bits, and the sums
//! of gradients are exact.

use super::gradient::{LOWER, RAISE, half_of, log_softmax_gradient, product, softmax_gradient, subtract};
use super::{Setting, Which};
use crate::exact_sum::ExactSum;
use crate::math::FloatMath;
use crate::math::log::ln_parts;
use crate::math::pair::HiLo;
use crate::math::shifted_exp::Scale;
use crate::row::exponentials::scaled;
use crate::row::in_f32::{Row, count, largest, write};
use crate::row::{FullyMasked, Rows};
use crate::simd::{Isa, Kernel, Lanes, Token};
use crate::slice::{Dst, Src};

/// The kernel of the forward pass over the first `end` rows, of log-softmax if `LOG`.
pub(crate) struct Forward<'a, const LOG: bool> {
    pub(super) setting: Setting,
    pub(super) x: Src<'a, f32>,
    pub(super) y: Dst<'a, f32>,
    pub(super) rows: Rows,
    pub(super) end: usize,
}

impl<const LOG: bool> Kernel for &Forward<'_, LOG> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) {
        let Setting { temperature, fully_masked, .. } = self.setting;
        let scale = Scale::in_f32(token.lane(0.0), temperature);
        let sign = token.number(scale.sign);
        let (len, stride) = (self.rows.row_len(), self.rows.stride());
        for start in self.rows.starts(self.end) {
            let (x, y) = (self.x.strided(start, stride, len), self.y.strided(start, stride, len));
            let m = largest(x, sign);
            if !m.is_finite() {
                write(x, sign, m, y, special(token, m, count(x, sign, m), LOG, fully_masked));
                continue;
            }
            let m = token.lane(m);
            let row = Row::new(x, scale, m);
            let stored = !LOG && !y.rounds();
            let sum = row.sum(token, stored.then_some(y));
            if LOG {
                // ln (high + low) = ln high + low / high, but for low^2.
                let (ln, lost) = ln_parts(sum.high);
                let rest = ln + (lost + sum.low / sum.high);
                let inverse = scale.inverse[0] * scale.sign;
                for i in 0..x.len() {
                    y.set(i, token.number(subtract(token.lane(x.get(i)), inverse, m, rest)));
                }
            } else {
                let share = sum.under(token.lane(1.0));
                for i in 0..x.len() {
                    let e = if stored { token.lane(y.src().get(i)) } else { row.exponential(token, i) };
                    y.set(i, token.number(scaled(e, share.high, share.low)));
                }
            }
        }
    }
}

/// The outputs of a row whose maximum is infinite or NaN, `count` times: where it is, and elsewhere.
#[inline(always)]
fn special<I: Isa>(token: Token<I>, m: f32, count: f32, log: bool, fully_masked: FullyMasked) -> [f32; 2] {
    if m.is_nan() {
        return [f32::NAN; 2];
    }
    let with = match fully_masked {
        FullyMasked::Zero if m < 0.0 => token.lane(if log { f32::NEG_INFINITY } else { 0.0 }),
        FullyMasked::Nan if m < 0.0 => token.lane(f32::NAN),
        _ if log => token.lane(0.0) - token.lane(count).ln(),
        _ => token.lane(1.0) / token.lane(count),
    };
    [token.number(with), if log { f32::NEG_INFINITY } else { 0.0 }]
}

/// The kernel of the backward pass over the first `end` rows.
pub(crate) struct Backward<'a> {
    pub(super) setting: Setting,
    /// True if `from` is the output of the function, false if it is x.
    pub(super) output: bool,
    pub(super) from: Src<'a, f32>,
    pub(super) dy: Src<'a, f32>,
    pub(super) dx: Dst<'a, f32>,
    pub(super) rows: Rows,
    pub(super) end: usize,
}

impl Kernel for &Backward<'_> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) {
        let scale = Scale::in_f32(token.lane(0.0), self.setting.temperature);
        for start in self.rows.starts(self.end) {
            self.row(token, scale, start);
        }
    }
}

impl Backward<'_> {
    #[inline(always)]
    fn row<I: Isa>(&self, token: Token<I>, scale: Scale<I::F32>, start: usize) {
        let Setting { which, fully_masked, .. } = self.setting;
        let (len, stride) = (self.rows.row_len(), self.rows.stride());
        let (x, dy) = (self.from.strided(start, stride, len), self.dy.strided(start, stride, len));
        let dx = self.dx.strided(start, stride, len);
        let log = which == Which::LogSoftmax;
        let (one, sign) = (token.lane(1.0), token.number(scale.sign));
        // What the shares are made of, and the factor that makes them; and the number that marks masked entries.
        let mut terms = Terms { from: x, row: None };
        let mut share = HiLo { high: one, low: one * 0.0 };
        let mut hidden = f32::NEG_INFINITY;
        if !self.output {
            hidden *= sign;
            let m = largest(x, sign);
            if m.is_nan() {
                return write(x, sign, m, dx, [m; 2]);
            } else if m.is_finite() {
                let row = Row::new(x, scale, token.lane(m));
                share = row.sum(token, (!dx.rounds()).then_some(dx)).under(one);
                if dx.rounds() {
                    terms.row = Some(row);
                } else {
                    terms.from = dx.src();
                }
            } else {
                let [with, _] = special(token, m, count(x, sign, m), false, fully_masked);
                share.high = token.lane(with);
                write(x, sign, m, dx, [1.0, 0.0]);
                terms.from = dx.src();
                hidden = if m > 0.0 { 0.0 } else { 1.0 };
            }
        }
        let masks = if hidden.is_infinite() { x } else { terms.from };
        let mut largest = f32::NEG_INFINITY;
        if !log && which != Which::SinkSoftmax {
            let threshold = threshold(token, self.output, share);
            for i in 0..x.len() {
                if token.number(terms.get(token, i)) >= threshold && dy.get(i) > largest {
                    largest = dy.get(i);
                }
            }
        }
        // Half of the dy of the entry with more than half of the row, if there is one.
        let half = token.lane(half_of(largest));
        let mut sum = ExactSum::new();
        for i in 0..x.len() {
            let dy = token.lane(dy.get(i));
            let y = scaled(terms.get(token, i), share.high, share.low);
            sum.add(token.number(if log { dy } else { product(y, dy, half) }));
        }
        let mut pair = sum.pair();
        // Factors of dy and of the gradient, other than 1 if the sum overflows.
        let (mut lower, mut raise) = (1.0, 1.0);
        if log && !pair.high.is_finite() {
            (lower, raise) = (LOWER, RAISE);
            let mut sum = ExactSum::new();
            (0..x.len()).for_each(|i| sum.add(token.number(token.lane(dy.get(i)) * lower)));
            pair = sum.pair();
        }
        let s = [token.lane(pair.high), token.lane(pair.low)];
        let factor = [scale.inverse[0] * scale.sign, scale.inverse[1] * scale.sign];
        let total = share.multiplied(factor[0] * 2.0);
        for i in 0..x.len() {
            let (e, dy) = (terms.get(token, i), token.lane(dy.get(i)));
            let gradient = if log {
                let y = if self.output { e.exp() } else { scaled(e, share.high, share.low) };
                let mask = token.lane(masks.get(i)).equals(token.lane(hidden));
                log_softmax_gradient(mask, y, dy * lower, s, factor) * raise
            } else {
                softmax_gradient(scaled(e, total.high, total.low), dy, half, s)
            };
            dx.set(i, token.number(gradient));
        }
    }
}

/// What the shares of a row are made of: numbers that are stored, or the exponentials of the row.
struct Terms<'a, L> {
    from: Src<'a, f32>,
    row: Option<Row<'a, L>>,
}

impl<L: Lanes<Real = f32>> Terms<'_, L> {
    #[inline(always)]
    fn get<I: Isa<F32 = L>>(&self, token: Token<I>, i: usize) -> L {
        match &self.row {
            Some(row) => row.exponential(token, i),
            None => token.lane(self.from.get(i)),
        }
    }
}

/// The least output or exponential that is more than half of its row: 1 of the exponentials, if its share is; infinite
/// without one.
#[inline(always)]
fn threshold<I: Isa>(token: Token<I>, output: bool, share: HiLo<I::F32>) -> f32 {
    let (high, low) = (token.number(share.high), token.number(share.low));
    if output {
        0.5 + 0.5 * f32::EPSILON
    } else if high > 0.5 || high == 0.5 && low > 0.0 {
        1.0
    } else {
        f32::INFINITY
    }
}
