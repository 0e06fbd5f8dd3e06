//! Gated linear units (GLU): one half of the numbers goes through an activation and multiplies the other.
//!
//! The units themselves are in `units.rs`.
//!
//! A product inherits the relative errors of its factors, and in ulp, a relative error is twice as large just below a
//! power of two as just above. So where the activation has an error of a ulp, that of the unit may be 2 a + 1/2, and
//! where its derivative has an error of s ulp, that of the gradient in the gate may be 2 s + 3/2. The declared bounds
//! are smaller, because the largest error of an activation in ulp is not its largest relative error: they are r + 1/2
//! and r + 3/2, r the worst relative error over all f32 in units of 2^-24.
//!
//! Limit: the arithmetic of the activation, in the backward pass that of its value and of its derivative, with a
//! division each. Over 32 768 f32 in the L2 cache (AVX-512), SwiGLU takes 3.6 times as long as copying one of its
//! inputs, and 9.5 times backward; interleaved 5.0 and 12.6 times, because pairs are split and joined in the L1 cache.

pub(crate) mod units;

use crate::check::same_length;
use crate::compiled::Here;
use crate::element::Element;
use crate::simd::{Lanes, block_on_stack};
use crate::slice::{self, Dst, Map, Src};
use crate::spec::Spec;

/// A gated linear unit (GLU) y = f(gate, up), where the gate goes through an activation and up does not.
///
/// Every [`GatedFormula`] is one. Gates and ups are two slices of the length of y, or packed into one slice of twice
/// the length, in a [`GluLayout`]. Both gradients are computed in one pass over the pairs, without a temporary array.
///
/// NaN in a pair gives NaN, and so does NaN in anything that a gradient depends on. A closed gate is a factor of 0:
/// times an infinite up it gives NaN, as in IEEE 754. Where the activation, its derivative, or half its derivative
/// times up is subnormal, it has the rounding error of a subnormal number, and its factors multiply that error.
///
/// ```
/// use slopes::activation::{GatedUnit, GluLayout, SwiGlu};
/// let swiglu = SwiGlu::default();
/// let (gate, up, dy) = ([0.0_f32, 2.0], [3.0, 0.5], [1.0, 1.0]);
/// let (mut y, mut d_gate, mut d_up) = ([0.0; 2], [0.0; 2], [0.0; 2]);
/// swiglu.forward_slice(&gate, &up, &mut y);
/// swiglu.backward_slice(&gate, &up, &dy, &mut d_gate, &mut d_up);
/// assert_eq!((y[0], d_gate[0], d_up[0]), (0.0, 1.5, 0.0));
///
/// // One row: the gates, then the ups.
/// let mut packed = [0.0; 2];
/// swiglu.forward_packed(&[0.0, 2.0, 3.0, 0.5], GluLayout::GateFirst { row: 4 }, &mut packed);
/// assert_eq!(packed, y);
/// ```
///
/// # Panics
/// Methods panic if the lengths of slices do not match, or if that of a packed slice is not a multiple of an even row
/// length, before anything is written; the message names the lengths.
pub trait GatedUnit<T: Element>: Send + Sync {
    /// The specification of the unit, for its default parameters: of its value, and of its derivatives in the gate and
    /// in up.
    #[must_use]
    fn spec(&self) -> &'static Spec {
        Spec::UNDECLARED
    }

    /// The value f(gate, up).
    fn forward(&self, gate: T, up: T) -> T;

    /// The derivatives df/dgate and df/dup.
    fn derivatives(&self, gate: T, up: T) -> [T; 2];

    /// The values of slices: y = f(gate, up).
    fn forward_slice(&self, gate: &[T], up: &[T], y: &mut [T]);

    /// The values in place of the gates: gate = f(gate, up).
    fn forward_in_place(&self, gate: &mut [T], up: &[T]);

    /// The gradients d_gate = dy df/dgate and d_up = dy df/dup, in one pass.
    fn backward_slice(&self, gate: &[T], up: &[T], dy: &[T], d_gate: &mut [T], d_up: &mut [T]);

    /// The gradients in place of the inputs: gate = dy df/dgate and up = dy df/dup, in one pass.
    fn backward_in_place(&self, gate: &mut [T], up: &mut [T], dy: &[T]);

    /// The values y = f(gate, up) of gates and ups packed in x, which is twice as long as y.
    fn forward_packed(&self, x: &[T], layout: GluLayout, y: &mut [T]);

    /// The gradients dx = dy df/dx, packed in the layout of x.
    fn backward_packed(&self, x: &[T], layout: GluLayout, dy: &[T], dx: &mut [T]);

    /// The gradients in place of the inputs: x = dy df/dx.
    fn backward_packed_in_place(&self, x: &mut [T], layout: GluLayout, dy: &[T]);
}

