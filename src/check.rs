//! Checks of arguments.

use crate::error::BadParameter;

/// Panics if lengths differ, and names them.
#[track_caller]
#[inline(always)]
pub(crate) fn same_length<const N: usize>(method: &str, lengths: [(&str, usize); N]) {
    if lengths.iter().any(|(_, len)| *len != lengths[0].1) {
        differ(method, &lengths);
    }
}

#[cold]
#[track_caller]
fn differ(method: &str, lengths: &[(&str, usize)]) -> ! {
    panic!("{method}: slices differ in length: {lengths:?}");
}

/// An error if a weight is no weight.
pub(crate) fn check_weights(parameter: &'static str, weights: Option<&[f64]>) -> Result<(), BadParameter> {
    let wrong = |weight: &&f64| !(0.0..f64::INFINITY).contains(*weight);
    match weights.unwrap_or(&[]).iter().find(wrong) {
        Some(&value) => Err(BadParameter { parameter, value, wanted: "must be finite and not negative" }),
        None => Ok(()),
    }
}
