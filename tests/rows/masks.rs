//! Masks of softmax, softmin and log-softmax.

use crate::common::{Random, all_bits, at_every_level, fix_level, panic_message};
use crate::softmax::row_numbers;
use half::{bf16, f16};
use slopes::Element;
use slopes::activation::{FullyMasked, LogSoftmax, Mask, Repeat, RowActivation, Rows, Softmax, Softmin};

fn masks_select<T: Element>() {
    let mut random = Random(23);
    let (inf, nan) = (T::infinity(), T::nan());
    at_every_level(|level| {
        for (shape, axis) in [(vec![6, 5], 1), (vec![4, 40], 1), (vec![2, 700], 1), (vec![5, 9], 0), (vec![2, 3, 4], 1)]
        {
            let (count, rows): (usize, _) = (shape.iter().product(), Rows::along(&shape, axis));
            let x: Vec<T> = row_numbers(&mut random, 2 * count, false);
            let keep: Vec<bool> = (0..count).map(|_| random.uniform::<f64>(0.0..=1.0) < 0.6).collect();
            // A second array, to which the same mask belongs.
            let kept = |i: usize| keep[i % count];
            let hidden: Vec<T> = (0..2 * count).map(|i| if kept(i) { x[i] } else { -inf }).collect();
            let garbage: Vec<T> = (0..2 * count).map(|i| if kept(i) { x[i] } else { [nan, inf][i % 2] }).collect();
            let add: Vec<T> = (0..count).map(|i| if kept(i) { T::zero() } else { -inf }).collect();
            let place = format!("{shape:?} {axis} at {level:?}");
            let (mut wanted, mut got, mut dx) = (x.clone(), x.clone(), x.clone());
            for mask in [Mask::new().with_boolean(&keep, Repeat::Whole), Mask::new().with_additive(&add, Repeat::Whole)]
            {
                Softmax::DEFAULT.forward(&hidden, rows, &mut wanted);
                Softmax::DEFAULT.forward_masked(&garbage, mask, rows, &mut got);
                assert_eq!(all_bits(&got), all_bits(&wanted), "softmax of {place}");
                // What is masked passes nothing on, whatever comes back there.
                let dy: Vec<T> = (0..2 * count).map(|i| if kept(i) { T::one() } else { nan }).collect();
                Softmax::DEFAULT.backward_from_output(&got, &dy, rows, &mut dx);
                assert!((0..2 * count).all(|i| if kept(i) { dx[i].is_finite() } else { dx[i].is_zero() }), "{place}");
                LogSoftmax::DEFAULT.forward(&hidden, rows, &mut wanted);
                LogSoftmax::DEFAULT.forward_masked(&garbage, mask, rows, &mut got);
                assert_eq!(all_bits(&got), all_bits(&wanted), "log_softmax of {place}");
                Softmin::DEFAULT.forward_masked(&garbage, mask, rows, &mut got);
                Softmin::DEFAULT.forward(
                    &(0..2 * count).map(|i| if kept(i) { x[i] } else { inf }).collect::<Vec<T>>(),
                    rows,
                    &mut wanted,
                );
                assert_eq!(all_bits(&got), all_bits(&wanted), "softmin of {place}");
            }
        }
        // Row r of each matrix of 3 sees r + offset entries.
        for offset in [0, 1, 2, 9] {
            let (len, rows) = (4, Rows::contiguous(4));
            let x: Vec<T> = row_numbers(&mut random, 6 * len, false);
            let seen = |i: usize| i % len < i / len % 3 + offset;
            let hidden: Vec<T> = (0..x.len()).map(|i| if seen(i) { x[i] } else { -inf }).collect();
            let garbage: Vec<T> = (0..x.len()).map(|i| if seen(i) { x[i] } else { nan }).collect();
            let (mut wanted, mut got) = (x.clone(), x.clone());
            for f in [0, 1] {
                let mask = Mask::new().with_causal(3).with_first_position(offset as isize - 1);
                if f == 0 {
                    Softmax::DEFAULT.forward(&hidden, rows, &mut wanted);
                    Softmax::DEFAULT.forward_masked(&garbage, mask, rows, &mut got);
                } else {
                    LogSoftmax::DEFAULT.forward(&hidden, rows, &mut wanted);
                    LogSoftmax::DEFAULT.forward_masked(&garbage, mask, rows, &mut got);
                }
                assert_eq!(all_bits(&got), all_bits(&wanted), "{offset} at {level:?}");
            }
        }
    });
}

#[test]
fn masks_select_in_all_types() {
    masks_select::<f32>();
    masks_select::<f64>();
    masks_select::<f16>();
    masks_select::<bf16>();
}

