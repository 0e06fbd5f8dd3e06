//! All tests of the library in one program, because each program that names the catalogue compiles all of its kernels.

mod accuracy;
mod agreement;
mod common;
mod fingerprints;
mod halves;
mod laws;
mod losses;
mod names;
mod pytorch;
mod readme;
