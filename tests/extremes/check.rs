//! What holds for every input and every parameter, checked for inputs that are chosen by bytes: by a random generator in
//! the test suite, by a fuzzer in `tests/fuzz`.
//!
//! - NaN in gives NaN out; numbers of the domain never give NaN, nor an infinity or a magnitude that f64 does not have.
//! - Values are in the declared range.
//! - A Hessian bound is positive, and bounds the second derivative.
//! - The levels of a family give the same bits, and slices those of single numbers.
//!
//! Accuracy is for other tests: f64 is the reference of the narrower types to one part in 10 000 alone.

#[path = "rows.rs"]
mod rows;
#[path = "texts.rs"]
mod texts;

use std::fmt::Debug;
use std::sync::OnceLock;

use half::{bf16, f16};
use slopes::activation::{self, Activation, AnyActivation};
use slopes::loss::{self, AnyLoss, Loss};
use slopes::{Element, Level, Spec};

/// Bytes that choose; zeros where there are no more.
pub struct Bytes<'a>(pub &'a [u8]);

impl Bytes<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let mut taken = [0; N];
        let n = N.min(self.0.len());
        taken[..n].copy_from_slice(&self.0[..n]);
        self.0 = &self.0[n..];
        taken
    }

    fn byte(&mut self) -> usize {
        let [byte] = self.take();
        byte.into()
    }

    /// An index below `count`.
    fn index(&mut self, count: usize) -> usize {
        (self.byte() * 256 + self.byte()) % count
    }

    /// The length of a slice: mostly short, so that more functions are tried.
    fn count(&mut self) -> usize {
        match self.byte() {
            long @ 0..8 => 16 + long * 3,
            short => 1 + short % 5,
        }
    }

    /// A parameter: an edge or any f64.
    fn parameter(&mut self) -> f64 {
        match self.byte() {
            0..64 => f64::from_bits(u64::from_le_bytes(self.take())),
            64..128 => f32::from_bits(u32::from_le_bytes(self.take())).into(),
            kind => {
                let edge = EDGES[self.index(EDGES.len())];
                if kind % 2 == 0 { edge } else { -edge }
            }
        }
    }

    /// A number: an edge, or any bits.
    fn number<T: Raw>(&mut self) -> T {
        match self.byte() {
            0..128 => T::of_bits(u64::from_le_bytes(self.take())),
            kind => {
                let edge = EDGES[self.index(EDGES.len())];
                T::from_f64_rounded(if kind % 2 == 0 { edge } else { -edge })
            }
        }
    }

    fn numbers<T: Raw>(&mut self, count: usize) -> Vec<T> {
        (0..count).map(|_| self.number()).collect()
    }
}

/// Numbers beside which formulas change: where powers, exponentials and their products leave a type.
const EDGES: [f64; 64] = [
    0.0,
    4.9e-324,
    1e-310,
    2.3e-308,
    1e-300,
    1e-200,
    1.5e-162,
    1e-100,
    1e-60,
    1.4e-45,
    1e-40,
    1.1754944e-38,
    3e-39,
    1e-30,
    1e-20,
    1e-19,
    5.4e-20,
    1e-15,
    1e-10,
    6e-8,
    1e-7,
    1e-3,
    0.1,
    0.25,
    0.499999,
    0.5,
    0.999_999_9,
    0.999_999_999_999_999_9,
    1.0,
    1.000_000_1,
    1.000_000_000_1,
    1.5,
    1.999_999_9,
    2.0,
    3.0,
    6.0,
    10.0,
    20.0,
    40.0,
    53.0,
    88.7,
    89.0,
    104.0,
    114.0,
    200.0,
    709.7,
    745.0,
    760.0,
    1e4,
    65504.0,
    1e6,
    1.6777216e7,
    1e9,
    1e10,
    1e15,
    9e15,
    1e19,
    1.8446744e19,
    1e30,
    1.7e38,
    3.4028234e38,
    1e39,
    1.3407807929942596e154,
    f64::INFINITY,
];

