//! Gaussian radial basis functions (RBF) of the distances between rows and centres.
//!
//! Distances, exponents and gradients are computed in f64, in an order that depends on the shape alone and without FMA,
//! so that they have the same bits on every machine; exponentials have the same bits on all machines with FMA, and on
//! all without. Differences of f32 are then exact to 2^-53: the exponential, which multiplies the relative error of its
//! exponent by the exponent, adds no error in f32.

use crate::activation::Gaussian;
use crate::check::same_length;
use crate::compiled::concrete;
use crate::element::Element;
use crate::error::ParameterError;
use crate::math::FloatMath;
use crate::row::Rows;
use crate::simd::{Isa, Kernel, Lanes, Token, dispatch};
use crate::slice::{Dst, Map, Src};
use crate::sum::{PairwiseSum, sum_of_pairs};

/// A layer of Gaussian radial basis functions (RBF): the Gaussian of the distance of each row of x from each centre.
///
#[cfg_attr(doc, doc = include_str!("../../../doc/plots/row/radial_basis.html"))]
///
/// - value: `y_ij = exp(-|x_i - c_j|^2 / (2 sigma^2))`
/// - gradient in x_i: `sum_j dy_ij y_ij (c_j - x_i) / sigma^2`
/// - gradient in c_j: `sum_i dy_ij y_ij (x_i - c_j) / sigma^2`
/// - gradient in sigma: `sum_i sum_j dy_ij y_ij |x_i - c_j|^2 / sigma^3`
/// - source: D. Broomhead, D. Lowe, Multivariable Functional Interpolation and Adaptive Networks, 1988
///
/// Rows of x and centres have the same length len and are contiguous: `rows` gives their length alone. With m centres,
/// `x_i[k]` is `x[i * len + k]`, `c_j[k]` is `centres[j * len + k]`, and `y_ij` is `y[i * m + j]`, as `dy_ij` in dy.
///
/// Worst error of y in f32: 0.51 ulp. In f64, with z the magnitude of the exponent: 1 + z (12 + len / 16) ulp, len up
/// to 1024, because z has a relative error. The values of a row that holds NaN are NaN; those of a row that is
/// infinitely far are 0, with gradients of 0.
///
/// ```
/// use slopes::activation::{RadialBasis, Rows};
/// let (x, centres, rows) = ([0.0_f32, 0.0, 3.0, 4.0], [0.0, 0.0], Rows::contiguous(2));
/// let (basis, mut y) = (RadialBasis::new(5.0)?, [0.0; 2]);
/// basis.forward(&x, &centres, rows, &mut y);
/// assert_eq!(y, [1.0, (-0.5_f32).exp()]);
///
/// let mut dx = [0.0; 4];
/// basis.backward(&x, &centres, rows, &y, &[1.0; 2], &mut dx);
/// assert_eq!(dx[..2], [0.0; 2]);
/// assert!((dx[2] + y[1] * 3.0 / 25.0).abs() < 1e-8);
/// # Ok::<(), slopes::ParameterError>(())
/// ```
///
/// # Panics
/// Methods panic if the length of x or of the centres is not a multiple of the row length, if that of y or dy is not
/// the number of rows times the number of centres, or if a gradient and its variable differ in length, before anything
/// is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RadialBasis {
    /// The standard deviation sigma of the Gaussian: from 1e-15 to 1e15, 1 by default.
    pub sigma: f64,
}

impl Default for RadialBasis {
    fn default() -> Self {
        RadialBasis { sigma: 1.0 }
    }
}

impl RadialBasis {
    /// The layer with a checked parameter. A value assigned to the public field is not checked.
    ///
    /// # Errors
    /// If `sigma` is not from 1e-15 to 1e15.
    ///
    /// ```
    /// assert!(slopes::activation::RadialBasis::new(0.0).is_err());
    /// ```
    pub fn new(sigma: f64) -> Result<Self, ParameterError> {
        Gaussian::new(sigma).map(|Gaussian { sigma }| RadialBasis { sigma })
    }

