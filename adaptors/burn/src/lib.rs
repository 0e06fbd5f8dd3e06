//! Functions of the crate [`slopes`] for tensors of [burn]: activations, softmax along a dimension, gated units,
//! cross-entropy, forward and in `backward()`, on the backend Flex.
//!
//! ```
//! use burn::tensor::{Device, Int, Tensor};
//! use slopes_burn::slopes::activation::{Gelu, SwiGlu};
//! use slopes_burn::{activate, cross_entropy, gated, softmax};
//!
//! let device = Device::flex().autodiff();
//! let x = Tensor::<2>::from_data([[0.0, 1.0, 2.0], [3.0, -4.0, 0.5]], &device).require_grad();
//! let hidden = activate(x.clone(), Gelu);
//! let hidden = gated(hidden.clone(), hidden, SwiGlu::default());
//! let probabilities = softmax(hidden.clone(), 1);
//! let loss = cross_entropy(hidden, Tensor::<1, Int>::from_data([2, 0], &device));
//! let gradient: Vec<f32> = x.grad(&loss.backward()).unwrap().into_data().try_to_vec().unwrap();
//!
//! // The loss is the mean of -ln p of the labels.
//! let p: Vec<f32> = probabilities.into_data().try_to_vec().unwrap();
//! assert!((loss.into_scalar::<f32>() + (p[2].ln() + p[3].ln()) / 2.0).abs() < 1e-6);
//! assert!(gradient[2] < 0.0 && gradient[1] > 0.0);
//! ```
//!
//! | function | of burn | here |
//! |---|---|---|
//! | elementwise | `activation::gelu(x)`, `gelu_approximate`, `silu`, `tanh`, `sigmoid`; modules such as `nn::Gelu` | [`activate`]`(x, Gelu)`, `GeluTanh`, `Swish::SILU`, `Tanh`, `Sigmoid`, any [`AnyActivation`]; [`Activate`], a module |
//! | along a dimension | `activation::softmax(x, dim)`, `log_softmax` | [`softmax`], [`log_softmax`]; [`activate_along`] with any [`AnyRowActivation`] |
//! | gated units | `silu(gate) * up`, `activation::glu(x, dim)` | [`gated`]`(gate, up, SwiGlu::default())`, [`gated_packed`]`(x, ..)`, any [`AnyGatedUnit`] |
//! | losses of rows | `CrossEntropyLoss` | [`cross_entropy`]; [`mean_loss`] with any [`AnyRowLoss`] |
//!
//! # Tensors
//!
//! - dtypes: F32, F64, F16, BF16. Results have the dtype of x; F16 and BF16 are computed in f32 and rounded once.
//! - layouts: any. Of tensors that are not contiguous (transposed, sliced), the numbers are copied first, except by
//!   [`activate`] of all numbers of the memory, in any order.
//! - in place: a tensor that is passed by value is overwritten if no other tensor, and no graph, has its memory, as burn's
//!   own functions do. To keep x, pass `x.clone()`, which copies nothing.
//! - gradients: first derivatives, by `backward()`, on devices made by `autodiff()`. With `gradient_checkpointing()`,
//!   the outputs of activations and gated units are computed again instead of kept, as those of burn's own activations.
//! - threads: those of the current pool of rayon, from 2^17 numbers on. The bits do not depend on their number.
//! - other backends than Flex: burn's own functions with burn's errors, where burn has the function: of activations those
//!   in [`burn::tensor::activation`], softmax, softmin and log-softmax with a temperature, gated units of those,
//!   cross-entropy of labels without options. Others are a panic that names the function and the device.
//!
//! As burn's own functions, they panic where shapes or dtypes do not fit.
//!
//! The [error bounds](https://docs.rs/slopes/latest/slopes/activation/) are those of the functions of slopes. None of the
//! functions here compiles a kernel in the program that calls it.

mod fallback;
mod ops;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use burn::empty;
use burn::tensor::{AsIndex, Tensor, bf16, f16, kind::Basic};
use slopes::ParseError;
use slopes::activation::{Activation, AnyActivation, AnyGatedUnit, AnyRowActivation, LogSoftmax, Softmax};
use slopes::loss::{AnyRowLoss, SoftmaxCrossEntropy};

use ops::{MeanLoss, Unary};

pub use slopes;

