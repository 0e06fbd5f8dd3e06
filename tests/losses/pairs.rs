//! Laws of losses of pairs of numbers: what they declare, limits, domains, finite differences.

use crate::accuracy::variants;
use crate::cases::sample;
use crate::common::{H, Number, ORDERS, Random, all_bits, at_every_level, fix_level, proptest_config, tolerance};
use proptest::prelude::*;
use slopes::loss::{
    BinaryCrossEntropy, BinaryCrossEntropyWithLogits, Exponential, Focal, Gamma, Hinge, HingeEmbedding, Huber,
    KlDivergence, KlDivergenceFromLog, KlDivergenceOfLogs, LogCosh, Loss, Mae, Mape, Msle, Pinball, PoissonNll,
    PseudoHuber, SoftMargin, SquaredHinge, Tweedie,
};

/// Limits, range, monotonicity and symmetry, at the target that they are declared for.
#[test]
fn losses_are_what_they_declare() {
    let inf = f64::INFINITY;
    let mut random = Random(9);
    at_every_level(|level| {
        for loss in crate::cases::all::<f64>() {
            let (spec, name) = (loss.spec(), loss.spec().name());
            let target = if loss.forward(0.5, 0.0).is_nan() { 1.0 } else { 0.0 };
            for (side, p) in [-inf, inf].into_iter().enumerate() {
                let got = [loss.forward(p, target), loss.derivative(p, target), loss.second_derivative(p, target)];
                for (order, got) in got.into_iter().enumerate() {
                    let limit = spec.limits[order][side];
                    // The limits of the derivative of mape are 100 / eps, and eps is no power of two.
                    let same =
                        got == limit || (got - limit).abs() <= 1e-15 * limit.abs() || (got.is_nan() && limit.is_nan());
                    assert!(same, "{} of {name} at {p}, {level:?}: {got}, declared {limit}", ORDERS[order]);
                }
            }
            let mut x: Vec<f64> = (0..500).map(|_| random.uniform(-50.0..=50.0)).collect();
            x.sort_by(f64::total_cmp);
            let values: Vec<f64> = x.iter().map(|x| loss.forward(*x, target)).collect();
            let (low, high) = (spec.range[0], spec.range[1]);
            assert!(values.iter().all(|y| y.is_nan() || (low <= *y && *y <= high)), "the range of {name}");
            if spec.monotone {
                let known: Vec<f64> = values.iter().copied().filter(|y| !y.is_nan()).collect();
                assert!(!known.is_empty() && known.is_sorted(), "{name} is not monotone");
            }
            let mirrored: Vec<f64> = x.iter().map(|x| loss.forward(-x, target)).collect();
            if spec.parity == slopes::Parity::Even {
                assert_eq!(all_bits(&values), all_bits(&mirrored), "{name} is not even");
            }
        }
    });
}

fn logits_have_no_limit<T: Number>() {
    let loss: &dyn Loss<T> = &BinaryCrossEntropyWithLogits::DEFAULT;
    let (zero, one, inf, largest) = (T::zero(), T::one(), T::infinity(), T::max_value());
    at_every_level(|level| {
        // (logit, target, loss, derivative)
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
        for (logit, target, value, derivative) in cases {
            let got = (loss.forward(logit, target), loss.derivative(logit, target));
            assert_eq!(got, (value, derivative), "of {logit} and {target} {} at {level:?}", T::NAME);
            assert_eq!(loss.second_derivative(logit, target), zero);
        }
        assert_eq!(loss.derivative(zero, one), -loss.derivative(zero, zero));
        for (a, b) in [(T::nan(), one), (one, T::nan()), (T::nan(), T::nan())] {
            for loss in crate::cases::all::<T>() {
                let outputs = [loss.forward(a, b), loss.derivative(a, b), loss.second_derivative(a, b)];
                assert!(outputs.iter().all(|y| y.is_nan()), "{} of {a} and {b}: {outputs:?}", loss.spec().name());
                assert!(loss.hessian_bound(a, b).is_nan() && loss.sum(&[one, a], &[one, b]).is_nan());
            }
        }
    });
}

#[test]
fn logits_have_no_limit_in_both_types() {
    logits_have_no_limit::<f32>();
    logits_have_no_limit::<f64>();
}

