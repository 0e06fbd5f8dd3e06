//! The README tells the truth about the catalogue, and names the commands.

use crate::common::readme::{holds, readme};
use slopes::activation;

#[test]
fn tables_hold_the_catalogue() {
    let all: Vec<_> = crate::functions::all::<f32>().iter().map(|f| f.spec()).collect();
    holds("activation", &all, |name| activation::by_name::<f32>(name).map(|f| f.spec()));
}

#[test]
fn commands_are_named() {
    let text = readme();
    for command in ["cargo test", "cargo run --release --example digits"] {
        assert!(text.contains(command), "README.md does not say `{command}`");
    }
}
