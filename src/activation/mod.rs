//! Activation functions: elementwise functions, functions of rows (softmax), gated linear units, maxout.
//!
//! [`Activation`] is the trait to call; [`Formula`] is the trait to implement for a new function.
//!
//! # Elementwise activations
//!
//! Error bounds are those of the value, the derivative and the second derivative, in ulp; the page of a function has
//! those of f64, and absolute ones beside roots.
//!
#![doc = elementwise_table::table!()]
//!
//! # Activations of rows
//!
//! Error bounds of functions that are not elementwise are those of the value and its gradients: in ulp, or in multiples of
//! 2^-24 times a quantity that the page of the function names.
//!
#![doc = row_table::table!()]
//!
//! # Gated linear units
//!
#![doc = gated_table::table!()]
//!
//! # Other activations
//!
#![doc = others_table::table!()]

#[macro_use]
pub(crate) mod elementwise;
mod gain;
#[macro_use]
pub(crate) mod layer;
mod range;
#[macro_use]
pub(crate) mod row;
pub(crate) mod trained;

use core::fmt;

use crate::check::same_length;
use crate::compiled::Here;
use crate::element::Element;
use crate::error::UnknownNameError;
use crate::simd::{Lanes, in_f64, widens};
use crate::slice::{self, Dst, Map, Src};
use crate::spec::Spec;
use elementwise::{
    exponential, gaussian, gelu, hyperbolic, mish, periodic, piecewise, rectifier, sigmoid, softplus, swish,
};
use layer::glu::units::gated_table;
use row::row_table;

pub use crate::row::{FullyMasked, Rows};
pub use gain::gain;
#[doc(hidden)]
pub use layer::glu::ComputeGated;
pub use layer::glu::units::{AnyGatedUnit, Bilinear, ClampedSwiGlu, Gated, GeGlu, GeGluTanh, Glu, ReGlu, SwiGlu};
pub use layer::glu::{GatedFormula, GatedUnit, GluLayout};
pub use layer::maxout::{Maxout, MaxoutLayer};
pub use layer::radial::RadialBasis;
pub use row::gumbel::GumbelSoftmax;
pub use row::log_sum_exp::LogSumExp;
pub use row::softmax::mask::{Mask, Repeat};
pub use row::softmax::sink::SinkSoftmax;
pub use row::softmax::{LogSoftmax, Softmax, Softmin};
pub use row::sparsemax::{Hardmax, Sparsemax};
pub use row::{AnyRowActivation, RowActivation};
pub use trained::from_output::FromOutput;
pub use trained::learnable::Learnable;
pub use trained::prelu_channels::PReluChannels;
pub use trained::rrelu::RReluTraining;