/// An additive mask is added to x / t, as attention adds a bias to its scaled scores, not to x.
fn masks_are_added_after_the_temperature<T: Element>() {
    // x / 2 plus the mask is 1 everywhere.
    let of = |numbers: [f64; 4]| numbers.map(T::from_f64_rounded);
    let by_rows = (Rows::contiguous(2), of([0.0, 4.0, 0.0, 4.0]), of([1.0, -1.0, 1.0, -1.0]));
    let by_columns = (Rows::along(&[2, 2], 0), of([0.0, 0.0, 4.0, 4.0]), of([1.0, 1.0, -1.0, -1.0]));
    at_every_level(|level| {
        for (rows, x, add) in [by_rows, by_columns] {
            let mut y = [T::nan(); 4];
            let mask = Mask::new().with_additive(&add, Repeat::Whole);
            Softmax::new().with_temperature(2.0).unwrap().forward_masked(&x, mask, rows, &mut y);
            assert!(y == of([0.5; 4]), "{level:?}: {y:?}");
            LogSoftmax::new().with_temperature(2.0).unwrap().forward_masked(&x, mask, rows, &mut y);
            assert!(y == of([0.5_f64.ln(); 4]), "{level:?}: {y:?}");
            Softmin::new().with_temperature(2.0).unwrap().forward_masked(&x.map(|x| -x), mask, rows, &mut y);
            assert!(y == of([0.5; 4]), "{level:?}: {y:?}");
        }
    });
}

#[test]
fn masks_are_added_after_the_temperature_in_all_types() {
    masks_are_added_after_the_temperature::<f32>();
    masks_are_added_after_the_temperature::<f64>();
    masks_are_added_after_the_temperature::<f16>();
    masks_are_added_after_the_temperature::<bf16>();
}

/// Beside an infinite entry, the others have a log-softmax of -inf, whose gradient is 0, from the input and the output.
#[test]
fn log_softmax_beside_infinities_has_no_gradient() {
    let (inf, dy) = (f64::INFINITY, [1.0, 2.0, 4.0]);
    at_every_level(|level| {
        for (x, dx) in [([inf, 1.0, -inf], [-6.0, 0.0, 0.0]), ([inf, inf, 0.5], [-2.5, -1.5, 0.0])] {
            let (mut got, mut y, mut in_columns) = ([7.0; 3], [7.0; 3], [7.0; 6]);
            LogSoftmax::DEFAULT.backward(&x, &dy, Rows::contiguous(3), &mut got);
            assert_eq!(got, dx, "{x:?} at {level:?}");
            LogSoftmax::DEFAULT.forward(&x, Rows::contiguous(3), &mut y);
            LogSoftmax::DEFAULT.backward_from_output(&y, &dy, Rows::contiguous(3), &mut got);
            assert!(got.iter().zip(dx).all(|(got, dx)| (got - dx).abs() < 1e-15), "{y:?} at {level:?}: {got:?}");
            let twice = |row: [f64; 3]| -> Vec<f64> { row.into_iter().flat_map(|x| [x, x]).collect() };
            LogSoftmax::DEFAULT.backward(&twice(x), &twice(dy), Rows::along(&[3, 2], 0), &mut in_columns);
            assert_eq!(in_columns[..], twice(dx), "{x:?} at {level:?}");
        }
    });
}

#[test]
fn masks_that_do_not_fit_are_refused() {
    let _fixed = fix_level();
    let (x, rows, mut y) = ([0.5_f32; 12], Rows::contiguous(4), [7.0; 12]);
    let keep = [true; 12];
    let none = Mask::new();
    let row = |times| none.with_boolean(&keep[..4], Repeat::Row { times });
    let matrix = |rows, times| none.with_boolean(&keep, Repeat::Matrix { rows, times });
    for (mask, part) in [
        (none.with_boolean(&keep[..8], Repeat::Whole), "length 12 of x is not a multiple of the mask length 8"),
        (none.with_boolean(&keep[..6], Repeat::Whole), "length 6"),
        (none.with_additive(&x[..5], Repeat::Whole), "length 5"),
        (none.with_additive(&[], Repeat::Whole), "mask length 0"),
        (none.with_causal(0), "1 query"),
        (row(2), "length 12 of x is not a multiple of the mask length 4 times 2"),
        (row(0), "a mask of 1 rows has no matrices of 1 rows that are repeated 0 times"),
        (row(usize::MAX), "mask length 4 times"),
        (matrix(2, 1), "a mask of 3 rows has no matrices of 2 rows"),
        (matrix(0, 1), "matrices of 0 rows"),
    ] {
        let message = panic_message(|| Softmax::DEFAULT.forward_masked(&x, mask, rows, &mut y));
        assert!(message.contains(part), "{message}");
        let message = panic_message(|| Softmax::DEFAULT.forward_masked_in_place(&mut y, mask, rows));
        assert!(message.contains(part), "{message}");
    }
    let message = panic_message(|| _ = Rows::along(&[3, 4], 2));
    assert!(message.contains("axis 2"), "{message}");
    assert_eq!(y, [7.0; 12], "nothing is written");
    // A mask of nothing for nothing.
    let mask = none.with_causal(2).with_boolean(&keep, Repeat::Whole);
    Softmax::DEFAULT.forward_masked_in_place::<f32>(&mut [], mask, rows);
}

