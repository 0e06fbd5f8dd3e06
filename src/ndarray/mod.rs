//! Methods of arrays of the crate `ndarray` 0.17 (feature `ndarray`): activations, softmax along an axis, losses with
//! gradients.
//!
//! The traits are implemented for [`ArrayRef`], which owned arrays, views and mutable views dereference to, of any
//! dimension and of every [`Element`] type. [`prelude`](crate::prelude) has them too.
//!
//! | trait | methods |
//! |---|---|
//! | [`ActivationExt`] | `activated`, `activate_inplace`, `activate_into`, `derivative`, `backward`, `backward_inplace` |
//! | [`RowActivationExt`] | `softmax(axis)`, `log_softmax(axis)`, `log_sum_exp(axis)`, and `activated_axis`, `backward_axis` of any [`RowActivation`](crate::activation::RowActivation) |
//! | [`LossExt`] | `mean_loss`, `mean_loss_with_gradient`, `total_loss`, `losses`, `loss_gradient` |
//! | [`RowLossExt`] | `mean_loss_axis`, `mean_loss_axis_with_gradient`, of labels or of probabilities |
//!
//! ```
//! use ndarray::{Axis, array};
//! use slopes::activation::Relu;
//! use slopes::loss::SoftmaxCrossEntropy;
//! use slopes::ndarray::{ActivationExt, RowActivationExt, RowLossExt};
//!
//! // A layer of a classifier: 2 samples, 3 features, 2 classes.
//! let (x, labels) = (array![[1.0_f64, -2.0, 3.0], [0.5, 4.0, -1.0]], array![0_usize, 1]);
//! let weights = array![[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]];
//!
//! let hidden = x.activated(&Relu);
//! let logits = hidden.dot(&weights);
//! let probabilities = logits.softmax(Axis(1));
//! let (loss, d_logits) = logits.mean_loss_axis_with_gradient(Axis(1), &SoftmaxCrossEntropy::new(), &labels)?;
//! let d_x = d_logits.dot(&weights.t()).backward(&Relu, &x);
//!
//! assert_eq!(hidden, array![[1.0, 0.0, 3.0], [0.5, 4.0, 0.0]]);
//! assert!((loss + (probabilities[[0, 0]] * probabilities[[1, 1]]).ln() / 2.0).abs() < 1e-15);
//! assert_eq!((d_x[[0, 1]], d_x[[1, 2]]), (0.0, 0.0));
//! # Ok::<(), slopes::loss::TargetError>(())
//! ```
//!
//! Functions and losses that are chosen at run time
//! ([`AnyActivation`](crate::activation::AnyActivation), `&dyn Activation<f32>`), that have weights
//! (`loss.weighted(&weights)`), that work on several threads (`Parallel(Gelu)`, feature `rayon`), and those of your own are
//! arguments as any other.
//!
//! # Layouts
//!
//! Results do not depend on the layout: they are the bits of the methods of slices, of numbers in logical order.
//!
//! - Elementwise functions work on the memory of arrays that are contiguous in any order of axes (standard, Fortran,
//!   transposed, reversed), if all have the same strides: a call is one call of the method of slices. So do functions of
//!   rows along any axis that is not reversed.
//! - Losses sum in logical order, which is also that of sample weights: they work on the memory of arrays in standard
//!   layout. Losses of rows also do if only the axis of the rows is elsewhere, as in a transposed matrix.
//! - Other arrays are computed lane by lane where the lanes are contiguous and long, else by copies.
//!
//! # Panics
//!
//! Shapes that differ are a panic that names them, as in the methods of slices and in `ndarray`: shapes are the program's,
//! not its input's. Labels are input: one that is out of range is an error.
//!
//! ```should_panic
//! use slopes::{activation::Relu, ndarray::ActivationExt};
//! use ndarray::Array2;
//! // backward: shapes differ: x has [2, 3], dy has [3, 2]
//! Array2::<f32>::zeros((3, 2)).backward(&Relu, &Array2::zeros((2, 3)));
//! ```

mod elementwise;
mod layout;
mod losses;
mod row_losses;
mod rows;

use ::ndarray::{ArrayRef, Dimension};

use crate::element::Element;

pub use elementwise::ActivationExt;
pub use losses::LossExt;
pub use row_losses::{RowLossExt, RowTargets};
pub use rows::RowActivationExt;

/// Keeps other crates from implementing the traits, so that methods can be added.
mod sealed {
    pub trait Sealed {}
}
impl<T: Element, D: Dimension> sealed::Sealed for ArrayRef<T, D> {}
