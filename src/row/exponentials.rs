//! The exponentials of a row, their sum, and their quotients by the sum: the softmax.

use crate::math::FloatMath;
use crate::math::exp::{exp_parts, power_of_two};
use crate::math::pair::HiLo;
use crate::math::rounding::fast_two_sum;
use crate::math::shifted_exp::{Scale, Shift, exponential, is_default};
use crate::simd::{Isa, Kernel, Lanes, Real, Token, widens};
use crate::slice::{Dst, Map, Src};

/// The scale for a temperature, in the family of an instruction set.
#[inline(always)]
pub(crate) fn scale<R: Real, I: Isa>(temperature: f64) -> Scale {
    Scale::new::<R>(temperature, <R::Lanes<I> as Lanes>::FUSED)
}

/// The map of a largest number, after the sign, into the components of its shift.
#[derive(Clone, Copy)]
pub(crate) struct ShiftOf(pub(crate) Scale);

impl Map<1, 5> for ShiftOf {
    #[inline(always)]
    fn apply<L: Lanes>(self, [m]: [L; 1]) -> [L; 5] {
        let Shift { minus, floor, octaves, rest, bias } = self.0.fill(m).shift(m);
        [minus, floor, octaves, rest, bias]
    }
}

/// The shift of a row whose largest number, after the sign, is m.
#[inline(always)]
pub(crate) fn shift_of<R: Real, I: Isa>(token: Token<I>, scale: Scale, m: f64) -> Shift<f64> {
    let [minus, floor, octaves, rest, bias] = token.components::<R, _, 5>(ShiftOf(scale), m);
    Shift { minus, floor, octaves, rest, bias }
}

/// The map of a row into its exponentials. `DEFAULT` leaves out operations that change nothing; the bits are the same.
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

    /// The map with `DEFAULT`, if the sign and the temperature are 1 and the shift subtracts nothing.
    #[inline(always)]
    pub(crate) fn as_default(self) -> Option<Exponential<true>> {
        let Exponential { scale, shift } = self;
        is_default(scale, shift.minus).then_some(Exponential { scale, shift })
    }

    /// The parts that the exponentials are relative to: the number added to x, N and R.
    #[inline(always)]
    pub(crate) fn relative_to(self) -> [f64; 3] {
        [self.shift.minus, self.shift.octaves, self.shift.rest]
    }
}

impl<const DEFAULT: bool> Map<1, 1> for Exponential<DEFAULT> {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x]: [L; 1]) -> [L; 1] {
        [exponential::<L, DEFAULT>(x, self.scale.fill(x), self.shift.fill(x))]
    }
}

/// A row with a finite maximum: the map into its exponentials, and its maximum m, after the sign.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    pub(crate) map: Exponential,
    pub(crate) m: f64,
}

impl Row {
    #[inline(always)]
    pub(crate) fn new<R: Real, I: Isa>(token: Token<I>, scale: Scale, m: f64) -> Self {
        Row { map: Exponential::new(scale, shift_of::<R, I>(token, scale, m)), m }
    }

    /// The sum of the exponentials, which are stored in `place` if there is one.
    #[inline(always)]
    pub(crate) fn sum<R: Real, I: Isa>(self, token: Token<I>, x: Src<R>, place: Option<Dst<R>>, len: usize) -> f64 {
        match self.map.as_default() {
            Some(map) => token.sum_of_kept(map, [x], place, len),
            None => token.sum_of_kept(self.map, [x], place, len),
        }
    }

    /// The exponentials of entries of the row, not divided by the sum.
    #[inline(always)]
    pub(crate) fn exponentials<R: Real, I: Isa>(self, token: Token<I>, x: Src<R>, to: Dst<R>) {
        token.map(self.map, [x], [to]);
    }
}

/// The exponentials of a row and their sum.
///
/// An output in the type of the computation stores them. A format that rounds would round them: there they are computed
/// again from x when they are needed, so that the result is rounded once.
#[derive(Clone, Copy)]
pub(crate) struct Exponentials<'a, R> {
    pub(crate) sum: f64,
    /// The stored exponentials, or x.
    pub(crate) from: Src<'a, R>,
    /// The map of `from` into the exponentials, if they are not stored.
    recompute: Option<Exponential>,
}

impl<'a, R: Real> Exponentials<'a, R> {
    /// The exponentials of the row x, stored in y if there is one and its format does not round. `x` may be `y`.
    #[inline(always)]
    pub(crate) fn new<I: Isa>(token: Token<I>, row: Row, x: Src<'a, R>, y: Option<Dst<'a, R>>, len: usize) -> Self {
        let sum = row.sum(token, x, y.filter(|y| !y.rounds()), len);
        match y {
            Some(y) if !y.rounds() => Exponentials { sum, from: y.src(), recompute: None },
            _ => Exponentials { sum, from: x, recompute: Some(row.map) },
        }
    }

    /// Exponentials that are stored, and their sum.
    #[inline(always)]
    pub(crate) fn stored(from: Src<'a, R>, sum: f64) -> Self {
        Exponentials { sum, from, recompute: None }
    }

    /// The sum of the exponentials `start` to `start + len - 1`.
    #[inline(always)]
    fn sum_of_part<I: Isa>(self, token: Token<I>, start: usize, len: usize) -> f64 {
        token.call_outlined(Part {
            from: self.from.part(start, len),
            share: Share { recompute: self.recompute, scale: [1.0, 0.0] },
            len,
        })
    }

    /// The sum of all exponentials but one. The difference of the whole sum and that one would lose the bits below
    /// 2^-53 of the sum.
    #[inline(always)]
    pub(crate) fn sum_without<I: Isa>(self, token: Token<I>, index: usize, len: usize) -> f64 {
        self.sum_of_part(token, 0, index) + self.sum_of_part(token, index + 1, len - index - 1)
    }

