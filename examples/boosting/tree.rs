//! A tree, grown for the gradient and the curvature of a loss.
//!
//! If every score in a leaf moves by w, the loss moves by about G w + H w^2 / 2, where G is the sum of the gradients in the
//! leaf and H that of the curvatures: a parabola, if the curvatures are positive. A penalty of lambda w^2 / 2 is added for
//! distrust of few samples. The least is at w = -G / (H + lambda) and is -G^2 / (H + lambda) / 2: so much a leaf is worth.
//! A split is worth what its two leaves are worth together, less what one leaf would be.
//!
//! Every split that separates two samples is tried. Along the samples in the order of a feature, G and H of the part below
//! grow by a sample a step, so that a feature costs one pass; and they are sorted once only, as a part of a sorted list is
//! sorted.
//!
//! Source: T. Chen, C. Guestrin, XGBoost: A Scalable Tree Boosting System, arXiv:1603.02754, algorithm 1.

use std::ops::{Add, Sub};

/// Levels of questions.
const DEPTH: usize = 2;
/// The penalty of a leaf's square.
const LAMBDA: f64 = 1.0;

pub enum Tree {
    Leaf(f64),
    Split { feature: usize, threshold: f64, below: Box<Tree>, above: Box<Tree> },
}

/// The samples of a node, in the order of each feature.
pub struct Sorted(Vec<Vec<usize>>);

/// What a tree is grown for: samples, a row of features each, and the loss's derivatives in their scores.
pub struct Task<'a> {
    pub rows: &'a [Vec<f64>],
    pub gradient: &'a [f64],
    pub curvature: &'a [f64],
}

impl Tree {
    pub fn grow(task: &Task, all: &Sorted) -> Tree {
        grow(task, all, DEPTH)
    }

    pub fn predict(&self, row: &[f64]) -> f64 {
        match self {
            Tree::Leaf(weight) => *weight,
            Tree::Split { feature, threshold, below, above } => {
                let side = if row[*feature] < *threshold { below } else { above };
                side.predict(row)
            }
        }
    }
}

impl Sorted {
    pub fn new(rows: &[Vec<f64>]) -> Sorted {
        let sorted_by = |feature: usize| {
            let mut samples: Vec<usize> = (0..rows.len()).collect();
            samples.sort_by(|&a, &b| rows[a][feature].total_cmp(&rows[b][feature]));
            samples
        };
        Sorted((0..rows[0].len()).map(sorted_by).collect())
    }

    fn part(&self, belongs: impl Fn(usize) -> bool) -> Sorted {
        let part = |samples: &Vec<usize>| samples.iter().copied().filter(|&sample| belongs(sample)).collect();
        Sorted(self.0.iter().map(part).collect())
    }
}

/// G and H of some samples.
#[derive(Clone, Copy, Default)]
struct Sums {
    gradient: f64,
    curvature: f64,
}

impl Sums {
    /// The best step of their scores.
    fn weight(self) -> f64 {
        -self.gradient / (self.curvature + LAMBDA)
    }

    /// Twice the loss that it saves.
    fn worth(self) -> f64 {
        self.gradient * self.gradient / (self.curvature + LAMBDA)
    }
}

impl Add for Sums {
    type Output = Sums;
    fn add(self, other: Sums) -> Sums {
        Sums { gradient: self.gradient + other.gradient, curvature: self.curvature + other.curvature }
    }
}

impl Sub for Sums {
    type Output = Sums;
    fn sub(self, other: Sums) -> Sums {
        Sums { gradient: self.gradient - other.gradient, curvature: self.curvature - other.curvature }
    }
}

impl Task<'_> {
    fn sums(&self, sample: usize) -> Sums {
        Sums { gradient: self.gradient[sample], curvature: self.curvature[sample] }
    }
}

fn grow(task: &Task, node: &Sorted, depth: usize) -> Tree {
    let total = node.0[0].iter().map(|&sample| task.sums(sample)).fold(Sums::default(), Sums::add);
    let split = if depth > 0 { best_split(task, node, total) } else { None };
    let Some(Split { feature, threshold, .. }) = split else { return Tree::Leaf(total.weight()) };
    let is_below = |sample: usize| task.rows[sample][feature] < threshold;
    let (below, above) = (node.part(is_below), node.part(|sample| !is_below(sample)));
    Tree::Split {
        feature,
        threshold,
        below: Box::new(grow(task, &below, depth - 1)),
        above: Box::new(grow(task, &above, depth - 1)),
    }
}

struct Split {
    feature: usize,
    threshold: f64,
    gain: f64,
}

/// The split that is worth most, if any is worth more than one leaf.
fn best_split(task: &Task, node: &Sorted, total: Sums) -> Option<Split> {
    let mut best: Option<Split> = None;
    for (feature, samples) in node.0.iter().enumerate() {
        let mut below = Sums::default();
        for (&sample, &next) in samples.iter().zip(&samples[1..]) {
            below = below + task.sums(sample);
            let (value, next) = (task.rows[sample][feature], task.rows[next][feature]);
            // No threshold separates equal values.
            if value == next {
                continue;
            }
            let gain = below.worth() + (total - below).worth() - total.worth();
            if gain > best.as_ref().map_or(0.0, |best| best.gain) {
                best = Some(Split { feature, threshold: f64::midpoint(value, next), gain });
            }
        }
    }
    best
}
