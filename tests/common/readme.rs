//! The README tells the truth about a catalogue.

use std::collections::BTreeSet;

use slopes::{Spec, UnknownNameError};

pub fn readme() -> String {
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

/// Fails unless the README has each function of a catalogue in its part for the kind, with names and bounds that are
/// true.
pub fn holds(kind: &str, all: &[&'static Spec], by_name: fn(&str) -> Result<&'static Spec, UnknownNameError>) {
    let text = readme();
    // Activations come first; a name may be that of a loss too.
    let (activations, losses) = text.split_once("Losses of pairs").expect("a table of losses");
    let is_activation = kind == "activation";
    let mut listed = BTreeSet::new();
    for (row, names) in if is_activation { activations } else { losses }.lines().filter_map(entry) {
        let Some(first) = names.first() else { continue };
        let spec = by_name(first).unwrap_or_else(|_| panic!("README.md: no {kind} has the name {first} of {row}"));
        assert_eq!(*first, spec.name(), "README.md: the name of {row}");
        if is_activation {
            let bounds = spec.f32.ulp.map(|ulp| ulp.to_string()).join(", ");
            let line = text.lines().find(|line| line.starts_with(&format!("| `{row}` |"))).unwrap_or_default();
            assert!(line.ends_with(&format!("| {bounds} |")), "README.md: the bounds of {row} are {bounds}");
        }
        for name in names {
            let known = spec.names.iter().any(|known| letters(known) == letters(name));
            assert!(known, "README.md: {row} has no name {name}");
        }
        assert!(listed.insert(spec.name()), "README.md lists {row} twice");
    }
    for spec in all {
        assert!(listed.contains(spec.name()), "README.md has no row for the {kind} {}", spec.name());
    }
}
