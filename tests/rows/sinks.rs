//! Softmax with a sink: against the reference, by its formula, and on bad input.

use crate::common::rows::{check, largest, rows};
use crate::common::{Exact, Number, Random, all_bits, at_every_level, fix_level, narrow, none, panic_message};
use half::{bf16, f16};
use slopes::Element;
use slopes::activation::{Mask, Repeat, RowActivation, Rows, SinkSoftmax, Softmax};

/// The sink is the last entry of a row of the reference, whose dy is subtracted from all: the softmax does not see that.
fn sinks_are_accurate<T: Number>() {
    let reference = rows();
    let mut failures = Vec::new();
    let bounds = T::budget(SinkSoftmax::SPEC);
    at_every_level(|level| {
        for (number, row) in reference.iter().enumerate() {
            let last = row.x.len() - 1;
            let (x, sink): (Vec<T>, [T; 1]) = (narrow(&row.x[..last]), [T::from_f64_rounded(row.x[last])]);
            let dy: Vec<f64> = row.dy.iter().map(|dy| dy - row.dy[last]).collect();
            let layout = Rows::contiguous(last);
            let (mut y, mut shares, mut dx, mut of_sink) = (x.clone(), [T::nan()], x.clone(), [T::nan()]);
            if last == 0 {
                continue;
            }
            let softmax = SinkSoftmax::new(1);
            softmax.forward_with_sink_shares(&x, Mask::new(), &sink, layout, &mut y, &mut shares);
            let label = |what: &str| format!("{what} of a sink {} {level:?}, row {number}", T::NAME);
            failures.extend(check(&label("values"), bounds.ulp[0], |_| 0.0, &x, &y, &row.softmax));
            failures.extend(check(&label("share"), bounds.ulp[0], |_| 0.0, &sink, &shares, &row.softmax[last..]));

            let given: Vec<T> = narrow(&dy[..last]);
            softmax.backward_from_output(&y, &given, layout, &mut dx);
            softmax.sink_gradient(&y, &shares, &given, layout, &mut of_sink);
            // dy is rounded twice, by half a unit each: one unit of y max|dy| in dx_i and one in the sum.
            let most = largest(&dy) + 2.0 * largest(&row.dy);
            // A subnormal y is off by two of the smallest numbers, times abs(dy - s).
            let least = 4.0 * T::min_positive_value().into_f64() * T::unit() * (1.0 + 2.0 * most);
            let floor = |order: usize, share: Exact| {
                (bounds.absolute[order] * largest(&dy) + 2.0 * most) * T::unit() * share.abs() + least
            };
            let of_x = |i: usize| floor(1, row.softmax[i]);
            failures.extend(check(&label("gradient"), bounds.ulp[1], of_x, &x, &dx, &row.softmax_vjp));
            let of_s = |_| floor(2, row.softmax[last]);
            let exact = &row.softmax_vjp[last..];
            failures.extend(check(&label("gradient of s"), bounds.ulp[2], of_s, &sink, &of_sink, exact));
        }
    });
    none(&failures);
}

#[test]
fn sinks_are_accurate_in_f32() {
    sinks_are_accurate::<f32>();
}

#[test]
fn sinks_are_accurate_in_f64() {
    sinks_are_accurate::<f64>();
}

