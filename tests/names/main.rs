//! Names, texts and values of all catalogues of functions: elementwise, of rows, gated units, of distances.

mod configurations;

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use slopes::activation::{
    AnyActivation, AnyGatedUnit, AnyRowActivation, ClampedSwiGlu, FullyMasked, GatedUnit, GluLayout, GumbelSoftmax,
    LogSoftmax, LogSumExp, Maxout, RowActivation, Softmax, SwiGlu,
};
use slopes::loss::{
    AnyGroupLoss, AnyLoss, AnyPenalty, AnyRowLoss, CategoricalFocal, MultiMargin, NegativeLogLikelihood, RowLoss,
    SoftmaxCrossEntropy, Targets, Triplet,
};
use slopes::{ParameterKind, Rows, Spec, UnknownNameError};

/// A catalogue: its module and enum, its specifications, and the function that it finds by a name, as text.
struct Catalogue {
    module: &'static str,
    any: &'static str,
    specs: Vec<&'static Spec>,
    find: fn(&str) -> Result<String, UnknownNameError>,
}

/// Calls a macro with the module and the enum of each catalogue.
macro_rules! for_each_catalogue {
    ($then:ident) => {
        $then! {
            activation AnyActivation, activation AnyRowActivation, activation AnyGatedUnit,
            loss AnyLoss, loss AnyRowLoss, loss AnyGroupLoss, loss AnyPenalty
        }
    };
}

fn catalogues() -> Vec<Catalogue> {
    macro_rules! list {
        ($($module:ident $Any:ident),+) => {
            vec![$(Catalogue {
                module: stringify!($module),
                any: stringify!($Any),
                specs: $Any::all().map(|f| f.spec()).collect(),
                find: |name| $Any::by_name(name).map(|f| f.to_string()),
            }),+]
        };
    }
    for_each_catalogue!(list)
}

fn normalized(name: &str) -> String {
    name.chars().filter(|c| !"_- :".contains(*c)).flat_map(char::to_lowercase).collect()
}

#[test]
fn every_name_finds_its_function_and_no_other() {
    for module in ["activation", "loss"] {
        let mut seen = HashMap::new();
        for catalogue in catalogues().iter().filter(|catalogue| catalogue.module == module) {
            for spec in &catalogue.specs {
                for name in spec.names {
                    let other = seen.insert(normalized(name), spec.name());
                    assert!(other.is_none_or(|other| other == spec.name()), "{name} is {} and {other:?}", spec.name());
                    let found = (catalogue.find)(name).unwrap();
                    assert_eq!(found.split('(').next(), Some(spec.name()), "{name}");
                }
            }
        }
        assert!(seen.len() > 60, "{module}: {}", seen.len());
    }
}

#[test]
fn names_of_other_projects_are_known() {
    for (name, function) in [
        ("torch.nn.Softmax", "softmax"),
        ("LogSoftmax", "log_softmax"),
        ("SwiGLU", "swiglu"),
        ("GEGLU", "geglu"),
        ("CrossEntropyLoss", "softmax_cross_entropy"),
        ("multi:softprob", "softmax_cross_entropy"),
        ("NLLLoss", "negative_log_likelihood"),
        ("MultiMarginLoss", "multi_margin"),
        ("CategoricalCrossentropy", "categorical_cross_entropy"),
        ("SparseCategoricalCrossentropy", "categorical_cross_entropy"),
        ("CategoricalHinge", "categorical_hinge"),
        ("Dice", "dice"),
        ("Tversky", "tversky"),
        ("CosineSimilarity", "cosine_similarity"),
        ("CosineEmbeddingLoss", "cosine_embedding"),
        ("TripletMarginLoss", "triplet"),
        ("GaussianNLLLoss", "gaussian_nll"),
        ("MarginRankingLoss", "margin_ranking"),
    ] {
        let found: Vec<_> = catalogues().iter().filter_map(|catalogue| (catalogue.find)(name).ok()).collect();
        assert_eq!(found.len(), 1, "{name}");
        assert_eq!(found[0].split('(').next(), Some(function), "{name}");
    }
}

