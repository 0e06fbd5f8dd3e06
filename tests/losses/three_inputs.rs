//! Losses of three numbers.

use crate::common::{Exact, Number, at_every_level, bits, fix_level, none, over_budget, panic_message};
use slopes::ErrorBound;
use slopes::loss::{GaussianNll, MarginRanking};

/// A method that gives one number of a sample of three, and the sample's gradients.
fn gaussian(loss: GaussianNll, sample: [f64; 3]) -> (f64, [f64; 2]) {
    let [p, t, v] = sample.map(|x| [x]);
    let (mut of_prediction, mut of_variance) = ([7.0], [7.0]);
    let sum = loss.sum_with_gradients(&p, &t, &v, 1.0, [&mut of_prediction, &mut of_variance]);
    assert_eq!(bits(sum), bits(loss.mean(&p, &t, &v)));
    (sum, [of_prediction[0], of_variance[0]])
}

/// Prediction, target and variance; the value, the full one, and the gradients in prediction and variance, by mpmath.
const GAUSSIAN: [([f64; 3], [&str; 4]); 5] = [
    ([1.0, 0.25, 0.5], ["2.159264097200273452913839e-1", "1.134864942924700087071714", "1.5", "-1.25e-1"]),
    (
        [-3.0, 4.0, 7.0],
        ["4.472955074527656652552676", "5.391893607732329394333006", "-1.0", "-4.285714285714285714285714e-1"],
    ),
    ([2.0, 2.0, 0.125], ["-1.039720770839917964125848", "-1.207822376352452223455184e-1", "0", "4.0"]),
    (
        [1000.0, -1000.0, 100.0],
        ["2.000230258509299404568402e+4", "2.00032215236261987184258e+4", "2.0e+1", "-1.99995e+2"],
    ),
    (
        [0.0, 0.0009765625, 0.0001220703125],
        ["-4.501550423639644511212009", "-3.582611890434971769431679", "-8.0", "4.064e+3"],
    ),
];

fn gaussian_likelihood_is_accurate<T: Number>() {
    let ErrorBound { ulp, absolute } = T::budget(GaussianNll::SPEC);
    let mut failures = Vec::new();
    at_every_level(|level| {
        for (sample, [value, full_value, of_prediction, of_variance]) in GAUSSIAN {
            let [p, t, v] = sample.map(|x| [T::from_f64_rounded(x)]);
            let mut got = [[T::nan()]; 4];
            let [losses, full_losses, prediction_gradient, variance_gradient] = &mut got;
            GaussianNll::default().forward_slice(&p, &t, &v, losses);
            GaussianNll::new().with_full(true).forward_slice(&p, &t, &v, full_losses);
            let gradients = [&mut prediction_gradient[..], &mut variance_gradient[..]];
            GaussianNll::default().gradients(&p, &t, &v, 1.0, gradients);

            let [p, t, v] = sample;
            let square = (p - t) * (p - t) / v;
            let term = v.ln().abs().max(square) / 2.0;
            let constant = (2.0 * std::f64::consts::PI).ln() / 2.0;
            let of = [term, term.max(constant), 0.0, square.max(1.0) / (2.0 * v)];
            let exact = [value, full_value, of_prediction, of_variance].map(Exact::parse);
            for (i, output) in [0, 0, 1, 2].into_iter().enumerate() {
                let label = format!("output {i} of {sample:?} {} {level:?}", T::NAME);
                let floor = absolute[output] * T::unit() * of[i];
                failures.extend(over_budget(&label, ulp[output], |_| floor, &got[i], &got[i], |_| exact[i]));
            }
        }
    });
    none(&failures);
}

#[test]
fn gaussian_likelihood_is_accurate_in_both_types() {
    gaussian_likelihood_is_accurate::<f32>();
    gaussian_likelihood_is_accurate::<f64>();
}

#[test]
fn gaussian_likelihood_has_a_domain() {
    let loss = GaussianNll::default();
    at_every_level(|_| {
        // A variance below eps counts as eps; a negative one is none.
        assert_eq!(gaussian(loss, [1.0, 0.0, 0.0]), gaussian(loss, [1.0, 0.0, 1e-6]));
        for wrong in [[1.0, 0.0, -1e-9], [1.0, 0.0, f64::NAN], [f64::NAN, 0.0, 1.0], [1.0, f64::NAN, 1.0]] {
            let (value, derivatives) = gaussian(loss, wrong);
            assert!(value.is_nan() && derivatives[1].is_nan() && derivatives[0].is_nan(), "{wrong:?}");
        }
        let none: [f64; 0] = [];
        assert!(loss.sum(&none, &none, &none) == 0.0 && loss.mean(&none, &none, &none).is_nan());
    });
    let _fixed = fix_level();
    let (three, mut four, mut also) = ([1.0_f32; 3], [7.0; 4], [7.0; 3]);
    let message = panic_message(|| loss.gradients(&three, &three, &three, 1.0, [&mut also, &mut four]));
    assert!(message.contains("variance_gradient has 4") && also == [7.0; 3], "{message}");
    assert!(panic_message(|| loss.sum(&three, &three, &four)).contains("variance has 4"));
    assert!(GaussianNll::new().with_eps(f64::NAN).is_err());
    assert!(MarginRanking::new().with_margin(f64::INFINITY).is_err());
}

#[test]
fn margin_ranking_has_both_derivatives() {
    let loss = MarginRanking::new().with_margin(0.5).unwrap();
    let first = [3.0_f32, 3.0, 1.5, 0.0, 1.0];
    let second = [1.0, 1.0, 1.0, 0.0, f32::NAN];
    let target = [1.0, -1.0, 1.0, 0.0, 1.0];
    at_every_level(|level| {
        let ([mut losses, mut of_first], mut of_second) = ([[7.0; 5]; 2], [7.0; 5]);
        loss.forward_slice(&first, &second, &target, &mut losses);
        assert!(losses[..3] == [0.0, 2.5, 0.0] && losses[3..].iter().all(|y| y.is_nan()), "{level:?}: {losses:?}");
        loss.gradients(&first, &second, &target, 2.0, [&mut of_first, &mut of_second]);
        // At a distance of the margin the derivative is 0.
        assert_eq!((&of_first[..3], &of_second[..3]), (&[0.0, 2.0, 0.0][..], &[0.0, -2.0, 0.0][..]));
        assert!(of_first[3..].iter().chain(&of_second[3..]).all(|y| y.is_nan()));
        assert_eq!(loss.mean(&first[..2], &second[..2], &target[..2]), 1.25);
    });
}
