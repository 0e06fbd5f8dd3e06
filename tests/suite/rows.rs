//! Functions of rows: against the reference, by their laws, and on bad input.

use crate::common::{
    Exact, H, Number, all_bits, at_every_level, csv, fix_level, from_hex, narrow, none, over_budget, panic_message,
    proptest_config, tolerance,
};
use proptest::prelude::*;
use slopes::activation::{self, Activation, EmptyRow, LogSoftmax, RowActivation, Rows, Softmax};
use slopes::loss::{RowLoss, SoftmaxCrossEntropy, Targets};

/// A row of the reference.
#[derive(Default)]
struct Row {
    x: Vec<f64>,
    dy: Vec<f64>,
    label: u32,
    softmax: Vec<Exact>,
    log_softmax: Vec<Exact>,
    softmax_vjp: Vec<Exact>,
    log_softmax_vjp: Vec<Exact>,
    cross_entropy: Vec<Exact>,
    gradient: Vec<Exact>,
}

fn rows() -> Vec<Row> {
    let header = "row,index,x_f64_bits,dy_f64_bits,softmax,log_softmax,softmax_vjp,log_softmax_vjp,label,cross_entropy,\
                  cross_entropy_gradient";
    let mut rows: Vec<Row> = Vec::new();
    for entry in csv(include_str!("../reference/rows.csv"), header) {
        if entry[1] == "0" {
            rows.push(Row { label: entry[8].parse().unwrap(), ..Row::default() });
        }
        let row = rows.last_mut().unwrap();
        row.x.push(from_hex(entry[2]));
        row.dy.push(from_hex(entry[3]));
        let exact = |column: usize| Exact::parse(entry[column]);
        row.softmax.push(exact(4));
        row.log_softmax.push(exact(5));
        row.softmax_vjp.push(exact(6));
        row.log_softmax_vjp.push(exact(7));
        row.cross_entropy.push(exact(9));
        row.gradient.push(exact(10));
    }
    assert_eq!(rows.len(), 64);
    rows
}

/// What is over budget of one row function; `floor` is absolute, of each entry.
fn check<T: Number>(
    label: &str,
    ulp: f64,
    floor: impl Fn(usize) -> f64,
    x: &[T],
    got: &[T],
    exact: &[Exact],
) -> Vec<String> {
    let one =
        |i: usize| over_budget(&format!("{label}, entry {i}"), ulp, |_| floor(i), &x[i..=i], &got[i..=i], |_| exact[i]);
    (0..x.len()).filter_map(one).collect()
}

