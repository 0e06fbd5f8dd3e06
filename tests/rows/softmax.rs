//! Functions of rows: against the reference, by their laws, and on bad input.

use crate::common::rows::{check, row_and_target, rows};
use crate::common::{
    Exact, Number, Random, all_bits, at_every_level, beside, fix_level, narrow, none, panic_message, proptest_config,
    tolerance,
};
use half::{bf16, f16};
use proptest::prelude::*;
use slopes::Element;
use slopes::activation::{self, Activation, FullyMasked, LogSoftmax, RowActivation, Rows, Softmax, Softmin};

fn rows_are_accurate<T: Number>() {
    let reference = rows();
    let mut failures = Vec::new();
    at_every_level(|level| {
        for (number, row) in reference.iter().enumerate() {
            let (x, dy, rows): (Vec<T>, Vec<T>, _) = (narrow(&row.x), narrow(&row.dy), Rows::contiguous(row.x.len()));
            let mut y = x.clone();
            let label = |what: &str| format!("{what} {} {level:?}, row {number}", T::NAME);
            let unit = T::unit();
            let (bounds, of_log) = (T::budget(Softmax::SPEC), T::budget(LogSoftmax::SPEC));

            RowActivation::<T>::forward(&Softmax::default(), &x, rows, &mut y);
            failures.extend(check(&label("softmax"), bounds.ulp[0], |_| 0.0, &x, &y, &row.softmax));

            LogSoftmax::default().forward(&x, rows, &mut y);
            let floor = |_| of_log.absolute[0] * row.involved::<T>();
            failures.extend(check(&label("log_softmax"), of_log.ulp[0], floor, &x, &y, &row.log_softmax));

            // y (d - s), d = dy - c, s = <y, d>: y is off by 2 ulp, 4 units of it; so is s, with the rounding of its
            // products and of d two units more, of <y, |d|>; d, the difference and the product are rounded: at most
            // 4 + 3 + 6 + 4 units of y (|d| + <y, |d|>).
            let c = (0..x.len()).find(|&i| row.softmax[i].abs() > 0.5).map_or(0.0, |i| row.dy[i]);
            let all: f64 = (0..x.len()).map(|i| row.softmax[i].abs() * (row.dy[i] - c).abs()).sum();
            let least = T::min_positive_value().into_f64() * unit;
            let involved = |i: usize| row.softmax[i].abs() * ((row.dy[i] - c).abs() + all);
            let floor = |i: usize| bounds.absolute[1] * unit * involved(i) + least;
            // A batch goes side by side, one row alone does not.
            for batch in [1, 33] {
                let (x, dy) = (x.repeat(batch), dy.repeat(batch));
                let mut dx = x.clone();
                Softmax::default().backward(&x, &dy, rows, &mut dx);
                let (label, dx) = (label(&format!("backward of softmax, {batch} rows")), &dx[x.len() - row.x.len()..]);
                failures.extend(check(&label, bounds.ulp[1], floor, &x[..row.x.len()], dx, &row.softmax_vjp));
            }

            // dy - y S, S = sum(dy): y is off by 4 units, the sum and the product by one each, and the difference is rounded.
            let sum: f64 = row.dy.iter().sum();
            let involved = |i: usize| row.softmax[i].abs() * sum.abs() + row.log_softmax_vjp[i].abs() / 6.0;
            let floor = |i: usize| of_log.absolute[1] * unit * involved(i);
            let masked = |i: usize| row.x[i] == f64::NEG_INFINITY;
            // Where x is -inf, the gradient is 0: the contract of rows.
            let exact = |i: usize| if masked(i) { 0.0.into() } else { row.log_softmax_vjp[i] };
            let exact: Vec<Exact> = (0..x.len()).map(exact).collect();
            LogSoftmax::default().backward(&x, &dy, rows, &mut y);
            failures.extend(check(&label("backward of log_softmax"), of_log.ulp[1], floor, &x, &y, &exact));
        }
    });
    none(&failures);
}

#[test]
fn rows_are_accurate_in_f32() {
    rows_are_accurate::<f32>();
}

#[test]
fn rows_are_accurate_in_f64() {
    rows_are_accurate::<f64>();
}

