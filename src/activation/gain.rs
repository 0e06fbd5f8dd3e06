//! The factor of the standard deviation of a layer's weights with which its outputs keep their mean square.
//!
//! The quadrature is Gauss-Lobatto's with 16 points on pieces of the line. Pieces are halved until the halves agree
//! with the whole, so that a kink or a jump, wherever it is, ends in a piece that is too short to matter, and need not
//! be known. The ends of a piece are points of the rule: a jump that were between the last point and the end of a piece
//! would pass unseen. The first pieces end at powers of two, for features of any scale about 0.

use core::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

use num_traits::Float;

use super::Activation;

/// The gain of an activation: `1 / sqrt(E f(z)^2)`, z being standard normal.
///
/// Weights of a layer with n inputs, drawn with mean 0 and variance `gain^2 / n`, keep the mean square of what passes
/// through activation and layer: if the inputs of f are normal with mean 0 and variance 1, so, nearly, are those of the
/// next f. By that the signal neither dies out nor explodes with depth.
///
/// A small deviation from 1 is multiplied in each layer by `E z f(z) f'(z) / E f(z)^2`: it shrinks where f saturates
/// (0.46 for tanh), remains for rectifiers (1 for relu), and grows where f bends upwards at 0 (1.14 for gelu, 1.17 for
/// swish), so that very deep networks of those need a normalization, or residual connections.
///
/// ```
/// use slopes::activation::{AnyActivation, Gelu, Relu, Tanh, gain};
///
/// assert_eq!(gain(&Relu), 2.0_f64.sqrt());
/// assert!((gain(&Tanh) - 1.5925374197228314).abs() < 1e-14);
/// assert!((gain(&Gelu) - 1.5335304411955352).abs() < 1e-14);
///
/// // The standard deviation of the weights of a layer with 256 inputs, after a function that is known at run time.
/// let activation: AnyActivation = "leaky_relu(slope=0.2)".parse()?;
/// let deviation = gain(&activation) / 256.0_f64.sqrt();
/// assert!((deviation - (2.0_f64 / 1.04 / 256.0).sqrt()).abs() < 1e-16);
/// # Ok::<(), slopes::ParseError>(())
/// ```
///
/// It is that of f in f64, for all types. The value for default parameters is on the page of each activation.
/// Parameters count as they are: the gain of a function whose parameter is learned is that of its first value. Of
/// [`RRelu`](super::RRelu) it is that of evaluation; that of training, where slopes are random, is
/// [`RReluTraining::gain`](super::RReluTraining::gain).
///
/// # PyTorch's `calculate_gain`
///
/// It knows `linear`, `relu`, `leaky_relu`, `sigmoid`, `tanh` and `selu`. The first three are the same numbers: 1, sqrt
/// 2, `sqrt(2 / (1 + slope^2))`. For the others it has rules of thumb: 5/3 for tanh, whose gain is 1.5925; 1 for
/// sigmoid, whose gain is 1.8462, but whose outputs have the mean 1/2, so that no scale alone keeps their distribution;
/// and 3/4 for SELU, whose gain is 1, because mean 0 and variance 1 are what its constants were chosen to keep.
///
/// # Accuracy
///
/// A closed form where there is one ([`Activation::exact_gain`]): linear functions, rectifiers, ELU and SELU, the
/// exponential, the Gaussian, sine, Snake, GELU. Else a quadrature, with a relative error below 1e-14 for the crate's
/// functions, kinks and jumps included. It does not see all of a function that has more than some thousand oscillations
/// or jumps, or that differs from 0 only in an interval that is shorter than a sixteenth of its distance from 0. Its
/// cost is that of 6000 values of f, and of 2000 more for each kink or jump.
///
/// The gain is infinite if f(z) is 0 for all z that are not beyond 38 (as `hard_shrink(lambda=40)` is), and 0 if f(z)^2
/// is too large for f64. It is NaN if f(z) is NaN for some z, as no function of the crate is.
///
/// Source: K. He et al., Delving Deep into Rectifiers, arXiv:1502.01852, for rectifiers; with another definition of
/// what is kept, Y. LeCun et al., Efficient BackProp, 1998; X. Glorot, Y. Bengio, Understanding the difficulty of
/// training deep feedforward neural networks, 2010; G. Klambauer et al., Self-Normalizing Neural Networks,
/// arXiv:1706.02515, for SELU.
#[doc(alias = "calculate_gain")]
#[doc(alias = "kaiming")]
#[doc(alias = "xavier")]
#[doc(alias = "initialization")]
#[must_use]
pub fn gain(f: &(impl Activation<f64> + ?Sized)) -> f64 {
    f.exact_gain().unwrap_or_else(|| Float::sqrt(mean_square(&|z, y| f.forward_slice(z, y))).recip())
}

