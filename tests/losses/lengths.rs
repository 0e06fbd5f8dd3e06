//! Losses of rows in f32, against their formulas in f64, for rows about as long as the blocks that they are computed
//! in, alone and in batches.

use crate::common::{Number, ORDERS, Random, at_every_level, none, over_budget};
use crate::row_accuracy::{cross_entropy, focal};
use slopes::ErrorBound;
use slopes::activation::Rows;
use slopes::loss::{
    CategoricalCrossEntropy, Dice, MultiMargin, NegativeLogLikelihood, RowLoss, SoftmaxCrossEntropy, Targets, Tversky,
};

/// Around 16, 32 and 128, and of several blocks.
const LENGTHS: [usize; 15] = [1, 2, 3, 10, 15, 16, 17, 31, 32, 33, 64, 127, 128, 129, 300];

/// One row, and more than go side by side.
const COUNTS: [usize; 2] = [1, 45];

/// Value, gradient and second derivatives of a row, and what the absolute bounds are multiples of.
struct Expected {
    value: f64,
    gradient: Vec<f64>,
    hessian: Vec<f64>,
    involved: [f64; 3],
}

/// `c Q L^2 - sum_i q_i (1 - p_i)^gamma ln p_i`, p the softmax of z.
fn from_logits(z: &[f64], q: &[f64], gamma: f64, c: f64) -> Expected {
    let m = z.iter().fold(f64::NEG_INFINITY, |m, z| m.max(*z));
    let e: Vec<f64> = z.iter().map(|z| (z - m).exp()).collect();
    let sum: f64 = e.iter().sum();
    let log_sum = m + sum.ln();
    let p: Vec<f64> = e.iter().map(|e| e / sum).collect();
    let u: Vec<f64> = (0..z.len()).map(|i| (0..z.len()).filter(|j| *j != i).map(|j| e[j]).sum::<f64>() / sum).collect();
    let all_q: f64 = q.iter().sum();
    let (mut value, mut a, mut b) = (c * all_q * log_sum * log_sum, vec![0.0; z.len()], vec![0.0; z.len()]);
    for i in 0..z.len() {
        let l = log_sum - z[i];
        if gamma == 0.0 || u[i] == 0.0 {
            let none = f64::from(u8::from(gamma == 0.0));
            (value, a[i]) = (value + none * q[i] * l, none * q[i]);
            continue;
        }
        let power = |k: f64| u[i].powf(gamma - k);
        value += q[i] * power(0.0) * l;
        a[i] = q[i] * (power(0.0) + gamma * p[i] * power(1.0) * l);
        // The derivative of a_i in p_i, times p_i.
        let slope = gamma * power(1.0) * (l - 2.0) - gamma * (gamma - 1.0) * p[i] * power(2.0) * l;
        b[i] = q[i] * p[i] * slope;
    }
    let all_a: f64 = a.iter().sum();
    let first = all_a + 2.0 * c * log_sum * all_a;
    let gradient = (0..z.len()).map(|i| first * p[i] - a[i]).collect();
    let hessian = (0..z.len())
        .map(|i| {
            let of_b: f64 = (0..z.len()).map(|j| b[j] * if i == j { u[i] * u[i] } else { p[i] * p[i] }).sum();
            first * p[i] * u[i] - of_b + 2.0 * c * all_a * p[i] * p[i]
        })
        .collect();
    let largest = z.iter().fold(1.0_f64, |largest, z| largest.max(z.abs()));
    let of_z = 1.0 + 2.0 * c * (largest + (z.len() as f64).ln());
    Expected { value, gradient, hessian, involved: [of_z * largest, of_z * all_q, of_z * all_q] }
}

/// `-sum_i q_i ln z_i` of probabilities, or `-sum_i q_i z_i` of their logarithms.
fn from_probabilities(z: &[f64], q: &[f64], logarithms: bool) -> Expected {
    let each = |f: &dyn Fn(usize) -> f64| -> Vec<f64> { (0..z.len()).map(f).collect() };
    let (gradient, hessian) = if logarithms {
        (each(&|i| -q[i]), vec![0.0; z.len()])
    } else {
        (each(&|i| -q[i] / z[i]), each(&|i| q[i] / (z[i] * z[i])))
    };
    let terms = each(&|i| q[i] * if logarithms { z[i] } else { z[i].ln() });
    let involved = [terms.iter().map(|x| x.abs()).sum(), 0.0, 0.0];
    Expected { value: -terms.iter().sum::<f64>(), gradient, hessian, involved }
}