/// An elementwise activation function: its value, derivative and second derivative, for slices and single numbers.
///
/// The crate's own functions implement it for every [`Element`], through [`Formula`]. An implementation of your own
/// needs only `forward` and `derivative`:
///
/// ```
/// use slopes::activation::Activation;
///
/// struct Cube;
/// impl Activation<f32> for Cube {
///     fn forward(&self, x: f32) -> f32 {
///         x * x * x
///     }
///     fn derivative(&self, x: f32) -> f32 {
///         3.0 * x * x
///     }
/// }
/// let (x, mut dx) = ([1.0, 2.0], [0.0; 2]);
/// Cube.backward_slice(&x, &[10.0, 1.0], &mut dx);
/// assert_eq!(dx, [30.0, 12.0]);
/// ```
///
/// # Panics
/// Methods that take several slices panic if their lengths differ, before anything is written; the message names the
/// lengths.
pub trait Activation<T: Element>: Send + Sync {
    /// The specification of the function, for its default parameters.
    #[must_use]
    fn spec(&self) -> &'static Spec {
        Spec::UNDECLARED
    }

    /// The [`gain`] in closed form. `None`, the default, if there is none: `gain` then integrates f(z)^2.
    #[must_use]
    fn exact_gain(&self) -> Option<f64> {
        None
    }

    /// The value f(x).
    #[must_use]
    fn forward(&self, x: T) -> T;

    /// The derivative f'(x).
    #[must_use]
    fn derivative(&self, x: T) -> T;

    /// The second derivative f''(x); NaN if the type does not implement it.
    #[doc(alias = "hessian")]
    #[must_use]
    fn second_derivative(&self, x: T) -> T {
        let _ = x;
        T::nan()
    }

    /// The values of a slice: y = f(x).
    #[track_caller]
    fn forward_slice(&self, x: &[T], y: &mut [T]) {
        same_length("forward_slice", [("x", x.len()), ("y", y.len())]);
        for (x, y) in x.iter().zip(y) {
            *y = self.forward(*x);
        }
    }

    /// The values of a slice, in place: x = f(x).
    fn forward_in_place(&self, x: &mut [T]) {
        for x in x {
            *x = self.forward(*x);
        }
    }

    /// The derivatives of a slice: d = f'(x).
    #[track_caller]
    fn derivative_slice(&self, x: &[T], d: &mut [T]) {
        same_length("derivative_slice", [("x", x.len()), ("d", d.len())]);
        for (x, d) in x.iter().zip(d) {
            *d = self.derivative(*x);
        }
    }

    /// The second derivatives of a slice: d = f''(x).
    #[track_caller]
    fn second_derivative_slice(&self, x: &[T], d: &mut [T]) {
        same_length("second_derivative_slice", [("x", x.len()), ("d", d.len())]);
        for (x, d) in x.iter().zip(d) {
            *d = self.second_derivative(*x);
        }
    }

    /// The gradient dx = dy f'(x), x being the input of the function, not its output.
    #[doc(alias = "gradient")]
    #[doc(alias = "vjp")]
    #[track_caller]
    fn backward_slice(&self, x: &[T], dy: &[T], dx: &mut [T]) {
        same_length("backward_slice", [("x", x.len()), ("dy", dy.len()), ("dx", dx.len())]);
        for ((x, dy), dx) in x.iter().zip(dy).zip(dx) {
            *dx = *dy * self.derivative(*x);
        }
    }

    /// The gradient in place: dy = dy f'(x).
    #[track_caller]
    fn backward_in_place(&self, x: &[T], dy: &mut [T]) {
        same_length("backward_in_place", [("x", x.len()), ("dy", dy.len())]);
        for (x, dy) in x.iter().zip(dy) {
            *dy = *dy * self.derivative(*x);
        }
    }

    /// The values y = f(x) and derivatives d = f'(x), in one pass.
    #[track_caller]
    fn forward_with_derivative(&self, x: &[T], y: &mut [T], d: &mut [T]) {
        same_length("forward_with_derivative", [("x", x.len()), ("y", y.len()), ("d", d.len())]);
        for ((x, y), d) in x.iter().zip(y).zip(d) {
            (*y, *d) = (self.forward(*x), self.derivative(*x));
        }
    }
}

/// The formula of an activation, over SIMD registers. From it, [`impl_activation!`](crate::impl_activation) implements
/// [`Activation`] for every element type and every instruction set.
///
/// Mark every method `#[inline(always)]`, so that it is inlined into the loop of its kernel. See the
/// [guide](crate::guide).
///
/// ```
/// use slopes::activation::{Activation, Formula};
/// use slopes::{FloatMath, Lanes};
///
/// /// The Gaussian exp(-x^2).
/// #[derive(Clone, Copy)]
/// struct Bell;
/// impl Formula for Bell {
///     #[inline(always)]
///     fn f<L: Lanes>(self, x: L) -> L {
///         (-(x * x)).exp()
///     }
///     #[inline(always)]
///     fn df<L: Lanes>(self, x: L) -> L {
///         x * -2.0 * self.f(x)
///     }
///     #[inline(always)]
///     fn d2f<L: Lanes>(self, x: L) -> L {
///         (x * x * 4.0 - 2.0) * self.f(x)
///     }
/// }
/// slopes::impl_activation!(Bell);
///
/// let mut y = [0.0_f32; 3];
/// Bell.forward_slice(&[-1.0, 0.0, 1.0], &mut y);
/// assert_eq!((y[0], y[1]), (Bell.forward(1.0), 1.0));
/// ```
pub trait Formula: Copy + Send + Sync + 'static {
    /// The specification of the function.
    const SPEC: &'static Spec = Spec::UNDECLARED;

    /// Value, derivative and second derivative: true if those of f32 are to be computed in f64 on machines that have it,
    /// but whose products and sums do not fuse. There, formulas with steps that regain what rounding has lost are faster,
    /// and more accurate. False by default. The registers then count as [`FUSED`](Lanes::FUSED); constants are rounded
    /// to f32 as ever.
    const IN_F64: [bool; 3] = [false; 3];

    /// The end of a function that cuts x to the range from 0 to there, in every format.
    #[doc(hidden)]
    const CUTS_AT: Option<f64> = None;

    /// The value f(x).
    fn f<L: Lanes>(self, x: L) -> L;

    /// The derivative f'(x).
    fn df<L: Lanes>(self, x: L) -> L;

    /// The second derivative f''(x).
    fn d2f<L: Lanes>(self, x: L) -> L;

    /// The value f(x) and the derivative f'(x), for formulas where they share work. The bits must be those of the two
    /// methods.
    #[inline(always)]
    fn f_and_df<L: Lanes>(self, x: L) -> (L, L) {
        (self.f(x), self.df(x))
    }

    /// The [`gain`] in closed form. `None`, the default, if there is none: `gain` then integrates f(z)^2.
    fn exact_gain(self) -> Option<f64> {
        None
    }
}

