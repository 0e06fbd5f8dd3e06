//! All tests of the library in one program, because each program that names the catalogue compiles all of its kernels.

mod accuracy;
mod agreement;
mod common;
mod fingerprints;
mod glu;
mod halves;
mod laws;
mod learned;
mod losses;
mod maxout;
mod names;
mod output;
mod pytorch;
mod pytorch_losses;
mod radial;
mod readme;
mod row_losses;
mod rows;
mod rrelu;
mod similarity;
mod table;
