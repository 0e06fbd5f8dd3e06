//! `Parallel` has the bits of the function itself, for any number of threads.

#[allow(dead_code, reason = "each program uses what it needs")]
#[path = "../losses/cases.rs"]
mod cases;
#[allow(dead_code, unused_imports, unused_macros, reason = "each program uses what it needs")]
#[path = "../common/mod.rs"]
mod common;

use cases::{RowCase, row_cases, samples};
use common::{Random, all_bits, panic_message};
use half::{bf16, f16};
use slopes::activation::{
    self, Activation, AnyGatedUnit, GatedUnit, Gelu, GluLayout, LogSoftmax, Relu, RowActivation, Softmax, Sparsemax,
    SwiGlu,
};
use slopes::loss::{
    self, BinaryCrossEntropyWithLogits, Loss, Mse, RowLoss, SoftmaxCrossEntropy, Targets, Weighted, WeightedRows,
};
use slopes::{Element, Parallel, Rows};

/// Around the length from which on threads are used, and of many pieces with a last one of any length.
const LENGTHS: [usize; 7] = [0, 1000, (1 << 17) - 1, 1 << 17, (1 << 17) + 1, (1 << 18) + 1025, 700_001];

/// Runs a test in pools of several numbers of threads.
fn in_pools(test: impl Fn(usize) + Sync) {
    in_pools_of(&[1, 2, 3, 8], test);
}

fn in_pools_of(counts: &[usize], test: impl Fn(usize) + Sync) {
    for &threads in counts {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| test(threads));
    }
}

fn numbers<T: Element>(len: usize, seed: u64) -> Vec<T> {
    let mut random = Random(seed);
    (0..len).map(|_| random.uniform(-6.0..=6.0)).collect()
}

/// The outputs of every method of an activation.
fn activated<T: Element>(f: &impl Activation<T>, x: &[T], dy: &[T]) -> [Vec<T>; 8] {
    let mut out = [(); 8].map(|()| x.to_vec());
    let [y, in_place, d, d2, dx, replaced, both_y, both_d] = &mut out;
    f.forward_slice(x, y);
    f.forward_in_place(in_place);
    f.derivative_slice(x, d);
    f.second_derivative_slice(x, d2);
    f.backward_slice(x, dy, dx);
    replaced.copy_from_slice(dy);
    f.backward_in_place(x, replaced);
    f.forward_with_derivative(x, both_y, both_d);
    out
}

fn activations_agree<T: Element>() {
    let check = |f: &'static dyn Activation<T>, len: usize| {
        let (x, dy) = (numbers::<T>(len, 1), numbers::<T>(len, 2));
        let serial = activated(&f, &x, &dy).map(|y| all_bits(&y));
        in_pools(|threads| {
            let parallel = activated(&Parallel(f), &x, &dy).map(|y| all_bits(&y));
            assert!(serial == parallel, "{} of {len} by {threads} threads", f.spec().name());
        });
    };
    LENGTHS.iter().for_each(|len| check(&Gelu, *len));
    activation::all::<T>().iter().for_each(|f| check(*f, 140_001));
}

#[test]
fn activations_agree_in_every_type() {
    activations_agree::<f32>();
    activations_agree::<f64>();
    activations_agree::<f16>();
    activations_agree::<bf16>();
}

/// Rows one after the other, and along other axes: short, long, a single block.
fn layouts() -> [(usize, Rows); 7] {
    [
        (0, Rows::contiguous(3)),
        (3 * 50_000, Rows::contiguous(3)),
        (140_000, Rows::contiguous(1000)),
        (3 * 50_000, Rows::contiguous(50_000)),
        (50 * 7 * 999, Rows::along(&[50, 7, 999], 1)),
        (200 * 1000, Rows::along(&[200, 1000], 0)),
        (3 * 5 * 30_000, Rows::along(&[3, 5, 30_000], 1)),
    ]
}

