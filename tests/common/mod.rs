//! What the tests share: reference values, errors in ulp, levels, inputs.

#[cfg(target_arch = "x86_64")]
pub mod environment;
pub mod halves;
pub mod outputs;
// What is compiled in tests alone needs packages that the module of wasm does without.
#[cfg(test)]
pub mod pytorch;
#[cfg(test)]
pub mod readme;
#[cfg(test)]
pub mod rows;

use std::ops::RangeInclusive;
use std::sync::{Mutex, MutexGuard, PoisonError};

use slopes::{Element, ErrorBound, Level, Spec};

/// Whether a function is to be tested: any, or those whose names `SLOPES_ONLY` lists, with commas between them.
pub fn is_selected(name: &str) -> bool {
    std::env::var("SLOPES_ONLY").map_or(true, |only| only.split(',').any(|only| only.trim() == name))
}

/// Whether all functions are tested: then none may be missing.
pub fn all_are_selected() -> bool {
    std::env::var_os("SLOPES_ONLY").is_none()
}

/// Whether tables are written anew, and not compared: `SLOPES_BLESS=1`.
pub fn is_blessing() -> bool {
    std::env::var("SLOPES_BLESS").is_ok_and(|value| value == "1")
}

/// The names of value, derivative and second derivative in messages.
pub const ORDERS: [&str; 3] = ["value", "derivative", "second_derivative"];

/// 25 digits are off by 5e-25 of a number at most: 4.5e-9 ulp of an f64. Budgets need that much slack: what is exact, or
/// a tie, may be written with 25 digits too.
pub const SLACK: f64 = 1.0 / (1u64 << 27) as f64;

/// Element types of the tests.
pub trait Number: Element {
    const NAME: &'static str;
    /// Of the type, 2^MIN_EXPONENT is the least normal number and 2^MAX_EXPONENT the largest power of two.
    const MIN_EXPONENT: i32;
    const MAX_EXPONENT: i32;
    /// The stored bits of the significand.
    const BITS: i32;
    fn budget(spec: &Spec) -> ErrorBound;
    fn up(self) -> Self;
    fn down(self) -> Self;

    /// What floors are counted in: half an ulp of 1.
    fn unit() -> f64 {
        Self::epsilon().into_f64() / 2.0
    }
}

/// What a type says of itself.
macro_rules! constants {
    ($Type:ident) => {
        const NAME: &'static str = stringify!($Type);
        const MIN_EXPONENT: i32 = $Type::MIN_EXP - 1;
        const MAX_EXPONENT: i32 = $Type::MAX_EXP - 1;
        const BITS: i32 = $Type::MANTISSA_DIGITS as i32 - 1;
    };
}
pub(crate) use constants;

macro_rules! number {
    ($Type:ident) => {
        impl Number for $Type {
            constants!($Type);
            fn budget(spec: &Spec) -> ErrorBound {
                spec.$Type
            }
            fn up(self) -> Self {
                self.next_up()
            }
            fn down(self) -> Self {
                self.next_down()
            }
        }
    };
}
number!(f32);
number!(f64);

/// The bits of a number as an f64 holds them; all NaN have the same.
pub fn bits<T: Element>(x: T) -> u64 {
    let wide = x.into_f64();
    if wide.is_nan() { f64::NAN.to_bits() } else { wide.to_bits() }
}

/// x 2^n, rounded at most once if the result is subnormal.
pub fn ldexp(mut x: f64, mut n: i32) -> f64 {
    let power = |n: i32| f64::from_bits(((n + 1023) as u64) << 52);
    while n > 1023 {
        (x, n) = (x * power(1023), n - 1023);
    }
    // Numbers are brought down before the last step, which alone may round.
    while n < -1022 {
        let step = (-1022).max(n + 60);
        (x, n) = (x * power(step), n - step);
    }
    x * power(n)
}

/// floor(log2 |x|) of a finite number that is not 0.
fn exponent(x: f64) -> i32 {
    if x.is_subnormal() {
        return exponent(x * 2f64.powi(60)) - 60;
    }
    ((x.to_bits() >> 52 & 0x7ff) as i32) - 1023
}

/// A real number to some 95 bits, (high + low) 2^shift; or an infinity or NaN in `high`.
#[derive(Clone, Copy, Debug)]
pub struct Exact {
    high: f64,
    low: f64,
    shift: i32,
}

/// How far a number is from what it should be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distance {
    /// In ulp of the number that it should be.
    pub ulp: f64,
    pub absolute: f64,
}