/// The layout of a slice that holds both gates and ups.
///
/// ```
/// use slopes::activation::{Bilinear, GatedUnit, GluLayout};
/// let (x, mut y) = ([1.0_f64, 2.0, 10.0, 20.0], [0.0; 2]);
/// Bilinear.forward_packed(&x, GluLayout::GateFirst { row: 4 }, &mut y);
/// assert_eq!(y, [10.0, 40.0]);
/// Bilinear.forward_packed(&x, GluLayout::Interleaved, &mut y);
/// assert_eq!(y, [2.0, 200.0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GluLayout {
    /// Rows of `row` numbers: first the gates, then as many ups, as in the fused projections of Llama and Phi-3.
    ///
    /// With n = row / 2, `y[r * n + i]` has the gate `x[r * row + i]` and the up `x[r * row + n + i]`.
    GateFirst {
        /// The length of a row, gates and ups together: even and positive.
        row: usize,
    },
    /// Rows of `row` numbers: first the ups, then as many gates, as in PyTorch's `glu`.
    ///
    /// With n = row / 2, `y[r * n + i]` has the up `x[r * row + i]` and the gate `x[r * row + n + i]`. To split an axis
    /// that is not the last, let `row` be the product of the lengths of that axis and of all axes after it.
    GateSecond {
        /// The length of a row, ups and gates together: even and positive.
        row: usize,
    },
    /// Gate, up, gate, up, ..., as in gpt-oss: `y[i]` has the gate `x[2 * i]` and the up `x[2 * i + 1]`.
    Interleaved,
}

impl GluLayout {
    /// The length of a row, and the offsets of its gates and of its ups; `None` if they are interleaved.
    pub(crate) fn halves(self) -> Option<(usize, [usize; 2])> {
        match self {
            GluLayout::GateFirst { row } => Some((row, [0, row / 2])),
            GluLayout::GateSecond { row } => Some((row, [row / 2, 0])),
            GluLayout::Interleaved => None,
        }
    }

    /// Panics unless the row length is even, x is a whole number of rows, and `others` are half as long as x.
    #[track_caller]
    pub(crate) fn check<const N: usize>(self, method: &str, x: usize, others: [(&str, usize); N]) {
        let row = self.halves().map_or(2, |(row, _)| row);
        assert!(row.is_multiple_of(2), "{method}: row length {row} is not even");
        let whole = x == 0 || row > 0 && x.is_multiple_of(row);
        assert!(whole, "{method}: length {x} of x is not a multiple of the row length {row}");
        for (name, len) in others {
            assert!(len == x / 2, "{method}: length {len} of {name} is not {}, half the length {x} of x", x / 2);
        }
    }
}

/// A gated linear unit written over registers, from which [`impl_gated_unit!`](crate::impl_gated_unit) makes a
/// [`GatedUnit`] for every element type, layout and instruction set.
///
/// Mark both methods `#[inline(always)]`: they must become part of the loop that calls them.
///
/// ```
/// use slopes::Lanes;
/// use slopes::activation::{GatedFormula, GatedUnit};
///
/// /// A gate clamped to [0, 1], times up.
/// #[derive(Clone, Copy)]
/// struct HardGate;
/// impl GatedFormula for HardGate {
///     #[inline(always)]
///     fn f<L: Lanes>(self, gate: L, up: L) -> L {
///         gate.at_least(gate.splat(0.0)).at_most(gate.splat(1.0)) * up
///     }
///     #[inline(always)]
///     fn gradients<L: Lanes>(self, gate: L, up: L, dy: L) -> [L; 2] {
///         let cut = gate.at_least(gate.splat(0.0)).at_most(gate.splat(1.0));
///         [dy * up.select(gate.equals(cut), cut - cut), dy * cut]
///     }
/// }
/// slopes::impl_gated_unit!(HardGate);
///
/// assert_eq!(HardGate.forward(0.5_f32, 3.0), 1.5);
/// assert_eq!(HardGate.derivatives(2.0_f64, 3.0), [0.0, 1.0]);
/// ```
pub trait GatedFormula: Copy + Send + Sync + 'static {
    /// The specification of the unit.
    const SPEC: &'static Spec = Spec::UNDECLARED;

    /// The value f(gate, up).
    fn f<L: Lanes>(self, gate: L, up: L) -> L;

    /// The gradients dy df/dgate and dy df/dup.
    fn gradients<L: Lanes>(self, gate: L, up: L, dy: L) -> [L; 2];
}

