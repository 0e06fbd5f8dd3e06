//! Triplet margin loss of the Euclidean distances between an anchor, a positive and a negative row.

use super::{EachRow, RowGroup, RowGroupKernel, SimilarityKernels, Vector, methods, run, write_directions};
use crate::element::Element;
use crate::loss::row::driver::rounded_to;
use crate::row::Rows;
use crate::simd::{Isa, Real, Token};

crate::function::function! {
    /// Triplet margin loss: the anchor should be nearer to the positive row than to the negative one by `margin`.
    ///
    /// The anchor is the prediction. `d(x, y) = |x - y + eps|`, eps added to every entry, with the directions
    /// `u = (prediction - positive + eps) / d` and `v = (prediction - negative + eps) / d`, 0 where d is 0.
    names ["triplet", "triplet_loss", "triplet_margin", "triplet_margin_loss"];
    "value": "max(0, margin + d(prediction, positive) - d(prediction, negative))",
        f32 0.0 or 1.0, f64 0.0 or 8.0, of "the largest of margin and distances; in f64 1 + len / 512 times that";
    "gradients": "u - v in the prediction, -u in the positive row, v in the negative row; 0 if the loss is 0",
        f32 1.0 or 1.0, f64 1.0 or 32.0, of "1; in f64 1 + len / 512";
    source "V. Balntas et al., Learning Local Feature Descriptors with Triplets, 2016; eps as in PyTorch";
    range [0.0, f64::INFINITY];

    /// - shape: element i of row r of each input and gradient is `x[r * len + i]`, or along an axis
    ///   `x[(o * len + i) * inner + j]` with `r = o * inner + j` (see [`Rows`]); `losses[r]` belongs to row r
    /// - domain: any numbers. The difference of equal infinities is NaN, and so is that of two infinite distances; NaN
    ///   gives NaN.
    /// - unit: that of the rows
    ///
    /// ```
    /// use slopes::{activation::Rows, loss::Triplet};
    /// let (anchor, positive, negative, rows) = ([0.0_f64, 0.0], [3.0, 4.0], [0.0, 5.5], Rows::contiguous(2));
    /// let triplet = Triplet::new().with_eps(0.0)?;
    /// let mut gradient = [0.0; 2];
    /// let loss = triplet.sum_with_gradients(
    ///     &anchor, &positive, &negative, rows, 1.0, [Some(&mut gradient), None, None],
    /// );
    /// assert_eq!(loss, 0.5);
    /// assert!((gradient[0] + 0.6).abs() < 1e-15 && (gradient[1] - 0.2).abs() < 1e-15);
    /// # Ok::<(), slopes::ParameterError>(())
    /// ```
    Triplet {
        /// Margin: the difference of the two distances from which the loss is 0. Finite and not negative; default 1.
        margin = 1.0, with_margin, non_negative;
        /// Offset eps, added to every entry of a difference, which keeps distances from being 0. Finite and not
        /// negative; default 1e-6.
        eps ("epsilon") = 1e-6, with_eps, non_negative;
    }
}

impl RowGroupKernel<3> for Triplet {
    fn run<T: Element>(kernel: EachRow<'_, Self, T::Real, 3>) -> f64 {
        <T::Kernels as SimilarityKernels<T>>::triplet(kernel)
    }
    #[inline(always)]
    fn row<R: Real, I: Isa>(self, token: Token<I>, rows: RowGroup<'_, R, 3>, _: f64) -> f64 {
        let [margin, eps] = [self.margin, self.eps].map(rounded_to::<R>);
        let [x, positive, negative] = rows.inputs;
        let [near, far] = [positive, negative].map(|y| Vector { x, less: Some((y, eps)), len: rows.len });
        let (length, length_far) = (near.length(token), far.length(token));
        let loss = margin + length.value() - length_far.value();
        if loss <= 0.0 {
            rows.fill(0.0);
            return 0.0;
        }
        let [of_x, of_positive, of_negative] = rows.gradients;
        write_directions(token, of_x, rows.scale, [(near, length, 1.0), (far, length_far, -1.0)]);
        write_directions(token, of_positive, rows.scale, [(near, length, -1.0)]);
        write_directions(token, of_negative, rows.scale, [(far, length_far, 1.0)]);
        loss
    }
}

methods!(Triplet of 3: prediction, positive, negative);
