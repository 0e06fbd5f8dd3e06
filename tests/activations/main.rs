//! The tests of activations of one number. All in one program, because each program that names the catalogue compiles all
//! of its kernels; those of rows and of losses in two others, which are compiled beside it.

mod accuracy;
mod agreement;
#[allow(dead_code, reason = "each program uses what it needs")]
#[path = "../common/mod.rs"]
mod common;
mod functions;
mod gain;
mod halves;
mod in_f64;
mod laws;
mod learned;
mod names;
mod output;
mod pytorch;
mod range;
mod readme;
mod rrelu;
mod table;
