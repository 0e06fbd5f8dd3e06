//! Names: those of other projects, and functions with their parameters as text.

use std::collections::BTreeMap;

use crate::common::{fix_level, proptest_config};
use proptest::prelude::*;
use slopes::activation::{self, Activation, AnyActivation, HardSigmoid, HardTanh, LeakyRelu, Relu, Softplus, XIelu};
use slopes::{ParameterError, ParseError, ParseErrorKind, Spec};

/// The first names of ours, and what other projects call them. Each line is a project's own spelling; a name that some
/// project gives to another function, or to a function that we lack, is not here.
const ALIASES: &[(&str, &[&str])] = &[
    ("identity", &["Identity", "linear"]),
    ("binary_step", &["heaviside"]),
    // PyTorch's modules, ONNX's operators, Keras and JAX, Hugging Face.
    ("relu", &["ReLU", "Relu", "relu"]),
    ("leaky_relu", &["LeakyReLU", "LeakyRelu", "leaky_relu"]),
    ("prelu", &["PReLU", "PRelu", "prelu"]),
    ("rrelu", &["RReLU"]),
    ("relu6", &["ReLU6", "relu6"]),
    ("relu2", &["relu2", "relu_squared", "squared_relu"]),
    ("elu", &["ELU", "Elu", "elu"]),
    ("celu", &["CELU", "Celu", "celu"]),
    ("selu", &["SELU", "Selu", "selu"]),
    ("sigmoid", &["Sigmoid", "sigmoid", "logistic", "expit"]),
    ("log_sigmoid", &["LogSigmoid", "log_sigmoid", "logsigmoid"]),
    ("hard_sigmoid", &["Hardsigmoid", "HardSigmoid", "hard_sigmoid"]),
    ("tanh", &["Tanh", "tanh"]),
    ("hard_tanh", &["Hardtanh", "Clip", "hard_tanh"]),
    ("tanh_shrink", &["Tanhshrink", "tanh_shrink"]),
    ("softsign", &["Softsign", "softsign", "soft_sign"]),
    ("softplus", &["Softplus", "softplus", "log1pexp"]),
    ("sqrt_softplus", &["sqrtsoftplus"]),
    ("soft_cap", &["softcap", "logit_softcapping"]),
    ("swish", &["SiLU", "Swish", "swish", "silu"]),
    ("hard_swish", &["Hardswish", "HardSwish", "hard_silu", "hard_swish", "hardswish"]),
    ("mish", &["Mish", "mish"]),
    ("gelu", &["GELU", "Gelu", "gelu", "gelu_python", "gelu_erf"]),
    ("gelu_tanh", &["gelu_new", "gelu_fast", "gelu_pytorch_tanh", "gelu_python_tanh", "gelu_accurate", "gelu_tanh"]),
    ("quick_gelu", &["quick_gelu", "QuickGELU"]),
    ("hard_shrink", &["Hardshrink", "hard_shrink"]),
    ("shrink", &["Shrink"]),
    ("soft_shrink", &["Softshrink", "soft_shrink"]),
    ("threshold", &["Threshold", "ThresholdedRelu", "threshold"]),
    ("gaussian", &["rbf", "radial_basis"]),
    ("exp", &["exponential"]),
    ("sine", &["sin"]),
    ("log_cosh", &["log_cosh", "logcosh"]),
    ("xielu", &["xielu", "XIELU"]),
];

fn catalogue() -> impl Iterator<Item = &'static Spec> {
    activation::all::<f32>().iter().map(|f| f.spec())
}

fn letters(name: &str) -> String {
    name.chars().filter(|c| !"_- ".contains(*c)).flat_map(char::to_lowercase).collect()
}

#[test]
fn names_of_other_projects_are_known() {
    let mut meant = BTreeMap::new();
    for &(function, aliases) in ALIASES {
        assert!(catalogue().any(|spec| spec.name() == function), "{function} is not in the catalogue");
        for alias in aliases.iter().chain([&function]) {
            let other = *meant.entry(letters(alias)).or_insert(function);
            assert_eq!(other, function, "{alias} in the table");
            let found = activation::by_name::<f64>(alias).map(|f| f.spec().name());
            assert_eq!(found.ok(), Some(function), "{alias}");
        }
    }
    for spec in catalogue() {
        for name in spec.names {
            let function = meant.get(&letters(name));
            assert!(function.is_none_or(|function| *function == spec.name()), "{name} is {function:?} in the table");
        }
    }
}