in_f64! { value of Formula: f(x), 0 }
in_f64! { derivative of Formula: df(x), 1 }
in_f64! { second_derivative of Formula: d2f(x), 2 }

#[inline(always)]
pub(crate) fn value_and_derivative<F: Formula, L: Lanes>(formula: F, x: L) -> [L; 2] {
    if const { F::IN_F64[0] != F::IN_F64[1] && widens::<L>() } {
        return [value(formula, x), derivative(formula, x)];
    }
    if const { F::IN_F64[0] && widens::<L>() } {
        let (value, derivative) = formula.f_and_df(x.widen());
        return [L::narrow(value), L::narrow(derivative)];
    }
    let (value, derivative) = formula.f_and_df(x);
    [value, derivative]
}

/// The maps of a formula. They are tuples that begin with the formula, so that each formula has codegen units of its
/// own (see `simd::entry`).
#[derive(Clone, Copy)]
struct Value;
impl<F: Formula> Map<1, 1> for (F, Value) {
    const CUTS_AT: Option<f64> = F::CUTS_AT;
    const IN_TWOS: bool = true;

    #[inline(always)]
    fn apply<L: Lanes>(self, [x]: [L; 1]) -> [L; 1] {
        [value(self.0, x)]
    }
}

#[derive(Clone, Copy)]
struct Derivative;
impl<F: Formula> Map<1, 1> for (F, Derivative) {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x]: [L; 1]) -> [L; 1] {
        [derivative(self.0, x)]
    }
}

#[derive(Clone, Copy)]
struct SecondDerivative;
impl<F: Formula> Map<1, 1> for (F, SecondDerivative) {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x]: [L; 1]) -> [L; 1] {
        [second_derivative(self.0, x)]
    }
}

#[derive(Clone, Copy)]
struct Backward;
impl<F: Formula> Map<2, 1> for (F, Backward) {
    const IN_TWOS: bool = true;

    #[inline(always)]
    fn apply<L: Lanes>(self, [x, dy]: [L; 2]) -> [L; 1] {
        [dy * derivative(self.0, x)]
    }
}

#[derive(Clone, Copy)]
struct ValueAndDerivative;
impl<F: Formula> Map<1, 2> for (F, ValueAndDerivative) {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x]: [L; 1]) -> [L; 2] {
        value_and_derivative(self.0, x)
    }
}

/// The compiled methods of [`Activation`], for the macros of `compiled.rs`.
#[doc(hidden)]
#[macro_export]
macro_rules! __activation_methods {
    ($then:path: $context:tt) => {
        $then! { $context
            forward(x: T) -> T;
            derivative(x: T) -> T;
            second_derivative(x: T) -> T;
            forward_slice(x: &[T], y: &mut [T]) -> ();
            forward_in_place(x: &mut [T]) -> ();
            derivative_slice(x: &[T], d: &mut [T]) -> ();
            second_derivative_slice(x: &[T], d: &mut [T]) -> ();
            backward_slice(x: &[T], dy: &[T], dx: &mut [T]) -> ();
            backward_in_place(x: &[T], dy: &mut [T]) -> ();
            forward_with_derivative(x: &[T], y: &mut [T], d: &mut [T]) -> ();
        }
    };
}

