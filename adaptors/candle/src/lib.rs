//! Functions of the crate [`slopes`] for tensors of [candle](candle_core): activations, softmax along a dimension, gated
//! units, cross-entropy, forward and in `backward()`.
//!
//! ```
//! use candle_core::{D, Device, Tensor, Var};
//! use slopes_candle::slopes::activation::{Gelu, SwiGlu};
//! use slopes_candle::{activate, cross_entropy, gated, softmax};
//!
//! # fn main() -> candle_core::Result<()> {
//! let x = Var::new(&[[0.0_f32, 1.0, 2.0], [3.0, -4.0, 0.5]], &Device::Cpu)?;
//! let hidden = activate(&x, Gelu)?;
//! let hidden = gated(&hidden, &hidden, SwiGlu::default())?;
//! let probabilities = softmax(&hidden, D::Minus1)?;
//! let loss = cross_entropy(&hidden, &Tensor::new(&[2_u32, 0], &Device::Cpu)?)?;
//! let gradient = loss.backward()?.get(&x).unwrap().to_vec2::<f32>()?;
//!
//! // The loss is the mean of -ln p of the labels.
//! let p = probabilities.to_vec2::<f32>()?;
//! assert!((loss.to_scalar::<f32>()? + (p[0][2].ln() + p[1][0].ln()) / 2.0).abs() < 1e-6);
//! assert!(gradient[0][2] < 0.0 && gradient[0][1] > 0.0);
//! # Ok(())
//! # }
//! ```
//!
//! | function | of candle | here |
//! |---|---|---|
//! | elementwise | `x.gelu_erf()`, `x.gelu()`, `x.silu()`, `x.tanh()`, `ops::sigmoid(&x)`, `Activation` | [`activate`]`(&x, Gelu)`, `GeluTanh`, `Swish::SILU`, `Tanh`, `Sigmoid`, any [`AnyActivation`]; [`Activate`], a `Module` |
//! | along a dimension | `ops::softmax(&x, dim)`, `ops::log_softmax(&x, dim)` | [`softmax`], [`log_softmax`]; [`activate_along`] with any [`AnyRowActivation`] |
//! | gated units | `ops::swiglu(&x)` | [`gated`]`(&gate, &up, SwiGlu::default())`, [`gated_packed`]`(&x, ..)`, any [`AnyGatedUnit`] |
//! | losses of rows | `loss::cross_entropy(&logits, &labels)` | [`cross_entropy`]; [`mean_loss`] with any [`AnyRowLoss`] |
//! | in place | | [`activate_inplace`], [`activate_along_inplace`] |
//!
//! # Tensors
//!
//! - dtypes: F32, F64, F16, BF16. Results have the dtype of x; F16 and BF16 are computed in f32 and rounded once. Another
//!   dtype is an [`UnsupportedDTypeForOp`](candle_core::Error::UnsupportedDTypeForOp).
//! - layouts: any. Of tensors that are not contiguous (transposed, narrowed, broadcast), the numbers are copied first, by
//!   candle. Results are contiguous.
//! - devices: the CPU. Tensors on another device are candle's error for operations that it lacks there, such as `no cuda
//!   implementation for gelu`: move them by `x.to_device(&Device::Cpu)`.
//! - threads: those of the current pool of rayon, which candle's matrix products use too, from 2^17 numbers on. The bits do
//!   not depend on their number.
//! - gradients: first derivatives, by `backward()`. Candle does not track the gradient itself.
//!
//! The [error bounds](https://docs.rs/slopes/latest/slopes/activation/) are those of the functions of slopes. None of the
//! functions here compiles a kernel in the program that calls it.

mod ops;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use candle_core::shape::Dim;
use candle_core::{D, Error, Module, Result, Tensor};
use half::{bf16, f16};
use slopes::activation::{Activation, AnyActivation, AnyGatedUnit, AnyRowActivation, LogSoftmax, Softmax};
use slopes::loss::{AnyRowLoss, SoftmaxCrossEntropy};

pub use slopes;

/// An elementwise activation that has all floating-point types of tensors: every [`Activation`] that is implemented for f32,
/// f64, f16 and bf16, such as by [`impl_activation!`](slopes::impl_activation).
///
/// ```
/// fn takes(_: impl slopes_candle::Function) {}
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
/// use candle_core::{Device, Tensor};
/// use slopes::activation::LeakyRelu;
/// use slopes_candle::activate;
///
/// # fn main() -> candle_core::Result<()> {
/// let x = Tensor::new(&[[-2.0_f64, 3.0]], &Device::Cpu)?;
/// let y = activate(&x, LeakyRelu { slope: 0.5 })?;
/// assert_eq!(y.to_vec2::<f64>()?, [[-1.0, 3.0]]);
/// assert_eq!(activate(&x.t()?, LeakyRelu { slope: 0.5 })?.to_vec2::<f64>()?, [[-1.0], [3.0]]);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// If the dtype is not F32, F64, F16 or BF16, or if x is not on the CPU.
pub fn activate(x: &Tensor, f: impl Into<AnyActivation>) -> Result<Tensor> {
    Activate::of(f.into()).forward(x)
}