impl Distance {
    const NONE: Distance = Distance { ulp: 0.0, absolute: 0.0 };
    const INFINITE: Distance = Distance { ulp: f64::INFINITY, absolute: f64::INFINITY };

    /// Within `ulp`, or within `floor`, which is absolute.
    pub fn is_within(self, ulp: f64, floor: f64) -> bool {
        self.ulp <= ulp + SLACK || self.absolute <= floor
    }
}

impl From<f64> for Exact {
    fn from(x: f64) -> Self {
        Exact { high: x, low: 0.0, shift: 0 }
    }
}

impl Exact {
    /// A number as the reference files hold it: decimal, or an infinity.
    pub fn parse(text: &str) -> Self {
        let (sign, magnitude) = text.strip_prefix('-').map_or((1.0, text), |rest| (-1.0, rest));
        if magnitude == "inf" {
            return (sign * f64::INFINITY).into();
        }
        let (significand, exponent) = magnitude.split_once('e').unwrap_or((magnitude, "0"));
        let (whole, fraction) = significand.split_once('.').unwrap_or((significand, ""));
        let digits: i128 = format!("{whole}{fraction}").parse().unwrap();
        let exponent = exponent.parse::<i32>().unwrap() - fraction.len() as i32;
        // digits 10^exponent = digits 5^exponent 2^exponent; 5^425, of 1e-400 with 25 digits, fits an f64.
        let high = digits as f64;
        let digits = (high, (digits - high as i128) as f64);
        let five = power_of_five(exponent.unsigned_abs());
        let (high, low) = if exponent < 0 { quotient(digits, five) } else { product(digits, five) };
        Exact { high: sign * high, low: sign * low, shift: exponent }
    }

    /// The nearest f64.
    pub fn into_f64(self) -> f64 {
        ldexp(self.high, self.shift)
    }

    pub fn abs(self) -> f64 {
        self.into_f64().abs()
    }

    /// The distance of a number from this one. NaN, infinities and the sign of a zero come first: a number that is not
    /// of their kind is infinitely far from them. An exact zero has no sign here.
    pub fn distance<T: Number>(mut self, got: T) -> Distance {
        let wide = got.into_f64();
        if self.high.is_nan() || wide.is_nan() || self.high.is_infinite() {
            let same = wide == self.high || (wide.is_nan() && self.high.is_nan());
            return if same { Distance::NONE } else { Distance::INFINITE };
        }
        let mut binade = T::MIN_EXPONENT;
        if self.high != 0.0 {
            let below = self.low != 0.0 && (self.low < 0.0) == (self.high > 0.0);
            let power_of_two = self.high.to_bits() << 12 == 0;
            binade = binade.max(exponent(self.high) + self.shift - i32::from(below && power_of_two));
        }
        let wrong_side = self.high != 0.0 && wide.is_sign_negative() != (self.high < 0.0);
        if wide.is_infinite() {
            // Right only for what is larger than any number of the type.
            let excess = self.less(T::max_value().into_f64().copysign(wide)) * wide.signum();
            let beyond = binade > T::MAX_EXPONENT || excess > 0.0;
            return if beyond && !wrong_side { Distance::NONE } else { Distance::INFINITE };
        }
        if binade > T::MAX_EXPONENT {
            // Counted from the first power of two that the type lacks.
            binade = T::MAX_EXPONENT;
            self = Exact { high: self.high.signum(), low: 0.0, shift: binade + 1 };
        }
        let difference = self.less(wide).abs();
        let absolute = ldexp(difference, self.shift);
        if wide == 0.0 && wrong_side {
            return Distance { ulp: f64::INFINITY, absolute };
        }
        Distance { ulp: ldexp(difference, self.shift - binade + T::BITS), absolute }
    }

    /// This number less x, in units of 2^shift.
    fn less(self, x: f64) -> f64 {
        self.high - ldexp(x, -self.shift) + self.low
    }
}

/// Two numbers whose sum is meant.
type Double = (f64, f64);

fn normal(high: f64, low: f64) -> Double {
    let sum = high + low;
    (sum, low - (sum - high))
}

fn product(a: Double, b: Double) -> Double {
    let high = a.0 * b.0;
    normal(high, a.0.mul_add(b.0, -high) + (a.0 * b.1 + a.1 * b.0))
}

