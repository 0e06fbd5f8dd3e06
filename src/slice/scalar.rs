//! Maps of single numbers.

use core::marker::PhantomData;

use super::format::Format;
use super::map::Map;
use crate::element::Element;
use crate::simd::{Isa, Kernel, Lanes, MAX_LANES, Real, Register, Token, dispatch_scalar};

/// The kernel for one number of each input. A tuple that begins with the map, for the sake of its codegen unit (see
/// `simd::entry`).
impl<R: Real, M: Map<IN, OUT>, const IN: usize, const OUT: usize> Kernel for (M, [R; IN], PhantomData<[R; OUT]>) {
    type Output = [R; OUT];

    #[inline(always)]
    fn run<I: Isa>(self, _: Token<I>) -> [R; OUT] {
        let (map, inputs, _) = self;
        // SAFETY: the token proves the instructions.
        unsafe { numbers(map.apply(registers::<R, R::Lanes<I>, IN>(&inputs))) }
    }
}

/// A register of one lane for each number. Like `load` for slices, `inline` and not `inline(always)`.
/// # Safety
/// The machine has the register's instructions.
#[inline]
unsafe fn registers<R: Real, L: Register<Real = R>, const IN: usize>(numbers: &[R; IN]) -> [L; IN] {
    const { assert!(L::COUNT == 1) };
    // SAFETY: one lane is loaded from one number.
    let mut registers = [unsafe { L::load(&raw const numbers[0]) }; IN];
    for k in 1..IN {
        // SAFETY: as above.
        registers[k] = unsafe { L::load(&raw const numbers[k]) };
    }
    registers
}

/// The number in each register of one lane.
#[inline]
fn numbers<R: Real, L: Register<Real = R>, const OUT: usize>(registers: [L; OUT]) -> [R; OUT] {
    const { assert!(L::COUNT == 1) };
    let mut numbers = [R::zero(); OUT];
    for k in 0..OUT {
        // SAFETY: one lane is stored to one number.
        unsafe { registers[k].store(&raw mut numbers[k]) }
    }
    numbers
}

/// Maps single numbers, with one lane. Elements that are computed in one type share its kernel.
#[inline(always)]
pub(crate) fn map_scalar<T: Element, M: Map<IN, OUT>, const IN: usize, const OUT: usize>(
    map: M,
    inputs: [T; IN],
) -> [T; OUT] {
    let mut reals = [T::zero().into_real(); IN];
    for k in 0..IN {
        reals[k] = inputs[k].into_real();
    }
    let results = match T::FORMAT {
        Format::Real => dispatch_scalar((map, reals, PhantomData)),
        #[cfg(feature = "half")]
        _ => map_widened(map, reals),
    };
    let mut outputs = [T::zero(); OUT];
    for k in 0..OUT {
        outputs[k] = T::from_real(results[k]);
    }
    outputs
}

/// Maps widened numbers. A function of its own, which the half types share.
#[cfg(feature = "half")]
#[inline(never)]
fn map_widened<R: Real, M: Map<IN, OUT>, const IN: usize, const OUT: usize>(map: M, inputs: [R; IN]) -> [R; OUT] {
    dispatch_scalar((map, inputs, PhantomData))
}

impl<I: Isa> Token<I> {
    /// A register of one lane, of an instruction set that has no others.
    #[inline(always)]
    pub(crate) fn lane(self, x: f32) -> I::F32 {
        // SAFETY: the token proves the instructions.
        let [x] = unsafe { registers::<f32, I::F32, 1>(&[x]) };
        x
    }

    /// The number in a register of one lane.
    #[inline(always)]
    pub(crate) fn number(self, x: I::F32) -> f32 {
        numbers::<f32, I::F32, 1>([x])[0]
    }

    /// Maps one number, in a register of this instruction set.
    #[inline(always)]
    pub(crate) fn map_one<M: Map<1, 1>>(self, map: M, x: f64) -> f64 {
        let [y] = self.components::<f64, M, 1>(map, x);
        y
    }

    /// The results of a map with several, of one number that all lanes have.
    #[inline(always)]
    pub(crate) fn components<R: Real, M: Map<1, OUT>, const OUT: usize>(self, map: M, x: f64) -> [f64; OUT] {
        let step = R::STEP;
        // SAFETY: the step is longer than any register; the token proves the instructions.
        let some: R::Lanes<I> = unsafe { Register::load(step.as_ptr()) };
        let results = map.apply([some.splat(x)]);
        let mut components = [0.0; OUT];
        let mut k = 0;
        while k < OUT {
            let mut lanes = [R::zero(); MAX_LANES];
            // SAFETY: the lanes have at least as many numbers as any register.
            unsafe { results[k].store(lanes.as_mut_ptr()) }
            components[k] = lanes[0].into_f64();
            k += 1;
        }
        components
    }
}
