//! The randomized leaky rectified linear unit (RReLU) in training.
//!
//! Nothing is stored: the slope of number i is a hash of the seed and of i. So the backward pass draws the slopes of
//! the forward pass, and chunks, threads and registers do not change a bit. The hash is integer arithmetic; the slope
//! is computed from it in f64, by a product and a sum without FMA, and rounded once.

use num_traits::Float;

use super::prelu_channels::rectify;
use super::rng::CounterRng;
use crate::activation::RRelu;
use crate::activation::elementwise::rectifier::leaky_gain;
use crate::check::same_length;
use crate::compiled::concrete;
use crate::element::{Element, RealOf};
use crate::simd::{Isa, Kernel, Real, Token, block_on_stack, dispatch};
use crate::slice::{Dst, Src};

/// The randomized leaky rectified linear unit (RReLU) in training, with a random slope for each number.
///
#[cfg_attr(doc, doc = include_str!("../../../doc/plots/row/r_relu_training.html"))]
///
/// - value: `x if x > 0, else a x; a = lower + (upper - lower) u(seed, i)`, u uniform in \[0, 1), i the index of x
/// - derivative: `1 if x > 0, else a`
/// - source and error bounds: those of [`RRelu`]
/// - source of u: SplitMix64 (G. Steele, D. Lea, C. Flood, Fast Splittable Pseudorandom Number Generators, 2014)
///
/// [`RRelu::training`] makes it. `first` is the index of the first number of a slice among all numbers of a step, so
/// that a batch may be split into chunks. Use another seed for each step and for each layer.
///
/// ```
/// use slopes::activation::RRelu;
/// let training = RRelu::DEFAULT.training(1);
/// let (x, mut y, mut dx) = ([-1.0_f32, 2.0, -1.0], [0.0; 3], [0.0; 3]);
/// training.forward_slice(&x, &mut y, 0);
/// training.backward_slice(&x, &[1.0; 3], &mut dx, 0);
/// assert_eq!(dx, [-y[0], 1.0, -y[2]]);
///
/// // The last number alone, whose index is 2.
/// training.forward_in_place(&mut dx[2..], 2);
/// assert_eq!(training.slope_at::<f32>(2), -y[2]);
/// ```
///
/// # Panics
/// Methods that take several slices panic if their lengths differ, before anything is written; the message names the
/// lengths.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RReluTraining {
    bounds: RRelu,
    hash: CounterRng,
}

impl RRelu {
    /// The function in a training step, in which every number draws its own slope from `seed`.
    #[must_use]
    pub const fn training(self, seed: u64) -> RReluTraining {
        RReluTraining { bounds: self, hash: CounterRng::new(seed) }
    }
}

impl RReluTraining {
    /// The slope a of the number with this index, which applies where that is not positive.
    #[must_use]
    pub fn slope_at<T: Element>(&self, index: u64) -> T {
        T::from_f64_rounded(self.draw::<T>().slope(index))
    }

    /// The [`gain`](crate::activation::gain) of the function with random slopes: E f(z)^2 = (1 + E a^2) / 2.
    ///
    /// ```
    /// use slopes::activation::{RRelu, gain};
    /// let (training, evaluation) = (RRelu::DEFAULT.training(1).gain(), gain(&RRelu::DEFAULT));
    /// assert!((training - 1.3761172).abs() < 1e-7 && (evaluation - 1.3784797).abs() < 1e-7);
    /// ```
    #[must_use]
    pub fn gain(&self) -> f64 {
        let RRelu { lower, upper } = self.bounds;
        let (mean, deviation) = ((lower + upper) * 0.5, (upper - lower) / Float::sqrt(12.0));
        leaky_gain(Float::hypot(mean, deviation))
    }

    /// The values y = f(x).
    #[track_caller]
    pub fn forward_slice<T: Element>(&self, x: &[T], y: &mut [T], first: u64) {
        same_length("forward_slice", [("x", x.len()), ("y", y.len())]);
        self.rectify::<T>(Src::new(x), None, Dst::new(y), x.len(), first);
    }

    /// The values in place: x = f(x).
    pub fn forward_in_place<T: Element>(&self, x: &mut [T], first: u64) {
        let (len, x) = (x.len(), Dst::new(x));
        self.rectify::<T>(x.src(), None, x, len, first);
    }

    /// The gradient dx = dy f'(x), with the slopes of the forward pass.
    #[track_caller]
    pub fn backward_slice<T: Element>(&self, x: &[T], dy: &[T], dx: &mut [T], first: u64) {
        same_length("backward_slice", [("x", x.len()), ("dy", dy.len()), ("dx", dx.len())]);
        self.rectify::<T>(Src::new(x), Some(Src::new(dy)), Dst::new(dx), x.len(), first);
    }

    /// The gradient in place: dy = dy f'(x), with the slopes of the forward pass.
    #[track_caller]
    pub fn backward_in_place<T: Element>(&self, x: &[T], dy: &mut [T], first: u64) {
        same_length("backward_in_place", [("x", x.len()), ("dy", dy.len())]);
        let dy = Dst::new(dy);
        self.rectify::<T>(Src::new(x), Some(dy.src()), dy, x.len(), first);
    }

    fn rectify<T: Element>(&self, x: Src<T::Real>, dy: Option<Src<T::Real>>, to: Dst<T::Real>, len: usize, first: u64) {
        <T::Kernels as RReluKernels<T>>::rectify(Rectify { draw: self.draw::<T>(), x, dy, to, len, first });
    }

    fn draw<T: Element>(&self) -> Draw {
        let [lower, upper] = [self.bounds.lower, self.bounds.upper].map(|bound| T::from_f64_rounded(bound).into_f64());
        Draw { hash: self.hash, lower, upper, width: upper - lower }
    }
}

/// The distribution of the slopes, and its generator.
#[derive(Clone, Copy)]
struct Draw {
    hash: CounterRng,
    lower: f64,
    upper: f64,
    width: f64,
}

impl Draw {
    #[inline(always)]
    fn slope(self, index: u64) -> f64 {
        let slope = self.lower + self.width * self.hash.unit(index);
        // The width may have been rounded up, so that the sum may exceed the upper bound.
        if slope < self.upper { slope } else { self.upper }
    }
}

/// The number of slopes that are drawn at a time.
const BLOCK: usize = block_on_stack(512);

concrete! {
    trait RReluKernels;
    fn rectify(kernel: Rectify<'_, RealOf<T>>) { dispatch(kernel) }
}

pub(crate) struct Rectify<'a, R> {
    draw: Draw,
    x: Src<'a, R>,
    dy: Option<Src<'a, R>>,
    to: Dst<'a, R>,
    len: usize,
    first: u64,
}

impl<R: Real> Kernel for Rectify<'_, R> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) {
        let mut block = [R::zero(); BLOCK];
        // Slopes are rounded to the format of the numbers.
        let slopes = Dst::new(&mut block).with_format(self.to.format());
        for start in (0..self.len).step_by(BLOCK) {
            let n = BLOCK.min(self.len - start);
            let mut index = self.first.wrapping_add(start as u64);
            for i in 0..n {
                slopes.write(i, self.draw.slope(index));
                index = index.wrapping_add(1);
            }
            let dy = self.dy.map(|dy| dy.part(start, n));
            rectify(token, self.x.part(start, n), slopes.src().part(0, n), dy, self.to.part(start, n));
        }
    }
}
