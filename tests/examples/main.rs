//! The examples show what they claim, repeat themselves to the digit, and refuse bad options in one line.
//! The pages of the guide are in order.

#![cfg(not(miri))]

mod digits;
mod guide;
mod lessons;
mod program;
mod textbook;