/// A type whose numbers are made of bits.
pub trait Raw: Element + Debug {
    fn of_bits(bits: u64) -> Self;
}

macro_rules! raw {
    ($($T:ident of $Bits:ident),+) => { $(impl Raw for $T {
        fn of_bits(bits: u64) -> Self {
            $T::from_bits(bits as $Bits)
        }
    })+ };
}
raw!(f32 of u32, f64 of u64, f16 of u16, bf16 of u16);

/// The bits of a number; all NaN have the same.
fn bits<T: Raw>(x: T) -> u64 {
    let wide = x.into_f64();
    if wide.is_nan() { f64::NAN.to_bits() } else { wide.to_bits() }
}

fn is_f64<T: Raw>() -> bool {
    T::epsilon().into_f64() == f64::EPSILON
}

/// What of a function is compared.
pub const ORDERS: [&str; 4] = ["value", "derivative", "second derivative", "Hessian bound"];

/// The outputs of a function at a level.
type AtLevel<T> = (Level, Vec<Vec<T>>);

/// The outputs of a function for the same inputs at every level, which must be the same in a family.
fn at_levels<T: Raw>(
    what: &dyn Fn() -> String,
    mut outputs: impl FnMut() -> Vec<Vec<T>>,
) -> Result<Vec<AtLevel<T>>, String> {
    let mut all: Vec<AtLevel<T>> = Vec::new();
    for level in Level::available() {
        level.set_global().unwrap();
        let now = outputs();
        if let Some((other, before)) = all.iter().find(|(other, _)| other.family() == level.family()) {
            for (kind, (now, before)) in now.iter().zip(before).enumerate() {
                for (i, (now, before)) in now.iter().zip(before).enumerate() {
                    if bits(*now) != bits(*before) {
                        return Err(format!(
                            "{}: output {kind}, element {i}: {other:?} {before:?}, {level:?} {now:?}",
                            what()
                        ));
                    }
                }
            }
        }
        all.push((level, now));
    }
    Ok(all)
}

/// Whether `y` may stand for the number `exact`, apart from its accuracy: no NaN, no infinity without reason, the right
/// magnitude to one part in 10 000, or within `absolute`.
fn stands_for<T: Raw>(y: T, exact: f64, absolute: f64) -> bool {
    let largest = T::max_value().into_f64();
    let y = y.into_f64();
    if exact.is_nan() || y.is_nan() {
        return exact.is_nan() && y.is_nan();
    }
    if y.is_infinite() || exact.abs() > largest {
        let most = largest * (1.0 - T::epsilon().into_f64());
        return exact.abs() >= most && y.abs() >= most && y.is_sign_negative() == exact.is_sign_negative();
    }
    let least = T::min_positive_value().into_f64() * T::epsilon().into_f64();
    (y - exact).abs() <= (exact.abs() * T::epsilon().into_f64().max(1e-4)).max(absolute).max(least * 4.0)
}

/// Whether `y` may stand for f(x), or for a value between those of neighbours: beside a kink, a root, or where f is
/// steep, the rounding of x is all that counts.
fn is_near<T: Raw>(y: T, f: impl Fn(f64) -> f64, x: f64, width: f64, absolute: f64) -> bool {
    if stands_for(y, f(x), absolute) {
        return true;
    }
    let d = width * T::epsilon().into_f64() * 4.0;
    let [a, b] = [f(x - d), f(x + d)];
    let between = y.into_f64() >= a.min(b) && y.into_f64() <= a.max(b);
    between || stands_for(y, a, absolute) || stands_for(y, b, absolute)
}

/// Whether a value is in the range that the specification declares, whose ends are rounded.
fn in_range<T: Raw>(spec: &Spec, y: T) -> bool {
    let [low, high] = spec.range.map(T::from_f64_rounded);
    low <= y && y <= high
}

