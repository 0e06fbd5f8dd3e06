//! Smooth rectifiers (softplus, log-sigmoid, squareplus): the linear side plus a tail of its own relative accuracy,
//! added in one fused step, so that neither cancels the other.

use super::swish::{Scaled, scaled};
use crate::activation::{Formula, activation};
use crate::element::Element as _;
use crate::math::exp::{Constants, Reduced, excess, power_of_two, reduce};
use crate::math::log::{LN_1P_EXP_BEND, ln_1p_exp, ln_1p_ratio};
use crate::math::logistic::lower;
use crate::math::rounding::{div_remainder, fast_two_sum, fma_emulated, reciprocal, two_sum};
use crate::simd::{Lanes, Real};

activation! {
    /// The softplus function: ln(1 + exp(beta x)) / beta, a smooth rectifier whose derivative is the logistic function.
    ///
    /// Accurate for every x: there is no threshold beyond which it is replaced by x.
    Softplus {
        /// The sharpness beta of the bend: from 1e-15 to 1e15, 1 by default.
        beta = 1.0, |b| (1e-15..=1e15).contains(&b) => "must be from 1e-15 to 1e15";
    }
    names ["softplus", "log1pexp"];
    formula "ln(1 + exp(beta x)) / beta", "s(beta x), s(z) = 1 / (1 + exp(-z))", "beta s(beta x) s(-beta x)";
    source "C. Dugas et al., Incorporating Second-Order Functional Knowledge for Better Option Pricing, 2000";
    example [1.0] = [1.3132616875182228, 0.7310585786300049];
    limits [[0.0, f64::INFINITY], [0.0, 1.0], [0.0, 0.0]];
    range [0.0, f64::INFINITY], monotone true, Neither;
    f32 [2.0, 2.0, 2.0]; f64 [2.0, 2.0, 2.0];
    in_f64 [true, false, false];
}

impl Softplus {
    /// ln(1 + e^z) / beta, beyond the bend x + ln(1 + e^-z) / beta. The error term of 1 / beta goes into small terms.
    #[inline(always)]
    fn value_of<L: Lanes>(self, x: L, z: Scaled<L>) -> L {
        let signed = z.magnitude.copysign(x);
        let linear = x.splat(LN_1P_EXP_BEND).lt(signed);
        let argument = (-signed).select(linear, signed);
        let base = x.select(linear, x.splat(0.0));
        let Some(low) = z.low else {
            return ln_1p_exp(argument, None, None).mul_add(x.splat(lower::<L>()), base);
        };
        let beta = x.splat(self.beta);
        let (inverse, err) = reciprocal(beta, x.splat(0.0));
        let tail = ln_1p_exp(argument, Some(low.xor_sign(argument)), Some(err));
        tail.mul_add(inverse * lower::<L>(), base)
    }

    #[inline(always)]
    fn derivative_of<L: Lanes>(self, x: L, z: Scaled<L>) -> L {
        z.tail().logistic(x)
    }

    #[inline(always)]
    fn second_derivative_of<L: Lanes>(self, x: L, z: Scaled<L>) -> L {
        let tail = z.tail();
        let d = tail.reciprocal();
        (-(tail.power * d)).mul_add(d, d) * tail.lifted * (x.splat(self.beta) * lower::<L>())
    }
}

scaled! { Softplus: f = value_of, df = derivative_of, d2f = second_derivative_of }

activation! {
    /// The logarithm of the logistic function (log-sigmoid): the log-probability whose log-odds are x.
    ///
    /// Accurate also where the probability rounds to 0 or 1.
    LogSigmoid names ["log_sigmoid"];
    formula "-ln(1 + exp(-x))", "s(-x), s(z) = 1 / (1 + exp(-z))", "-s(x) s(-x)";
    source "definition";
    example [1.0] = [-0.3132616875182228, 0.2689414213699951];
    limits [[f64::NEG_INFINITY, -0.0], [1.0, 0.0], [0.0, 0.0]];
    range [f64::NEG_INFINITY, 0.0], monotone true, Neither;
    f32 [2.0, 2.0, 2.0]; f64 [2.0, 2.0, 2.0];
    in_f64 [true, false, false];
    in (self, x)
    f { -Softplus::DEFAULT.f(-x) }
    df { Softplus::DEFAULT.df(-x) }
    d2f { -Softplus::DEFAULT.d2f(x) }
}

