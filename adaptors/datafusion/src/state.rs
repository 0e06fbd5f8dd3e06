//! Exact sums as bytes, which go from a partition to the next stage of a query: those words alone that tell the number.
//!
//! A byte of flags: the first word of the sum (whether infinities or NaN were added), and 8 if the sum is negative; the
//! number of words that are 0; the words after them, in little-endian order. All further words are those of the sign. So
//! the sum of one f64 takes 14 bytes at most, not the 276 of all its words.

use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryBuilder};
use datafusion_common::{Result, exec_err};
use slopes::{ExactSum, Real};

const NEGATIVE: u32 = 8;

pub(crate) fn write<R: Real>(sums: &[ExactSum<R>]) -> ArrayRef {
    let mut states = BinaryBuilder::with_capacity(sums.len(), 16 * sums.len());
    let mut bytes = Vec::new();
    for sum in sums {
        let [special, number @ ..] = sum.words() else { unreachable!("the first word is that of special terms") };
        let negative = number.last().is_some_and(|word| word >> 31 == 1);
        let sign = if negative { u32::MAX } else { 0 };
        let zeros = number.iter().take_while(|word| **word == 0).count();
        let end = number.iter().rposition(|word| *word != sign).map_or(0, |last| last + 1);
        bytes.clear();
        bytes.push((special | if negative { NEGATIVE } else { 0 }) as u8);
        bytes.push(zeros as u8);
        number.iter().take(end).skip(zeros).for_each(|word| bytes.extend(word.to_le_bytes()));
        states.append_value(&bytes);
    }
    Arc::new(states.finish())
}

pub(crate) fn read<R: Real>(bytes: &[u8]) -> Result<ExactSum<R>> {
    let read = || {
        let mut words = ExactSum::<R>::new().words().to_vec();
        let [flags, zeros, number @ ..] = bytes else { return None };
        let flags = u32::from(*flags);
        words[0] = flags & !NEGATIVE;
        let (_, number_words) = words.split_first_mut()?;
        let after = number_words.get_mut(usize::from(*zeros)..)?;
        after.fill(if flags & NEGATIVE != 0 { u32::MAX } else { 0 });
        let given = number.chunks_exact(4);
        if !given.remainder().is_empty() || given.len() > after.len() {
            return None;
        }
        for (word, bytes) in after.iter_mut().zip(given) {
            *word = u32::from_le_bytes(bytes.try_into().ok()?);
        }
        ExactSum::from_words(&words)
    };
    read().map_or_else(|| exec_err!("the state of a sum of losses is not one: {bytes:?}"), Ok)
}
