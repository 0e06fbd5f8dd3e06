//! Cross-entropy and focal loss from logits: `sum_i q_i (1 - p_i)^gamma (-ln p_i)`, p the softmax of the logits, q the
//! weighted target. The kernel is in `from_logits.rs`.

use super::driver::RowFormula;
use super::from_logits::FromLogits;
use num_traits::Float;

crate::function::function! {
    /// Cross-entropy between targets and the softmax of logits, with class weights, an ignored label and label
    /// smoothing.
    ///
    /// p is the softmax of the prediction z, `L = ln sum_j exp(z_j)`; `q_i = w_i ((1 - s) y_i + s / classes)`, w the class
    /// weights, s the smoothing, y the probabilities of the target, or 1 at the label and 0 elsewhere; Q is the sum of q;
    /// c is the weight of the z-loss, 0 by default.
    names [
        "softmax_cross_entropy", "cross_entropy", "cross_entropy_loss", "multiclass", "multi:softmax", "multi:softprob",
    ];
    "value": "c Q L^2 - sum_i q_i ln p_i", f32 2.0 or 1.0, f64 4.0 or 1.0, of "(1 + c abs(L)) max_i abs(z_i)";
    "gradient": "Q (1 + 2 c L) p_i - q_i", f32 3.0 or 4.0, f64 3.0 or 8.0, of "(1 + 2 c max_i abs(z_i)) Q";
    "second derivative": "Q p_i ((1 + 2 c L) (1 - p_i) + 2 c p_i)", f32 4.0 or 8.0, f64 4.0 or 16.0,
        of "(1 + 2 c max_i abs(z_i)) Q";
    source "J. Bridle, 1990; smoothing: C. Szegedy et al., arXiv:1512.00567; z-loss: A. Chowdhery et al., arXiv:2204.02311";
    range [0.0, f64::INFINITY];

    /// - second derivative: never negative without a z-loss
    /// - Hessian bound: `Q (2 p_i - 1) / (2 ln(p_i / (1 - p_i)))`, `Q / 4` at p_i = 1/2: the second derivative of a
    ///   parabola that touches the loss as a function of z_i, and lies above it; p_i and 1 - p_i count as no less than the
    ///   smallest normal number; for the z-loss, `Q c (2.1 + abs(L))` more
    /// - mean: for labels, the sum divided by the sum of the labels' class weights; for probabilities, by the number of
    ///   rows whose probabilities are not all 0
    /// - domain: any logits. Logits of -inf have p = 0, and n logits of +inf have p = 1 / n each, so that losses may be
    ///   infinite there, but not NaN. A row whose logits are all -inf has p = 0 everywhere. NaN among the logits makes
    ///   the row NaN.
    /// - unit: nats
    ///
    /// An entry with q = 0 adds exactly 0, even where its logit is -inf. A row whose label is `ignore_label`, or whose
    /// probabilities are all 0, is ignored: smoothing does not spread over it, and it does not count in a mean. It, and
    /// a row whose q are all 0, has a loss and a gradient of 0 whatever its logits are, and has no effect on a sum.
    ///
    /// ```
    /// use slopes::activation::Rows;
    /// use slopes::loss::{RowLoss, SoftmaxCrossEntropy, Targets};
    ///
    /// let logits = [2.0_f32, 0.0, 0.0, 3.0];
    /// let mut gradient = [0.0; 4];
    /// let loss = SoftmaxCrossEntropy::default().sum_with_gradient(
    ///     &logits, Targets::labels(&[0, 1]), Rows::contiguous(2), 1.0, &mut gradient,
    /// )?;
    /// assert!((loss - 0.175515).abs() < 1e-6);
    /// assert!(gradient[0] < 0.0 && gradient[3] < 0.0);
    ///
    /// // The second class has a weight of 3, and the second row is ignored.
    /// let loss = SoftmaxCrossEntropy::new().with_ignore_label(7);
    /// let loss = loss.with_class_weights(&[1.0, 3.0])?.with_label_smoothing(0.1)?;
    /// let mean = loss.mean(&logits, Targets::labels(&[1, 7]), Rows::contiguous(2))?;
    /// assert!((mean - 2.022697).abs() < 1e-6);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "CrossEntropyLoss")]
    SoftmaxCrossEntropy<'a> weighing class_weights ("w"), with_class_weights {
        /// The label of rows that are ignored, which need not be in the range of classes; `None` by default. Rows with
        /// probabilities are ignored where all are 0.
        ignore_label ("ignore_index"): label = None, with_ignore_label;
        /// The smoothing s: the part of a target that is spread evenly over all classes, from 0 to 1; 0 by default.
        label_smoothing ("smoothing") = 0.0, with_label_smoothing, from_0_to_1;
        /// The weight c of the z-loss L^2, which keeps the sum of the exponentials of the logits near 1, from 0 to 1; 0
        /// by default. PaLM has 1e-4.
        z_loss ("z_loss_weight", "lse_square_scale") = 0.0, with_z_loss, from_0_to_1;
    }
}

