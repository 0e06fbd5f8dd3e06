//! The exponentials of rows side by side, and the parts of their softmax: as `exponentials.rs`, for one row in each lane.

use super::exponentials::{ShiftOf, scaled, shift_of};
use crate::math::pair::HiLo;
use crate::math::shifted_exp::{Scale, Shift, exponential, is_default};
use crate::simd::{Isa, Kernel, Lanes, Real, Token};
use crate::slice::{Dst, Map, Src, WIDTH};

/// The shifts of the rows of a batch, as arrays of their components.
pub(crate) struct Shifts<R, const N: usize>(pub(crate) [[R; N]; 5]);

impl<R: Real, const N: usize> Shifts<R, N> {
    /// The shifts for the maxima of rows, after the sign; `None` if a maximum is not finite.
    #[inline(always)]
    pub(crate) fn new<I: Isa>(token: Token<I>, scale: Scale, largest: &[R; N]) -> Option<Self> {
        let mut finite = true;
        for m in largest {
            finite &= m.abs() <= R::MAX;
        }
        if !finite {
            return None;
        }
        let mut shifts = [[R::zero(); N]; 5];
        if N == 1 {
            // The results stay in registers, which the row waits for.
            let Shift { minus, floor, octaves, rest, bias } = shift_of::<R, I>(token, scale, largest[0].into_f64());
            shifts[0][0] = R::from_f64_rounded(minus);
            shifts[1][0] = R::from_f64_rounded(floor);
            shifts[2][0] = R::from_f64_rounded(octaves);
            shifts[3][0] = R::from_f64_rounded(rest);
            shifts[4][0] = R::from_f64_rounded(bias);
            return Some(Shifts(shifts));
        }
        let [minus, floor, octaves, rest, bias] = &mut shifts;
        let parts = [Dst::new(minus), Dst::new(floor), Dst::new(octaves), Dst::new(rest), Dst::new(bias)];
        token.map(ShiftOf(scale), [Src::new(largest)], parts);
        Some(Shifts(shifts))
    }

    /// True if the numbers added to x, the sign and the temperature change nothing.
    #[inline(always)]
    fn are_default(&self, scale: Scale) -> bool {
        let mut largest = R::zero();
        for minus in self.0[0] {
            largest = if minus.abs() > largest { minus.abs() } else { largest };
        }
        is_default(scale, largest.into_f64())
    }

    /// The shift of one row.
    #[inline(always)]
    pub(crate) fn of(&self, k: usize) -> Shift<f64> {
        let Self([minus, floor, octaves, rest, bias]) = self;
        Shift {
            minus: minus[k].into_f64(),
            floor: floor[k].into_f64(),
            octaves: octaves[k].into_f64(),
            rest: rest[k].into_f64(),
            bias: bias[k].into_f64(),
        }
    }

    /// The shifts of the first `n` rows, as inputs beside their entries.
    #[inline(always)]
    pub(crate) fn sources(&self, n: usize) -> [Src<'_, R>; 5] {
        let Self([minus, floor, octaves, rest, bias]) = self;
        [
            Src::new(&minus[..n]),
            Src::new(&floor[..n]),
            Src::new(&octaves[..n]),
            Src::new(&rest[..n]),
            Src::new(&bias[..n]),
        ]
    }
}

/// A double-double number for each row.
pub(crate) struct HiLos<R, const N: usize> {
    pub(crate) high: [R; N],
    pub(crate) low: [R; N],
}

impl<R: Real, const N: usize> HiLos<R, N> {
    #[inline(always)]
    pub(crate) fn new() -> Self {
        HiLos { high: [R::zero(); N], low: [R::zero(); N] }
    }

    /// The quotients total / sum.
    #[inline(always)]
    pub(crate) fn quotients(total: f64, sums: &[f64; N]) -> Self {
        let mut quotients = Self::new();
        for (k, sum) in sums.iter().enumerate() {
            quotients.set(k, HiLo::quotient(total, *sum));
        }
        quotients
    }

