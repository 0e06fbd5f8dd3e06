//! The digits example learns, repeats itself to the digit, and refuses bad options in one line.

#![cfg(not(miri))]

use std::env;
use std::path::Path;
use std::process::{Command, Output};

/// Runs the example as it is now, through cargo: `cargo test --test digits` alone would not have built it, and a target
/// that is not this machine needs its runner. After a plain `cargo test`, nothing is left to build.
fn digits(options: &[&str]) -> Output {
    let profile = if cfg!(debug_assertions) { "test" } else { "release" };
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["run", "--quiet", "--example", "digits", "--profile", profile]);
    cargo.args(["--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")]);
    // With --target, the path of this test has a folder named after it.
    let folders = env::current_exe().expect("the test has a path");
    let target = format!("{}-", env::consts::ARCH);
    if let Some(target) = folders.iter().filter_map(|folder| folder.to_str()).rfind(|name| name.starts_with(&target)) {
        cargo.args(["--target", target]);
    }
    cargo.arg("--").args(options).output().expect("cargo runs")
}

/// A figure that no other run draws.
fn figure(name: &str) -> String {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name).display().to_string()
}

fn stdout(output: &Output) -> &str {
    assert!(output.status.success(), "{output:?}");
    str::from_utf8(&output.stdout).expect("text")
}

/// The number before the per cent sign in the line of the test.
fn accuracy(stdout: &str) -> f32 {
    let line = stdout.lines().find(|line| line.starts_with("test loss")).expect("a line of the test");
    let number = line.split(" %").next().and_then(|line| line.rsplit(' ').next());
    number.and_then(|number| number.parse().ok()).expect("per cent")
}

#[test]
fn learns_to_read() {
    let figure = figure("learns_to_read.svg");
    let output = digits(&["--figure", &figure]);
    assert!(accuracy(stdout(&output)) >= 97.0, "{output:?}");
    let epochs = stdout(&output).lines().filter(|line| line.starts_with(' ')).count();
    assert_eq!(epochs, 30, "a line per epoch");
    let drawn = std::fs::read_to_string(figure).expect("a figure");
    for text in ["mean loss", "accuracy, per cent", "epoch", "training", "validation"] {
        assert!(drawn.contains(text), "the figure lacks {text:?}");
    }
}

#[test]
fn tells_a_zero() {
    let output = digits(&["--binary", "--epochs", "10", "--figure", &figure("tells_a_zero.svg")]);
    // Whoever always says no is right in 90 of 100.
    assert!(accuracy(stdout(&output)) >= 98.0, "{output:?}");
}

#[test]
fn repeats_itself() {
    let figure = figure("repeats_itself.svg");
    let run = |seed| digits(&["--activation", "SiLU", "--epochs", "2", "--seed", seed, "--figure", &figure]).stdout;
    assert_eq!(run("7"), run("7"));
    assert_ne!(run("7"), run("8"));
}

#[test]
fn refuses_bad_options() {
    for (options, wanted) in [
        (&["--activation", "sigmiod"][..], "did you mean \"sigmoid\"? Known are "),
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
        let output = digits(options);
        assert_eq!(output.status.code(), Some(2), "{options:?}: {output:?}");
        assert!(output.stdout.is_empty(), "{options:?}: {output:?}");
        // One line, after what cargo may have to say.
        let stderr = str::from_utf8(&output.stderr).expect("text");
        let line = stderr.lines().last().unwrap_or_default();
        assert!(line.starts_with("digits: ") && line.contains(wanted), "{options:?}: {stderr}");
        assert_eq!(stderr.matches("digits: ").count(), 1, "{options:?}: {stderr}");
    }
}