    /// The values y of x and the centres.
    #[track_caller]
    pub fn forward<T: Element>(&self, x: &[T], centres: &[T], rows: Rows, y: &mut [T]) {
        check("forward", x, centres, rows, [("y", y.len())]);
        <T::Kernels as RadialKernels<T>>::forward(Forward {
            x,
            centres,
            len: rows.row_len(),
            scale: -0.5 / self.square::<T>(),
            y,
        });
    }

    /// The gradient dx in x of the sum of dy y, y being the output of [`forward`](RadialBasis::forward).
    #[track_caller]
    pub fn backward<T: Element>(&self, x: &[T], centres: &[T], rows: Rows, y: &[T], dy: &[T], dx: &mut [T]) {
        check("backward", x, centres, rows, [("y", y.len()), ("dy", dy.len())]);
        same_length("backward", [("x", x.len()), ("dx", dx.len())]);
        let strides = [rows.count(centres.len()), 1];
        let (len, square) = (rows.row_len(), self.square::<T>());
        <T::Kernels as RadialKernels<T>>::backward(Backward {
            from: x,
            to: centres,
            len,
            y,
            dy,
            strides,
            square,
            gradient: dx,
        });
    }

    /// The gradient in the centres of the sum of dy y, y being the output of [`forward`](RadialBasis::forward).
    #[track_caller]
    pub fn backward_centres<T: Element>(
        &self,
        x: &[T],
        centres: &[T],
        rows: Rows,
        y: &[T],
        dy: &[T],
        gradient: &mut [T],
    ) {
        check("backward_centres", x, centres, rows, [("y", y.len()), ("dy", dy.len())]);
        same_length("backward_centres", [("centres", centres.len()), ("gradient", gradient.len())]);
        let strides = [1, rows.count(centres.len())];
        let (len, square) = (rows.row_len(), self.square::<T>());
        <T::Kernels as RadialKernels<T>>::backward(Backward {
            from: centres,
            to: x,
            len,
            y,
            dy,
            strides,
            square,
            gradient,
        });
    }

    /// The gradient in sigma of the sum of dy y: the sum of `dy y |x - c|^2 / sigma^3`.
    #[track_caller]
    pub fn backward_sigma<T: Element>(&self, x: &[T], centres: &[T], rows: Rows, y: &[T], dy: &[T]) -> f64 {
        check("backward_sigma", x, centres, rows, [("y", y.len()), ("dy", dy.len())]);
        let sum = <T::Kernels as RadialKernels<T>>::sigma_gradient(SigmaGradient {
            x,
            centres,
            len: rows.row_len(),
            square: self.square::<T>(),
            y,
            dy,
        });
        sum / T::Real::from_f64_rounded(self.sigma).into_f64()
    }

    /// sigma^2, sigma being rounded to the type that is computed in.
    fn square<T: Element>(&self) -> f64 {
        let sigma = T::Real::from_f64_rounded(self.sigma).into_f64();
        sigma * sigma
    }
}

/// Panics unless the outputs have a number for each pair of a row of x and a centre.
#[track_caller]
fn check<T, const N: usize>(method: &str, x: &[T], centres: &[T], rows: Rows, outputs: [(&str, usize); N]) {
    assert!(rows.stride() == 1, "{method}: the rows are {} numbers apart, and must be contiguous", rows.stride());
    let (n, m) = (rows.count(x.len()), rows.count(centres.len()));
    for (name, len) in outputs {
        assert!(len == n * m, "{method}: length {len} of {name} is not {}: {n} rows times {m} centres", n * m);
    }
}

/// The number of distances, or of sums, that are computed at a time.
const BLOCK: usize = 256;

/// The squared distance |x - c|^2.
#[inline(always)]
fn square_distance<T: Element>(x: &[T], c: &[T]) -> f64 {
    sum_of_pairs(x, c, |x, c| {
        let difference = x - c;
        difference * difference
    })
}

#[derive(Clone, Copy)]
struct Exponential;
impl Map<1, 1> for Exponential {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x]: [L; 1]) -> [L; 1] {
        [x.exp()]
    }
}