/// The values x = f(x) of an elementwise activation, in place.
///
/// All tensors that share the storage of x change. `backward()` does not know of it: for tensors of which no gradient is
/// wanted.
///
/// ```
/// use candle_core::{Device, Tensor};
/// use slopes::activation::Relu;
///
/// # fn main() -> candle_core::Result<()> {
/// let x = Tensor::new(&[[-1.0_f32, 2.0], [-3.0, 4.0]], &Device::Cpu)?;
/// slopes_candle::activate_inplace(&x.narrow(1, 0, 1)?, Relu)?;
/// assert_eq!(x.to_vec2::<f32>()?, [[0.0, 2.0], [0.0, 4.0]]);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As [`activate`], and if x is broadcast, so that two of its numbers are one in memory.
pub fn activate_inplace(x: &Tensor, f: impl Into<AnyActivation>) -> Result<()> {
    Activate::of(f.into()).forward_inplace(x)
}

/// An elementwise activation as a [`Module`]: a layer of a model.
///
/// As a text, it is a name of slopes, Hugging Face or PyTorch, with parameters where there are any:
///
/// ```
/// use candle_core::{Device, Module, Tensor};
/// use slopes_candle::Activate;
///
/// # fn main() -> candle_core::Result<()> {
/// // `hidden_act` of a config.json.
/// let act: Activate = "gelu_pytorch_tanh".parse()?;
/// assert_eq!(act.to_string(), "gelu_tanh");
///
/// let leaky: Activate = "leaky_relu(slope=0.5)".parse()?;
/// let x = Tensor::new(&[-2.0_f32, 3.0], &Device::Cpu)?;
/// assert_eq!(leaky.forward(&x)?.to_vec1::<f32>()?, [-1.0, 3.0]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Activate {
    f: Arc<dyn Function>,
    text: Option<AnyActivation>,
}

impl Activate {
    /// One of slopes' activations.
    ///
    /// ```
    /// use candle_core::{Device, Module, Tensor};
    /// let relu = slopes_candle::Activate::new(slopes::activation::Relu);
    /// assert_eq!(relu.forward(&Tensor::new(-1.0_f32, &Device::Cpu)?)?.to_scalar::<f32>()?, 0.0);
    /// # Ok::<(), candle_core::Error>(())
    /// ```
    #[must_use]
    pub fn new(f: impl Into<AnyActivation>) -> Self {
        Self::of(f.into())
    }

    fn of(f: AnyActivation) -> Self {
        Activate { f: Arc::new(f), text: Some(f) }
    }

    /// A function of your own.
    ///
    /// ```
    /// use candle_core::{Device, Module, Var};
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
    /// let x = Var::new(2.0_f32, &Device::Cpu)?;
    /// let y = slopes_candle::Activate::own(Cube).forward(&x)?;
    /// let dx = y.backward()?.get(&x).unwrap().to_scalar::<f32>()?;
    /// assert_eq!((y.to_scalar::<f32>()?, dx), (8.0, 12.0));
    /// # Ok::<(), candle_core::Error>(())
    /// ```
    #[must_use]
    pub fn own(f: impl Function) -> Self {
        Activate { f: Arc::new(f), text: None }
    }

    /// The values in place; see [`activate_inplace`].
    ///
    /// ```
    /// use candle_core::{Device, Tensor};
    /// let x = Tensor::new(&[-1.0_f32, 1.0], &Device::Cpu)?;
    /// slopes_candle::Activate::new(slopes::activation::Relu).forward_inplace(&x)?;
    /// assert_eq!(x.to_vec1::<f32>()?, [0.0, 1.0]);
    /// # Ok::<(), candle_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`activate_inplace`].
    pub fn forward_inplace(&self, x: &Tensor) -> Result<()> {
        x.inplace_op1(&ops::Elementwise(self.f.clone()))
    }
}

impl Module for Activate {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x.apply_op1(ops::Elementwise(self.f.clone()))
    }
}

/// The text of the function, or the name that its specification has.
impl fmt::Display for Activate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text {
            Some(text) => text.fmt(f),
            None => f.write_str(Activation::<f32>::spec(&*self.f).name()),
        }
    }
}

impl fmt::Debug for Activate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Activate({self})")
    }
}

