//! wasm with its 128-bit vectors, simd128.

use core::arch::wasm32::*;

use super::table::{read, table};
use super::wide::Wide;
use super::{Isa, Kernel, entry};

/// simd128: four f32 or two f64 in a register, without a fused multiply-add.
#[derive(Clone, Copy, Debug)]
pub struct Simd128;

entry! { #[target_feature(enable = "simd128")] CallSimd128: call_simd128 of Simd128 }

impl Isa for Simd128 {
    type F32 = F32x4;
    type F64 = F64x2;
    #[inline(always)]
    unsafe fn call<K: Kernel>(kernel: K) -> K::Output {
        // SAFETY: guaranteed by the caller.
        unsafe { kernel.call_simd128() }
    }
    #[inline(always)]
    unsafe fn widen(from: *const f32) -> F64x2 {
        // SAFETY: the caller guarantees two numbers.
        F64x2(f64x2_promote_low_f32x4(unsafe { v128_load64_zero(from.cast()) }))
    }
    #[cfg(feature = "half")]
    #[inline(always)]
    unsafe fn load_bf16(from: *const half::bf16) -> F32x4 {
        // SAFETY: the caller guarantees four numbers.
        F32x4(u32x4_shl(unsafe { u32x4_load_extend_u16x4(from.cast()) }, 16))
    }
    #[cfg(feature = "half")]
    #[inline(always)]
    unsafe fn store_bf16(register: F32x4, to: *mut half::bf16) {
        let bits = register.0;
        let even = v128_and(u32x4_shr(bits, 16), u32x4_splat(1));
        let rounded = u32x4_add(bits, u32x4_add(even, u32x4_splat(0x7fff)));
        let quiet = v128_or(bits, u32x4_splat(0x0040_0000));
        let bits = u32x4_shr(v128_bitselect(quiet, rounded, f32x4_ne(bits, bits)), 16);
        // SAFETY: the caller guarantees room for four numbers.
        unsafe { v128_store64_lane::<0>(u16x8_narrow_i32x4(bits, bits), to.cast()) }
    }
}

table! {
    /// Four f32 in simd128. The minimum and maximum that wasm calls pseudo are comparisons: `pmin(a, b)` is b where b < a,
    /// else a.
    F32x4(v128) of f32, mask v128, count 4, fused false;
    fill(v) = f32x4_splat(v);
    operators {
        Add add(a, b) = f32x4_add(a, b);
        Sub sub(a, b) = f32x4_sub(a, b);
        Mul mul(a, b) = f32x4_mul(a, b);
        Div div(a, b) = f32x4_div(a, b);
    }
    one {
        sqrt(a) = f32x4_sqrt(a);
        abs(a) = f32x4_abs(a);
        to_power(a) = u32x4_shl(a, 23);
        to_quadrant(a) = u32x4_shl(a, 30);
    }
    two {
        copysign(a, b) = v128_bitselect(b, a, u32x4_splat(1 << 31));
        xor_sign(a, b) = v128_xor(a, v128_and(b, u32x4_splat(1 << 31)));
        at_most(a, b) = f32x4_pmin(a, b);
        at_least(a, b) = f32x4_pmax(a, b);
    }
    three {
        mul_add(a, b, c) = f32x4_add(f32x4_mul(a, b), c);
        select_negative(a, b, c) = v128_bitselect(b, c, i32x4_shr(a, 31));
    }
    compare {
        lt(a, b) = f32x4_lt(a, b);
        le(a, b) = f32x4_le(a, b);
        equals(a, b) = f32x4_eq(a, b);
    }
    select(m, yes, no) = v128_bitselect(yes, no, m);
    any(m) = v128_any_true(m);
    split(a) = {
        let root_half = u32x4_splat(0x3f35_04f3);
        let shifted = u32x4_add(a, u32x4_sub(u32x4_splat(0x3f80_0000), root_half));
        let fraction = v128_and(shifted, u32x4_splat(0x007f_ffff));
        let exponent = v128_or(u32x4_shr(shifted, 23), f32x4_splat(12_582_912.0));
        (u32x4_add(fraction, root_half), f32x4_sub(exponent, f32x4_splat(12_582_912.0 + 127.0)))
    };
    wide Wide<F64x2, 2>: widen(a) = {
        let high = u32x4_shuffle::<2, 3, 2, 3>(a, a);
        [F64x2(f64x2_promote_low_f32x4(a)), F64x2(f64x2_promote_low_f32x4(high))]
    }, narrow(wide) = {
        let (low, high) = (f32x4_demote_f64x2_zero(wide[0].0), f32x4_demote_f64x2_zero(wide[1].0));
        u32x4_shuffle::<0, 1, 4, 5>(low, high)
    };
    override {
        #[inline(always)]
        fn look_up(self, table: &'static [f32; 8]) -> Self {
            // The four bytes of entry n are at 4 n, 4 n + 1, 4 n + 2 and 4 n + 3: in the first half of the table or, less 16, in
            // the second. A place in neither gives 0.
            let n = u32x4_shl(v128_and(self.0, u32x4_splat(7)), 2);
            let places = u8x16_shuffle::<0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12>(n, n);
            let places = v128_or(places, u32x4_splat(0x0302_0100));
            // SAFETY: the table has eight numbers.
            let (first, second) = unsafe { (read(table), read(table.as_ptr().wrapping_add(4))) };
            Self(v128_or(u8x16_swizzle(first, places), u8x16_swizzle(second, u8x16_sub(places, u8x16_splat(16)))))
        }
    }
    memory {
        #[inline(always)]
        unsafe fn stream(self, to: *mut f32) {
            // SAFETY: guaranteed by the caller. wasm has no streaming stores.
            unsafe { self.store(to) }
        }
        #[inline(always)]
        unsafe fn load_partial(from: *const f32, n: usize) -> Self {
            // SAFETY: the caller guarantees n numbers.
            Self(unsafe {
                match n {
                    1 => v128_load32_zero(from.cast()),
                    2 => v128_load64_zero(from.cast()),
                    _ => v128_load32_lane::<2>(v128_load64_zero(from.cast()), from.wrapping_add(2).cast()),
                }
            })
        }
        #[inline(always)]
        unsafe fn store_partial(self, to: *mut f32, n: usize) {
            // SAFETY: as above.
            unsafe {
                match n {
                    1 => v128_store32_lane::<0>(self.0, to.cast()),
                    2 => v128_store64_lane::<0>(self.0, to.cast()),
                    _ => {
                        v128_store64_lane::<0>(self.0, to.cast());
                        v128_store32_lane::<2>(self.0, to.wrapping_add(2).cast());
                    }
                }
            }
        }
    }
}

table! {
    /// Two f64 in simd128, likewise.
    F64x2(v128) of f64, mask v128, count 2, fused false;
    fill(v) = f64x2_splat(v);
    operators {
        Add add(a, b) = f64x2_add(a, b);
        Sub sub(a, b) = f64x2_sub(a, b);
        Mul mul(a, b) = f64x2_mul(a, b);
        Div div(a, b) = f64x2_div(a, b);
    }
    one {
        sqrt(a) = f64x2_sqrt(a);
        abs(a) = f64x2_abs(a);
        to_power(a) = u64x2_shl(a, 52);
        to_quadrant(a) = u64x2_shl(a, 62);
    }
    two {
        copysign(a, b) = v128_bitselect(b, a, u64x2_splat(1 << 63));
        xor_sign(a, b) = v128_xor(a, v128_and(b, u64x2_splat(1 << 63)));
        at_most(a, b) = f64x2_pmin(a, b);
        at_least(a, b) = f64x2_pmax(a, b);
    }
    three {
        mul_add(a, b, c) = f64x2_add(f64x2_mul(a, b), c);
        // Not the shift of 64 bits, which x86 lacks.
        select_negative(a, b, c) = {
            let signs = i32x4_shr(a, 31);
            v128_bitselect(b, c, i32x4_shuffle::<1, 1, 3, 3>(signs, signs))
        };
    }
    compare {
        lt(a, b) = f64x2_lt(a, b);
        le(a, b) = f64x2_le(a, b);
        equals(a, b) = f64x2_eq(a, b);
    }
    select(m, yes, no) = v128_bitselect(yes, no, m);
    any(m) = v128_any_true(m);
    split(a) = {
        let root_half = u64x2_splat(0x3fe6_a09e_667f_3bcd);
        let shifted = u64x2_add(a, u64x2_sub(u64x2_splat(0x3ff0_0000_0000_0000), root_half));
        let fraction = v128_and(shifted, u64x2_splat(0x000f_ffff_ffff_ffff));
        let exponent = v128_or(u64x2_shr(shifted, 52), f64x2_splat(6_755_399_441_055_744.0));
        (u64x2_add(fraction, root_half), f64x2_sub(exponent, f64x2_splat(6_755_399_441_055_744.0 + 1023.0)))
    };
    override {}
    memory {
        #[inline(always)]
        unsafe fn stream(self, to: *mut f64) {
            // SAFETY: guaranteed by the caller. wasm has no streaming stores.
            unsafe { self.store(to) }
        }
        #[inline(always)]
        unsafe fn load_partial(from: *const f64, _: usize) -> Self {
            // SAFETY: the caller guarantees one number.
            Self(unsafe { v128_load64_zero(from.cast()) })
        }
        #[inline(always)]
        unsafe fn store_partial(self, to: *mut f64, _: usize) {
            // SAFETY: the caller guarantees one number.
            unsafe { v128_store64_lane::<0>(self.0, to.cast()) }
        }
    }
}
