//! The range and the order of an activation with the parameters that it has: a specification has those of default
//! parameters.

use num_traits::Float;

use super::{
    Activation, AnyActivation, Celu, Elu, HardShrink, HardTanh, LeakyRelu, Linear, PRelu, RRelu, Selu, Shrink, SoftCap,
    Swish, Threshold, XIelu,
};

const INFINITY: f64 = f64::INFINITY;

impl AnyActivation {
    /// The least and the greatest value with these parameters, or the limits that it approaches;
    /// [`Spec::range`](crate::Spec::range) is that of the default parameters.
    ///
    /// An end that the type cannot represent is rounded, and values beside it come with their error.
    ///
    /// ```
    /// use slopes::activation::{AnyActivation, Elu, HardTanh};
    /// assert_eq!(AnyActivation::from(HardTanh::new(0.0, 20.0)?).range(), [0.0, 20.0]);
    /// assert_eq!(AnyActivation::from(Elu::new(0.5)?).range(), [-0.5, f64::INFINITY]);
    /// # Ok::<(), slopes::ParameterError>(())
    /// ```
    #[must_use]
    pub fn range(&self) -> [f64; 2] {
        let [low, high] = self.spec().range;
        match *self {
            Self::Linear(Linear { slope: 0.0 }) => [0.0, 0.0],
            Self::HardShrink(HardShrink { lambda: INFINITY }) | Self::Shrink(Shrink { lambda: INFINITY, .. }) => {
                [0.0, 0.0]
            }
            Self::HardTanh(HardTanh { low, high }) => [low, high],
            Self::SoftCap(SoftCap { cap }) => [-cap, cap],
            Self::Elu(Elu { alpha }) | Self::Celu(Celu { alpha }) => [-alpha, high],
            Self::Selu(Selu { alpha, gamma }) => [-alpha * gamma, high],
            Self::Swish(Swish { beta }) if beta < 0.0 => [-high, low / beta],
            Self::Swish(Swish { beta }) => [low / beta, high],
            Self::Threshold(Threshold { theta: INFINITY, value }) => [value, value],
            Self::Threshold(Threshold { theta, value }) => [value.min(theta), high],
            Self::XIelu(f) => [least_of_xielu(f), high],
            _ if self.negative_slope().is_some_and(|slope| slope <= 0.0) => [0.0, high],
            _ => [low, high],
        }
    }

    /// Whether the value, as computed in any type, never decreases as x increases, with these parameters;
    /// [`Spec::monotone`](crate::Spec::monotone) is that of the default parameters.
    ///
    /// Of functions that are not made of straight lines, it is known, and true, of default parameters alone: with others,
    /// rounding may let the value fall by an ulp.
    ///
    /// ```
    /// use slopes::activation::{AnyActivation, LeakyRelu};
    /// assert!(AnyActivation::from(LeakyRelu::new(0.2)?).is_monotone());
    /// assert!(!AnyActivation::from(LeakyRelu::new(-0.2)?).is_monotone());
    /// # Ok::<(), slopes::ParameterError>(())
    /// ```
    #[must_use]
    pub fn is_monotone(&self) -> bool {
        let monotone = self.spec().monotone;
        match *self {
            Self::Linear(Linear { slope }) => slope >= 0.0,
            // These jump: by theta - value, and by lambda - bias.
            Self::Threshold(Threshold { theta, value }) => value <= theta,
            Self::Shrink(Shrink { lambda, bias }) => bias <= lambda,
            Self::HardTanh(_) | Self::HardSigmoid(_) | Self::HardShrink(_) | Self::SoftShrink(_) => monotone,
            _ => match self.negative_slope() {
                Some(slope) => slope >= 0.0,
                None => {
                    monotone
                        && self.spec().defaults.iter().zip(self.parameters()).all(|(value, (_, ours))| *value == ours)
                }
            },
        }
    }

    /// The slope where x is negative, of a rectifier that has one.
    fn negative_slope(&self) -> Option<f64> {
        match *self {
            Self::LeakyRelu(LeakyRelu { slope }) | Self::PRelu(PRelu { slope }) => Some(slope),
            Self::RRelu(RRelu { lower, upper }) => Some(lower + upper),
            _ => None,
        }
    }
}

/// The least value. Where x > 0 the derivative is 2 alpha_p x + beta, where x < 0 it is alpha_n (exp(x) - 1) + beta.
fn least_of_xielu(f: XIelu) -> f64 {
    let XIelu { alpha_p, alpha_n, beta } = f;
    if beta <= 0.0 {
        -beta * beta / (4.0 * alpha_p)
    } else if beta < alpha_n {
        // The value, unlike the formula for it, does not cancel if beta is small; and it hardly moves with x.
        f.forward(Float::ln_1p(-beta / alpha_n))
    } else if beta == alpha_n {
        -alpha_n
    } else {
        -INFINITY
    }
}