/// What no function of ours is.
#[test]
fn names_of_functions_that_we_lack_are_unknown() {
    for name in ["gelu_10", "softmax", "glu", "hardmax", "leaky_relu(0.2)"] {
        assert!(activation::by_name::<f32>(name).is_err(), "{name}");
    }
}

/// A name of another kind of function is not corrected to a name of this kind.
#[test]
fn names_of_other_kinds_are_told() {
    let error = activation::by_name::<f32>("Softmax").unwrap_err();
    assert_eq!(error.elsewhere(), Some("activation::Softmax"));
    let error = slopes::loss::by_name::<f32>("CrossEntropyLoss").unwrap_err();
    assert!(error.to_string().starts_with("\"CrossEntropyLoss\" is slopes::loss::SoftmaxCrossEntropy"), "{error}");
    for loss in ["MSELoss", "L1Loss", "BCEWithLogitsLoss", "KLDivLoss", "reg:squarederror"] {
        assert!(slopes::loss::by_name::<f32>(loss).is_ok(), "{loss}");
    }
    let leaky: AnyActivation = "LeakyReLU(negative_slope=0.2, inplace=True)".parse().unwrap();
    assert_eq!(leaky, LeakyRelu { slope: 0.2 }.into());
}

/// With every trait in scope, users' calls need no annotation.
#[test]
fn the_names_of_authors_and_users_do_not_collide() {
    use slopes::activation::{Formula, Relu, Sigmoid};
    use slopes::loss::{Huber, LossFormula};
    use slopes::prelude::*;
    fn takes_any(f: impl Activation<f32> + std::fmt::Debug) -> f32 {
        f.forward(-1.0)
    }
    fn is_author<F: Formula, L: LossFormula>(_: F, _: L) {}

    assert_eq!(Relu.spec().name(), "relu");
    assert!(Sigmoid.derivative(0.5) > 0.2 && Huber::DEFAULT.hessian_bound(1.0_f32, 0.0) == 1.0);
    is_author(Relu, Huber::DEFAULT);
    let relu: &dyn Activation<f32> = &Relu;
    assert_eq!((takes_any(relu), format!("{relu:?}")), (0.0, "relu".to_owned()));
    let boxed: Box<dyn Activation<f32>> = Box::new(LeakyRelu { slope: 0.5 });
    assert_eq!(takes_any(&*boxed), -0.5);
}

fn parse(text: &str) -> Result<AnyActivation, ParseError> {
    text.parse()
}

#[test]
fn a_text_is_its_function() {
    let leaky = |slope| AnyActivation::from(LeakyRelu { slope });
    let xielu = |alpha_p, alpha_n, beta| AnyActivation::from(XIelu { alpha_p, alpha_n, beta });
    for (text, function) in [
        ("relu", Relu.into()),
        ("ReLU()", Relu.into()),
        ("\tRe Lu ( \n) ", Relu.into()),
        ("leaky_relu", leaky(0.01)),
        ("leaky_relu()", leaky(0.01)),
        ("leaky_relu(slope=0.2)", leaky(0.2)),
        ("LeakyReLU(negative_slope=0.2)", leaky(0.2)),
        ("leaky-relu(Negative Slope = 2e-1)", leaky(0.2)),
        ("lrelu(.2)", leaky(0.2)),
        ("lrelu( 0.2 , )", leaky(0.2)),
        ("LeakyReLU(0.2, inplace=True)", leaky(0.2)),
        ("xielu(0.5, beta=1, alpha_n=0.25,)", xielu(0.5, 0.25, 1.0)),
        ("lrelu( -0 )", leaky(-0.0)),
        ("xielu(0.5, 0.25)", xielu(0.5, 0.25, 0.5)),
        ("xielu(beta=1,alphaP=0.5)", xielu(0.5, 0.8, 1.0)),
        ("Hardtanh(min_val=-inf, max_val=2)", HardTanh { low: f64::NEG_INFINITY, high: 2.0 }.into()),
        ("hard_sigmoid(-2.5, 2.5)", HardSigmoid { low: -2.5, high: 2.5 }.into()),
    ] {
        let parsed = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(parsed, function, "{text}");
        // To the bit: == takes the zeros for the same.
        assert_eq!(parsed.to_string(), function.to_string(), "{text}");
    }
    for (function, text) in [
        (Relu.into(), "relu"),
        (leaky(0.2), "leaky_relu(slope=0.2)"),
        (leaky(-0.0), "leaky_relu(slope=-0)"),
        (xielu(0.5, 1.0, -3.25), "xielu(alpha_p=0.5, alpha_n=1, beta=-3.25)"),
        (HardTanh { low: f64::NEG_INFINITY, high: 2.0 }.into(), "hard_tanh(low=-inf, high=2)"),
    ] {
        assert_eq!(function.to_string(), text);
    }
}