    /// One exponential.
    #[inline(always)]
    pub(crate) fn read<I: Isa>(self, token: Token<I>, index: usize) -> f64 {
        match self.recompute {
            Some(map) => token.components::<R, _, 1>(map, self.from.read(index))[0],
            None => self.from.read(index),
        }
    }

    /// The map of `from` into `total` times the softmax.
    #[inline(always)]
    pub(crate) fn shares(self, total: f64) -> Share {
        Share { recompute: self.recompute, scale: HiLo::<R>::quotient(total, self.sum).into_f64() }
    }
}

/// The kernel for the sum of the exponentials of a part of a row.
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

/// The map of an exponential, or of the entry that it is computed from, times a scale: the share of the entry, if the
/// scale is 1 by the sum of the exponentials.
#[derive(Clone, Copy)]
pub(crate) struct Share {
    /// The map into the exponentials, if they are not stored.
    pub(crate) recompute: Option<Exponential>,
    /// The scale, high and low.
    pub(crate) scale: [f64; 2],
}

impl Share {
    #[inline(always)]
    pub(crate) fn new<R: Real>(row: Row, stored: bool, scale: HiLo<R>) -> Self {
        Share { recompute: (!stored).then_some(row.map), scale: scale.into_f64() }
    }

    /// A multiple of shares that are already computed.
    #[inline(always)]
    pub(crate) fn times<R: Real>(factor: f64) -> Self {
        Share { recompute: None, scale: HiLo::<R>::quotient(factor, 1.0).into_f64() }
    }

    #[inline(always)]
    pub(crate) fn of<L: Lanes>(self, x: L) -> L {
        let y = match self.recompute {
            Some(map) => {
                let [y] = map.apply([x]);
                y
            }
            None => x,
        };
        scaled(y, y.splat(self.scale[0]), y.splat(self.scale[1]))
    }
}

/// y times the double-double number high + low, rounded once. `high` must not be tiny.
#[inline(always)]
pub(crate) fn scaled<L: Lanes>(y: L, high: L, low: L) -> L {
    if L::FUSED {
        return high.mul_add(y, y * low);
    }
    let product = high * y;
    // |low| is at most half an ulp of |high|.
    let (sum, lost) = fast_two_sum(product, y * low);
    sum + (lost + product_error(high, y, product))
}

/// The error term of the product p = a b. One lane finds it in f64, by a third of the operations, where it is exactly that of
/// [`mul_error`](Lanes::mul_error): where neither a nor p is tiny.
#[inline(always)]
fn product_error<L: Lanes>(a: L, b: L, p: L) -> L {
    if const { L::COUNT == 1 && widens::<L>() && size_of::<L::Real>() == 4 } {
        let least = p.splat(power_of_two(-90));
        if !L::any(a.abs().lt(least)) && !L::any(p.abs().lt(least)) {
            return L::narrow(a.widen() * b.widen() - p.widen());
        }
    }
    a.mul_error(b, p)
}

impl Map<1, 1> for Share {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x]: [L; 1]) -> [L; 1] {
        [self.of(x)]
    }
}

/// The map ln x.
#[derive(Clone, Copy)]
pub(crate) struct Logarithm;

impl Map<1, 1> for Logarithm {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x]: [L; 1]) -> [L; 1] {
        [x.ln()]
    }
}

/// The map e^x of single numbers, by the formula for all of them: that for normal ones alone would double the kernels.
#[derive(Clone, Copy)]
struct Exp;

impl Map<1, 1> for Exp {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x]: [L; 1]) -> [L; 1] {
        [exp_parts(x).0]
    }
}

/// A map of one number, in an outlined function.
#[inline(always)]
pub(crate) fn one<I: Isa, M: Map<1, 1>>(token: Token<I>, map: M, x: f64) -> f64 {
    token.call_outlined(One { map, x })
}

/// The kernel of [`one`].
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

/// e^x, with the bits of the family of an instruction set.
#[inline(always)]
pub(crate) fn exp<I: Isa>(token: Token<I>, x: f64) -> f64 {
    token.map_one(Exp, x)
}

/// ln x, with the bits of the family of an instruction set.
#[inline(always)]
pub(crate) fn ln<I: Isa>(token: Token<I>, x: f64) -> f64 {
    token.map_one(Logarithm, x)
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::product_error;
    use crate::Level;
    use crate::simd::{Isa, Kernel, Lanes, Token, dispatch_scalar};

    struct Products;

    impl Kernel for Products {
        type Output = usize;
        #[inline(always)]
        fn run<I: Isa>(self, token: Token<I>) -> usize {
            let (mut state, mut in_f64) = (1_u64, 0);
            // Bits that are as good as random, under exponents from -150 to -1.
            let mut number = || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let exponent = (state >> 32) % 150;
                token.lane((1.0 + (state >> 40) as f32 / (1 << 24) as f32) * f32::powi(0.5, exponent as i32 + 1))
            };
            for _ in 0..1_000_000 {
                let (a, b) = (number(), number());
                let p = a * b;
                let [found, wanted] = [product_error(a, b, p), a.mul_error(b, p)].map(|x| token.number(x));
                assert_eq!(found.to_bits() << 1, wanted.to_bits() << 1, "{:e} {:e}", token.number(a), token.number(b));
                in_f64 += usize::from(token.number(p) > 1e-27);
            }
            in_f64
        }
    }

    /// The two ways to the error of a product give the same bits, but for the sign of 0, down to products that underflow.
    #[test]
    fn error_terms_are_those_of_registers_of_several_lanes() {
        Level::Sse2.set_global().unwrap();
        assert!(dispatch_scalar(Products) > 100_000);
    }
}