/// Any activation and any parameters that it accepts; `None` if it does not accept those that are chosen.
fn activation(bytes: &mut Bytes) -> Option<(AnyActivation, bool)> {
    static ALL: OnceLock<Vec<AnyActivation>> = OnceLock::new();
    let all = ALL.get_or_init(|| activation::all::<f32>().iter().map(|f| f.spec().name().parse().unwrap()).collect());
    let mut f = all[bytes.index(all.len())];
    let spec = f.spec();
    let by_default = bytes.byte() < 128;
    if !by_default {
        for names in spec.parameters {
            let value = bytes.parameter();
            if bytes.byte() < 192 {
                f.set_parameter(names[0], value).ok()?;
            }
        }
    }
    Some((f, by_default))
}

/// The same function with parameters as f32 has them.
macro_rules! in_f32 {
    ($f:expr) => {{
        let mut rounded = $f;
        for (name, value) in $f.parameters().collect::<Vec<_>>() {
            // The parameters may exclude each other on the way.
            if rounded.set_parameter(name, f64::from(value as f32)).is_err() {
                return Ok(());
            }
        }
        rounded
    }};
}

/// The gain of any function with any parameters is a number, not negative, and not below that of a constant as large as
/// the function is anywhere.
/// Checks the text of a function that bytes choose, and the bytes themselves, if they are a text.
pub fn check_text(bytes: &[u8]) -> Result<(), String> {
    texts::check(&mut Bytes(bytes))?;
    std::str::from_utf8(bytes).map_or(Ok(()), texts::is_read_or_refused)
}

pub fn check_gain(bytes: &[u8]) -> Result<(), String> {
    let Some((f, by_default)) = activation(&mut Bytes(bytes)) else { return Ok(()) };
    let gain = activation::gain(&f);
    let [low, high] = f.spec().range;
    let least = if by_default { high.max(-low).recip() * (1.0 - 1e-14) } else { 0.0 };
    if gain >= least { Ok(()) } else { Err(format!("{f}: the gain is {gain:e}, not {least:e} or more")) }
}

fn check_activation<T: Raw>(bytes: &mut Bytes) -> Result<(), String> {
    let Some((f, by_default)) = activation(bytes) else { return Ok(()) };
    let spec = f.spec();
    let count = bytes.count();
    let x = bytes.numbers::<T>(count);
    let what = || format!("{f} of {}", std::any::type_name::<T>());
    let levels = at_levels(&what, || {
        let mut y = vec![vec![T::zero(); count]; 3];
        f.forward_slice(&x, &mut y[0]);
        f.derivative_slice(&x, &mut y[1]);
        f.second_derivative_slice(&x, &mut y[2]);
        y
    })?;
    let reference = if is_f64::<T>() { f } else { in_f32!(f) };
    for (level, outputs) in &levels {
        level.set_global().unwrap();
        for i in 0..count {
            let (x, y) = (x[i], [0, 1, 2].map(|order| outputs[order][i]));
            let one = [f.forward(x), f.derivative(x), f.second_derivative(x)];
            for order in 0..3 {
                let place = || {
                    format!("{}: {} at {:e}, {level:?}: {:e}", what(), ORDERS[order], x.into_f64(), y[order].into_f64())
                };
                if bits(one[order]) != bits(y[order]) {
                    return Err(format!("{}, of one number {:e}", place(), one[order].into_f64()));
                }
                if x.is_nan() {
                    if !y[order].is_nan() {
                        return Err(format!("{}: not NaN", place()));
                    }
                    continue;
                }
                let undefined = x.is_infinite() && spec.limits[order].iter().any(|limit| limit.is_nan());
                if y[order].is_nan() && !undefined {
                    return Err(format!("{}: NaN", place()));
                }
                if order == 0 && by_default && !undefined && !in_range(spec, y[0]) {
                    return Err(format!("{}: out of range", place()));
                }
                if !is_f64::<T>() && !undefined {
                    let wide = x.into_f64();
                    let exact = |x: f64| match order {
                        0 => reference.forward(x),
                        1 => reference.derivative(x),
                        _ => reference.second_derivative(x),
                    };
                    // The declared floor is that of the default parameters.
                    let largest = f.parameters().fold(1.0, |most: f64, (_, value)| most.max(value.abs()));
                    let floor = spec.f32.absolute[order] * largest * largest / f64::from(1 << 20);
                    // A tail below 2^-164 is 0, whatever it is multiplied by.
                    let smallest = f.parameters().fold(1.0, |least: f64, (_, value)| least.min(value.abs().max(1e-15)));
                    let floor = floor.max(4e-50 * (largest / smallest).powi(2));
                    // A slope that f32 rounds to 0, and an a x that overflows, have results of their own.
                    let apart = spec.name() == "rrelu"
                        && (x.is_infinite() || f.parameters().any(|(_, a)| a.abs() < 1e-37))
                        || spec.name() == "snake" && largest * wide.abs() >= 1.7e38;
                    if !apart && !is_near(y[order], exact, wide, wide.abs(), floor) {
                        return Err(format!("{}: {:e}", place(), exact(wide)));
                    }
                }
            }
        }
    }
    Ok(())
}

