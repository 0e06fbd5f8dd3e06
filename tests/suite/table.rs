//! The table of worst errors over all f32, which `worst_errors --table tests/worst_errors.csv` makes, against what the
//! functions declare.

use std::collections::BTreeMap;

use slopes::activation;

use crate::common::{ORDERS, csv};

/// No bound is looser than the worst error by more.
const LOOSE: f64 = 0.25;

/// The family, the worst ulp, and what was needed of the floor.
type Worst<'a> = (&'a str, f64, f64);

#[test]
fn bounds_are_those_of_the_table() {
    let header = "function,order,family,ulp,x,floor,floor_x";
    let mut measured: BTreeMap<(&str, usize), Vec<Worst>> = BTreeMap::new();
    for row in csv(include_str!("../worst_errors.csv"), header) {
        let order = ORDERS.iter().position(|order| *order == row[1]).expect("an order");
        let number = |column: usize| row[column].parse::<f64>().expect("a number");
        measured.entry((row[0], order)).or_default().push((row[2], number(3), number(5)));
    }
    assert!(!measured.is_empty());
    for ((name, order), families) in measured {
        let facts = activation::by_name::<f32>(name).expect("a function of the catalogue").facts();
        assert_eq!(facts.name(), name);
        let (bound, floor) = (facts.f32.ulp[order], facts.f32.floor[order]);
        for (family, ulp, units) in &families {
            let within = *ulp <= bound && *units <= floor;
            assert!(
                within,
                "{} of {name}, {family}: {ulp} ulp or {units} of a floor, of {bound} or {floor}",
                ORDERS[order]
            );
        }
        // The bound is that of both families.
        let worst = families.iter().map(|family| family.1).fold(0.0, f64::max);
        if families.len() == 2 {
            assert!(bound <= worst + LOOSE, "the bound of the {} of {name}, {bound}, is loose: {worst}", ORDERS[order]);
        }
    }
}
