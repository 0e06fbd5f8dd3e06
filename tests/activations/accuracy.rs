//! Values, derivatives and second derivatives against the reference, in ulp, at every level.

use std::collections::{BTreeMap, BTreeSet};

use crate::common::{Exact, Number, ORDERS, at_every_level, csv, fix_level, from_hex, none, over_budget};
use crate::functions::{three, variants};
use slopes::activation::{self, Activation, Formula};
use slopes::{ErrorBound, FloatMath, Lanes, Level, Spec};

struct Sample {
    x: f64,
    exact: [Exact; 3],
}

fn reference() -> BTreeMap<&'static str, Vec<Sample>> {
    let rows =
        csv(include_str!("../reference/activations.csv"), "function,x_f64_bits,x,value,derivative,second_derivative");
    let mut functions: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for row in rows {
        let exact = [row[3], row[4], row[5]].map(Exact::parse);
        functions.entry(row[0]).or_default().push(Sample { x: from_hex(row[1]), exact });
    }
    functions
}

/// What is over budget of a function, at the current level.
fn check<T: Number>(
    name: &str,
    level: Level,
    f: &dyn Activation<T>,
    budget: ErrorBound,
    samples: &[Sample],
) -> Vec<String> {
    let x: Vec<T> = samples.iter().map(|sample| T::from_f64_rounded(sample.x)).collect();
    let outputs = three(f, &x);
    let over = |order: usize| {
        let label = format!("{name} {} {} {level:?}", ORDERS[order], T::NAME);
        let floor = |x: T| f.spec().absolute_at(budget, order, x.into_f64()) * T::unit();
        over_budget(&label, budget.ulp[order], floor, &x, &outputs[order], |i| samples[i].exact[order])
    };
    (0..3).filter_map(over).collect()
}

/// The functions of the crate under their names in the reference.
fn known<T: Number>(
    reference: &BTreeMap<&'static str, Vec<Sample>>,
) -> Vec<(&'static str, &'static dyn Activation<T>)> {
    // Default parameters that are no f32 have values of their own.
    let held = |name| {
        let in_f32 = reference.keys().find(|key| key.strip_suffix("_f32") == Some(name));
        in_f32.filter(|_| T::NAME == "f32").copied().unwrap_or(name)
    };
    let default = reference.keys().filter_map(|&name| activation::by_name::<T>(name).ok().map(|f| (held(name), f)));
    default.chain(variants()).collect()
}

fn catalogue_is_accurate<T: Number>() {
    let reference = reference();
    let mut failures = Vec::new();
    at_every_level(|level| {
        for (name, f) in known::<T>(&reference) {
            failures.extend(check(name, level, f, T::budget(f.spec()), &reference[name]));
        }
    });
    none(&failures);
}

#[test]
fn catalogue_is_accurate_in_f32() {
    catalogue_is_accurate::<f32>();
}

#[test]
fn catalogue_is_accurate_in_f64() {
    catalogue_is_accurate::<f64>();
}

#[test]
fn no_function_is_left_out() {
    if !crate::common::all_are_selected() {
        return;
    }
    let reference = reference();
    let known = known::<f64>(&reference);
    let covered: BTreeSet<_> = known.iter().map(|(_, f)| f.spec().name()).collect();
    let catalogue: BTreeSet<_> = crate::functions::all::<f64>().iter().map(|f| f.spec().name()).collect();
    assert_eq!(covered, catalogue, "functions with a reference, and functions of the catalogue");

    let mut left: BTreeSet<_> = reference.keys().copied().collect();
    for (name, _) in known {
        assert!(left.remove(name), "{name} has reference values");
    }
    // Some are activations too.
    let in_f32 = self::known::<f32>(&reference).into_iter().map(|(name, _)| name);
    for name in in_f32.chain(MATH.map(|(name, ..)| name)) {
        left.remove(name);
    }
    // Where a x overflows and beside the roots of its derivative, snake falls short of its budget for an a other than 1.
    assert_eq!(left, BTreeSet::from(["snake_2.5"]));
}

