//! Activations of quantized networks: integers of 8 and 16 bits, by tables.
//!
//! A quantized number q stands for the real number `(q - zero_point) * scale`. With so few numbers a table holds any
//! [`Activation`]: it is made once, in f64, and costs 256 bytes, or 1026 for 16 bits. The tables are plain integers, so that
//! a device can have them in read-only memory, made on a desk.
//!
//! ```
//! use slopes::activation::{AnyActivation, Sigmoid};
//! use slopes::quantized::{Quantization, QuantizedTable};
//!
//! let input = Quantization::new(0.1, 0)?;
//! let table = QuantizedTable::new(&Sigmoid, input, Quantization::SIGMOID);
//! let mut y = [0; 3];
//! table.apply(&[-128, 0, 10], &mut y);
//! assert_eq!(y, [-128, 0, 59]); // 2.8e-6, 1/2 and 0.731, in units of 1/256 above -128
//!
//! let swish: AnyActivation = "swish(beta=2)".parse()?;
//! assert_eq!(QuantizedTable::new(&swish, input, input).get(10), 9); // 0.88
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

use crate::activation::Activation;
use crate::check::same_length;
use crate::error::ParameterError;

/// What quantized numbers stand for: q for `(q - zero_point) * scale`.
///
/// ```
/// use slopes::quantized::Quantization;
/// assert_eq!(Quantization::SIGMOID.real(127), 255.0 / 256.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantization {
    scale: f64,
    zero_point: i32,
}

impl Quantization {
    /// That of the outputs of a logistic function in 8 bits: scale 1/256, zero point -128. It is the convention of
    /// TensorFlow Lite ([8-bit quantization specification](https://ai.google.dev/edge/litert/models/quantization_spec)).
    pub const SIGMOID: Self = Quantization { scale: 1.0 / 256.0, zero_point: -128 };

    /// That of the outputs of a hyperbolic tangent in 8 bits: scale 1/128, zero point 0. The source is that of
    /// [`SIGMOID`](Self::SIGMOID).
    pub const TANH: Self = Quantization { scale: 1.0 / 128.0, zero_point: 0 };

    /// That of numbers from -1 to 1 in 16 bits: scale 1/32768, zero point 0, for the outputs of both functions.
    pub const UNIT_16: Self = Quantization { scale: 1.0 / 32768.0, zero_point: 0 };

    /// A scale from 1e-30 to 1e30, and a zero point from -32768 to 32767.
    ///
    /// ```
    /// use slopes::quantized::Quantization;
    /// assert_eq!(Quantization::new(0.5, 3)?.real(-1), -2.0);
    /// assert!(Quantization::new(0.0, 3).is_err());
    /// # Ok::<(), slopes::ParameterError>(())
    /// ```
    ///
    /// # Errors
    /// If one of them is not in its range.
    pub const fn new(scale: f64, zero_point: i32) -> Result<Self, ParameterError> {
        if !(scale >= 1e-30 && scale <= 1e30) {
            return Err(ParameterError::new("scale", scale, "must be from 1e-30 to 1e30"));
        }
        if zero_point < i16::MIN as i32 || zero_point > i16::MAX as i32 {
            return Err(ParameterError::new("zero_point", zero_point as f64, "must be from -32768 to 32767"));
        }
        Ok(Quantization { scale, zero_point })
    }

    /// The scale: the real distance of neighbouring quantized numbers.
    #[must_use]
    pub const fn scale(self) -> f64 {
        self.scale
    }

    /// The quantized number that stands for 0.
    #[must_use]
    pub const fn zero_point(self) -> i32 {
        self.zero_point
    }

    /// The real number that q stands for, `(q - zero_point) * scale`.
    #[must_use]
    pub fn real(self, q: i32) -> f64 {
        (f64::from(q) - f64::from(self.zero_point)) * self.scale
    }

    /// The quantized number from `low` to `high` that is nearest to x, halves away from the zero point. NaN counts as 0.
    fn nearest(self, x: f64, low: i32, high: i32) -> i32 {
        // From there on every number is beyond both ends.
        const FAR: f64 = 1_000_000.0;
        let steps = (x / self.scale).clamp(-FAR, FAR);
        let whole = steps as i32;
        let half = (steps - f64::from(whole)).abs() >= 0.5;
        let away = if steps < 0.0 { -1 } else { 1 };
        (whole + if half { away } else { 0 } + self.zero_point).clamp(low, high)
    }
}

/// The methods of a table that take slices.
macro_rules! slices {
    ($Number:ty) => {
        /// `output[i]` is the output for `input[i]`.
        ///
        /// # Panics
        /// If the lengths differ.
        #[track_caller]
        pub fn apply(&self, input: &[$Number], output: &mut [$Number]) {
            same_length("apply", [("input", input.len()), ("output", output.len())]);
            for (x, y) in input.iter().zip(output) {
                *y = self.get(*x);
            }
        }

        /// Replaces each number by its output.
        pub fn apply_in_place(&self, numbers: &mut [$Number]) {
            for x in numbers {
                *x = self.get(*x);
            }
        }
    };
}

