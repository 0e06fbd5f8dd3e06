//! The loops of kernels over memory: the only ones that touch pointers.
//!
//! A function reaches slices as a [`Map`], from so many registers to so many. [`map`] applies it to slices, and
//! [`map_and_sum`] sums its first output on the way. Both compile one loop over whole registers for each function and
//! instruction set, and share everything else. Kernels that do more, such as those of rows, call the methods of
//! [`Token`](crate::simd::Token) that are defined here, which become a part of the kernel.
//!
//! Nothing between a kernel's entry and its instructions may be a closure or a call that is not inlined: it would be
//! compiled without the instruction set, and every instruction would be a call.

mod columns;
mod exact;
mod format;
mod interleave;
mod map;
mod reduce;
mod scalar;
mod stream;
mod view;

pub(crate) use columns::{LINE, WIDTH};
pub(crate) use exact::add_exactly;
pub(crate) use format::{Convert, convert, copy};
pub use format::{Format, Stored};
pub(crate) use interleave::{deinterleave, interleave};
pub(crate) use map::{Map, map};
pub(crate) use reduce::{map_and_sum, sum};
pub(crate) use scalar::map_scalar;
pub(crate) use view::{Dst, Src, Workspace};
