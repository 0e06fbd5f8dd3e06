//! Gradient boosting of three classes, with a weight for each sample.
//!
//! A booster asks a loss for three things: the scores to begin with, and in each round the gradient and the Hessian of
//! every score. Trees are the booster's own; here one split by hand stands for them.
//!
//! ```
//! use slopes::Rows;
//! use slopes::loss::{RowLoss, SoftmaxCrossEntropy, Targets};
//!
//! const CLASSES: usize = 3;
//! let labels = [0_u8, 1, 1, 2, 2, 2];
//! let weights = [1.0, 1.0, 1.0, 2.0, 2.0, 1.0];
//! let loss = SoftmaxCrossEntropy::new();
//! let loss = loss.weighted(&weights);
//! let (target, rows) = (Targets::labels(&labels), Rows::contiguous(CLASSES));
//!
//! // The constant with the least loss: the logarithm of each class's share of the weights.
//! let mut start = [0.0_f64; CLASSES];
//! assert!(loss.initial_scores(target, rows, &mut start)?);
//! for (score, share) in start.iter().zip([1.0 / 8.0, 2.0 / 8.0, 5.0 / 8.0]) {
//!     assert!((score - f64::ln(share)).abs() < 1e-15);
//! }
//!
//! // A score for each class of each sample: that of class c of sample i is scores[i * CLASSES + c].
//! let mut scores = start.repeat(labels.len());
//! let (mut gradient, mut hessian) = (vec![0.0; scores.len()], vec![0.0; scores.len()]);
//! let before = loss.mean(&scores, target, rows)?;
//!
//! loss.gradient_with_hessian_bound(&scores, target, rows, /* scale */ 1.0, &mut gradient, &mut hessian)?;
//! // No constant is better than the first one: the gradients of a class sum to 0.
//! assert!((0..labels.len()).map(|i| gradient[i * CLASSES]).sum::<f64>().abs() < 1e-14);
//!
//! // A leaf moves the scores of its samples by a step of Newton's method, class by class.
//! for leaf in [[0, 1, 2], [3, 4, 5]] {
//!     for class in 0..CLASSES {
//!         let sum = |of: &[f64]| leaf.iter().map(|i| of[i * CLASSES + class]).sum::<f64>();
//!         let step = -sum(&gradient) / (2.0 * sum(&hessian) + 1e-6);
//!         leaf.iter().for_each(|i| scores[i * CLASSES + class] += step);
//!     }
//! }
//! assert!(loss.mean(&scores, target, rows)? < 0.7 * before);
//! # Ok::<(), slopes::loss::TargetError>(())
//! ```
//!
//! - The 2 is there because one tree a class moves all classes of a sample at once, and the Hessian is a diagonal:
//!   twice the diagonal bounds the whole matrix of second derivatives of a softmax cross-entropy. XGBoost has the same
//!   factor.
//! - Weights multiply gradients and Hessians. Leave samples of weight 0 out of the trees.
//! - Scores that are stored class by class, all samples of class 0 first, are `Rows::along(&[CLASSES, samples], 0)`.
//! - Scores may be f32: sums over the samples are better made in f64, as in `initial_scores`.
//!
//! # Two classes, and regression
//!
//! A [`Loss`] of pairs has the same three parts. [`hessian_bound`] is positive where the second derivative of a loss is
//! 0 or negative, so that a leaf can divide by it: [`Mae`], [`Huber`] and [`Pinball`] can be boosted too.
//!
//! ```
//! use slopes::loss::{BinaryCrossEntropyWithLogits, Huber, Loss, Mae};
//!
//! let (target, weights) = ([1.0_f64, 1.0, 0.0], [1.0, 2.0, 1.0]);
//! let bce = BinaryCrossEntropyWithLogits::DEFAULT;
//! assert_eq!(bce.initial_score(&target, Some(&weights)), Some(3.0_f64.ln())); // log-odds of 3 : 1
//!
//! let (mut gradient, mut hessian) = ([0.0; 3], [0.0; 3]);
//! bce.weighted(&weights).gradient_with_hessian_bound(&[0.0; 3], &target, /* scale */ 1.0, &mut gradient, &mut hessian);
//! assert_eq!((gradient, hessian), ([-0.5, -1.0, 0.5], [0.25, 0.5, 0.25]));
//!
//! assert_eq!(Mae.initial_score(&[1.0_f64, 2.0, 9.0], None), Some(2.0)); // the median
//! assert_eq!(Huber::DEFAULT.second_derivative(9.0_f64, 0.0), 0.0);
//! assert!(Huber::DEFAULT.hessian_bound(9.0_f64, 0.0) > 0.0);
//! ```
//!
//! `initial_score` is `None` for a loss that has no such constant, and `initial_scores` returns `false`: begin with 0
//! then. `cargo run --release --example boosting` boosts real data by any loss of pairs.
//!
//! Next: [`preference`](super::preference), losses of pairs of responses.
//!
//! [`Huber`]: crate::loss::Huber
//! [`Loss`]: crate::loss::Loss
//! [`Mae`]: crate::loss::Mae
//! [`Pinball`]: crate::loss::Pinball
//! [`hessian_bound`]: crate::loss::Loss::hessian_bound
