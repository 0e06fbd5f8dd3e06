//! The exponentials of a row, their sum and their shares.

use crate::math::FloatMath;
use crate::math::pair::HiLo;
use crate::math::rounding::fma_emulated;
use crate::math::shifted_exp::{Scale, Shift, exponential, is_default};
use crate::simd::{Isa, Kernel, Lanes, Real, Token};
use crate::slice::{Dst, Map, Src};

/// The scale of a temperature, in the lanes of an instruction set.
#[inline(always)]
pub(crate) fn scale<R: Real, I: Isa>(temperature: f64) -> Scale {
    Scale::new::<R>(temperature, <R::Lanes<I> as Lanes>::FUSED)
}

/// The exponentials of a row; of a usual one, by fewer operations with the same bits.
#[derive(Clone, Copy)]
pub(crate) struct Exponential<const DEFAULT: bool = false> {
    scale: Scale,
    shift: Shift<f64>,
}

impl Exponential {
    #[inline(always)]
    pub(crate) fn new(scale: Scale, shift: Shift<f64>) -> Self {
        Exponential { scale, shift }
    }

    /// The same, if the row is a usual one.
    #[inline(always)]
    pub(crate) fn usual(self) -> Option<Exponential<true>> {
        let Exponential { scale, shift } = self;
        is_default(scale, shift).then_some(Exponential { scale, shift })
    }
}

impl<const DEFAULT: bool> Map<1, 1> for Exponential<DEFAULT> {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x]: [L; 1]) -> [L; 1] {
        [exponential::<L, DEFAULT>(x, self.scale, self.shift.fill(x))]
    }
}

/// An ordinary row: its scale and its largest number, times the sign.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    pub(crate) map: Exponential,
    pub(crate) m: f64,
}

impl Row {
    #[inline(always)]
    pub(crate) fn new<R: Real>(scale: Scale, m: f64) -> Self {
        Row { map: Exponential::new(scale, scale.shift::<R>(m)), m }
    }

    /// The sum of the exponentials, which are kept if there is a place for them.
    #[inline(always)]
    pub(crate) fn sum<R: Real, I: Isa>(self, token: Token<I>, x: Src<R>, place: Option<Dst<R>>, len: usize) -> f64 {
        match self.map.usual() {
            Some(map) => token.sum_of_kept(map, [x], place, len),
            None => token.sum_of_kept(self.map, [x], place, len),
        }
    }

    /// The exponentials of numbers of the row, not rounded.
    #[inline(always)]
    pub(crate) fn exponentials<R: Real, I: Isa>(self, token: Token<I>, x: Src<R>, to: Dst<R>) {
        token.map(self.map, [x], [to]);
    }
}

/// The sum of the exponentials of a row, and where they are found again.
///
/// A row of the type that is computed in keeps them. Other rows would round them: there they are computed again, so
/// that what is made of them is rounded once.
#[derive(Clone, Copy)]
pub(crate) struct Exponentials<'a, R> {
    pub(crate) sum: f64,
    pub(crate) from: Src<'a, R>,
    again: Option<Exponential>,
}

impl<'a, R: Real> Exponentials<'a, R> {
    /// Of the row x; kept in y, if there is one and it does not round. `x` may be `y`.
    #[inline(always)]
    pub(crate) fn new<I: Isa>(token: Token<I>, row: Row, x: Src<'a, R>, y: Option<Dst<'a, R>>, len: usize) -> Self {
        let sum = row.sum(token, x, y.filter(|y| !y.rounds()), len);
        match y {
            Some(y) if !y.rounds() => Exponentials { sum, from: y.src(), again: None },
            _ => Exponentials { sum, from: x, again: Some(row.map) },
        }
    }

    /// The sum of `len` of them, from `start` on.
    #[inline(always)]
    fn sum_of_part<I: Isa>(self, token: Token<I>, start: usize, len: usize) -> f64 {
        token.call_outlined(Part {
            from: self.from.part(start, len),
            share: Share { again: self.again, scale: [1.0, 0.0] },
            len,
        })
    }

