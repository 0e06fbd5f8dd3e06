//! The parametric rectified linear unit (PReLU) with a slope per channel.
//!
//! Slopes are expanded to one for each number, in a block on the stack that holds whole samples or a part of one. So
//! the loop is the same whether a channel has one number or a whole image.

use super::learnable::ParameterBackward;
use crate::activation::PRelu;
use crate::activation::elementwise::rectifier::{leaky, leaky_derivative};
use crate::check::same_length;
use crate::compiled::concrete;
use crate::element::{Element, RealOf};
use crate::exact_sum::ExactSum;
use crate::simd::{Isa, Kernel, Lanes, Real, Token, block_on_stack, dispatch, without_f64};
use crate::slice::{Dst, Map, Src, add_exactly};

/// The parametric rectified linear unit (PReLU) with a slope per channel: [`PRelu`] over channels.
///
#[cfg_attr(doc, doc = include_str!("../../../doc/plots/row/p_relu_channels.html"))]
///
/// - value: `x if x > 0, else a x`, a the slope of the channel
/// - derivative: `1 if x > 0, else a`
/// - gradient in a: `sum_i dy_i min(0, x_i)`, over the numbers of the channel
/// - source and error bounds: those of [`PRelu`]
///
/// Arrays are row-major, samples x channels x inner: number i of channel c of sample s is
/// `x[(s * channels + c) * inner + i]`. `inner` is the number of pixels of channels-first images, and 1 where channels
/// are the last axis.
///
/// ```
/// use slopes::activation::PReluChannels;
/// // Two samples of two channels of two numbers.
/// let prelu = PReluChannels::new(&[0.5_f32, 0.25], 2);
/// let x = [-2.0, 1.0, -4.0, 1.0, 1.0, -2.0, 1.0, 1.0];
/// let (mut y, mut gradient) = ([0.0; 8], [0.0; 2]);
/// prelu.forward(&x, &mut y);
/// assert_eq!(y, [-1.0, 1.0, -1.0, 1.0, 1.0, -1.0, 1.0, 1.0]);
/// prelu.parameter_gradient(&x, &[1.0; 8], &mut gradient);
/// assert_eq!(gradient, [-4.0, -4.0]);
/// ```
///
/// # Panics
/// Methods panic if slices differ in length, or if their length is not a multiple of channels x inner, before anything
/// is written.
#[doc(alias = "PReLU")]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PReluChannels<'a, T> {
    slopes: &'a [T],
    inner: usize,
}

impl<'a, T: Element> PReluChannels<'a, T> {
    /// The function with one slope for each channel of `inner` consecutive numbers.
    #[must_use]
    pub const fn new(slopes: &'a [T], inner: usize) -> Self {
        PReluChannels { slopes, inner }
    }

    /// The values y = f(x).
    #[track_caller]
    pub fn forward(&self, x: &[T], y: &mut [T]) {
        same_length("forward", [("x", x.len()), ("y", y.len())]);
        self.rectify(Src::new(x), None, Dst::new(y), x.len());
    }

    /// The values in place: x = f(x).
    #[track_caller]
    pub fn forward_in_place(&self, x: &mut [T]) {
        let (len, x) = (x.len(), Dst::new(x));
        self.rectify(x.src(), None, x, len);
    }

    /// The gradient dx = dy f'(x).
    #[track_caller]
    pub fn backward(&self, x: &[T], dy: &[T], dx: &mut [T]) {
        same_length("backward", [("x", x.len()), ("dy", dy.len()), ("dx", dx.len())]);
        self.rectify(Src::new(x), Some(Src::new(dy)), Dst::new(dx), x.len());
    }

    /// The gradient in place: dy = dy f'(x).
    #[track_caller]
    pub fn backward_in_place(&self, x: &[T], dy: &mut [T]) {
        same_length("backward_in_place", [("x", x.len()), ("dy", dy.len())]);
        let dy = Dst::new(dy);
        self.rectify(Src::new(x), Some(dy.src()), dy, x.len());
    }

