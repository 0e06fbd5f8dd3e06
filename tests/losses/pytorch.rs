//! Losses against PyTorch.

use crate::common::pytorch::{Kind, agree, numbers, rows, shape};
use serde_json::Value as Json;
use slopes::loss::{
    AnyLoss, BinaryCrossEntropyWithLogits, CosineEmbedding, GaussianNll, Loss, MarginRanking, MultiMargin,
    NegativeLogLikelihood, RowLoss, SoftmaxCrossEntropy, Targets, Triplet,
};

/// The pointwise loss of a case.
fn pointwise(case: &Json) -> Option<AnyLoss> {
    let options = &case["options"];
    let flag = |name: &str| u8::from(options[name] == true);
    let text = match case["name"].as_str().unwrap() {
        "huber" => format!("huber(delta={})", options["delta"]),
        "smooth_l1" => format!("smooth_l1(beta={})", options["beta"]),
        "hinge_embedding" => format!("hinge_embedding(margin={})", options["margin"]),
        "poisson_nll" if options["log_input"] == true => format!("poisson_nll(full={})", flag("full")),
        "poisson_nll" => format!("poisson_nll_of_rate(full={})", flag("full")),
        "kl_div" if options["log_target"] == true => "kl_divergence_of_logs".to_owned(),
        name @ ("mse"
        | "mae"
        | "binary_cross_entropy"
        | "binary_cross_entropy_with_logits"
        | "kl_div"
        | "soft_margin") => name.to_owned(),
        _ => return None,
    };
    Some(text.parse().unwrap())
}

/// The denominator of a reduction: of all the losses, or of the rows.
fn denominator(case: &Json) -> f64 {
    let shape = shape(&case["inputs"]["prediction"]);
    match case["options"]["reduction"].as_str().unwrap() {
        "none" | "sum" => 1.0,
        "mean" => shape.iter().product::<usize>() as f64,
        "batchmean" => shape[0] as f64,
        other => panic!("reduction {other}"),
    }
}

/// The losses of the samples reduced as the case wants.
fn reduced(case: &Json, losses: Vec<f64>, sum: f64) -> Vec<f64> {
    if case["options"]["reduction"] == "none" { losses } else { vec![sum / denominator(case)] }
}

fn run_pointwise(case: &Json, loss: AnyLoss) -> (Vec<f64>, Vec<f64>) {
    let inputs = &case["inputs"];
    let (x, target) = (numbers(&inputs["prediction"]), numbers(&inputs["target"]));
    let scale = 1.0 / denominator(case);
    let (mut losses, mut gradient) = (x.clone(), x.clone());
    if case["options"]["pos_weight"] != true {
        loss.forward_slice(&x, &target, &mut losses);
        let sum = loss.sum_with_gradient(&x, &target, scale, &mut gradient);
        if case["options"]["reduction"] == "mean" {
            return (vec![loss.mean(&x, &target)], gradient);
        }
        return (reduced(case, losses, sum), gradient);
    }
    // A weight for each sample; and a weight of the class 1 for each column: a column at a time.
    let (weights, pos_weights) = (numbers(&inputs["weight"]), numbers(&inputs["pos_weight"]));
    let (columns, mut sum) = (pos_weights.len(), 0.0);
    for (j, pos_weight) in pos_weights.into_iter().enumerate() {
        let column = |all: &[f64]| all.iter().skip(j).step_by(columns).copied().collect::<Vec<f64>>();
        let (x, target, weights) = (column(&x), column(&target), column(&weights));
        let loss = BinaryCrossEntropyWithLogits::new(pos_weight).unwrap();
        let loss = loss.weighted(&weights);
        let (mut of_column, mut derivatives) = (x.clone(), x.clone());
        loss.forward_slice(&x, &target, &mut of_column);
        sum += loss.sum_with_gradient(&x, &target, scale, &mut derivatives);
        for (i, (y, derivative)) in of_column.iter().zip(&derivatives).enumerate() {
            (losses[i * columns + j], gradient[i * columns + j]) = (*y, *derivative);
        }
    }
    (reduced(case, losses, sum), gradient)
}

