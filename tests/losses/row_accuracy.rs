//! The accuracy of losses of rows: against the reference.

use crate::common::rows::{check, largest, rows};
use crate::common::{Exact, Number, ORDERS, at_every_level, csv, from_hex, narrow, none, over_budget};
use slopes::ErrorBound;
use slopes::activation::Rows;
use slopes::loss::{
    CategoricalCrossEntropy, CategoricalFocal, CategoricalHinge, Dice, MultiMargin, RowLoss, SoftmaxCrossEntropy,
    Targets, Tversky,
};

/// A row of the reference.
#[derive(Default)]
pub struct Row {
    pub loss: String,
    pub x: Vec<f64>,
    pub y: Vec<f64>,
    pub z: Vec<f64>,
    pub target: f64,
    pub value: Vec<Exact>,
    pub gradient: Vec<Exact>,
    pub hessian: Vec<Exact>,
    pub gradient_y: Vec<Exact>,
    pub gradient_z: Vec<Exact>,
}

impl Row {
    /// What the absolute bounds of value, gradient and second derivative are multiples of, at most.
    fn involved(&self, weights: &[f64]) -> [f64; 3] {
        let (largest, of_target) = (largest(&self.x), self.y.iter().sum::<f64>().max(1.0));
        let overlap = |alpha: f64, beta: f64| -> f64 {
            let term = |(p, y): (&f64, &f64)| p * y + alpha * p * (1.0 - y) + beta * (1.0 - p) * y;
            self.x.iter().zip(&self.y).map(term).sum()
        };
        let divided = |d: f64| [0.0, 1.0 / d, 1.0 / (d * d)];
        match &self.loss[..] {
            "categorical_cross_entropy_0" => [0.0; 3],
            "categorical_cross_entropy_0.0625" => [of_target, 0.0, 0.0],
            "multi_margin_1" => [largest * self.gradient[self.target as usize].abs(), 0.0, 0.0],
            "multi_margin_0.75_squared" => [largest * self.gradient[self.target as usize].abs(), largest, 0.0],
            "categorical_hinge" => [largest, 0.0, 0.0],
            "dice_0" => divided(2.0 * overlap(0.5, 0.5)),
            "dice_1" => divided(2.0 * overlap(0.5, 0.5) + 1.0),
            "tversky_0.25_0.75_0.5" => divided(overlap(0.25, 0.75) + 0.5),
            "cross_entropy_z_label" | "cross_entropy_z_soft" => {
                let of_z = 1.0 + 2.0 * 0.0625 * largest;
                // abs(L) is at most the largest logit and ln 20.
                [(1.0 + 0.0625 * (largest + 3.0)) * largest.max(1.0), of_z * of_target, of_z * of_target]
            }
            _ => {
                let wanted = of_target * weights.iter().fold(1.0, |a: f64, b| a.max(*b));
                [largest, wanted, wanted]
            }
        }
    }
}

pub fn reference() -> Vec<Row> {
    let header = "loss,row,index,x_f64_bits,y_f64_bits,z_f64_bits,target,value,gradient,hessian,gradient_y,gradient_z";
    let mut rows: Vec<Row> = Vec::new();
    for entry in csv(include_str!("../reference/row_losses.csv"), header) {
        if entry[2] == "0" {
            let target = if entry[6].is_empty() { 0.0 } else { entry[6].parse().unwrap() };
            rows.push(Row { loss: entry[0].to_owned(), target, ..Row::default() });
        }
        let row = rows.last_mut().unwrap();
        for (column, numbers) in [(3, &mut row.x), (4, &mut row.y), (5, &mut row.z)] {
            numbers.extend((!entry[column].is_empty()).then(|| from_hex(entry[column])));
        }
        let columns = [&mut row.value, &mut row.gradient, &mut row.hessian, &mut row.gradient_y, &mut row.gradient_z];
        columns.into_iter().zip(&entry[7..]).for_each(|(numbers, text)| numbers.push(Exact::parse(text)));
    }
    assert_eq!(rows.len(), 20 * 8);
    rows
}

pub fn cross_entropy(weights: Option<&[f64]>, smoothing: f64) -> SoftmaxCrossEntropy<'_> {
    let mut loss = SoftmaxCrossEntropy::new().with_label_smoothing(smoothing).unwrap();
    loss.class_weights = weights;
    loss
}