fn rows_are_accurate<T: Number>() {
    let reference = rows();
    let mut failures = Vec::new();
    at_every_level(|level| {
        for (number, row) in reference.iter().enumerate() {
            let narrow = |x: &[f64]| -> Vec<T> { x.iter().map(|x| T::of(*x)).collect() };
            let (x, dy, rows) = (narrow(&row.x), narrow(&row.dy), Rows::contiguous(row.x.len()));
            let mut y = x.clone();
            let label = |what: &str| format!("{what} {} {level:?}, row {number}", T::NAME);
            let unit = T::unit();
            let largest = |x: &[f64]| x.iter().filter(|x| x.is_finite()).fold(0.0, |a: f64, x| a.max(x.abs()));

            RowActivation::<T>::forward(&Softmax::default(), &x, rows, &mut y);
            failures.extend(check(&label("softmax"), 2.0, |_| 0.0, &x, &y, &row.softmax));

            // Its rounding cannot be less than that of the largest number that is subtracted.
            let involved = unit * largest(&row.x);
            LogSoftmax::default().forward(&x, rows, &mut y);
            failures.extend(check(&label("log_softmax"), 2.0, |_| involved, &x, &y, &row.log_softmax));

            // y (dy - s), s = <y, dy>: y is off by 2 ulp, 4 units of it; so is s, with its products one unit more, of max
            // |dy|; the difference and the product are rounded: (4 * 2 + 5 + 2 + 2) y max|dy| units, |dy - s| <= 2 max|dy|.
            let most = largest(&row.dy);
            let floor = |i: usize| 17.0 * unit * row.softmax[i].abs() * most + T::min_positive_value().wide() * unit;
            Softmax::default().backward(&x, &dy, rows, &mut y);
            failures.extend(check(&label("backward of softmax"), 2.0, floor, &x, &y, &row.softmax_vjp));

            // dy - y S, S = sum(dy): y is off by 4 units, the sum and the product by one each, and the difference is rounded.
            let sum: f64 = row.dy.iter().sum();
            let floor = |i: usize| unit * (6.0 * row.softmax[i].abs() * sum.abs() + row.log_softmax_vjp[i].abs());
            let masked = |i: usize| row.x[i] == f64::NEG_INFINITY;
            // Where x is -inf, the gradient is 0: the contract of rows.
            let exact = |i: usize| if masked(i) { 0.0.into() } else { row.log_softmax_vjp[i] };
            let exact: Vec<Exact> = (0..x.len()).map(exact).collect();
            LogSoftmax::default().backward(&x, &dy, rows, &mut y);
            failures.extend(check(&label("backward of log_softmax"), 1.0, floor, &x, &y, &exact));

            // The loss is -log_softmax of the label. Its gradient is a difference of numbers up to 1.
            let (labels, mut loss) = ([row.label], [T::zero()]);
            let target = Targets::Labels(&labels);
            SoftmaxCrossEntropy::default().each(&x, target, rows, &mut loss).unwrap();
            let name = label("softmax_cross_entropy");
            failures.extend(check(&name, 2.0, |_| involved, &x[..1], &loss, &row.cross_entropy[..1]));
            SoftmaxCrossEntropy::default().gradient(&x, target, rows, T::one(), &mut y).unwrap();
            failures.extend(check(&label("gradient"), 3.0, |_| unit, &x, &y, &row.gradient));

            // The same target as probabilities.
            let onehot: Vec<T> = (0..x.len()).map(|i| T::of(f64::from(u8::from(i == row.label as usize)))).collect();
            let target = Targets::Probabilities(&onehot);
            SoftmaxCrossEntropy::default().each(&x, target, rows, &mut loss).unwrap();
            let name = label("softmax_cross_entropy of probabilities");
            failures.extend(check(&name, 2.0, |_| involved, &x[..1], &loss, &row.cross_entropy[..1]));
            SoftmaxCrossEntropy::default().gradient(&x, target, rows, T::one(), &mut y).unwrap();
            failures.extend(check(&label("gradient of probabilities"), 3.0, |_| 2.0 * unit, &x, &y, &row.gradient));
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
                    let logarithm = share.wide().ln();
                    let close = (y.wide() - logarithm).abs() <= 4.0 * T::unit() * logarithm.abs();
                    let right = y.is_nan() == share.is_nan() && (close || y.wide() == logarithm || share.is_nan());
                    assert!(right || (share.is_zero() && x.is_finite() && *y < T::zero()), "{y} for {x}, {place}");
                    assert!(*x != T::neg_infinity() || *y == T::neg_infinity() || y.is_nan(), "{place}");
                }

                let dy: Vec<T> = (0..x.len()).map(|i| T::of(1.0 + i as f64)).collect();
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
    assert_eq!(Softmax::default().empty_row, EmptyRow::Zero);
    assert_eq!(LogSoftmax::default().empty_row, EmptyRow::Zero);
    at_every_level(|_| {
        for (empty_row, share) in [(EmptyRow::Zero, 0.0), (EmptyRow::Nan, f64::NAN), (EmptyRow::Uniform, 0.25_f64)] {
            let mut y = [1.0; 4];
            Softmax { empty_row }.forward(&x, rows, &mut y);
            assert_eq!(all_bits(&y), all_bits(&[share; 4]));
            LogSoftmax { empty_row }.forward(&x, rows, &mut y);
            let close = |y: f64| y == share.ln() || (y - share.ln()).abs() < 1e-15 || (y.is_nan() && share.is_nan());
            assert!(y.into_iter().all(close), "{empty_row:?}: {y:?}");
            // -inf entries have a gradient of 0, unless NaN was asked for.
            for softmax in [&Softmax { empty_row } as &dyn RowActivation<f64>, &LogSoftmax { empty_row }] {
                softmax.backward(&x, &[1.0, 2.0, 3.0, 4.0], rows, &mut y);
                assert!(y.into_iter().all(|dx| dx == 0.0 || share.is_nan() || share > 0.0), "{empty_row:?}: {y:?}");
            }
        }
        let nothing: [&mut [f32]; 2] = [&mut [], &mut []];
        for y in nothing {
            for rows in [Rows::contiguous(0), Rows::contiguous(3)] {
                Softmax::default().forward(&[], rows, y);
                LogSoftmax::default().forward_in_place(y, rows);
                Softmax::default().backward(&[], &[], rows, y);
                let target = Targets::Labels(&[]);
                assert_eq!(SoftmaxCrossEntropy::default().sum(&[0.0_f32; 0], target, rows), Ok(0.0));
                assert!(SoftmaxCrossEntropy::default().mean(&[0.0_f32; 0], target, rows).unwrap().is_nan());
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

/// A row of any length has a sum of 1 to within 2^-22: every share is off by 2 ulp at most, 2^-22 of itself.
#[test]
fn shares_sum_to_one() {
    let mut random = crate::common::Random(8);
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

/// Logits and a target distribution of the same length.
fn row_and_target() -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
    (1..24_usize).prop_flat_map(|len| (prop::collection::vec(-20.0..20.0, len), prop::collection::vec(0.0..1.0, len)))
}

proptest! {
    #![proptest_config(proptest_config(1000))]

    #[test]
    fn gradients_of_rows_are_finite_differences((x, y) in row_and_target(), choice: prop::sample::Index) {
        let _fixed = fix_level();
        let (i, rows) = (choice.index(x.len()), Rows::contiguous(x.len()));
        let labels = [(i / 2) as u32];
        let total: f64 = y.iter().sum();
        let moved = |by: f64| -> Vec<f64> { x.iter().enumerate().map(|(j, x)| if i == j { x + by } else { *x }).collect() };
        let (above, below) = (moved(H), moved(-H));
        let width = above[i] - below[i];
        for (target, weight) in [(Targets::Labels(&labels), 1.0), (Targets::Probabilities(&y), total)] {
            let loss = |x: &[f64]| SoftmaxCrossEntropy::default().sum(x, target, rows).unwrap();
            let mut gradient = vec![0.0; x.len()];
            SoftmaxCrossEntropy::default().gradient(&x, target, rows, 1.0, &mut gradient).unwrap();
            let difference = (loss(&above) - loss(&below)) / width;
            // Losses reach 40 + ln 24 for each unit of target.
            let allowed = tolerance(8.0 * f64::EPSILON * 64.0) * (1.0 + weight);
            prop_assert!((gradient[i] - difference).abs() <= allowed, "{x:?} {target:?}: {}, {difference}", gradient[i]);
        }

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
        prop_assert_eq!(all_bits(&here), all_bits(&there));
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
