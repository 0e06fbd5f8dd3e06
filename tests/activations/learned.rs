//! Derivatives and gradients in learned parameters, and the rectifier with a slope per channel.

use crate::common::pytorch::{Kind, cases, numbers, shape};
use crate::common::{
    Exact, Number, Random, at_every_level, bits, csv, fix_level, from_hex, inputs, none, over_budget, panic_message,
    specials,
};
use slopes::activation::{
    Activation, Celu, Elu, Gaussian, LeakyRelu, Learnable, Linear, PRelu, PReluChannels, Snake, Softplus, Swish,
};
use slopes::{Element, Level};

fn derivatives_of<F: Learnable, T: Element>(f: F, x: &[T]) -> (f64, Vec<T>) {
    let mut derivatives = vec![T::zero(); x.len()];
    f.parameter_derivative_slice(x, &mut derivatives);
    (F::PARAMETER_ULP, derivatives)
}

/// The budget and the derivatives of a function of the reference.
fn known<T: Element>(name: &str, parameter: f64, x: &[T]) -> (f64, Vec<T>) {
    match name {
        "elu" => derivatives_of(Elu { alpha: parameter }, x),
        "celu" => derivatives_of(Celu { alpha: parameter }, x),
        "softplus" => derivatives_of(Softplus { beta: parameter }, x),
        "swish" => derivatives_of(Swish { beta: parameter }, x),
        "gaussian" => derivatives_of(Gaussian { sigma: parameter }, x),
        other => panic!("{other} has no learned parameter"),
    }
}

fn derivatives_are_accurate<T: Number>() {
    let header = "function,parameter_f64_bits,x_f64_bits,x,derivative";
    let rows: Vec<_> = csv(include_str!("../reference/parameters.csv"), header).collect();
    let mut failures = Vec::new();
    let mut functions = 0;
    at_every_level(|level| {
        for rows in rows.chunk_by(|a, b| a[..2] == b[..2]) {
            functions += 1;
            let (name, parameter) = (rows[0][0], from_hex(rows[0][1]));
            let x: Vec<T> = rows.iter().map(|row| T::from_f64_rounded(from_hex(row[2]))).collect();
            let (ulp, derivatives) = known(name, parameter, &x);
            let label = format!("d {name} / d {parameter} {} {level:?}", T::NAME);
            failures.extend(over_budget(&label, ulp, |_| 0.0, &x, &derivatives, |i| Exact::parse(rows[i][4])));
        }
    });
    none(&failures);
    assert_eq!(functions, 10 * Level::available().count());
}

#[test]
fn derivatives_in_parameters_are_accurate() {
    derivatives_are_accurate::<f32>();
    derivatives_are_accurate::<f64>();
}

/// In f32, densely, against formulas in f64 that are written another way than the kernels'.
#[test]
fn derivatives_in_parameters_are_accurate_in_f32() {
    /// With the error of the f64 formula, relative to the largest of its terms: a few roundings.
    fn check<F: Learnable>(name: &str, f: F, exact: impl Fn(f64) -> (f64, f64)) {
        let mut random = Random(8);
        let x: Vec<f32> =
            (0..1 << 18).map(|i| random.uniform(if i % 2 == 0 { -20.0..=20.0 } else { -2.0..=2.0 })).collect();
        at_every_level(|level| {
            let (ulp, derivatives) = derivatives_of(f, &x);
            let mut worst = (Exact::from(0.0).distance(0.0_f32), 0.0);
            for (x, derivative) in x.iter().zip(derivatives) {
                let (value, term) = exact(f64::from(*x));
                let distance = Exact::from(value).distance(derivative);
                // Where the oracle's own terms cancel it says nothing; the reference file covers those places.
                if term * 1e-15 < value.abs() * 1e-9 && distance.ulp > worst.0.ulp {
                    worst = (distance, *x);
                }
            }
            assert!(worst.0.is_within(ulp, 0.0), "{name} at {level:?}: {worst:?} of {ulp}");
        });
    }
    let s = |z: f64| 1.0 / (1.0 + (-z).exp());
    check("elu", Elu { alpha: 1.0 }, |x| (x.min(0.0).exp_m1(), 1.0_f64.min(x.abs())));
    for alpha in [1.0, 0.75, 3.0] {
        check("celu", Celu { alpha }, |x| {
            let z = (x / alpha).min(0.0);
            (z.exp_m1() - z * z.exp(), z.exp_m1().abs())
        });
    }
    for beta in [1.0, 1.5, 0.375] {
        let log = |z: f64| if z > 0.0 { z + (-z).exp().ln_1p() } else { z.exp().ln_1p() };
        check("softplus", Softplus { beta }, |x| {
            let z = beta * x;
            ((z * s(z) - log(z)) / (beta * beta), (z.abs() + 1.0) / (beta * beta))
        });
    }
    for beta in [1.0, 1.5, -0.375] {
        check("swish", Swish { beta }, |x| (x * x * s(beta * x) * s(-beta * x), 0.0));
    }
    for sigma in [1.0, 0.75, 3.0] {
        check("gaussian", Gaussian { sigma }, |x| {
            let z = x / sigma;
            (z * z / sigma * (z * z * -0.5).exp(), 0.0)
        });
    }
}

