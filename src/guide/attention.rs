//! The softmax of attention: causal masks, padding masks, sinks, and the gradient.
//!
//! Scores have the shape batch x heads x queries x keys, row-major: a row of `keys` numbers for each query, which is
//! `Rows::contiguous(keys)`. The scale 1 / sqrt(d) of dot products is the temperature sqrt(d).
//!
//! # Causal and padded
//!
//! A [`Mask`] holds where all its parts hold. [`with_causal`] lets each query see the keys up to its own position. The
//! count of queries begins again with each matrix, so one call does all heads and samples. The last query is at the last
//! key, so the same mask serves training and generation with a cache. [`with_boolean`] hides where it is false; a
//! [`Repeat`] says which rows share it, so nothing is written out or copied: a padding mask has one row for each sample,
//! as PyTorch's `key_padding_mask` (which is true where ours is false).
//!
//! ```
//! use slopes::Rows;
//! use slopes::activation::{Mask, Repeat, RowActivation, Softmax};
//!
//! const BATCH: usize = 2;
//! const HEADS: usize = 2;
//! const QUERIES: usize = 3;
//! const KEYS: usize = 3;
//! const ENTRIES: usize = BATCH * HEADS * QUERIES * KEYS;
//! let softmax = Softmax::new().with_temperature(f64::sqrt(64.0))?;
//! let rows = Rows::contiguous(KEYS);
//!
//! // Batch x keys. The first two keys of the second sample are padding.
//! let present = [true, true, true, false, false, true];
//! let padding = Repeat::Row { times: HEADS * QUERIES };
//! let mask = Mask::new().with_causal(QUERIES).with_boolean(&present, padding);
//!
//! let mut scores = [0.5_f32; ENTRIES];
//! scores[ENTRIES / 2] = f32::NAN; // at a padded key
//! let mut shares = [0.0; ENTRIES];
//! softmax.forward_masked(&scores, mask, rows, &mut shares);
//! let third = 1.0_f32 / 3.0;
//! let first = [1.0, 0.0, 0.0, 0.5, 0.5, 0.0, third, third, third];
//! // Two queries of the second sample see nothing. Their rows are 0, not NaN.
//! let second = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0];
//! assert_eq!(shares, [first, first, second, second].concat()[..]);
//!
//! // Backward, from the output: it needs no mask, because what is hidden is 0 there.
//! let d_shares: [f32; ENTRIES] = core::array::from_fn(|i| (i % KEYS) as f32);
//! let mut d_scores = [f32::NAN; ENTRIES];
//! softmax.backward_from_output(&shares, &d_shares, rows, &mut d_scores);
//! assert_eq!(d_scores[..6], [0.0, 0.0, 0.0, -0.25 / 8.0, 0.25 / 8.0, 0.0]);
//! assert_eq!(d_scores[ENTRIES / 2..], [0.0; ENTRIES / 2]);
//! # Ok::<(), slopes::ParameterError>(())
//! ```
//!
//! [`forward_masked_in_place`] writes the shares in place of the scores.
//!
//! # Other masks
//!
//! - a sliding window of the last w keys: [`with_window`]`(queries, w - 1, 0)`
//! - a cache with room for more keys behind those that are there: [`with_first_position`]
//! - a mask for each sample, batch x 1 x queries x keys: `Repeat::Matrix { rows: queries, times: heads }`
//! - a mask of queries x keys, or of heads x queries x keys: `Repeat::Whole`
//! - two boolean masks: write the mask that holds where both hold, and only that; bands combine without
//!
//! What is hidden is 0 in the output whatever the score is, NaN included. Rows that see nothing are zeros by default,
//! and NaN or a uniform row by [`with_fully_masked`]. [`with_additive`] hides where it is -inf and is added to the scores
//! elsewhere, after they are divided by the temperature, as a bias such as ALiBi's is.
//!
//! [`LogSoftmax`] and [`Softmin`] have the same methods. Without a mask there is `forward_in_place`.
//!
//! # Sinks
//!
//! [`SinkSoftmax`] has one more score in each row, a learned number for each head, that takes a share and has no value:
//! a head can attend to nothing. It takes the same masks.
//!
//! ```
//! use slopes::Rows;
//! use slopes::activation::{Mask, SinkSoftmax};
//!
//! let (heads, queries, rows) = (2, 2, Rows::contiguous(2));
//! let softmax = SinkSoftmax::new(queries);
//! let (mask, sinks) = (Mask::new().with_causal(queries), [0.0_f64, f64::NEG_INFINITY]);
//! let (mut shares, mut of_sinks) = ([0.0; 8], [0.0; 4]);
//! softmax.forward_with_sink_shares(&[0.0; 8], mask, &sinks, rows, &mut shares, &mut of_sinks);
//! let third = 1.0 / 3.0;
//! assert_eq!(shares, [0.5, 0.0, third, third, 1.0, 0.0, 0.5, 0.5]);
//! assert_eq!(of_sinks, [0.5, third, 0.0, 0.0]);
//!
//! let (d_shares, mut d_scores, mut d_sinks) = ([1.0; 8], [0.0; 8], [0.0; 2]);
//! softmax.backward_from_output(&shares, &d_shares, rows, &mut d_scores);
//! softmax.sink_gradient(&shares, &of_sinks, &d_shares, rows, &mut d_sinks);
//! assert_eq!(d_scores[..2], [0.25, 0.0]);
//! assert!((d_sinks[0] + 0.25 + 2.0 / 9.0).abs() < 1e-15 && d_sinks[1] == 0.0);
//! # assert_eq!(heads * queries * 2, shares.len());
//! ```
//!
//! Next: [`boosting`](super::boosting), gradients and Hessians for trees.
//!
//! [`LogSoftmax`]: crate::activation::LogSoftmax
//! [`Mask`]: crate::activation::Mask
//! [`Repeat`]: crate::activation::Repeat
//! [`SinkSoftmax`]: crate::activation::SinkSoftmax
//! [`Softmin`]: crate::activation::Softmin
//! [`forward_masked_in_place`]: crate::activation::Softmax::forward_masked_in_place
//! [`with_additive`]: crate::activation::Mask::with_additive
//! [`with_boolean`]: crate::activation::Mask::with_boolean
//! [`with_causal`]: crate::activation::Mask::with_causal
//! [`with_first_position`]: crate::activation::Mask::with_first_position
//! [`with_fully_masked`]: crate::activation::Softmax::with_fully_masked
//! [`with_window`]: crate::activation::Mask::with_window
