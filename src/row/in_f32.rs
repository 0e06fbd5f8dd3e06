//! Rows of f32 without f64, in one lane: for microcontrollers.

use crate::math::pair::HiLo;
use crate::math::shifted_exp::{Scale, Shift, exponential};
use crate::simd::{Isa, Lanes, Token};
use crate::slice::{Dst, Src};

/// The largest number of a row, times the sign; NaN if an entry is NaN, -inf if there is none.
#[inline(always)]
pub(crate) fn largest(x: Src<f32>, sign: f32) -> f32 {
    let mut m = f32::NEG_INFINITY;
    for i in 0..x.len() {
        let x = x.get(i) * sign;
        if x > m || x.is_nan() {
            m = x;
        }
        // No number is above NaN.
        if m.is_nan() {
            break;
        }
    }
    m
}

/// The number of entries, as f32, that attain the infinite maximum m of a row.
#[inline(always)]
pub(crate) fn count(x: Src<f32>, sign: f32, m: f32) -> f32 {
    let mut count = 0.0;
    for i in 0..x.len() {
        count += if x.get(i) * sign == m { 1.0 } else { 0.0 };
    }
    count
}

/// Writes one number for the entries that attain the maximum m of a row, and another for the rest.
#[inline(always)]
pub(crate) fn write(x: Src<f32>, sign: f32, m: f32, y: Dst<f32>, [with, without]: [f32; 2]) {
    for i in 0..x.len() {
        y.set(i, if x.get(i) * sign == m { with } else { without });
    }
}

/// The shares of the entries of a row whose maximum m is infinite or NaN: where it is attained, and elsewhere. A row of -inf
/// has none.
#[inline(always)]
pub(crate) fn special_shares(x: Src<f32>, m: f32) -> [f32; 2] {
    if m.is_nan() { [m; 2] } else { [if m > 0.0 { 1.0 / count(x, 1.0, m) } else { 0.0 }, 0.0] }
}

/// A row whose maximum is finite.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a, L> {
    x: Src<'a, f32>,
    scale: Scale<L>,
    shift: Shift<L>,
}

impl<'a, L: Lanes<Real = f32>> Row<'a, L> {
    /// The row x with the maximum m, after the sign of the scale.
    #[inline(always)]
    pub(crate) fn new(x: Src<'a, f32>, scale: Scale<L>, m: L) -> Self {
        Row { x, scale, shift: scale.shift(m) }
    }

    /// The exponential of entry i, not divided by the sum.
    #[inline(always)]
    pub(crate) fn exponential<I: Isa<F32 = L>>(&self, token: Token<I>, i: usize) -> L {
        exponential::<L, false>(token.lane(self.x.get(i)), self.scale, self.shift)
    }

    /// The sum of the exponentials, which are stored in `place` if there is one. It may be the memory of the row.
    #[inline(always)]
    pub(crate) fn sum<I: Isa<F32 = L>>(&self, token: Token<I>, place: Option<Dst<f32>>) -> HiLo<L> {
        let mut sum = HiLo::none(self.scale.sign);
        for i in 0..self.x.len() {
            let e = self.exponential(token, i);
            sum = sum.plus(e);
            if let Some(place) = place {
                place.set(i, token.number(e));
            }
        }
        sum.parted()
    }
}
