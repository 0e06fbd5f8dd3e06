//! What holds of every function, or of every function that says so: NaN, limits, ranges, symmetry, order, kinks; and
//! what bad input meets.

use crate::common::{
    Number, ORDERS, Random, at_every_level, bits, cases, fix_level, inputs, none, panic_message, proptest_config,
    specials,
};
use crate::functions::{functions, three, variants};
use proptest::prelude::*;
use slopes::activation::{
    self, Activation, BinaryStep, Formula, HardSigmoid, LeakyRelu, Linear, Relu, Sigmoid, Snake, Softplus, Swish,
};
use slopes::{Lanes, Level, ParameterError, Parity};

fn nan_gives_nan<T: Number>(nans: &[T]) {
    at_every_level(|level| {
        for (name, f) in functions::<T>() {
            for len in 1..=35 {
                for place in 0..len {
                    let mut x: Vec<T> = (0..len).map(|i| T::from_f64_rounded(i as f64 / 4.0 - 3.0)).collect();
                    x[place] = nans[(len + place) % nans.len()];
                    let only = |y: &[T]| y.iter().enumerate().all(|(i, y)| y.is_nan() == (i == place));
                    let mut outputs = three(f, &x).to_vec();
                    let (mut value, mut derivative) = (x.clone(), x.clone());
                    f.forward_with_derivative(&x, &mut value, &mut derivative);
                    outputs.extend([value, derivative]);
                    for y in outputs {
                        assert!(only(&y), "{name} {} at {level:?}: {x:?} gives {y:?}", T::NAME);
                    }
                }
            }
        }
    });
}

#[test]
fn nan_gives_nan_in_f32() {
    // Quiet and signalling, of both signs, with a payload and without.
    nan_gives_nan(&[0x7fc0_0000, 0xffc0_0000, 0x7f80_0001, 0xff80_0001, 0x7fff_ffff, 0xffc1_2345].map(f32::from_bits));
}

#[test]
fn nan_gives_nan_in_f64() {
    let patterns = [0x7ff8, 0xfff8, 0x7ff0, 0xfff0, 0x7fff].map(|high: u64| high << 48 | u64::from(high & 8 == 0));
    nan_gives_nan(&patterns.map(f64::from_bits));
}

fn limits_are_reached<T: Number>() {
    at_every_level(|level| {
        for f in crate::functions::all::<T>() {
            let (infinite, name) = ([T::neg_infinity(), T::infinity()], f.spec().name());
            let outputs = three(*f, &infinite);
            for (order, output) in outputs.iter().enumerate() {
                for (end, y) in output.iter().enumerate() {
                    let limit = T::from_f64_rounded(f.spec().limits[order][end]);
                    let place = || format!("{} of {name} {} at {}, {level:?}", ORDERS[order], T::NAME, infinite[end]);
                    // Where there is no limit, NaN says so.
                    assert!(*y == limit || (y.is_nan() && limit.is_nan()), "{}: {y:?} should be {limit:?}", place());
                    // The sign of a zero is the side that the value comes from; of derivatives it is not promised.
                    assert!(order > 0 || bits(*y) == bits(limit), "{}: {y:?} should be {limit:?}", place());
                }
            }
        }
    });
}

#[test]
fn limits_are_reached_in_both_types() {
    limits_are_reached::<f32>();
    limits_are_reached::<f64>();
}

/// Limits of functions whose parameters differ from the default ones: a negative beta mirrors swish.
#[test]
fn limits_follow_the_parameters() {
    let (inf, swish) = (f32::INFINITY, Swish { beta: -1.5 });
    at_every_level(|_| {
        assert_eq!([-inf, inf].map(|x| swish.forward(x).to_bits()), [(-inf).to_bits(), 0.0_f32.to_bits()]);
        assert_eq!([-inf, inf].map(|x| swish.derivative(x)), [1.0, 0.0]);
        assert_eq!([-inf, inf].map(|x| Linear { slope: -2.0 }.forward(x)), [inf, -inf]);
        assert_eq!([-inf, inf].map(|x| LeakyRelu { slope: -2.0 }.forward(x)), [inf, inf]);
        assert_eq!([-inf, inf].map(|x| Softplus { beta: 1e10 }.forward(x)), [0.0, inf]);
    });
}

