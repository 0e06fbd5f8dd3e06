//! The same bits of losses, whatever the method, the length, the place in memory and the registers.

use crate::cases::{RowCase, row_cases, samples};
use crate::common::outputs::{CLASSES, COUNT, Inputs, Outputs, outputs_are_fixed};
use crate::common::{GUARD, LENGTHS, Number, OFFSETS, Random, at_every_level, bits, mixed};
use slopes::Level;
use slopes::activation::Rows;
use slopes::loss::{Contrastive, CosineEmbedding, CosineSimilarity, Targets, Triplet};

pub fn losses_agree_with_numbers<T: Number>() {
    let count = LENGTHS + OFFSETS;
    let x = mixed::<T>(count);
    let shares: Vec<T> = mixed::<T>(count).iter().rev().map(|y| y.abs() / (y.abs() + T::one())).collect();
    let factor = T::from_f64_rounded(-0.75);
    let check = |name: &str, level: Level, expected: &[u64], got: &[T]| {
        for (i, (expected, got)) in expected.iter().zip(got).enumerate() {
            assert_eq!(bits(*got), *expected, "{name} {} at {level:?}, number {i} of {}: {got}", T::NAME, expected);
        }
    };
    at_every_level(|level| {
        for loss in crate::cases::all::<T>() {
            let (x, target) = samples(loss.spec(), &x, &shares);
            let each =
                |f: &dyn Fn(T, T) -> T| -> Vec<u64> { x.iter().zip(&target).map(|(x, y)| bits(f(*x, *y))).collect() };
            let value = each(&|x, y| loss.forward(x, y));
            let gradient = each(&|x, y| factor * loss.derivative(x, y));
            let bound = each(&|x, y| factor * loss.hessian_bound(x, y));
            let name = loss.spec().name();
            for len in 0..LENGTHS {
                let from = len % OFFSETS;
                let part = from..from + len;
                let (x, target) = (&x[part.clone()], &target[part.clone()]);
                let untouched = T::from_f64_rounded(-1234.5);
                let (mut first, mut second) = (vec![untouched; len + GUARD], vec![untouched; len + GUARD]);

                loss.forward_slice(x, target, &mut first[..len]);
                check(name, level, &value[part.clone()], &first[..len]);
                loss.gradient(x, target, factor.into_f64(), &mut first[..len]);
                check(name, level, &gradient[part.clone()], &first[..len]);
                first.fill(untouched);
                let sum = loss.sum_with_gradient(x, target, factor.into_f64(), &mut first[..len]);
                check(name, level, &gradient[part.clone()], &first[..len]);
                assert_eq!(bits(sum), bits(loss.sum(x, target)), "the sum of {name}, {len} samples, {level:?}");
                loss.gradient_with_hessian_bound(x, target, factor.into_f64(), &mut first[..len], &mut second[..len]);
                check(name, level, &gradient[part.clone()], &first[..len]);
                check(name, level, &bound[part.clone()], &second[..len]);
                assert!(first[len..].iter().chain(&second[len..]).all(|x| *x == untouched), "{name} wrote outside");
            }
        }
    });
}

#[test]
fn losses_agree_with_numbers_in_both_types() {
    losses_agree_with_numbers::<f32>();
    losses_agree_with_numbers::<f64>();
}

