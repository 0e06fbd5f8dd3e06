//! Functions in configuration files, by serde: enums of functions as texts, functions of known types as maps.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, from_str, from_value, json, to_value};
use slopes::activation::{
    AnyActivation, ClampedSwiGlu, FullyMasked, Gelu, GumbelSoftmax, LeakyRelu, LogSumExp, Maxout, Relu, Selu, Softmax,
    Softplus, Swish,
};
use slopes::loss::{AnyLoss, AnyRowLoss, Focal, Huber, MultiMargin, NegativeLogLikelihood, SoftmaxCrossEntropy};

use crate::values_of;

/// What is read of what was written, in JSON and in CBOR, which holds numbers in binary.
fn read_back<F: Serialize + DeserializeOwned>(f: &F) -> [F; 2] {
    let mut bytes = Vec::new();
    ciborium::into_writer(f, &mut bytes).unwrap();
    let from_text = from_str(&serde_json::to_string(f).unwrap()).unwrap();
    [from_text, ciborium::from_reader(bytes.as_slice()).unwrap()]
}

/// Checks a function of every type, with every value of every parameter, as an enum and as its own type.
macro_rules! check_catalogue {
    ($Any:ident: $($Name:ident),+ $(,)?) => {
        for original in $Any::all() {
            let spec = original.spec();
            let mut functions = vec![original];
            for (names, kind) in spec.parameters.iter().zip(spec.kinds) {
                for value in values_of(*kind).into_iter().chain([f64::INFINITY, f64::NEG_INFINITY]) {
                    // A label is an integer, whose 0 has no sign.
                    let value = if names[0] == "ignore_label" { value + 0.0 } else { value };
                    let mut changed = original;
                    functions.extend(changed.set_parameter(names[0], value).is_ok().then_some(changed));
                }
            }
            assert!(functions.len() > 2 * spec.parameters.len(), "{original}");
            for f in functions {
                assert_eq!(to_value(f).unwrap(), json!(f.to_string()));
                assert_eq!(read_back(&f), [f; 2]);
                let stored = match f {
                    $($Any::$Name(function) => {
                        let functions: [$Name; 2] = read_back(&function);
                        assert_eq!(functions.map($Any::from), [f; 2]);
                        let stored = to_value(function).unwrap();
                        if let Value::Object(map) = &stored {
                            // Formats without names have the values in the order of the parameters.
                            let row: Vec<_> = spec.parameters.iter().map(|names| map[names[0]].clone()).collect();
                            assert_eq!($Any::from(from_value::<$Name>(json!(row)).unwrap()), f);
                            let error = from_value::<$Name>(json!([])).unwrap_err().to_string();
                            assert!(error.starts_with("invalid length 0, expected the parameters of"), "{error}");
                            // All have defaults.
                            assert_eq!($Any::from(from_value::<$Name>(json!({})).unwrap()), original);
                        }
                        stored
                    })+
                    other => panic!("{other} is not in this list"),
                };
                match stored {
                    Value::Object(map) => assert_eq!(map.len(), spec.parameters.len(), "{f}"),
                    name => assert_eq!((name, spec.parameters.len()), (json!(spec.name()), 0)),
                }
            }
        }
    };
}

#[test]
fn activations_are_read_as_what_was_written() {
    use slopes::activation::*;
    check_catalogue! {
        AnyActivation: Identity, Linear, BinaryStep, Relu, LeakyRelu, PRelu, RRelu, Relu6, Relu2, Threshold, Sigmoid,
        Softsign, Tanh, SoftCap, TanhShrink, Lisht, LogCosh, Softplus, LogSigmoid, SqrtSoftplus, Squareplus, Swish,
        Gelu, GeluTanh, QuickGelu, Mish, Exp, Elu, Celu, Selu, XIelu, Gaussian, Laplace, Sine, Snake, HardTanh,
        HardSigmoid, HardSwish, HardShrink, SoftShrink, Shrink, SparseSigmoid, SparsePlus,
    }
    check_catalogue! { AnyRowActivation: Softmax, Softmin, LogSoftmax, Sparsemax, Hardmax }
    check_catalogue! { AnyGatedUnit: Glu, SwiGlu, GeGlu, GeGluTanh, ReGlu, Bilinear, ClampedSwiGlu }
}

