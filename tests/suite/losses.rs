//! Losses of pairs of numbers: against the reference, by their laws, and on bad input.

use std::collections::BTreeSet;

use crate::common::{
    Exact, H, Number, ORDERS, at_every_level, bits, csv, fix_level, from_hex, none, over_budget, panic_message,
    proptest_config, tolerance,
};
use proptest::prelude::*;
use slopes::loss::{self, BinaryCrossEntropyWithLogits, Loss, Mse};

/// Losses of the reference that the crate does not have yet.
const NOT_YET: [&str; 14] = [
    "bce",
    "focal_2_logits",
    "hinge",
    "huber_1",
    "kl_pointwise",
    "log_cosh",
    "logistic_pm1",
    "mae",
    "mape",
    "msle",
    "pinball_0.875",
    "poisson_nll_log",
    "smooth_l1_0.5",
    "squared_hinge",
];

/// (loss, prediction, target, exact value, slope and curvature).
fn reference() -> Vec<(&'static str, f64, f64, [Exact; 3])> {
    let header = "loss,prediction_f64_bits,target_f64_bits,prediction,target,value,derivative,second_derivative";
    let rows = csv(include_str!("../reference/losses.csv"), header);
    rows.map(|row| (row[0], from_hex(row[1]), from_hex(row[2]), [row[5], row[6], row[7]].map(Exact::parse))).collect()
}

fn catalogue_is_accurate<T: Number>() {
    let reference = reference();
    let mut failures = Vec::new();
    at_every_level(|level| {
        for loss in loss::all::<T>() {
            let facts = loss.facts();
            let of_loss = |name: &str| loss::by_name::<T>(name).is_ok_and(|l| l.facts().name() == facts.name());
            let samples: Vec<_> = reference.iter().filter(|sample| of_loss(sample.0)).collect();
            assert!(!samples.is_empty(), "{} has no reference", facts.name());
            let prediction: Vec<T> = samples.iter().map(|s| T::of(s.1)).collect();
            let target: Vec<T> = samples.iter().map(|s| T::of(s.2)).collect();
            let mut outputs = ORDERS.map(|_| prediction.clone());
            loss.each(&prediction, &target, &mut outputs[0]);
            loss.gradient(&prediction, &target, T::one(), &mut outputs[1]);
            for ((p, t), curvature) in prediction.iter().zip(&target).zip(&mut outputs[2]) {
                *curvature = loss.second_derivative(*p, *t);
            }
            let budget = T::budget(facts);
            for order in 0..3 {
                let label = format!("{} {} {} {level:?}", facts.name(), ORDERS[order], T::NAME);
                // The roots of a loss move with its target: its floor holds anywhere.
                let floor = |_| budget.floor[order] * T::unit();
                let exact = |i: usize| samples[i].3[order];
                failures.extend(over_budget(&label, budget.ulp[order], floor, &prediction, &outputs[order], exact));
            }
        }
    });
    none(&failures);
}

#[test]
fn catalogue_is_accurate_in_f32() {
    catalogue_is_accurate::<f32>();
}

#[test]
fn catalogue_is_accurate_in_f64() {
    catalogue_is_accurate::<f64>();
}

#[test]
fn no_loss_of_the_reference_is_left_out() {
    let all: BTreeSet<_> = reference().iter().map(|sample| sample.0).collect();
    let left: BTreeSet<_> = all.into_iter().filter(|name| loss::by_name::<f64>(name).is_err()).collect();
    assert_eq!(left, BTreeSet::from(NOT_YET));
}

fn reductions_are_sums<T: Number>(tolerance: f64) {
    let mut random = crate::common::Random(7);
    at_every_level(|level| {
        for loss in loss::all::<T>() {
            for len in [0, 1, 2, 15, 16, 17, 1023, 1024, 1025, 5000] {
                let prediction: Vec<T> = (0..len).map(|_| random.uniform(-9.0..=9.0)).collect();
                let target: Vec<T> = (0..len).map(|_| random.uniform(0.0..=1.0)).collect();
                let mut losses = vec![T::zero(); len];
                loss.each(&prediction, &target, &mut losses);
                let exact: f64 = losses.iter().map(|loss| loss.wide()).sum();
                let sum = loss.sum(&prediction, &target);
                let close = |a: f64, b: f64| (a - b).abs() <= tolerance * b.abs();
                assert!(close(sum.wide(), exact), "{} of {len} at {level:?}: {sum}, {exact}", loss.facts().name());
                let mean = loss.mean(&prediction, &target);
                if len == 0 {
                    assert!(bits(sum) == 0 && mean.is_nan(), "of nothing: sum 0, mean NaN");
                } else {
                    assert!(close(mean.wide(), exact / len as f64), "{}: {mean}, {exact}", loss.facts().name());
                }
            }
        }
    });
}

