//! Losses of three numbers with derivatives in two of them: Gaussian negative log-likelihood, margin ranking.

use super::margin;
use crate::check::same_length;
use crate::compiled::Here;
use crate::element::Element;
use crate::math::FloatMath;
use crate::simd::Lanes;
use crate::slice::{self, Dst, Map, Src};

/// A loss of three numbers as a formula over registers.
trait TripleFormula: Copy {
    /// The loss.
    fn f<L: Lanes>(self, inputs: [L; 3]) -> L;
    /// Its derivatives in two of the inputs.
    fn df<L: Lanes>(self, inputs: [L; 3]) -> [L; 2];
}

/// The maps of a formula: tuples that begin with it, for the sake of their codegen units (see `simd::entry`).
#[derive(Clone, Copy)]
struct Value;
impl<F: TripleFormula> Map<3, 1> for (F, Value) {
    #[inline(always)]
    fn apply<L: Lanes>(self, inputs: [L; 3]) -> [L; 1] {
        [self.0.f(inputs)]
    }
}

#[derive(Clone, Copy)]
struct Gradients(f64);
impl<F: TripleFormula> Map<3, 2> for (F, Gradients) {
    #[inline(always)]
    fn apply<L: Lanes>(self, inputs: [L; 3]) -> [L; 2] {
        let scale = inputs[0].splat(self.1.0);
        let [first, second] = self.0.df(inputs);
        [scale * first, scale * second]
    }
}

#[derive(Clone, Copy)]
struct ValueAndGradients(f64);
impl<F: TripleFormula> Map<3, 3> for (F, ValueAndGradients) {
    #[inline(always)]
    fn apply<L: Lanes>(self, inputs: [L; 3]) -> [L; 3] {
        let [first, second] = (self.0, Gradients(self.1.0)).apply(inputs);
        [self.0.f(inputs), first, second]
    }
}

/// The methods that compute such a loss, once the lengths have been checked.
macro_rules! triple_methods {
    ($then:path: $context:tt) => {
        $then! { $context
            forward_slice(inputs: [&[T]; 3], losses: &mut [T]) -> ();
            total(inputs: [&[T]; 3]) -> f64;
            gradients(inputs: [&[T]; 3], scale: f64, gradients: [&mut [T]; 2]) -> ();
            sum_with_gradients(inputs: [&[T]; 3], scale: f64, gradients: [&mut [T]; 2]) -> f64;
        }
    };
}

triple_methods! { crate::compiled::declare_compute: { pub(crate) ComputeTriples } }

impl<F: TripleFormula, T: Element> ComputeTriples<F, T> for Here {
    fn forward_slice(f: &F, inputs: [&[T]; 3], losses: &mut [T]) {
        slice::map((*f, Value), inputs.map(Src::new), [Dst::new(losses)]);
    }
    fn total(f: &F, inputs: [&[T]; 3]) -> f64 {
        slice::map_and_sum((*f, Value), inputs.map(Src::new), [], inputs[0].len())
    }
    fn gradients(f: &F, inputs: [&[T]; 3], scale: f64, gradients: [&mut [T]; 2]) {
        slice::map((*f, Gradients(scale)), inputs.map(Src::new), gradients.map(Dst::new));
    }
    fn sum_with_gradients(f: &F, inputs: [&[T]; 3], scale: f64, gradients: [&mut [T]; 2]) -> f64 {
        let (map, len) = ((*f, ValueAndGradients(scale)), inputs[0].len());
        slice::map_and_sum(map, inputs.map(Src::new), gradients.map(Dst::new), len)
    }
}

