//! The formulas of functions of one number and of losses of pairs, evaluated as they are written, give what the functions
//! return: neither the text nor how it is read is wrong.

use std::collections::HashMap;

use slopes::Spec;
use slopes::activation::{Activation, AnyActivation};
use slopes::loss::{AnyLoss, Loss};

use crate::common::is_selected;
use crate::formula::{Node, parse};

/// What the names of a formula mean.
struct Names<'a> {
    numbers: HashMap<&'a str, f64>,
    /// The left and the right side of definitions: `z = beta x`, `s(z) = 1 / (1 + exp(-z))`.
    definitions: Vec<(Node, Node)>,
}

impl<'a> Names<'a> {
    /// The parameters by all of their names, and the definitions of the formulas; `f(x)` is the value.
    fn new(spec: &'a Spec, parameters: impl Iterator<Item = (&'a str, f64)>) -> Self {
        let mut definitions = vec![];
        for (order, formula) in spec.formulas.into_iter().enumerate() {
            for (i, clause) in parse(formula).unwrap().into_iter().enumerate() {
                if let Node::Relation(left, sides) = &clause {
                    definitions.push(((**left).clone(), sides[0].1.clone()));
                }
                if (order, i) == (0, 0) {
                    let name = |name: &str| Node::Name(name.into(), 0);
                    definitions.push((Node::Call(name("f").into(), vec![name("x")]), clause));
                }
            }
        }
        let named = spec.parameters.iter().zip(parameters);
        let numbers = named.flat_map(|(names, (_, value))| names.iter().map(move |&name| (name, value)));
        Names { numbers: numbers.collect(), definitions }
    }

    fn with(&self, name: &'a str, number: f64) -> Self {
        let mut numbers = self.numbers.clone();
        numbers.insert(name, number);
        Names { numbers, definitions: self.definitions.clone() }
    }

    /// The first clause of a formula.
    fn value(&self, formula: &str) -> f64 {
        self.number(&parse(formula).unwrap()[0])
    }

    fn number(&self, node: &Node) -> f64 {
        match node {
            Node::Number(digits) => digits.parse().unwrap(),
            Node::Name(name, _) if name == "pi" => std::f64::consts::PI,
            Node::Name(name, 0) if self.numbers.contains_key(&**name) => self.numbers[&**name],
            Node::Subscript(base, index) => match (&**base, &**index) {
                (Node::Name(base, 0), Node::Name(index, 0)) => self.numbers[&*format!("{base}_{index}")],
                _ => panic!("{node:?} has no value"),
            },
            Node::Name(..) => {
                let definition = self.definitions.iter().find(|(left, _)| left == node);
                self.number(&definition.unwrap_or_else(|| panic!("{node:?} is not defined")).1)
            }
            Node::Power(base, exponent) => self.number(base).powf(self.number(exponent)),
            Node::Negated(part) => -self.number(part),
            Node::Sum(terms) => terms
                .iter()
                .map(|(is_subtracted, term)| self.number(term) * if *is_subtracted { -1.0 } else { 1.0 })
                .sum(),
            Node::Product(factors, _) => factors.iter().map(|factor| self.number(factor)).product(),
            Node::Quotient(above, below) => self.number(above) / self.number(below),
            Node::Group(parts) => self.number(&parts[0]),
            Node::Call(function, arguments) => {
                let arguments: Vec<_> = arguments.iter().map(|argument| self.number(argument)).collect();
                self.call(function, &arguments)
            }
            // The last side of a chain: f(x) = s(x) = ...
            Node::Relation(_, sides) => self.number(&sides[sides.len() - 1].1),
            Node::Cases(cases) => {
                let holds = |condition: &Option<Node>| condition.as_ref().is_none_or(|condition| self.holds(condition));
                cases.iter().find(|case| holds(&case.1)).map_or(f64::NAN, |case| self.number(&case.0))
            }
            _ => panic!("{node:?} is no number"),
        }
    }

    fn call(&self, function: &Node, arguments: &[f64]) -> f64 {
        let Node::Name(name, 0) = function else { panic!("{function:?}") };
        match (&**name, arguments) {
            ("exp", [x]) => x.exp(),
            ("ln", [x]) => x.ln(),
            ("sqrt", [x]) => x.sqrt(),
            ("sin", [x]) => x.sin(),
            ("cos", [x]) => x.cos(),
            ("tanh", [x]) => x.tanh(),
            ("cosh", [x]) => x.cosh(),
            ("abs", [x]) => x.abs(),
            ("sign", [x]) => {
                if *x == 0.0 {
                    0.0
                } else {
                    x.signum()
                }
            }
            ("max", [x, y]) => x.max(*y),
            ("min", [x, y]) => x.min(*y),
            ("erfc", [x]) => erfc(*x),
            (_, [x]) => {
                let is_named = |left: &Node| matches!(left, Node::Call(called, _) if **called == *function);
                let (left, right) = self.definitions.iter().find(|(left, _)| is_named(left)).expect("a definition");
                let Node::Call(_, names) = left else { unreachable!() };
                let Node::Name(argument, 0) = &names[0] else { panic!("{left:?}") };
                let letters = "abcdefghijklmnopqrstuvwxyz";
                let at = letters.find(&**argument).expect("a letter");
                self.with(&letters[at..=at], *x).number(right)
            }
            _ => panic!("{function:?} of {arguments:?}"),
        }
    }

    fn holds(&self, condition: &Node) -> bool {
        match condition {
            Node::Relation(first, sides) => {
                let mut left = self.number(first);
                sides.iter().all(|(sign, side)| {
                    let right = self.number(side);
                    let holds = match *sign {
                        "<" => left < right,
                        ">" => left > right,
                        "<=" => left <= right,
                        ">=" => left >= right,
                        "=" => left == right,
                        _ => left != right,
                    };
                    left = right;
                    holds
                })
            }
            _ => panic!("{condition:?}"),
        }
    }
}