/// Wraps functions of [`FloatMath`] so that they can be called.
macro_rules! math {
    ($($Name:ident $method:ident)+) => { $(
        #[derive(Clone, Copy)]
        struct $Name;
        impl Formula for $Name {
            #[inline(always)]
            fn f<L: Lanes>(self, x: L) -> L {
                x.$method()
            }
            #[inline(always)]
            fn df<L: Lanes>(self, x: L) -> L {
                x.splat(f64::NAN)
            }
            #[inline(always)]
            fn d2f<L: Lanes>(self, x: L) -> L {
                x.splat(f64::NAN)
            }
        }
        slopes::impl_activation!($Name);
    )+ };
}
math! { Exp exp  ExpM1 exp_m1  Ln ln  Ln1p ln_1p  Tanh tanh  Sin sin  Cos cos }

/// A function in both types.
type Both = (&'static dyn Activation<f32>, &'static dyn Activation<f64>);

/// The elementary functions that have reference values of their own, with the budgets of [`FloatMath`]' page.
const MATH: [(&str, f64, Both); 4] = [
    ("exp", 1.1, (&Exp, &Exp)),
    ("expm1", 1.6, (&ExpM1, &ExpM1)),
    ("ln", 1.0, (&Ln, &Ln)),
    ("ln_1p", 1.6, (&Ln1p, &Ln1p)),
];

#[test]
fn elementary_functions_are_accurate() {
    let reference = reference();
    let value_only = |name| -> Vec<Sample> {
        let samples = reference[name].iter();
        samples.map(|s| Sample { x: s.x, exact: [s.exact[0], f64::NAN.into(), f64::NAN.into()] }).collect()
    };
    let mut failures = Vec::new();
    at_every_level(|level| {
        for (name, ulp, (in_f32, in_f64)) in MATH {
            let samples = value_only(name);
            let budget = ErrorBound { ulp: [ulp, 0.0, 0.0], ..ErrorBound::CORRECTLY_ROUNDED };
            failures.extend(check::<f32>(name, level, in_f32, budget, &samples));
            failures.extend(check::<f64>(name, level, in_f64, budget, &samples));
        }
        // `tanh` is the value of the activation, and has its budget.
        let samples = value_only("tanh");
        let spec: &Spec = Activation::<f32>::spec(&activation::Tanh);
        failures.extend(check::<f32>("Lanes::tanh", level, &Tanh, spec.f32, &samples));
        failures.extend(check::<f64>("Lanes::tanh", level, &Tanh, spec.f64, &samples));
        // `sin` is the value of an activation, `cos` its derivative.
        let spec: &Spec = Activation::<f32>::spec(&activation::Sine);
        let samples = value_only("sine");
        failures.extend(check::<f32>("Lanes::sin", level, &Sin, spec.f32, &samples));
        failures.extend(check::<f64>("Lanes::sin", level, &Sin, spec.f64, &samples));
        let derivative_as_value = |s: &Sample| Sample { x: s.x, exact: [s.exact[1], f64::NAN.into(), f64::NAN.into()] };
        let samples: Vec<Sample> = reference["sine"].iter().map(derivative_as_value).collect();
        let derivative_first = |ulp: ErrorBound| ErrorBound { ulp: [ulp.ulp[1], 0.0, 0.0], ..ulp };
        failures.extend(check::<f32>("Lanes::cos", level, &Cos, derivative_first(spec.f32), &samples));
        failures.extend(check::<f64>("Lanes::cos", level, &Cos, derivative_first(spec.f64), &samples));
    });
    none(&failures);
}

#[test]
fn elementary_functions_have_their_edges() {
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    let edges: [(Both, &[(f64, f64)]); 7] = [
        ((&Exp, &Exp), &[(-inf, 0.0), (inf, inf), (0.0, 1.0), (-0.0, 1.0), (nan, nan), (-1e30, 0.0), (1e30, inf)]),
        (
            (&ExpM1, &ExpM1),
            &[(-inf, -1.0), (inf, inf), (0.0, 0.0), (-0.0, -0.0), (nan, nan), (-1e30, -1.0), (1e30, inf)],
        ),
        (
            (&Ln, &Ln),
            &[(0.0, -inf), (-0.0, -inf), (1.0, 0.0), (inf, inf), (-1.0, nan), (-inf, nan), (nan, nan), (-1e-40, nan)],
        ),
        ((&Ln1p, &Ln1p), &[(0.0, 0.0), (-0.0, -0.0), (-1.0, -inf), (inf, inf), (-1.5, nan), (-inf, nan), (nan, nan)]),
        ((&Tanh, &Tanh), &[(0.0, 0.0), (-0.0, -0.0), (-inf, -1.0), (inf, 1.0), (nan, nan)]),
        (
            (&Sin, &Sin),
            &[
                (0.0, 0.0),
                (-0.0, -0.0),
                (9.183549615799121e-41, 9.183549615799121e-41),
                (-inf, nan),
                (inf, nan),
                (nan, nan),
            ],
        ),
        ((&Cos, &Cos), &[(0.0, 1.0), (-0.0, 1.0), (1e-40, 1.0), (-1e-300, 1.0), (-inf, nan), (inf, nan), (nan, nan)]),
    ];
    at_every_level(|level| {
        for (i, ((g, f), edges)) in edges.into_iter().enumerate() {
            for &(x, y) in edges {
                assert_eq!(
                    crate::common::bits(f.forward(x)),
                    crate::common::bits(y),
                    "function {i} of {x:e} in f64, {level:?}"
                );
                let got = g.forward(x as f32);
                assert_eq!(crate::common::bits(got), crate::common::bits(y), "function {i} of {x:e} in f32, {level:?}");
            }
        }
    });
}