/// PyTorch and Keras choose the form of gelu by an option.
#[test]
fn options_of_gelu_choose_the_function() {
    for (options, name) in
        [(["'none'", "\"none\"", "none", "False"], "gelu"), (["'tanh'", "\"tanh\"", "tanh", "True"], "gelu_tanh")]
    {
        for option in options {
            for text in [format!("GELU(approximate={option})"), format!("gelu( Approximate = {option} )")] {
                assert_eq!(parse(&text).map(|f| f.spec().name()).ok(), parse(name).map(|f| f.spec().name()).ok());
                assert!(parse(&text).is_ok(), "{text}");
            }
        }
    }
    for text in ["gelu(approximate='tahn')", "gelu(approximate=0.5)", "gelu('tanh')", "gelu_tanh(approximate='tanh')"] {
        assert!(parse(text).is_err(), "{text}");
    }
    for text in ["gelu(approximate='none', approximate='tanh')", "relu(approximate='tanh')"] {
        assert!(parse(text).is_err(), "{text}");
    }
}

/// What `print` writes of PyTorch's modules, and calls of their constructors.
#[test]
fn modules_of_pytorch_are_read() {
    for (text, function) in [
        ("ReLU()", "relu"),
        ("ReLU(inplace=True)", "relu"),
        ("ReLU6(inplace=True)", "relu6"),
        ("LeakyReLU(negative_slope=0.2, inplace=True)", "leaky_relu(slope=0.2)"),
        ("PReLU(num_parameters=1)", "prelu(slope=0.25)"),
        ("PReLU(num_parameters=1, init=0.5)", "prelu(slope=0.5)"),
        ("RReLU(lower=0.125, upper=0.3333333333333333)", "rrelu(lower=0.125, upper=0.3333333333333333)"),
        ("RReLU(lower=0.1, upper=0.3, inplace=True)", "rrelu(lower=0.1, upper=0.3)"),
        ("Threshold(threshold=0.1, value=20)", "threshold(theta=0.1, value=20)"),
        ("Threshold(threshold=0.1, value=20, inplace=True)", "threshold(theta=0.1, value=20)"),
        ("Hardtanh(min_val=-1.0, max_val=1.0)", "hard_tanh(low=-1, high=1)"),
        ("Hardtanh(min_val=-2.0, max_val=0.5, inplace=True)", "hard_tanh(low=-2, high=0.5)"),
        ("ELU(alpha=1.0)", "elu(alpha=1)"),
        ("ELU(alpha=0.5, inplace=True)", "elu(alpha=0.5)"),
        ("CELU(alpha=1.0)", "celu(alpha=1)"),
        ("SELU()", "selu(alpha=1.6732632423543772, gamma=1.0507009873554805)"),
        ("GELU(approximate='none')", "gelu"),
        ("GELU(approximate='tanh')", "gelu_tanh"),
        ("Hardshrink(0.5)", "hard_shrink(lambda=0.5)"),
        ("Softshrink(0.25)", "soft_shrink(lambda=0.25)"),
        ("Softplus(beta=1.0, threshold=20.0)", "softplus(beta=1)"),
        ("nn.Softplus(beta=2, threshold=30,)", "softplus(beta=2)"),
        ("Sigmoid()", "sigmoid"),
        ("LogSigmoid()", "log_sigmoid"),
        ("Hardsigmoid()", "hard_sigmoid(low=-3, high=3)"),
        ("Hardswish()", "hard_swish"),
        ("SiLU(inplace=True)", "swish(beta=1)"),
        ("Mish()", "mish"),
        ("Tanh()", "tanh"),
        ("Tanhshrink()", "tanh_shrink"),
        ("Softsign()", "softsign"),
        ("Identity()", "identity"),
    ] {
        let parsed = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(parsed.to_string(), function, "{text}");
    }
    for (text, message) in [
        (
            "PReLU(num_parameters=3)",
            "at byte 6: option num_parameters must be 1: `PReluChannels` has a slope for each channel",
        ),
        (
            "Softplus(beta=1.0, threshold=2.0)",
            "at byte 19: option threshold must be at least 20: the function is computed everywhere",
        ),
        ("PReLU(3)", "at byte 6: expected `parameter=value`, found '3'"),
        ("ReLU(inplace=maybe)", "at byte 5: option inplace must be True or False"),
        ("GELU(approximate='erf')", "at byte 5: option approximate must be 'none' or 'tanh'"),
        ("GELU(approximate='tanh)", "at byte 5: option approximate must be 'none' or 'tanh'"),
        ("GELU(approximate=\"tanh')", "at byte 5: option approximate must be 'none' or 'tanh'"),
        ("Mish(threshold=20)", "at byte 5: mish has no parameters"),
    ] {
        assert_eq!(parse(text).unwrap_err().to_string(), message, "{text}");
    }
}

