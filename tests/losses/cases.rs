//! The losses under test, and what they take.

use crate::common::outputs::CLASSES;
use slopes::loss::{
    CategoricalCrossEntropy, CategoricalFocal, CategoricalHinge, Dice, MultiMargin, NegativeLogLikelihood, RowLoss,
    SoftmaxCrossEntropy, Tversky,
};
use slopes::{Element, Spec};

/// A prediction and a target that are in the domain of a loss, from any number and one from 0 to 1.
pub fn sample<T: Element>(loss: &Spec, x: T, share: T) -> (T, T) {
    let (one, half) = (T::one(), T::from_f64_rounded(0.5));
    let class = share >= half;
    match loss.name() {
        "hinge" | "squared_hinge" | "soft_margin" | "hinge_embedding" | "modified_huber" | "perceptron"
        | "exponential" => (x, if class { one } else { -one }),
        "focal" => (x, if class { one } else { T::zero() }),
        "binary_cross_entropy" => (x.abs() / (x.abs() + one), share),
        "msle" if x <= -one => (-x, share),
        "kl_divergence" | "poisson_nll_of_rate" => (x.abs(), share),
        "kl_divergence_of_logs" => (x, -T::from_f64_rounded(20.0) * share),
        "mape" | "gamma" => (x, share + half),
        _ => (x, share),
    }
}

/// The samples of two slices.
pub fn samples<T: Element>(loss: &Spec, x: &[T], shares: &[T]) -> (Vec<T>, Vec<T>) {
    x.iter().zip(shares).map(|(x, share)| sample(loss, *x, *share)).unzip()
}

/// Weights of the classes, the fourth of them 0.
const CLASS_WEIGHTS: [f64; CLASSES] = {
    let mut weights = [0.5; CLASSES];
    let mut i = 0;
    while i < CLASSES {
        weights[i] = 0.125 * ((i * 5 + 1) % 16) as f64;
        i += 1;
    }
    weights
};

/// A loss of rows of `CLASSES` numbers, and what it takes.
pub struct RowCase<T: 'static> {
    pub name: &'static str,
    pub loss: &'static dyn RowLoss<T>,
    /// Whether predictions must be probabilities.
    pub of_probabilities: bool,
    /// Whether targets must be labels.
    pub labels_alone: bool,
    /// The label of rows that do not count.
    pub ignore_label: Option<u32>,
}

/// Every loss of rows, with and without each option.
pub fn row_cases<T: Element>() -> Vec<RowCase<T>> {
    let case = |name, loss| RowCase { name, loss, of_probabilities: false, labels_alone: false, ignore_label: None };
    let ignore_label = Some(36);
    vec![
        case(
            "cross_entropy",
            &const { SoftmaxCrossEntropy { class_weights: None, ignore_label: None, label_smoothing: 0.0 } },
        ),
        case(
            "smooth_cross_entropy",
            &const { SoftmaxCrossEntropy { class_weights: None, ignore_label: None, label_smoothing: 0.1 } },
        ),
        RowCase {
            ignore_label,
            ..case(
                "ignoring_cross_entropy",
                &const { SoftmaxCrossEntropy { class_weights: None, ignore_label: Some(36), label_smoothing: 0.0 } },
            )
        },
        RowCase {
            ignore_label,
            ..case(
                "weighted_cross_entropy",
                &const {
                    SoftmaxCrossEntropy {
                        class_weights: Some(&CLASS_WEIGHTS),
                        ignore_label: Some(36),
                        label_smoothing: 0.0,
                    }
                },
            )
        },
        RowCase {
            ignore_label,
            ..case(
                "smooth_weighted_cross_entropy",
                &const {
                    SoftmaxCrossEntropy {
                        class_weights: Some(&CLASS_WEIGHTS),
                        ignore_label: Some(36),
                        label_smoothing: 0.1,
                    }
                },
            )
        },
        case("focal", &const { CategoricalFocal { gamma: 2.0, alpha: None } }),
        case("weighted_focal", &const { CategoricalFocal { gamma: 1.5, alpha: Some(&CLASS_WEIGHTS) } }),
        RowCase {
            of_probabilities: true,
            ..case("categorical_cross_entropy", &const { CategoricalCrossEntropy { eps: 0.0 } })
        },
        RowCase {
            ignore_label,
            ..case(
                "negative_log_likelihood",
                &const { NegativeLogLikelihood { class_weights: Some(&CLASS_WEIGHTS), ignore_label: Some(36) } },
            )
        },
        RowCase { labels_alone: true, ..case("multi_margin", &const { MultiMargin { margin: 1.0, squared: false } }) },
        RowCase {
            labels_alone: true,
            ..case("squared_multi_margin", &const { MultiMargin { margin: 0.5, squared: true } })
        },
        RowCase { labels_alone: true, ..case("categorical_hinge", &CategoricalHinge) },
        RowCase { of_probabilities: true, ..case("dice", &const { Dice { smooth: 1.0 } }) },
        RowCase {
            of_probabilities: true,
            ..case("tversky", &const { Tversky { alpha: 0.25, beta: 0.75, smooth: 0.0 } })
        },
    ]
}