/// An activation of numbers of 8 bits: a table of 256 bytes.
///
/// `table[q] = round(f((q - input.zero_point) * input.scale) / output.scale) + output.zero_point`, halves rounded away from
/// the zero point, and limited to -128 and 127. f is computed in f64, so that the result is the nearest number, unless a
/// real result is within some 1e-13 of a half.
///
/// ```
/// use slopes::activation::Tanh;
/// use slopes::quantized::{Quantization, QuantizedTable};
/// let table = QuantizedTable::new(&Tanh, Quantization::new(1.0 / 32.0, 0)?, Quantization::TANH);
/// assert_eq!([-128, -16, 0, 16].map(|q| table.get(q)), [-128, -59, 0, 59]); // 128 tanh(1/2) = 59.15
/// # Ok::<(), slopes::ParameterError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuantizedTable {
    outputs: [i8; 256],
}

impl QuantizedTable {
    /// The table of an activation.
    #[must_use]
    pub fn new<F: Activation<f64> + ?Sized>(f: &F, input: Quantization, output: Quantization) -> Self {
        let mut outputs = [0; 256];
        for (q, y) in (i8::MIN..=i8::MAX).zip(&mut outputs) {
            *y = output.nearest(f.forward(input.real(q.into())), i8::MIN.into(), i8::MAX.into()) as i8;
        }
        QuantizedTable { outputs }
    }

    /// The table with these outputs, for the inputs from -128 to 127: as [`outputs`](Self::outputs) gave them elsewhere.
    ///
    /// ```
    /// use slopes::quantized::QuantizedTable;
    /// static ZERO: QuantizedTable = QuantizedTable::from_outputs([0; 256]);
    /// assert_eq!(ZERO.get(5), 0);
    /// ```
    #[must_use]
    pub const fn from_outputs(outputs: [i8; 256]) -> Self {
        QuantizedTable { outputs }
    }

    /// The outputs for the inputs from -128 to 127.
    #[must_use]
    pub const fn outputs(&self) -> &[i8; 256] {
        &self.outputs
    }

    /// The output for one number.
    #[must_use]
    #[inline]
    pub const fn get(&self, q: i8) -> i8 {
        // -128 has index 0.
        self.outputs[(q as u8 ^ 0x80) as usize]
    }

    slices! { i8 }
}

/// The inputs between neighbouring knots of a table of 16 bits.
const STEP: i32 = 128;

/// An activation of numbers of 16 bits: a table of 513 knots, with straight lines between them.
///
/// Knot i is the output for the input `q = 128 (i - 256)`, rounded as in [`QuantizedTable`]. Between two knots the output is
/// `a + floor(((b - a) (q mod 128) + 64) / 128)`. The error is at most 1 + c: half a unit for the knots, half for the
/// line's own rounding, and `c = (128 input.scale)^2 / 8 max |f''| / output.scale` for the line in place of the function;
/// at a kink, c is `128 input.scale / 4 / output.scale` times the jump of the derivative.
///
/// ```
/// use slopes::activation::Sigmoid;
/// use slopes::quantized::{Quantization, QuantizedTable16};
/// // Inputs from -8 to 8: |f''| is at most 0.0963, so the error is at most 1.4 units of 2^-15.
/// let table = QuantizedTable16::new(&Sigmoid, Quantization::new(1.0 / 4096.0, 0)?, Quantization::UNIT_16);
/// assert_eq!([0, 4096, -32768].map(|q| table.get(q)), [16384, 23955, 11]); // 1/2, 0.731, 3.4e-4
/// # Ok::<(), slopes::ParameterError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuantizedTable16 {
    knots: [i16; 513],
}

impl QuantizedTable16 {
    /// The table of an activation.
    #[must_use]
    pub fn new<F: Activation<f64> + ?Sized>(f: &F, input: Quantization, output: Quantization) -> Self {
        let mut knots = [0; 513];
        for (i, knot) in (0..).zip(&mut knots) {
            let x = input.real(STEP * (i - 256));
            *knot = output.nearest(f.forward(x), i16::MIN.into(), i16::MAX.into()) as i16;
        }
        QuantizedTable16 { knots }
    }

    /// The table with these knots, as [`knots`](Self::knots) gave them elsewhere.
    ///
    /// ```
    /// use slopes::quantized::QuantizedTable16;
    /// static ZERO: QuantizedTable16 = QuantizedTable16::from_knots([0; 513]);
    /// assert_eq!(ZERO.get(5), 0);
    /// ```
    #[must_use]
    pub const fn from_knots(knots: [i16; 513]) -> Self {
        QuantizedTable16 { knots }
    }

    /// The outputs for the inputs -32768, -32640, ..., 32768.
    #[must_use]
    pub const fn knots(&self) -> &[i16; 513] {
        &self.knots
    }

    /// The output for one number.
    #[must_use]
    #[inline]
    pub const fn get(&self, q: i16) -> i16 {
        let q = q as i32;
        let knot = (q.div_euclid(STEP) + 256) as usize;
        let (a, b) = (self.knots[knot] as i32, self.knots[knot + 1] as i32);
        (a + ((b - a) * q.rem_euclid(STEP) + STEP / 2).div_euclid(STEP)) as i16
    }

    slices! { i16 }
}
