//! x86, of 64 and 32 bits: SSE2, AVX2 with FMA, and AVX-512 (F, BW, DQ, VL).

use super::arch::*;

use super::scalar::{Fuse, Scalar};
use super::table::{read, table, write};
use super::wide::Wide;
use super::{Isa, Kernel, entry};

/// AVX-512: sixteen f32 or eight f64 in a register, with masks.
#[derive(Clone, Copy, Debug)]
pub struct Avx512;

/// AVX2 with FMA: eight f32 or four f64 in a register.
#[derive(Clone, Copy, Debug)]
pub struct Avx2;

/// SSE2: four f32 or two f64 in a register, without a fused multiply-add.
#[derive(Clone, Copy, Debug)]
pub struct Sse2;

/// One lane with the fused multiply-add of machines with AVX2 or AVX-512.
pub type FusedScalar = Scalar<Fma>;

/// The fused multiply-add of one lane.
#[derive(Clone, Copy, Debug)]
pub struct Fma;

impl Fuse for Fma {
    const FUSED: [bool; 2] = [true; 2];
    #[inline(always)]
    unsafe fn f32(a: f32, b: f32, c: f32) -> f32 {
        // SAFETY: the caller guarantees FMA.
        unsafe { _mm_cvtss_f32(_mm_fmadd_ss(_mm_set_ss(a), _mm_set_ss(b), _mm_set_ss(c))) }
    }
    #[inline(always)]
    unsafe fn f64(a: f64, b: f64, c: f64) -> f64 {
        // SAFETY: the caller guarantees FMA.
        unsafe { _mm_cvtsd_f64(_mm_fmadd_sd(_mm_set_sd(a), _mm_set_sd(b), _mm_set_sd(c))) }
    }
    #[inline(always)]
    unsafe fn call<K: Kernel>(kernel: K) -> K::Output {
        // SAFETY: guaranteed by the caller.
        unsafe { kernel.call_fused() }
    }
}

