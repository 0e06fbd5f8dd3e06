//! The specification of a function: names, formulas, limits, kinks and error bounds.

/// The specification of a function, for its default parameters. Tests, benchmarks and pages read it from here.
///
/// ```
/// use slopes::activation::{Activation, Softmax, Tanh};
/// let spec = Activation::<f32>::spec(&Tanh);
/// assert_eq!((spec.name(), spec.limits[0]), ("tanh", [-1.0, 1.0]));
///
/// let spec = Softmax::DEFAULT.spec();
/// assert_eq!((spec.outputs, spec.f32.ulp[0]), (["value", "gradient", ""], 2.0));
/// ```
///
/// Functions of rows, gated units and losses of rows have no limits (NaN), kinks, monotonicity and parity.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Spec {
    /// The name, then its aliases.
    pub names: &'static [&'static str],
    /// The parameters: for each its name, then its aliases.
    pub parameters: &'static [&'static [&'static str]],
    /// The default of each parameter.
    pub defaults: &'static [f64],
    /// The kinds of the parameters.
    pub kinds: &'static [ParameterKind],
    /// The three outputs that formulas and bounds are of: value, derivative and second derivative, for a function of one
    /// number and a loss of pairs; the value and gradients for others. Empty where a function has fewer.
    pub outputs: [&'static str; 3],
    /// The formulas of the outputs: value, derivative and second derivative.
    pub formulas: [&'static str; 3],
    /// The publication that the function is from.
    pub source: &'static str,
    /// The limits of the value, derivative and second derivative at -inf and at +inf; NaN where there is none.
    pub limits: [[f64; 2]; 3],
    /// The kinks and jumps. The page of the function says which one-sided derivative is returned there.
    pub kinks: &'static [f64],
    /// The zeros of the value, derivative and second derivative at an x that neither f32 nor f64 can represent.
    pub roots: [&'static [f64]; 3],
    /// The least and the greatest value, or the limits that it approaches.
    pub range: [f64; 2],
    /// True if the value never decreases as x increases.
    pub monotone: bool,
    /// The parity of the value.
    pub parity: Parity,
    /// The error bounds in f32.
    pub f32: ErrorBound,
    /// The error bounds in f64.
    pub f64: ErrorBound,
    /// The quantity that the absolute bound of each output is a multiple of, for functions and losses of rows and of
    /// several numbers; empty for 1.
    pub absolute_of: [&'static str; 3],
}

/// The largest error of each output: value, derivative and second derivative.
///
/// ```
/// use slopes::activation::{Activation, Sigmoid};
/// assert!(Activation::<f32>::spec(&Sigmoid).f32.ulp[0] <= 2.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ErrorBound {
    /// The relative bound, in units in the last place of the exact result.
    pub ulp: [f64; 3],
    /// The absolute bound, in units of 2^-24 (f32) or 2^-53 (f64). It replaces the relative bound where it is larger,
    /// within 1 of a [root](Spec::roots): beside a zero that the type cannot represent, no relative bound holds. The
    /// roots of a loss move with the target, so its absolute bound applies to every pair, times
    /// max(1, |prediction|) max(1, |target|). That of a function of rows is a multiple of
    /// [`absolute_of`](Spec::absolute_of), and holds everywhere.
    pub absolute: [f64; 3],
}

/// The parity of a function: odd, even or neither.
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
    /// A specification of a function of one's own: its names, the first of which is the name, and the formulas of the value,
    /// the derivative and the second derivative. Nothing is said of the rest: limits are NaN, error bounds infinite; set the
    /// fields that are known.
    ///
    /// ```
    /// use slopes::{ErrorBound, Lanes, Spec, activation::Formula};
    ///
    /// #[derive(Clone, Copy)]
    /// struct Square;
    /// impl Formula for Square {
    ///     const SPEC: &'static Spec = &{
    ///         let mut spec = Spec::new(&["square"], ["x^2", "2 x", "2"]);
    ///         spec.f32 = ErrorBound::new([0.5, 0.0, 0.0]);
    ///         spec
    ///     };
    ///     #[inline(always)]
    ///     fn f<L: Lanes>(self, x: L) -> L {
    ///         x * x
    ///     }
    ///     #[inline(always)]
    ///     fn df<L: Lanes>(self, x: L) -> L {
    ///         x + x
    ///     }
    ///     #[inline(always)]
    ///     fn d2f<L: Lanes>(self, x: L) -> L {
    ///         x.splat(2.0)
    ///     }
    /// }
    /// slopes::impl_activation!(Square);
    /// assert_eq!(slopes::activation::Activation::<f32>::spec(&Square).name(), "square");
    /// ```
    #[must_use]
    pub const fn new(names: &'static [&'static str], formulas: [&'static str; 3]) -> Self {
        let unknown = ErrorBound::new([f64::INFINITY; 3]);
        Spec { names, formulas, f32: unknown, f64: unknown, ..*Spec::UNDECLARED }
    }

    /// The specification of a function that declares none.
    pub const UNDECLARED: &'static Spec = &Spec {
        names: &["undeclared"],
        parameters: &[],
        defaults: &[],
        kinds: &[],
        outputs: ORDERS,
        formulas: ["undeclared"; 3],
        source: "undeclared",
        limits: [[f64::NAN; 2]; 3],
        kinks: &[],
        roots: [&[]; 3],
        range: [f64::NEG_INFINITY, f64::INFINITY],
        monotone: false,
        parity: Parity::Neither,
        f32: ErrorBound::new([f64::INFINITY; 3]),
        f64: ErrorBound::new([f64::INFINITY; 3]),
        absolute_of: [""; 3],
    };

    /// The specification of a function whose outputs are declared one by one.
    pub(crate) const fn of_outputs(
        names: &'static [&'static str],
        outputs: &[Output<'_>],
        source: &'static str,
        range: [f64; 2],
    ) -> Self {
        let exact = ErrorBound::new([0.0; 3]);
        let mut spec = Spec { names, source, range, f32: exact, f64: exact, ..*Spec::UNDECLARED };
        (spec.outputs, spec.formulas) = ([""; 3], [""; 3]);
        let mut i = 0;
        while i < outputs.len() {
            let Output { label, formula, f32, f64, absolute_of } = outputs[i];
            (spec.outputs[i], spec.formulas[i]) = (label, formula);
            (spec.f32.ulp[i], spec.f64.ulp[i]) = (f32[0], f64[0]);
            if let [_, absolute] = f32 {
                spec.f32.absolute[i] = *absolute;
            }
            if let [_, absolute] = f64 {
                spec.f64.absolute[i] = *absolute;
            }
            if let [of] = absolute_of {
                spec.absolute_of[i] = of;
            }
            i += 1;
        }
        spec
    }

    /// The absolute bound of `bounds` at x, in its units: 0 away from the roots. The order is 0 for the value, 1 and 2
    /// for the derivatives.
    #[must_use]
    pub fn absolute_at(&self, bounds: ErrorBound, order: usize, x: f64) -> f64 {
        let near_root = self.roots[order].iter().any(|root| (x - root).abs() <= 1.0);
        if near_root { bounds.absolute[order] } else { 0.0 }
    }

    /// The absolute bound of `bounds` of a loss for a pair, in its units.
    #[must_use]
    pub fn absolute_of_pair(&self, bounds: ErrorBound, order: usize, prediction: f64, target: f64) -> f64 {
        bounds.absolute[order] * prediction.abs().max(1.0) * target.abs().max(1.0)
    }

    /// The name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.names[0]
    }
}