activation! {
    /// The square root of the softplus function: sqrt(ln(1 + exp(x))), near exp(x / 2) far below 0 and near sqrt(x) far
    /// above.
    ///
    /// The router of DeepSeek-V4 scores its experts with it. Relative accuracy holds down into the subnormal numbers:
    /// the value is positive from -208 on (-1490 in f64), where 1 + exp(x) rounds to 1 from -17 on.
    SqrtSoftplus names ["sqrt_softplus"];
    formula "sqrt(ln(1 + exp(x)))", "s(x) / (2 f(x)), s(x) = 1 / (1 + exp(-x))",
        "s(x) s(-x) / (2 f(x)) - s(x)^2 / (4 f(x)^3)";
    source "DeepSeek-AI, DeepSeek-V4, the code published with it";
    example [1.0] = [1.145976303209723, 0.3189675809972727];
    limits [[0.0, f64::INFINITY], [0.0, 0.0], [0.0, -0.0]];
    roots [&[], &[], &[0.921_422_508_655_360_3]];
    range [0.0, f64::INFINITY], monotone true, Neither;
    f32 [1.5, 4.0, 6.5], floor [0.0, 0.0, 0.4]; f64 [1.5, 4.0, 6.5], floor [0.0, 0.0, 0.4];
    in_f64 [true; 3];
    in (self, x)
    f {
        let p = RootParts::of(x);
        p.log().0.sqrt() * p.lower
    }
    df {
        let p = RootParts::of(x);
        p.numerator() / ((p.e + 1.0) * p.log().0.sqrt()) * (p.lower * 0.5)
    }
    d2f {
        // The derivative times (2 g - 1) / (2 g (1 + e)), with g = ln(1 + e) / e; beyond the bend, with e = e^-x and
        // l = ln(1 + e^x), times (2 e l - 1) / (2 l (1 + e)), where 2 e l nearly cancels 1 beside the root.
        let p = RootParts::of(x);
        let (zero, one, two) = (x.splat(0.0), x.splat(1.0), x.splat(2.0));
        let (log, lost) = p.log();
        // Beyond `far`, e is 0; where the logarithm is clamped to the largest number, so is the result.
        let far = x.splat(power_of_two(60));
        let log = log.at_most(x.fill(L::Real::MAX));
        let (near, lost) = (log.at_most(far) * two, lost.select(log.lt(far), zero));
        let above = fma_emulated(p.e, near, -one) + (p.low * near + p.e * (lost * two));
        let bend = above.select(p.linear, p.ratio.mul_add(two, one));
        // (1 + e)^2, with the error term of the sum; times the root of the logarithm.
        let sum = p.e + one;
        let sum_lost = p.e - (sum - one);
        let factor = (sum_lost * two).mul_add(sum, sum * sum) * log.sqrt();
        // The logarithm to the power 3/2 would overflow before its reciprocal is 0, if it were not lowered.
        let whole = (log * lower::<L>()).select(p.linear, (p.ratio + one) * lower::<L>());
        let part = (lost * (1.5 * lower::<L>())).select(p.linear, zero);
        bend * p.numerator() / factor.mul_add(whole, factor * part) * (p.lower * (0.25 * lower::<L>()))
    }
}

/// The parts of sqrt(ln(1 + e^x)).
#[derive(Clone, Copy)]
struct RootParts<L: Lanes> {
    x: L,
    /// Whether x is beyond the bend, where ln(1 + e^x) is x + ln(1 + e^-x).
    linear: L::Mask,
    /// e^x, beyond the bend e^-x. 0 far from 0, where that is lost beside 1.
    e: L,
    /// The error term of e.
    low: L,
    /// ln(1 + e) / e - 1.
    ratio: L,
    /// e, or e lifted by an even power of two where it may be subnormal, though its root is not.
    lifted: L,
    /// The factor that undoes the lift of the root of `lifted`.
    lower: L,
}

impl<L: Lanes> RootParts<L> {
    #[inline(always)]
    fn of(x: L) -> Self {
        let (zero, one) = (x.splat(0.0), x.splat(1.0));
        let linear = x.splat(LN_1P_EXP_BEND).lt(x);
        // e is lifted before it may be subnormal, down to the end, where its root is 0.
        let deep = x.splat(-0.7 * L::Real::EXP_CUTOFF);
        let end = x.splat(8.0 - 2.0 * L::Real::EXP_CUTOFF);
        let Reduced { n, r, .. } = reduce((-x).at_least(deep).select(linear, x.at_least(end)), 0);
        let (lost_beside_1, deep) = ((-x.abs()).lt(deep), x.lt(deep));
        let lift = L::Real::BIAS.into_f64() as i32 * 4 / 5;
        let exponent = n + x.splat(2.0 * f64::from(lift)).select(deep, zero);
        let power = (exponent + x.power_magic()).to_power();
        let (sum, lost) = fast_two_sum(one, excess(r));
        let lifted = sum * power;
        let (e, low) = (zero.select(lost_beside_1, lifted), zero.select(lost_beside_1, lost * power));
        let lower = x.splat(power_of_two(-lift)).select(deep, one);
        Self { x, linear, e, low, ratio: ln_1p_ratio(e), lifted, lower }
    }