entry! { #[target_feature(enable = "avx2,fma,f16c")] CallFused: call_fused of FusedScalar }

macro_rules! isa {
    (
        $Isa:ident, $F32:ident, $F64:ident;
        features $features:literal, $Entry:ident: $call:ident;
        widen($p:ident) = $widen:expr;
        $($Half:ident: $load:ident($from:ident) = $wide:expr, $store:ident($a:ident, $to:ident) = $narrow:expr;)*
    ) => {
        entry! { #[target_feature(enable = $features)] $Entry: $call of $Isa }

        impl Isa for $Isa {
            type F32 = $F32;
            type F64 = $F64;
            #[inline(always)]
            unsafe fn call<K: Kernel>(kernel: K) -> K::Output {
                // SAFETY: guaranteed by the caller.
                unsafe { kernel.$call() }
            }
            #[inline(always)]
            unsafe fn widen($p: *const f32) -> $F64 {
                // SAFETY: the caller guarantees the numbers and the instructions.
                $F64(unsafe { $widen })
            }
            $(
                #[cfg(feature = "half")]
                #[inline(always)]
                unsafe fn $load($from: *const half::$Half) -> $F32 {
                    // SAFETY: the caller guarantees the numbers and the instructions.
                    $F32(unsafe { $wide })
                }
                #[cfg(feature = "half")]
                #[inline(always)]
                unsafe fn $store(register: $F32, $to: *mut half::$Half) {
                    let $a = register.0;
                    // SAFETY: the caller guarantees room for the numbers; the register proves its instructions.
                    unsafe { $narrow }
                }
            )*
        }
    };
}
isa! {
    Avx512, F32x16, F64x8;
    features "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c", CallAvx512: call_avx512;
    widen(p) = _mm512_cvtps_pd(read(p));
    f16: load_f16(p) = _mm512_cvtph_ps(read(p)),
        store_f16(a, p) = write(p, _mm512_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(a));
    bf16: load_bf16(p) = _mm512_castsi512_ps(_mm512_slli_epi32::<16>(_mm512_cvtepu16_epi32(read(p)))),
        store_bf16(a, p) = {
            let bits = _mm512_castps_si512(a);
            let even = _mm512_and_si512(_mm512_srli_epi32::<16>(bits), _mm512_set1_epi32(1));
            let rounded = _mm512_add_epi32(bits, _mm512_add_epi32(even, _mm512_set1_epi32(0x7fff)));
            let nan = _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(a, a);
            let bits = _mm512_mask_or_epi32(rounded, nan, bits, _mm512_set1_epi32(0x0040_0000));
            write(p, _mm512_cvtepi32_epi16(_mm512_srli_epi32::<16>(bits)))
        };
}
isa! {
    Avx2, F32x8, F64x4;
    features "avx2,fma,f16c", CallAvx2: call_avx2;
    widen(p) = _mm256_cvtps_pd(read(p));
    f16: load_f16(p) = _mm256_cvtph_ps(read(p)),
        store_f16(a, p) = write(p, _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(a));
    bf16: load_bf16(p) = _mm256_castsi256_ps(_mm256_slli_epi32::<16>(_mm256_cvtepu16_epi32(read(p)))),
        store_bf16(a, p) = {
            let bits = _mm256_castps_si256(a);
            let even = _mm256_and_si256(_mm256_srli_epi32::<16>(bits), _mm256_set1_epi32(1));
            let rounded = _mm256_add_epi32(bits, _mm256_add_epi32(even, _mm256_set1_epi32(0x7fff)));
            let quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x0040_0000));
            let nan = _mm256_castps_si256(_mm256_cmp_ps::<_CMP_UNORD_Q>(a, a));
            let bits = _mm256_srli_epi32::<16>(_mm256_blendv_epi8(rounded, quiet, nan));
            let halves = (_mm256_castsi256_si128(bits), _mm256_extracti128_si256::<1>(bits));
            write(p, _mm_packus_epi32(halves.0, halves.1))
        };
}
isa! {
    Sse2, F32x4, F64x2;
    features "sse2", CallSse2: call_sse2;
    widen(p) = _mm_cvtps_pd(_mm_castsi128_ps(_mm_loadl_epi64(p.cast())));
    bf16: load_bf16(p) = _mm_castsi128_ps(_mm_unpacklo_epi16(_mm_setzero_si128(), _mm_loadl_epi64(p.cast()))),
        store_bf16(a, p) = {
            let bits = _mm_castps_si128(a);
            let even = _mm_and_si128(_mm_srli_epi32::<16>(bits), _mm_set1_epi32(1));
            let rounded = _mm_add_epi32(bits, _mm_add_epi32(even, _mm_set1_epi32(0x7fff)));
            let quiet = _mm_or_si128(bits, _mm_set1_epi32(0x0040_0000));
            let nan = _mm_castps_si128(_mm_cmpunord_ps(a, a));
            let bits = _mm_or_si128(_mm_and_si128(nan, quiet), _mm_andnot_si128(nan, rounded));
            // The shift keeps the sign, so that packing, which saturates signed numbers, changes none of them.
            let bits = _mm_srai_epi32::<16>(bits);
            _mm_storel_epi64(p.cast(), _mm_packs_epi32(bits, bits))
        };
}

/// The AVX-512 mask of the first n < 16 lanes.
#[inline(always)]
fn first16(n: usize) -> __mmask16 {
    (1 << n) - 1
}

/// The AVX2 mask of the first n words of 32 bits.
/// # Safety
/// n is at most 8, and the machine has AVX2.
#[inline(always)]
unsafe fn first_words(n: usize) -> __m256i {
    static MASKS: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];
    // SAFETY: eight words from 8 - n on, which the caller guarantees to be from 0 to 8.
    unsafe { read((&raw const MASKS).cast::<i32>().wrapping_add(8 - n)) }
}

/// Stores the first n < 4 lanes: two, then one.
/// # Safety
/// `to` is valid for writes of n numbers.
#[inline(always)]
unsafe fn store_first(a: __m128, to: *mut f32, n: usize) {
    // SAFETY: guaranteed by the caller.
    unsafe {
        if n & 2 != 0 {
            _mm_storel_epi64(to.cast(), _mm_castps_si128(a));
        }
        if n & 1 != 0 {
            _mm_store_ss(to.wrapping_add(n & 2), if n & 2 != 0 { _mm_movehl_ps(a, a) } else { a });
        }
    }
}