fn rows_agree<T: Element>() {
    let functions: [&dyn RowActivation<T>; 3] = [&Softmax::DEFAULT, &LogSoftmax::DEFAULT, &Sparsemax::DEFAULT];
    for (f, (len, rows)) in functions.iter().flat_map(|f| layouts().map(|layout| (*f, layout))) {
        let (x, dy) = (numbers::<T>(len, 3), numbers::<T>(len, 4));
        let run = |f: &dyn RowActivation<T>| {
            let mut out = [(); 4].map(|()| x.clone());
            let [y, in_place, dx, from_y] = &mut out;
            f.forward(&x, rows, y);
            f.forward_in_place(in_place, rows);
            f.backward(&x, &dy, rows, dx);
            f.backward_from_output(y, &dy, rows, from_y);
            out.map(|y| all_bits(&y))
        };
        let serial = run(f);
        in_pools(|threads| assert!(serial == run(&Parallel(f)), "{} of {rows:?}, {threads}", f.spec().name()));
    }
}

#[test]
fn rows_agree_in_every_type() {
    rows_agree::<f32>();
    rows_agree::<f64>();
    rows_agree::<f16>();
}

/// The outputs of the methods of a gated unit that take gates and ups.
fn gated<T: Element>(unit: &impl GatedUnit<T>, [gate, up, dy]: [&[T]; 3]) -> [Vec<T>; 6] {
    let mut out = [gate, gate, gate, gate, gate, up].map(<[T]>::to_vec);
    let [y, in_place, d_gate, d_up, gate_replaced, up_replaced] = &mut out;
    unit.forward_slice(gate, up, y);
    unit.forward_in_place(in_place, up);
    unit.backward_slice(gate, up, dy, d_gate, d_up);
    unit.backward_in_place(gate_replaced, up_replaced, dy);
    out
}

/// The outputs of the methods of a gated unit that take packed pairs.
fn gated_packed<T: Element>(unit: &impl GatedUnit<T>, x: &[T], layout: GluLayout, dy: &[T]) -> [Vec<T>; 3] {
    let mut out = [dy, x, x].map(<[T]>::to_vec);
    let [y, dx, replaced] = &mut out;
    unit.forward_packed(x, layout, y);
    unit.backward_packed(x, layout, dy, dx);
    unit.backward_packed_in_place(replaced, layout, dy);
    out
}

fn gated_units_agree<T: Element>() {
    let check = |unit: AnyGatedUnit, len: usize, row: usize| {
        let [gate, up, dy] = [5, 6, 7].map(|seed| numbers::<T>(len, seed));
        let x = [&gate[..], &up].concat();
        let serial = gated(&unit, [&gate, &up, &dy]).map(|y| all_bits(&y));
        let layouts = [GluLayout::GateFirst { row }, GluLayout::GateSecond { row }, GluLayout::Interleaved];
        let packed = layouts.map(|layout| gated_packed(&unit, &x, layout, &dy).map(|y| all_bits(&y)));
        in_pools(|threads| {
            let parallel = gated(&Parallel(unit), [&gate, &up, &dy]).map(|y| all_bits(&y));
            assert!(serial == parallel, "{unit} of {len} by {threads} threads");
            for (layout, packed) in layouts.iter().zip(&packed) {
                let parallel = gated_packed(&Parallel(unit), &x, *layout, &dy).map(|y| all_bits(&y));
                assert!(*packed == parallel, "{unit} of {len}, {layout:?}, by {threads} threads");
            }
        });
    };
    for (len, row) in [(0, 2), (999, 6), (1 << 17, 2), (150_003, 6), (131_000, 2000), (131_072, 262_144)] {
        check(SwiGlu::default().into(), len, row);
    }
    AnyGatedUnit::all().for_each(|unit| check(unit, 140_001, 6));
}

#[test]
fn gated_units_agree_in_every_type() {
    gated_units_agree::<f32>();
    gated_units_agree::<f64>();
    gated_units_agree::<f16>();
    gated_units_agree::<bf16>();
}

/// The outputs of every method of a loss.
fn lost<T: Element>(loss: &impl Loss<T>, prediction: &[T], target: &[T]) -> ([u64; 5], Vec<u32>, [Vec<u64>; 6]) {
    let mut out = [(); 6].map(|()| prediction.to_vec());
    let [losses, gradient, of_sum, of_mean, of_both, hessian] = &mut out;
    loss.forward_slice(prediction, target, losses);
    loss.gradient(prediction, target, 0.1, gradient);
    loss.gradient_with_hessian_bound(prediction, target, 0.1, of_both, hessian);
    let sums = [
        loss.sum(prediction, target),
        loss.mean(prediction, target),
        loss.sum_with_gradient(prediction, target, 0.3, of_sum),
        loss.mean_with_gradient(prediction, target, of_mean),
        loss.total(prediction, target).weight,
    ];
    let exact = loss.exact_sum(prediction, target).words().to_vec();
    (sums.map(f64::to_bits), exact, out.map(|y| all_bits(&y)))
}