/// Entries that are not finite: (row, softmax).
fn special_rows() -> Vec<(Vec<f64>, Vec<f64>)> {
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    vec![
        (vec![-inf, 0.0, 0.0], vec![0.0, 0.5, 0.5]),
        (vec![0.0, -inf, -inf, -inf], vec![1.0, 0.0, 0.0, 0.0]),
        (vec![-inf, 1e30, 1.0], vec![0.0, 1.0, 0.0]),
        (vec![inf, 0.0, -inf], vec![1.0, 0.0, 0.0]),
        (vec![inf, 3.0, inf, 1e30], vec![0.5, 0.0, 0.5, 0.0]),
        (vec![inf; 4], vec![0.25; 4]),
        (vec![nan, 0.0, 1.0], vec![nan; 3]),
        (vec![0.0, 1.0, -inf, nan], vec![nan; 4]),
        (vec![nan, -inf], vec![nan; 2]),
        (vec![inf, nan, inf], vec![nan; 3]),
        (vec![nan], vec![nan]),
        (vec![-inf; 3], vec![0.0; 3]),
        (vec![-inf], vec![0.0]),
        (vec![inf], vec![1.0]),
        (vec![-1e38], vec![1.0]),
        (vec![3e38, -3e38], vec![1.0, 0.0]),
    ]
}

fn special_rows_follow_the_contract<T: Number>() {
    at_every_level(|level| {
        for (row, expected) in special_rows() {
            // Long rows too, so that the special entries pass through registers and not only through the tail.
            for repeat in [1, 16] {
                let x: Vec<T> = narrow(&row.repeat(repeat));
                let place = format!("{row:?} {repeat} times {} at {level:?}", T::NAME);
                let expected: Vec<T> =
                    narrow(&expected.iter().map(|y| y / repeat as f64).collect::<Vec<_>>().repeat(repeat));
                let rows = Rows::contiguous(x.len());
                let mut y = x.clone();
                Softmax::default().forward(&x, rows, &mut y);
                assert_eq!(all_bits(&y), all_bits(&expected), "softmax of {place}");

                LogSoftmax::default().forward(&x, rows, &mut y);
                for ((y, x), share) in y.iter().zip(&x).zip(&expected) {
                    // The logarithm of the share, or of what the share has underflowed from.
                    let logarithm = share.into_f64().ln();
                    let close = (y.into_f64() - logarithm).abs() <= 4.0 * T::unit() * logarithm.abs();
                    let right = y.is_nan() == share.is_nan() && (close || y.into_f64() == logarithm || share.is_nan());
                    assert!(right || (share.is_zero() && x.is_finite() && *y < T::zero()), "{y} for {x}, {place}");
                    assert!(*x != T::neg_infinity() || *y == T::neg_infinity() || y.is_nan(), "{place}");
                }

                let dy: Vec<T> = (0..x.len()).map(|i| T::from_f64_rounded(1.0 + i as f64)).collect();
                let mut dx = x.clone();
                let functions: [&dyn RowActivation<T>; 2] = [&Softmax::default(), &LogSoftmax::default()];
                for f in functions {
                    f.backward(&x, &dy, rows, &mut dx);
                    for ((dx, x), y) in dx.iter().zip(&x).zip(&expected) {
                        assert_eq!(dx.is_nan(), y.is_nan(), "the gradient of {place}");
                        assert!(*x != T::neg_infinity() || *dx == T::zero() || y.is_nan(), "the gradient of {place}");
                    }
                }
            }
        }
    });
}

#[test]
fn special_rows_follow_the_contract_in_both_types() {
    special_rows_follow_the_contract::<f32>();
    special_rows_follow_the_contract::<f64>();
}

/// What is special about a row stays in the row.
#[test]
fn rows_do_not_touch_each_other() {
    let (inf, nan) = (f32::INFINITY, f32::NAN);
    let x = [1.0, 1.0, nan, 1.0, -inf, -inf, inf, inf, 2.0, 2.0];
    at_every_level(|_| {
        let mut y = [0.0; 10];
        Softmax::default().forward(&x, Rows::contiguous(2), &mut y);
        let wanted = [0.5, 0.5, nan, nan, 0.0, 0.0, 0.5, 0.5, 0.5, 0.5];
        assert_eq!(all_bits(&y), all_bits(&wanted));
    });
}

