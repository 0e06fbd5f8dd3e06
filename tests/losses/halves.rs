//! f16 and bf16: computed in f32, and rounded once.

use half::{bf16, f16};

use crate::cases::samples;
use crate::common::halves::{Half, f32s, f64s, logits, wrong};
use crate::common::{Number, Random, at_every_level, bits, none};
use slopes::activation::Rows;
use slopes::loss::{Loss, Mse, RowLoss, SoftmaxCrossEntropy, Targets};

/// Against f64 over the widened numbers.
fn cross_entropy_rounds_once<T: Half>() {
    let mut random = Random(7);
    let mut failures = Vec::new();
    at_every_level(|level| {
        for len in [1, 2, 7, 37, 300] {
            let (count, rows) = (len * (600 / len), Rows::contiguous(len));
            let finite = |x: T| if x.is_finite() { x } else { T::from_f64_rounded(-10.0) };
            let x: Vec<T> = logits(&mut random, count).into_iter().map(finite).collect();
            let (mut y, mut exact, wide) = (vec![T::zero(); count], vec![0.0; count], f64s(&x));
            let labels: Vec<u32> = (0..count / len).map(|i| (i % len) as u32).collect();
            let probabilities: Vec<T> = (0..count).map(|_| random.uniform(0.0..=2.0 / len as f64)).collect();
            let wide_probabilities = f64s(&probabilities);
            let targets = [
                ("labels", Targets::labels(&labels), Targets::labels(&labels)),
                ("probabilities", Targets::Probabilities(&probabilities), Targets::Probabilities(&wide_probabilities)),
            ];
            for (kind, target, wide_target) in targets {
                let label = format!("cross-entropy of {kind} of {len} {level:?}");
                let (mut losses, mut exact_losses) = (vec![T::zero(); count / len], vec![0.0; count / len]);
                SoftmaxCrossEntropy::default().forward(&x, target, rows, &mut losses).unwrap();
                SoftmaxCrossEntropy::default().forward(&wide, wide_target, rows, &mut exact_losses).unwrap();
                // z_label - m + ln sum: logits up to 10 in f32; or the sum of such, times probabilities.
                let floor = |_| 32.0 * f32::unit();
                failures.extend(wrong(&label, &losses, &exact_losses, floor));
                let mean = SoftmaxCrossEntropy::default().mean(&x, target, rows).unwrap();
                let exact_mean = SoftmaxCrossEntropy::default().mean(&wide, wide_target, rows).unwrap();
                failures.extend(wrong(&format!("{label}, mean"), &[T::from_f64_rounded(mean)], &[exact_mean], floor));

                let scale = 0.75;
                let sum = SoftmaxCrossEntropy::default().sum_with_gradient(&x, target, rows, scale, &mut y).unwrap();
                assert_eq!(
                    bits(sum),
                    bits(SoftmaxCrossEntropy::default().sum(&x, target, rows).unwrap()),
                    "{label}, sums"
                );
                SoftmaxCrossEntropy::default().gradient(&wide, wide_target, rows, scale, &mut exact).unwrap();
                // Differences of numbers up to 2.
                failures.extend(wrong(&format!("{label}, gradient"), &y, &exact, |_| 8.0 * f32::unit()));
            }
        }
    });
    none(&failures);
}

#[test]
fn cross_entropy_rounds_once_in_both_types() {
    cross_entropy_rounds_once::<f16>();
    cross_entropy_rounds_once::<bf16>();
}

/// Losses are summed as f32 has them: neither what f16 cannot hold nor what it would round away is lost.
#[test]
fn sums_do_not_round_their_terms() {
    at_every_level(|level| {
        let target = vec![f16::ZERO; 1000];
        let mut prediction = target.clone();
        prediction[123] = f16::from_f32(300.0);
        assert_eq!(Mse.mean(&prediction, &target), 90.0, "{level:?}");
        assert_eq!(Mse.sum(&prediction, &target), 90000.0, "90000 is no f16, {level:?}");
        prediction.fill(f16::from_bits(0x0c00));
        assert_eq!(Mse.sum(&prediction, &target), 1000.0 / (1u64 << 24) as f64, "squares of 2^-12, {level:?}");
    });
}

fn losses_round_what_f32_computes<T: Half>() {
    const LEN: usize = 3001;
    let mut random = Random(8);
    let x: Vec<T> = (0..LEN).map(|_| random.uniform(-20.0..=20.0)).collect();
    let shares: Vec<T> = (0..LEN).map(|_| random.uniform(0.0..=1.0)).collect();
    let factor = 0.75;
    let mut failures = Vec::new();
    at_every_level(|level| {
        for ((loss, in_f32), oracle) in
            crate::cases::all::<T>().iter().zip(crate::cases::all::<f32>()).zip(crate::cases::references())
        {
            let label = format!("{} {level:?}", loss.spec().name());
            let (prediction, target) = samples(loss.spec(), &x, &shares);
            let (mut y, mut expected) = (vec![T::zero(); LEN], vec![0.0; LEN]);
            let same = |y: &[T], expected: &[f32], what: &str| {
                let differs = (0..LEN).find(|&i| bits(y[i]) != bits(T::from_f64_rounded(expected[i].into())));
                assert_eq!(differs, None, "{what} of {label} in {}", T::NAME);
            };
            let (wide_prediction, wide_target) = (f32s(&prediction), f32s(&target));
            loss.forward_slice(&prediction, &target, &mut y);
            in_f32.forward_slice(&wide_prediction, &wide_target, &mut expected);
            same(&y, &expected, "values");
            let sum = loss.sum_with_gradient(&prediction, &target, factor, &mut y);
            in_f32.gradient(&wide_prediction, &wide_target, factor, &mut expected);
            same(&y, &expected, "gradients");
            assert_eq!(bits(sum), bits(loss.sum(&prediction, &target)), "sums of {label} in {}", T::NAME);

            let mean = loss.mean(&prediction, &target);
            let exact = oracle.mean(&f64s(&prediction), &f64s(&target));
            failures.extend(wrong(&format!("mean of {label}"), &[T::from_f64_rounded(mean)], &[exact], |_| 0.0));
        }
    });
    none(&failures);
}

#[test]
fn losses_round_what_f32_computes_in_both_types() {
    losses_round_what_f32_computes::<f16>();
    losses_round_what_f32_computes::<bf16>();
}