#[test]
fn losses_are_read_as_what_was_written() {
    use slopes::loss::*;
    check_catalogue! {
        AnyLoss: Mse, HalfSquared, Mae, Mape, Msle, Huber, SmoothL1, PseudoHuber, LogCosh, Pinball, Expectile, Hinge,
        SquaredHinge, SoftMargin, HingeEmbedding, ModifiedHuber, Perceptron, Exponential, BinaryCrossEntropy,
        BinaryCrossEntropyWithLogits, KlDivergence, KlDivergenceFromLog, KlDivergenceOfLogs, Focal, PoissonNll,
        PoissonNllOfRate, Gamma, Tweedie,
    }
    check_catalogue! {
        AnyRowLoss: SoftmaxCrossEntropy, CategoricalFocal, CategoricalCrossEntropy, NegativeLogLikelihood, MultiMargin,
        CategoricalHinge, Dice, Tversky,
    }
    check_catalogue! {
        AnyGroupLoss: CosineSimilarity, CosineEmbedding, Contrastive, Triplet, GaussianNll, MarginRanking,
    }
    check_catalogue! { AnyPenalty: L1, L2, ElasticNet }
}

#[test]
fn functions_of_no_enum_are_stored_too() {
    assert_eq!(to_value(LogSumExp).unwrap(), json!("log_sum_exp"));
    assert_eq!(read_back(&LogSumExp), [LogSumExp; 2]);
    assert_eq!(to_value(Maxout { pieces: 3 }).unwrap(), json!({"pieces": 3}));
    assert_eq!(read_back(&Maxout { pieces: 3 }), [Maxout { pieces: 3 }; 2]);
    // The seed is no part of a configuration.
    let gumbel = GumbelSoftmax::new(7).with_hard(true);
    assert_eq!(to_value(gumbel).unwrap(), json!({"temperature": 1, "hard": true}));
    assert_eq!(read_back(&gumbel), [GumbelSoftmax::new(0).with_hard(true); 2]);
}

