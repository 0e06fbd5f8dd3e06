//! Activation functions of one number, and of rows.
//!
//! [`Activation`] is what a user calls; [`Formula`] is what an author writes.

mod gated;
mod rectifiers;
mod rows;
mod sigmoids;
mod smooth;

use crate::dispatch::{self, Map, Source, Target, WIDEST};
use crate::element::Element;
use crate::facts::{Facts, UnknownName};
use crate::lanes::Lanes;

pub use rows::{EmptyRow, LogSoftmax, RowActivation, Rows, Softmax};
pub(crate) use rows::{Itself, Kind, Pair, Scale, Shifted, kind, ln, log_sum_exp, real};

/// A function of one number: value, slope (first derivative) and curvature (second derivative).
///
/// The crate's own functions implement it for every [`Element`], through [`Formula`]. A type of your own needs `forward`
/// and `derivative` alone:
///
/// ```
/// use slopes::activation::Activation;
///
/// struct Cube;
/// impl Activation<f32> for Cube {
///     fn forward(&self, x: f32) -> f32 {
///         x * x * x
///     }
///     fn derivative(&self, x: f32) -> f32 {
///         3.0 * x * x
///     }
/// }
/// let (x, mut dx) = ([1.0, 2.0], [0.0; 2]);
/// Cube.backward_slice(&x, &[10.0, 1.0], &mut dx);
/// assert_eq!(dx, [30.0, 12.0]);
/// ```
///
/// # Panics
/// Methods that take several slices panic if their lengths differ, before anything is written; the message names the
/// lengths.
pub trait Activation<T: Element>: Send + Sync {
    /// What the function declares about itself.
    fn facts(&self) -> &'static Facts {
        Facts::UNDECLARED
    }

    /// f(x).
    fn forward(&self, x: T) -> T;

    /// f'(x).
    fn derivative(&self, x: T) -> T;

    /// f''(x). NaN if the function does not say.
    fn second_derivative(&self, x: T) -> T {
        let _ = x;
        T::nan()
    }

    /// y = f(x).
    #[track_caller]
    fn forward_slice(&self, x: &[T], y: &mut [T]) {
        same_length("forward_slice", [("x", x.len()), ("y", y.len())]);
        for (x, y) in x.iter().zip(y) {
            *y = self.forward(*x);
        }
    }

    /// x = f(x).
    fn forward_in_place(&self, x: &mut [T]) {
        for x in x {
            *x = self.forward(*x);
        }
    }

    /// d = f'(x).
    #[track_caller]
    fn derivative_slice(&self, x: &[T], d: &mut [T]) {
        same_length("derivative_slice", [("x", x.len()), ("d", d.len())]);
        for (x, d) in x.iter().zip(d) {
            *d = self.derivative(*x);
        }
    }

    /// d = f''(x).
    #[track_caller]
    fn second_derivative_slice(&self, x: &[T], d: &mut [T]) {
        same_length("second_derivative_slice", [("x", x.len()), ("d", d.len())]);
        for (x, d) in x.iter().zip(d) {
            *d = self.second_derivative(*x);
        }
    }

    /// dx = dy f'(x), x being what went into the function, not what came out.
    #[track_caller]
    fn backward_slice(&self, x: &[T], dy: &[T], dx: &mut [T]) {
        same_length("backward_slice", [("x", x.len()), ("dy", dy.len()), ("dx", dx.len())]);
        for ((x, dy), dx) in x.iter().zip(dy).zip(dx) {
            *dx = *dy * self.derivative(*x);
        }
    }

    /// dy = dy f'(x).
    #[track_caller]
    fn backward_in_place(&self, x: &[T], dy: &mut [T]) {
        same_length("backward_in_place", [("x", x.len()), ("dy", dy.len())]);
        for (x, dy) in x.iter().zip(dy) {
            *dy = *dy * self.derivative(*x);
        }
    }

    /// y = f(x) and d = f'(x), in one pass.
    #[track_caller]
    fn forward_with_derivative(&self, x: &[T], y: &mut [T], d: &mut [T]) {
        same_length("forward_with_derivative", [("x", x.len()), ("y", y.len()), ("d", d.len())]);
        for ((x, y), d) in x.iter().zip(y).zip(d) {
            (*y, *d) = (self.forward(*x), self.derivative(*x));
        }
    }
}

