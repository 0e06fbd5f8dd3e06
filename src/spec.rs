//! What a function declares about itself, and the catalogue of all that do.

/// What a function declares about itself at its usual parameters: tests, benchmarks and pages read it from here.
///
/// ```
/// use slopes::activation::{Activation, Tanh};
/// let spec = Activation::<f32>::spec(&Tanh);
/// assert_eq!((spec.name(), spec.limits[0]), ("tanh", [-1.0, 1.0]));
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Spec {
    /// The name, and the other names that it is known by.
    pub names: &'static [&'static str],
    /// The parameters, each with its name and the other names that it is known by.
    pub parameters: &'static [&'static [&'static str]],
    /// Their usual values.
    pub defaults: &'static [f64],
    /// Value, slope and curvature as formulas.
    pub formulas: [&'static str; 3],
    /// Where the function comes from.
    pub source: &'static str,
    /// The limits of value, slope and curvature at -inf and at +inf; NaN where there is none.
    pub limits: [[f64; 2]; 3],
    /// Where the function has a kink or a jump; the page says which one-sided slope is softmax_mean.
    pub kinks: &'static [f64],
    /// Where value, slope and curvature pass through 0 at an x that is no number of the types.
    pub roots: [&'static [f64]; 3],
    /// The smallest and the largest value.
    pub range: [f64; 2],
    /// Whether the value never falls as x grows.
    pub monotone: bool,
    /// What a change of the sign of x does to the value.
    pub parity: Parity,
    /// The worst error in f32.
    pub f32: ErrorBound,
    /// The worst error in f64.
    pub f64: ErrorBound,
}

/// The worst error of value, slope and curvature.
///
/// ```
/// use slopes::activation::{Activation, Sigmoid};
/// assert!(Activation::<f32>::spec(&Sigmoid).f32.ulp[0] <= 2.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ErrorBound {
    /// In units in the last place of the exact result.
    pub ulp: [f64; 3],
    /// Within 1 of a root, this absolute error if it is larger, in units of 2^-24 (f32) or 2^-53 (f64): beside a root
    /// that is no number of the type, no ulp is small enough. The roots of a loss move with the target, and its floor
    /// is for any pair, times max(1, |prediction|) max(1, |target|).
    pub absolute: [f64; 3],
}

/// What a change of the sign of x does to a value.
///
/// ```
/// use slopes::{Parity, activation::{Activation, Tanh}};
/// assert_eq!(Activation::<f32>::spec(&Tanh).parity, Parity::Odd);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parity {
    /// f(-x) = -f(x), to the bit.
    Odd,
    /// f(-x) = f(x), to the bit.
    Even,
    /// Neither.
    Neither,
}

impl Spec {
    /// The facts of a function that declares none.
    pub const UNDECLARED: &'static Spec = &Spec {
        names: &["undeclared"],
        parameters: &[],
        defaults: &[],
        formulas: ["undeclared"; 3],
        source: "undeclared",
        limits: [[f64::NAN; 2]; 3],
        kinks: &[],
        roots: [&[]; 3],
        range: [f64::NEG_INFINITY, f64::INFINITY],
        monotone: false,
        parity: Parity::Neither,
        f32: ErrorBound::CORRECTLY_ROUNDED,
        f64: ErrorBound::CORRECTLY_ROUNDED,
    };

    /// The floor of `bounds` that holds at x, in its units: 0 away from the roots.
    pub fn absolute_at(&self, bounds: ErrorBound, order: usize, x: f64) -> f64 {
        let beside = self.roots[order].iter().any(|root| (x - root).abs() <= 1.0);
        if beside { bounds.absolute[order] } else { 0.0 }
    }

    /// The floor of `bounds`, of a loss, for a pair, in its units.
    pub fn absolute_of_pair(&self, bounds: ErrorBound, order: usize, prediction: f64, target: f64) -> f64 {
        bounds.absolute[order] * prediction.abs().max(1.0) * target.abs().max(1.0)
    }

    /// The name.
    pub const fn name(&self) -> &'static str {
        self.names[0]
    }
}

impl ErrorBound {
    /// Exact, or rounded once.
    pub const CORRECTLY_ROUNDED: ErrorBound = ErrorBound::new([0.5; 3], &[]);

    /// With one floor or none.
    pub(crate) const fn new(ulp: [f64; 3], floor: &[[f64; 3]]) -> Self {
        let floor = match floor {
            [floor] => *floor,
            _ => [0.0; 3],
        };
        ErrorBound { ulp, absolute: floor }
    }
}

/// The kinks of a declaration that names some, or none.
pub(crate) const fn kinks(kinks: &[&'static [f64]]) -> &'static [f64] {
    match kinks {
        [kinks] => kinks,
        _ => &[],
    }
}

/// The roots of a declaration that names some, or none.
pub(crate) const fn roots(roots: &[[&'static [f64]; 3]]) -> [&'static [f64]; 3] {
    match roots {
        [roots] => *roots,
        _ => [&[]; 3],
    }
}
