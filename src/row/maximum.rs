//! The maximum of a row, and rows whose maximum is not finite.

use crate::math::shifted_exp::Scale;
use crate::row::FullyMasked;
use crate::simd::{Isa, Real, Token};
use crate::slice::{Dst, Src};

/// What a row is, beside its numbers, which are softmax_mean times the sign.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    /// An ordinary one, or NaN.
    Finite,
    /// With +inf among its numbers, NaN aside.
    Infinite,
    /// Of -inf alone, NaN aside.
    Empty,
}

/// The kind of a row, and its largest number; NaN if one is and the largest is not finite.
#[inline(always)]
pub(crate) fn kind<R: Real, I: Isa>(token: Token<I>, scale: Scale, x: Src<R>, len: usize) -> (Kind, f64) {
    let m = token.max(x, R::from_f64_rounded(scale.sign)).into_f64();
    if m.is_finite() { (Kind::Finite, m) } else { special(x, m, len) }
}

#[cold]
#[inline(never)]
pub(crate) fn special<R: Real>(x: Src<R>, m: f64, len: usize) -> (Kind, f64) {
    if (0..len).any(|i| x.read(i).is_nan()) {
        return (Kind::Finite, f64::NAN);
    }
    (if m > 0.0 { Kind::Infinite } else { Kind::Empty }, m)
}

/// A row that is not ordinary: some of its numbers, or all, have a share, which is the same for each.
#[derive(Clone, Copy)]
pub(crate) struct Special<'a, R> {
    kind: Kind,
    infinity: f64,
    x: Src<'a, R>,
    len: usize,
}

impl<'a, R: Real> Special<'a, R> {
    #[inline(always)]
    pub(crate) fn new(kind: Kind, sign: f64, x: Src<'a, R>, len: usize) -> Self {
        Special { kind, infinity: f64::INFINITY * sign, x, len }
    }

    fn has_share(self, i: usize) -> bool {
        self.kind == Kind::Empty || self.x.read(i) == self.infinity
    }

    /// The share, not yet rounded.
    #[cold]
    #[inline(never)]
    pub(crate) fn share(self, empty: FullyMasked) -> f64 {
        let count = (0..self.len).filter(|&i| self.has_share(i)).count();
        match empty {
            FullyMasked::Zero if self.kind == Kind::Empty => 0.0,
            FullyMasked::Nan if self.kind == Kind::Empty => f64::NAN,
            _ => 1.0 / count as f64,
        }
    }

    /// A number for those with a share, another for the rest. The target may be the row.
    #[cold]
    #[inline(never)]
    pub(crate) fn write(self, y: Dst<R>, with: f64, without: f64) {
        (0..self.len).for_each(|i| y.write(i, if self.has_share(i) { with } else { without }));
    }
}
