//! Formulas as MathML, of the elements that all browsers have (MathML Core).

use crate::formula::{Node, parse};

/// What is written before a formula.
pub enum Left<'a> {
    /// The beginning of an equation, as a plain-text formula: `f(x)`.
    Equation(&'a str),
    /// Text.
    Label(&'a str),
}

/// A formula as a block of HTML: clauses side by side, or below each other if the page is narrow; one that is wider
/// than the page scrolls.
pub fn block(left: Left<'_>, text: &str) -> Result<String, String> {
    let mut html = String::from(
        "<div style=\"display:flex;flex-wrap:wrap;align-items:baseline;gap:.3em 1.8em;overflow:auto hidden;\
         margin:.3em 0;padding:.15em 0\">\n",
    );
    let mut beginning = String::new();
    match left {
        Left::Equation(left) => beginning = format!("{}<mo>=</mo>", clauses(left)?.concat()),
        Left::Label(label) => html += &format!("<span>{label}</span>\n"),
    }
    let clauses = clauses(text)?;
    let last = clauses.len() - 1;
    for (i, clause) in clauses.iter().enumerate() {
        // The whole formula, for programs that read pages aloud and do not know MathML.
        let alternative = if i == 0 { format!(" alttext=\"{}\"", escaped(text)) } else { String::new() };
        let comma = if i < last { "<mo>,</mo>" } else { "" };
        html += &format!(
            "<math display=\"block\" style=\"margin:0;width:auto\"{alternative}><mrow>{beginning}{clause}{comma}</mrow></math>\n"
        );
        beginning.clear();
    }
    Ok(html + "</div>\n")
}

fn clauses(text: &str) -> Result<Vec<String>, String> {
    Ok(parse(text)?.iter().map(|clause| mathml(clause, false)).collect())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A symbol of one or several characters: ASCII, or as numbers.
fn symbol(name: &str) -> Option<&'static str> {
    Some(match name {
        "alpha" => "&#945;",
        "beta" => "&#946;",
        "gamma" => "&#947;",
        "delta" => "&#948;",
        "eps" => "&#949;",
        "theta" => "&#952;",
        "lambda" => "&#955;",
        "mu" => "&#956;",
        "pi" => "&#960;",
        "sigma" => "&#963;",
        "tau" => "&#964;",
        _ => return None,
    })
}

const THIN_SPACE: &str = "<mspace width=\".17em\"/>";
const MINUS: &str = "<mo>&#8722;</mo>";

fn row(content: &str) -> String {
    format!("<mrow>{content}</mrow>")
}

/// In parentheses or bars, which are as high as a fraction between them, and not higher than text around text.
fn enclosed(left: &str, parts: &[Node], linear: bool, right: &str) -> String {
    let is_high = !linear && parts.iter().any(is_high);
    let fence = if is_high { "<mo>" } else { "<mo stretchy=\"false\">" };
    row(&format!("{fence}{left}</mo>{}{fence}{right}</mo>", list(parts, linear)))
}

/// True for what has a fraction, or a sum with its index.
fn is_high(node: &Node) -> bool {
    match node {
        Node::Quotient(..) | Node::Over(..) | Node::Cases(_) => true,
        Node::Negated(part) | Node::Norm(part) | Node::Power(part, _) | Node::Applied(_, part) => is_high(part),
        Node::Sum(terms) => terms.iter().any(|(_, term)| is_high(term)),
        Node::Call(function, _) if is_exp(function) => false,
        Node::Product(parts, _) | Node::Group(parts) | Node::Call(_, parts) => parts.iter().any(is_high),
        _ => false,
    }
}

fn is_exp(function: &Node) -> bool {
    matches!(function, Node::Name(name, 0) if name == "exp")
}

/// A part; fractions in exponents and subscripts are `linear`, on one line.
fn mathml(node: &Node, linear: bool) -> String {
    let inner = |node: &Node| mathml(node, linear);
    match node {
        Node::Number(digits) => format!("<mn>{digits}</mn>"),
        Node::Name(name, 0) => identifier(name),
        Node::Name(name, primes) => {
            let primes = ["&#8242;", "&#8243;"][primes - 1];
            row(&format!("{}<mo lspace=\"0\" rspace=\"0\">{primes}</mo>", identifier(name)))
        }
        Node::Subscript(base, index) => format!("<msub>{}{}</msub>", inner(base), mathml(index, true)),
        Node::Power(base, exponent) => power(base, exponent, linear),
        Node::Negated(part) => row(&format!("{MINUS}{}", inner(part))),
        Node::Sum(terms) => {
            let term = |(i, (is_subtracted, term)): (usize, &(bool, Node))| {
                let sign = if *is_subtracted { MINUS } else { "<mo>+</mo>" };
                format!("{}{}", if i == 0 { "" } else { sign }, inner(term))
            };
            row(&terms.iter().enumerate().map(term).collect::<String>())
        }
        Node::Product(factors, true) => row(&factors.iter().map(inner).collect::<Vec<_>>().join("<mo>&#8901;</mo>")),
        Node::Product(factors, false) => {
            let mut html = String::new();
            for (i, factor) in factors.iter().enumerate() {
                if i > 0 && (ends_as_word(&factors[i - 1]) || starts_as_word(factor)) {
                    html += THIN_SPACE;
                }
                html += &inner(factor);
            }
            row(&html)
        }
        Node::Quotient(above, below) if linear => row(&format!("{}<mo>/</mo>{}", inner(above), inner(below))),
        Node::Quotient(above, below) => format!("<mfrac>{}{}</mfrac>", inner(bare(above)), inner(bare(below))),
        Node::Call(function, arguments) => call(function, arguments, linear),
        Node::Applied(function, argument) => row(&format!("{}{THIN_SPACE}{}", inner(function), inner(argument))),
        Node::Over(over, index, part) => {
            let (over, space) = if *over == "sum" { ("<mo>&#8721;</mo>", "") } else { ("<mo>max</mo>", THIN_SPACE) };
            row(&format!("<munder>{over}{}</munder>{space}{}", mathml(index, true), inner(part)))
        }
        Node::Group(parts) => enclosed("(", parts, linear, ")"),
        Node::Holds(part) => enclosed("[", std::slice::from_ref(part), linear, "]"),
        Node::Norm(part) => enclosed("|", std::slice::from_ref(part), linear, "|"),
        Node::Ellipsis => "<mo>&#8230;</mo>".into(),
        Node::Relation(first, others) => {
            let sign = |sign| match sign {
                "<=" => "&#8804;",
                ">=" => "&#8805;",
                "!=" => "&#8800;",
                "<" => "&lt;",
                ">" => "&gt;",
                sign => sign,
            };
            let others = others.iter().map(|(is, part)| format!("<mo>{}</mo>{}", sign(*is), inner(part)));
            row(&format!("{}{}", inner(first), others.collect::<String>()))
        }
        Node::Words(words) => format!("<mtext>{words}</mtext>"),
        Node::Phrase(items) => row(&items.iter().map(inner).collect::<Vec<_>>().join("<mspace width=\".35em\"/>")),
        Node::Cases(cases) => of_cases(cases, linear),
    }
}

/// The part without parentheses around it.
fn bare(node: &Node) -> &Node {
    match node {
        Node::Group(parts) if parts.len() == 1 => &parts[0],
        node => node,
    }
}

fn list(parts: &[Node], linear: bool) -> String {
    parts.iter().map(|part| mathml(part, linear)).collect::<Vec<_>>().join("<mo>,</mo>")
}

fn identifier(name: &str) -> String {
    match name.strip_prefix('d') {
        Some(of) if of.len() == 1 => {
            format!("<mrow><mi mathvariant=\"normal\">d</mi><mi>{of}</mi></mrow>")
        }
        _ => format!("<mi>{}</mi>", symbol(name).unwrap_or(name)),
    }
}

/// True for what is set upright, in several letters, and needs space.
fn is_word(name: &str) -> bool {
    name.len() > 1 && symbol(name).is_none()
}

fn starts_as_word(node: &Node) -> bool {
    match node {
        Node::Name(name, _) => is_word(name),
        Node::Call(function, _) if is_exp(function) => false,
        Node::Subscript(base, _) | Node::Power(base, _) | Node::Call(base, _) | Node::Applied(base, _) => {
            starts_as_word(base)
        }
        Node::Over(..) => true,
        _ => false,
    }
}

fn ends_as_word(node: &Node) -> bool {
    match node {
        Node::Name(name, _) => is_word(name),
        Node::Subscript(base, index) => ends_as_word(base) || ends_as_word(index),
        Node::Applied(..) => true,
        _ => false,
    }
}

fn power(base: &Node, exponent: &Node, linear: bool) -> String {
    let exponent_html = mathml(exponent, true);
    match base {
        // tanh(x)^2 is written with the exponent at the name.
        Node::Call(function, arguments) => match &**function {
            Node::Name(name, 0) if ["sin", "tanh", "cosh"].contains(&&**name) => {
                let arguments = enclosed("(", arguments, linear, ")");
                row(&format!("<msup>{}{exponent_html}</msup>{arguments}", identifier(name)))
            }
            _ => format!("<msup>{}{exponent_html}</msup>", call(function, arguments, linear)),
        },
        _ => format!("<msup>{}{exponent_html}</msup>", mathml(base, linear)),
    }
}

fn call(function: &Node, arguments: &[Node], linear: bool) -> String {
    let name = match function {
        Node::Name(name, 0) => &**name,
        _ => "",
    };
    match name {
        "exp" => format!("<msup><mi mathvariant=\"normal\">e</mi>{}</msup>", mathml(&arguments[0], true)),
        "sqrt" => format!("<msqrt>{}</msqrt>", list(arguments, linear)),
        "abs" => enclosed("|", arguments, linear, "|"),
        _ => row(&format!("{}{}", mathml(function, linear), enclosed("(", arguments, linear, ")"))),
    }
}

fn of_cases(cases: &[(Node, Option<Node>)], linear: bool) -> String {
    if let [(value, Some(condition))] = cases {
        let space = "<mspace width=\".35em\"/>";
        let (value, condition) = (mathml(value, linear), mathml(condition, linear));
        return row(&format!("{value}{space}<mtext>if</mtext>{space}{condition}"));
    }
    let cell = |content: &str| format!("<mtd style=\"text-align:left;padding:.2em .5em\">{content}</mtd>");
    let rows = cases.iter().map(|(value, condition)| {
        let condition = match condition {
            Some(condition) => format!("<mtext>if&#160;</mtext>{}", mathml(condition, linear)),
            None => "<mtext>otherwise</mtext>".into(),
        };
        format!("<mtr>{}{}</mtr>", cell(&mathml(value, linear)), cell(&condition))
    });
    row(&format!("<mo>{{</mo><mtable>{}</mtable>", rows.collect::<String>()))
}
