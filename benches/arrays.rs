//! Times of the methods of arrays, as ratios to those of slices.
//!
//! `taskset -c 1 cargo bench --bench arrays`
//!
//! Contiguous arrays, in standard and in Fortran order: in times of the call of slices on the same memory. Views that are not
//! contiguous: in times of copying them out, calling the method of slices, and copying the result in. Medians of ratios of
//! calls that take turns.

use std::cell::RefCell;
use std::hint::black_box;
use std::time::Instant;

use ndarray::{Array1, Array2, ArrayViewMut2, Axis, ShapeBuilder, s};
use slopes::activation::{Gelu, Relu, Softmax};
use slopes::loss::{Mse, SoftmaxCrossEntropy, Targets};
use slopes::prelude::*;

fn nanoseconds(work: &mut dyn FnMut(), calls: u32) -> f64 {
    let start = Instant::now();
    (0..calls).for_each(|_| work());
    start.elapsed().as_nanos() as f64 / f64::from(calls)
}

fn print(name: &str, mut array: impl FnMut(), mut slice: impl FnMut()) {
    let calls = (200_000.0 / nanoseconds(&mut slice, 3)).clamp(1.0, 10_000.0) as u32;
    let mut times: Vec<_> = (0..200)
        .map(|i| {
            let first = (i % 2 == 0).then(|| nanoseconds(&mut array, calls));
            let slice = nanoseconds(&mut slice, calls);
            (first.unwrap_or_else(|| nanoseconds(&mut array, calls)) / slice, slice)
        })
        .collect();
    times.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (ratio, slice) = times[times.len() / 2];
    println!("  {name:48} {ratio:.3}  ({:.2} us)", slice / 1000.0);
}

fn memory(x: &Array2<f32>) -> &[f32] {
    x.as_slice_memory_order().unwrap()
}

fn contiguous(n: usize, m: usize, fortran: bool) {
    let number = |(i, j): (usize, usize)| ((i * 31 + j * 17) % 101) as f32 / 10.0 - 5.0;
    let shape = (n, m).set_f(fortran);
    let (x, dy) = (&Array2::from_shape_fn(shape, number), &Array2::from_elem(shape, 0.5_f32));
    let y = RefCell::new(dy.clone());

    let slice = |call: &dyn Fn(&mut [f32])| call(black_box(y.borrow_mut().as_slice_memory_order_mut().unwrap()));
    println!("{n} x {m}, {}:", if fortran { "Fortran order" } else { "standard order" });

    print("ReLU", || x.activate_into(&Relu, &mut y.borrow_mut()), || slice(&|y| Relu.forward_slice(memory(x), y)));
    print("GELU", || x.activate_into(&Gelu, &mut y.borrow_mut()), || slice(&|y| Gelu.forward_slice(memory(x), y)));
    print("GELU in place", || y.borrow_mut().activate_inplace(&Gelu), || slice(&|y| Gelu.forward_in_place(y)));
    y.borrow_mut().assign(dy);
    print(
        "ReLU, new array",
        || drop(black_box(x.activated(&Relu))),
        || {
            let mut y = vec![0.0; x.len()];
            Relu.forward_slice(memory(x), &mut y);
            black_box(y);
        },
    );
    print(
        "ReLU, gradient in place",
        || y.borrow_mut().backward_inplace(&Relu, x),
        || slice(&|dy| Relu.backward_in_place(memory(x), dy)),
    );
    for axis in [0, 1] {
        let rows = if fortran { Rows::along(&[m, n], 1 - axis) } else { Rows::along(&[n, m], axis) };
        print(
            &format!("softmax along axis {axis}, in place"),
            || y.borrow_mut().activate_axis_inplace(Axis(axis), &Softmax::new()),
            || slice(&|y| Softmax::new().forward_in_place(y, rows)),
        );
    }
    if !fortran {
        print("MSE", || _ = black_box(x.mean_loss(&Mse, dy)), || _ = black_box(Mse.mean(memory(x), memory(dy))));
    }
    let (loss, labels) = (SoftmaxCrossEntropy::new(), Array1::from_shape_fn(n, |i| i % m));
    let rows = if fortran { Rows::along(&[m, n], 0) } else { Rows::contiguous(m) };
    let target = Targets::labels(labels.as_slice().unwrap());
    print(
        "cross-entropy",
        || _ = black_box(x.mean_loss_axis(Axis(1), &loss, &labels)),
        || _ = black_box(loss.mean(memory(x), target, rows)),
    );
}

/// A part of an array.
type View<'a> = &'a dyn Fn(&mut Array2<f32>) -> ArrayViewMut2<'_, f32>;

fn strided(n: usize, m: usize) {
    println!("{n} x {m}, views:");
    let whole = RefCell::new(Array2::from_shape_fn((n + 2, 2 * m), |(i, j)| ((i * 31 + j * 17) % 101) as f32 / 10.0));
    let views: [(&str, View); 3] = [
        ("half of the columns", &|x| x.slice_mut(s![1..=n, ..m])),
        ("every second column", &|x| x.slice_mut(s![1..=n, ..;2])),
        ("reversed rows", &|x| x.slice_mut(s![1..=n;-1, ..m])),
    ];
    for (name, view) in views {
        let copied = |call: &dyn Fn(&mut [f32])| {
            let mut whole = whole.borrow_mut();
            let mut view = view(&mut whole);
            let mut copy = view.to_owned();
            call(copy.as_slice_mut().unwrap());
            view.assign(&copy);
        };
        print(
            &format!("{name}: ReLU in place"),
            || view(&mut whole.borrow_mut()).activate_inplace(&Relu),
            || copied(&|x| Relu.forward_in_place(x)),
        );
        print(
            &format!("{name}: softmax of rows in place"),
            || view(&mut whole.borrow_mut()).activate_axis_inplace(Axis(1), &Softmax::new()),
            || copied(&|x| Softmax::new().forward_in_place(x, Rows::contiguous(m))),
        );
    }
}

fn main() {
    for (n, m) in [(64, 64), (256, 128), (1024, 1024)] {
        contiguous(n, m, false);
        contiguous(n, m, true);
        strided(n, m);
    }
}