/// The public methods of such a loss, given the names of its inputs and of its gradients.
macro_rules! triple {
    ($Name:ident: $a:ident, $b:ident, $c:ident -> $first:ident, $second:ident) => {
        triple_methods! { crate::compiled::compile: { [] ComputeTriples of $Name } }

        impl $Name {
            /// The loss of each sample: `losses[i]` is that of sample i.
            #[track_caller]
            pub fn forward_slice<T: Element>(&self, $a: &[T], $b: &[T], $c: &[T], losses: &mut [T]) {
                let [a, b, c] = Self::lengths($a, $b, $c);
                same_length("forward_slice", [a, b, c, ("losses", losses.len())]);
                <T::Kernels as ComputeTriples<Self, T>>::forward_slice(self, [$a, $b, $c], losses);
            }

            /// The sum of the losses; 0 for no samples.
            #[track_caller]
            pub fn sum<T: Element>(&self, $a: &[T], $b: &[T], $c: &[T]) -> f64 {
                same_length("sum", Self::lengths($a, $b, $c));
                <T::Kernels as ComputeTriples<Self, T>>::total(self, [$a, $b, $c])
            }

            /// The mean of the losses: their sum divided by their count; NaN for no samples.
            #[track_caller]
            pub fn mean<T: Element>(&self, $a: &[T], $b: &[T], $c: &[T]) -> f64 {
                same_length("mean", Self::lengths($a, $b, $c));
                <T::Kernels as ComputeTriples<Self, T>>::total(self, [$a, $b, $c]) / $a.len() as f64
            }

            #[doc = concat!(
                "The gradients of each sample times `scale`: `[", stringify!($first), ", ", stringify!($second), "]`.",
            )]
            #[track_caller]
            pub fn gradients<T: Element>(&self, $a: &[T], $b: &[T], $c: &[T], scale: f64, gradients: [&mut [T]; 2]) {
                let [a, b, c] = Self::lengths($a, $b, $c);
                let [first, second] = [gradients[0].len(), gradients[1].len()];
                same_length("gradients", [a, b, c, (stringify!($first), first), (stringify!($second), second)]);
                <T::Kernels as ComputeTriples<Self, T>>::gradients(self, [$a, $b, $c], scale, gradients);
            }

            /// The sum of the losses, and both [`gradients`](Self::gradients) times `scale`, in one pass.
            #[track_caller]
            pub fn sum_with_gradients<T: Element>(
                &self,
                $a: &[T],
                $b: &[T],
                $c: &[T],
                scale: f64,
                gradients: [&mut [T]; 2],
            ) -> f64 {
                let [a, b, c] = Self::lengths($a, $b, $c);
                let [first, second] = [gradients[0].len(), gradients[1].len()];
                same_length("sum_with_gradients", [a, b, c, (stringify!($first), first), (stringify!($second), second)]);
                <T::Kernels as ComputeTriples<Self, T>>::sum_with_gradients(self, [$a, $b, $c], scale, gradients)
            }

            fn lengths<T>($a: &[T], $b: &[T], $c: &[T]) -> [(&'static str, usize); 3] {
                [(stringify!($a), $a.len()), (stringify!($b), $b.len()), (stringify!($c), $c.len())]
            }
        }
    };
}

/// The compiled kernels of losses of three numbers.
pub(crate) trait TripleKernels<T>: ComputeTriples<GaussianNll, T> + ComputeTriples<MarginRanking, T> {}
crate::compiled::for_each_element! { crate::compiled::implement_all: @of TripleKernels }

crate::function::function! {
    /// Gaussian negative log-likelihood with a predicted mean and a predicted variance.
    ///
    /// `r = prediction - target`, `v = max(variance, eps)`.
    names ["gaussian_nll", "gaussian_nll_loss"];
    "value": "(ln(v) + r^2 / v) / 2, plus ln(2 pi) / 2 if full", f32 3.0 or 6.0, f64 3.0 or 6.0,
        of "the largest term";
    "gradient in the prediction": "r / v", f32 1.0, f64 1.0;
    "gradient in the variance": "(1 - r^2 / v) / (2 v)", f32 4.0 or 8.0, f64 4.0 or 8.0,
        of "max(1, r^2 / v) / (2 v)";
    source "D. Nix, A. Weigend, Estimating the Mean and Variance of the Target Probability Distribution, 1994";
    range [-6.907_755_278_982_137, f64::INFINITY];

    ///
    /// Any prediction and target are in the domain; a negative variance gives NaN. One below eps counts as eps, in the
    /// gradient too, which is not 0 there.
    ///
    /// ```
    /// use slopes::loss::GaussianNll;
    /// let (prediction, target, variance) = ([1.0_f64, 2.0], [0.0, 2.0], [1.0, 4.0]);
    /// let loss = GaussianNll::default();
    /// assert_eq!(loss.sum(&prediction, &target, &variance), 0.5 + 2.0_f64.ln());
    /// let (mut of_prediction, mut of_variance) = ([0.0; 2], [0.0; 2]);
    /// loss.gradients(&prediction, &target, &variance, 1.0, [&mut of_prediction, &mut of_variance]);
    /// assert_eq!((of_prediction, of_variance), ([1.0, 0.0], [0.0, 0.125]));
    /// ```
    ///
    /// # Panics
    /// Methods panic if slices differ in length, before anything is written.
    GaussianNll {
        /// Lower bound eps of the variance: a smaller one counts as eps. Positive and finite; default 1e-6.
        eps ("epsilon") = 1e-6, with_eps, positive;
        /// Adds the constant ln(2 pi) / 2 to the loss. Default `false`.
        full: flag = false, with_full;
    }
}

