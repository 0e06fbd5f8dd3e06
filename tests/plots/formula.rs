//! The plain-text formulas of the specifications, parsed.
//!
//! A formula is clauses between commas and semicolons: the output, then what its names mean. `a if c, b if d, else e` are
//! cases. A name with a parenthesis right behind it is a call, `ln p` one without parentheses; other neighbours are factors.
//! `a / b c` is `(a / b) c`, but without spaces `a b/c` is `a (b/c)`. Words of the list below are text.

/// A part of a formula.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    Number(String),
    /// A name with its primes.
    Name(String, usize),
    Subscript(Box<Node>, Box<Node>),
    Power(Box<Node>, Box<Node>),
    Negated(Box<Node>),
    /// Terms, each subtracted if it is so marked.
    Sum(Vec<(bool, Node)>),
    /// Factors side by side; with a sign between them if it is `*`.
    Product(Vec<Node>, bool),
    Quotient(Box<Node>, Box<Node>),
    Call(Box<Node>, Vec<Node>),
    /// A function and its argument without parentheses.
    Applied(Box<Node>, Box<Node>),
    /// The sum or the maximum over an index.
    Over(&'static str, Box<Node>, Box<Node>),
    /// In parentheses: one, or a list.
    Group(Vec<Node>),
    /// In brackets: 1 if it holds, else 0.
    Holds(Box<Node>),
    /// Between bars.
    Norm(Box<Node>),
    Ellipsis,
    /// The first, then the others, each behind a relation.
    Relation(Box<Node>, Vec<(&'static str, Node)>),
    Words(String),
    Phrase(Vec<Node>),
    /// Values and their conditions; the last may have none.
    Cases(Vec<(Node, Option<Node>)>),
}

/// The names of functions.
const FUNCTIONS: &str = "exp ln sqrt sin cos tanh cosh abs max min sign erfc gelu gelu_tanh swish";

/// The names of numbers. Single letters, with a d before them or without, are names too.
const NAMES: &str = "alpha beta gamma delta eps theta lambda mu pi sigma tau FN FP TP bias cap classes first full gate \
    gradient high l1_ratio label limit low lower margin negative other pos_weight positive power prediction second seed \
    smooth squared target up upper value";

/// Words between formulas. In parentheses they are none.
const WORDS: &str = "and at else equal first for if in is label largest loss mean minus negative of ones over \
    plus positive row rows sum such that the those uniform zeros";

fn has(list: &str, name: &str) -> bool {
    list.split(' ').any(|known| known == name)
}

const RELATIONS: [&str; 6] = ["<=", ">=", "!=", "<", ">", "="];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Number,
    Name,
    Sign,
    End,
}

#[derive(Clone, Copy, Debug)]
struct Token<'a> {
    kind: Kind,
    text: &'a str,
    /// After a space.
    is_spaced: bool,
}

fn tokens(text: &str) -> Result<Vec<Token<'_>>, String> {
    let mut tokens = vec![];
    let mut rest = text;
    loop {
        let trimmed = rest.trim_start();
        let is_spaced = trimmed.len() < rest.len();
        rest = trimmed;
        let Some(first) = rest.chars().next() else {
            tokens.push(Token { kind: Kind::End, text: "", is_spaced });
            return Ok(tokens);
        };
        let while_in = |is: fn(char) -> bool| rest.find(|c| !is(c)).unwrap_or(rest.len());
        let (kind, length) = if first.is_ascii_digit() {
            (Kind::Number, while_in(|c| c.is_ascii_digit() || c == '.'))
        } else if first.is_ascii_alphabetic() {
            (Kind::Name, while_in(|c| c.is_ascii_alphanumeric() || c == '_'))
        } else if let Some(sign) = ["..."].iter().chain(&RELATIONS).find(|sign| rest.starts_with(**sign)) {
            (Kind::Sign, sign.len())
        } else if "+-*/^()[]|,;'".contains(first) {
            (Kind::Sign, 1)
        } else {
            return Err(format!("'{first}' is no sign of a formula"));
        };
        tokens.push(Token { kind, text: &rest[..length], is_spaced });
        rest = &rest[length..];
    }
}

/// The clauses of a formula.
pub fn parse(text: &str) -> Result<Vec<Node>, String> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, depth: 0, in_bars: false };
    let mut clauses = vec![parser.clause()?];
    while parser.takes(",") || parser.takes(";") {
        clauses.push(parser.clause()?);
    }
    if parser.next().kind != Kind::End {
        return Err(format!("unexpected {:?}", parser.next().text));
    }
    Ok(clauses)
}

