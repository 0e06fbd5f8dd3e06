//! The tests of losses.

mod accuracy;
mod agreement;
mod bounds;
mod cases;
#[allow(dead_code, reason = "each program uses what it needs")]
#[path = "../common/mod.rs"]
mod common;
mod exact_sums;
mod halves;
mod ignored;
mod initial_scores;
mod lengths;
mod names;
mod pairs;
mod pos_weights;
mod pytorch;
mod readme;
mod row_accuracy;
mod row_inputs;
mod rows;
mod similarity;
mod sums;
mod three_inputs;
