//! Every function, for parameters and inputs that the bytes of the fuzzer choose. On a nightly toolchain:
//!
//! ```text
//! cargo fuzz run --fuzz-dir tests/fuzz functions
//! ```

#![no_main]

#[path = "../../extremes/check.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Err(error) = check::check(bytes) {
        panic!("{error}");
    }
});