/// Ascending: runs of neighbours at random places, around 0, kinks, and where a reduction by multiples of ln 2 takes
/// another step: odd multiples of ln 2 / 2, and what a function makes of its argument by doubling or scaling it.
fn ascending<T: Number>(kinks: &[f64]) -> Vec<T> {
    const RUN: usize = 48;
    let mut random = Random(6);
    let last = if T::BITS > 30 { 1100 } else { 160 };
    let steps = (-2 * last..=2 * last).map(|k| f64::from(k) * std::f64::consts::LN_2 / 4.0);
    let mut starts: Vec<T> = steps.flat_map(|x| [x, x / 1.5]).map(T::from_f64_rounded).collect();
    starts.extend(kinks.iter().map(|x| T::from_f64_rounded(*x)));
    starts.extend(crate::common::EDGES.into_iter().flat_map(|x| [T::from_f64_rounded(x), T::from_f64_rounded(-x)]));
    starts.extend((0..cases(2000)).map(|_| random.uniform::<T>(-110.0..=110.0)));
    starts.extend((0..cases(2000)).map(|_| random.magnitude::<T>()));
    let mut x = specials::<T>();
    for start in starts {
        let (mut above, mut below) = (start, start);
        for _ in 0..RUN / 2 {
            x.extend([above, below]);
            (above, below) = (above.up(), below.down());
        }
    }
    x.retain(|x| !x.is_nan());
    x.sort_by(|a, b| a.partial_cmp(b).unwrap());
    x
}

/// Range, order, symmetry and sign over the same dense inputs.
fn shape_is_kept<T: Number>() {
    let kinks: Vec<f64> = crate::functions::all::<T>().iter().flat_map(|f| f.spec().kinks).copied().collect();
    let x = ascending::<T>(&kinks);
    let negative: Vec<T> = x.iter().map(|x| -*x).collect();
    let (mut y, mut mirrored) = (x.clone(), x.clone());
    let mut failures = Vec::new();
    at_every_level(|level| {
        for (name, f) in functions::<T>() {
            let spec = f.spec();
            f.forward_slice(&x, &mut y);
            f.forward_slice(&negative, &mut mirrored);
            let mut fail = |law: &str, i: Option<usize>| {
                if let Some(i) = i {
                    let what =
                        format!("{name} {} {level:?} {law}: f({:e}) = {:e}", T::NAME, x[i].into_f64(), y[i].into_f64());
                    failures.push(what);
                }
            };
            let numbers = || 0..x.len();
            if spec.monotone {
                fail("falls", numbers().skip(1).find(|&i| y[i] < y[i - 1]));
            }
            match spec.parity {
                Parity::Odd => fail("is not odd", numbers().find(|&i| bits(mirrored[i]) != bits(-y[i]))),
                Parity::Even => fail("is not even", numbers().find(|&i| bits(mirrored[i]) != bits(y[i]))),
                Parity::Neither => {}
            }
            if name == spec.name() {
                // An end that is no number of the type is itself rounded, and comes with the value's error.
                let allowed = |end: f64| {
                    let exact = T::from_f64_rounded(end).into_f64() == end;
                    if exact { 0.0 } else { end.abs() * T::unit() * (1.0 + 2.0 * T::budget(spec).ulp[0]) }
                };
                let [low, high] = spec.range;
                let outside = |y: f64| y < low - allowed(low) || y > high + allowed(high);
                fail("leaves its range", numbers().find(|&i| outside(y[i].into_f64())));
            }
            if KEEP_SIGN.contains(&spec.name()) {
                let other = |i: &usize| y[*i].is_sign_negative() != x[*i].is_sign_negative();
                fail("changes sign", numbers().find(other));
            }
        }
    });
    none(&failures);
}

