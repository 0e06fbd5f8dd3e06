//! The texts of functions, which the bytes of the fuzzer are or choose. On a nightly toolchain:
//!
//! ```text
//! cargo fuzz run --fuzz-dir tests/fuzz texts
//! ```

#![no_main]

#[path = "../../extremes/check.rs"]
#[allow(dead_code, reason = "each target uses what it needs")]
mod check;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Err(error) = check::check_text(bytes) {
        panic!("{error}");
    }
});
