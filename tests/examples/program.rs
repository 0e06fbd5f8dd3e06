//! Running an example as its user would.

use std::env;
use std::path::Path;
use std::process::{Command, Output};

/// Runs the example as it is now, through cargo: `cargo test --test examples` alone would not have built it, and a target
/// that is not this machine needs its runner. After a plain `cargo test`, nothing is left to build.
pub fn run(example: &str, options: &[&str]) -> Output {
    let path = env::current_exe().expect("the test has a path");
    // <folder of the profile>/deps/<this test>
    let released = path.ancestors().nth(2).is_some_and(|folder| folder.ends_with("release"));
    let profile = if released { "release" } else { "test" };
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["run", "--quiet", "--example", example, "--profile", profile]);
    cargo.args(["--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")]);
    // With --target, the path of this test has a folder named after it.
    let target = format!("{}-", env::consts::ARCH);
    if let Some(target) = path.iter().filter_map(|folder| folder.to_str()).rfind(|name| name.starts_with(&target)) {
        cargo.args(["--target", target]);
    }
    cargo.arg("--").args(options).output().expect("cargo runs")
}

/// A figure that no other run draws.
pub fn figure(name: &str) -> String {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name).display().to_string()
}

/// What a run that succeeded has printed.
pub fn stdout(output: &Output) -> &str {
    assert!(output.status.success(), "{output:?}");
    str::from_utf8(&output.stdout).expect("text")
}

/// Fails unless the picture has all the texts.
pub fn shows(figure: &str, texts: &[&str]) {
    let drawn = std::fs::read_to_string(figure).expect("a figure");
    for text in texts {
        assert!(drawn.contains(text), "the figure lacks {text:?}");
    }
}

/// Fails unless the example refuses the options in one line that has the text.
pub fn refuses(example: &str, options: &[&str], wanted: &str) {
    let output = run(example, options);
    assert_eq!(output.status.code(), Some(2), "{options:?}: {output:?}");
    assert!(output.stdout.is_empty(), "{options:?}: {output:?}");
    // One line, after what cargo may have to say.
    let stderr = str::from_utf8(&output.stderr).expect("text");
    let line = stderr.lines().last().unwrap_or_default();
    let name = format!("{example}: ");
    assert!(line.starts_with(&name) && line.contains(wanted), "{options:?}: {stderr}");
    assert_eq!(stderr.matches(&name).count(), 1, "{options:?}: {stderr}");
}
