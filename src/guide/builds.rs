//! Dev builds, compile times, and slices or single numbers.
//!
//! # Two lines for dev builds
//!
//! Kernels are loops over vector instructions. Unoptimised, they are up to 200 times slower. Add this to the
//! `Cargo.toml` of your program or workspace:
//!
//! ```toml
//! [profile.dev.package."*"]
//! opt-level = 3
//! ```
//!
//! Packages are then optimised, once, and your own code is still built for debugging. Every slice method of a dev build
//! is then as fast as in a release build: at worst 1.04 times its time. `debug = false` below the two lines halves the
//! time that it takes to compile the packages.
//!
//! # Features
//!
//! What is compiled with this crate, and not with your program, is chosen by features. None is needed for correctness:
//! kernels that are not compiled ahead are compiled with the program that uses them, those that it uses.
//!
//! | features | compiled ahead | first build, CPU seconds |
//! |---|---|---|
//! | `default-features = false` | nothing | 6.7 |
//! | `precompiled-f32` (default) | every function, row and loss in f32 | 52 |
//! | and `precompiled-f64`, `half` | the same in f64; rows and layers of f16 and bf16 | 118 |
//!
//! The first build is `cargo build --release` with all dependencies on Zen 4; it is repeated when the compiler, the
//! profile or the version of this crate changes. After an edit, a program that uses six functions and a name is rebuilt
//! in 0.65 to 0.9 s in release, in 0.43 to 0.56 s in a dev build. `time cargo build --release` measures it,
//! `cargo build --release --timings` by package.
//!
//! - A program of one or two functions, a microcontroller, wasm: `default-features = false`, and each edit compiles
//!   what it uses.
//! - A program in f64: `precompiled-f64`. Without it a name ([`by_name`], [`AnyActivation`]) compiles every function in
//!   f64 after each edit.
//! - A formula of your own becomes kernels of your crate: they are as fast as your crate is optimised. Keep them in a
//!   crate of their own, which the two lines above optimise if it is not a member of your workspace.
//! - On x86-64 compile for speed or with `opt-level = "s"`; with `"z"` the compiler makes functions of vector
//!   instructions.
//! - `target-cpu=native` is not needed: kernels are chosen at run time.
//!
//! # Slices or single numbers
//!
//! Prefer slices. `forward` of one number enters a kernel for one lane; `forward_slice` enters it once for all of them,
//! and is some ten times faster per element (SiLU with AVX2: 0.54 against 5.8 ns). Slices of a few numbers cost about
//! as much as as many single calls; gather them into longer ones. The results are the same, to the bit:
//!
//! ```
//! use slopes::activation::{Activation, Swish};
//!
//! let x: Vec<f32> = (0..1000).map(|i| i as f32 / 100.0 - 5.0).collect();
//! let mut y = vec![0.0; x.len()];
//! Swish::SILU.forward_slice(&x, &mut y);
//! assert!(x.iter().zip(&y).all(|(x, y)| Swish::SILU.forward(*x).to_bits() == y.to_bits()));
//! ```
//!
//! So in place of `mapv(|x| f.forward(x))` of an `ndarray`, call `f.forward_in_place(x.as_slice_mut().unwrap())`, or
//! `x.activate_inplace(&f)` with the feature `ndarray` (see [`arrays`](super::arrays)):
//!
//! ```
//! use ndarray::array;
//! use slopes::activation::{Activation, LeakyRelu};
//!
//! let mut x = array![[-1.0_f64, 2.0], [-4.0, 0.0]];
//! LeakyRelu::new(0.25)?.forward_in_place(x.as_slice_mut().unwrap());
//! assert_eq!(x, array![[-0.25, 2.0], [-1.0, 0.0]]);
//! # Ok::<(), slopes::ParameterError>(())
//! ```
//!
//! Of several outputs take the method that makes them in one pass: `forward_with_derivative`, `mean_with_gradient`,
//! `gradient_with_hessian_bound`.
//!
//! # Threads
//!
//! With the feature `rayon`, `Parallel(f)` is `f` on several threads: `Parallel(Gelu).forward_slice(&x, &mut y)`,
//! `Parallel(SoftmaxCrossEntropy::new()).mean_with_gradient(..)`, with the same bits. Slices of fewer than 2^17 numbers
//! stay on one. Where a program already has a thread for each sample or batch, serial calls are faster.
//!
//! Next: [`embedded`](super::embedded), microcontrollers and wasm.
//!
//! [`AnyActivation`]: crate::activation::AnyActivation
//! [`by_name`]: crate::activation::by_name