/// Functions with the sign of x, of a zero too.
const KEEP_SIGN: [&str; 6] = ["identity", "scaled_linear", "leaky_relu", "tanh", "swish", "snake"];

#[test]
fn shape_is_kept_in_f32() {
    shape_is_kept::<f32>();
}

#[test]
fn shape_is_kept_in_f64() {
    shape_is_kept::<f64>();
}

#[test]
fn names_in_this_file_are_in_the_catalogue() {
    for name in KEEP_SIGN.into_iter().chain(KINKS.iter().map(|kink| kink.0)) {
        assert_eq!(activation::by_name::<f32>(name).map(|f| f.spec().name()).ok(), Some(name));
    }
}

/// At a kink: (function, x, value, and the derivative there, just below and just above). Contract: relu'(0) = 0,
/// leaky_relu'(0) = its slope, both the left one; the step has no derivative at all.
const KINKS: &[(&str, f64, f64, [f64; 3])] = &[
    ("relu", 0.0, 0.0, [0.0, 0.0, 1.0]),
    ("leaky_relu", 0.0, 0.0, [0.01, 0.01, 1.0]),
    ("prelu", 0.0, 0.0, [0.25, 0.25, 1.0]),
    ("rrelu", 0.0, 0.0, [0.229_166_666_666_666_66, 0.229_166_666_666_666_66, 1.0]),
    ("binary_step", 0.0, 1.0, [0.0, 0.0, 0.0]),
    ("elu", 0.0, 0.0, [1.0, 1.0, 1.0]),
    ("selu", 0.0, 0.0, [1.758_099_340_847_376_8, 1.758_099_340_847_376_8, 1.050_700_987_355_480_5]),
    ("relu6", 0.0, 0.0, [0.0, 0.0, 1.0]),
    ("relu6", 6.0, 6.0, [0.0, 1.0, 0.0]),
    ("hard_tanh", -1.0, -1.0, [0.0, 0.0, 1.0]),
    ("hard_tanh", 1.0, 1.0, [0.0, 1.0, 0.0]),
    ("hard_sigmoid", -3.0, 0.0, [0.0, 0.0, 1.0 / 6.0]),
    ("hard_sigmoid", 3.0, 1.0, [0.0, 1.0 / 6.0, 0.0]),
    ("hard_swish", -3.0, 0.0, [0.0, 0.0, OTHER]),
    ("hard_swish", 3.0, 3.0, [1.0, OTHER, 1.0]),
    ("hard_shrink", -0.5, 0.0, [0.0, 1.0, 0.0]),
    ("hard_shrink", 0.5, 0.0, [0.0, 0.0, 1.0]),
    ("shrink", -0.5, 0.0, [0.0, 1.0, 0.0]),
    ("shrink", 0.5, 0.0, [0.0, 0.0, 1.0]),
    ("soft_shrink", -0.5, 0.0, [0.0, 1.0, 0.0]),
    ("soft_shrink", 0.5, 0.0, [0.0, 0.0, 1.0]),
    ("threshold", 1.0, 0.0, [0.0, 0.0, 1.0]),
    ("sparse_sigmoid", -1.0, 0.0, [0.0, 0.0, 0.5]),
    ("sparse_sigmoid", 1.0, 1.0, [0.0, 0.5, 0.0]),
];

/// A derivative that depends on how near the next number is.
const OTHER: f64 = f64::NAN;

/// Functions with kinks that bend between them.
const BENT: [&str; 3] = ["elu", "selu", "hard_swish"];

