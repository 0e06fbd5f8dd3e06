//! The floating-point environment of the caller on x86: numbers flushed to zero, and other rounding modes.

#![allow(unsafe_code, reason = "the control register is read and written")]

use std::arch::asm;

use super::outputs::Outputs;
use super::{Number, at_every_level, none};

/// Subnormal results become 0, and subnormal operands count as 0.
const FLUSH: u32 = 0x8040;
/// Rounding down, up, and towards zero.
const ROUNDING: [u32; 3] = [0x2000, 0x4000, 0x6000];
/// All but the flags that operations raise.
const CONTROL: u32 = 0xffc0;
/// Of a program that has changed nothing: every exception is masked.
const DEFAULT: u32 = 0x1f80;

fn control() -> u32 {
    let mut word = 0_u32;
    // SAFETY: writes the register to `word`.
    unsafe { asm!("stmxcsr [{}]", in(reg) &mut word) };
    word & CONTROL
}

fn set_control(word: u32) {
    // SAFETY: no reserved bit is set.
    unsafe { asm!("ldmxcsr [{}]", in(reg) &word) };
}

/// Runs `work` in the environment of a program that has changed nothing.
pub fn by_default<Y>(work: impl FnOnce() -> Y) -> Y {
    let before = control();
    set_control(DEFAULT);
    let y = work();
    set_control(before);
    y
}

/// Fails if the outputs, in an environment that a program may have set, have a NaN where they usually have a number, or
/// a number beside all that they usually are; or if the environment is another afterwards.
///
/// Rounding in one direction moves a number by some units in the last place of the terms that it is computed from: by
/// 2^-6 of the whole range at most, where two terms nearly cancel. Finite numbers beside the largest of the type may
/// become infinite.
pub fn outputs_stay_in_range<T: Number>(outputs: fn() -> Outputs<T>) {
    let mut failures = Vec::new();
    at_every_level(|level| {
        let usual = outputs();
        for bits in [FLUSH].into_iter().chain(ROUNDING) {
            set_control(DEFAULT | bits);
            let other = outputs();
            let after = control();
            set_control(DEFAULT);
            assert_eq!(after, DEFAULT | bits, "the environment, {level:?}");
            for ((name, usual), (_, other)) in usual.0.iter().zip(&other.0) {
                let finite = || usual.iter().map(|y| y.into_f64()).filter(|y| y.is_finite());
                let (low, high) = (finite().fold(0.0, f64::min), finite().fold(0.0, f64::max));
                let slack = (high - low) / 64.0;
                for (i, (y, z)) in usual.iter().zip(other).enumerate() {
                    let (y, z) = (y.into_f64(), z.into_f64());
                    let largest = T::max_value().into_f64() * 0.99;
                    let is_right = if y.is_nan() {
                        z.is_nan()
                    } else if z.is_infinite() {
                        y.abs() >= largest && y.signum() == z.signum()
                    } else {
                        y.abs() >= largest || (low - slack <= z && z <= high + slack)
                    };
                    if !is_right {
                        failures.push(format!("{name}, number {i}, with {bits:x} at {level:?}: {z:e}, usually {y:e}"));
                        break;
                    }
                }
            }
        }
    });
    none(&failures);
}
