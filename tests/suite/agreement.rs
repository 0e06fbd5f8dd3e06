//! The same bits, whatever the method, the length, the place in memory and the registers.

use crate::common::{
    Number, Outputs, Random, at_every_level, bits, cases, everything, fix_level, functions, inputs, none, samples,
    scale, specials,
};
use slopes::activation::{self, Activation, LogSoftmax, Relu, RowActivation, Rows, Sigmoid, Softmax};
use slopes::loss;
use slopes::{Family, Level};

/// What a slice method writes: the bits of value, slope, curvature or gradient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Output {
    Value,
    Slope,
    Curvature,
    Gradient,
}
use Output::{Curvature, Gradient, Slope, Value};

/// Calls a slice method with x, dy and what it writes.
pub type Method<T> = fn(&dyn Activation<T>, &[T], &[T], &mut [T]);

pub fn methods<T: Number>() -> [(&'static str, Output, Method<T>); 9] {
    [
        ("forward_slice", Value, |f, x, _, y| f.forward_slice(x, y)),
        ("forward_in_place", Value, |f, x, _, y| {
            y.copy_from_slice(x);
            f.forward_in_place(y);
        }),
        ("derivative_slice", Slope, |f, x, _, d| f.derivative_slice(x, d)),
        ("second_derivative_slice", Curvature, |f, x, _, d| f.second_derivative_slice(x, d)),
        ("backward_slice", Gradient, |f, x, dy, dx| f.backward_slice(x, dy, dx)),
        ("backward_slice of ones", Slope, |f, x, _, dx| f.backward_slice(x, &vec![T::one(); x.len()], dx)),
        ("backward_in_place", Gradient, |f, x, dy, dx| {
            dx.copy_from_slice(dy);
            f.backward_in_place(x, dx);
        }),
        ("the value of forward_with_derivative", Value, |f, x, _, y| {
            f.forward_with_derivative(x, y, &mut vec![T::zero(); x.len()]);
        }),
        ("the slope of forward_with_derivative", Slope, |f, x, _, d| {
            f.forward_with_derivative(x, &mut vec![T::zero(); x.len()], d);
        }),
    ]
}

/// Past the widest register, and past what one more store would reach.
const GUARD: usize = 40;
const OFFSETS: usize = 18;
const LENGTHS: usize = 258;

/// The scalar methods' bits, which the slice methods must give.
struct Expected<'a, T> {
    name: &'a str,
    f: &'a dyn Activation<T>,
    x: Vec<T>,
    dy: Vec<T>,
    /// In the order of [`Output`].
    bits: [Vec<u64>; 4],
}

impl<'a, T: Number> Expected<'a, T> {
    fn new(name: &'a str, f: &'a dyn Activation<T>, x: &[T], dy: &[T]) -> Self {
        let slope = |(x, dy): (&T, &T)| bits(*dy * f.derivative(*x));
        let bits = [
            x.iter().map(|x| bits(f.forward(*x))).collect(),
            x.iter().map(|x| bits(f.derivative(*x))).collect(),
            x.iter().map(|x| bits(f.second_derivative(*x))).collect(),
            x.iter().zip(dy).map(slope).collect(),
        ];
        Expected { name, f, x: x.to_vec(), dy: dy.to_vec(), bits }
    }

    /// Every method from `from` on, `len` numbers, written at another alignment than read.
    fn check(&self, from: usize, len: usize, buffer: &mut [T], level: Level) {
        let part = from..from + len;
        let at = GUARD + (OFFSETS - 1).saturating_sub(from);
        let untouched = T::of(-1234.5);
        for (method, output, call) in methods::<T>() {
            let buffer = &mut buffer[..at + len + GUARD];
            buffer.fill(untouched);
            call(self.f, &self.x[part.clone()], &self.dy[part.clone()], &mut buffer[at..at + len]);
            let place = || format!("{method} of {} {} at {level:?}, {len} numbers from {from}", self.name, T::NAME);
            for (i, (got, expected)) in buffer[at..].iter().zip(&self.bits[output as usize][part.clone()]).enumerate() {
                assert_eq!(bits(*got), *expected, "{}, number {i}, x = {}: {got}", place(), self.x[from + i]);
            }
            let outside = buffer[..at].iter().chain(&buffer[at + len..]);
            assert!(outside.into_iter().all(|x| *x == untouched), "{} wrote outside", place());
        }
    }
}

