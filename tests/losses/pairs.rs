//! Losses of pairs of numbers: against the reference, by their laws, and on bad input.

use std::collections::BTreeSet;

use crate::cases::{sample, samples};
use crate::common::{
    Exact, H, Number, ORDERS, Random, all_bits, at_every_level, bits, cases, csv, fix_level, from_hex, is_selected,
    none, over_budget, panic_message, proptest_config, tolerance,
};
use proptest::prelude::*;
use slopes::loss::{
    self, BinaryCrossEntropy, BinaryCrossEntropyWithLogits, ElasticNet, Expectile, Exponential, Focal, Gamma,
    GaussianNll, Hinge, HingeEmbedding, Huber, KlDivergence, KlDivergenceFromLog, KlDivergenceOfLogs, L1, L2, LogCosh,
    Loss, Mae, Mape, MarginRanking, Mse, Msle, Penalty, Pinball, PoissonNll, PseudoHuber, SmoothL1, SoftMargin,
    SquaredHinge, Total, Tweedie, Weighted,
};
use slopes::{Element, ErrorBound, Spec};

/// Losses with parameters that are not the defaults, under their names in the reference file.
fn variants<T: Element>() -> [(&'static str, &'static dyn Loss<T>); 12] {
    [
        ("huber_2.5", &Huber { delta: 2.5 }),
        ("smooth_l1_0.5", &SmoothL1 { beta: 0.5 }),
        ("pseudo_huber_3", &PseudoHuber { delta: 3.0 }),
        ("pinball_0.875", &Pinball { tau: 0.875 }),
        ("expectile_0.875", &Expectile { tau: 0.875 }),
        ("hinge_embedding_1.5", &HingeEmbedding { margin: 1.5 }),
        ("bce_with_logits_2.5", &BinaryCrossEntropyWithLogits { pos_weight: 2.5 }),
        ("focal_0.5", &Focal { gamma: 0.5, alpha: None }),
        ("focal_1", &Focal { gamma: 1.0, alpha: None }),
        ("focal_2_0.25", &Focal { gamma: 2.0, alpha: Some(0.25) }),
        ("poisson_nll_full", &PoissonNll { full: true }),
        ("tweedie_1.25", &Tweedie { power: 1.25 }),
    ]
}

/// The catalogue, and the variants: what has the name in the reference file.
fn referenced<T: Element>(name: &str) -> Option<&'static dyn Loss<T>> {
    let variant = variants::<T>().into_iter().find(|variant| variant.0 == name);
    variant.map(|variant| variant.1).or_else(|| loss::by_name::<T>(name).ok())
}

/// (loss, prediction, target, exact value, derivative and second derivative).
fn reference() -> Vec<(&'static str, f64, f64, [Exact; 3])> {
    let header = "loss,prediction_f64_bits,target_f64_bits,prediction,target,value,derivative,second_derivative";
    let rows = csv(include_str!("../reference/losses.csv"), header);
    rows.map(|row| (row[0], from_hex(row[1]), from_hex(row[2]), [row[5], row[6], row[7]].map(Exact::parse))).collect()
}

/// What a loss declares, or its page where its parameters are not the defaults.
fn budget<T: Number>(name: &str, spec: &Spec) -> ErrorBound {
    let default = T::budget(spec);
    match name {
        "bce_with_logits_2.5" => ErrorBound { ulp: [3.25, 2.0, 3.75], absolute: [0.0, 8.0, 0.0] },
        "focal_2_0.25" => ErrorBound { ulp: [4.0, 4.75, 4.0], ..default },
        "poisson_nll_full" => ErrorBound { absolute: [128.0, 1.0, 0.0], ..default },
        "tweedie_1.25" => ErrorBound { ulp: [2.25, 2.0, 2.0], ..default },
        _ => default,
    }
}

/// The pages of losses say what the budgets of other parameters are.
#[test]
fn pages_have_the_bounds_of_other_parameters() {
    for (name, file) in [
        ("bce_with_logits_2.5", "likelihood"),
        ("focal_2_0.25", "likelihood"),
        ("poisson_nll_full", "rates"),
        ("tweedie_1.25", "rates"),
    ] {
        let path = format!("{}/src/loss/elementwise/{file}.rs", env!("CARGO_MANIFEST_DIR"));
        let page = std::fs::read_to_string(path).unwrap().replace("\n    /// ", " ");
        let spec = referenced::<f32>(name).unwrap().spec();
        let ErrorBound { ulp: [a, b, c], absolute: [floor, ..] } = budget::<f32>(name, spec);
        let said = if [a, b, c] == spec.f32.ulp {
            format!("the absolute error bound of the value is {floor}.")
        } else {
            format!("the error bounds are {a}, {b} and {c} ulp")
        };
        assert!(page.contains(&said), "the page of {name} does not say that {said}");
    }
}

/// What is over budget of the value, the derivative and the second derivative of pairs.
fn pairs_over_budget<T: Number>(
    label: &str,
    spec: &Spec,
    budget: ErrorBound,
    prediction: &[T],
    target: &[T],
    outputs: &[Vec<T>; 3],
    exact: impl Fn(usize, usize) -> Exact,
) -> Vec<String> {
    let over = |order: usize, i: usize| {
        let floor = spec.absolute_of_pair(budget, order, prediction[i].into_f64(), target[i].into_f64()) * T::unit();
        let label = format!("{label} {} at the target {:e}", ORDERS[order], target[i].into_f64());
        let (one, got) = (&prediction[i..=i], &outputs[order][i..=i]);
        over_budget(&label, budget.ulp[order], |_| floor, one, got, |_| exact(i, order))
    };
    (0..3).filter_map(|order| (0..prediction.len()).find_map(|i| over(order, i))).collect()
}

