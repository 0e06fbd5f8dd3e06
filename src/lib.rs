//! Activation and loss functions with first and second derivatives, for slices and single numbers of f32, f64, f16 and
//! bf16.
//!
//! ```
//! use slopes::activation::{Activation, Swish};
//! use slopes::loss::{Loss, Mse};
//!
//! // Slices, by the widest SIMD instructions of the CPU.
//! let x = [-1.0_f32, 0.0, 1.0, 2.0];
//! let mut prediction = [0.0; 4];
//! Swish::SILU.forward_slice(&x, &mut prediction);
//!
//! // A loss and its gradient in one pass.
//! let target = [0.0, 0.0, 1.0, 2.0];
//! let mut gradient = [0.0; 4];
//! let loss = Mse.sum_with_gradient(&prediction, &target, 1.0, &mut gradient);
//!
//! // Backpropagation through the activation: dx = dy f'(x).
//! let mut dx = [0.0; 4];
//! Swish::SILU.backward_slice(&x, &gradient, &mut dx);
//!
//! // Single numbers, with the same bits.
//! let (y, derivative) = (Swish::SILU.forward(2.0_f32), Swish::SILU.derivative(2.0_f32));
//! assert_eq!(y, prediction[3]);
//! # assert!(derivative > 1.0 && loss > 0.0 && dx[3] < 0.0);
//! ```
//!
//! Prefer slices to single numbers: a slice method dispatches once, and its kernel fills all lanes of a register.
//!
//! # Properties
//!
//! - **Accuracy.** Values are within 2 ulp for most functions; every page states its error bounds, and its [`Spec`] has
//!   them. The f32 bounds of activations of one number hold over all 2^32 inputs: in the
//!   tails down into the subnormals, and at the largest numbers. First and second derivatives have formulas of their
//!   own, which stay accurate where the value saturates. Monotone functions are computed monotonically, and odd and
//!   even functions are odd and even to the bit.
//! - **Special numbers.** NaN gives NaN, infinities give the limits, the sign of zero is kept.
//! - **Reproducibility.** Results are bit-identical on all CPUs with fused multiply-add (AVX-512, AVX2, NEON), and on
//!   all without, microcontrollers aside: the families of [`FmaFamily`]. They do not depend on whether a number is
//!   computed alone or in a slice, in place or not, nor on the length, the alignment and the index. The order of a sum
//!   depends on the length alone.
//! - **Speed.** AVX-512, AVX2, SSE2 and NEON kernels, chosen at run time ([`Level`]); no compiler flags, no
//!   initialization. In wasm, simd128 kernels if the module is compiled for them.
//! - **Half precision.** With the feature `half`, slices may hold `half::f16` and `half::bf16`: computed in f32,
//!   rounded once ([`Element`]).
//! - **Portability.** `#![no_std]`, no allocation (but for the feature `ndarray`), one dependency (`num-traits`); those of
//!   the features `half`, `ndarray`, `rayon` and `serde` are theirs.
//!
//! # Features
//!
//! - `alloc` (default): `Box<A>` and `Arc<A>` of an activation or a loss are one too. The crate itself never allocates.
//! - `precompiled-f32` (default) and `precompiled-f64`: the kernels of the crate's own functions are compiled once,
//!   with the crate. Without the feature, a program compiles the kernels that it uses. Results are the same.
//! - `half`: slices of `half::f16` and `half::bf16`.
//! - `ndarray`: methods of arrays of `ndarray` 0.17, of any layout: `x.activated(&Gelu)`, `x.softmax(Axis(1))`,
//!   `prediction.mean_loss_with_gradient(&Mse, &target)`. See [`guide::arrays`].
//! - `rayon`: `Parallel`, the methods of slices and rows on several threads, with the same bits. Needs `std`.
//! - `serde`: `Serialize` and `Deserialize` of functions: [`AnyActivation`](activation::AnyActivation) and the other enums
//!   as texts, functions of known types as maps of their parameters. See [`guide::configuration`].
//!
//! # Build profiles
//!
//! A dev build compiles the crate without optimization, unless the program's `Cargo.toml` says otherwise:
//!
//! ```toml
//! [profile.dev.package."*"]
//! opt-level = 3
//! ```
//!
//! Precompiled kernels then run at full speed in dev builds too.
//!
//! # Overview
//!
//! - [`activation`]: [`Activation`](activation::Activation), elementwise functions;
//!   [`RowActivation`](activation::RowActivation), functions of rows (softmax);
//!   [`GatedUnit`](activation::GatedUnit), gated linear units (SwiGLU); [`MaxoutLayer`](activation::MaxoutLayer);
//!   [`AnyActivation`](activation::AnyActivation), [`AnyRowActivation`](activation::AnyRowActivation) and
//!   [`AnyGatedUnit`](activation::AnyGatedUnit), functions by their names in a configuration: `leaky_relu(slope=0.2)`.
//! - [`loss`]: [`Loss`](loss::Loss), losses of a prediction and a target, with optional sample weights;
//!   [`RowLoss`](loss::RowLoss), losses of rows (cross-entropy over classes); [`Penalty`](loss::Penalty), weight
//!   penalties (L1, L2); [`AnyLoss`](loss::AnyLoss), [`AnyRowLoss`](loss::AnyRowLoss),
//!   [`AnyGroupLoss`](loss::AnyGroupLoss) and [`AnyPenalty`](loss::AnyPenalty), losses and penalties by their names in a configuration.
//! - [`guide`]: a short book, from the first steps to functions of your own: [`impl_activation!`] makes every method,
//!   for every element type and instruction set, from a [`Formula`](activation::Formula) over [`Lanes`]; [`impl_loss!`]
//!   does so from a [`LossFormula`](loss::LossFormula).
//!
//! # Parameters
//!
//! Parameters are f64. A function of f32 rounds them to f32, and its error bounds hold for the rounded parameters.
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "rayon")]
extern crate std;

mod any;
mod check;
#[doc(hidden)]
pub mod compiled;
mod convert;
mod declare;
#[allow(unsafe_code, reason = "one of the three modules with unsafe code")]
mod element;
mod error;
mod exact_sum;
mod function;
#[allow(unsafe_code, reason = "calls CPUID")]
mod level;
mod math;
mod names;
mod options;
mod parse;
mod row;
#[cfg(feature = "serde")]
mod serde;
#[allow(unsafe_code, reason = "one of the three modules with unsafe code")]
mod simd;
#[allow(unsafe_code, reason = "one of the three modules with unsafe code")]
mod slice;
mod spec;
mod sum;

pub mod activation;
pub mod guide;
pub mod loss;
#[cfg(feature = "ndarray")]
pub mod ndarray;
#[cfg(feature = "rayon")]
mod parallel;
pub mod prelude;
pub mod quantized;

pub use element::Element;
pub use error::{ParameterError, ParseError, ParseErrorKind, UnknownNameError, UnsupportedLevelError};
pub use exact_sum::ExactSum;
pub use level::{FmaFamily, Level};
pub use math::FloatMath;
#[cfg(feature = "rayon")]
pub use parallel::Parallel;
pub use row::Rows;
pub use simd::{Lanes, Real};
pub use spec::{ErrorBound, ParameterKind, Parity, Spec};

/// The examples of the README, which are tests too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
