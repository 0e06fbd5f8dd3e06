//! Losses and row functions: against the reference and PyTorch, by their laws, and on bad input.

use std::collections::BTreeSet;

use crate::common::{
    Exact, Number, ORDERS, at_every_level, bits, csv, fix_level, from_hex, none, over_budget, panic_message,
    proptest_config,
};
use crate::pytorch::is_activation;
use proptest::prelude::*;
use serde_json::Value as Json;
use slopes::Element;
use slopes::activation::{self, Activation, EmptyRow, LogSoftmax, RowActivation, Rows, Softmax};
use slopes::loss::{self, BinaryCrossEntropyWithLogits, Loss, Mse, RowLoss, SoftmaxCrossEntropy, TargetError, Targets};

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

/// A row of the reference.
#[derive(Default)]
struct Row {
    x: Vec<f64>,
    dy: Vec<f64>,
    label: u32,
    softmax: Vec<Exact>,
    log_softmax: Vec<Exact>,
    softmax_vjp: Vec<Exact>,
    log_softmax_vjp: Vec<Exact>,
    cross_entropy: Vec<Exact>,
    gradient: Vec<Exact>,
}

fn rows() -> Vec<Row> {
    let header = "row,index,x_f64_bits,dy_f64_bits,softmax,log_softmax,softmax_vjp,log_softmax_vjp,label,cross_entropy,\
                  cross_entropy_gradient";
    let mut rows: Vec<Row> = Vec::new();
    for entry in csv(include_str!("../reference/rows.csv"), header) {
        if entry[1] == "0" {
            rows.push(Row { label: entry[8].parse().unwrap(), ..Row::default() });
        }
        let row = rows.last_mut().unwrap();
        row.x.push(from_hex(entry[2]));
        row.dy.push(from_hex(entry[3]));
        let exact = |column: usize| Exact::parse(entry[column]);
        row.softmax.push(exact(4));
        row.log_softmax.push(exact(5));
        row.softmax_vjp.push(exact(6));
        row.log_softmax_vjp.push(exact(7));
        row.cross_entropy.push(exact(9));
        row.gradient.push(exact(10));
    }
    assert_eq!(rows.len(), 64);
    rows
}

/// What is over budget of one row function; `floor` is absolute, of each entry.
fn check<T: Number>(
    label: &str,
    ulp: f64,
    floor: impl Fn(usize) -> f64,
    x: &[T],
    got: &[T],
    exact: &[Exact],
) -> Vec<String> {
    let one =
        |i: usize| over_budget(&format!("{label}, entry {i}"), ulp, |_| floor(i), &x[i..=i], &got[i..=i], |_| exact[i]);
    (0..x.len()).filter_map(one).collect()
}

