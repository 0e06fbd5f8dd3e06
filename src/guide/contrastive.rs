//! Contrastive losses, InfoNCE, CLIP, SigLIP and NT-Xent, as cross-entropies of a matrix of similarities.
//!
//! The numbers that these losses compare are similarities of embeddings: z_ij = t u_i . v_j, where u and v are of
//! length 1, and t is the inverse of a temperature. The matrix product is yours; the losses are below.
//!
//! | loss | of | here |
//! |---|---|---|
//! | InfoNCE | rows of 1 + k similarities, the right one at a label | [`SoftmaxCrossEntropy`] |
//! | CLIP | a matrix n x n, the right ones on its diagonal | [`SoftmaxCrossEntropy`] of its rows and of its columns |
//! | NT-Xent (SimCLR) | a matrix 2 n x 2 n, without its diagonal | the same, with -inf on the diagonal |
//! | supervised contrastive | several right ones in a row | the same, with probabilities as targets |
//! | SigLIP | each pair by itself | [`SoftMargin`] |
//!
//! Sources: [InfoNCE](https://arxiv.org/abs/1807.03748), [CLIP](https://arxiv.org/abs/2103.00020),
//! [SimCLR](https://arxiv.org/abs/2002.05709), [supervised](https://arxiv.org/abs/2004.11362),
//! [SigLIP](https://arxiv.org/abs/2303.15343).
//!
//! # CLIP, in both directions
//!
//! Row i holds the texts for image i, column j the images for text j: -ln of the softmax at the diagonal, along each,
//! and the mean of the two means. Columns are rows along axis 0, so that nothing is transposed.
//!
//! ```
//! use slopes::Rows;
//! use slopes::loss::{RowLoss, SoftmaxCrossEntropy, Targets};
//!
//! const N: usize = 2;
//! let z = [2.0_f64, 1.0, 0.0, 1.0]; // t = 2 times the similarities
//! let labels = [0, 1]; // the diagonal
//! let (loss, target) = (SoftmaxCrossEntropy::new(), Targets::labels(&labels));
//!
//! let (mut d_z, mut by_text) = ([0.0; N * N], [0.0; N * N]);
//! let of_images = loss.mean_with_gradient(&z, target, Rows::contiguous(N), &mut d_z)?;
//! let of_texts = loss.mean_with_gradient(&z, target, Rows::along(&[N, N], 0), &mut by_text)?;
//! let mean = (of_images + of_texts) / 2.0;
//! d_z.iter_mut().zip(by_text).for_each(|(by_image, by_text)| *by_image = (*by_image + by_text) / 2.0);
//!
//! // Rows [2, 1] and [0, 1], columns [2, 0] and [1, 1].
//! let softplus = |z: f64| z.exp().ln_1p();
//! assert!((of_images - softplus(-1.0)).abs() < 1e-15);
//! assert!((of_texts - (softplus(-2.0) + 2.0_f64.ln()) / 2.0).abs() < 1e-15);
//! assert!((mean - 0.361649641659841).abs() < 1e-15);
//! // At (0, 1): s(-1) of the row and 1/2 of the column, each over 2 N.
//! assert!((d_z[1] - (0.268941421369995 + 0.5) / 4.0).abs() < 1e-15);
//!
//! // t is often learned as its logarithm a, t = e^a: the derivative in a is the sum of d_z z.
//! let d_a: f64 = d_z.iter().zip(z).map(|(d, z)| d * z).sum();
//! assert!((d_a + 0.194072171696056).abs() < 1e-15);
//! # Ok::<(), slopes::loss::TargetError>(())
//! ```
//!
//! Back to the embeddings: d_u = t d_z v and d_v = t (d_z transposed) u, products of matrices. Through u = x / |x|, the
//! gradient is (d_u - (d_u . u) u) / |x|. CLIP begins with t = 1 / 0.07.
//!
//! InfoNCE with negatives of its own is one direction alone: rows of 1 + k similarities, and the label 0 in each row.
//!
//! # NT-Xent
//!
//! Both views of n images are in one matrix of 2 n rows. An image is no negative of itself: its similarity is -inf,
//! which has no share and no gradient.
//!
//! ```
//! use slopes::Rows;
//! use slopes::loss::{RowLoss, SoftmaxCrossEntropy, Targets};
//!
//! const NO: f64 = f64::NEG_INFINITY;
//! // Views 0 and 1 are of one image, 2 and 3 of another.
//! #[rustfmt::skip]
//! let z = [
//!     NO, 2.0, 0.0, 0.0,
//!     2.0, NO, 0.0, 0.0,
//!     0.0, 0.0, NO, 2.0,
//!     0.0, 0.0, 2.0, NO,
//! ];
//! let mut d_z = [0.0; 16];
//! let target = Targets::labels(&[1, 0, 3, 2]);
//! let mean = SoftmaxCrossEntropy::new().mean_with_gradient(&z, target, Rows::contiguous(4), &mut d_z)?;
//! assert!((mean - (2.0 * (-2.0_f64).exp()).ln_1p()).abs() < 1e-15);
//! let share = 1.0 / (2.0_f64.exp() + 2.0);
//! assert!(d_z[0] == 0.0 && (d_z[1] + share / 2.0).abs() < 1e-15 && (d_z[2] - share / 4.0).abs() < 1e-15);
//! # Ok::<(), slopes::loss::TargetError>(())
//! ```
//!
//! With labels of classes, all views of the same class are right: the target of a row is 1 / k at its k right ones.
//!
//! ```
//! use slopes::Rows;
//! use slopes::loss::{RowLoss, SoftmaxCrossEntropy, Targets};
//!
//! // The row of view 0: views 1 and 2 are of its class, view 3 is not.
//! let (z, target) = ([f64::NEG_INFINITY, 1.0, 1.0, 0.0], [0.0, 0.5, 0.5, 0.0]);
//! let loss = SoftmaxCrossEntropy::new().mean(&z, Targets::Probabilities(&target), Rows::contiguous(4))?;
//! assert!((loss - (2.0 + (-1.0_f64).exp()).ln()).abs() < 1e-15);
//! # Ok::<(), slopes::loss::TargetError>(())
//! ```
//!
//! # SigLIP
//!
//! Each pair is a decision of its own: -ln s(y (t u . v + b)), y = 1 on the diagonal and -1 elsewhere. The sum is
//! divided by n, not by n^2. No row has to be complete, so a matrix can be computed in parts. t begins with 10 and b
//! with -10.
//!
//! ```
//! use slopes::loss::{Loss, SoftMargin};
//!
//! const N: usize = 2;
//! let similarities = [0.9_f64, 0.2, 0.0, 0.7];
//! let (t, b) = (10.0, -5.0);
//! let z = similarities.map(|similarity| t * similarity + b); // 4, -3, -5, 2
//! let y = [1.0, -1.0, -1.0, 1.0];
//!
//! let mut d_z = [0.0; N * N];
//! let mean = SoftMargin.sum_with_gradient(&z, &y, 1.0 / N as f64, &mut d_z) / N as f64;
//! let softplus = |z: f64| z.exp().ln_1p();
//! assert!((mean - (softplus(-4.0) + softplus(-3.0) + softplus(-5.0) + softplus(-2.0)) / 2.0).abs() < 1e-15);
//! assert!((d_z[3] + 0.119202922022118 / 2.0).abs() < 1e-15); // -s(-2) / N
//!
//! let d_b: f64 = d_z.iter().sum();
//! let d_t: f64 = d_z.iter().zip(similarities).map(|(d, similarity)| d * similarity).sum();
//! assert!((d_b + 0.0415352039411787).abs() < 1e-15 && (d_t + 0.0450722298729257).abs() < 1e-15);
//! ```
//!
//! # Distances
//!
//! [`Triplet`], [`Contrastive`] and [`CosineEmbedding`] take the embeddings themselves, two or three rows, and give the
//! gradients in each.
//!
//! Next: [`ordinal`](super::ordinal), grades in an order.
//!
//! [`Contrastive`]: crate::loss::Contrastive
//! [`CosineEmbedding`]: crate::loss::CosineEmbedding
//! [`SoftMargin`]: crate::loss::SoftMargin
//! [`SoftmaxCrossEntropy`]: crate::loss::SoftmaxCrossEntropy
//! [`Triplet`]: crate::loss::Triplet