fn quotient(a: Double, b: Double) -> Double {
    let high = a.0 / b.0;
    let rest = (-high).mul_add(b.0, a.0) + (a.1 - high * b.1);
    normal(high, rest / b.0)
}

fn power_of_five(n: u32) -> Double {
    let (mut power, mut square) = ((1.0, 0.0), (5.0, 0.0));
    for bit in 0..n.checked_ilog2().map_or(0, |top| top + 1) {
        if n >> bit & 1 == 1 {
            power = product(power, square);
        }
        if n >> bit > 1 {
            square = product(square, square);
        }
    }
    power
}

/// The rows of a reference file, whose header must be `header`.
pub fn csv<'a>(text: &'a str, header: &str) -> impl Iterator<Item = Vec<&'a str>> + use<'a> {
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some(header), "the file's columns");
    lines.map(|line| line.split(',').collect())
}

/// A number from the hexadecimal bits of an f64.
pub fn from_hex(text: &str) -> f64 {
    f64::from_bits(u64::from_str_radix(text, 16).unwrap())
}

/// The worst of the distances that are over budget, as a line of text; `floor` is absolute.
pub fn over_budget<T: Number>(
    label: &str,
    ulp: f64,
    floor: impl Fn(T) -> f64,
    inputs: &[T],
    got: &[T],
    exact: impl Fn(usize) -> Exact,
) -> Option<String> {
    assert_eq!(inputs.len(), got.len());
    let mut over = 0;
    let mut worst = (Distance::NONE, 0);
    for (i, &y) in got.iter().enumerate() {
        let distance = exact(i).distance(y);
        if !distance.is_within(ulp, floor(inputs[i])) {
            over += 1;
            if distance.ulp > worst.0.ulp {
                worst = (distance, i);
            }
        }
    }
    let (distance, i) = worst;
    (over > 0).then(|| {
        format!(
            "{label}: {:.3} ulp (budget {ulp}, floor {:e}) at {:e}: {:e} should be {:e}; {over} of {} are over",
            distance.ulp,
            floor(inputs[i]),
            inputs[i].into_f64(),
            got[i].into_f64(),
            exact(i).into_f64(),
            got.len(),
        )
    })
}

