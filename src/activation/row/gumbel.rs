//! Gumbel-softmax: differentiable samples of a categorical distribution.

use super::RowActivation;
use super::softmax::{Softmax, softmax_backward_in_place};
use super::sparsemax::Hardmax;
use crate::activation::trained::rng::CounterRng;
use crate::check;
use crate::compiled::concrete;
use crate::declare::{Parameter, Parameters, Values};
use crate::element::{Element, RealOf};
use crate::error::ParameterError;
use crate::math::FloatMath;
use crate::row::Rows;
use crate::simd::{Isa, Kernel, Lanes, Real, Token, block_on_stack, dispatch};
use crate::slice::{Dst, Map, Src};

crate::function::function! {
    /// Gumbel-softmax: the softmax of each row with Gumbel noise g. As the temperature t falls, outputs approach
    /// one-hot samples of the classes, with the probabilities softmax(x).
    names ["gumbel_softmax"];
    "value": "y_i = exp((x_i + g_i) / t) / sum_j exp((x_j + g_j) / t), g = -ln(-ln(u)), u uniform in (0, 1)",
        f32 2.0, f64 2.0;
    "gradient": "dx_i = y_i (dy_i - sum_j y_j dy_j) / t", f32 2.0 or 17.0, f64 2.0 or 17.0,
        of "y_i (abs(dy_i - c) + sum_j y_j abs(dy_j - c))";
    source "E. Jang, S. Gu, B. Poole, arXiv:1611.01144; C. Maddison, A. Mnih, Y. Teh, arXiv:1611.00712";
    range [0.0, 1.0];

    ///
    /// The bounds are those of the softmax, of noisy numbers that are rounded to the type of the slice.
    ///
    /// The noise is not stored: u is a hash (SplitMix64) of the seed and of the index of a number, so the backward pass
    /// has the noise of the forward pass, and results do not depend on chunks, threads or the CPU's registers. `first`
    /// is the index of the first number of the slice among all the numbers of a training step: element i of the slice
    /// has the noise of index `first + i`. Take a new seed for each step.
    ///
    /// ```
    /// use slopes::activation::{GumbelSoftmax, Rows};
    /// let gumbel = GumbelSoftmax::new(7).with_hard(true);
    /// let (x, rows) = ([0.0_f32, 0.0, f32::NEG_INFINITY], Rows::contiguous(3));
    /// let mut y = [0.0; 3];
    /// gumbel.forward(&x, rows, &mut y, 0);
    /// assert!(y == [1.0, 0.0, 0.0] || y == [0.0, 1.0, 0.0]);
    /// ```
    ///
    /// The function is written as text and parsed, without its seed, which is no part of a configuration; what was parsed
    /// has the seed 0.
    ///
    /// ```
    /// use slopes::activation::GumbelSoftmax;
    /// let mut gumbel: GumbelSoftmax = "gumbel_softmax(tau=0.5)".parse()?;
    /// gumbel.seed = 7;
    /// assert_eq!(gumbel.to_string(), "gumbel_softmax(temperature=0.5, hard=false)");
    /// # Ok::<(), slopes::ParseError>(())
    /// ```
    ///
    /// # Panics
    /// Methods panic if the lengths of slices differ or are not a multiple of the row length (times inner), before
    /// anything is written.
    #[derive(Clone, Copy, Debug, PartialEq)]
    #[non_exhaustive]
    pub struct GumbelSoftmax {
        /// The temperature t that x + g is divided by, from 1e-15 to 1e15; 1 by default.
        pub temperature: f64,
        /// True for one-hot outputs: 1 for the maximum of x + g, 0 for the others. False (the default) for the softmax.
        /// The gradient is that of the softmax in both cases (straight-through).
        pub hard: bool,
        /// The seed of the noise, any number.
        pub seed: u64,
    }
    parameters { temperature ("tau") = 1.0; hard: flag = false; }
}

crate::any::text!(GumbelSoftmax);

impl Parameters for GumbelSoftmax {
    fn values(&self) -> Values {
        [self.temperature, self.hard.value(), 0.0, 0.0]
    }
    fn with_values(self, [temperature, hard, ..]: Values) -> Result<Self, ParameterError> {
        self.with_hard(Parameter::checked("hard", hard)?).with_temperature(temperature)
    }
}

