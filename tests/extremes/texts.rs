//! Texts of functions, as users and model configurations write them.

use slopes::activation::{AnyActivation, AnyGatedUnit, AnyRowActivation};
use slopes::loss::{AnyGroupLoss, AnyLoss, AnyPenalty, AnyRowLoss};

use super::Bytes;

/// What texts are made of, beside names and numbers.
const PIECES: [&str; 28] = [
    "(", ")", "=", ",", " ", "(", ")", "=", ", ", "-", "_", ":", ".", "nn.", "none", "None", "true", "False", "null",
    "nan", "inf", "-0", "1e999", "0x1p-3", "é", "\u{0}", "\"", "e",
];

/// A text that bytes choose: mostly a name, and parameters in parentheses.
fn text(bytes: &mut Bytes) -> String {
    let specs: Vec<_> = AnyActivation::all().map(|f| f.spec()).chain(AnyLoss::all().map(|f| f.spec())).collect();
    let spec = specs[bytes.index(specs.len())];
    let mut text = spec.names[bytes.index(spec.names.len())].to_owned();
    if bytes.byte() < 200 {
        text.push('(');
    }
    for _ in 0..bytes.index(10) {
        match bytes.byte() % 8 {
            0 => text.push_str(specs[bytes.index(specs.len())].names[0]),
            1 | 2 if !spec.parameters.is_empty() => {
                let names = spec.parameters[bytes.index(spec.parameters.len())];
                text.push_str(&format!("{}={}, ", names[bytes.index(names.len())], bytes.parameter()));
            }
            3 => text.push_str(&format!("{:e}", bytes.parameter())),
            _ => text.push_str(PIECES[bytes.index(PIECES.len())]),
        }
    }
    if bytes.byte() < 200 {
        text.push(')');
    }
    text
}

/// A text is a function whose own text is it again, or an error with a message.
pub fn is_read_or_refused(text: &str) -> Result<(), String> {
    macro_rules! check {
        ($($Any:ident),+) => {$(
            match text.parse::<$Any>() {
                Ok(f) if f.to_string().parse::<$Any>().ok() != Some(f) => {
                    return Err(format!("{text:?} is {f}, whose text is another {}", stringify!($Any)));
                }
                Err(error) if error.to_string().is_empty() => return Err(format!("{text:?}: no message")),
                _ => {}
            }
        )+};
    }
    check!(AnyActivation, AnyRowActivation, AnyGatedUnit, AnyLoss, AnyRowLoss, AnyGroupLoss, AnyPenalty);
    Ok(())
}

pub fn check(bytes: &mut Bytes) -> Result<(), String> {
    is_read_or_refused(&text(bytes))
}