/// Huge arguments by mpmath at 3000 bits: the largest numbers, and those that come nearest to a multiple of pi / 2, within
/// and beyond what is reduced by parts of pi.
#[test]
fn sine_and_cosine_take_every_size() {
    const IN_F32: [(f64, &str, &str); 5] = [
        (252.89820861816406, "0.9999999999999999912399293", "-4.185706803757207633777655e-9"),
        (52516.43359375, "0.9999999999999998684342389", "-1.622132923922188269679953e-8"),
        (1.5458357838905804e29, "-3.229539596495242370996649e-9", "-0.999999999999999994785037"),
        (7.729178919452902e28, "0.9999999999999999986962592", "-1.614769798247621187603565e-9"),
        (3.4028234663852886e38, "-0.5218765233336585405515054", "0.8530210398303041580517915"),
    ];
    const IN_F64: [(f64, &str, &str); 5] = [
        (1e22, "-0.8522008497671888017727059", "0.5232147853951389454975945"),
        (1e308, "0.4533964905016491165541813", "-0.8913089376870334079023152"),
        (-1.2e300, "-0.6710998888162757128815801", "-0.7413669396667094274791335"),
        (5.319372648326541e255, "1", "-4.687165924254627611122583e-19"),
        (1.7976931348623157e308, "0.004961954789184061790502671", "-0.9999876894265599374648701"),
    ];
    fn check<T: Number>(level: Level, f: &dyn Activation<T>, (x, sin, cos): (f64, &str, &str)) -> Option<String> {
        let budget = T::budget(f.spec()).ulp;
        let [y, derivative, _] = three(f, &[T::from_f64_rounded(x)]);
        let errors = [Exact::parse(sin).distance(y[0]).ulp, Exact::parse(cos).distance(derivative[0]).ulp];
        (errors[0] > budget[0] || errors[1] > budget[1])
            .then(|| format!("{x:e} {} {level:?}: {errors:?} ulp, should be {sin} and {cos}", T::NAME))
    }
    let mut failures = Vec::new();
    at_every_level(|level| {
        failures.extend(IN_F32.into_iter().filter_map(|line| check::<f32>(level, &activation::Sine, line)));
        let lines = IN_F32.into_iter().chain(IN_F64);
        failures.extend(lines.filter_map(|line| check::<f64>(level, &activation::Sine, line)));
    });
    none(&failures);
}

/// Every 65537th f32, against the f64 kernels, whose own error the reference bounds. 65537 is prime, so the low bits
/// take all values too. The sweep over all f32 is a command of its own.
#[test]
fn f32_is_accurate_at_a_coarse_stride() {
    let x: Vec<f32> = (0..=u32::MAX).step_by(65537 * crate::common::scale()).map(f32::from_bits).collect();
    let wide: Vec<f64> = x.iter().map(|&x| x.into()).collect();
    let all = crate::functions::all::<f32>();
    assert_eq!(all.len(), crate::functions::references().len());
    let references: Vec<[Vec<f64>; 3]> = {
        let _fixed = fix_level();
        crate::functions::references().iter().map(|f| three(*f, &wide)).collect()
    };
    let mut failures = Vec::new();
    at_every_level(|level| {
        for (f, reference) in all.iter().zip(&references) {
            let budget = f.spec().f32;
            for (order, output) in three(*f, &x).iter().enumerate() {
                let label = format!("{} {} {level:?}", f.spec().name(), ORDERS[order]);
                let floor = |x: f32| f.spec().absolute_at(budget, order, f64::from(x)) * f32::unit();
                let exact = |i: usize| reference[order][i].into();
                failures.extend(over_budget(&label, budget.ulp[order], floor, &x, output, exact));
            }
        }
    });
    none(&failures);
}