__activation_methods! { crate::compiled::declare_compute: {
    /// The compiled methods of [`Activation`], implemented by an element for the crate's own functions, and by [`Here`]
    /// for any formula.
    #[doc(hidden)]
    pub Compute
} }

impl<F: Formula, T: Element> Compute<F, T> for Here {
    #[inline]
    fn forward(f: &F, x: T) -> T {
        slice::map_scalar::<_, _, 1, 1>((*f, Value), [x])[0]
    }
    #[inline]
    fn derivative(f: &F, x: T) -> T {
        slice::map_scalar::<_, _, 1, 1>((*f, Derivative), [x])[0]
    }
    #[inline]
    fn second_derivative(f: &F, x: T) -> T {
        slice::map_scalar::<_, _, 1, 1>((*f, SecondDerivative), [x])[0]
    }
    #[track_caller]
    fn forward_slice(f: &F, x: &[T], y: &mut [T]) {
        same_length("forward_slice", [("x", x.len()), ("y", y.len())]);
        slice::map((*f, Value), [Src::new(x)], [Dst::new(y)]);
    }
    fn forward_in_place(f: &F, x: &mut [T]) {
        let x = Dst::new(x);
        slice::map((*f, Value), [x.src()], [x]);
    }
    #[track_caller]
    fn derivative_slice(f: &F, x: &[T], d: &mut [T]) {
        same_length("derivative_slice", [("x", x.len()), ("d", d.len())]);
        // The derivative is the gradient of dy = 1: they share a kernel.
        slice::map((*f, Backward), [Src::new(x), Src::repeat(T::ONES)], [Dst::new(d)]);
    }
    #[track_caller]
    fn second_derivative_slice(f: &F, x: &[T], d: &mut [T]) {
        same_length("second_derivative_slice", [("x", x.len()), ("d", d.len())]);
        slice::map((*f, SecondDerivative), [Src::new(x)], [Dst::new(d)]);
    }
    #[track_caller]
    fn backward_slice(f: &F, x: &[T], dy: &[T], dx: &mut [T]) {
        same_length("backward_slice", [("x", x.len()), ("dy", dy.len()), ("dx", dx.len())]);
        slice::map((*f, Backward), [Src::new(x), Src::new(dy)], [Dst::new(dx)]);
    }
    #[track_caller]
    fn backward_in_place(f: &F, x: &[T], dy: &mut [T]) {
        same_length("backward_in_place", [("x", x.len()), ("dy", dy.len())]);
        let dy = Dst::new(dy);
        slice::map((*f, Backward), [Src::new(x), dy.src()], [dy]);
    }
    #[track_caller]
    fn forward_with_derivative(f: &F, x: &[T], y: &mut [T], d: &mut [T]) {
        same_length("forward_with_derivative", [("x", x.len()), ("y", y.len()), ("d", d.len())]);
        slice::map((*f, ValueAndDerivative), [Src::new(x)], [Dst::new(y), Dst::new(d)]);
    }
}

