//! The README's table of losses.

use crate::common::readme::lists;
use slopes::loss::{self, AnyLoss};

#[test]
fn the_readme_lists_the_catalogue() {
    let of = |spec: &slopes::Spec| format!("{:?}", spec.name().parse::<AnyLoss>().unwrap());
    let all = loss::all::<f32>().iter().map(|loss| (of(loss.spec()), loss.spec()));
    lists("### Losses of pairs", all);
}
