//! Elementwise losses: of a number and its target, each written as a formula over registers.

#[macro_use]
pub(crate) mod likelihood;
#[macro_use]
pub(crate) mod margin;
pub(crate) mod pos_weights;
#[macro_use]
pub(crate) mod rates;
#[macro_use]
pub(crate) mod regression;
#[macro_use]
pub(crate) mod three_inputs;
pub(crate) mod weighted;
