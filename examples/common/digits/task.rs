//! What is asked of an image: the loss of the logits, and the answer in them.

use std::ops::AddAssign;

use ndarray::{Array1, Array2, Axis};
use slopes::loss::{BinaryCrossEntropyWithLogits, SoftmaxCrossEntropy, Total};
use slopes::ndarray::{LossExt, RowLossExt};

use super::DIGITS;

#[derive(Clone, Copy, PartialEq)]
pub enum Task {
    /// A logit for each digit, softmax with cross-entropy.
    WhichDigit,
    /// One logit, sigmoid with binary cross-entropy. The sigmoid after the last layer is a part of the loss: their
    /// composition is exact where a sigmoid of its own would have rounded to 0 or 1, and its logarithm to -inf.
    IsZero,
}

impl Task {
    pub fn logits(self) -> usize {
        match self {
            Task::WhichDigit => DIGITS,
            Task::IsZero => 1,
        }
    }

    /// How good the logits are, and the gradient of the mean loss.
    pub fn score_with_gradient(self, logits: &Array2<f32>, labels: &Array1<u32>) -> (Score, Array2<f32>) {
        let (loss, gradient) = match self {
            Task::WhichDigit => logits
                .total_loss_axis_with_gradient(Axis(1), &SoftmaxCrossEntropy::new(), labels)
                .expect("labels are digits"),
            Task::IsZero => logits.total_loss_with_gradient(&BinaryCrossEntropyWithLogits::DEFAULT, &truths(labels)),
        };
        (self.score_of(loss, logits, labels), gradient)
    }

    /// How good the logits are.
    pub fn score(self, logits: &Array2<f32>, labels: &Array1<u32>) -> Score {
        let loss = match self {
            Task::WhichDigit => {
                logits.total_loss_axis(Axis(1), &SoftmaxCrossEntropy::new(), labels).expect("labels are digits")
            }
            Task::IsZero => logits.total_loss(&BinaryCrossEntropyWithLogits::DEFAULT, &truths(labels)),
        };
        self.score_of(loss, logits, labels)
    }

    fn score_of(self, loss: Total, logits: &Array2<f32>, labels: &Array1<u32>) -> Score {
        Score { loss, correct: self.correct(logits, labels), count: labels.len() }
    }

    fn correct(self, logits: &Array2<f32>, labels: &Array1<u32>) -> usize {
        let answers = logits.rows().into_iter().map(|logits| match self {
            // The sigmoid of a positive logit is above one half.
            Task::IsZero => u32::from(logits[0] > 0.0),
            // The largest logit has the largest softmax.
            Task::WhichDigit => (0..DIGITS).max_by(|&a, &b| logits[a].total_cmp(&logits[b])).unwrap_or(0) as u32,
        });
        answers.zip(labels).filter(|(answer, label)| answer == *label).count()
    }
}

/// Labels as the probability that the answer is yes, for the only logit of an image.
fn truths(labels: &Array1<u32>) -> Array2<f32> {
    labels.mapv(|label| label as f32).insert_axis(Axis(1))
}

/// How good the logits of some images are.
#[derive(Clone, Copy, Default)]
pub struct Score {
    loss: Total,
    pub correct: usize,
    pub count: usize,
}

impl Score {
    /// The mean loss.
    pub fn loss(&self) -> f32 {
        self.loss.mean() as f32
    }

    /// In per cent.
    pub fn accuracy(&self) -> f32 {
        100.0 * self.correct as f32 / self.count as f32
    }
}

impl AddAssign for Score {
    fn add_assign(&mut self, other: Score) {
        self.loss += other.loss;
        self.correct += other.correct;
        self.count += other.count;
    }
}