/// Panics if lengths differ, and names them.
#[track_caller]
#[inline(always)]
pub(crate) fn same_length<const N: usize>(method: &str, lengths: [(&str, usize); N]) {
    if lengths.iter().any(|(_, len)| *len != lengths[0].1) {
        differ(method, &lengths);
    }
}

#[cold]
#[track_caller]
fn differ(method: &str, lengths: &[(&str, usize)]) -> ! {
    panic!("{method}: slices differ in length: {lengths:?}");
}

/// A function as a text over registers: from it, [`Activation`] follows for every element type and instruction set.
///
/// Mark every method `#[inline(always)]`, so that it becomes a part of the loop that calls it.
pub trait Formula: Copy + Send + Sync + 'static {
    /// What the function declares about itself.
    fn facts(&self) -> &'static Facts {
        Facts::UNDECLARED
    }

    /// f(x).
    fn value<L: Lanes>(self, x: L) -> L;

    /// f'(x).
    fn slope<L: Lanes>(self, x: L) -> L;

    /// f''(x).
    fn curvature<L: Lanes>(self, x: L) -> L;

    /// f(x) and f'(x), where they share work; the bits are those of the two methods.
    #[inline(always)]
    fn value_and_slope<L: Lanes>(self, x: L) -> (L, L) {
        (self.value(x), self.slope(x))
    }
}

#[derive(Clone, Copy)]
struct Value<F>(F);
impl<F: Formula> Map<1, 1> for Value<F> {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x]: [L; 1]) -> [L; 1] {
        [self.0.value(x)]
    }
}

#[derive(Clone, Copy)]
struct Slope<F>(F);
impl<F: Formula> Map<1, 1> for Slope<F> {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x]: [L; 1]) -> [L; 1] {
        [self.0.slope(x)]
    }
}

#[derive(Clone, Copy)]
struct Curvature<F>(F);
impl<F: Formula> Map<1, 1> for Curvature<F> {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x]: [L; 1]) -> [L; 1] {
        [self.0.curvature(x)]
    }
}

#[derive(Clone, Copy)]
struct Backward<F>(F);
impl<F: Formula> Map<2, 1> for Backward<F> {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x, dy]: [L; 2]) -> [L; 1] {
        [dy * self.0.slope(x)]
    }
}

#[derive(Clone, Copy)]
struct ValueAndSlope<F>(F);
impl<F: Formula> Map<1, 2> for ValueAndSlope<F> {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x]: [L; 1]) -> [L; 2] {
        let (value, slope) = self.0.value_and_slope(x);
        [value, slope]
    }
}

