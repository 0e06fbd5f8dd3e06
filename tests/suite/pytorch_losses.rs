//! Losses and row functions against PyTorch.

use std::collections::BTreeSet;

use crate::common::{at_every_level, none};
use crate::pytorch::is_activation;
use serde_json::Value as Json;
use slopes::activation::{self, LogSoftmax, RowActivation, Rows, Softmax};
use slopes::loss::{self, RowLoss, SoftmaxCrossEntropy, Targets};

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
            SoftmaxCrossEntropy::default().each(&x, target, rows, &mut losses).unwrap();
            let sum = SoftmaxCrossEntropy::default().sum(&x, target, rows).unwrap();
            let mean = SoftmaxCrossEntropy::default().mean(&x, target, rows).unwrap();
            let (output, scale) = reduction(losses, sum, mean);
            SoftmaxCrossEntropy::default().gradient(&x, target, rows, scale, &mut gradient).unwrap();
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
