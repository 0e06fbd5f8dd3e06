//! Write an activation or a loss of your own.
//!
//! A [`Formula`] is written once, over registers. [`impl_activation!`] makes of it every method of [`Activation`], for
//! every element type and [`Level`], with the same bits for one number and for a slice. [`LossFormula`] and
//! [`impl_loss!`] do so for a [`Loss`].
//!
//! # An activation
//!
//! The scaled tangent c tanh(x / c), with its two derivatives:
//!
//! ```
//! use slopes::activation::{Activation, Formula};
//! use slopes::{FloatMath, Lanes, Spec};
//!
//! #[derive(Clone, Copy, Debug)]
//! struct ScaledTanh {
//!     c: f64,
//! }
//!
//! impl Formula for ScaledTanh {
//!     // Optional: a name and formulas, for `spec()` and for messages.
//!     const SPEC: &'static Spec = &Spec::new(&["scaled_tanh"], ["c tanh(x/c)", "1 - tanh(x/c)^2", "-2 tanh(x/c) (1 - tanh(x/c)^2) / c"]);
//!
//!     #[inline(always)]
//!     fn f<L: Lanes>(self, x: L) -> L {
//!         (x / self.c).tanh() * self.c
//!     }
//!     #[inline(always)]
//!     fn df<L: Lanes>(self, x: L) -> L {
//!         // 1 - tanh^2 would lose its digits in the tails: 4 e / (1 + e)^2, e = exp(-2 |x / c|).
//!         let e = ((x / self.c).abs() * -2.0).exp();
//!         let d = e + 1.0;
//!         e * 4.0 / (d * d)
//!     }
//!     #[inline(always)]
//!     fn d2f<L: Lanes>(self, x: L) -> L {
//!         (x / self.c).tanh() * self.df(x) * (-2.0 / self.c)
//!     }
//! }
//! slopes::impl_activation!(ScaledTanh);
//!
//! let f = ScaledTanh { c: 2.0 };
//! assert_eq!(f.forward(f32::INFINITY), 2.0);
//! let (mut y, mut dx) = ([0.0_f32; 2], [0.0; 2]);
//! f.forward_slice(&[0.0, -3.0], &mut y);
//! f.backward_slice(&[0.0, -3.0], &[10.0, 1.0], &mut dx);
//! assert!((y[1] + 2.0 * 1.5_f32.tanh()).abs() < 1e-6);
//! assert_eq!((y[0], dx[0], dx[1]), (0.0, 10.0, f.derivative(3.0)));
//! ```
//!
//! `L` is a register of numbers of one type. Operators work between registers, and with an f64 on the right;
//! [`x.splat(c)`] is a register of a constant. A register has no `if`, because its lanes may go different ways: compute
//! both sides, and [`select`] by a comparison. Parameters are fields; on them `if` is fine. `#[inline(always)]` belongs
//! on every method and helper: what is not inlined into the kernel is compiled without its instructions, and is slower
//! by far. For the same reason write helpers as functions, not as closures.
//!
//! # A loss
//!
//! The Cauchy loss ln(1 + r^2), r = prediction - target. Its second derivative is negative for large r, so that
//! boosting needs a [`d2f_bound`].
//!
//! ```
//! use slopes::loss::{Loss, LossFormula};
//! use slopes::{FloatMath, Lanes};
//!
//! #[derive(Clone, Copy, Debug)]
//! struct Cauchy;
//!
//! impl LossFormula for Cauchy {
//!     #[inline(always)]
//!     fn f<L: Lanes>(self, prediction: L, target: L) -> L {
//!         let r = prediction - target;
//!         (r * r).ln_1p()
//!     }
//!     #[inline(always)]
//!     fn df<L: Lanes>(self, prediction: L, target: L) -> L {
//!         let r = prediction - target;
//!         r * 2.0 / (r * r + 1.0)
//!     }
//!     #[inline(always)]
//!     fn d2f<L: Lanes>(self, prediction: L, target: L) -> L {
//!         let (r, one) = (prediction - target, prediction.splat(1.0));
//!         let d = r * r + 1.0;
//!         (one - r * r) * 2.0 / (d * d)
//!     }
//!     #[inline(always)]
//!     fn d2f_bound<L: Lanes>(self, prediction: L, target: L) -> L {
//!         let r = prediction - target;
//!         prediction.splat(2.0) / (r * r + 1.0) // df / r
//!     }
//! }
//! slopes::impl_loss!(Cauchy);
//!
//! let mut gradient = [0.0_f64; 2];
//! let mean = Cauchy.mean_with_gradient(&[1.0, 3.0], &[0.0, 3.0], &mut gradient);
//! assert!((mean - 2.0_f64.ln() / 2.0).abs() < 1e-15);
//! assert_eq!(gradient, [0.5, 0.0]);
//! assert_eq!(Cauchy.weighted(&[3.0, 1.0]).mean(&[0.0_f32, 3.0], &[0.0, 3.0]), 0.0);
//! assert!(Cauchy.second_derivative(2.0_f32, 0.0) < 0.0 && Cauchy.hessian_bound(2.0_f32, 0.0) > 0.0);
//! ```
//!
//! # Without registers
//!
//! What needs a function that registers do not have computes number by number: implement [`Activation`] itself, by
//! `forward` and `derivative`. The slices come with the trait.
//!
//! # What there is
//!
//! - [`Lanes`]: `+ - * /`, `mul_add`, `sqrt`, `abs`, `copysign`, `at_most`, `at_least`; comparisons `lt`, `le`, `equals`
//!   and `select`; `ldexp`, `frexp`; `mul_error`.
//! - [`FloatMath`]: `exp`, `exp_m1`, `tanh`, `ln`, `ln_1p`, `sin`, `cos`, with their worst errors.
//! - [`accurate_formulas`](super::accurate_formulas): how to keep a formula right at its edges, and how to test it.
//!
//! Next: [`accurate_formulas`](super::accurate_formulas), a formula that is right at its edges.
//!
//! [`Activation`]: crate::activation::Activation
//! [`FloatMath`]: crate::FloatMath
//! [`Formula`]: crate::activation::Formula
//! [`Lanes`]: crate::Lanes
//! [`Level`]: crate::Level
//! [`Loss`]: crate::loss::Loss
//! [`LossFormula`]: crate::loss::LossFormula
//! [`d2f_bound`]: crate::loss::LossFormula::d2f_bound
//! [`impl_activation!`]: crate::impl_activation
//! [`impl_loss!`]: crate::impl_loss
//! [`select`]: crate::Lanes::select
//! [`x.splat(c)`]: crate::Lanes::splat
