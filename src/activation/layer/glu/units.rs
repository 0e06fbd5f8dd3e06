//! The gated linear units of the crate.

use super::{ComputeGated, GatedFormula, GatedUnit};
use crate::activation::elementwise::rectifier::constant;
use crate::activation::{Formula, Gelu, GeluTanh, Identity, Relu, Sigmoid, Swish, value, value_and_derivative};
use crate::function::function;
use crate::simd::Lanes;
use crate::{__gated_unit_methods, impl_gated_unit};

/// Implements [`GatedUnit`] for the crate's own units, compiles their kernels, and declares the enum of them.
macro_rules! gated_units {
    ($(#[$doc:meta])* $Any:ident: $($Name:ident),+ $(,)?) => {
        $(
            __gated_unit_methods! { crate::compiled::compile: { [] ComputeGated of $Name } }
            impl_gated_unit! { @in T::Kernels, [], $Name }
        )+

        pub(crate) trait GatedKernels<T>: $(ComputeGated<$Name, T> +)+ {}
        crate::compiled::for_each_element! { crate::compiled::implement_all: @of GatedKernels }

        crate::any::any! { $(#[$doc])* $Any [] of "activation" in gated_table; $($Name),+ }
        crate::any::object! { [] $Any, GatedUnit; $($Name),+ }
        __gated_unit_methods! { crate::compiled::delegate: { GatedUnit, $Any } }
    };
}

impl_gated_unit! { <F: Formula> Gated<F> }

/// The gated linear unit of any activation f: f(gate) up.
///
#[cfg_attr(doc, doc = include_str!("../../../../doc/plots/row/gated.html"))]
///
/// - value: `f(gate) up`
/// - derivative in the gate: `up f'(gate)`
/// - derivative in up: `f(gate)`
/// - source: N. Shazeer, GLU Variants Improve Transformer, arXiv:2002.05202
///
/// With a and s the worst errors of f and of its derivative, in ulp, the worst error of the value and of the gradient
/// in up is 2 a + 1/2, that of the gradient in the gate 2 s + 3/2.
///
/// ```
/// use slopes::activation::{Activation, Gated, GatedUnit, Mish};
/// assert_eq!(Gated(Mish).forward(0.5_f32, 2.0), 2.0 * Mish.forward(0.5_f32));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Gated<F>(pub F);

impl<F: Formula> GatedFormula for Gated<F> {
    #[inline(always)]
    fn f<L: Lanes>(self, gate: L, up: L) -> L {
        value(self.0, gate) * up
    }
    #[inline(always)]
    fn gradients<L: Lanes>(self, gate: L, up: L, dy: L) -> [L; 2] {
        let [value, slope] = value_and_derivative(self.0, gate);
        [product(slope, up, dy), dy * value]
    }
}

/// slope up dy. The derivatives of most activations are below 2 in magnitude: half of one times up does not overflow to
/// infinity, which a dy of 0 would turn into NaN.
#[inline(always)]
fn product<L: Lanes>(slope: L, up: L, dy: L) -> L {
    let half = slope * 0.5 * up * dy;
    half + half
}

/// Implements [`GatedFormula`] for units that are [`Gated`] by an activation.
macro_rules! gated {
    ($($Name:ident: |$unit:ident| $activation:expr;)+) => {
        $(impl GatedFormula for $Name {
            const SPEC: &'static crate::Spec = $Name::SPEC;
            #[inline(always)]
            fn f<L: Lanes>(self, gate: L, up: L) -> L {
                let $unit = self;
                Gated($activation).f(gate, up)
            }
            #[inline(always)]
            fn gradients<L: Lanes>(self, gate: L, up: L, dy: L) -> [L; 2] {
                let $unit = self;
                Gated($activation).gradients(gate, up, dy)
            }
        })+
    };
}
gated! {
    Glu: |_unit| Sigmoid;
    SwiGlu: |unit| Swish { beta: unit.beta };
    GeGlu: |_unit| Gelu;
    GeGluTanh: |_unit| GeluTanh;
    ReGlu: |_unit| Relu;
    Bilinear: |_unit| Identity;
}

function! {
    /// The gated linear unit (GLU): up times the logistic function of the gate.
    names ["glu"];
    "value": "s(gate) up, s(z) = 1 / (1 + exp(-z))", f32 3.5, f64 3.5;
    "derivative in the gate": "up s(gate) s(-gate)", f32 4.25, f64 4.25;
    "derivative in up": "s(gate)", f32 3.5, f64 3.5;
    source "Y. Dauphin et al., Language Modeling with Gated Convolutional Networks, arXiv:1612.08083";
    range [f64::NEG_INFINITY, f64::INFINITY];

    /// ```
    /// use slopes::activation::{Activation, GatedUnit, Glu, Sigmoid};
    /// assert_eq!(Glu.forward(0.5_f64, 4.0), 4.0 * Sigmoid.forward(0.5_f64));
    /// assert!((Glu.forward(0.5_f64, 4.0) - 2.4898373248074184).abs() < 1e-14);
    /// ```
    Glu;
}

function! {
    /// The GELU gated linear unit (GeGLU): up times the [`Gelu`] of the gate.
    names ["geglu"];
    "value": "gelu(gate) up", f32 3.5, f64 3.5;
    "derivative in the gate": "up gelu'(gate)", f32 4.5 or 0.25, f64 4.5 or 0.25,
        of "abs(up) + 12 abs(derivative), within 1 of the root of gelu'";
    "derivative in up": "gelu(gate)", f32 3.5, f64 3.5;
    source "N. Shazeer, GLU Variants Improve Transformer, arXiv:2002.05202";
    range [f64::NEG_INFINITY, f64::INFINITY];

    /// ```
    /// use slopes::activation::{Activation, GatedUnit, GeGlu, Gelu};
    /// assert_eq!(GeGlu.forward(0.5_f64, 4.0), 4.0 * Gelu.forward(0.5_f64));
    /// assert!((GeGlu.forward(0.5_f64, 4.0) - 1.3829249225480262).abs() < 1e-14);
    /// ```
    GeGlu;
}

function! {
    /// The tanh-approximated GELU gated linear unit (GeGLU): up times the [`GeluTanh`] of the gate.
    names ["geglu_tanh"];
    "value": "gelu_tanh(gate) up", f32 3.5, f64 3.5;
    "derivative in the gate": "up gelu_tanh'(gate)", f32 5.5 or 0.35, f64 5.5 or 0.35,
        of "abs(up) + 9 abs(derivative), within 1 of the root of gelu_tanh'";
    "derivative in up": "gelu_tanh(gate)", f32 3.5, f64 3.5;
    source "N. Shazeer, GLU Variants Improve Transformer, arXiv:2002.05202";
    range [f64::NEG_INFINITY, f64::INFINITY];

    ///
    /// For networks trained with it, such as Gemma.
    ///
    /// ```
    /// use slopes::activation::{Activation, GatedUnit, GeGluTanh, GeluTanh};
    /// assert_eq!(GeGluTanh.forward(0.5_f64, 4.0), 4.0 * GeluTanh.forward(0.5_f64));
    /// assert!((GeGluTanh.forward(0.5_f64, 4.0) - 1.3828560393005758).abs() < 1e-14);
    /// ```
    GeGluTanh;
}

function! {
    /// The ReLU gated linear unit (ReGLU): up times the [`Relu`] of the gate.
    names ["reglu"];
    "value": "max(0, gate) up", f32 0.5, f64 0.5;
    "derivative in the gate": "up if gate > 0, else 0", f32 0.5, f64 0.5;
    "derivative in up": "max(0, gate)", f32 0.5, f64 0.5;
    source "N. Shazeer, GLU Variants Improve Transformer, arXiv:2002.05202";
    range [f64::NEG_INFINITY, f64::INFINITY];

    ///
    /// The derivative at a gate of 0 is 0, that of the left side.
    ///
    /// ```
    /// use slopes::activation::{GatedUnit, ReGlu};
    /// assert_eq!([-0.5, 0.5].map(|gate| ReGlu.forward(gate, 4.0_f64)), [0.0, 2.0]);
    /// ```
    ReGlu;
}

function! {
    /// The bilinear gated unit: the product of gate and up, without an activation.
    names ["bilinear"];
    "value": "gate up", f32 0.5, f64 0.5;
    "derivative in the gate": "up", f32 0.5, f64 0.5;
    "derivative in up": "gate", f32 0.5, f64 0.5;
    source "A. Mnih, G. Hinton, Three New Graphical Models for Statistical Language Modelling, 2007";
    range [f64::NEG_INFINITY, f64::INFINITY];

    /// ```
    /// use slopes::activation::{Bilinear, GatedUnit};
    /// assert_eq!(Bilinear.forward(0.5_f64, 4.0), 2.0);
    /// ```
    Bilinear;
}

function! {
    /// The swish gated linear unit (SwiGLU): up times the [`Swish`] of the gate, as in Llama and Mistral.
    names ["swiglu", "swish_glu", "silu_glu"];
    "value": "gate s(beta gate) up, s(z) = 1 / (1 + exp(-z))", f32 3.5, f64 3.5;
    "derivative in the gate": "up swish'(gate)", f32 4.5 or 0.25, f64 4.5 or 0.25,
        of "abs(up) + 12 abs(derivative), within 1 of the root of swish'";
    "derivative in up": "swish(gate)", f32 3.5, f64 3.5;
    source "N. Shazeer, GLU Variants Improve Transformer, arXiv:2002.05202";
    range [f64::NEG_INFINITY, f64::INFINITY];

    ///
    /// Where beta is not 1, the error of the derivative in the gate is 1 ulp larger.
    ///
    /// ```
    /// use slopes::activation::{Activation, GatedUnit, SwiGlu, Swish};
    /// assert_eq!(SwiGlu::DEFAULT.forward(0.5_f64, 4.0), 4.0 * Swish::SILU.forward(0.5_f64));
    /// assert!((SwiGlu::DEFAULT.forward(0.5_f64, 4.0) - 1.2449186624037092).abs() < 1e-14);
    /// ```
    SwiGlu new of "activation" {
        /// The sharpness beta of the gate: from 1e-15 to 1e15 in magnitude, 1 by default. See [`Swish::beta`].
        beta = 1.0, |b| (1e-15..=1e15).contains(&b.abs()) => "must be from 1e-15 to 1e15 in magnitude";
    }
}

function! {
    /// The clamped swish gated linear unit of gpt-oss and DeepSeek-V4: [`SwiGlu`] of clamped inputs, with a constant
    /// added to up.
    names ["clamped_swiglu", "swiglu_oai"];
    "value": "(u + bias) g s(alpha g), g = min(gate, limit), u = min(max(-limit, up), limit), s(z) = 1 / (1 + exp(-z))",
        f32 4.5, f64 4.5;
    "derivative in the gate": "(u + bias) swish'(g) if gate <= limit, else 0",
        f32 6.5 or 0.25, f64 6.5 or 0.25, of "abs(u + bias) + 20 abs(derivative), within 1 of the root of swish'";
    "derivative in up": "swish(g) if abs(up) <= limit, else 0", f32 3.5, f64 3.5;
    source "OpenAI, gpt-oss-120b & gpt-oss-20b Model Card, arXiv:2508.10925, and the code published with it";
    range [f64::NEG_INFINITY, f64::INFINITY];

    ///
    /// The default parameters are those of gpt-oss, where alpha is 1.702, the limit 7, and the bias 1; DeepSeek-V4 has 1,
    /// 10 and 0 ([`DEEPSEEK_V4`](Self::DEEPSEEK_V4)). The kinks are at the limits, where the derivatives are those of the
    /// inner side, as in PyTorch's `clamp`.
    ///
    /// ```
    /// use slopes::activation::{ClampedSwiGlu, GatedUnit, SwiGlu};
    /// assert_eq!(ClampedSwiGlu::DEEPSEEK_V4.forward(2.0_f32, 12.0), SwiGlu::DEFAULT.forward(2.0, 10.0));
    ///
    /// let unit = ClampedSwiGlu::GPT_OSS;
    /// assert_eq!(unit.forward(9.0_f32, -8.0), unit.forward(7.0, -7.0));
    /// assert_eq!(unit.derivatives(9.0_f32, -8.0), [0.0, 0.0]);
    ///
    /// let error = ClampedSwiGlu::new(1.702, -7.0, 1.0).unwrap_err();
    /// assert_eq!(error.to_string(), "parameter limit = -7 must be positive");
    /// ```
    ClampedSwiGlu new of "activation" {
        /// The sharpness alpha of the gate: from 1e-15 to 1e15 in magnitude, 1.702 by default.
        alpha ("activation_alpha") = 1.702, |a| (1e-15..=1e15).contains(&a.abs()) => "must be from 1e-15 to 1e15 in magnitude";
        /// The largest gate, and the largest magnitude of up: positive, may be infinite, 7 by default.
        limit ("swiglu_limit") = 7.0, |limit| limit > 0.0 => "must be positive";
        /// What is added to up, once it is clamped: from -1e15 to 1e15, 1 by default.
        bias ("activation_beta") = 1.0, |bias| (-1e15..=1e15).contains(&bias) => "must be from -1e15 to 1e15";
    }
}

impl ClampedSwiGlu {
    /// The unit of gpt-oss, the default.
    pub const GPT_OSS: Self = Self::DEFAULT;
    /// The unit of DeepSeek-V4: alpha 1, the limit 10, and nothing added.
    pub const DEEPSEEK_V4: Self = Self { alpha: 1.0, limit: 10.0, bias: 0.0 };

    /// u + bias; -0 where the bias is 0 and u is -0.
    #[inline(always)]
    fn factor<L: Lanes>(self, u: L) -> L {
        if self.bias == 0.0 { u } else { u + self.bias }
    }

    #[inline(always)]
    fn cut<L: Lanes>(self, gate: L, up: L) -> (L, L) {
        let limit = gate.splat(self.limit);
        (gate.at_most(limit), up.at_most(limit).at_least(-limit))
    }
}

impl GatedFormula for ClampedSwiGlu {
    const SPEC: &'static crate::Spec = ClampedSwiGlu::SPEC;
    #[inline(always)]
    fn f<L: Lanes>(self, gate: L, up: L) -> L {
        let (g, u) = self.cut(gate, up);
        Gated(Swish { beta: self.alpha }).f(g, self.factor(u))
    }
    #[inline(always)]
    fn gradients<L: Lanes>(self, gate: L, up: L, dy: L) -> [L; 2] {
        let (g, u) = self.cut(gate, up);
        let (value, slope) = Swish { beta: self.alpha }.f_and_df(g);
        // The derivative in a clamped input is 0.
        let slope = slope.select(gate.equals(g), constant(gate, 0.0));
        let value = value.select(up.equals(u), constant(value + u, 0.0));
        [product(slope, self.factor(u), dy), dy * value]
    }
}

gated_units! {
    /// Any gated linear unit, chosen at run time: an enum that can be copied, compared, hashed, written as text and
    /// parsed. The text is the name of the unit, followed by its parameters if it has any, as for
    /// [`AnyActivation`](crate::activation::AnyActivation):
    ///
    /// ```
    /// use slopes::activation::{AnyGatedUnit, GatedUnit, SwiGlu};
    ///
    /// let unit: AnyGatedUnit = "SwiGLU".parse()?;
    /// assert_eq!(unit, SwiGlu::DEFAULT.into());
    /// assert_eq!(unit.to_string(), "swiglu(beta=1)");
    /// assert_eq!(unit.forward(2.0_f32, 3.0), SwiGlu::DEFAULT.forward(2.0, 3.0));
    /// # Ok::<(), slopes::ParseError>(())
    /// ```
    ///
    /// In a layer of a network:
    ///
    /// ```
    /// use slopes::activation::{AnyGatedUnit, GatedUnit, GluLayout};
    ///
    /// /// The gated part of a feed-forward layer, whose gates and ups are the halves of each row.
    /// #[derive(Clone, Debug, PartialEq, Eq, Hash)]
    /// struct FeedForward {
    ///     width: usize,
    ///     unit: AnyGatedUnit,
    /// }
    /// impl FeedForward {
    ///     fn forward(&self, projected: &[f32], y: &mut [f32]) {
    ///         self.unit.forward_packed(projected, GluLayout::GateFirst { row: 2 * self.width }, y);
    ///     }
    /// }
    /// let layer = FeedForward { width: 2, unit: AnyGatedUnit::by_name("reglu").unwrap() };
    /// let mut y = [0.0; 2];
    /// layer.forward(&[1.0, -1.0, 3.0, 3.0], &mut y);
    /// assert_eq!(y, [3.0, 0.0]);
    /// ```
    AnyGatedUnit: Glu, SwiGlu, GeGlu, GeGluTanh, ReGlu, Bilinear, ClampedSwiGlu,
}
