//! The rectifier with random slopes, in training.
//!
//! Nothing is stored: the slope of number i is a hash of the seed and of i, so the way back draws what the way forward
//! drew, and neither chunks nor threads nor registers change a bit. The hash is integer arithmetic; what is made of it
//! is made in f64, by a product and a sum that never fuse, and rounded once.

use super::prelu_channels::rectify;
use super::rng::CounterRng;
use crate::activation::RRelu;
use crate::check::same_length;
use crate::compiled::concrete;
use crate::element::{Element, RealOf};
use crate::simd::{Isa, Kernel, Real, Token, dispatch};
use crate::slice::{Dst, Src};

/// [`RRelu`] in training, made by [`RRelu::training`]: number i has the slope `lower + (upper - lower) u(seed, i)` where
/// it is not positive, u uniform in [0, 1).
///
/// `first` is the place of a slice's first number among all the numbers of a step: a batch may be cut into chunks.
/// Take another seed for each step and for each layer.
///
/// ```
/// use slopes::activation::RRelu;
/// let training = RRelu::DEFAULT.training(1);
/// let (x, mut y, mut dx) = ([-1.0_f32, 2.0, -1.0], [0.0; 3], [0.0; 3]);
/// training.forward_slice(&x, &mut y, 0);
/// training.backward_slice(&x, &[1.0; 3], &mut dx, 0);
/// assert_eq!(dx, [-y[0], 1.0, -y[2]]);
///
/// // The last number alone.
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
    /// The function in a step of training: every number draws its own slope.
    pub const fn training(self, seed: u64) -> RReluTraining {
        RReluTraining { bounds: self, hash: CounterRng::new(seed) }
    }
}

impl RReluTraining {
    /// The slope that number `index` has where it is not positive.
    pub fn slope_at<T: Element>(&self, index: u64) -> T {
        T::from_f64_rounded(self.draw::<T>().slope(index))
    }

    /// y = f(x).
    #[track_caller]
    pub fn forward_slice<T: Element>(&self, x: &[T], y: &mut [T], first: u64) {
        same_length("forward_slice", [("x", x.len()), ("y", y.len())]);
        self.rectify::<T>(Src::new(x), None, Dst::new(y), x.len(), first);
    }

    /// x = f(x).
    pub fn forward_in_place<T: Element>(&self, x: &mut [T], first: u64) {
        let (len, x) = (x.len(), Dst::new(x));
        self.rectify::<T>(x.src(), None, x, len, first);
    }

    /// dx = dy f'(x), with the slopes of the way forward.
    #[track_caller]
    pub fn backward_slice<T: Element>(&self, x: &[T], dy: &[T], dx: &mut [T], first: u64) {
        same_length("backward_slice", [("x", x.len()), ("dy", dy.len()), ("dx", dx.len())]);
        self.rectify::<T>(Src::new(x), Some(Src::new(dy)), Dst::new(dx), x.len(), first);
    }

    /// dy = dy f'(x), with the slopes of the way forward.
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

/// What a slope is drawn from.
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
        // The width may have been rounded up.
        if slope < self.upper { slope } else { self.upper }
    }
}

/// How many slopes are drawn at a time.
const BLOCK: usize = 512;

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
        // Slopes are rounded as the numbers are.
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
