//! f16 and bf16: conversions, every input of every function, and that f32 computes what they hold.

use half::{bf16, f16};

use crate::agreement::methods;
use crate::common::halves::{Half, all, f32s, f64s, wrong};
use crate::common::{GUARD, Number, ORDERS, Random, at_every_level, bits, fix_level, ldexp, none, scale};
use crate::functions::three;
use slopes::Lanes;
use slopes::activation::{Activation, Formula, LeakyRelu};

/// x times a constant that an f32 holds: any f32 can be made to be stored.
#[derive(Clone, Copy)]
struct Times(f32);
impl Formula for Times {
    #[inline(always)]
    fn f<L: Lanes>(self, x: L) -> L {
        x * f64::from(self.0)
    }
    #[inline(always)]
    fn df<L: Lanes>(self, x: L) -> L {
        x.splat(f64::from(self.0))
    }
    #[inline(always)]
    fn d2f<L: Lanes>(self, x: L) -> L {
        x.splat(0.0)
    }
}
slopes::impl_activation!(Times);

/// Against the `half` crate: x widened, times the constant, rounded.
fn check_times<T: Half>(x: &[T], constant: f32, y: &mut [T], label: &str) {
    Times(constant).forward_slice(x, y);
    for (x, y) in x.iter().zip(y) {
        let (product, expected) = (x.widened() * constant, T::narrowed(x.widened() * constant));
        let right =
            if expected.is_nan() { y.is_nan() && y.bits() & T::QUIET != 0 } else { y.bits() == expected.bits() };
        assert!(right, "{:e} ({:#x}) in {}, {label}: {y}, not {expected}", product, product.to_bits(), T::NAME);
    }
}

/// Halfway to the next number of larger magnitude, or, of the largest, to the one that the type lacks.
fn tie_after<T: Half>(x: T) -> f64 {
    let next = x.bits() + 1;
    let next = if T::of_bits(next).is_finite() { T::of_bits(next).into_f64() } else { ldexp(1.0, T::MAX_EXPONENT + 1) };
    (x.into_f64().abs() + next.abs()).copysign(x.into_f64()) / 2.0
}

pub fn conversions_are_right<T: Half>() {
    let all = all::<T>();
    let few: Vec<T> = [1.0, -1.0, 2.0, 0.5, -1.5].iter().cycle().take(37).map(|&x| T::from_f64_rounded(x)).collect();
    let mut constants: Vec<f32> = (0..=u32::MAX).step_by(65537 * scale()).map(f32::from_bits).collect();
    for x in all.iter().filter(|x| x.is_finite()) {
        let tie = tie_after(*x) as f32;
        constants.extend([tie.next_down(), tie, tie.next_up()]);
    }
    let mut y = vec![T::zero(); all.len()];
    at_every_level(|level| {
        for constant in [1.0, 1.1, 0.001, 3e4] {
            check_times(&all, constant, &mut y, &format!("{level:?}"));
        }
        for &constant in &constants {
            check_times(&few, constant, &mut y[..few.len()], &format!("{level:?}"));
        }
    });
}

#[test]
fn conversions_are_right_in_both_types() {
    conversions_are_right::<f16>();
    conversions_are_right::<bf16>();
}

/// Of an f64, which has so many bits more that rounding to f32 in between would make ties of what is none.
fn numbers_round_once<T: Half>() {
    let infinity = T::infinity().bits();
    for low in 0..infinity {
        let x = T::of_bits(low);
        let tie = tie_after(x);
        let even = low + (low & 1);
        for sign in [0, 0x8000] {
            let of = |x: f64| T::from_f64_rounded(if sign == 0 { x } else { -x }).bits();
            let got = [x.into_f64(), tie.next_down(), tie, tie.next_up()].map(of);
            assert_eq!(got, [low, low, even, low + 1].map(|bits| bits | sign), "about {tie:e} in {}", T::NAME);
        }
    }
    assert!(T::from_f64_rounded(f64::NAN).is_nan());
    assert_eq!(
        [T::from_f64_rounded(f64::MAX), T::from_f64_rounded(f64::NEG_INFINITY)],
        [T::infinity(), T::neg_infinity()]
    );
    assert_eq!([T::from_f64_rounded(5e-324).bits(), T::from_f64_rounded(-5e-324).bits()], [0, 0x8000]);
}

#[test]
fn numbers_round_once_in_both_types() {
    numbers_round_once::<f16>();
    numbers_round_once::<bf16>();
}