impl<'a> RowFormula for SoftmaxCrossEntropy<'a> {
    type Kernel = FromLogits<'a>;
    const MEAN_BY_WEIGHT: bool = true;
    const IGNORES_ZEROS: bool = true;

    fn kernel(&self) -> FromLogits<'a> {
        let (smoothing, z_loss) = (self.label_smoothing, self.z_loss);
        FromLogits { weights: self.class_weights, smoothing, gamma: 0.0, z_loss }
    }
    fn class_weights(&self) -> Option<&[f64]> {
        self.class_weights
    }
    fn ignore_label(&self) -> Option<i64> {
        self.ignore_label
    }
    fn initial_score(&self, share: f64, classes: usize) -> Option<f64> {
        let smoothing = self.label_smoothing;
        // Smoothing adds s / classes times its weight to each class, and so changes the shares of weighted classes.
        let known = smoothing == 0.0 || self.class_weights.is_none();
        known.then(|| Float::ln(share * (1.0 - smoothing) + smoothing / classes as f64))
    }
}

crate::function::function! {
    /// Focal loss over classes, from logits: cross-entropy with the factor (1 - p)^gamma, which reduces the loss of
    /// well classified rows.
    ///
    /// p is the softmax of the prediction z; `q_i = alpha_i y_i`, y the probabilities of the target, or 1 at the label
    /// and 0 elsewhere.
    names ["categorical_focal", "categorical_focal_loss"];
    "value": "-sum_i q_i (1 - p_i)^gamma ln p_i", f32 4.0 or 1.0, f64 6.0 or 1.0, of "max_i abs(z_i)";
    "gradient": "A p_i - a_i, a_i = q_i ((1 - p_i)^gamma - gamma p_i (1 - p_i)^(gamma - 1) ln p_i), A = sum_i a_i",
        f32 3.0 or 4.0, f64 3.0 or 8.0, of "sum_i q_i";
    "second derivative": "A p_i (1 - p_i) - sum_j b_j (p_i - [i = j])^2, b_j = p_j da_j/dp_j",
        f32 4.0 or 8.0, f64 4.0 or 16.0, of "sum_i q_i";
    source "T.-Y. Lin et al., arXiv:1708.02002";
    range [0.0, f64::INFINITY];

    /// - second derivative: it may be negative
    /// - Hessian bound: the larger of the magnitudes of the second derivative and of the gradient
    /// - mean: the sum divided by the number of rows that are not ignored
    /// - domain, unit, ignored rows: those of [`SoftmaxCrossEntropy`], to which the loss is bit-identical for gamma = 0
    /// - error of the value: that of [`SoftmaxCrossEntropy`], and gamma ulp more; a gamma that is not an integer up to
    ///   64 adds gamma |ln(1 - p)| ulp in f64
    ///
    /// ```
    /// use slopes::activation::Rows;
    /// use slopes::loss::{CategoricalFocal, RowLoss, Targets};
    /// let (logits, rows) = ([0.0_f64, 0.0], Rows::contiguous(2));
    /// let loss = CategoricalFocal::default().sum(&logits, Targets::labels(&[1]), rows)?;
    /// assert_eq!(loss, 0.25 * 2.0_f64.ln());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    CategoricalFocal<'a> weighing alpha ("alpha"), with_alpha {
        /// The exponent gamma of 1 - p, from 0 to 100; 2 by default.
        gamma = 2.0, with_gamma, from_0_to_100;
    }
}

impl<'a> RowFormula for CategoricalFocal<'a> {
    type Kernel = FromLogits<'a>;
    const IGNORES_ZEROS: bool = true;

    fn kernel(&self) -> FromLogits<'a> {
        FromLogits { weights: self.alpha, smoothing: 0.0, gamma: self.gamma, z_loss: 0.0 }
    }
    fn class_weights(&self) -> Option<&[f64]> {
        self.alpha
    }
}
