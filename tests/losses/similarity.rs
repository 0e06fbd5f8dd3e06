//! Losses of pairs and triples of rows: against the reference, by their laws, and on bad input.

use crate::common::{
    H, Number, Random, all_bits, at_every_level, bits, fix_level, narrow, none, over_budget, panic_message,
    proptest_config, tolerance,
};
use crate::row_accuracy::reference;
use proptest::prelude::*;
use slopes::ErrorBound;
use slopes::activation::Rows;
use slopes::loss::{Contrastive, CosineEmbedding, CosineSimilarity, Triplet};

/// Rows of x, y and z, signs, and the length.
struct Inputs<'a, T> {
    x: &'a [T],
    y: &'a [T],
    z: &'a [T],
    signs: &'a [T],
    rows: Rows,
}

/// Losses, their sum and mean, and the gradients in x, y and z.
#[derive(Debug)]
struct Outputs<T> {
    losses: Vec<T>,
    sum: f64,
    mean: f64,
    gradients: [Vec<T>; 3],
}

const NAMES: [&str; 4] = ["cosine_similarity", "cosine_embedding_0.25", "contrastive_1.5", "triplet_1"];

fn run<T: Number>(name: &str, inputs: &Inputs<'_, T>, scale: f64) -> Outputs<T> {
    let Inputs { x, y, z, signs, rows } = *inputs;
    let mut losses = vec![T::nan(); signs.len()];
    let mut gradients = [0; 3].map(|_| vec![T::nan(); x.len()]);
    let [of_x, of_y, of_z] = &mut gradients;
    let (both, all) = ([Some(&mut of_x[..]), Some(&mut of_y[..])], of_z);
    let (sum, alone, mean) = match name {
        "cosine_similarity" => {
            CosineSimilarity.forward(x, y, rows, &mut losses);
            let sum = CosineSimilarity.sum_with_gradients(x, y, rows, scale, both);
            (sum, CosineSimilarity.sum(x, y, rows), CosineSimilarity.mean(x, y, rows))
        }
        "cosine_embedding_0.25" => {
            let loss = CosineEmbedding::new().with_margin(0.25).unwrap();
            loss.forward(x, y, signs, rows, &mut losses);
            let sum = loss.sum_with_gradients(x, y, signs, rows, scale, both);
            (sum, loss.sum(x, y, signs, rows), loss.mean(x, y, signs, rows))
        }
        "contrastive_1.5" => {
            let loss = Contrastive::new().with_margin(1.5).unwrap();
            loss.forward(x, y, signs, rows, &mut losses);
            let sum = loss.sum_with_gradients(x, y, signs, rows, scale, both);
            (sum, loss.sum(x, y, signs, rows), loss.mean(x, y, signs, rows))
        }
        "triplet_1" => {
            let loss = Triplet::new().with_eps(1.0 / (1 << 20) as f64).unwrap();
            loss.forward(x, y, z, rows, &mut losses);
            let [of_x, of_y] = both;
            let sum = loss.sum_with_gradients(x, y, z, rows, scale, [of_x, of_y, Some(&mut all[..])]);
            (sum, loss.sum(x, y, z, rows), loss.mean(x, y, z, rows))
        }
        other => panic!("no loss {other}"),
    };
    assert_eq!(bits(sum), bits(alone), "{name}");
    Outputs { losses, sum, mean, gradients }
}

