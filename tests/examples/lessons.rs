//! The lessons of textbooks.

use crate::program::{figure, refuses, run, shows, stdout};

/// The numbers of a line that begins with a name, in the part of a text that begins so. Units and other words are left
/// out.
fn numbers(text: &str, part: &str, name: &str) -> Vec<f64> {
    let start = text.find(part).unwrap_or_else(|| panic!("no part {part:?}"));
    let lines = text[start..].lines();
    let line = lines.skip(1).find_map(|line| line.trim_start().strip_prefix(name)?.strip_prefix(' '));
    let line = line.unwrap_or_else(|| panic!("no line {name:?} after {part:?}"));
    line.split_whitespace().filter_map(|word| word.parse().ok()).collect()
}

#[test]
fn gradients_vanish() {
    let figure = figure("gradients_vanish.svg");
    let output = run("vanishing_gradient", &["--figure", &figure]);
    let text = stdout(&output);

    // Four neurons, by the standard library: gradients of the output in the biases.
    let mut a = 0.5_f64;
    let slopes: Vec<f64> = (0..4)
        .map(|_| {
            a = 1.0 / (1.0 + (-a).exp());
            a * (1.0 - a)
        })
        .collect();
    for layer in 0..4 {
        let row = numbers(text, "four sigmoids, weights 1,", &(layer + 1).to_string());
        let wanted: f64 = slopes[layer..].iter().product();
        assert!((row[2] - slopes[layer]).abs() < 1e-4 && row[2] <= 0.25, "{row:?}");
        assert!((row[4] / wanted - 1.0).abs() < 1e-4, "{row:?}, not {wanted}");
        // w s'(0) = 25: the gradient grows.
        let row = numbers(text, "four sigmoids, weights 100,", &(layer + 1).to_string());
        assert_eq!((row[3], row[4]), (25.0, 0.25 * 25.0_f64.powi(3 - layer as i32).min(15624.8)), "{row:?}");
    }

    // Norms of four layers, the ratio, the loss, the accuracy.
    let plain = |name| numbers(text, "plain:", name);
    let residual = |name| numbers(text, "residual:", name);
    assert!(plain("sigmoid")[4] < 1e-2 && plain("sigmoid")[6] < 30.0, "{text}");
    assert!(residual("sigmoid")[4] > 0.1 && residual("sigmoid")[6] > 90.0, "{text}");
    for name in ["tanh", "relu", "leaky_relu", "elu", "swish", "mish", "gelu"] {
        for row in [plain(name), residual(name)] {
            assert!((0.1..10.0).contains(&row[4]) && row[6] > 85.0, "{name}: {row:?}");
        }
    }
    shows(&figure, &["plain: norm of the gradient", "residual: norm of the gradient", "layer", "sigmoid", "gelu"]);
}

#[test]
fn initialization_matters() {
    let figure = figure("initialization_matters.svg");
    let output = run("initialization", &["--figure", &figure]);
    let text = stdout(&output);
    for start in ["all 0", "all 0.1"] {
        let row = numbers(text, "two layers", start);
        assert!(row[..2] == [1.0, 1.0] && row[2] < 40.0, "{start}: {row:?}");
    }
    let row = numbers(text, "two layers", "random");
    assert!(row[..2] == [64.0, 64.0] && row[2] > 90.0, "{row:?}");

    // The mean squares of layers 1, 2, 3, 5, 10, 20, 30.
    let last = |part, name| numbers(text, part, name)[6];
    let tanh = "mean square of z by depth: tanh";
    assert!(last(tanh, "a tenth of the gain") < 1e-20 && last(tanh, "half of the gain") < 1e-4, "{text}");
    assert!((0.8..1.25).contains(&last(tanh, "gain")) && last(tanh, "twice the gain") > 4.0, "{text}");
    for name in ["sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu"] {
        let mean_square = last("weights with the gain", name);
        assert!((0.2..5.0).contains(&mean_square), "{name}: {mean_square}");
    }
    shows(&figure, &["tanh: mean square", "mean square, with gain", "half of the gain", "selu"]);
}

