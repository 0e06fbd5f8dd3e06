//! Slices of f16 and bf16, with the feature `half`.
//!
//! ```toml
//! [dependencies]
//! slopes = { version = "0.1", features = ["half"] }
//! half = "2"
//! ```
//!
//! The two types of the crate `half` are formats of memory: every method that takes slices of f32 takes them too.
//! Numbers are widened to f32 as they are loaded, which is exact; computed in f32; and rounded once, to nearest, as
//! they are stored. So an output is within 0.502 ulp of the exact one.
//!
//! | type | significand | largest | least normal | least subnormal |
//! |---|---|---|---|---|
//! | `f16` | 11 bits | 65504 | 6.1e-5 | 6.0e-8 |
//! | `bf16` | 8 bits | 3.4e38 | 1.2e-38 | 9.2e-41 |
//!
//! ```
//! # #[cfg(feature = "half")] {
//! use half::{bf16, f16};
//! use slopes::activation::{Activation, Swish};
//!
//! let x = [f16::from_f32(-20.0), f16::ZERO, f16::from_f32(2.0)];
//! let mut y = [f16::ZERO; 3];
//! Swish::SILU.forward_slice(&x, &mut y);
//! // -20 / (1 + e^20) is -4.12e-8, less than the least f16 and nearer to it than to 0.
//! assert_eq!(y, [f16::from_bits(0x8001), f16::ZERO, f16::from_f32(1.7615942)]);
//!
//! let mut z = [bf16::from_f32(-20.0)];
//! Swish::SILU.forward_in_place(&mut z);
//! assert_eq!(z, [bf16::from_f32(-4.1223073e-8)]);
//! # }
//! ```
//!
//! # Losses
//!
//! Sums and means are f64: they add the losses before those are rounded, and do not overflow. A stored loss may: the
//! square of a residual of 256 is more than an f16 holds. So keep sums, not losses, or store losses as bf16.
//!
//! ```
//! # #[cfg(feature = "half")] {
//! use half::f16;
//! use slopes::loss::{Loss, Mse};
//!
//! let (prediction, target) = (vec![f16::from_f32(300.0); 1000], vec![f16::ZERO; 1000]);
//! assert_eq!(Mse.sum(&prediction, &target), 9e7);
//! assert_eq!(Mse.mean(&prediction, &target), 9e4);
//!
//! let mut losses = vec![f16::ZERO; 1000];
//! Mse.forward_slice(&prediction, &target, &mut losses);
//! assert_eq!(losses[0], f16::INFINITY);
//! # }
//! ```
//!
//! # Gradients
//!
//! A scale is an f64, and its product with the derivative is rounded once. But the gradient of a mean over many samples
//! is small, and subnormal numbers of f16 have few bits. Scale the loss, as in all training in f16, and divide by the
//! same number where gradients are f32 again:
//!
//! ```
//! # #[cfg(feature = "half")] {
//! use half::f16;
//! use slopes::loss::{Loss, Mse};
//!
//! const SAMPLES: usize = 100_000;
//! const LOSS_SCALE: f64 = 65536.0;
//! let (prediction, target) = (vec![f16::from_f32(0.013); SAMPLES], vec![f16::ZERO; SAMPLES]);
//! let exact = 2.0 * f64::from(prediction[0]) / SAMPLES as f64; // 2.6e-7
//!
//! let mut gradient = vec![f16::ZERO; SAMPLES];
//! Mse.mean_with_gradient(&prediction, &target, &mut gradient);
//! assert!((f64::from(gradient[0]) / exact - 1.0).abs() > 0.05); // 2 bits are left
//!
//! Mse.gradient(&prediction, &target, LOSS_SCALE / SAMPLES as f64, &mut gradient);
//! assert!((f64::from(gradient[0]) / LOSS_SCALE / exact - 1.0).abs() < 5e-4);
//! # }
//! ```
//!
//! bf16 has the range of f32, and needs no loss scale.
//!
//! - Weights of samples and classes, parameters and temperatures are f64 for all types.
//! - Labels are integers: `Targets::labels(&labels)`. Probabilities as targets are of the type of the predictions.
//! - `by_name::<f16>` and `AnyActivation` work as for f32. Formulas of your own work too: [`impl_activation!`] covers
//!   all types.
//! - The kernels of f32 are used, so `half` beside `precompiled-f32` compiles few kernels of its own.
//!
//! Next: [`reproducibility`](super::reproducibility), the same bits everywhere.
//!
//! [`impl_activation!`]: crate::impl_activation