fn kinks_have_one_derivative<T: Number>() {
    at_every_level(|level| {
        for &(name, x, value, derivatives) in KINKS {
            let f = activation::by_name::<T>(name).unwrap();
            let x = T::from_f64_rounded(x);
            let mut around = vec![x, x.down(), x.up()];
            let mut wanted = derivatives.map(T::from_f64_rounded).to_vec();
            if x.is_zero() {
                around.push(-x);
                wanted.push(wanted[0]);
            }
            let [values, derivatives, second_derivatives] = three(f, &around);
            assert_eq!(values[0], T::from_f64_rounded(value), "{name} {} at {level:?}", T::NAME);
            for (derivative, wanted) in derivatives.iter().zip(wanted).filter(|(_, wanted)| !wanted.is_nan()) {
                assert_eq!(
                    *derivative,
                    wanted,
                    "the derivatives of {name} {} at {x} at {level:?}: {derivatives:?}",
                    T::NAME
                );
            }
            let flat = second_derivatives.iter().all(|y| y.is_zero()) || BENT.contains(&name);
            assert!(flat, "the second derivatives of {name} at {level:?}");
        }
    });
}

#[test]
fn kinks_have_one_derivative_in_both_types() {
    kinks_have_one_derivative::<f32>();
    kinks_have_one_derivative::<f64>();
}

#[test]
fn every_kink_is_tested() {
    for f in crate::functions::all::<f32>() {
        let tested: Vec<f64> = KINKS.iter().filter(|kink| kink.0 == f.spec().name()).map(|kink| kink.1).collect();
        assert_eq!(tested, f.spec().kinks, "the kinks of {}", f.spec().name());
    }
}

/// The step, just below its kink.
#[test]
fn the_step_steps_at_zero() {
    at_every_level(|_| {
        assert_eq!(BinaryStep.forward(-f64::from_bits(1)), 0.0);
        assert_eq!([-0.0, 0.0, f64::from_bits(1)].map(|x: f64| BinaryStep.forward(x)), [1.0; 3]);
    });
}

/// No result overflows while the true one is finite, and what a function is of the largest numbers is no NaN. The true
/// results of f32 inputs are those in f64.
#[test]
fn nothing_overflows_early() {
    let x: Vec<f32> = inputs::<f32>(cases(20_000)).into_iter().filter(|x| x.is_finite()).collect();
    let wide: Vec<f64> = x.iter().map(|x| f64::from(*x)).collect();
    at_every_level(|level| {
        for (f, reference) in crate::functions::all::<f32>().iter().zip(crate::functions::references()) {
            for (order, (got, exact)) in three(*f, &x).iter().zip(three(*reference, &wide)).enumerate() {
                for (i, y) in got.iter().enumerate() {
                    let fits = exact[i].abs() <= f64::from(f32::MAX);
                    let place = || format!("{} of {} at {level:?}", ORDERS[order], f.spec().name());
                    assert!(y.is_finite() || !fits, "{} of {:e}: {y}, not {:e}", place(), x[i], exact[i]);
                }
            }
        }
        // In f64: every value of the catalogue but those that square or raise is at most twice as far from 0 as x or 1.
        for f in crate::functions::all::<f64>().iter().filter(|f| !["exp", "relu2", "xielu"].contains(&f.spec().name()))
        {
            let ends = [-f64::MAX / 2.0, f64::MAX / 2.0, -1e300, 1e300];
            let outputs = three(*f, &ends);
            assert!(outputs.iter().flatten().all(|y| y.is_finite()), "{} {level:?} {outputs:?}", f.spec().name());
        }
    });
}

/// With f and f' alone, as the crate's page says.
struct Cube;
impl Activation<f64> for Cube {
    fn forward(&self, x: f64) -> f64 {
        x * x * x
    }
    fn derivative(&self, x: f64) -> f64 {
        3.0 * x * x
    }
}

