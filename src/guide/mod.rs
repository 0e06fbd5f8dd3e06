//! The guide: pages by task, each with examples that run as tests.
//!
//! | page | task |
//! |---|---|
//! | [`training`] | train a network: forward, cross-entropy with class weights and ignored labels, backward, batches |
//! | [`boosting`] | gradient boosting: initial scores, gradients and Hessians of three classes, sample weights |
//! | [`attention`] | softmax of attention scores: causal masks, padding masks, the way back |
//! | [`arrays`] | arrays of ndarray, matrices of nalgebra and faer |
//! | [`configuration`] | choose an activation or a loss by a text, and keep it in a type that is `Clone` and `Debug` |
//! | [`own_functions`] | write an activation or a loss of your own that has all methods and instruction sets |
//! | [`accurate_formulas`] | keep a formula of your own accurate at its edges, and test it |
//! | [`reproducibility`] | the same bits on every machine |
//! | [`builds`] | dev builds, compile times, features; slices or single numbers; threads |
//! | [`half_precision`] | slices of f16 and bf16 |
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
pub mod configuration;
pub mod half_precision;
pub mod own_functions;
pub mod reproducibility;
pub mod training;
