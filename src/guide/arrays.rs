//! Arrays of `ndarray`, matrices of `nalgebra` and `faer`.
//!
//! # ndarray
//!
//! With the feature `ndarray`, arrays and views of `ndarray` 0.17 have methods, of any layout:
//!
//! ```toml
//! slopes = { version = "0.1", features = ["ndarray"] }
//! ```
//!
//! ```
//! use ndarray::{Axis, array, s};
//! use slopes::activation::Relu;
//! use slopes::loss::{Mse, SoftmaxCrossEntropy};
//! use slopes::prelude::*;
//!
//! let mut x = array![[-1.0_f64, 2.0], [3.0, -4.0]];
//! assert_eq!(x.activated(&Relu), array![[0.0, 2.0], [3.0, 0.0]]);
//! assert_eq!(array![[0.0_f64, 5.0], [0.0, 5.0]].softmax(Axis(0)), array![[0.5, 0.5], [0.5, 0.5]]);
//!
//! // Means and gradients: of pairs, and of rows with labels.
//! let (mean, gradient) = x.mean_loss_with_gradient(&Mse, &array![[0.0, 2.0], [3.0, 0.0]]);
//! assert_eq!((mean, gradient), (4.25, array![[-0.5, 0.0], [0.0, -2.0]]));
//! let mean = x.t().mean_loss_axis(Axis(0), &SoftmaxCrossEntropy::new(), &array![1, 0])?;
//! assert!((mean - ((1.0 + (-3.0_f64).exp()).ln() + (1.0 + (-7.0_f64).exp()).ln()) / 2.0).abs() < 1e-15);
//!
//! // A column in place.
//! x.slice_mut(s![.., 1]).activate_inplace(&Relu);
//! assert_eq!(x, array![[-1.0, 2.0], [3.0, 0.0]]);
//! # Ok::<(), slopes::loss::TargetError>(())
//! ```
//!
//! | method | trait of `slopes::ndarray` | what |
//! |---|---|---|
//! | `x.activated(&f)`, `x.activate_inplace(&f)` | `ActivationExt` | y = f(x) |
//! | `dy.backward(&f, &x)`, `dy.backward_inplace(&f, &x)` | `ActivationExt` | dx = dy f'(x) |
//! | `x.softmax(axis)`, `x.log_softmax(axis)`, `x.log_sum_exp(axis)` | `RowActivationExt` | along an axis |
//! | `x.activated_axis(axis, &f)`, `dy.backward_axis(axis, &f, &x)` | `RowActivationExt` | any function of rows |
//! | `p.mean_loss(&loss, &target)`, `p.mean_loss_with_gradient(&loss, &target)` | `LossExt` | a loss of pairs |
//! | `p.mean_loss_axis(axis, &loss, &labels)`, `.._with_gradient(..)` | `RowLossExt` | a loss of rows, of labels or probabilities |
//!
//! Without the feature, an array gives its slice if it is contiguous: `x.as_slice()` in standard layout,
//! `x.as_slice_memory_order()` in any, for elementwise functions. Functions of rows take rows along any axis of a row-major
//! array: [`Rows::along`]`(&[batch, classes, pixels], 1)`.
//!
//! ```
//! use ndarray::{Array2, array};
//! use slopes::activation::{Activation, Relu};
//!
//! let x = array![[-1.0_f32, 2.0], [3.0, -4.0]];
//! let mut y = Array2::zeros(x.dim());
//! Relu.forward_slice(x.as_slice().unwrap(), y.as_slice_mut().unwrap());
//! assert_eq!(y, array![[0.0, 2.0], [3.0, 0.0]]);
//! ```
//!
//! # nalgebra
//!
//! Matrices that own their numbers are contiguous, column by column: element (i, j) is `m.as_slice()[j * rows + i]`. So the
//! columns are [`Rows::contiguous`]`(rows)`, and the rows [`Rows::along`]`(&[columns, rows], 0)`.
//!
//! ```
//! use nalgebra::Matrix2x3;
//! use slopes::activation::{Relu, Softmax};
//! use slopes::prelude::*;
//!
//! let mut m = Matrix2x3::new(-1.0, 2.0, -3.0, 4.0, -5.0, 6.0_f64); // row after row
//! Relu.forward_in_place(m.as_mut_slice());
//! assert_eq!(m, Matrix2x3::new(0.0, 2.0, 0.0, 4.0, 0.0, 6.0));
//!
//! // The softmax of each column, of 2 numbers, and of each row, of 3.
//! let (columns, rows) = (Rows::contiguous(m.nrows()), Rows::along(&[m.ncols(), m.nrows()], 0));
//! let mut y = m.clone_owned();
//! Softmax::new().forward_in_place(y.as_mut_slice(), columns);
//! assert!((y.column(1).sum() - 1.0).abs() < 1e-15);
//! Softmax::new().forward(m.as_slice(), rows, y.as_mut_slice());
//! assert!((y.row(1).sum() - 1.0).abs() < 1e-15);
//! ```
//!
//! `DMatrix` and `DVector` give their slices in the same way.
//!
//! # faer
//!
//! A column of a `Mat` is contiguous; columns may have gaps between them. So a matrix is computed column by column:
//!
//! ```text
//! let column = Rows::contiguous(m.nrows());
//! for j in 0..m.ncols() {
//!     Relu.forward_in_place(m.col_as_slice_mut(j));
//!     Softmax::new().forward_in_place(m.col_as_slice_mut(j), column);
//! }
//! ```
//!
//! The rows of a matrix are the columns of its transpose, of which faer makes a copy: `m.transpose().to_owned()`.
//!
//! Next: [`configuration`](super::configuration), functions chosen by a text.
//!
//! [`Rows::along`]: crate::Rows::along
//! [`Rows::contiguous`]: crate::Rows::contiguous
