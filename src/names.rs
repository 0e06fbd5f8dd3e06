//! Names of functions and parameters, and how near one is to another.

use core::fmt;

/// Names of functions, or of the parameters of one: of each, the first is the one that is written.
pub(crate) type Names = &'static [&'static [&'static str]];

/// The first names.
pub(crate) fn list(f: &mut fmt::Formatter<'_>, names: Names) -> fmt::Result {
    names.iter().enumerate().try_for_each(|(i, names)| {
        let comma = if i == 0 { "" } else { ", " };
        write!(f, "{comma}{}", names[0])
    })
}

pub(crate) fn eq_normalized(a: &str, b: &str) -> bool {
    normalized(a).eq(normalized(b))
}

pub(crate) fn normalized(name: &str) -> impl Iterator<Item = u8> {
    name.bytes().filter(|c| !matches!(c, b'_' | b'-' | b' ')).map(|c| c.to_ascii_lowercase())
}

/// Levenshtein's distance of the first letters of two names.
pub(crate) fn distance(a: &str, b: &str) -> usize {
    const LONGEST: usize = 48;
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