    /// The gradient in the slopes: for each channel, the sum of dy min(0, x).
    ///
    /// Products are rounded to the type and summed in f64, in an order that depends on the shape alone.
    #[track_caller]
    pub fn parameter_gradient(&self, x: &[T], dy: &[T], gradient: &mut [T]) {
        same_length("parameter_gradient", [("x", x.len()), ("dy", dy.len())]);
        same_length("parameter_gradient", [("slopes", self.slopes.len()), ("gradient", gradient.len())]);
        if self.channels().period(x.len()) == 0 {
            return gradient.fill(T::zero());
        }
        <T::Kernels as PReluKernels<T>>::parameter_gradient(SlopeGradient {
            channels: self.channels(),
            x: Src::new(x),
            dy: Src::new(dy),
            gradient: Dst::new(gradient),
            len: x.len(),
        });
    }

    #[track_caller]
    fn rectify(&self, x: Src<T::Real>, dy: Option<Src<T::Real>>, to: Dst<T::Real>, len: usize) {
        if self.channels().period(len) > 0 {
            <T::Kernels as PReluKernels<T>>::rectify(Rectify { channels: self.channels(), x, dy, to, len });
        }
    }

    fn channels(&self) -> Channels<'_, T::Real> {
        Channels { slopes: Src::new(self.slopes), inner: self.inner }
    }
}

/// The slopes of the channels, in any format.
#[derive(Clone, Copy)]
struct Channels<'a, R> {
    slopes: Src<'a, R>,
    inner: usize,
}

impl<R: Real> Channels<'_, R> {
    /// The length of one sample.
    fn sample(&self) -> usize {
        self.slopes.len() * self.inner
    }

    /// The period of the expanded slopes: the length of as many whole samples as fit into a block, or of one.
    #[track_caller]
    fn period(&self, len: usize) -> usize {
        self.period_of::<BLOCK>(len)
    }

    /// As [`period`](Self::period), for blocks of N numbers.
    #[track_caller]
    fn period_of<const N: usize>(&self, len: usize) -> usize {
        let sample = self.sample();
        assert!(
            len == 0 || sample > 0 && len.is_multiple_of(sample),
            "length {len} is not a multiple of the sample length {sample}: {} channels of {} numbers",
            self.slopes.len(),
            self.inner,
        );
        sample * N.checked_div(sample).unwrap_or(0).max(1)
    }

    /// Fills the block with the slopes of the numbers from index `from` of a period on.
    #[inline(always)]
    fn lay_out(&self, from: usize, block: &mut [R]) {
        let (mut channel, mut left) = (from / self.inner, self.inner - from % self.inner);
        let mut done = 0;
        while done < block.len() {
            let n = left.min(block.len() - done);
            block[done..done + n].fill(R::from_f64_rounded(self.slopes.read(channel)));
            (channel, left) = (channel + 1, self.inner);
            if channel == self.slopes.len() {
                channel = 0;
            }
            done += n;
        }
    }
}

/// The number of slopes that are expanded at a time.
const BLOCK: usize = 1024;

/// The value, as a map of x and its slope.
#[derive(Clone, Copy)]
struct Forward;
impl Map<2, 1> for Forward {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x, slope]: [L; 2]) -> [L; 1] {
        [leaky(x, slope)]
    }
}

/// The gradient, as a map of x, its slope and dy.
#[derive(Clone, Copy)]
struct Backward;
impl Map<3, 1> for Backward {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x, slope, dy]: [L; 3]) -> [L; 1] {
        [dy * leaky_derivative(x, slope)]
    }
}

/// The leaky ReLU of x, or dy times its derivative, with a slope for each number.
#[inline(always)]
pub(crate) fn rectify<R: Real, I: Isa>(token: Token<I>, x: Src<R>, slopes: Src<R>, dy: Option<Src<R>>, to: Dst<R>) {
    match dy {
        None => token.map(Forward, [x, slopes], [to]),
        Some(dy) => token.map(Backward, [x, slopes, dy], [to]),
    }
}

