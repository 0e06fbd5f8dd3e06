//! Elementwise losses: of a number and its target, each written as a formula over registers.

pub(crate) mod likelihood;
pub(crate) mod margin;
pub(crate) mod rates;
pub(crate) mod regression;
pub(crate) mod three_inputs;
pub(crate) mod weighted;
