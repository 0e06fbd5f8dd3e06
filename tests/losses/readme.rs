//! The README's table of losses, and that of tasks, which is the guide's.

use std::collections::BTreeSet;

use crate::common::readme::{lists, part_is_current};
use slopes::loss::{self, AnyLoss};

#[test]
fn the_readme_lists_the_catalogue() {
    let of = |spec: &slopes::Spec| format!("{:?}", spec.name().parse::<AnyLoss>().unwrap());
    let all = loss::all::<f32>().iter().map(|loss| (of(loss.spec()), loss.spec()));
    lists("### Losses of pairs", all);
}

#[test]
fn the_readme_has_the_table_of_the_guide() {
    const DOCS: &str = "https://docs.rs/slopes/latest/slopes";
    let page = include_str!("../../src/guide/choosing.rs").lines().filter_map(|line| line.strip_prefix("//! "));
    let page: Vec<_> = page.collect();
    let rows = page.iter().skip_while(|line| !line.starts_with("| task |")).take_while(|line| line.starts_with('|'));
    let mut table = rows.copied().collect::<Vec<_>>().join("\n");
    assert!(table.lines().count() > 10, "no table of tasks in the guide");

    // Each name in brackets, but for the pages of the guide, which have their links in the table.
    let names: BTreeSet<_> = table.split("[`").skip(1).filter_map(|rest| rest.split_once("`]")).collect();
    let names: BTreeSet<_> =
        names.into_iter().filter(|(_, rest)| !rest.starts_with('(')).map(|(name, _)| name).collect();
    let link = |name: &&str| {
        let of = |module: &&str| page.contains(&&*format!("[`{name}`]: crate::{module}::{name}"));
        let module =
            ["activation", "loss"].into_iter().find(of).unwrap_or_else(|| panic!("the guide has no link of {name}"));
        format!("[`{name}`]: {DOCS}/{module}/struct.{name}.html\n")
    };
    let links: String = names.iter().map(link).collect();
    for page in ["ordinal", "preference", "contrastive"] {
        table = table.replace(&format!("(super::{page})"), &format!("({DOCS}/guide/{page}/index.html)"));
    }
    part_is_current("## Which output, which loss", |part| {
        let start = part.find("\n|").expect("a table") + 1;
        [&part[..start], &table, "\n\n", &links, "\n"].concat()
    });
}
