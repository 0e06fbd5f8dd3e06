//! What every example needs: a command line that answers in one line, and a picture of curves.

#![allow(dead_code, reason = "not every example needs all of it")]

pub mod command;
pub mod figure;
