//! Cosine losses: of the angle between two rows.

use super::{EachRow, RowGroup, RowGroupKernel, SimilarityKernels, Vector, Write, methods, run};
use crate::element::Element;
use crate::loss::row::driver::{BLOCK, blocks, rounded_to};
use crate::row::Rows;
use crate::simd::{Isa, Real, Token};

/// A loss of the cosine of two rows, given its value and its derivative as a function of the cosine; writes its
/// gradients in both rows.
#[inline(always)]
fn cosine<R: Real, I: Isa>(token: Token<I>, rows: RowGroup<'_, R, 2>, loss: impl Fn(f64) -> [f64; 2]) -> f64 {
    let [a, b] = rows.inputs.map(|x| Vector { x, less: None, len: rows.len });
    let (length_a, length_b) = (a.length(token), b.length(token));
    let (of_a, of_b) = (length_a.inverse_of_scaled(), length_b.inverse_of_scaled());
    let cosine = a.dot(token, length_a.by, b, length_b.by) * of_a * of_b;
    // Rounding must not lead out of -1 to 1; NaN stays.
    let cosine = if cosine.abs() > 1.0 { cosine.signum() } else { cosine };
    let [loss, derivative] = loss(cosine);
    if rows.gradients.iter().all(Option::is_none) {
        return loss;
    }
    // A row of zeros has no direction, and a gradient of 0.
    if of_a * of_b == 0.0 || derivative == 0.0 {
        rows.fill(0.0);
        return loss;
    }
    let (mut x, mut y) = ([0.0; BLOCK], [0.0; BLOCK]);
    let sides = [(a, b, length_a, length_b, rows.gradients[0]), (b, a, length_b, length_a, rows.gradients[1])];
    for (from, to, length, to_length, gradient) in sides {
        let Some(gradient) = gradient else { continue };
        for (start, n) in blocks::<BLOCK>(rows.len) {
            from.load(token, start, length.by, &mut x[..n]);
            to.load(token, start, to_length.by, &mut y[..n]);
            for i in 0..n {
                let turn = y[i] * to_length.inverse_of_scaled() - cosine * (x[i] * length.inverse_of_scaled());
                x[i] = derivative * (turn * length.inverse());
            }
            token.call_outlined(Write { gradient, start, scale: rows.scale, entries: &x[..n] });
        }
    }
    loss
}

crate::function::function! {
    /// Cosine similarity loss: minus the cosine of the angle between two rows.
    ///
    /// It is -1 for the same direction, 1 for the opposite one; the sign is that of Keras's loss, so that less is
    /// better; PyTorch's `CosineSimilarity` is the cosine itself. The rows are p (the prediction) and t (the target).
    names ["cosine_similarity", "cosine"];
    "value": "-c, c = sum_i p_i t_i / sqrt(sum_i p_i^2 sum_i t_i^2); 0 for rows of zeros",
        f32 0.0 or 1.0, f64 0.0 or 8.0, of "1; in f64 1 + len / 1024";
    "gradient in the prediction": "-(t / |t| - c p / |p|) / |p|; 0 at rows of zeros",
        f32 0.0 or 1.0, f64 0.0 or 8.0, of "1 / |p|; in f64 (1 + len / 1024) / |p|";
    "gradient in the target": "-(p / |p| - c t / |t|) / |t|; 0 at rows of zeros",
        f32 0.0 or 1.0, f64 0.0 or 8.0, of "1 / |t|; in f64 (1 + len / 1024) / |t|";
    source "G. Salton, A. Wong, C. S. Yang, A Vector Space Model for Automatic Indexing, 1975";
    range [-1.0, 1.0];

    /// - shape: element i of row r of each input and gradient is `x[r * len + i]`, or along an axis
    ///   `x[(o * len + i) * inner + j]` with `r = o * inner + j` (see [`Rows`]); `losses[r]` belongs to row r
    /// - domain: any numbers. A row with infinite entries has the direction of those alone, and a gradient of 0. NaN
    ///   makes the loss and the gradients NaN.
    /// - unit: none
    ///
    /// ```
    /// use slopes::{activation::Rows, loss::CosineSimilarity};
    /// let (prediction, target) = ([3.0_f32, 4.0, 0.0, 0.0], [4.0, 3.0, 1.0, 0.0]);
    /// let mut losses = [1.0; 2];
    /// CosineSimilarity.forward(&prediction, &target, Rows::contiguous(2), &mut losses);
    /// assert_eq!(losses, [-0.96, 0.0]);
    /// ```
    CosineSimilarity;
}

