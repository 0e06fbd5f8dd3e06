//! Losses of three numbers.

use crate::common::{at_every_level, bits, fix_level, panic_message};
use slopes::loss::{GaussianNll, MarginRanking};

/// A method that gives one number of a sample of three, and the sample's gradients.
fn gaussian(loss: GaussianNll, sample: [f64; 3]) -> (f64, [f64; 2]) {
    let [p, t, v] = sample.map(|x| [x]);
    let (mut of_prediction, mut of_variance) = ([7.0], [7.0]);
    let sum = loss.sum_with_gradients(&p, &t, &v, 1.0, [&mut of_prediction, &mut of_variance]);
    assert_eq!(bits(sum), bits(loss.mean(&p, &t, &v)));
    (sum, [of_prediction[0], of_variance[0]])
}

#[test]
fn gaussian_likelihood_has_both_derivatives() {
    let (loss, full) = (GaussianNll::default(), GaussianNll::new().with_full(true));
    at_every_level(|level| {
        for sample in [[1.0, 0.25, 0.5], [-3.0, 4.0, 7.0], [2.0, 2.0, 0.125], [1e3, -1e3, 1e2], [0.0, 1e-3, 1e-4]] {
            let [p, t, v] = sample;
            let (value, [of_prediction, of_variance]) = gaussian(loss, sample);
            let r = p - t;
            // Some roundings of the larger of two terms.
            let terms = v.ln().abs().max(r * r / v);
            assert!((value - (v.ln() + r * r / v) / 2.0).abs() <= 4.0 * f64::EPSILON * terms, "{level:?}");
            assert_eq!(of_prediction, r / v);
            let exact = (1.0 - r * r / v) / (2.0 * v);
            assert!((of_variance - exact).abs() <= 4.0 * f64::EPSILON * (1.0 + r * r / v) / (2.0 * v));
            let constant = (2.0 * std::f64::consts::PI).ln() / 2.0;
            assert!((gaussian(full, sample).0 - value - constant).abs() <= 4.0 * f64::EPSILON * (terms + 1.0));
        }
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