#[test]
fn empty_rows_are_what_was_asked_for() {
    let x = [f64::NEG_INFINITY; 4];
    let rows = Rows::contiguous(4);
    assert_eq!(Softmax::default().fully_masked, FullyMasked::Zero);
    assert_eq!(LogSoftmax::default().fully_masked, FullyMasked::Zero);
    at_every_level(|_| {
        for (fully_masked, share) in
            [(FullyMasked::Zero, 0.0), (FullyMasked::Nan, f64::NAN), (FullyMasked::Uniform, 0.25_f64)]
        {
            let mut y = [1.0; 4];
            Softmax::new().with_fully_masked(fully_masked).forward(&x, rows, &mut y);
            assert_eq!(all_bits(&y), all_bits(&[share; 4]));
            LogSoftmax::new().with_fully_masked(fully_masked).forward(&x, rows, &mut y);
            let close = |y: f64| y == share.ln() || (y - share.ln()).abs() < 1e-15 || (y.is_nan() && share.is_nan());
            assert!(y.into_iter().all(close), "{fully_masked:?}: {y:?}");
            // -inf entries have a gradient of 0, unless NaN was asked for.
            for softmax in [
                &Softmax::new().with_fully_masked(fully_masked) as &dyn RowActivation<f64>,
                &LogSoftmax::new().with_fully_masked(fully_masked),
            ] {
                softmax.backward(&x, &[1.0, 2.0, 3.0, 4.0], rows, &mut y);
                assert!(y.into_iter().all(|dx| dx == 0.0 || share.is_nan() || share > 0.0), "{fully_masked:?}: {y:?}");
            }
        }
        let nothing: [&mut [f32]; 2] = [&mut [], &mut []];
        for y in nothing {
            for rows in [Rows::contiguous(0), Rows::contiguous(3)] {
                Softmax::default().forward(&[], rows, y);
                LogSoftmax::default().forward_in_place(y, rows);
                Softmax::default().backward(&[], &[], rows, y);
            }
        }
    });
}

/// The textbooks' examples, printed by them to as many digits.
#[test]
fn softmax_is_that_of_the_textbooks() {
    at_every_level(|_| {
        let mut y = [0.0_f64; 4];
        Softmax::default().forward(&[-4.0, 5.0, 2.0, -8.0], Rows::contiguous(4), &mut y);
        let printed = [0.00011754291529297411, 0.9524601077108533, 0.047420196500263315, 2.1528735904351842e-06];
        for (y, printed) in y.iter().zip(printed) {
            approx::assert_relative_eq!(*y, printed, max_relative = 1e-15);
        }
        let mut y = [0.0_f32; 3];
        Softmax::default().forward(&[4.0, 1.0, -4.0], Rows::contiguous(3), &mut y);
        // Printed from exponentials of two or three digits: the exact shares are 95.23, 4.74 and 0.03 %.
        for (y, percent) in y.iter().zip([95.25, 4.71, 0.04]) {
            approx::assert_abs_diff_eq!(100.0 * y, percent, epsilon = 0.04);
        }
    });
}

/// Functions of rows, with and without what makes them take other ways.
pub fn functions<T: Element>() -> Vec<(&'static str, Box<dyn RowActivation<T>>)> {
    vec![
        ("softmax", Box::new(Softmax::DEFAULT)),
        ("softmax(3)", Box::new(Softmax::new().with_temperature(3.0).unwrap())),
        ("softmin", Box::new(Softmin::DEFAULT)),
        ("log_softmax", Box::new(LogSoftmax::DEFAULT)),
    ]
}

/// Numbers with which rows are ordinary, and now and then not.
pub fn row_numbers<T: Element>(random: &mut Random, len: usize, special: bool) -> Vec<T> {
    let specials = [f64::NEG_INFINITY, f64::INFINITY, f64::NAN, 1e4, -1e4];
    let mut number = || {
        let x = random.uniform::<f64>(-20.0..=20.0);
        let rare = special && random.uniform::<f64>(0.0..=1.0) < 0.01;
        T::from_f64_rounded(if rare { specials[(x.abs() * 7.0) as usize % specials.len()] } else { x })
    };
    (0..len).map(|_| number()).collect()
}