#[test]
fn reductions_are_sums_in_both_types() {
    // In f32, sums are made in f64 and rounded once; in f64, plain summation of 5000 positive numbers, in the test, is
    // off by less than 5000 roundings.
    reductions_are_sums::<f32>(f64::from(f32::EPSILON) / 2.0 * 1.001);
    reductions_are_sums::<f64>(5000.0 * f64::EPSILON);
}

#[test]
fn the_mean_of_equal_numbers_is_the_number() {
    const COUNT: usize = 1 << 20;
    at_every_level(|level| {
        for x in [0.1_f32, 1.0 / 3.0, 1e-3, 12345.678, 1e-15, 1e18] {
            let (mean, one) = (Mse.mean(&vec![x; COUNT], &vec![0.0; COUNT]), Mse.forward(x, 0.0));
            assert!((mean - one).abs() <= one.next_up() - one, "the mean of {x}^2 at {level:?}: {mean}, not {one}");
        }
        // In f64 each of the strands adds 64 equal numbers, one after the other: half an ulp of the last sum at each
        // step at most.
        for x in [0.1_f64, 1.0 / 3.0, 1e-3, 12345.678, 1e-150, 1e140] {
            let (mean, one) = (Mse.mean(&vec![x; COUNT], &vec![0.0; COUNT]), Mse.forward(x, 0.0));
            assert!(
                (mean - one).abs() <= 32.0 * f64::EPSILON * one,
                "the mean of {x}^2 at {level:?}: {mean}, not {one}"
            );
        }
    });
}

/// Sums are made in f64: a large number that comes and goes leaves the small ones.
#[test]
fn sums_in_f32_do_not_drown_small_losses() {
    let mut prediction = vec![1e-3_f32; 100_001];
    prediction[0] = 1e3;
    let target = vec![0.0; prediction.len()];
    at_every_level(|level| {
        let exact = f64::from(1e3_f32).powi(2) + 1e5 * f64::from(1e-3_f32 * 1e-3);
        let sum = Mse.sum(&prediction, &target);
        assert!((f64::from(sum) - exact).abs() <= exact * f64::from(f32::EPSILON), "{sum} at {level:?}, not {exact}");
    });
}

fn logits_have_no_limit<T: Number>() {
    let loss: &dyn Loss<T> = &BinaryCrossEntropyWithLogits;
    let (zero, one, inf, largest) = (T::zero(), T::one(), T::infinity(), T::max_value());
    at_every_level(|level| {
        // (logit, target, loss, slope)
        let cases = [
            (inf, one, zero, zero),
            (inf, zero, inf, one),
            (-inf, zero, zero, zero),
            (-inf, one, inf, -one),
            (largest, one, zero, zero),
            (largest, zero, largest, one),
            (-largest, zero, zero, zero),
            (-largest, one, largest, -one),
        ];
        for (logit, target, value, slope) in cases {
            let got = (loss.forward(logit, target), loss.derivative(logit, target));
            assert_eq!(got, (value, slope), "of {logit} and {target} {} at {level:?}", T::NAME);
            assert_eq!(loss.second_derivative(logit, target), zero);
        }
        assert_eq!(loss.derivative(zero, one), -loss.derivative(zero, zero));
        for (a, b) in [(T::nan(), one), (one, T::nan()), (T::nan(), T::nan())] {
            for loss in loss::all::<T>() {
                let outputs = [loss.forward(a, b), loss.derivative(a, b), loss.second_derivative(a, b)];
                assert!(outputs.iter().all(|y| y.is_nan()), "{} of {a} and {b}: {outputs:?}", loss.facts().name());
                assert!(loss.curvature_bound(a, b).is_nan() && loss.sum(&[one, a], &[one, b]).is_nan());
            }
        }
    });
}

