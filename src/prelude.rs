//! The traits of the crate, to import all at once: `use slopes::prelude::*`.
//!
//! ```
//! use slopes::activation::{Gelu, Softmax};
//! use slopes::loss::Huber;
//! use slopes::prelude::*;
//!
//! assert_eq!(Gelu.forward(0.0_f32), 0.0);
//! assert_eq!(Huber::DEFAULT.mean(&[2.0_f64], &[0.0]), 1.5);
//! let mut y = [1.0_f32; 2];
//! Softmax::new().forward_in_place(&mut y, Rows::contiguous(2));
//! assert_eq!(y, [0.5; 2]);
//! ```

pub use crate::Element;
pub use crate::Rows;
pub use crate::activation::{Activation, FromOutput, GatedUnit, Learnable, RowActivation};
pub use crate::loss::{Loss, Penalty, RowLoss};
#[cfg(feature = "ndarray")]
pub use crate::ndarray::{ActivationExt, LossExt, RowActivationExt, RowLossExt};