#[test]
fn a_wrong_text_says_what_and_where() {
    for (text, message) in [
        ("leaky_relu(0.2", "at byte 14: expected `)`, found end of input"),
        ("leaky_relu)", "at byte 10: expected `(` before `)`, found ')'"),
        ("leaky_relu(0.2) x", "at byte 16: expected end of input after `)`, found 'x'"),
        ("leaky_relu(0.2))", "at byte 15: expected end of input after `)`, found ')'"),
        ("leaky_relu((0.2))", "at byte 16: expected end of input after `)`, found ')'"),
        ("leaky_relu((0.2)", "at byte 11: expected a number, found '('"),
        ("leaky_relu( slope = O.2 )", "at byte 20: expected a number, found 'O'"),
        ("leaky_relu(slope=)", "at byte 17: expected a number, found ')'"),
        ("leaky_relu(,)", "at byte 11: expected a number, found ','"),
        ("leaky_relu(0.2,,)", "at byte 15: too many values: the parameters of leaky_relu are slope"),
        ("xielu(1, 2, 3, 4)", "at byte 15: too many values: the parameters of xielu are alpha_p, alpha_n, beta"),
        ("xielu(1, alpha_p=2)", "at byte 9: parameter alpha_p is given twice"),
        ("xielu(beta=2, 1)", "at byte 14: expected `parameter=value`, as before it, found '1'"),
        ("relu(1)", "at byte 5: relu has no parameters"),
        ("relu(slope=1)", "at byte 5: relu has no parameters"),
        ("leaky_relu(slope=1, alpha=1)", "at byte 20: parameter slope is given twice"),
        ("softplus(beta=-1)", "at byte 9: parameter beta = -1 must be from 1e-15 to 1e15"),
        ("hard_tanh(low=2)", "at byte 10: parameter low = 2 must not exceed high"),
        ("  hard_tanh(high=-2)", "at byte 2: parameter low = -1 must not exceed high"),
        ("leaky_relu(nan)", "at byte 11: parameter slope = NaN must be finite"),
        (
            " leaky_relu( slop=1)",
            "at byte 13: leaky_relu has no parameter \"slop\": did you mean \"slope\"? Known parameters: slope",
        ),
    ] {
        assert_eq!(parse(text).unwrap_err().to_string(), message, "{text}");
    }
    let error = parse(" leakyrelo(0.2)").unwrap_err();
    assert!(matches!(error.kind, ParseErrorKind::UnknownName(name) if name.nearest() == "leaky_relu"));
    assert_eq!(error.offset, 1);
    // A name is near if less than half of its letters are others.
    for (text, message) in
        [("relx", "unknown name \"relx\": did you mean \"relu\"?"), ("rexx", "unknown name \"rexx\". Known names")]
    {
        let error = parse(text).unwrap_err().to_string();
        assert!(error.starts_with(&format!("at byte 0: {message}")), "{error}");
    }
    for empty in ["", " ", "()", "(0.2)"] {
        assert!(matches!(parse(empty).unwrap_err().kind, ParseErrorKind::UnknownName(_)), "{empty:?}");
    }
}