pub fn focal(gamma: f64, weights: Option<&[f64]>) -> CategoricalFocal<'_> {
    let mut loss = CategoricalFocal::new().with_gamma(gamma).unwrap();
    loss.alpha = weights;
    loss
}

/// A loss of the reference file, with its parameters.
pub fn by_name<'a, T: Number>(name: &str, weights: &'a [f64]) -> Option<Box<dyn RowLoss<T> + 'a>> {
    let weighted = Some(weights);
    Some(match name {
        "cross_entropy_label" | "cross_entropy_soft" => Box::new(cross_entropy(weighted, 0.125)),
        "cross_entropy_z_label" | "cross_entropy_z_soft" => {
            Box::new(cross_entropy(None, 0.0).with_z_loss(0.0625).unwrap())
        }
        "focal_2_label" | "focal_2_soft" => Box::new(focal(2.0, weighted)),
        "focal_0.5_label" => Box::new(focal(0.5, None)),
        "focal_3.25_soft" => Box::new(focal(3.25, None)),
        "categorical_cross_entropy_0" => Box::new(CategoricalCrossEntropy::default()),
        "categorical_cross_entropy_0.0625" => Box::new(CategoricalCrossEntropy::new().with_eps(0.0625).unwrap()),
        "multi_margin_1" => Box::new(MultiMargin::default()),
        "multi_margin_0.75_squared" => Box::new(MultiMargin::new().with_squared(true).with_margin(0.75).unwrap()),
        "categorical_hinge" => Box::new(CategoricalHinge),
        "dice_0" => Box::new(Dice::default()),
        "dice_1" => Box::new(Dice::new().with_smooth(1.0).unwrap()),
        "tversky_0.25_0.75_0.5" => {
            Box::new(Tversky::new().with_smooth(0.5).unwrap().with_alpha(0.25).unwrap().with_beta(0.75).unwrap())
        }
        _ => return None,
    })
}

fn row_losses_are_accurate<T: Number>() {
    let mut failures = Vec::new();
    let reference = reference();
    let known = reference.iter().filter(|row| by_name::<T>(&row.loss, &[]).is_some()).count();
    assert_eq!(known, 16 * 8, "rows of the reference that are losses of one row");
    at_every_level(|level| {
        for row in &reference {
            let len = row.x.len();
            let weights: Vec<f64> = [0.5, 1.75, 0.25, 3.0, 1.0, 0.125, 2.5].into_iter().cycle().take(len).collect();
            let Some(loss) = by_name::<T>(&row.loss, &weights) else { continue };
            let (x, y): (Vec<T>, Vec<T>) = (narrow(&row.x), narrow(&row.y));
            let labels = [row.target as u32];
            let target = if y.is_empty() { Targets::labels(&labels) } else { Targets::Probabilities(&y) };
            let rows = Rows::contiguous(len);
            let (mut value, mut gradient, mut hessian) = ([T::nan()], vec![T::nan(); len], vec![T::nan(); len]);
            loss.forward(&x, target, rows, &mut value).unwrap();
            loss.gradient_with_hessian(&x, target, rows, 1.0, &mut gradient, &mut hessian).unwrap();

            let ErrorBound { mut ulp, absolute } = T::budget(loss.spec());
            if row.loss == "focal_3.25_soft" {
                // (1 - p)^gamma is off by gamma times what 1 - p is: the bounds are those of a gamma of 2.
                ulp[0] += 1.25;
            }
            let involved = row.involved(&weights);
            let floors: [f64; 3] = std::array::from_fn(|order| absolute[order] * T::unit() * involved[order]);
            let outputs = [(&value[..], &row.value), (&gradient, &row.gradient), (&hessian, &row.hessian)];
            for (order, (got, exact)) in outputs.into_iter().enumerate() {
                for (i, got) in got.iter().enumerate() {
                    let label =
                        format!("{} {} {level:?}, row of {len}, entry {i}, {}", row.loss, T::NAME, ORDERS[order]);
                    failures.extend(over_budget(
                        &label,
                        ulp[order],
                        |_| floors[order],
                        &x[i..=i],
                        &[*got],
                        |_| exact[i],
                    ));
                }
            }
        }
    });
    none(&failures);
}

