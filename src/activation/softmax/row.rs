//! What a row is computed with: the exponentials of a row, its sum, its shares and its gradients, as texts over registers.

use crate::activation::EmptyRow;
use crate::math::Functions;
use crate::math::pair::Pair;
use crate::math::rounding::nearly_fused;
use crate::math::softmax::{Scale, Shift, exponential, is_usual};
use crate::simd::{Isa, Kernel, Lanes, Real, Token};
use crate::slice::{Dst, Map, Src};

/// The scale of a temperature, in the lanes of an instruction set.
#[inline(always)]
pub(crate) fn scale<R: Real, I: Isa>(temperature: f64) -> Scale {
    Scale::new::<R>(temperature, <R::Lanes<I> as Lanes>::FUSED)
}

/// The exponentials of a row; of a usual one, by fewer operations with the same bits.
#[derive(Clone, Copy)]
pub(crate) struct Exponential<const USUAL: bool = false> {
    scale: Scale,
    shift: Shift<f64>,
}

impl Exponential {
    #[inline(always)]
    pub(super) fn new(scale: Scale, shift: Shift<f64>) -> Self {
        Exponential { scale, shift }
    }

    /// The same, if the row is a usual one.
    #[inline(always)]
    pub(super) fn usual(self) -> Option<Exponential<true>> {
        let Exponential { scale, shift } = self;
        is_usual(scale, shift).then_some(Exponential { scale, shift })
    }
}

impl<const USUAL: bool> Map<1, 1> for Exponential<USUAL> {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x]: [L; 1]) -> [L; 1] {
        [exponential::<L, USUAL>(x, self.scale, self.shift.fill(x))]
    }
}

/// An ordinary row: its scale and its largest number, times the sign.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    pub(super) map: Exponential,
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
        Share { again: self.again, scale: Pair::<R>::quotient(total, self.sum).wide() }
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
    pub(super) again: Option<Exponential>,
    pub(super) scale: [f64; 2],
}

impl Share {
    #[inline(always)]
    pub(super) fn new<R: Real>(row: Row, kept: bool, scale: Pair<R>) -> Self {
        Share { again: (!kept).then_some(row.map), scale: scale.wide() }
    }

    /// A multiple of what has been made.
    #[inline(always)]
    pub(super) fn times<R: Real>(factor: f64) -> Self {
        Share { again: None, scale: Pair::<R>::quotient(factor, 1.0).wide() }
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
pub(super) fn scaled<L: Lanes>(y: L, high: L, low: L) -> L {
    nearly_fused(high, y, y * low)
}

impl Map<1, 1> for Share {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x]: [L; 1]) -> [L; 1] {
        [self.of(x)]
    }
}

/// sign x / t less a pair.
#[derive(Clone, Copy)]
pub(super) struct Less {
    pub(super) inverse: f64,
    pub(super) from: [f64; 2],
}

impl Less {
    #[inline(always)]
    pub(super) fn new<R: Real>(scale: Scale, m: f64, rest: f64) -> Self {
        Less { inverse: scale.factor()[0], from: Self::total::<R>(scale, m, rest).wide() }
    }

    /// m / t + rest, t being what x is divided by: of a reciprocal that was rounded.
    #[inline(always)]
    pub(super) fn total<R: Real>(scale: Scale, m: f64, rest: f64) -> Pair<R> {
        // Of a narrower type the product is exact.
        if size_of::<R>() < size_of::<f64>() {
            return Pair::sum(m * scale.inverse[0], rest);
        }
        Pair::<f64>::exact(m).by(scale.inverse[0]).plus(rest).to()
    }
}

impl Map<1, 1> for Less {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x]: [L; 1]) -> [L; 1] {
        [less(x, self.inverse, x.splat(self.from[0]), x.splat(self.from[1]))]
    }
}

#[inline(always)]
pub(super) fn less<L: Lanes>(x: L, inverse: f64, high: L, low: L) -> L {
    x.mul_add(x.splat(inverse), -high) - low
}

/// y dy, and 0 where y is 0: what has no share, such as what is masked, passes nothing on.
#[inline(always)]
pub(super) fn product<L: Lanes>(y: L, dy: L) -> L {
    nothing(y, y * dy)
}

#[derive(Clone, Copy)]
pub(super) struct Product(pub(super) Share);

impl Map<2, 1> for Product {
    #[inline(always)]
    fn apply<L: Lanes>(self, [from, dy]: [L; 2]) -> [L; 1] {
        [product(self.0.of(from), dy)]
    }
}