table! {
    /// Sixteen f32 in AVX-512.
    F32x16(__m512) of f32, mask __mmask16, count 16, fused true;
    fill(v) = _mm512_set1_ps(v);
    operators {
        Add add(a, b) = _mm512_add_ps(a, b);
        Sub sub(a, b) = _mm512_sub_ps(a, b);
        Mul mul(a, b) = _mm512_mul_ps(a, b);
        Div div(a, b) = _mm512_div_ps(a, b);
    }
    one {
        sqrt(a) = _mm512_sqrt_ps(a);
        abs(a) = _mm512_andnot_ps(_mm512_set1_ps(-0.0), a);
        to_power(a) = _mm512_castsi512_ps(_mm512_slli_epi32::<23>(_mm512_castps_si512(a)));
        to_quadrant(a) = _mm512_castsi512_ps(_mm512_slli_epi32::<30>(_mm512_castps_si512(a)));
    }
    two {
        copysign(a, b) = _mm512_castsi512_ps(_mm512_ternarylogic_epi32::<0xCA>(_mm512_set1_epi32(i32::MAX), _mm512_castps_si512(a), _mm512_castps_si512(b)));
        xor_sign(a, b) = _mm512_castsi512_ps(_mm512_ternarylogic_epi32::<0x78>(_mm512_castps_si512(a), _mm512_castps_si512(b), _mm512_castps_si512(_mm512_set1_ps(-0.0))));
        at_most(a, b) = _mm512_min_ps(b, a);
        at_least(a, b) = _mm512_max_ps(b, a);
    }
    three {
        mul_add(a, b, c) = _mm512_fmadd_ps(a, b, c);
        select_negative(a, b, c) = _mm512_mask_blend_ps(_mm512_movepi32_mask(_mm512_castps_si512(a)), c, b);
    }
    compare {
        lt(a, b) = _mm512_cmp_ps_mask::<_CMP_LT_OQ>(a, b);
        le(a, b) = _mm512_cmp_ps_mask::<_CMP_LE_OQ>(a, b);
        equals(a, b) = _mm512_cmp_ps_mask::<_CMP_EQ_OQ>(a, b);
    }
    select(m, yes, no) = _mm512_mask_blend_ps(m, no, yes);
    any(m) = m != 0;
    split(a) = {
        let root_half = _mm512_set1_epi32(0x3f35_04f3);
        let shifted = _mm512_add_epi32(_mm512_castps_si512(a), _mm512_sub_epi32(_mm512_set1_epi32(0x3f80_0000), root_half));
        let fraction = _mm512_and_si512(shifted, _mm512_set1_epi32(0x007f_ffff));
        let exponent = _mm512_or_si512(_mm512_srli_epi32::<23>(shifted), _mm512_castps_si512(_mm512_set1_ps(12_582_912.0)));
        (
            _mm512_castsi512_ps(_mm512_add_epi32(fraction, root_half)),
            _mm512_sub_ps(_mm512_castsi512_ps(exponent), _mm512_set1_ps(12_582_912.0 + 127.0)),
        )
    };
    override {
        #[inline(always)]
        fn ldexp(self, n: Self) -> Self {
            Self(unsafe { _mm512_scalef_ps(self.0, n.0) })
        }
        #[inline(always)]
        fn look_up(self, table: &'static [f32; 8]) -> Self {
            Self(unsafe { _mm512_permutexvar_ps(_mm512_castps_si512(self.0), _mm512_broadcast_f32x8(read(table))) })
        }
    }
    memory {
        #[inline(always)]
        unsafe fn stream(self, to: *mut f32) {
            // SAFETY: guaranteed by the caller, alignment included.
            unsafe { _mm512_stream_ps(to, self.0) }
        }
        #[inline(always)]
        unsafe fn load_partial(from: *const f32, n: usize) -> Self {
            // SAFETY: the mask keeps the load to the n numbers that the caller guarantees.
            Self(unsafe { _mm512_maskz_loadu_ps(first16(n), from) })
        }
        #[inline(always)]
        unsafe fn store_partial(self, to: *mut f32, n: usize) {
            // SAFETY: as load_partial.
            unsafe { _mm512_mask_storeu_ps(to, first16(n), self.0) }
        }
    }
}

