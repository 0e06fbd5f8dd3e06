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
//! if it is compiled for them. All other targets have the kernels of one lane in plain Rust, [`Level::Scalar`]. Their
//! results are those of the unfused family: the same bits as any machine at its lowest level gives, so that a test on a
//! workstation shows what the device will compute.
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
//! # Quantized networks
//!
//! In a network of 8 or 16 bits an activation is a table: [`quantized`](crate::quantized) makes it of any activation, with the
//! scales and zero points of TensorFlow Lite. Make it on a desk, and have its bytes in read-only memory:
//!
//! ```
//! use slopes::activation::HardSwish;
//! use slopes::quantized::{Quantization, QuantizedTable};
//!
//! let (input, output) = (Quantization::new(0.05, -3)?, Quantization::new(0.025, -113)?);
//! let bytes = *QuantizedTable::new(&HardSwish, input, output).outputs(); // to be written into the firmware's source
//! assert_eq!(QuantizedTable::from_outputs(bytes).get(17), -86); // HardSwish(1) = 2/3 is 27 steps above -113
//! # Ok::<(), slopes::ParameterError>(())
//! ```
//!
//! # Without f64
//!
//! Microcontrollers have no instructions for f64 (and many none for f32): the compiler's routines, slow and large, stand in
//! for them. There, f32 is computed without f64, by whole numbers and pairs of f32, and the error bounds are the same:
//!
//! - activations, activations of rows, gated units, Maxout, losses of pairs and losses of rows, with `sum`, `total` and
//!   gradients and any parameters and weights of samples, rows or classes, contain no routine for f64. Parameters, scales and
//!   sums are f64 for the caller alone; the sum of a loss is exact, rounded once;
//! - `mean` divides once in f64; initial scores, masks and penalties need a few routines; distance losses, dense Maxout layers,
//!   radial basis functions, Gumbel-softmax and attention sinks compute in f64 as elsewhere;
//! - the functions of the first kind have no frame above 3 kB on the stack; those of the second are not measured, and some are
//!   larger;
//! - rows are computed one after the other. What makes long rows and many rows fast elsewhere is left out;
//! - a loss of a row is infinite where the difference of two predictions exceeds the largest f32, even if a small weight would
//!   bring it back.
//!
//! The bits are those of the family `UnfusedF32` ([`FmaFamily`](crate::FmaFamily)): a desk has them if it compiles the crate
//! with `RUSTFLAGS="--cfg slopes_without_f64"`.
//!
//! A Cortex-M4F, M7F or M33F has a fused multiply-add of f32, `vfma.f32`, and uses it, by the family `FusedF32`. Stable Rust
//! does not tell the crate what an arm processor has; it is taken from the target, which must be one of `eabihf`:
//! `thumbv7em-none-eabihf` or `thumbv8m.main-none-eabihf`. The instruction is called as a function, because inline assembly has
//! floating-point registers only on machines with f64.
//!
//! Bytes of flash of `forward`, with the default parameters, of one f32 and of a row of 10, with all that it calls, at
//! `opt-level = "z"` with `lto = true`. On a Cortex-M0 about 1300 of them are the compiler's routines for f32, which a program
//! has once (`.ci/firmware --table`; rustc 1.96):
//!
//! | | Cortex-M0 | Cortex-M4F |
//! |---|---|---|
//! | BinaryStep | 240 | 84 |
//! | Celu | 3138 | 1034 |
//! | Elu | 2158 | 694 |
//! | Exp | 1550 | 460 |
//! | Gaussian | 3492 | 1406 |
//! | Gelu | 2862 | 678 |
//! | GeluTanh | 2530 | 614 |
//! | HardShrink | 514 | 420 |
//! | HardSigmoid | 2436 | 1328 |
//! | HardSwish | 1814 | 132 |
//! | HardTanh | 732 | 564 |
//! | Identity | 48 | 68 |
//! | Laplace | 4132 | 1878 |
//! | LeakyRelu | 1194 | 464 |
//! | Linear | 1120 | 462 |
//! | Lisht | 2538 | 542 |
//! | LogCosh | 2130 | 610 |
//! | LogSigmoid | 2062 | 574 |
//! | Mish | 2830 | 694 |
//! | PRelu | 1190 | 460 |
//! | QuickGelu | 2374 | 404 |
//! | RRelu | 2152 | 928 |
//! | Relu | 156 | 70 |
//! | Relu2 | 720 | 74 |
//! | Relu6 | 244 | 92 |
//! | Selu | 3156 | 1500 |
//! | Shrink | 1268 | 558 |
//! | Sigmoid | 1978 | 404 |
//! | Sine | 3278 | 2028 |
//! | Snake | 4924 | 2764 |
//! | SoftCap | 3370 | 1418 |
//! | SoftShrink | 1120 | 430 |
//! | Softplus | 3706 | 1476 |
//! | Softsign | 2250 | 156 |
//! | SparsePlus | 1390 | 120 |
//! | SparseSigmoid | 1300 | 98 |
//! | SqrtSoftplus | 2838 | 1166 |
//! | Squareplus | 3484 | 1290 |
//! | Swish | 3086 | 1372 |
//! | Tanh | 2160 | 424 |
//! | TanhShrink | 2722 | 678 |
//! | Threshold | 646 | 546 |
//! | XIelu | 3854 | 1850 |
//! | softmax of 10 | 3927 | 1531 |
//! | softmax cross-entropy of 10 | 14688 | 12354 |
//!
//! `examples/firmware` is a whole program: the network of the `digits` example, trained on the desk and exported as constants,
//! reads images on both processors, and trains its output layer on them, with the bits that the desk computes. The
//! cross-entropy of ten classes and its gradient take 190 000 instructions on the Cortex-M0 and 8000 on the Cortex-M4F, as
//! `.ci/firmware` prints.
//!
//! On processors of 16 bits (msp430, AVR) the crate compiles, but is not tested.
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
//! Nanoseconds per number, of 32 000 f32 between -5 and 5, in Node.js 20 on one core of a Xeon of 2023; beside them the formulas
//! as one would write them with `exp`, `tanh` and `ln_1p` of the standard library and `erf` of `libm`, which simd128 does not
//! help:
//!
//! | | one lane | simd128 | formula | formula, simd128 |
//! |---|---|---|---|---|
//! | sigmoid | 7.1 | 1.7 | 11.6 | 10.1 |
//! | tanh | 8.0 | 2.6 | 19.6 | 19.6 |
//! | GELU | 20.7 | 7.4 | 27.0 | 27.0 |
//! | softplus | 20.2 | 9.9 | 36.6 | 36.8 |
//! | Mish | 20.2 | 7.9 | 51.5 | 51.4 |
//! | softmax of rows of 1024 | 8.6 | 2.7 | 13.0 | 11.5 |
//! | softmax of rows of 10 | 12.1 | 3.9 | 12.1 | 12.1 |
//!
//! The relaxed vector instructions of wasm, a fused multiply-add among them, are not used: an engine may round them once or
//! twice, as its processor likes, and results would differ between machines.
//!
//! Next: [`half_precision`](super::half_precision), slices of f16 and bf16.
//!
//! [`AnyActivation`]: crate::activation::AnyActivation
//! [`Level::Scalar`]: crate::Level::Scalar
//! [`Level::Simd128`]: crate::Level::Simd128
