//! Layers: gated linear units (GLU), maxout, radial basis functions (RBF).

pub(crate) mod glu;
#[macro_use]
pub(crate) mod maxout;
pub(crate) mod radial;