    #[inline(always)]
    pub(crate) fn set(&mut self, k: usize, number: HiLo<R>) {
        (self.high[k], self.low[k]) = (number.high, number.low);
    }

    #[inline(always)]
    pub(crate) fn of(&self, k: usize) -> [f64; 2] {
        [self.high[k].into_f64(), self.low[k].into_f64()]
    }

    /// The numbers of the first `n` rows, as inputs beside their entries.
    #[inline(always)]
    pub(crate) fn sources(&self, n: usize) -> [Src<'_, R>; 2] {
        [Src::new(&self.high[..n]), Src::new(&self.low[..n])]
    }
}

/// The maximum of x, times the sign, and the maximum so far.
#[derive(Clone, Copy)]
pub(crate) struct BatchedMax(pub(crate) f64);

impl Map<2, 1> for BatchedMax {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x, top]: [L; 2]) -> [L; 1] {
        [top.at_least(x * self.0)]
    }
}

/// As [`Exponential`], for a batch: the components of the shifts are inputs.
#[derive(Clone, Copy)]
pub(crate) struct BatchedExponential<const DEFAULT: bool>(pub(crate) Scale);

impl<const DEFAULT: bool> Map<6, 1> for BatchedExponential<DEFAULT> {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x, minus, floor, octaves, rest, bias]: [L; 6]) -> [L; 1] {
        [exponential::<L, DEFAULT>(x, self.0.fill(x), Shift { minus, floor, octaves, rest, bias })]
    }
}

/// As [`Share`], for a batch.
#[derive(Clone, Copy)]
pub(crate) struct BatchedShare;

impl Map<3, 1> for BatchedShare {
    #[inline(always)]
    fn apply<L: Lanes>(self, [y, high, low]: [L; 3]) -> [L; 1] {
        [scaled(y, high, low)]
    }
}

/// The maxima of the first `count` columns of a tile, after the sign, and the sums of their exponentials, which are
/// written to a tile, perhaps the same; for other columns 0 and 1. `None` if a maximum is not finite; no exponential is
/// written then. An outlined function, which everything that needs exponentials shares.
#[inline(always)]
pub(crate) fn exponentials<R: Real, I: Isa>(
    token: Token<I>,
    scale: Scale,
    count: usize,
    x: Src<R>,
    exponentials: Dst<R>,
) -> Option<[[f64; WIDTH]; 2]> {
    let mut numbers = [[0.0; WIDTH], [1.0; WIDTH]];
    let finite = token.call_outlined(Exponentials { scale, count, x, exponentials, numbers: &mut numbers });
    finite.then_some(numbers)
}

/// The kernel of [`exponentials`].
struct Exponentials<'a, R> {
    scale: Scale,
    count: usize,
    x: Src<'a, R>,
    exponentials: Dst<'a, R>,
    numbers: &'a mut [[f64; WIDTH]; 2],
}

impl<R: Real> Kernel for Exponentials<'_, R> {
    type Output = bool;
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) -> bool {
        let Self { scale, count, x, exponentials, numbers: [largest, sums] } = self;
        let mut tops = [R::neg_infinity(); WIDTH];
        let top = Dst::new(&mut tops);
        token.fold_columns::<_, _, 2, 1>(BatchedMax(scale.sign), [x, top.src()], count, top);
        // The columns beside the rows have the shift of a row of zeros.
        tops[count..].fill(R::zero());
        for (largest, top) in largest.iter_mut().zip(tops) {
            *largest = top.into_f64();
        }
        let Some(shifts) = Shifts::<R, WIDTH>::new(token, scale, &tops) else { return false };
        let [minus, floor, octaves, rest, bias] = shifts.sources(WIDTH);
        let inputs = [x, minus, floor, octaves, rest, bias];
        if shifts.are_default(scale) {
            token.map_columns::<_, _, 6, 1>(BatchedExponential::<true>(scale), inputs, exponentials, count);
        } else {
            token.map_columns::<_, _, 6, 1>(BatchedExponential::<false>(scale), inputs, exponentials, count);
        }
        token.sum_columns(exponentials.src(), count, sums);
        sums[count..].fill(1.0);
        true
    }
}
