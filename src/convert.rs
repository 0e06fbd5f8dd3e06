//! Conversions between f32 and f64 by whole numbers, for machines without f64: its routines, which a compiler calls there,
//! would be most of a small program.

use crate::simd::HAS_F64;

/// True if the numbers are equal; neither is NaN.
#[inline(always)]
pub(crate) fn equal(a: f64, b: f64) -> bool {
    if HAS_F64 {
        return a == b;
    }
    let (a, b) = (a.to_bits(), b.to_bits());
    // By halves: of a whole number that is 0 but for its sign, the compiler makes a comparison of f64 again.
    a == b || ((a | b) >> 32) as u32 & (u32::MAX >> 1) | (a | b) as u32 == 0
}

/// Half of x, a normal number or 0.
#[inline(always)]
pub(crate) fn half(x: f64) -> f64 {
    if HAS_F64 {
        return 0.5 * x;
    }
    let bits = x.to_bits();
    if (bits >> 52) & 0x7ff <= 1 { 0.0 } else { f64::from_bits(bits - (1 << 52)) }
}

/// True if x, which is not NaN, is below 0.
#[inline(always)]
pub(crate) fn is_negative(x: f64) -> bool {
    if HAS_F64 { x < 0.0 } else { x.to_bits() > (-0.0_f64).to_bits() }
}

/// True if x is NaN.
#[inline(always)]
pub(crate) fn is_nan(x: f64) -> bool {
    x.to_bits() << 1 > f64::INFINITY.to_bits() << 1
}

/// The distance of the biases of the two exponents.
const BIAS: u32 = 1023 - 127;

/// `value` rounded to f32, to nearest, ties to even.
#[inline(always)]
pub(crate) fn narrowed(value: f64) -> f32 {
    if HAS_F64 { value as f32 } else { narrowed_by_bits(value) }
}

#[inline(always)]
fn narrowed_by_bits(value: f64) -> f32 {
    let bits = value.to_bits();
    let sign = (bits >> 63 << 31) as u32;
    let magnitude = bits & (u64::MAX >> 1);
    let exponent = (magnitude >> 52) as u32;
    // Constants, which are folded, do not reach the outlined function.
    if exponent.wrapping_sub(BIAS + 1) < 254 {
        return f32::from_bits(sign | narrowed_normal(magnitude));
    }
    if magnitude == 0 {
        return f32::from_bits(sign);
    }
    f32::from_bits(sign | narrowed_end(magnitude))
}

/// A positive number that is a normal one of f32, rounded.
#[inline(always)]
pub(crate) fn narrowed_positive(value: f64) -> f32 {
    if HAS_F64 { value as f32 } else { f32::from_bits(narrowed_normal(value.to_bits())) }
}

/// The bits of a positive number that is a normal one of f32.
#[inline(always)]
fn narrowed_normal(magnitude: u64) -> u32 {
    // Half of the last place that is left, less the least bit for an even number; a carry may reach the exponent.
    let half = (1 << 28) - 1 + (magnitude >> 29 & 1);
    (((magnitude + half) >> 29) as u32).wrapping_sub(BIAS << 23)
}

/// The bits of a positive number that is no normal one of f32.
#[inline(never)]
fn narrowed_end(magnitude: u64) -> u32 {
    let infinity = f32::INFINITY.to_bits();
    let exponent = (magnitude >> 52) as u32;
    if exponent > BIAS {
        let nan = magnitude > f64::INFINITY.to_bits();
        return infinity | (u32::from(nan) << 22);
    }
    // A whole multiple of 2^-149, and what is below it. At most 2^-1 of that, of numbers far below.
    let shift = (BIAS + 30 - exponent).min(63);
    let significand = magnitude & ((1 << 52) - 1) | 1 << 52;
    let (whole, rest) = ((significand >> shift) as u32, significand << (64 - shift));
    let half = 1 << 63;
    whole + u32::from(rest > half || rest == half && whole & 1 == 1)
}

/// `value` as f64, exactly.
#[inline(always)]
pub(crate) fn widened(value: f32) -> f64 {
    if HAS_F64 { f64::from(value) } else { widened_by_bits(value) }
}

#[inline(always)]
fn widened_by_bits(value: f32) -> f64 {
    let bits = value.to_bits();
    let sign = u64::from(bits >> 31) << 63;
    let magnitude = bits & (u32::MAX >> 1);
    let exponent = magnitude >> 23;
    if exponent.wrapping_sub(1) < 254 {
        return f64::from_bits(sign | (u64::from(magnitude) + (u64::from(BIAS) << 23)) << 29);
    }
    f64::from_bits(sign | widened_end(magnitude))
}

/// The bits of a positive number that is no normal one.
#[inline(never)]
fn widened_end(magnitude: u32) -> u64 {
    if magnitude >> 23 == 255 {
        return f64::INFINITY.to_bits() | u64::from(magnitude & 0x7f_ffff) << 29;
    }
    if magnitude == 0 {
        return 0;
    }
    // Shifted so that the first bit is the one above the fraction, which adds 1 to the exponent.
    let up = magnitude.leading_zeros() - 8;
    (u64::from(BIAS - up) << 52) + (u64::from(magnitude << up) << 29)
}