/// `other`, or 0 where y is 0.
#[inline(always)]
pub(super) fn nothing<L: Lanes>(y: L, other: L) -> L {
    let zero = y.splat(0.0);
    zero.select(y.equals(zero), other)
}

/// The s of both gradients, from the sum over the row: of dy for a logarithm; else of dy and the shares, which came with
/// the factor.
#[inline(always)]
pub(super) fn taken<R: Real>(log: bool, sum: f64, scale: Scale) -> Pair<R> {
    if log { Pair::new(sum, 0.0) } else { Pair::quotient(sum, scale.factor()[0]) }
}

/// y (dy - s).
#[inline(always)]
pub(super) fn softmax_gradient<L: Lanes>(y: L, dy: L, s: [L; 2]) -> L {
    nothing(y, y * (dy - s[0] - s[1]))
}

#[derive(Clone, Copy)]
pub(super) struct SoftmaxGradient {
    pub(super) share: Share,
    pub(super) s: [f64; 2],
}

impl Map<2, 1> for SoftmaxGradient {
    #[inline(always)]
    fn apply<L: Lanes>(self, [from, dy]: [L; 2]) -> [L; 1] {
        [softmax_gradient(self.share.of(from), dy, splat(dy, self.s))]
    }
}

#[inline(always)]
pub(super) fn splat<L: Lanes>(x: L, pair: [f64; 2]) -> [L; 2] {
    [x.splat(pair[0]), x.splat(pair[1])]
}

/// sign / t (dy - s y), and 0 where x is hidden, unless the row is NaN.
#[derive(Clone, Copy)]
pub(super) struct LogSoftmaxGradient {
    factor: [f64; 2],
    hidden: f64,
}

impl LogSoftmaxGradient {
    /// `output` says whether x is what came out of the function.
    #[inline(always)]
    pub(super) fn new(scale: Scale, output: bool) -> Self {
        let hidden = f64::NEG_INFINITY * if output { 1.0 } else { scale.sign };
        LogSoftmaxGradient { factor: scale.factor(), hidden }
    }

    #[inline(always)]
    pub(super) fn of<L: Lanes>(self, x: L, y: L, dy: L, s: [L; 2]) -> L {
        let difference = dy - scaled(y, s[0], s[1]);
        let gradient = scaled(difference, y.splat(self.factor[0]), y.splat(self.factor[1]));
        let hidden = x.equals(x.splat(self.hidden));
        x.splat(0.0).select(y.equals(y), y).select(hidden, gradient)
    }
}

/// Of x, and of what the shares are made of.
#[derive(Clone, Copy)]
pub(super) struct FromInput {
    pub(super) gradient: LogSoftmaxGradient,
    pub(super) share: Share,
    pub(super) s: [f64; 2],
}

impl Map<3, 1> for FromInput {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x, from, dy]: [L; 3]) -> [L; 1] {
        [self.gradient.of(x, self.share.of(from), dy, splat(x, self.s))]
    }
}

/// Of the output, whose exponential is the share.
#[derive(Clone, Copy)]
pub(super) struct FromOutput {
    pub(super) gradient: LogSoftmaxGradient,
    pub(super) s: [f64; 2],
}

impl Map<2, 1> for FromOutput {
    #[inline(always)]
    fn apply<L: Lanes>(self, [y, dy]: [L; 2]) -> [L; 1] {
        [self.gradient.of(y, y.exp(), dy, splat(y, self.s))]
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
pub(super) fn exp<I: Isa>(token: Token<I>, x: f64) -> f64 {
    token.map_one(Exp, x)
}

/// ln x in the lanes of an instruction set, for the bits of its family.
#[inline(always)]
pub(crate) fn ln<I: Isa>(token: Token<I>, x: f64) -> f64 {
    token.map_one(Logarithm, x)
}

/// What a row is, beside its numbers, which are taken times the sign.
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
    let m = token.max(x, R::of(scale.sign)).wide();
    if m.is_finite() { (Kind::Finite, m) } else { special(x, m, len) }
}

#[cold]
#[inline(never)]
pub(super) fn special<R: Real>(x: Src<R>, m: f64, len: usize) -> (Kind, f64) {
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
    pub(crate) fn share(self, empty: EmptyRow) -> f64 {
        let count = (0..self.len).filter(|&i| self.has_share(i)).count();
        match empty {
            EmptyRow::Zero if self.kind == Kind::Empty => 0.0,
            EmptyRow::Nan if self.kind == Kind::Empty => f64::NAN,
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
