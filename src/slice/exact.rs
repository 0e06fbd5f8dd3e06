//! Exact sums of slices.

use super::format::{Work, through_real};
use super::map::Map;
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
/// Limit: the operations, four for each place and three, on as many numbers as an f64 register has.
struct AddBlock<'a, 'b, R: Real> {
    numbers: Src<'a, R>,
    sum: &'b mut ExactSum<R>,
}

/// The most places of a pass.
const PLACES: usize = 3;

impl<R: Real> Kernel for AddBlock<'_, '_, R> {
    type Output = bool;
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) -> bool {
        let (numbers, count) = (self.numbers, I::F64::COUNT);
        let len = numbers.len;
        assert!(numbers.is_plain() && !numbers.repeats && len <= BLOCK);
        let places = if size_of::<R>() == size_of::<f32>() { 2 } else { PLACES };
        // The exponent of the first m, with its bias: BLOCK times a power of two that is above all numbers.
        let largest = token.max_of(Magnitude, [numbers]).into_f64();
        let mut exponent = (largest.to_bits() >> 52) + 1 + u64::from(BLOCK.ilog2());
        if exponent > 2046 {
            return false;
        }
        // The numbers behind the last whole register, and zeros.
        let whole = len / count * count;
        let mut last = [R::zero(); MAX_LANES];
        let mut left = Block::<f64, BLOCK>::new();
        const { assert!(BLOCK.is_multiple_of(MAX_LANES)) };
        // SAFETY: the first pass reads whole registers of the numbers and of `last`, and writes the registers of the block
        // that the others read. The token proves the instructions.
        unsafe {
            let left = left.dst(len.next_multiple_of(count)).to;
            numbers.from.wrapping_add(whole).copy_to_nonoverlapping(last.as_mut_ptr(), len - whole);
            let mut pass = Pass::<I>::new(places, &mut exponent);
            let mut i = 0_usize;
            while i < whole {
                pass.cut::<R>(places, R::load_wide::<I>(numbers.from.wrapping_add(i)), left.wrapping_add(i));
                i = i.wrapping_add(count);
            }
            if whole < len {
                pass.cut::<R>(places, R::load_wide::<I>(last.as_ptr()), left.wrapping_add(i));
            }
            if sum_of_lanes::<I>(pass.left).is_nan() {
                return false;
            }
            while !pass.ends(places, self.sum) {
                pass = Pass::<I>::new(places, &mut exponent);
                i = 0;
                while i < len {
                    let place = left.wrapping_add(i);
                    pass.cut::<f64>(places, I::F64::load(place), place);
                    i = i.wrapping_add(count);
                }
            }
        }
        true
    }
}

/// The magnitude of numbers.
#[derive(Clone, Copy)]
struct Magnitude;

impl Map<1, 1> for Magnitude {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x]: [L; 1]) -> [L; 1] {
        [x.abs()]
    }
}

/// A pass over the block, in registers.
struct Pass<I: Isa> {
    magic: [I::F64; PLACES],
    sums: [I::F64; PLACES],
    /// 0 if nothing is left of the numbers, NaN if one of them is not finite.
    left: I::F64,
}

impl<I: Isa> Pass<I> {
    /// A pass from the place with this exponent on, which becomes that of the next pass.
    /// # Safety
    /// The machine has the instructions.
    #[inline(always)]
    unsafe fn new(places: usize, exponent: &mut u64) -> Self {
        // SAFETY: guaranteed by the caller; a register has no more lanes.
        let zero = unsafe { I::F64::load([0.0; MAX_LANES].as_ptr()) };
        let mut magic = [zero; PLACES];
        let mut k = 0;
        while k < places {
            magic[k] = zero.fill(f64::from_bits(*exponent << 52 | 1 << 51));
            // The least of these leaves nothing.
            *exponent = exponent.saturating_sub(STEP).max(1);
            k += 1;
        }
        Pass { magic, sums: [zero; PLACES], left: zero }
    }

    /// Cuts numbers of R, and stores what is left.
    /// # Safety
    /// `place` is valid for writes of a register.
    #[inline(always)]
    unsafe fn cut<R: Real>(&mut self, places: usize, mut x: I::F64, place: *mut f64) {
        let mut k = 0;
        while k < places {
            let part = (x + self.magic[k]) - self.magic[k];
            self.sums[k] = self.sums[k] + part;
            x = x - part;
            k += 1;
        }
        // The square of a number of f32 does not underflow in f64.
        let is_f32 = size_of::<R>() == size_of::<f32>();
        self.left = if is_f32 { x.mul_add(x, self.left) } else { self.left + x.abs() };
        // SAFETY: guaranteed by the caller.
        unsafe { x.store(place) }
    }

    /// Adds the sums, and returns true if nothing is left.
    #[inline(always)]
    fn ends<R: Real>(&self, places: usize, sum: &mut ExactSum<R>) -> bool {
        let mut k = 0;
        while k < places {
            sum.add_multiple(sum_of_lanes::<I>(self.sums[k]));
            k += 1;
        }
        sum_of_lanes::<I>(self.left) == 0.0
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