/// The derivative of snake has roots, where its terms cancel: there the error is measured by the larger one.
#[test]
fn snake_is_accurate_in_f32() {
    let mut random = Random(12);
    let x: Vec<f32> = (0..1 << 18)
        .map(|i| if i % 2 == 0 { random.uniform(-50.0..=50.0) } else { random.uniform::<f32>(-1.0..=1.0).powi(9) })
        .collect();
    for a in [1.0, 0.375, 3.0, 1e-6] {
        at_every_level(|level| {
            let (ulp, derivatives) = derivatives_of(Snake { a }, &x);
            for (&x, derivative) in x.iter().zip(derivatives) {
                // Below 1/1000 the series, to its second term: the next is 1e-12 of it.
                let (a, x) = (f64::from(a as f32), f64::from(x));
                let z = a * x;
                let exact = x * (2.0 * z).sin() / a - (z.sin() / a).powi(2);
                let exact = if z.abs() < 1e-3 { x * x * (1.0 - z * z) } else { exact };
                let distance = Exact::from(exact).distance(derivative);
                let floor = if z.abs() < 0.5 { 0.0 } else { ulp * f64::from(f32::EPSILON) * (x / a).abs() };
                assert!(distance.is_within(ulp, floor), "{a} at {x}, {level:?}: {derivative}, {exact}, {distance:?}");
            }
        });
    }
}

fn linear_derivatives_are_exact<T: Number>() {
    let x = inputs::<T>(1000);
    at_every_level(|_| {
        for (x, derivatives) in [
            (x.clone(), derivatives_of(Linear { slope: 2.5 }, &x).1),
            (
                x.iter().map(|x| if *x > T::zero() { T::zero() } else { *x }).collect(),
                derivatives_of(LeakyRelu::DEFAULT, &x).1,
            ),
            (
                x.iter().map(|x| if *x > T::zero() { T::zero() } else { *x }).collect(),
                derivatives_of(PRelu::DEFAULT, &x).1,
            ),
        ] {
            assert!(
                x.iter().zip(&derivatives).all(|(x, derivative)| bits(*x) == bits(*derivative)),
                "{x:?}\n{derivatives:?}"
            );
        }
    });
}

#[test]
fn linear_derivatives_are_exact_in_both_types() {
    linear_derivatives_are_exact::<f32>();
    linear_derivatives_are_exact::<f64>();
}

/// What every derivative in a parameter is at the ends and at 0, -0 and NaN; and that slices and single numbers agree.
fn ends_are_right<F: Learnable, T: Number>(f: F, at_infinities: [f64; 2], at_zero: f64) {
    at_every_level(|level| {
        let derivative = |x: f64| f.parameter_derivative(T::from_f64_rounded(x)).into_f64();
        let got = [f64::NEG_INFINITY, f64::INFINITY].map(derivative);
        assert_eq!(got, at_infinities, "{f:?} {} at {level:?}", T::NAME, f = F::PARAMETER);
        let close =
            |got: f64| Exact::from(at_zero).distance(T::from_f64_rounded(got)).is_within(F::PARAMETER_ULP + 1.0, 0.0);
        assert!(close(derivative(0.0)) && close(derivative(-0.0)), "{} at 0: {}", F::PARAMETER, derivative(0.0));
        assert!(derivative(f64::NAN).is_nan());
        let x = inputs::<T>(777);
        let derivatives = derivatives_of(f, &x).1;
        for (x, derivative) in x.iter().zip(derivatives) {
            assert_eq!(bits(derivative), bits(f.parameter_derivative(*x)), "{} at {x}, {level:?}", F::PARAMETER);
            assert_eq!(derivative.is_nan(), x.is_nan(), "{} at {x}, {level:?}: {derivative}", F::PARAMETER);
        }
    });
}