/// Implements [`Activation`] for a type that implements [`Formula`], for every element type. The kernels are compiled
/// in the crate that invokes the macro.
///
/// `impl_activation!(Bell)`, or for a generic type `impl_activation!(<F: Formula> OfDouble<F>)`.
///
/// ```
/// use slopes::activation::{Activation, Formula};
/// use slopes::{Lanes, impl_activation};
///
/// /// The inner function at 2x.
/// #[derive(Clone, Copy)]
/// struct OfDouble<F>(F);
/// impl<F: Formula> Formula for OfDouble<F> {
///     #[inline(always)]
///     fn f<L: Lanes>(self, x: L) -> L {
///         self.0.f(x + x)
///     }
///     #[inline(always)]
///     fn df<L: Lanes>(self, x: L) -> L {
///         self.0.df(x + x) * 2.0
///     }
///     #[inline(always)]
///     fn d2f<L: Lanes>(self, x: L) -> L {
///         self.0.d2f(x + x) * 4.0
///     }
/// }
/// impl_activation!(<F: Formula> OfDouble<F>);
///
/// assert_eq!(OfDouble(slopes::activation::Relu).forward(1.5_f32), 3.0);
/// ```
#[macro_export]
macro_rules! impl_activation {
    (<$($F:ident: $Bound:path),+ $(,)?> $Name:ty) => {
        $crate::impl_activation! { @in $crate::compiled::Here, [$($F: $Bound,)+], $Name }
        $crate::__spec! { [$($F: $Bound,)+], $Name, $crate::activation::Formula }
    };
    ($Name:ty) => {
        $crate::impl_activation! { @in $crate::compiled::Here, [], $Name }
        $crate::__spec! { [], $Name, $crate::activation::Formula }
    };
    (@any $Any:ty) => {
        $crate::__activation_methods! { $crate::compiled::delegate: { Activation, $Any, {
            fn exact_gain(&self) -> Option<f64> {
                self.as_dyn::<T>().exact_gain()
            }
        } } }
    };
    (@in $place:ty, [$($generics:tt)*], $Name:ty) => {
        $crate::__activation_methods! { $crate::__implement: { [$($generics)*] activation Activation Compute, $place, $Name, {
            fn spec(&self) -> &'static $crate::Spec {
                <Self as $crate::activation::Formula>::SPEC
            }
            fn exact_gain(&self) -> Option<f64> {
                $crate::activation::Formula::exact_gain(*self)
            }
        } } }
    };
}

/// Implements [`Activation`] for a pointer to an activation.
macro_rules! forward {
    ($Pointer:ty) => {
        __activation_methods! { crate::compiled::forward: { Activation for $Pointer, {
            fn exact_gain(&self) -> Option<f64> {
                (**self).exact_gain()
            }
        } } }
    };
}
forward!(&A);
#[cfg(feature = "alloc")]
forward!(alloc::boxed::Box<A>);
#[cfg(feature = "alloc")]
forward!(alloc::sync::Arc<A>);

/// Writes the name of the function.
impl<T: Element> fmt::Debug for dyn Activation<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.spec().name())
    }
}

/// The compiled kernels of functions of rows, of layers and of training.
#[doc(hidden)]
pub(crate) trait RowKernels<T: Element>:
    layer::glu::units::GatedKernels<T>
    + row::gumbel::GumbelKernels<T>
    + trained::learnable::LearnedKernels<T>
    + row::log_sum_exp::LogSumExpKernels<T>
    + row::softmax::sink::SinkKernels<T>
    + layer::maxout::MaxoutKernels<T>
    + trained::from_output::OutputKernels<T>
    + trained::prelu_channels::PReluKernels<T>
    + layer::radial::RadialKernels<T>
    + trained::rrelu::RReluKernels<T>
    + row::softmax::SoftmaxKernels<T>
    + row::sparsemax::SparsemaxKernels<T>
{
}
crate::compiled::for_each_element! { crate::compiled::implement_all: @of RowKernels }

/// Declares an activation with [`declare!`](crate::declare::declare).
macro_rules! activation {
    ($($tokens:tt)*) => {
        $crate::declare::declare! { "activation", "Activation", Formula, ""; $($tokens)* }
    };
}
pub(crate) use activation;