/// `value` as two f32, the second what the first lacks, of 48 bits together; one with nothing behind it where that is no
/// normal number.
pub(crate) fn parts(value: f64) -> [f32; 2] {
    const BEHIND: u64 = (1 << 29) - 1;
    let high = narrowed(value);
    let bits = value.to_bits();
    let exponent = (bits >> 52) as u32 & 0x7ff;
    if exponent <= BIAS + 53 || !high.is_finite() {
        return [high, 0.0];
    }
    // The number is cut to the bits that an f32 has, and the rest is a whole multiple of the last place.
    let first = narrowed(f64::from_bits(bits & !BEHIND));
    let place = f32::from_bits((exponent - BIAS - 52) << 23).copysign(first);
    let rest = (bits & BEHIND) as u32 as f32 * place;
    [high, rest - (high - first)]
}

/// `n` as f64, rounded.
pub(crate) fn of_count(n: usize) -> f64 {
    if HAS_F64 { n as f64 } else { of_count_by_bits(n as u64) }
}

#[inline(always)]
fn of_count_by_bits(n: u64) -> f64 {
    let Some(place) = n.checked_ilog2() else { return 0.0 };
    // The leading bit is the one above the fraction, which adds 1 to the exponent; a carry adds 1 more.
    let exponent = u64::from(1023 - 1 + place) << 52;
    if place <= 52 {
        return f64::from_bits(exponent + (n << (52 - place)));
    }
    let (whole, rest) = (n >> (place - 52), n << (64 - (place - 52)));
    let half = 1 << 63;
    f64::from_bits(exponent + whole + u64::from(rest > half || rest == half && whole & 1 == 1))
}

#[cfg(test)]
mod tests {
    use super::{narrowed_by_bits, narrowed_normal, of_count_by_bits, parts, widened_by_bits};

    /// Both parts together are within 2^-47 of a number, and the first is the nearest f32.
    #[test]
    fn parts_are_all_of_a_number() {
        let mut state = 1_u64;
        for i in 0..1_000_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // Exponents from -73 to 127, where the rest is a normal number; and the ends of a binade.
            let fraction = [state >> 12, 0, 1, (1 << 52) - 1, 1 << 28, 3 << 28, (1 << 28) - 1][i % 7];
            let x = f64::from_bits((950 + (state >> 20) % 200) << 52 | fraction) * [1.0, -1.0][i % 2];
            let [high, low] = parts(x);
            assert_eq!(high, x as f32, "{x:e}");
            assert!(
                (f64::from(high) - x + f64::from(low)).abs() <= x.abs() * f64::powi(0.5, 47),
                "{x:e} {high:e} {low:e}"
            );
        }
        for x in [0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e300, -1e300, 1e-300, 1e-40] {
            let [high, low] = parts(x);
            assert_eq!((high.to_bits(), low.to_bits()), ((x as f32).to_bits(), 0), "{x:e}");
        }
    }

    #[test]
    fn counts_are_rounded_as_by_the_processor() {
        for place in 0..64 {
            let power = 1_u64 << place;
            let near = [1, 2, 3, power >> 53, power >> 54, power >> 1, (power >> 52) * 3 / 2];
            for n in near.into_iter().flat_map(|d| [power.wrapping_add(d), power.wrapping_sub(d), power]) {
                assert_eq!(of_count_by_bits(n).to_bits(), (n as f64).to_bits(), "{n}");
            }
        }
    }

    /// The processor converts as the standard demands.
    #[test]
    fn conversions_are_those_of_the_processor() {
        let check = |x: f64| {
            let (got, expected) = (narrowed_by_bits(x), x as f32);
            assert!(got.to_bits() == expected.to_bits() || got.is_nan() && expected.is_nan(), "{x:e}");
            if expected.is_normal() && x >= f64::from(f32::MIN_POSITIVE) {
                assert_eq!(narrowed_normal(x.to_bits()), expected.to_bits(), "{x:e}");
            }
            let (got, expected) = (widened_by_bits(expected), f64::from(expected));
            assert!(got.to_bits() == expected.to_bits() || got.is_nan() && expected.is_nan(), "{x:e}");
        };
        // The middle between two f32, and its neighbours, around every power of two and beyond the ends.
        for exponent in 0..2048_u64 {
            for fraction in [0, 1, 1 << 28, 1 << 29, 3 << 28, (1 << 52) - 1, (1 << 52) - (1 << 28), 0x5_5555_5555_5555]
            {
                for bits in [-1_i64, 0, 1].map(|step| (exponent << 52 | fraction).wrapping_add_signed(step)) {
                    check(f64::from_bits(bits));
                    check(f64::from_bits(bits | 1 << 63));
                }
            }
        }
        let mut state = 1_u64;
        for _ in 0..1_000_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // Half of them are in the range of f32.
            let near = 0x3680_0000_0000_0000 + (state >> 12) % 0x1180_0000_0000_0000;
            check(f64::from_bits(if state & 1 == 0 { state } else { near }));
        }
    }
}
