//! The formulas and pictures on the pages of the functions: `doc/plots`, which `declare!` and `function!` include by the
//! names of the functions.
//!
//! `SLOPES_BLESS=1` writes them. They are made of the specifications and of what the functions return, at the lowest
//! level, whose bits are the same on every machine.

#[allow(dead_code, unused_imports, unused_macros, reason = "each program uses what it needs")]
#[path = "../common/mod.rs"]
mod common;
mod curves;
mod errors;
mod evaluate;
mod formula;
mod functions;
mod gallery;
mod gated;
mod mathml;
mod panel;
mod rows;
mod svg;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use common::{all_are_selected, fix_level, is_blessing, is_selected};
use mathml::{Left, block};
use slopes::activation::{self, AnyGatedUnit, AnyRowActivation, GumbelSoftmax, LogSumExp, Maxout, SinkSoftmax};
use slopes::loss::{self, AnyGroupLoss, AnyPenalty, AnyRowLoss};
use slopes::{Level, Spec};

const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/doc/plots");

/// Fails unless each file is what is made of it, and the directory has no other.
fn are_current(directory: &str, files: impl IntoIterator<Item = (String, String)>) {
    let directory = Path::new(DIRECTORY).join(directory);
    if is_blessing() {
        std::fs::create_dir_all(&directory).unwrap();
    }
    let mut made = BTreeSet::new();
    for (name, text) in files {
        let path = directory.join(&name);
        if is_blessing() {
            std::fs::write(&path, text).unwrap();
        } else {
            let found = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(found == text, "doc/plots is not current: `.ci/tables` makes {}", path.display());
        }
        made.insert(name);
    }
    if all_are_selected() {
        let found = std::fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap());
        let found: BTreeSet<_> = found.map(|entry| entry.file_name().into_string().unwrap()).collect();
        assert_eq!(found, made, "the files of {}", directory.display());
    }
}

/// The file of a function, with what its page shows: the formulas, each behind one of `lefts` or the name of the output,
/// and a picture.
fn file(spec: &Spec, lefts: Option<[&str; 3]>, picture: &str) -> (String, String) {
    let outputs = spec.outputs.into_iter().zip(spec.formulas).filter(|(_, formula)| !formula.is_empty());
    let outputs = outputs
        .enumerate()
        .map(|(i, (label, formula))| (lefts.map_or(Left::Label(label), |lefts| Left::Equation(lefts[i])), formula));
    page(spec.name(), outputs, picture)
}

fn page<'a>(name: &str, formulas: impl Iterator<Item = (Left<'a>, &'a str)>, picture: &str) -> (String, String) {
    let mut html = String::new();
    for (left, formula) in formulas {
        html += &block(left, formula).unwrap_or_else(|error| panic!("{name}: {formula:?}: {error}"));
    }
    assert!(!html.is_empty() && html.is_ascii() && !html.contains("\n\n"), "{name}");
    (format!("{name}.html"), format!("<div class=\"formulas\">\n{html}</div>\n{picture}"))
}

/// The page of a type without a specification: its formulas are the lines "- value: `x`" above it.
fn file_of_text((name, source, (file, picture)): (&str, &str, (&str, String))) -> (String, String) {
    let text = std::fs::read_to_string(format!("{}/src/{source}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let (above, _) =
        text.split_once(&format!("\npub struct {name}")).unwrap_or_else(|| panic!("no {name} in {source}"));
    let (_, above) = above.rsplit_once("\n\n").expect("an item before it");
    let formulas = above.lines().filter_map(|line| {
        let (label, rest) = line.strip_prefix("/// - ")?.split_once(": `")?;
        Some((Left::Label(label), rest.split_once('`')?.0))
    });
    page(file, formulas, &picture)
}

#[test]
fn plots_of_activations() {
    let _fixed = fix_level();
    Level::lowest().set_global().unwrap();
    let all = activation::all::<f32>().iter().zip(activation::references()).zip(activation::all::<f64>());
    let selected = all.filter(|((f, _), _)| is_selected(f.spec().name()));
    are_current(
        "activation",
        selected.map(|((&f, &reference), &wide)| {
            file(f.spec(), Some(["f(x)", "f'(x)", "f''(x)"]), &functions::activation(f, reference, wide))
        }),
    );
}

#[test]
fn plots_of_losses() {
    let _fixed = fix_level();
    Level::lowest().set_global().unwrap();
    let all = loss::all::<f32>().iter().zip(loss::references()).zip(loss::all::<f64>());
    let selected = all.filter(|((f, _), _)| is_selected(f.spec().name()));
    are_current(
        "loss",
        selected.map(|((&f, &reference), &wide)| {
            file(f.spec(), Some(["f", "f'", "f''"]), &functions::loss(f, reference, wide))
        }),
    );
}

#[test]
fn plots_of_the_readme() {
    if !all_are_selected() {
        return;
    }
    let _fixed = fix_level();
    Level::lowest().set_global().unwrap();
    let activations = activation::all::<f64>().iter().map(|&f| functions::small_activation(f));
    let losses = loss::all::<f64>().iter().map(|&loss| functions::small_loss(loss));
    are_current(
        "gallery",
        [
            ("activations.svg".into(), gallery::svg("Activations of one number", activations)),
            ("losses.svg".into(), gallery::svg("Losses of pairs", losses)),
        ],
    );
}

#[test]
fn plots_of_rows() {
    if !all_are_selected() {
        return;
    }
    let _fixed = fix_level();
    Level::lowest().set_global().unwrap();
    let pictures: BTreeMap<_, _> = rows::all().chain(gated::all()).collect();
    let specs: Vec<_> = AnyRowActivation::all()
        .map(|f| f.spec())
        .chain(AnyGatedUnit::all().map(|f| f.spec()))
        .chain(AnyRowLoss::all().map(|f| f.spec()))
        .chain(AnyGroupLoss::all().map(|f| f.spec()))
        .chain(AnyPenalty::all().map(|f| f.spec()))
        .chain([GumbelSoftmax::SPEC, LogSumExp::SPEC, Maxout::SPEC, SinkSoftmax::SPEC])
        .collect();
    assert_eq!(pictures.len(), specs.len(), "the functions that have pictures");
    are_current(
        "row",
        specs
            .into_iter()
            .map(|spec| {
                let picture = pictures.get(spec.name()).unwrap_or_else(|| panic!("{} has no picture", spec.name()));
                file(spec, None, picture)
            })
            .chain(gated::layers().into_iter().map(file_of_text)),
    );
}