fn losses_agree<T: Element>() {
    for (len, loss) in LENGTHS
        .map(|len| (len, &Mse as &dyn Loss<T>))
        .into_iter()
        .chain(loss::all::<T>().iter().map(|loss| (140_001, *loss)))
    {
        let shares: Vec<T> = numbers::<T>(len, 5).iter().map(|x| x.abs() / T::from_f64_rounded(6.0)).collect();
        let (prediction, target) = samples(loss.spec(), &numbers(len, 6), &shares);
        let serial = lost(&loss, &prediction, &target);
        in_pools(|threads| {
            let parallel = lost(&Parallel(loss), &prediction, &target);
            assert!(serial == parallel, "{} of {len} by {threads} threads", loss.spec().name());
        });
    }
    for len in LENGTHS {
        let weights: Vec<f64> = (0..len).map(|i| (i % 5) as f64 / 3.0).collect();
        let (x, y) = (numbers::<T>(len, 7), numbers::<T>(len, 8));
        let loss = Weighted::new(BinaryCrossEntropyWithLogits::DEFAULT, &weights);
        let serial = lost(&loss, &x, &y);
        in_pools(|threads| {
            assert!(serial == lost(&Parallel(loss), &x, &y), "weighted, of {len} by {threads} threads");
            assert!(serial == lost(&Parallel(&&loss), &x, &y), "weighted behind pointers");
            assert!(serial == lost(&Parallel(Box::new(Parallel(loss))), &x, &y), "weighted, twice parallel");
        });
    }
}

#[test]
fn losses_agree_in_every_type() {
    losses_agree::<f32>();
    losses_agree::<f64>();
    losses_agree::<f16>();
    losses_agree::<bf16>();
}

/// A loss that implements nothing but what it must.
struct Own;
impl Loss<f64> for Own {
    fn forward(&self, prediction: f64, target: f64) -> f64 {
        (prediction - target).powi(4)
    }
    fn derivative(&self, prediction: f64, target: f64) -> f64 {
        4.0 * (prediction - target).powi(3)
    }
    fn second_derivative(&self, prediction: f64, target: f64) -> f64 {
        12.0 * (prediction - target).powi(2)
    }
    fn hessian_bound(&self, prediction: f64, target: f64) -> f64 {
        self.second_derivative(prediction, target)
    }
}

#[test]
fn a_loss_of_ones_own_agrees() {
    let (x, y) = (numbers(200_003, 9), numbers(200_003, 10));
    let serial = lost(&Own, &x, &y);
    in_pools(|threads| assert!(serial == lost(&Parallel(Own), &x, &y), "{threads} threads"));
}

/// The outputs of every method of a loss of rows.
fn row_lost<T: Element>(
    loss: &dyn RowLoss<T>,
    x: &[T],
    target: Targets<'_, T>,
    rows: Rows,
) -> ([u64; 7], [Vec<u64>; 10]) {
    let mut out = [(); 9].map(|()| x.to_vec());
    let [gradient, replaced, of_mean, of_unweighted, with_hessian, hessian, with_bound, bound, matrix] = &mut out;
    let mut losses = vec![T::nan(); x.len() / rows.row_len()];
    loss.forward(x, target, rows, &mut losses).unwrap();
    loss.gradient_with_hessian(x, target, rows, 0.3, with_hessian, hessian).unwrap();
    loss.gradient_with_hessian_bound(x, target, rows, 0.3, with_bound, bound).unwrap();
    loss.gradient_with_matrix_bound(x, target, rows, 0.3, with_bound, matrix).unwrap();
    let sums = [
        loss.sum(x, target, rows).unwrap(),
        loss.mean(x, target, rows).unwrap(),
        loss.sum_with_gradient(x, target, rows, 0.3, gradient).unwrap(),
        loss.sum_with_gradient_in_place(replaced, target, rows, 0.3).unwrap(),
        loss.mean_with_gradient(x, target, rows, of_mean).unwrap(),
        loss.mean_unweighted_with_gradient(x, target, rows, of_unweighted).unwrap(),
        loss.total_weight(target, rows).unwrap(),
    ];
    let [a, b, c, d, e, f, g, h, i] = out.map(|y| all_bits(&y));
    (sums.map(f64::to_bits), [a, b, c, d, e, f, g, h, i, all_bits(&losses)])
}