struct Parser<'a> {
    tokens: Vec<Token<'a>>,
    at: usize,
    /// The parentheses, brackets and bars around what is next.
    depth: usize,
    in_bars: bool,
}

impl<'a> Parser<'a> {
    fn next(&self) -> Token<'a> {
        self.tokens[self.at]
    }

    fn takes(&mut self, text: &str) -> bool {
        let found = self.next().kind != Kind::End && self.next().text == text;
        self.at += usize::from(found);
        found
    }

    fn expects(&mut self, text: &str) -> Result<(), String> {
        if self.takes(text) { Ok(()) } else { Err(format!("{text:?} expected before {:?}", self.next().text)) }
    }

    fn is_word(&self) -> bool {
        self.depth == 0 && self.next().kind == Kind::Name && has(WORDS, self.next().text)
    }

    fn is_end_of_clause(&self) -> bool {
        self.next().kind == Kind::End || matches!(self.next().text, "," | ";")
    }

    /// A formula, cases, or words with formulas among them.
    fn clause(&mut self) -> Result<Node, String> {
        let first = self.phrase()?;
        if !self.takes("if") {
            return Ok(first);
        }
        // The cases are those of the right-hand side.
        let (left, value) = match first {
            Node::Relation(left, mut others) if others.last().is_some_and(|(sign, _)| *sign == "=") => {
                let (_, value) = others.pop().expect("the last one");
                (Some((left, others)), value)
            }
            value => (None, value),
        };
        let mut cases = vec![(value, Some(self.phrase()?))];
        loop {
            let before = self.at;
            if !self.takes(",") {
                break;
            }
            if self.takes("else") {
                cases.push((self.phrase()?, None));
                break;
            }
            match self.phrase()? {
                value if !matches!(value, Node::Relation(..)) && self.takes("if") => {
                    cases.push((value, Some(self.phrase()?)));
                }
                _ => {
                    self.at = before;
                    break;
                }
            }
        }
        let cases = Node::Cases(cases);
        Ok(match left {
            Some((left, mut others)) => {
                others.push(("=", cases));
                Node::Relation(left, others)
            }
            None => cases,
        })
    }

    /// Words and formulas, to the end of a clause or to an `if`.
    fn phrase(&mut self) -> Result<Node, String> {
        let mut items = vec![];
        while !self.is_end_of_clause() && self.next().text != "if" {
            let mut words = vec![];
            while self.is_word() && self.next().text != "if" {
                words.push(self.next().text);
                self.at += 1;
            }
            items.push(if words.is_empty() { self.relation()? } else { Node::Words(words.join(" ")) });
        }
        match items.len() {
            0 => Err(format!("nothing before {:?}", self.next().text)),
            1 => Ok(items.remove(0)),
            _ => Ok(Node::Phrase(items)),
        }
    }

    fn relation(&mut self) -> Result<Node, String> {
        let first = self.sum()?;
        let mut others = vec![];
        while let Some(sign) = RELATIONS.into_iter().find(|sign| self.takes(sign)) {
            others.push((sign, self.sum()?));
        }
        Ok(if others.is_empty() { first } else { Node::Relation(first.into(), others) })
    }

    fn sum(&mut self) -> Result<Node, String> {
        let mut terms = vec![];
        let first = if self.takes("-") { Node::Negated(self.product()?.into()) } else { self.product()? };
        terms.push((false, first));
        loop {
            let is_subtracted = match self.next().text {
                "+" => false,
                "-" => true,
                _ => break,
            };
            self.at += 1;
            terms.push((is_subtracted, self.product()?));
        }
        Ok(if terms.len() == 1 { terms.remove(0).1 } else { Node::Sum(terms) })
    }

    /// Factors and quotients, from left to right.
    fn product(&mut self) -> Result<Node, String> {
        let mut product = self.factors()?;
        loop {
            if self.takes("/") {
                product = Node::Quotient(product.into(), self.factor()?.into());
            } else if self.takes("*") {
                product = Node::Product(vec![product, self.factors()?], true);
            } else if self.starts_factor() {
                product = match (product, self.factors()?) {
                    (first, Node::Product(mut factors, false)) => {
                        factors.insert(0, first);
                        Node::Product(factors, false)
                    }
                    (first, second) => Node::Product(vec![first, second], false),
                };
            } else {
                return Ok(product);
            }
        }
    }

    fn factors(&mut self) -> Result<Node, String> {
        let mut factors = vec![self.factor()?];
        while self.starts_factor() {
            factors.push(self.factor()?);
        }
        Ok(if factors.len() == 1 { factors.remove(0) } else { Node::Product(factors, false) })
    }

    fn starts_factor(&self) -> bool {
        match self.next().kind {
            Kind::Name => !self.is_word(),
            Kind::Number => true,
            _ => matches!(self.next().text, "(" | "[") || self.next().text == "|" && !self.in_bars,
        }
    }

    /// A power, or a quotient without spaces: 3/2.
    fn factor(&mut self) -> Result<Node, String> {
        let mut factor = self.power()?;
        while self.next().text == "/" && !self.next().is_spaced {
            self.at += 1;
            factor = Node::Quotient(factor.into(), self.power()?.into());
        }
        Ok(factor)
    }

    fn power(&mut self) -> Result<Node, String> {
        let base = self.primary()?;
        if !self.takes("^") {
            return Ok(base);
        }
        let exponent = match self.primary()? {
            Node::Group(mut parts) if parts.len() == 1 => parts.remove(0),
            exponent => exponent,
        };
        Ok(Node::Power(base.into(), exponent.into()))
    }

    /// What is between a sign and its counterpart, with commas between the parts.
    fn enclosed(&mut self, end: &str) -> Result<Vec<Node>, String> {
        self.depth += 1;
        let mut parts = vec![self.relation()?];
        while self.takes(",") {
            parts.push(self.relation()?);
        }
        self.depth -= 1;
        self.expects(end)?;
        Ok(parts)
    }

    fn primary(&mut self) -> Result<Node, String> {
        let token = self.next();
        self.at += 1;
        match (token.kind, token.text) {
            (Kind::Number, text) => Ok(Node::Number(text.into())),
            (_, "(") => Ok(Node::Group(self.enclosed(")")?)),
            (_, "[") => Ok(Node::Holds(self.enclosed("]")?.remove(0).into())),
            (_, "|") => {
                self.in_bars = true;
                let parts = self.enclosed("|");
                self.in_bars = false;
                Ok(Node::Norm(parts?.remove(0).into()))
            }
            (_, "...") => Ok(Node::Ellipsis),
            (Kind::Name, text) => self.named(text),
            (_, text) => Err(format!("a number or a name expected, not {text:?}")),
        }
    }

    fn named(&mut self, text: &str) -> Result<Node, String> {
        let is_known = |name: &str| {
            let is_letter = |name: &str| name.len() == 1;
            is_letter(name) || has(NAMES, name) || name.strip_prefix('d').is_some_and(is_letter)
        };
        for over in ["sum", "max"] {
            if let Some(index) = text.strip_prefix(over).and_then(|rest| rest.strip_prefix('_')) {
                return Ok(Node::Over(over, Node::Name(index.into(), 0).into(), self.factors()?.into()));
            }
        }
        let mut primes = 0;
        while self.takes("'") {
            primes += 1;
        }
        let is_call = self.next().text == "(" && !self.next().is_spaced;
        if is_call && (has(FUNCTIONS, text) || text.len() == 1) {
            self.at += 1;
            return Ok(Node::Call(Node::Name(text.into(), primes).into(), self.enclosed(")")?));
        }
        if text == "ln" {
            return Ok(Node::Applied(Node::Name(text.into(), 0).into(), self.power()?.into()));
        }
        match text.split_once('_') {
            _ if is_known(text) => Ok(Node::Name(text.into(), primes)),
            Some((base, index)) if is_known(base) => {
                let index = match index.parse::<u32>() {
                    Ok(_) => Node::Number(index.into()),
                    Err(_) if is_known(index) => Node::Name(index.into(), 0),
                    Err(_) if index.len() == 2 => {
                        let letters = index.chars().map(|letter| Node::Name(letter.into(), 0));
                        Node::Product(letters.collect(), false)
                    }
                    Err(_) => return Err(format!("unknown subscript of {text:?}")),
                };
                Ok(Node::Subscript(Node::Name(base.into(), primes).into(), index.into()))
            }
            _ => Err(format!("unknown name {text:?}")),
        }
    }
}

#[test]
fn what_is_no_formula_is_refused() {
    for text in ["", "x +", "(x", "x)", "x if", "x ? 1", "max(0, x", "|x", "x, , y", "foo x", "x_foo", "x of y z("] {
        assert!(parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn quotients_and_products_are_read_from_left_to_right() {
    let same = |a: &str, b: &str| assert_eq!(parse(a).unwrap(), parse(b).unwrap(), "{a} and {b}");
    same("a / b c", "a/b c");
    let different = |a: &str, b: &str| assert_ne!(parse(a).unwrap(), parse(b).unwrap(), "{a} and {b}");
    different("a b / c", "a b/c");
    different("s(x)", "s (x)");
    different("a / b c", "a / (b c)");
}
