//! PLACEHOLDER
#![no_std]

#[allow(unsafe_code, reason = "one of the three places that may")]
mod dispatch;
#[allow(unsafe_code, reason = "one of the three places that may")]
mod element;
mod facts;
#[allow(unsafe_code, reason = "one of the three places that may")]
mod lanes;
mod math;
mod sum;

pub mod activation;
pub mod loss;

pub use dispatch::{Family, Level, UnsupportedLevel};
pub use element::Element;
pub use facts::{BadParameter, Facts, Symmetry, Ulp, UnknownName};
pub use lanes::{Lanes, Real};
pub use math::Functions;
