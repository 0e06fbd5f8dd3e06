//! One lane of f32 with the fused multiply-add of microcontrollers, which have no instructions for f64.

use super::scalar::{Fuse, Scalar};
use super::{Kernel, entry};

/// The fused multiply-add of f32; that of f64 rounds twice.
#[derive(Clone, Copy, Debug)]
pub struct Vfma;

impl Fuse for Vfma {
    const FUSED: [bool; 2] = [true, false];
    #[inline(always)]
    unsafe fn f32(a: f32, b: f32, c: f32) -> f32 {
        // SAFETY: guaranteed by the caller.
        unsafe { vfma(a, b, c) }
    }
    #[inline(always)]
    unsafe fn f64(a: f64, b: f64, c: f64) -> f64 {
        a * b + c
    }
    #[inline(always)]
    unsafe fn call<K: Kernel>(kernel: K) -> K::Output {
        // SAFETY: guaranteed by the caller.
        unsafe { kernel.call_vfma() }
    }
}

entry! {
    // Not inlined, as that of the lane that does not fuse.
    #[inline(never)]
    CallVfma: call_vfma of Scalar<Vfma>
}

/// The instructions for s0 = s0 s1 + s2.
#[cfg(slopes_vfma)]
macro_rules! instructions {
    () => {
        "vfma.f32 s2, s0, s1\nvmov.f32 s0, s2\nbx lr"
    };
}

/// The same, encoded: the assembler does not know the unit of a microcontroller.
#[cfg(not(slopes_vfma))]
macro_rules! instructions {
    () => {
        ".inst.w 0xeea01a20\n.inst.w 0xeeb00a41\nbx lr"
    };
}

/// a b + c, rounded once. A function, whose arguments are in these registers, not an instruction in its place: inline assembly
/// has floating-point registers only with the feature `vfp2`, which includes f64.
/// # Safety
/// The machine has the instruction.
#[unsafe(naked)]
unsafe extern "C" fn vfma(a: f32, b: f32, c: f32) -> f32 {
    core::arch::naked_asm!(instructions!())
}