impl RowGroupKernel<2> for CosineSimilarity {
    fn run<T: Element>(kernel: EachRow<'_, Self, T::Real, 2>) -> f64 {
        <T::Kernels as SimilarityKernels<T>>::cosine_similarity(kernel)
    }
    #[inline(always)]
    fn row<R: Real, I: Isa>(self, token: Token<I>, rows: RowGroup<'_, R, 2>, _: f64) -> f64 {
        cosine(token, rows, |cosine| [0.0 - cosine, -1.0])
    }
}

methods!(CosineSimilarity of 2: prediction, target);

crate::function::function! {
    /// Cosine embedding loss: turns two rows to the same direction (target 1), or away from each other (target -1).
    ///
    /// The cosine c of the rows p (the prediction) and o (the other row), and its gradients, are those of
    /// [`CosineSimilarity`].
    names ["cosine_embedding", "cosine_embedding_loss"];
    "value": "1 - c if target = 1, max(0, c - margin) if target = -1",
        f32 0.0 or 1.0, f64 0.0 or 8.0, of "1; in f64 1 + len / 1024";
    "gradient in the prediction": "-dc/dp if target = 1, dc/dp if target = -1 and the loss is positive, else 0",
        f32 0.0 or 1.0, f64 0.0 or 8.0, of "1 / |p|; in f64 (1 + len / 1024) / |p|";
    "gradient in the other row": "-dc/do if target = 1, dc/do if target = -1 and the loss is positive, else 0",
        f32 0.0 or 1.0, f64 0.0 or 8.0, of "1 / |o|; in f64 (1 + len / 1024) / |o|";
    source "PyTorch's CosineEmbeddingLoss, without the 1e-12 that it adds to squared lengths";
    range [0.0, 2.0];

    /// - shape: as of [`CosineSimilarity`], with `other` for the target, and `target[r]` for row r
    /// - domain, unit: as of [`CosineSimilarity`]; any target but 1 and -1 gives NaN
    ///
    /// ```
    /// use slopes::{activation::Rows, loss::CosineEmbedding};
    /// let (prediction, other) = ([3.0_f32, 4.0, 3.0, 4.0], [4.0, 3.0, 4.0, 3.0]);
    /// let mut losses = [0.0; 2];
    /// let loss = CosineEmbedding::new().with_margin(0.5)?;
    /// loss.forward(&prediction, &other, &[1.0, -1.0], Rows::contiguous(2), &mut losses);
    /// assert!((losses[0] - 0.04).abs() < 1e-7 && (losses[1] - 0.46).abs() < 1e-7);
    /// # Ok::<(), slopes::ParameterError>(())
    /// ```
    CosineEmbedding {
        /// Margin: the cosine up to which rows with the target -1 cost nothing. From -1 to 1; default 0.
        margin = 0.0, with_margin, from_minus_1_to_1;
    }
}

impl RowGroupKernel<2> for CosineEmbedding {
    fn run<T: Element>(kernel: EachRow<'_, Self, T::Real, 2>) -> f64 {
        <T::Kernels as SimilarityKernels<T>>::cosine_embedding(kernel)
    }
    #[inline(always)]
    fn row<R: Real, I: Isa>(self, token: Token<I>, rows: RowGroup<'_, R, 2>, target: f64) -> f64 {
        let margin = rounded_to::<R>(self.margin);
        cosine(token, rows, |cosine| match target {
            1.0 => [1.0 - cosine, -1.0],
            -1.0 if cosine <= margin => [0.0, 0.0],
            -1.0 => [cosine - margin, 1.0],
            _ => [f64::NAN; 2],
        })
    }
}

methods!(CosineEmbedding of 2: prediction, other; target);
