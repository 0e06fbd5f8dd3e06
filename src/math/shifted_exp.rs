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

use crate::convert::narrowed_positive;
use crate::simd::{Lanes, Real};

use super::exp::{Constants, bend, excess, power_of_two};
use super::pair::HiLo;
use super::rounding::{div_remainder, two_sum};

/// The sign and temperature of a call, common to all of its rows: numbers of the type that is computed in, stored as
/// f64 or in registers.
#[derive(Clone, Copy)]
pub(crate) struct Scale<N = f64> {
    /// 1, or -1 if the smallest number of a row gets the largest share.
    pub(crate) sign: N,
    /// 1 / t, in two parts.
    pub(crate) inverse: [N; 2],
    /// log2(e) / t.
    per_octave: N,
    /// t ln 2; where products and sums do not fuse, the first part times any n is exact.
    octave: [N; 2],
    temperature: N,
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
        // Without FMA 14 bits, for n of 10 bits; in f64 30, for n of 12.
        let first = if fused {
            R::from_f64_rounded(octave.high).into_f64()
        } else {
            first_bits(octave.high, if size_of::<R>() == 4 { 39 } else { 23 })
        };
        let inverse = HiLo::<R>::quotient(1.0, t);
        Scale {
            sign: if temperature < 0.0 { -1.0 } else { 1.0 },
            inverse: inverse.into_f64(),
            per_octave: core::f64::consts::LOG2_E / t,
            octave: [first, (octave.high - first) + octave.low],
            temperature: t,
        }
    }

    /// The factor of x, sign / t, in two parts.
    #[inline(always)]
    pub(crate) fn factor(&self) -> [f64; 2] {
        [self.inverse[0] * self.sign, self.inverse[1] * self.sign]
    }

    /// The same numbers in all lanes.
    #[inline(always)]
    pub(crate) fn fill<L: Lanes>(self, x: L) -> Scale<L> {
        let Scale { sign, inverse, per_octave, octave, temperature } = self;
        Scale {
            sign: x.splat(sign),
            inverse: [x.splat(inverse[0]), x.splat(inverse[1])],
            per_octave: x.splat(per_octave),
            octave: [x.splat(octave[0]), x.splat(octave[1])],
            temperature: x.splat(temperature),
        }
    }
}

impl<L: Lanes<Real = f32>> Scale<L> {
    /// As [`new`](Scale::new), of f32 alone.
    #[inline(always)]
    pub(crate) fn in_f32(x: L, temperature: f64) -> Self {
        const LOG2_E: f64 = core::f64::consts::LOG2_E;
        const PER_OCTAVE: [f32; 2] = [LOG2_E as f32, (LOG2_E - LOG2_E as f32 as f64) as f32];
        // From 1e-15 to 1e15.
        let t = x.fill(narrowed_positive(temperature.abs()));
        let HiLo { high, low } = HiLo { high: t, low: x.splat(0.0) }.under(x.splat(1.0));
        let ratio = x.fill(PER_OCTAVE[0]) / t;
        let lost = div_remainder(x.fill(PER_OCTAVE[0]), ratio, t) + x.fill(PER_OCTAVE[1]);
        let [ln_2, rest] = <f32 as super::exp::Constants>::LN_2;
        let octave = HiLo { high: x.fill(ln_2), low: x.fill(rest) }.multiplied(t);
        // Without FMA 14 bits, as above.
        let lifted = octave.high * 1025.0;
        let first = if L::FUSED { octave.high } else { lifted - (lifted - octave.high) };
        Scale {
            sign: x.splat(1.0f64.copysign(temperature)),
            inverse: [high, low],
            per_octave: ratio + lost / t,
            octave: [first, (octave.high - first) + octave.low],
            temperature: t,
        }
    }
}

impl<L: Lanes> Scale<L> {
    /// The shift of a row whose largest number, after the sign, is m; one row in each lane.
    #[inline(always)]
    pub(crate) fn shift(&self, m: L) -> Shift<L> {
        let (zero, magic) = (m.splat(0.0), m.round_magic());
        let lowest = self.temperature * (L::Real::EXP_UNDERFLOW - 10.0);
        let far = (lowest * -2.0).le(m.abs());
        let octaves = zero.select(far, m.mul_add(self.per_octave, magic) - magic);
        let near = zero.select(far, m);
        let rest = octaves.mul_add(-self.octave[0], near);
        let rest = octaves.mul_add(-self.octave[1], rest);
        Shift { minus: near - m, floor: near + lowest, octaves, rest, bias: rest * -self.per_octave }
    }
}

/// The first 53 - n bits of x, rounded (Veltkamp).
#[inline(always)]
fn first_bits(x: f64, n: u32) -> f64 {
    let lifted = x * ((1u64 << n) as f64 + 1.0);
    lifted - (lifted - x)
}

/// The shift of one row in each lane.
#[derive(Clone, Copy)]
pub(crate) struct Shift<L> {
    /// The number added to sign x: 0, or -m.
    pub(crate) minus: L,
    /// The bound below which exponentials underflow.
    pub(crate) floor: L,
    /// N.
    pub(crate) octaves: L,
    /// R.
    pub(crate) rest: L,
    /// -R log2(e) / t, so that r - R, not r, is within half an octave.
    pub(crate) bias: L,
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

/// True if the sign, the temperature and the number added to x, `minus`, change nothing.
#[inline(always)]
pub(crate) fn is_default(scale: Scale, minus: f64) -> bool {
    scale.sign == 1.0 && scale.temperature == 1.0 && minus == 0.0
}

/// e^(sign x / t) / e^(m / t), up to the common factor. Worst error: 1 ulp; the division by a temperature that is no
/// power of two adds half an ulp.
///
/// `DEFAULT` asserts [`is_default`], and leaves out what then changes nothing: two of some twenty operations.
#[inline(always)]
pub(crate) fn exponential<L: Lanes, const DEFAULT: bool>(x: L, scale: Scale<L>, shift: Shift<L>) -> L {
    let x = if DEFAULT { x } else { x.mul_add(scale.sign, shift.minus) };
    let x = x.at_least(shift.floor);
    // 2^(n - N + LIFT) is normal down to the floor, so that only the last product rounds into the subnormals.
    let magic = x.power_magic() + (x.fill(L::Real::from_i32(L::Real::LIFT)) - shift.octaves);
    let j = x.mul_add(scale.per_octave, shift.bias) + magic;
    let (power, n) = (j.to_power(), j - magic);
    let (whole, low) = (n.mul_add(-scale.octave[0], x), -scale.octave[1]);
    let lifted = if L::FUSED {
        let r = n.mul_add(low, whole - shift.rest);
        excess(if DEFAULT { r } else { r * scale.inverse[0] }).mul_add(power, power)
    } else {
        // Two roundings fewer make up for those of the products.
        let (difference, lost) = two_sum(whole, -shift.rest);
        let r = difference + (lost + n * low);
        let r = if DEFAULT { r } else { r * scale.inverse[0] };
        let sum = r + 1.0;
        (sum + ((r - (sum - 1.0)) + bend(r))) * power
    };
    lifted * power_of_two(-L::Real::LIFT)
}