/// What every loss makes of fixed inputs.
pub fn outputs<T: Number>() -> Outputs<T> {
    let Inputs { x, shares, likely, logits: z } = Inputs::new();
    let mut all = Outputs::new();
    for loss in crate::cases::all::<T>() {
        let name = loss.spec().name();
        let mut output = vec![T::zero(); COUNT];
        let (x, target) = samples(loss.spec(), &x, &shares);
        loss.forward_slice(&x, &target, &mut output);
        all.add(name, "value", output.clone());
        let mut hessian = output.clone();
        loss.gradient_with_hessian_bound(&x, &target, 0.75, &mut output, &mut hessian);
        all.add(name, "gradient", output);
        all.add(name, "bound", hessian);
        let pairs = x.iter().zip(&target);
        all.add(name, "second_derivative", pairs.map(|(x, y)| loss.second_derivative(*x, *y)).collect());
        let (x, target) = samples(loss.spec(), &likely, &shares);
        let parts = (0..COUNT).step_by(997).map(|n| T::from_f64_rounded(loss.sum(&x[..n], &target[..n])));
        all.add(name, "sum", parts.collect());
    }

    let dy = &shares[..z.len()];
    let (rows, count) = (Rows::contiguous(CLASSES), z.len() / CLASSES);
    let mut output = vec![T::zero(); z.len()];
    let labels: Vec<u32> = (0..count).map(|i| (i % CLASSES) as u32).collect();
    let mut hessian = output.clone();
    for RowCase { name, loss, of_probabilities, labels_alone, .. } in row_cases::<T>() {
        let x = if of_probabilities { &shares[COUNT - z.len()..] } else { &z };
        for (kind, target) in [("labels", Targets::labels(&labels)), ("probabilities", Targets::Probabilities(dy))] {
            if labels_alone && kind != "labels" {
                continue;
            }
            let mut losses = vec![T::zero(); count];
            loss.forward(x, target, rows, &mut losses).unwrap();
            all.add(name, &format!("{kind} value"), losses);
            loss.gradient_with_hessian(x, target, rows, 0.75, &mut output, &mut hessian).unwrap();
            all.add(name, &format!("{kind} gradient"), output.clone());
            all.add(name, &format!("{kind} hessian"), hessian.clone());
            all.add(name, &format!("{kind} sum"), vec![T::from_f64_rounded(loss.sum(x, target, rows).unwrap())]);
        }
    }

    let near: Vec<T> = likely.iter().zip(&shares).map(|(x, y)| *x + *y).collect();
    let (a, b, c) = (&likely[..z.len()], &near[..z.len()], &shares[..z.len()]);
    let signs: Vec<T> = (0..count).map(|i| [T::one(), -T::one()][i % 2]).collect();
    let (mut of_a, mut of_b, mut of_c) = (output.clone(), output.clone(), output);
    let mut losses = vec![T::zero(); count];
    let (scale, rounded) = (0.75, T::from_f64_rounded);
    CosineSimilarity.forward(a, b, rows, &mut losses);
    let sum = CosineSimilarity.sum_with_gradients(a, b, rows, scale, [Some(&mut of_a), Some(&mut of_b)]);
    all.add("cosine_similarity", "", [&losses[..], &of_a, &of_b, &[rounded(sum)]].concat());
    let embedding = CosineEmbedding::new().with_margin(0.25).unwrap();
    embedding.forward(a, b, &signs, rows, &mut losses);
    let sum = embedding.sum_with_gradients(a, b, &signs, rows, scale, [Some(&mut of_a), Some(&mut of_b)]);
    all.add("cosine_embedding", "", [&losses[..], &of_a, &of_b, &[rounded(sum)]].concat());
    let contrastive = Contrastive::new().with_margin(5.0).unwrap();
    contrastive.forward(a, b, &signs, rows, &mut losses);
    let sum = contrastive.sum_with_gradients(a, b, &signs, rows, scale, [Some(&mut of_a), Some(&mut of_b)]);
    all.add("contrastive", "", [&losses[..], &of_a, &of_b, &[rounded(sum)]].concat());
    let triplet = Triplet::new().with_margin(50.0).unwrap();
    triplet.forward(a, b, c, rows, &mut losses);
    let gradients = [Some(&mut of_a[..]), Some(&mut of_b), Some(&mut of_c)];
    let sum = triplet.sum_with_gradients(a, b, c, rows, scale, gradients);
    all.add("triplet", "", [&losses[..], &of_a, &of_b, &of_c, &[rounded(sum)]].concat());
    all
}

outputs_are_fixed!("losses", outputs);

/// Logarithms of probabilities are infinite at 0, and the least probabilities are subnormal.
#[test]
#[cfg(target_arch = "x86_64")]
fn outputs_stay_in_range_in_other_environments() {
    const SPECIAL: &[&str] = &["binary_cross_entropy ", "kl_divergence "];
    crate::common::environment::outputs_stay_in_range(outputs::<f32>, false, SPECIAL);
    crate::common::environment::outputs_stay_in_range(outputs::<f64>, false, SPECIAL);
}

/// A sum does not depend on the registers, and the whole is made of its halves.
#[test]
fn sums_are_trees() {
    let mut random = Random(5);
    let x: Vec<f64> = (0..1 << 16).map(|_| random.uniform(-1.0..=1.0)).collect();
    let shares = vec![0.0; x.len()];
    let half = x.len() / 2;
    at_every_level(|level| {
        for loss in crate::cases::all::<f64>() {
            let (x, target) = samples(loss.spec(), &x, &shares);
            let sum = |part: std::ops::Range<usize>| loss.sum(&x[part.clone()], &target[part]);
            let (whole, halves) = (sum(0..x.len()), sum(0..half) + sum(half..x.len()));
            assert!(whole == halves && whole.is_finite(), "{} at {level:?}: {whole}", loss.spec().name());
        }
    });
}
