//! What a function declares about itself, and the errors of names and parameters.

use core::fmt;

/// What a function declares about itself at its usual parameters: tests, benchmarks and pages read it from here.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Facts {
    /// The name, and the other names that it is known by.
    pub names: &'static [&'static str],
    /// Value, slope and curvature as formulas.
    pub formulas: [&'static str; 3],
    /// Where the function comes from.
    pub source: &'static str,
    /// The limits of value, slope and curvature at -inf and at +inf.
    pub limits: [[f64; 2]; 3],
    /// Where the function has a kink or a jump; the page says which one-sided slope is taken.
    pub joints: &'static [f64],
    /// The smallest and the largest value.
    pub range: [f64; 2],
    /// Whether the value never falls as x grows.
    pub monotone: bool,
    /// What a change of the sign of x does to the value.
    pub symmetry: Symmetry,
    /// The worst error in f32.
    pub f32: Ulp,
    /// The worst error in f64.
    pub f64: Ulp,
}

/// The worst error of value, slope and curvature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ulp {
    /// In units in the last place of the exact result.
    pub ulp: [f64; 3],
    /// Or this absolute error, whichever is larger, in units of 2^-24 (f32) or 2^-53 (f64): for roots of the function
    /// that are no numbers of the type.
    pub floor: [f64; 3],
}

/// What a change of the sign of x does to a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Symmetry {
    /// f(-x) = -f(x), to the bit.
    Odd,
    /// f(-x) = f(x), to the bit.
    Even,
    /// Neither.
    None,
}

impl Facts {
    /// The facts of a function that declares none.
    pub const UNDECLARED: &'static Facts = &Facts {
        names: &["undeclared"],
        formulas: ["undeclared"; 3],
        source: "undeclared",
        limits: [[f64::NAN; 2]; 3],
        joints: &[],
        range: [f64::NEG_INFINITY, f64::INFINITY],
        monotone: false,
        symmetry: Symmetry::None,
        f32: Ulp::EXACT,
        f64: Ulp::EXACT,
    };

    /// The name.
    pub const fn name(&self) -> &'static str {
        self.names[0]
    }
}

impl Ulp {
    /// Exact, or rounded once.
    pub const EXACT: Ulp = Ulp { ulp: [0.5; 3], floor: [0.0; 3] };
}

/// A parameter that its function has no meaning for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BadParameter {
    /// The parameter's name.
    pub parameter: &'static str,
    /// The value that was given.
    pub value: f64,
    /// What it should be.
    pub wanted: &'static str,
}

impl fmt::Display for BadParameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "parameter {} = {}: must be {}", self.parameter, self.value, self.wanted)
    }
}

impl core::error::Error for BadParameter {}

/// A name that no function has.
#[derive(Clone, Copy)]
pub struct UnknownName {
    name: [u8; Self::SHOWN],
    len: usize,
    known: &'static [&'static Facts],
}

impl UnknownName {
    /// As much of an unknown name is shown.
    const SHOWN: usize = 40;

    fn new(name: &str, known: &'static [&'static Facts]) -> Self {
        let len = (0..=Self::SHOWN.min(name.len())).rfind(|&i| name.is_char_boundary(i)).unwrap_or(0);
        let mut shown = [0; Self::SHOWN];
        shown[..len].copy_from_slice(&name.as_bytes()[..len]);
        UnknownName { name: shown, len, known }
    }

    /// The name that was asked for; of a long one, its beginning.
    pub fn name(&self) -> &str {
        core::str::from_utf8(&self.name[..self.len]).unwrap_or_default()
    }

    /// The known name with the fewest differences.
    pub fn nearest(&self) -> &'static str {
        let names = self.known.iter().flat_map(|facts| facts.names);
        names.min_by_key(|known| distance(self.name(), known)).copied().unwrap_or_default()
    }
}

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown name {:?}: did you mean {:?}? Known are", self.name(), self.nearest())?;
        self.known.iter().enumerate().try_for_each(|(i, facts)| {
            let comma = if i == 0 { "" } else { "," };
            write!(f, "{comma} {}", facts.name())
        })
    }
}

impl fmt::Debug for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnknownName").field("name", &self.name()).field("nearest", &self.nearest()).finish()
    }
}

impl core::error::Error for UnknownName {}

/// The place of the function that has a name. Names are compared without case, and without what separates words.
pub(crate) fn find(name: &str, known: &'static [&'static Facts]) -> Result<usize, UnknownName> {
    let has_name = |facts: &&Facts| facts.names.iter().any(|known| letters(known).eq(letters(name)));
    known.iter().position(has_name).ok_or_else(|| UnknownName::new(name, known))
}

fn letters(name: &str) -> impl Iterator<Item = u8> {
    name.bytes().filter(|c| !matches!(c, b'_' | b'-' | b' ')).map(|c| c.to_ascii_lowercase())
}

/// Levenshtein's distance of the first letters of two names.
fn distance(a: &str, b: &str) -> usize {
    const LONGEST: usize = 48;
    let mut row: [usize; LONGEST + 1] = core::array::from_fn(|i| i);
    for (i, x) in letters(a).take(LONGEST).enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, y) in letters(b).take(LONGEST).enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[letters(b).take(LONGEST).count()]
}
