//! The softmax of attention: causal masks, padding masks, and the gradient.
//!
//! Scores have the shape batch x heads x queries x keys, row-major: a row of `keys` numbers for each query, which is
//! `Rows::contiguous(keys)`. The scale 1 / sqrt(d) of dot products is the temperature sqrt(d).
//!
//! # Causal
//!
//! [`Mask::Causal`] lets query q of each matrix see the keys up to `q + offset - 1`. The count begins again every
//! `queries` rows, so one call does all heads and batch entries. `offset` is 1 in training; with p keys in a cache it
//! is `p + 1`.
//!
//! ```
//! use slopes::Rows;
//! use slopes::activation::{Mask, RowActivation, Softmax};
//!
//! const HEADS: usize = 2;
//! const QUERIES: usize = 3;
//! const KEYS: usize = 3;
//! let softmax = Softmax::new().with_temperature(f64::sqrt(64.0))?;
//! let rows = Rows::contiguous(KEYS);
//!
//! let scores = [0.5_f32; HEADS * QUERIES * KEYS];
//! let mut shares = [0.0; HEADS * QUERIES * KEYS];
//! softmax.forward_masked(&scores, Mask::Causal { queries: QUERIES, offset: 1 }, rows, &mut shares);
//! let third = 1.0_f32 / 3.0;
//! let head = [1.0, 0.0, 0.0, 0.5, 0.5, 0.0, third, third, third];
//! assert_eq!(shares, [head, head].concat()[..]);
//!
//! // Backward, from the output: it needs no mask, because hidden entries are 0 there.
//! let d_shares: Vec<f32> = (0..18).map(|i| (i % 3) as f32).collect();
//! let mut d_scores = [f32::NAN; HEADS * QUERIES * KEYS];
//! softmax.backward_from_output(&shares, &d_shares, rows, &mut d_scores);
//! assert_eq!(d_scores[..6], [0.0, 0.0, 0.0, -0.25 / 8.0, 0.25 / 8.0, 0.0]);
//! # Ok::<(), slopes::ParameterError>(())
//! ```
//!
//! # Causal and padded
//!
//! [`Mask::Boolean`] hides where it is false. A mask of `queries * keys` truth values serves any number of matrices: it
//! is used again from its beginning for each. (A mask of `batch * keys`, as PyTorch's `key_padding_mask`, must be written
//! out first: it would repeat from query to query.) So the heads of one batch entry share a mask, and a loop over the batch
//! gives each entry its own. To combine conditions, write the mask that holds where all of them hold.
//!
//! ```
//! use slopes::Rows;
//! use slopes::activation::{Mask, RowActivation, Softmax};
//!
//! let (heads, queries, keys) = (2, 3, 3);
//! let lengths = [3, 2]; // of the sequences; behind them is padding
//! let softmax = Softmax::new();
//! let rows = Rows::contiguous(keys);
//!
//! let scores = vec![0.0_f32; lengths.len() * heads * queries * keys];
//! let mut shares = vec![f32::NAN; scores.len()];
//! let entry = heads * queries * keys;
//! for ((x, y), len) in scores.chunks(entry).zip(shares.chunks_mut(entry)).zip(lengths) {
//!     let sees = |q: usize, k: usize| k <= q && k < len && q < len;
//!     let mask: Vec<bool> = (0..queries * keys).map(|i| sees(i / keys, i % keys)).collect();
//!     softmax.forward_masked(x, Mask::Boolean(&mask), rows, y);
//! }
//! assert_eq!(shares[3..6], [0.5, 0.5, 0.0]);
//! // The padded query of the second entry sees nothing. Its row is 0, not NaN, and so is its gradient.
//! assert_eq!(shares[entry..entry + 9], [1.0, 0.0, 0.0, 0.5, 0.5, 0.0, 0.0, 0.0, 0.0]);
//! ```
//!
//! What is hidden is 0 in the output whatever the score is, NaN included. Rows that see nothing are zeros by default,
//! and NaN or a uniform row by [`with_fully_masked`]. [`Mask::Additive`] hides where it is -inf and is added to the
//! scores elsewhere, before the division by the temperature: a bias that belongs behind it, such as ALiBi's, is
//! multiplied by the temperature first.
//!
//! [`LogSoftmax`] and [`Softmin`] have the same methods. Without a mask there is `forward_in_place`.
//!
//! [`LogSoftmax`]: crate::activation::LogSoftmax
//! [`Mask::Additive`]: crate::activation::Mask::Additive
//! [`Mask::Boolean`]: crate::activation::Mask::Boolean
//! [`Mask::Causal`]: crate::activation::Mask::Causal
//! [`Softmin`]: crate::activation::Softmin
//! [`with_fully_masked`]: crate::activation::Softmax::with_fully_masked
