//! Derivatives from outputs: against the reference, and against derivatives from inputs.

use crate::common::{
    Exact, Number, Random, at_every_level, bits, csv, fix_level, from_hex, inputs, none, over_budget, panic_message,
};
use slopes::Element;
use slopes::activation::{
    Activation, Celu, Elu, Exp, FromOutput, HardSigmoid, HardTanh, Identity, LeakyRelu, Linear, LogSigmoid, PRelu,
    Relu, Relu6, Selu, Sigmoid, Softplus, Softsign, Tanh,
};

fn derivatives_of<F: FromOutput, T: Element>(f: F, y: &[T]) -> (f64, Vec<T>) {
    let mut derivatives = vec![T::zero(); y.len()];
    f.derivative_slice_from_output(y, &mut derivatives);
    (F::OUTPUT_ULP, derivatives)
}

fn known<T: Element>(name: &str, parameter: f64, y: &[T]) -> (f64, Vec<T>) {
    match name {
        "sigmoid" => derivatives_of(Sigmoid, y),
        "tanh" => derivatives_of(Tanh, y),
        "softsign" => derivatives_of(Softsign, y),
        "elu" => derivatives_of(Elu { alpha: parameter }, y),
        "celu" => derivatives_of(Celu { alpha: parameter }, y),
        "selu" => derivatives_of(Selu::DEFAULT, y),
        "softplus" => derivatives_of(Softplus { beta: parameter }, y),
        "log_sigmoid" => derivatives_of(LogSigmoid, y),
        "exp" => derivatives_of(Exp, y),
        other => panic!("{other} has no derivative from its output"),
    }
}

fn derivatives_are_accurate<T: Number>() {
    let header = "function,parameter_f64_bits,y_f64_bits,y,derivative";
    let rows: Vec<_> = csv(include_str!("../reference/outputs.csv"), header).collect();
    let mut failures = Vec::new();
    at_every_level(|level| {
        for rows in rows.chunk_by(|a, b| a[0] == b[0]) {
            let y: Vec<T> = rows.iter().map(|row| T::from_f64_rounded(from_hex(row[2]))).collect();
            let (ulp, derivatives) = known(rows[0][0], from_hex(rows[0][1]), &y);
            let label = format!("{} {} {level:?}", rows[0][0], T::NAME);
            failures.extend(over_budget(&label, ulp, |_| 0.0, &y, &derivatives, |i| Exact::parse(rows[i][4])));
        }
    });
    none(&failures);
}

#[test]
fn derivatives_from_outputs_are_accurate() {
    derivatives_are_accurate::<f32>();
    derivatives_are_accurate::<f64>();
}

/// In f32, densely, against f64.
#[test]
fn derivatives_from_outputs_are_accurate_in_f32() {
    let mut random = Random(2);
    let mut failures = Vec::new();
    let mut check = |name: &str, parameter: f64, low: f64, high: f64, exact: &dyn Fn(f64) -> f64| {
        let y: Vec<f32> = (0..1 << 18).map(|_| random.uniform(low..=high)).collect();
        at_every_level(|level| {
            let (ulp, derivatives) = known(name, parameter, &y);
            let label = format!("{name} {level:?}");
            failures.extend(over_budget(&label, ulp, |_| 0.0, &y, &derivatives, |i| exact(f64::from(y[i])).into()));
        });
    };
    check("sigmoid", 0.0, 0.0, 1.0, &|y| y * (1.0 - y));
    check("tanh", 0.0, -1.0, 1.0, &|y| 1.0 - y * y);
    check("softsign", 0.0, -1.0, 1.0, &|y| (1.0 - y.abs()).powi(2));
    check("celu", 0.75, -0.75, 0.0, &|y| y / 0.75 + 1.0);
    check("selu", 0.0, -1.7580993, 0.0, &|y| (y + 1.758_099_340_847_376_8) + 1.415_351_938_008_45e-17);
    check("softplus", 1.5, 0.0, 20.0, &|y| -(-1.5 * y).exp_m1());
    check("log_sigmoid", 0.0, -20.0, 0.0, &|y| -y.exp_m1());
    none(&failures);
}

/// The derivative from f(x) is the derivative from x, to the bit, kinks included, where `lost` does not hold of f(x).
fn exact<F: FromOutput + Activation<T>, T: Number>(name: &str, f: F, kinks: &[f64], lost: impl Fn(T) -> bool) {
    let mut x = inputs::<T>(4000);
    for kink in kinks {
        let kink = T::from_f64_rounded(*kink);
        x.extend([kink.down().down(), kink.down(), kink, kink.up(), kink.up().up()]);
    }
    at_every_level(|level| {
        let mut y = x.clone();
        f.forward_in_place(&mut y);
        let derivatives = derivatives_of(f, &y).1;
        for (i, derivative) in derivatives.iter().enumerate() {
            let same = bits(*derivative) == bits(f.derivative(x[i]));
            assert!(same || lost(y[i]), "{name} {} at {level:?}: {derivative} at {}, y = {}", T::NAME, x[i], y[i]);
            assert_eq!(bits(*derivative), bits(f.derivative_from_output(y[i])), "{name} at {}", x[i]);
        }
    });
}

