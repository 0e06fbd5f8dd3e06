//! All tests of the library in one program, because each program that names the catalogue compiles all of its kernels.

mod accuracy;
mod agreement;
mod common;
mod fingerprints;
mod laws;
mod learned;
mod losses;
mod output;
mod pytorch;
mod radial;
mod readme;
mod rrelu;