/// The points of the rule in (0, 1], and their weights, by mpmath.
const POINTS: [(f64, f64); 8] = [
    (0.101_326_273_521_949_45, 0.201_958_308_178_229_88),
    (0.299_830_468_900_763_2, 0.193_690_023_825_203_6),
    (0.486_059_421_887_137_63, 0.177_491_913_391_704_14),
    (0.652_388_702_882_493_1, 0.154_026_980_807_164_3),
    (0.792_008_291_861_815_1, 0.124_255_382_132_514_1),
    (0.899_200_533_093_472_1, 0.089_393_697_325_930_8),
    (0.969_568_046_270_218, 0.050_850_361_005_919_91),
    (1.0, 0.008_333_333_333_333_333),
];

/// How f computes values: y = f(x).
type Function<'a> = &'a dyn Fn(&[f64], &mut [f64]);

/// E f(z)^2.
fn mean_square(f: Function) -> f64 {
    // From 2^-40 on, below which a feature is of no weight unless f is 0 elsewhere, to where the density is 0.
    let halvings = (-40..=6).map(power_of_two).map(|end| (end / 2.0, end));
    let pieces = halvings.chain([(0.0, power_of_two(-41))]).flat_map(|(low, high)| [(-high, -low), (low, high)]);
    let whole: f64 = pieces.clone().map(|piece| integral(f, piece)).sum();
    let mut halvings_left = 1 << 16;
    pieces.map(|piece| refined(f, piece, integral(f, piece), whole, &mut halvings_left)).sum()
}

/// The part of E f(z)^2 that is of a piece, known by one application of the rule as `coarse`.
fn refined(f: Function, (low, high): (f64, f64), coarse: f64, whole: f64, halvings_left: &mut u32) -> f64 {
    let middle = low + (high - low) / 2.0;
    let pieces = [(low, middle), (middle, high)];
    let parts = pieces.map(|piece| integral(f, piece));
    let fine = parts[0] + parts[1];
    // Of smooth functions, the error of the halves is 2^-30 of that of the whole. Beside a kink it is not, but such a
    // piece is accepted for what it is of all; its error is a part of the difference, and there is one such piece for
    // each kink.
    let tolerance = (fine * power_of_two(-48)).max(whole * power_of_two(-54));
    let is_final = (fine - coarse).abs() <= tolerance || !fine.is_finite() || middle == low || middle == high;
    if is_final || *halvings_left == 0 {
        return fine;
    }
    *halvings_left -= 1;
    let [left, right] = pieces;
    refined(f, left, parts[0], whole, halvings_left) + refined(f, right, parts[1], whole, halvings_left)
}

/// The integral of f(z)^2 times the normal density, by one application of the rule.
fn integral(f: Function, (low, high): (f64, f64)) -> f64 {
    let (middle, half) = (low + (high - low) / 2.0, (high - low) / 2.0);
    let (mut z, mut y) = ([0.0; 16], [0.0; 16]);
    for (z, (point, _)) in z.chunks_exact_mut(2).zip(POINTS) {
        z.copy_from_slice(&[middle - half * point, middle + half * point]);
    }
    f(&z, &mut y);
    let mut sum = 0.0;
    for (i, (z, y)) in z.into_iter().zip(y).enumerate() {
        let density = Float::exp(-0.5 * z * z);
        // Where it is 0, f may be infinite.
        if density > 0.0 {
            sum += POINTS[i / 2].1 * density * y * y;
        }
    }
    // 1 / sqrt(2 pi).
    sum * half * (0.5 * FRAC_2_SQRT_PI * FRAC_1_SQRT_2)
}

fn power_of_two(exponent: i32) -> f64 {
    Float::powi(2.0, exponent)
}
