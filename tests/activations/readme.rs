//! The README's table of activations, and its commands.

use crate::common::readme::{lists, readme};
use slopes::activation::{self, AnyActivation};

#[test]
fn the_readme_lists_the_catalogue() {
    let of = |spec: &slopes::Spec| format!("{:?}", spec.name().parse::<AnyActivation>().unwrap());
    let all = activation::all::<f32>().iter().map(|f| (of(f.spec()), f.spec()));
    lists("### Activations of one number", all);
}

#[test]
fn commands_are_named() {
    let text = readme();
    for command in ["cargo test", "cargo run --release --example digits"] {
        assert!(text.contains(command), "README.md does not say `{command}`");
    }
}
