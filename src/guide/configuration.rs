//! A layer whose activation comes from a configuration file.
//!
//! [`AnyActivation`] is any activation of one number, with its parameters, as a value: it is `Copy`, `Debug`, `Eq` and
//! `Hash`, is parsed from a text and written as one. So are
//!
//! - [`AnyRowActivation`], activations of rows such as softmax;
//! - [`AnyGatedUnit`], gated linear units such as SwiGLU;
//! - [`AnyLoss`], losses of pairs;
//! - [`AnyRowLoss`], losses of rows such as cross-entropy;
//! - [`AnyGroupLoss`], losses of distances and of three numbers such as the triplet loss;
//! - [`AnyPenalty`], penalties of weights.
//!
//! [`GumbelSoftmax`], [`LogSumExp`] and [`Maxout`] share no trait with others, and are read and written as their own
//! types.
//!
//! ```
//! use slopes::activation::{Activation, AnyActivation, LeakyRelu};
//!
//! #[derive(Clone, Debug, PartialEq, Eq)]
//! struct Layer {
//!     width: usize,
//!     activation: AnyActivation,
//! }
//!
//! let layer = Layer { width: 2, activation: "leaky_relu(slope=0.2)".parse()? };
//! let mut x = vec![-1.0_f32; layer.width];
//! layer.activation.forward_in_place(&mut x);
//! assert_eq!(x, [-0.2, -0.2]);
//!
//! // The text that is written is read as the same value.
//! let text = layer.activation.to_string();
//! let same = Layer { activation: text.parse()?, ..layer.clone() };
//! assert_eq!((text.as_str(), &same), ("leaky_relu(slope=0.2)", &layer));
//! assert_eq!(layer.activation, LeakyRelu::new(0.2)?.into());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Texts
//!
//! Names are those of PyTorch, Keras, ONNX and Hugging Face too; case, `_`, `-` and spaces do not matter. Parameters
//! that are not given have their defaults, which are those of this crate: where they are others elsewhere, write them
//! (see [`trained_models`](super::trained_models)). A name that projects give to different losses, `poisson`, is an
//! error. What `print` writes of a module of PyTorch is read too: options that change nothing, such as `inplace`, are
//! passed over, and others choose the function, such as `approximate` or `log_input`. An option that makes a function
//! which the crate does not have is an error, and so is a reduction other than the mean. An error says what is wrong,
//! and where.
//!
//! ```
//! use slopes::activation::AnyActivation;
//! let parse = |text: &str| text.parse::<AnyActivation>();
//!
//! assert_eq!(parse("SiLU")?, parse("swish")?);
//! assert_eq!(parse("LeakyReLU(negative_slope=0.2, inplace=True)")?, parse("leaky_relu(0.2)")?);
//! assert_eq!(parse("GELU(approximate='tanh')")?, parse("gelu_tanh")?);
//!
//! let error = parse("softplus(beta=-1)").unwrap_err();
//! assert_eq!(error.to_string(), "at byte 9: parameter beta = -1 must be from 1e-15 to 1e15");
//! assert!(parse("sigmiod").unwrap_err().to_string().contains("did you mean \"sigmoid\"?"));
//! # Ok::<(), slopes::ParseError>(())
//! ```
//!
//! A name of another kind of function is told:
//!
//! ```
//! let error = "softmax".parse::<slopes::activation::AnyActivation>().unwrap_err();
//! assert!(error.to_string().contains("is slopes::activation::Softmax, a function of AnyRowActivation"));
//! ```
//!
//! # serde
//!
//! With the feature `serde` (`serde` 1.0.220 or newer), the enums are texts in JSON, TOML and other formats, with the
//! errors above. A function of a known type is a map of its parameters, by their names or aliases; those that are not
//! given have their defaults. One without parameters is its name.
//!
//! ```
//! use serde::{Deserialize, Serialize};
//! use slopes::activation::{AnyActivation, LeakyRelu, Relu, Swish};
//! use slopes::loss::Huber;
//!
//! #[derive(Deserialize, Serialize)]
//! struct Model {
//!     hidden_act: AnyActivation,
//!     gate: Relu,
//!     loss: Huber,
//! }
//!
//! let text = r#"{"hidden_act": "silu", "gate": "relu", "loss": {"delta": 2}}"#;
//! let mut model: Model = serde_json::from_str(text)?;
//! assert_eq!((model.hidden_act, model.loss), (Swish::SILU.into(), Huber::new(2.0)?));
//!
//! model.hidden_act = LeakyRelu::new(0.2)?.into();
//! let text = r#"{"hidden_act":"leaky_relu(slope=0.2)","gate":"relu","loss":{"delta":2}}"#;
//! assert_eq!(serde_json::to_string(&model)?, text);
//!
//! let error = serde_json::from_str::<Huber>(r#"{"delta": 0}"#).unwrap_err();
//! assert!(error.to_string().starts_with("parameter delta = 0 must be"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! In formats of text, integers are written as such (`2`, not `2.0`), and infinities as the text `"inf"`, which JSON
//! has no number for; both are read, and so is any text of a number. Formats without names of fields have the
//! parameters in the order of [`Spec::parameters`]. Weights of classes, which a loss of rows borrows, are no part of
//! its text: a loss that has them is an error, so that they are not lost. The seed of [`GumbelSoftmax`] is not written,
//! and 0 when it is read.
//!
//! # Parameters that are learned
//!
//! [`parameter_gradient`] is `None` for functions whose parameters are not learned. Training goes on from the text that
//! it writes.
//!
//! ```
//! use slopes::activation::AnyActivation;
//!
//! let mut f: AnyActivation = "prelu(slope=0.25)".parse()?;
//! assert_eq!(f.parameters().collect::<Vec<_>>(), [("slope", 0.25)]);
//! if let (Some(name), Some(gradient)) = (f.learned_parameter(), f.parameter_gradient(&[-2.0_f32, 3.0], &[1.0, 1.0])) {
//!     f.set_parameter(name, 0.25 - 0.1 * gradient)?;
//! }
//! assert_eq!(f.to_string(), "prelu(slope=0.45)");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Beside functions of your own
//!
//! `Box<A>` and `Arc<A>` of an activation are activations too, and an `Arc` is `Clone`: one type for both kinds.
//!
//! ```
//! use std::sync::Arc;
//! use slopes::activation::{Activation, AnyActivation, Relu};
//!
//! let chosen: AnyActivation = "hard_tanh".parse()?;
//! let layers: [Arc<dyn Activation<f32>>; 2] = [Arc::new(chosen), Arc::new(Relu)]; // or a function of your own
//! assert_eq!(layers.map(|f| f.forward(-3.0)), [-1.0, 0.0]);
//! # Ok::<(), slopes::ParseError>(())
//! ```
//!
//! Next: [`trained_models`](super::trained_models), models of other projects.
//!
//! [`Spec::parameters`]: crate::Spec::parameters
//! [`AnyActivation`]: crate::activation::AnyActivation
//! [`AnyGatedUnit`]: crate::activation::AnyGatedUnit
//! [`AnyGroupLoss`]: crate::loss::AnyGroupLoss
//! [`AnyPenalty`]: crate::loss::AnyPenalty
//! [`GumbelSoftmax`]: crate::activation::GumbelSoftmax
//! [`LogSumExp`]: crate::activation::LogSumExp
//! [`Maxout`]: crate::activation::Maxout
//! [`AnyLoss`]: crate::loss::AnyLoss
//! [`AnyRowActivation`]: crate::activation::AnyRowActivation
//! [`AnyRowLoss`]: crate::loss::AnyRowLoss
//! [`parameter_gradient`]: crate::activation::AnyActivation::parameter_gradient