/// Labels, some to be ignored, and probabilities, some rows of them zeros; with weights of rows, some of them 0. Class 3
/// of the cases has the weight 0.
fn row_losses_agree<T: Element>() {
    let classes = common::outputs::CLASSES;
    for (outer, inner) in [(4001, 1), (9, 501)] {
        let (count, rows) = (outer * inner, Rows::along(&[outer, classes, inner], 1));
        let len = count * classes;
        let mut random = Random(11);
        let logits = numbers::<T>(len, 12);
        let shares: Vec<T> = (0..len).map(|_| random.uniform(0.125..=1.0)).collect();
        let mut probabilities: Vec<T> = (0..len).map(|_| random.uniform(0.0..=1.0)).collect();
        for row in (0..count).step_by(7) {
            let start = row / inner * classes * inner + row % inner;
            (0..classes).for_each(|i| probabilities[start + i * inner] = T::zero());
        }
        let weights: Vec<f64> = (0..count).map(|row| (row % 4) as f64 / 3.0).collect();
        for RowCase { name, loss, of_probabilities, labels_alone, ignore_label } in row_cases::<T>() {
            let x = if of_probabilities { &shares } else { &logits };
            let labels: Vec<u32> = (0..count as u32)
                .map(|row| ignore_label.filter(|_| row % 3 == 1).unwrap_or(row * 5 % classes as u32))
                .collect();
            let mut targets = vec![Targets::labels(&labels)];
            if !labels_alone {
                targets.push(Targets::Probabilities(&probabilities));
            }
            for target in targets {
                let (serial, weighted) = (row_lost(loss, x, target, rows), WeightedRows::new(loss, &weights));
                let serial_weighted = row_lost(&weighted, x, target, rows);
                in_pools_of(&[3], |threads| {
                    let place = format!("{name} by {threads} threads, {rows:?}");
                    assert!(serial == row_lost(&Parallel(loss), x, target, rows), "{place}");
                    let outside = WeightedRows::new(Parallel(loss), &weights);
                    assert!(serial_weighted == row_lost(&Parallel(weighted), x, target, rows), "{place}, weighted");
                    assert!(serial_weighted == row_lost(&outside, x, target, rows), "{place}, weighted outside");
                });
            }
        }
    }
}

#[test]
fn row_losses_agree_in_every_type() {
    row_losses_agree::<f32>();
    row_losses_agree::<f64>();
    row_losses_agree::<f16>();
}

/// Rows so short and many that the sum itself is made by threads.
#[test]
fn many_short_rows_agree() {
    let (count, rows) = (150_001, Rows::contiguous(2));
    let x = numbers::<f32>(2 * count, 13);
    let labels: Vec<i32> = (0..count as i32).map(|row| if row % 11 == 0 { -1 } else { row % 2 }).collect();
    let loss = SoftmaxCrossEntropy::new().with_ignore_label(-1);
    for labels in [&labels, &vec![1; count]] {
        let serial = row_lost(&loss, &x, Targets::labels(labels), rows);
        in_pools(|threads| {
            assert!(serial == row_lost(&Parallel(loss), &x, Targets::labels(labels), rows), "{threads} threads");
        });
    }
}

