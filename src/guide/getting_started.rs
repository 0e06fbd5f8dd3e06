//! The first steps: one number, slices, a loss with its gradient, rows.
//!
//! # Add the crate
//!
//! ```toml
//! [dependencies]
//! slopes = "0.1"
//!
//! # Optimises packages in dev builds, which are up to 200 times slower without these two lines.
//! [profile.dev.package."*"]
//! opt-level = 3
//! ```
//!
//! Nothing else is to be set: the instructions of the machine are found at run time. What the features add is listed on
//! the page [`builds`](super::builds).
//!
//! # One number
//!
//! A function is a type: [`Relu`], [`Gelu`], or [`LeakyRelu`], which has a parameter. The methods are those of the
//! trait [`Activation`], for `f32` and `f64` alike.
//!
//! ```
//! use slopes::activation::{Activation, LeakyRelu, Relu, Sigmoid};
//!
//! assert_eq!(Relu.forward(-2.0_f32), 0.0);
//!
//! // The logistic function s(x) = 1 / (1 + e^-x), and its derivatives s (1 - s) and s (1 - s) (1 - 2 s).
//! assert_eq!(Sigmoid.forward(0.0_f64), 0.5);
//! assert_eq!(Sigmoid.derivative(0.0_f64), 0.25);
//! assert_eq!(Sigmoid.second_derivative(0.0_f64), 0.0);
//!
//! // `new` checks the parameter, `DEFAULT` has the default.
//! assert_eq!(LeakyRelu::new(0.25)?.forward(-2.0_f32), -0.5);
//! assert_eq!(LeakyRelu::DEFAULT.slope, 0.01);
//! assert!(LeakyRelu::new(f64::NAN).is_err());
//! # Ok::<(), slopes::ParameterError>(())
//! ```
//!
//! # Slices
//!
//! One call for a slice is about ten times faster than a call for each number, and has the same bits. The memory is
//! yours: nothing is allocated. The way back is one call too: `backward_slice` multiplies the gradient dy that comes
//! from behind by the derivative, dx = dy f'(x).
//!
//! ```
//! use slopes::activation::{Activation, Relu};
//!
//! let x = [-1.0_f32, 2.0, 3.0];
//! let mut y = [0.0; 3];
//! Relu.forward_slice(&x, &mut y);
//! assert_eq!(y, [0.0, 2.0, 3.0]);
//!
//! let (dy, mut dx) = ([10.0, 10.0, 20.0], [0.0; 3]);
//! Relu.backward_slice(&x, &dy, &mut dx);
//! assert_eq!(dx, [0.0, 10.0, 20.0]);
//!
//! let mut z = x; // in place
//! Relu.forward_in_place(&mut z);
//! assert_eq!(z, y);
//! ```
//!
//! # A loss with its gradient
//!
//! A [`Loss`] compares predictions with targets. Sums and means are f64. `mean_with_gradient` is what a training step
//! needs, in one pass.
//!
//! ```
//! use slopes::loss::{Huber, Loss, Mse};
//!
//! let (prediction, target) = ([1.0_f32, 2.0, 7.0, 4.0], [1.0, 0.0, 4.0, 4.0]);
//! let mut gradient = [0.0; 4];
//! let mean = Mse.mean_with_gradient(&prediction, &target, &mut gradient);
//! assert_eq!(mean, (4.0 + 9.0) / 4.0);
//! assert_eq!(gradient, [0.0, 1.0, 1.5, 0.0]); // 2 (prediction - target) / 4
//!
//! // One sample, and another loss.
//! assert_eq!(Huber::new(1.0)?.forward(7.0_f32, 4.0), 2.5); // delta (|r| - delta / 2)
//! # Ok::<(), slopes::ParameterError>(())
//! ```
//!
//! # Rows
//!
//! Softmax and the losses of classes work on rows of an array. [`Rows`] says where they are: `Rows::contiguous(n)` for
//! rows of n numbers one after the other, `Rows::along(&shape, axis)` for any axis of a row-major array. The
//! cross-entropy takes the logits, the numbers before softmax, and the label of each row.
//!
//! ```
//! use slopes::Rows;
//! use slopes::activation::{RowActivation, Softmax};
//! use slopes::loss::{RowLoss, SoftmaxCrossEntropy, Targets};
//!
//! // Two rows of two classes.
//! let logits = [0.0_f64, 0.0, 0.0, 3.0_f64.ln()];
//! let rows = Rows::contiguous(2);
//! let mut shares = [0.0; 4];
//! Softmax::new().forward(&logits, rows, &mut shares);
//! for (share, exact) in shares.iter().zip([0.5, 0.5, 0.25, 0.75]) {
//!     assert!((share - exact).abs() < 1e-15);
//! }
//!
//! let mut gradient = [0.0; 4];
//! let mean = SoftmaxCrossEntropy::new().mean_with_gradient(&logits, Targets::labels(&[0, 1]), rows, &mut gradient)?;
//! assert!((mean - (2.0_f64.ln() + (4.0_f64 / 3.0).ln()) / 2.0).abs() < 1e-15);
//! for (gradient, exact) in gradient.iter().zip([-0.25, 0.25, 0.125, -0.125]) {
//!     assert!((gradient - exact).abs() < 1e-15); // (share - 1 at the label) / 2 rows
//! }
//! # Ok::<(), slopes::loss::TargetError>(())
//! ```
//!
//! `use slopes::prelude::*` imports the traits of all of them at once.
//!
//! Next: [`choosing`](super::choosing), which function is for what.
//!
//! [`Activation`]: crate::activation::Activation
//! [`Gelu`]: crate::activation::Gelu
//! [`LeakyRelu`]: crate::activation::LeakyRelu
//! [`Loss`]: crate::loss::Loss
//! [`Relu`]: crate::activation::Relu
//! [`Rows`]: crate::Rows