/// -1 is no probability, 0 no label of a margin: what is outside of its domain gives NaN, whatever the other is.
#[test]
fn outside_of_the_domain_is_nan() {
    let bce = BinaryCrossEntropyWithLogits { pos_weight: 2.0 };
    type Outside<'a> = (&'a dyn Loss<f64>, &'a [(f64, f64)]);
    let wrong: [Outside; 16] = [
        (&Hinge, &[(0.5, 0.0), (0.5, 0.5), (0.5, 2.0)]),
        (&SquaredHinge, &[(0.5, 0.0), (5.0, -2.0)]),
        (&SoftMargin, &[(0.5, 0.0), (0.5, -0.0)]),
        (&HingeEmbedding::DEFAULT, &[(0.5, 0.0), (5.0, 0.0)]),
        (&Exponential, &[(0.5, 0.0), (0.5, 1.0 + f64::EPSILON)]),
        (
            &BinaryCrossEntropyWithLogits::DEFAULT,
            &[(0.5, -1.0), (-0.5, -5e-324), (0.5, 1.0 + f64::EPSILON), (0.5, 2.0)],
        ),
        (&bce, &[(0.5, -1.0), (-0.5, -1e-300), (0.5, 2.0)]),
        (&BinaryCrossEntropy::DEFAULT, &[(0.5, -1.0), (0.5, 1.5), (-1e-9, 0.5), (1.0 + f64::EPSILON, 1.0), (1.5, 0.0)]),
        (&Focal::DEFAULT, &[(0.5, -1.0), (0.5, 0.5)]),
        (&Focal { gamma: 0.0, alpha: None }, &[(0.5, -1.0), (0.5, 0.5)]),
        (&Msle, &[(-1.5, 0.5), (0.5, -1.5), (-2.0, -2.0), (f64::NEG_INFINITY, 0.0)]),
        (&KlDivergence, &[(-0.5, 0.5), (0.5, -0.5), (-0.5, 0.0)]),
        (&KlDivergenceFromLog, &[(-0.5, -0.5)]),
        (&PoissonNll::DEFAULT, &[(0.5, -1.0)]),
        (&Gamma, &[(0.5, 0.0), (0.5, -1.0)]),
        (&Tweedie::DEFAULT, &[(0.5, -1e-9)]),
    ];
    at_every_level(|level| {
        for (loss, samples) in wrong {
            for &(p, t) in samples {
                let got =
                    [loss.forward(p, t), loss.derivative(p, t), loss.second_derivative(p, t), loss.hessian_bound(p, t)];
                assert!(got.iter().all(|y| y.is_nan()), "{} of {p} and {t}, {level:?}: {got:?}", loss.spec().name());
            }
        }
    });
}

/// What the formulas give at the ends, where they would be 0 / 0, 0 inf or inf - inf.
fn ends_are_limits<T: Number>() {
    let (zero, one, inf, largest) = (T::zero(), T::one(), T::infinity(), T::max_value());
    let two = T::from_f64_rounded(2.0);
    let check = |loss: &dyn Loss<T>, p: T, t: T, value: T, derivative: T| {
        let got = (loss.forward(p, t), loss.derivative(p, t));
        assert_eq!(got, (value, derivative), "{} of {p} and {t} in {}", loss.spec().name(), T::NAME);
    };
    at_every_level(|_| {
        for gamma in [0.0, 0.5, 1.0, 2.0] {
            let focal = Focal { gamma, alpha: None };
            for x in [1e3, 1e4].map(T::from_f64_rounded).into_iter().chain([largest, inf]) {
                check(&focal, x, one, zero, zero);
                check(&focal, x, zero, x, one);
                check(&focal, -x, zero, zero, zero);
                check(&focal, -x, one, x, -one);
                for (x, t) in [(x, one), (x, zero), (-x, zero), (-x, one)] {
                    assert!(focal.second_derivative(x, t) == zero && focal.hessian_bound(x, t) > zero);
                }
            }
        }
        let logits = BinaryCrossEntropyWithLogits { pos_weight: 2.0 };
        check(&logits, T::from_f64_rounded(-1e4), one, T::from_f64_rounded(2e4), -two);
        check(&logits, inf, zero, inf, one);
        check(&logits, -inf, zero, zero, zero);
        let bce = &BinaryCrossEntropy::DEFAULT;
        check(bce, zero, zero, zero, one);
        check(bce, one, one, zero, -one);
        check(bce, zero, one, inf, -inf);
        check(bce, one, zero, inf, inf);
        check(&BinaryCrossEntropy { eps: 0.25 }, zero, one, T::from_f64_rounded(4f64.ln()), zero);
        check(&Msle, -one, zero, inf, -inf);
        check(&Msle, zero, -one, inf, inf);
        check(&Msle, inf, zero, inf, zero);
        check(&Mape::DEFAULT, zero, zero, zero, zero);
        check(&Mape { eps: 0.5 }, one, zero, T::from_f64_rounded(200.0), T::from_f64_rounded(200.0));
        for q in [zero, one, inf] {
            check(&KlDivergence, q, zero, zero, zero);
        }
        check(&KlDivergence, zero, one, inf, -inf);
        for l in [-inf, zero, -largest] {
            check(&KlDivergenceFromLog, l, zero, zero, zero);
            check(&KlDivergenceOfLogs, l, -inf, zero, zero);
        }
        check(&KlDivergenceFromLog, -inf, one, inf, -one);
        check(&KlDivergenceOfLogs, -inf, zero, inf, -one);
        check(&PoissonNll::DEFAULT, -inf, zero, zero, zero);
        check(&PoissonNll::DEFAULT, inf, one, inf, inf);
        check(&LogCosh, largest, zero, largest, one);
        check(&PseudoHuber::DEFAULT, -largest, zero, largest, -one);
        check(&PseudoHuber::DEFAULT, inf, zero, inf, one);
        check(&Huber::DEFAULT, largest, zero, largest, one);
        check(
            &Pinball { tau: 0.25 },
            -largest,
            largest,
            largest * T::from_f64_rounded(0.5),
            T::from_f64_rounded(-0.25),
        );
        check(&Mape::DEFAULT, largest, -largest, T::from_f64_rounded(200.0), T::from_f64_rounded(100.0) / largest);
        // One-sided derivatives at kinks.
        check(&Mae, one, one, zero, zero);
        check(&Pinball { tau: 0.25 }, one, one, zero, zero);
        check(&Huber { delta: 2.0 }, two, zero, two, two);
        check(&Huber { delta: 2.0 }, -two, zero, two, -two);
        check(&Hinge, one, one, zero, zero);
        check(&Hinge, -one, -one, zero, zero);
        check(&HingeEmbedding::DEFAULT, one, -one, zero, zero);
    });
}

