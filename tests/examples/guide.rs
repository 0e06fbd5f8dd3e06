//! The pages of the guide are those of its table of contents, and each links to the next.

use std::fs;

/// The pages in the order of the table: lines such as "//! 3. [`arrays`]: ...".
fn pages(contents: &str) -> Vec<&str> {
    let numbered = contents.lines().filter_map(|line| line.strip_prefix("//! ")?.split_once(". [`"));
    let pages: Vec<_> = numbered.filter_map(|(_, rest)| Some(rest.split_once("`]")?.0)).collect();
    assert!(pages.len() > 10, "no table of contents");
    pages
}

#[test]
fn each_page_of_the_guide_links_to_the_next() {
    let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/src/guide");
    let read = |page: &str| fs::read_to_string(format!("{guide}/{page}.rs")).unwrap();
    let contents = read("mod");
    let pages = pages(&contents);
    for pair in pages.windows(2) {
        let link = format!("//! Next: [`{}`](super::{}), ", pair[1], pair[1]);
        assert!(read(pair[0]).contains(&link), "{} does not end with: {link}", pair[0]);
    }
    assert!(!read(pages[pages.len() - 1]).contains("Next:"));

    let mut modules: Vec<_> =
        contents.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    let mut listed = pages;
    modules.sort_unstable();
    listed.sort_unstable();
    assert_eq!(listed, modules);
}