concrete! {
    trait RadialKernels;
    fn forward(kernel: Forward<'_, T>) { dispatch(kernel) }
    fn backward(kernel: Backward<'_, T>) { dispatch(kernel) }
    fn sigma_gradient(kernel: SigmaGradient<'_, T>) -> f64 { dispatch(kernel) }
}

pub(crate) struct Forward<'a, T> {
    x: &'a [T],
    centres: &'a [T],
    len: usize,
    scale: f64,
    y: &'a mut [T],
}

impl<T: Element> Kernel for Forward<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) {
        let mut block = [0.0; BLOCK];
        let count = self.centres.len() / self.len.max(1);
        for (i, x) in self.x.chunks_exact(self.len.max(1)).enumerate() {
            for from in (0..count).step_by(BLOCK) {
                let bells = &mut block[..BLOCK.min(count - from)];
                for (bell, c) in bells.iter_mut().zip(self.centres[from * self.len..].chunks_exact(self.len)) {
                    *bell = square_distance(x, c) * self.scale;
                }
                let target = Dst::new(bells);
                token.map(Exponential, [target.src()], [target]);
                for (y, bell) in self.y[i * count + from..].iter_mut().zip(bells) {
                    *y = T::from_f64_rounded(*bell);
                }
            }
        }
    }
}

/// The gradient in row i of `from`: the sum over the rows j of `to` of w (to_j - from_i), w = dy y / sigma^2. The index
/// of y and dy is `i * strides[0] + j * strides[1]`.
pub(crate) struct Backward<'a, T> {
    from: &'a [T],
    to: &'a [T],
    len: usize,
    y: &'a [T],
    dy: &'a [T],
    strides: [usize; 2],
    square: f64,
    gradient: &'a mut [T],
}

impl<T: Element> Kernel for Backward<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, _: Token<I>) {
        let len = self.len.max(1);
        for (i, (row, gradient)) in self.from.chunks_exact(len).zip(self.gradient.chunks_exact_mut(len)).enumerate() {
            for start in (0..len).step_by(BLOCK) {
                let n = BLOCK.min(len - start);
                let row = &row[start..start + n];
                let mut sums = [0.0; BLOCK];
                for (j, other) in self.to.chunks_exact(len).enumerate() {
                    let place = i * self.strides[0] + j * self.strides[1];
                    let weight = self.dy[place].into_f64() * self.y[place].into_f64() / self.square;
                    // Where y is 0, the gradient is 0 even at an infinite distance, which would make NaN.
                    if weight == 0.0 {
                        continue;
                    }
                    for ((sum, from), to) in sums.iter_mut().zip(row).zip(&other[start..start + n]) {
                        *sum += weight * (to.into_f64() - from.into_f64());
                    }
                }
                for (gradient, sum) in gradient[start..start + n].iter_mut().zip(sums) {
                    *gradient = T::from_f64_rounded(sum);
                }
            }
        }
    }
}

/// The sum of dy y |x - c|^2 / sigma^2.
pub(crate) struct SigmaGradient<'a, T> {
    x: &'a [T],
    centres: &'a [T],
    len: usize,
    square: f64,
    y: &'a [T],
    dy: &'a [T],
}

impl<T: Element> Kernel for SigmaGradient<'_, T> {
    type Output = f64;
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) -> f64 {
        let (len, count) = (self.len.max(1), self.centres.len() / self.len.max(1));
        let (mut block, mut tree) = ([0.0; BLOCK], PairwiseSum::new());
        for (i, x) in self.x.chunks_exact(len).enumerate() {
            for from in (0..count).step_by(BLOCK) {
                let terms = &mut block[..BLOCK.min(count - from)];
                for (j, term) in terms.iter_mut().enumerate() {
                    let place = i * count + from + j;
                    let weight = self.dy[place].into_f64() * self.y[place].into_f64() / self.square;
                    let c = &self.centres[(from + j) * len..(from + j + 1) * len];
                    *term = if weight == 0.0 { 0.0 } else { weight * square_distance(x, c) };
                }
                tree.push(token.sum(Src::new(terms)));
            }
        }
        tree.sum()
    }
}