/// A text over registers.
#[derive(Clone, Copy)]
struct Square;
impl Formula for Square {
    #[inline(always)]
    fn f<L: Lanes>(self, x: L) -> L {
        x * x
    }
    #[inline(always)]
    fn df<L: Lanes>(self, x: L) -> L {
        x * 2.0
    }
    #[inline(always)]
    fn d2f<L: Lanes>(self, x: L) -> L {
        x.splat(2.0)
    }
}
slopes::impl_activation!(Square);

/// Every slice method of x = [1, 2, -3] and dy = [10, 1, 2], against what was worked out by hand.
fn check_own<T: Number>(f: &dyn Activation<T>, value: [f64; 3], derivative: [f64; 3], gradient: [f64; 3]) {
    let numbers = |x: [f64; 3]| x.map(T::from_f64_rounded);
    let (x, dy) = (numbers([1.0, 2.0, -3.0]), numbers([10.0, 1.0, 2.0]));
    let (mut y, mut d) = ([T::zero(); 3], [T::zero(); 3]);
    f.forward_slice(&x, &mut y);
    assert_eq!(y, numbers(value));
    f.derivative_slice(&x, &mut d);
    assert_eq!(d, numbers(derivative));
    f.backward_slice(&x, &dy, &mut y);
    assert_eq!(y, numbers(gradient));
    f.forward_with_derivative(&x, &mut y, &mut d);
    assert_eq!((y, d), (numbers(value), numbers(derivative)));
    y = x;
    f.forward_in_place(&mut y);
    assert_eq!(y, numbers(value));
    d = dy;
    f.backward_in_place(&x, &mut d);
    assert_eq!(d, numbers(gradient));
}

#[test]
fn functions_of_ones_own_work() {
    at_every_level(|_| {
        check_own(&Cube, [1.0, 8.0, -27.0], [3.0, 12.0, 27.0], [30.0, 12.0, 54.0]);
        check_own::<f32>(&Square, [1.0, 4.0, 9.0], [2.0, 4.0, -6.0], [20.0, 4.0, -12.0]);
        check_own::<f64>(&Square, [1.0, 4.0, 9.0], [2.0, 4.0, -6.0], [20.0, 4.0, -12.0]);
        assert_eq!(Activation::<f32>::second_derivative(&Square, 5.0), 2.0);
        let mut second_derivative = [0.0; 2];
        Cube.second_derivative_slice(&[1.0, 2.0], &mut second_derivative);
        assert!(second_derivative.iter().all(|y| y.is_nan()), "what is not said is NaN");
        assert_eq!(Cube.spec().name(), "undeclared");
    });
}

#[test]
fn levels_that_the_machine_lacks_are_refused() {
    let _fixed = fix_level();
    let current = Level::current();
    let all = [Level::Scalar, Level::Sse2, Level::Simd128, Level::Neon, Level::Avx2, Level::Avx512];
    let (available, missing): (Vec<_>, Vec<_>) = all.into_iter().partition(|level| level.is_available());
    assert_eq!(available, Level::available().collect::<Vec<_>>());
    assert!(!missing.is_empty(), "no machine has both NEON and SSE2");
    for level in missing {
        let error = level.set_global().unwrap_err();
        assert_eq!(error.level, level);
        assert_eq!(Level::current(), current);
        let message = error.to_string();
        assert!(message.contains(&format!("{level:?}")), "{message}");
        for has in &available {
            assert!(message.contains(&format!("{has:?}")), "{message}");
        }
    }
    for level in available {
        level.set_global().unwrap();
        assert_eq!(Level::current(), level);
    }
}