/// A name of another catalogue is an unknown name, and the error says where its function is.
#[test]
fn names_of_other_kinds_are_told() {
    let all = catalogues();
    for catalogue in &all {
        for other in all.iter().filter(|other| other.any != catalogue.any) {
            for spec in &other.specs {
                for name in spec.names.iter().filter(|name| !catalogue.specs.iter().any(|spec| knows(spec, name))) {
                    let error = (catalogue.find)(name).unwrap_err();
                    let path = error.elsewhere().unwrap_or_else(|| panic!("{name} is not told in {}", catalogue.any));
                    // A function of the same module comes first.
                    let in_module = all.iter().filter(|other| other.module == catalogue.module);
                    let near = in_module.flat_map(|other| &other.specs).any(|spec| knows(spec, name));
                    let module = if near { catalogue.module } else { other.module };
                    assert!(path.starts_with(module), "{name} in {}: {path}", catalogue.any);
                    assert!(error.to_string().contains(&format!("is slopes::{path}, a function of Any")), "{error}");
                }
            }
        }
        for (name, path) in [
            ("maxout", "activation::Maxout"),
            ("log_sum_exp", "activation::LogSumExp"),
            ("softmax1", "activation::SinkSoftmax"),
            ("GumbelSoftmax", "activation::GumbelSoftmax"),
        ] {
            let error = (catalogue.find)(name).unwrap_err();
            assert_eq!(error.elsewhere(), Some(path));
            assert!(error.to_string().contains("a type of its own"), "{error}");
        }
        let error = (catalogue.find)("a name of nothing").unwrap_err();
        assert_eq!(error.elsewhere(), None);
    }
}

/// A name that other projects give to different functions is refused, and the error names those of ours.
#[test]
fn ambiguous_names_are_refused() {
    for name in ["poisson", "Poisson", "keras.losses.Poisson"] {
        for catalogue in catalogues() {
            let error = (catalogue.find)(name).unwrap_err().to_string();
            assert!(error.contains("ambiguous: poisson_nll is of the logarithm of the rate"), "{error}");
            assert!(error.contains("poisson_nll_of_rate of the rate, as in Keras"), "{error}");
        }
        let error = format!("{name}()").parse::<AnyLoss>().unwrap_err().to_string();
        assert!(error.starts_with("at byte 0: the name") && error.contains("is ambiguous"), "{error}");
    }
    assert_eq!(AnyLoss::by_name("count:poisson").unwrap(), AnyLoss::by_name("poisson_nll").unwrap());
}

/// A value whose place is another one's in PyTorch or Keras must have its name.
#[test]
fn values_of_other_projects_are_not_taken_for_ours() {
    for text in ["Softmax(1)", "softmin(2)", "LogSoftmax(1, zero)"] {
        let error = text.parse::<AnyRowActivation>().unwrap_err().to_string();
        assert!(error.contains("expected `parameter=value`"), "{text}: {error}");
    }
    for text in ["MultiMarginLoss(2)", "CategoricalCrossentropy(1)", "CrossEntropyLoss(1)", "NLLLoss(1)"] {
        let error = text.parse::<AnyRowLoss>().unwrap_err().to_string();
        assert!(error.contains("expected `parameter=value`"), "{text}: {error}");
    }
    for text in ["BCEWithLogitsLoss(2)", "BinaryCrossentropy(0.25)", "PoissonNLLLoss(0)"] {
        let error = text.parse::<AnyLoss>().unwrap_err().to_string();
        assert!(error.contains("expected `parameter=value`"), "{text}: {error}");
    }
    // The margin is the first value in PyTorch too, but the second one is an exponent.
    let error = "TripletMarginLoss(0.5, 2)".parse::<AnyGroupLoss>().unwrap_err();
    assert!(error.offset == 23 && error.to_string().contains("expected `parameter=value`"), "{error}");
    let margin = Triplet::new().with_margin(0.5).unwrap();
    assert_eq!("TripletMarginLoss(0.5)".parse::<AnyGroupLoss>().unwrap(), margin.into());

    let logits: AnyRowLoss = "CategoricalCrossentropy(from_logits=True, label_smoothing=0.125)".parse().unwrap();
    assert_eq!(logits, SoftmaxCrossEntropy::new().with_label_smoothing(0.125).unwrap().into());
    let shares: AnyRowLoss = "CategoricalCrossentropy(from_logits=False)".parse().unwrap();
    assert_eq!(shares, AnyRowLoss::by_name("categorical_cross_entropy").unwrap());
}