fn losses_of_rows_together_are_accurate<T: Number>() {
    let mut failures = Vec::new();
    let mut ran = 0;
    at_every_level(|level| {
        for row in reference().iter().filter(|row| NAMES.contains(&&row.loss[..])) {
            ran += 1;
            let len = row.x.len();
            let [x, y]: [Vec<T>; 2] = [&row.x, &row.y].map(|x| narrow(x));
            let z: Vec<T> = if row.z.is_empty() { x.clone() } else { narrow(&row.z) };
            let signs = [T::from_f64_rounded(row.target)];
            let inputs = Inputs { x: &x, y: &y, z: &z, signs: &signs, rows: Rows::contiguous(len) };
            let got = run(&row.loss, &inputs, 1.0);

            // What the absolute bounds are multiples of.
            let norm = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>().sqrt();
            let difference: Vec<f64> = row.x.iter().zip(&row.y).map(|(x, y)| x - y).collect();
            let far: Vec<f64> = row.x.iter().zip(&row.z).map(|(x, z)| x - z).collect();
            let longer = |per: f64| if T::BITS < 30 { 1.0 } else { 1.0 + len as f64 / per };
            let (spec, of) = match &row.loss[..] {
                "cosine_similarity" | "cosine_embedding_0.25" => {
                    let of = [1.0, 1.0 / norm(&row.x), 1.0 / norm(&row.y)].map(|of| of * longer(1024.0));
                    (if row.loss == "cosine_similarity" { CosineSimilarity::SPEC } else { CosineEmbedding::SPEC }, of)
                }
                "contrastive_1.5" => {
                    let in_f64 = if T::BITS < 30 { 0.0 } else { longer(512.0) * row.value[0].abs() };
                    let of_gradient = norm(&difference).max(1.5) * longer(512.0);
                    (Contrastive::SPEC, [1.5 * 1.5 + in_f64, of_gradient, of_gradient])
                }
                _ => {
                    let of_value = 1.0_f64.max(norm(&difference)).max(norm(&far));
                    (Triplet::SPEC, [of_value * longer(512.0), longer(512.0), longer(512.0)])
                }
            };
            // One bound of the gradients may be that of all.
            let ErrorBound { ulp, absolute } = T::budget(spec);
            let outputs = spec.outputs.iter().filter(|label| !label.is_empty()).count();
            let mut check = |what: &str, output: usize, got: T, exact| {
                let label = format!("{} {} {level:?}, {len} numbers, {what}", row.loss, T::NAME);
                let order = output.min(outputs - 1);
                let floor = absolute[order] * T::unit() * of[output.min(2)];
                failures.extend(over_budget(&label, ulp[order], |_| floor, &x[..1], &[got], |_| exact));
            };
            check("value", 0, got.losses[0], row.value[0]);
            for i in 0..len {
                let exact = [row.gradient[i], row.gradient_y[i], row.gradient_z[i]];
                let used = if row.z.is_empty() { 2 } else { 3 };
                for (k, exact) in exact.into_iter().enumerate().take(used) {
                    check(&format!("gradient {k}, entry {i}"), 1 + k, got.gradients[k][i], exact);
                }
            }
        }
        assert_eq!(std::mem::take(&mut ran), 4 * 8);
    });
    none(&failures);
}

#[test]
fn losses_of_rows_together_are_accurate_in_both_types() {
    losses_of_rows_together_are_accurate::<f32>();
    losses_of_rows_together_are_accurate::<f64>();
}

fn samples<T: Number>(count: usize, len: usize, seed: u64) -> [Vec<T>; 4] {
    let mut random = Random(seed);
    let mut draw = || (0..count * len).map(|_| random.uniform(-1.0..=1.0)).collect();
    let [x, y, z] = [draw(), draw(), draw()];
    [x, y, z, (0..count).map(|i| if i % 3 == 0 { -T::one() } else { T::one() }).collect()]
}

/// Sums are those of the losses, rows are seen alone, and the bits depend on no register: no function here has a family.
fn losses_of_rows_together_have_one_value<T: Number>() {
    for (count, len) in [(0, 3), (1, 1), (3, 10), (5, 128), (3, 129), (2, 1500), (300, 4)] {
        let [x, y, z, signs] = samples::<T>(count, len, 3);
        let inputs = Inputs { x: &x, y: &y, z: &z, signs: &signs, rows: Rows::contiguous(len) };
        for name in NAMES {
            let mut first: Option<Vec<u64>> = None;
            at_every_level(|level| {
                let place = format!("{count} rows of {len} of {name} {} at {level:?}", T::NAME);
                let Outputs { losses, sum, mean, gradients } = run(name, &inputs, 0.25);
                let all = all_bits(&[&losses[..], &[sum, mean].map(T::from_f64_rounded), &gradients.concat()].concat());
                assert_eq!(first.get_or_insert(all.clone()), &all, "{place}");
                let exact: f64 = losses.iter().map(|x| x.into_f64()).sum();
                let magnitude: f64 = losses.iter().map(|x| x.into_f64().abs()).sum();
                assert!((sum - exact).abs() <= magnitude * (2.0 * T::unit() + 300.0 * f64::EPSILON), "{place}");
                if count == 0 {
                    assert!(mean.is_nan() && sum == 0.0);
                    return;
                }
                assert!((mean * count as f64 - sum).abs() <= 4.0 * T::unit() * magnitude, "{place}");
                let last = (count - 1) * len..count * len;
                let alone = Inputs {
                    x: &x[last.clone()],
                    y: &y[last.clone()],
                    z: &z[last.clone()],
                    signs: &signs[count - 1..],
                    ..inputs
                };
                let alone = run(name, &alone, 0.25);
                assert_eq!(bits(T::from_f64_rounded(alone.sum)), bits(losses[count - 1]), "{place}");
                for (alone, all) in alone.gradients.iter().zip(&gradients) {
                    assert_eq!(all_bits(alone), all_bits(&all[last.clone()]), "{place}");
                }
            });
        }
    }
}

