//! Every function, order, level and length, beside memcpy and plain loops over the standard library.
//!
//! `cargo bench --bench slices -- 'forward/sigmoid'`; the names are order/function/level/length.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime};
use slopes::Level;
use slopes::activation::{self, Activation, LogSoftmax, RowActivation, Rows, Softmax};
use slopes::loss::{self, RowLoss, SoftmaxCrossEntropy, Targets};

const LENGTHS: [usize; 3] = [4096, 32_768, 1 << 24];

/// A function by its name.
type Named = (&'static str, fn(f32) -> f32);

/// What one would write without a library. FloatMath without an entry have no such loop to be compared with.
const PLAIN: &[Named] = &[
    ("relu", |x| x.max(0.0)),
    ("leaky_relu", |x| if x > 0.0 { x } else { 0.01 * x }),
    ("sigmoid", |x| 1.0 / (1.0 + (-x).exp())),
    ("tanh", f32::tanh),
    ("softplus", |x| x.max(0.0) + (-x.abs()).exp().ln_1p()),
    ("swish", |x| x / (1.0 + (-x).exp())),
];

fn inputs(len: usize) -> Vec<f32> {
    (0..len).map(|i| (i.wrapping_mul(0x9e37_79b9) % 4096) as f32 * (12.0 / 4096.0) - 6.0).collect()
}

/// Times are worth comparing only between functions that agree.
fn check(f: &dyn Activation<f32>, plain: fn(f32) -> f32) {
    let x = inputs(4096);
    let mut y = vec![0.0; x.len()];
    f.forward_slice(&x, &mut y);
    for (x, y) in x.iter().zip(&y) {
        // The plain forms round three or four times, ours errs by 2 ulp: 8 ulp of 2^-23 between them.
        let error = (plain(*x) - y).abs();
        assert!(error <= 8.0 * f32::EPSILON * y.abs(), "{} at {x}: {y} here, {} there", f.spec().name(), plain(*x));
    }
}

fn group<'a>(criterion: &'a mut Criterion, name: &str, len: usize) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(len as u64)).sample_size(20);
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_millis(500));
    group
}

fn baselines(criterion: &mut Criterion) {
    for len in LENGTHS {
        let (x, mut y) = (inputs(len), vec![0.0; len]);
        group(criterion, "memcpy", len)
            .bench_function(format!("{len}"), |b| b.iter(|| black_box(&mut y).copy_from_slice(&x)));
        for (name, plain) in PLAIN {
            group(criterion, "plain", len).bench_function(format!("{name}/{len}"), |b| {
                b.iter(|| x.iter().zip(black_box(&mut y)).for_each(|(x, y)| *y = plain(*x)));
            });
        }
    }
}

fn activations(criterion: &mut Criterion) {
    for (name, plain) in PLAIN {
        check(activation::by_name::<f32>(name).expect("the table names functions of the catalogue"), *plain);
    }
    for level in Level::available() {
        level.set_global().expect("the level is available");
        for len in LENGTHS {
            let (x, dy, mut y, mut d) = (inputs(len), vec![1.5; len], vec![0.0; len], vec![0.0; len]);
            for f in activation::all::<f32>() {
                let id = format!("{}/{level:?}/{len}", f.spec().name());
                group(criterion, "forward", len).bench_function(&id, |b| b.iter(|| f.forward_slice(&x, &mut y)));
                group(criterion, "derivative", len).bench_function(&id, |b| b.iter(|| f.derivative_slice(&x, &mut y)));
                group(criterion, "backward", len).bench_function(&id, |b| b.iter(|| f.backward_slice(&x, &dy, &mut y)));
                group(criterion, "second_derivative", len)
                    .bench_function(&id, |b| b.iter(|| f.second_derivative_slice(&x, &mut y)));
                group(criterion, "forward_with_derivative", len)
                    .bench_function(&id, |b| b.iter(|| f.forward_with_derivative(&x, &mut y, &mut d)));
            }
        }
    }
    Level::detected().set_global().expect("it was detected");
}

fn losses(criterion: &mut Criterion) {
    for len in LENGTHS {
        let (prediction, target) = (inputs(len), vec![1.0; len]);
        let (mut gradient, mut hessian) = (vec![0.0; len], vec![0.0; len]);
        for loss in loss::all::<f32>() {
            let id = format!("{}/{len}", loss.spec().name());
            group(criterion, "mean", len).bench_function(&id, |b| b.iter(|| loss.mean(&prediction, &target)));
            group(criterion, "sum_with_gradient", len)
                .bench_function(&id, |b| b.iter(|| loss.sum_with_gradient(&prediction, &target, 1.0, &mut gradient)));
            group(criterion, "gradient_with_hessian_bound", len).bench_function(&id, |b| {
                b.iter(|| loss.gradient_with_hessian_bound(&prediction, &target, 1.0, &mut gradient, &mut hessian));
            });
        }
    }
}

/// Rows of 1024, in the second cache.
fn rows(criterion: &mut Criterion) {
    let len = 1 << 15;
    let rows = Rows::contiguous(1024);
    let (x, labels, mut y) = (inputs(len), vec![7; len / 1024], vec![0.0; len]);
    let softmax = Softmax::default();
    group(criterion, "rows", len).bench_function("softmax", |b| b.iter(|| softmax.forward(&x, rows, &mut y)));
    let log_softmax = LogSoftmax::default();
    group(criterion, "rows", len).bench_function("log_softmax", |b| b.iter(|| log_softmax.forward(&x, rows, &mut y)));
    group(criterion, "rows", len).bench_function("softmax_cross_entropy/sum_with_gradient", |b| {
        b.iter(|| SoftmaxCrossEntropy::default().sum_with_gradient(&x, Targets::labels(&labels), rows, 1.0, &mut y));
    });
}

criterion_group!(benches, baselines, activations, losses, rows);
criterion_main!(benches);