/// Specials between ordinary numbers. The offsets move each of them through all lanes.
fn mixed<T: Number>(count: usize) -> Vec<T> {
    let (specials, mut random) = (specials::<T>(), Random(2));
    let ordinary = |random: &mut Random| random.uniform(-30.0..=30.0);
    (0..count).map(|i| if i % 3 == 0 { specials[i / 3 % specials.len()] } else { ordinary(&mut random) }).collect()
}

fn slices_agree_with_numbers<T: Number>() {
    let count = LENGTHS + OFFSETS;
    let x = mixed::<T>(count);
    // Another phase, so that all kinds meet.
    let dy: Vec<T> = mixed(count + 100)[100..].to_vec();
    let mut buffer = vec![T::zero(); count + 2 * GUARD];
    at_every_level(|level| {
        for (number, f) in activation::all::<T>().iter().enumerate() {
            let expected = Expected::new(f.facts().name(), *f, &x, &dy);
            for len in 0..LENGTHS {
                // Every second pair of a length and an offset, the others with the next function.
                for from in (0..OFFSETS).filter(|from| (from + len + number) % (2 * scale()) == 0) {
                    expected.check(from, len, &mut buffer, level);
                }
            }
        }
    });
}

#[test]
fn slices_agree_with_numbers_in_f32() {
    slices_agree_with_numbers::<f32>();
}

#[test]
fn slices_agree_with_numbers_in_f64() {
    slices_agree_with_numbers::<f64>();
}

fn long_slices_agree_with_numbers<T: Number>() {
    let x = inputs::<T>(cases(1 << 14).max(4200));
    let dy = inputs::<T>(x.len() + 1)[1..].to_vec();
    let mut buffer = vec![T::zero(); x.len() + 2 * GUARD + OFFSETS];
    at_every_level(|level| {
        for (name, f) in functions::<T>() {
            let expected = Expected::new(name, f, &x, &dy);
            for (from, len) in [(0, 1000), (1, 1024), (3, 4099), (5, x.len() - 5)] {
                expected.check(from, len, &mut buffer, level);
            }
        }
    });
}

#[test]
fn long_slices_agree_with_numbers_in_both_types() {
    long_slices_agree_with_numbers::<f32>();
    long_slices_agree_with_numbers::<f64>();
}

fn losses_agree_with_numbers<T: Number>() {
    let count = LENGTHS + OFFSETS;
    let x = mixed::<T>(count);
    let shares: Vec<T> = mixed::<T>(count).iter().rev().map(|y| y.abs() / (y.abs() + T::one())).collect();
    let factor = T::of(-0.75);
    let check = |name: &str, level: Level, expected: &[u64], got: &[T]| {
        for (i, (expected, got)) in expected.iter().zip(got).enumerate() {
            assert_eq!(bits(*got), *expected, "{name} {} at {level:?}, number {i} of {}: {got}", T::NAME, expected);
        }
    };
    at_every_level(|level| {
        for loss in loss::all::<T>() {
            let (x, target) = samples(loss.facts(), &x, &shares);
            let each =
                |f: &dyn Fn(T, T) -> T| -> Vec<u64> { x.iter().zip(&target).map(|(x, y)| bits(f(*x, *y))).collect() };
            let value = each(&|x, y| loss.forward(x, y));
            let gradient = each(&|x, y| factor * loss.derivative(x, y));
            let bound = each(&|x, y| factor * loss.curvature_bound(x, y));
            let name = loss.facts().name();
            for len in 0..LENGTHS {
                let from = len % OFFSETS;
                let part = from..from + len;
                let (x, target) = (&x[part.clone()], &target[part.clone()]);
                let untouched = T::of(-1234.5);
                let (mut first, mut second) = (vec![untouched; len + GUARD], vec![untouched; len + GUARD]);

                loss.each(x, target, &mut first[..len]);
                check(name, level, &value[part.clone()], &first[..len]);
                loss.gradient(x, target, factor, &mut first[..len]);
                check(name, level, &gradient[part.clone()], &first[..len]);
                first.fill(untouched);
                let sum = loss.sum_with_gradient(x, target, factor, &mut first[..len]);
                check(name, level, &gradient[part.clone()], &first[..len]);
                assert_eq!(bits(sum), bits(loss.sum(x, target)), "the sum of {name}, {len} samples, {level:?}");
                loss.gradient_with_curvature(x, target, factor, &mut first[..len], &mut second[..len]);
                check(name, level, &gradient[part.clone()], &first[..len]);
                check(name, level, &bound[part.clone()], &second[..len]);
                assert!(first[len..].iter().chain(&second[len..]).all(|x| *x == untouched), "{name} wrote outside");
            }
        }
    });
}

