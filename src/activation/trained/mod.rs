//! Training beyond derivatives in x: gradients of parameters, derivatives computed from outputs, random slopes.

pub(crate) mod from_output;
pub(crate) mod learnable;
pub(crate) mod prelu_channels;
pub(crate) mod rng;
pub(crate) mod rrelu;