/// The number of interleaved pairs that are split at a time.
const BLOCK: usize = block_on_stack(512);

/// Aligned to a cache line, so that no register straddles two.
#[repr(align(64))]
struct Block<T>([T; BLOCK]);

/// The maps of a formula, as tuples that begin with it: this decides their codegen units (see `simd::entry`).
#[derive(Clone, Copy)]
struct Value;
impl<F: GatedFormula> Map<2, 1> for (F, Value) {
    #[inline(always)]
    fn apply<L: Lanes>(self, [gate, up]: [L; 2]) -> [L; 1] {
        [self.0.f(gate, up)]
    }
}

#[derive(Clone, Copy)]
struct Gradients;
impl<F: GatedFormula> Map<3, 2> for (F, Gradients) {
    #[inline(always)]
    fn apply<L: Lanes>(self, [gate, up, dy]: [L; 3]) -> [L; 2] {
        self.0.gradients(gate, up, dy)
    }
}

/// Splits interleaved pairs, a block at a time, and calls `then` with the index of the first pair, the number of pairs, and
/// the gates and ups, which it may overwrite.
#[inline(always)]
fn each_block_apart<T: Element>(x: Src<T::Real>, pairs: usize, mut then: impl FnMut(usize, usize, [Dst<T::Real>; 2])) {
    let (mut gates, mut ups) = (Block([T::zero(); BLOCK]), Block([T::zero(); BLOCK]));
    for start in (0..pairs).step_by(BLOCK) {
        let n = BLOCK.min(pairs - start);
        let apart = [Dst::new(&mut gates.0[..n]), Dst::new(&mut ups.0[..n])];
        slice::deinterleave(x.part(2 * start, 2 * n), apart);
        then(start, n, apart);
    }
}

fn forward_packed<T: Element, F: GatedFormula>(
    f: F,
    x: Src<T::Real>,
    layout: GluLayout,
    y: Dst<T::Real>,
    pairs: usize,
) {
    if let Some((row, places)) = layout.halves() {
        let n = row / 2;
        for start in (0..2 * pairs).step_by(row.max(1)) {
            slice::map((f, Value), places.map(|place| x.part(start + place, n)), [y.part(start / 2, n)]);
        }
        return;
    }
    each_block_apart::<T>(x, pairs, |start, n, apart| {
        slice::map((f, Value), apart.map(Dst::src), [y.part(start, n)]);
    });
}

/// The backward pass of packed pairs. `x` may alias `dx`.
fn backward_packed<T: Element, F: GatedFormula>(
    f: F,
    x: Src<T::Real>,
    layout: GluLayout,
    dy: Src<T::Real>,
    dx: Dst<T::Real>,
    pairs: usize,
) {
    if let Some((row, places)) = layout.halves() {
        let n = row / 2;
        for start in (0..2 * pairs).step_by(row.max(1)) {
            let [gate, up] = places.map(|place| x.part(start + place, n));
            let outputs = places.map(|place| dx.part(start + place, n));
            slice::map((f, Gradients), [gate, up, dy.part(start / 2, n)], outputs);
        }
        return;
    }
    each_block_apart::<T>(x, pairs, |start, n, apart| {
        let [gate, up] = apart.map(Dst::src);
        slice::map((f, Gradients), [gate, up, dy.part(start, n)], apart);
        slice::interleave([gate, up], dx.part(2 * start, 2 * n));
    });
}

/// The methods of [`GatedUnit`], for the macros of `compiled.rs`.
#[doc(hidden)]
#[macro_export]
macro_rules! __gated_unit_methods {
    ($then:path: $context:tt) => {
        $then! { $context
            forward(gate: T, up: T) -> T;
            derivatives(gate: T, up: T) -> [T; 2];
            forward_slice(gate: &[T], up: &[T], y: &mut [T]) -> ();
            forward_in_place(gate: &mut [T], up: &[T]) -> ();
            backward_slice(gate: &[T], up: &[T], dy: &[T], d_gate: &mut [T], d_up: &mut [T]) -> ();
            backward_in_place(gate: &mut [T], up: &mut [T], dy: &[T]) -> ();
            forward_packed(x: &[T], layout: $crate::activation::GluLayout, y: &mut [T]) -> ();
            backward_packed(x: &[T], layout: $crate::activation::GluLayout, dy: &[T], dx: &mut [T]) -> ();
            backward_packed_in_place(x: &mut [T], layout: $crate::activation::GluLayout, dy: &[T]) -> ();
        }
    };
}

__gated_unit_methods! { crate::compiled::declare_compute: {
    /// Computes the methods of [`GatedUnit`]: implemented by an element for the crate's own units, by [`Here`] for any
    /// formula.
    #[doc(hidden)]
    pub ComputeGated
} }

