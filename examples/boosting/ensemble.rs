//! The trees together: Newton's method, in the space of functions.

use crate::data::{Data, Set};
use crate::labels::Labels;
use crate::tree::{Sorted, Task, Tree};

/// How good scores are.
#[derive(Clone, Copy, Default)]
pub struct Score {
    /// The mean loss.
    pub loss: f64,
    /// The part that is told right.
    pub accuracy: f64,
}

/// The scores after a round.
#[derive(Clone, Copy, Default)]
pub struct Round {
    pub training: Score,
    pub test: Score,
}

/// Learns from the training set. Round 0 is before the first tree.
pub fn learn(data: &Data, labels: Labels, rounds: usize, rate: f64) -> Vec<Round> {
    let count = data.training.benign.len();
    let sorted = Sorted::new(&data.training.measurements);
    let (mut gradient, mut curvature) = (vec![0.0; count], vec![0.0; count]);

    let start = labels.initial_score(&targets(&data.training, labels));
    let (mut training, mut test) = (Part::new(&data.training, labels, start), Part::new(&data.test, labels, start));
    let mut history = vec![Round { training: training.score(), test: test.score() }];
    for _ in 0..rounds {
        // A new tree moves each score as Newton would, from the derivatives where it stands.
        labels.loss.gradient_with_hessian_bound(
            &training.scores,
            &training.targets,
            1.0,
            &mut gradient,
            &mut curvature,
        );
        let task = Task { rows: &data.training.measurements, gradient: &gradient, curvature: &curvature };
        let tree = Tree::grow(&task, &sorted);
        training.add(&tree, rate);
        test.add(&tree, rate);
        history.push(Round { training: training.score(), test: test.score() });
    }
    history
}

/// A set, and the scores of its samples so far.
struct Part<'a> {
    set: &'a Set,
    labels: Labels,
    targets: Vec<f64>,
    scores: Vec<f64>,
}

impl Part<'_> {
    fn new(set: &Set, labels: Labels, start: f64) -> Part<'_> {
        Part { set, labels, targets: targets(set, labels), scores: vec![start; set.benign.len()] }
    }

    fn add(&mut self, tree: &Tree, rate: f64) {
        for (score, row) in self.scores.iter_mut().zip(&self.set.measurements) {
            *score += rate * tree.predict(row);
        }
    }

    fn score(&self) -> Score {
        let answers = self.scores.iter().map(|&score| self.labels.is_benign(score));
        let right = answers.zip(&self.set.benign).filter(|(answer, benign)| answer == *benign).count();
        let loss = self.labels.loss.mean(&self.scores, &self.targets);
        Score { loss, accuracy: right as f64 / self.scores.len() as f64 }
    }
}

fn targets(set: &Set, labels: Labels) -> Vec<f64> {
    set.benign.iter().map(|&benign| labels.target(benign)).collect()
}
