//! Microcontrollers and wasm: without the standard library, and only what is used.
//!
//! ```toml
//! [dependencies]
//! slopes = { version = "0.1", default-features = false }
//! ```
//!
//! # What is needed, and what not
//!
//! - The crate is `no_std`: it needs `core` alone, no allocator, no mathematical library of the system, and no atomic
//!   operation but loading and storing a byte, which a Cortex-M0 has too.
//! - Without the default features nothing is compiled ahead. A program contains the kernels that it calls, for the
//!   types that it calls them with; `by_name` and [`AnyActivation`] mean all functions, so a firmware names the types
//!   instead.
//! - The feature `serde` works without the standard library. `alloc`, for `Box<A>` and `Arc<A>`, and `ndarray` need an
//!   allocator, `rayon` the standard library.
//! - Set `panic = "abort"` and `lto = true` in the release profile of the program, as usual for small programs. Panics
//!   are for slices of different lengths; what may fail in a correct program is a `Result`.
//!
//! A layer with its weights in read-only memory and its output in the caller's:
//!
//! ```
//! use slopes::activation::{Activation, HardSwish};
//!
//! static WEIGHTS: [[f32; 3]; 2] = [[0.5, -1.0, 0.25], [2.0, 0.0, 1.0]];
//! static BIASES: [f32; 2] = [0.5, -4.0];
//!
//! fn layer(x: &[f32; 3], y: &mut [f32; 2]) {
//!     for ((y, weights), bias) in y.iter_mut().zip(&WEIGHTS).zip(&BIASES) {
//!         *y = bias + weights.iter().zip(x).map(|(w, x)| w * x).sum::<f32>();
//!     }
//!     HardSwish.forward_in_place(y);
//! }
//!
//! let mut y = [0.0; 2];
//! layer(&[1.0, -1.0, 4.0], &mut y); // 3 and 2 before the activation
//! assert_eq!(y, [3.0, 2.0 * 5.0 / 6.0]);
//! ```
//!
//! # Which kernels
//!
//! x86 and aarch64 have kernels of several lanes, chosen at run time, with or without the standard library; wasm has them
//! if it is compiled for them. All other targets have the kernels of one lane in plain Rust, [`Level::Scalar`]. Their results are those of the unfused
//! family: the same bits as any machine at its lowest level gives, so that a test on a workstation shows what the
//! device will compute.
//!
//! ```
//! use slopes::activation::{Activation, Sigmoid};
//! use slopes::{FmaFamily, Level};
//!
//! Level::lowest().set_global()?;
//! assert_eq!(Level::current().family(), FmaFamily::Unfused);
//! assert_eq!(Sigmoid.forward(1.0_f32).to_bits(), 0x3f3b_26a8); // 0.7310586, on every machine
//! # Ok::<(), slopes::UnsupportedLevelError>(())
//! ```
//!
//! Parameters, scales, sums and means are f64. Where the processor has no instructions for f64, the compiler's routines
//! compute them, which take longer.
//!
//! # wasm
//!
//! A module exports functions over its own memory; nothing of this crate needs JavaScript, a binding generator or an
//! import. A module of the function below is 2 kB large, with `opt-level = 3`, `lto = true` and `panic = "abort"`.
//!
//! ```
//! use slopes::activation::{Activation, Gelu};
//!
//! /// # Safety
//! /// `x` points to `len` numbers.
//! #[unsafe(no_mangle)]
//! pub unsafe extern "C" fn gelu(x: *mut f32, len: usize) {
//!     Gelu.forward_in_place(unsafe { core::slice::from_raw_parts_mut(x, len) });
//! }
//!
//! let mut x = [0.0, -1.0, f32::NEG_INFINITY];
//! unsafe { gelu(x.as_mut_ptr(), x.len()) };
//! assert!(x[0] == 0.0 && (x[1] + 0.15865525).abs() < 1e-7 && x[2] == 0.0);
//! ```
//!
//! That module runs in all engines, with one lane. Compiled with `RUSTFLAGS="-C target-feature=+simd128"` it has the kernels
//! of wasm's 128-bit vectors, [`Level::Simd128`], with the same bits. A module cannot ask for the engine's instructions,
//! and an engine refuses a module that has any that it lacks. All browsers since 2023 have these, and so have Node.js 16,
//! Deno and Wasmtime; for others too, build both modules and load one:
//!
//! ```js
//! // A module of one function, from v128 to v128: local.get 0, i8x16.popcnt.
//! const simd128 = WebAssembly.validate(new Uint8Array([
//!   0, 97, 115, 109, 1, 0, 0, 0, 1, 6, 1, 96, 1, 123, 1, 123, 3, 2, 1, 0, 10, 8, 1, 6, 0, 32, 0, 253, 98, 11,
//! ]));
//! const url = simd128 ? "functions_simd128.wasm" : "functions.wasm";
//! const { instance } = await WebAssembly.instantiateStreaming(fetch(url));
//! ```
//!
//! Nanoseconds per number, of 32 000 f32 between -5 and 5, in Node.js 20 on one core of Zen 4; beside them the formulas as one
//! would write them with `exp`, `tanh` and `ln_1p` of the standard library and `erf` of `libm`, which simd128 does not help:
//!
//! | | one lane | simd128 | formula | formula, simd128 |
//! |---|---|---|---|---|
//! | sigmoid | 5.0 | 1.5 | 10.1 | 8.8 |
//! | tanh | 8.3 | 2.4 | 15.2 | 15.3 |
//! | GELU | 18.7 | 5.9 | 24.1 | 24.0 |
//! | softplus | 19.8 | 8.3 | 28.8 | 28.3 |
//! | Mish | 17.4 | 6.0 | 44.6 | 44.5 |
//! | softmax of rows of 1024 | 10.8 | 3.1 | 11.2 | 10.0 |
//! | softmax of rows of 10 | 15.9 | 4.0 | 10.7 | 10.6 |
//!
//! The relaxed vector instructions of wasm, a fused multiply-add among them, are not used: an engine may round them once or
//! twice, as its processor likes, and results would differ between machines.
//!
//! Next: [`half_precision`](super::half_precision), slices of f16 and bf16.
//!
//! [`AnyActivation`]: crate::activation::AnyActivation
//! [`Level::Scalar`]: crate::Level::Scalar
//! [`Level::Simd128`]: crate::Level::Simd128
