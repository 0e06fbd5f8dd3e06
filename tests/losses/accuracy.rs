//! The accuracy of elementwise losses: against the reference, and at random pairs.

use std::collections::BTreeSet;

use crate::common::{
    Exact, Number, ORDERS, Random, at_every_level, cases, csv, from_hex, is_selected, none, over_budget,
};
use slopes::loss::{
    self, BinaryCrossEntropyWithLogits, Expectile, Focal, HingeEmbedding, Huber, Loss, Pinball, PoissonNll,
    PseudoHuber, SmoothL1, Tweedie,
};
use slopes::{Element, ErrorBound, Spec};

/// Losses with parameters that are not the defaults, under their names in the reference file.
pub fn variants<T: Element>() -> [(&'static str, &'static dyn Loss<T>); 12] {
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