impl<F: GatedFormula, T: Element> ComputeGated<F, T> for Here {
    #[inline]
    fn forward(f: &F, gate: T, up: T) -> T {
        slice::map_scalar::<_, _, 2, 1>((*f, Value), [gate, up])[0]
    }
    #[inline]
    fn derivatives(f: &F, gate: T, up: T) -> [T; 2] {
        slice::map_scalar((*f, Gradients), [gate, up, T::one()])
    }
    #[track_caller]
    fn forward_slice(f: &F, gate: &[T], up: &[T], y: &mut [T]) {
        same_length("forward_slice", [("gate", gate.len()), ("up", up.len()), ("y", y.len())]);
        slice::map((*f, Value), [gate, up].map(Src::new), [Dst::new(y)]);
    }
    #[track_caller]
    fn forward_in_place(f: &F, gate: &mut [T], up: &[T]) {
        same_length("forward_in_place", [("gate", gate.len()), ("up", up.len())]);
        let gate = Dst::new(gate);
        slice::map((*f, Value), [gate.src(), Src::new(up)], [gate]);
    }
    #[track_caller]
    fn backward_slice(f: &F, gate: &[T], up: &[T], dy: &[T], d_gate: &mut [T], d_up: &mut [T]) {
        let [gate_len, up_len, dy_len] = [("gate", gate.len()), ("up", up.len()), ("dy", dy.len())];
        let (d_gate_len, d_up_len) = (("d_gate", d_gate.len()), ("d_up", d_up.len()));
        same_length("backward_slice", [gate_len, up_len, dy_len, d_gate_len, d_up_len]);
        slice::map((*f, Gradients), [gate, up, dy].map(Src::new), [d_gate, d_up].map(Dst::new));
    }
    #[track_caller]
    fn backward_in_place(f: &F, gate: &mut [T], up: &mut [T], dy: &[T]) {
        same_length("backward_in_place", [("gate", gate.len()), ("up", up.len()), ("dy", dy.len())]);
        let (gate, up) = (Dst::new(gate), Dst::new(up));
        slice::map((*f, Gradients), [gate.src(), up.src(), Src::new(dy)], [gate, up]);
    }
    #[track_caller]
    fn forward_packed(f: &F, x: &[T], layout: GluLayout, y: &mut [T]) {
        layout.check("forward_packed", x.len(), [("y", y.len())]);
        forward_packed::<T, F>(*f, Src::new(x), layout, Dst::new(y), x.len() / 2);
    }
    #[track_caller]
    fn backward_packed(f: &F, x: &[T], layout: GluLayout, dy: &[T], dx: &mut [T]) {
        same_length("backward_packed", [("x", x.len()), ("dx", dx.len())]);
        layout.check("backward_packed", x.len(), [("dy", dy.len())]);
        backward_packed::<T, F>(*f, Src::new(x), layout, Src::new(dy), Dst::new(dx), x.len() / 2);
    }
    #[track_caller]
    fn backward_packed_in_place(f: &F, x: &mut [T], layout: GluLayout, dy: &[T]) {
        layout.check("backward_packed_in_place", x.len(), [("dy", dy.len())]);
        let (pairs, x) = (x.len() / 2, Dst::new(x));
        backward_packed::<T, F>(*f, x.src(), layout, Src::new(dy), x, pairs);
    }
}

/// Implements [`GatedUnit`] for a [`GatedFormula`] and every element type, with kernels compiled in the calling crate.
///
/// `impl_gated_unit!(HardGate)`, or with parameters `impl_gated_unit!(<F: Formula> Gate<F>)`. See [`GatedFormula`].
#[macro_export]
macro_rules! impl_gated_unit {
    (<$($F:ident: $Bound:path),+ $(,)?> $Name:ty) => {
        $crate::impl_gated_unit! { @in $crate::compiled::Here, [$($F: $Bound,)+], $Name }
        $crate::__spec! { [$($F: $Bound,)+], $Name, $crate::activation::GatedFormula }
    };
    ($Name:ty) => {
        $crate::impl_gated_unit! { @in $crate::compiled::Here, [], $Name }
        $crate::__spec! { [], $Name, $crate::activation::GatedFormula }
    };
    (@in $place:ty, [$($generics:tt)*], $Name:ty) => {
        $crate::__gated_unit_methods! { $crate::__implement: {
            [$($generics)*] activation GatedUnit ComputeGated, $place, $Name, {
                fn spec(&self) -> &'static $crate::Spec {
                    <Self as $crate::activation::GatedFormula>::SPEC
                }
            }
        } }
    };
}