impl GaussianNll {
    /// v = max(variance, eps); NaN if the variance is negative.
    #[inline(always)]
    fn variance<L: Lanes>(self, variance: L) -> L {
        let known = variance.select(variance.splat(0.0).le(variance), variance.splat(f64::NAN));
        known.at_least(variance.splat(self.eps))
    }
}

impl TripleFormula for GaussianNll {
    #[inline(always)]
    fn f<L: Lanes>(self, [prediction, target, variance]: [L; 3]) -> L {
        let (r, v) = (prediction - target, self.variance(variance));
        // Divided before it is squared: r^2 might overflow.
        let twice = v.ln() + r / v * r;
        if self.full { twice.mul_add(r.splat(0.5), r.splat(0.918_938_533_204_672_8)) } else { twice * 0.5 }
    }

    #[inline(always)]
    fn df<L: Lanes>(self, [prediction, target, variance]: [L; 3]) -> [L; 2] {
        let (r, v) = (prediction - target, self.variance(variance));
        let derivative = r / v;
        [derivative, (-derivative).mul_add(r, r.splat(1.0)) * 0.5 / v]
    }
}

triple! { GaussianNll: prediction, target, variance -> prediction_gradient, variance_gradient }

crate::function::function! {
    /// Margin ranking loss of two scores, one of which should exceed the other by `margin`.
    ///
    /// The first score should be the higher one where the target is +1, the second where it is -1.
    names ["margin_ranking", "margin_ranking_loss"];
    "value": "max(0, margin - target (first - second))", f32 1.0 or 2.0, f64 1.0 or 2.0,
        of "max(abs(first - second), value)";
    "gradient in the first score": "-target if the loss is positive, else 0", f32 0.0, f64 0.0;
    "gradient in the second score": "target if the loss is positive, else 0", f32 0.0, f64 0.0;
    source "R. Herbrich, T. Graepel, K. Obermayer, Large Margin Rank Boundaries for Ordinal Regression, 2000";
    range [0.0, f64::INFINITY];

    ///
    /// Any scores are in the domain; targets are -1 or +1, and any other gives NaN.
    ///
    /// ```
    /// use slopes::loss::MarginRanking;
    /// let (first, second, target) = ([3.0_f32, 3.0], [1.0, 1.0], [1.0, -1.0]);
    /// let mut losses = [0.0; 2];
    /// MarginRanking::new().with_margin(0.5)?.forward_slice(&first, &second, &target, &mut losses);
    /// assert_eq!(losses, [0.0, 2.5]);
    /// # Ok::<(), slopes::ParameterError>(())
    /// ```
    ///
    /// # Panics
    /// Methods panic if slices differ in length, before anything is written.
    MarginRanking {
        /// Margin: the difference of the scores from which the loss is 0. Finite; default 0.
        margin = 0.0, with_margin, finite;
    }
}

impl TripleFormula for MarginRanking {
    #[inline(always)]
    fn f<L: Lanes>(self, [first, second, target]: [L; 3]) -> L {
        let m = margin::margin(first - second, target);
        (m.splat(self.margin) - m).at_least(m.splat(0.0))
    }

    #[inline(always)]
    fn df<L: Lanes>(self, [first, second, target]: [L; 3]) -> [L; 2] {
        let derivative = margin::step(margin::margin(first - second, target), self.margin, -1.0, 0.0).xor_sign(target);
        [derivative, -derivative]
    }
}

triple! { MarginRanking: first, second, target -> first_gradient, second_gradient }
