//! Layers: gated linear units (GLU), maxout, radial basis functions (RBF).

pub(crate) mod glu;
pub(crate) mod maxout;
pub(crate) mod radial;
