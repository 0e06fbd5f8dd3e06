//! What is asked of an image: the loss of the logits, and the answer in them.

use std::ops::AddAssign;

use slopes::activation::Rows;
use slopes::loss::{BinaryCrossEntropyWithLogits, Loss, RowLoss, SoftmaxCrossEntropy, Targets, Total};

const DIGITS: usize = 10;

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

    /// How good the logits are. `gradient` becomes that of the mean loss.
    pub fn score_with_gradient(self, logits: &[f32], labels: &[u32], gradient: &mut [f32]) -> Score {
        let scale = 1.0 / labels.len() as f64;
        let sum = match self {
            Task::WhichDigit => SoftmaxCrossEntropy::new()
                .sum_with_gradient(logits, Targets::labels(labels), Rows::contiguous(DIGITS), scale, gradient)
                .expect("labels are digits"),
            Task::IsZero => {
                BinaryCrossEntropyWithLogits::DEFAULT.sum_with_gradient(logits, &truths(labels), scale, gradient)
            }
        };
        self.score_of(sum, logits, labels)
    }

    /// How good the logits are.
    pub fn score(self, logits: &[f32], labels: &[u32]) -> Score {
        let sum = match self {
            Task::WhichDigit => SoftmaxCrossEntropy::new()
                .sum(logits, Targets::labels(labels), Rows::contiguous(DIGITS))
                .expect("labels are digits"),
            Task::IsZero => BinaryCrossEntropyWithLogits::DEFAULT.sum(logits, &truths(labels)),
        };
        self.score_of(sum, logits, labels)
    }

    fn score_of(self, sum: f64, logits: &[f32], labels: &[u32]) -> Score {
        let loss = Total { sum, weight: labels.len() as f64 };
        Score { loss, correct: self.correct(logits, labels), count: labels.len() }
    }

    fn correct(self, logits: &[f32], labels: &[u32]) -> usize {
        let answers = logits.chunks(self.logits()).map(|logits| match logits {
            // The sigmoid of a positive logit is above one half.
            [logit] => u32::from(*logit > 0.0),
            // The largest logit has the largest softmax.
            _ => (0..DIGITS).max_by(|&a, &b| logits[a].total_cmp(&logits[b])).unwrap_or(0) as u32,
        });
        answers.zip(labels).filter(|(answer, label)| answer == *label).count()
    }
}

/// Labels as the probability that the answer is yes.
fn truths(labels: &[u32]) -> Vec<f32> {
    labels.iter().map(|&label| label as f32).collect()
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
