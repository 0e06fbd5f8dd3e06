//! The maximum of a row, and the softmax of rows whose maximum is not finite.

use crate::math::shifted_exp::Scale;
use crate::row::FullyMasked;
use crate::simd::{Isa, Real, Token};
use crate::slice::{Dst, Src};

/// The kind of a row, by its maximum. All entries are multiplied by the sign of the scale first.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    /// The maximum is finite, or NaN.
    Finite,
    /// The maximum is +inf, and no entry is NaN.
    Infinite,
    /// All entries are -inf, or there are none.
    Masked,
}

/// The kind of a row, and its maximum m; m is NaN if an entry is NaN and the maximum of the others is not finite.
#[inline(always)]
pub(crate) fn kind<R: Real, I: Isa>(token: Token<I>, scale: Scale, x: Src<R>, len: usize) -> (Kind, f64) {
    let m = token.max(x, scale.sign).into_f64();
    if m.is_finite() { (Kind::Finite, m) } else { special(x, m, len) }
}

/// The kind of a row whose maximum m is not finite, and m, or NaN if an entry is NaN.
#[cold]
#[inline(never)]
pub(crate) fn special<R: Real>(x: Src<R>, m: f64, len: usize) -> (Kind, f64) {
    if (0..len).any(|i| x.read(i).is_nan()) {
        return (Kind::Finite, f64::NAN);
    }
    (if m > 0.0 { Kind::Infinite } else { Kind::Masked }, m)
}

/// A row whose maximum is infinite. Its softmax is the same share for each of the entries that attain the maximum, and
/// 0 for the others.
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
        self.kind == Kind::Masked || self.x.read(i) == self.infinity
    }

    /// The share of each entry that has one, in f64.
    #[cold]
    #[inline(never)]
    pub(crate) fn share(self, fully_masked: FullyMasked) -> f64 {
        let count = (0..self.len).filter(|&i| self.has_share(i)).count();
        match fully_masked {
            FullyMasked::Zero if self.kind == Kind::Masked => 0.0,
            FullyMasked::Nan if self.kind == Kind::Masked => f64::NAN,
            _ => 1.0 / count as f64,
        }
    }

    /// Writes one number for the entries with a share, and another for the rest. The output may be the memory of the
    /// row.
    #[cold]
    #[inline(never)]
    pub(crate) fn write(self, y: Dst<R>, with: f64, without: f64) {
        (0..self.len).for_each(|i| y.write(i, if self.has_share(i) { with } else { without }));
    }
}