/// The multi-class margin loss of a margin of 1.
fn margin(z: &[f64], label: usize, squared: bool) -> Expected {
    let classes = z.len() as f64;
    let h = |i: usize| if i == label { 0.0 } else { (1.0 + z[i] - z[label]).max(0.0) };
    let of = |f: &dyn Fn(f64) -> f64| -> Vec<f64> { (0..z.len()).map(|i| f(h(i)) / classes).collect() };
    let positive = |h: f64| f64::from(u8::from(h > 0.0));
    let [value, mut gradient, mut hessian] = if squared {
        [of(&|h| h * h), of(&|h| 2.0 * h), of(&|h| 2.0 * positive(h))]
    } else {
        [of(&|h| h), of(&positive), of(&|_| 0.0)]
    };
    gradient[label] = -gradient.iter().sum::<f64>();
    hessian[label] = hessian.iter().sum();
    let largest = z.iter().fold(0.0_f64, |largest, z| largest.max(z.abs()));
    let involved = [largest * gradient[label].abs(), if squared { largest } else { 0.0 }, 0.0];
    Expected { value: value.iter().sum(), gradient, hessian, involved }
}

/// The Tversky loss; the Dice loss is that of 1/2 and 1/2.
fn overlap(p: &[f64], y: &[f64], alpha: f64, beta: f64, smooth: f64) -> Expected {
    let sum = |f: &dyn Fn(f64, f64) -> f64| -> f64 { p.iter().zip(y).map(|(p, y)| f(*p, *y)).sum() };
    let both = sum(&|p, y| p * y) + smooth;
    let wrong = alpha * sum(&|p, y| p * (1.0 - y)) + beta * sum(&|p, y| (1.0 - p) * y);
    let d = both + wrong;
    let gradient = y.iter().map(|y| (both * (alpha * (1.0 - y) - beta * y) - y * wrong) / (d * d)).collect::<Vec<_>>();
    let of_d = |y: f64| alpha * (1.0 - y) + (1.0 - beta) * y;
    let hessian = gradient.iter().zip(y).map(|(slope, y)| -2.0 * slope * of_d(*y) / d).collect();
    Expected { value: wrong / d, gradient, hessian, involved: [0.0, 1.0 / d, 1.0 / (d * d)] }
}

/// A loss, if its predictions are probabilities, and its formula for a row, from the target as probabilities.
type Case<'a> = (&'static str, Box<dyn RowLoss<f32> + 'a>, bool, Box<dyn Fn(&[f64], &[f64]) -> Expected + 'a>);

fn cases(weights: &[f64]) -> Vec<Case<'_>> {
    let weighted = move |y: &[f64]| -> Vec<f64> { y.iter().zip(weights).map(|(y, w)| y * w).collect() };
    let smoothed = |y: &[f64]| -> Vec<f64> { y.iter().map(|share| share * 0.875 + 0.125 / y.len() as f64).collect() };
    let z_loss = SoftmaxCrossEntropy::new().with_z_loss(0.0625).unwrap();
    let nll = NegativeLogLikelihood::new().with_class_weights(weights).unwrap();
    let squared = MultiMargin::new().with_squared(true);
    let tversky = Tversky::new().with_smooth(0.5).unwrap().with_alpha(0.25).unwrap().with_beta(0.75).unwrap();
    let label = |y: &[f64]| y.iter().position(|y| *y == 1.0).unwrap();
    vec![
        ("cross-entropy", Box::new(cross_entropy(None, 0.0)), false, Box::new(|z, y| from_logits(z, y, 0.0, 0.0))),
        (
            "weighted and smooth cross-entropy",
            Box::new(cross_entropy(Some(weights), 0.125)),
            false,
            Box::new(move |z, y| from_logits(z, &weighted(&smoothed(y)), 0.0, 0.0)),
        ),
        ("cross-entropy with z-loss", Box::new(z_loss), false, Box::new(|z, y| from_logits(z, y, 0.0, 0.0625))),
        (
            "focal loss",
            Box::new(focal(2.0, Some(weights))),
            false,
            Box::new(move |z, y| from_logits(z, &weighted(y), 2.0, 0.0)),
        ),
        ("likelihood", Box::new(nll), false, Box::new(move |z, y| from_probabilities(z, &weighted(y), true))),
        (
            "categorical cross-entropy",
            Box::new(CategoricalCrossEntropy::default()),
            true,
            Box::new(|p, y| from_probabilities(p, y, false)),
        ),
        ("margin loss", Box::new(MultiMargin::default()), false, Box::new(move |z, y| margin(z, label(y), false))),
        ("squared margin loss", Box::new(squared), false, Box::new(move |z, y| margin(z, label(y), true))),
        ("Dice loss", Box::new(Dice::default()), true, Box::new(|p, y| overlap(p, y, 0.5, 0.5, 0.0))),
        ("Tversky loss", Box::new(tversky), true, Box::new(|p, y| overlap(p, y, 0.25, 0.75, 0.5))),
    ]
}

