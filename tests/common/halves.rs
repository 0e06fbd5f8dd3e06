//! f16 and bf16: their numbers, and what a result that is rounded once may be off.

use half::{bf16, f16};

use super::{Distance, Exact, Number, Random, SLACK, constants, scale};
use slopes::{ErrorBound, Spec};

/// Rounding costs half an ulp. What is rounded is an f32: its own few ulp are 2^13 (bf16: 2^16) times smaller, and the
/// largest budget of a function leaves them below this.
const BUDGET: f64 = 0.5 + 1.0 / 512.0;

pub trait Half: Number {
    /// The bit that tells a quiet NaN.
    const QUIET: u16 = 1 << (Self::BITS - 1);
    fn of_bits(bits: u16) -> Self;
    fn bits(self) -> u16;
    /// As the `half` crate converts.
    fn widened(self) -> f32;
    fn narrowed(x: f32) -> Self;
}

macro_rules! half {
    ($Type:ident) => {
        impl Number for $Type {
            constants!($Type);
            fn budget(_: &Spec) -> ErrorBound {
                ErrorBound { ulp: [BUDGET; 3], ..ErrorBound::CORRECTLY_ROUNDED }
            }
            fn up(self) -> Self {
                match self.bits() {
                    0x8000 => Self::of_bits(1),
                    bits if self.is_sign_negative() => Self::of_bits(bits - 1),
                    bits => Self::of_bits(bits + 1),
                }
            }
            fn down(self) -> Self {
                -(-self).up()
            }
        }

        impl Half for $Type {
            fn of_bits(bits: u16) -> Self {
                $Type::from_bits(bits)
            }
            fn bits(self) -> u16 {
                self.to_bits()
            }
            fn widened(self) -> f32 {
                $Type::to_f32(self)
            }
            fn narrowed(x: f32) -> Self {
                $Type::from_f32(x)
            }
        }
    };
}
half!(f16);
half!(bf16);

/// Every number of a type, or some of them where the machine is emulated.
pub fn all<T: Half>() -> Vec<T> {
    (0..=u16::MAX).step_by(scale() | 1).map(T::of_bits).collect()
}

pub fn f32s<T: Half>(x: &[T]) -> Vec<f32> {
    x.iter().map(|x| x.widened()).collect()
}

pub fn f64s<T: Half>(x: &[T]) -> Vec<f64> {
    x.iter().map(|x| x.into_f64()).collect()
}

/// Within the budget, or half an ulp more than an absolute error.
fn is_right(distance: Distance, floor: f64) -> bool {
    let half_ulp = if distance.ulp > 0.0 { 0.5 * distance.absolute / distance.ulp } else { 0.0 };
    distance.ulp <= BUDGET + SLACK || (floor > 0.0 && distance.absolute <= floor + half_ulp)
}

/// The first number that is not right, as a line of text.
pub fn wrong<T: Half>(label: &str, got: &[T], exact: &[f64], floor: impl Fn(usize) -> f64) -> Option<String> {
    assert_eq!(got.len(), exact.len());
    let i = (0..got.len()).find(|&i| !is_right(Exact::from(exact[i]).distance(got[i]), floor(i)))?;
    let ulp = Exact::from(exact[i]).distance(got[i]).ulp;
    Some(format!("{label} {}, number {i}: {:e} should be {:e}, {ulp:.4} ulp", T::NAME, got[i].into_f64(), exact[i]))
}

/// Numbers of a row, some of them -inf.
pub fn logits<T: Half>(random: &mut Random, count: usize) -> Vec<T> {
    (0..count).map(|i| if i % 11 == 5 { T::neg_infinity() } else { random.uniform(-9.0..=9.0) }).collect()
}
