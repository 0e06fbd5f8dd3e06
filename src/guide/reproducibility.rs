//! The same bits on every machine.
//!
//! A number gives the same result alone and at any place of a slice of any length and alignment, in place or not, in
//! any thread. What remains is the processor: levels ([`Level`]) form families ([`FmaFamily`]), and all levels of a family
//! give the same bits.
//!
//! | family | a multiply-add | levels |
//! |---|---|---|
//! | `Fused` | rounds once | AVX-512, AVX2 with FMA, NEON |
//! | `Unfused` | rounds twice | SSE2, simd128 (wasm), and plain Rust (wasm without vectors, riscv64) |
//! | `UnfusedF32` | rounds twice | plain Rust on microcontrollers, which have no f64 |
//! | `FusedF32` | rounds once in f32 | Cortex-M4F and others with `vfma.f32`, but no f64 |
//!
//! So almost all servers, laptops and phones of the last ten years agree without any setting. All families hold the
//! error bounds that the pages of the functions state. `Unfused` and `UnfusedF32` differ where it would be slow, and less
//! accurate, to do without fused operations in f32: there, `Unfused` computes f32 in f64, in functions such as GELU, softplus
//! and Mish. Without f64, sums of losses of pairs are exact, and so may differ from others in the last bits of f64; those of
//! rows have 48 bits, which about one result in a million shows. Otherwise `FusedF32` has the bits of `Fused` in f32, and those
//! of `Unfused` in f64.
//!
//! # Targets
//!
//! | target | level | family | tested |
//! |---|---|---|---|
//! | x86-64 with AVX-512 | `Avx512` | `Fused` | with every change, where the machine has it |
//! | x86-64 with AVX2, FMA and F16C | `Avx2` | `Fused` | with every change; an emulated Haswell too |
//! | other x86-64 | `Sse2` | `Unfused` | with every change; an emulated Nehalem too |
//! | i686 with SSE2 | `Sse2` | `Unfused` | emulated, from time to time (`.ci/cross`) |
//! | aarch64 | `Neon` | `Fused` | emulated, with every change |
//! | wasm32 with simd128 | `Simd128` | `Unfused` | in node, with every change |
//! | wasm32 | `Scalar` | `Unfused` | in node, from time to time (`.ci/wasm`) |
//! | riscv64gc, armv7 | `Scalar` | `Unfused` | emulated, from time to time (`.ci/cross`) |
//! | s390x (big endian) | `Scalar` | `Unfused` | as these; QEMU before 8.0.4 emulates a multiplication wrongly |
//! | Cortex-M4F and kin (`thumbv7em-none-eabihf`) | `Scalar` | `FusedF32` | emulated, with every change |
//! | other microcontrollers (`thumbv6m-none-eabi`) | `Scalar` | `UnfusedF32` | emulated, with every change |
//! | msp430, AVR | `Scalar` | `UnfusedF32` | compiled alone |
//! | powerpc64 | `Scalar` | `Unfused` | no; compilers use AltiVec, which makes subnormal f32 results 0 |
//! | x86 without SSE2 (i586) | | | refused: the x87 computes in higher precision, and rounds twice |
//!
//! NEON on 32-bit ARM flushes subnormal numbers, and its intrinsics are not in stable Rust: armv7 has plain Rust.
//!
//! # On all machines
//!
//! To have the same bits on machines of the first two families, choose the lowest level once, before the first call. It is
//! unfused everywhere, and slower: on x86-64 it has 4 lanes of f32 where AVX2 has 8 and AVX-512 has 16.
//!
//! ```
//! use slopes::activation::{Activation, Sigmoid};
//! use slopes::loss::{Loss, Mse};
//! use slopes::{FmaFamily, Level};
//!
//! Level::lowest().set_global()?;
//! assert_eq!(Level::current().family(), FmaFamily::Unfused);
//!
//! // These bits are the same wherever this test runs.
//! const SIGMOID_OF_1: u32 = 0x3f3b_26a8;
//! let mut y = [0.0_f32; 100];
//! Sigmoid.forward_slice(&[1.0; 100], &mut y);
//! assert!(y.iter().all(|y| y.to_bits() == SIGMOID_OF_1));
//!
//! // Sums too: their order depends on the length alone.
//! let x: Vec<f32> = (0..1000).map(|i| i as f32 / 7.0).collect();
//! let sum = Mse.sum(&x, &[0.0; 1000]);
//! Level::detected().set_global()?;
//! assert_eq!(sum.to_bits(), Mse.sum(&x, &[0.0; 1000]).to_bits()); // squares need no multiply-add
//! # Ok::<(), slopes::UnsupportedLevelError>(())
//! ```
//!
//! [`set_global`] is for the whole process. A level that the machine lacks is an error, and changes nothing.
//!
//! # Sums over batches, threads and machines
//!
//! The sum of a slice has one order, whoever computes it. Sums of parts that arrive in any order are rounded in any order:
//! their totals differ in the last bits from run to run. [`ExactSum`](crate::ExactSum) does not round before the end, so
//! its bits depend on the numbers alone, on all machines of a family, whatever the batches, threads and workers:
//!
//! ```
//! use slopes::ExactSum;
//! use slopes::loss::{Loss, Mse};
//!
//! let prediction: Vec<f32> = (0..10_000).map(|i| (i as f32).sin()).collect();
//! let target = vec![0.0; 10_000];
//! let mut sums: Vec<ExactSum<f32>> =
//!     prediction.chunks(300).zip(target.chunks(300)).map(|(p, t)| Mse.exact_sum(p, t)).collect();
//! sums.reverse(); // any order
//! let mut total = ExactSum::new();
//! sums.iter().for_each(|sum| total.merge(sum));
//! assert_eq!(total, Mse.exact_sum(&prediction, &target));
//! let mean = total.value() / 10_000.0;
//! # assert!((mean - 0.5).abs() < 0.01);
//! ```
//!
//! It takes 2 to 3 times as long as [`Loss::sum`](crate::loss::Loss::sum) of a loss as short as MSE, and 1.3 times that of
//! binary cross-entropy (`cargo bench --bench ratios -- mse`). The rounding mode of the program does not matter to it.
//!
//! # The floating-point environment
//!
//! Bits and error bounds are those of the default environment: rounding to nearest, with subnormal numbers. Nothing here
//! changes it, or depends on the flags of exceptions. In a program that has changed it:
//!
//! - With flush-to-zero and denormals-are-zero (audio and game engines set them), subnormal inputs count as 0 and subnormal
//!   results become 0, of steps inside as well: no NaN appears, and results stay in their range. Logarithms of subnormal
//!   probabilities are infinite, as those of 0.
//! - With another rounding mode, activations and functions of rows give no NaN and stay in their range, but for their
//!   errors, which are larger: up to some hundred ulp, and more where terms cancel. The f32 hyperbolic tangent of numbers
//!   beyond 8.5 is wrong when rounding up. Losses are not for other rounding modes: some give NaN or infinity there.
//!
//! Tests on x86-64 show this for every function, at every level.
//!
//! # To compare levels
//!
//! Tests of a formula of your own should run at every level of the machine: that covers both families on a machine that
//! fuses.
//!
//! ```
//! use slopes::Level;
//! use slopes::activation::{Activation, Tanh};
//!
//! let mut seen = Vec::new();
//! for level in Level::available() {
//!     level.set_global()?;
//!     seen.push((level.family(), Tanh.forward(0.3_f32).to_bits()));
//! }
//! assert!(seen.iter().all(|a| seen.iter().all(|b| a.0 != b.0 || a.1 == b.1)));
//! # Ok::<(), slopes::UnsupportedLevelError>(())
//! ```
//!
//! # What to keep in mind
//!
//! - A sum over two halves is not the sum over the whole, to the last bit, but for an [`ExactSum`](crate::ExactSum). Cut a
//!   batch at fixed places, not by the number of threads, and add the [`Total`]s in a fixed order. `Parallel` (feature `rayon`) cuts a sum where its tree
//!   has a node: it has the bits of the serial sum for any number of threads.
//! - [`RRelu`]'s random slopes in training are a hash of a seed and the place in the array: the same on every machine.
//! - The sign and the payload of a NaN are not defined.
//! - A later version of this crate may round differently, within the bounds that it states. Pin the version if bits
//!   matter.
//! - Matrix products are not part of this crate, and few libraries give the same bits everywhere.
//!
//! This is the last page. The tables of all functions are those of [`activation`](crate::activation) and
//! [`loss`](crate::loss).
//!
//! [`FmaFamily`]: crate::FmaFamily
//! [`Level`]: crate::Level
//! [`RRelu`]: crate::activation::RRelu
//! [`Total`]: crate::loss::Total
//! [`set_global`]: crate::Level::set_global