/// Of each row of an array, the places of its numbers.
pub fn places(shape: &[usize], axis: usize) -> Vec<Vec<usize>> {
    let (len, inner) = (shape[axis], shape[axis + 1..].iter().product::<usize>());
    let outer = shape[..axis].iter().product::<usize>();
    let rows = (0..outer).flat_map(|o| (0..inner).map(move |i| o * len * inner + i));
    rows.map(|start| (0..len).map(|k| start + k * inner).collect()).collect()
}

fn strided_rows_are_gathered_rows<T: Element>() {
    let mut random = Random(21);
    let shapes: [&[usize]; 12] = [
        &[3, 5],
        &[4, 3, 2],
        &[2, 17, 7],
        &[2, 16, 8],
        &[3, 33, 9],
        &[2, 10, 128],
        &[1, 3, 300],
        &[2, 3, 100],
        &[2100, 9],
        &[1030, 8, 2],
        &[600, 3],
        &[7],
    ];
    at_every_level(|level| {
        // Slow machines leave out the large ones.
        let small = |shape: &&[usize]| crate::common::scale() == 1 || shape.iter().product::<usize>() < 1000;
        for shape in shapes.into_iter().filter(small) {
            for (axis, special) in (0..shape.len()).flat_map(|axis| [(axis, false), (axis, true)]) {
                let (count, rows) = (shape.iter().product(), Rows::along(shape, axis));
                let x: Vec<T> = row_numbers(&mut random, count, special);
                let dy: Vec<T> = row_numbers(&mut random, count, false);
                let gather = |numbers: &[T], places: &[usize]| places.iter().map(|&i| numbers[i]).collect::<Vec<T>>();
                for (name, f) in functions::<T>().into_iter().chain(crate::choices::functions()) {
                    let (mut y, mut dx, mut dx_of_y) = (x.clone(), x.clone(), x.clone());
                    f.forward(&x, rows, &mut y);
                    f.backward(&x, &dy, rows, &mut dx);
                    f.backward_from_output(&y, &dy, rows, &mut dx_of_y);
                    let mut in_place = x.clone();
                    f.forward_in_place(&mut in_place, rows);
                    assert_eq!(all_bits(&in_place), all_bits(&y), "{name} in place of {shape:?}, {axis}, at {level:?}");
                    for places in places(shape, axis) {
                        let (row, cotangent) = (gather(&x, &places), gather(&dy, &places));
                        let (alone, mut got) = (Rows::contiguous(row.len()), row.clone());
                        let place = || format!("{name} of {shape:?} along {axis} at {level:?}: {row:?}");
                        f.forward(&row, alone, &mut got);
                        assert_eq!(all_bits(&got), all_bits(&gather(&y, &places)), "{}", place());
                        let output = got.clone();
                        f.backward(&row, &cotangent, alone, &mut got);
                        assert_eq!(all_bits(&got), all_bits(&gather(&dx, &places)), "the gradient of {}", place());
                        f.backward_from_output(&output, &cotangent, alone, &mut got);
                        assert_eq!(
                            all_bits(&got),
                            all_bits(&gather(&dx_of_y, &places)),
                            "from the output, {}",
                            place()
                        );
                    }
                }
            }
        }
    });
}

#[test]
fn strided_rows_are_gathered_rows_in_all_types() {
    strided_rows_are_gathered_rows::<f32>();
    strided_rows_are_gathered_rows::<f64>();
    strided_rows_are_gathered_rows::<f16>();
    strided_rows_are_gathered_rows::<bf16>();
}

/// The shares of a row of f32, to some 1e-15.
fn exact_shares(x: &[f32], temperature: f64) -> Vec<f64> {
    let m = x.iter().fold(f32::NEG_INFINITY, |m, x| m.max(*x));
    let e: Vec<f64> = x.iter().map(|x| ((f64::from(*x) - f64::from(m)) / temperature).exp()).collect();
    // Kahan's sum: as if made of twice the digits.
    let (mut sum, mut lost) = (0.0, 0.0);
    for e in &e {
        let next = e - lost;
        let total: f64 = sum + next;
        (lost, sum) = ((total - sum) - next, total);
    }
    e.iter().map(|e| e / sum).collect()
}