fn all_ends_are_right<T: Number>() {
    let inf = f64::INFINITY;
    ends_are_right::<_, T>(Linear { slope: 3.0 }, [-inf, inf], 0.0);
    ends_are_right::<_, T>(LeakyRelu { slope: 3.0 }, [-inf, 0.0], 0.0);
    ends_are_right::<_, T>(PRelu { slope: 3.0 }, [-inf, 0.0], 0.0);
    ends_are_right::<_, T>(Elu { alpha: 3.0 }, [-1.0, 0.0], 0.0);
    for alpha in [1.0, 1e-6, 0.7, 1e6] {
        ends_are_right::<_, T>(Celu { alpha }, [-1.0, 0.0], 0.0);
    }
    for beta in [1.0, 1e-6, 0.75, 1e6] {
        let beta = T::from_f64_rounded(beta).into_f64();
        ends_are_right::<_, T>(Softplus { beta }, [0.0, 0.0], -std::f64::consts::LN_2 / beta / beta);
        ends_are_right::<_, T>(Swish { beta }, [0.0, 0.0], 0.0);
        ends_are_right::<_, T>(Swish { beta: -beta }, [0.0, 0.0], 0.0);
        ends_are_right::<_, T>(Gaussian { sigma: beta }, [0.0, 0.0], 0.0);
    }
}

#[test]
fn ends_of_derivatives_in_parameters() {
    all_ends_are_right::<f32>();
    all_ends_are_right::<f64>();
}

fn gradients_are_sums<T: Number>() {
    let f = Swish { beta: 1.5 };
    let mut random = Random(3);
    let x: Vec<T> = (0..5000).map(|_| random.uniform(-9.0..=9.0)).collect();
    let dy: Vec<T> = (0..5000).map(|_| random.uniform(-1.0..=1.0)).collect();
    at_every_level(|level| {
        for len in [0, 1, 2, 15, 16, 17, 1023, 1024, 1025, 5000] {
            let (x, dy) = (&x[..len], &dy[..len]);
            let terms = x.iter().zip(dy).map(|(x, dy)| (*dy * f.parameter_derivative(*x)).into_f64());
            let (sum, size) = terms.fold((0.0, 0.0), |(sum, size), term| (sum + term, size + term.abs()));
            let gradient = f.parameter_gradient(x, dy);
            // The test's own sum, in order, has `len` roundings in f64.
            let tolerance = size * len as f64 * f64::EPSILON;
            assert!((gradient - sum).abs() <= tolerance, "{len} {} at {level:?}: {gradient}, {sum}", T::NAME);
        }
    });
}

#[test]
fn gradients_in_parameters_are_sums() {
    gradients_are_sums::<f32>();
    gradients_are_sums::<f64>();
    let message = panic_message(|| PRelu::DEFAULT.parameter_gradient(&[0.0_f32; 3], &[0.0; 4]));
    assert!(message.contains("x has 3, dy has 4"), "{message}");
    let message = panic_message(|| PRelu::DEFAULT.parameter_derivative_slice(&[0.0_f32; 3], &mut [0.0; 4]));
    assert!(message.contains("x has 3, d has 4"), "{message}");
}

/// Outer, channels, inner: one number and many; several samples in a block of slopes, and several blocks in a sample.
const SHAPES: [[usize; 3]; 16] = [
    [0, 3, 4],
    [1, 1, 1],
    [5, 3, 1],
    [2, 3, 4],
    [7, 1, 37],
    [100, 7, 5],
    [3, 5, 700],
    [2, 1024, 1],
    [3, 1025, 1],
    [2, 1, 1024],
    [2, 3, 1025],
    [2, 2, 2049],
    [3, 2000, 3],
    [1000, 1, 1],
    [4000, 3, 1],
    [1, 300, 50],
];

