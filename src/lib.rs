//! Activation and loss functions: value, slope and curvature; scalar and slice; exact and fast.
//!
//! ```
//! use slopes::activation::{Activation, Swish};
//! use slopes::loss::{Loss, Mse};
//!
//! // One number: f32 or f64.
//! let (y, slope) = (Swish::SILU.forward(0.5_f32), Swish::SILU.derivative(0.5_f32));
//!
//! // Slices, by the widest instructions that the machine has.
//! let x = [-1.0_f32, 0.0, 1.0, 2.0];
//! let mut prediction = [0.0; 4];
//! Swish::SILU.forward_slice(&x, &mut prediction);
//!
//! // A loss, and its gradient in the same pass.
//! let target = [0.0, 0.0, 1.0, 2.0];
//! let mut gradient = [0.0; 4];
//! let loss = Mse.sum_with_gradient(&prediction, &target, 1.0, &mut gradient);
//!
//! // Backwards through the activation: dx = dy f'(x).
//! let mut dx = [0.0; 4];
//! Swish::SILU.backward_slice(&x, &gradient, &mut dx);
//! # assert!(y > 0.0 && slope > 0.5 && loss > 0.0 && dx[3] < 0.0);
//! ```
//!
//! # What it promises
//!
//! - **Accuracy.** Every function declares its worst error in [`Spec`], a few ulp, and holds it over all 2^32 f32: in the
//!   tails down into the subnormals, and at the largest numbers. The slope and the curvature have formulas of their own,
//!   which stay right where the value saturates. Monotone functions are monotone, odd ones odd to the bit.
//! - **Special numbers.** NaN gives NaN, infinities give the limits, the sign of zero is kept.
//! - **Same bits.** A number gives the same result alone, and at any place of a slice of any length and alignment, in
//!   place or not, on every machine of a [`FmaFamily`]: all that fuse multiplication and addition (AVX-512, AVX2, NEON),
//!   and all that do not. Sums too: their order depends on the length alone.
//! - **Speed.** AVX-512, AVX2, SSE2 and NEON kernels, chosen at run time ([`Level`]). No flags, no set-up.
//! - **Half precision.** With the feature `half`, slices may also hold `half::f16` and `half::bf16`: computed in f32,
//!   rounded once ([`Element`]).
//! - **Anywhere.** `#![no_std]`, no allocation, one dependency (`num-traits`; with its feature, `half`).
//!
//! # Features
//!
//! - `precompiled-f32` (default) and `precompiled-f64`: the kernels of the crate's own functions are compiled with the
//!   crate, once, and not with every program that uses them. Results do not depend on it. A dev build runs them at full
//!   speed if `[profile.dev.package."*"]` has `opt-level = 3`.
//! - `half`: slices of `half::f16` and `half::bf16`.
//!
//! # Where to look
//!
//! - [`activation`]: [`Activation`](activation::Activation) of one number, [`RowActivation`](activation::RowActivation) of
//!   rows (softmax), [`GatedUnit`](activation::GatedUnit) of pairs (SwiGLU), [`MaxoutLayer`](activation::MaxoutLayer),
//!   [`AnyActivation`](activation::AnyActivation) and [`by_name`](activation::by_name) for functions that
//!   a configuration names: `leaky_relu(slope=0.2)`.
//! - [`loss`]: [`Loss`](loss::Loss) of pairs of numbers, with weights if wanted, [`AnyLoss`](loss::AnyLoss) for those that
//!   a configuration names, [`Penalty`](loss::Penalty) of weights, [`RowLoss`](loss::RowLoss) of rows (cross-entropy over classes).
//! - [`guide`]: how to write an activation of your own. A [`Formula`](activation::Formula) or a
//!   [`LossFormula`](loss::LossFormula) over [`Lanes`] becomes every method, type and instruction set by
//!   [`impl_activation!`] or [`impl_loss!`].
//!
//! # Parameters
//!
//! Parameters are f64. A function of f32 takes them as an f32 holds them, and is then exact for that parameter.
#![no_std]

#[cfg(feature = "alloc")]
extern crate alloc;

mod check;
#[doc(hidden)]
pub mod compiled;
mod declare;
#[allow(unsafe_code, reason = "one of the three places that may")]
mod element;
mod error;
#[allow(unsafe_code, reason = "one of the three places that may, and that of CPUID")]
mod level;
mod math;
mod names;
mod parse;
mod row;
#[allow(unsafe_code, reason = "one of the three places that may")]
mod simd;
#[allow(unsafe_code, reason = "one of the three places that may")]
mod slice;
mod spec;
mod sum;

pub mod activation;
pub mod guide;
pub mod loss;

pub use element::Element;
pub use error::{ParameterError, ParseError, ParseErrorKind, UnknownNameError, UnsupportedLevelError};
pub use level::{FmaFamily, Level};
pub use math::FloatMath;
pub use row::Rows;
pub use simd::{Lanes, Real};

/// The README's examples are tests too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
pub use spec::{ErrorBound, Parity, Spec};