/// Against the f64 kernels, whose own error the reference bounds.
fn every_input_is_right<T: Half>() {
    let x = all::<T>();
    let references: Vec<[Vec<f64>; 3]> = {
        let _fixed = fix_level();
        crate::functions::references().iter().map(|f| three(*f, &f64s(&x))).collect()
    };
    let mut failures = Vec::new();
    at_every_level(|level| {
        for (f, exact) in crate::functions::all::<T>().iter().zip(&references) {
            for (order, got) in three(*f, &x).iter().enumerate() {
                let label = format!("{} {} {level:?}", f.spec().name(), ORDERS[order]);
                let floor = |i: usize| f.spec().absolute_at(f.spec().f32, order, x[i].into_f64()) * f32::unit();
                failures.extend(wrong(&label, got, &exact[order], floor));
            }
        }
    });
    none(&failures);
}

#[test]
fn every_input_is_right_in_f16() {
    every_input_is_right::<f16>();
}

#[test]
fn every_input_is_right_in_bf16() {
    every_input_is_right::<bf16>();
}

/// What f32 computes of the widened inputs, rounded: in every method, of slices of every length up to some registers.
fn slices_round_what_f32_computes<T: Half>() {
    const LEN: usize = 70;
    let mut random = Random(6);
    let mut any = || -> Vec<T> { (0..LEN).map(|_| T::of_bits(random.next() as u16)).collect() };
    let (x, dy) = (any(), any());
    let (wide, wide_dy) = (f32s(&x), f32s(&dy));
    let untouched = T::from_f64_rounded(-1234.5);
    let mut buffer = [untouched; LEN + 2 * GUARD];
    at_every_level(|level| {
        for (f, g) in crate::functions::all::<T>().iter().zip(crate::functions::all::<f32>()) {
            let name = f.spec().name();
            let round = |y: f32| bits(T::from_f64_rounded(y.into()));
            let expected: Vec<[u64; 4]> = wide
                .iter()
                .zip(&wide_dy)
                .map(|(&x, dy)| {
                    [g.forward(x), g.derivative(x), g.second_derivative(x), dy * g.derivative(x)].map(round)
                })
                .collect();
            for (x, expected) in x.iter().zip(&expected) {
                let got = [f.forward(*x), f.derivative(*x), f.second_derivative(*x)].map(bits);
                assert_eq!(got, expected[..3], "{name} of {x} in {}, {level:?}", T::NAME);
            }
            for len in 0..=LEN {
                let part = GUARD + len % 3..GUARD + len % 3 + len;
                for (method, output, call) in methods::<T>() {
                    buffer.fill(untouched);
                    call(*f, &x[..len], &dy[..len], &mut buffer[part.clone()]);
                    let place = || format!("{method} of {name} {}, {len} numbers, {level:?}", T::NAME);
                    for (i, got) in buffer[part.clone()].iter().enumerate() {
                        assert_eq!(bits(*got), expected[i][output as usize], "{}, x = {}: {got}", place(), x[i]);
                    }
                    let mut outside = buffer[..part.start].iter().chain(&buffer[part.end..]);
                    assert!(outside.all(|x| *x == untouched), "{} wrote outside", place());
                }
            }
        }
    });
}

#[test]
fn slices_round_what_f32_computes_in_both_types() {
    slices_round_what_f32_computes::<f16>();
    slices_round_what_f32_computes::<bf16>();
}

/// Long slices, which are prefetched, end where they end.
#[test]
fn long_slices_agree_with_short_ones() {
    const LEN: usize = (17 << 20) + 21;
    let block: Vec<f16> = (0..4099).map(|i| f16::from_f32(i as f32 / 64.0 - 32.0)).collect();
    let x: Vec<f16> = block.iter().copied().cycle().take(LEN).collect();
    let mut y = vec![f16::NAN; LEN + 9];
    let half_of_negative = LeakyRelu::new(0.5).unwrap();
    at_every_level(|level| {
        for from in [0, 5] {
            y.fill(f16::NAN);
            half_of_negative.forward_slice(&x, &mut y[from..from + LEN]);
            let expected = |x: f16| if x > f16::ZERO { x } else { f16::from_f32(x.to_f32() / 2.0) };
            let differs = (0..LEN).find(|&i| y[from + i] != expected(x[i]));
            assert_eq!(differs, None, "{level:?}, from {from}");
            assert!(y[..from].iter().chain(&y[from + LEN..]).all(|y| y.is_nan()), "{level:?} wrote outside");
        }
    });
}
