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

/// Fails if the output is another in another rounding mode.
pub fn agrees_in_rounding_modes<Y: PartialEq>(output: impl Fn() -> Y) {
    at_every_level(|level| {
        let usual = output();
        for bits in ROUNDING {
            set_control(DEFAULT | bits);
            let other = output();
            set_control(DEFAULT);
            assert!(usual == other, "with {bits:x} at {level:?}");
        }
    });
}

/// Fails if the outputs, in an environment that a program may have set, have a NaN where they usually have a number, or
/// a number beside all that they usually are; or if the environment is another afterwards.
///
/// Rounding in one direction moves a number by some units in the last place of the terms that it is computed from: by
/// 2^-6 of the whole range at most, where two terms nearly cancel. Beside the largest number it may give infinity.
/// `special` are the names of outputs that are infinite for an input of 0, so that a subnormal one, which counts as 0,
/// makes them infinite; and of those that are out of range when rounded in one direction.
pub fn outputs_stay_in_range<T: Number>(outputs: fn() -> Outputs<T>, rounding: bool, special: &[&str]) {
    let mut failures = Vec::new();
    let environments = [FLUSH].into_iter().chain(ROUNDING.into_iter().filter(|_| rounding));
    at_every_level(|level| {
        let usual = outputs();
        for bits in environments.clone() {
            set_control(DEFAULT | bits);
            let other = outputs();
            let after = control();
            set_control(DEFAULT);
            assert_eq!(after, DEFAULT | bits, "the environment, {level:?}");
            for ((name, usual), (_, other)) in usual.0.iter().zip(&other.0) {
                let finite = || usual.iter().map(|y| y.into_f64()).filter(|y| y.is_finite());
                let (low, high) = (finite().fold(0.0, f64::min), finite().fold(0.0, f64::max));
                let slack = (high - low) / 64.0;
                // The square root of the largest number, in a function that is the root of another.
                let is_large = |y: f64| y.abs() >= 0.99 * T::max_value().into_f64().sqrt();
                let is_right = |y: f64, z: f64| match () {
                    () if y.is_nan() => z.is_nan(),
                    () if z.is_infinite() => is_large(y) && y.signum() == z.signum(),
                    () => is_large(y) || (low - slack <= z && z <= high + slack),
                };
                let pairs = usual.iter().zip(other).map(|(y, z)| (y.into_f64(), z.into_f64()));
                let is_special = special.iter().any(|special| name.contains(special));
                if let Some((y, z)) = pairs.into_iter().find(|(y, z)| !is_right(*y, *z)).filter(|_| !is_special) {
                    failures.push(format!("{name} with {bits:x} at {level:?}: {z:e}, usually {y:e}"));
                }
            }
        }
    });
    none(&failures);
}