table! {
    /// Eight f64 in AVX-512.
    F64x8(__m512d) of f64, mask __mmask8, count 8, fused true;
    fill(v) = _mm512_set1_pd(v);
    operators {
        Add add(a, b) = _mm512_add_pd(a, b);
        Sub sub(a, b) = _mm512_sub_pd(a, b);
        Mul mul(a, b) = _mm512_mul_pd(a, b);
        Div div(a, b) = _mm512_div_pd(a, b);
    }
    one {
        sqrt(a) = _mm512_sqrt_pd(a);
        abs(a) = _mm512_andnot_pd(_mm512_set1_pd(-0.0), a);
        to_power(a) = _mm512_castsi512_pd(_mm512_slli_epi64::<52>(_mm512_castpd_si512(a)));
        to_quadrant(a) = _mm512_castsi512_pd(_mm512_slli_epi64::<62>(_mm512_castpd_si512(a)));
    }
    two {
        copysign(a, b) = _mm512_castsi512_pd(_mm512_ternarylogic_epi64::<0xCA>(_mm512_set1_epi64(i64::MAX), _mm512_castpd_si512(a), _mm512_castpd_si512(b)));
        xor_sign(a, b) = _mm512_castsi512_pd(_mm512_ternarylogic_epi64::<0x78>(_mm512_castpd_si512(a), _mm512_castpd_si512(b), _mm512_castpd_si512(_mm512_set1_pd(-0.0))));
        at_most(a, b) = _mm512_min_pd(b, a);
        at_least(a, b) = _mm512_max_pd(b, a);
    }
    three {
        mul_add(a, b, c) = _mm512_fmadd_pd(a, b, c);
        select_negative(a, b, c) = _mm512_mask_blend_pd(_mm512_movepi64_mask(_mm512_castpd_si512(a)), c, b);
    }
    compare {
        lt(a, b) = _mm512_cmp_pd_mask::<_CMP_LT_OQ>(a, b);
        le(a, b) = _mm512_cmp_pd_mask::<_CMP_LE_OQ>(a, b);
        equals(a, b) = _mm512_cmp_pd_mask::<_CMP_EQ_OQ>(a, b);
    }
    select(m, yes, no) = _mm512_mask_blend_pd(m, no, yes);
    any(m) = m != 0;
    split(a) = {
        let root_half = _mm512_set1_epi64(0x3fe6_a09e_667f_3bcd);
        let shifted = _mm512_add_epi64(_mm512_castpd_si512(a), _mm512_sub_epi64(_mm512_set1_epi64(0x3ff0_0000_0000_0000), root_half));
        let fraction = _mm512_and_si512(shifted, _mm512_set1_epi64(0x000f_ffff_ffff_ffff));
        let exponent = _mm512_or_si512(_mm512_srli_epi64::<52>(shifted), _mm512_castpd_si512(_mm512_set1_pd(6_755_399_441_055_744.0)));
        (
            _mm512_castsi512_pd(_mm512_add_epi64(fraction, root_half)),
            _mm512_sub_pd(_mm512_castsi512_pd(exponent), _mm512_set1_pd(6_755_399_441_055_744.0 + 1023.0)),
        )
    };
    override {
        #[inline(always)]
        fn ldexp(self, n: Self) -> Self {
            Self(unsafe { _mm512_scalef_pd(self.0, n.0) })
        }
    }
    memory {
        #[inline(always)]
        unsafe fn stream(self, to: *mut f64) {
            // SAFETY: guaranteed by the caller, alignment included.
            unsafe { _mm512_stream_pd(to, self.0) }
        }
        #[inline(always)]
        unsafe fn load_partial(from: *const f64, n: usize) -> Self {
            // SAFETY: the mask keeps the load to the n numbers that the caller guarantees.
            Self(unsafe { _mm512_maskz_loadu_pd(first16(n) as __mmask8, from) })
        }
        #[inline(always)]
        unsafe fn store_partial(self, to: *mut f64, n: usize) {
            // SAFETY: as load_partial.
            unsafe { _mm512_mask_storeu_pd(to, first16(n) as __mmask8, self.0) }
        }
    }
}