fn rows_are_accurate<T: Number>() {
    let reference = rows();
    let mut failures = Vec::new();
    at_every_level(|level| {
        for (number, row) in reference.iter().enumerate() {
            let narrow = |x: &[f64]| -> Vec<T> { x.iter().map(|x| T::of(*x)).collect() };
            let (x, dy, rows) = (narrow(&row.x), narrow(&row.dy), Rows::contiguous(row.x.len()));
            let mut y = x.clone();
            let label = |what: &str| format!("{what} {} {level:?}, row {number}", T::NAME);
            let unit = T::unit();
            let largest = |x: &[f64]| x.iter().filter(|x| x.is_finite()).fold(0.0, |a: f64, x| a.max(x.abs()));

            RowActivation::<T>::forward(&Softmax::default(), &x, rows, &mut y);
            failures.extend(check(&label("softmax"), 2.0, |_| 0.0, &x, &y, &row.softmax));

            // Its rounding cannot be less than that of the largest number that is subtracted.
            let involved = unit * largest(&row.x);
            LogSoftmax::default().forward(&x, rows, &mut y);
            failures.extend(check(&label("log_softmax"), 2.0, |_| involved, &x, &y, &row.log_softmax));

            // y (dy - s), s = <y, dy>: y is off by 2 ulp, 4 units of it; so is s, with its products one unit more, of max
            // |dy|; the difference and the product are rounded: (4 * 2 + 5 + 2 + 2) y max|dy| units, |dy - s| <= 2 max|dy|.
            let most = largest(&row.dy);
            let floor = |i: usize| 17.0 * unit * row.softmax[i].abs() * most + T::min_positive_value().wide() * unit;
            Softmax::default().backward(&x, &dy, rows, &mut y);
            failures.extend(check(&label("backward of softmax"), 2.0, floor, &x, &y, &row.softmax_vjp));

            // dy - y S, S = sum(dy): y is off by 4 units, the sum and the product by one each, and the difference is rounded.
            let sum: f64 = row.dy.iter().sum();
            let floor = |i: usize| unit * (6.0 * row.softmax[i].abs() * sum.abs() + row.log_softmax_vjp[i].abs());
            let masked = |i: usize| row.x[i] == f64::NEG_INFINITY;
            // Where x is -inf, the gradient is 0: the contract of rows.
            let exact = |i: usize| if masked(i) { 0.0.into() } else { row.log_softmax_vjp[i] };
            let exact: Vec<Exact> = (0..x.len()).map(exact).collect();
            LogSoftmax::default().backward(&x, &dy, rows, &mut y);
            failures.extend(check(&label("backward of log_softmax"), 1.0, floor, &x, &y, &exact));

            // The loss is -log_softmax of the label. Its gradient is a difference of numbers up to 1.
            let (labels, mut loss) = ([row.label], [T::zero()]);
            let target = Targets::Labels(&labels);
            SoftmaxCrossEntropy.each(&x, target, rows, &mut loss).unwrap();
            let name = label("softmax_cross_entropy");
            failures.extend(check(&name, 2.0, |_| involved, &x[..1], &loss, &row.cross_entropy[..1]));
            SoftmaxCrossEntropy.gradient(&x, target, rows, T::one(), &mut y).unwrap();
            failures.extend(check(&label("gradient"), 3.0, |_| unit, &x, &y, &row.gradient));

            // The same target as probabilities.
            let onehot: Vec<T> = (0..x.len()).map(|i| T::of(f64::from(u8::from(i == row.label as usize)))).collect();
            let target = Targets::Probabilities(&onehot);
            SoftmaxCrossEntropy.each(&x, target, rows, &mut loss).unwrap();
            let name = label("softmax_cross_entropy of probabilities");
            failures.extend(check(&name, 2.0, |_| involved, &x[..1], &loss, &row.cross_entropy[..1]));
            SoftmaxCrossEntropy.gradient(&x, target, rows, T::one(), &mut y).unwrap();
            failures.extend(check(&label("gradient of probabilities"), 3.0, |_| 2.0 * unit, &x, &y, &row.gradient));
        }
    });
    none(&failures);
}

#[test]
fn rows_are_accurate_in_f32() {
    rows_are_accurate::<f32>();
}

#[test]
fn rows_are_accurate_in_f64() {
    rows_are_accurate::<f64>();
}

/// Functions of the PyTorch cases that the crate does not have yet.
const NOT_YET_OF_PYTORCH: [&str; 16] = [
    "binary_cross_entropy",
    "cosine_embedding",
    "gaussian_nll",
    "glu",
    "hinge_embedding",
    "huber",
    "kl_div",
    "mae",
    "margin_ranking",
    "multi_margin",
    "nll",
    "poisson_nll",
    "smooth_l1",
    "soft_margin",
    "softmin",
    "triplet_margin",
];

/// Whether a case needs an option that the crate does not have yet: weights, ignored labels, smoothing, and rows that are
/// not contiguous.
fn needs_more(case: &Json) -> bool {
    let options = &case["options"];
    let dimensions = case["inputs"]["prediction"]["shape"].as_array().unwrap().len() as u64;
    let weighted = ["weight", "pos_weight"].iter().any(|option| options[option] == true);
    let ignores = options["ignore_index"].is_number();
    let smooth = options["label_smoothing"].as_f64().is_some_and(|smoothing| smoothing != 0.0);
    let strided = options["axis"].as_u64().is_some_and(|axis| axis != dimensions - 1);
    weighted || ignores || smooth || strided
}

