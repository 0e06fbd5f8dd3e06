//! The functions of the page, over two buffers of the module's memory: texts and numbers.
//!
//! Nothing is kept between calls: the text of the function is in the buffer and is parsed at each.
#![cfg(target_family = "wasm")]
#![no_std]

use core::fmt::{self, Display, Write};
use core::sync::atomic::{AtomicU8, AtomicU64, Ordering::Relaxed};

use slopes::activation::{Activation, AnyActivation};
use slopes::loss::{AnyLoss, Loss};
use slopes::{Element, ParseError, ParseErrorKind, Spec};

/// Cells, because they need no unsafe code. The module has one thread: they are loads and stores.
static TEXT: [AtomicU8; 1 << 13] = [const { AtomicU8::new(0) }; 1 << 13];
static NUMBERS: [AtomicU64; 1 << 14] = [const { AtomicU64::new(0) }; 1 << 14];

#[unsafe(no_mangle)]
extern "C" fn text_buffer() -> *const AtomicU8 {
    TEXT.as_ptr()
}

#[unsafe(no_mangle)]
extern "C" fn number_buffer() -> *const AtomicU64 {
    NUMBERS.as_ptr()
}

/// Writes into the buffer of texts, as much as it holds.
struct Writer(usize);

impl Write for Writer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for (cell, byte) in TEXT.iter().skip(self.0).zip(text.bytes()) {
            cell.store(byte, Relaxed);
            self.0 += 1;
        }
        Ok(())
    }
}

/// Writes lines, and returns the length of the text.
fn lines<T: Display>(all: impl IntoIterator<Item = T>) -> usize {
    let mut writer = Writer(0);
    for line in all {
        // The buffer is never at fault.
        let _ = writeln!(writer, "{line}");
    }
    writer.0
}

fn put(start: usize, numbers: impl IntoIterator<Item = f64>) {
    for (cell, x) in NUMBERS.iter().skip(start).zip(numbers) {
        cell.store(x.to_bits(), Relaxed);
    }
}

fn number(i: usize) -> f64 {
    NUMBERS.get(i).map_or(f64::NAN, |cell| f64::from_bits(cell.load(Relaxed)))
}

/// An activation or a loss of pairs.
enum Function {
    Activation(AnyActivation),
    Loss(AnyLoss),
}

/// Evaluates a block for the function inside an enum. The trait of the enum itself would compile every method of every
/// function, those of slices as well: four times the module. A function that is not in these lists is NaN, which
/// tests/page.rs finds.
macro_rules! each {
    ($any:expr, $Any:ident: [$($Name:ident),+ $(,)?], |$f:ident| $body:expr) => {
        match $any {
            $($Any::$Name($f) => $body,)+
            _ => [T::nan(); 3],
        }
    };
}

impl Function {
    /// The function whose text is in the buffer.
    fn parse(is_loss: bool, len: usize) -> Result<Function, ParseError> {
        let mut bytes = [0; TEXT.len()];
        let len = len.min(bytes.len());
        for (byte, cell) in bytes[..len].iter_mut().zip(&TEXT) {
            *byte = cell.load(Relaxed);
        }
        // The page encodes it as UTF-8.
        let text = core::str::from_utf8(&bytes[..len]).unwrap_or_default();
        if is_loss { text.parse().map(Function::Loss) } else { text.parse().map(Function::Activation) }
    }

    fn spec(&self) -> &'static Spec {
        match self {
            Function::Activation(f) => f.spec(),
            Function::Loss(f) => f.spec(),
        }
    }

    /// The function that f32 computes: with parameters rounded to f32.
    fn rounded(mut self) -> Self {
        for names in self.spec().parameters {
            let name = names[0];
            let round = |value: Option<f64>| value.map_or(f64::NAN, |value| f64::from(value as f32));
            // One at the edge of its domain may be rounded out of it: then it stays as it is.
            let _ = match &mut self {
                Function::Activation(f) => f.set_parameter(name, round(f.parameter(name))),
                Function::Loss(f) => f.set_parameter(name, round(f.parameter(name))),
            };
        }
        self
    }

    /// Value, derivative and second derivative; the target is for losses.
    fn at<T: Element>(&self, x: T, target: T) -> [T; 3] {
        match self {
            Function::Activation(f) => each!(
                f,
                AnyActivation: [
                    Identity, Linear, BinaryStep, Relu, LeakyRelu, PRelu, RRelu, Relu6, Relu2, Threshold, Sigmoid,
                    Softsign, Tanh, SoftCap, TanhShrink, Lisht, LogCosh, Softplus, LogSigmoid, SqrtSoftplus, Squareplus,
                    Swish, Gelu, GeluTanh, QuickGelu, Mish, Exp, Elu, Celu, Selu, XIelu, Gaussian, Laplace, Sine, Snake,
                    HardTanh, HardSigmoid, HardSwish, HardShrink, SoftShrink, Shrink, SparseSigmoid, SparsePlus,
                ],
                |f| [f.forward(x), f.derivative(x), f.second_derivative(x)]
            ),
            Function::Loss(f) => each!(
                f,
                AnyLoss: [
                    Mse, HalfSquared, Mae, Mape, Msle, Huber, SmoothL1, PseudoHuber, LogCosh, Pinball, Expectile, Hinge,
                    SquaredHinge, SoftMargin, HingeEmbedding, ModifiedHuber, Perceptron, Exponential,
                    BinaryCrossEntropy, BinaryCrossEntropyWithLogits, KlDivergence, KlDivergenceFromLog,
                    KlDivergenceOfLogs, Focal, PoissonNll, PoissonNllOfRate, Gamma, Tweedie,
                ],
                |f| [f.forward(x, target), f.derivative(x, target), f.second_derivative(x, target)]
            ),
        }
    }
}