#[test]
fn losses_of_rows_together_have_one_value_in_every_type() {
    losses_of_rows_together_have_one_value::<f32>();
    losses_of_rows_together_have_one_value::<f64>();
    losses_of_rows_together_have_one_value::<half::f16>();
}

/// Rows of zeros, rows that are equal, and rows of any magnitude.
#[test]
fn rows_may_be_extreme() {
    let rows = Rows::contiguous(2);
    at_every_level(|level| {
        let (mut x, mut y) = ([7.0; 2], [7.0; 2]);
        let zero = [0.0_f64; 2];
        let other = [3.0, 4.0];
        for (a, b) in [(&zero, &other), (&other, &zero), (&zero, &zero)] {
            let sum = CosineSimilarity.sum_with_gradients(a, b, rows, 1.0, [Some(&mut x), Some(&mut y)]);
            assert_eq!((sum, x, y), (0.0, zero, zero), "{level:?}");
        }
        for sign in [1.0, -1.0] {
            let sum = Contrastive::new().with_margin(2.0).unwrap().sum_with_gradients(
                &other,
                &other,
                &[sign],
                rows,
                1.0,
                [Some(&mut x), Some(&mut y)],
            );
            assert_eq!((sum, x, y), (if sign == 1.0 { 0.0 } else { 2.0 }, zero, zero), "{level:?}");
        }
        let triplet = Triplet::new().with_eps(0.0).unwrap();
        let sum = triplet.sum_with_gradients(&other, &other, &other, rows, 1.0, [Some(&mut x), Some(&mut y), None]);
        assert_eq!((sum, x, y), (1.0, zero, zero), "{level:?}");

        // Powers of two change the exponent alone.
        let (a, b) = ([0.6, 0.3], [-0.2, 0.9]);
        let cosine = CosineSimilarity.sum_with_gradients(&a, &b, rows, 1.0, [Some(&mut x), Some(&mut y)]);
        for power in [-1040, -1000, -540, 540, 1000] {
            let factor = crate::common::ldexp(1.0, power);
            let scaled = a.map(|x| x * factor);
            let mut of_scaled = [7.0; 2];
            let sum = CosineSimilarity.sum_with_gradients(&scaled, &b, rows, 1.0, [Some(&mut of_scaled), None]);
            // Subnormal numbers have fewer bits.
            let error = if power < -1022 { 1e-9 } else { 4.0 * f64::EPSILON };
            assert!((sum - cosine).abs() <= error, "{power} at {level:?}: {sum}, {cosine}");
            if power.abs() < 1000 {
                let close = |(got, x): (f64, f64)| (got * factor - x).abs() <= 4.0 * f64::EPSILON;
                assert!(of_scaled.into_iter().zip(x).all(close), "{power} at {level:?}: {of_scaled:?}, {x:?}");
            }
            let distance = Triplet::new()
                .with_eps(0.0)
                .and_then(|loss| loss.with_margin(0.0))
                .unwrap()
                .sum(&scaled, &zero, &scaled, rows);
            let exact = 0.45_f64.sqrt() * factor;
            assert!((distance - exact).abs() <= error * exact, "{power} at {level:?}: {distance}");
        }

        // A row tends to the direction of its infinite entries.
        let inf = f64::INFINITY;
        let sum =
            CosineSimilarity.sum_with_gradients(&[inf, 1.0], &[3.0, 4.0], rows, 1.0, [Some(&mut x), Some(&mut y)]);
        assert!(
            (sum + 0.6).abs() < 1e-15 && x == zero && (y[0] + 0.128).abs() < 1e-15,
            "{level:?}: {sum}, {x:?}, {y:?}"
        );
        let far = Contrastive::new().with_margin(2.0).unwrap().sum(&[inf, 1.0], &[3.0, 4.0], &[-1.0], rows);
        assert_eq!(far, 0.0, "{level:?}");
        // NaN, and what is no sign.
        for (nan, sign) in [(f64::NAN, 1.0), (f64::NAN, -1.0), (0.5, 0.0), (0.5, f64::NAN)] {
            for name in &NAMES[usize::from(sign.abs() != 1.0)..3] {
                let inputs = Inputs { x: &[nan, 1.0], y: &[3.0, 4.0], z: &zero, signs: &[sign], rows };
                let got = run(name, &inputs, 1.0);
                assert!(got.sum.is_nan() && got.gradients[1].iter().all(|x| x.is_nan()), "{name} {got:?}");
            }
        }
        assert!(triplet.sum(&other, &[f64::NAN, 0.0], &other, rows).is_nan());
        // Beside an infinity too, which only infinite entries are kept of.
        for (a, b) in [([inf, f64::NAN], other), (other, [f64::NAN, -inf])] {
            let sum = CosineSimilarity.sum_with_gradients(&a, &b, rows, 1.0, [Some(&mut x), Some(&mut y)]);
            assert!(sum.is_nan() && x.iter().chain(&y).all(|x| x.is_nan()), "{level:?}: {sum}, {x:?}, {y:?}");
        }
    });
}