/// All cases of PyTorch's file.
pub fn cases() -> Vec<Json> {
    let lines = include_str!("../reference/pytorch.jsonl").lines();
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub fn numbers(json: &Json) -> Vec<f64> {
    json["data"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

/// The crate's output, and the gradient of its sum. The output of softmax is multiplied by the case's cotangent, so that
/// the gradient of the sum is a vector-Jacobian product.
fn run(case: &Json) -> (Vec<f64>, Vec<f64>) {
    let (name, options, inputs) = (case["name"].as_str().unwrap(), &case["options"], &case["inputs"]);
    let x = numbers(&inputs["prediction"]);
    let len = inputs["prediction"]["shape"].as_array().unwrap().last().unwrap().as_u64().unwrap();
    let rows = Rows::contiguous(len as usize);
    let mut gradient = vec![0.0; x.len()];
    let reduction = |losses: Vec<f64>, sum: f64, mean: f64| match options["reduction"].as_str().unwrap() {
        "none" => (losses, 1.0),
        "sum" => (vec![sum], 1.0),
        "mean" => (vec![mean], 1.0 / losses.len() as f64),
        other => panic!("reduction {other}"),
    };
    match name {
        "mse" | "binary_cross_entropy_with_logits" => {
            let loss = loss::by_name(name).unwrap();
            let target = numbers(&inputs["target"]);
            let mut losses = vec![0.0; x.len()];
            loss.each(&x, &target, &mut losses);
            let (output, scale) = reduction(losses, loss.sum(&x, &target), loss.mean(&x, &target));
            loss.gradient(&x, &target, scale, &mut gradient);
            (output, gradient)
        }
        "cross_entropy_index" | "cross_entropy_probabilities" => {
            let target = numbers(&inputs["target"]);
            let labels: Vec<u32> = target.iter().map(|label| *label as u32).collect();
            let target =
                if name == "cross_entropy_index" { Targets::Labels(&labels) } else { Targets::Probabilities(&target) };
            let mut losses = vec![0.0; x.len() / rows.row_len()];
            SoftmaxCrossEntropy.each(&x, target, rows, &mut losses).unwrap();
            let sum = SoftmaxCrossEntropy.sum(&x, target, rows).unwrap();
            let mean = SoftmaxCrossEntropy.mean(&x, target, rows).unwrap();
            let (output, scale) = reduction(losses, sum, mean);
            SoftmaxCrossEntropy.gradient(&x, target, rows, scale, &mut gradient).unwrap();
            (output, gradient)
        }
        "softmax" | "log_softmax" => {
            let softmax: &dyn RowActivation<f64> =
                if name == "softmax" { &Softmax::default() } else { &LogSoftmax::default() };
            let (mut y, dy) = (x.clone(), numbers(&inputs["cotangent"]));
            softmax.forward(&x, rows, &mut y);
            softmax.backward(&x, &dy, rows, &mut gradient);
            (y.iter().zip(&dy).map(|(y, dy)| y * dy).collect(), gradient)
        }
        other => panic!("the crate has {other} by now"),
    }
}

/// PyTorch's own f64 kernels are off by some ulp, where they cancel by some of the largest number involved.
fn agrees(got: &[f64], pytorch: &[f64]) -> bool {
    let largest = pytorch.iter().fold(1.0, |a: f64, x| a.max(x.abs()));
    let close = |(a, b): (&f64, &f64)| (a - b).abs() <= 16.0 * f64::EPSILON * largest;
    got.len() == pytorch.len() && got.iter().zip(pytorch).all(close)
}

#[test]
fn pytorch_agrees() {
    let mut skipped = BTreeSet::new();
    let mut failures = Vec::new();
    let mut ran = 0;
    at_every_level(|level| {
        for case in cases().into_iter().filter(|case| !is_activation(case)) {
            let name = case["name"].as_str().unwrap();
            if NOT_YET_OF_PYTORCH.contains(&name) {
                skipped.insert(name.to_owned());
                continue;
            }
            if needs_more(&case) {
                continue;
            }
            ran += 1;
            let (output, gradient) = run(&case);
            for (what, got) in [("output", output), ("gradient", gradient)] {
                let pytorch = numbers(&case[what]);
                if !agrees(&got, &pytorch) {
                    let case = format!("{name} {} {level:?}", case["options"]);
                    failures.push(format!("the {what} of {case}: {got:?}\n  PyTorch has {pytorch:?}"));
                }
            }
        }
        // 3 reductions of mse, bce with logits, cross-entropy of labels and of probabilities; softmax and log_softmax.
        assert_eq!(std::mem::take(&mut ran), 3 * 4 + 2, "cases that were compared");
    });
    none(&failures);
    assert_eq!(skipped, NOT_YET_OF_PYTORCH.iter().map(|name| name.to_string()).collect());
    for name in NOT_YET_OF_PYTORCH {
        let known = activation::by_name::<f64>(name).is_ok() || loss::by_name::<f64>(name).is_ok();
        assert!(!known, "the crate has {name} by now");
    }
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

/// Entries that are not finite: (row, softmax).
fn special_rows() -> Vec<(Vec<f64>, Vec<f64>)> {
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    vec![
        (vec![-inf, 0.0, 0.0], vec![0.0, 0.5, 0.5]),
        (vec![0.0, -inf, -inf, -inf], vec![1.0, 0.0, 0.0, 0.0]),
        (vec![-inf, 1e30, 1.0], vec![0.0, 1.0, 0.0]),
        (vec![inf, 0.0, -inf], vec![1.0, 0.0, 0.0]),
        (vec![inf, 3.0, inf, 1e30], vec![0.5, 0.0, 0.5, 0.0]),
        (vec![inf; 4], vec![0.25; 4]),
        (vec![nan, 0.0, 1.0], vec![nan; 3]),
        (vec![0.0, 1.0, -inf, nan], vec![nan; 4]),
        (vec![nan, -inf], vec![nan; 2]),
        (vec![inf, nan, inf], vec![nan; 3]),
        (vec![nan], vec![nan]),
        (vec![-inf; 3], vec![0.0; 3]),
        (vec![-inf], vec![0.0]),
        (vec![inf], vec![1.0]),
        (vec![-1e38], vec![1.0]),
        (vec![3e38, -3e38], vec![1.0, 0.0]),
    ]
}

fn narrow<T: Element>(x: &[f64]) -> Vec<T> {
    x.iter().map(|x| T::of(*x)).collect()
}

fn all_bits<T: Element>(x: &[T]) -> Vec<u64> {
    x.iter().map(|x| bits(*x)).collect()
}

fn special_rows_follow_the_contract<T: Number>() {
    at_every_level(|level| {
        for (row, expected) in special_rows() {
            // Long rows too, so that the special entries pass through registers and not only through the tail.
            for repeat in [1, 16] {
                let x: Vec<T> = narrow(&row.repeat(repeat));
                let place = format!("{row:?} {repeat} times {} at {level:?}", T::NAME);
                let expected: Vec<T> =
                    narrow(&expected.iter().map(|y| y / repeat as f64).collect::<Vec<_>>().repeat(repeat));
                let rows = Rows::contiguous(x.len());
                let mut y = x.clone();
                Softmax::default().forward(&x, rows, &mut y);
                assert_eq!(all_bits(&y), all_bits(&expected), "softmax of {place}");

                LogSoftmax::default().forward(&x, rows, &mut y);
                for ((y, x), share) in y.iter().zip(&x).zip(&expected) {
                    // The logarithm of the share, or of what the share has underflowed from.
                    let logarithm = share.wide().ln();
                    let close = (y.wide() - logarithm).abs() <= 4.0 * T::unit() * logarithm.abs();
                    let right = y.is_nan() == share.is_nan() && (close || y.wide() == logarithm || share.is_nan());
                    assert!(right || (share.is_zero() && x.is_finite() && *y < T::zero()), "{y} for {x}, {place}");
                    assert!(*x != T::neg_infinity() || *y == T::neg_infinity() || y.is_nan(), "{place}");
                }

                let dy: Vec<T> = (0..x.len()).map(|i| T::of(1.0 + i as f64)).collect();
                let mut dx = x.clone();
                let functions: [&dyn RowActivation<T>; 2] = [&Softmax::default(), &LogSoftmax::default()];
                for f in functions {
                    f.backward(&x, &dy, rows, &mut dx);
                    for ((dx, x), y) in dx.iter().zip(&x).zip(&expected) {
                        assert_eq!(dx.is_nan(), y.is_nan(), "the gradient of {place}");
                        assert!(*x != T::neg_infinity() || *dx == T::zero() || y.is_nan(), "the gradient of {place}");
                    }
                }
            }
        }
    });
}

#[test]
fn special_rows_follow_the_contract_in_both_types() {
    special_rows_follow_the_contract::<f32>();
    special_rows_follow_the_contract::<f64>();
}

/// What is special about a row stays in the row.
#[test]
fn rows_do_not_touch_each_other() {
    let (inf, nan) = (f32::INFINITY, f32::NAN);
    let x = [1.0, 1.0, nan, 1.0, -inf, -inf, inf, inf, 2.0, 2.0];
    at_every_level(|_| {
        let mut y = [0.0; 10];
        Softmax::default().forward(&x, Rows::contiguous(2), &mut y);
        let wanted = [0.5, 0.5, nan, nan, 0.0, 0.0, 0.5, 0.5, 0.5, 0.5];
        assert_eq!(all_bits(&y), all_bits(&wanted));
    });
}

#[test]
fn empty_rows_are_what_was_asked_for() {
    let x = [f64::NEG_INFINITY; 4];
    let rows = Rows::contiguous(4);
    assert_eq!(Softmax::default().empty_row, EmptyRow::Zero);
    assert_eq!(LogSoftmax::default().empty_row, EmptyRow::Zero);
    at_every_level(|_| {
        for (empty_row, share) in [(EmptyRow::Zero, 0.0), (EmptyRow::Nan, f64::NAN), (EmptyRow::Uniform, 0.25_f64)] {
            let mut y = [1.0; 4];
            Softmax { empty_row }.forward(&x, rows, &mut y);
            assert_eq!(all_bits(&y), all_bits(&[share; 4]));
            LogSoftmax { empty_row }.forward(&x, rows, &mut y);
            let close = |y: f64| y == share.ln() || (y - share.ln()).abs() < 1e-15 || (y.is_nan() && share.is_nan());
            assert!(y.into_iter().all(close), "{empty_row:?}: {y:?}");
            // -inf entries have a gradient of 0, unless NaN was asked for.
            for softmax in [&Softmax { empty_row } as &dyn RowActivation<f64>, &LogSoftmax { empty_row }] {
                softmax.backward(&x, &[1.0, 2.0, 3.0, 4.0], rows, &mut y);
                assert!(y.into_iter().all(|dx| dx == 0.0 || share.is_nan() || share > 0.0), "{empty_row:?}: {y:?}");
            }
        }
        let nothing: [&mut [f32]; 2] = [&mut [], &mut []];
        for y in nothing {
            for rows in [Rows::contiguous(0), Rows::contiguous(3)] {
                Softmax::default().forward(&[], rows, y);
                LogSoftmax::default().forward_in_place(y, rows);
                Softmax::default().backward(&[], &[], rows, y);
                let target = Targets::Labels(&[]);
                assert_eq!(SoftmaxCrossEntropy.sum(&[0.0_f32; 0], target, rows), Ok(0.0));
                assert!(SoftmaxCrossEntropy.mean(&[0.0_f32; 0], target, rows).unwrap().is_nan());
            }
        }
    });
}

/// The textbooks' examples, printed by them to as many digits.
#[test]
fn softmax_is_that_of_the_textbooks() {
    at_every_level(|_| {
        let mut y = [0.0_f64; 4];
        Softmax::default().forward(&[-4.0, 5.0, 2.0, -8.0], Rows::contiguous(4), &mut y);
        let printed = [0.00011754291529297411, 0.9524601077108533, 0.047420196500263315, 2.1528735904351842e-06];
        for (y, printed) in y.iter().zip(printed) {
            approx::assert_relative_eq!(*y, printed, max_relative = 1e-15);
        }
        let mut y = [0.0_f32; 3];
        Softmax::default().forward(&[4.0, 1.0, -4.0], Rows::contiguous(3), &mut y);
        // Printed from exponentials of two or three digits: the exact shares are 95.23, 4.74 and 0.03 %.
        for (y, percent) in y.iter().zip([95.25, 4.71, 0.04]) {
            approx::assert_abs_diff_eq!(100.0 * y, percent, epsilon = 0.04);
        }
    });
}

/// A row of any length has a sum of 1 to within 2^-22: every share is off by 2 ulp at most, 2^-22 of itself.
#[test]
fn shares_sum_to_one() {
    let mut random = crate::common::Random(8);
    at_every_level(|level| {
        for len in (1..=257).chain([1000, 1024, 4097, 1 << 17]) {
            let x: Vec<f32> = (0..len).map(|_| random.uniform(-8.0..=8.0)).collect();
            let mut y = x.clone();
            Softmax::default().forward(&x, Rows::contiguous(len), &mut y);
            let sum: f64 = y.iter().map(|y| f64::from(*y)).sum();
            assert!((sum - 1.0).abs() <= 1.0 / f64::from(1 << 22), "{len} shares at {level:?}: {sum}");
            assert!(y.iter().all(|y| (0.0..=1.0).contains(y)));
        }
    });
}

/// Cross-entropy of entries that are not finite.
fn cross_entropy_of_special_rows<T: Number>() {
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    let half = std::f64::consts::LN_2;
    // (logits, label, loss, gradient)
    let cases = [
        (vec![0.0, 0.0, -inf], 0, half, vec![-0.5, 0.5, 0.0]),
        (vec![5.0, -inf, -inf], 0, 0.0, vec![0.0; 3]),
        (vec![0.0, -inf], 1, inf, vec![1.0, -1.0]),
        (vec![inf, 0.0, 1.0], 0, 0.0, vec![0.0; 3]),
        (vec![inf, 0.0, inf], 2, half, vec![0.5, 0.0, -0.5]),
        (vec![inf, 0.0], 1, inf, vec![1.0, -1.0]),
        (vec![nan, 0.0], 1, nan, vec![nan; 2]),
        (vec![3e38, -3e38], 0, 0.0, vec![0.0; 2]),
        (vec![7.0], 0, 0.0, vec![0.0]),
    ];
    at_every_level(|level| {
        for (logits, label, loss, gradient) in &cases {
            let (x, rows): (Vec<T>, _) = (narrow(logits), Rows::contiguous(logits.len()));
            let onehot: Vec<T> = (0..x.len()).map(|i| T::of(f64::from(u8::from(i == *label)))).collect();
            let labels = [*label as u32];
            for target in [Targets::Labels(&labels), Targets::Probabilities(&onehot)] {
                let mut got = x.clone();
                let sum = SoftmaxCrossEntropy.sum_with_gradient(&x, target, rows, T::one(), &mut got).unwrap();
                let place = format!("{logits:?}, {target:?} {} at {level:?}: {sum}, {got:?}", T::NAME);
                let close = |a: T, b: f64| {
                    (a.is_nan() && b.is_nan()) || a.wide() == b || (a.wide() - b).abs() <= 4.0 * T::unit()
                };
                assert!(close(sum, *loss), "the loss of {place}");
                assert!(got.iter().zip(gradient).all(|(a, b)| close(*a, *b)), "the gradient of {place}");
                let masked =
                    got.iter().zip(&x).zip(&onehot).filter(|((_, x), y)| **x == T::neg_infinity() && y.is_zero());
                assert!(
                    masked.into_iter().all(|((gradient, _), _)| gradient.is_zero()),
                    "the masked gradient of {place}"
                );
            }
        }
    });
}

#[test]
fn cross_entropy_of_special_rows_in_both_types() {
    cross_entropy_of_special_rows::<f32>();
    cross_entropy_of_special_rows::<f64>();
}

fn row_losses_have_one_value<T: Number>() {
    let mut random = crate::common::Random(9);
    at_every_level(|level| {
        for (count, len) in [(1, 1), (3, 10), (7, 33), (40, 5), (1100, 3)] {
            let x: Vec<T> = (0..count * len).map(|_| random.uniform(-9.0..=9.0)).collect();
            let y: Vec<T> = (0..count * len).map(|_| random.uniform(0.0..=1.0)).collect();
            let labels: Vec<u32> = (0..count).map(|i| (i * 7 % len) as u32).collect();
            let (rows, scale) = (Rows::contiguous(len), T::of(0.25));
            for target in [Targets::Labels(&labels), Targets::Probabilities(&y)] {
                let place = format!("{count} rows of {len} {} at {level:?}", T::NAME);
                let mut losses = vec![T::zero(); count];
                SoftmaxCrossEntropy.each(&x, target, rows, &mut losses).unwrap();
                let (mut alone, mut together) = (x.clone(), x.clone());
                SoftmaxCrossEntropy.gradient(&x, target, rows, scale, &mut alone).unwrap();
                let sum = SoftmaxCrossEntropy.sum(&x, target, rows).unwrap();
                let with_gradient =
                    SoftmaxCrossEntropy.sum_with_gradient(&x, target, rows, scale, &mut together).unwrap();
                assert_eq!(all_bits(&alone), all_bits(&together), "{place}");
                assert_eq!(bits(sum), bits(with_gradient), "{place}");
                // The sum of so many losses, in f64, and its rounding.
                let exact: f64 = losses.iter().map(|loss| loss.wide()).sum();
                let tolerance = exact * (T::unit() * 1.001 + 1100.0 * f64::EPSILON);
                assert!((sum.wide() - exact).abs() <= tolerance, "{place}: {sum}, {exact}");
                let mean = SoftmaxCrossEntropy.mean(&x, target, rows).unwrap().wide();
                assert!((mean - exact / count as f64).abs() <= tolerance / count as f64, "{place}: {mean}");
            }
        }
    });
}

#[test]
fn row_losses_have_one_value_in_both_types() {
    row_losses_have_one_value::<f32>();
    row_losses_have_one_value::<f64>();
}

#[test]
fn labels_out_of_range_are_refused() {
    let x = [0.5_f32; 12];
    let rows = Rows::contiguous(3);
    let _fixed = fix_level();
    for (labels, row, label) in [([0, 1, 3, 9], 2, 3), ([u32::MAX, 0, 0, 0], 0, u32::MAX), ([2, 2, 2, 5], 3, 5)] {
        let target = Targets::Labels(&labels);
        let expected = TargetError { row, label, classes: 3 };
        let (mut losses, mut gradient) = ([7.0; 4], [7.0; 12]);
        assert_eq!(SoftmaxCrossEntropy.each(&x, target, rows, &mut losses), Err(expected));
        assert_eq!(SoftmaxCrossEntropy.sum(&x, target, rows), Err(expected));
        assert_eq!(SoftmaxCrossEntropy.mean(&x, target, rows), Err(expected));
        assert_eq!(SoftmaxCrossEntropy.gradient(&x, target, rows, 1.0, &mut gradient), Err(expected));
        assert_eq!(SoftmaxCrossEntropy.sum_with_gradient(&x, target, rows, 1.0, &mut gradient), Err(expected));
        assert!(losses == [7.0; 4] && gradient == [7.0; 12], "nothing is written");
        let message = expected.to_string();
        let parts = [row.to_string(), label.to_string(), "3".to_owned()];
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
    }
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

#[test]
fn rows_that_do_not_fit_are_refused() {
    let _fixed = fix_level();
    let x = [0.5_f32; 12];
    let rows = Rows::contiguous(4);
    let (mut ten, mut twelve, mut three) = ([7.0; 10], [7.0; 12], [7.0; 3]);
    let labels = [0; 3];
    let (right, wrong) = (Targets::Labels(&labels), Targets::Labels(&labels[..2]));
    let probabilities = Targets::Probabilities(&x[..10]);
    let functions: [&dyn RowActivation<f32>; 2] = [&Softmax::default(), &LogSoftmax::default()];
    for f in functions {
        let calls = [
            (panic_message(|| f.forward(&x, rows, &mut ten)), [12, 10]),
            (panic_message(|| f.forward(&x[..10], rows, &mut ten)), [10, 4]),
            (panic_message(|| f.forward(&x, Rows::contiguous(0), &mut twelve)), [12, 0]),
            (panic_message(|| f.forward_in_place(&mut ten, rows)), [10, 4]),
            (panic_message(|| f.backward(&x, &x[..10], rows, &mut twelve)), [12, 10]),
            (panic_message(|| f.backward(&x, &x, rows, &mut ten)), [12, 10]),
            (panic_message(|| f.backward(&x[..10], &x[..10], rows, &mut ten)), [10, 4]),
        ];
        for (message, lengths) in calls {
            assert!(lengths.iter().all(|len| message.contains(&len.to_string())), "{message}");
        }
    }
    let f = SoftmaxCrossEntropy;
    let calls = [
        (panic_message(|| f.each(&x, right, rows, &mut ten)), [3, 10]),
        (panic_message(|| f.each(&x, wrong, rows, &mut three)), [3, 2]),
        (panic_message(|| f.sum(&x, wrong, rows)), [3, 2]),
        (panic_message(|| f.mean(&x, probabilities, rows)), [12, 10]),
        (panic_message(|| f.sum(&x[..10], right, rows)), [10, 4]),
        (panic_message(|| f.gradient(&x, right, rows, 1.0, &mut ten)), [12, 10]),
        (panic_message(|| f.gradient(&x, wrong, rows, 1.0, &mut twelve)), [3, 2]),
        (panic_message(|| f.sum_with_gradient(&x, right, rows, 1.0, &mut ten)), [12, 10]),
        (panic_message(|| f.sum_with_gradient(&x, probabilities, rows, 1.0, &mut twelve)), [12, 10]),
    ];
    for (message, lengths) in calls {
        assert!(lengths.iter().all(|len| message.contains(&len.to_string())), "{message}");
    }
    assert!(ten == [7.0; 10] && twelve == [7.0; 12] && three == [7.0; 3], "nothing is written");
}

/// The step of central differences, and how far they may be from a derivative: h^2 / 6 of the third derivative, at most
/// 1 here (a softmax has less, a logistic function 1 / 8), and `error` of either value, over 2 h.
const H: f64 = 1.0 / (1 << 17) as f64;
fn tolerance(error: f64) -> f64 {
    H * H / 6.0 + error / H
}

/// Logits and a target distribution of the same length.
fn row_and_target() -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
    (1..24_usize).prop_flat_map(|len| (prop::collection::vec(-20.0..20.0, len), prop::collection::vec(0.0..1.0, len)))
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

    #[test]
    fn gradients_of_rows_are_finite_differences((x, y) in row_and_target(), choice: prop::sample::Index) {
        let _fixed = fix_level();
        let (i, rows) = (choice.index(x.len()), Rows::contiguous(x.len()));
        let labels = [(i / 2) as u32];
        let total: f64 = y.iter().sum();
        let moved = |by: f64| -> Vec<f64> { x.iter().enumerate().map(|(j, x)| if i == j { x + by } else { *x }).collect() };
        let (above, below) = (moved(H), moved(-H));
        let width = above[i] - below[i];
        for (target, weight) in [(Targets::Labels(&labels), 1.0), (Targets::Probabilities(&y), total)] {
            let loss = |x: &[f64]| SoftmaxCrossEntropy.sum(x, target, rows).unwrap();
            let mut gradient = vec![0.0; x.len()];
            SoftmaxCrossEntropy.gradient(&x, target, rows, 1.0, &mut gradient).unwrap();
            let difference = (loss(&above) - loss(&below)) / width;
            // Losses reach 40 + ln 24 for each unit of target.
            let allowed = tolerance(8.0 * f64::EPSILON * 64.0) * (1.0 + weight);
            prop_assert!((gradient[i] - difference).abs() <= allowed, "{x:?} {target:?}: {}, {difference}", gradient[i]);
        }

        // <dy, f(x)> differs as the product says; dy is y here.
        let functions: [(&dyn RowActivation<f64>, f64); 2] = [(&Softmax::default(), 1.0), (&LogSoftmax::default(), 64.0)];
        for (f, largest) in functions {
            let product = |x: &[f64]| -> f64 {
                let mut out = x.to_vec();
                f.forward(x, rows, &mut out);
                out.iter().zip(&y).map(|(a, b)| a * b).sum()
            };
            let mut dx = vec![0.0; x.len()];
            f.backward(&x, &y, rows, &mut dx);
            let difference = (product(&above) - product(&below)) / width;
            let allowed = tolerance(8.0 * f64::EPSILON * largest) * (1.0 + total);
            prop_assert!((dx[i] - difference).abs() <= allowed, "{x:?} {y:?}: {}, {difference}", dx[i]);
        }
    }

    /// Whole numbers and halves, so that the shift itself is exact.
    #[test]
    fn softmax_does_not_see_a_shift(x in prop::collection::vec(-100..100_i32, 1..70), shift in -1000..1000_i32) {
        let _fixed = fix_level();
        let rows = Rows::contiguous(x.len());
        let row = |shift: i32| -> Vec<f32> { x.iter().map(|x| (x + shift) as f32 / 2.0).collect() };
        let (mut here, mut there) = (row(0), row(shift));
        Softmax::default().forward_in_place(&mut here, rows);
        Softmax::default().forward_in_place(&mut there, rows);
        prop_assert_eq!(all_bits(&here), all_bits(&there));
    }

    /// softmax([a, b]) = (s(a - b), s(b - a)): both sides are within 2 ulp, where a - b is exact.
    #[test]
    fn softmax_of_two_is_logistic(a in -200..200_i32, b in -200..200_i32) {
        let _fixed = fix_level();
        let (a, b) = (a as f32 / 4.0, b as f32 / 4.0);
        let mut y = [a, b];
        Softmax::default().forward_in_place(&mut y, Rows::contiguous(2));
        let sigmoid = activation::Sigmoid;
        for (y, wanted) in y.into_iter().zip([sigmoid.forward(a - b), sigmoid.forward(b - a)]) {
            prop_assert!((y - wanted).abs() <= 4.0 * f32::EPSILON * wanted, "{y}, {wanted}");
        }
    }
}
