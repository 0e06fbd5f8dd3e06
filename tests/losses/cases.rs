//! The losses under test, and what they take.

use crate::common::is_selected;
use crate::common::outputs::CLASSES;
use slopes::loss::{
    self, CategoricalCrossEntropy, CategoricalFocal, CategoricalHinge, Dice, Loss, MultiMargin, NegativeLogLikelihood,
    RowLoss, SoftmaxCrossEntropy, Tversky,
};
use slopes::{Element, ParameterError, Spec};

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
    crate::common::by_default(|| x.iter().zip(shares).map(|(x, share)| sample(loss, *x, *share)).unzip())
}

/// The catalogue, or what is selected of it.
pub fn all<T: Element>() -> &'static [&'static dyn Loss<T>] {
    let selected: Vec<_> = loss::all().iter().copied().filter(|loss| is_selected(loss.spec().name())).collect();
    selected.leak()
}

/// The oracles of [`all`].
pub fn references() -> &'static [&'static dyn Loss<f64>] {
    let selected: Vec<_> = loss::references().iter().copied().filter(|loss| is_selected(loss.spec().name())).collect();
    selected.leak()
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

const CROSS_ENTROPY: SoftmaxCrossEntropy = SoftmaxCrossEntropy::new();
const SMOOTH: SoftmaxCrossEntropy = valid(CROSS_ENTROPY.with_label_smoothing(0.1));
const IGNORING: SoftmaxCrossEntropy = CROSS_ENTROPY.with_ignore_label(36);
const WEIGHTED: SoftmaxCrossEntropy = valid(IGNORING.with_class_weights(&CLASS_WEIGHTS));
const SMOOTH_WEIGHTED: SoftmaxCrossEntropy = valid(WEIGHTED.with_label_smoothing(0.1));
const Z_LOSS: SoftmaxCrossEntropy = valid(SMOOTH_WEIGHTED.with_z_loss(0.25));
const FOCAL: CategoricalFocal = CategoricalFocal::new();
const WEIGHTED_FOCAL: CategoricalFocal = valid(valid(FOCAL.with_gamma(1.5)).with_alpha(&CLASS_WEIGHTS));
const LIKELIHOOD: NegativeLogLikelihood =
    valid(NegativeLogLikelihood::new().with_ignore_label(36).with_class_weights(&CLASS_WEIGHTS));
const MARGIN: MultiMargin = MultiMargin::new();
const SQUARED_MARGIN: MultiMargin = valid(MARGIN.with_squared(true).with_margin(0.5));
const DICE: Dice = valid(Dice::new().with_smooth(1.0));
const TVERSKY: Tversky = valid(valid(Tversky::new().with_alpha(0.25)).with_beta(0.75));

/// What a constructor made of valid parameters.
const fn valid<T: Copy>(made: Result<T, ParameterError>) -> T {
    match made {
        Ok(made) => made,
        Err(_) => panic!("the parameters are valid"),
    }
}

/// Every loss of rows, with and without each option.
pub fn row_cases<T: Element>() -> Vec<RowCase<T>> {
    let case = |name, loss| RowCase { name, loss, of_probabilities: false, labels_alone: false, ignore_label: None };
    let ignore_label = Some(36);
    vec![
        case("cross_entropy", &CROSS_ENTROPY),
        case("smooth_cross_entropy", &SMOOTH),
        RowCase { ignore_label, ..case("ignoring_cross_entropy", &IGNORING) },
        RowCase { ignore_label, ..case("weighted_cross_entropy", &WEIGHTED) },
        RowCase { ignore_label, ..case("smooth_weighted_cross_entropy", &SMOOTH_WEIGHTED) },
        RowCase { ignore_label, ..case("z_cross_entropy", &Z_LOSS) },
        case("focal", &FOCAL),
        case("weighted_focal", &WEIGHTED_FOCAL),
        RowCase {
            of_probabilities: true,
            ..case("categorical_cross_entropy", &const { CategoricalCrossEntropy::new() })
        },
        RowCase { ignore_label, ..case("negative_log_likelihood", &LIKELIHOOD) },
        RowCase { labels_alone: true, ..case("multi_margin", &MARGIN) },
        RowCase { labels_alone: true, ..case("squared_multi_margin", &SQUARED_MARGIN) },
        RowCase { labels_alone: true, ..case("categorical_hinge", &CategoricalHinge) },
        RowCase { of_probabilities: true, ..case("dice", &DICE) },
        RowCase { of_probabilities: true, ..case("tversky", &TVERSKY) },
    ]
}