/// By Simpson's rule, within 1e-13 for the numbers of the test.
fn erfc(x: f64) -> f64 {
    const STEPS: i32 = 4000;
    let (step, density) = (x / f64::from(STEPS), |t: f64| (-t * t).exp());
    let weight = |i: i32| if i == 0 || i == STEPS { 1.0 } else { [2.0, 4.0][i as usize % 2] };
    let sum: f64 = (0..=STEPS).map(|i| weight(i) * density(step * f64::from(i))).sum();
    1.0 - sum * step / 3.0 * std::f64::consts::FRAC_2_SQRT_PI
}

/// The text is evaluated without care for cancellation, which costs at most some thousand units of 2^-53 here.
fn agrees(what: &str, written: f64, returned: f64) {
    let is_near = written == returned || (written - returned).abs() <= 1e-11 * returned.abs().max(1.0);
    assert!(is_near, "{what}: {written} is not {returned}");
}

/// The function with its parameters changed, so that each of them matters.
macro_rules! with_other_parameters {
    ($f:ident) => {{
        let mut changed = $f;
        let parameters: Vec<_> = $f.parameters().collect();
        for (name, value) in parameters {
            // A default of None stays, and so does one of a flag, which cannot be 1.25.
            if !value.is_nan() {
                let _ = changed.set_parameter(name, value * 1.25 + 0.125);
            }
        }
        changed
    }};
}

#[test]
fn activations_are_what_is_written() {
    for f in AnyActivation::all().filter(|f| is_selected(f.spec().name())) {
        for f in [f, with_other_parameters!(f)] {
            let spec = f.spec();
            let names = Names::new(spec, f.parameters());
            for x in [-7.5, -3.0, -1.0, -0.375, 0.0, 0.25, 0.5, 1.0, 2.0, 3.0, 6.0, 7.5_f64] {
                let names = names.with("x", x);
                let returned = [f.forward(x), f.derivative(x), f.second_derivative(x)];
                for (formula, returned) in spec.formulas.into_iter().zip(returned) {
                    agrees(&format!("{f} at {x}: {formula:?}"), names.value(formula), returned);
                }
            }
        }
    }
}

#[test]
fn losses_are_what_is_written() {
    let mut count = HashMap::new();
    for loss in AnyLoss::all().filter(|loss| is_selected(loss.spec().name())) {
        for loss in [loss, with_other_parameters!(loss)] {
            let spec = loss.spec();
            let names = Names::new(spec, loss.parameters());
            for x in [-2.5, -1.0, -0.25, 0.25, 0.5, 0.75, 1.25, 2.5_f64] {
                for y in [-1.0, 0.0, 0.375, 0.5, 1.0, 2.0] {
                    let names = names.with("prediction", x).with("target", y);
                    let returned = [loss.forward(x, y), loss.derivative(x, y), loss.second_derivative(x, y)];
                    let written = spec.formulas.map(|formula| names.value(formula));
                    // Some losses take few predictions and targets, and as written they are 0 ln(0) at the ends.
                    if returned[0].is_nan() || written.iter().any(|written| written.is_nan()) {
                        continue;
                    }
                    *count.entry(spec.name()).or_insert(0) += 1;
                    for order in 0..3 {
                        let what = format!("{loss} of {x} and {y}: {:?}", spec.formulas[order]);
                        agrees(&what, written[order], returned[order]);
                    }
                }
            }
        }
    }
    assert!(count.values().all(|&count| count >= 6), "few pairs: {count:?}");
}
