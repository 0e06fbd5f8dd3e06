//! Sums, means and weights of losses of pairs, and penalties.

use crate::cases::{row_cases, samples};
use crate::common::outputs::CLASSES;
use crate::common::{Number, Random, all_bits, at_every_level, bits, fix_level, over_budget, panic_message};
use slopes::loss::{
    AnyPenalty, CategoricalHinge, ElasticNet, L1, L2, Loss, Mae, Mse, Penalty, RowLoss, SoftmaxCrossEntropy, Targets,
    Total, Weighted, WeightedRows,
};
use slopes::{Element, Rows};

fn reductions_are_sums<T: Number>(tolerance: f64) {
    let mut random = Random(7);
    at_every_level(|level| {
        for loss in crate::cases::all::<T>() {
            for len in [0, 1, 2, 15, 16, 17, 1023, 1024, 1025, 5000] {
                let prediction: Vec<T> = (0..len).map(|_| random.uniform(-9.0..=9.0)).collect();
                let shares: Vec<T> = (0..len).map(|_| random.uniform(0.0..=1.0)).collect();
                let (prediction, target) = samples(loss.spec(), &prediction, &shares);
                let mut losses = vec![T::zero(); len];
                loss.forward_slice(&prediction, &target, &mut losses);
                let exact: f64 = losses.iter().map(|loss| loss.into_f64()).sum();
                let magnitudes: f64 = losses.iter().map(|loss| loss.into_f64().abs()).sum();
                let sum = loss.sum(&prediction, &target);
                // What is not positive cancels: the roundings of f64 are those of the magnitudes.
                let close = |a: f64, b: f64| {
                    let cancelled = 5000.0 * f64::EPSILON * magnitudes / len.max(1) as f64;
                    (a - b).abs() <= tolerance * b.abs() + if magnitudes > b.abs() { cancelled } else { 0.0 }
                };
                assert!(close(sum.into_f64(), exact), "{} of {len} at {level:?}: {sum}, {exact}", loss.spec().name());
                let mean = loss.mean(&prediction, &target);
                if len == 0 {
                    assert!(bits(sum) == 0 && mean.is_nan(), "of nothing: sum 0, mean NaN");
                } else {
                    assert!(close(mean.into_f64(), exact / len as f64), "{}: {mean}, {exact}", loss.spec().name());
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
            let (one, next) = (f64::from(one), f64::from(one.next_up()));
            assert!((mean - one).abs() <= next - one, "the mean of {x}^2 at {level:?}: {mean}, not {one}");
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
        assert!((sum - exact).abs() <= exact * f64::from(f32::EPSILON), "{sum} at {level:?}, not {exact}");
    });
}

#[test]
fn lengths_that_differ_are_refused() {
    let _fixed = fix_level();
    let x = [0.5_f64; 17];
    for loss in crate::cases::all::<f64>() {
        let (mut three, mut four) = ([7.0; 3], [7.0; 4]);
        let messages = [
            panic_message(|| loss.forward_slice(&x[..3], &x[..3], &mut four)),
            panic_message(|| loss.forward_slice(&x[..4], &x[..3], &mut four)),
            panic_message(|| loss.sum(&x[..3], &x[..4])),
            panic_message(|| loss.mean(&x[..4], &x[..3])),
            panic_message(|| loss.gradient(&x[..3], &x[..3], 1.0, &mut four)),
            panic_message(|| loss.gradient(&x[..3], &x[..4], 1.0, &mut three)),
            panic_message(|| loss.sum_with_gradient(&x[..4], &x[..4], 1.0, &mut three)),
            panic_message(|| loss.sum_with_gradient(&x[..3], &x[..4], 1.0, &mut three)),
            panic_message(|| loss.gradient_with_hessian_bound(&x[..3], &x[..3], 1.0, &mut three, &mut four)),
            panic_message(|| loss.gradient_with_hessian_bound(&x[..3], &x[..3], 1.0, &mut four, &mut three)),
        ];
        for message in messages {
            assert!(message.contains('3') && message.contains('4'), "{message}");
        }
        assert!(three == [7.0; 3] && four == [7.0; 4], "{} wrote before it panicked", loss.spec().name());
    }
}

/// The bits of the loss, times the weight; nothing of a sample whose weight is 0.
fn weights_multiply<T: Number + Element<Real = T>>() {
    let mut random = Random(11);
    let (factor, scale) = (T::from_f64_rounded(0.75), 0.75);
    at_every_level(|level| {
        for loss in crate::cases::all::<T>().iter().copied().take(if level == slopes::Level::detected() {
            usize::MAX
        } else {
            2
        }) {
            for len in [0, 1, 17, 1024, 2500] {
                let x: Vec<T> = (0..len).map(|_| random.uniform(-9.0..=9.0)).collect();
                let shares: Vec<T> = (0..len).map(|_| random.uniform(0.0..=1.0)).collect();
                let weights: Vec<f64> = (0..len).map(|i| f64::from(i as u32 % 4) / 2.0).collect();
                let (p, t) = samples(loss.spec(), &x, &shares);
                let (mut dirty, mut dirty_target) = (p.clone(), t.clone());
                for i in (0..len).step_by(4) {
                    (dirty[i], dirty_target[i]) = (T::nan(), if i % 8 == 0 { T::nan() } else { T::infinity() });
                }
                let weighted = Weighted::new(loss, &weights);
                let run = |p: &[T], t: &[T]| {
                    let [mut each, mut gradient, mut again, mut hessian] = [0; 4].map(|_| vec![T::one(); len]);
                    weighted.forward_slice(p, t, &mut each);
                    weighted.gradient(p, t, scale, &mut gradient);
                    let sum = weighted.sum_with_gradient(p, t, scale, &mut again);
                    assert!(bits(sum) == bits(weighted.sum(p, t)) && all_bits(&again) == all_bits(&gradient));
                    weighted.gradient_with_hessian_bound(p, t, scale, &mut again, &mut hessian);
                    assert!(all_bits(&again) == all_bits(&gradient));
                    let means = [sum, weighted.mean(p, t)];
                    (each, gradient, hessian, means)
                };
                let (each, gradient, hessian, means) = run(&p, &t);
                let of_dirty = run(&dirty, &dirty_target);
                let name = loss.spec().name();
                for (clean, dirty) in [(&each, &of_dirty.0), (&gradient, &of_dirty.1), (&hessian, &of_dirty.2)] {
                    assert_eq!(all_bits(clean), all_bits(dirty), "an ignored sample of {name}, {level:?}");
                }
                assert_eq!(means.map(bits), of_dirty.3.map(bits), "an ignored sample of {name}, {level:?}");
                for i in 0..len {
                    let w = T::from_f64_rounded(weights[i]);
                    let expected = [
                        w * loss.forward(p[i], t[i]),
                        w * (factor * loss.derivative(p[i], t[i])),
                        w * (factor * loss.hessian_bound(p[i], t[i])),
                    ];
                    assert_eq!([each[i], gradient[i], hessian[i]], expected, "{name}, {level:?}");
                }
                let (sum, weight): (f64, f64) = (each.iter().map(|y| y.into_f64()).sum(), weights.iter().sum());
                let magnitudes: f64 = each.iter().map(|y| y.into_f64().abs()).sum();
                // Half an ulp of the type, and the roundings of 2500 additions in f64.
                let close = |got: f64, exact: f64, divisor: f64| {
                    let slack = T::unit() * exact.abs() + 2500.0 * f64::EPSILON * magnitudes / divisor;
                    (got - exact).abs() <= slack
                };
                assert!(close(means[0], sum, 1.0), "{name}: {}, {sum}", means[0]);
                if weight > 0.0 {
                    assert!(close(means[1], sum / weight, weight));
                    let Total { sum, weight: total } = weighted.total(&p, &t);
                    assert_eq!((sum, total), (means[0], weight));
                } else {
                    assert!(means[1].is_nan());
                }
            }
        }
    });
}

#[test]
fn weights_multiply_in_both_types() {
    weights_multiply::<f32>();
    weights_multiply::<f64>();
}

#[test]
fn weights_of_another_length_are_refused() {
    let _fixed = fix_level();
    let (x, mut out) = ([0.5_f32; 3], [7.0; 3]);
    let loss = Mse.weighted(&[0.5; 2]);
    for message in [
        panic_message(|| loss.forward_slice(&x, &x, &mut out)),
        panic_message(|| loss.gradient(&x, &x, 1.0, &mut out)),
        panic_message(|| loss.sum_with_gradient(&x, &x, 1.0, &mut out)),
        panic_message(|| loss.mean(&x, &x)),
    ] {
        assert!(message.contains("weights has 2") && message.contains('3'), "{message}");
    }
    assert_eq!(out, [7.0; 3]);
}

/// The losses of rows times their weights, and gradients with those in the scale, alone and side by side. Powers of two
/// change no bit of a loss but the exponent.
fn weights_of_rows_multiply<T: Number>() {
    let rows = Rows::contiguous(CLASSES);
    at_every_level(|level| {
        for (case, count) in row_cases::<T>().iter().flat_map(|case| [(case, 2), (case, 40)]) {
            let (x, labels, y) = crate::rows::samples(case, count, 21);
            let weights: Vec<f64> = (0..count).map(|row| [0.5, 2.0, 0.0, 1.0, 4.0][row % 5]).collect();
            let weighted = WeightedRows::new(case.loss, &weights);
            for target in crate::rows::targets(case, &labels, &y) {
                let [mut losses, mut weighted_losses] = [(); 2].map(|()| vec![T::nan(); count]);
                let [mut gradient, mut weighted_gradient] = [(); 2].map(|()| x.clone());
                case.loss.forward(&x, target, rows, &mut losses).unwrap();
                weighted.forward(&x, target, rows, &mut weighted_losses).unwrap();
                weighted.gradient(&x, target, rows, 0.5, &mut weighted_gradient).unwrap();
                for (row, weight) in weights.iter().enumerate() {
                    let place = format!("{} at {level:?}, row {row}, {target:?}", case.name);
                    let product =
                        if *weight == 0.0 { T::zero() } else { T::from_f64_rounded(losses[row].into_f64() * weight) };
                    assert_eq!(bits(weighted_losses[row]), bits(product), "{place}");
                    case.loss.gradient(&x, target, rows, 0.5 * weight, &mut gradient).unwrap();
                    let entries = row * CLASSES..(row + 1) * CLASSES;
                    // A row of weight 0 has the gradient 0, of no sign.
                    let of_row = gradient[entries.clone()].iter().map(|g| if *weight == 0.0 { T::zero() } else { *g });
                    assert_eq!(all_bits(&weighted_gradient[entries]), all_bits(&of_row.collect::<Vec<T>>()), "{place}");
                }
            }
        }
    });
}

#[test]
fn weights_of_rows_multiply_in_both_types() {
    weights_of_rows_multiply::<f32>();
    weights_of_rows_multiply::<f64>();
}

/// Weights that f32 does not hold keep their bits: losses of f32 are multiplied by them, summed and divided with 45 bits and
/// more.
#[test]
fn weights_of_rows_are_not_rounded_to_f32() {
    let (rows, count) = (Rows::contiguous(CLASSES), 50);
    // Without f64, two f32 stand for a number, with errors of 2^-45 in each of at most three steps.
    let close = |got: f64, expected: f64| (got - expected).abs() <= expected.abs() * f64::powi(0.5, 43);
    at_every_level(|level| {
        for case in row_cases::<f32>() {
            let (x, labels, y) = crate::rows::samples(&case, count, 23);
            let weights: Vec<f64> = (0..count).map(|row| 0.1 + row as f64 / 7.0).collect();
            let weighted = WeightedRows::new(case.loss, &weights);
            for target in crate::rows::targets(&case, &labels, &y) {
                let place = format!("{} at {level:?}, {target:?}", case.name);
                let (mut losses, mut gradient, mut of_row) = (vec![0.0; count], x.clone(), x.clone());
                case.loss.forward(&x, target, rows, &mut losses).unwrap();
                let total = weighted.total_with_gradient(&x, target, rows, &mut gradient).unwrap();
                let (mut sum, mut weight) = (0.0, 0.0);
                for row in 0..count {
                    sum += f64::from(losses[row]) * weights[row];
                    let label = [labels[row]];
                    let entries = row * CLASSES..(row + 1) * CLASSES;
                    let of_entries = match target {
                        Targets::Labels(_) => Targets::labels(&label),
                        Targets::Probabilities(y) => Targets::Probabilities(&y[entries]),
                    };
                    // The weight of the class, of a row that is not ignored.
                    weight += case.loss.total_weight(of_entries, rows).unwrap() * weights[row];
                    case.loss.gradient(&x, target, rows, weights[row] / total.weight, &mut of_row).unwrap();
                    let entries = row * CLASSES..(row + 1) * CLASSES;
                    assert_eq!(all_bits(&gradient[entries.clone()]), all_bits(&of_row[entries]), "{place}, row {row}");
                }
                assert!(close(total.sum, sum), "{place}: {} {sum}", total.sum);
                assert!(close(total.weight, weight), "{place}: {} {weight}", total.weight);
            }
        }
    });
}

/// The loss 1 + 2^-24 + 2^-30 of a row times its weight 3 is 3 + 0.8 ulp; the loss rounded to f32 times 3 is 3 + 1.5 ulp.
#[test]
fn losses_of_weighted_rows_are_rounded_once() {
    at_every_level(|level| {
        let (x, mut losses) = ([0.0, f32::EPSILON / 2.0 + f32::EPSILON / 128.0], [0.0]);
        let weighted = WeightedRows::new(&CategoricalHinge, &[3.0]);
        weighted.forward(&x, Targets::labels(&[0]), Rows::contiguous(2), &mut losses).unwrap();
        assert_eq!(losses, [3.0 + 2.0 * f32::EPSILON], "{level:?}");
    });
}

/// Totals of batches, of pairs and of rows, with weights and without, have the mean of all samples; and their gradients are
/// those of the means.
#[test]
fn totals_have_the_gradient_of_the_mean() {
    let _fixed = fix_level();
    let (x, t, weights) = ([1.0_f64, 2.0, 5.0, -1.0, 0.0, 3.0], [0.0_f64; 6], [0.5, 0.0, 2.0, 1.0, 0.0, 4.0]);
    let (mut gradient, mut of_mean) = ([7.0; 2], [7.0; 2]);
    let mut totals = [[Total::default(); 2]; 3];
    for (i, [total, weighted_total]) in totals.iter_mut().enumerate() {
        let part = 2 * i..2 * i + 2;
        let (x, t) = (&x[part.clone()], &t[part.clone()]);
        *total = Mse.total_with_gradient(x, t, &mut gradient);
        let mean = Mse.mean_with_gradient(x, t, &mut of_mean);
        assert_eq!((*total, mean, gradient), (Mse.total(x, t), total.mean(), of_mean));
        assert_eq!(gradient, x);

        let weighted = Mse.weighted(&weights[part]);
        *weighted_total = weighted.total_with_gradient(x, t, &mut gradient);
        weighted.mean_with_gradient(x, t, &mut of_mean);
        assert_eq!((*weighted_total, gradient), (weighted.total(x, t), of_mean));
    }
    for (kind, mean) in [Mse.mean(&x, &t), Mse.weighted(&weights).mean(&x, &t)].into_iter().enumerate() {
        assert_eq!(mean, [40.0 / 6.0, 87.5 / 7.5][kind]);
        let [mut first, second, third] = totals.map(|totals| totals[kind]);
        assert_eq!([first, second, third].into_iter().sum::<Total>().mean(), mean);
        first += second;
        assert_eq!((first + third).mean(), mean);
    }

    // Rows: one is ignored by its label, one by its weight.
    let (rows, labels, weights) = (Rows::contiguous(2), [0, 1, -1], [0.0, 2.0, 8.0]);
    let (loss, target) = (SoftmaxCrossEntropy::new().with_ignore_label(-1), Targets::labels(&labels));
    for loss in [&loss as &dyn RowLoss<f64>, &loss.weighted(&weights)] {
        let (mut gradient, mut of_mean) = ([7.0; 6], [7.0; 6]);
        let total = loss.total_with_gradient(&x, target, rows, &mut gradient).unwrap();
        let mean = loss.mean_with_gradient(&x, target, rows, &mut of_mean).unwrap();
        assert_eq!((total, total.mean(), gradient), (loss.total(&x, target, rows).unwrap(), mean, of_mean));
        let mut scaled = [7.0; 6];
        loss.gradient(&x, target, rows, 1.0 / total.weight, &mut scaled).unwrap();
        assert_eq!(gradient, scaled);
    }
    // A row of weight 0 is not counted.
    let weighted = loss.weighted(&weights);
    let [sum, mean] = [weighted.sum(&x, target, rows), weighted.mean_unweighted(&x, target, rows)].map(Result::unwrap);
    assert!(sum > 0.0 && sum == mean, "{sum}, {mean}");
}

#[test]
fn penalties_are_added() {
    let mut random = Random(13);
    let w: Vec<f64> = (0..3000).map(|i| if i % 5 == 0 { 0.0 } else { random.uniform(-2.0..=2.0) }).collect();
    let (l1, l2): (f64, f64) = (w.iter().map(|w| w.abs()).sum(), w.iter().map(|w| w * w).sum());
    let penalties: [(&dyn Penalty<f64>, f64, f64); 4] = [
        (&L1 { lambda: 0.5 }, 0.5, 0.0),
        (&L2 { lambda: 0.5 }, 0.0, 0.5),
        (&ElasticNet { lambda: 2.0, l1_ratio: 0.25 }, 0.5, 1.5),
        (&ElasticNet { lambda: 2.0, l1_ratio: 1.0 }, 2.0, 0.0),
    ];
    at_every_level(|level| {
        for (penalty, a, b) in penalties {
            let exact = a * l1 + b * l2 / 2.0;
            // The roundings of 3000 additions.
            assert!((penalty.value(&w) - exact).abs() <= 3000.0 * f64::EPSILON * exact, "{level:?}");
            let mut gradient = vec![1.0; w.len()];
            penalty.add_gradient(&w, &mut gradient);
            for (w, g) in w.iter().zip(&gradient) {
                let sign = if *w == 0.0 { 0.0 } else { w.signum() };
                assert!((g - (1.0 + a * sign + b * w)).abs() <= 2.0 * f64::EPSILON * (1.0 + a + b * 2.0), "{w}");
            }
            assert!(penalty.value(&[]) == 0.0 && penalty.value(&[1.0, f64::NAN]).is_nan());
            penalty.add_gradient(&[f64::NAN], &mut gradient[..1]);
            assert!(gradient[0].is_nan());
            assert!(panic_message(|| penalty.add_gradient(&w, &mut [0.0; 2])).contains("gradient has 2"));
        }
    });
    // lambda is no number of f32.
    assert_eq!(L1::new(1e39).unwrap_err().requirement, "must be finite and not negative, in f32 too");
    assert!(L1::new(f64::NAN).is_err() && L2::new(-1.0).is_err() && ElasticNet::new(1.0, 1.5).is_err());
}

/// The terms of single weights against f64, with the parameters in f64, and infinite weights.
#[test]
fn penalties_are_accurate() {
    let mut random = Random(14);
    let weights: Vec<f32> = (0..2000).map(|_| random.uniform(-9.0..=9.0)).collect();
    at_every_level(|level| {
        for penalty in AnyPenalty::all() {
            let of = |name| penalty.parameter(name);
            let (lambda, ratio) = (of("lambda").unwrap(), of("l1_ratio"));
            let [a, b] = match penalty {
                AnyPenalty::L1(_) => [lambda, 0.0],
                AnyPenalty::L2(_) => [0.0, lambda],
                _ => [lambda * ratio.unwrap(), lambda * (1.0 - ratio.unwrap())],
            };
            let spec = Penalty::<f32>::spec(&penalty);
            let within = |got: f32, exact: f64, ulp: f64| {
                over_budget("", ulp, |_| 0.0, &[got], &[got], |_| exact.into()).unwrap_or_default()
            };
            for w in &weights {
                let mut gradient = [0.0];
                penalty.add_gradient(&[*w], &mut gradient);
                let (wide, value) = (f64::from(*w), penalty.value(&[*w]));
                let exact = [a * wide.abs() + b * wide * wide / 2.0, a * wide.signum() + b * wide];
                let over = [value as f32, gradient[0]].into_iter().zip(exact).zip(spec.f32.ulp);
                let over: String = over.map(|((got, exact), ulp)| within(got, exact, ulp)).collect();
                assert!(over.is_empty(), "{penalty} of {w} at {level:?}: {over}");
            }
            let inf = f32::INFINITY;
            assert_eq!(penalty.value(&[inf, -1.0]), f64::INFINITY, "{penalty}");
            let mut gradient = [0.0_f32; 4];
            penalty.add_gradient(&[inf, -inf, 0.0, -0.0], &mut gradient);
            let end = if b == 0.0 { a as f32 } else { inf };
            assert_eq!(gradient, [end, -end, 0.0, 0.0], "{penalty}");
        }
        let none = ElasticNet { lambda: 1e-60, l1_ratio: 0.5 };
        assert_eq!(none.value(&[f32::INFINITY]), 0.0, "{level:?}: lambda is 0 in f32");
    });
}

/// Long slices, which are prefetched and stored past the caches, give the bits of their parts.
#[test]
fn long_sums_are_those_of_their_parts() {
    // 68 and 102 MB: both are beyond the caches.
    const LEN: usize = (17 << 19) + 21;
    let mut random = Random(14);
    let block: Vec<f32> = (0..4099).map(|_| random.uniform(-3.0..=3.0)).collect();
    let x: Vec<f32> = block.iter().copied().cycle().take(LEN).collect();
    let target: Vec<f32> = block.iter().rev().copied().cycle().take(LEN).collect();
    let mut gradient = vec![f32::NAN; LEN + 9];
    at_every_level(|level| {
        let half = 1 << 22;
        let parts = Mae.sum(&x[..half], &target[..half]);
        let wide = |x: &[f32]| x.iter().map(|x| f64::from(*x)).collect::<Vec<f64>>();
        assert_eq!(parts as f32, Mae.sum(&wide(&x[..half]), &wide(&target[..half])) as f32, "{level:?}");
        for from in [0, 5] {
            gradient.fill(f32::NAN);
            let sum = Mse.sum_with_gradient(&x, &target, 0.5, &mut gradient[from..from + LEN]);
            assert_eq!(bits(sum), bits(Mse.sum(&x, &target)), "{level:?}, from {from}");
            let differs = (0..LEN).find(|&i| gradient[from + i] != x[i] - target[i]);
            assert_eq!(differs, None, "{level:?}, from {from}");
            assert!(
                gradient[..from].iter().chain(&gradient[from + LEN..]).all(|g| g.is_nan()),
                "{level:?} wrote outside"
            );
        }
    });
}
