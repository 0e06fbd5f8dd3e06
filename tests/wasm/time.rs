//! Times of the guide's page on wasm: this crate, and the formulas as one would write them.

use std::sync::Mutex;

use slopes::activation::{Activation, Gelu, Mish, RowActivation, Rows, Sigmoid, Softmax, Softplus, Tanh};

/// A function over a slice.
type Work = fn(&[f32], &mut [f32]);

/// What is timed, of this crate and as a plain formula.
const WORK: [(&str, Work, Work); 7] = [
    ("sigmoid", |x, y| Sigmoid.forward_slice(x, y), |x, y| each(x, y, |x| 1.0 / (1.0 + (-x).exp()))),
    ("tanh", |x, y| Tanh.forward_slice(x, y), |x, y| each(x, y, f32::tanh)),
    (
        "GELU",
        |x, y| Gelu.forward_slice(x, y),
        |x, y| each(x, y, |x| 0.5 * x * (1.0 + libm::erff(x * std::f32::consts::FRAC_1_SQRT_2))),
    ),
    ("softplus", |x, y| Softplus::default().forward_slice(x, y), |x, y| each(x, y, |x| x.exp().ln_1p())),
    ("Mish", |x, y| Mish.forward_slice(x, y), |x, y| each(x, y, |x| x * x.exp().ln_1p().tanh())),
    (
        "softmax of rows of 1024",
        |x, y| Softmax::DEFAULT.forward(x, Rows::contiguous(1024), y),
        |x, y| plain_softmax(x, 1024, y),
    ),
    (
        "softmax of rows of 10",
        |x, y| Softmax::DEFAULT.forward(x, Rows::contiguous(10), y),
        |x, y| plain_softmax(x, 10, y),
    ),
];

#[inline(always)]
fn each(x: &[f32], y: &mut [f32], f: impl Fn(f32) -> f32) {
    x.iter().zip(y).for_each(|(x, y)| *y = f(*x));
}

fn plain_softmax(x: &[f32], len: usize, y: &mut [f32]) {
    for (x, y) in x.chunks_exact(len).zip(y.chunks_exact_mut(len)) {
        let max = x.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        each(x, y, |x| (x - max).exp());
        let sum: f32 = y.iter().sum();
        y.iter_mut().for_each(|y| *y /= sum);
    }
}

/// 32 760 numbers: whole rows of 10, and of 1024 but for the rest.
const LEN: usize = 32_760;
static SLICES: Mutex<Option<(Vec<f32>, Vec<f32>)>> = Mutex::new(None);

#[unsafe(no_mangle)]
pub extern "C" fn names() {
    crate::answer(WORK.map(|(name, ..)| name).join("\n"));
}

/// The numbers that `work` is given.
#[unsafe(no_mangle)]
pub extern "C" fn numbers(work: usize) -> usize {
    if WORK[work].0.ends_with("1024") { LEN / 1024 * 1024 } else { LEN }
}

/// Does it once, by this crate or by the plain formula.
#[unsafe(no_mangle)]
pub extern "C" fn work(work: usize, plain: bool) {
    let mut slices = SLICES.lock().unwrap();
    let (x, y) = slices.get_or_insert_with(|| {
        let mut random = crate::common::Random(1);
        ((0..LEN).map(|_| random.uniform(-5.0..=5.0)).collect(), vec![0.0; LEN])
    });
    let count = numbers(work);
    let (_, ours, other) = WORK[work];
    (if plain { other } else { ours })(&x[..count], &mut y[..count]);
}
