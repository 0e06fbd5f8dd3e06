//! Exact sums of slices.

use super::format::{Work, through_real};
use super::reduce::largest_lane;
use super::view::{Block, Dst, Src};
use crate::exact_sum::ExactSum;
use crate::simd::{HAS_F64, Isa, Kernel, Lanes, MAX_LANES, Real, Register, Token, dispatch};
use crate::sum::BLOCK;

/// Adds the numbers to the sum.
pub(crate) fn add_exactly<R: Real>(sum: &mut ExactSum<R>, numbers: Src<R>) {
    if R::rounds(numbers.format) {
        through_real([numbers], [], numbers.len, sum);
    } else {
        sum.block([numbers], [], numbers.len);
    }
}

/// Adds plain numbers.
impl<R: Real> Work<R, 1, 0> for ExactSum<R> {
    fn block(&mut self, [numbers]: [Src<R>; 1], []: [Dst<R>; 0], len: usize) {
        let mut done = 0;
        while done < len {
            let part = numbers.part(done, BLOCK.min(len - done));
            if !HAS_F64 || part.len < LEAST || !dispatch(AddBlock { numbers: part, sum: self }) {
                (0..part.len).for_each(|i| self.add(part.number(i)));
            }
            done += part.len;
        }
    }
}

/// Shorter slices are added one by one, which is faster.
const LEAST: usize = 8;

/// The kernel: adds a block of numbers; false, and nothing is added, if one is not finite, or so large that the sum of the
/// block might not be.
///
/// It cuts every number x into parts, and sums the parts of each place in f64 without a rounding. With m = 1.5 * 2^k,
/// (x + m) - m is x rounded to a multiple of u = 2^(k - 52), and x less that is exact (S. Rump, T. Ogita, S. Oishi,
/// Accurate floating-point summation, 2008). If |x| <= 2^(k - 10), 1024 such parts add up to 2^52 u at most: so every sum
/// of some of them is a multiple of u that f64 holds, in any order. What is left of x is at most u, in any rounding mode,
/// and is cut at the next place, a factor of 2^42 below. A pass cuts at two places, which hold all of f32 that is not below
/// 2^-60 of the largest, or at three for f64, down to 2^-73; where something is left, another pass follows.
///
/// Limit: the operations, four for each place and seven, on as many numbers as an f64 register has.
struct AddBlock<'a, 'b, R: Real> {
    numbers: Src<'a, R>,
    sum: &'b mut ExactSum<R>,
}

/// The most places of a pass.
const PLACES: usize = 3;

impl<R: Real> Kernel for AddBlock<'_, '_, R> {
    type Output = bool;
    #[inline(always)]
    fn run<I: Isa>(self, _: Token<I>) -> bool {
        let (numbers, count) = (self.numbers, I::F64::COUNT);
        assert!(numbers.is_plain() && !numbers.repeats && numbers.len <= BLOCK);
        let places = if size_of::<R>() == size_of::<f32>() { 2 } else { PLACES };
        let whole = numbers.len / count * count;
        let mut last = [R::zero(); MAX_LANES];
        let mut left = Block::<f64, BLOCK>::new();
        const { assert!(BLOCK.is_multiple_of(MAX_LANES)) };
        // SAFETY: the first loop writes all registers of the block that the second reads, from the numbers and, behind
        // them, from `last`. The token proves the instructions.
        unsafe {
            let len = numbers.len.next_multiple_of(count);
            let left = left.dst(len).to;
            if whole < len {
                numbers.from.wrapping_add(whole).copy_to_nonoverlapping(last.as_mut_ptr(), numbers.len - whole);
            }
            let zero = I::F64::load([0.0; MAX_LANES].as_ptr());
            let mut largest = zero;
            let mut i = 0_usize;
            while i < len {
                let from = if i < whole { numbers.from.wrapping_add(i) } else { last.as_ptr() };
                let x = R::load_wide::<I>(from);
                largest = largest.at_least(x.abs());
                x.store(left.wrapping_add(i));
                i = i.wrapping_add(count);
            }
            // The exponent of the first m, with its bias: 2^10 times a power of two that is above all numbers.
            let mut exponent = (largest_lane::<f64, I>(largest).to_bits() >> 52) + 1 + u64::from(BLOCK.ilog2());
            if exponent > 2046 {
                return false;
            }
            let mut is_first = true;
            loop {
                let mut magic = [zero; PLACES];
                let mut k = 0;
                while k < places {
                    magic[k] = zero.fill(f64::from_bits(exponent << 52 | 1 << 51));
                    // The least of these leaves nothing.
                    exponent = exponent.saturating_sub(STEP).max(1);
                    k += 1;
                }
                let (mut sums, mut all_left) = ([zero; PLACES], zero);
                let mut i = 0_usize;
                while i < len {
                    let place = left.wrapping_add(i);
                    let mut x = I::F64::load(place);
                    let mut k = 0;
                    while k < places {
                        let part = (x + magic[k]) - magic[k];
                        sums[k] = sums[k] + part;
                        x = x - part;
                        k += 1;
                    }
                    all_left = all_left + x.abs();
                    x.store(place);
                    i = i.wrapping_add(count);
                }
                let all_left = sum_of_lanes::<I>(all_left);
                // Before anything is added: the first pass sees it.
                if is_first && all_left.is_nan() {
                    return false;
                }
                let mut k = 0;
                while k < places {
                    self.sum.add_multiple(sum_of_lanes::<I>(sums[k]));
                    k += 1;
                }
                if all_left == 0.0 {
                    return true;
                }
                is_first = false;
            }
        }
    }
}

/// The distance of two places: a sum of BLOCK parts has the bits of one, and these.
const STEP: u64 = 52 - BLOCK.ilog2() as u64;

#[inline(always)]
fn sum_of_lanes<I: Isa>(register: I::F64) -> f64 {
    let mut lanes = [0.0; MAX_LANES];
    // SAFETY: the lanes have at least COUNT numbers.
    unsafe { register.store(lanes.as_mut_ptr()) }
    let (mut sum, mut i) = (0.0, 0);
    while i < I::F64::COUNT {
        sum += lanes[i];
        i += 1;
    }
    sum
}