#[test]
fn losses_of_rows_of_any_length_are_their_formulas() {
    let mut failures = Vec::new();
    at_every_level(|level| {
        for (len, count) in LENGTHS.into_iter().flat_map(|len| COUNTS.map(|count| (len, count))) {
            let mut random = Random(len as u64);
            let weights: Vec<f64> = (0..len).map(|i| [0.5, 1.75, 0.25, 3.0, 1.0][i % 5]).collect();
            // Logits between which no difference is within a rounding of a margin.
            let z: Vec<f32> = (0..len * count).map(|_| random.uniform::<f32>(-6.0..=6.0)).collect();
            let p: Vec<f32> = (0..len * count).map(|_| random.uniform(0.001..=0.999)).collect();
            let labels: Vec<u32> = (0..count).map(|row| (row * 7 % len) as u32).collect();
            let one_hot: Vec<f32> =
                (0..count * len).map(|i| f32::from(u8::from(i % len == labels[i / len] as usize))).collect();
            let soft: Vec<f32> =
                (0..count * len).map(|i| if i % 3 == 1 { 0.0 } else { random.uniform(0.0..=1.0) }).collect();
            let rows = Rows::contiguous(len);
            for (name, loss, of_probabilities, formula) in cases(&weights) {
                let x = if of_probabilities { &p } else { &z };
                for (kind, targets, y) in [
                    ("labels", Targets::labels(&labels), &one_hot),
                    ("probabilities", Targets::Probabilities(&soft), &soft),
                ] {
                    if name.contains("margin") && kind != "labels" {
                        continue;
                    }
                    let ErrorBound { ulp, absolute } = f32::budget(loss.spec());
                    let mut value = vec![f32::NAN; count];
                    let mut alone = vec![f32::NAN; x.len()];
                    let (mut gradient, mut hessian) = (alone.clone(), alone.clone());
                    loss.forward(x, targets, rows, &mut value).unwrap();
                    loss.gradient(x, targets, rows, 1.0, &mut alone).unwrap();
                    loss.gradient_with_hessian(x, targets, rows, 1.0, &mut gradient, &mut hessian).unwrap();
                    for row in 0..count {
                        let all = row * len..(row + 1) * len;
                        let wide = |x: &[f32]| -> Vec<f64> { x[all.clone()].iter().map(|x| f64::from(*x)).collect() };
                        let expected = formula(&wide(x), &wide(y));
                        let of_value = [expected.value];
                        let outputs = [
                            (0, &value[row..=row], &of_value[..]),
                            (1, &alone[all.clone()], &expected.gradient),
                            (1, &gradient[all.clone()], &expected.gradient),
                            (2, &hessian[all.clone()], &expected.hessian),
                        ];
                        for (order, got, exact) in outputs {
                            // The formulas in f64 have errors of their own, of some 2^-40 of what is involved.
                            let floor = (absolute[order] * f32::unit() + 1e-12) * expected.involved[order] + 1e-12;
                            let label = format!(
                                "{name} of {kind} {level:?}, row {row} of {count}, {len} entries, {}",
                                ORDERS[order]
                            );
                            failures.extend(over_budget(
                                &label,
                                ulp[order],
                                |_| floor,
                                &x[all.clone()][..got.len()],
                                got,
                                |i| exact[i].into(),
                            ));
                        }
                    }
                }
            }
        }
    });
    none(&failures);
}