/// A parameter whose default is another one in the project of the alias must be given.
#[test]
fn other_defaults_are_not_taken_for_ours() {
    for (text, message) in [
        ("sigmoid_focal_loss", "option alpha must be given: it is 0.25 by default in torchvision, none here"),
        (
            "ops.sigmoid_focal_loss(gamma=2)",
            "option alpha must be given: it is 0.25 by default in torchvision, none here",
        ),
        ("Quantile()", "option tau must be given: it is 0.9 by default in LightGBM, 0.5 here"),
        ("reg:quantileerror", "option tau must be given: it has no default in XGBoost"),
    ] {
        assert_eq!(text.parse::<AnyLoss>().unwrap_err().to_string(), format!("at byte 0: {message}"), "{text}");
    }
    for (text, loss) in [
        ("sigmoid_focal_loss(alpha=0.25)", "focal(gamma=2, alpha=0.25)"),
        ("sigmoid_focal_loss(alpha=none)", "focal(gamma=2, alpha=none)"),
        ("quantile(alpha=0.9)", "pinball(tau=0.9)"),
        ("reg:quantileerror(0.25)", "pinball(tau=0.25)"),
        ("pinball", "pinball(tau=0.5)"),
    ] {
        assert_eq!(text.parse::<AnyLoss>().unwrap().to_string(), loss, "{text}");
    }
}

fn knows(spec: &Spec, name: &str) -> bool {
    spec.names.iter().any(|known| normalized(known) == normalized(name))
}

#[test]
fn specifications_are_whole() {
    for spec in catalogues().iter().flat_map(|catalogue| &catalogue.specs) {
        let name = spec.name();
        assert_eq!((spec.parameters.len(), spec.parameters.len()), (spec.defaults.len(), spec.kinds.len()), "{name}");
        assert!(!spec.source.is_empty() && spec.range[0] < spec.range[1], "{name}");
        assert_eq!(spec.outputs[0], "value", "{name}");
        for order in 0..3 {
            assert_eq!(spec.outputs[order].is_empty(), spec.formulas[order].is_empty(), "{name}");
            for bound in [spec.f32, spec.f64] {
                for bound in [bound.ulp[order], bound.absolute[order]] {
                    assert!(bound >= 0.0 && bound.is_finite(), "{name}");
                }
            }
        }
    }
}

/// Values that a parameter may have, its default and NaN among them.
fn values_of(kind: ParameterKind) -> Vec<f64> {
    match kind {
        ParameterKind::Flag => vec![0.0, 1.0, 2.0],
        ParameterKind::Choice(names) => (0..=names.len()).map(|i| i as f64).collect(),
        _ => vec![f64::NAN, -100.0, -1.0, -0.0, 0.25, 0.75, 1.0, 1.25, 1.75, 2.5, 7.0, 1e30],
    }
}