/// Scores of batch x heads x queries x keys, a sink for each head, a temperature, and masks: by the formula, in f64.
fn sinks_of_heads<T: Element>() {
    let mut random = Random(31);
    let [batch, heads, queries, keys] = [2, 3, 4, 5];
    let count = batch * heads * queries * keys;
    let mut numbers = |n: usize| -> Vec<T> { (0..n).map(|_| random.uniform(-4.0..=4.0)).collect() };
    let (x, dy, sinks) = (numbers(count), numbers(count), numbers(heads));
    let present: Vec<bool> = (0..batch * keys).map(|i| i % 4 != 0).collect();
    let bias: Vec<T> = numbers(heads * keys);
    let epsilon = T::epsilon().into_f64();
    let rows = Rows::contiguous(keys);
    let padding = Repeat::Row { times: heads * queries };
    let causal = Mask::new().with_causal(queries).with_first_position(0).with_boolean(&present, padding);
    for (mask, masked, biased) in [
        (Mask::new(), false, false),
        (causal, true, false),
        (causal.with_additive(&bias, Repeat::Row { times: queries }), true, true),
    ] {
        for temperature in [1.0, 0.5, 3.0] {
            let softmax = SinkSoftmax::new(queries).with_temperature(temperature).unwrap();
            let garbage: Vec<T> = (0..count)
                .map(|i| {
                    let (b, q, k) = (i / (keys * queries * heads), i / keys % queries, i % keys);
                    if masked && (k > q || !present[b * keys + k]) { T::nan() } else { x[i] }
                })
                .collect();
            let (mut y, mut in_place, mut shares) = (x.clone(), garbage.clone(), vec![T::nan(); count / keys]);
            softmax.forward_with_sink_shares(&garbage, mask, &sinks, rows, &mut y, &mut shares);
            softmax.forward_in_place(&mut in_place, mask, &sinks, rows);
            assert_eq!(all_bits(&y), all_bits(&in_place));
            let (mut dx, mut of_sinks) = (x.clone(), sinks.clone());
            softmax.backward_from_output(&y, &dy, rows, &mut dx);
            softmax.sink_gradient(&y, &shares, &dy, rows, &mut of_sinks);
            let mut gradient = vec![0.0; heads];
            for row in 0..count / keys {
                let head = row / queries % heads;
                let s = sinks[head].into_f64();
                let e: Vec<f64> = (0..keys)
                    .map(|k| {
                        let i = row * keys + k;
                        let add = if biased { bias[head * keys + k].into_f64() } else { 0.0 };
                        if garbage[i].is_nan() { 0.0 } else { (garbage[i].into_f64() / temperature + add).exp() }
                    })
                    .collect();
                let sum = s.exp() + e.iter().sum::<f64>();
                let mean: f64 = (0..keys).map(|k| e[k] / sum * dy[row * keys + k].into_f64()).sum();
                gradient[head] -= s.exp() / sum * mean;
                let place = format!("row {row}, temperature {temperature}, {masked} {biased}");
                // x / t and the sum with the bias are rounded, to half an ulp of at most 16 each. A subnormal y is off by
                // half of the smallest number, times abs(dy - mean) / t, at most 16.
                let least = 8.0 * T::min_positive_value().into_f64() * epsilon;
                let close = |got: T, right: f64, scale: f64| {
                    let error = (got.into_f64() - right).abs();
                    assert!(error <= 16.0 * epsilon * scale + least, "{place}: {got:?}, {right}");
                };
                close(shares[row], s.exp() / sum, s.exp() / sum);
                for (k, e) in e.iter().enumerate() {
                    let (i, right) = (row * keys + k, e / sum);
                    close(y[i], right, right);
                    close(dx[i], right * (dy[i].into_f64() - mean) / temperature, 8.0 * right / temperature);
                }
            }
            for (got, right) in of_sinks.iter().zip(&gradient) {
                let error = (got.into_f64() - right).abs();
                assert!(error <= 32.0 * epsilon * (batch * queries) as f64, "{got:?}, {right}");
            }
        }
    }
}

#[test]
fn sinks_of_heads_in_all_types() {
    at_every_level(|_| {
        sinks_of_heads::<f32>();
        sinks_of_heads::<f64>();
        sinks_of_heads::<f16>();
        sinks_of_heads::<bf16>();
    });
}

