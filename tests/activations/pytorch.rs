//! PyTorch's values and derivatives of activations of one number, kinks and both zeros among them.

use crate::common::pytorch::{Kind, cases, numbers};
use crate::common::{Exact, at_every_level, none};
use serde_json::Value as Json;
use slopes::activation::{self, Activation, Celu, Elu, HardShrink, LeakyRelu, SoftShrink, Softplus, Threshold};

/// What both may be off by together: 2 ulp of a value, 3 of a derivative here, and PyTorch's own roundings.
const ULP: f64 = 4.0;

/// The function of a case, and the options that it took.
fn function(name: &str, options: &Json) -> (&'static dyn Activation<f64>, &'static [&'static str]) {
    let option = |name: &str| options[name].as_f64().unwrap();
    match name {
        "leaky_relu" if options["slope"].is_number() => (leak(LeakyRelu { slope: option("slope") }), &["slope"]),
        "elu" if options["alpha"].is_number() => (leak(Elu { alpha: option("alpha") }), &["alpha"]),
        "celu" => (leak(Celu { alpha: option("alpha") }), &["alpha"]),
        // It turns linear beyond its threshold, which these cases put out of reach.
        "softplus" => (leak(Softplus { beta: option("beta") }), &["beta", "threshold"]),
        "hardshrink" => (leak(HardShrink { lambda: option("lambda") }), &["lambda"]),
        "softshrink" => (leak(SoftShrink { lambda: option("lambda") }), &["lambda"]),
        "threshold" => {
            (leak(Threshold { theta: option("threshold"), value: option("value") }), &["threshold", "value"])
        }
        // Of evaluation.
        "rrelu" => (activation::by_name(name).unwrap(), &["training"]),
        _ => (activation::by_name(name).unwrap(), &[]),
    }
}

fn leak(f: impl Activation<f64> + 'static) -> &'static dyn Activation<f64> {
    Box::leak(Box::new(f))
}

/// (function, what, [(x, exact)]).
type Wrong = (&'static str, &'static str, &'static [(f64, &'static str)]);

/// Where PyTorch is further than that from the exact result, which is given to 25 digits: it takes sigmoid' and tanh'
/// from 1 - y, gelu from 1 + erf and 1 + tanh, and the 1/6 of hard_sigmoid' is one of f32.
const WRONG: [Wrong; 8] = [
    (
        "sigmoid",
        "gradient",
        &[
            (3.0, "0.04517665973091213264936003"),
            (6.0, "0.002466509291360047818289042"),
            (7.0, "0.0009102211801218265153638594"),
        ],
    ),
    (
        "tanh",
        "gradient",
        &[
            (-7.0, "0.000003326109344901085403161265"),
            (-6.0, "0.00002457654740533270130075119"),
            (-3.0, "0.00986603716544019127315617"),
            (3.0, "0.00986603716544019127315617"),
            (6.0, "0.00002457654740533270130075119"),
            (7.0, "0.000003326109344901085403161265"),
        ],
    ),
    (
        "hard_sigmoid",
        "gradient",
        &[
            (-1.5, "0.1666666666666666666666667"),
            (-1.0, "0.1666666666666666666666667"),
            (-0.5, "0.1666666666666666666666667"),
            (-0.0, "0.1666666666666666666666667"),
            (0.0, "0.1666666666666666666666667"),
            (0.5, "0.1666666666666666666666667"),
            (1.0, "0.1666666666666666666666667"),
            (1.5, "0.1666666666666666666666667"),
        ],
    ),
    ("mish", "gradient", &[(-1.0, "0.05921675587739494800570546")]),
    (
        "gelu",
        "output",
        &[
            (-7.0, "-8.958687807200845030685366e-12"),
            (-6.0, "-5.919525870226188844205185e-9"),
            (-3.0, "-0.004049694094890283579955444"),
        ],
    ),
    (
        "gelu",
        "gradient",
        &[
            (-7.0, "-6.266323031466631839569667e-11"),
            (-6.0, "-3.546870945390201478127698e-8"),
            (-3.0, "-0.01194564720418392700015524"),
        ],
    ),
    (
        "gelu_tanh",
        "output",
        &[
            (-7.0, "-2.31544226207255174636623e-15"),
            (-6.0, "-8.439646700762303471988988e-11"),
            (-3.0, "-0.003637392081773019181559234"),
        ],
    ),
    (
        "gelu_tanh",
        "gradient",
        &[
            (-7.0, "-2.765117350706605128576062e-14"),
            (-6.0, "-7.709973930953701028235774e-10"),
            (-3.0, "-0.01158416663096972695306876"),
        ],
    ),
];

/// The exact result where PyTorch's is listed as wrong.
fn exact_instead(name: &str, what: &str, x: f64) -> Option<Exact> {
    let (_, _, points) = WRONG.iter().find(|wrong| (wrong.0, wrong.1) == (name, what))?;
    let (_, exact) = points.iter().find(|point| point.0.to_bits() == x.to_bits())?;
    Some(Exact::parse(exact))
}

#[test]
fn pytorch_agrees() {
    let mut failures = Vec::new();
    at_every_level(|level| {
        let mut instead = 0;
        // Those of prelu have slopes for channels: they are tested with them.
        for case in cases(Kind::Activation).filter(|case| case["name"] != "prelu") {
            let (name, options) = (case["name"].as_str().unwrap(), &case["options"]);
            let (f, taken) = function(name, options);
            assert!(options.as_object().unwrap().keys().all(|key| taken.contains(&key.as_str())), "{name} {options}");
            let x = numbers(&case["inputs"]["prediction"]);
            let (mut y, mut derivatives) = (x.clone(), x.clone());
            f.forward_slice(&x, &mut y);
            f.derivative_slice(&x, &mut derivatives);
            for (what, got) in [("output", y), ("gradient", derivatives)] {
                let pytorch = numbers(&case[what]);
                assert_eq!(pytorch.len(), x.len());
                for ((&x, got), pytorch) in x.iter().zip(got).zip(pytorch) {
                    let place = || format!("the {what} of {name} {options} at {x:?}, {level:?}");
                    let exact = exact_instead(name, what, x);
                    if let Some(exact) = exact {
                        let off = exact.distance(pytorch).ulp;
                        assert!(off > ULP, "PyTorch is not wrong in {}: {off} ulp", place());
                        instead += 1;
                    }
                    let distance = exact.unwrap_or(pytorch.into()).distance(got).ulp;
                    if distance > ULP {
                        failures.push(format!("{}: {got:e}, PyTorch has {pytorch:e}: {distance} ulp", place()));
                    }
                }
            }
        }
        assert_eq!(instead, WRONG.iter().map(|wrong| wrong.2.len()).sum::<usize>(), "points where PyTorch is wrong");
    });
    none(&failures);
}
