//! Activations made of the hyperbolic tangent: near 0 by series, so that nothing cancels, elsewhere by the logistic
//! tail of 2 |x|.

use super::sigmoid::{bell_derivative, lifted_bell_derivative};
use super::swish::Scaled;
use crate::activation::{Formula, activation};
use crate::math::FloatMath;
use crate::math::exp::{self, power_of_two};
use crate::math::logistic::{Tail, lower};
use crate::math::pair::HiLo;
use crate::math::polynomial::polynomial;
use crate::math::rounding::fma_emulated;
use crate::math::tanh::{self, SMALL, excess, ln_cosh, tanh_by_tail};
use crate::simd::Lanes;

activation! {
    /// The hyperbolic tangent (tanh).
    ///
    /// It is the [`Sigmoid`](crate::activation::Sigmoid) s, stretched and moved: `tanh(z) = 2 s(2 z) - 1`. The formula is no
    /// way to compute it: near 0 its digits cancel.
    ///
    /// ```
    /// use slopes::activation::{Activation, Sigmoid, Tanh};
    /// for z in [-3.0_f64, -0.5, 0.0, 1.0, 20.0] {
    ///     assert!((Tanh.forward(z) - (2.0 * Sigmoid.forward(2.0 * z) - 1.0)).abs() < 1e-15);
    /// }
    /// assert_eq!((Tanh.forward(1e-20_f64), 2.0 * Sigmoid.forward(2e-20_f64) - 1.0), (1e-20, 0.0));
    /// ```
    Tanh names ["tanh"];
    formula "tanh(x)", "1 - tanh(x)^2", "-2 tanh(x) (1 - tanh(x)^2)";
    source "definition";
    example [1.0] = [0.7615941559557649, 0.4199743416140261];
    limits [[-1.0, 1.0], [0.0, 0.0], [0.0, 0.0]];
    range [-1.0, 1.0], monotone true, Odd;
    f32 [1.5, 2.25, 4.0]; f64 [1.5, 2.25, 4.0];
    in (self, x)
    f { x.tanh() }
    // 4 s(2 x) s(-2 x).
    df { tanh::derivative(Tail::at_double(x)) }
    // 8 s''(2 x).
    d2f { bell_derivative(Tail::at_double(x), 8.0).xor_sign(x) }
}

activation! {
    /// Soft capping of logits: cap times the hyperbolic tangent of x / cap, near x at 0 and within the cap everywhere.
    ///
    /// Gemma 2 caps its final logits at 30, as Grok does, and its attention scores at 50
    /// ([`ATTENTION`](SoftCap::ATTENTION)).
    SoftCap {
        /// The cap, which the value tends to: from 1e-10 to 1e10, 30 by default.
        cap ("softcap", "logit_softcap") = 30.0, |cap| (1e-10..=1e10).contains(&cap) => "must be from 1e-10 to 1e10";
    }
    names ["soft_cap", "tanh_soft_cap", "logit_soft_capping"];
    formula "cap tanh(x / cap)", "1 - tanh(x / cap)^2", "-2 / cap tanh(x / cap) (1 - tanh(x / cap)^2)";
    source "Gemma Team, Gemma 2: Improving Open Language Models at a Practical Size, arXiv:2408.00118";
    example [15.0] = [13.863514717800292, 0.7864477329659274];
    limits [[-30.0, 30.0], [0.0, 0.0], [0.0, 0.0]];
    range [-30.0, 30.0], monotone true, Odd;
    f32 [2.25, 2.25, 4.25]; f64 [2.25, 2.25, 4.25];
    in (self, x)
    f {
        // Near 0, x plus the product of x and tanh z / z - 1; elsewhere cap - 2 cap t, t the logistic tail of 2 z.
        let double = self.double(x);
        let z = double.magnitude * 0.5;
        let square = z * z;
        let a = x.abs();
        let small = (polynomial(square, <L::Real as tanh::Constants>::TANH) * square).mul_add(a, a);
        let cap = x.splat(self.cap);
        let large = double.tail().value().mul_add(cap * -2.0, cap);
        small.select(z.lt(z.splat(SMALL)), large).copysign(x)
    }
    df { tanh::derivative(self.double(x).tail()) }
    d2f {
        let double = self.double(x);
        let cap = self.rounded_to::<L::Real>().cap;
        let y = HiLo::per(8.0, cap).times(lifted_bell_derivative(double.tail()));
        // -2 x / cap^2 near 0, lifted, because 2 x / cap may be subnormal where this is not.
        let factor = x.fill(HiLo::<L::Real>::per(2.0, cap).high);
        let near = x.abs() * power_of_two(<L::Real as exp::Constants>::LIFT) * factor * (factor * 0.5);
        (near.select(double.magnitude.lt(x.splat(power_of_two(-60))), y) * lower::<L>()).copysign(-x)
    }
}

impl SoftCap {
    /// The cap of Gemma 2's attention scores, 50.
    pub const ATTENTION: Self = Self { cap: 50.0 };

    /// 2 x / cap.
    #[inline(always)]
    fn double<L: Lanes>(self, x: L) -> Scaled<L> {
        Scaled::by(x, HiLo::per(2.0, self.rounded_to::<L::Real>().cap), <L::Real as exp::Constants>::EXP_VANISHING)
    }
}

