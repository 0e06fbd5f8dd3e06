//! The tables of the README that are made from what the functions declare and from what was measured of them.
//!
//! `SLOPES_BLESS=1` writes them.

use std::sync::Mutex;

use slopes::Spec;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");

pub fn readme() -> String {
    std::fs::read_to_string(PATH).expect("README.md")
}

/// Fails unless the part of the README from the heading on to the next one is what is made of it.
pub fn part_is_current(heading: &str, make: impl Fn(&str) -> String) {
    /// Tests write one after the other.
    static FILE: Mutex<()> = Mutex::new(());
    let _file = FILE.lock();
    let text = readme();
    let start = text.find(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("README.md has no {heading:?}")) + 1;
    let end = text[start..].find("\n#").map_or(text.len(), |len| start + len + 1);
    let (found, made) = (&text[start..end], make(&text[start..end]));
    if super::is_blessing() {
        std::fs::write(PATH, [&text[..start], &made, &text[end..]].concat()).unwrap();
        return;
    }
    for (found, made) in found.lines().zip(made.lines()) {
        assert_eq!(found, made, "README.md, {heading}: `.ci/tables` makes it");
    }
    assert_eq!(found, made, "README.md, {heading}: `.ci/tables` makes it");
}

/// Fails unless the table below the heading lists the functions of a catalogue; `debug` writes the enum's variants.
pub fn lists<'a>(heading: &str, all: impl Iterator<Item = (String, &'a Spec)>) {
    let row = |(debug, spec): (String, &Spec)| {
        let names: Vec<_> = spec.names.iter().map(|name| format!("`{name}`")).collect();
        let bounds = spec.f32.ulp.map(|ulp| ulp.to_string()).join(", ");
        let (variant, _) = debug.split_once('(').expect("a variant with the function");
        format!("| `{variant}` | {} | {} | {bounds} |\n", names.join(", "), spec.formulas[0])
    };
    let rows: String = all.map(row).collect();
    part_is_current(heading, |part| {
        let start = part.find("\n|").map_or(part.len(), |before| before + 1);
        let end = part[start..].find("\n\n").map_or(part.len(), |len| start + len + 1);
        let head = "| type | names | value | bounds |\n|---|---|---|---|\n";
        [&part[..start], head, &rows, &part[end..]].concat()
    });
}
