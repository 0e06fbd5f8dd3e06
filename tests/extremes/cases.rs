//! Inputs and parameters that once were wrong, or are wrong elsewhere, and their values by hand or by mpmath.

use slopes::Rows;
use slopes::activation::{
    Activation, Celu, Elu, Gaussian, HardSigmoid, Laplace, LeakyRelu, Linear, LogSoftmax, LogSumExp, Mask, PRelu,
    RRelu, Repeat, RowActivation, Selu, SoftCap, Softmax, Softmin, Softplus, Swish, XIelu,
};
use slopes::loss::{
    BinaryCrossEntropy, BinaryCrossEntropyWithLogits, Expectile, Huber, KlDivergence, Loss, Mape, Msle, PoissonNll,
    PoissonNllOfRate, PseudoHuber, SmoothL1, Tweedie,
};

use crate::at_every_level;

const INF: f32 = f32::INFINITY;

/// `got` is `right` to one part in 100 000, with its sign.
#[track_caller]
fn close(got: f32, right: f64) {
    let wide = f64::from(got);
    let same = wide == right && wide.is_sign_negative() == right.is_sign_negative();
    assert!(same || (wide - right).abs() <= 1e-5 * right.abs(), "{got:e}, not {right:e}");
}

#[test]
fn quotients_that_overflow_inside() {
    at_every_level(|| {
        let bce = BinaryCrossEntropy::DEFAULT;
        for p in [1e-45_f32, 1e-40, 2.9e-39] {
            assert_eq!(bce.derivative(p, 1.0), -INF);
            assert_eq!(bce.derivative(1.0 - p, 0.0), INF);
        }
        for p in [5e-324, 1e-310, 5.5e-309] {
            assert_eq!(bce.derivative(p, 1.0), f64::NEG_INFINITY);
            assert_eq!(KlDivergence.second_derivative(p, p), f64::INFINITY);
        }
        close(bce.derivative(1e-38, 1.0), -1e38);
        assert_eq!(bce.second_derivative(4.369328e-37_f32, 1.0), INF);
        assert_eq!(KlDivergence.second_derivative(2.911349e-34_f32, 1.0), INF);
        assert_eq!(Expectile::DEFAULT.forward(7.104195e31_f32, 1e10), INF);
        close(Expectile { tau: 0.9999999 }.derivative(3.4028235e38_f32, -1.4770054e38), 1.16344e32);
        // The residual overflows, the loss does not.
        close(PseudoHuber { delta: 1e-5 }.forward(3e38_f32, -3e38), 6e33);
        close(Huber { delta: 1e-5 }.forward(3e38_f32, -3e38), 6e33);
        // exp(89) overflows, its difference to y z or to y does not.
        close(PoissonNll::DEFAULT.forward(89.0_f32, 4e36), 4.4896128191743e38 - 3.56e38);
        close(PoissonNll::DEFAULT.derivative(89.0_f32, 3e38), 4.4896128191743e38 - 3e38);
        assert_eq!(PoissonNll::DEFAULT.forward(89.0_f32, 1.0751257e37), -INF);
        close(PoissonNllOfRate::DEFAULT.derivative(40.0_f32, 3.402_823_5e38), -8.507_058_7e36);
        close(PoissonNllOfRate::DEFAULT.forward(1.7e38_f32, 5.0584415e36), -2.7528885e38);
        assert_eq!(Tweedie::DEFAULT.second_derivative(-1e4_f32, 1e-45), INF);
        assert_eq!((Msle.forward(-1.0_f32, -1.0), Msle.derivative(-1.0_f32, -1.0)), (0.0, 0.0));
        assert_eq!(Mape::DEFAULT.derivative(1e-30_f32, 1e-30), 0.0);
    });
}

