//! Weights of the positive samples of binary cross-entropy: of one class, and of several.

use crate::common::{Number, Random, all_bits, at_every_level};
use slopes::Rows;
use slopes::loss::{BinaryCrossEntropyWithLogits, Loss, MultiLabelCrossEntropy};

/// A weight, a logit of the right sign, and w ln(1 + e^-z), w s(-z) and, for a target of 1/2, (1 + w) / 2 s(z) s(-z), by
/// mpmath. The tails are subnormal, or 0, without the weight.
const TAILS_32: [(f64, f32, [f64; 3]); 5] = [
    (1e4, 104.0, [6.813_556_821_55e-42, 6.813_556_821_55e-42, 3.407_119_088_61e-42]),
    (100.0, 103.5, [1.123_365_606_08e-43, 1.123_365_606_08e-43, 5.672_996_310_71e-44]),
    (1e4, 110.0, [1.688_911_880_22e-44, 1.688_911_880_22e-44, 8.445_403_857_06e-45]),
    (1e4, 112.5, [1.386_343_293_64e-45, 1.386_343_293_64e-45, 6.932_409_639_85e-46]),
    (1e4, 90.0, [8.194_012_623_99e-36, 8.194_012_623_99e-36, 4.097_416_012_63e-36]),
];
const TAILS_64: [(f64, f64, [f64; 3]); 4] = [
    (1e4, 745.5, [1.711_842_250_49e-320, 1.711_842_250_49e-320, 8.560_067_173_59e-321]),
    (1e4, 750.0, [1.901_684_963_48e-322, 1.901_684_963_48e-322, 9.509_375_659_86e-323]),
    (1e4, 753.0, [9.467_931_929_07e-324, 9.467_931_929_07e-324, 4.734_439_361_13e-324]),
    (100.0, 740.0, [4.188_739_880_05e-320, 4.188_739_880_05e-320, 2.115_313_639_42e-320]),
];

fn weighted_tails_are_right<T: Number>(tails: &[(f64, T, [f64; 3])]) {
    // One rounding into the subnormals, or 4 ulp: the constants have 12 digits.
    let least = T::min_positive_value().into_f64() * T::epsilon().into_f64();
    let close = |got: T, right: f64| {
        let tolerance = (4.0 * T::epsilon().into_f64().max(1e-11) * right.abs()).max(0.51 * least);
        assert!((got.into_f64() - right).abs() <= tolerance, "{got} of {}, not {right:e}", T::NAME);
    };
    let half = T::from_f64_rounded(0.5);
    at_every_level(|_| {
        for &(pos_weight, z, [value, derivative, mixed]) in tails {
            let loss = BinaryCrossEntropyWithLogits { pos_weight };
            close(loss.forward(z, T::one()), value);
            close(-loss.derivative(z, T::one()), derivative);
            // 1 - s(z) is below the precision of s(z), so that the second derivative of a target of 1 is -derivative.
            close(loss.second_derivative(z, T::one()), derivative);
            close(loss.second_derivative(z, half), mixed);
            close(loss.second_derivative(-z, half), mixed);
        }
    });
}

#[test]
fn a_weight_multiplies_a_tail_before_it_is_rounded() {
    weighted_tails_are_right(&TAILS_32);
    weighted_tails_are_right(&TAILS_64);
}

const WEIGHTS: [f64; 5] = [0.5, 3.0, 1e4, 0.001, 2.5];

/// Logits and targets of all kinds.
fn samples<T: Number>(count: usize) -> (Vec<T>, Vec<T>) {
    let mut random = Random(23);
    let mut draw = |i: usize| {
        let scale = [1.0, 20.0, 110.0][i % 3];
        let target = [0.0, 1.0, random.unit()][i / 3 % 3];
        (T::from_f64_rounded((random.unit() - 0.5) * 2.0 * scale), T::from_f64_rounded(target))
    };
    (0..count).map(&mut draw).unzip()
}

