//! Sums of losses that can be merged.

use core::iter::Sum;
use core::ops::{Add, AddAssign};

use crate::exact_sum::ExactSum;
use crate::math::pair::{HiLo, double};
use crate::simd::{Isa, Kernel, Real, Token, dispatch_scalar, without_f64};

/// The sum of the losses of some samples, and the weight that their mean divides by.
///
/// Totals of batches, threads or machines are added; [`mean`](Total::mean) of the result is the mean over all samples.
///
/// ```
/// use slopes::loss::{Loss, Mse, Total};
///
/// let batches = [([1.0_f32, 2.0], [0.0, 0.0]), ([3.0, 0.0], [0.0, 0.0])];
/// let total: Total = batches.iter().map(|(prediction, target)| Mse.total(prediction, target)).sum();
/// assert_eq!((total.sum, total.weight, total.mean()), (14.0, 4.0, 3.5));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Total {
    /// The sum of the losses.
    pub sum: f64,
    /// The number of samples, or the sum of their weights.
    pub weight: f64,
}

impl Total {
    /// `sum / weight`; NaN if there are no samples.
    ///
    /// ```
    /// use slopes::loss::Total;
    /// assert_eq!(Total { sum: 6.0, weight: 4.0 }.mean(), 1.5);
    /// assert!(Total::default().mean().is_nan());
    /// ```
    #[must_use]
    pub fn mean(self) -> f64 {
        self.sum / self.weight
    }
}

impl Add for Total {
    type Output = Total;
    fn add(self, other: Total) -> Total {
        Total { sum: self.sum + other.sum, weight: self.weight + other.weight }
    }
}

impl AddAssign for Total {
    fn add_assign(&mut self, other: Total) {
        *self = *self + other;
    }
}

impl Sum for Total {
    fn sum<I: Iterator<Item = Total>>(totals: I) -> Total {
        totals.fold(Total::default(), Add::add)
    }
}

/// 1 / x, the scale of the gradient of a mean; where there is no f64, by two f32.
pub(crate) fn inverse<R: Real>(x: f64) -> f64 {
    if const { without_f64::<R>() } { dispatch_scalar(Inverse(x)) } else { 1.0 / x }
}

/// The kernel of [`inverse`] without f64.
struct Inverse(f64);

impl Kernel for Inverse {
    type Output = f64;
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) -> f64 {
        let mut sum = ExactSum::new();
        sum.add_pair(token, HiLo::of(token.lane(1.0)) / double(token, self.0));
        sum.value()
    }
}