/// Every output is within 2 ulp of the exact softmax of the row, at rows of every length to 257 and of up to 2^17 numbers.
/// A temperature that is no power of two adds half an ulp, for its reciprocal.
#[test]
fn shares_are_accurate() {
    let mut random = Random(22);
    at_every_level(|level| {
        // A slow machine takes every 16th short row, and of the long ones that which is beyond 2^12.
        let step = crate::common::scale().min(16);
        let long = [1000, 1024, 1025, 4097, 1 << 17, 300_001];
        for len in (1..=257).step_by(step).chain(long.into_iter().filter(|len| step == 1 || *len == 4097)) {
            for (spread, offset, temperature, budget) in
                [(3.0, 0.0, 1.0, 2.0), (40.0, 100.0, 1.0, 2.0), (90.0, -3000.0, 1.0, 2.0), (9.0, 1.0, 0.3, 2.5)]
            {
                let x: Vec<f32> = (0..len).map(|_| offset as f32 + random.uniform::<f32>(-spread..=spread)).collect();
                let mut y = x.clone();
                let rows = Rows::contiguous(len);
                Softmax::new().with_temperature(temperature).unwrap().forward(&x, rows, &mut y);
                let exact = exact_shares(&x, f64::from(temperature as f32));
                for ((x, y), exact) in x.iter().zip(&y).zip(&exact) {
                    // Beside the least normal number, what takes the place of fusing rounds as well.
                    let (distance, floor) = (Exact::from(*exact).distance(*y), 2.5 * 2f64.powi(-149));
                    assert!(
                        distance.is_within(budget, floor),
                        "{y} for {x} of {len} at {level:?}: {exact}, {distance:?}"
                    );
                }
                LogSoftmax::new().with_temperature(temperature).unwrap().forward(&x, rows, &mut y);
                let largest = x.iter().fold(0.0, |a: f64, x| a.max(f64::from(x.abs()) / temperature));
                for ((x, y), exact) in x.iter().zip(&y).zip(exact_logarithms(&x, f64::from(temperature as f32))) {
                    let distance = Exact::from(exact).distance(*y);
                    // Beside the rounding of x / t, that of the reciprocal.
                    let floor = largest * f32::unit() * if temperature == 1.0 { 1.0 } else { 2.0 };
                    assert!(distance.is_within(2.0, floor), "{y} for {x} of {len} at {level:?} should be {exact}");
                }
            }
        }
    });
}

/// A row that is beyond the caches takes another way, to the same shares.
#[test]
fn long_rows_are_rows() {
    const LEN: usize = 300_000;
    let mut random = Random(29);
    // The first parts are of -inf alone, then of ever larger numbers.
    let row: Vec<f32> = (0..LEN)
        .map(|i| if i < 70_000 { f32::NEG_INFINITY } else { random.uniform::<f32>(0.0..=3.0) + i as f32 * 1e-4 })
        .collect();
    let (rows, exact) = (Rows::contiguous(LEN), exact_shares(&row, 1.0));
    at_every_level(|level| {
        let mut y = row.clone();
        Softmax::DEFAULT.forward_in_place(&mut y, rows);
        for (y, exact) in y.iter().zip(&exact) {
            assert!(Exact::from(*exact).distance(*y).is_within(2.0, 0.0), "{y} at {level:?} should be {exact}");
        }
        let (mut columns, mut both) = (row.repeat(2), row.repeat(2));
        for (i, x) in row.iter().enumerate() {
            (columns[2 * i], columns[2 * i + 1]) = (*x, *x);
        }
        Softmax::DEFAULT.forward_in_place(&mut columns, Rows::along(&[LEN, 2], 0));
        Softmax::DEFAULT.forward_in_place(&mut both, rows);
        let apart: Vec<f32> = columns.iter().step_by(2).chain(columns.iter().skip(1).step_by(2)).copied().collect();
        assert!(all_bits(&apart) == all_bits(&both) && all_bits(&both[..LEN]) == all_bits(&y), "columns at {level:?}");

        let special = |places: &[usize], number: f32| {
            let mut x = row.clone();
            places.iter().for_each(|&i| x[i] = number);
            Softmax::DEFAULT.forward_in_place(&mut x, rows);
            x
        };
        for i in [3, 100_000, LEN - 1] {
            assert!(special(&[i], f32::NAN).iter().all(|y| y.is_nan()), "{i} at {level:?}");
        }
        let infinite = special(&[5, LEN - 2], f32::INFINITY);
        assert!((0..LEN).all(|i| infinite[i] == if i == 5 || i == LEN - 2 { 0.5 } else { 0.0 }), "{level:?}");
        let mut empty = vec![f32::NEG_INFINITY; LEN];
        Softmax::DEFAULT.forward_in_place(&mut empty, rows);
        assert!(empty.iter().all(|y| *y == 0.0), "{level:?}");
    });
}

