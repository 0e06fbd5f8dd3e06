//! The least nanoseconds per element of every slice method, one a line: `type/method/function time`.

use std::hint::black_box;
use std::time::Instant;

use slopes::Element;
use slopes::activation::{self, Activation, GatedUnit, LogSoftmax, RowActivation, Rows, Softmax, SwiGlu};
use slopes::loss::{self, Loss, RowLoss, SoftmaxCrossEntropy, Targets};

/// In the second cache.
const LEN: usize = 1 << 15;
const REPEATS: usize = 60;
const CLASSES: usize = 1024;

fn time(name: String, mut work: impl FnMut()) {
    let mut least = f64::INFINITY;
    for _ in 0..REPEATS {
        let start = Instant::now();
        work();
        least = least.min(start.elapsed().as_nanos() as f64);
    }
    println!("{name} {:.4}", least / LEN as f64);
}

fn times<T: Element>() {
    let number = |i: usize| T::from_f64_rounded((i.wrapping_mul(0x9e37_79b9) % 4096) as f64 / 4100.0 + 0.0001);
    let x: Vec<T> = (0..LEN).map(number).collect();
    let dy = vec![T::from_f64_rounded(1.5); LEN];
    let (mut y, mut d) = (vec![T::zero(); LEN], vec![T::zero(); LEN]);
    let of = std::any::type_name::<T>();
    for f in activation::all::<T>() {
        let name = f.spec().name();
        time(format!("{of}/forward_slice/{name}"), || f.forward_slice(black_box(&x), &mut y));
        time(format!("{of}/derivative_slice/{name}"), || f.derivative_slice(black_box(&x), &mut y));
        time(format!("{of}/second_derivative_slice/{name}"), || f.second_derivative_slice(black_box(&x), &mut y));
        time(format!("{of}/backward_slice/{name}"), || f.backward_slice(black_box(&x), &dy, &mut y));
        time(format!("{of}/forward_with_derivative/{name}"), || f.forward_with_derivative(black_box(&x), &mut y, &mut d));
    }
    for loss in loss::all::<T>() {
        let (name, half) = (loss.spec().name(), 0.5);
        time(format!("{of}/forward_slice/{name}"), || loss.forward_slice(black_box(&x), &dy, &mut y));
        time(format!("{of}/mean/{name}"), || _ = black_box(loss.mean(black_box(&x), &dy)));
        time(format!("{of}/sum_with_gradient/{name}"), || {
            _ = black_box(loss.sum_with_gradient(black_box(&x), &dy, half, &mut y));
        });
        time(format!("{of}/gradient_with_hessian_bound/{name}"), || {
            loss.gradient_with_hessian_bound(black_box(&x), &dy, half, &mut y, &mut d);
        });
    }
    let rows = Rows::contiguous(CLASSES);
    let labels: Vec<u32> = (0..LEN / CLASSES).map(|row| row as u32).collect();
    time(format!("{of}/forward/softmax"), || Softmax::DEFAULT.forward(black_box(&x), rows, &mut y));
    time(format!("{of}/backward/softmax"), || Softmax::DEFAULT.backward(black_box(&x), &dy, rows, &mut y));
    time(format!("{of}/forward/log_softmax"), || LogSoftmax::DEFAULT.forward(black_box(&x), rows, &mut y));
    time(format!("{of}/mean_with_gradient/softmax_cross_entropy"), || {
        let targets = Targets::labels(&labels);
        _ = black_box(SoftmaxCrossEntropy::default().mean_with_gradient(black_box(&x), targets, rows, &mut y));
    });
    let (gate, up) = x.split_at(LEN / 2);
    time(format!("{of}/forward_slice/swi_glu"), || SwiGlu::default().forward_slice(black_box(gate), up, &mut y[..LEN / 2]));
}

fn main() {
    times::<f32>();
    times::<f64>();
    times::<half::f16>();
    times::<half::bf16>();
}