concrete! {
    trait PReluKernels;
    fn rectify(kernel: Rectify<'_, RealOf<T>>) { dispatch(kernel) }
    fn parameter_gradient(kernel: SlopeGradient<'_, RealOf<T>>) {
        if const { without_f64::<RealOf<T>>() } { dispatch(Exactly(kernel)) } else { dispatch(kernel) }
    }
}

pub(crate) struct Rectify<'a, R> {
    channels: Channels<'a, R>,
    x: Src<'a, R>,
    dy: Option<Src<'a, R>>,
    to: Dst<'a, R>,
    len: usize,
}

impl<R: Real> Kernel for Rectify<'_, R> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) {
        const BLOCK: usize = block_on_stack(self::BLOCK);
        let mut block = [R::zero(); BLOCK];
        let period = self.channels.period_of::<BLOCK>(self.len);
        for from in (0..period.min(self.len)).step_by(BLOCK) {
            let slopes = &mut block[..BLOCK.min(period - from)];
            self.channels.lay_out(from, slopes);
            for start in (from..self.len).step_by(period) {
                let n = slopes.len().min(self.len - start);
                let dy = self.dy.map(|dy| dy.part(start, n));
                rectify(token, self.x.part(start, n), Src::new(&slopes[..n]), dy, self.to.part(start, n));
            }
        }
    }
}

pub(crate) struct SlopeGradient<'a, R> {
    channels: Channels<'a, R>,
    x: Src<'a, R>,
    dy: Src<'a, R>,
    gradient: Dst<'a, R>,
    len: usize,
}

/// The same sums without f64: exact, a channel after the other.
struct Exactly<'a, R>(SlopeGradient<'a, R>);

impl<R: Real> Kernel for Exactly<'_, R> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) {
        const BLOCK: usize = block_on_stack(self::BLOCK);
        let SlopeGradient { channels, x, dy, gradient, len } = self.0;
        let mut products = [R::zero(); BLOCK];
        for channel in 0..gradient.len() {
            let mut sum = ExactSum::<f32>::new();
            for sample in (0..len).step_by(channels.sample()) {
                for done in (0..channels.inner).step_by(BLOCK) {
                    let products = &mut products[..BLOCK.min(channels.inner - done)];
                    let start = sample + channel * channels.inner + done;
                    let (x, dy) = (x.part(start, products.len()), dy.part(start, products.len()));
                    token.map((PRelu::DEFAULT, ParameterBackward), [x, dy], [Dst::new(products)]);
                    add_exactly(&mut sum, Src::new(products).of_f32());
                }
            }
            gradient.of_f32().set(channel, sum.pair().high);
        }
    }
}

impl<R: Real> Kernel for SlopeGradient<'_, R> {
    type Output = ();
    /// Sums over periods for each index of a block, then over the samples of a period, then over a channel.
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) {
        let (mut products, mut sums) = ([R::zero(); BLOCK], [0.0; BLOCK]);
        let (period, sample, inner) = (self.channels.period(self.len), self.channels.sample(), self.channels.inner);
        let (mut channel, mut left, mut sum) = (0, inner, 0.0);
        for from in (0..period).step_by(BLOCK) {
            let width = BLOCK.min(period - from);
            sums.fill(0.0);
            for start in (from..self.len).step_by(period) {
                let n = width.min(self.len - start);
                let products = &mut products[..n];
                let (x, dy) = (self.x.part(start, n), self.dy.part(start, n));
                token.map((PRelu::DEFAULT, ParameterBackward), [x, dy], [Dst::new(products)]);
                for (sum, product) in sums.iter_mut().zip(products) {
                    *sum += product.into_f64();
                }
            }
            for place in sample..width {
                sums[place % sample] += sums[place];
            }
            let mut done = 0;
            while done < width.min(sample) {
                let n = left.min(width - done);
                let places = &sums[done..done + n];
                sum += if n > 1 { token.sum(Src::new(places)) } else { places[0] };
                (done, left) = (done + n, left - n);
                if left == 0 {
                    self.gradient.write(channel, sum);
                    (channel, left, sum) = (channel + 1, inner, 0.0);
                }
            }
        }
    }
}