/// An elementwise activation that has all floating-point types of tensors: every [`Activation`] that is implemented for f32,
/// f64, f16 and bf16, such as by [`impl_activation!`](slopes::impl_activation).
///
/// ```
/// fn takes(_: impl slopes_burn::Function) {}
/// takes(slopes::activation::Gelu);
/// ```
pub trait Function: Activation<f32> + Activation<f64> + Activation<f16> + Activation<bf16> + 'static {}
impl<F: Activation<f32> + Activation<f64> + Activation<f16> + Activation<bf16> + 'static> Function for F {}

/// The values y = f(x) of an elementwise activation, with the gradient dx = dy f'(x).
///
/// f is one of [slopes' activations](slopes::activation), which have formulas and error bounds on their pages, or an
/// [`AnyActivation`], chosen at run time. For a text, see [`Activate`]; for a function of your own, [`Activate::own`].
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use slopes::activation::LeakyRelu;
/// use slopes_burn::activate;
///
/// let x = Tensor::<2>::from_data([[-2.0, 3.0]], &Device::flex());
/// let y = activate(x.clone().transpose(), LeakyRelu { slope: 0.5 });
/// assert_eq!(y.into_data(), [[-1.0_f32], [3.0]].into());
/// ```
///
/// # Panics
/// On another backend than Flex, if burn does not have the function.
#[must_use]
pub fn activate<const D: usize>(x: Tensor<D>, f: impl Into<AnyActivation>) -> Tensor<D> {
    Activate::of(f.into()).forward(x)
}

/// An elementwise activation as a [`Module`](burn::module::Module) without parameters: a layer of a model.
///
/// As a text, it is a name of slopes, Hugging Face or PyTorch, with parameters where there are any:
///
/// ```
/// use burn::module::Module;
/// use burn::nn::{Linear, LinearConfig};
/// use burn::tensor::{Device, Tensor};
/// use slopes_burn::Activate;
///
/// #[derive(Module, Debug)]
/// struct Layer {
///     linear: Linear,
///     act: Activate,
/// }
/// impl Layer {
///     fn forward(&self, x: Tensor<2>) -> Tensor<2> {
///         self.act.forward(self.linear.forward(x))
///     }
/// }
///
/// let device = Device::flex();
/// // `hidden_act` of a config.json.
/// let layer = Layer { linear: LinearConfig::new(3, 2).init(&device), act: "gelu_pytorch_tanh".parse()? };
/// assert_eq!(layer.act.to_string(), "gelu_tanh");
/// assert_eq!(layer.forward(Tensor::zeros([4, 3], &device)).dims(), [4, 2]);
///
/// let leaky: Activate = "leaky_relu(slope=0.5)".parse()?;
/// let y = leaky.forward(Tensor::<1>::from_data([-2.0, 3.0], &device));
/// assert_eq!(y.into_data(), [-1.0_f32, 3.0].into());
/// # Ok::<(), slopes::ParseError>(())
/// ```
#[derive(Clone)]
pub struct Activate {
    f: Arc<dyn Function>,
    text: Option<AnyActivation>,
}

empty!(Activate);

impl Activate {
    /// One of slopes' activations.
    ///
    /// ```
    /// use burn::tensor::{Device, Tensor};
    /// let relu = slopes_burn::Activate::new(slopes::activation::Relu);
    /// let x = Tensor::<1>::from_data([-1.0, 1.0], &Device::flex());
    /// assert_eq!(relu.forward(x).into_data(), [0.0_f32, 1.0].into());
    /// ```
    #[must_use]
    pub fn new(f: impl Into<AnyActivation>) -> Self {
        Self::of(f.into())
    }

    fn of(f: AnyActivation) -> Self {
        Activate { f: Arc::new(f), text: Some(f) }
    }

    /// A function of your own, on Flex.
    ///
    /// ```
    /// use burn::tensor::{Device, Tensor};
    /// use slopes::{Lanes, activation::Formula, impl_activation};
    ///
    /// #[derive(Clone, Copy)]
    /// struct Cube;
    /// impl Formula for Cube {
    ///     #[inline(always)]
    ///     fn f<L: Lanes>(self, x: L) -> L {
    ///         x * x * x
    ///     }
    ///     #[inline(always)]
    ///     fn df<L: Lanes>(self, x: L) -> L {
    ///         x * x * 3.0
    ///     }
    ///     #[inline(always)]
    ///     fn d2f<L: Lanes>(self, x: L) -> L {
    ///         x * 6.0
    ///     }
    /// }
    /// impl_activation!(Cube);
    ///
    /// let x = Tensor::<1>::from_data([2.0], &Device::flex().autodiff()).require_grad();
    /// let y = slopes_burn::Activate::own(Cube).forward(x.clone());
    /// let dx = x.grad(&y.backward()).unwrap();
    /// assert_eq!((y.into_scalar::<f32>(), dx.into_scalar::<f32>()), (8.0, 12.0));
    /// ```
    #[must_use]
    pub fn own(f: impl Function) -> Self {
        Activate { f: Arc::new(f), text: None }
    }

