//! Options of other projects in the texts of functions: those that choose a function, and those that change nothing.

use crate::names::eq_normalized;

/// An option of a function that is a choice of functions here.
pub(crate) struct Choice {
    function: &'static str,
    pub(crate) option: &'static str,
    /// Values, and the function that each chooses.
    functions: &'static [(&'static [&'static str], &'static str)],
    pub(crate) requirement: &'static str,
}

const TRUE: &[&str] = &["True", "true"];
const FALSE: &[&str] = &["False", "false"];

const CHOICES: &[Choice] = &[
    // A text in PyTorch, a flag in Keras.
    Choice {
        function: "gelu",
        option: "approximate",
        functions: &[(&["none", "False", "false"], "gelu"), (&["tanh", "True", "true"], "gelu_tanh")],
        requirement: "must be 'none' or 'tanh'",
    },
    // Keras.
    Choice {
        function: "binary_cross_entropy",
        option: "from_logits",
        functions: &[(FALSE, "binary_cross_entropy"), (TRUE, "binary_cross_entropy_with_logits")],
        requirement: "must be True or False",
    },
    Choice {
        function: "categorical_cross_entropy",
        option: "from_logits",
        functions: &[(FALSE, "categorical_cross_entropy"), (TRUE, "softmax_cross_entropy")],
        requirement: "must be True or False",
    },
    // PyTorch.
    Choice {
        function: "kl_divergence_from_log",
        option: "log_target",
        functions: &[(FALSE, "kl_divergence_from_log"), (TRUE, "kl_divergence_of_logs")],
        requirement: "must be True or False",
    },
    Choice {
        function: "poisson_nll",
        option: "log_input",
        functions: &[(TRUE, "poisson_nll"), (FALSE, "poisson_nll_of_rate")],
        requirement: "must be True or False",
    },
];

/// The choice that an option of a function is.
pub(crate) fn choice(function: &str, option: &str) -> Option<&'static Choice> {
    CHOICES.iter().find(|choice| choice.function == function && eq_normalized(choice.option, option))
}

impl Choice {
    /// The function that a value chooses.
    pub(crate) fn function(&self, value: &str) -> Option<&'static str> {
        self.functions.iter().find(|(values, _)| values.contains(&unquoted(value))).map(|(_, function)| *function)
    }
}

/// The number of values that may be given without names. The others must have names, because they are others in PyTorch
/// or Keras: `PReLU(3)` has three channels, `Softmax(1)` is along an axis, the first value of `MultiMarginLoss` and the
/// second of `TripletMarginLoss` are exponents, and that of cross-entropies is a weight or `from_logits`.
pub(crate) fn values_without_names(function: &str) -> usize {
    match function {
        "prelu" | "softmax" | "softmin" | "log_softmax" | "poisson_nll" | "multi_margin" => 0,
        "binary_cross_entropy" | "binary_cross_entropy_with_logits" | "categorical_cross_entropy" => 0,
        "softmax_cross_entropy" | "negative_log_likelihood" => 0,
        "triplet" => 1,
        _ => usize::MAX,
    }
}

/// A parameter that must be given with an alias of its function, whose default is another one in the project that the
/// alias is from.
pub(crate) struct Required {
    alias: &'static str,
    pub(crate) parameter: &'static str,
    pub(crate) requirement: &'static str,
}

const REQUIRED: &[Required] = &[
    Required {
        alias: "sigmoid_focal_loss",
        parameter: "alpha",
        requirement: "must be given: it is 0.25 by default in torchvision, none here",
    },
    Required {
        alias: "quantile",
        parameter: "tau",
        requirement: "must be given: it is 0.9 by default in LightGBM, 0.5 here",
    },
    Required {
        alias: "reg:quantileerror",
        parameter: "tau",
        requirement: "must be given: it has no default in XGBoost",
    },
];

/// The parameter that must be given with an alias, if there is one.
pub(crate) fn required(alias: &str) -> Option<&'static Required> {
    REQUIRED.iter().find(|required| eq_normalized(required.alias, alias))
}

/// An option that changes nothing of a function, as long as its value is accepted.
pub(crate) struct Neutral {
    /// The function; empty for any.
    function: &'static str,
    pub(crate) option: &'static str,
    pub(crate) accepts: fn(&str) -> bool,
    pub(crate) requirement: &'static str,
}

const fn neutral(
    function: &'static str,
    option: &'static str,
    accepts: fn(&str) -> bool,
    requirement: &'static str,
) -> Neutral {
    Neutral { function, option, accepts, requirement }
}

const NEUTRAL: &[Neutral] = &[
    neutral("", "inplace", |value| TRUE.contains(&value) || FALSE.contains(&value), "must be True or False"),
    neutral("", "name", |_| true, ""),
    neutral("", "reduction", is_mean, "must be 'mean': other reductions are methods of the loss"),
    neutral("", "size_average", is_none, "must be None: reductions are methods of the loss"),
    neutral("", "reduce", is_none, "must be None: reductions are methods of the loss"),
    neutral("", "weight", is_none, "must be None: weights are given to the loss by `weighted`"),
    neutral("", "label_smoothing", is_zero, "must be 0: smooth the targets, y (1 - s) + s / 2"),
    neutral("prelu", "num_parameters", |value| value == "1", "must be 1: `PReluChannels` has a slope for each channel"),
    // Where beta x is above the threshold, PyTorch takes x for the function: at 20 that is 1e-10 off, relatively.
    neutral("softplus", "threshold", is_at_least_20, "must be at least 20: the function is computed everywhere"),
    // It would be added in a logarithm that is not taken.
    neutral("poisson_nll", "eps", is_number, "must be a number"),
    // Any number is the parameter.
    neutral("binary_cross_entropy_with_logits", "pos_weight", is_none, "must be a number or None"),
];

/// The option that changes nothing of a function, if it is one.
pub(crate) fn neutral_option(function: &str, option: &str) -> Option<&'static Neutral> {
    let is_it = |neutral: &&Neutral| {
        (neutral.function.is_empty() || neutral.function == function) && eq_normalized(neutral.option, option)
    };
    NEUTRAL.iter().find(is_it)
}

fn is_none(value: &str) -> bool {
    matches!(value, "None" | "none")
}

fn is_number(value: &str) -> bool {
    value.parse::<f64>().is_ok()
}

/// 0 without a sign: -0 is left to the functions with this parameter, which keep its bits.
fn is_zero(value: &str) -> bool {
    value.parse::<f64>().is_ok_and(|value| value.to_bits() == 0)
}

/// PyTorch's name of the mean, and Keras's.
fn is_mean(value: &str) -> bool {
    matches!(unquoted(value), "mean" | "sum_over_batch_size")
}

fn is_at_least_20(value: &str) -> bool {
    value.parse::<f64>().is_ok_and(|value| value >= 20.0)
}

/// A value without the quotes around it.
fn unquoted(value: &str) -> &str {
    let quoted = |quote: char| value.strip_prefix(quote)?.strip_suffix(quote);
    quoted('\'').or_else(|| quoted('"')).unwrap_or(value)
}
