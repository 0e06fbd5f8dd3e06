//! The digits example learns.

use crate::program::{figure, refuses, run, shows, stdout};

/// The number before the per cent sign in the line of the test.
fn accuracy(stdout: &str) -> f32 {
    let line = stdout.lines().find(|line| line.starts_with("test loss")).expect("a line of the test");
    let number = line.split(" %").next().and_then(|line| line.rsplit(' ').next());
    number.and_then(|number| number.parse().ok()).expect("per cent")
}

#[test]
fn learns_to_read() {
    let figure = figure("learns_to_read.svg");
    let output = run("digits", &["--figure", &figure]);
    assert!(accuracy(stdout(&output)) >= 97.0, "{output:?}");
    let epochs = stdout(&output).lines().filter(|line| line.starts_with(' ')).count();
    assert_eq!(epochs, 30, "a line per epoch");
    shows(&figure, &["mean loss", "accuracy, per cent", "epoch", "training", "validation"]);
}

#[test]
fn tells_a_zero() {
    let output = run("digits", &["--binary", "--epochs", "10", "--figure", &figure("tells_a_zero.svg")]);
    // Whoever always says no is right in 90 of 100.
    assert!(accuracy(stdout(&output)) >= 98.0, "{output:?}");
}

/// examples/firmware is compiled with the constants.
#[test]
fn writes_constants() {
    let (figure, file) = (figure("writes_constants.svg"), figure("digits.rs"));
    let output = run("digits", &["--hidden", "3", "--epochs", "1", "--figure", &figure, "--constants", &file]);
    assert!(stdout(&output).contains("constants in "), "{output:?}");
    let source = std::fs::read_to_string(file).expect("a source");
    for constant in [
        "HIDDEN_WEIGHTS: [[f32; 64]; 3]",
        "HIDDEN_BIAS: [f32; 3]",
        "OUTPUT_WEIGHTS: [[f32; 3]; 10]",
        "OUTPUT_BIAS: [f32; 10]",
        "PIXELS: usize = 64",
        "IMAGES: [[u8; 64]; 10]",
        "LABELS: [u32; 10]",
    ] {
        assert!(source.contains(constant), "{constant}");
    }
}

#[test]
fn repeats_itself() {
    let figure = figure("repeats_itself.svg");
    let options = ["--activation", "SiLU", "--epochs", "2", "--figure", &figure, "--seed"];
    let seeded = |seed| run("digits", &[&options[..], &[seed]].concat()).stdout;
    assert_eq!(seeded("7"), seeded("7"));
    assert_ne!(seeded("7"), seeded("8"));
}

#[test]
fn refuses_bad_options() {
    for (options, wanted) in [
        (&["--activation", "sigmiod"][..], "did you mean \"sigmoid\"? Known names: "),
        (&["--hidden", "0"], "from 1 to 4096"),
        (&["--hidden", "-1"], "from 1 to 4096"),
        (&["--epochs", "0"], "from 1 to 10000"),
        (&["--epochs", "1.5"], "from 1 to 10000"),
        (&["--batch", "0"], "from 1 to 1257"),
        (&["--batch", "1258"], "from 1 to 1257"),
        (&["--learning-rate", "nan"], "from 0.000001 to 10"),
        (&["--learning-rate", "-0.1"], "from 0.000001 to 10"),
        (&["--seed", "x"], "from 0 to 18446744073709551615"),
        (&["--hiden", "64"], "options are --activation <NAME>, --hidden <N>, "),
        (&["64"], "options are --activation <NAME>, --hidden <N>, "),
    ] {
        refuses("digits", options, wanted);
    }
}
