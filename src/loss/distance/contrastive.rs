//! Contrastive loss of the Euclidean distance between two rows.

use super::{EachRow, RowGroup, RowGroupKernel, SimilarityKernels, Vector, methods, run, write_directions};
use crate::element::Element;
use crate::loss::row::driver::rounded_to;
use crate::row::Rows;
use crate::simd::{Isa, Real, Token};

crate::function::function! {
    /// Contrastive loss: pulls two rows together (target 1), or at least `margin` apart (target -1).
    ///
    /// `d = |prediction - other|`, the Euclidean distance of the rows.
    names ["contrastive", "contrastive_loss"];
    "value": "d^2 / 2 if target = 1, max(0, margin - d)^2 / 2 if target = -1",
        f32 1.0 or 1.0, f64 0.0 or 16.0, of "margin^2; in f64 margin^2 + (1 + len / 512) value";
    "gradient in the prediction, minus that in the other row":
        "prediction - other if target = 1, -max(0, margin - d) (prediction - other) / d if target = -1 and d > 0, else 0",
        f32 1.0 or 1.0, f64 1.0 or 16.0, of "max(margin, d); in f64 (1 + len / 512) max(margin, d)";
    source "R. Hadsell, S. Chopra, Y. LeCun, Dimensionality Reduction by Learning an Invariant Mapping, 2006";
    range [0.0, f64::INFINITY];

    /// - shape: element i of row r of each input and gradient is `x[r * len + i]`, or along an axis
    ///   `x[(o * len + i) * inner + j]` with `r = o * inner + j` (see [`Rows`]); `target[r]` and `losses[r]` belong to
    ///   row r
    /// - domain: any numbers, targets of 1 or -1; any other gives NaN. The difference of equal infinities is NaN; NaN
    ///   gives NaN.
    /// - unit: that of the rows, squared
    ///
    /// ```
    /// use slopes::{activation::Rows, loss::Contrastive};
    /// let (prediction, other) = ([3.0_f32, 4.0, 0.0, 0.5], [0.0, 0.0, 0.0, 0.0]);
    /// let mut losses = [0.0; 2];
    /// Contrastive::default().forward(&prediction, &other, &[1.0, -1.0], Rows::contiguous(2), &mut losses);
    /// assert_eq!(losses, [12.5, 0.125]);
    /// ```
    Contrastive {
        /// Margin: the distance from which rows with the target -1 cost nothing. Finite and not negative; default 1.
        margin = 1.0, with_margin, non_negative;
    }
}

impl RowGroupKernel<2> for Contrastive {
    fn run<T: Element>(kernel: EachRow<'_, Self, T::Real, 2>) -> f64 {
        <T::Kernels as SimilarityKernels<T>>::contrastive(kernel)
    }
    #[inline(always)]
    fn row<R: Real, I: Isa>(self, token: Token<I>, rows: RowGroup<'_, R, 2>, target: f64) -> f64 {
        let [x, y] = rows.inputs;
        let vector = Vector { x, less: Some((y, 0.0)), len: rows.len };
        let length = vector.length(token);
        let (d, margin) = (length.value(), rounded_to::<R>(self.margin));
        let derivative = match target {
            1.0 => d,
            -1.0 if d >= margin => 0.0,
            -1.0 => d - margin,
            _ => f64::NAN,
        };
        if derivative == 0.0 {
            rows.fill(0.0);
            return 0.0;
        }
        let [of_x, of_y] = rows.gradients;
        write_directions(token, of_x, rows.scale, [(vector, length, derivative)]);
        write_directions(token, of_y, rows.scale, [(vector, length, -derivative)]);
        0.5 * derivative * derivative
    }
}

methods!(Contrastive of 2: prediction, other; target);