impl FromStr for Activate {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        text.parse().map(Self::of).map_err(Error::wrap)
    }
}

/// The [softmax](slopes::activation::Softmax) along a dimension: `y_i = exp(x_i) / sum_j exp(x_j)`.
///
/// A row of -inf alone, such as one that a mask hides, is 0; candle's is NaN.
///
/// ```
/// use candle_core::{D, Device, Tensor};
/// let x = Tensor::new(&[[1000.0_f32, 1000.0], [0.0, f32::NEG_INFINITY]], &Device::Cpu)?;
/// let y = slopes_candle::softmax(&x, D::Minus1)?;
/// assert_eq!(y.to_vec2::<f32>()?, [[0.5, 0.5], [1.0, 0.0]]);
/// # Ok::<(), candle_core::Error>(())
/// ```
///
/// # Errors
/// As [`activate_along`].
pub fn softmax(x: &Tensor, dim: impl Dim) -> Result<Tensor> {
    activate_along(x, dim, Softmax::new())
}

/// The logarithm of the [`softmax`] along a dimension: [`LogSoftmax`].
///
/// ```
/// use candle_core::{Device, Tensor};
/// let x = Tensor::new(&[[1000.0_f64], [0.0]], &Device::Cpu)?;
/// assert_eq!(slopes_candle::log_softmax(&x, 0)?.to_vec2::<f64>()?, [[0.0], [-1000.0]]);
/// # Ok::<(), candle_core::Error>(())
/// ```
///
/// # Errors
/// As [`activate_along`].
pub fn log_softmax(x: &Tensor, dim: impl Dim) -> Result<Tensor> {
    activate_along(x, dim, LogSoftmax::new())
}

/// The values of an activation of rows along a dimension, such as softmax with a temperature or
/// [sparsemax](slopes::activation::Sparsemax), with its gradient.
///
/// ```
/// use candle_core::{Device, Tensor};
/// use slopes::activation::{AnyRowActivation, Sparsemax};
/// use slopes_candle::activate_along;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let x = Tensor::new(&[0.0_f32, 2.0], &Device::Cpu)?;
/// assert_eq!(activate_along(&x, 0, Sparsemax)?.to_vec1::<f32>()?, [0.0, 1.0]);
/// let f: AnyRowActivation = "softmax(temperature=1000000000)".parse()?;
/// assert_eq!(activate_along(&x, 0, f)?.to_vec1::<f32>()?, [0.5, 0.5]);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// If x has no such dimension, if the dtype is not F32, F64, F16 or BF16, or if x is not on the CPU.
pub fn activate_along(x: &Tensor, dim: impl Dim, f: impl Into<AnyRowActivation>) -> Result<Tensor> {
    let f = f.into();
    x.apply_op1(ops::Along { f, dim: dim.to_index(x.shape(), f.spec().name())? })
}

/// The values of an activation of rows along a dimension, in place. `backward()` does not know of it.
///
/// ```
/// use candle_core::{Device, Tensor};
/// use slopes::activation::Softmax;
/// let x = Tensor::new(&[[0.0_f32, 0.0]], &Device::Cpu)?;
/// slopes_candle::activate_along_inplace(&x, 1, Softmax::new())?;
/// assert_eq!(x.to_vec2::<f32>()?, [[0.5, 0.5]]);
/// # Ok::<(), candle_core::Error>(())
/// ```
///
/// # Errors
/// As [`activate_along`], and if x is broadcast, so that two of its numbers are one in memory.
pub fn activate_along_inplace(x: &Tensor, dim: impl Dim, f: impl Into<AnyRowActivation>) -> Result<()> {
    let f = f.into();
    x.inplace_op1(&ops::Along { f, dim: dim.to_index(x.shape(), f.spec().name())? })
}

/// The values of a gated unit, such as [SwiGLU](slopes::activation::SwiGlu): y = f(gate) up, with both gradients in one
/// pass.
///
/// ```
/// use candle_core::{Device, Tensor, Var};
/// use slopes::activation::ReGlu;
///
/// let (gate, up) = (Var::new(&[-1.0_f32, 2.0], &Device::Cpu)?, Var::new(&[5.0_f32, 3.0], &Device::Cpu)?);
/// let y = slopes_candle::gated(&gate, &up, ReGlu::default())?;
/// assert_eq!(y.to_vec1::<f32>()?, [0.0, 6.0]);
/// let gradients = y.sum_all()?.backward()?;
/// assert_eq!(gradients.get(&gate).unwrap().to_vec1::<f32>()?, [0.0, 3.0]);
/// assert_eq!(gradients.get(&up).unwrap().to_vec1::<f32>()?, [0.0, 2.0]);
/// # Ok::<(), candle_core::Error>(())
/// ```
///
/// # Errors
/// If the shapes or the dtypes differ, if the dtype is not F32, F64, F16 or BF16, or if a tensor is not on the CPU.
pub fn gated(gate: &Tensor, up: &Tensor, unit: impl Into<AnyGatedUnit>) -> Result<Tensor> {
    gate.apply_op2(up, ops::Unit(unit.into()))
}

