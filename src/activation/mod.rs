//! Activation functions of one number, and of rows.
//!
//! [`Activation`] is what a user calls; [`Formula`] is what an author writes.

pub(crate) mod elementwise;
pub(crate) mod layer;
pub(crate) mod row;
pub(crate) mod trained;

use core::fmt;

use crate::check::same_length;
use crate::compiled::Here;
use crate::element::Element;
use crate::error::UnknownNameError;
use crate::simd::{Lanes, MAX_LANES};
use crate::slice::{self, Dst, Map, Src};
use crate::spec::Spec;
use elementwise::{
    exponential, gaussian, gelu, hyperbolic, mish, periodic, piecewise, rectifier, sigmoid, softplus, swish,
};

pub use crate::row::{FullyMasked, Rows};
#[doc(hidden)]
pub use layer::glu::ComputeGated;
pub use layer::glu::{
    Bilinear, ClampedSwiGlu, Gated, GatedFormula, GatedUnit, GeGlu, GeGluTanh, Glu, GluLayout, ReGlu, SwiGlu,
};
pub use layer::maxout::{Maxout, MaxoutLayer};
pub use layer::radial::RadialBasis;
pub use row::RowActivation;
pub use row::gumbel::GumbelSoftmax;
pub use row::log_sum_exp::LogSumExp;
pub use row::softmax::{LogSoftmax, Mask, Softmax, Softmin};
pub use row::sparsemax::{Hardmax, Sparsemax};
pub use trained::from_output::FromOutput;
pub use trained::learnable::Learnable;
pub use trained::prelu_channels::PReluChannels;
pub use trained::rrelu::RReluTraining;

/// A function of one number: value, slope (first derivative) and curvature (second derivative).
///
/// The crate's own functions implement it for every [`Element`], through [`Formula`]. A type of your own needs `forward`
/// and `derivative` alone:
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
    /// What the function declares about itself.
    fn spec(&self) -> &'static Spec {
        Spec::UNDECLARED
    }

    /// f(x).
    fn forward(&self, x: T) -> T;

    /// f'(x).
    fn derivative(&self, x: T) -> T;

    /// f''(x). NaN if the function does not say.
    fn second_derivative(&self, x: T) -> T {
        let _ = x;
        T::nan()
    }

    /// y = f(x).
    #[track_caller]
    fn forward_slice(&self, x: &[T], y: &mut [T]) {
        same_length("forward_slice", [("x", x.len()), ("y", y.len())]);
        for (x, y) in x.iter().zip(y) {
            *y = self.forward(*x);
        }
    }

    /// x = f(x).
    fn forward_in_place(&self, x: &mut [T]) {
        for x in x {
            *x = self.forward(*x);
        }
    }

    /// d = f'(x).
    #[track_caller]
    fn derivative_slice(&self, x: &[T], d: &mut [T]) {
        same_length("derivative_slice", [("x", x.len()), ("d", d.len())]);
        for (x, d) in x.iter().zip(d) {
            *d = self.derivative(*x);
        }
    }

    /// d = f''(x).
    #[track_caller]
    fn second_derivative_slice(&self, x: &[T], d: &mut [T]) {
        same_length("second_derivative_slice", [("x", x.len()), ("d", d.len())]);
        for (x, d) in x.iter().zip(d) {
            *d = self.second_derivative(*x);
        }
    }

    /// dx = dy f'(x), x being what went into the function, not what came out.
    #[track_caller]
    fn backward_slice(&self, x: &[T], dy: &[T], dx: &mut [T]) {
        same_length("backward_slice", [("x", x.len()), ("dy", dy.len()), ("dx", dx.len())]);
        for ((x, dy), dx) in x.iter().zip(dy).zip(dx) {
            *dx = *dy * self.derivative(*x);
        }
    }

    /// dy = dy f'(x).
    #[track_caller]
    fn backward_in_place(&self, x: &[T], dy: &mut [T]) {
        same_length("backward_in_place", [("x", x.len()), ("dy", dy.len())]);
        for (x, dy) in x.iter().zip(dy) {
            *dy = *dy * self.derivative(*x);
        }
    }

    /// y = f(x) and d = f'(x), in one pass.
    #[track_caller]
    fn forward_with_derivative(&self, x: &[T], y: &mut [T], d: &mut [T]) {
        same_length("forward_with_derivative", [("x", x.len()), ("y", y.len()), ("d", d.len())]);
        for ((x, y), d) in x.iter().zip(y).zip(d) {
            (*y, *d) = (self.forward(*x), self.derivative(*x));
        }
    }
}