/// The logarithms of the shares.
fn exact_logarithms(x: &[f32], temperature: f64) -> Vec<f64> {
    let m = x.iter().fold(f32::NEG_INFINITY, |m, x| m.max(*x));
    let distance = |x: f32| (f64::from(x) - f64::from(m)) / temperature;
    let rest = x.iter().map(|x| distance(*x).exp()).sum::<f64>().ln();
    x.iter().map(|x| distance(*x) - rest).collect()
}

#[test]
fn bad_temperatures_are_refused() {
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-31, 1e31] {
        let errors = [
            Softmax::new().with_temperature(bad).unwrap_err(),
            Softmin::new().with_temperature(bad).unwrap_err(),
            LogSoftmax::new().with_temperature(bad).unwrap_err(),
        ];
        for error in errors {
            assert!(error.parameter == "temperature" && (error.value == bad || bad.is_nan()), "{error}");
        }
    }
}

/// A power of two changes no bit that dividing x would not; and softmin is the softmax of -x, by definition and to the bit.
#[test]
fn temperatures_divide() {
    let mut random = Random(24);
    at_every_level(|level| {
        for len in [1, 7, 40, 1500] {
            let x: Vec<f32> = row_numbers(&mut random, len, false);
            let rows = Rows::contiguous(len);
            let divided = |by: f32| x.iter().map(|x| x / by).collect::<Vec<f32>>();
            let (mut hot, mut cold) = (x.clone(), x.clone());
            for (power, other) in [(4.0, 4.0_f32), (0.125, 0.125)] {
                Softmax::new().with_temperature(power).unwrap().forward(&x, rows, &mut hot);
                Softmax::DEFAULT.forward(&divided(other), rows, &mut cold);
                assert_eq!(all_bits(&hot), all_bits(&cold), "{power} of {len} at {level:?}");
                LogSoftmax::new().with_temperature(power).unwrap().forward(&x, rows, &mut hot);
                LogSoftmax::DEFAULT.forward(&divided(other), rows, &mut cold);
                assert_eq!(all_bits(&hot), all_bits(&cold), "{power} of {len} at {level:?}");
            }
            Softmin::DEFAULT.forward(&x, rows, &mut hot);
            Softmax::DEFAULT.forward(&divided(-1.0), rows, &mut cold);
            assert_eq!(all_bits(&hot), all_bits(&cold), "softmin of {len} at {level:?}");
            let dy: Vec<f32> = row_numbers(&mut random, len, false);
            Softmin::DEFAULT.backward(&x, &dy, rows, &mut hot);
            Softmax::DEFAULT.backward(&divided(-1.0), &dy, rows, &mut cold);
            assert!(hot.iter().zip(&cold).all(|(a, b)| *a == -b), "softmin of {len} at {level:?}");
        }
    });
}