#[test]
fn losses_agree_with_numbers_in_both_types() {
    losses_agree_with_numbers::<f32>();
    losses_agree_with_numbers::<f64>();
}

/// A row gives the same bits alone, among others, in place and out of place, wherever it begins.
fn rows_agree<T: Number>() {
    let mut random = Random(3);
    let source: Vec<T> =
        (0..4 * LENGTHS).map(|i| if i % 7 == 3 { T::neg_infinity() } else { random.uniform(-9.0..=9.0) }).collect();
    let dy: Vec<T> = source.iter().map(|_| random.uniform(-2.0..=2.0)).collect();
    let kinds: [(_, &dyn RowActivation<T>); 2] =
        [("softmax", &Softmax::default()), ("log_softmax", &LogSoftmax::default())];
    let same = |a: &[T], b: &[T]| a.iter().map(|x| bits(*x)).eq(b.iter().map(|x| bits(*x)));
    at_every_level(|level| {
        for (name, f) in kinds {
            for len in 1..LENGTHS {
                let rows = Rows::contiguous(len);
                let (from, count) = (len % OFFSETS, 3 * len);
                let (x, dy) = (&source[from..from + count], &dy[from..from + count]);
                let untouched = T::of(-1234.5);
                let (mut y, mut dx) = (vec![untouched; count + GUARD], vec![untouched; count + GUARD]);
                f.forward(x, rows, &mut y[..count]);
                f.backward(x, dy, rows, &mut dx[..count]);
                assert!(y[count..].iter().chain(&dx[count..]).all(|x| *x == untouched), "{name} wrote outside");
                let place = format!("{name} {} of rows of {len} at {level:?}", T::NAME);

                let mut in_place = x.to_vec();
                f.forward_in_place(&mut in_place, rows);
                assert!(same(&in_place, &y[..count]), "{place}, in place");
                // The second row, at another alignment.
                let (mut alone, row) = (vec![untouched; len + 1], len..2 * len);
                f.forward(&x[row.clone()], rows, &mut alone[1..]);
                assert!(same(&alone[1..], &y[row.clone()]), "{place}, alone");
                f.backward(&x[row.clone()], &dy[row.clone()], rows, &mut alone[1..]);
                assert!(same(&alone[1..], &dx[row]), "{place}, alone, backward");
            }
        }
    });
}

#[test]
fn rows_agree_in_both_types() {
    rows_agree::<f32>();
    rows_agree::<f64>();
}

pub fn families_agree<T: Number>() {
    let mut first: Vec<(Family, Level, Outputs<T>)> = Vec::new();
    let mut failures = Vec::new();
    at_every_level(|level| {
        let now = everything::<T>();
        let Some((_, other, outputs)) = first.iter().find(|(family, ..)| *family == level.family()) else {
            first.push((level.family(), level, now));
            return;
        };
        for ((name, expected), (_, got)) in outputs.iter().zip(&now) {
            if let Some(i) = (0..got.len()).find(|&i| bits(got[i]) != bits(expected[i])) {
                failures.push(format!("{name}, number {i}: {} at {level:?}, {} at {other:?}", got[i], expected[i]));
            }
        }
    });
    none(&failures);
}

#[test]
fn families_agree_in_f32() {
    families_agree::<f32>();
}

#[test]
fn families_agree_in_f64() {
    families_agree::<f64>();
}