activation! {
    /// The tanh shrinkage function (Tanhshrink): x minus its hyperbolic tangent.
    TanhShrink names ["tanh_shrink"];
    formula "x - tanh(x)", "tanh(x)^2", "2 tanh(x) (1 - tanh(x)^2)";
    source "definition";
    example [1.0] = [0.23840584404423512, 0.580025658385974];
    limits [[f64::NEG_INFINITY, f64::INFINITY], [1.0, 1.0], [0.0, 0.0]];
    range [f64::NEG_INFINITY, f64::INFINITY], monotone true, Odd;
    f32 [2.0, 2.5, 4.0]; f64 [2.0, 2.5, 4.0];
    in_f64 [true, false, false];
    in (self, x)
    f {
        // Scaled up by 2^40, so that the error terms of the products do not underflow.
        let a = x.abs();
        let up = a * power_of_two(40);
        let square = up * up;
        let cube = square * up;
        let err = up.mul_error(up, square).mul_add(up, square.mul_error(up, cube));
        let ratio = polynomial(square * power_of_two(-80), <L::Real as tanh::Constants>::TANH_SHRINK);
        let small = fma_emulated(cube, ratio, ratio * err) * power_of_two(-120);
        // a - 1 + 2 t, corrected by the error term of the tail t: near 0.8125, 2 t is larger than the sum.
        let tail = Tail::at_double(x);
        let (d, error) = tail.reciprocal_and_error();
        let t = tail.power * d * 2.0;
        let large = (a - 1.0) + t + error * t;
        small.select(a.lt(a.splat(0.8125)), large).copysign(x)
    }
    df {
        // (a - e)^2 with e = a - tanh a; and 1 - 4 t (1 - t).
        let a = x.abs();
        let e = excess(a);
        let small = fma_emulated(a, a, e * (a + a + e));
        let t = Tail::at_double(x).value() * 4.0;
        let large = (t * 0.25).mul_add(t, a.splat(1.0) - t);
        small.select(a.lt(a.splat(SMALL)), large)
    }
    d2f { -Tanh.d2f(x) }
}

activation! {
    /// The linearly scaled hyperbolic tangent (LiSHT): x tanh(x), near x^2 at 0 and near |x| far from it.
    Lisht names ["lisht"];
    formula "x tanh(x)", "tanh(x) + x (1 - tanh(x)^2)", "2 (1 - tanh(x)^2) (1 - x tanh(x))";
    source "S. Roy et al., LiSHT, arXiv:1901.05894";
    example [1.0] = [0.7615941559557649, 1.1815684975697909];
    limits [[f64::INFINITY, f64::INFINITY], [-1.0, 1.0], [0.0, 0.0]];
    roots [&[], &[], &[-1.199_678_640_257_733_8, 1.199_678_640_257_733_8]];
    range [0.0, f64::INFINITY], monotone false, Even;
    f32 [1.75, 2.0, 4.0], floor [0.0, 0.0, 1.05]; f64 [1.75, 2.0, 4.0], floor [0.0, 0.0, 0.5];
    in (self, x)
    f {
        let a = x.abs();
        let small = fma_emulated(a, a, excess(a) * a);
        // a - 2 a t, with a clamped in the product, where t has become 0.
        let end = a.at_most(a.splat(<L::Real as exp::Constants>::EXP_CUTOFF));
        let large = (Tail::at_double(x).value() * end).mul_add(a.splat(-2.0), a);
        small.select(a.lt(a.splat(SMALL)), large)
    }
    df {
        let a = x.abs().at_most(x.splat(<L::Real as exp::Constants>::EXP_CUTOFF));
        // Both from the same tail.
        Tanh.df(a).mul_add(a, tanh_by_tail(a)).copysign(x)
    }
    d2f {
        let a = x.abs().at_most(x.splat(<L::Real as exp::Constants>::EXP_CUTOFF));
        let small = fma_emulated(a, a, excess(a) * a);
        // The lifted derivative of tanh times 1 - a tanh a = 1 - a + 2 a t, where 1 - a is exact near the root.
        let tail = Tail::at_double(x);
        let d = tail.reciprocal();
        let (t, lifted) = (tail.power * d, tail.lifted * d);
        let large = (t * a).mul_add(a.splat(2.0), a.splat(1.0) - a);
        let bend = (a.splat(1.0) - small).select(a.lt(a.splat(SMALL)), large);
        (-t).mul_add(lifted, lifted) * bend * (8.0 * lower::<L>())
    }
}

activation! {
    /// The logarithm of the hyperbolic cosine (log-cosh): near x^2 / 2 at 0 and near |x| - ln 2 far from it.
    LogCosh names ["log_cosh"];
    formula "ln(cosh(x))", "tanh(x)", "1 - tanh(x)^2";
    source "definition";
    example [1.0] = [0.4337808304830272, 0.7615941559557649];
    limits [[f64::INFINITY, f64::INFINITY], [-1.0, 1.0], [0.0, 0.0]];
    range [0.0, f64::INFINITY], monotone false, Even;
    f32 [2.0, 1.5, 2.25]; f64 [2.0, 1.5, 2.25];
    in_f64 [true, false, false];
    in (self, x)
    f { ln_cosh(x, None) }
    df { Tanh.f(x) }
    d2f { Tanh.df(x) }
}
