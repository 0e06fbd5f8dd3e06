//! Layers: gated linear units, maxout, radial basis functions.

pub(crate) mod glu;
pub(crate) mod maxout;
pub(crate) mod radial;