#[test]
fn bad_parameters_are_refused() {
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    type Constructor = fn(f64) -> Result<(), ParameterError>;
    let constructors: [(&str, Constructor, &[f64], &[f64]); 5] = [
        ("slope", |c| Linear::new(c).map(drop), &[nan, inf, -inf, 1e300], &[0.0, -2.5, 1e38]),
        ("slope", |a| LeakyRelu::new(a).map(drop), &[nan, inf, -inf], &[0.0, 0.3, -1.0]),
        ("beta", |b| Softplus::new(b).map(drop), &[nan, inf, -inf, 0.0, -0.0, -1.0], &[1.0, 1e-3, 50.0]),
        ("beta", |b| Swish::new(b).map(drop), &[nan, inf, -inf, 0.0, 1e-30], &[1.0, -1.0, 1.702]),
        ("a", |a| Snake::new(a).map(drop), &[nan, inf, -1.0, 0.0, 1e-16, 1e16], &[1.0, 1e-15, 30.0]),
    ];
    for (i, (parameter, new, bad, good)) in constructors.into_iter().enumerate() {
        for &value in bad {
            let error = new(value).expect_err(&format!("constructor {i} of {value}"));
            assert_eq!((error.parameter, bits(error.value)), (parameter, bits(value)));
            let message = error.to_string();
            assert!(message.contains(parameter) && message.contains(&value.to_string()), "{message}");
            assert!(message.contains(error.requirement), "{message}");
        }
        for &value in good {
            assert_eq!(new(value), Ok(()), "constructor {i} of {value}");
        }
    }
    assert_eq!(Swish::new(1.0), Ok(Swish::SILU));
    // The two ends differ in f64, not in f32.
    let error = HardSigmoid::new(1.0, 1.0 + 1e-10).unwrap_err();
    assert!(error.requirement.contains("in f32 too"), "{error}");
    assert_eq!(LeakyRelu::default(), LeakyRelu { slope: 0.01 });
}

/// Calls a method with two slices that are read and two that are written.
type Call<T> = fn(&dyn Activation<T>, [&[T]; 2], [&mut [T]; 2]);

/// Every method that takes several slices panics, names the lengths, and has written nothing.
fn lengths_must_agree<T: Number>(f: &dyn Activation<T>) {
    // With the places of the slices that the method takes.
    let methods: [(&str, &[usize], Call<T>); 6] = [
        ("forward_slice", &[0, 2], |f, [x, _], [y, _]| f.forward_slice(x, y)),
        ("derivative_slice", &[0, 2], |f, [x, _], [d, _]| f.derivative_slice(x, d)),
        ("second_derivative_slice", &[0, 2], |f, [x, _], [d, _]| f.second_derivative_slice(x, d)),
        ("backward_slice", &[0, 1, 2], |f, [x, dy], [dx, _]| f.backward_slice(x, dy, dx)),
        ("backward_in_place", &[0, 2], |f, [x, _], [dy, _]| f.backward_in_place(x, dy)),
        ("forward_with_derivative", &[0, 2, 3], |f, [x, _], [y, d]| f.forward_with_derivative(x, y, d)),
    ];
    let untouched = T::from_f64_rounded(-7.5);
    for (method, takes, call) in methods {
        for (a, b) in [(3, 4), (0, 1), (33, 32), (17, 40)] {
            for choice in 0..16 {
                let len = |place: usize| if choice >> place & 1 == 1 { a } else { b };
                if takes.iter().all(|place| len(*place) == len(0)) {
                    continue;
                }
                let read = [0, 1].map(|place| vec![T::one(); len(place)]);
                let mut written = [2, 3].map(|place| vec![untouched; len(place)]);
                let [first, second] = &mut written;
                let message = panic_message(|| call(f, [&read[0], &read[1]], [first, second]));
                let names = [method.to_owned(), a.to_string(), b.to_string()];
                assert!(names.iter().all(|name| message.contains(name)), "{method} of {a} and {b}: {message}");
                assert!(written.iter().flatten().all(|x| *x == untouched), "{method} wrote before it panicked");
            }
        }
    }
}

#[test]
fn lengths_that_differ_are_refused() {
    lengths_must_agree::<f32>(&Relu);
    lengths_must_agree::<f64>(&Sigmoid);
    lengths_must_agree::<f32>(&Swish::SILU);
    lengths_must_agree::<f64>(&Cube);
}

