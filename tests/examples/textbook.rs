//! The textbook's examples.

use std::process::Output;

use crate::program::{figure, refuses, run, shows, stdout};

/// The number before the unit at the end of the line that begins so.
fn number(text: &str, beginning: &str, unit: &str) -> f64 {
    let line = text.lines().find(|line| line.starts_with(beginning)).unwrap_or_else(|| panic!("no line {beginning:?}"));
    let number = line.strip_suffix(unit).and_then(|line| line.rsplit(' ').next());
    number.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("no number: {line:?}"))
}

/// The numbers of the first line of a table: output, loss and gradient of each loss.
fn first_epoch(text: &str, table: &str) -> Vec<f64> {
    let mut lines = text.lines().skip_while(|line| !line.starts_with(table));
    let line = lines.nth(2).expect("two lines of headings, then numbers");
    let numbers: Vec<f64> = line.split_whitespace().map(|number| number.parse().expect("a number")).collect();
    assert_eq!(numbers[0], 0.0, "epoch");
    numbers[1..].to_vec()
}

#[test]
fn cross_entropy_starts_fast() {
    let figure = figure("cross_entropy_starts_fast.svg");
    let output = run("mse_vs_cross_entropy", &["--figure", &figure]);
    let text = stdout(&output);

    // a = s(-4), C = (a - 1)^2 / 2 or -ln a, dC/dz = (a - 1) s'(z) or a - 1, by the standard library.
    let a = 1.0 / (1.0 + 4.0_f64.exp());
    let slope = a * (1.0 - a);
    let half_square = (1.0 - a).powi(2) / 2.0;
    let close = |table, wanted: &[f64]| {
        let found = first_epoch(text, table);
        let near = found.iter().zip(wanted).all(|(found, wanted)| (found - wanted).abs() < 6e-5);
        assert!(near && found.len() == wanted.len(), "{table}: {found:?}, not {wanted:?}");
    };
    close("sigmoid", &[a, half_square, (a - 1.0) * slope, a, -a.ln(), a - 1.0]);
    close("softmax", &[a, 2.0 * half_square, 2.0 * (a - 1.0) * slope, a, -a.ln(), a - 1.0]);
    close("linear", &[-4.0, 12.5, -5.0]);
    assert_eq!(number(text, "1 / s'(z)", ""), (1e4 / slope).round() / 1e4);
    assert_eq!(number(text, "first gradient", ""), number(text, "1 / s'(z)", ""));

    // The linear neuron is the last.
    let learnt: Vec<&str> = text.lines().filter(|line| line.contains(": output 0.9 ")).collect();
    let epochs = |index: usize| number(learnt[index], "", " epochs");
    assert!(learnt[0].starts_with("MSE") && learnt[0].contains("not within 300"), "{learnt:?}");
    assert!(learnt[1].starts_with("cross-entropy") && epochs(1) < 60.0, "{learnt:?}");
    assert!(learnt[2].starts_with("MSE") && epochs(2) > 4.0 * epochs(3), "{learnt:?}");
    assert!(learnt[3].starts_with("likelihood") && learnt[4].starts_with("MSE") && epochs(4) < 20.0, "{learnt:?}");
    shows(&figure, &["sigmoid: share of the first loss", "softmax", "linear", "MSE", "cross-entropy", "likelihood"]);
}

#[test]
fn boosting_tells_tumours() {
    let figure = figure("boosting_tells_tumours.svg");
    let output = run("boosting", &["--figure", &figure]);
    let text = stdout(&output);
    let accuracy = |line: &str| number(text, line, " %");
    assert!(accuracy("mean test accuracy") >= 94.0, "{text}");
    let splits: Vec<f64> = (1..=5).map(|split| accuracy(&format!("split {split}"))).collect();
    assert!((splits.iter().sum::<f64>() / 5.0 - accuracy("mean test accuracy")).abs() < 0.01, "{text}");

    // The log-loss of the training set falls from line to line.
    let rounds: Vec<f64> = text
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with(' '))
        .map(|line| line.split_whitespace().nth(1).and_then(|loss| loss.parse().ok()).expect("a loss"))
        .collect();
    assert!(rounds.len() > 10 && rounds.is_sorted_by(|before, after| before > after), "{rounds:?}");
    shows(&figure, &["mean log-loss", "accuracy, per cent", "round", "training", "test"]);
}

/// Of each way to take a score, one; whoever always says benign is right in 63 of 100.
#[test]
fn boosting_takes_other_losses() {
    let figure = figure("boosting_takes_other_losses.svg");
    let run = |loss| run("boosting", &["--loss", loss, "--rounds", "30", "--figure", &figure]);
    for loss in ["MSE", "mae", "focal", "tweedie", "soft_margin", "exponential", "hinge"] {
        let output = run(loss);
        let accuracy = number(stdout(&output), "mean test accuracy", " %");
        assert!(accuracy >= 85.0, "{loss}: {accuracy} %");
    }
    // The same loss with other labels: the same trees, but for roundings.
    let rounds_end = |output: &Output| {
        let line = stdout(output).lines().find(|line| line.starts_with("   30  ")).expect("the last round");
        line.split_whitespace().nth(1).and_then(|loss| loss.parse::<f64>().ok()).expect("a loss")
    };
    let (logits, margins) = (run("bce_with_logits"), run("soft_margin"));
    assert!((rounds_end(&logits) - rounds_end(&margins)).abs() < 1e-3, "{logits:?} {margins:?}");
}

#[test]
fn repeat_themselves() {
    let figure = figure("repeat_themselves.svg");
    let boosting = |seed| run("boosting", &["--rounds", "5", "--seed", seed, "--figure", &figure]).stdout;
    assert_eq!(boosting("7"), boosting("7"));
    assert_ne!(boosting("7"), boosting("8"));
    let neuron = |rate| run("mse_vs_cross_entropy", &["--epochs", "5", "--rate", rate, "--figure", &figure]).stdout;
    assert_eq!(neuron("0.3"), neuron("0.3"));
    assert_ne!(neuron("0.3"), neuron("0.4"));
}

#[test]
fn refuse_bad_options() {
    for (options, wanted) in [
        (&["--epochs", "0"][..], "from 1 to 10000"),
        (&["--rate", "-0.1"], "from 0.000001 to 1"),
        (&["--rate", "1.5"], "from 0.000001 to 1"),
        (&["--rat", "0.1"], "options are --epochs <N>, --rate <F>, "),
    ] {
        refuses("mse_vs_cross_entropy", options, wanted);
    }
    for (options, wanted) in [
        (&["--loss", "hindge"][..], "did you mean \"hinge\"? Known names: "),
        (&["--loss", "perceptron"], "perceptron is no loss of two classes and any score; such are mse, "),
        (&["--rounds", "1001"], "from 1 to 1000"),
        (&["--rate", "nan"], "from 0.001 to 1"),
        (&["--seed", "x"], "from 0 to 18446744073709551615"),
        (&["--depth", "3"], "options are --loss <NAME>, --rounds <N>, "),
    ] {
        refuses("boosting", options, wanted);
    }
}
