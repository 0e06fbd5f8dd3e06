//! Checks of arguments.

use crate::error::ParameterError;

/// Panics if lengths differ, and names them.
#[track_caller]
#[inline(always)]
pub(crate) fn same_length<const N: usize>(method: &str, lengths: [(&str, usize); N]) {
    if lengths.iter().any(|(_, len)| *len != lengths[0].1) {
        length_mismatch(method, &lengths);
    }
}

#[cold]
#[track_caller]
fn length_mismatch(method: &str, lengths: &[(&str, usize)]) -> ! {
    panic!("{method}: slices differ in length: {lengths:?}");
}

/// An error if a weight is no weight.
pub(crate) fn check_non_negative(parameter: &'static str, weights: Option<&[f64]>) -> Result<(), ParameterError> {
    let wrong = |weight: &&f64| !(0.0..f64::INFINITY).contains(*weight);
    match weights.unwrap_or(&[]).iter().find(wrong) {
        Some(&value) => Err(ParameterError { parameter, value, requirement: "must be finite and not negative" }),
        None => Ok(()),
    }
}
