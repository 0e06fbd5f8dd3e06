//! The tests of activations of rows, of gated units and of maxout.

mod agreement;
#[allow(dead_code, reason = "each program uses what it needs")]
#[path = "../common/mod.rs"]
mod common;
mod glu;
mod halves;
mod maxout;
mod pytorch;
mod radial;
mod softmax;