/// A function over registers: from it, [`impl_activation!`](crate::impl_activation) makes an [`Activation`] of every element
/// type, by every instruction set.
///
/// Mark every method `#[inline(always)]`, so that it becomes a part of the loop that calls it. The [guide](crate::guide)
/// says what else there is to know.
///
/// ```
/// use slopes::activation::{Activation, Formula};
/// use slopes::{FloatMath, Lanes};
///
/// /// The bell exp(-x^2).
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
    /// What the function declares about itself.
    const SPEC: &'static Spec = Spec::UNDECLARED;

    /// f(x).
    fn f<L: Lanes>(self, x: L) -> L;

    /// f'(x).
    fn df<L: Lanes>(self, x: L) -> L;

    /// f''(x).
    fn d2f<L: Lanes>(self, x: L) -> L;

    /// f(x) and f'(x), where they share work; the bits are those of the two methods.
    #[inline(always)]
    fn value_and_slope<L: Lanes>(self, x: L) -> (L, L) {
        (self.f(x), self.df(x))
    }
}

/// The maps of a formula. As tuples that begin with it, for the sake of their codegen units (see `simd::entry`).
#[derive(Clone, Copy)]
struct Value;
impl<F: Formula> Map<1, 1> for (F, Value) {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x]: [L; 1]) -> [L; 1] {
        [self.0.f(x)]
    }
}

#[derive(Clone, Copy)]
struct Derivative;
impl<F: Formula> Map<1, 1> for (F, Derivative) {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x]: [L; 1]) -> [L; 1] {
        [self.0.df(x)]
    }
}

#[derive(Clone, Copy)]
struct SecondDerivative;
impl<F: Formula> Map<1, 1> for (F, SecondDerivative) {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x]: [L; 1]) -> [L; 1] {
        [self.0.d2f(x)]
    }
}

#[derive(Clone, Copy)]
struct Backward;
impl<F: Formula> Map<2, 1> for (F, Backward) {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x, dy]: [L; 2]) -> [L; 1] {
        [dy * self.0.df(x)]
    }
}

#[derive(Clone, Copy)]
struct ValueAndDerivative;
impl<F: Formula> Map<1, 2> for (F, ValueAndDerivative) {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x]: [L; 1]) -> [L; 2] {
        let (value, slope) = self.0.value_and_slope(x);
        [value, slope]
    }
}

/// The methods of [`Activation`] that compute, for the macros of `compiled.rs`.
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
    /// Who computes the methods of [`Activation`]: an element for the crate's own functions, [`Here`] for any formula.
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
        // The slope alone is the gradient of ones: they share a kernel.
        let ones = [T::one(); MAX_LANES];
        slice::map((*f, Backward), [Src::new(x), Src::repeat(&ones)], [Dst::new(d)]);
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

/// Makes a type that is a [`Formula`] an [`Activation`] of every element type. Its kernels are compiled in the crate that
/// says so.
///
/// `impl_activation!(Bell)`, or with parameters `impl_activation!(<F: Formula> Scaled<F>)`.
///
/// ```
/// use slopes::activation::{Activation, Formula};
/// use slopes::{Lanes, impl_activation};
///
/// /// The inner function of twice x.
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
    };
    ($Name:ty) => { $crate::impl_activation! { @in $crate::compiled::Here, [], $Name } };
    (@any $Any:ty) => {
        $crate::__activation_methods! { $crate::compiled::delegate: { activation Activation, $Any } }
    };
    (@in $place:ty, [$($generics:tt)*], $Name:ty) => {
        $crate::__activation_methods! { $crate::__implement: { [$($generics)*] activation Activation Compute, $place, $Name, {
            fn spec(&self) -> &'static $crate::Spec {
                <Self as $crate::activation::Formula>::SPEC
            }
        } } }
    };
}

__activation_methods! { crate::compiled::forward: { Activation for &A, {} } }
#[cfg(feature = "alloc")]
__activation_methods! { crate::compiled::forward: { Activation for alloc::boxed::Box<A>, {} } }
#[cfg(feature = "alloc")]
__activation_methods! { crate::compiled::forward: { Activation for alloc::sync::Arc<A>, {} } }