#[test]
fn specifications_are_consistent() {
    for f in crate::functions::all::<f64>() {
        let spec = f.spec();
        let name = spec.name();
        assert!(spec.formulas.iter().chain([&spec.source]).all(|text| !text.is_empty()), "{name}");
        assert!(spec.range[0] < spec.range[1], "{name}");
        for end in spec.limits[0] {
            let within = spec.range[0] <= end && end <= spec.range[1];
            assert!(within || end.is_nan(), "{name}: a limit of {end} is out of range");
        }
        // The contract: 2, 3, 4 ulp in f32 and 2, 4, 8 in f64, and floors of half an ulp of 1. Some functions have budgets
        // of their own: mish and sqrt_softplus, whose derivatives are products of many rounded factors; laplace, whose
        // argument is a rounded difference times a rounded quotient; and soft_cap, whose cap takes the value of tanh to
        // the end of a binade, where an ulp is smallest beside it. The second derivative of lisht reaches 1.03.
        let floor = match name {
            "mish" => 1.2,
            "lisht" => 1.05,
            _ => 1.0,
        };
        let most = match name {
            "mish" => [[2.0, 4.25, 5.0], [2.0, 4.0, 8.0]],
            "soft_cap" => [[2.25, 3.0, 4.25], [2.25, 4.0, 8.0]],
            "sqrt_softplus" => [[2.0, 4.0, 6.5], [2.0, 4.0, 8.0]],
            "laplace" => [[2.5, 3.0, 4.0], [2.5, 4.0, 8.0]],
            _ => [[2.0, 3.0, 4.0], [2.0, 4.0, 8.0]],
        };
        for (budget, most) in [spec.f32, spec.f64].into_iter().zip(most) {
            let within = (0..3).all(|order| budget.ulp[order] <= most[order] && budget.absolute[order] <= floor);
            assert!(within, "{name}: {budget:?} is over the contract's {most:?}");
            let floors = (0..3).all(|order| budget.absolute[order] == 0.0 || !spec.roots[order].is_empty());
            assert!(floors, "{name}: a floor without a root");
        }
    }
}

/// The value or the derivative at x.
type Differentiated = fn(&dyn Activation<f64>, f64) -> f64;

/// (f(x + h) - f(x - h)) / 2h, and how far it may be from a derivative whose function has a third derivative of at most
/// `third` in magnitude: h^2 / 6 of that, and the errors of the two values, `ulp` each, divided by 2h.
fn central_difference(f: impl Fn(f64) -> f64, x: f64, third: f64, ulp: f64) -> (f64, f64) {
    const H: f64 = 1.0 / (1 << 17) as f64;
    // Both arguments are rounded; their true distance is exact.
    let (above, below) = (x + H, x - H);
    let width = above - below;
    let (high, low) = (f(above), f(below));
    let error = 2.0 * ulp * high.abs().max(low.abs()) * f64::EPSILON;
    // The middle of the rounded arguments is off by an ulp of x, times a second derivative of at most `third`.
    ((high - low) / width, H * H / 6.0 * third + error / width + third * x.abs() * f64::EPSILON)
}

/// No third or fourth derivative of the function is larger: that of snake reaches 8, of a gaussian
/// 3 / sigma^4, that of laplace 0.55 / sigma^4, that of softsign 24, that of tanh 4.09.
fn derivatives(name: &str) -> f64 {
    match name {
        "gaussian_0.5" => 48.0,
        "laplace" => 87.0,
        "softsign" => 24.0,
        _ => 8.0,
    }
}

/// Where the second derivative jumps, though the derivative does not.
const JUMPS: [(&str, &[f64]); 5] =
    [("softsign", &[0.0]), ("celu", &[0.0]), ("relu2", &[0.0]), ("xielu", &[0.0]), ("sparse_plus", &[-1.0, 1.0])];