#[test]
fn parameters_may_bound_each_other() {
    let bad = |parameter, value, requirement| Err(ParameterError::new(parameter, value, requirement));
    assert_eq!(HardTanh::new(1.0, 0.5), bad("low", 1.0, "must not exceed high"));
    assert_eq!(HardTanh::new(0.5, 0.5), Ok(HardTanh { low: 0.5, high: 0.5 }));
    assert!(HardSigmoid::new(0.5, 0.5).is_err() && HardSigmoid::new(0.25, 0.5).is_ok());
}

/// Names of parameters are as strict as those of functions: each finds its own.
#[test]
fn every_name_of_a_parameter_is_its_own() {
    for spec in catalogue() {
        assert_eq!(spec.parameters.len(), spec.defaults.len());
        for (i, names) in spec.parameters.iter().enumerate() {
            for name in *names {
                let default = format!("{}({name}={})", spec.name(), spec.defaults[i]);
                assert_eq!(parse(&default).unwrap().to_string(), parse(spec.name()).unwrap().to_string(), "{default}");
                let twice = format!("{}({}=1, {name}=1)", spec.name(), names[0]);
                let problem = parse(&twice).unwrap_err().kind;
                assert!(
                    matches!(problem, ParseErrorKind::DuplicateParameter { parameter } if parameter == names[0]),
                    "{twice}"
                );
            }
        }
    }
}

#[test]
fn any_activation_computes_as_the_one_that_it_is() {
    let _fixed = fix_level();
    let softplus = Softplus { beta: 2.5 };
    let any = AnyActivation::from(softplus);
    let x = [-3.0_f32, -0.1, 0.0, 0.7, 40.0];
    let (mut got, mut expected) = ([[0.0_f32; 5]; 10], [[0.0_f32; 5]; 10]);
    let calls = |f: &dyn Activation<f32>, y: &mut [[f32; 5]; 10]| {
        let [a, b, c, d, e, g, h, i, j, k] = y;
        f.forward_slice(&x, a);
        f.derivative_slice(&x, b);
        f.second_derivative_slice(&x, c);
        f.backward_slice(&x, &[2.0; 5], d);
        f.forward_with_derivative(&x, e, g);
        (*h, *i) = (x, x);
        f.forward_in_place(h);
        f.backward_in_place(&x, i);
        *j = x.map(|x| f.forward(x) + f.derivative(x));
        *k = x.map(|x| f.second_derivative(x));
    };
    calls(&any, &mut got);
    calls(&softplus, &mut expected);
    assert_eq!(got, expected);
    assert_ne!(got[0], [0.0; 5]);
    // In the catalogue's order, all of it, with the default parameters.
    for f in activation::all::<f64>() {
        let any = parse(f.spec().name()).unwrap();
        assert_eq!(any.spec().names, f.spec().names);
        assert_eq!((any.forward(0.3), any.derivative(-0.3)), (f.forward(0.3), f.derivative(-0.3)), "{any}");
    }
}

/// A function with parameters, as the catalogue declares it.
fn with_parameters() -> impl Strategy<Value = &'static Spec> {
    let all: Vec<_> = catalogue().filter(|spec| !spec.parameters.is_empty()).collect();
    prop::sample::select(all)
}

/// Any f64 by its bits, and those that more functions have a meaning for.
fn value() -> impl Strategy<Value = f64> {
    prop_oneof![any::<u64>().prop_map(f64::from_bits), -10.0..10.0, 0.0..1e3, Just(-0.0), Just(f64::INFINITY)]
}

