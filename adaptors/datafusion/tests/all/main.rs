//! The tests of the package, in one program: every one of several would link the engine anew.

mod aggregates;
mod arrays;
mod common;
mod optimizer;
mod readme;
mod scalars;
