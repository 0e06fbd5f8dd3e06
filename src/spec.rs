//! What a function declares about itself, and the catalogue of all that do.

/// What a function declares about itself at its usual parameters: tests, benchmarks and pages read it from here.
///
/// ```
/// use slopes::activation::{Activation, Tanh};
/// let facts = Activation::<f32>::facts(&Tanh);
/// assert_eq!((facts.name(), facts.limits[0]), ("tanh", [-1.0, 1.0]));
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Facts {
    /// The name, and the other names that it is known by.
    pub names: &'static [&'static str],
    /// The parameters, each with its name and the other names that it is known by.
    pub parameters: &'static [&'static [&'static str]],
    /// Their usual values.
    pub usual: &'static [f64],
    /// Value, slope and curvature as formulas.
    pub formulas: [&'static str; 3],
    /// Where the function comes from.
    pub source: &'static str,
    /// The limits of value, slope and curvature at -inf and at +inf; NaN where there is none.
    pub limits: [[f64; 2]; 3],
    /// Where the function has a kink or a jump; the page says which one-sided slope is taken.
    pub joints: &'static [f64],
    /// Where value, slope and curvature pass through 0 at an x that is no number of the types.
    pub roots: [&'static [f64]; 3],
    /// The smallest and the largest value.
    pub range: [f64; 2],
    /// Whether the value never falls as x grows.
    pub monotone: bool,
    /// What a change of the sign of x does to the value.
    pub symmetry: Symmetry,
    /// The worst error in f32.
    pub f32: Ulp,
    /// The worst error in f64.
    pub f64: Ulp,
}

/// The worst error of value, slope and curvature.
///
/// ```
/// use slopes::activation::{Activation, Sigmoid};
/// assert!(Activation::<f32>::facts(&Sigmoid).f32.ulp[0] <= 2.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ulp {
    /// In units in the last place of the exact result.
    pub ulp: [f64; 3],
    /// Within 1 of a root, this absolute error if it is larger, in units of 2^-24 (f32) or 2^-53 (f64): beside a root
    /// that is no number of the type, no ulp is small enough. The roots of a loss move with the target, and its floor
    /// is for any pair, times max(1, |prediction|) max(1, |target|).
    pub floor: [f64; 3],
}

/// What a change of the sign of x does to a value.
///
/// ```
/// use slopes::{Symmetry, activation::{Activation, Tanh}};
/// assert_eq!(Activation::<f32>::facts(&Tanh).symmetry, Symmetry::Odd);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Symmetry {
    /// f(-x) = -f(x), to the bit.
    Odd,
    /// f(-x) = f(x), to the bit.
    Even,
    /// Neither.
    None,
}

impl Facts {
    /// The facts of a function that declares none.
    pub const UNDECLARED: &'static Facts = &Facts {
        names: &["undeclared"],
        parameters: &[],
        usual: &[],
        formulas: ["undeclared"; 3],
        source: "undeclared",
        limits: [[f64::NAN; 2]; 3],
        joints: &[],
        roots: [&[]; 3],
        range: [f64::NEG_INFINITY, f64::INFINITY],
        monotone: false,
        symmetry: Symmetry::None,
        f32: Ulp::EXACT,
        f64: Ulp::EXACT,
    };

    /// The floor of `bounds` that holds at x, in its units: 0 away from the roots.
    pub fn floor_at(&self, bounds: Ulp, order: usize, x: f64) -> f64 {
        let beside = self.roots[order].iter().any(|root| (x - root).abs() <= 1.0);
        if beside { bounds.floor[order] } else { 0.0 }
    }

    /// The floor of `bounds`, of a loss, for a pair, in its units.
    pub fn floor_of_pair(&self, bounds: Ulp, order: usize, prediction: f64, target: f64) -> f64 {
        bounds.floor[order] * prediction.abs().max(1.0) * target.abs().max(1.0)
    }

    /// The name.
    pub const fn name(&self) -> &'static str {
        self.names[0]
    }
}

impl Ulp {
    /// Exact, or rounded once.
    pub const EXACT: Ulp = Ulp::new([0.5; 3], &[]);

    /// With one floor or none.
    pub(crate) const fn new(ulp: [f64; 3], floor: &[[f64; 3]]) -> Self {
        let floor = match floor {
            [floor] => *floor,
            _ => [0.0; 3],
        };
        Ulp { ulp, floor }
    }
}

/// The joints of a declaration that names some, or none.
pub(crate) const fn joints(joints: &[&'static [f64]]) -> &'static [f64] {
    match joints {
        [joints] => joints,
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
