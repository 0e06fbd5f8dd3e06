//! The guide: a short book, whose examples run as tests.
//!
//! Read it from [the first page](getting_started) on, each page links to the next, or take the page of your task.
//!
//! **First steps**
//!
//! 1. [`getting_started`]: one number, slices, a loss with its gradient, rows
//! 2. [`choosing`]: which function for what: hidden layers, outputs, gates, losses
//! 3. [`arrays`]: arrays of ndarray, matrices of nalgebra and faer
//! 4. [`configuration`]: an activation or a loss chosen by a text, in a type that is `Clone` and `Debug`
//! 5. [`trained_models`]: models of Hugging Face, ONNX, Keras and PyTorch, and whose default is which
//!
//! **Training**
//!
//! 6. [`training`]: a network by hand: forward, cross-entropy, backward, update, batches
//! 7. [`attention`]: softmax of attention scores: causal masks, padding masks, sinks, the way back
//! 8. [`boosting`]: initial scores, gradients and Hessians of three classes, sample weights
//! 9. [`preference`]: DPO, IPO, SimPO, KTO and ORPO as losses of a margin
//! 10. [`contrastive`]: InfoNCE, CLIP, NT-Xent and SigLIP as cross-entropies of similarities
//! 11. [`ordinal`]: grades in an order: CORAL as binary cross-entropies
//!
//! **Functions of your own**
//!
//! 12. [`own_functions`]: an activation or a loss of your own that has all methods and instruction sets
//! 13. [`accurate_formulas`]: a formula that stays accurate at its edges, and its test
//!
//! **Machines**
//!
//! 14. [`builds`]: dev builds, compile times, features; slices or single numbers; threads
//! 15. [`embedded`]: microcontrollers and wasm, without the standard library
//! 16. [`half_precision`]: slices of f16 and bf16
//! 17. [`reproducibility`]: the same bits on every machine
//!
//! Examples compare with values from formulas or from a calculation with 30 digits (mpmath). A difference below 1e-15
//! is a few roundings of an f64 near 1, and below 1e-14 a few more, or the last digit that is written.
//!
//! # Which trait has what
//!
//! | trait | of | main methods |
//! |---|---|---|
//! | [`Activation`] | one number: sigmoid, GELU, SiLU | `forward_slice`, `backward_slice`, and `_in_place` |
//! | [`RowActivation`] | a row: softmax, sparsemax | `forward`, `backward`, `backward_from_output` |
//! | [`GatedUnit`] | pairs: GLU, SwiGLU, GeGLU | `forward`, `backward` |
//! | [`Loss`] | a prediction and a target: MSE, Huber, BCE | `mean_with_gradient`, `sum_with_gradient`, `total` |
//! | [`RowLoss`] | a row of predictions: cross-entropy, focal, Dice | the same, with [`Targets`] and [`Rows`] |
//! | [`Learnable`] | an activation with a parameter: PReLU, Swish | `parameter_gradient` |
//!
//! Methods take slices; memory is the caller's, and nothing is allocated. Methods panic if slices differ in length. For
//! arrays and matrices see [`arrays`].
//!
//! [`Activation`]: crate::activation::Activation
//! [`GatedUnit`]: crate::activation::GatedUnit
//! [`Learnable`]: crate::activation::Learnable
//! [`Loss`]: crate::loss::Loss
//! [`RowActivation`]: crate::activation::RowActivation
//! [`RowLoss`]: crate::loss::RowLoss
//! [`Rows`]: crate::Rows
//! [`Targets`]: crate::loss::Targets

pub mod accurate_formulas;
pub mod arrays;
pub mod attention;
pub mod boosting;
pub mod builds;
pub mod choosing;
pub mod configuration;
pub mod contrastive;
pub mod embedded;
pub mod getting_started;
pub mod half_precision;
pub mod ordinal;
pub mod own_functions;
pub mod preference;
pub mod reproducibility;
pub mod trained_models;
pub mod training;
