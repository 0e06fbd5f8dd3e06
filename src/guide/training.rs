//! Train a network by hand: forward, cross-entropy, backward, update, and the mean loss of an epoch.
//!
//! # One step, by hand
//!
//! A network of one hidden layer, for n samples. Each line of the way back uses what the way forward kept.
//!
//! | forward | shape | backward | shape |
//! |---|---|---|---|
//! | z = x W1 + b1 | n x hidden | d_logits, from the loss | n x classes |
//! | h = f(z) | n x hidden | d_W2 = h^T d_logits, d_b2 = its sums over samples | hidden x classes, classes |
//! | logits = h W2 + b2 | n x classes | d_h = d_logits W2^T | n x hidden |
//! | the mean loss | one number | d_z = d_h f'(z) | n x hidden |
//! | | | d_W1 = x^T d_z, d_b1 = its sums over samples | inputs x hidden, hidden |
//!
//! The update is W = W - rate d_W. The matrix products are those of `ndarray`; activation and loss take the slices of
//! its arrays (with the feature `ndarray`, [the arrays themselves](super::arrays)). The cross-entropy has a weight for
//! each class, label smoothing, and a label for rows that do not count, such as padding.
//!
//! ```
//! use ndarray::{Array1, Array2, Axis, array};
//! use slopes::Rows;
//! use slopes::activation::{Activation, Swish};
//! use slopes::loss::{RowLoss, SoftmaxCrossEntropy, Targets};
//!
//! // Three samples of two inputs. The last one is padding: its label is -1, and what it holds does not matter.
//! let x = array![[1.0_f32, 0.0], [0.0, 1.0], [9.0, 9.0]];
//! let labels = [0, 2, -1];
//! let mut w1 = array![[0.5_f32, -0.5, 0.1, 0.2], [0.3, 0.8, -0.4, 0.6]]; // 2 inputs x 4 hidden
//! let mut w2 = Array2::from_elem((4, 3), 0.1_f32); // 4 hidden x 3 classes
//! let (mut b1, mut b2) = (Array1::<f32>::zeros(4), Array1::<f32>::zeros(3));
//!
//! let loss = SoftmaxCrossEntropy::new()
//!     .with_class_weights(&[1.0_f64, 1.0, 2.0])? // Weights are f64 for every element type.
//!     .with_label_smoothing(0.1)?
//!     .with_ignore_label(-1);
//! let (target, rows) = (Targets::labels(&labels), Rows::contiguous(3));
//!
//! let mut means = Vec::new();
//! for _ in 0..100 {
//!     // Forward. The input z of the activation is kept: the way back needs it.
//!     let z = x.dot(&w1) + &b1;
//!     let mut h = Array2::zeros(z.dim());
//!     Swish::SILU.forward_slice(z.as_slice().unwrap(), h.as_slice_mut().unwrap());
//!     let logits = h.dot(&w2) + &b2;
//!
//!     // The mean loss over the rows that count, and its gradient, in one pass.
//!     let (logits, mut d_logits) = (logits.as_slice().unwrap(), Array2::zeros(logits.dim()));
//!     let mean = loss.mean_with_gradient(logits, target, rows, d_logits.as_slice_mut().unwrap())?;
//!     means.push(mean);
//!     assert!(d_logits.row(2).iter().all(|d| *d == 0.0));
//!
//!     // Backward. d_h becomes d_z = d_h f'(z), in its place.
//!     let (d_w2, d_b2) = (h.t().dot(&d_logits), d_logits.sum_axis(Axis(0)));
//!     let mut d_z = d_logits.dot(&w2.t());
//!     Swish::SILU.backward_in_place(z.as_slice().unwrap(), d_z.as_slice_mut().unwrap());
//!     let (d_w1, d_b1) = (x.t().dot(&d_z), d_z.sum_axis(Axis(0)));
//!
//!     // Update: a step of 0.5.
//!     w1.scaled_add(-0.5, &d_w1);
//!     b1.scaled_add(-0.5, &d_b1);
//!     w2.scaled_add(-0.5, &d_w2);
//!     b2.scaled_add(-0.5, &d_b2);
//! }
//! // All logits of a row are equal at first, so that p = 1/3. The weighted, smoothed targets of the two rows add up to
//! // 31/30 and 58/30, the weights of their labels to 3.
//! assert!((means[0] - 89.0 / 90.0 * 3.0_f64.ln()).abs() < 1e-6);
//! assert!(means[99] < 0.25); // 0.243 is the least that smoothing leaves
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The mean of labels with class weights divides by the sum of the labels' weights, as in PyTorch. To divide by the
//! number of rows, call `mean_unweighted_with_gradient`. Sample weights are `loss.weighted(&weights)`.
//!
//! # Initial weights
//!
//! Weights of a layer with n inputs that follow an activation f begin at random, with mean 0 and the standard deviation
//! `gain(f) / sqrt(n)`: then numbers keep their size from layer to layer. [`gain`] is `1 / sqrt(E f(z)^2)`, the square root
//! of 2 for ReLU; the first layer, whose inputs went through no activation, has the gain 1 if they have mean 0 and
//! variance 1.
//!
//! ```
//! use slopes::activation::{Gelu, Relu, gain};
//!
//! // For a uniform distribution from -limit to limit.
//! let limit = |gain: f64, inputs: f64| (3.0 / inputs).sqrt() * gain;
//! assert_eq!(limit(gain(&Relu), 600.0), 0.1);
//! assert!((limit(gain(&Gelu), 600.0) - 0.1084).abs() < 1e-4);
//! ```
//!
//! [`gain`]: crate::activation::gain
//!
//! # Is a gradient right?
//!
//! The usual bugs are a transposed product, a sum that is a mean, a term that is left out. Compare one weight of each
//! array with a central difference, in f64: with h = 1e-5 it is off by about h^2, and by the rounding of the loss over
//! h.
//!
//! ```
//! use slopes::activation::{Activation, Gelu};
//! use slopes::loss::{Loss, Mse};
//!
//! // y = v . gelu(w x), one sample, two hidden numbers.
//! let (x, target, v, w) = (0.7_f64, 1.0, [0.3, -0.8], [1.5, -0.4]);
//! let loss = |w: [f64; 2]| Mse.forward(v[0] * Gelu.forward(w[0] * x) + v[1] * Gelu.forward(w[1] * x), target);
//!
//! let y = v[0] * Gelu.forward(w[0] * x) + v[1] * Gelu.forward(w[1] * x);
//! let d_y = Mse.derivative(y, target);
//! let d_w0 = d_y * v[0] * Gelu.derivative(w[0] * x) * x;
//!
//! let h = 1e-5;
//! let difference = (loss([w[0] + h, w[1]]) - loss([w[0] - h, w[1]])) / (2.0 * h);
//! assert!((d_w0 - difference).abs() < 1e-9);
//! ```
//!
//! # Batches
//!
//! Means of batches cannot be averaged: batches differ in rows that count. Their [`Total`]s can be added. A step that
//! needs both the gradient of the mean and the total asks for the weight first; it depends on the targets alone.
//!
//! ```
//! use slopes::Rows;
//! use slopes::loss::{RowLoss, SoftmaxCrossEntropy, Targets, Total};
//!
//! let loss = SoftmaxCrossEntropy::new().with_ignore_label(-1);
//! let rows = Rows::contiguous(2);
//! let batches = [([0.0_f32, 0.0, 0.0, 0.0], [0, 1]), ([0.0, 0.0, 5.0, 5.0], [1, -1])];
//!
//! let (mut epoch, mut gradient) = (Total::default(), [0.0; 4]);
//! for (logits, labels) in &batches {
//!     let target = Targets::labels(labels);
//!     let weight = loss.total_weight(target, rows)?;
//!     let sum = loss.sum_with_gradient(logits, target, rows, 1.0 / weight, &mut gradient)?;
//!     epoch += Total { sum, weight };
//! }
//! assert_eq!(epoch.weight, 3.0);
//! assert!((epoch.mean() - 2.0_f64.ln()).abs() < 1e-7);
//! assert_eq!(gradient, [0.5, -0.5, 0.0, 0.0]);
//! # Ok::<(), slopes::loss::TargetError>(())
//! ```
//!
//! To evaluate without a gradient, `loss.total(..)` is one call. To accumulate gradients over several batches before a
//! step, give all of them the same `scale`: 1 by the weight of all batches together.
//!
//! Next: [`attention`](super::attention), the softmax of scores.
//!
//! [`Total`]: crate::loss::Total