impl<F: Formula, T: Element> Activation<T> for F {
    fn facts(&self) -> &'static Facts {
        Formula::facts(self)
    }
    #[inline]
    fn forward(&self, x: T) -> T {
        dispatch::numbers::<_, _, 1, 1>(Value(*self), [x])[0]
    }
    #[inline]
    fn derivative(&self, x: T) -> T {
        dispatch::numbers::<_, _, 1, 1>(Slope(*self), [x])[0]
    }
    #[inline]
    fn second_derivative(&self, x: T) -> T {
        dispatch::numbers::<_, _, 1, 1>(Curvature(*self), [x])[0]
    }
    #[track_caller]
    fn forward_slice(&self, x: &[T], y: &mut [T]) {
        same_length("forward_slice", [("x", x.len()), ("y", y.len())]);
        dispatch::map(Value(*self), [Source::new(x)], [Target::new(y)]);
    }
    fn forward_in_place(&self, x: &mut [T]) {
        let x = Target::new(x);
        dispatch::map(Value(*self), [x.source()], [x]);
    }
    #[track_caller]
    fn derivative_slice(&self, x: &[T], d: &mut [T]) {
        same_length("derivative_slice", [("x", x.len()), ("d", d.len())]);
        // The slope alone is the gradient of ones: they share a kernel.
        let ones = [T::one(); WIDEST];
        dispatch::map(Backward(*self), [Source::new(x), Source::repeat(&ones)], [Target::new(d)]);
    }
    #[track_caller]
    fn second_derivative_slice(&self, x: &[T], d: &mut [T]) {
        same_length("second_derivative_slice", [("x", x.len()), ("d", d.len())]);
        dispatch::map(Curvature(*self), [Source::new(x)], [Target::new(d)]);
    }
    #[track_caller]
    fn backward_slice(&self, x: &[T], dy: &[T], dx: &mut [T]) {
        same_length("backward_slice", [("x", x.len()), ("dy", dy.len()), ("dx", dx.len())]);
        dispatch::map(Backward(*self), [Source::new(x), Source::new(dy)], [Target::new(dx)]);
    }
    #[track_caller]
    fn backward_in_place(&self, x: &[T], dy: &mut [T]) {
        same_length("backward_in_place", [("x", x.len()), ("dy", dy.len())]);
        let dy = Target::new(dy);
        dispatch::map(Backward(*self), [Source::new(x), dy.source()], [dy]);
    }
    #[track_caller]
    fn forward_with_derivative(&self, x: &[T], y: &mut [T], d: &mut [T]) {
        same_length("forward_with_derivative", [("x", x.len()), ("y", y.len()), ("d", d.len())]);
        dispatch::map(ValueAndSlope(*self), [Source::new(x)], [Target::new(y), Target::new(d)]);
    }
}

