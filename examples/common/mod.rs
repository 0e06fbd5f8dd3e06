//! What several examples need: a command line that answers in one line, pictures, and what is said while something
//! learns.

#![allow(dead_code, reason = "not every example needs all of it")]

pub mod command;
pub mod figure;
pub mod learning;