#[test]
fn logits_have_no_limit_in_both_types() {
    logits_have_no_limit::<f32>();
    logits_have_no_limit::<f64>();
}

#[test]
fn losses_are_found_by_their_names() {
    for loss in loss::all::<f32>() {
        for name in loss.facts().names {
            let found = loss::by_name::<f32>(&name.to_uppercase().replace('_', "")).map(|l| l.facts().name());
            assert_eq!(found.ok(), Some(loss.facts().name()));
        }
    }
    let error = loss::by_name::<f32>("nse").err().unwrap();
    assert!(error.nearest() == "mse" && error.to_string().contains("mse"), "{error}");
}

#[test]
fn lengths_that_differ_are_refused() {
    let _fixed = fix_level();
    let x = [0.5_f64; 17];
    for loss in loss::all::<f64>() {
        let (mut three, mut four) = ([7.0; 3], [7.0; 4]);
        let messages = [
            panic_message(|| loss.each(&x[..3], &x[..3], &mut four)),
            panic_message(|| loss.each(&x[..4], &x[..3], &mut four)),
            panic_message(|| loss.sum(&x[..3], &x[..4])),
            panic_message(|| loss.mean(&x[..4], &x[..3])),
            panic_message(|| loss.gradient(&x[..3], &x[..3], 1.0, &mut four)),
            panic_message(|| loss.gradient(&x[..3], &x[..4], 1.0, &mut three)),
            panic_message(|| loss.sum_with_gradient(&x[..4], &x[..4], 1.0, &mut three)),
            panic_message(|| loss.sum_with_gradient(&x[..3], &x[..4], 1.0, &mut three)),
            panic_message(|| loss.gradient_with_curvature(&x[..3], &x[..3], 1.0, &mut three, &mut four)),
            panic_message(|| loss.gradient_with_curvature(&x[..3], &x[..3], 1.0, &mut four, &mut three)),
        ];
        for message in messages {
            assert!(message.contains('3') && message.contains('4'), "{message}");
        }
        assert!(three == [7.0; 3] && four == [7.0; 4], "{} wrote before it panicked", loss.facts().name());
    }
}

proptest! {
    #![proptest_config(proptest_config(1000))]

    #[test]
    fn derivatives_of_losses_are_finite_differences(p in -30.0..30.0_f64, t in 0.0..1.0_f64, scale in -3.0..3.0_f64) {
        let _fixed = fix_level();
        for loss in loss::all::<f64>() {
            let name = loss.facts().name();
            let width = (p + H) - (p - H);
            // 4 ulp of the larger value, and what the rounding of p + h moves it.
            let error = 8.0 * f64::EPSILON * (loss.forward(p + H, t).max(loss.forward(p - H, t)) + 1.0);
            let slope = loss.derivative(p, t);
            let difference = (loss.forward(p + H, t) - loss.forward(p - H, t)) / width;
            prop_assert!((slope - difference).abs() <= tolerance(error), "{name} at {p}, {t}: {slope}, {difference}");
            let curvature = loss.second_derivative(p, t);
            let difference = (loss.derivative(p + H, t) - loss.derivative(p - H, t)) / width;
            let error = 8.0 * f64::EPSILON * (slope.abs() + 1.0);
            prop_assert!((curvature - difference).abs() <= tolerance(error), "{name} at {p}, {t}: {curvature}, {difference}");
            let bound = loss.curvature_bound(p, t);
            prop_assert!(bound > 0.0 && bound >= curvature, "{name} at {p}, {t}: bound {bound}, curvature {curvature}");

            let (mut gradient, mut curvature) = ([0.0], [0.0]);
            let sum = loss.sum_with_gradient(&[p], &[t], scale, &mut gradient);
            prop_assert_eq!((sum, gradient), (loss.forward(p, t), [scale * slope]));
            loss.gradient_with_curvature(&[p], &[t], scale, &mut gradient, &mut curvature);
            prop_assert_eq!((gradient, curvature), ([scale * slope], [scale * bound]));
        }
    }
}
