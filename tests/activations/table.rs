//! The table of worst errors over all f32, which `worst_errors --table tests/worst_errors.csv` makes, against what the
//! functions declare.

use std::collections::BTreeMap;

use slopes::activation;

use crate::common::readme::part_is_current;
use crate::common::{ORDERS, csv};

/// No bound is looser than the worst error by more.
const LOOSE: f64 = 0.25;

/// The family, the worst ulp, and what was needed of the floor.
type Worst<'a> = (&'a str, f64, f64);

/// What was found of a function and an order. Read at run time: a new measurement should not compile the kernels again.
fn table() -> BTreeMap<(&'static str, usize), Vec<Worst<'static>>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/worst_errors.csv");
    let text = std::fs::read_to_string(path).expect("a table").leak();
    let header = "function,order,family,ulp,x,floor,floor_x";
    let mut measured: BTreeMap<(&str, usize), Vec<Worst>> = BTreeMap::new();
    for row in csv(text, header) {
        let order = ORDERS.iter().position(|order| *order == row[1]).expect("an order");
        let number = |column: usize| row[column].parse::<f64>().expect("a number");
        measured.entry((row[0], order)).or_default().push((row[2], number(3), number(5)));
    }
    measured
}

/// Every order of every function has been measured with fused operations and without. What machines without f64 have of
/// their own, `unfusedf32`, is there where it differs.
#[test]
fn the_table_is_complete() {
    let table = table();
    for f in crate::functions::all::<f32>() {
        for (order, title) in ORDERS.iter().enumerate() {
            let families = table.get(&(f.spec().name(), order)).map_or(&[][..], |families| families);
            for wanted in ["fused", "unfused"] {
                let has = families.iter().any(|family| family.0 == wanted);
                assert!(has, "tests/worst_errors.csv lacks the {title} of {}, {wanted}", f.spec().name());
            }
        }
    }
}

/// The README's figures are those of the table, rounded up to two digits.
#[test]
fn the_readme_shows_the_table() {
    let table = table();
    let worst = |name: &str, order: usize| {
        let fused = table[&(name, order)].iter().find(|family| family.0 == "fused").expect("a measurement");
        format!("{:.2}", (fused.1 * 100.0).ceil() / 100.0)
    };
    part_is_current("### How right: worst errors beside PyTorch and rten-vecmath", |part| {
        let is_row = |line: &str| line.starts_with("| ") && !line.starts_with("| function |");
        assert!(part.lines().filter(|line| is_row(line)).count() > 10);
        let row = |line: &str| {
            let cells: Vec<&str> = line.split(" | ").collect();
            let name = cells[0].trim_start_matches("| ");
            format!("| {name} | {} | {} | {}", worst(name, 0), worst(name, 1), cells[3..].join(" | "))
        };
        part.lines().map(|line| if is_row(line) { row(line) } else { line.to_owned() } + "\n").collect()
    });
}

#[test]
fn bounds_are_those_of_the_table() {
    for ((name, order), families) in table() {
        let spec = activation::by_name::<f32>(name).expect("a function of the catalogue").spec();
        assert_eq!(spec.name(), name);
        let (bound, floor) = (spec.f32.ulp[order], spec.f32.absolute[order]);
        for (family, ulp, units) in &families {
            let within = *ulp <= bound && *units <= floor;
            assert!(
                within,
                "{} of {name}, {family}: {ulp} ulp or {units} of a floor, of {bound} or {floor}",
                ORDERS[order]
            );
        }
        // The bound is that of all families. Scaled by the default 1, or moved by the default 0, nothing rounds;
        // the bound is that of other parameters.
        let worst = families.iter().map(|family| family.1).fold(0.0, f64::max);
        if !matches!(name, "scaled_linear" | "shrink") {
            assert!(bound <= worst + LOOSE, "the bound of the {} of {name}, {bound}, is loose: {worst}", ORDERS[order]);
        }
    }
}