    /// The values y = f(x); see [`activate`].
    ///
    /// # Panics
    /// As [`activate`].
    #[must_use]
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        Tensor::from_dispatch(ops::unary(x.into_dispatch(), Unary::Elementwise(self.clone())))
    }

    /// The name that the specification of the function has.
    fn name(&self) -> &'static str {
        Activation::<f32>::spec(&*self.f).name()
    }
}

/// The text of the function, or the name that its specification has.
impl fmt::Display for Activate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text {
            Some(text) => text.fmt(f),
            None => f.write_str(self.name()),
        }
    }
}

impl fmt::Debug for Activate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Activate({self})")
    }
}

impl FromStr for Activate {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        text.parse().map(Self::of)
    }
}

/// The [softmax](slopes::activation::Softmax) along a dimension: `y_i = exp(x_i) / sum_j exp(x_j)`.
///
/// A row of -inf alone, such as one that a mask hides, is 0; burn's is NaN.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// let x = Tensor::<2>::from_data([[1000.0, 1000.0], [0.0, f32::NEG_INFINITY]], &Device::flex());
/// assert_eq!(slopes_burn::softmax(x, -1).into_data(), [[0.5_f32, 0.5], [1.0, 0.0]].into());
/// ```
///
/// # Panics
/// As [`activate_along`].
#[must_use]
pub fn softmax<const D: usize>(x: Tensor<D>, dim: impl AsIndex) -> Tensor<D> {
    activate_along(x, dim, Softmax::new())
}

/// The logarithm of the [`softmax`] along a dimension: [`LogSoftmax`].
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// let x = Tensor::<2>::from_data([[1000.0], [0.0]], &Device::flex());
/// assert_eq!(slopes_burn::log_softmax(x, 0).into_data(), [[0.0_f32], [-1000.0]].into());
/// ```
///
/// # Panics
/// As [`activate_along`].
#[must_use]
pub fn log_softmax<const D: usize>(x: Tensor<D>, dim: impl AsIndex) -> Tensor<D> {
    activate_along(x, dim, LogSoftmax::new())
}

/// The values of an activation of rows along a dimension, such as softmax with a temperature or
/// [sparsemax](slopes::activation::Sparsemax), with its gradient. A negative dimension counts from the end.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use slopes::activation::{AnyRowActivation, Sparsemax};
/// use slopes_burn::activate_along;
///
/// let x = Tensor::<1>::from_data([0.0, 2.0], &Device::flex());
/// assert_eq!(activate_along(x.clone(), 0, Sparsemax).into_data(), [0.0_f32, 1.0].into());
/// let f: AnyRowActivation = "softmax(temperature=1000000000)".parse()?;
/// assert_eq!(activate_along(x, -1, f).into_data(), [0.5_f32, 0.5].into());
/// # Ok::<(), slopes::ParseError>(())
/// ```
///
/// # Panics
/// If x has no such dimension, or on another backend than Flex, if burn does not have the function.
#[must_use]
pub fn activate_along<const D: usize>(x: Tensor<D>, dim: impl AsIndex, f: impl Into<AnyRowActivation>) -> Tensor<D> {
    let f = Unary::Along { f: f.into(), dim: dim.expect_dim_index(D) };
    Tensor::from_dispatch(ops::unary(x.into_dispatch(), f))
}

/// The values of a gated unit, such as [SwiGLU](slopes::activation::SwiGlu): y = f(gate) up, with both gradients in one
/// pass.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use slopes::activation::ReGlu;
///
/// let device = Device::flex().autodiff();
/// let [gate, up] = [[-1.0, 2.0], [5.0, 3.0]].map(|x| Tensor::<1>::from_data(x, &device).require_grad());
/// let y = slopes_burn::gated(gate.clone(), up.clone(), ReGlu::default());
/// assert_eq!(y.to_data(), [0.0_f32, 6.0].into());
/// let gradients = y.sum().backward();
/// assert_eq!(gate.grad(&gradients).unwrap().into_data(), [0.0_f32, 3.0].into());
/// assert_eq!(up.grad(&gradients).unwrap().into_data(), [0.0_f32, 2.0].into());
/// ```
///
/// # Panics
/// If the shapes or the dtypes differ, or on another backend than Flex, if burn does not have the function of the gate.
#[must_use]
pub fn gated<const D: usize>(gate: Tensor<D>, up: Tensor<D>, unit: impl Into<AnyGatedUnit>) -> Tensor<D> {
    Tensor::from_dispatch(ops::gated(gate.into_dispatch(), up.into_dispatch(), unit.into()))
}

