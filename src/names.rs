//! Names of functions and parameters, and the edit distance between names.

use core::fmt;

/// The names of functions, or of the parameters of a function: for each its name, which is written, then its aliases.
pub(crate) type Names = &'static [&'static [&'static str]];

/// The functions of a catalogue.
#[derive(Clone, Copy)]
pub(crate) struct Catalogue {
    /// The module of the crate that exports them.
    pub(crate) module: &'static str,
    /// The enum of them, or "" if there is none.
    pub(crate) any: &'static str,
    /// Their paths in the crate.
    pub(crate) paths: &'static [&'static str],
    pub(crate) names: Names,
}

/// All catalogues.
const CATALOGUES: &[Catalogue] = &[
    crate::activation::CATALOGUE,
    crate::activation::row::CATALOGUE,
    crate::activation::layer::glu::units::CATALOGUE,
    crate::activation::OTHERS,
    crate::loss::CATALOGUE,
    crate::loss::row::CATALOGUE,
    crate::loss::group::CATALOGUE,
    crate::loss::penalty::CATALOGUE,
];

/// The path of a function with this name, and its catalogue, which is not that of the `known` names: of the same module,
/// if there is one.
pub(crate) fn elsewhere(name: &str, known: Names) -> Option<(&'static str, &'static Catalogue)> {
    // Of a function that is in no enum, only its own name is known.
    let own = CATALOGUES.iter().find(|catalogue| catalogue.names == known).map(|own| own.module);
    let in_catalogue = |catalogue: &'static Catalogue| {
        let has_name = |names: &&[&str]| names.iter().any(|known| eq_normalized(known, name));
        let index = catalogue.names.iter().position(has_name)?;
        Some((catalogue.paths[index], catalogue))
    };
    let mut found = CATALOGUES.iter().filter_map(in_catalogue);
    found.clone().find(|(_, catalogue)| own == Some(catalogue.module)).or_else(|| found.next())
}

/// Names that projects give to different functions, and the functions that they are here.
const AMBIGUOUS: &[(&str, &str)] = &[(
    "poisson",
    "poisson_nll is of the logarithm of the rate, as in LightGBM; poisson_nll_of_rate of the rate, as in Keras",
)];

/// The functions that an ambiguous name may mean.
pub(crate) fn meanings(name: &str) -> Option<&'static str> {
    AMBIGUOUS.iter().find(|(ambiguous, _)| eq_normalized(ambiguous, name)).map(|(_, meanings)| *meanings)
}

/// Writes the names, without aliases, separated by commas.
pub(crate) fn list(f: &mut fmt::Formatter<'_>, names: Names) -> fmt::Result {
    names.iter().enumerate().try_for_each(|(i, names)| {
        let comma = if i == 0 { "" } else { ", " };
        write!(f, "{comma}{}", names[0])
    })
}

/// Equality of names, ignoring case and separators.
pub(crate) fn eq_normalized(a: &str, b: &str) -> bool {
    normalized(a).eq(normalized(b))
}

/// A name in lower case, without separators.
pub(crate) fn normalized(name: &str) -> impl Iterator<Item = u8> {
    name.bytes().filter(|c| !matches!(c, b'_' | b'-' | b' ' | b':')).map(|c| c.to_ascii_lowercase())
}

/// The length that names are cut to before they are compared.
const LONGEST: usize = 48;

/// The Levenshtein distance of two normalized names, each cut to [`LONGEST`] bytes.
pub(crate) fn distance(a: &str, b: &str) -> usize {
    let mut row: [usize; LONGEST + 1] = core::array::from_fn(|i| i);
    for (i, x) in normalized(a).take(LONGEST).enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, y) in normalized(b).take(LONGEST).enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[normalized(b).take(LONGEST).count()]
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn distances_are_those_of_levenshtein() {
        for (a, b, expected) in [
            ("", "", 0),
            ("", "gelu", 4),
            ("relu", "relu", 0),
            ("Leaky_ReLU", "leaky relu", 0),
            ("xrelu", "relu", 1),
            ("relux", "relu", 1),
            ("rlu", "relu", 1),
            ("rslu", "relu", 1),
            ("reul", "relu", 2),
            ("kitten", "sitting", 3),
            ("mish", "tanh", 3),
        ] {
            assert_eq!([distance(a, b), distance(b, a)], [expected; 2], "{a} {b}");
        }
    }
}