fn catalogue_is_accurate<T: Number>() {
    let reference = reference();
    let mut failures = Vec::new();
    let names: BTreeSet<_> = reference.iter().map(|sample| sample.0).collect();
    at_every_level(|level| {
        for &name in &names {
            let loss = referenced::<T>(name).unwrap_or_else(|| panic!("the crate has no {name}"));
            if !is_selected(loss.spec().name()) {
                continue;
            }
            let spec = loss.spec();
            let samples: Vec<_> = reference.iter().filter(|sample| sample.0 == name).collect();
            let prediction: Vec<T> = samples.iter().map(|s| T::from_f64_rounded(s.1)).collect();
            let target: Vec<T> = samples.iter().map(|s| T::from_f64_rounded(s.2)).collect();
            let outputs = outputs(loss, &prediction, &target);
            let label = format!("{name} {} {level:?}", T::NAME);
            let exact = |i: usize, order: usize| samples[i].3[order];
            failures.extend(pairs_over_budget(
                &label,
                spec,
                budget::<T>(name, spec),
                &prediction,
                &target,
                &outputs,
                exact,
            ));
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

/// Value, derivative and second derivative of pairs.
fn outputs<T: Element>(loss: &dyn Loss<T>, prediction: &[T], target: &[T]) -> [Vec<T>; 3] {
    let mut outputs = ORDERS.map(|_| prediction.to_vec());
    loss.forward_slice(prediction, target, &mut outputs[0]);
    loss.gradient(prediction, target, 1.0, &mut outputs[1]);
    for ((p, t), second_derivative) in prediction.iter().zip(target).zip(&mut outputs[2]) {
        *second_derivative = loss.second_derivative(*p, *t);
    }
    outputs
}

/// A pair of sizes that losses meet, or of any: the target a class, a share, near the prediction, or anything.
fn any_pair(random: &mut Random) -> (f32, f32) {
    let power = |random: &mut Random, least: f64, most: f64| random.uniform::<f64>(least..=most).exp2();
    let a = match random.next() % 5 {
        0 => power(random, -20.0, 20.0),
        1 => random.uniform(0.0..=8.0),
        2 => random.unit(),
        3 => f64::from(random.magnitude::<f32>().abs()),
        _ => random.uniform(0.0..=100.0),
    };
    let p = if random.next().is_multiple_of(2) { a } else { -a };
    let t = match random.next() % 9 {
        0 => 0.0,
        1 => 1.0,
        2 => -1.0,
        3 => random.unit(),
        4 => p * (1.0 + random.uniform::<f64>(-0.5..=0.5) * power(random, -20.0, 2.0)),
        5 => p + random.uniform::<f64>(-0.5..=0.5) * power(random, -12.0, 5.0),
        6 => power(random, -4.0, 6.0),
        7 => f64::from(random.magnitude::<f32>()),
        _ => random.uniform::<f64>(-1.0..=1.0) * a,
    };
    (p as f32, t as f32)
}

/// Random pairs in f32 against the kernels of f64, which the reference has checked: to f32 they are exact.
#[test]
fn random_pairs_are_within_what_is_declared() {
    let f64s = crate::cases::references().iter().map(|loss| (loss.spec().name(), *loss)).chain(variants::<f64>());
    let mut failures = Vec::new();
    let mut random = Random(31);
    for (name, exact) in f64s {
        let (loss, spec) = (referenced::<f32>(name).unwrap(), exact.spec());
        let pairs = (0..cases(60_000)).map(|_| any_pair(&mut random));
        // Neither targets beside the ends of the range, which terms with a factor leave; the floor of the second derivative
        // of msle is for predictions of -0.9 or more.
        let ends = [2f32.powi(-120), 2f32.powi(120)];
        let fits = |(p, t): &(f32, f32)| {
            (*t == 0.0 || (ends[0]..=ends[1]).contains(&t.abs())) && (name != "msle" || *p >= -0.9)
        };
        let (prediction, target): (Vec<f32>, Vec<f32>) = pairs.filter(fits).unzip();
        let wide = |numbers: &[f32]| numbers.iter().map(|x| f64::from(*x)).collect::<Vec<_>>();
        let exact = outputs(exact, &wide(&prediction), &wide(&target));
        // What terms give that overflow is not looked at; nor a second derivative where it jumps: where a residual is
        // rounded to the kink.
        let is_skipped = |i: usize, order: usize| {
            let (p, t) = (prediction[i], target[i]);
            let overflows = !(p - t).is_finite() || exact.iter().any(|exact| exact[i].abs() > 2f64.powi(124));
            let rounded = f64::from(p - t) != f64::from(p) - f64::from(t);
            overflows || (order == 2 && rounded && !spec.kinks.is_empty())
        };
        at_every_level(|level| {
            let (label, got) = (format!("{name} {level:?}"), outputs(loss, &prediction, &target));
            let exact = |i: usize, order: usize| {
                Exact::from(if is_skipped(i, order) { f64::from(got[order][i]) } else { exact[order][i] })
            };
            let budget = budget::<f32>(name, spec);
            failures.extend(pairs_over_budget(&label, spec, budget, &prediction, &target, &got, exact));
        });
    }
    none(&failures);
}

#[test]
fn every_loss_has_a_reference() {
    let reference = reference();
    for loss in crate::cases::all::<f64>() {
        let has_name = |name: &str| loss::by_name::<f64>(name).is_ok_and(|l| l.spec().name() == loss.spec().name());
        assert!(reference.iter().any(|sample| has_name(sample.0)), "{} has no reference", loss.spec().name());
    }
}

/// Limits, range, monotonicity and symmetry, at the target that they are declared for.
#[test]
fn losses_are_what_they_declare() {
    let inf = f64::INFINITY;
    let mut random = Random(9);
    at_every_level(|level| {
        for loss in crate::cases::all::<f64>() {
            let (spec, name) = (loss.spec(), loss.spec().name());
            let target = if loss.forward(0.5, 0.0).is_nan() { 1.0 } else { 0.0 };
            for (side, p) in [-inf, inf].into_iter().enumerate() {
                let got = [loss.forward(p, target), loss.derivative(p, target), loss.second_derivative(p, target)];
                for (order, got) in got.into_iter().enumerate() {
                    let limit = spec.limits[order][side];
                    // The limits of the derivative of mape are 100 / eps, and eps is no power of two.
                    let same =
                        got == limit || (got - limit).abs() <= 1e-15 * limit.abs() || (got.is_nan() && limit.is_nan());
                    assert!(same, "{} of {name} at {p}, {level:?}: {got}, declared {limit}", ORDERS[order]);
                }
            }
            let mut x: Vec<f64> = (0..500).map(|_| random.uniform(-50.0..=50.0)).collect();
            x.sort_by(f64::total_cmp);
            let values: Vec<f64> = x.iter().map(|x| loss.forward(*x, target)).collect();
            let (low, high) = (spec.range[0], spec.range[1]);
            assert!(values.iter().all(|y| y.is_nan() || (low <= *y && *y <= high)), "the range of {name}");
            if spec.monotone {
                let known: Vec<f64> = values.iter().copied().filter(|y| !y.is_nan()).collect();
                assert!(!known.is_empty() && known.is_sorted(), "{name} is not monotone");
            }
            let mirrored: Vec<f64> = x.iter().map(|x| loss.forward(-x, target)).collect();
            if spec.parity == slopes::Parity::Even {
                assert_eq!(all_bits(&values), all_bits(&mirrored), "{name} is not even");
            }
        }
    });
}

fn reductions_are_sums<T: Number>(tolerance: f64) {
    let mut random = Random(7);
    at_every_level(|level| {
        for loss in crate::cases::all::<T>() {
            for len in [0, 1, 2, 15, 16, 17, 1023, 1024, 1025, 5000] {
                let prediction: Vec<T> = (0..len).map(|_| random.uniform(-9.0..=9.0)).collect();
                let shares: Vec<T> = (0..len).map(|_| random.uniform(0.0..=1.0)).collect();
                let (prediction, target) = samples(loss.spec(), &prediction, &shares);
                let mut losses = vec![T::zero(); len];
                loss.forward_slice(&prediction, &target, &mut losses);
                let exact: f64 = losses.iter().map(|loss| loss.into_f64()).sum();
                let magnitudes: f64 = losses.iter().map(|loss| loss.into_f64().abs()).sum();
                let sum = loss.sum(&prediction, &target);
                // What is not positive cancels: the roundings of f64 are those of the magnitudes.
                let close = |a: f64, b: f64| {
                    let cancelled = 5000.0 * f64::EPSILON * magnitudes / len.max(1) as f64;
                    (a - b).abs() <= tolerance * b.abs() + if magnitudes > b.abs() { cancelled } else { 0.0 }
                };
                assert!(close(sum.into_f64(), exact), "{} of {len} at {level:?}: {sum}, {exact}", loss.spec().name());
                let mean = loss.mean(&prediction, &target);
                if len == 0 {
                    assert!(bits(sum) == 0 && mean.is_nan(), "of nothing: sum 0, mean NaN");
                } else {
                    assert!(close(mean.into_f64(), exact / len as f64), "{}: {mean}, {exact}", loss.spec().name());
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
            let (one, next) = (f64::from(one), f64::from(one.next_up()));
            assert!((mean - one).abs() <= next - one, "the mean of {x}^2 at {level:?}: {mean}, not {one}");
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
        assert!((sum - exact).abs() <= exact * f64::from(f32::EPSILON), "{sum} at {level:?}, not {exact}");
    });
}

fn logits_have_no_limit<T: Number>() {
    let loss: &dyn Loss<T> = &BinaryCrossEntropyWithLogits::DEFAULT;
    let (zero, one, inf, largest) = (T::zero(), T::one(), T::infinity(), T::max_value());
    at_every_level(|level| {
        // (logit, target, loss, derivative)
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
        for (logit, target, value, derivative) in cases {
            let got = (loss.forward(logit, target), loss.derivative(logit, target));
            assert_eq!(got, (value, derivative), "of {logit} and {target} {} at {level:?}", T::NAME);
            assert_eq!(loss.second_derivative(logit, target), zero);
        }
        assert_eq!(loss.derivative(zero, one), -loss.derivative(zero, zero));
        for (a, b) in [(T::nan(), one), (one, T::nan()), (T::nan(), T::nan())] {
            for loss in crate::cases::all::<T>() {
                let outputs = [loss.forward(a, b), loss.derivative(a, b), loss.second_derivative(a, b)];
                assert!(outputs.iter().all(|y| y.is_nan()), "{} of {a} and {b}: {outputs:?}", loss.spec().name());
                assert!(loss.hessian_bound(a, b).is_nan() && loss.sum(&[one, a], &[one, b]).is_nan());
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
fn lengths_that_differ_are_refused() {
    let _fixed = fix_level();
    let x = [0.5_f64; 17];
    for loss in crate::cases::all::<f64>() {
        let (mut three, mut four) = ([7.0; 3], [7.0; 4]);
        let messages = [
            panic_message(|| loss.forward_slice(&x[..3], &x[..3], &mut four)),
            panic_message(|| loss.forward_slice(&x[..4], &x[..3], &mut four)),
            panic_message(|| loss.sum(&x[..3], &x[..4])),
            panic_message(|| loss.mean(&x[..4], &x[..3])),
            panic_message(|| loss.gradient(&x[..3], &x[..3], 1.0, &mut four)),
            panic_message(|| loss.gradient(&x[..3], &x[..4], 1.0, &mut three)),
            panic_message(|| loss.sum_with_gradient(&x[..4], &x[..4], 1.0, &mut three)),
            panic_message(|| loss.sum_with_gradient(&x[..3], &x[..4], 1.0, &mut three)),
            panic_message(|| loss.gradient_with_hessian_bound(&x[..3], &x[..3], 1.0, &mut three, &mut four)),
            panic_message(|| loss.gradient_with_hessian_bound(&x[..3], &x[..3], 1.0, &mut four, &mut three)),
        ];
        for message in messages {
            assert!(message.contains('3') && message.contains('4'), "{message}");
        }
        assert!(three == [7.0; 3] && four == [7.0; 4], "{} wrote before it panicked", loss.spec().name());
    }
}

/// -1 is no probability, 0 no label of a margin: what is outside of its domain gives NaN, whatever the other is.
#[test]
fn outside_of_the_domain_is_nan() {
    let bce = BinaryCrossEntropyWithLogits { pos_weight: 2.0 };
    type Outside<'a> = (&'a dyn Loss<f64>, &'a [(f64, f64)]);
    let wrong: [Outside; 16] = [
        (&Hinge, &[(0.5, 0.0), (0.5, 0.5), (0.5, 2.0)]),
        (&SquaredHinge, &[(0.5, 0.0), (5.0, -2.0)]),
        (&SoftMargin, &[(0.5, 0.0), (0.5, -0.0)]),
        (&HingeEmbedding::DEFAULT, &[(0.5, 0.0), (5.0, 0.0)]),
        (&Exponential, &[(0.5, 0.0), (0.5, 1.0 + f64::EPSILON)]),
        (
            &BinaryCrossEntropyWithLogits::DEFAULT,
            &[(0.5, -1.0), (-0.5, -5e-324), (0.5, 1.0 + f64::EPSILON), (0.5, 2.0)],
        ),
        (&bce, &[(0.5, -1.0), (-0.5, -1e-300), (0.5, 2.0)]),
        (&BinaryCrossEntropy::DEFAULT, &[(0.5, -1.0), (0.5, 1.5), (-1e-9, 0.5), (1.0 + f64::EPSILON, 1.0), (1.5, 0.0)]),
        (&Focal::DEFAULT, &[(0.5, -1.0), (0.5, 0.5)]),
        (&Focal { gamma: 0.0, alpha: None }, &[(0.5, -1.0), (0.5, 0.5)]),
        (&Msle, &[(-1.5, 0.5), (0.5, -1.5), (-2.0, -2.0), (f64::NEG_INFINITY, 0.0)]),
        (&KlDivergence, &[(-0.5, 0.5), (0.5, -0.5), (-0.5, 0.0)]),
        (&KlDivergenceFromLog, &[(-0.5, -0.5)]),
        (&PoissonNll::DEFAULT, &[(0.5, -1.0)]),
        (&Gamma, &[(0.5, 0.0), (0.5, -1.0)]),
        (&Tweedie::DEFAULT, &[(0.5, -1e-9)]),
    ];
    at_every_level(|level| {
        for (loss, samples) in wrong {
            for &(p, t) in samples {
                let got =
                    [loss.forward(p, t), loss.derivative(p, t), loss.second_derivative(p, t), loss.hessian_bound(p, t)];
                assert!(got.iter().all(|y| y.is_nan()), "{} of {p} and {t}, {level:?}: {got:?}", loss.spec().name());
            }
        }
    });
}

/// What the formulas give at the ends, where they would be 0 / 0, 0 inf or inf - inf.
fn ends_are_limits<T: Number>() {
    let (zero, one, inf, largest) = (T::zero(), T::one(), T::infinity(), T::max_value());
    let two = T::from_f64_rounded(2.0);
    let check = |loss: &dyn Loss<T>, p: T, t: T, value: T, derivative: T| {
        let got = (loss.forward(p, t), loss.derivative(p, t));
        assert_eq!(got, (value, derivative), "{} of {p} and {t} in {}", loss.spec().name(), T::NAME);
    };
    at_every_level(|_| {
        for gamma in [0.0, 0.5, 1.0, 2.0] {
            let focal = Focal { gamma, alpha: None };
            for x in [1e3, 1e4].map(T::from_f64_rounded).into_iter().chain([largest, inf]) {
                check(&focal, x, one, zero, zero);
                check(&focal, x, zero, x, one);
                check(&focal, -x, zero, zero, zero);
                check(&focal, -x, one, x, -one);
                for (x, t) in [(x, one), (x, zero), (-x, zero), (-x, one)] {
                    assert!(focal.second_derivative(x, t) == zero && focal.hessian_bound(x, t) > zero);
                }
            }
        }
        let logits = BinaryCrossEntropyWithLogits { pos_weight: 2.0 };
        check(&logits, T::from_f64_rounded(-1e4), one, T::from_f64_rounded(2e4), -two);
        check(&logits, inf, zero, inf, one);
        check(&logits, -inf, zero, zero, zero);
        let bce = &BinaryCrossEntropy::DEFAULT;
        check(bce, zero, zero, zero, one);
        check(bce, one, one, zero, -one);
        check(bce, zero, one, inf, -inf);
        check(bce, one, zero, inf, inf);
        check(&BinaryCrossEntropy { eps: 0.25 }, zero, one, T::from_f64_rounded(4f64.ln()), zero);
        check(&Msle, -one, zero, inf, -inf);
        check(&Msle, zero, -one, inf, inf);
        check(&Msle, inf, zero, inf, zero);
        check(&Mape::DEFAULT, zero, zero, zero, zero);
        check(&Mape { eps: 0.5 }, one, zero, T::from_f64_rounded(200.0), T::from_f64_rounded(200.0));
        for q in [zero, one, inf] {
            check(&KlDivergence, q, zero, zero, zero);
        }
        check(&KlDivergence, zero, one, inf, -inf);
        for l in [-inf, zero, -largest] {
            check(&KlDivergenceFromLog, l, zero, zero, zero);
            check(&KlDivergenceOfLogs, l, -inf, zero, zero);
        }
        check(&KlDivergenceFromLog, -inf, one, inf, -one);
        check(&KlDivergenceOfLogs, -inf, zero, inf, -one);
        check(&PoissonNll::DEFAULT, -inf, zero, zero, zero);
        check(&PoissonNll::DEFAULT, inf, one, inf, inf);
        check(&LogCosh, largest, zero, largest, one);
        check(&PseudoHuber::DEFAULT, -largest, zero, largest, -one);
        check(&PseudoHuber::DEFAULT, inf, zero, inf, one);
        check(&Huber::DEFAULT, largest, zero, largest, one);
        check(
            &Pinball { tau: 0.25 },
            -largest,
            largest,
            largest * T::from_f64_rounded(0.5),
            T::from_f64_rounded(-0.25),
        );
        check(&Mape::DEFAULT, largest, -largest, T::from_f64_rounded(200.0), T::from_f64_rounded(100.0) / largest);
        // One-sided derivatives at kinks.
        check(&Mae, one, one, zero, zero);
        check(&Pinball { tau: 0.25 }, one, one, zero, zero);
        check(&Huber { delta: 2.0 }, two, zero, two, two);
        check(&Huber { delta: 2.0 }, -two, zero, two, -two);
        check(&Hinge, one, one, zero, zero);
        check(&Hinge, -one, -one, zero, zero);
        check(&HingeEmbedding::DEFAULT, one, -one, zero, zero);
    });
}

#[test]
fn ends_are_limits_in_both_types() {
    ends_are_limits::<f32>();
    ends_are_limits::<f64>();
}

/// Without gamma and alpha the focal loss is the cross-entropy, to the bit.
#[test]
fn focal_without_gamma_is_cross_entropy() {
    let x = crate::common::inputs::<f32>(4000);
    let (focal, plain) = (Focal { gamma: 0.0, alpha: None }, BinaryCrossEntropyWithLogits::DEFAULT);
    at_every_level(|level| {
        for target in [0.0, 1.0] {
            let target = vec![target; x.len()];
            let both: [&dyn Loss<f32>; 2] = [&focal, &plain];
            let outputs = both.map(|loss| {
                let (mut values, mut gradient, mut bound) = (x.clone(), x.clone(), x.clone());
                loss.forward_slice(&x, &target, &mut values);
                loss.gradient_with_hessian_bound(&x, &target, 1.0, &mut gradient, &mut bound);
                [values, gradient, bound].map(|y| all_bits(&y))
            });
            assert!(outputs[0] == outputs[1], "{level:?}");
        }
    });
}

/// The bits of the loss, times the weight; nothing of a sample whose weight is 0.
fn weights_multiply<T: Number + Element<Real = T>>() {
    let mut random = Random(11);
    let (factor, scale) = (T::from_f64_rounded(0.75), 0.75);
    at_every_level(|level| {
        for loss in crate::cases::all::<T>().iter().copied().take(if level == slopes::Level::detected() {
            usize::MAX
        } else {
            2
        }) {
            for len in [0, 1, 17, 1024, 2500] {
                let x: Vec<T> = (0..len).map(|_| random.uniform(-9.0..=9.0)).collect();
                let shares: Vec<T> = (0..len).map(|_| random.uniform(0.0..=1.0)).collect();
                let weights: Vec<f64> = (0..len).map(|i| f64::from(i as u32 % 4) / 2.0).collect();
                let (p, t) = samples(loss.spec(), &x, &shares);
                let (mut dirty, mut dirty_target) = (p.clone(), t.clone());
                for i in (0..len).step_by(4) {
                    (dirty[i], dirty_target[i]) = (T::nan(), if i % 8 == 0 { T::nan() } else { T::infinity() });
                }
                let weighted = Weighted::new(loss, &weights);
                let run = |p: &[T], t: &[T]| {
                    let [mut each, mut gradient, mut again, mut hessian] = [0; 4].map(|_| vec![T::one(); len]);
                    weighted.forward_slice(p, t, &mut each);
                    weighted.gradient(p, t, scale, &mut gradient);
                    let sum = weighted.sum_with_gradient(p, t, scale, &mut again);
                    assert!(bits(sum) == bits(weighted.sum(p, t)) && all_bits(&again) == all_bits(&gradient));
                    weighted.gradient_with_hessian_bound(p, t, scale, &mut again, &mut hessian);
                    assert!(all_bits(&again) == all_bits(&gradient));
                    let means = [sum, weighted.mean(p, t)];
                    (each, gradient, hessian, means)
                };
                let (each, gradient, hessian, means) = run(&p, &t);
                let of_dirty = run(&dirty, &dirty_target);
                let name = loss.spec().name();
                for (clean, dirty) in [(&each, &of_dirty.0), (&gradient, &of_dirty.1), (&hessian, &of_dirty.2)] {
                    assert_eq!(all_bits(clean), all_bits(dirty), "an ignored sample of {name}, {level:?}");
                }
                assert_eq!(means.map(bits), of_dirty.3.map(bits), "an ignored sample of {name}, {level:?}");
                for i in 0..len {
                    let w = T::from_f64_rounded(weights[i]);
                    let expected = [
                        w * loss.forward(p[i], t[i]),
                        w * (factor * loss.derivative(p[i], t[i])),
                        w * (factor * loss.hessian_bound(p[i], t[i])),
                    ];
                    assert_eq!([each[i], gradient[i], hessian[i]], expected, "{name}, {level:?}");
                }
                let (sum, weight): (f64, f64) = (each.iter().map(|y| y.into_f64()).sum(), weights.iter().sum());
                let magnitudes: f64 = each.iter().map(|y| y.into_f64().abs()).sum();
                // Half an ulp of the type, and the roundings of 2500 additions in f64.
                let close = |got: f64, exact: f64, divisor: f64| {
                    let slack = T::unit() * exact.abs() + 2500.0 * f64::EPSILON * magnitudes / divisor;
                    (got - exact).abs() <= slack
                };
                assert!(close(means[0], sum, 1.0), "{name}: {}, {sum}", means[0]);
                if weight > 0.0 {
                    assert!(close(means[1], sum / weight, weight));
                    let Total { sum, weight: total } = weighted.total(&p, &t);
                    assert_eq!((sum, total), (means[0], weight));
                } else {
                    assert!(means[1].is_nan());
                }
            }
        }
    });
}

#[test]
fn weights_multiply_in_both_types() {
    weights_multiply::<f32>();
    weights_multiply::<f64>();
}

#[test]
fn weights_of_another_length_are_refused() {
    let _fixed = fix_level();
    let (x, mut out) = ([0.5_f32; 3], [7.0; 3]);
    let loss = Mse.weighted(&[0.5; 2]);
    for message in [
        panic_message(|| loss.forward_slice(&x, &x, &mut out)),
        panic_message(|| loss.gradient(&x, &x, 1.0, &mut out)),
        panic_message(|| loss.sum_with_gradient(&x, &x, 1.0, &mut out)),
        panic_message(|| loss.mean(&x, &x)),
    ] {
        assert!(message.contains("weights has 2") && message.contains('3'), "{message}");
    }
    assert_eq!(out, [7.0; 3]);
}

/// No other constant has a smaller weighted mean loss.
#[test]
fn initial_scores_are_minima() {
    let _fixed = fix_level();
    let mut random = Random(12);
    let x: Vec<f64> = (0..1500).map(|_| random.uniform(-3.0..=3.0)).collect();
    let shares: Vec<f64> = (0..1500).map(|_| random.uniform(0.0..=0.9)).collect();
    let weights: Vec<f64> = (0..1500).map(|i| f64::from(i % 3)).collect();
    let mut with_formula = Vec::new();
    let pos_weight = BinaryCrossEntropyWithLogits { pos_weight: 3.0 };
    for loss in crate::cases::all::<f64>().iter().copied().chain([&pos_weight as &dyn Loss<f64>]) {
        let name = loss.spec().name();
        let (_, mut target) = samples(loss.spec(), &x, &shares);
        for weights in [None, Some(&weights[..])] {
            let Some(score) = loss.initial_score(&target, weights) else { continue };
            with_formula.push(name);
            let ones = vec![1.0; 1500];
            let weighted = Weighted::new(loss, weights.unwrap_or(&ones));
            let derivative = |score: f64| {
                let mut gradient = vec![0.0; 1500];
                weighted.gradient(&vec![score; 1500], &target, 1.0, &mut gradient);
                gradient.iter().sum::<f64>()
            };
            // The derivative of the sum passes through 0 within a millionth.
            let (below, above) = (derivative(score - 1e-6), derivative(score + 1e-6));
            // Between two kinks, a loss may be level.
            let level = !loss.spec().kinks.is_empty() && (below, above) == (0.0, 0.0);
            assert!(level || below < 0.0 && above > 0.0, "{name}: {score}, {below}, {above}");
            let in_f32: Vec<f32> = target.iter().map(|t| *t as f32).collect();
            let other = loss::by_name::<f32>(name).unwrap().initial_score(&in_f32, None);
            assert!(weights.is_some() || loss.spec().defaults == [1.0] || (other.unwrap() - score).abs() < 1e-6);
        }
        target[1] = f64::NAN;
        assert!(loss.initial_score(&target, None).is_none_or(f64::is_nan), "{name}");
        target[1] = -7.0;
        let outside = loss.forward(0.5, -7.0).is_nan();
        assert!(loss.initial_score(&target, None).is_none_or(|score| score.is_nan() == outside), "{name}");
        target[0] = f64::NAN;
        // Weights 0, 1, 2, ...: the first is ignored.
        target[1] = 1.0;
        assert!(loss.initial_score(&target, Some(&weights)).is_none_or(|score| !score.is_nan()), "{name}");
    }
    let expected = [
        "mse",
        "half_squared",
        "mae",
        "mape",
        "msle",
        "huber",
        "smooth_l1",
        "pseudo_huber",
        "log_cosh",
        "pinball",
        "expectile",
        "squared_hinge",
        "soft_margin",
        "modified_huber",
        "exponential",
        "binary_cross_entropy",
        "binary_cross_entropy_with_logits",
        "poisson_nll",
        "poisson_nll_of_rate",
        "gamma",
        "tweedie",
    ];
    if crate::common::all_are_selected() {
        let lost: Vec<_> = expected.iter().filter(|name| !with_formula.contains(name)).collect();
        assert!(lost.is_empty(), "no initial scores of {lost:?}");
    }
    assert_eq!(Mse.initial_score(&[1.0_f32, 2.0], Some(&[3.0, 1.0])), Some(1.25));
    assert!(Mse.initial_score(&[] as &[f32], None).unwrap().is_nan());
    assert!(Mae.initial_score(&[] as &[f32], None).unwrap().is_nan());
    // Medians and quantiles; of an even number, the middle of the two in the middle.
    assert_eq!(Mae.initial_score(&[5.0_f32, -1.0, 2.0], None), Some(2.0));
    assert_eq!(Mae.initial_score(&[4.0_f64, 8.0, 1.0, 2.0], None), Some(3.0));
    assert_eq!(Mae.initial_score(&[1.0_f32, 2.0, 4.0], Some(&[1.0, 1.0, 3.0])), Some(4.0));
    assert_eq!(Mae.initial_score(&[-3.0_f32; 5], None), Some(-3.0));
    assert_eq!(Pinball { tau: 0.8 }.initial_score(&[1.0_f64, 2.0, 3.0, 4.0], None), Some(4.0));
    // 100 / target weighs: 1 + 1/2 against 1/4.
    assert_eq!(Mape::DEFAULT.initial_score(&[1.0_f32, 2.0, 4.0], None), Some(1.0));
    assert_eq!(Loss::<f64>::initial_score(&BinaryCrossEntropyWithLogits::DEFAULT, &[1.0], None), Some(f64::INFINITY));
}

/// A method that gives one number of a sample of three, and the sample's gradients.
fn gaussian(loss: GaussianNll, sample: [f64; 3]) -> (f64, [f64; 2]) {
    let [p, t, v] = sample.map(|x| [x]);
    let (mut of_prediction, mut of_variance) = ([7.0], [7.0]);
    let sum = loss.sum_with_gradients(&p, &t, &v, 1.0, [&mut of_prediction, &mut of_variance]);
    assert_eq!(bits(sum), bits(loss.mean(&p, &t, &v)));
    (sum, [of_prediction[0], of_variance[0]])
}

#[test]
fn gaussian_likelihood_has_both_derivatives() {
    let (loss, full) = (GaussianNll::default(), GaussianNll::new().with_full(true));
    at_every_level(|level| {
        for sample in [[1.0, 0.25, 0.5], [-3.0, 4.0, 7.0], [2.0, 2.0, 0.125], [1e3, -1e3, 1e2], [0.0, 1e-3, 1e-4]] {
            let [p, t, v] = sample;
            let (value, [of_prediction, of_variance]) = gaussian(loss, sample);
            let r = p - t;
            // Some roundings of the larger of two terms.
            let terms = v.ln().abs().max(r * r / v);
            assert!((value - (v.ln() + r * r / v) / 2.0).abs() <= 4.0 * f64::EPSILON * terms, "{level:?}");
            assert_eq!(of_prediction, r / v);
            let exact = (1.0 - r * r / v) / (2.0 * v);
            assert!((of_variance - exact).abs() <= 4.0 * f64::EPSILON * (1.0 + r * r / v) / (2.0 * v));
            let constant = (2.0 * std::f64::consts::PI).ln() / 2.0;
            assert!((gaussian(full, sample).0 - value - constant).abs() <= 4.0 * f64::EPSILON * (terms + 1.0));
        }
        // A variance below eps counts as eps; a negative one is none.
        assert_eq!(gaussian(loss, [1.0, 0.0, 0.0]), gaussian(loss, [1.0, 0.0, 1e-6]));
        for wrong in [[1.0, 0.0, -1e-9], [1.0, 0.0, f64::NAN], [f64::NAN, 0.0, 1.0], [1.0, f64::NAN, 1.0]] {
            let (value, derivatives) = gaussian(loss, wrong);
            assert!(value.is_nan() && derivatives[1].is_nan() && derivatives[0].is_nan(), "{wrong:?}");
        }
        let none: [f64; 0] = [];
        assert!(loss.sum(&none, &none, &none) == 0.0 && loss.mean(&none, &none, &none).is_nan());
    });
    let _fixed = fix_level();
    let (three, mut four, mut also) = ([1.0_f32; 3], [7.0; 4], [7.0; 3]);
    let message = panic_message(|| loss.gradients(&three, &three, &three, 1.0, [&mut also, &mut four]));
    assert!(message.contains("variance_gradient has 4") && also == [7.0; 3], "{message}");
    assert!(panic_message(|| loss.sum(&three, &three, &four)).contains("variance has 4"));
    assert!(GaussianNll::new().with_eps(f64::NAN).is_err());
    assert!(MarginRanking::new().with_margin(f64::INFINITY).is_err());
}

#[test]
fn margin_ranking_has_both_derivatives() {
    let loss = MarginRanking::new().with_margin(0.5).unwrap();
    let first = [3.0_f32, 3.0, 1.5, 0.0, 1.0];
    let second = [1.0, 1.0, 1.0, 0.0, f32::NAN];
    let target = [1.0, -1.0, 1.0, 0.0, 1.0];
    at_every_level(|level| {
        let ([mut losses, mut of_first], mut of_second) = ([[7.0; 5]; 2], [7.0; 5]);
        loss.forward_slice(&first, &second, &target, &mut losses);
        assert!(losses[..3] == [0.0, 2.5, 0.0] && losses[3..].iter().all(|y| y.is_nan()), "{level:?}: {losses:?}");
        loss.gradients(&first, &second, &target, 2.0, [&mut of_first, &mut of_second]);
        // At a distance of the margin the derivative is 0.
        assert_eq!((&of_first[..3], &of_second[..3]), (&[0.0, 2.0, 0.0][..], &[0.0, -2.0, 0.0][..]));
        assert!(of_first[3..].iter().chain(&of_second[3..]).all(|y| y.is_nan()));
        assert_eq!(loss.mean(&first[..2], &second[..2], &target[..2]), 1.25);
    });
}

#[test]
fn penalties_are_added() {
    let mut random = Random(13);
    let w: Vec<f64> = (0..3000).map(|i| if i % 5 == 0 { 0.0 } else { random.uniform(-2.0..=2.0) }).collect();
    let (l1, l2): (f64, f64) = (w.iter().map(|w| w.abs()).sum(), w.iter().map(|w| w * w).sum());
    let penalties: [(&dyn Penalty<f64>, f64, f64); 4] = [
        (&L1 { lambda: 0.5 }, 0.5, 0.0),
        (&L2 { lambda: 0.5 }, 0.0, 0.5),
        (&ElasticNet { lambda: 2.0, l1_ratio: 0.25 }, 0.5, 1.5),
        (&ElasticNet { lambda: 2.0, l1_ratio: 1.0 }, 2.0, 0.0),
    ];
    at_every_level(|level| {
        for (penalty, a, b) in penalties {
            let exact = a * l1 + b * l2 / 2.0;
            // The roundings of 3000 additions.
            assert!((penalty.value(&w) - exact).abs() <= 3000.0 * f64::EPSILON * exact, "{level:?}");
            let mut gradient = vec![1.0; w.len()];
            penalty.add_gradient(&w, &mut gradient);
            for (w, g) in w.iter().zip(&gradient) {
                let sign = if *w == 0.0 { 0.0 } else { w.signum() };
                assert!((g - (1.0 + a * sign + b * w)).abs() <= 2.0 * f64::EPSILON * (1.0 + a + b * 2.0), "{w}");
            }
            assert!(penalty.value(&[]) == 0.0 && penalty.value(&[1.0, f64::NAN]).is_nan());
            penalty.add_gradient(&[f64::NAN], &mut gradient[..1]);
            assert!(gradient[0].is_nan());
            assert!(panic_message(|| penalty.add_gradient(&w, &mut [0.0; 2])).contains("gradient has 2"));
        }
    });
    assert!(L1::new(f64::NAN).is_err() && L2::new(-1.0).is_err() && ElasticNet::new(1.0, 1.5).is_err());
}

/// Long slices, which are prefetched and stored past the caches, give the bits of their parts.
#[test]
fn long_sums_are_those_of_their_parts() {
    // 68 and 102 MB: both are beyond the caches.
    const LEN: usize = (17 << 19) + 21;
    let mut random = Random(14);
    let block: Vec<f32> = (0..4099).map(|_| random.uniform(-3.0..=3.0)).collect();
    let x: Vec<f32> = block.iter().copied().cycle().take(LEN).collect();
    let target: Vec<f32> = block.iter().rev().copied().cycle().take(LEN).collect();
    let mut gradient = vec![f32::NAN; LEN + 9];
    at_every_level(|level| {
        let half = 1 << 22;
        let parts = Mae.sum(&x[..half], &target[..half]);
        let wide = |x: &[f32]| x.iter().map(|x| f64::from(*x)).collect::<Vec<f64>>();
        assert_eq!(parts as f32, Mae.sum(&wide(&x[..half]), &wide(&target[..half])) as f32, "{level:?}");
        for from in [0, 5] {
            gradient.fill(f32::NAN);
            let sum = Mse.sum_with_gradient(&x, &target, 0.5, &mut gradient[from..from + LEN]);
            assert_eq!(bits(sum), bits(Mse.sum(&x, &target)), "{level:?}, from {from}");
            let differs = (0..LEN).find(|&i| gradient[from + i] != x[i] - target[i]);
            assert_eq!(differs, None, "{level:?}, from {from}");
            assert!(
                gradient[..from].iter().chain(&gradient[from + LEN..]).all(|g| g.is_nan()),
                "{level:?} wrote outside"
            );
        }
    });
}

proptest! {
    #![proptest_config(proptest_config(1000))]

    #[test]
    fn derivatives_of_losses_are_finite_differences(x in -30.0..30.0_f64, share in 0.0..1.0_f64, scale in -3.0..3.0_f64) {
        let _fixed = fix_level();
        let variants = variants::<f64>().map(|variant| variant.1);
        for loss in crate::cases::all::<f64>().iter().copied().chain(variants) {
            let (name, spec) = (loss.spec().name(), loss.spec());
            // Where the third derivative is not much larger than those before it.
            let x = match name {
                "binary_cross_entropy" => (x.abs() + 10.0) / 10.0,
                "kl_divergence" | "poisson_nll_of_rate" | "msle" => x.abs() + 0.5,
                "exponential" | "poisson_nll" | "gamma" | "tweedie" => x / 10.0,
                _ => x,
            };
            let (p, t) = sample(spec, x, share);
            // Kinks are residuals, or margins; those of the variants too.
            let kinks = [0.0, 0.5, 1.0, 1.5, 2.5, 3.0];
            if kinks.iter().any(|kink| ((p - t).abs() - kink).abs() < 2.0 * H || ((p * t).abs() - kink).abs() < 2.0 * H) {
                continue;
            }
            let width = (p + H) - (p - H);
            // 4 ulp of the larger value, and what the rounding of p + h moves it.
            let error = 8.0 * f64::EPSILON * (loss.forward(p + H, t).abs().max(loss.forward(p - H, t).abs()) + 1.0);
            let (derivative, second_derivative) = (loss.derivative(p, t), loss.second_derivative(p, t));
            // The third and fourth derivative: of 1 / p^2 at 1/2, some 100 times the second.
            let rough = 1.0 + 100.0 * (derivative.abs() + second_derivative.abs());
            let difference = (loss.forward(p + H, t) - loss.forward(p - H, t)) / width;
            prop_assert!((derivative - difference).abs() <= tolerance(error) * rough, "{name} at {p}, {t}: {derivative}, {difference}");
            let difference = (loss.derivative(p + H, t) - loss.derivative(p - H, t)) / width;
            let error = 8.0 * f64::EPSILON * (derivative.abs() + 1.0);
            prop_assert!((second_derivative - difference).abs() <= tolerance(error) * rough, "{name} at {p}, {t}: {second_derivative}, {difference}");
            let bound = loss.hessian_bound(p, t);
            // Both have errors of a few ulp.
            let least = second_derivative * (1.0 - 8.0 * f64::EPSILON);
            prop_assert!(bound > 0.0 && bound >= least, "{name} at {p}, {t}: bound {bound}, second derivative {second_derivative}");

            let (mut gradient, mut bounds) = ([0.0], [0.0]);
            let sum = loss.sum_with_gradient(&[p], &[t], scale, &mut gradient);
            prop_assert_eq!((sum, gradient), (loss.forward(p, t), [scale * derivative]));
            loss.gradient_with_hessian_bound(&[p], &[t], scale, &mut gradient, &mut bounds);
            prop_assert_eq!((gradient, bounds), ([scale * derivative], [scale * bound]));
        }
    }
}
