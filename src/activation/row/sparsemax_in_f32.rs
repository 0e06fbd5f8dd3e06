//! Sparsemax and hardmax without f64, in one lane, as `sparsemax.rs`: the sums are exact.

use super::softmax::gradient::{LOWER, RAISE};
use super::sparsemax::Which;
use crate::exact_sum::ExactSum;
use crate::math::pair::HiLo;
use crate::math::rounding::two_sum;
use crate::row::Rows;
use crate::row::in_f32::{largest, special_shares, write};
use crate::simd::{Isa, Kernel, Lanes, Token};
use crate::slice::{Dst, Src};

/// The outputs of a row with a finite maximum: x - c, exact for the entries with a share, less t.
#[derive(Clone, Copy)]
struct Threshold<L> {
    c: L,
    t: HiLo<L>,
}

impl<L: Lanes<Real = f32>> Threshold<L> {
    #[inline(always)]
    fn new<I: Isa<F32 = L>>(token: Token<I>, x: Src<f32>, m: f32) -> Self {
        let c = token.lane(if m.abs() < 2.0 { 0.0 } else { m });
        let (high, low) = two_sum(token.lane(m) - c, token.lane(-1.0));
        let mut threshold = Threshold { c, t: HiLo { high, low } };
        let mut count = f32::INFINITY;
        loop {
            let (mut sum, mut fewer) = (ExactSum::new(), 0.0);
            sum.add(-1.0_f32);
            for i in 0..x.len() {
                let x = token.lane(x.get(i));
                if token.number(threshold.above(x)) > 0.0 {
                    sum.add(token.number(x - threshold.c));
                    fewer += 1.0;
                }
            }
            if !(fewer < count && fewer > 0.0) {
                return threshold;
            }
            count = fewer;
            let HiLo { high, low } = sum.pair();
            threshold.t = HiLo { high: token.lane(high), low: token.lane(low) }.over(token.lane(count));
        }
    }

    #[inline(always)]
    fn above(self, x: L) -> L {
        ((x - self.c) - self.t.high) - self.t.low
    }

    #[inline(always)]
    fn output(self, x: L) -> L {
        self.above(x).at_least(x.splat(0.0)).at_most(x.splat(1.0))
    }
}

/// The kernel of the forward pass over the first `count` rows.
pub(crate) struct Forward<'a> {
    pub(super) which: Which,
    pub(super) x: Src<'a, f32>,
    pub(super) y: Dst<'a, f32>,
    pub(super) rows: Rows,
    pub(super) count: usize,
}

impl Kernel for Forward<'_> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) {
        let (len, stride) = (self.rows.row_len(), self.rows.stride());
        for start in self.rows.starts(self.count) {
            let (x, y) = (self.x.strided(start, stride, len), self.y.strided(start, stride, len));
            let m = largest(x, 1.0);
            if self.which == Which::Hardmax {
                hardmax(x, m, y);
            } else if m.is_finite() {
                let threshold = Threshold::new(token, x, m);
                for i in 0..len {
                    y.set(i, token.number(threshold.output(token.lane(x.get(i)))));
                }
            } else {
                write(x, 1.0, m, y, special_shares(x, m));
            }
        }
    }
}

#[inline(always)]
fn hardmax(x: Src<f32>, m: f32, y: Dst<f32>) {
    let first = (0..x.len()).find(|i| x.get(*i) == m).filter(|_| m > f32::NEG_INFINITY);
    (0..x.len()).for_each(|i| y.set(i, if m.is_nan() { m } else { 0.0 }));
    if let Some(first) = first {
        y.set(first, 1.0);
    }
}

/// The kernel of the gradients of sparsemax in the first `count` rows.
pub(crate) struct Backward<'a> {
    /// True if `from` is x, false if it is the output.
    pub(super) from_input: bool,
    pub(super) from: Src<'a, f32>,
    pub(super) dy: Src<'a, f32>,
    pub(super) dx: Dst<'a, f32>,
    pub(super) rows: Rows,
    pub(super) count: usize,
}

impl Kernel for Backward<'_> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) {
        let (len, stride) = (self.rows.row_len(), self.rows.stride());
        for start in self.rows.starts(self.count) {
            let (from, dy) = (self.from.strided(start, stride, len), self.dy.strided(start, stride, len));
            let dx = self.dx.strided(start, stride, len);
            let mut outputs = Outputs { from, threshold: None };
            if self.from_input {
                let m = largest(from, 1.0);
                if m.is_finite() {
                    outputs.threshold = Some(Threshold::new(token, from, m));
                } else {
                    write(from, 1.0, m, dx, special_shares(from, m));
                    outputs.from = dx.src();
                }
            }
            let support = |i: &usize| token.number(outputs.get(token, *i)) != 0.0;
            let count = (0..len).filter(support).count() as f32;
            let sum = |factor: f32| {
                let mut sum = ExactSum::new();
                (0..len).filter(support).for_each(|i| sum.add(dy.get(i) * factor));
                sum.pair()
            };
            // The sum may overflow where the mean does not.
            let (mut pair, mut raise) = (sum(1.0), 1.0);
            if !pair.high.is_finite() {
                (pair, raise) = (sum(LOWER as f32), RAISE);
            }
            let mean = HiLo { high: token.lane(pair.high), low: token.lane(pair.low) }.over(token.lane(count));
            let mean = HiLo { high: mean.high * raise, low: mean.low * raise };
            for i in 0..len {
                let (y, dy) = (token.number(outputs.get(token, i)), token.lane(dy.get(i)));
                let gradient = token.number(dy - mean.high - mean.low);
                dx.set(
                    i,
                    if y == 0.0 {
                        0.0
                    } else if y.is_nan() {
                        y
                    } else {
                        gradient
                    },
                );
            }
        }
    }
}

/// The outputs of a row: stored, or computed from x.
struct Outputs<'a, L> {
    from: Src<'a, f32>,
    threshold: Option<Threshold<L>>,
}

impl<L: Lanes<Real = f32>> Outputs<'_, L> {
    #[inline(always)]
    fn get<I: Isa<F32 = L>>(&self, token: Token<I>, i: usize) -> L {
        let from = token.lane(self.from.get(i));
        match self.threshold {
            Some(threshold) => threshold.output(from),
            None => from,
        }
    }
}
