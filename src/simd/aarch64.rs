//! aarch64 with NEON, which every such machine has.

use core::arch::aarch64::*;

use super::scalar::{Fuse, Scalar};
use super::table::table;
use super::{Isa, Kernel, entry};

/// NEON: four f32 or two f64 in a register.
#[derive(Clone, Copy, Debug)]
pub struct Neon;

/// One lane with the fused multiply-add of NEON.
pub type FusedScalar = Scalar<Fma>;

/// The fused multiply-add of one lane.
#[derive(Clone, Copy, Debug)]
pub struct Fma;

impl Fuse for Fma {
    const FUSED: [bool; 2] = [true; 2];
    #[inline(always)]
    unsafe fn f32(a: f32, b: f32, c: f32) -> f32 {
        // SAFETY: every aarch64 machine with NEON has the instruction.
        unsafe { vget_lane_f32::<0>(vfma_f32(vdup_n_f32(c), vdup_n_f32(a), vdup_n_f32(b))) }
    }
    #[inline(always)]
    unsafe fn f64(a: f64, b: f64, c: f64) -> f64 {
        // SAFETY: every aarch64 machine with NEON has the instruction.
        unsafe { vget_lane_f64::<0>(vfma_f64(vdup_n_f64(c), vdup_n_f64(a), vdup_n_f64(b))) }
    }
    #[inline(always)]
    unsafe fn call<K: Kernel>(kernel: K) -> K::Output {
        // SAFETY: guaranteed by the caller.
        unsafe { kernel.call_fused() }
    }
}