#[test]
fn jacobians_multiply_as_backward_does() {
    let mut random = Random(25);
    at_every_level(|level| {
        for (len, temperature) in [(0, 1.0), (1, 1.0), (2, 0.5), (5, 3.0), (40, 1.0)] {
            let x: Vec<f64> = row_numbers(&mut random, len, false);
            let dy: Vec<f64> = row_numbers(&mut random, len, false);
            let (softmax, mut jacobian, mut dx) =
                (Softmax::new().with_temperature(temperature).unwrap(), vec![0.0; len * len], dy.clone());
            softmax.jacobian(&x, &mut jacobian);
            softmax.backward(&x, &dy, Rows::contiguous(len), &mut dx);
            for i in 0..len {
                let row = &jacobian[i * len..(i + 1) * len];
                let product: f64 = row.iter().zip(&dy).map(|(a, b)| a * b).sum();
                // Each of the products is off by 8 ulp of at most 20 / t times a share; their sum has len roundings.
                let allowed = (8.0 + len as f64) * f64::EPSILON * 20.0 / temperature;
                assert!((product - dx[i]).abs() <= allowed, "{len} at {level:?}: {product}, {}", dx[i]);
                // Rows of it sum to 0, and it is symmetric.
                assert!(row.iter().sum::<f64>().abs() <= allowed && (0..len).all(|j| row[j] == jacobian[j * len + i]));
            }
        }
        // 1 - y is not 0 where y rounds to 1.
        let mut jacobian = [0.0_f32; 4];
        Softmax::DEFAULT.jacobian(&[20.0, 0.0], &mut jacobian);
        let exact = 1.0 / (1.0 + 20.0_f64.exp()) / (1.0 + (-20.0_f64).exp());
        assert!(
            (f64::from(jacobian[0]) / exact - 1.0).abs() <= 7.0 * f64::from(f32::EPSILON),
            "{jacobian:?} at {level:?}"
        );
    });
    let mut jacobian = [0.0_f64; 5];
    assert!(panic_message(|| Softmax::DEFAULT.jacobian(&[1.0, 2.0], &mut jacobian)).contains("not 5"));
}

/// The way back from the output has its shares rounded once more.
#[test]
fn backward_from_output_is_backward() {
    let mut random = Random(26);
    at_every_level(|level| {
        for (len, (name, f)) in
            [1, 3, 17, 100, 2000].into_iter().flat_map(|len| functions::<f64>().into_iter().map(move |f| (len, f)))
        {
            let x: Vec<f64> = row_numbers(&mut random, len, false);
            let dy: Vec<f64> = row_numbers(&mut random, len, false);
            let rows = Rows::contiguous(len);
            let (mut y, mut from_x, mut from_y) = (x.clone(), x.clone(), x.clone());
            f.forward(&x, rows, &mut y);
            f.backward(&x, &dy, rows, &mut from_x);
            f.backward_from_output(&y, &dy, rows, &mut from_y);
            let total: f64 = dy.iter().map(|dy| dy.abs()).sum();
            // Of a logarithm the rounding, 2 units of at most 40 + ln 2000, becomes relative: 96 units of a share of <dy>.
            let allowed = 100.0 * f64::EPSILON * total.max(20.0);
            for (a, b) in from_x.iter().zip(&from_y) {
                assert!((a - b).abs() <= allowed, "{name} of {len} at {level:?}: {a}, {b}");
            }
        }
    });
}

/// A row of any length has a sum of 1 to within 2^-22: every share is off by 2 ulp at most, 2^-22 of itself.
#[test]
fn shares_sum_to_one() {
    let mut random = Random(8);
    at_every_level(|level| {
        for len in (1..=257).chain([1000, 1024, 4097, 1 << 17]) {
            let x: Vec<f32> = (0..len).map(|_| random.uniform(-8.0..=8.0)).collect();
            let mut y = x.clone();
            Softmax::default().forward(&x, Rows::contiguous(len), &mut y);
            let sum: f64 = y.iter().map(|y| f64::from(*y)).sum();
            assert!((sum - 1.0).abs() <= 1.0 / f64::from(1 << 22), "{len} shares at {level:?}: {sum}");
            assert!(y.iter().all(|y| (0.0..=1.0).contains(y)));
        }
    });
}

