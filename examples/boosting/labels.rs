//! What a loss calls the two classes, and where between them a score stands.
//!
//! Losses differ in what they take a score for. That is all that boosting has to know about one.

use std::error::Error;

use slopes::loss::{self, Loss};

/// A loss, the targets that it has for two classes, and the score that favours neither.
#[derive(Clone, Copy)]
pub struct Labels {
    pub loss: &'static dyn Loss<f64>,
    malignant: f64,
    benign: f64,
    boundary: f64,
}

impl Labels {
    /// Of the loss of a name, if it is one of two classes.
    pub fn of_loss(name: &str) -> Result<Labels, Box<dyn Error + Send + Sync>> {
        let loss = loss::by_name(name)?;
        of_two_classes(loss).ok_or_else(|| {
            let name = loss.spec().name();
            let others = loss::all().iter().filter_map(|&loss| of_two_classes(loss));
            let others: Vec<_> = others.map(|labels| labels.loss.spec().name()).collect();
            format!("{name} is no loss of two classes and any score; such are {}", others.join(", ")).into()
        })
    }

    pub fn target(&self, benign: bool) -> f64 {
        if benign { self.benign } else { self.malignant }
    }

    pub fn is_benign(&self, score: f64) -> bool {
        score > self.boundary
    }

    /// The score before the first tree: the best constant. Of a loss without a formula for it, the constant that favours
    /// neither class.
    pub fn initial_score(&self, targets: &[f64]) -> f64 {
        self.loss.initial_score(targets, None).unwrap_or(self.boundary)
    }

    /// What the mean loss is called.
    pub fn quantity(&self) -> &'static str {
        match self.loss.spec().name() {
            // The negative logarithm of the probability that the logit of a score gives to the right class.
            "binary_cross_entropy_with_logits" | "soft_margin" => "log-loss",
            _ => "loss",
        }
    }
}

fn of_two_classes(loss: &'static dyn Loss<f64>) -> Option<Labels> {
    let (malignant, benign, boundary) = match loss.spec().name() {
        // The score is the label itself, but for an error: the nearer label counts.
        "mse" | "half_squared" | "mae" | "huber" | "smooth_l1" | "pseudo_huber" | "log_cosh" | "pinball"
        | "expectile" => (0.0, 1.0, 0.5),
        // The score is a logit; that of 1/2 is 0.
        "binary_cross_entropy_with_logits" | "focal" => (0.0, 1.0, 0.0),
        // The score is the logarithm of the targets' mean, which of targets 0 and 1 is a probability.
        "poisson_nll" | "tweedie" => (0.0, 1.0, 0.5_f64.ln()),
        // The sign of the score is the class.
        "hinge" | "squared_hinge" | "soft_margin" | "modified_huber" | "exponential" => (-1.0, 1.0, 0.0),
        // Others want a probability, a rate or a distance, which a sum of leaves need not be; or targets other than two
        // labels; or, as the perceptron's loss of a score of 0, they are content before the first tree.
        _ => return None,
    };
    Some(Labels { loss, malignant, benign, boundary })
}
