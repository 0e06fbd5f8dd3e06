//! Losses and row functions against PyTorch.

use std::collections::BTreeSet;

use crate::common::{at_every_level, none};
use crate::pytorch::is_activation;
use serde_json::Value as Json;
use slopes::activation::{self, LogSoftmax, RowActivation, Rows, Softmax};
use slopes::loss::{
    self, CosineEmbedding, MultiMargin, NegativeLogLikelihood, RowLoss, SoftmaxCrossEntropy, Targets, Triplet,
};

/// Functions of the PyTorch cases that the crate does not have yet.
const NOT_YET_OF_PYTORCH: [&str; 12] = [
    "binary_cross_entropy",
    "gaussian_nll",
    "glu",
    "hinge_embedding",
    "huber",
    "kl_div",
    "mae",
    "margin_ranking",
    "poisson_nll",
    "smooth_l1",
    "soft_margin",
    "softmin",
];

/// Whether a case needs an option that the crate does not have yet: weights of the positive class, and rows that are not
/// contiguous (the axis of classes of a prediction of shape [2, 4, 3] is 1).
fn needs_more(case: &Json) -> bool {
    let options = &case["options"];
    let dimensions = case["inputs"]["prediction"]["shape"].as_array().unwrap().len() as u64;
    let strided = options["axis"].as_u64().is_some_and(|axis| axis != dimensions - 1);
    options["pos_weight"] == true || strided
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
        "cross_entropy_index" | "cross_entropy_probabilities" | "nll" | "multi_margin" => {
            let (target, weights) = (numbers(&inputs["target"]), &inputs["weight"]);
            let weights = if weights.is_object() { Some(numbers(weights)) } else { None };
            let class_weights = weights.as_deref();
            let ignored = options["ignore_index"].as_u64().map(|index| index as u32);
            let smoothing = options["label_smoothing"].as_f64().unwrap_or(0.0);
            let margin = options["margin"].as_f64().unwrap_or(0.0);
            let loss: &dyn RowLoss<f64> = match name {
                "nll" => &NegativeLogLikelihood { class_weights, ignored },
                "multi_margin" => &MultiMargin { margin, squared: options["p"] == 2 },
                _ => &SoftmaxCrossEntropy { class_weights, ignored, smoothing },
            };
            let labels: Vec<u32> = target.iter().map(|label| *label as u32).collect();
            let soft = name == "cross_entropy_probabilities";
            let target = if soft { Targets::Probabilities(&target) } else { Targets::Labels(&labels) };
            let mut losses = vec![0.0; x.len() / rows.row_len()];
            loss.each(&x, target, rows, &mut losses).unwrap();
            let (sum, mean) = (loss.sum(&x, target, rows).unwrap(), loss.mean(&x, target, rows).unwrap());
            let (output, mut scale) = reduction(losses, sum, mean);
            if scale != 1.0 {
                scale = 1.0 / loss.denominator(target, rows).unwrap();
            }
            loss.gradient(&x, target, rows, scale, &mut gradient).unwrap();
            (output, gradient)
        }
        "cosine_embedding" | "triplet_margin" => {
            let margin = options["margin"].as_f64().unwrap();
            let mut losses = vec![0.0; x.len() / rows.row_len()];
            // Each, sum and mean; then the gradient.
            if name == "triplet_margin" {
                let (positive, negative) = (numbers(&inputs["positive"]), numbers(&inputs["negative"]));
                let loss = Triplet { margin, ..Triplet::default() };
                loss.each(&x, &positive, &negative, rows, &mut losses);
                let (sum, mean) = (loss.sum(&x, &positive, &negative, rows), loss.mean(&x, &positive, &negative, rows));
                let (output, scale) = reduction(losses, sum, mean);
                loss.sum_with_gradients(&x, &positive, &negative, rows, scale, [Some(&mut gradient), None, None]);
                (output, gradient)
            } else {
                let (other, target) = (numbers(&inputs["other"]), numbers(&inputs["target"]));
                let loss = CosineEmbedding { margin };
                loss.each(&x, &other, &target, rows, &mut losses);
                let (sum, mean) = (loss.sum(&x, &other, &target, rows), loss.mean(&x, &other, &target, rows));
                let (output, scale) = reduction(losses, sum, mean);
                loss.sum_with_gradients(&x, &other, &target, rows, scale, [Some(&mut gradient), None]);
                (output, gradient)
            }
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

/// PyTorch's own f64 kernels are off by some ulp, where they cancel by some of the largest number involved. It adds 1e-12 to
/// the squared lengths of a cosine embedding, which are above 3.4 here: that moves each
/// of 5 cosines by 3e-13 at most.
fn agrees(name: &str, got: &[f64], pytorch: &[f64]) -> bool {
    let largest = pytorch.iter().fold(1.0, |a: f64, x| a.max(x.abs()));
    let allowed = if name == "cosine_embedding" { 1.5e-12 } else { 16.0 * f64::EPSILON * largest };
    let close = |(a, b): (&f64, &f64)| (a - b).abs() <= allowed;
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
                if !agrees(name, &got, &pytorch) {
                    let case = format!("{name} {} {level:?}", case["options"]);
                    failures.push(format!("the {what} of {case}: {got:?}\n  PyTorch has {pytorch:?}"));
                }
            }
        }
        // 3 reductions of mse and bce with logits; of 8, 4 and 4 forms of cross-entropy of labels, of probabilities, and of
        // likelihoods; of 2 multi-margins, a cosine and a triplet; softmax and log_softmax.
        assert_eq!(std::mem::take(&mut ran), 3 * (2 + 8 + 4 + 4 + 2 + 1 + 1) + 2, "cases that were compared");
    });
    none(&failures);
    assert_eq!(skipped, NOT_YET_OF_PYTORCH.iter().map(|name| name.to_string()).collect());
    for name in NOT_YET_OF_PYTORCH {
        let known = activation::by_name::<f64>(name).is_ok() || loss::by_name::<f64>(name).is_ok();
        assert!(!known, "the crate has {name} by now");
    }
}