/// Fails with all the lines, if there are any.
#[track_caller]
pub fn none(failures: &[String]) {
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

static LEVEL: Mutex<()> = Mutex::new(());

/// While it lives, no other test of the process changes the level. Whatever was selected, the best level is in use
/// again afterwards.
pub struct FixedLevel(#[allow(dead_code, reason = "held, not read")] MutexGuard<'static, ()>);

impl Drop for FixedLevel {
    fn drop(&mut self) {
        Level::detected().set_global().unwrap();
    }
}

pub fn fix_level() -> FixedLevel {
    FixedLevel(LEVEL.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Runs the test at every level that the machine has.
pub fn at_every_level(mut test: impl FnMut(Level)) {
    let _fixed = fix_level();
    for level in Level::available() {
        level.set_global().unwrap();
        test(level);
    }
}

/// What numbers of random cases are divided by, for slow machines: SLOPES_TEST_SCALE, 1 if not set.
pub fn scale() -> usize {
    std::env::var("SLOPES_TEST_SCALE").map_or(1, |text| text.parse().expect("SLOPES_TEST_SCALE is a positive number"))
}

/// Runs `work` in the floating-point environment of a program that has not changed it.
pub fn by_default<Y>(work: impl FnOnce() -> Y) -> Y {
    #[cfg(target_arch = "x86_64")]
    return environment::by_default(work);
    #[cfg(not(target_arch = "x86_64"))]
    work()
}

/// A fixed number of random cases, divided by the scale.
pub fn cases(count: usize) -> usize {
    (count / scale()).max(1)
}

/// Configures proptest: a number of cases before scaling, and no files of its own beside the tests.
#[cfg(test)]
pub fn proptest_config(count: usize) -> proptest::test_runner::Config {
    let cases = cases(count) as u32;
    proptest::test_runner::Config { cases, failure_persistence: None, ..Default::default() }
}

/// SplitMix64: the same numbers everywhere.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// In [0, 1).
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub fn uniform<T: Element>(&mut self, range: RangeInclusive<f64>) -> T {
        T::from_f64_rounded(range.start() + (range.end() - range.start()) * self.unit())
    }

    /// Of any finite magnitude, each as likely as any other.
    pub fn magnitude<T: Number>(&mut self) -> T {
        let exponents = (T::MAX_EXPONENT - T::MIN_EXPONENT + T::BITS + 1) as u64;
        let exponent = (self.next() % exponents) as i32 + T::MIN_EXPONENT - T::BITS;
        let x = T::from_f64_rounded(ldexp(1.0 + self.unit() / 2.0, exponent));
        if self.next() & 1 == 0 { x } else { -x }
    }
}

/// NaN, zeros, infinities, and both ends of the range of magnitudes, with both signs.
pub fn specials<T: Number>() -> Vec<T> {
    let least = T::from_f64_rounded(ldexp(1.0, T::MIN_EXPONENT - T::BITS));
    let normal = T::min_positive_value();
    let magnitudes = [T::zero(), T::infinity(), least, normal.down(), normal, T::max_value(), T::nan()];
    magnitudes.into_iter().flat_map(|x| [x, -x]).collect()
}

/// Magnitudes where some kernel takes another way: where exponentials leave f32 and f64, where e^-x no longer shows
/// beside 1, the ends of polynomials, the roots of derivatives and second derivatives.
pub const EDGES: [f64; 20] = [
    0.25,
    0.5,
    0.55,
    0.625,
    1.0,
    1.278_464_54,
    1.543_404_6,
    2.399_357_28,
    9.010_913_35,
    17.328_679_51,
    37.429_947_75,
    44.0,
    87.336_544_75,
    88.722_839_11,
    103.972_077_08,
    105.0,
    354.891_356_4,
    708.396_418_53,
    709.782_712_89,
    745.133_219_10,
];

/// The specials, and random numbers around 0 and of every magnitude: `count` of them, always the same.
pub fn inputs<T: Number>(count: usize) -> Vec<T> {
    let mut random = Random(count as u64);
    let mut inputs = specials();
    inputs.extend(EDGES.into_iter().flat_map(|x| [T::from_f64_rounded(x), T::from_f64_rounded(-x)]));
    while inputs.len() < count {
        inputs.push(match inputs.len() % 8 {
            0 | 1 => random.magnitude(),
            2 => random.uniform(-1.0..=1.0),
            3 => random.uniform(-800.0..=800.0),
            4 => random.uniform(-120.0..=120.0),
            _ => random.uniform(-20.0..=20.0),
        });
    }
    inputs.truncate(count);
    inputs
}

/// Past the widest register, and past what one more store would reach.
pub const GUARD: usize = 40;
/// Slices of fewer numbers than this, which is past some of the widest registers.
pub const LENGTHS: usize = 258;
/// Places where slices begin, past the next alignment to a register.
pub const OFFSETS: usize = 18;

/// Specials between ordinary numbers. The offsets move each of them through all lanes.
pub fn mixed<T: Number>(count: usize) -> Vec<T> {
    let (specials, mut random) = (specials::<T>(), Random(2));
    let ordinary = |random: &mut Random| random.uniform(-30.0..=30.0);
    (0..count).map(|i| if i % 3 == 0 { specials[i / 3 % specials.len()] } else { ordinary(&mut random) }).collect()
}

/// The message of the panic that the call ends with.
#[track_caller]
pub fn panic_message<R>(call: impl FnOnce() -> R) -> String {
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(call));
    let panic = outcome.err().expect("a panic");
    panic.downcast_ref::<String>().cloned().unwrap_or_else(|| panic.downcast_ref::<&str>().unwrap().to_string())
}

pub fn narrow<T: Element>(x: &[f64]) -> Vec<T> {
    x.iter().map(|x| T::from_f64_rounded(*x)).collect()
}

pub fn all_bits<T: Element>(x: &[T]) -> Vec<u64> {
    x.iter().map(|x| bits(*x)).collect()
}

/// The step of central differences, and how far they may be from a derivative: h^2 / 6 of the third derivative, at most
/// 1 here (a softmax has less, a logistic function 1 / 8), and `error` of either value, over 2 h.
pub const H: f64 = 1.0 / (1 << 17) as f64;
pub fn tolerance(error: f64) -> f64 {
    H * H / 6.0 + error / H
}

/// x with number i a step higher, and a step lower, and what is between them.
pub fn beside(x: &[f64], i: usize) -> (Vec<f64>, Vec<f64>, f64) {
    let moved = |by: f64| -> Vec<f64> { x.iter().enumerate().map(|(j, x)| if i == j { x + by } else { *x }).collect() };
    let (above, below) = (moved(H), moved(-H));
    let width = above[i] - below[i];
    (above, below, width)
}