impl GumbelSoftmax {
    /// Soft outputs, a temperature of 1, and the seed 0.
    pub const DEFAULT: Self = Self::new(0);

    /// A Gumbel-softmax with soft outputs and a temperature of 1.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        GumbelSoftmax { temperature: 1.0, hard: false, seed }
    }

    /// Sets `temperature`.
    ///
    /// # Errors
    /// If `temperature` is not from 1e-15 to 1e15.
    pub const fn with_temperature(mut self, temperature: f64) -> Result<Self, ParameterError> {
        if let Err(error) = check::temperature("temperature", temperature) {
            return Err(error);
        }
        self.temperature = temperature;
        Ok(self)
    }

    /// Sets `hard`.
    #[must_use]
    pub const fn with_hard(mut self, hard: bool) -> Self {
        self.hard = hard;
        self
    }

    /// The values y = f(x) of each row.
    #[track_caller]
    pub fn forward<T: Element>(&self, x: &[T], rows: Rows, y: &mut [T], first: u64) {
        rows.count_of("forward", [("x", x.len()), ("y", y.len())]);
        self.add_noise(x, y, first);
        if self.hard {
            return Hardmax.forward_in_place(y, rows);
        }
        self.softmax().forward_in_place(y, rows);
    }

    /// The vector-Jacobian product dx of the soft output, x being the input of the function.
    #[track_caller]
    pub fn backward<T: Element>(&self, x: &[T], dy: &[T], rows: Rows, dx: &mut [T], first: u64) {
        rows.count_of("backward", [("x", x.len()), ("dy", dy.len()), ("dx", dx.len())]);
        self.add_noise(x, dx, first);
        self.softmax().forward_in_place(dx, rows);
        softmax_backward_in_place(self.softmax(), dy, rows, dx);
    }

    fn softmax(&self) -> Softmax {
        Softmax { temperature: self.temperature, ..Softmax::DEFAULT }
    }

    fn add_noise<T: Element>(&self, x: &[T], y: &mut [T], first: u64) {
        <T::Kernels as GumbelKernels<T>>::add_noise(Noise {
            hash: CounterRng::new(self.seed),
            x: Src::new(x),
            y: Dst::new(y),
            first,
        });
    }
}

/// The map -ln(-ln u).
#[derive(Clone, Copy)]
struct Gumbel;
impl Map<1, 1> for Gumbel {
    #[inline(always)]
    fn apply<L: Lanes>(self, [u]: [L; 1]) -> [L; 1] {
        [-((-(u.ln())).ln())]
    }
}

/// The number of noises that are drawn at a time.
const BLOCK: usize = block_on_stack(256);

concrete! {
    trait GumbelKernels;
    fn add_noise(kernel: Noise<'_, RealOf<T>>) { dispatch(kernel) }
}

/// The kernel that adds noise: y = x + g.
pub(crate) struct Noise<'a, R> {
    hash: CounterRng,
    x: Src<'a, R>,
    y: Dst<'a, R>,
    first: u64,
}

impl<R: Real> Kernel for Noise<'_, R> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) {
        // u is the middle of one of 2^23 (f64: 2^52) equal steps, and so neither 0 nor 1.
        let step = if size_of::<R>() == 4 { 1.0 / (1u64 << 23) as f64 } else { 1.0 / (1u64 << 52) as f64 };
        let mut noise = [R::zero(); BLOCK];
        for start in (0..self.x.len()).step_by(BLOCK) {
            let n = BLOCK.min(self.x.len() - start);
            for (i, u) in noise[..n].iter_mut().enumerate() {
                let draw = self.hash.unit(self.first.wrapping_add((start + i) as u64));
                let steps = (draw / step) as u64 as f64;
                *u = R::from_f64_rounded((steps + 0.5) * step);
            }
            let uniform = Dst::new(&mut noise[..n]);
            token.map(Gumbel, [uniform.src()], [uniform]);
            for (i, noise) in noise[..n].iter().enumerate() {
                self.y.write(start + i, self.x.read(start + i) + noise.into_f64());
            }
        }
    }
}