proptest! {
    #![proptest_config(proptest_config(4000))]

    #[test]
    fn what_is_written_is_read_as_the_same_bits(spec in with_parameters(), numbers in prop::array::uniform4(value())) {
        let arguments: Vec<_> =
            spec.parameters.iter().zip(numbers).map(|(names, value)| format!("{}={value:?}", names[0])).collect();
        let Ok(f) = parse(&format!("{}({})", spec.name(), arguments.join(", "))) else { return Ok(()) };
        let text = f.to_string();
        let again = parse(&text).unwrap();
        prop_assert_eq!(f, again);
        prop_assert_eq!(&text, &again.to_string());
        // The bits that went in are those that came out, by way of the standard library alone.
        let written = text.split(['=', ',', ')']).filter_map(|part| part.parse::<f64>().ok());
        let bits: Vec<_> = written.map(f64::to_bits).collect();
        let expected: Vec<_> = numbers[..spec.parameters.len()].iter().map(|x| x.to_bits()).collect();
        prop_assert_eq!(bits, expected, "{}", text);
    }

    #[test]
    fn garbage_does_not_panic(text in "\\PC*", from_alphabet in "[a-z_(),= .0-9e'\u{e9}-]{0,40}") {
        for text in [text, from_alphabet] {
            if let Err(error) = parse(&text) {
                prop_assert!(text.is_char_boundary(error.offset) && !error.to_string().is_empty());
            }
        }
    }

    /// Pieces of the grammar in any order: what is accepted is written and read again, what is not says where.
    #[test]
    fn pieces_of_the_grammar_do_not_panic(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "leaky_relu", "xielu", "gelu", "relu", "slope", "alpha", "alpha_p", "beta", "approximate", "(", "(", ")",
                ")", ",", "=", "=", " ", "'tanh'", "inplace", "True", "0.5", "-1", "1e400", "inf", "nan", "\u{e9}",
            ]),
            0..12,
        ),
    ) {
        let text = pieces.concat();
        match parse(&text) {
            Ok(f) => prop_assert_eq!(parse(&f.to_string()).unwrap().to_string(), f.to_string()),
            Err(error) => {
                prop_assert!(text.is_char_boundary(error.offset) && !error.to_string().is_empty());
                if let ParseErrorKind::Syntax { found, .. } = error.kind {
                    prop_assert_eq!(found, text[error.offset..].chars().next());
                }
            }
        }
    }
}

#[test]
fn every_function_is_found_by_all_its_names() {
    let mut seen = std::collections::BTreeMap::new();
    for f in crate::functions::all::<f32>() {
        let spec: &Spec = f.spec();
        for name in spec.names {
            let spellings = [
                name.to_string(),
                name.to_uppercase(),
                name.replace('_', ""),
                name.replace('_', "-"),
                name.replace('_', " "),
                name[..1].to_uppercase() + &name[1..],
            ];
            for spelling in spellings {
                let found = activation::by_name::<f32>(&spelling).map(|f| f.spec().name());
                assert_eq!(found.ok(), Some(spec.name()), "{spelling}");
                let found = activation::by_name::<f64>(&spelling).map(|f| f.spec().name());
                assert_eq!(found.ok(), Some(spec.name()), "{spelling}");
            }
            let other = seen.insert(name.replace('_', ""), spec.name());
            assert_eq!(other, None, "{name} names two functions");
        }
    }
    for (name, function) in
        [("silu", "swish"), ("logistic", "sigmoid"), ("linear", "identity"), ("heaviside", "binary_step")]
    {
        assert_eq!(activation::by_name::<f32>(name).unwrap().spec().name(), function);
    }
}

#[test]
fn unknown_names_are_refused_with_the_nearest() {
    for (name, nearest) in
        [("sigmiod", "sigmoid"), ("leakyrelo", "leaky_relu"), ("TAHN", "tanh"), ("soft_pluss", "softplus")]
    {
        let error = activation::by_name::<f64>(name).err().unwrap();
        assert_eq!((error.name(), error.nearest()), (name, nearest));
        let message = error.to_string();
        assert!(message.contains(name) && message.contains(nearest), "{message}");
        for f in crate::functions::all::<f64>() {
            assert!(message.contains(f.spec().name()), "{message} lacks {}", f.spec().name());
        }
    }
    // Nothing to go by, far too long, and no character boundary where the name is cut.
    for name in ["", &"x".repeat(10_000), &"é".repeat(100), &format!("x{}", "é".repeat(100))] {
        let error = activation::by_name::<f32>(name).err().unwrap();
        assert!(name.starts_with(error.name()) && !error.to_string().is_empty());
    }
}