/// Declares a function: its type, its parameters with their usual values and what they must be, and its facts. The
/// page in the documentation and the tests read the same tokens.
macro_rules! activation {
    (
        $(#[$doc:meta])*
        $Name:ident $({ $($(#[$field_doc:meta])* $field:ident = $usual:literal, $check:expr => $wanted:literal;)+ })?
        names $names:expr;
        formula $f:literal, $df:literal, $ddf:literal;
        source $source:literal;
        limits $limits:expr;
        joints $joints:expr;
        range $range:expr, monotone $monotone:literal, $symmetry:ident;
        f32 $ulp32:expr $(, floor $floor32:expr)?;
        f64 $ulp64:expr $(, floor $floor64:expr)?;
    ) => {
        $crate::activation::activation! { @type
            [
                $(#[$doc])*
                ///
                #[doc = concat!(
                    "- value: `", $f, "`\n- slope: `", $df, "`\n- curvature: `", $ddf, "`\n",
                    "- worst error of the three, in ulp, over all f32: ", stringify!($ulp32),
                    $(", or beside a root ", stringify!($floor32), " * 2^-24,",)? "; f64: ", stringify!($ulp64),
                    $(", or beside a root ", stringify!($floor64), " * 2^-53",)?
                    "\n- kinks: `", stringify!($joints), "`\n- source: ", $source,
                )]
            ]
            $Name $({ $($(#[$field_doc])* $field = $usual, $check => $wanted;)+ })?
        }

        impl $Name {
            pub(crate) const FACTS: &'static $crate::facts::Facts = &$crate::facts::Facts {
                names: &$names,
                formulas: [$f, $df, $ddf],
                source: $source,
                limits: $limits,
                joints: &$joints,
                range: $range,
                monotone: $monotone,
                symmetry: $crate::facts::Symmetry::$symmetry,
                f32: $crate::facts::Ulp { ulp: $ulp32, $(floor: $floor32,)? ..$crate::facts::Ulp::EXACT },
                f64: $crate::facts::Ulp { ulp: $ulp64, $(floor: $floor64,)? ..$crate::facts::Ulp::EXACT },
            };
        }
    };
    (@type [$(#[$attribute:meta])*] $Name:ident) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, Default, PartialEq)]
        pub struct $Name;

        impl $Name {
            /// The function; it has no parameters.
            pub const USUAL: Self = Self;
            pub(crate) const USUAL_IN_F32: Self = Self;
        }
    };
    (
        @type [$(#[$attribute:meta])*]
        $Name:ident { $($(#[$field_doc:meta])* $field:ident = $usual:literal, $check:expr => $wanted:literal;)+ }
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct $Name {
            $($(#[$field_doc])* pub $field: f64,)+
        }

        impl $Name {
            /// The usual parameters.
            pub const USUAL: Self = Self { $($field: $usual),+ };
            pub(crate) const USUAL_IN_F32: Self = Self { $($field: $usual as f32 as f64),+ };

            /// With every parameter checked. The fields are public, and what is written there is not.
            ///
            /// # Errors
            #[doc = concat!("If a parameter is not what it must be:", $(" `", stringify!($field), "` ", $wanted, ".",)+)]
            pub fn new($($field: f64),+) -> Result<Self, $crate::BadParameter> {
                $(
                    let right: fn(f64) -> bool = $check;
                    if !right($field) {
                        let (parameter, value) = (stringify!($field), $field);
                        return Err($crate::BadParameter { parameter, value, wanted: $wanted });
                    }
                )+
                Ok(Self { $($field),+ })
            }
        }

        impl Default for $Name {
            fn default() -> Self {
                Self::USUAL
            }
        }
    };
}
pub(crate) use activation;

/// The list is the export: what it names is public, in `all` and in `by_name`.
macro_rules! catalogue {
    ($($module:ident: $($Name:ident),+;)+) => {
        $(pub use $module::{$($Name),+};)+

        const FACTS: &[&Facts] = &[$($($Name::FACTS),+),+];

        /// Of every activation, in f64 and with its usual parameters as an f32 holds them: what the f32 kernels compute
        /// is measured against these.
        #[doc(hidden)]
        pub fn references() -> &'static [&'static dyn Activation<f64>] {
            &[$($(&$Name::USUAL_IN_F32),+),+]
        }

        struct Catalogue<T>(core::marker::PhantomData<T>);
        impl<T: Element> Catalogue<T> {
            const ALL: &'static [&'static dyn Activation<T>] = &[$($(&$Name::USUAL),+),+];
        }
    };
}

catalogue! {
    rectifiers: Identity, Linear, BinaryStep, Relu, LeakyRelu;
    sigmoids: Sigmoid, Tanh;
    smooth: Softplus;
    gated: Swish;
}

/// Every activation of one number, with its usual parameters.
///
/// ```
/// for activation in slopes::activation::all::<f32>() {
///     println!("{:12} {}", activation.facts().name(), activation.forward(0.5));
/// }
/// ```
pub fn all<T: Element>() -> &'static [&'static dyn Activation<T>] {
    Catalogue::ALL
}

/// The activation of a name, with its usual parameters. Case, `_`, `-` and spaces do not matter.
///
/// # Errors
/// If no function has the name; the error tells the nearest, and lists what there is.
///
/// ```
/// use slopes::activation::by_name;
/// let silu = by_name::<f32>("SiLU")?;
/// assert_eq!(silu.facts().name(), "swish");
/// assert_eq!(by_name::<f32>("sigmiod").err().unwrap().nearest(), "sigmoid");
/// # Ok::<(), slopes::UnknownName>(())
/// ```
pub fn by_name<T: Element>(name: &str) -> Result<&'static dyn Activation<T>, UnknownName> {
    crate::facts::find(name, FACTS).map(|index| all()[index])
}