table! {
    /// Eight f32 in AVX2 and FMA.
    F32x8(__m256) of f32, mask __m256, count 8, fused true;
    fill(v) = _mm256_set1_ps(v);
    operators {
        Add add(a, b) = _mm256_add_ps(a, b);
        Sub sub(a, b) = _mm256_sub_ps(a, b);
        Mul mul(a, b) = _mm256_mul_ps(a, b);
        Div div(a, b) = _mm256_div_ps(a, b);
    }
    one {
        sqrt(a) = _mm256_sqrt_ps(a);
        abs(a) = _mm256_andnot_ps(_mm256_set1_ps(-0.0), a);
        to_power(a) = _mm256_castsi256_ps(_mm256_slli_epi32::<23>(_mm256_castps_si256(a)));
        to_quadrant(a) = _mm256_castsi256_ps(_mm256_slli_epi32::<30>(_mm256_castps_si256(a)));
    }
    two {
        copysign(a, b) = _mm256_or_ps(_mm256_andnot_ps(_mm256_set1_ps(-0.0), a), _mm256_and_ps(_mm256_set1_ps(-0.0), b));
        xor_sign(a, b) = _mm256_xor_ps(a, _mm256_and_ps(_mm256_set1_ps(-0.0), b));
        at_most(a, b) = _mm256_min_ps(b, a);
        at_least(a, b) = _mm256_max_ps(b, a);
    }
    three {
        mul_add(a, b, c) = _mm256_fmadd_ps(a, b, c);
        select_negative(a, b, c) = _mm256_blendv_ps(c, b, a);
    }
    compare {
        lt(a, b) = _mm256_cmp_ps::<_CMP_LT_OQ>(a, b);
        le(a, b) = _mm256_cmp_ps::<_CMP_LE_OQ>(a, b);
        equals(a, b) = _mm256_cmp_ps::<_CMP_EQ_OQ>(a, b);
    }
    select(m, yes, no) = _mm256_blendv_ps(no, yes, m);
    any(m) = _mm256_movemask_ps(m) != 0;
    split(a) = {
        let root_half = _mm256_set1_epi32(0x3f35_04f3);
        let shifted = _mm256_add_epi32(_mm256_castps_si256(a), _mm256_sub_epi32(_mm256_set1_epi32(0x3f80_0000), root_half));
        let fraction = _mm256_and_si256(shifted, _mm256_set1_epi32(0x007f_ffff));
        let exponent = _mm256_or_si256(_mm256_srli_epi32::<23>(shifted), _mm256_castps_si256(_mm256_set1_ps(12_582_912.0)));
        (
            _mm256_castsi256_ps(_mm256_add_epi32(fraction, root_half)),
            _mm256_sub_ps(_mm256_castsi256_ps(exponent), _mm256_set1_ps(12_582_912.0 + 127.0)),
        )
    };
    override {
        #[inline(always)]
        fn look_up(self, table: &'static [f32; 8]) -> Self {
            Self(unsafe { _mm256_permutevar8x32_ps(read(table), _mm256_castps_si256(self.0)) })
        }
    }
    memory {
        #[inline(always)]
        unsafe fn stream(self, to: *mut f32) {
            // SAFETY: guaranteed by the caller, alignment included.
            unsafe { _mm256_stream_ps(to, self.0) }
        }
        #[inline(always)]
        unsafe fn load_partial(from: *const f32, n: usize) -> Self {
            // SAFETY: the mask keeps the load to the n numbers that the caller guarantees.
            Self(unsafe { _mm256_maskload_ps(from, first_words(n)) })
        }
        #[inline(always)]
        unsafe fn store_partial(self, to: *mut f32, n: usize) {
            // SAFETY: the caller guarantees n numbers. Without a mask: AMD's processors take some 40 micro-operations to
            // store with one.
            unsafe {
                let (low, high) = (_mm256_castps256_ps128(self.0), _mm256_extractf128_ps::<1>(self.0));
                if n & 4 != 0 {
                    write(to, low);
                    store_first(high, to.wrapping_add(4), n & 3);
                } else {
                    store_first(low, to, n);
                }
            }
        }
    }
}