/// A value is written and read to the bit, each parameter with its values; what is out of its domain changes nothing.
#[test]
fn texts_are_read_as_what_was_written() {
    macro_rules! check {
        ($($module:ident $Any:ident),+) => {
            $(for original in $Any::all() {
                let spec = original.spec();
                assert_eq!(spec.name().parse::<$Any>().unwrap(), original, "{spec:?}");
                let defaults: Vec<_> = original.parameters().map(|(_, value)| value.to_bits()).collect();
                let declared: Vec<_> = spec.defaults.iter().map(|value| value.to_bits()).collect();
                assert_eq!(defaults, declared, "{original}");
                for (names, kind) in spec.parameters.iter().zip(spec.kinds) {
                    let mut accepted = HashSet::new();
                    for value in values_of(*kind) {
                        // A label is an integer, whose 0 has no sign.
                        let value = if names[0] == "ignore_label" { value + 0.0 } else { value };
                        let mut changed = original;
                        if changed.set_parameter(names[names.len() - 1], value).is_err() {
                            assert_eq!(changed, original, "{}", names[0]);
                            continue;
                        }
                        accepted.insert(value.to_bits());
                        assert_eq!(changed.parameter(names[0]).map(f64::to_bits), Some(value.to_bits()), "{changed}");
                        let read: $Any = changed.to_string().parse().unwrap_or_else(|e| panic!("{changed}: {e}"));
                        assert_eq!(read, changed);
                        assert_eq!(hash(&read), hash(&changed));
                        let same = original.parameter(names[0]).map(f64::to_bits) == Some(value.to_bits());
                        assert_eq!(changed == original, same, "{changed}");
                    }
                    assert!(accepted.len() >= 2, "{original}: {}", names[0]);
                }
                assert!(format!("{}(nothing=1)", spec.name()).parse::<$Any>().is_err());
            })+
        };
    }
    for_each_catalogue!(check);
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

#[test]
fn choices_labels_and_flags_have_texts() {
    let uniform = Softmax::new().with_fully_masked(FullyMasked::Uniform);
    for text in [
        "softmax(fully_masked=uniform)",
        "Softmax(fully_masked='uniform')",
        "softmax(temperature=1, fully_masked=Uniform)",
    ] {
        assert_eq!(text.parse::<AnyRowActivation>().unwrap(), uniform.into(), "{text}");
    }
    let error = "softmax(fully_masked=unform)".parse::<AnyRowActivation>().unwrap_err();
    assert!(error.offset == 21 && error.to_string().contains("did you mean \"uniform\""), "{error}");

    let ignoring = NegativeLogLikelihood::new().with_ignore_label(-100);
    let text = AnyRowLoss::from(ignoring).to_string();
    assert_eq!(text, "negative_log_likelihood(ignore_label=-100)");
    assert_eq!("NLLLoss(ignore_index=-100)".parse::<AnyRowLoss>().unwrap(), ignoring.into());
    for text in ["nll(ignore_label=none)", "NLLLoss(ignore_index=None)"] {
        assert_eq!(text.parse::<AnyRowLoss>().unwrap(), NegativeLogLikelihood::new().into(), "{text}");
    }
    let error = "nll(ignore_label=0.5)".parse::<AnyRowLoss>().unwrap_err();
    assert!(error.offset == 4 && error.to_string().contains("must be an integer"), "{error}");

    let squared = MultiMargin::new().with_squared(true);
    assert_eq!("multi_margin(squared=true)".parse::<AnyRowLoss>().unwrap(), squared.into());
    let error = "swiglu(beta=0)".parse::<AnyGatedUnit>().unwrap_err();
    assert!(error.offset == 7 && error.to_string().contains("beta = 0 must be"), "{error}");
    let triplet: AnyGroupLoss = "TripletMarginLoss(margin=0.25)".parse().unwrap();
    assert_eq!(triplet, Triplet::new().with_margin(0.25).unwrap().into());
}

/// Functions that are in no enum are read as their own types.
#[test]
fn functions_of_no_enum_have_texts() {
    assert_eq!(LogSumExp.to_string().parse::<LogSumExp>().unwrap(), LogSumExp);
    assert_eq!("ReduceLogSumExp()".parse::<LogSumExp>().unwrap(), LogSumExp);
    let gumbel = GumbelSoftmax::new(0).with_hard(true).with_temperature(0.25).unwrap();
    assert_eq!(gumbel.to_string(), "gumbel_softmax(temperature=0.25, hard=true)");
    for text in [gumbel.to_string().as_str(), "gumbel_softmax(tau=0.25, hard=True)"] {
        assert_eq!(text.parse::<GumbelSoftmax>().unwrap(), gumbel);
    }
    assert_eq!("GumbelSoftmax".parse::<GumbelSoftmax>().unwrap(), GumbelSoftmax::DEFAULT);
    assert_eq!("maxout(7)".parse::<Maxout>().unwrap().to_string(), "maxout(pieces=7)");
    for (text, message) in [
        ("maxout(pieces=0)", "at byte 7: parameter pieces = 0 must be a positive integer"),
        ("maxout(pieces=2.5)", "at byte 7: parameter pieces = 2.5 must be a positive integer"),
        ("maxout(pieces=nan)", "at byte 7: parameter pieces = NaN must be a positive integer"),
        (
            "softmax",
            "at byte 0: \"softmax\" is slopes::activation::Softmax, a function of AnyRowActivation. Known names: maxout",
        ),
    ] {
        assert_eq!(text.parse::<Maxout>().unwrap_err().to_string(), message);
    }
    let error = "gumbel_softmax(temperature=0)".parse::<GumbelSoftmax>().unwrap_err();
    assert!(error.to_string().contains("must be between 1e-15 and 1e15"), "{error}");
}

/// Weights of classes are compared and hashed by their numbers, kept by a new parameter, and no part of the text.
#[test]
fn weights_of_classes_belong_to_the_value() {
    let (weights, same, other) = ([1.0, 3.0], [1.0, 3.0], [1.0, 2.0]);
    let any = |weights| AnyRowLoss::from(SoftmaxCrossEntropy::new().with_class_weights(weights).unwrap());
    assert_eq!(any(&weights), any(&same));
    assert_eq!(hash(&any(&weights)), hash(&any(&same)));
    assert_ne!(any(&weights), any(&other));
    assert_ne!(any(&weights), SoftmaxCrossEntropy::new().into());
    assert_eq!(any(&weights).to_string(), AnyRowLoss::from(SoftmaxCrossEntropy::new()).to_string());
    let mut smooth = any(&weights);
    smooth.set_parameter("label_smoothing", 0.5).unwrap();
    let expected = SoftmaxCrossEntropy::new().with_class_weights(&weights).unwrap().with_label_smoothing(0.5);
    assert_eq!(smooth, expected.unwrap().into());
    let focal = CategoricalFocal::new().with_alpha(&weights).unwrap();
    assert_ne!(AnyRowLoss::from(focal), CategoricalFocal::new().into());
}

#[test]
fn any_activation_of_rows_computes_as_the_one_that_it_is() {
    let (x, dy, rows) = ([0.5_f32, -1.0, 1.0, 0.0, 0.25, 0.5], [1.0, -2.0, 0.5, 3.0, 0.0, 1.0], Rows::contiguous(3));
    let calls = |f: &dyn RowActivation<f32>| {
        let mut outputs = [[0.0; 6]; 4];
        let [y, in_place, dx, from_output] = &mut outputs;
        f.forward(&x, rows, y);
        in_place.copy_from_slice(&x);
        f.forward_in_place(in_place, rows);
        f.backward(&x, &dy, rows, dx);
        f.backward_from_output(y, &dy, rows, from_output);
        (f.spec().name(), outputs)
    };
    let warm = LogSoftmax::new().with_temperature(2.0).unwrap();
    assert_eq!(calls(&AnyRowActivation::from(warm)), calls(&warm));
    let outputs: HashSet<_> = AnyRowActivation::all().map(|f| calls(&f).1[0].map(f32::to_bits)).collect();
    assert_eq!(outputs.len(), AnyRowActivation::all().count(), "no two functions are the same");
}

#[test]
fn any_gated_unit_computes_as_the_one_that_it_is() {
    let (gate, up, dy) = ([0.5_f64, -8.0, 2.0, 9.0], [3.0, -9.0, 0.25, 1.0], [1.0, -2.0, 0.5, 3.0]);
    let calls = |f: &dyn GatedUnit<f64>| {
        let mut outputs = [[0.0; 4]; 10];
        let [y, in_place, d_gate, d_up, d_gate_in_place, d_up_in_place, packed, dx, dx_in_place, one] = &mut outputs;
        (*in_place, *d_gate_in_place, *d_up_in_place, *dx_in_place) = (gate, gate, up, gate);
        f.forward_slice(&gate, &up, y);
        f.forward_in_place(in_place, &up);
        f.backward_slice(&gate, &up, &dy, d_gate, d_up);
        f.backward_in_place(d_gate_in_place, d_up_in_place, &dy);
        f.forward_packed(&gate, GluLayout::Interleaved, &mut packed[..2]);
        f.backward_packed(&gate, GluLayout::Interleaved, &dy[..2], dx);
        f.backward_packed_in_place(dx_in_place, GluLayout::Interleaved, &dy[..2]);
        one[0] = f.forward(0.5, 3.0);
        one[1..3].copy_from_slice(&f.derivatives(0.5, 3.0));
        (f.spec().name(), outputs)
    };
    let (sharp, clamped) = (SwiGlu { beta: 2.0 }, ClampedSwiGlu::DEFAULT);
    assert_eq!(calls(&AnyGatedUnit::from(sharp)), calls(&sharp));
    assert_eq!(calls(&AnyGatedUnit::from(clamped)), calls(&clamped));
    let outputs: HashSet<_> = AnyGatedUnit::all().map(|f| calls(&f).1[0].map(f64::to_bits)).collect();
    assert_eq!(outputs.len(), AnyGatedUnit::all().count(), "no two units are the same");
}

#[test]
fn any_loss_of_rows_computes_as_the_one_that_it_is() {
    let (x, labels, rows) = ([0.5_f64, 0.25, 0.125, 0.75, 0.5, 0.25], [2, 0], Rows::contiguous(3));
    let target = Targets::labels(&labels);
    let loss = SoftmaxCrossEntropy::new().with_ignore_label(0).with_label_smoothing(0.25).unwrap();
    let any = AnyRowLoss::from(loss);
    let gradients = |f: &dyn RowLoss<f64>| {
        let mut gradient = [7.0; 6];
        let mean = f.mean_with_gradient(&x, target, rows, &mut gradient).unwrap();
        (f.spec().name(), mean, gradient)
    };
    assert_eq!(gradients(&any), gradients(&loss));
    assert_eq!(gradients(&any.weighted(&[2.0, 1.0])), gradients(&loss.weighted(&[2.0, 1.0])));
    let sums: HashSet<_> = AnyRowLoss::all().map(|f| f.sum(&x, target, rows).unwrap().to_bits()).collect();
    // Dice and Tversky have the same defaults.
    assert_eq!(sums.len(), AnyRowLoss::all().count() - 1, "no two losses are the same");
}
