//! The pictures on the pages of the functions: `doc/plots`, which `declare!` includes by the names of the types.
//!
//! `SLOPES_BLESS=1` writes them. They are made of the specifications and of what the functions return, at the lowest
//! level, whose bits are the same on every machine.

#[allow(dead_code, unused_imports, unused_macros, reason = "each program uses what it needs")]
#[path = "../common/mod.rs"]
mod common;
mod curves;
mod errors;
mod functions;
mod gallery;
mod panel;
mod rows;
mod svg;

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::path::Path;

use common::{all_are_selected, fix_level, is_blessing, is_selected};
use slopes::Level;
use slopes::activation::{self, AnyActivation};
use slopes::loss::{self, AnyLoss};

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

/// The file of a function, from its value in an enum: `Relu(Relu)`.
fn file(any: impl Debug) -> String {
    let debug = format!("{any:?}");
    let (variant, _) = debug.split_once('(').expect("a variant with the function");
    format!("{variant}.html")
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
            let any: AnyActivation = f.spec().name().parse().unwrap();
            (file(any), functions::activation(f, reference, wide))
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
            let any: AnyLoss = f.spec().name().parse().unwrap();
            (file(any), functions::loss(f, reference, wide))
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
    are_current("row", rows::all().map(|(name, text)| (format!("{name}.html"), text)));
}
