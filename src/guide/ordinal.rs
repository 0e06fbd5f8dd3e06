//! Ordinal regression by CORAL: grades in an order, as binary cross-entropies of thresholds.
//!
//! Grades 0 to K - 1, as stars or stages of a disease, have an order that a cross-entropy of classes does not know.
//! CORAL ([arXiv:1901.07884](https://arxiv.org/abs/1901.07884)) asks K - 1 questions instead: is the grade above k? All
//! share one score g, and each has a bias b_k of its own. With s the logistic function,
//!
//! - the probability that the grade y is above k is s(z_k), z_k = g + b_k;
//! - the loss of a sample is the sum over k of -ln s(z_k) if y > k, else -ln(1 - s(z_k)):
//!   [`BinaryCrossEntropyWithLogits`] with targets 1 or 0;
//! - the gradient is s(z_k) - 1 if y > k, else s(z_k), in z_k; its sum over k in g; its sum over the samples in b_k;
//! - the predicted grade is the number of k with z_k > 0.
//!
//! ```
//! use slopes::loss::{BinaryCrossEntropyWithLogits, Loss};
//!
//! const GRADES: usize = 4;
//! const THRESHOLDS: usize = GRADES - 1;
//! let (scores, biases, grades) = ([1.0_f64, -1.0], [1.0, 0.0, -1.0], [3_usize, 0]);
//! let n = scores.len();
//!
//! // Samples x thresholds: z = [2, 1, 0] and [0, -1, -2].
//! let (mut z, mut target) = ([0.0; 2 * THRESHOLDS], [0.0; 2 * THRESHOLDS]);
//! for (i, (score, grade)) in scores.iter().zip(grades).enumerate() {
//!     for k in 0..THRESHOLDS {
//!         z[i * THRESHOLDS + k] = score + biases[k];
//!         target[i * THRESHOLDS + k] = f64::from(grade > k);
//!     }
//! }
//! assert_eq!(target, [1.0, 1.0, 1.0, 0.0, 0.0, 0.0]);
//!
//! // The mean over samples of the sum over thresholds.
//! let mut d_z = [0.0; 2 * THRESHOLDS];
//! let bce = BinaryCrossEntropyWithLogits::DEFAULT;
//! let mean = bce.sum_with_gradient(&z, &target, 1.0 / n as f64, &mut d_z) / n as f64;
//! let softplus = |z: f64| z.exp().ln_1p();
//! assert!((mean - (softplus(-2.0) + softplus(-1.0) + 2.0_f64.ln())).abs() < 1e-15);
//!
//! // In the scores and in the biases; the two samples mirror each other.
//! let d_scores: Vec<f64> = d_z.chunks(THRESHOLDS).map(|of_sample| of_sample.iter().sum()).collect();
//! let d_bias = |k: usize| d_z.iter().skip(k).step_by(THRESHOLDS).sum::<f64>();
//! // (s(-2) + s(-1) + s(0)) / 2
//! assert!((d_scores[0] + 0.444072171696057).abs() < 1e-15 && (d_scores[0] + d_scores[1]).abs() < 1e-15);
//! assert!((d_bias(0) - 0.190398538988941).abs() < 1e-15 && d_bias(1).abs() < 1e-15);
//!
//! // The first sample passes two thresholds, and is at the third; the second one is at the first.
//! let predicted: Vec<_> = z.chunks(THRESHOLDS).map(|z| z.iter().filter(|z| **z > 0.0).count()).collect();
//! assert_eq!(predicted, [2, 0]);
//! ```
//!
//! With the least loss the biases fall from threshold to threshold, so that the probabilities do; the paper proves it.
//! With a weight for each threshold, `bce.weighted(&weights)` has one for each number of `z`.
//!
//! As a loss with a gradient in each score, CORAL can be boosted with fixed biases: the Hessian bound of a score is the
//! sum of those of its z.
//!
//! Next: [`own_functions`](super::own_functions), a formula of your own.
//!
//! [`BinaryCrossEntropyWithLogits`]: crate::loss::BinaryCrossEntropyWithLogits
