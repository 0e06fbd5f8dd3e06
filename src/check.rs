//! Checks of arguments.

use core::fmt;

use crate::error::ParameterError;

/// Panics if the lengths differ, with a message that names them.
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
    panic!("{method}: lengths differ: {}", Named(lengths));
}

/// Names with their lengths, as in "x has 3, y has 4".
struct Named<'a>(&'a [(&'a str, usize)]);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(i, (name, len))| {
            let comma = if i == 0 { "" } else { ", " };
            write!(f, "{comma}{name} has {len}")
        })
    }
}

/// Declares the check of a parameter that f32, f16 and bf16 are computed with, rounded to f32: it must be in its domain
/// as it is, and rounded.
macro_rules! check {
    ($(#[$doc:meta])* $name:ident: |$value:ident| $valid:expr => $requirement:literal) => {
        $(#[$doc])*
        pub(crate) const fn $name(parameter: &'static str, value: f64) -> Result<(), ParameterError> {
            const fn is_valid($value: f64) -> bool {
                $valid
            }
            if !is_valid(value) {
                return Err(ParameterError { parameter, value, requirement: $requirement });
            }
            if !is_valid(value as f32 as f64) {
                return Err(ParameterError { parameter, value, requirement: concat!($requirement, ", in f32 too") });
            }
            Ok(())
        }
    };
}

check! {
    /// An error unless a parameter is finite and not negative.
    non_negative: |value| value >= 0.0 && value < f64::INFINITY => "must be finite and not negative"
}

/// An error unless all weights are finite and not negative.
pub(crate) const fn all_non_negative(parameter: &'static str, weights: &[f64]) -> Result<(), ParameterError> {
    let mut i = 0;
    while i < weights.len() {
        if let Err(error) = non_negative(parameter, weights[i]) {
            return Err(error);
        }
        i += 1;
    }
    Ok(())
}

check! {
    /// An error unless a parameter is positive and finite.
    positive: |value| value > 0.0 && value < f64::INFINITY => "must be positive and finite"
}

check! {
    /// An error unless a parameter is from 0 to 1.
    from_0_to_1: |value| value >= 0.0 && value <= 1.0 => "must be from 0 to 1"
}

check! {
    /// An error unless a parameter is from 0 to 100.
    from_0_to_100: |value| value >= 0.0 && value <= 100.0 => "must be from 0 to 100"
}

check! {
    /// An error unless a parameter is from -1 to 1.
    from_minus_1_to_1: |value| value >= -1.0 && value <= 1.0 => "must be from -1 to 1"
}

check! {
    /// An error unless a parameter is finite.
    finite: |value| value.is_finite() => "must be finite"
}

check! {
    /// An error unless a temperature is from 1e-15 to 1e15.
    temperature: |value| value >= 1e-15 && value <= 1e15 => "must be between 1e-15 and 1e15"
}
