//! The README tells the truth about the catalogue.

use crate::common::readme::holds;
use slopes::loss;

#[test]
fn tables_hold_the_catalogue() {
    let all: Vec<_> = crate::cases::all::<f32>().iter().map(|f| f.spec()).collect();
    holds("loss", &all, |name| loss::by_name::<f32>(name).map(|f| f.spec()));
}