/// Whether a loss is defined for a target, and for a prediction.
fn in_domain(name: &str, prediction: f64, target: f64) -> bool {
    match name {
        "hinge" | "squared_hinge" | "soft_margin" | "hinge_embedding" | "modified_huber" | "perceptron"
        | "exponential" => target.abs() == 1.0,
        "focal" => target == 0.0 || target == 1.0,
        "binary_cross_entropy" => (0.0..=1.0).contains(&prediction) && (0.0..=1.0).contains(&target),
        "binary_cross_entropy_with_logits" => (0.0..=1.0).contains(&target),
        "msle" => prediction >= -1.0 && target >= -1.0,
        "kl_divergence" | "poisson_nll_of_rate" => prediction >= 0.0 && target >= 0.0,
        "kl_divergence_from_log" | "poisson_nll" | "tweedie" => target >= 0.0,
        "gamma" => target > 0.0,
        _ => true,
    }
}

fn check_loss<T: Raw>(bytes: &mut Bytes) -> Result<(), String> {
    static ALL: OnceLock<Vec<AnyLoss>> = OnceLock::new();
    let all = ALL.get_or_init(|| loss::all::<f32>().iter().map(|f| f.spec().name().parse().unwrap()).collect());
    let mut f = all[bytes.index(all.len())];
    let spec = f.spec();
    if bytes.byte() >= 128 {
        for names in spec.parameters {
            let value = bytes.parameter();
            if bytes.byte() < 192 && f.set_parameter(names[0], value).is_err() {
                return Ok(());
            }
        }
    }
    let count = bytes.count();
    let mut prediction = bytes.numbers::<T>(count);
    let mut target = bytes.numbers::<T>(count);
    for (p, t) in prediction.iter_mut().zip(&mut target) {
        // Most numbers are brought into the domain.
        let one = T::one();
        match bytes.byte() {
            0..32 => {}
            kind => {
                let class = kind % 2 == 0;
                match spec.name() {
                    "hinge" | "squared_hinge" | "soft_margin" | "hinge_embedding" | "modified_huber" | "perceptron"
                    | "exponential" => *t = if class { one } else { -one },
                    "focal" => *t = if class { one } else { T::zero() },
                    "binary_cross_entropy" => {
                        *p = p.abs().min(one / p.abs());
                        *t = if class { t.abs().min(one / t.abs()) } else { t.abs().min(one).ceil() };
                    }
                    "binary_cross_entropy_with_logits" => *t = t.abs().min(one / t.abs()),
                    "msle" => (*p, *t) = (p.abs(), t.abs()),
                    "kl_divergence" | "poisson_nll_of_rate" => (*p, *t) = (p.abs(), t.abs()),
                    "kl_divergence_from_log" | "poisson_nll" | "tweedie" | "gamma" => *t = t.abs(),
                    _ => {}
                }
            }
        }
    }
    let what = || format!("{f} of {}", std::any::type_name::<T>());
    let levels = at_levels(&what, || {
        let mut y = vec![vec![T::zero(); count]; 4];
        f.forward_slice(&prediction, &target, &mut y[0]);
        f.gradient(&prediction, &target, 1.0, &mut y[1]);
        for i in 0..count {
            y[2][i] = f.second_derivative(prediction[i], target[i]);
        }
        let mut again = vec![T::zero(); count];
        f.gradient_with_hessian_bound(&prediction, &target, 1.0, &mut again, &mut y[3]);
        y
    })?;
    let reference = if is_f64::<T>() { f } else { in_f32!(f) };
    for (level, outputs) in &levels {
        level.set_global().unwrap();
        for i in 0..count {
            let (p, t, y) = (prediction[i], target[i], [0, 1, 2, 3].map(|order| outputs[order][i]));
            let wide = (p.into_f64(), t.into_f64());
            let one = [f.forward(p, t), f.derivative(p, t), f.second_derivative(p, t), f.hessian_bound(p, t)];
            let defined = in_domain(spec.name(), wide.0, wide.1);
            for order in 0..4 {
                let place = || {
                    let (p, t) = wide;
                    format!("{}: {} at {p:e}, {t:e}, {level:?}: {:e}", what(), ORDERS[order], y[order].into_f64())
                };
                if bits(one[order]) != bits(y[order]) {
                    return Err(format!("{}, of one number {:e}", place(), one[order].into_f64()));
                }
                if p.is_nan() || t.is_nan() || !defined {
                    if !y[order].is_nan() {
                        return Err(format!("{}: not NaN", place()));
                    }
                    continue;
                }
                if !p.is_finite() || !t.is_finite() {
                    continue;
                }
                if y[order].is_nan() {
                    return Err(format!("{}: NaN", place()));
                }
                if order == 0 && !in_range(spec, y[0]) {
                    return Err(format!("{}: out of range", place()));
                }
                // In f16, a bound below the smallest number rounds to 0. Bound and second derivative have errors of a few
                // ulp.
                let slack = T::one() + T::epsilon() * T::from_f64_rounded(8.0);
                let positive = T::zero() < y[3] || size_of::<T>() == 2 && y[3] == T::zero();
                if order == 3 && (!positive || y[3] * slack + T::min_positive_value() < y[2]) {
                    return Err(format!("{}: no bound of {:e}", place(), y[2].into_f64()));
                }
                if !is_f64::<T>() {
                    let (p, t) = wide;
                    let exact = |p: f64| match order {
                        0 => reference.forward(p, t),
                        1 => reference.derivative(p, t),
                        2 => reference.second_derivative(p, t),
                        _ => reference.hessian_bound(p, t),
                    };
                    let size = p.abs().max(1.0) * t.abs().max(1.0);
                    let floor = spec.f32.absolute[order.min(2)] / f64::from(1 << 20) * size;
                    // A bound is at least 2^-100, products with targets and y / p may be subnormal.
                    let subnormal = 1e-44 * if order >= 2 { size.max(1.0 / p.abs()) } else { size };
                    let floor = floor.max(subnormal).max(if order == 3 { 8e-31 } else { 0.0 });
                    if !is_near(y[order], exact, p, p.abs().max(t.abs()), floor) {
                        return Err(format!("{}: {:e}", place(), exact(p)));
                    }
                }
            }
        }
    }
    Ok(())
}

/// Checks one function of one type for the inputs that the bytes choose.
///
/// # Errors
/// If something does not hold; the message has the function, its parameters and the input.
pub fn check(bytes: &[u8]) -> Result<(), String> {
    let mut bytes = Bytes(bytes);
    match bytes.byte() % 4 {
        0 => check_type::<f32>(&mut bytes),
        1 => check_type::<f64>(&mut bytes),
        2 => check_type::<f16>(&mut bytes),
        _ => check_type::<bf16>(&mut bytes),
    }
}

fn check_type<T: Raw>(bytes: &mut Bytes) -> Result<(), String> {
    match bytes.byte() % 8 {
        0..3 => check_activation::<T>(bytes),
        3..6 => check_loss::<T>(bytes),
        6 => rows::check_activation::<T>(bytes),
        _ => rows::check_loss::<T>(bytes),
    }
}