/// The crate's output, and the gradient of its sum.
fn run(case: &Json) -> (Vec<f64>, Vec<f64>) {
    let (name, options, inputs) = (case["name"].as_str().unwrap(), &case["options"], &case["inputs"]);
    let x = numbers(&inputs["prediction"]);
    let rows = rows(case);
    let mut gradient = vec![0.0; x.len()];
    if let Some(loss) = pointwise(case) {
        return run_pointwise(case, loss);
    }
    let reduction = |losses: Vec<f64>, sum: f64, mean: f64| match options["reduction"].as_str().unwrap() {
        "none" => (losses, 1.0),
        "sum" => (vec![sum], 1.0),
        "mean" => (vec![mean], 1.0 / losses.len() as f64),
        other => panic!("reduction {other}"),
    };
    match name {
        "gaussian_nll" | "margin_ranking" => {
            let (target, scale) = (numbers(&inputs["target"]), 1.0 / denominator(case));
            let (mut losses, mut other_gradient) = (x.clone(), x.clone());
            let gradients = [&mut gradient[..], &mut other_gradient[..]];
            let sum = if name == "gaussian_nll" {
                let (loss, variance) = (GaussianNll::default(), numbers(&inputs["variance"]));
                loss.forward_slice(&x, &target, &variance, &mut losses);
                loss.sum_with_gradients(&x, &target, &variance, scale, gradients)
            } else {
                let loss = MarginRanking::new().with_margin(options["margin"].as_f64().unwrap()).unwrap();
                let other = numbers(&inputs["other"]);
                loss.forward_slice(&x, &other, &target, &mut losses);
                loss.sum_with_gradients(&x, &other, &target, scale, gradients)
            };
            (reduced(case, losses, sum), gradient)
        }
        "cross_entropy_index" | "cross_entropy_probabilities" | "nll" | "multi_margin" => {
            let (target, weights) = (numbers(&inputs["target"]), &inputs["weight"]);
            let weights = if weights.is_object() { Some(numbers(weights)) } else { None };
            let class_weights = weights.as_deref();
            let ignore_label = options["ignore_index"].as_i64();
            let label_smoothing = options["label_smoothing"].as_f64().unwrap_or(0.0);
            let margin = options["margin"].as_f64().unwrap_or(0.0);
            let loss: &dyn RowLoss<f64> = match name {
                "nll" => {
                    let mut loss = NegativeLogLikelihood::new();
                    (loss.class_weights, loss.ignore_label) = (class_weights, ignore_label);
                    &{ loss }
                }
                "multi_margin" => &MultiMargin::new().with_squared(options["p"] == 2).with_margin(margin).unwrap(),
                _ => {
                    let mut loss = SoftmaxCrossEntropy::new().with_label_smoothing(label_smoothing).unwrap();
                    (loss.class_weights, loss.ignore_label) = (class_weights, ignore_label);
                    &{ loss }
                }
            };
            let labels: Vec<i64> = target.iter().map(|label| *label as i64).collect();
            let soft = name == "cross_entropy_probabilities";
            let target = if soft { Targets::Probabilities(&target) } else { Targets::labels(&labels) };
            let mut losses = vec![0.0; x.len() / rows.row_len()];
            loss.forward(&x, target, rows, &mut losses).unwrap();
            let (sum, mean) = (loss.sum(&x, target, rows).unwrap(), loss.mean(&x, target, rows).unwrap());
            let (output, mut scale) = reduction(losses, sum, mean);
            if scale != 1.0 {
                scale = 1.0 / loss.total_weight(target, rows).unwrap();
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
                let loss = Triplet::new().with_margin(margin).unwrap();
                loss.forward(&x, &positive, &negative, rows, &mut losses);
                let (sum, mean) = (loss.sum(&x, &positive, &negative, rows), loss.mean(&x, &positive, &negative, rows));
                let (output, scale) = reduction(losses, sum, mean);
                loss.sum_with_gradients(&x, &positive, &negative, rows, scale, [Some(&mut gradient), None, None]);
                (output, gradient)
            } else {
                let (other, target) = (numbers(&inputs["other"]), numbers(&inputs["target"]));
                let loss = CosineEmbedding::new().with_margin(margin).unwrap();
                loss.forward(&x, &other, &target, rows, &mut losses);
                let (sum, mean) = (loss.sum(&x, &other, &target, rows), loss.mean(&x, &other, &target, rows));
                let (output, scale) = reduction(losses, sum, mean);
                loss.sum_with_gradients(&x, &other, &target, rows, scale, [Some(&mut gradient), None]);
                (output, gradient)
            }
        }
        other => panic!("{other} is compared nowhere"),
    }
}

/// 65 of the pointwise losses; 3 reductions of 9, 4 and 4 forms of cross-entropy of labels, of probabilities, and of
/// likelihoods, of 2 multi-margins, a cosine and a triplet.
#[test]
fn pytorch_agrees() {
    agree(Kind::Loss, 65 + 3 * (9 + 4 + 4 + 2 + 1 + 1), run);
}