#[test]
fn maps_are_as_one_would_write_them() {
    assert_eq!(to_value(LeakyRelu { slope: 0.2 }).unwrap(), json!({"slope": 0.2}));
    assert_eq!(to_value(Swish { beta: -2.0 }).unwrap(), json!({"beta": -2}));
    assert_eq!(to_value(Gelu).unwrap(), json!("gelu"));
    assert_eq!(to_value(Focal::DEFAULT).unwrap(), json!({"gamma": 2, "alpha": null}));
    let nll = NegativeLogLikelihood::new().with_ignore_label(-100);
    assert_eq!(to_value(nll).unwrap(), json!({"ignore_label": -100}));
    let softmax = Softmax::new().with_fully_masked(FullyMasked::Uniform);
    assert_eq!(to_value(softmax).unwrap(), json!({"temperature": 1, "fully_masked": "uniform"}));
    // JSON has no infinities, and no negative integer zero.
    let unit = ClampedSwiGlu { alpha: 1.0, limit: f64::INFINITY, bias: -0.0 };
    assert_eq!(to_value(unit).unwrap(), json!({"alpha": 1, "limit": "inf", "bias": -0.0}));
    // A field that was set to what `new` refuses is written, and not read.
    let text = serde_json::to_string(&LeakyRelu { slope: f64::NAN }).unwrap();
    assert_eq!(text, r#"{"slope":"NaN"}"#);
    assert!(from_str::<LeakyRelu>(&text).unwrap_err().to_string().starts_with("parameter slope = NaN must be"));
}

#[test]
fn maps_are_read_by_names_and_aliases() {
    assert_eq!(from_str::<LeakyRelu>(r#"{"negative_slope": 0.2}"#).unwrap(), LeakyRelu { slope: 0.2 });
    assert_eq!(from_str::<Selu>("{}").unwrap(), Selu::DEFAULT);
    assert_eq!(from_str::<Huber>(r#"{"delta": 2}"#).unwrap(), Huber { delta: 2.0 });
    assert_eq!(from_str::<Huber>(r#"{"delta": "2"}"#).unwrap(), Huber { delta: 2.0 });
    assert_eq!(from_str::<Relu>(r#""torch.nn.ReLU""#).unwrap(), Relu);
    assert_eq!(
        from_str::<SoftmaxCrossEntropy>(r#"{"ignore_index": -1, "label_smoothing": 0.1}"#).unwrap(),
        SoftmaxCrossEntropy::new().with_ignore_label(-1).with_label_smoothing(0.1).unwrap()
    );
}

#[test]
fn errors_say_what_is_wrong() {
    fn error<F: DeserializeOwned>(text: &str) -> String {
        from_str::<F>(text).err().map_or_else(|| panic!("{text} is read"), |error| error.to_string())
    }
    // The errors of the parser, and of the constructor.
    for (error, message) in [
        (error::<AnyActivation>(r#""sigmod""#), r#"at byte 0: unknown name "sigmod": did you mean "sigmoid"?"#),
        (error::<AnyActivation>(r#""leaky_relu(slop=1)""#), r#"at byte 11: leaky_relu has no parameter "slop""#),
        (error::<AnyActivation>(r#""softmax""#), r#"at byte 0: "softmax" is slopes::activation::Softmax"#),
        (error::<AnyLoss>(r#""huber(delta=-1)""#), "at byte 6: parameter delta = -1 must be"),
        (error::<AnyLoss>("1"), r#"invalid type: integer `1`, expected the name of a function, with its parameters"#),
        (error::<LeakyRelu>(r#"{"slop": 0.2}"#), r#"leaky_relu has no parameter "slop": did you mean "slope"?"#),
        (error::<LeakyRelu>(r#"{"slope": 1, "negative_slope": 1}"#), "parameter slope is given twice"),
        (error::<LeakyRelu>(r#"{"slope": null}"#), "invalid type: null, expected a number"),
        (error::<LeakyRelu>(r#"{"slope": true}"#), "invalid type: boolean `true`, expected a number"),
        (error::<LeakyRelu>(r#"{"slope": "steep"}"#), r#"invalid value: string "steep", expected a number"#),
        (error::<LeakyRelu>("0.2"), "invalid type: floating point `0.2`, expected the parameters of leaky_relu"),
        (error::<Softplus>(r#"{"beta": -1}"#), "parameter beta = -1 must be from 1e-15 to 1e15"),
        (error::<Huber>(r#"{"delta": 0}"#), "parameter delta = 0 must be"),
        (error::<Maxout>(r#"{"pieces": 2.5}"#), "parameter pieces = 2.5 must be a positive integer"),
        (error::<NegativeLogLikelihood>(r#"{"ignore_label": 0.5}"#), "parameter ignore_label = 0.5 must be an integer"),
        (error::<MultiMargin>(r#"{"squared": 1}"#), "invalid type: integer `1`, expected true or false"),
        (error::<Softmax>(r#"{"fully_masked": "unform"}"#), r#"unknown name "unform": did you mean "uniform"?"#),
        (error::<Relu>(r#""gelu""#), r#"at byte 0: "gelu" is slopes::activation::Gelu, a function of AnyActivation"#),
        (error::<Relu>("{}"), r#"invalid type: map, expected the name "relu""#),
    ] {
        assert!(error.starts_with(message), "{error}\n{message}");
    }
    // Weights of classes would be lost.
    let weights = [1.0, 2.0];
    let loss = SoftmaxCrossEntropy::new().with_class_weights(&weights).unwrap();
    for error in [serde_json::to_string(&loss), serde_json::to_string(&AnyRowLoss::from(loss))] {
        assert!(error.unwrap_err().to_string().starts_with("weights of classes are borrowed"));
    }
}

/// The activations of published models, in the words of their configurations.
#[test]
fn configurations_of_published_models_are_read() {
    #[derive(Deserialize)]
    struct Configuration {
        #[serde(
            alias = "activation_function",
            alias = "hidden_activation",
            alias = "activation",
            alias = "dense_act_fn"
        )]
        hidden_act: AnyActivation,
    }
    for (configuration, activation) in [
        (r#"{"model_type": "albert", "hidden_act": "gelu_new"}"#, "gelu_tanh"),
        (r#"{"model_type": "apertus", "hidden_act": "xielu"}"#, "xielu(alpha_p=0.8, alpha_n=0.8, beta=0.5)"),
        (r#"{"model_type": "bert", "hidden_act": "gelu"}"#, "gelu"),
        (r#"{"model_type": "clip_text_model", "hidden_act": "quick_gelu"}"#, "quick_gelu"),
        (r#"{"model_type": "deepseek_v3", "hidden_act": "silu"}"#, "swish(beta=1)"),
        (r#"{"model_type": "distilbert", "activation": "gelu"}"#, "gelu"),
        (r#"{"model_type": "efficientnet", "hidden_act": "swish"}"#, "swish(beta=1)"),
        (r#"{"model_type": "gemma2", "hidden_activation": "gelu_pytorch_tanh"}"#, "gelu_tanh"),
        (r#"{"model_type": "gpt2", "activation_function": "gelu_new"}"#, "gelu_tanh"),
        (r#"{"model_type": "gpt_neox", "hidden_act": "gelu_fast"}"#, "gelu_tanh"),
        (r#"{"model_type": "llama", "hidden_act": "silu"}"#, "swish(beta=1)"),
        (r#"{"model_type": "mistral", "hidden_act": "silu"}"#, "swish(beta=1)"),
        (r#"{"model_type": "mobilebert", "hidden_act": "relu"}"#, "relu"),
        (r#"{"model_type": "mobilenet_v2", "hidden_act": "relu6"}"#, "relu6"),
        (r#"{"model_type": "nemotron", "hidden_act": "relu2"}"#, "relu2"),
        (r#"{"model_type": "opt", "activation_function": "relu"}"#, "relu"),
        (r#"{"model_type": "phi", "hidden_act": "gelu_new"}"#, "gelu_tanh"),
        (r#"{"model_type": "qwen3", "hidden_act": "silu"}"#, "swish(beta=1)"),
        (r#"{"model_type": "siglip_vision_model", "hidden_act": "gelu_pytorch_tanh"}"#, "gelu_tanh"),
        (r#"{"model_type": "t5", "dense_act_fn": "relu"}"#, "relu"),
        (r#"{"model_type": "whisper", "activation_function": "gelu"}"#, "gelu"),
        // Other names of the list that these are from.
        (r#"{"hidden_act": "gelu_accurate"}"#, "gelu_tanh"),
        (r#"{"hidden_act": "gelu_python"}"#, "gelu"),
        (r#"{"hidden_act": "hardswish"}"#, "hard_swish"),
        (r#"{"hidden_act": "laplace"}"#, "laplace(mu=0.707107, sigma=0.282095)"),
        (r#"{"hidden_act": "leaky_relu"}"#, "leaky_relu(slope=0.01)"),
        (r#"{"hidden_act": "linear"}"#, "identity"),
        (r#"{"hidden_act": "mish"}"#, "mish"),
        (r#"{"hidden_act": "sigmoid"}"#, "sigmoid"),
        (r#"{"hidden_act": "sqrtsoftplus"}"#, "sqrt_softplus"),
        (r#"{"hidden_act": "tanh"}"#, "tanh"),
    ] {
        let Configuration { hidden_act } = from_str(configuration).unwrap_or_else(|e| panic!("{configuration}: {e}"));
        assert_eq!(hidden_act.to_string(), activation, "{configuration}");
    }

    // A GELU that is cut at -10 and 10, which the crate does not have: an error that has the name, the nearest one, and all.
    let error = from_str::<Configuration>(r#"{"hidden_act": "gelu_10"}"#).err().unwrap().to_string();
    assert!(
        error.starts_with(r#"at byte 0: unknown name "gelu_10": did you mean "gelu"? Known names: identity,"#),
        "{error}"
    );
    assert!(error.ends_with("at line 1 column 24"), "{error}");
}