#[test]
fn ends_are_limits_in_both_types() {
    ends_are_limits::<f32>();
    ends_are_limits::<f64>();
}

/// Without gamma and alpha the focal loss is the cross-entropy, to the bit.
#[test]
fn focal_without_gamma_is_cross_entropy() {
    let x = crate::common::inputs::<f32>(4000);
    let (focal, plain) = (Focal { gamma: 0.0, alpha: None }, BinaryCrossEntropyWithLogits::DEFAULT);
    at_every_level(|level| {
        for target in [0.0, 1.0] {
            let target = vec![target; x.len()];
            let both: [&dyn Loss<f32>; 2] = [&focal, &plain];
            let outputs = both.map(|loss| {
                let (mut values, mut gradient, mut bound) = (x.clone(), x.clone(), x.clone());
                loss.forward_slice(&x, &target, &mut values);
                loss.gradient_with_hessian_bound(&x, &target, 1.0, &mut gradient, &mut bound);
                [values, gradient, bound].map(|y| all_bits(&y))
            });
            assert!(outputs[0] == outputs[1], "{level:?}");
        }
    });
}

proptest! {
    #![proptest_config(proptest_config(1000))]

    #[test]
    fn derivatives_of_losses_are_finite_differences(x in -30.0..30.0_f64, share in 0.0..1.0_f64, scale in -3.0..3.0_f64) {
        let _fixed = fix_level();
        let variants = variants::<f64>().map(|variant| variant.1);
        for loss in crate::cases::all::<f64>().iter().copied().chain(variants) {
            let (name, spec) = (loss.spec().name(), loss.spec());
            // Where the third derivative is not much larger than those before it.
            let x = match name {
                "binary_cross_entropy" => (x.abs() + 10.0) / 10.0,
                "kl_divergence" | "poisson_nll_of_rate" | "msle" => x.abs() + 0.5,
                "exponential" | "poisson_nll" | "gamma" | "tweedie" => x / 10.0,
                _ => x,
            };
            let (p, t) = sample(spec, x, share);
            // Kinks are residuals, or margins; those of the variants too.
            let kinks = [0.0, 0.5, 1.0, 1.5, 2.5, 3.0];
            if kinks.iter().any(|kink| ((p - t).abs() - kink).abs() < 2.0 * H || ((p * t).abs() - kink).abs() < 2.0 * H) {
                continue;
            }
            let width = (p + H) - (p - H);
            // 4 ulp of the larger value, and what the rounding of p + h moves it.
            let error = 8.0 * f64::EPSILON * (loss.forward(p + H, t).abs().max(loss.forward(p - H, t).abs()) + 1.0);
            let (derivative, second_derivative) = (loss.derivative(p, t), loss.second_derivative(p, t));
            // The third and fourth derivative: of 1 / p^2 at 1/2, some 100 times the second.
            let rough = 1.0 + 100.0 * (derivative.abs() + second_derivative.abs());
            let difference = (loss.forward(p + H, t) - loss.forward(p - H, t)) / width;
            prop_assert!((derivative - difference).abs() <= tolerance(error) * rough, "{name} at {p}, {t}: {derivative}, {difference}");
            let difference = (loss.derivative(p + H, t) - loss.derivative(p - H, t)) / width;
            let error = 8.0 * f64::EPSILON * (derivative.abs() + 1.0);
            prop_assert!((second_derivative - difference).abs() <= tolerance(error) * rough, "{name} at {p}, {t}: {second_derivative}, {difference}");
            let bound = loss.hessian_bound(p, t);
            // Both have errors of a few ulp.
            let least = second_derivative * (1.0 - 8.0 * f64::EPSILON);
            prop_assert!(bound > 0.0 && bound >= least, "{name} at {p}, {t}: bound {bound}, second derivative {second_derivative}");

            let (mut gradient, mut bounds) = ([0.0], [0.0]);
            let sum = loss.sum_with_gradient(&[p], &[t], scale, &mut gradient);
            prop_assert_eq!((sum, gradient), (loss.forward(p, t), [scale * derivative]));
            loss.gradient_with_hessian_bound(&[p], &[t], scale, &mut gradient, &mut bounds);
            prop_assert_eq!((gradient, bounds), ([scale * derivative], [scale * bound]));
        }
    }
}