/// The outputs of functions of one number and of losses of pairs.
pub(crate) const ORDERS: [&str; 3] = ["value", "derivative", "second derivative"];

/// An output of a function: its formula, and its bounds in f32 and f64: in ulp, then the absolute one and what it is a
/// multiple of, or nothing.
#[derive(Clone, Copy)]
pub(crate) struct Output<'a> {
    pub(crate) label: &'static str,
    pub(crate) formula: &'static str,
    pub(crate) f32: &'a [f64],
    pub(crate) f64: &'a [f64],
    pub(crate) absolute_of: &'a [&'static str],
}

impl ErrorBound {
    /// The bound of a correctly rounded result: half an ulp.
    pub const CORRECTLY_ROUNDED: ErrorBound = ErrorBound::declared([0.5; 3], &[]);

    /// Bounds in ulp of the value, the derivative and the second derivative.
    #[must_use]
    pub const fn new(ulp: [f64; 3]) -> Self {
        ErrorBound { ulp, absolute: [0.0; 3] }
    }

    /// Bounds with an absolute part or without.
    pub(crate) const fn declared(ulp: [f64; 3], absolute: &[[f64; 3]]) -> Self {
        let absolute = match absolute {
            [absolute] => *absolute,
            _ => [0.0; 3],
        };
        ErrorBound { ulp, absolute }
    }
}

/// The kinks of a declaration; the argument is empty if it has none.
pub(crate) const fn kinks(kinks: &[&'static [f64]]) -> &'static [f64] {
    match kinks {
        [kinks] => kinks,
        _ => &[],
    }
}

/// The roots of a declaration; the argument is empty if it has none.
pub(crate) const fn roots(roots: &[[&'static [f64]; 3]]) -> [&'static [f64]; 3] {
    match roots {
        [roots] => *roots,
        _ => [&[]; 3],
    }
}

/// The type of a parameter's values.
///
/// ```
/// use slopes::{ParameterKind, loss::PoissonNll};
/// assert_eq!(PoissonNll::DEFAULT.spec().kinds, [ParameterKind::Flag]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ParameterKind {
    /// A number.
    Number,
    /// True or false: 1 or 0 in [`Spec::defaults`].
    Flag,
    /// A number or `None`: NaN in [`Spec::defaults`] for `None`.
    Optional,
    /// One of several names, by its index in this list: for each its name, then its aliases.
    Choice(&'static [&'static [&'static str]]),
}