#[test]
fn row_losses_are_accurate_in_f32() {
    row_losses_are_accurate::<f32>();
}

#[test]
fn row_losses_are_accurate_in_f64() {
    row_losses_are_accurate::<f64>();
}

/// The loss of a label is -log_softmax of it.
fn cross_entropy_is_accurate<T: Number>() {
    let reference = rows();
    let mut failures = Vec::new();
    at_every_level(|level| {
        for (number, row) in reference.iter().enumerate() {
            let (x, rows): (Vec<T>, _) = (narrow(&row.x), Rows::contiguous(row.x.len()));
            let (mut loss, mut gradient) = ([T::zero()], x.clone());
            let (unit, involved) = (T::unit(), row.involved::<T>());
            let labels = [row.label];
            let onehot: Vec<T> =
                (0..x.len()).map(|i| T::from_f64_rounded(f64::from(u8::from(i == row.label as usize)))).collect();
            let ErrorBound { ulp, absolute } = T::budget(SoftmaxCrossEntropy::SPEC);
            for (kind, target) in
                [("labels", Targets::labels(&labels)), ("probabilities", Targets::Probabilities(&onehot))]
            {
                let label = |what: &str| format!("the {what} of {kind} {} {level:?}, row {number}", T::NAME);
                SoftmaxCrossEntropy::default().forward(&x, target, rows, &mut loss).unwrap();
                failures.extend(check(
                    &label("loss"),
                    ulp[0],
                    |_| absolute[0] * involved,
                    &x[..1],
                    &loss,
                    &row.cross_entropy[..1],
                ));
                SoftmaxCrossEntropy::default().gradient(&x, target, rows, 1.0, &mut gradient).unwrap();
                failures.extend(check(
                    &label("gradient"),
                    ulp[1],
                    |_| absolute[1] * unit,
                    &x,
                    &gradient,
                    &row.gradient,
                ));
            }
        }
    });
    none(&failures);
}

#[test]
fn cross_entropy_is_accurate_in_both_types() {
    cross_entropy_is_accurate::<f32>();
    cross_entropy_is_accurate::<f64>();
}

/// Of a row that is nearly certain, the loss is small, and so is the derivative at the label: both keep their digits.
fn certain_rows_have_small_errors<T: Number>() {
    at_every_level(|level| {
        for (len, label) in [(2, 0), (3, 2), (10, 4), (100, 31)] {
            for z in (4..80).map(|n| f64::from(n) * 0.5) {
                let (mut x, labels, mut loss) = (vec![T::zero(); len], [label], [T::nan()]);
                x[label as usize] = T::from_f64_rounded(z);
                let onehot: Vec<T> = x.iter().map(|x| if x.is_zero() { T::zero() } else { T::one() }).collect();
                let (mut gradient, rows) = (x.clone(), Rows::contiguous(len));
                let others = (len - 1) as f64 * (-z).exp();
                let expected = [others.ln_1p(), -others / (1.0 + others)];
                // With probabilities the derivative is a difference of two products in f64, which may be 1.
                let of_difference = 4.0 * f64::EPSILON;
                for (target, floor) in
                    [(Targets::labels(&labels), 0.0), (Targets::Probabilities(&onehot), of_difference)]
                {
                    SoftmaxCrossEntropy::new().forward(&x, target, rows, &mut loss).unwrap();
                    SoftmaxCrossEntropy::new().gradient(&x, target, rows, 1.0, &mut gradient).unwrap();
                    for (got, expected) in [loss[0], gradient[label as usize]].into_iter().zip(expected) {
                        // The bounds are at most 4 ulp, which are up to two units each; their absolute parts are not needed.
                        let error = (got.into_f64() - expected).abs();
                        assert!(
                            error <= 8.0 * T::unit() * expected.abs() + floor,
                            "{got} for {expected}, {z} in a row of {len} at {level:?}, {target:?}"
                        );
                    }
                }
            }
        }
    });
}

#[test]
fn certain_rows_have_small_errors_in_both_types() {
    certain_rows_have_small_errors::<f32>();
    certain_rows_have_small_errors::<f64>();
}