/// The name of the function.
impl<T: Element> fmt::Debug for dyn Activation<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.spec().name())
    }
}

/// The compiled kernels of rows and layers.
#[doc(hidden)]
pub(crate) trait RowKernels<T: Element>:
    layer::glu::GatedKernels<T>
    + row::gumbel::GumbelKernels<T>
    + trained::learnable::LearnedKernels<T>
    + row::log_sum_exp::LogSumExpKernels<T>
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

/// Declares an activation. See `declare!`.
macro_rules! activation {
    ($($tokens:tt)*) => {
        $crate::declare::declare! { "activation", "Activation", Formula, "forward(0.5_f64)", ""; $($tokens)* }
    };
}
pub(crate) use activation;

crate::declare::catalogue! {
    /// Any activation of one number, as a value: to keep in a configuration, to copy, to compare, to write and to read.
    ///
    /// As a text it is its name, and its parameters if it has some:
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
    /// What is written is read as the same bits. What may be read beyond that:
    ///
    /// - any name of the function, as in [`by_name`]: `LeakyReLU`, `lrelu`;
    /// - any name of a parameter, the page of the function lists them: `leaky_relu(negative_slope=0.2)`;
    /// - only some of the parameters, in any order: the others have their usual values;
    /// - values alone, in the order of the fields: `leaky_relu(0.2)`;
    /// - `gelu(approximate='tanh')`, which is `gelu_tanh`; spaces around everything; `relu()`.
    ///
    /// Values are what Rust reads as an f64, and are checked as by the function's `new`. What is wrong with a kernel, and
    /// where, says [`ParseError`](crate::ParseError).
    AnyActivation of Activation by Compute, __activation_methods!, impl_activation!;
    rectifier: Identity, Linear, BinaryStep, Relu, LeakyRelu, PRelu, RRelu, Relu6, Relu2, Threshold;
    sigmoid: Sigmoid, Softsign;
    hyperbolic: Tanh, TanhShrink, Lisht, LogCosh;
    softplus: Softplus, LogSigmoid, Squareplus;
    swish: Swish;
    gelu: Gelu, GeluTanh, QuickGelu;
    mish: Mish;
    exponential: Exp, Elu, Celu, Selu, XIelu;
    gaussian: Gaussian, Laplace;
    periodic: Sine, Snake;
    piecewise: HardTanh, HardSigmoid, HardSwish, HardShrink, SoftShrink, SparseSigmoid, SparsePlus;
}

/// Every activation of one number, with its usual parameters.
///
/// ```
/// for activation in slopes::activation::all::<f32>() {
///     println!("{:12} {}", activation.spec().name(), activation.forward(0.5));
/// }
/// ```
pub fn all<T: Element>() -> &'static [&'static dyn Activation<T>] {
    <T::Kernels as Kernels<T>>::all()
}

/// The activation of a name, with its usual parameters. Case, `_`, `-` and spaces do not matter. For a name with
/// parameters, see [`AnyActivation`].
///
/// Names of other projects are known too: those of PyTorch's modules (`Hardswish`, `SiLU`), of Keras, of ONNX's operators
/// and of Hugging Face's `hidden_act` (`gelu_pytorch_tanh`). Usual parameters are ours, whoever's the name is, where the
/// projects do not agree: `leaky_relu` has the slope 0.01 (in Keras 0.2), `hard_sigmoid` the slope 1/6 (in ONNX 0.2),
/// `gelu` the error function (in JAX by default the form with tanh), `clip` the ends -1 and 1 (in ONNX none). What is no
/// function of one number that is here, such as `softmax` (of rows) or `gelu_10` (a gelu that is cut), is unknown.
///
/// # Errors
/// If no function has the name; the error tells the nearest, and lists what there is.
///
/// ```
/// use slopes::activation::by_name;
/// let silu = by_name::<f32>("SiLU")?;
/// assert_eq!(silu.spec().name(), "swish");
/// assert_eq!(by_name::<f32>("sigmiod").err().unwrap().nearest(), "sigmoid");
/// # Ok::<(), slopes::UnknownNameError>(())
/// ```
pub fn by_name<T: Element>(name: &str) -> Result<&'static dyn Activation<T>, UnknownNameError> {
    crate::parse::find(name, NAMES).map(|index| all()[index])
}