fn channels_are_loops<T: Number>() {
    let mut random = Random(9);
    for [outer, channels, inner] in SHAPES {
        let len = outer * channels * inner;
        let slopes: Vec<T> = (0..channels).map(|_| random.uniform(-1.0..=1.0)).collect();
        let mut x: Vec<T> = (0..len).map(|_| random.uniform(-2.0..=2.0)).collect();
        let dy: Vec<T> = (0..len).map(|_| random.uniform(-2.0..=2.0)).collect();
        for (x, special) in x.iter_mut().skip(inner).zip(specials::<T>()) {
            *x = special;
        }
        let channel = |i: usize| i / inner % channels;
        let prelu = PReluChannels::new(&slopes, inner);
        at_every_level(|level| {
            let (mut y, mut dx) = (vec![T::one(); len], vec![T::one(); len]);
            prelu.forward(&x, &mut y);
            prelu.backward(&x, &dy, &mut dx);
            let (mut y_in_place, mut dx_in_place) = (x.clone(), dy.clone());
            prelu.forward_in_place(&mut y_in_place);
            prelu.backward_in_place(&x, &mut dx_in_place);
            for i in 0..len {
                let f = PRelu { slope: slopes[channel(i)].into_f64() };
                let place = format!("{outer} x {channels} x {inner} {} at {i}, {level:?}", T::NAME);
                assert_eq!(bits(y[i]), bits(f.forward(x[i])), "{place}");
                assert_eq!(bits(dx[i]), bits(dy[i] * f.derivative(x[i])), "{place}");
                assert_eq!(bits(y_in_place[i]), bits(y[i]), "{place}");
                assert_eq!(bits(dx_in_place[i]), bits(dx[i]), "{place}");
            }
        });

        let x: Vec<T> = x.iter().map(|x| if x.abs() <= T::one() { *x } else { T::one() }).collect();
        let mut exact = vec![(0.0, 0.0); channels];
        for i in 0..len {
            let term = dy[i].into_f64() * if x[i] < T::zero() { x[i].into_f64() } else { 0.0 };
            let term = T::Real::from_f64_rounded(term).into_f64();
            exact[channel(i)].0 += term;
            exact[channel(i)].1 += term.abs();
        }
        let mut first = None;
        at_every_level(|level| {
            let mut gradient = vec![T::one(); channels];
            prelu.parameter_gradient(&x, &dy, &mut gradient);
            for (got, (sum, size)) in gradient.iter().zip(&exact) {
                // The loop above sums number by number; the result is rounded once more, to a step of the subnormals at least.
                let half_a_step = 0.5 * T::min_positive_value().into_f64() * T::epsilon().into_f64();
                let rounding = (sum.abs() * T::unit()).max(half_a_step);
                let tolerance = size * (outer * inner) as f64 * f64::EPSILON + rounding;
                assert!((got.into_f64() - sum).abs() <= tolerance, "{outer} {channels} {inner} {level:?}: {got} {sum}");
            }
            // Products and sums do not fuse: all levels give the same bits.
            let bits: Vec<u64> = gradient.iter().map(|x| bits(*x)).collect();
            assert_eq!(first.get_or_insert(bits.clone()), &bits, "{level:?}");
        });
    }
}

#[test]
fn channels_are_loops_in_all_types() {
    channels_are_loops::<f32>();
    channels_are_loops::<f64>();
    channels_are_loops::<half::f16>();
}

/// In the numbers and in the slopes, with a cotangent of ones.
#[test]
fn channels_agree_with_pytorch() {
    let mut ran = 0;
    for case in cases(Kind::Activation).filter(|case| case["name"] == "prelu") {
        let inputs = &case["inputs"];
        let [x, slopes]: [Vec<f64>; 2] = ["prediction", "weight"].map(|name| numbers(&inputs[name]));
        let inner = shape(&inputs["prediction"])[2..].iter().product();
        let prelu = PReluChannels::new(&slopes, inner);
        let [output, gradient]: [Vec<f64>; 2] = ["output", "gradient"].map(|name| numbers(&case[name]));
        at_every_level(|_| {
            let (mut y, ones) = (x.clone(), vec![1.0; x.len()]);
            prelu.forward_in_place(&mut y);
            let mut got = vec![0.0; gradient.len()];
            if case["options"]["wrt"] == "weight" {
                prelu.parameter_gradient(&x, &ones, &mut got);
            } else {
                prelu.backward(&x, &ones, &mut got);
            }
            // A product, or the sum of 8 numbers of one sign; and the file's numbers are read to an ulp or two.
            let close = |(a, b): (&f64, &f64)| (a - b).abs() <= 8.0 * f64::EPSILON * b.abs();
            assert!(y.iter().zip(&output).all(close), "{y:?} {output:?}");
            assert!(got.iter().zip(&gradient).all(close), "{got:?} {gradient:?}");
            ran += 1;
        });
    }
    assert_eq!(ran, 2 * Level::available().count());
}

#[test]
fn channels_panic_with_lengths() {
    let _fixed = fix_level();
    let prelu = PReluChannels::new(&[0.25_f32; 3], 2);
    let message = panic_message(|| prelu.forward(&[0.0; 8], &mut [0.0; 8]));
    assert!(message.contains("length 8") && message.contains("3 channels of 2 numbers"), "{message}");
    let message = panic_message(|| prelu.forward_in_place(&mut [0.0; 7]));
    assert!(message.contains("length 7"), "{message}");
    let message = panic_message(|| prelu.backward(&[0.0; 6], &[0.0; 6], &mut [0.0; 5]));
    assert!(message.contains("dx has 5"), "{message}");
    let message = panic_message(|| prelu.parameter_gradient(&[0.0; 6], &[0.0; 6], &mut [0.0; 2]));
    assert!(message.contains("slopes has 3, gradient has 2"), "{message}");
    let message = panic_message(|| PReluChannels::new(&[], 2).forward_in_place(&mut [0.0_f64; 2]));
    assert!(message.contains("0 channels"), "{message}");
    let mut gradient = [1.0; 3];
    PReluChannels::new(&[0.25_f32; 3], 0).parameter_gradient(&[], &[], &mut gradient);
    assert_eq!(gradient, [0.0; 3]);
}