#[test]
fn clipping_distances_that_round_away() {
    at_every_level(|| {
        let bce = BinaryCrossEntropy::new(1e-15).unwrap();
        close(bce.forward(1.0, 0.0), -(1e-15_f64.ln()));
        close(bce.forward(0.0, 1.0), -(1e-15_f64.ln()));
        close(bce.forward(1.0, 1.0), 1e-15);
        assert_eq!((bce.derivative(1.0_f32, 0.0), bce.derivative(0.0_f32, 1.0)), (0.0, 0.0));
    });
}

#[test]
fn parameters_are_refused_or_right() {
    assert!(SmoothL1::new(1e-50).is_err() && HardSigmoid::new(1.0, 1.0 + 1e-12).is_err());
    assert!(HardSigmoid::new(-2e38, 2e38).is_err() && Swish::new(1e39).is_err() && Tweedie::new(1.0 + 1e-9).is_err());
    assert!(BinaryCrossEntropyWithLogits::new(1e39).is_err() && RRelu::new(-1e308, 1e308).is_err());
    let message = Tweedie::new(1.0 + 1e-9).unwrap_err().to_string();
    assert!(message.contains("in f32 too"), "{message}");
    at_every_level(|| {
        close(SmoothL1::new(1e-15).unwrap().forward(1.0, 0.0), 1.0);
        close(Swish::new(1e15).unwrap().forward(1.0), 1.0);
        close(HardSigmoid::new(-4e29, 4e29).unwrap().forward(2e38), 1.0);
        close(HardSigmoid::new(0.0, 2e-30).unwrap().forward(-1.0), 0.0);
        close(BinaryCrossEntropyWithLogits::new(1e4).unwrap().forward(1.0, 0.0), 1.3132616875182228);
        assert_eq!(Softplus::new(1e6).unwrap().second_derivative(1.0_f32), 0.0);
        assert_eq!(Swish::new(1e-10).unwrap().forward(-INF).to_bits(), (-0.0_f32).to_bits());
        close(Tweedie::new(1.0 + 1e-6).unwrap().forward(0.5, 0.0), 1.6487213);
    });
}

/// A tail that is 0 in f32 without the parameter that multiplies it; and a parameter that divides a subnormal number.
#[test]
fn tails_and_subnormals_times_parameters() {
    at_every_level(|| {
        let elu = Elu::new(1e15).unwrap();
        close(elu.derivative(-120.0_f32), 7.667648e-38);
        close(elu.second_derivative(-120.0_f32), 7.667648e-38);
        close(XIelu::new(0.8, 1e15, 0.0).unwrap().second_derivative(-120.0_f32), 7.667648e-38);
        close(Selu::new(1e10, 1e10).unwrap().derivative(-125.0_f32), 5.166421e-35);
        close(Celu::new(1e-15).unwrap().second_derivative(-1.2e-13_f32), 7.66766753e-38);
        let gaussian = Gaussian::new(1e-10).unwrap();
        close(gaussian.second_derivative(1.6e-9_f32), 6.55913373e-34);
        let laplace = Laplace::new(0.0, 1e-10).unwrap();
        close(laplace.second_derivative(1.6e-9_f32), -1.64186087e-35);
        for x in [4e-9_f32, 1.0, INF] {
            assert_eq!([gaussian.derivative(x), gaussian.second_derivative(x)].map(f32::abs), [0.0, 0.0]);
            assert_eq!([laplace.derivative(x), laplace.second_derivative(x)].map(f32::abs), [0.0, 0.0]);
        }
        close(SoftCap::new(0.00332263414748013).unwrap().second_derivative(-1e-45_f32), 2.5386079e-40);
        let cancelling = XIelu::new(0.8, 1e15, 1e15).unwrap();
        assert_eq!(cancelling.derivative(-INF), 0.0);
        close(cancelling.derivative(-30.0_f32), 1e15 * (-30_f64).exp());
    });
}

