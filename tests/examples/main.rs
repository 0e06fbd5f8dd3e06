//! The examples show what they claim, repeat themselves to the digit, and refuse bad options in one line.

#![cfg(not(miri))]

mod digits;
mod lessons;
mod program;
mod textbook;