table! {
    /// Four f64 in AVX2 and FMA.
    F64x4(__m256d) of f64, mask __m256d, count 4, fused true;
    fill(v) = _mm256_set1_pd(v);
    operators {
        Add add(a, b) = _mm256_add_pd(a, b);
        Sub sub(a, b) = _mm256_sub_pd(a, b);
        Mul mul(a, b) = _mm256_mul_pd(a, b);
        Div div(a, b) = _mm256_div_pd(a, b);
    }
    one {
        sqrt(a) = _mm256_sqrt_pd(a);
        abs(a) = _mm256_andnot_pd(_mm256_set1_pd(-0.0), a);
        to_power(a) = _mm256_castsi256_pd(_mm256_slli_epi64::<52>(_mm256_castpd_si256(a)));
        to_quadrant(a) = _mm256_castsi256_pd(_mm256_slli_epi64::<62>(_mm256_castpd_si256(a)));
    }
    two {
        copysign(a, b) = _mm256_or_pd(_mm256_andnot_pd(_mm256_set1_pd(-0.0), a), _mm256_and_pd(_mm256_set1_pd(-0.0), b));
        xor_sign(a, b) = _mm256_xor_pd(a, _mm256_and_pd(_mm256_set1_pd(-0.0), b));
        at_most(a, b) = _mm256_min_pd(b, a);
        at_least(a, b) = _mm256_max_pd(b, a);
    }
    three {
        mul_add(a, b, c) = _mm256_fmadd_pd(a, b, c);
        select_negative(a, b, c) = _mm256_blendv_pd(c, b, a);
    }
    compare {
        lt(a, b) = _mm256_cmp_pd::<_CMP_LT_OQ>(a, b);
        le(a, b) = _mm256_cmp_pd::<_CMP_LE_OQ>(a, b);
        equals(a, b) = _mm256_cmp_pd::<_CMP_EQ_OQ>(a, b);
    }
    select(m, yes, no) = _mm256_blendv_pd(no, yes, m);
    any(m) = _mm256_movemask_pd(m) != 0;
    split(a) = {
        let root_half = _mm256_set1_epi64x(0x3fe6_a09e_667f_3bcd);
        let shifted = _mm256_add_epi64(_mm256_castpd_si256(a), _mm256_sub_epi64(_mm256_set1_epi64x(0x3ff0_0000_0000_0000), root_half));
        let fraction = _mm256_and_si256(shifted, _mm256_set1_epi64x(0x000f_ffff_ffff_ffff));
        let exponent = _mm256_or_si256(_mm256_srli_epi64::<52>(shifted), _mm256_castpd_si256(_mm256_set1_pd(6_755_399_441_055_744.0)));
        (
            _mm256_castsi256_pd(_mm256_add_epi64(fraction, root_half)),
            _mm256_sub_pd(_mm256_castsi256_pd(exponent), _mm256_set1_pd(6_755_399_441_055_744.0 + 1023.0)),
        )
    };
    override {}
    memory {
        #[inline(always)]
        unsafe fn stream(self, to: *mut f64) {
            // SAFETY: guaranteed by the caller, alignment included.
            unsafe { _mm256_stream_pd(to, self.0) }
        }
        #[inline(always)]
        unsafe fn load_partial(from: *const f64, n: usize) -> Self {
            // SAFETY: the mask keeps the load to the n numbers that the caller guarantees.
            Self(unsafe { _mm256_maskload_pd(from, first_words(2 * n)) })
        }
        #[inline(always)]
        unsafe fn store_partial(self, to: *mut f64, n: usize) {
            // SAFETY: the caller guarantees n numbers. Without a mask, as for f32.
            unsafe {
                let (low, high) = (_mm256_castpd256_pd128(self.0), _mm256_extractf128_pd::<1>(self.0));
                if n & 2 != 0 {
                    write(to, low);
                }
                if n & 1 != 0 {
                    _mm_store_sd(to.wrapping_add(n & 2), if n & 2 != 0 { high } else { low });
                }
            }
        }
    }
}