entry! { #[target_feature(enable = "neon")] CallFused: call_fused of FusedScalar }
entry! { #[target_feature(enable = "neon")] CallNeon: call_neon of Neon }

impl Isa for Neon {
    type F32 = F32x4;
    type F64 = F64x2;
    #[inline(always)]
    unsafe fn call<K: Kernel>(kernel: K) -> K::Output {
        // SAFETY: guaranteed by the caller.
        unsafe { kernel.call_neon() }
    }
    #[inline(always)]
    unsafe fn widen(from: *const f32) -> F64x2 {
        // SAFETY: the caller guarantees two numbers.
        F64x2(unsafe { vcvt_f64_f32(vld1_f32(from)) })
    }
    // The intrinsics for f16 are younger than the oldest supported compiler.
    #[cfg(feature = "half")]
    #[inline(always)]
    unsafe fn load_f16(from: *const half::f16) -> F32x4 {
        let wide;
        // SAFETY: the caller guarantees four numbers; the instruction has no effect but its result.
        unsafe {
            let bits = vld1_u16(from.cast());
            core::arch::asm!("fcvtl {0:v}.4s, {1:v}.4h", out(vreg) wide, in(vreg) bits, options(pure, nomem, nostack));
        }
        F32x4(wide)
    }
    #[cfg(feature = "half")]
    #[inline(always)]
    unsafe fn store_f16(register: F32x4, to: *mut half::f16) {
        let bits;
        // SAFETY: as above.
        unsafe {
            core::arch::asm!("fcvtn {0:v}.4h, {1:v}.4s", out(vreg) bits, in(vreg) register.0, options(pure, nomem, nostack));
            vst1_u16(to.cast(), bits);
        }
    }
    #[cfg(feature = "half")]
    #[inline(always)]
    unsafe fn load_bf16(from: *const half::bf16) -> F32x4 {
        // SAFETY: the caller guarantees four numbers.
        F32x4(unsafe { vreinterpretq_f32_u32(vshlq_n_u32::<16>(vmovl_u16(vld1_u16(from.cast())))) })
    }
    #[cfg(feature = "half")]
    #[inline(always)]
    unsafe fn store_bf16(register: F32x4, to: *mut half::bf16) {
        // SAFETY: the caller guarantees room for four numbers.
        unsafe {
            let bits = vreinterpretq_u32_f32(register.0);
            let even = vandq_u32(vshrq_n_u32::<16>(bits), vdupq_n_u32(1));
            let rounded = vaddq_u32(bits, vaddq_u32(even, vdupq_n_u32(0x7fff)));
            let quiet = vorrq_u32(bits, vdupq_n_u32(0x0040_0000));
            let bits = vbslq_u32(vceqq_f32(register.0, register.0), rounded, quiet);
            vst1_u16(to.cast(), vshrn_n_u32::<16>(bits));
        }
    }
}

table! {
    /// Four f32 in NEON. NEON's minimum and maximum order -0 before 0, so comparisons stand in for them.
    F32x4(float32x4_t) of f32, mask uint32x4_t, count 4, fused true;
    fill(v) = vdupq_n_f32(v);
    operators {
        Add add(a, b) = vaddq_f32(a, b);
        Sub sub(a, b) = vsubq_f32(a, b);
        Mul mul(a, b) = vmulq_f32(a, b);
        Div div(a, b) = vdivq_f32(a, b);
    }
    one {
        sqrt(a) = vsqrtq_f32(a);
        abs(a) = vabsq_f32(a);
        to_power(a) = vreinterpretq_f32_u32(vshlq_n_u32::<23>(vreinterpretq_u32_f32(a)));
        to_quadrant(a) = vreinterpretq_f32_u32(vshlq_n_u32::<30>(vreinterpretq_u32_f32(a)));
    }
    two {
        copysign(a, b) = vbslq_f32(vdupq_n_u32(1 << 31), b, a);
        xor_sign(a, b) = {
            let sign = vandq_u32(vreinterpretq_u32_f32(b), vdupq_n_u32(1 << 31));
            vreinterpretq_f32_u32(veorq_u32(vreinterpretq_u32_f32(a), sign))
        };
        at_most(a, b) = vbslq_f32(vcltq_f32(b, a), b, a);
        at_least(a, b) = vbslq_f32(vcgtq_f32(b, a), b, a);
    }
    three {
        mul_add(a, b, c) = vfmaq_f32(c, a, b);
        select_negative(a, b, c) = vbslq_f32(vcltzq_s32(vreinterpretq_s32_f32(a)), b, c);
    }
    compare {
        lt(a, b) = vcltq_f32(a, b);
        le(a, b) = vcleq_f32(a, b);
        equals(a, b) = vceqq_f32(a, b);
    }
    select(m, yes, no) = vbslq_f32(m, yes, no);
    any(m) = vmaxvq_u32(m) != 0;
    split(a) = {
        let root_half = vdupq_n_u32(0x3f35_04f3);
        let shifted = vaddq_u32(vreinterpretq_u32_f32(a), vsubq_u32(vdupq_n_u32(0x3f80_0000), root_half));
        let fraction = vandq_u32(shifted, vdupq_n_u32(0x007f_ffff));
        let exponent = vorrq_u32(vshrq_n_u32::<23>(shifted), vreinterpretq_u32_f32(vdupq_n_f32(12_582_912.0)));
        (
            vreinterpretq_f32_u32(vaddq_u32(fraction, root_half)),
            vsubq_f32(vreinterpretq_f32_u32(exponent), vdupq_n_f32(12_582_912.0 + 127.0)),
        )
    };
    override {
        #[inline(always)]
        fn look_up(self, table: &'static [f32; 8]) -> Self {
            // The four bytes of entry n are at 4 n, 4 n + 1, 4 n + 2 and 4 n + 3.
            Self(unsafe {
                let n = vandq_u32(vreinterpretq_u32_f32(self.0), vdupq_n_u32(7));
                let bytes = vmlaq_u32(vdupq_n_u32(0x0302_0100), n, vdupq_n_u32(0x0404_0404));
                let entries = uint8x16x2_t(vld1q_u8(table.as_ptr().cast()), vld1q_u8(table.as_ptr().wrapping_add(4).cast()));
                vreinterpretq_f32_u8(vqtbl2q_u8(entries, vreinterpretq_u8_u32(bytes)))
            })
        }
    }
    memory {
        #[inline(always)]
        unsafe fn stream(self, to: *mut f32) {
            // SAFETY: guaranteed by the caller. NEON has no streaming store of one register.
            unsafe { self.store(to) }
        }
        #[inline(always)]
        unsafe fn load_partial(from: *const f32, n: usize) -> Self {
            // SAFETY: the caller guarantees n numbers.
            Self(unsafe {
                let zero = vdupq_n_f32(0.0);
                match n {
                    1 => vld1q_lane_f32::<0>(from, zero),
                    2 => vcombine_f32(vld1_f32(from), vget_low_f32(zero)),
                    _ => vld1q_lane_f32::<2>(from.wrapping_add(2), vcombine_f32(vld1_f32(from), vget_low_f32(zero))),
                }
            })
        }
        #[inline(always)]
        unsafe fn store_partial(self, to: *mut f32, n: usize) {
            // SAFETY: as above.
            unsafe {
                match n {
                    1 => vst1q_lane_f32::<0>(to, self.0),
                    2 => vst1_f32(to, vget_low_f32(self.0)),
                    _ => {
                        vst1_f32(to, vget_low_f32(self.0));
                        vst1q_lane_f32::<2>(to.wrapping_add(2), self.0);
                    }
                }
            }
        }
    }
}

table! {
    /// Two f64 in NEON. NEON's minimum and maximum order -0 before 0, so comparisons stand in for them.
    F64x2(float64x2_t) of f64, mask uint64x2_t, count 2, fused true;
    fill(v) = vdupq_n_f64(v);
    operators {
        Add add(a, b) = vaddq_f64(a, b);
        Sub sub(a, b) = vsubq_f64(a, b);
        Mul mul(a, b) = vmulq_f64(a, b);
        Div div(a, b) = vdivq_f64(a, b);
    }
    one {
        sqrt(a) = vsqrtq_f64(a);
        abs(a) = vabsq_f64(a);
        to_power(a) = vreinterpretq_f64_u64(vshlq_n_u64::<52>(vreinterpretq_u64_f64(a)));
        to_quadrant(a) = vreinterpretq_f64_u64(vshlq_n_u64::<62>(vreinterpretq_u64_f64(a)));
    }
    two {
        copysign(a, b) = vbslq_f64(vdupq_n_u64(1 << 63), b, a);
        xor_sign(a, b) = {
            let sign = vandq_u64(vreinterpretq_u64_f64(b), vdupq_n_u64(1 << 63));
            vreinterpretq_f64_u64(veorq_u64(vreinterpretq_u64_f64(a), sign))
        };
        at_most(a, b) = vbslq_f64(vcltq_f64(b, a), b, a);
        at_least(a, b) = vbslq_f64(vcgtq_f64(b, a), b, a);
    }
    three {
        mul_add(a, b, c) = vfmaq_f64(c, a, b);
        select_negative(a, b, c) = vbslq_f64(vcltzq_s64(vreinterpretq_s64_f64(a)), b, c);
    }
    compare {
        lt(a, b) = vcltq_f64(a, b);
        le(a, b) = vcleq_f64(a, b);
        equals(a, b) = vceqq_f64(a, b);
    }
    select(m, yes, no) = vbslq_f64(m, yes, no);
    any(m) = vmaxvq_u32(vreinterpretq_u32_u64(m)) != 0;
    split(a) = {
        let root_half = vdupq_n_u64(0x3fe6_a09e_667f_3bcd);
        let shifted = vaddq_u64(vreinterpretq_u64_f64(a), vsubq_u64(vdupq_n_u64(0x3ff0_0000_0000_0000), root_half));
        let fraction = vandq_u64(shifted, vdupq_n_u64(0x000f_ffff_ffff_ffff));
        let exponent = vorrq_u64(vshrq_n_u64::<52>(shifted), vreinterpretq_u64_f64(vdupq_n_f64(6_755_399_441_055_744.0)));
        (
            vreinterpretq_f64_u64(vaddq_u64(fraction, root_half)),
            vsubq_f64(vreinterpretq_f64_u64(exponent), vdupq_n_f64(6_755_399_441_055_744.0 + 1023.0)),
        )
    };
    override {}
    memory {
        #[inline(always)]
        unsafe fn stream(self, to: *mut f64) {
            // SAFETY: guaranteed by the caller. NEON has no streaming store of one register.
            unsafe { self.store(to) }
        }
        #[inline(always)]
        unsafe fn load_partial(from: *const f64, _: usize) -> Self {
            // SAFETY: the caller guarantees one number.
            Self(unsafe { vcombine_f64(vld1_f64(from), vdup_n_f64(0.0)) })
        }
        #[inline(always)]
        unsafe fn store_partial(self, to: *mut f64, _: usize) {
            // SAFETY: the caller guarantees one number.
            unsafe { vst1_f64(to, vget_low_f64(self.0)) }
        }
    }
}
