//! Elementwise activations: functions of one number, each written as a [`Formula`](super::Formula) over registers.

pub(crate) mod exponential;
pub(crate) mod gaussian;
pub(crate) mod gelu;
pub(crate) mod hyperbolic;
pub(crate) mod mish;
pub(crate) mod periodic;
pub(crate) mod piecewise;
pub(crate) mod rectifier;
pub(crate) mod sigmoid;
pub(crate) mod softplus;
pub(crate) mod swish;