table! {
    /// Four f32 in SSE2.
    F32x4(__m128) of f32, mask __m128, count 4, fused false;
    fill(v) = _mm_set1_ps(v);
    operators {
        Add add(a, b) = _mm_add_ps(a, b);
        Sub sub(a, b) = _mm_sub_ps(a, b);
        Mul mul(a, b) = _mm_mul_ps(a, b);
        Div div(a, b) = _mm_div_ps(a, b);
    }
    one {
        sqrt(a) = _mm_sqrt_ps(a);
        abs(a) = _mm_andnot_ps(_mm_set1_ps(-0.0), a);
        to_power(a) = _mm_castsi128_ps(_mm_slli_epi32::<23>(_mm_castps_si128(a)));
        to_quadrant(a) = _mm_castsi128_ps(_mm_slli_epi32::<30>(_mm_castps_si128(a)));
    }
    two {
        copysign(a, b) = _mm_or_ps(_mm_andnot_ps(_mm_set1_ps(-0.0), a), _mm_and_ps(_mm_set1_ps(-0.0), b));
        xor_sign(a, b) = _mm_xor_ps(a, _mm_and_ps(_mm_set1_ps(-0.0), b));
        at_most(a, b) = _mm_min_ps(b, a);
        at_least(a, b) = _mm_max_ps(b, a);
    }
    three {
        mul_add(a, b, c) = _mm_add_ps(_mm_mul_ps(a, b), c);
        select_negative(a, b, c) = {
            let negative = _mm_castsi128_ps(_mm_srai_epi32::<31>(_mm_castps_si128(a)));
            _mm_or_ps(_mm_and_ps(negative, b), _mm_andnot_ps(negative, c))
        };
    }
    compare {
        lt(a, b) = _mm_cmplt_ps(a, b);
        le(a, b) = _mm_cmple_ps(a, b);
        equals(a, b) = _mm_cmpeq_ps(a, b);
    }
    select(m, yes, no) = _mm_or_ps(_mm_and_ps(m, yes), _mm_andnot_ps(m, no));
    any(m) = _mm_movemask_ps(m) != 0;
    split(a) = {
        let root_half = _mm_set1_epi32(0x3f35_04f3);
        let shifted = _mm_add_epi32(_mm_castps_si128(a), _mm_sub_epi32(_mm_set1_epi32(0x3f80_0000), root_half));
        let fraction = _mm_and_si128(shifted, _mm_set1_epi32(0x007f_ffff));
        let exponent = _mm_or_si128(_mm_srli_epi32::<23>(shifted), _mm_castps_si128(_mm_set1_ps(12_582_912.0)));
        (
            _mm_castsi128_ps(_mm_add_epi32(fraction, root_half)),
            _mm_sub_ps(_mm_castsi128_ps(exponent), _mm_set1_ps(12_582_912.0 + 127.0)),
        )
    };
    wide Wide<F64x2, 2>: widen(a) = [F64x2(_mm_cvtps_pd(a)), F64x2(_mm_cvtps_pd(_mm_movehl_ps(a, a)))],
        narrow(wide) = _mm_movelh_ps(_mm_cvtpd_ps(wide[0].0), _mm_cvtpd_ps(wide[1].0));
    override {}
    memory {
        #[inline(always)]
        unsafe fn stream(self, to: *mut f32) {
            // SAFETY: guaranteed by the caller, alignment included.
            unsafe { _mm_stream_ps(to, self.0) }
        }
        #[inline(always)]
        unsafe fn load_partial(from: *const f32, n: usize) -> Self {
            // SAFETY: the caller guarantees n numbers.
            Self(unsafe {
                match n {
                    1 => _mm_load_ss(from),
                    2 => _mm_castsi128_ps(_mm_loadl_epi64(from.cast())),
                    _ => _mm_movelh_ps(_mm_castsi128_ps(_mm_loadl_epi64(from.cast())), _mm_load_ss(from.wrapping_add(2))),
                }
            })
        }
        #[inline(always)]
        unsafe fn store_partial(self, to: *mut f32, n: usize) {
            // SAFETY: guaranteed by the caller.
            unsafe { store_first(self.0, to, n) }
        }
    }
}