/// Rows of more than a block, whose largest number is in any of its blocks, and the largest numbers.
#[test]
fn long_rows_and_the_largest_numbers_have_lengths() {
    at_every_level(|level| {
        for (at, huge) in [0, 150, 299].into_iter().flat_map(|at| [(at, 1e200), (at, f64::MAX)]) {
            let (mut x, rows) = (vec![1.0_f64; 300], Rows::contiguous(300));
            x[at] = huge;
            let parallel = CosineSimilarity.sum(&x, &x, rows);
            assert!((parallel + 1.0).abs() < 1e-15, "{huge} at {at}, {level:?}: {parallel}");
            let (far, zero) = (Contrastive::new(), vec![0.0; 300]);
            assert_eq!(far.sum(&x, &zero, &[-1.0], rows), 0.0, "{huge} at {at}, {level:?}");
        }
        let half = CosineSimilarity.sum(&[f64::MAX, f64::MAX], &[1.0, 0.0], Rows::contiguous(2));
        assert!((half + 0.5_f64.sqrt()).abs() < 1e-15, "{half} at {level:?}");
    });
}

/// At the margin itself, the loss and its gradients are 0; in f32, at the margin rounded to it.
#[test]
fn margins_are_ends() {
    let row = Rows::contiguous(1);
    at_every_level(|level| {
        // The nearest f32 to 0.7 is below it.
        let (near, zero) = ([0.7_f32], [0.0]);
        let contrastive = Contrastive::new().with_margin(0.7).unwrap();
        let triplet = Triplet::new().with_margin(0.7).and_then(|loss| loss.with_eps(0.0)).unwrap();
        let ([mut a, mut b, mut c], [mut x, mut y]) = ([[7.0]; 3], [[7.0]; 2]);
        let sum = contrastive.sum_with_gradients(&near, &zero, &[-1.0], row, 1.0, [Some(&mut x), Some(&mut y)]);
        assert_eq!((sum, x, y), (0.0, zero, zero), "{level:?}");
        let gradients = [Some(&mut a[..]), Some(&mut b), Some(&mut c)];
        let sum = triplet.sum_with_gradients(&zero, &zero, &near, row, 1.0, gradients);
        assert_eq!((sum, a, b, c), (0.0, zero, zero, zero), "{level:?}");
    });
}

/// The sum is that of the losses, rounded to the type of the computation.
#[test]
fn sums_of_f32_are_those_of_rounded_losses() {
    at_every_level(|level| {
        for (i, len) in [1, 2, 3, 7, 40].into_iter().enumerate() {
            let [x, y, z, signs] = samples::<f32>(1, len, 30 + i as u64);
            let inputs = Inputs { x: &x, y: &y, z: &z, signs: &signs, rows: Rows::contiguous(len) };
            for name in NAMES {
                let got = run(name, &inputs, 1.0);
                assert_eq!(got.sum, f64::from(got.losses[0]), "{name} of {len} at {level:?}");
            }
        }
    });
}

/// The cosine of rows in one direction is rounded to 1 at most, in whatever direction its parts are rounded.
fn cosines_are_from_minus_1_to_1<T: Number>() {
    at_every_level(|level| {
        for len in [2, 3, 10, 33] {
            let [x, ..] = samples::<T>(1000, len, 18);
            let rows = Rows::contiguous(len);
            for factor in [1.0, 3.0, -0.7] {
                let y: Vec<T> = x.iter().map(|x| *x * T::from_f64_rounded(factor)).collect();
                let [mut losses, mut embedded] = [(); 2].map(|()| vec![T::nan(); 1000]);
                CosineSimilarity.forward(&x, &y, rows, &mut losses);
                CosineEmbedding::new().forward(&x, &y, &[T::one(); 1000], rows, &mut embedded);
                let place = format!("{} {factor} of {len} at {level:?}", T::NAME);
                assert!(losses.iter().all(|loss| loss.abs() <= T::one()), "{place}");
                assert!(embedded.iter().all(|loss| (0.0..=2.0).contains(&loss.into_f64())), "{place}");
            }
        }
    });
}

