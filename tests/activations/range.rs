//! The range and the order of functions with parameters that are not the defaults.

use crate::common::{Number, Random, cases, none, specials};
use slopes::activation::{Activation, AnyActivation, XIelu};

#[test]
fn range_and_order_of_default_parameters_are_those_of_the_specification() {
    for f in AnyActivation::all() {
        assert_eq!(f.is_monotone(), f.spec().monotone, "{f}");
        // Ends that are computed have a rounding of a product, or the error of a value, 2 ulp.
        for (found, declared) in f.range().into_iter().zip(f.spec().range) {
            let close = (found - declared).abs() <= 4.0 * f64::EPSILON * declared.abs();
            assert!(found == declared || close, "{f}: {found} is not {declared}");
        }
    }
}

/// A function with parameters of any size that it accepts.
fn any_parameters(default: AnyActivation, random: &mut Random) -> AnyActivation {
    loop {
        let mut f = default;
        let accepted = default.spec().parameters.iter().all(|names| {
            let value = match random.next() % 8 {
                0 => return true,
                1 => 0.0,
                2 => f64::INFINITY,
                3 => random.uniform::<f64>(-100.0..=100.0),
                _ => random.uniform::<f64>(-2.0..=2.0),
            };
            f.set_parameter(names[0], value).is_ok()
        });
        if accepted && f != default {
            return f;
        }
    }
}

/// Ascending: everything from tiny to infinite, the neighbours of the parameters, and more where functions bend: at a few
/// units, or a few of a parameter or of its reciprocal.
fn ascending<T: Number>(f: &AnyActivation) -> Vec<T> {
    let near = (-3000..=3000).map(|k| f64::from(k) / 200.0);
    let scales = f.parameters().flat_map(|(_, value)| [1.0, value, 1.0 / value]).filter(|scale| scale.is_finite());
    let bends = scales.flat_map(|scale| near.clone().map(move |x| x * scale));
    let kinks = f.parameters().flat_map(|(_, value)| [value, -value]).map(T::from_f64_rounded);
    let mut x = specials::<T>();
    x.extend(bends.map(T::from_f64_rounded));
    x.extend(kinks.flat_map(|x| [x.down().down(), x.down(), x, x.up(), x.up().up()]));
    x.retain(|x| !x.is_nan());
    x.sort_by(|a, b| a.partial_cmp(b).unwrap());
    x
}

fn parameters_are_followed<T: Number>() {
    let (mut random, mut failures) = (Random(8), Vec::new());
    for default in AnyActivation::all().filter(|f| !f.spec().parameters.is_empty()) {
        for _ in 0..cases(40) {
            let f = any_parameters(default, &mut random);
            let x = ascending::<T>(&f);
            let y: Vec<T> = x.iter().map(|x| f.forward(*x)).collect();
            let mut fail = |law: &str, i: usize| {
                failures.push(format!("{f} {} {law}: f({:e}) = {:e}", T::NAME, x[i].into_f64(), y[i].into_f64()));
            };

            let fall = (1..x.len()).find(|&i| y[i] < y[i - 1]);
            match fall {
                Some(i) if f.is_monotone() => fail("falls", i),
                // Of lines, it is known of all parameters. f32 may round a slope to 0.
                None if T::BITS > 60 && f.spec().formulas[2] == "0" && !f.is_monotone() => fail("does not fall", 0),
                _ => {}
            }

            // Besides the error of a value, parameters are rounded, of which two make an end at the most, and so is the end.
            let [low, high] = f.range();
            let allowed = |end: f64| end.abs() * T::unit() * (4.0 + 2.0 * T::budget(f.spec()).ulp[0]);
            let [least, greatest] = [low - allowed(low), high + allowed(high)];
            let numbers = || (0..x.len()).filter(|&i| !y[i].is_nan());
            let outside = |&i: &usize| y[i].into_f64() < least || y[i].into_f64() > greatest;
            if let Some(i) = numbers().find(outside) {
                fail("leaves its range", i);
            }

            // Inputs are within 1/2 % of where a smooth function is least, and its value there is within 1e-4 or so.
            let order = |a: &usize, b: &usize| y[*a].partial_cmp(&y[*b]).unwrap();
            let [least, greatest] = [numbers().min_by(order), numbers().max_by(order)].map(Option::unwrap);
            for (i, end) in [(least, low), (greatest, high)] {
                let y = y[i].into_f64();
                if y != end && (y - end).abs() > 1e-3 * end.abs() && T::BITS > 60 {
                    fail(&format!("stays away from {end:e}"), i);
                }
            }
        }
    }
    none(&failures);
}

#[test]
fn parameters_are_followed_in_f32() {
    parameters_are_followed::<f32>();
}

#[test]
fn parameters_are_followed_in_f64() {
    parameters_are_followed::<f64>();
}

/// Where the function is least is far from 1 or 0 for such parameters. By mpmath, as alpha_n ((t - 1) ln(1 - t) - t), t being
/// beta / alpha_n, with 40 digits.
#[test]
fn least_value_of_xielu_is_accurate() {
    for (beta, wanted) in [(1e-9, -6.666_666_660_740_742e-19), (0.75, -0.749_999_979_564_416_8)] {
        let [least, _] = AnyActivation::from(XIelu { alpha_p: 0.8, alpha_n: 0.75 + 1e-9, beta }).range();
        assert!((least / wanted - 1.0).abs() <= 4.0 * f64::EPSILON, "{beta}: {least:e}, not {wanted:e}");
    }
}
