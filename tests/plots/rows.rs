//! The pictures that explain functions and losses of rows.

/// Each with the name of the type.
pub fn all() -> impl Iterator<Item = (&'static str, String)> {
    [].into_iter()
}