/// Each class has the bits of the loss with its weight; layouts are those of the index formula of `Rows`.
fn classes_have_their_weights<T: Number>(rows: Rows, count: usize) {
    let (z, y) = samples::<T>(count);
    let loss = MultiLabelCrossEntropy::new(&WEIGHTS).unwrap();
    at_every_level(|level| {
        let zeros = vec![T::zero(); count];
        let [mut losses, mut gradient, mut again, mut both, mut bound] = [(); 5].map(|()| zeros.clone());
        let [mut right, mut derivative, mut bounds] = [(); 3].map(|()| zeros.clone());
        for i in 0..count {
            let one = BinaryCrossEntropyWithLogits { pos_weight: WEIGHTS[i / rows.stride() % WEIGHTS.len()] };
            right[i] = one.forward(z[i], y[i]);
            one.gradient_with_hessian_bound(&z[i..=i], &y[i..=i], 0.25, &mut derivative[i..=i], &mut bounds[i..=i]);
        }
        loss.forward_slice(&z, &y, rows, &mut losses);
        loss.gradient(&z, &y, rows, 0.25, &mut gradient);
        let sum = loss.sum_with_gradient(&z, &y, rows, 0.25, &mut again);
        loss.gradient_with_hessian_bound(&z, &y, rows, 0.25, &mut both, &mut bound);
        for (what, got, right) in [
            ("losses", &losses, &right),
            ("gradient", &gradient, &derivative),
            ("gradient with sum", &again, &derivative),
            ("gradient with bound", &both, &derivative),
            ("bound", &bound, &bounds),
        ] {
            assert_eq!(all_bits(got), all_bits(right), "{what} of {}, {rows:?}, {level:?}", T::NAME);
        }
        assert_eq!(sum, loss.sum(&z, &y, rows));
        assert!(loss.mean(&z, &y, rows) == sum / count as f64 || count == 0);
    });
}

#[test]
fn each_class_has_its_weight() {
    for count in [0, 5, 35, 5000] {
        classes_have_their_weights::<f32>(Rows::contiguous(5), count);
        classes_have_their_weights::<f64>(Rows::contiguous(5), count);
    }
    for inner in [3, 1500] {
        let rows = Rows::along(&[2, 5, inner], 1);
        classes_have_their_weights::<f32>(rows, 10 * inner);
        classes_have_their_weights::<f64>(rows, 10 * inner);
    }
}

/// Against the formula in f64, for logits where its terms do not cancel.
#[test]
fn losses_and_gradients_are_those_of_the_formula() {
    let count = 3000;
    let (z, y) = samples::<f32>(count);
    let (loss, rows) = (MultiLabelCrossEntropy::new(&WEIGHTS).unwrap(), Rows::contiguous(5));
    let softplus = |x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p();
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    at_every_level(|_| {
        let (mut losses, mut gradient) = (vec![0.0; count], vec![0.0; count]);
        loss.forward_slice(&z, &y, rows, &mut losses);
        let sum = loss.sum_with_gradient(&z, &y, rows, 1.0, &mut gradient);
        let mut all = 0.0;
        for i in 0..count {
            let (z, y, w) = (f64::from(z[i]), f64::from(y[i]), f64::from(WEIGHTS[i % 5] as f32));
            let right = (1.0 - y) * softplus(z) + w * y * softplus(-z);
            let derivative = (1.0 - y) * sigmoid(z) - w * y * sigmoid(-z);
            all += right;
            // 4 ulp of 2^-23 at most, and where the terms of the derivative cancel, the floor times the weight.
            let close = |got: f32, right: f64, floor: f64| {
                let error = (f64::from(got) - right).abs();
                assert!(
                    error <= (right.abs() * 5e-7).max(floor).max(1.4e-45),
                    "{got:e}, not {right:e} at {z}, {y}, {w}"
                );
            };
            close(losses[i], right, 0.0);
            close(gradient[i], derivative, 5e-7 * (1.0 - y + w * y) * f64::from(u8::from(y > 0.0 && y < 1.0)));
        }
        assert!((sum - all).abs() <= 1e-6 * all, "{sum}, not {all}");
    });
}

#[test]
#[should_panic(expected = "pos_weights has 5, classes has 4")]
fn a_weight_for_each_class() {
    let loss = MultiLabelCrossEntropy::new(&WEIGHTS).unwrap();
    let _ = loss.sum(&[0.0_f32; 8], &[0.0; 8], Rows::contiguous(4));
}

#[test]
#[should_panic(expected = "length 8 is not a multiple of the row length 5")]
fn whole_rows() {
    let loss = MultiLabelCrossEntropy::new(&WEIGHTS).unwrap();
    let _ = loss.sum(&[0.0_f32; 8], &[0.0; 8], Rows::contiguous(5));
}

#[test]
fn weights_are_checked() {
    let error = MultiLabelCrossEntropy::new(&[1.0, f64::NAN]).unwrap_err().to_string();
    assert_eq!(error, "parameter pos_weight = NaN must be from 1e-4 to 1e4");
}
