//! Which function for what: hidden layers, outputs, gates, losses.
//!
//! # Hidden layers
//!
//! | network | begin with | then try |
//! |---|---|---|
//! | a few dense layers, tables | [`Relu`] | [`Swish`], [`Gelu`], [`Elu`] |
//! | transformers | [`Gelu`], or a gate: [`SwiGlu`], [`GeGlu`] | [`Relu2`] |
//! | convolutions | [`Relu`] | [`Swish`], [`Mish`] |
//! | small machines, integers later | [`Relu6`], [`HardSwish`] | [`LeakyRelu`] |
//! | discriminators of images | [`LeakyRelu`] with 0.2 | [`Swish`] |
//! | many dense layers without normalisation | [`Selu`] | [`Elu`] |
//! | recurrent states | [`Tanh`] | [`HardTanh`], [`Softsign`] |
//! | coordinates to signals, periodic data | [`Sine`], [`Snake`] | [`Gaussian`] |
//!
//! A trained network keeps the function that it was trained with, to its parameters and its form of GELU: see
//! [`trained_models`](super::trained_models).
//!
//! What the choice changes is the derivative. Where it is 0, nothing is learned: a unit with [`Relu`] whose input is
//! negative for all samples stays so. The others let something through.
//!
//! ```
//! use slopes::activation::{Activation, LeakyRelu, Relu, Sigmoid, Swish};
//!
//! assert_eq!(Relu.derivative(-1.0_f64), 0.0);
//! assert_eq!(LeakyRelu::DEFAULT.derivative(-1.0_f64), 0.01);
//! assert!((Swish::SILU.derivative(-1.0_f64) - 0.0723294881285133).abs() < 1e-15);
//!
//! // A logistic layer passes on a quarter of the gradient at most: ten of them, less than a millionth.
//! assert_eq!(Sigmoid.derivative(0.0_f64), 0.25);
//! assert!(0.25_f64.powi(10) < 1e-6);
//! ```
//!
//! # Outputs and losses
//!
//! The loss follows from the target, and the output activation from the loss. Most losses take the number before the
//! activation, the logit or the logarithm; the activation is for predictions.
//!
//! | task | target | output activation | loss | the loss takes |
//! |---|---|---|---|---|
//! | regression: the mean | any number | none | [`Mse`]; with outliers [`Huber`], [`PseudoHuber`], [`LogCosh`] | the prediction |
//! | regression: the median, a quantile | any number | none | [`Mae`], [`Pinball`] | the prediction |
//! | regression with its uncertainty | any number | none for the mean, [`Softplus`] for the variance | [`GaussianNll`] | mean and variance |
//! | counts | 0, 1, 2, ... | [`Exp`] | [`PoissonNll`] | the logarithm of the rate |
//! | positive amounts | > 0; with zeros | [`Exp`] | [`Gamma`]; [`Tweedie`] | the logarithm of the mean |
//! | two classes | 0 or 1 | [`Sigmoid`] | [`BinaryCrossEntropyWithLogits`]; if one is rare [`Focal`] | the logit |
//! | two classes by margin | -1 or 1 | the sign | [`Hinge`], [`SquaredHinge`], [`SoftMargin`] | the score |
//! | several classes, one of them right | a label, or probabilities | [`Softmax`] | [`SoftmaxCrossEntropy`]; if some are rare [`CategoricalFocal`] | the logits |
//! | several classes by margin | a label | the largest | [`MultiMargin`], [`CategoricalHinge`] | the scores |
//! | several labels at once | 0 or 1 for each | [`Sigmoid`] of each | [`MultiLabelCrossEntropy`] | the logits |
//! | grades, in an order | a grade | [`Sigmoid`] of each threshold | [`ordinal`](super::ordinal) | the logits |
//! | a distribution, as of a teacher | probabilities | [`LogSoftmax`] | [`KlDivergenceFromLog`] | the logarithms |
//! | segmentation | 0 or 1 for each pixel | [`Sigmoid`] of each | [`Dice`], [`Tversky`] | the probabilities |
//! | ranks | which of two is higher | none | [`MarginRanking`]; [`preference`](super::preference) | the two scores |
//! | embeddings | alike or not | none | [`CosineEmbedding`], [`Contrastive`], [`Triplet`]; [`contrastive`](super::contrastive) | the rows |
//!
//! Why the logit: a network that is sure of the wrong class has to learn most. Through a sigmoid and a squared error,
//! nothing reaches it.
//!
//! ```
//! use slopes::activation::{Activation, Sigmoid};
//! use slopes::loss::{BinaryCrossEntropyWithLogits, Loss, Mse};
//!
//! let (z, target) = (-10.0_f64, 1.0); // sure of 0, and wrong
//! let through_mse = Mse.derivative(Sigmoid.forward(z), target) * Sigmoid.derivative(z);
//! let through_bce = BinaryCrossEntropyWithLogits::DEFAULT.derivative(z, target);
//! assert!((through_mse + 9.07874937260649e-5).abs() < 1e-18);
//! assert!((through_bce + 0.999954602131298).abs() < 1e-14);
//! ```
//!
//! # Gates, shares, limits
//!
//! | what | function |
//! |---|---|
//! | how much of a number passes, 0 to 1 | [`Sigmoid`]; [`HardSigmoid`] on small machines |
//! | one half of a layer gates the other | [`Glu`], [`SwiGlu`], [`GeGlu`], [`ReGlu`], [`Gated`] of any activation |
//! | shares that add up to 1 | [`Softmax`]; [`Sparsemax`] with exact zeros; [`SinkSoftmax`] if nothing may be chosen |
//! | attention | see [`attention`](super::attention) |
//! | a random choice with a gradient | [`GumbelSoftmax`] |
//! | a positive number, as a variance or a rate | [`Softplus`], [`Exp`] |
//! | weights of experts, each by itself | [`Sigmoid`], [`SqrtSoftplus`] |
//! | a number within a limit, smooth | [`SoftCap`], [`Tanh`] |
//! | a number within a limit, cut | [`HardTanh`] |
//!
//! A softplus or an exponential: far below 0 they are the same; far above, the softplus grows as x does. A soft cap
//! bends before its limit.
//!
//! ```
//! use slopes::activation::{Activation, Exp, SoftCap, Softplus};
//!
//! assert!((Softplus::DEFAULT.forward(0.0_f64) - 2.0_f64.ln()).abs() < 1e-15);
//! assert_eq!(Softplus::DEFAULT.forward(100.0_f64), 100.0); // 100 + 4e-44
//! assert!((Exp.forward(100.0_f64) / 2.6881171418161356e43 - 1.0).abs() < 1e-15);
//! assert!((SoftCap::new(30.0)?.forward(100.0_f64) - 30.0 * (10.0_f64 / 3.0).tanh()).abs() < 1e-13);
//! # Ok::<(), slopes::ParameterError>(())
//! ```
//!
//! The pages of [`activation`](crate::activation) and [`loss`](crate::loss) have tables of all functions, and that of
//! each its formulas, a picture and its error bounds.
//!
//! Next: [`arrays`](super::arrays), arrays and matrices of other crates.
//!
//! [`BinaryCrossEntropyWithLogits`]: crate::loss::BinaryCrossEntropyWithLogits
//! [`CategoricalFocal`]: crate::loss::CategoricalFocal
//! [`CategoricalHinge`]: crate::loss::CategoricalHinge
//! [`Contrastive`]: crate::loss::Contrastive
//! [`CosineEmbedding`]: crate::loss::CosineEmbedding
//! [`Dice`]: crate::loss::Dice
//! [`Elu`]: crate::activation::Elu
//! [`Exp`]: crate::activation::Exp
//! [`Focal`]: crate::loss::Focal
//! [`Gamma`]: crate::loss::Gamma
//! [`Gated`]: crate::activation::Gated
//! [`Gaussian`]: crate::activation::Gaussian
//! [`GaussianNll`]: crate::loss::GaussianNll
//! [`GeGlu`]: crate::activation::GeGlu
//! [`Gelu`]: crate::activation::Gelu
//! [`Glu`]: crate::activation::Glu
//! [`GumbelSoftmax`]: crate::activation::GumbelSoftmax
//! [`HardSigmoid`]: crate::activation::HardSigmoid
//! [`HardSwish`]: crate::activation::HardSwish
//! [`HardTanh`]: crate::activation::HardTanh
//! [`Hinge`]: crate::loss::Hinge
//! [`Huber`]: crate::loss::Huber
//! [`KlDivergenceFromLog`]: crate::loss::KlDivergenceFromLog
//! [`LeakyRelu`]: crate::activation::LeakyRelu
//! [`LogCosh`]: crate::loss::LogCosh
//! [`LogSoftmax`]: crate::activation::LogSoftmax
//! [`Mae`]: crate::loss::Mae
//! [`MarginRanking`]: crate::loss::MarginRanking
//! [`Mish`]: crate::activation::Mish
//! [`Mse`]: crate::loss::Mse
//! [`MultiLabelCrossEntropy`]: crate::loss::MultiLabelCrossEntropy
//! [`MultiMargin`]: crate::loss::MultiMargin
//! [`Pinball`]: crate::loss::Pinball
//! [`PoissonNll`]: crate::loss::PoissonNll
//! [`PseudoHuber`]: crate::loss::PseudoHuber
//! [`ReGlu`]: crate::activation::ReGlu
//! [`Relu2`]: crate::activation::Relu2
//! [`Relu6`]: crate::activation::Relu6
//! [`Relu`]: crate::activation::Relu
//! [`Selu`]: crate::activation::Selu
//! [`Sigmoid`]: crate::activation::Sigmoid
//! [`Sine`]: crate::activation::Sine
//! [`SinkSoftmax`]: crate::activation::SinkSoftmax
//! [`Snake`]: crate::activation::Snake
//! [`SoftCap`]: crate::activation::SoftCap
//! [`SoftMargin`]: crate::loss::SoftMargin
//! [`Softmax`]: crate::activation::Softmax
//! [`SoftmaxCrossEntropy`]: crate::loss::SoftmaxCrossEntropy
//! [`Softplus`]: crate::activation::Softplus
//! [`Softsign`]: crate::activation::Softsign
//! [`Sparsemax`]: crate::activation::Sparsemax
//! [`SqrtSoftplus`]: crate::activation::SqrtSoftplus
//! [`SquaredHinge`]: crate::loss::SquaredHinge
//! [`SwiGlu`]: crate::activation::SwiGlu
//! [`Swish`]: crate::activation::Swish
//! [`Tanh`]: crate::activation::Tanh
//! [`Triplet`]: crate::loss::Triplet
//! [`Tversky`]: crate::loss::Tversky
//! [`Tweedie`]: crate::loss::Tweedie
