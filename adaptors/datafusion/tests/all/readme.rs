//! The README names all functions.

#[test]
fn the_readme_has_every_function() {
    let readme = include_str!("../../README.md");
    let missing: Vec<_> =
        slopes_datafusion::usages().into_iter().filter(|f| !readme.contains(&format!("`{f}`"))).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}
