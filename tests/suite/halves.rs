//! f16 and bf16: conversions, every input of every function, and that f32 computes what they hold.

use half::{bf16, f16};

use crate::agreement::{families_agree, methods};
use crate::common::{
    Distance, Exact, Number, ORDERS, Random, SLACK, at_every_level, bits, fix_level, ldexp, none, samples, scale, three,
};
use slopes::activation::{self, Activation, Formula, LogSoftmax, Relu, RowActivation, Rows, Softmax};
use slopes::loss::{self, Loss, Mse, RowLoss, SoftmaxCrossEntropy, Targets};
use slopes::{Facts, Lanes, Ulp};

/// Rounding costs half an ulp. What is rounded is an f32: its own few ulp are 2^13 (bf16: 2^16) times smaller, and the
/// largest budget of a function leaves them below this.
const BUDGET: f64 = 0.5 + 1.0 / 512.0;

trait Half: Number {
    /// The bit that tells a quiet NaN.
    const QUIET: u16 = 1 << (Self::BITS - 1);
    fn of_bits(bits: u16) -> Self;
    fn bits(self) -> u16;
    /// As the `half` crate converts.
    fn widened(self) -> f32;
    fn narrowed(x: f32) -> Self;
}

macro_rules! half {
    ($Type:ident) => {
        impl Number for $Type {
            const NAME: &'static str = stringify!($Type);
            const MIN_EXPONENT: i32 = $Type::MIN_EXP - 1;
            const MAX_EXPONENT: i32 = $Type::MAX_EXP - 1;
            const BITS: i32 = $Type::MANTISSA_DIGITS as i32 - 1;
            fn budget(_: &Facts) -> Ulp {
                Ulp { ulp: [BUDGET; 3], ..Ulp::EXACT }
            }
            fn up(self) -> Self {
                match self.bits() {
                    0x8000 => Self::of_bits(1),
                    bits if self.is_sign_negative() => Self::of_bits(bits - 1),
                    bits => Self::of_bits(bits + 1),
                }
            }
            fn down(self) -> Self {
                -(-self).up()
            }
        }

        impl Half for $Type {
            fn of_bits(bits: u16) -> Self {
                $Type::from_bits(bits)
            }
            fn bits(self) -> u16 {
                self.to_bits()
            }
            fn widened(self) -> f32 {
                $Type::to_f32(self)
            }
            fn narrowed(x: f32) -> Self {
                $Type::from_f32(x)
            }
        }
    };
}
half!(f16);
half!(bf16);

/// Every number of a type, or where the machine is emulated, every 17th.
fn all<T: Half>() -> Vec<T> {
    (0..=u16::MAX).step_by(scale() | 1).map(T::of_bits).collect()
}

fn f32s<T: Half>(x: &[T]) -> Vec<f32> {
    x.iter().map(|x| x.widened()).collect()
}

fn f64s<T: Half>(x: &[T]) -> Vec<f64> {
    x.iter().map(|x| x.wide()).collect()
}

/// Within the budget, or half an ulp more than an absolute error.
fn is_right(distance: Distance, floor: f64) -> bool {
    let half_ulp = if distance.ulp > 0.0 { 0.5 * distance.absolute / distance.ulp } else { 0.0 };
    distance.ulp <= BUDGET + SLACK || (floor > 0.0 && distance.absolute <= floor + half_ulp)
}

/// The first number that is not right, as a line of text.
fn wrong<T: Half>(label: &str, got: &[T], exact: &[f64], floor: impl Fn(usize) -> f64) -> Option<String> {
    assert_eq!(got.len(), exact.len());
    let i = (0..got.len()).find(|&i| !is_right(Exact::from(exact[i]).distance(got[i]), floor(i)))?;
    let ulp = Exact::from(exact[i]).distance(got[i]).ulp;
    Some(format!("{label} {}, number {i}: {:e} should be {:e}, {ulp:.4} ulp", T::NAME, got[i].wide(), exact[i]))
}

