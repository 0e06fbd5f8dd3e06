//! The triplet margin loss.

use super::{EachRow, RowGroup, RowGroupKernel, SimilarityKernels, Vector, methods, run, write_directions};
use crate::element::Element;
use crate::loss::row::driver::rounded_to;
use crate::row::Rows;
use crate::simd::{Isa, Real, Token};

crate::check::options! {
    /// What it costs that the prediction, the anchor, is not by a margin nearer to the positive row than to the negative one.
    ///
    /// - loss: `max(0, margin + d(prediction, positive) - d(prediction, negative))`, `d(x, y) = |x - y + eps|`, eps added to
    ///   every entry
    /// - gradient, where the loss is positive, else 0: with the directions `u = (prediction - positive + eps) / d` and
    ///   `v = (prediction - negative + eps) / d`, 0 where d is 0: `u - v` in the prediction, `-u` in the positive row, `v` in
    ///   the negative one
    /// - domain: any numbers. Equal infinities have no difference, nor have two infinite distances: NaN, as of NaN.
    /// - unit: that of the rows
    /// - worst error: 2^-24 of the largest of margin and distances in f32, (8 + len / 64) 2^-53 of it in f64
    /// - source: V. Balntas et al., Learning Local Feature Descriptors with Triplets, 2016; eps as in PyTorch's
    ///   `TripletMarginLoss`
    ///
    /// ```
    /// use slopes::{activation::Rows, loss::Triplet};
    /// let (anchor, positive, negative, rows) = ([0.0_f64, 0.0], [3.0, 4.0], [0.0, 5.5], Rows::contiguous(2));
    /// let triplet = Triplet { margin: 1.0, eps: 0.0 };
    /// let mut gradient = [0.0; 2];
    /// let loss = triplet.sum_with_gradients(
    ///     &anchor, &positive, &negative, rows, 1.0, [Some(&mut gradient), None, None],
    /// );
    /// assert_eq!(loss, 0.5);
    /// assert!((gradient[0] + 0.6).abs() < 1e-15 && (gradient[1] - 0.2).abs() < 1e-15);
    /// ```
    Triplet {
        /// How much nearer the positive row should be.
        margin: f64 = 1.0, with_margin(f64 as value), non_negative;
        /// What is added to every entry of a difference: it keeps distances from being 0.
        eps: f64 = 1e-6, with_eps(f64 as value), non_negative;
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