#[test]
fn activations_are_compared() {
    let figure = figure("activations_are_compared.svg");
    let options = ["--epochs", "5", "--runs", "1", "--figure", &figure];
    let output = run("choose_an_activation", &options);
    let text = stdout(&output);
    let rows: Vec<&str> = text.lines().skip(2).take_while(|line| line.contains('%')).collect();
    assert_eq!(rows.len(), slopes::activation::all::<f32>().len() + 1, "a row for each, and RReLU in training");
    // Gain, validation loss, validation accuracy, test accuracy, seconds, nanoseconds.
    let accuracy = |name| numbers(text, "64 -> 64 -> 64 -> 10", name)[3];
    for name in ["relu", "gelu", "tanh", "elu", "swish", "rrelu in training"] {
        assert!(accuracy(name) > 90.0, "{name}: {} %", accuracy(name));
    }
    assert!(accuracy("binary_step") < accuracy("relu") - 10.0, "{text}");
    // In the order of the validation loss.
    let losses: Vec<f64> = rows.iter().map(|row| numbers(&format!("\n{row}"), "\n", row[..18].trim())[1]).collect();
    assert!(losses.is_sorted_by(|a, b| a <= b || b.is_nan()), "{losses:?}");
    shows(&figure, &["accuracy, per cent", "rrelu in training", "hard_swish"]);
}

#[test]
fn spirals_are_told_apart() {
    let figure = figure("spirals_are_told_apart.svg");
    // Training loss and accuracy, test loss and accuracy, of the last step.
    let last = |example: &str, options: &[&str], step: &str| {
        let output = run(example, &[options, &["--figure", &figure]].concat());
        numbers(stdout(&output), "Two spirals", step)[3]
    };
    assert!(last("maxout_layer", &[], "1000") > 99.0);
    shows(&figure, &["Two spirals by 24 maxout units of 4 pieces", "label 0", "label 1"]);
    // A straight line.
    assert!(last("maxout_layer", &["--pieces", "1", "--steps", "500"], "500") < 80.0);
    assert!(last("radial_basis", &[], "1000") > 99.0);
    shows(&figure, &["Two spirals by 40 Gaussians", "label 0", "label 1", "centres"]);
}

#[test]
fn lessons_repeat_themselves() {
    let figure = figure("lessons_repeat_themselves.svg");
    for (example, options) in [
        ("vanishing_gradient", &["--epochs", "1"][..]),
        ("initialization", &["--epochs", "1"]),
        ("maxout_layer", &["--steps", "20"]),
        ("radial_basis", &["--steps", "20"]),
    ] {
        let seeded = |seed| run(example, &[options, &["--figure", &figure, "--seed", seed]].concat()).stdout;
        assert_eq!(seeded("7"), seeded("7"), "{example}");
        assert_ne!(seeded("7"), seeded("8"), "{example}");
    }
}

#[test]
fn lessons_refuse_bad_options() {
    for (example, options, wanted) in [
        ("vanishing_gradient", ["--weight", "nan"], "from -1000 to 1000"),
        ("vanishing_gradient", ["--epochs", "0"], "from 1 to 1000"),
        ("initialization", ["--activation", "tanhh"], "did you mean \"tanh\"? Known names: "),
        ("initialization", ["--activation", "elu(alpha=-1)"], "parameter alpha = -1 must be from 0 to 1e15"),
        ("choose_an_activation", ["--runs", "0"], "from 1 to 100"),
        ("choose_an_activation", ["--layers", "3"], "options are --hidden <N>, --epochs <N>, "),
        ("maxout_layer", ["--pieces", "0"], "from 1 to 64"),
        ("radial_basis", ["--centres", "401"], "from 1 to 400"),
        ("radial_basis", ["--sigma", "0"], "from 0.01 to 10"),
    ] {
        refuses(example, &options, wanted);
    }
}