proptest! {
    #![proptest_config(proptest_config(2000))]

    #[test]
    fn derivatives_are_finite_differences(x in -30.0..30.0_f64) {
        let _fixed = fix_level();
        for (name, f) in functions::<f64>() {
            let jumps = JUMPS.iter().filter(|jump| jump.0 == f.spec().name()).flat_map(|jump| jump.1);
            if f.spec().kinks.iter().chain(jumps).any(|kink| (x - kink).abs() < 1e-4) {
                continue;
            }
            let budget = f.spec().f64.ulp;
            let orders: [(Differentiated, f64, f64); 2] =
                [(|f, x| f.forward(x), f.derivative(x), budget[0]), (|f, x| f.derivative(x), f.second_derivative(x), budget[1])];
            for (order, (f_of, derivative, ulp)) in orders.into_iter().enumerate() {
                let (difference, tolerance) = central_difference(|x| f_of(f, x), x, derivatives(name), ulp + 1.0);
                prop_assert!(
                    (difference - derivative).abs() <= tolerance + 8.0 * f64::EPSILON * derivative.abs(),
                    "{} of {name} at {x}: {derivative}, but {difference} by differences, +-{tolerance:e}", ORDERS[order + 1],
                );
            }
        }
    }

    #[test]
    fn backward_is_derivative_times_gradient(pattern: u32, gradient: u32, wide: u64, wide_gradient: u64) {
        fn check<T: Number>(x: T, dy: T) -> Result<(), TestCaseError> {
            for (name, f) in functions::<T>() {
                let mut dx = [T::zero()];
                f.backward_slice(&[x], &[dy], &mut dx);
                let expected = dy * f.derivative(x);
                prop_assert_eq!(bits(dx[0]), bits(expected), "{} {} of {:?}, {:?}", name, T::NAME, x, dy);
            }
            Ok(())
        }
        let _fixed = fix_level();
        check(f32::from_bits(pattern), f32::from_bits(gradient))?;
        check(f64::from_bits(wide), f64::from_bits(wide_gradient))?;
    }
}

/// Functions with parameters go where the mathematics says: c times identity, leaky relu from relu's pieces, and
/// f_beta(x) = f_1(beta x) / beta, exactly where beta is a power of two.
#[test]
fn parameters_scale() {
    let x: Vec<f64> = inputs::<f64>(cases(4000)).into_iter().filter(|x| !x.is_nan() && x.abs() < 1e300).collect();
    at_every_level(|level| {
        let (softplus, swish) = (Softplus { beta: 2.0 }, Swish { beta: 2.0 });
        for &x in x.iter().filter(|x| x.abs() > 1e-300) {
            assert_eq!(Linear { slope: -3.0 }.forward(x), -3.0 * x);
            assert_eq!(LeakyRelu { slope: 0.25 }.forward(x), Relu.forward(x) - 0.25 * Relu.forward(-x));
            let close = |a: f64, b: f64| (a - b).abs() <= 4.0 * f64::EPSILON * b.abs() + f64::MIN_POSITIVE;
            let (a, b) = (softplus.forward(x), Softplus::DEFAULT.forward(2.0 * x) / 2.0);
            assert!(close(a, b), "softplus of {x:e} at {level:?}: {a:e}, {b:e}");
            let (a, b) = (swish.forward(x), Swish::SILU.forward(2.0 * x) / 2.0);
            assert!(close(a, b), "swish of {x:e} at {level:?}: {a:e}, {b:e}");
            // A negative beta mirrors. Both are within 2 ulp of the same number.
            let (a, b) = (Swish { beta: -1.5 }.forward(x), -Swish { beta: 1.5 }.forward(-x));
            assert!(close(a, b), "mirrored swish of {x:e} at {level:?}: {a:e}, {b:e}");
        }
        for (name, f) in variants::<f64>() {
            assert_eq!(f.forward(0.0).to_bits() >> 63, 0, "{name} of 0");
        }
    });
}