table! {
    /// Two f64 in SSE2.
    F64x2(__m128d) of f64, mask __m128d, count 2, fused false;
    fill(v) = _mm_set1_pd(v);
    operators {
        Add add(a, b) = _mm_add_pd(a, b);
        Sub sub(a, b) = _mm_sub_pd(a, b);
        Mul mul(a, b) = _mm_mul_pd(a, b);
        Div div(a, b) = _mm_div_pd(a, b);
    }
    one {
        sqrt(a) = _mm_sqrt_pd(a);
        abs(a) = _mm_andnot_pd(_mm_set1_pd(-0.0), a);
        to_power(a) = _mm_castsi128_pd(_mm_slli_epi64::<52>(_mm_castpd_si128(a)));
        to_quadrant(a) = _mm_castsi128_pd(_mm_slli_epi64::<62>(_mm_castpd_si128(a)));
    }
    two {
        copysign(a, b) = _mm_or_pd(_mm_andnot_pd(_mm_set1_pd(-0.0), a), _mm_and_pd(_mm_set1_pd(-0.0), b));
        xor_sign(a, b) = _mm_xor_pd(a, _mm_and_pd(_mm_set1_pd(-0.0), b));
        at_most(a, b) = _mm_min_pd(b, a);
        at_least(a, b) = _mm_max_pd(b, a);
    }
    three {
        mul_add(a, b, c) = _mm_add_pd(_mm_mul_pd(a, b), c);
        select_negative(a, b, c) = {
            let negative = _mm_castsi128_pd(_mm_shuffle_epi32::<0xF5>(_mm_srai_epi32::<31>(_mm_castpd_si128(a))));
            _mm_or_pd(_mm_and_pd(negative, b), _mm_andnot_pd(negative, c))
        };
    }
    compare {
        lt(a, b) = _mm_cmplt_pd(a, b);
        le(a, b) = _mm_cmple_pd(a, b);
        equals(a, b) = _mm_cmpeq_pd(a, b);
    }
    select(m, yes, no) = _mm_or_pd(_mm_and_pd(m, yes), _mm_andnot_pd(m, no));
    any(m) = _mm_movemask_pd(m) != 0;
    split(a) = {
        let root_half = _mm_set1_epi64x(0x3fe6_a09e_667f_3bcd);
        let shifted = _mm_add_epi64(_mm_castpd_si128(a), _mm_sub_epi64(_mm_set1_epi64x(0x3ff0_0000_0000_0000), root_half));
        let fraction = _mm_and_si128(shifted, _mm_set1_epi64x(0x000f_ffff_ffff_ffff));
        let exponent = _mm_or_si128(_mm_srli_epi64::<52>(shifted), _mm_castpd_si128(_mm_set1_pd(6_755_399_441_055_744.0)));
        (
            _mm_castsi128_pd(_mm_add_epi64(fraction, root_half)),
            _mm_sub_pd(_mm_castsi128_pd(exponent), _mm_set1_pd(6_755_399_441_055_744.0 + 1023.0)),
        )
    };
    override {}
    memory {
        #[inline(always)]
        unsafe fn stream(self, to: *mut f64) {
            // SAFETY: guaranteed by the caller, alignment included.
            unsafe { _mm_stream_pd(to, self.0) }
        }
        #[inline(always)]
        unsafe fn load_partial(from: *const f64, _: usize) -> Self {
            // SAFETY: the caller guarantees one number.
            Self(unsafe { _mm_load_sd(from) })
        }
        #[inline(always)]
        unsafe fn store_partial(self, to: *mut f64, _: usize) {
            // SAFETY: the caller guarantees one number.
            unsafe { _mm_store_sd(to, self.0) }
        }
    }
}