/// The values of a gated unit whose gates and ups are the first and the second half of the last dimension, as in the fused
/// projections of Llama and Phi-3 and in candle's `swiglu`: half as long there as x.
///
/// For halves in another order, see [`gated`].
///
/// ```
/// use candle_core::{Device, Tensor};
/// use slopes::activation::Bilinear;
/// let x = Tensor::new(&[[1.0_f32, 2.0, 10.0, 20.0]], &Device::Cpu)?;
/// assert_eq!(slopes_candle::gated_packed(&x, Bilinear)?.to_vec2::<f32>()?, [[10.0, 40.0]]);
/// # Ok::<(), candle_core::Error>(())
/// ```
///
/// # Errors
/// If the last dimension is odd or missing, if the dtype is not F32, F64, F16 or BF16, or if x is not on the CPU.
pub fn gated_packed(x: &Tensor, unit: impl Into<AnyGatedUnit>) -> Result<Tensor> {
    x.apply_op1(ops::PackedUnit(unit.into()))
}

/// The mean [cross-entropy](SoftmaxCrossEntropy) between labels and the softmax of logits along the last dimension.
///
/// The labels have the shape of the logits without the last dimension, or, as probabilities, their shape and dtype. The
/// mean is a scalar of the dtype of the logits. For ignored labels, label smoothing, class weights and another dimension,
/// see [`mean_loss`].
///
/// ```
/// use candle_core::{Device, Tensor, Var};
/// let logits = Var::new(&[[0.0_f64, 0.0], [0.0, 0.0]], &Device::Cpu)?;
/// let loss = slopes_candle::cross_entropy(&logits, &Tensor::new(&[0_u32, 1], &Device::Cpu)?)?;
/// assert_eq!(loss.to_scalar::<f64>()?, 2.0_f64.ln());
/// let gradient = loss.backward()?.get(&logits).unwrap().to_vec2::<f64>()?;
/// assert_eq!(gradient, [[-0.25, 0.25], [0.25, -0.25]]);
/// # Ok::<(), candle_core::Error>(())
/// ```
///
/// # Errors
/// As [`mean_loss`].
pub fn cross_entropy(logits: &Tensor, labels: &Tensor) -> Result<Tensor> {
    mean_loss(logits, labels, D::Minus1, SoftmaxCrossEntropy::new())
}

/// The mean of a loss of the rows along a dimension, such as the [cross-entropy](SoftmaxCrossEntropy) with an ignored label,
/// or the [focal](slopes::loss::CategoricalFocal) or [Dice](slopes::loss::Dice) loss; with its gradient in the predictions.
///
/// The target has labels (U8, U32, I32 or I64), of the shape of the predictions without the dimension; or probabilities, of
/// their shape and dtype. Weights of classes have to live as long as the graph: `&'static [f64]`.
///
/// ```
/// use candle_core::{Device, Tensor};
/// use slopes::loss::SoftmaxCrossEntropy;
///
/// // Images of (batch, classes, height, width), and labels of (batch, height, width).
/// let logits = Tensor::zeros((1, 4, 1, 2), candle_core::DType::F32, &Device::Cpu)?;
/// let labels = Tensor::new(&[[[3_i64, -100]]], &Device::Cpu)?;
/// let loss = SoftmaxCrossEntropy::new().with_ignore_label(-100);
/// let mean = slopes_candle::mean_loss(&logits, &labels, 1, loss)?.to_scalar::<f32>()?;
/// assert!((mean - 4.0_f32.ln()).abs() < 1e-6);
/// # Ok::<(), candle_core::Error>(())
/// ```
///
/// # Errors
/// If there is no such dimension, if the shapes do not match, if a dtype is not one of those, or not one that the loss takes
/// (hinge losses take labels alone), if a label is out of range, if the number of class weights is not that of classes, or if
/// a tensor is not on the CPU.
pub fn mean_loss(
    prediction: &Tensor,
    target: &Tensor,
    dim: impl Dim,
    loss: impl Into<AnyRowLoss<'static>>,
) -> Result<Tensor> {
    let loss = loss.into();
    let dim = dim.to_index(prediction.shape(), loss.spec().name())?;
    prediction.apply_op2(target, ops::MeanLoss { loss, dim })
}

/// The program of README.md.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
