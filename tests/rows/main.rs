//! The tests of activations of rows, of gated units and of maxout.

mod agreement;
mod batches;
mod choices;
#[allow(dead_code, reason = "each program uses what it needs")]
#[path = "../common/mod.rs"]
mod common;
mod glu;
mod halves;
mod log_sum_exp;
mod masks;
mod maxout;
mod overflow;
mod pytorch;
mod radial;
mod sinks;
mod softmax;
