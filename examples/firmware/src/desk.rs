//! The desk, where the firmware is an ordinary program.

use std::env;
use std::fmt::Arguments;

use slopes::Level;

/// The bits of a device: of one that does not fuse products and sums, or with `FUSED` set, of one that does.
pub fn choose_level() {
    let level = if env::var_os("FUSED").is_some() { Level::detected() } else { Level::lowest() };
    level.set_global().expect("a level of this machine");
}

/// Calls f; nothing counts its instructions.
pub fn counted<T>(f: impl FnOnce() -> T) -> (T, Option<u64>) {
    (f(), None)
}

pub fn print(text: Arguments) {
    print!("{text}");
}
