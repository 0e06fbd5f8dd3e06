//! Write your own activation.
//!
//! There are two ways. A [`Formula`] is a text over registers: from one text follow every method of [`Activation`], for
//! f32 and f64, at every [`Level`], with the same bits alone and in a slice. Or implement [`Activation`] itself by two
//! methods, for what cannot be written so.
//!
//! # A formula
//!
//! The square that keeps its sign, x |x|:
//!
//! ```
//! use slopes::Lanes;
//! use slopes::activation::{Activation, Formula};
//!
//! #[derive(Clone, Copy)]
//! struct SignedSquare;
//!
//! impl Formula for SignedSquare {
//!     #[inline(always)]
//!     fn f<L: Lanes>(self, x: L) -> L {
//!         x * x.abs()
//!     }
//!     #[inline(always)]
//!     fn df<L: Lanes>(self, x: L) -> L {
//!         x.abs() * 2.0
//!     }
//!     #[inline(always)]
//!     fn d2f<L: Lanes>(self, x: L) -> L {
//!         let two = x.splat(2.0).copysign(x);
//!         two.select(x.equals(x), x) // NaN is the one number that does not equal itself.
//!     }
//! }
//! // The methods, for every element type; their kernels are compiled in this crate.
//! slopes::impl_activation!(SignedSquare);
//!
//! // One number or many, f32 or f64:
//! assert_eq!(SignedSquare.forward(-3.0_f32), -9.0);
//! assert_eq!(SignedSquare.derivative(-3.0_f64), 6.0);
//! let (x, dy) = ([-3.0_f32, 0.5, 2.0], [1.0, 1.0, 10.0]);
//! let (mut y, mut dx) = ([0.0; 3], [0.0; 3]);
//! SignedSquare.forward_slice(&x, &mut y);
//! SignedSquare.backward_slice(&x, &dy, &mut dx);
//! assert_eq!((y, dx), ([-9.0, 0.25, 4.0], [6.0, 1.0, 40.0]));
//! ```
//!
//! `L` is a register of 1 to 16 numbers of one type. Operators work between registers, and with an f64 constant on the
//! right; [`x.splat(c)`] is a register of a constant. There is no `if` on a register, because its lanes may go
//! different ways: compute both sides, and [`select`] by a comparison. Parameters are fields, of type f64, and are the
//! same for all lanes; on them `if` is fine.
//!
//! # Two methods
//!
//! What needs a function that registers do not have, such as an arctangent, computes number by number. The slices come
//! with the trait; the curvature, unless you write it, is NaN.
//!
//! ```
//! use slopes::activation::Activation;
//!
//! struct Arctangent;
//!
//! impl Activation<f32> for Arctangent {
//!     fn forward(&self, x: f32) -> f32 {
//!         x.atan()
//!     }
//!     fn derivative(&self, x: f32) -> f32 {
//!         1.0 / (x * x + 1.0)
//!     }
//! }
//!
//! let mut x = [0.0, f32::INFINITY];
//! Arctangent.forward_in_place(&mut x);
//! assert_eq!(x, [0.0, std::f32::consts::FRAC_PI_2]);
//! ```
//!
//! # Keeping it accurate
//!
//! A formula from a paper, typed in, is right in the middle and wrong at the edges. Take ELiSH
//! ([arXiv:1808.00783](https://arxiv.org/abs/1808.00783)), with s the logistic function: x s(x) from 0 on, and (e^x -
//! 1) s(x) below. Its slope below 0 is e^x s + (e^x - 1) s (1 - s).
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
//! e over powers of 1 + e. This is the whole kernel, and its test:
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
//! // The oracle is the paper's formula in f64: 29 bits more, and no overflow at any f32 that matters.
//! let s = |x: f64| 1.0 / (1.0 + (-x).exp());
//! let value = |x: f64| if x < 0.0 { x.exp_m1() * s(x) } else { x * s(x) };
//! let slope = |x: f64| if x < 0.0 { x.exp() * s(x) + x.exp_m1() * s(x) * s(-x) } else { s(x) + x * s(x) * s(-x) };
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
//!     // A rounding is off by at most u, relatively, and u is at most 1 ulp. exp_m1 (1.5 ulp, so 3 u), exp (1.8 u), their
//!     // product, the sum (1 u, and 0.9 u from exp), the quotient: below 10 ulp.
//!     Elish.forward_slice(&x, &mut y);
//!     for (&x, &y) in x.iter().zip(&y) {
//!         let exact = value(x.into());
//!         assert!((f64::from(y) - exact).abs() <= 10.0 * ulp(exact), "{level:?}: f({x:e}) = {y:e}, not {exact:e}");
//!     }
//!     // The slope passes through 0 at -0.88, and beside a root no relative bound holds. An absolute one does: the parts of
//!     // the bracket are off by less than 16 u together, and e / d^2 before it is at most 1/4.
//!     Elish.derivative_slice(&x, &mut y);
//!     for (&x, &y) in x.iter().zip(&y) {
//!         let (exact, floor) = (slope(x.into()), if (-2.0..0.0).contains(&x) { 4.0 * u } else { 0.0 });
//!         let bound = floor.max(10.0 * ulp(exact));
//!         assert!((f64::from(y) - exact).abs() <= bound, "{level:?}: f'({x:e}) = {y:e}, not {exact:e}");
//!     }
//!     // The curvature is the slope of the slope. It is at most 1, and takes some 20 roundings; a central difference is off
//!     // by about h^2, which is nothing beside them.
//!     let h = 1e-5;
//!     for x in (1..400).map(|i| i as f32 / 16.0).flat_map(|x| [x, -x]) {
//!         let wide = f64::from(x);
//!         let difference = (slope(wide + h) - slope(wide - h)) / (2.0 * h);
//!         let y = Elish.second_derivative(x);
//!         assert!((f64::from(y) - difference).abs() <= 20.0 * u, "{level:?}: f''({x}) = {y}, not {difference}");
//!     }
//!     // The edges, where a wrong text shows first.
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
//! slope. What needs no test is that slices of every length, alignment and level agree with single numbers: the loops
//! are the crate's, and are tested there. For f64, or below 3 ulp, std is no oracle any more: take references from
//! arithmetic of more digits.
//!
//! # Rules
//!
//! **Accuracy is relative.** A network multiplies: a slope of 1e-9 that came out as 0 teaches nothing. Where the result
//! is small, its terms must not be large. Near 0 use [`exp_m1`] and [`ln_1p`], and turn sqrt(x^2 + 1) - 1 into x^2 /
//! (sqrt(x^2 + 1) + 1). In the tails multiply. At a root inside the range, nothing is small by itself: there the
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
//!
//! **`#[inline(always)]` on everything, and no closures.** The loop that calls a formula is compiled for instructions
//! that the rest of the program may not use. What is inlined into it is compiled with it; what is not, a helper without
//! the attribute, or a closure given to `map` or to an iterator, is compiled without them, and is slower by far. Write
//! helpers as functions, and loops as `while`.
//!
//! # What there is
//!
//! - [`Lanes`]: `+ - * /`, `mul_add`, `sqrt`, `abs`, `copysign`, `xor_sign`, `at_most`, `at_least`; comparisons `lt`,
//!   `le`, `equals`, and `select`, `select_negative`; `splat`, `fill`; `mul_error`, `scale` by a power of two,
//!   `split` into significand and exponent.
//! - [`FloatMath`]: `exp`, `exp_m1`, `tanh`, `ln`, `ln_1p`, with their worst errors.
//! - [`L::Real`]: the type of a lane, with its constants.
//! - [`Formula::value_and_slope`] where the two share work: the bits must be those of the two methods.
//! - [`Formula::facts`] if other code should know the name, the limits or the error of your function.
//! - [`LossFormula`]: the same for a loss.
//!
//! [`Activation`]: crate::activation::Activation
//! [`Formula::facts`]: crate::activation::Formula::facts
//! [`Formula::value_and_slope`]: crate::activation::Formula::value_and_slope
//! [`Formula`]: crate::activation::Formula
//! [`FloatMath`]: crate::FloatMath
//! [`L::FUSED`]: crate::Lanes::FUSED
//! [`L::Real`]: crate::Real
//! [`Lanes`]: crate::Lanes
//! [`Level`]: crate::Level
//! [`LossFormula`]: crate::loss::LossFormula
//! [`at_least`]: crate::Lanes::at_least
//! [`at_most`]: crate::Lanes::at_most
//! [`exp_m1`]: crate::FloatMath::exp_m1
//! [`ln_1p`]: crate::FloatMath::ln_1p
//! [`mul_add`]: crate::Lanes::mul_add
//! [`mul_error`]: crate::Lanes::mul_error
//! [`select`]: crate::Lanes::select
//! [`x.splat(c)`]: crate::Lanes::splat