/// The oracle itself: distances that can be worked out by hand.
#[test]
fn distances_are_right() {
    // 0.1 = 0x1.999999999999999999...p-4; the nearest f64 ends in ...9a, 0.4 ulp above, the nearest f32 0.2 ulp.
    let tenth = Exact::parse("0.1");
    approx::assert_abs_diff_eq!(tenth.distance(0.1_f64).ulp, 0.4, epsilon = 1e-12);
    approx::assert_abs_diff_eq!(tenth.distance(0.1_f64.next_down()).ulp, 0.6, epsilon = 1e-12);
    approx::assert_abs_diff_eq!(tenth.distance(0.1_f32).ulp, 0.2, epsilon = 1e-7);
    // Powers of two: the ulp is that of the exact number, below a power of two half as large.
    assert_eq!(Exact::parse("1").distance(1.0_f64.next_down()).ulp, 0.5);
    assert_eq!(Exact::parse("0.9999999999999999999999999").distance(1.0_f64.next_up()).ulp.round(), 2.0);
    assert_eq!(
        Exact::parse("-1.5").distance(-1.5_f32.next_up()),
        crate::common::Distance { ulp: 1.0, absolute: ulp_of_one() }
    );
    // The least subnormal is 4.94e-324: what is far below it is 0 or one ulp off.
    assert_eq!(Exact::parse("1e-400").distance(0.0_f64).ulp.round(), 0.0);
    assert_eq!(Exact::parse("1e-400").distance(f64::from_bits(1)).ulp, 1.0);
    assert_eq!(Exact::parse("1e-400").distance(-0.0_f64).ulp, f64::INFINITY);
    assert_eq!(Exact::parse("-1e-60").distance(-0.0_f32).ulp.round(), 0.0);
    assert_eq!(Exact::parse("-1e-60").distance(0.0_f32).ulp, f64::INFINITY);
    assert_eq!(Exact::parse("0").distance(f32::from_bits(3)).ulp, 3.0);
    assert_eq!(Exact::parse("0").distance(-0.0_f32).ulp, 0.0);
    let least = Exact::parse("1.401298464324817070923730e-45");
    assert_eq!(least.distance(f32::from_bits(2)).ulp.round(), 1.0);
    // Overflow: right beyond the largest number, wrong at it.
    assert_eq!(Exact::parse("1e+400").distance(f64::INFINITY).ulp, 0.0);
    assert_eq!(Exact::parse("1e+400").distance(f64::MAX).ulp, 1.0);
    assert_eq!(Exact::parse("-1e+400").distance(f64::INFINITY).ulp, f64::INFINITY);
    assert_eq!(Exact::parse("3.4028234663852885e+38").distance(f32::INFINITY).ulp, f64::INFINITY);
    assert_eq!(Exact::parse("3.40282352e+38").distance(f32::INFINITY).ulp, 0.0);
    assert_eq!(Exact::parse("-inf").distance(f32::NEG_INFINITY).ulp, 0.0);
    assert_eq!(Exact::parse("inf").distance(f32::MAX).ulp, f64::INFINITY);
    // NaN is like nothing but NaN.
    assert_eq!(Exact::parse("1").distance(f64::NAN).ulp, f64::INFINITY);
    assert_eq!(Exact::from(f64::NAN).distance(f32::NAN).ulp, 0.0);
    // The decimal expansion of an f64, through all exponents.
    for exponent in -1074..1024 {
        let x = crate::common::ldexp(1.0, exponent) * if exponent > -1000 { 1.25 + f64::EPSILON } else { 1.0 };
        let distance = Exact::parse(&format!("{x:.24e}")).distance(x);
        assert!(distance.ulp <= crate::common::SLACK, "{x:e}: {distance:?}");
    }
}

/// Of an f32 in [1, 2).
fn ulp_of_one() -> f64 {
    f32::EPSILON.into()
}