/// The shape of scores: batch x heads x queries x keys.
const SHAPES: [[usize; 4]; 4] = [[2, 2, 3, 3], [2, 3, 2, 5], [3, 2, 4, 2], [1, 2, 3, 40]];

/// The softmax of a row in f64, by its formula. All entries that are -inf are masked.
fn plain_softmax(x: &[f64], fully_masked: FullyMasked) -> Vec<f64> {
    let m = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if m == f64::NEG_INFINITY {
        let y = match fully_masked {
            FullyMasked::Zero => 0.0,
            FullyMasked::Nan => f64::NAN,
            FullyMasked::Uniform => 1.0 / x.len() as f64,
        };
        return vec![y; x.len()];
    }
    let sum: f64 = x.iter().map(|x| (x - m).exp()).sum();
    x.iter().map(|x| (x - m).exp() / sum).collect()
}

/// All parts of a mask together, repeated in every way, against conditions on (sample, head, query, key) and the formula
/// in f64: the softmax, softmin and log-softmax, their gradients, rows that see nothing, and NaN where masked.
fn parts_of_masks_combine<T: Element>() {
    let mut random = Random(5);
    // Numbers are multiples of 1/8 up to 4, whose sums are exact in every type.
    let mut eighths =
        |n: usize| -> Vec<f64> { (0..n).map(|_| (random.uniform::<f64>(-16.0..=16.0)).round() / 8.0).collect() };
    let narrow = |x: &[f64]| -> Vec<T> { x.iter().map(|x| T::from_f64_rounded(*x)).collect() };
    // In f16 and bf16, results are rounded once; the bound of softmax is 2 ulp, that of f64 is left to the formula above.
    let epsilon = T::epsilon().into_f64();
    for ([batch, heads, queries, keys], window) in SHAPES.into_iter().flat_map(|shape| (0..5).map(move |w| (shape, w)))
    {
        let count = batch * heads * queries * keys;
        let rows = Rows::contiguous(keys);
        let (x, dy) = (eighths(count), eighths(count));
        let padding: Vec<bool> = eighths(batch * keys).iter().map(|x| *x < 1.0).collect();
        let shared: Vec<bool> = eighths(batch * queries * keys).iter().map(|x| *x < 1.5).collect();
        let bias: Vec<f64> =
            eighths(heads * keys).iter().map(|x| if *x > 1.5 { f64::NEG_INFINITY } else { *x }).collect();
        let narrow_bias: Vec<T> = narrow(&bias);
        let first = [None, Some(0), Some(2), None, None][window];
        let (before, after) = [(usize::MAX, 0), (usize::MAX, 0), (1, 0), (0, 0), (1, 1)][window];
        let in_band = |q: usize, k: usize| {
            let position = first.unwrap_or(keys as isize - queries as isize) + q as isize;
            let past = position - k as isize;
            past <= before.min(99) as isize && -past <= after as isize
        };
        for parts in 0..16 {
            let [band, padded, by_matrix, biased] = [1, 2, 4, 8].map(|part| parts & part != 0);
            let mut mask = Mask::new();
            if band {
                let of_band = if before == usize::MAX {
                    mask.with_causal(queries)
                } else {
                    mask.with_window(queries, before, after)
                };
                mask = first.map_or(of_band, |first| of_band.with_first_position(first));
            }
            if padded {
                mask = mask.with_boolean(&padding, Repeat::Row { times: heads * queries });
            }
            // A boolean part replaces another.
            if by_matrix {
                mask = mask.with_boolean(&shared, Repeat::Matrix { rows: queries, times: heads });
            }
            if biased {
                mask = mask.with_additive(&narrow_bias, Repeat::Row { times: queries });
            }
            let (mut added, mut kept) = (Vec::new(), Vec::new());
            for (b, h, q, k) in (0..batch).flat_map(|b| {
                (0..heads).flat_map(move |h| (0..queries).flat_map(move |q| (0..keys).map(move |k| (b, h, q, k))))
            }) {
                let bias = if biased { bias[h * keys + k] } else { 0.0 };
                let seen = (!band || in_band(q, k))
                    && (!padded || by_matrix || padding[b * keys + k])
                    && (!by_matrix || shared[(b * queries + q) * keys + k])
                    && bias > f64::NEG_INFINITY;
                added.push(bias);
                kept.push(seen);
            }
            let garbage: Vec<T> = (0..count)
                .map(|i| if kept[i] { T::from_f64_rounded(x[i]) } else { [T::nan(), T::infinity()][i % 2] })
                .collect();
            for fully_masked in [FullyMasked::Zero, FullyMasked::Nan, FullyMasked::Uniform] {
                let softmax = Softmax::new().with_fully_masked(fully_masked);
                let softmin = Softmin::new().with_fully_masked(fully_masked);
                let log_softmax = LogSoftmax::new().with_fully_masked(fully_masked);
                let mut out = [(); 5].map(|()| garbage.clone());
                let [y, negative, log, dx, d_log] = &mut out;
                softmax.forward_masked(&garbage, mask, rows, y);
                softmin.forward_masked_in_place(negative, mask, rows);
                log_softmax.forward_masked_in_place(log, mask, rows);
                let mut in_place = garbage.clone();
                softmax.forward_masked_in_place(&mut in_place, mask, rows);
                assert_eq!(all_bits(&in_place), all_bits(y));
                softmax.backward_from_output(y, &narrow(&dy), rows, dx);
                log_softmax.backward_from_output(log, &narrow(&dy), rows, d_log);
                for start in (0..count).step_by(keys) {
                    let all = start..start + keys;
                    let of = |sign: f64| -> Vec<f64> {
                        let term = |i: usize| if kept[i] { sign * x[i] + added[i] } else { f64::NEG_INFINITY };
                        plain_softmax(&all.clone().map(term).collect::<Vec<_>>(), fully_masked)
                    };
                    let (right, right_negative) = (of(1.0), of(-1.0));
                    let masked = !kept[all.clone()].contains(&true);
                    let mean: f64 = (0..keys).map(|i| right[i] * dy[start + i]).sum();
                    let total: f64 = dy[all.clone()].iter().sum();
                    for i in 0..keys {
                        let place = format!("{parts:b}, {window}, {fully_masked:?}, entry {i} of {:?}", all);
                        let close = |got: T, right: f64, scale: f64| {
                            let got = got.into_f64();
                            let error = 4.0 * epsilon * scale;
                            let fine = got == right || got.is_nan() && right.is_nan() || (got - right).abs() <= error;
                            assert!(fine, "{got} instead of {right}, {place}");
                        };
                        let at = start + i;
                        close(y[at], right[i], right[i]);
                        close(negative[at], right_negative[i], right_negative[i]);
                        close(log[at], right[i].ln(), 16.0);
                        if !masked {
                            // In f16 and bf16, outputs that are rounded come back: an error of half an ulp in each.
                            close(dx[at], right[i] * (dy[at] - mean), 8.0 * right[i]);
                            let right = if kept[at] { dy[at] - right[i] * total } else { 0.0 };
                            close(d_log[at], right, 8.0 * keys as f64);
                        } else if fully_masked == FullyMasked::Zero {
                            assert!(dx[at].is_zero() && d_log[at].is_zero(), "{place}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn parts_of_masks_combine_in_all_types() {
    at_every_level(|_| {
        parts_of_masks_combine::<f32>();
        parts_of_masks_combine::<f64>();
        parts_of_masks_combine::<f16>();
        parts_of_masks_combine::<bf16>();
    });
}

/// Rows that are not contiguous: a mask in the layout of the rows, a matrix of it for two of x.
#[test]
fn masks_repeat_along_any_axis() {
    at_every_level(|_| {
        // Two samples of two heads, of 3 keys x 4 queries: rows run along the keys.
        let shape = [2, 2, 3, 4];
        let rows = Rows::along(&shape, 2);
        let keep: Vec<bool> = (0..24).map(|i| i % 5 != 1 && i % 7 != 2).collect();
        let at = |b: usize, h: usize, k: usize, q: usize| ((b * 2 + h) * 3 + k) * 4 + q;
        let mut x = vec![0.0_f32; 48];
        let mask =
            Mask::new().with_boolean(&keep, Repeat::Row { times: 2 }).with_window(4, 2, 1).with_first_position(0);
        Softmax::DEFAULT.forward_masked_in_place(&mut x, mask, rows);
        for (b, h, q) in (0..16).map(|r| (r / 8, r / 4 % 2, r % 4)) {
            let sees = |k: usize| keep[(b * 3 + k) * 4 + q] && k <= q + 1 && q <= k + 2;
            let count = (0..3).filter(|k| sees(*k)).count();
            for k in 0..3 {
                let right = if sees(k) { 1.0 / count as f32 } else { 0.0 };
                assert_eq!(x[at(b, h, k, q)], right, "{b} {h} {q} {k}");
            }
        }
    });
}