/// With more than 64 MiB of input and output, stores pass the caches. That must not show in a bit, whatever the
/// alignment, and must end where the slice ends.
#[test]
fn streaming_agrees_with_short_calls() {
    const LEN: usize = (9 << 20) + 21;
    const CHUNK: usize = 1 << 20;
    let mut random = Random(4);
    let block: Vec<f32> = (0..4099).map(|_| random.uniform(-20.0..=20.0)).collect();
    let x: Vec<f32> = block.iter().copied().cycle().take(LEN).collect();
    let mut expected = vec![0.0; LEN];
    let mut long = vec![0.0; LEN + 2 * GUARD];
    let methods: [(&str, &dyn Activation<f32>, Method<f32>); 3] = [
        ("forward_slice", &Sigmoid, |f, x, _, y| f.forward_slice(x, y)),
        ("forward_slice", &Relu, |f, x, _, y| f.forward_slice(x, y)),
        ("backward_slice", &Sigmoid, |f, x, dy, dx| f.backward_slice(x, dy, dx)),
    ];
    at_every_level(|level| {
        for (method, f, call) in methods {
            for (x, y) in x.chunks(CHUNK).zip(expected.chunks_mut(CHUNK)) {
                call(f, x, x, y);
            }
            for from in [GUARD, GUARD + 1] {
                long.fill(-1234.5);
                call(f, &x, &x, &mut long[from..from + LEN]);
                let got = &long[from..from + LEN];
                let differs = (0..LEN).find(|&i| got[i].to_bits() != expected[i].to_bits());
                assert_eq!(differs, None, "{method} of {} at {level:?}", f.facts().name());
                let mut outside = long[..from].iter().chain(&long[from + LEN..]);
                assert!(outside.all(|x| *x == -1234.5), "{method} at {level:?} wrote outside");
            }
        }
    });
}

/// A sum does not depend on the registers, and the whole is made of its halves.
#[test]
fn sums_are_trees() {
    let mut random = Random(5);
    let x: Vec<f64> = (0..1 << 16).map(|_| random.uniform(-1.0..=1.0)).collect();
    let shares = vec![0.0; x.len()];
    let half = x.len() / 2;
    at_every_level(|level| {
        for loss in loss::all::<f64>() {
            let (x, target) = samples(loss.facts(), &x, &shares);
            let sum = |part: std::ops::Range<usize>| loss.sum(&x[part.clone()], &target[part]);
            let (whole, halves) = (sum(0..x.len()), sum(0..half) + sum(half..x.len()));
            assert!(whole == halves && whole.is_finite(), "{} at {level:?}: {whole}", loss.facts().name());
        }
    });
}

#[test]
fn the_best_level_of_the_machine_is_found() {
    let _fixed = fix_level();
    assert_eq!(Level::detected(), best_level());
    assert_eq!(Level::current(), Level::detected());
    if let Ok(expected) = std::env::var("SLOPES_EXPECT_LEVEL") {
        assert_eq!(format!("{:?}", Level::detected()), expected, "SLOPES_EXPECT_LEVEL");
    }
}

/// What the standard library says.
#[cfg(target_arch = "x86_64")]
fn best_level() -> Level {
    let has_avx2 =
        is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") && is_x86_feature_detected!("f16c");
    let has_avx512 = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl");
    match (has_avx2, has_avx512) {
        (true, true) => Level::Avx512,
        (true, false) => Level::Avx2,
        _ => Level::Sse2,
    }
}

#[cfg(target_arch = "aarch64")]
fn best_level() -> Level {
    Level::Neon
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn best_level() -> Level {
    Level::Scalar
}

#[test]
fn every_lower_level_is_available() {
    let _fixed = fix_level();
    let available: Vec<_> = Level::available().collect();
    let expected: &[Level] = match Level::detected() {
        Level::Avx512 => &[Level::Scalar, Level::Sse2, Level::Avx2, Level::Avx512],
        Level::Avx2 => &[Level::Scalar, Level::Sse2, Level::Avx2],
        Level::Sse2 => &[Level::Scalar, Level::Sse2],
        Level::Neon => &[Level::Scalar, Level::Neon],
        _ => &[Level::Scalar],
    };
    assert_eq!(available, expected);
}