    /// ln(1 + e^x), lifted as e is, and beyond the bend its error term.
    #[inline(always)]
    fn log(self) -> (L, L) {
        let log = fma_emulated(self.ratio, self.lifted, self.lifted);
        let sum = self.x + log;
        (sum.select(self.linear, log), log - (sum - self.x))
    }

    /// e^x / (1 + e^x) times 1 + e.
    #[inline(always)]
    fn numerator(self) -> L {
        self.x.splat(1.0).select(self.linear, self.lifted)
    }
}

activation! {
    /// The squareplus function: (x + sqrt(x^2 + b)) / 2, a smooth rectifier without exponentials.
    Squareplus {
        /// The roundness b of the bend, the value at 0 being sqrt(b) / 2: from 1e-10 to 1e10, 4 by default.
        b = 4.0, |b| (1e-10..=1e10).contains(&b) => "must be from 1e-10 to 1e10";
    }
    names ["squareplus"];
    formula "(x + sqrt(x^2 + b)) / 2", "(1 + x / sqrt(x^2 + b)) / 2", "b / (2 (x^2 + b)^(3/2))";
    source "J. Barron, Squareplus, arXiv:2112.11687";
    example [1.0] = [1.618033988749895, 0.7236067977499789];
    limits [[0.0, f64::INFINITY], [0.0, 1.0], [0.0, 0.0]];
    range [0.0, f64::INFINITY], monotone true, Neither;
    f32 [2.0, 1.0, 2.0]; f64 [2.0, 1.0, 2.0];
    in_f64 [true; 3];
    in (self, x)
    f {
        // Below 0 by the conjugate: b / 2 divided by the sum |x| + sqrt(x^2 + b), half of which is the value above 0.
        let root = self.root(x);
        let sum = root.whole + (root.a + root.err);
        let negative = (x.splat(self.b) * 0.5) * root.scale / sum;
        let negative = x.splat(0.0).select(x.equals(x.splat(f64::NEG_INFINITY)), negative);
        // Far above 0 the value is x, infinity included.
        let positive = x.select(root.scale.lt(x.splat(1.0)), sum * 0.5);
        negative.select(x.lt(x.splat(0.0)), positive)
    }
    df {
        // b / 2 divided by the root times that sum, which is the derivative below 0, and 1 minus the derivative above.
        let root = self.root(x);
        let sum = root.whole + root.a;
        let product = root.whole * sum;
        let lost = root.whole.mul_error(sum, product)
            + (root.err * (sum + root.whole) + root.whole * ((root.whole - sum) + root.a));
        let part = over(x.splat(self.b) * 0.5, product, lost, 1.0) * root.scale * root.scale;
        part.select(x.lt(x.splat(0.0)), x.splat(1.0) - part)
    }
    d2f {
        let root = self.root(x);
        let inverse = root.scale / root.whole;
        inverse * inverse * over((x.splat(self.b) * 0.5) * root.scale, root.whole, root.err, 3.0)
    }
}

/// a / b, with `times` times the error of 1 / b removed, `err` being the error term of b.
#[inline(always)]
fn over<L: Lanes>(a: L, b: L, err: L, times: f64) -> L {
    let (inverse, error) = reciprocal(b, err);
    let quotient = a * inverse;
    quotient.mul_add(error * times, quotient)
}

/// sqrt(x^2 + b) and |x|, both times a power of two that keeps the square within range.
#[derive(Clone, Copy)]
struct Root<L> {
    /// scale sqrt(x^2 + b), rounded.
    whole: L,
    /// The error term of `whole`.
    err: L,
    /// scale |x|.
    a: L,
    scale: L,
}

impl Squareplus {
    #[inline(always)]
    fn root<L: Lanes>(self, x: L) -> Root<L> {
        // In f32, |x| beyond 2^50 is scaled by 2^-76: the squares are then from 2^-52 to 2^104. In f64, the exponents
        // are about eight times these.
        let large = x.splat(power_of_two(L::Real::BIAS.into_f64() as i32 * 50 / 127));
        let down = x.splat(power_of_two(L::Real::BIAS.into_f64() as i32 * -76 / 127));
        let a = x.abs().at_most(x.fill(L::Real::MAX));
        let scale = down.select(large.lt(a), x.splat(1.0));
        let a = a * scale;
        let b = x.splat(self.b) * scale * scale;
        let square = a * a;
        let (sum, lost) = two_sum(square, b);
        let lost = lost + a.mul_error(a, square);
        let whole = sum.sqrt();
        let err = (div_remainder(sum, whole, whole) + lost) / (whole + whole);
        Root { whole, err, a, scale }
    }
}
