//! Exponentials of a row, up to a factor that is common to all of them.
//!
//! The terms of a sum, and the shares that are made of them, may all be multiplied by the same number. So the largest
//! number of a row, m, need not be subtracted from the others, which would round. Instead x and m are each reduced by
//! their own multiple of ln 2, x = n ln 2 + r and m = N ln 2 + R, and e^x / e^m is 2^(n - N) e^(r - R). An error of R
//! is common to all. For x = m the result is exactly 1: the error of the term that dominates a sum would be that of all
//! its shares.
//!
//! Where m is far from 0, its subtraction is exact (Sterbenz) for every x that is not so far below m that it
//! underflows. It is done first, so that n stays small.
//!
//! The temperature t goes into the reduction: x = n (t ln 2) + r, and e^(r / t) costs one multiplication more than e^r.

use crate::simd::{Lanes, Real};

use super::exp::{Constants, bend, excess};
use super::pair::HiLo;
use super::rounding::two_sum;

/// The sign and temperature of a call, common to all of its rows: numbers of the type that is computed in, stored as
/// f64.
#[derive(Clone, Copy)]
pub(crate) struct Scale {
    /// 1, or -1 if the smallest number of a row gets the largest share.
    pub(crate) sign: f64,
    /// 1 / t, in two parts.
    pub(crate) inverse: [f64; 2],
    /// log2(e) / t.
    per_octave: f64,
    /// t ln 2; where products and sums do not fuse, the first part times any n is exact.
    octave: [f64; 2],
    /// t ln 2; the first part times any n is exact in f64.
    short: [f64; 2],
    temperature: f64,
}

impl Scale {
    /// The scale for the temperature t, or -t for the shares of -x; `fused` selects the family whose bits are computed.
    ///
    /// For the temperature 1 it is a constant, which a row need not wait for.
    #[inline(always)]
    pub(crate) fn new<R: Real>(temperature: f64, fused: bool) -> Self {
        if temperature == 1.0 { Self::of::<R>(1.0, fused) } else { Self::of_other::<R>(temperature, fused) }
    }

    /// As `new`, a function of its own.
    #[inline(never)]
    fn of_other<R: Real>(temperature: f64, fused: bool) -> Self {
        Self::of::<R>(temperature, fused)
    }

    #[inline(always)]
    fn of<R: Real>(temperature: f64, fused: bool) -> Self {
        let t = R::from_f64_rounded(temperature.abs()).into_f64();
        let [high, low] = f64::LN_2;
        let octave = HiLo::<f64>::new(high, low).by(t);
        // 30 bits, for n of 12 bits; in f32 14 bits, for n of 10.
        let short = first_bits(octave.high, 23);
        let short = [short, (octave.high - short) + octave.low];
        let first = if fused {
            R::from_f64_rounded(octave.high).into_f64()
        } else if size_of::<R>() == 4 {
            first_bits(octave.high, 39)
        } else {
            short[0]
        };
        let inverse = HiLo::<R>::quotient(1.0, t);
        Scale {
            sign: if temperature < 0.0 { -1.0 } else { 1.0 },
            inverse: inverse.into_f64(),
            per_octave: core::f64::consts::LOG2_E / t,
            octave: [first, (octave.high - first) + octave.low],
            short,
            temperature: t,
        }
    }

    /// The factor of x, sign / t, in two parts.
    #[inline(always)]
    pub(crate) fn factor(&self) -> [f64; 2] {
        [self.inverse[0] * self.sign, self.inverse[1] * self.sign]
    }

    /// The shift of a row whose largest number, after the sign, is m.
    #[inline(always)]
    pub(crate) fn shift<R: Real>(&self, m: f64) -> Shift<f64> {
        let lowest = R::EXP_UNDERFLOW - 10.0;
        let z = m * self.inverse[0];
        let far = z.abs() >= -2.0 * lowest;
        let octaves = (z * core::f64::consts::LOG2_E + f64::ROUND_MAGIC) - f64::ROUND_MAGIC;
        let octaves = if far { 0.0 } else { octaves };
        let rest = if far { 0.0 } else { m };
        let rest = R::from_f64_rounded((rest - octaves * self.short[0]) - octaves * self.short[1]).into_f64();
        Shift {
            minus: if far { -m } else { 0.0 },
            floor: if far { 0.0 } else { m } + lowest * self.temperature,
            octaves,
            rest,
            bias: -rest * self.per_octave,
        }
    }
}

/// The first 53 - n bits of x, rounded (Veltkamp).
#[inline(always)]
fn first_bits(x: f64, n: u32) -> f64 {
    let lifted = x * ((1u64 << n) as f64 + 1.0);
    lifted - (lifted - x)
}

/// The shift of a row, or of one row in each lane.
#[derive(Clone, Copy)]
pub(crate) struct Shift<V> {
    /// The number added to sign x: 0, or -m.
    pub(crate) minus: V,
    /// The bound below which exponentials underflow.
    pub(crate) floor: V,
    /// N.
    pub(crate) octaves: V,
    /// R.
    pub(crate) rest: V,
    /// -R log2(e) / t, so that r - R, not r, is within half an octave.
    pub(crate) bias: V,
}

impl Shift<f64> {
    #[inline(always)]
    pub(crate) fn fill<L: Lanes>(self, x: L) -> Shift<L> {
        Shift {
            minus: x.splat(self.minus),
            floor: x.splat(self.floor),
            octaves: x.splat(self.octaves),
            rest: x.splat(self.rest),
            bias: x.splat(self.bias),
        }
    }
}

/// True if the sign, the temperature and the number added to x change nothing.
#[inline(always)]
pub(crate) fn is_default(scale: Scale, shift: Shift<f64>) -> bool {
    scale.sign == 1.0 && scale.temperature == 1.0 && shift.minus == 0.0
}

/// e^(sign x / t) / e^(m / t), up to the common factor. Worst error: 1 ulp; the division by a temperature that is no
/// power of two adds half an ulp.
///
/// `DEFAULT` asserts [`is_default`], and leaves out what then changes nothing: two of some twenty operations.
#[inline(always)]
pub(crate) fn exponential<L: Lanes, const DEFAULT: bool>(x: L, scale: Scale, shift: Shift<L>) -> L {
    let x = if DEFAULT { x } else { x.mul_add(x.splat(scale.sign), shift.minus) };
    let x = x.at_least(shift.floor);
    let magic = x.fill(L::Real::ROUND_MAGIC);
    let n = (x.mul_add(x.splat(scale.per_octave), shift.bias) + magic) - magic;
    let (whole, low) = (n.mul_add(x.splat(-scale.octave[0]), x), x.splat(-scale.octave[1]));
    let e = if L::FUSED {
        let r = n.mul_add(low, whole - shift.rest);
        excess(if DEFAULT { r } else { r * scale.inverse[0] }) + 1.0
    } else {
        // Two roundings fewer make up for those of the products.
        let (difference, lost) = two_sum(whole, -shift.rest);
        let r = difference + (lost + n * low);
        let r = if DEFAULT { r } else { r * scale.inverse[0] };
        let sum = r + 1.0;
        sum + ((r - (sum - 1.0)) + bend(r))
    };
    e.ldexp(n - shift.octaves)
}