/// What is wrong is found before anything is written, and the message is that of the function itself.
#[test]
fn errors_are_those_of_the_function() {
    let n = 200_000;
    let (x, loss, rows) = (vec![0.5_f32; n], SoftmaxCrossEntropy::new(), Rows::contiguous(2));
    in_pools(|_| {
        let mut labels = vec![0_u8; n / 2];
        (labels[49_000], labels[49_999]) = (7, 8);
        let mut gradient = vec![9.0; n];
        let target = Targets::labels(&labels);
        let error = Parallel(loss).sum_with_gradient(&x, target, rows, 1.0, &mut gradient).unwrap_err();
        assert_eq!(error, loss.sum(&x, target, rows).unwrap_err());
        labels = vec![0; n / 2];
        for (labels, len) in [(&labels[..], n - 2), (&labels[1..], n)] {
            let (target, gradient) = (Targets::labels(labels), &mut gradient[..len]);
            let parallel = panic_message(|| Parallel(loss).sum_with_gradient(&x, target, rows, 1.0, gradient));
            assert_eq!(parallel, panic_message(|| loss.sum_with_gradient(&x, target, rows, 1.0, gradient)));
        }
        let few = [1.0; 7];
        let weighted = WeightedRows::new(loss, &few);
        let target = Targets::labels(&labels);
        panic_message(|| Parallel(weighted).sum_with_gradient(&x, target, rows, 1.0, &mut gradient));
        panic_message(|| Parallel(Mse.weighted(&few)).sum_with_gradient(&x, &x, 1.0, &mut gradient));
        let parallel = panic_message(|| Parallel(Relu).forward_slice(&x[1..], &mut gradient));
        assert_eq!(parallel, panic_message(|| Relu.forward_slice(&x[1..], &mut gradient)));
        let swiglu = SwiGlu::default();
        let odd = GluLayout::GateFirst { row: 3 };
        for (len, layout) in [(n / 2 - 1, GluLayout::Interleaved), (n / 2, odd)] {
            let parallel = panic_message(|| Parallel(swiglu).forward_packed(&x, layout, &mut gradient[..len]));
            assert_eq!(parallel, panic_message(|| swiglu.forward_packed(&x, layout, &mut gradient[..len])));
        }
        let columns = Rows::along(&[2, 3], 0);
        let parallel = panic_message(|| Parallel(Softmax::DEFAULT).forward_in_place(&mut gradient, columns));
        assert_eq!(parallel, panic_message(|| Softmax::DEFAULT.forward_in_place(&mut gradient, columns)));
        assert!(gradient.iter().all(|x| *x == 9.0));
    });
}

/// Every method refuses slices whose lengths differ as the function itself does, before anything is written.
#[test]
fn lengths_that_differ_are_refused() {
    let n = 200_000;
    let (x, rows) = (vec![0.5_f32; n], Rows::contiguous(2));
    let (all, few) = (&x[..], &x[2..]);
    let mut out = [vec![9.0; n], vec![9.0; n]];
    macro_rules! refused {
        ($f:expr; $(|$this:ident, $first:ident, $second:ident| $call:expr),+ $(,)?) => {
            $(let messages = {
                let [$first, $second] = &mut out;
                let $this = Parallel($f);
                let parallel = panic_message(|| $call);
                let $this = $f;
                [parallel, panic_message(|| $call)]
            };
            assert_eq!(messages[0], messages[1], stringify!($call));)+
        };
    }
    refused! { Relu;
        |f, y, _d| f.forward_slice(few, y),
        |f, y, _d| f.derivative_slice(few, y),
        |f, y, _d| f.second_derivative_slice(few, y),
        |f, y, _d| f.backward_slice(all, few, y),
        |f, y, _d| f.backward_in_place(few, y),
        |f, y, d| f.forward_with_derivative(all, y, &mut d[1..]),
    }
    refused! { Softmax::DEFAULT;
        |f, y, _d| f.forward(few, rows, y),
        |f, y, _d| f.forward_in_place(&mut y[1..], rows),
        |f, y, _d| f.backward(all, few, rows, y),
        |f, y, _d| f.backward_from_output(all, few, rows, y),
    }
    refused! { Mse;
        |f, y, _d| f.forward_slice(all, all, &mut y[1..]),
        |f, _y, _d| f.sum(all, few),
        |f, y, _d| f.gradient(all, few, 1.0, y),
        |f, y, _d| f.sum_with_gradient(all, all, 1.0, &mut y[1..]),
        |f, y, d| f.gradient_with_hessian_bound(all, all, 1.0, y, &mut d[1..]),
    }
    assert!(out.iter().flatten().all(|x| *x == 9.0));
}