#[test]
fn cosines_are_from_minus_1_to_1_in_both_types() {
    cosines_are_from_minus_1_to_1::<f32>();
    cosines_are_from_minus_1_to_1::<f64>();
}

#[test]
fn rows_that_do_not_fit_each_other_are_refused() {
    let _fixed = fix_level();
    let x = [0.5_f32; 12];
    let rows = Rows::contiguous(4);
    let (mut ten, mut twelve, mut three) = ([7.0; 10], [7.0; 12], [7.0; 3]);
    let (contrastive, triplet) = (Contrastive::default(), Triplet::default());
    let calls = [
        (panic_message(|| CosineSimilarity.forward(&x, &x, rows, &mut ten)), [3, 10]),
        (panic_message(|| CosineSimilarity.sum(&x, &x[..10], rows)), [12, 10]),
        (panic_message(|| CosineSimilarity.mean(&x[..10], &x[..10], rows)), [10, 4]),
        (panic_message(|| contrastive.forward(&x, &x, &x[..2], rows, &mut three)), [3, 2]),
        (
            panic_message(|| {
                triplet.sum_with_gradients(&x, &x, &x, rows, 1.0, [Some(&mut twelve), None, Some(&mut ten)])
            }),
            [12, 10],
        ),
        (panic_message(|| triplet.sum(&x, &x, &x[..8], rows)), [12, 8]),
    ];
    for (message, lengths) in calls {
        assert!(lengths.iter().all(|len| message.contains(&len.to_string())), "{message}");
    }
    assert!(ten == [7.0; 10] && twelve == [7.0; 12] && three == [7.0; 3], "nothing is written");
    for (error, parameter) in [
        (CosineEmbedding::new().with_margin(1.5).unwrap_err(), "margin"),
        (Contrastive::new().with_margin(-1.0).unwrap_err(), "margin"),
        (Triplet::new().with_margin(f64::NAN).unwrap_err(), "margin"),
        (Triplet::new().with_eps(f64::INFINITY).unwrap_err(), "eps"),
    ] {
        assert_eq!(error.parameter, parameter);
    }
}

proptest! {
    #![proptest_config(proptest_config(300))]

    #[test]
    fn gradients_of_rows_together_are_finite_differences(seed: u64, len in 2..12_usize, choice: prop::sample::Index) {
        let _fixed = fix_level();
        let (i, rows) = (choice.index(len), Rows::contiguous(len));
        let [x, y, z, _] = samples::<f64>(1, len, seed);
        for name in NAMES {
            for sign in [1.0, -1.0] {
                let at = |rows_of: &[Vec<f64>; 3]| {
                    let [x, y, z] = rows_of;
                    run(name, &Inputs { x, y, z, signs: &[sign], rows }, 1.0)
                };
                let here = at(&[x.clone(), y.clone(), z.clone()]);
                // Kinks are where a loss is 0; lengths below 1/8 bend too much.
                let short = |a: &[f64]| a.iter().map(|x| x * x).sum::<f64>() < 1.0 / 64.0;
                let less = |b: &[f64]| -> Vec<f64> { x.iter().zip(b).map(|(x, b)| x - b).collect() };
                if here.sum.abs() < 8.0 * H || [&x[..], &y, &less(&y), &less(&z)].into_iter().any(short) {
                    continue;
                }
                for k in 0..if name == "triplet_1" { 3 } else { 2 } {
                    let moved = |by: f64| {
                        let mut moved = [x.clone(), y.clone(), z.clone()];
                        moved[k][i] += by;
                        at(&moved).sum
                    };
                    let difference = (moved(H) - moved(-H)) / (2.0 * H);
                    // Third derivatives are below 6 / 8^-2 of a length of 1/8.
                    let allowed = 1e3 * tolerance(64.0 * f64::EPSILON);
                    let got = here.gradients[k][i];
                    prop_assert!((got - difference).abs() <= allowed, "{name} {k}: {got}, {difference}");
                }
            }
        }
    }
}