    /// The sum of all but one of them, to its own precision: beside 1, the sum has lost what is below 2^-53.
    #[inline(always)]
    pub(crate) fn sum_without<I: Isa>(self, token: Token<I>, index: usize, len: usize) -> f64 {
        self.sum_of_part(token, 0, index) + self.sum_of_part(token, index + 1, len - index - 1)
    }

    /// One of them.
    #[inline(always)]
    pub(crate) fn read<I: Isa>(self, token: Token<I>, index: usize) -> f64 {
        match self.again {
            Some(map) => token.sum_of(map, [self.from.part(index, 1)], 1),
            None => self.from.read(index),
        }
    }

    /// The map of `from` into the shares of `total`.
    #[inline(always)]
    pub(crate) fn shares(self, total: f64) -> Share {
        Share { again: self.again, scale: HiLo::<R>::quotient(total, self.sum).into_f64() }
    }
}

/// Exponentials of a part of a row, to be summed.
struct Part<'a, R> {
    from: Src<'a, R>,
    share: Share,
    len: usize,
}

impl<R: Real> Kernel for Part<'_, R> {
    type Output = f64;
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) -> f64 {
        token.sum_of(self.share, [self.from], self.len)
    }
}

/// An exponential, or what it is computed of, times the share of 1.
#[derive(Clone, Copy)]
pub(crate) struct Share {
    pub(crate) again: Option<Exponential>,
    pub(crate) scale: [f64; 2],
}

impl Share {
    #[inline(always)]
    pub(crate) fn new<R: Real>(row: Row, kept: bool, scale: HiLo<R>) -> Self {
        Share { again: (!kept).then_some(row.map), scale: scale.into_f64() }
    }

    /// A multiple of what has been made.
    #[inline(always)]
    pub(crate) fn times<R: Real>(factor: f64) -> Self {
        Share { again: None, scale: HiLo::<R>::quotient(factor, 1.0).into_f64() }
    }

    #[inline(always)]
    pub(crate) fn of<L: Lanes>(self, x: L) -> L {
        let y = match self.again {
            Some(map) => {
                let [y] = map.apply([x]);
                y
            }
            None => x,
        };
        scaled(y, y.splat(self.scale[0]), y.splat(self.scale[1]))
    }
}

/// y times a pair, of which `high` is not tiny: rounded once.
#[inline(always)]
pub(crate) fn scaled<L: Lanes>(y: L, high: L, low: L) -> L {
    fma_emulated(high, y, y * low)
}

impl Map<1, 1> for Share {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x]: [L; 1]) -> [L; 1] {
        [self.of(x)]
    }
}

/// ln x of one number.
#[derive(Clone, Copy)]
pub(crate) struct Logarithm;

impl Map<1, 1> for Logarithm {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x]: [L; 1]) -> [L; 1] {
        [x.ln()]
    }
}

/// e^x of one number.
#[derive(Clone, Copy)]
struct Exp;

impl Map<1, 1> for Exp {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x]: [L; 1]) -> [L; 1] {
        [x.exp()]
    }
}

/// The map of one number, in a function of its own.
#[inline(always)]
pub(crate) fn one<I: Isa, M: Map<1, 1>>(token: Token<I>, map: M, x: f64) -> f64 {
    token.call_outlined(One { map, x })
}

/// One number.
struct One<M> {
    map: M,
    x: f64,
}

impl<M: Map<1, 1>> Kernel for One<M> {
    type Output = f64;
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) -> f64 {
        token.map_one(self.map, self.x)
    }
}

/// e^x in the lanes of an instruction set, for the bits of its family.
#[inline(always)]
pub(crate) fn exp<I: Isa>(token: Token<I>, x: f64) -> f64 {
    token.map_one(Exp, x)
}

/// ln x in the lanes of an instruction set, for the bits of its family.
#[inline(always)]
pub(crate) fn ln<I: Isa>(token: Token<I>, x: f64) -> f64 {
    token.map_one(Logarithm, x)
}
