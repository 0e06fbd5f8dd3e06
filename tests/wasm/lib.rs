//! The tests of fixed outputs and of agreement as a module of wasm, which `run.mjs` calls: `.ci/wasm` compiles it with and
//! without simd128.

#[path = "../activations/agreement.rs"]
#[allow(dead_code, unused_imports, reason = "its tests are not compiled here")]
mod agreement;
#[path = "../losses/cases.rs"]
#[allow(dead_code, reason = "each program uses what it needs")]
mod cases;
#[path = "../common/mod.rs"]
#[allow(dead_code, unused_imports, reason = "each program uses what it needs")]
mod common;
#[path = "../activations/functions.rs"]
#[allow(dead_code, reason = "each program uses what it needs")]
mod functions;
#[path = "../activations/halves.rs"]
#[allow(dead_code, unused_imports, reason = "its tests are not compiled here")]
mod halves;
#[path = "../losses/agreement.rs"]
#[allow(dead_code, unused_imports, reason = "its tests are not compiled here")]
mod losses;
#[path = "../rows/agreement.rs"]
#[allow(dead_code, unused_imports, reason = "its tests are not compiled here")]
mod rows;
mod time;

use std::sync::Mutex;

use common::outputs::fingerprints;
use slopes::Level;

/// What JavaScript reads: the result of the last call, or the message of the panic that it ended with.
static TEXT: Mutex<String> = Mutex::new(String::new());

fn answer(text: String) {
    *TEXT.lock().unwrap() = text;
}

#[unsafe(no_mangle)]
pub extern "C" fn text() -> *const u8 {
    TEXT.lock().unwrap().as_ptr()
}

#[unsafe(no_mangle)]
pub extern "C" fn text_len() -> usize {
    TEXT.lock().unwrap().len()
}

/// The level.
#[unsafe(no_mangle)]
pub extern "C" fn start() {
    std::panic::set_hook(Box::new(|panic| answer(panic.to_string())));
    answer(format!("{:?}", Level::current()));
}

/// Lines "family type function order hash", as in `tests/fingerprints`.
#[unsafe(no_mangle)]
pub extern "C" fn outputs() {
    let level = Level::current();
    let hashes = [
        fingerprints(level, &agreement::outputs(), &agreement::outputs()),
        fingerprints(level, &losses::outputs(), &losses::outputs()),
        fingerprints(level, &rows::outputs(), &rows::outputs()),
    ];
    answer(hashes.iter().flatten().map(|(name, hash)| format!("{name} {hash}\n")).collect());
}

/// Slices agree with numbers, for every length and at every place, and half precision with the crate `half`.
#[unsafe(no_mangle)]
pub extern "C" fn agreement() {
    agreement::slices_agree_with_numbers::<f32>();
    agreement::slices_agree_with_numbers::<f64>();
    halves::conversions_are_right::<half::f16>();
    halves::conversions_are_right::<half::bf16>();
    losses::losses_agree_with_numbers::<f32>();
    losses::losses_agree_with_numbers::<f64>();
    rows::rows_agree::<f32>();
    rows::rows_agree::<f64>();
    answer("agree".to_owned());
}