#[test]
fn infinities_and_zeros() {
    at_every_level(|| {
        assert_eq!(LeakyRelu::new(0.0).unwrap().forward(-INF), 0.0);
        assert_eq!(PRelu::new(0.0).unwrap().forward(-INF), 0.0);
        assert_eq!(RRelu::new(-0.5, 0.5).unwrap().forward(-INF), 0.0);
        assert_eq!([-INF, INF].map(|x| Linear::new(0.0).unwrap().forward(x)), [0.0, 0.0]);
        assert_eq!(LeakyRelu::new(0.5).unwrap().forward(-INF), -INF);
        assert!(LeakyRelu::new(0.0).unwrap().forward(f32::NAN).is_nan());
        assert_eq!(XIelu::new(0.8, 0.5, 0.5).unwrap().forward(-INF), -0.5);
        assert_eq!(Selu::DEFAULT.forward(-0.0_f32).to_bits(), (-0.0_f32).to_bits());
        assert_eq!(Selu::DEFAULT.forward(-0.0_f64).to_bits(), (-0.0_f64).to_bits());
        assert_eq!(Selu::DEFAULT.forward(0.0_f32).to_bits(), 0);
    });
}

#[test]
fn rows_of_any_numbers() {
    at_every_level(|| {
        let ln_3 = 3_f64.ln();
        let mut y = [0.0; 2];
        let softmax = Softmax::new().with_temperature(2.0).unwrap();
        softmax.forward_masked(
            &[0.0, 0.0],
            Mask::new().with_additive(&[0.0, ln_3], Repeat::Whole),
            Rows::contiguous(2),
            &mut y,
        );
        assert!((y[0] - 0.25).abs() < 1e-15 && (y[1] - 0.75).abs() < 1e-15, "{y:?}");
        softmax.forward_masked(
            &[2.0 * ln_3, 0.0],
            Mask::new().with_additive(&[0.0, ln_3], Repeat::Whole),
            Rows::contiguous(2),
            &mut y,
        );
        assert!((y[0] - 0.5).abs() < 1e-15 && (y[1] - 0.5).abs() < 1e-15, "{y:?}");
        Softmin::new().forward_masked(
            &[0.0, ln_3],
            Mask::new().with_additive(&[0.0, ln_3], Repeat::Whole),
            Rows::contiguous(2),
            &mut y,
        );
        assert!((y[0] - 0.5).abs() < 1e-15 && (y[1] - 0.5).abs() < 1e-15, "{y:?}");

        let (x, dy, rows) = ([INF, 1.0, INF], [1.0, 2.0, 4.0], Rows::contiguous(3));
        let (mut from_x, mut value, mut from_y) = ([0.0; 3], [0.0; 3], [0.0; 3]);
        LogSoftmax::DEFAULT.backward(&x, &dy, rows, &mut from_x);
        LogSoftmax::DEFAULT.forward(&x, rows, &mut value);
        LogSoftmax::DEFAULT.backward_from_output(&value, &dy, rows, &mut from_y);
        assert_eq!(from_x, [-2.5, 0.0, 0.5]);
        // The shares exp(y) are rounded.
        assert!(from_x.iter().zip(&from_y).all(|(a, b)| (a - b).abs() < 1e-6), "{from_x:?}, {from_y:?}");

        let mut empty = [0.0_f32; 10];
        LogSumExp.forward(&[], Rows::along(&[10, 0], 1), &mut empty);
        assert_eq!(empty, [-INF; 10]);
        LogSumExp.backward(&[], &empty, Rows::along(&[10, 0], 1), &mut []);

        // One entry, and entries whose difference or quotient overflows: never positive, never NaN.
        let mut y = [0.0_f32; 2];
        for (t, x) in [(2.0, [-1e-20, -INF]), (1.0, [3e38, -3e38]), (1e-15, [3e38, 1.0]), (1e10, [3e38, -3e38])] {
            LogSoftmax::new().with_temperature(t).unwrap().forward(&x, Rows::contiguous(2), &mut y);
            let right = (f64::from(x[1]) - f64::from(x[0])) / t;
            assert_eq!(y[0], 0.0);
            close(y[1], if right < -3.5e38 { f64::NEG_INFINITY } else { right });
        }
    });
}