/// Writes the texts of all functions of a kind, a line each, and returns the length.
#[unsafe(no_mangle)]
extern "C" fn list(is_loss: bool) -> usize {
    if is_loss { lines(AnyLoss::all()) } else { lines(AnyActivation::all()) }
}

/// Reads the text of a function, of `len` bytes, writes others and returns their length.
///
/// Of a wrong text: the message, and as numbers the byte where the error begins and whether the name is unknown. Else the
/// first number is -1; after it are the bounds in ulp in f32, the absolute ones, those in ulp in f64, the limits of each
/// order, the range, and the kinks. The lines are: name, text, formulas, source, then the other names.
#[unsafe(no_mangle)]
extern "C" fn describe(is_loss: bool, len: usize) -> usize {
    let f = match Function::parse(is_loss, len) {
        Ok(f) => f,
        Err(error) => {
            let is_unknown = matches!(error.kind, ParseErrorKind::UnknownName(_));
            put(0, [error.offset as f64, f64::from(u8::from(is_unknown))]);
            return lines([error.kind]);
        }
    };
    let spec = f.spec();
    put(0, [-1.0]);
    put(1, spec.f32.ulp.into_iter().chain(spec.f32.absolute).chain(spec.f64.ulp));
    put(10, spec.limits.into_iter().flatten().chain(spec.range));
    put(18, [spec.kinks.len() as f64].into_iter().chain(spec.kinks.iter().copied()));
    let text: &dyn Display = match &f {
        Function::Activation(f) => f,
        Function::Loss(f) => f,
    };
    let [value, derivative, second] = &spec.formulas;
    let names = spec.names[1..].iter().map(|name| name as &dyn Display);
    lines([&spec.names[0] as &dyn Display, text, value, derivative, second, &spec.source].into_iter().chain(names))
}

/// Evaluates the function whose text is in the buffer at the first `count` numbers. After them it writes `count` numbers
/// of each of these: the three orders in f64; the three orders in f32, of the number rounded to f32; their errors in
/// ulp; their errors in 2^-24, the unit of absolute bounds. The exact results are taken to be those of f64 for the same rounded number and parameters.
#[unsafe(no_mangle)]
extern "C" fn evaluate(is_loss: bool, len: usize, target: f64, count: usize) {
    let (Ok(f), Ok(rounded)) = (Function::parse(is_loss, len), Function::parse(is_loss, len).map(Function::rounded))
    else {
        return;
    };
    for i in 0..count {
        let (x, x32, target32) = (number(i), number(i) as f32, target as f32);
        let wide = f.at(x, target);
        let narrow = f.at(x32, target32);
        let exact = rounded.at(f64::from(x32), f64::from(target32));
        for order in 0..3 {
            put(count * (1 + order) + i, [wide[order]]);
            put(count * (4 + order) + i, [narrow[order].into()]);
            put(count * (7 + order) + i, [ulp_error(narrow[order], exact[order])]);
            put(count * (10 + order) + i, [(f64::from(narrow[order]) - exact[order]).abs() * f64::from(1 << 24)]);
        }
    }
}

/// The distance from the exact number, in units in the last place of it as an f32. What is larger than any f32 is
/// infinity.
fn ulp_error(got: f32, exact: f64) -> f64 {
    let nearest = exact as f32;
    if got == nearest && !got.is_finite() || got.is_nan() && exact.is_nan() {
        return 0.0;
    }
    if !got.is_finite() || !exact.is_finite() {
        return f64::INFINITY;
    }
    let exponent = ((exact.to_bits() >> 52 & 0x7ff) as i64 - 1023).clamp(-126, 127);
    // 2^(exponent - 23) is a normal f64.
    let ulp = f64::from_bits(((exponent - 23 + 1023) as u64) << 52);
    (f64::from(got) - exact).abs() / ulp
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}