/// The values of a gated unit whose gates and ups are the first and the second half of the last dimension, as in the fused
/// projections of Llama and Phi-3: half as long there as x.
///
/// For halves in another order, see [`gated`].
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use slopes::activation::Bilinear;
/// let x = Tensor::<2>::from_data([[1.0, 2.0, 10.0, 20.0]], &Device::flex());
/// assert_eq!(slopes_burn::gated_packed(x, Bilinear).into_data(), [[10.0_f32, 40.0]].into());
/// ```
///
/// # Panics
/// If the last dimension is odd, or on another backend than Flex, if burn does not have the function of the gate.
#[must_use]
pub fn gated_packed<const D: usize>(x: Tensor<D>, unit: impl Into<AnyGatedUnit>) -> Tensor<D> {
    Tensor::from_dispatch(ops::unary(x.into_dispatch(), Unary::Packed(unit.into())))
}

/// The mean [cross-entropy](SoftmaxCrossEntropy) between labels and the softmax of logits along the last dimension.
///
/// The labels have the shape of the logits without the last dimension, or, as probabilities, their shape and dtype. The
/// mean is one number of the dtype of the logits. For ignored labels, label smoothing, class weights and another dimension,
/// see [`mean_loss`].
///
/// ```
/// use burn::tensor::{Device, Int, Tensor};
/// let device = Device::flex().autodiff();
/// let logits = Tensor::<2>::zeros([2, 2], &device).require_grad();
/// let loss = slopes_burn::cross_entropy(logits.clone(), Tensor::<1, Int>::from_data([0, 1], &device));
/// assert_eq!(loss.to_data(), [2.0_f32.ln()].into());
/// let gradient = logits.grad(&loss.backward()).unwrap();
/// assert_eq!(gradient.into_data(), [[-0.25_f32, 0.25], [0.25, -0.25]].into());
/// ```
///
/// # Panics
/// As [`mean_loss`].
#[must_use]
pub fn cross_entropy<const D: usize, const L: usize, K: Basic>(logits: Tensor<D>, labels: Tensor<L, K>) -> Tensor<1> {
    mean_loss(logits, labels, -1, SoftmaxCrossEntropy::new())
}

/// The mean of a loss of the rows along a dimension, such as the [cross-entropy](SoftmaxCrossEntropy) with an ignored label,
/// or the [focal](slopes::loss::CategoricalFocal) or [Dice](slopes::loss::Dice) loss; with its gradient in the predictions.
///
/// The target has labels (`Tensor<_, Int>`), of the shape of the predictions without the dimension; or probabilities, of
/// their shape and dtype, of which no gradient is computed. Weights of classes have to live as long as the graph:
/// `&'static [f64]`.
///
/// ```
/// use burn::tensor::{Device, Int, Tensor};
/// use slopes::loss::SoftmaxCrossEntropy;
///
/// // Images of (batch, classes, height, width), and labels of (batch, height, width).
/// let logits = Tensor::<4>::zeros([1, 4, 1, 2], &Device::flex());
/// let labels = Tensor::<3, Int>::from_data([[[3, -100]]], &Device::flex());
/// let loss = SoftmaxCrossEntropy::new().with_ignore_label(-100);
/// let mean = slopes_burn::mean_loss(logits, labels, 1, loss).into_scalar::<f32>();
/// assert!((mean - 4.0_f32.ln()).abs() < 1e-6);
/// ```
///
/// # Panics
/// If there is no such dimension, if the shapes do not match, if the target has a dtype that the loss does not take (hinge
/// losses take labels alone), if a label is out of range, if the number of class weights is not that of classes; on another
/// backend than Flex, if it is not the cross-entropy of labels without options.
#[must_use]
pub fn mean_loss<const D: usize, const L: usize, K: Basic>(
    prediction: Tensor<D>,
    target: Tensor<L, K>,
    dim: impl AsIndex,
    loss: impl Into<AnyRowLoss<'static>>,
) -> Tensor<1> {
    let loss = MeanLoss { loss: loss.into(), dim: dim.expect_dim_index(D) };
    Tensor::from_dispatch(ops::mean_loss(prediction.into_dispatch(), target.into_dispatch(), loss))
}

/// The program of README.md.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
