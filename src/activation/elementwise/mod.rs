//! Elementwise activations: functions of one number, each written as a [`Formula`](super::Formula) over registers.

#[macro_use]
pub(crate) mod exponential;
#[macro_use]
pub(crate) mod gaussian;
#[macro_use]
pub(crate) mod gelu;
#[macro_use]
pub(crate) mod hyperbolic;
#[macro_use]
pub(crate) mod mish;
#[macro_use]
pub(crate) mod periodic;
#[macro_use]
pub(crate) mod piecewise;
#[macro_use]
pub(crate) mod rectifier;
#[macro_use]
pub(crate) mod sigmoid;
#[macro_use]
pub(crate) mod softplus;
#[macro_use]
pub(crate) mod swish;
