//! Inference of trained models of Hugging Face, ONNX, Keras and PyTorch: whose default is which.
//!
//! A network has to be computed with the function that it was trained with. Names agree between projects more often
//! than what they stand for. The versions here are transformers 5.24, ONNX 1.23 (opset 28), Keras 3.15, PyTorch 2.15.
//!
//! # Three GELUs
//!
//! | function | formula | here |
//! |---|---|---|
//! | exact | x P(x), P the normal distribution | [`Gelu`] |
//! | by tanh | x s(2 c (x + 0.044715 x^3)), c = sqrt(2 / pi), s the logistic function | [`GeluTanh`] |
//! | quick | x s(1.702 x) | [`QuickGelu`] |
//!
//! | where | exact | by tanh | quick |
//! |---|---|---|---|
//! | Hugging Face, `hidden_act` | `gelu`, `gelu_python` | `gelu_new`, `gelu_fast`, `gelu_accurate`, `gelu_pytorch_tanh`, `gelu_python_tanh` | `quick_gelu` |
//! | PyTorch, `nn.GELU` | the default | `approximate='tanh'` | |
//! | ONNX, `Gelu` | the default | `approximate="tanh"` | |
//! | Keras, `activations.gelu` | the default | `approximate=True` | |
//! | Keras, `ops.gelu`; JAX, `nn.gelu` | `approximate=False` | the default | |
//!
//! The names of Hugging Face are names here. They are 1e-4 and more apart:
//!
//! ```
//! use slopes::activation::{Activation, AnyActivation};
//!
//! // At -1 and -4, by mpmath.
//! let expected = [
//!     ("gelu", -0.158655253931457, -1.26684967332480e-4),
//!     ("gelu_new", -0.158808009391723, -7.02459481923727e-5),
//!     ("gelu_pytorch_tanh", -0.158808009391723, -7.02459481923727e-5),
//!     ("quick_gelu", -0.154204234067179, -4.41472413958106e-3),
//!     ("silu", -0.268941421369995, -0.0719448398483662),
//! ];
//! for (name, at_1, at_4) in expected {
//!     let f: AnyActivation = name.parse()?;
//!     assert!((f.forward(-1.0_f64) - at_1).abs() < 1e-14, "{name}");
//!     assert!((f.forward(-4.0_f64) - at_4).abs() < 1e-14, "{name}");
//! }
//! // As PyTorch prints it, and as a text for ONNX's and Keras's options.
//! assert_eq!("GELU(approximate='tanh')".parse::<AnyActivation>()?, "gelu_new".parse()?);
//! assert_eq!("gelu(approximate=True)".parse::<AnyActivation>()?, "gelu_new".parse()?);
//! # Ok::<(), slopes::ParseError>(())
//! ```
//!
//! # Hugging Face
//!
//! `hidden_act` of a model's `config.json` (GPT-2: `activation_function`; Gemma 2 and 3: `hidden_activation`) is read
//! as it is, by [`AnyActivation`]. Where it is missing, the default of the model's class counts:
//!
//! | default | models |
//! |---|---|
//! | `gelu` | BERT |
//! | `gelu_new` | GPT-2, Phi |
//! | `gelu_pytorch_tanh` | Gemma, SigLIP |
//! | `quick_gelu` | CLIP |
//! | `silu` | Llama, Mistral, Qwen 2 |
//!
//! - Early configurations of Gemma say `gelu` and mean the form by tanh, which Gemma's class puts in its place.
//! - `gated-gelu` of T5's `feed_forward_proj` is the gate of `gelu_new`: [`GeGluTanh`].
//! - `gelu_10` is GELU cut to -10 and 10: [`Gelu`], then `hard_tanh(low=-10, high=10)`. It is no name here.
//! - Llama's `down(silu(gate(x)) * up(x))` is [`SwiGlu`] between the two products; another `hidden_act` in its place is
//!   [`Gated`] of it.
//!
//! ```
//! use slopes::activation::{AnyActivation, Gated, GatedUnit, GeGluTanh, GeluTanh, SwiGlu};
//!
//! // All names of transformers 5.24 but `gelu_10`.
//! let names = "gelu gelu_accurate gelu_fast gelu_new gelu_python gelu_python_tanh gelu_pytorch_tanh hardswish laplace \
//!     leaky_relu linear mish prelu quick_gelu relu relu2 relu6 sigmoid silu sqrtsoftplus swish tanh xielu";
//! assert_eq!(names.split(' ').filter(|name| name.parse::<AnyActivation>().is_ok()).count(), 23);
//! assert!("gelu_10".parse::<AnyActivation>().is_err());
//!
//! // Gates.
//! let (gate, up) = ([-1.0_f64, 2.0], [3.0, -1.0]); // x W_gate and x W_up
//! let mut y = [0.0; 2];
//! SwiGlu::DEFAULT.forward_slice(&gate, &up, &mut y); // before W_down
//! assert!((y[0] + 3.0 * 0.268941421369995).abs() < 1e-14);
//! assert!((y[1] + 1.76159415595576).abs() < 1e-14);
//! assert_eq!(Gated(GeluTanh).forward(2.0_f64, 3.0), GeGluTanh.forward(2.0_f64, 3.0));
//! ```
//!
//! # ONNX
//!
//! Attributes that a node does not have are at the operator's defaults, which are f32. Where they are not ours, write
//! them:
//!
//! | operator | default attributes | text here |
//! |---|---|---|
//! | `LeakyRelu` | alpha 0.01 | `leaky_relu(alpha=0.01)`, the default |
//! | `Elu`, `Celu` | alpha 1 | `elu(alpha=1)`, `celu(alpha=1)`, the defaults |
//! | `Selu` | alpha 1.6732632, gamma 1.0507010 | `selu(alpha=1.6732631921768188, gamma=1.0507010221481323)` |
//! | `HardSigmoid` | alpha 0.2, beta 0.5 | `hard_sigmoid(low=-2.5, high=2.5)` |
//! | `HardSwish` | none: it is x times clip(x / 6 + 1/2) | `hard_swish` |
//! | `ThresholdedRelu` | alpha 1 | `thresholded_relu(alpha=1)`, the default |
//! | `Shrink` | lambd 0.5, bias 0 | `shrink(lambd=0.5, bias=0)`, the default |
//! | `Swish` | alpha 1 | `swish(beta=1)`, the default |
//! | `Clip` | no bounds | `clip(min=-inf, max=inf)`; ours are -1 and 1 |
//! | `PRelu` | the slopes are an input | [`PReluChannels`], or `prelu(slope=..)` for one |
//!
//! A hard sigmoid clip(alpha x + beta) between 0 and 1 has low = -beta / alpha and high = (1 - beta) / alpha. `selu` by
//! itself has the parameters of its authors, of which ONNX's are the nearest f32: 3e-8 apart.
//!
//! ```
//! use slopes::activation::{Activation, AnyActivation};
//! let at = |text: &str, x: f64| text.parse::<AnyActivation>().unwrap().forward(x);
//!
//! assert_eq!(at("LeakyRelu(alpha=0.01)", -1.0), -0.01);
//! assert!((at("Elu(alpha=1)", -1.0) - (-1.0_f64).exp_m1()).abs() < 1e-15);
//! assert!((at("Selu(alpha=1.6732631921768188, gamma=1.0507010221481323)", -1.0) + 1.11133074128648).abs() < 1e-14);
//! assert_eq!(at("HardSigmoid(low=-2.5, high=2.5)", 1.0), 0.7); // 0.2 + 0.5
//! assert_eq!(at("ThresholdedRelu(alpha=1)", 1.0), 0.0);
//! assert_eq!(at("ThresholdedRelu(alpha=1)", 1.5), 1.5);
//! assert_eq!([at("Shrink(lambd=0.5, bias=0)", 0.5), at("Shrink(lambd=0.5, bias=0.25)", -1.0)], [0.0, -0.75]);
//! assert_eq!([at("Clip(min=0, max=6)", 7.0), at("Clip(min=-inf, max=inf)", 7.0), at("Clip", 7.0)], [6.0, 7.0, 1.0]);
//! ```
//!
//! `Softmax`, `LogSoftmax` and `Hardmax` work along the axis -1 since opset 13: [`Rows::along`] with any axis. Before,
//! the axis was 1, and everything behind it was one row: `Rows::contiguous(classes * height * width)`.
//!
//! ```
//! use slopes::Rows;
//! use slopes::activation::{RowActivation, Softmax};
//!
//! let x = [0.0_f64; 4]; // shape (1, 2, 2)
//! let (mut along, mut flat) = ([0.0; 4], [0.0; 4]);
//! Softmax::new().forward(&x, Rows::along(&[1, 2, 2], 2), &mut along);
//! Softmax::new().forward(&x, Rows::contiguous(2 * 2), &mut flat);
//! assert_eq!((along, flat), ([0.5; 4], [0.25; 4]));
//! ```
//!
//! # Keras
//!
//! | name | what it is in Keras | text here |
//! |---|---|---|
//! | `"leaky_relu"`, `activations.leaky_relu` | negative_slope 0.2 | `leaky_relu(negative_slope=0.2)`; ours is 0.01 |
//! | `layers.LeakyReLU()` | negative_slope 0.3 | `leaky_relu(negative_slope=0.3)` |
//! | `hard_sigmoid`, Keras 3 | relu6(x + 3) / 6 | `hard_sigmoid`, the default |
//! | `hard_sigmoid`, Keras 2 (TensorFlow up to 2.15) | clip(0.2 x + 0.5) between 0 and 1 | `hard_sigmoid(low=-2.5, high=2.5)` |
//! | `gelu` | exact; `ops.gelu` is the form by tanh | `gelu`; `gelu_tanh` |
//! | `layers.PReLU()` | the slopes begin at 0 | `prelu(slope=0)`; ours is 0.25, as in PyTorch |
//! | `layers.ReLU(max_value=6)` | min(max(0, x), 6) | `relu6` |
//! | `elu`, `celu`, `selu`, `softplus`, `hard_shrink`, `soft_shrink`, `squareplus` | as here | the same name |
//!
//! The default recurrent activation of Keras's LSTM was the hard sigmoid up to Keras 2.2, and is `sigmoid` since 2.3.
//!
//! ```
//! use slopes::activation::{Activation, AnyActivation};
//! let at = |text: &str, x: f64| text.parse::<AnyActivation>().unwrap().forward(x);
//!
//! assert_eq!(at("leaky_relu(negative_slope=0.2)", -1.0), -0.2);
//! assert_eq!(at("LeakyReLU(negative_slope=0.3)", -1.0), -0.3);
//! assert!((at("hard_sigmoid", 1.0) - 2.0 / 3.0).abs() < 1e-15); // Keras 3
//! assert_eq!(at("hard_sigmoid(low=-2.5, high=2.5)", 1.0), 0.7); // Keras 2
//! ```
//!
//! # PyTorch
//!
//! The defaults of this crate are those of PyTorch's modules: LeakyReLU 0.01, ELU and CELU 1, PReLU 0.25, RReLU 1/8 to
//! 1/3, Hardtanh -1 to 1, Hardshrink and Softshrink 0.5, Softplus 1. What `print(model)` writes of a module is read as
//! it is:
//!
//! ```
//! use slopes::activation::{Activation, AnyActivation, HardTanh, LeakyRelu, Softplus};
//!
//! let read = |text: &str| text.parse::<AnyActivation>();
//! assert_eq!(read("LeakyReLU(negative_slope=0.01)")?, LeakyRelu::DEFAULT.into());
//! assert_eq!(read("Hardtanh(min_val=-1.0, max_val=1.0)")?, HardTanh::DEFAULT.into());
//! assert_eq!(read("Softplus(beta=1.0, threshold=20.0)")?, Softplus::DEFAULT.into());
//! assert_eq!(read("Threshold(threshold=0.1, value=20.0)")?.forward(0.05_f32), 20.0);
//! # Ok::<(), slopes::ParseError>(())
//! ```
//!
//! Above its threshold, PyTorch's Softplus is x itself, which at 20 is 2e-9 off; here the function is computed
//! everywhere. In half precision, functions that are written in Python, such as `gelu_new` of transformers, are rounded
//! after every step; here there is one rounding, at the end. So outputs agree to the precision of the type, not to the
//! bit.
//!
//! Losses have such differences too: see [`configuration`](super::configuration) for the options that are read.
//!
//! Next: [`training`](super::training), a network by hand.
//!
//! [`AnyActivation`]: crate::activation::AnyActivation
//! [`Gated`]: crate::activation::Gated
//! [`GeGluTanh`]: crate::activation::GeGluTanh
//! [`Gelu`]: crate::activation::Gelu
//! [`GeluTanh`]: crate::activation::GeluTanh
//! [`PReluChannels`]: crate::activation::PReluChannels
//! [`QuickGelu`]: crate::activation::QuickGelu
//! [`Rows::along`]: crate::Rows::along
//! [`SwiGlu`]: crate::activation::SwiGlu