crate::declare::catalogue! {
    /// Any elementwise activation, chosen at run time: an enum that can be copied, compared, hashed, written as text
    /// and parsed.
    ///
    /// The text is the name of the function, followed by its parameters if it has any:
    ///
    /// ```
    /// use slopes::activation::{Activation, AnyActivation, LeakyRelu, Relu};
    ///
    /// let mut layers = [AnyActivation::from(Relu), LeakyRelu::new(0.2)?.into()];
    /// assert_eq!(layers.map(|f| f.to_string()), ["relu", "leaky_relu(slope=0.2)"]);
    ///
    /// layers[0] = "leaky_relu(slope=0.2)".parse()?;
    /// assert_eq!(layers[0], layers[1]);
    /// assert_eq!(layers[0].forward(-1.0_f32), -0.2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Text
    ///
    /// Writing and parsing preserves the bits of every parameter. The parser also accepts:
    ///
    /// - any alias of the function, as in [`by_name`]: `LeakyReLU`, `lrelu`;
    /// - any alias of a parameter (the page of the function lists them): `leaky_relu(negative_slope=0.2)`;
    /// - some of the parameters, in any order; the others have their defaults;
    /// - values without names, in the order of the fields, before those with names: `leaky_relu(0.2)`; but not of
    ///   functions whose first value is another one in PyTorch or Keras, such as `prelu`;
    /// - what PyTorch's modules print, as in `LeakyReLU(negative_slope=0.2, inplace=True)`: options that change nothing
    ///   are passed over, others choose the function, as `gelu(approximate='tanh')` is `gelu_tanh`, or are errors;
    /// - spaces around names and values; a comma after the last; `relu()`.
    ///
    /// Values are parsed as f64 and checked as by the function's `new`. A [`ParseError`](crate::ParseError) has the
    /// kind of the error and its position in the text.
    AnyActivation of "activation", Activation by Compute, __activation_methods!, impl_activation!;
    rectifier: Identity, Linear, BinaryStep, Relu, LeakyRelu, PRelu, RRelu, Relu6, Relu2, Threshold;
    sigmoid: Sigmoid, Softsign;
    hyperbolic: Tanh, SoftCap, TanhShrink, Lisht, LogCosh;
    softplus: Softplus, LogSigmoid, SqrtSoftplus, Squareplus;
    swish: Swish;
    gelu: Gelu, GeluTanh, QuickGelu;
    mish: Mish;
    exponential: Exp, Elu, Celu, Selu, XIelu;
    gaussian: Gaussian, Laplace;
    periodic: Sine, Snake;
    piecewise: HardTanh, HardSigmoid, HardSwish, HardShrink, SoftShrink, Shrink, SparseSigmoid, SparsePlus;
}

crate::any::names! { OTHERS: "activation", "", in others_table; GumbelSoftmax, LogSumExp, Maxout, SinkSoftmax }

/// All elementwise activations, with their default parameters.
///
/// ```
/// let at_half = slopes::activation::all::<f32>().iter().map(|f| (f.spec().name(), f.forward(0.5)));
/// let unchanged: Vec<_> = at_half.filter(|(_, y)| *y == 0.5).map(|(name, _)| name).collect();
/// assert!(unchanged.contains(&"relu") && unchanged.contains(&"identity") && !unchanged.contains(&"tanh"));
/// ```
#[must_use]
pub fn all<T: Element>() -> &'static [&'static dyn Activation<T>] {
    <T::Kernels as Kernels<T>>::all()
}

/// The elementwise activation with a name or alias, with its default parameters. Case, `_`, `-` and spaces are ignored.
/// For a name with parameters, parse an [`AnyActivation`].
///
/// Aliases include the names of PyTorch modules (`Hardswish`, `SiLU`), of Keras, of ONNX operators and of Hugging
/// Face's `hidden_act` (`gelu_pytorch_tanh`). Where projects disagree on a default, this crate's default is used,
/// whichever alias is given: `leaky_relu` has the slope 0.01 (Keras: 0.2), `hard_sigmoid` the slope 1/6 (ONNX: 0.2),
/// `gelu` is the form with erf (JAX: with tanh), `clip` has the bounds -1 and 1 (ONNX: none). Functions of rows, such
/// as `softmax`, and variants that the crate does not have, such as `gelu_10` (a clipped GELU), are unknown names.
///
/// # Errors
/// If no function has the name; the error has the nearest name, and its message lists all of them.
///
/// ```
/// use slopes::activation::by_name;
/// let silu = by_name::<f32>("SiLU")?;
/// assert_eq!(silu.spec().name(), "swish");
/// assert_eq!(by_name::<f32>("sigmiod").err().unwrap().nearest(), "sigmoid");
/// # Ok::<(), slopes::UnknownNameError>(())
/// ```
#[doc(alias = "ACT2FN")]
#[doc(alias = "get_activation")]
pub fn by_name<T: Element>(name: &str) -> Result<&'static dyn Activation<T>, UnknownNameError> {
    crate::parse::find(name, CATALOGUE.names).map(|index| all()[index])
}