/// x times a constant that an f32 holds: any f32 can be made to be stored.
#[derive(Clone, Copy)]
struct Times(f32);
impl Formula for Times {
    #[inline(always)]
    fn value<L: Lanes>(self, x: L) -> L {
        x * f64::from(self.0)
    }
    #[inline(always)]
    fn slope<L: Lanes>(self, x: L) -> L {
        x.splat(f64::from(self.0))
    }
    #[inline(always)]
    fn curvature<L: Lanes>(self, x: L) -> L {
        x.splat(0.0)
    }
}

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
    let next = if T::of_bits(next).is_finite() { T::of_bits(next).wide() } else { ldexp(1.0, T::MAX_EXPONENT + 1) };
    (x.wide().abs() + next.abs()).copysign(x.wide()) / 2.0
}

fn conversions_are_right<T: Half>() {
    let all = all::<T>();
    let few: Vec<T> = [1.0, -1.0, 2.0, 0.5, -1.5].iter().cycle().take(37).map(|&x| T::of(x)).collect();
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
            let of = |x: f64| T::of(if sign == 0 { x } else { -x }).bits();
            let got = [x.wide(), tie.next_down(), tie, tie.next_up()].map(of);
            assert_eq!(got, [low, low, even, low + 1].map(|bits| bits | sign), "about {tie:e} in {}", T::NAME);
        }
    }
    assert!(T::of(f64::NAN).is_nan());
    assert_eq!([T::of(f64::MAX), T::of(f64::NEG_INFINITY)], [T::infinity(), T::neg_infinity()]);
    assert_eq!([T::of(5e-324).bits(), T::of(-5e-324).bits()], [0, 0x8000]);
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
        activation::references().iter().map(|f| three(*f, &f64s(&x))).collect()
    };
    let mut failures = Vec::new();
    at_every_level(|level| {
        for (f, exact) in activation::all::<T>().iter().zip(&references) {
            for (order, got) in three(*f, &x).iter().enumerate() {
                let label = format!("{} {} {level:?}", f.facts().name(), ORDERS[order]);
                let floor = |i: usize| f.facts().floor_at(f.facts().f32, order, x[i].wide()) * f32::unit();
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
    const GUARD: usize = 40;
    let mut random = Random(6);
    let mut any = || -> Vec<T> { (0..LEN).map(|_| T::of_bits(random.next() as u16)).collect() };
    let (x, dy) = (any(), any());
    let (wide, wide_dy) = (f32s(&x), f32s(&dy));
    let untouched = T::of(-1234.5);
    let mut buffer = [untouched; LEN + 2 * GUARD];
    at_every_level(|level| {
        for (f, g) in activation::all::<T>().iter().zip(activation::all::<f32>()) {
            let name = f.facts().name();
            let round = |y: f32| bits(T::of(y.into()));
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

#[test]
fn families_agree_in_f16() {
    families_agree::<f16>();
}

#[test]
fn families_agree_in_bf16() {
    families_agree::<bf16>();
}

/// Long slices, which are prefetched, end where they end.
#[test]
fn long_slices_agree_with_short_ones() {
    const LEN: usize = (17 << 20) + 21;
    let block: Vec<f16> = (0..4099).map(|i| f16::from_f32(i as f32 / 64.0 - 32.0)).collect();
    let x: Vec<f16> = block.iter().copied().cycle().take(LEN).collect();
    let mut y = vec![f16::NAN; LEN + 9];
    at_every_level(|level| {
        for from in [0, 5] {
            y.fill(f16::NAN);
            Relu.forward_slice(&x, &mut y[from..from + LEN]);
            let differs = (0..LEN).find(|&i| y[from + i] != if x[i] > f16::ZERO { x[i] } else { f16::ZERO });
            assert_eq!(differs, None, "{level:?}, from {from}");
            assert!(y[..from].iter().chain(&y[from + LEN..]).all(|y| y.is_nan()), "{level:?} wrote outside");
        }
    });
}

/// Numbers of a row, some of them -inf.
fn logits<T: Half>(random: &mut Random, count: usize) -> Vec<T> {
    (0..count).map(|i| if i % 11 == 5 { T::neg_infinity() } else { random.uniform(-9.0..=9.0) }).collect()
}

/// A name, the function in two types, and a bound.
type Rowwise<'a, T> = (&'a str, &'a dyn RowActivation<T>, &'a dyn RowActivation<f64>, f64);

/// Against f64 over the widened numbers. Shares are computed in f32 to 2 ulp, whatever the row.
fn rows_round_once<T: Half>() {
    let mut random = Random(7);
    let mut failures = Vec::new();
    at_every_level(|level| {
        for len in [1, 2, 7, 37, 300] {
            let (count, rows) = (len * (600 / len), Rows::contiguous(len));
            let x = logits::<T>(&mut random, count);
            let dy: Vec<T> = (0..count).map(|_| random.uniform(-2.0..=2.0)).collect();
            let (wide, wide_dy) = (f64s(&x), f64s(&dy));
            let (mut y, mut exact) = (vec![T::zero(); count], vec![0.0; count]);

            let kinds: [Rowwise<T>; 2] = [
                ("softmax", &Softmax::default(), &Softmax::default(), 0.0),
                // Documented: 2^-24 of the largest magnitude in the row, which is below 32.
                ("log_softmax", &LogSoftmax::default(), &LogSoftmax::default(), 32.0 * f32::unit()),
            ];
            for (name, f, oracle, floor) in kinds {
                let label = format!("{name} of {len} {level:?}");
                f.forward(&x, rows, &mut y);
                oracle.forward(&wide, rows, &mut exact);
                failures.extend(wrong(&label, &y, &exact, |_| floor));
                let mut in_place = x.clone();
                f.forward_in_place(&mut in_place, rows);
                assert!(in_place.iter().zip(&y).all(|(a, b)| bits(*a) == bits(*b)), "{label} in place");

                f.backward(&x, &dy, rows, &mut y);
                oracle.backward(&wide, &wide_dy, rows, &mut exact);
                // Differences of f32: dy is up to 2, the sum that is taken from it up to 2 (or, of a logarithm, the
                // row's), each off by some 2^-23 of itself.
                let largest = if name == "softmax" { 4.0 } else { 2.0 * len as f64 };
                failures.extend(wrong(&format!("{label} backward"), &y, &exact, |_| 4.0 * largest * f32::unit()));
            }

            let labels: Vec<u32> = (0..count / len).map(|i| (i % len) as u32).collect();
            let probabilities: Vec<T> = (0..count).map(|_| random.uniform(0.0..=2.0 / len as f64)).collect();
            let wide_probabilities = f64s(&probabilities);
            let finite: Vec<T> = x.iter().map(|&x| if x.is_finite() { x } else { T::of(-10.0) }).collect();
            let wide = f64s(&finite);
            let targets = [
                ("labels", Targets::Labels(&labels), Targets::Labels(&labels)),
                ("probabilities", Targets::Probabilities(&probabilities), Targets::Probabilities(&wide_probabilities)),
            ];
            for (kind, target, wide_target) in targets {
                let label = format!("cross-entropy of {kind} of {len} {level:?}");
                let (mut losses, mut exact_losses) = (vec![T::zero(); count / len], vec![0.0; count / len]);
                SoftmaxCrossEntropy::default().each(&finite, target, rows, &mut losses).unwrap();
                SoftmaxCrossEntropy::default().each(&wide, wide_target, rows, &mut exact_losses).unwrap();
                // z_label - m + ln sum: logits up to 10 in f32; or the sum of such, times probabilities.
                let floor = |_| 32.0 * f32::unit();
                failures.extend(wrong(&label, &losses, &exact_losses, floor));
                let mean = SoftmaxCrossEntropy::default().mean(&finite, target, rows).unwrap();
                let exact_mean = SoftmaxCrossEntropy::default().mean(&wide, wide_target, rows).unwrap();
                failures.extend(wrong(&format!("{label}, mean"), &[mean], &[exact_mean], floor));

                let scale = 0.75;
                let sum = SoftmaxCrossEntropy::default()
                    .sum_with_gradient(&finite, target, rows, T::of(scale), &mut y)
                    .unwrap();
                assert_eq!(
                    bits(sum),
                    bits(SoftmaxCrossEntropy::default().sum(&finite, target, rows).unwrap()),
                    "{label}, sums"
                );
                SoftmaxCrossEntropy::default().gradient(&wide, wide_target, rows, scale, &mut exact).unwrap();
                // Differences of numbers up to 2.
                failures.extend(wrong(&format!("{label}, gradient"), &y, &exact, |_| 8.0 * f32::unit()));
            }
        }
    });
    none(&failures);
}

#[test]
fn rows_round_once_in_both_types() {
    rows_round_once::<f16>();
    rows_round_once::<bf16>();
}

/// A sum in f16 would stop at 2048, where 1 is half an ulp; one of rounded shares would be off by their rounding.
#[test]
fn softmax_of_a_million_sums_to_one() {
    at_every_level(|level| {
        let mut x = vec![f16::from_f32(-3.0); 1 << 20];
        Softmax::default().forward_in_place(&mut x, Rows::contiguous(1 << 20));
        let sum: f64 = x.iter().map(|x| x.to_f64()).sum();
        assert!((sum - 1.0).abs() < 1e-3, "{sum} at {level:?}");
    });
}

/// Losses are summed as f32 has them: neither what f16 cannot hold nor what it would round away is lost.
#[test]
fn sums_do_not_round_their_terms() {
    at_every_level(|level| {
        let target = vec![f16::ZERO; 1000];
        let mut prediction = target.clone();
        prediction[123] = f16::from_f32(300.0);
        assert_eq!(Mse.mean(&prediction, &target).to_f32(), 90.0, "90000 is no f16, {level:?}");
        assert_eq!(Mse.sum(&prediction, &target), f16::INFINITY, "{level:?}");
        prediction.fill(f16::from_bits(0x0c00));
        assert_eq!(
            Mse.sum(&prediction, &target).to_f32(),
            f16::from_f64(1000.0 / (1u64 << 24) as f64).to_f32(),
            "squares of 2^-12, {level:?}"
        );
    });
}

fn losses_round_what_f32_computes<T: Half>() {
    const LEN: usize = 3001;
    let mut random = Random(8);
    let x: Vec<T> = (0..LEN).map(|_| random.uniform(-20.0..=20.0)).collect();
    let shares: Vec<T> = (0..LEN).map(|_| random.uniform(0.0..=1.0)).collect();
    let factor = 0.75;
    let mut failures = Vec::new();
    at_every_level(|level| {
        for ((loss, in_f32), oracle) in loss::all::<T>().iter().zip(loss::all::<f32>()).zip(loss::references()) {
            let label = format!("{} {level:?}", loss.facts().name());
            let (prediction, target) = samples(loss.facts(), &x, &shares);
            let (mut y, mut expected) = (vec![T::zero(); LEN], vec![0.0; LEN]);
            let same = |y: &[T], expected: &[f32], what: &str| {
                let differs = (0..LEN).find(|&i| bits(y[i]) != bits(T::of(expected[i].into())));
                assert_eq!(differs, None, "{what} of {label} in {}", T::NAME);
            };
            let (wide_prediction, wide_target) = (f32s(&prediction), f32s(&target));
            loss.each(&prediction, &target, &mut y);
            in_f32.each(&wide_prediction, &wide_target, &mut expected);
            same(&y, &expected, "values");
            let sum = loss.sum_with_gradient(&prediction, &target, T::of(factor), &mut y);
            in_f32.gradient(&wide_prediction, &wide_target, factor as f32, &mut expected);
            same(&y, &expected, "gradients");
            assert_eq!(bits(sum), bits(loss.sum(&prediction, &target)), "sums of {label} in {}", T::NAME);

            let mean = loss.mean(&prediction, &target);
            let exact = oracle.mean(&f64s(&prediction), &f64s(&target));
            failures.extend(wrong(&format!("mean of {label}"), &[mean], &[exact], |_| 0.0));
        }
    });
    none(&failures);
}

#[test]
fn losses_round_what_f32_computes_in_both_types() {
    losses_round_what_f32_computes::<f16>();
    losses_round_what_f32_computes::<bf16>();
}
