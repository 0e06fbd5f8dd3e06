//! The same bits, whatever the method, the length, the place in memory and the registers.

use crate::common::outputs::{Inputs, Outputs, hash, outputs_are_fixed};
use crate::common::{
    GUARD, LENGTHS, Number, OFFSETS, ORDERS, Random, at_every_level, bits, cases, fix_level, inputs, mixed, scale,
};
use crate::functions::{functions, three};
use slopes::Level;
use slopes::activation::{
    Activation, Celu, Elu, Exp, FromOutput, Gaussian, HardSigmoid, LeakyRelu, Learnable, LogSigmoid, PReluChannels,
    Relu, Selu, Sigmoid, Snake, Softplus, Softsign, Swish, Tanh,
};

/// What a slice method writes: the bits of value, derivative, second derivative or gradient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Output {
    Value,
    Derivative,
    SecondDerivative,
    Gradient,
}
use Output::{Derivative, Gradient, SecondDerivative, Value};

/// Calls a slice method with x, dy and what it writes.
pub type Method<T> = fn(&dyn Activation<T>, &[T], &[T], &mut [T]);

pub fn methods<T: Number>() -> [(&'static str, Output, Method<T>); 9] {
    [
        ("forward_slice", Value, |f, x, _, y| f.forward_slice(x, y)),
        ("forward_in_place", Value, |f, x, _, y| {
            y.copy_from_slice(x);
            f.forward_in_place(y);
        }),
        ("derivative_slice", Derivative, |f, x, _, d| f.derivative_slice(x, d)),
        ("second_derivative_slice", SecondDerivative, |f, x, _, d| f.second_derivative_slice(x, d)),
        ("backward_slice", Gradient, |f, x, dy, dx| f.backward_slice(x, dy, dx)),
        ("backward_slice of ones", Derivative, |f, x, _, dx| f.backward_slice(x, &vec![T::one(); x.len()], dx)),
        ("backward_in_place", Gradient, |f, x, dy, dx| {
            dx.copy_from_slice(dy);
            f.backward_in_place(x, dx);
        }),
        ("the value of forward_with_derivative", Value, |f, x, _, y| {
            f.forward_with_derivative(x, y, &mut vec![T::zero(); x.len()]);
        }),
        ("the derivative of forward_with_derivative", Derivative, |f, x, _, d| {
            f.forward_with_derivative(x, &mut vec![T::zero(); x.len()], d);
        }),
    ]
}

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
        let derivative = |(x, dy): (&T, &T)| bits(*dy * f.derivative(*x));
        let bits = [
            x.iter().map(|x| bits(f.forward(*x))).collect(),
            x.iter().map(|x| bits(f.derivative(*x))).collect(),
            x.iter().map(|x| bits(f.second_derivative(*x))).collect(),
            x.iter().zip(dy).map(derivative).collect(),
        ];
        Expected { name, f, x: x.to_vec(), dy: dy.to_vec(), bits }
    }

    /// Every method from `from` on, `len` numbers, written at another alignment than read.
    fn check(&self, from: usize, len: usize, buffer: &mut [T], level: Level) {
        let part = from..from + len;
        let at = GUARD + (OFFSETS - 1).saturating_sub(from);
        let untouched = T::from_f64_rounded(-1234.5);
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

pub fn slices_agree_with_numbers<T: Number>() {
    let count = LENGTHS + OFFSETS;
    let x = mixed::<T>(count);
    // Another phase, so that all kinds meet.
    let dy: Vec<T> = mixed(count + 100)[100..].to_vec();
    let mut buffer = vec![T::zero(); count + 2 * GUARD];
    at_every_level(|level| {
        for (number, f) in crate::functions::all::<T>().iter().enumerate() {
            let expected = Expected::new(f.spec().name(), *f, &x, &dy);
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

/// What every function makes of fixed inputs.
pub fn outputs<T: Number>() -> Outputs<T> {
    let (inputs, mut all) = (Inputs::new(), Outputs::new());
    let x = &inputs.x[..];
    for (name, f) in functions() {
        for (order, output) in ORDERS.into_iter().zip(three(f, x)) {
            all.add(name, order, output);
        }
    }
    from_output("sigmoid", Sigmoid, x, &mut all);
    from_output("tanh", Tanh, x, &mut all);
    from_output("softsign", Softsign, x, &mut all);
    from_output("elu_0.5", Elu { alpha: 0.5 }, x, &mut all);
    from_output("celu_2", Celu { alpha: 2.0 }, x, &mut all);
    from_output("selu", Selu::DEFAULT, x, &mut all);
    from_output("softplus_2", Softplus { beta: 2.0 }, x, &mut all);
    from_output("log_sigmoid", LogSigmoid, x, &mut all);
    from_output("hard_sigmoid", HardSigmoid::DEFAULT, x, &mut all);
    in_parameter("leaky_relu", LeakyRelu::DEFAULT, &inputs, &mut all);
    in_parameter("elu_0.5", Elu { alpha: 0.5 }, &inputs, &mut all);
    in_parameter("celu_2", Celu { alpha: 2.0 }, &inputs, &mut all);
    in_parameter("softplus_2", Softplus { beta: 2.0 }, &inputs, &mut all);
    in_parameter("swish_1.5", Swish { beta: 1.5 }, &inputs, &mut all);
    in_parameter("gaussian_0.5", Gaussian { sigma: 0.5 }, &inputs, &mut all);
    in_parameter("snake", Snake::DEFAULT, &inputs, &mut all);
    channels(&inputs, &mut all);
    all
}

fn from_output<T: Number>(name: &str, f: impl FromOutput, y: &[T], all: &mut Outputs<T>) {
    let mut derivatives = y.to_vec();
    f.derivative_slice_from_output(y, &mut derivatives);
    all.add(name, "from_output", derivatives);
}

fn in_parameter<T: Number>(
    name: &str,
    f: impl Learnable,
    Inputs { x, shares, likely, .. }: &Inputs<T>,
    all: &mut Outputs<T>,
) {
    let mut derivatives = x.clone();
    f.parameter_derivative_slice(x, &mut derivatives);
    derivatives.push(T::from_f64_rounded(f.parameter_gradient(likely, shares)));
    all.add(name, "in_parameter", derivatives);
}

/// Rectifiers of channels that are longer than a block.
fn channels<T: Number>(Inputs { shares, likely, .. }: &Inputs<T>, all: &mut Outputs<T>) {
    let f = PReluChannels::new(&likely[..16], 128);
    let (mut y, mut dx, mut gradient) = (likely.clone(), likely.clone(), likely[..16].to_vec());
    f.forward(likely, &mut y);
    f.backward(likely, shares, &mut dx);
    f.parameter_gradient(likely, shares, &mut gradient);
    for (order, output) in [("value", y), ("gradient", dx), ("slopes", gradient)] {
        all.add("prelu_channels", order, output);
    }
}

outputs_are_fixed!("activations", outputs);

/// The f32 hyperbolic tangent by pieces takes a piece that is not there, when it rounds up beside the last one.
#[test]
#[cfg(target_arch = "x86_64")]
fn outputs_stay_in_range_in_other_environments() {
    const SPECIAL: &[&str] = &["f32 tanh value", "f32 log_cosh derivative"];
    crate::common::environment::outputs_stay_in_range(outputs::<f32>, true, SPECIAL);
    crate::common::environment::outputs_stay_in_range(outputs::<f64>, true, SPECIAL);
}

/// The published start, of the empty string; and what follows from it.
#[test]
fn the_hash_is_fnv_1a() {
    assert_eq!(hash::<f32>(&[]), 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d);
    // Of eight zero bytes: the start times the prime to the eighth.
    let prime = (1u128 << 88) + 0x13b;
    let start = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128;
    assert_eq!(hash(&[0.0_f32]), start.wrapping_mul(prime.wrapping_pow(8)));
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
    let methods: [(&str, &dyn Activation<f32>, Method<f32>); 4] = [
        ("forward_slice", &Sigmoid, |f, x, _, y| f.forward_slice(x, y)),
        ("forward_slice", &Relu, |f, x, _, y| f.forward_slice(x, y)),
        ("backward_slice", &Sigmoid, |f, x, dy, dx| f.backward_slice(x, dy, dx)),
        ("derivative_slice", &Sigmoid, |f, x, _, d| f.derivative_slice(x, d)),
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
                assert_eq!(differs, None, "{method} of {} at {level:?}", f.spec().name());
                let mut outside = long[..from].iter().chain(&long[from + LEN..]);
                assert!(outside.all(|x| *x == -1234.5), "{method} at {level:?} wrote outside");
            }
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
/// Slices take a shorter way to exponentials that are normal numbers. Around its ends, of either sign: every f32, and f64
/// near multiples of ln 2, where the bits of the sum 1 + t are those of 1, and t is rounded most.
#[test]
fn exponentials_of_slices_are_those_of_numbers_where_they_become_subnormal() {
    const RUN: u32 = 1 << 12;
    fn agree<T: Number>(level: Level, x: &[T]) {
        let mut y = vec![T::zero(); x.len()];
        Exp.forward_slice(x, &mut y);
        for (x, y) in x.iter().zip(y) {
            let alone = Exp.forward(*x);
            assert_eq!(bits(y), bits(alone), "{level:?}: exp({x:?}) is {y:?} in a slice, {alone:?} alone");
        }
    }
    let (runs, mut random) = ((64.0_f32.to_bits()..128.0_f32.to_bits()).step_by(RUN as usize * scale()), Random(9));
    at_every_level(|level| {
        for start in runs.clone() {
            let x: Vec<f32> = (start..start + RUN).map(f32::from_bits).collect();
            agree(level, &x);
            agree(level, &x.iter().map(|x| -x).collect::<Vec<_>>());
        }
        for n in -1100..1100 {
            let near = |_| f64::from(n) * std::f64::consts::LN_2 + random.uniform::<f64>(-1.0..=1.0) * 1e-12;
            agree::<f64>(level, &(0..cases(1000)).map(near).collect::<Vec<_>>());
        }
    });
}

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
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

#[cfg(not(any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64")))]
fn best_level() -> Level {
    Level::Scalar
}

#[test]
fn every_lower_level_is_available() {
    let _fixed = fix_level();
    let available: Vec<_> = Level::available().collect();
    let expected: &[Level] = match Level::detected() {
        Level::Avx512 => &[Level::Sse2, Level::Avx2, Level::Avx512],
        Level::Avx2 => &[Level::Sse2, Level::Avx2],
        Level::Sse2 => &[Level::Sse2],
        Level::Neon => &[Level::Scalar, Level::Neon],
        _ => &[Level::Scalar],
    };
    assert_eq!(available, expected);
    assert_eq!(available[0], Level::lowest());
    assert_ne!(Level::lowest().family(), slopes::FmaFamily::Fused);
}
