//! The README tells the truth about the catalogue, and names the commands.

use std::collections::BTreeSet;

use slopes::{activation, loss};

fn readme() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).expect("README.md")
}

/// What stands between backticks.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// A row of a table whose first cell is a type: the type, and the names of its second cell.
fn entry(line: &str) -> Option<(&str, Vec<&str>)> {
    let mut cells = line.trim().strip_prefix('|')?.split('|');
    let kind = code(cells.next()?).next()?;
    let is_type = kind.starts_with(|c: char| c.is_ascii_uppercase()) && kind.chars().all(|c| c.is_ascii_alphanumeric());
    is_type.then_some((kind, code(cells.next()?).collect()))
}

/// `leaky_relu` and `LeakyRelu` are the same to `by_name`; this is how it compares.
fn letters(name: &str) -> String {
    name.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect()
}

#[test]
fn tables_hold_the_catalogue() {
    let text = readme();
    // Activations come first; a name may be that of a loss too.
    let (activations, losses) = text.split_once("Losses of pairs").expect("a table of losses");
    let entries = activations.lines().filter_map(entry).map(|entry| ("activation", entry));
    let entries = entries.chain(losses.lines().filter_map(entry).map(|entry| ("loss", entry)));
    let mut listed = BTreeSet::new();
    for (module, (kind, names)) in entries {
        let Some(first) = names.first() else { continue };
        let facts = match module {
            "loss" => loss::by_name::<f32>(first).map(|f| f.facts()),
            _ => activation::by_name::<f32>(first).map(|f| f.facts()),
        };
        let facts = facts.unwrap_or_else(|_| panic!("README.md: no {module} has the name {first} of {kind}"));
        assert_eq!(*first, facts.name(), "README.md: the name of {kind}");
        if module == "activation" {
            let bounds = facts.f32.ulp.map(|ulp| ulp.to_string()).join(", ");
            let row = text.lines().find(|line| line.starts_with(&format!("| `{kind}` |"))).unwrap_or_default();
            assert!(row.ends_with(&format!("| {bounds} |")), "README.md: the bounds of {kind} are {bounds}");
        }
        for name in names {
            let known = facts.names.iter().any(|known| letters(known) == letters(name));
            assert!(known, "README.md: {kind} has no name {name}");
        }
        assert!(listed.insert((module, facts.name())), "README.md lists {kind} twice");
    }
    let activations = activation::all::<f32>().iter().map(|f| ("activation", f.facts().name()));
    for name in activations.chain(loss::all::<f32>().iter().map(|f| ("loss", f.facts().name()))) {
        assert!(listed.contains(&name), "README.md has no row for the {} {}", name.0, name.1);
    }
}

#[test]
fn commands_are_named() {
    let text = readme();
    for command in ["cargo test", "cargo run --release --example digits"] {
        assert!(text.contains(command), "README.md does not say `{command}`");
    }
}
