//! Keep a formula of your own accurate, and test it.
//!
//! A formula from a paper, typed in, is right in the middle and wrong at its edges. Take ELiSH
//! ([arXiv:1808.00783](https://arxiv.org/abs/1808.00783)), with s the logistic function: x s(x) from 0 on, and (e^x -
//! 1) s(x) below. Its derivative below 0 is e^x s + (e^x - 1) s (1 - s).
//!
//! ```
//! let s = |x: f32| 1.0 / (1.0 + (-x).exp());
//! let value = |x: f32| (x.exp() - 1.0) * s(x);
//!
//! // Near 0, e^x rounds to a number beside 1, and what the subtraction leaves of it is mostly that rounding:
//! assert!((value(-1e-6) + 4.999995e-7).abs() > 5e-9); // 1 % off, of a number with seven digits
//! // In the tail, e^-x overflows long before s is 0:
//! assert_eq!(value(-89.0), 0.0); // -2.2e-39
//! // 1 - s is lost as soon as s rounds to 1; at the other end, infinity meets 0:
//! assert_eq!(1.0 - s(20.0), 0.0); // 2.1e-9
//! assert!((f32::INFINITY * (1.0 - s(f32::INFINITY))).is_nan()); // 0
//! ```
//!
//! The cure is the same for most functions: compute with e = e^-|x|, which lies between 0 and 1 and never overflows,
//! and write what is small as a product, never as a difference from 1. The logistic function is 1 / (1 + e) on one side
//! and e / (1 + e) on the other; e^x - 1 has a function of its own; and the derivatives, worked out, are polynomials in
//! e over powers of 1 + e. The whole formula, and its test:
//!
//! ```
//! use slopes::activation::{Activation, Formula};
//! use slopes::{FloatMath, Lanes, Level};
//!
//! #[derive(Clone, Copy)]
//! struct Elish;
//!
//! /// a = |x|, e = exp(-a), d = 1 + e. Where e is 0 in both types, a is cut: infinity times 0 is NaN.
//! #[inline(always)]
//! fn parts<L: Lanes>(x: L) -> (L, L, L) {
//!     let a = x.abs().at_most(x.splat(800.0));
//!     let e = (-a).exp();
//!     (a, e, e + 1.0)
//! }
//!
//! impl Formula for Elish {
//!     #[inline(always)]
//!     fn f<L: Lanes>(self, x: L) -> L {
//!         let (a, e, d) = parts(x);
//!         let numerator = ((-a).exp_m1() * e).select(x.lt(x.splat(0.0)), x);
//!         numerator / d
//!     }
//!     #[inline(always)]
//!     fn df<L: Lanes>(self, x: L) -> L {
//!         let (a, e, d) = parts(x);
//!         let negative = e * (e * (e + 2.0) - 1.0);
//!         negative.select(x.lt(x.splat(0.0)), a.mul_add(e, d)) / (d * d)
//!     }
//!     #[inline(always)]
//!     fn d2f<L: Lanes>(self, x: L) -> L {
//!         let (a, e, d) = parts(x);
//!         let cube = d * d * d;
//!         let rest = x.splat(1.0) - e;
//!         (cube - rest * 2.0).select(x.lt(x.splat(0.0)), d * 2.0 - a * rest) * e / cube
//!     }
//! }
//! slopes::impl_activation!(Elish);
//!
//! // The reference is the paper's formula in f64: 29 bits more, and no overflow at any f32 that matters.
//! let s = |x: f64| 1.0 / (1.0 + (-x).exp());
//! let value = |x: f64| if x < 0.0 { x.exp_m1() * s(x) } else { x * s(x) };
//! let derivative = |x: f64| match x < 0.0 {
//!     true => x.exp() * s(x) + x.exp_m1() * s(x) * s(-x),
//!     false => s(x) + x * s(x) * s(-x),
//! };
//!
//! // Every 65521st of all f32: both signs, every binade, subnormals too.
//! let x: Vec<f32> = (0..=u32::MAX).step_by(65521).map(f32::from_bits).filter(|x| x.is_finite()).collect();
//! let mut y = vec![0.0; x.len()];
//! // The rounding of an f32 near 1, and one unit in the last place of an f32 near y.
//! let u = 2f64.powi(-24);
//! let ulp = |y: f64| 2f64.powf(y.abs().log2().floor().max(-126.0) - 23.0);
//!
//! for level in Level::available() {
//!     level.set_global()?;
//!     // A rounding is off by at most u, relatively, and u is at most 1 ulp. exp_m1 (1.5 ulp, so 3 u), exp (1.8 u),
//!     // their product, the sum (1 u, and 0.9 u from exp), the quotient: below 10 ulp.
//!     Elish.forward_slice(&x, &mut y);
//!     for (&x, &y) in x.iter().zip(&y) {
//!         let exact = value(x.into());
//!         assert!((f64::from(y) - exact).abs() <= 10.0 * ulp(exact), "{level:?}: f({x:e}) = {y:e}, not {exact:e}");
//!     }
//!     // The derivative passes through 0 at -0.88. Beside a root no relative bound holds, but an absolute one does:
//!     // the parts of the bracket are off by less than 16 u together, and e / d^2 before it is at most 1/4.
//!     Elish.derivative_slice(&x, &mut y);
//!     for (&x, &y) in x.iter().zip(&y) {
//!         let (exact, floor) = (derivative(x.into()), if (-2.0..0.0).contains(&x) { 4.0 * u } else { 0.0 });
//!         let bound = floor.max(10.0 * ulp(exact));
//!         assert!((f64::from(y) - exact).abs() <= bound, "{level:?}: f'({x:e}) = {y:e}, not {exact:e}");
//!     }
//!     // The second derivative is at most 1, and takes some 20 roundings; a central difference is off
//!     // by about h^2, which is nothing beside them.
//!     let h = 1e-5;
//!     for x in (1..400).map(|i| i as f32 / 16.0).flat_map(|x| [x, -x]) {
//!         let wide = f64::from(x);
//!         let difference = (derivative(wide + h) - derivative(wide - h)) / (2.0 * h);
//!         let y = Elish.second_derivative(x);
//!         assert!((f64::from(y) - difference).abs() <= 20.0 * u, "{level:?}: f''({x}) = {y}, not {difference}");
//!     }
//!     // The edges, where a wrong formula shows first.
//!     let at = |x: f32| [Elish.forward(x), Elish.derivative(x), Elish.second_derivative(x)];
//!     assert!(at(f32::NAN).iter().all(|y| y.is_nan()));
//!     assert_eq!(at(f32::INFINITY), [f32::INFINITY, 1.0, 0.0]);
//!     assert_eq!(at(f32::NEG_INFINITY), [0.0, 0.0, 0.0]);
//!     assert_eq!(at(-0.0)[0].to_bits(), (-0.0_f32).to_bits());
//! }
//! # Ok::<(), slopes::UnsupportedLevelError>(())
//! ```
//!
//! The bounds are counted, and so they are proofs; the worst over every 257th f32 is 3 ulp of the value and 5 of the
//! derivative. What needs no test is that slices of every length, alignment and level agree with single numbers: the
//! loops are the crate's, and are tested there. For f64, or below 3 ulp, the standard library is no reference: take one
//! from arithmetic of more digits.
//!
//! # Rules
//!
//! **Accuracy is relative.** A network multiplies: a derivative of 1e-9 that came out as 0 teaches nothing. Where the
//! result is small, its terms must not be large. Near 0 use [`exp_m1`] and [`ln_1p`], and turn sqrt(x^2 + 1) - 1 into
//! x^2 / (sqrt(x^2 + 1) + 1). In the tails multiply. At a root inside the range, nothing is small by itself: there the
//! absolute error counts.
//!
//! **An exponent's error is multiplied.** e^z turns an absolute error of z into a relative one of the result: z near 80
//! that was rounded once is 2^-18 off, and e^z 32 ulp. Where z is x, it is exact. Where z is a product, say x^2 / 2,
//! what the rounding lost is [`mul_error`]: e^(z + low) = e^z (1 + low), to first order.
//!
//! **NaN in, NaN out.** [`at_most`] and [`at_least`] pass NaN on, unlike the minimum of a processor. Comparisons are
//! false for NaN: the branch that passes x on belongs on the side of "false". A constant has forgotten its x:
//! `constant.select(x.equals(x), x)`.
//!
//! **Infinity has a limit.** inf - inf, 0 times inf and inf / inf are NaN. Cut the argument where the function has
//! reached its limit in f64; keep x itself for the side that grows.
//!
//! **Two families.** On machines that fuse, [`mul_add`] rounds once, on others twice, and [`L::FUSED`] tells which: a
//! constant, so that `if L::FUSED` costs nothing. A plain `a * b + c` is never fused behind your back. What is proved
//! of one family need not hold of the other: test both. `Level::available` has a level of each on a machine that fuses.
//! A formula whose error terms cost too much without fused operations may ask for f64 there ([`IN_F64`]): its registers
//! then hold f64, and count as fused.
//!
//! Next: [`builds`](super::builds), compile times and features.
//!
//! [`IN_F64`]: crate::activation::Formula::IN_F64
//! [`L::FUSED`]: crate::Lanes::FUSED
//! [`at_least`]: crate::Lanes::at_least
//! [`at_most`]: crate::Lanes::at_most
//! [`exp_m1`]: crate::FloatMath::exp_m1
//! [`ln_1p`]: crate::FloatMath::ln_1p
//! [`mul_add`]: crate::Lanes::mul_add
//! [`mul_error`]: crate::Lanes::mul_error