#[test]
fn rows_that_do_not_fit_are_refused() {
    let _fixed = fix_level();
    let x = [0.5_f32; 12];
    let rows = Rows::contiguous(4);
    let (mut ten, mut twelve) = ([7.0; 10], [7.0; 12]);
    let functions: [&dyn RowActivation<f32>; 2] = [&Softmax::default(), &LogSoftmax::default()];
    for f in functions {
        let calls = [
            (panic_message(|| f.forward(&x, rows, &mut ten)), [12, 10]),
            (panic_message(|| f.forward(&x[..10], rows, &mut ten)), [10, 4]),
            (panic_message(|| f.forward(&x, Rows::contiguous(0), &mut twelve)), [12, 0]),
            (panic_message(|| f.forward_in_place(&mut ten, rows)), [10, 4]),
            (panic_message(|| f.backward(&x, &x[..10], rows, &mut twelve)), [12, 10]),
            (panic_message(|| f.backward(&x, &x, rows, &mut ten)), [12, 10]),
            (panic_message(|| f.backward(&x[..10], &x[..10], rows, &mut ten)), [10, 4]),
        ];
        for (message, lengths) in calls {
            assert!(lengths.iter().all(|len| message.contains(&len.to_string())), "{message}");
        }
    }
    assert!(ten == [7.0; 10] && twelve == [7.0; 12], "nothing is written");
}

proptest! {
    #![proptest_config(proptest_config(1000))]

    #[test]
    fn gradients_of_rows_are_finite_differences((x, y) in row_and_target(), choice: prop::sample::Index) {
        let _fixed = fix_level();
        let (i, rows) = (choice.index(x.len()), Rows::contiguous(x.len()));
        let total: f64 = y.iter().sum();
        let (above, below, width) = beside(&x, i);
        // <dy, f(x)> differs as the product says; dy is y here.
        let functions: [(&dyn RowActivation<f64>, f64); 2] = [(&Softmax::default(), 1.0), (&LogSoftmax::default(), 64.0)];
        for (f, largest) in functions {
            let product = |x: &[f64]| -> f64 {
                let mut out = x.to_vec();
                f.forward(x, rows, &mut out);
                out.iter().zip(&y).map(|(a, b)| a * b).sum()
            };
            let mut dx = vec![0.0; x.len()];
            f.backward(&x, &y, rows, &mut dx);
            let difference = (product(&above) - product(&below)) / width;
            let allowed = tolerance(8.0 * f64::EPSILON * largest) * (1.0 + total);
            prop_assert!((dx[i] - difference).abs() <= allowed, "{x:?} {y:?}: {}, {difference}", dx[i]);
        }
    }

    /// Whole numbers and halves, so that the shift itself is exact.
    #[test]
    fn softmax_does_not_see_a_shift(x in prop::collection::vec(-100..100_i32, 1..70), shift in -1000..1000_i32) {
        let _fixed = fix_level();
        let rows = Rows::contiguous(x.len());
        let row = |shift: i32| -> Vec<f32> { x.iter().map(|x| (x + shift) as f32 / 2.0).collect() };
        let (mut here, mut there) = (row(0), row(shift));
        Softmax::default().forward_in_place(&mut here, rows);
        Softmax::default().forward_in_place(&mut there, rows);
        // Either is within 2 ulp of the same exact shares.
        for (a, b) in here.into_iter().zip(there) {
            let ulp = a.max(b).next_up() - a.max(b);
            prop_assert!((a - b).abs() <= 4.0 * ulp, "{} and {}", a, b);
        }
    }

    /// softmax([a, b]) = (s(a - b), s(b - a)): both sides are within 2 ulp, where a - b is exact.
    #[test]
    fn softmax_of_two_is_logistic(a in -200..200_i32, b in -200..200_i32) {
        let _fixed = fix_level();
        let (a, b) = (a as f32 / 4.0, b as f32 / 4.0);
        let mut y = [a, b];
        Softmax::default().forward_in_place(&mut y, Rows::contiguous(2));
        let sigmoid = activation::Sigmoid;
        for (y, wanted) in y.into_iter().zip([sigmoid.forward(a - b), sigmoid.forward(b - a)]) {
            prop_assert!((y - wanted).abs() <= 4.0 * f32::EPSILON * wanted, "{y}, {wanted}");
        }
    }
}