/// A sink of -inf is none; infinities share; NaN spreads; and sinks of any size leave numbers from 0 to 1.
fn sinks_of_any_size<T: Number>() {
    let (inf, nan) = (T::infinity(), T::nan());
    let of = T::from_f64_rounded;
    let run = |x: &[T], sink: T, temperature: f64| {
        let softmax = SinkSoftmax::new(1).with_temperature(temperature).unwrap();
        let (mut y, mut shares) = (x.to_vec(), [nan]);
        softmax.forward_with_sink_shares(x, Mask::new(), &[sink], Rows::contiguous(x.len()), &mut y, &mut shares);
        (y, shares[0])
    };
    at_every_level(|level| {
        let x: Vec<T> = narrow(&[1.0, -2.0, 0.5]);
        let mut wanted = x.clone();
        Softmax::DEFAULT.forward(&x, Rows::contiguous(3), &mut wanted);
        let (y, share) = run(&x, -inf, 1.0);
        assert_eq!((all_bits(&y), share), (all_bits(&wanted), T::zero()), "{level:?}");
        assert_eq!(run(&x, inf, 1.0), (vec![T::zero(); 3], T::one()));
        assert_eq!(run(&[inf, T::zero(), inf], T::one(), 1.0), (narrow(&[0.5, 0.0, 0.5]), T::zero()));
        assert_eq!(run(&[inf, T::zero(), inf, inf], inf, 1.0), (narrow(&[0.25, 0.0, 0.25, 0.25]), of(0.25)));
        assert_eq!(run(&[-inf, -inf], T::zero(), 1.0), (narrow(&[0.0, 0.0]), T::one()));
        assert_eq!(run(&[-inf, -inf], -inf, 1.0), (narrow(&[0.0, 0.0]), T::zero()));
        assert_eq!(run(&[-inf, T::zero()], T::zero(), 1.0), (narrow(&[0.0, 0.5]), of(0.5)));
        for (x, sink) in [([nan, inf], inf), ([inf, -inf], nan), ([-inf, -inf], nan), ([T::one(), nan], -inf)] {
            let (y, share) = run(&x, sink, 1.0);
            assert!(y.iter().all(|y| y.is_nan()) && share.is_nan(), "{x:?} {sink:?}: {y:?}, {share:?}");
        }
        let sizes = [0.0, 1.0, 30.0, 95.0, 110.0, 720.0, 745.0, 1e4, 1e30, T::max_value().into_f64()];
        let both = sizes.map(|size| [size, -size]);
        for (&sink, &m) in both.as_flattened().iter().flat_map(|s| both.as_flattened().iter().map(move |m| (s, m))) {
            for temperature in [1.0, 1e-15, 1e15, 0.7] {
                let x = [of(m), of(m - 1.0), of(-1e3)];
                let (y, share) = run(&x, of(sink), temperature);
                let numbers = || y.iter().chain([&share]).map(|y| y.into_f64());
                let place = format!("{sink:e}, {m:e}, {temperature:e}, {level:?}: {y:?}, {share:?}");
                assert!(numbers().all(|y| (0.0..=1.0).contains(&y)), "{place}");
                let sum: f64 = numbers().sum();
                assert!((sum - 1.0).abs() <= 8.0 * T::unit(), "{place}");
            }
        }
        // Down into the subnormal numbers: e^-100 and e^-740.
        let (far, right) = if T::unit() > 1e-10 { (100.0, 3.720075976020836e-44) } else { (740.0, 4.2e-322) };
        let (y, share) = run(&[T::zero()], of(far), 1.0);
        let error = (y[0].into_f64() - right).abs();
        assert!(share == T::one() && error <= 2.0 * T::min_positive_value().into_f64() * T::unit(), "{y:?}");
        assert!(run(&[of(far)], T::zero(), 1.0) == (vec![T::one()], y[0]), "{y:?}");
    });
}

#[test]
fn sinks_of_any_size_in_both_types() {
    sinks_of_any_size::<f32>();
    sinks_of_any_size::<f64>();
}

#[test]
fn sinks_that_do_not_fit_are_refused() {
    let _fixed = fix_level();
    let (rows, x, dy) = (Rows::contiguous(2), [0.5_f32; 12], [1.0; 12]);
    let (mut y, mut shares) = ([7.0; 12], [7.0; 6]);
    let softmax = SinkSoftmax::new(2);
    let none = Mask::new();
    let messages = [
        (
            panic_message(|| softmax.forward(&x, none, &x[..2], rows, &mut y)),
            "6 rows are not a multiple of 2 sinks times 2",
        ),
        (panic_message(|| softmax.forward(&x, none, &[], rows, &mut y)), "0 sinks"),
        (panic_message(|| SinkSoftmax::new(0).forward(&x, none, &x[..2], rows, &mut y)), "1 query"),
        (panic_message(|| softmax.forward(&x[..10], none, &x[..1], rows, &mut y)), "x has 10, y has 12"),
        (panic_message(|| softmax.forward(&x, none.with_causal(0), &x[..1], rows, &mut y)), "1 query"),
        (
            panic_message(|| softmax.forward_with_sink_shares(&x, none, &x[..1], rows, &mut y, &mut shares[..5])),
            "rows of x has 6, shares has 5",
        ),
        (panic_message(|| softmax.sink_gradient(&x, &x[..5], &dy, rows, &mut y[..1])), "shares has 5"),
        (panic_message(|| softmax.sink_gradient(&x, &x[..6], &dy, rows, &mut y[..4])), "4 sinks"),
    ];
    for (message, part) in messages {
        assert!(message.contains(part), "{message}");
    }
    assert!(y == [7.0; 12] && shares == [7.0; 6], "nothing is written");
    assert!(softmax.with_temperature(0.0).is_err());
    softmax.forward_in_place::<f32>(&mut [], none, &[1.0], rows);
    let mut gradient = [7.0_f32; 3];
    softmax.sink_gradient(&[], &[], &[], rows, &mut gradient);
    assert_eq!(gradient, [0.0; 3]);
}