fn pieces_are_exact<T: Number>() {
    let never = |_| false;
    exact::<_, T>("identity", Identity, &[0.0], never);
    exact::<_, T>("linear", Linear { slope: -2.5 }, &[0.0], never);
    exact::<_, T>("relu", Relu, &[0.0], never);
    exact::<_, T>("relu6", Relu6, &[0.0, 6.0], never);
    exact::<_, T>("hard_tanh", HardTanh::DEFAULT, &[-1.0, 1.0], never);
    exact::<_, T>("hard_tanh", HardTanh { low: -0.3, high: 2.7 }, &[-0.3, 2.7], never);
    for slope in [0.0, 1e-300, 0.01, 0.25, 3.0] {
        // 0 times -inf is NaN.
        exact("leaky_relu", LeakyRelu { slope }, &[0.0], |y: T| y.is_nan());
        exact("prelu", PRelu { slope }, &[0.0], |y: T| y.is_nan());
    }
    // Inside, y may have rounded to an end.
    let at_an_end = |y: T| y == T::zero() || y == T::one();
    exact("hard_sigmoid", HardSigmoid::DEFAULT, &[-3.0, 3.0], at_an_end);
    exact("hard_sigmoid", HardSigmoid { low: -2.5, high: 2.5 }, &[-2.5, 2.5], at_an_end);
}

#[test]
fn pieces_are_exact_in_both_types() {
    pieces_are_exact::<f32>();
    pieces_are_exact::<f64>();
}

#[test]
fn a_negative_slope_has_no_way_back() {
    let _fixed = fix_level();
    assert!(LeakyRelu { slope: -0.1 }.derivative_from_output(1.0_f32).is_nan());
    assert!(PRelu { slope: -0.1 }.derivative_from_output(-1.0_f64).is_nan());
}

/// Near the derivative from x: what y lacks, `ulp` of it, moves the derivative `steepest` times as much; both have errors
/// of their own. At the ends, at 0 and at NaN they are equal.
fn consistent<F: FromOutput + Activation<T>, T: Number>(name: &str, f: F, steepest: f64) {
    let x = inputs::<T>(8000);
    let spec = Activation::<T>::spec(&f);
    let budget = T::budget(spec);
    at_every_level(|level| {
        let (mut y, mut d) = (x.clone(), x.clone());
        f.forward_with_derivative(&x, &mut y, &mut d);
        let derivatives = derivatives_of(f, &y).1;
        for i in 0..x.len() {
            let place = format!("{name} {} at {}, {level:?}: {} {}", T::NAME, x[i], derivatives[i], d[i]);
            let ulp = |y: T| (y.abs().up().into_f64() - y.abs().into_f64()).min(y.abs().into_f64());
            // The lower end of selu is no number of the types.
            let at_end = x[i].is_infinite() && name != "selu";
            if x[i].is_nan() || at_end || x[i] == T::zero() {
                assert!(derivatives[i] == d[i] || derivatives[i].is_nan() && d[i].is_nan(), "{place}");
            } else if d[i].is_finite() && y[i].is_finite() {
                // The least of numbers has no half.
                let least = T::min_positive_value().into_f64() * T::unit() * 2.0;
                let lacking =
                    steepest * budget.ulp[0] * ulp(y[i]) + (F::OUTPUT_ULP + budget.ulp[1]) * ulp(d[i]) + least;
                assert!((derivatives[i].into_f64() - d[i].into_f64()).abs() <= lacking, "{place}, allowed {lacking}");
            }
        }
    });
}

fn derivatives_are_consistent<T: Number>() {
    consistent::<_, T>("sigmoid", Sigmoid, 1.0);
    consistent::<_, T>("tanh", Tanh, 2.0);
    consistent::<_, T>("softsign", Softsign, 2.0);
    consistent::<_, T>("exp", Exp, 1.0);
    for alpha in [1.0, 0.75, 2.0] {
        consistent::<_, T>("elu", Elu { alpha }, 1.0);
        consistent::<_, T>("celu", Celu { alpha }, 1.0 / alpha);
    }
    consistent::<_, T>("selu", Selu::DEFAULT, 1.0);
    for beta in [1.0, 0.75, 2.0] {
        consistent::<_, T>("softplus", Softplus { beta }, beta);
    }
    consistent::<_, T>("log_sigmoid", LogSigmoid, 1.0);
}

#[test]
fn derivatives_are_consistent_in_both_types() {
    derivatives_are_consistent::<f32>();
    derivatives_are_consistent::<f64>();
}

#[test]
fn backward_multiplies() {
    let mut random = Random(4);
    let y: Vec<f32> = (0..1000).map(|_| random.uniform(0.0..=1.0)).collect();
    let dy: Vec<f32> = (0..1000).map(|_| random.uniform(-1.0..=1.0)).collect();
    at_every_level(|level| {
        for len in [0, 1, 15, 16, 17, 1000] {
            let (y, dy) = (&y[..len], &dy[..len]);
            let (mut dx, mut in_place) = (vec![0.0; len], dy.to_vec());
            Sigmoid.backward_from_output(y, dy, &mut dx);
            Sigmoid.backward_from_output_in_place(y, &mut in_place);
            for i in 0..len {
                assert_eq!(dx[i], dy[i] * Sigmoid.derivative_from_output(y[i]), "{i} of {len} at {level:?}");
                assert_eq!(in_place[i], dx[i], "{i} of {len} at {level:?}");
            }
        }
    });
    let message = panic_message(|| Tanh.backward_from_output(&[0.0_f32; 3], &[0.0; 3], &mut [0.0; 4]));
    assert!(message.contains("y has 3, dy has 3, dx has 4"), "{message}");
    let message = panic_message(|| Tanh.derivative_slice_from_output(&[0.0_f32; 3], &mut [0.0; 4]));
    assert!(message.contains("y has 3, d has 4"), "{message}");
}
