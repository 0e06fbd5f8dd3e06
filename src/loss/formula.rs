//! The formula of a loss of pairs, and its maps.

use crate::simd::{Lanes, in_f64};
use crate::slice::Map;
use crate::spec::Spec;

/// The formula of a loss of a prediction and a target, over SIMD registers. From it, [`impl_loss!`](crate::impl_loss)
/// implements [`Loss`](super::Loss) for every element type and every instruction set.
///
/// Mark every method `#[inline(always)]`, so that it is inlined into the loop of its kernel.
///
/// ```
/// use slopes::{Lanes, loss::{Loss, LossFormula}};
///
/// /// The fourth power of the residual.
/// #[derive(Clone, Copy)]
/// struct Quartic;
/// impl LossFormula for Quartic {
///     #[inline(always)]
///     fn f<L: Lanes>(self, prediction: L, target: L) -> L {
///         let r = prediction - target;
///         (r * r) * (r * r)
///     }
///     #[inline(always)]
///     fn df<L: Lanes>(self, prediction: L, target: L) -> L {
///         let r = prediction - target;
///         r * r * r * 4.0
///     }
///     #[inline(always)]
///     fn d2f<L: Lanes>(self, prediction: L, target: L) -> L {
///         let r = prediction - target;
///         r * r * 12.0
///     }
/// }
/// slopes::impl_loss!(Quartic);
///
/// assert_eq!(Quartic.mean(&[1.0_f32, 3.0], &[0.0, 1.0]), 8.5);
/// ```
pub trait LossFormula: Copy + Send + Sync + 'static {
    /// The specification of the loss.
    const SPEC: &'static Spec = Spec::UNDECLARED;

    /// Loss, first and second derivative: true if those of f32 are to be computed in f64, as
    /// [`Formula::IN_F64`](crate::activation::Formula::IN_F64). False by default.
    const IN_F64: [bool; 3] = [false; 3];

    /// The loss.
    fn f<L: Lanes>(self, prediction: L, target: L) -> L;

    /// The first derivative in the prediction.
    fn df<L: Lanes>(self, prediction: L, target: L) -> L;

    /// The second derivative in the prediction.
    fn d2f<L: Lanes>(self, prediction: L, target: L) -> L;

    /// True if the sum of the loss over any targets has a single minimum, between the least and the greatest target,
    /// and decreases before it and increases after it, as for every convex loss of the residual: then
    /// [`Loss::initial_score`](super::Loss::initial_score) is found by bisection.
    const ONE_MINIMUM: bool = false;

    /// The constant prediction with the least mean loss, if it depends on the mean of the targets alone.
    fn constant(self, mean: f64) -> Option<f64> {
        let _ = mean;
        None
    }

    /// A positive bound on the second derivative.
    #[inline(always)]
    fn d2f_bound<L: Lanes>(self, prediction: L, target: L) -> L {
        self.d2f(prediction, target)
    }
}

in_f64! { value of LossFormula: f(prediction, target), 0 }
in_f64! { derivative of LossFormula: df(prediction, target), 1 }
in_f64! { second_derivative of LossFormula: d2f(prediction, target), 2 }
in_f64! { hessian_bound of LossFormula: d2f_bound(prediction, target), 2 }

/// The maps of a formula. They are tuples that begin with the formula, so that each formula has codegen units of its
/// own (see `simd::entry`). Those of a gradient hold its scale.
macro_rules! map {
    ($(#[$doc:meta])* $Map:ident $(($Scale:ident))?: -> $outputs:literal, |$map:ident, $p:ident, $t:ident| $body:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub(super) struct $Map $((pub(super) $Scale))?;
        impl<F: LossFormula> Map<2, $outputs> for (F, $Map) {
            #[inline(always)]
            fn apply<L: Lanes>(self, [$p, $t]: [L; 2]) -> [L; $outputs] {
                let $map = self;
                $body
            }
        }
    };
}
map!(Value: -> 1, |map, p, t| [value(map.0, p, t)]);
map!(Derivative: -> 1, |map, p, t| [derivative(map.0, p, t)]);
map!(SecondDerivative: -> 1, |map, p, t| [second_derivative(map.0, p, t)]);
map!(HessianBound: -> 1, |map, p, t| [hessian_bound(map.0, p, t)]);
map!(Gradient(f64): -> 1, |map, p, t| [p.splat(map.1.0) * derivative(map.0, p, t)]);
map!(ValueAndGradient(f64): -> 2, |map, p, t| [value(map.0, p, t), p.splat(map.1.0) * derivative(map.0, p, t)]);
map!(GradientAndHessianBound(f64): -> 2, |map, p, t| {
    let scale = p.splat(map.1.0);
    [scale * derivative(map.0, p, t), scale * hessian_bound(map.0, p, t)]
});
