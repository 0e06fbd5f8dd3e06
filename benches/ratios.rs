//! Times of every function, as ratios to copying the same arrays.
//!
//! `taskset -c 1 cargo bench --bench ratios -- [--level NAME] [FUNCTION ...]`
//!
//! For every function, level and order: nanoseconds per element of 32 768 f32 (in the second cache) and of 2^24 (in
//! memory), and in brackets how many times that of `copy_from_slice`. Minima of many repeats; the copy is timed between
//! them, so that noise meets both. Then single calls, and calls on a few numbers. Then gated units, in times that of
//! copying the gates; functions of rows, in times that of copying them; and calls on one row, under the name `one_row`.
//! Last, losses, in times that of reading what they read, and, with a gradient, of writing as much as well; those that
//! are not bound by memory, and gradients with Hessian bounds, in times that of copying.

use std::hint::black_box;
use std::time::Instant;

use slopes::Level;
use slopes::activation::{
    self, Activation, ClampedSwiGlu, GatedUnit, GeGlu, GeGluTanh, Glu, GluLayout, LogSoftmax, ReGlu, RowActivation,
    Rows, Softmax, Sparsemax, SwiGlu,
};
use slopes::loss::{self, Loss, RowLoss, SoftmaxCrossEntropy, Targets};

const CALLS: usize = 1000;

/// Numbers that start at a cache line.
struct Aligned {
    numbers: Vec<f32>,
    start: usize,
    len: usize,
}

impl Aligned {
    fn new(len: usize, number: impl FnMut(usize) -> f32) -> Self {
        let numbers: Vec<f32> = (0..len + 16).map(number).collect();
        Aligned { start: numbers.as_ptr().align_offset(64), numbers, len }
    }

    /// In [-6, 6), from a multiplicative sequence.
    fn inputs(len: usize) -> Self {
        Self::new(len, |i| (i.wrapping_mul(0x9e37_79b9) % 4096) as f32 * (12.0 / 4096.0) - 6.0)
    }

    fn get(&mut self) -> &mut [f32] {
        &mut self.numbers[self.start..self.start + self.len]
    }
}

/// The least nanoseconds of each piece of work, which take turns.
fn least<const N: usize>(repeats: usize, mut work: [&mut dyn FnMut(); N]) -> [f64; N] {
    let mut least = [f64::INFINITY; N];
    for _ in 0..repeats {
        for (work, least) in work.iter_mut().zip(&mut least) {
            let start = Instant::now();
            work();
            *least = least.min(start.elapsed().as_nanos() as f64);
        }
    }
    least
}

/// Prints times for `len` numbers, each also in times of the copy, which is the first.
fn print_ratios<const N: usize>(titles: [&str; N], times: &[f64], len: usize) {
    for (title, time) in titles.iter().zip(&times[1..]) {
        print!("  {title} {:.3} ({:.2})", time / len as f64, time / times[0]);
    }
    println!();
}

fn slices(f: &dyn Activation<f32>, len: usize, repeats: usize) {
    let mut input = Aligned::inputs(len);
    let mut gradient = Aligned::new(len, |_| 1.5);
    let mut output = Aligned::new(len, |_| 0.0);
    let (x, dy) = (&*input.get(), &*gradient.get());
    let y = std::cell::RefCell::new(output.get());
    let times = least(
        repeats,
        [
            &mut || black_box(&mut y.borrow_mut()).copy_from_slice(x),
            &mut || f.forward_slice(x, &mut y.borrow_mut()),
            &mut || f.derivative_slice(x, &mut y.borrow_mut()),
            &mut || f.backward_slice(x, dy, &mut y.borrow_mut()),
            &mut || f.second_derivative_slice(x, &mut y.borrow_mut()),
        ],
    );
    let copy = times[0];
    print!("  {len:8}: copy {:.3}", copy / len as f64);
    print_ratios(["value", "derivative", "backward", "second derivative"], &times, len);
}

fn calls(f: &dyn Activation<f32>) {
    let mut one = || {
        for i in 0..CALLS {
            black_box(f.forward(black_box(i as f32 * 0.01 - 5.0)));
        }
    };
    let [time] = least(300, [&mut one]);
    print!("  a call: {:.1} ns", time / CALLS as f64);
    let (x, mut y) = ([0.3_f32; 64], [0.0_f32; 64]);
    for len in [1, 4, 15, 16, 17, 64] {
        let mut few = || {
            for _ in 0..CALLS {
                f.forward_slice(black_box(&x[..len]), black_box(&mut y[..len]));
            }
        };
        let [time] = least(300, [&mut few]);
        print!(", a slice of {len}: {:.1}", time / CALLS as f64);
    }
    println!();
}

fn gated(name: &str, unit: &dyn GatedUnit<f32>) {
    const PAIRS: usize = 1 << 15;
    let mut pairs = Aligned::inputs(2 * PAIRS);
    let (mut gradient, mut output) = (Aligned::new(PAIRS, |_| 1.5), Aligned::new(2 * PAIRS, |_| 0.0));
    let (x, dy) = (&*pairs.get(), &*gradient.get());
    let (gate, up) = x.split_at(PAIRS);
    let y = std::cell::RefCell::new(output.get());
    let times = least(
        400,
        [
            &mut || black_box(&mut y.borrow_mut()[..PAIRS]).copy_from_slice(gate),
            &mut || unit.forward_slice(gate, up, &mut y.borrow_mut()[..PAIRS]),
            &mut || unit.forward_packed(x, GluLayout::GateFirst { row: 64 }, &mut y.borrow_mut()[..PAIRS]),
            &mut || unit.forward_packed(x, GluLayout::Interleaved, &mut y.borrow_mut()[..PAIRS]),
            &mut || unit.backward_packed(x, GluLayout::GateFirst { row: 2 * PAIRS }, dy, &mut y.borrow_mut()),
            &mut || unit.backward_packed(x, GluLayout::Interleaved, dy, &mut y.borrow_mut()),
        ],
    );
    print!("{name}:");
    print_ratios(["forward", "rows of 32 pairs", "interleaved", "backward", "interleaved"], &times, PAIRS);
}

/// A function of rows, at a shape: the rows are those along an axis.
fn rows(name: &str, f: &dyn RowActivation<f32>, shape: &[usize], axis: usize) {
    let len = shape.iter().product();
    let mut input = Aligned::inputs(len);
    let mut gradient = Aligned::new(len, |i| (i % 7) as f32 - 3.0);
    let mut output = Aligned::new(len, |_| 0.0);
    let (x, dy, rows) = (&*input.get(), &*gradient.get(), Rows::along(shape, axis));
    let y = std::cell::RefCell::new(output.get());
    let mut of = Aligned::new(len, |_| 0.0);
    let of = of.get();
    f.forward(x, rows, of);
    let times = least(
        (1 << 25) / len.max(1 << 17) + 8,
        [
            &mut || black_box(&mut y.borrow_mut()).copy_from_slice(x),
            &mut || f.forward(x, rows, &mut y.borrow_mut()),
            &mut || f.backward(x, dy, rows, &mut y.borrow_mut()),
            &mut || f.backward_from_output(of, dy, rows, &mut y.borrow_mut()),
        ],
    );
    print!("{name} of {shape:?} along {axis}: copy {:.3}", times[0] / len as f64);
    print_ratios(["forward", "backward", "from the output"], &times, len);
}

fn losses(loss: &dyn Loss<f32>, len: usize, repeats: usize) {
    let mut prediction = Aligned::inputs(len);
    let mut target = Aligned::new(len, |i| if i % 3 == 0 { 1.0 } else { -1.0 });
    // Losses of numbers from 0 or -1 on are timed at such: a negative target is half a positive one.
    if loss.forward(-2.5, 1.0).is_nan() {
        prediction.get().iter_mut().for_each(|p| *p = p.abs());
        target.get().iter_mut().for_each(|t| *t = if *t < 0.0 { 0.5 } else { *t });
    }
    let mut output = Aligned::new(len, |_| 0.0);
    let (p, t) = (&*prediction.get(), &*target.get());
    let mut hessian = Aligned::new(len, |_| 0.0);
    let out = std::cell::RefCell::new(output.get());
    // Plain loops, whose sums of whole numbers may be taken in any order.
    let sum = |numbers: &[f32]| numbers.iter().fold(0_u32, |sum, x| sum.wrapping_add(x.to_bits()));
    let times = least(
        repeats,
        [
            &mut || black_box(&mut out.borrow_mut()).copy_from_slice(p),
            &mut || _ = black_box(sum(black_box(p))),
            &mut || _ = black_box((sum(black_box(p)), sum(black_box(t)))),
            &mut || out.borrow_mut().iter_mut().zip(p.iter().zip(t)).for_each(|(out, (p, t))| *out = p - t),
            &mut || _ = black_box(loss.mean(p, t)),
            &mut || _ = black_box(loss.sum_with_gradient(p, t, 1.0, &mut out.borrow_mut())),
            &mut || loss.gradient_with_hessian_bound(p, t, 1.0, &mut out.borrow_mut(), hessian.get()),
            &mut || _ = black_box(loss.exact_sum(p, t)),
        ],
    );
    let [copy, one, read, written, mean, both, boosting, exact] = times.map(|time| time / len as f64);
    let name = loss.spec().name();
    println!("{name} of {len}: copy {copy:.3}, a sum {one:.3}, reading two {read:.3}, and writing one {written:.3}");
    println!(
        "  mean {mean:.3} ({:.2} copies, {:.2} sums, {:.2} readings)  with gradient {both:.3} ({:.2} copies, {:.2} differences)",
        mean / copy,
        mean / one,
        mean / read,
        both / copy,
        both / written,
    );
    println!("  gradient with Hessian bound {boosting:.3} ({:.2} copies)", boosting / copy);
    println!("  exact sum {exact:.3} ({:.2} means)", exact / mean);
}

/// Softmax cross-entropy at a shape: the classes are along an axis.
fn cross_entropy(shape: &[usize], axis: usize) {
    let (len, classes, rows) = (shape.iter().product(), shape[axis], Rows::along(shape, axis));
    let mut logits = Aligned::inputs(len);
    let mut output = Aligned::new(len, |_| 0.0);
    let mut probabilities = Aligned::new(len, |_| 1.0 / classes as f32);
    let labels: Vec<u32> = (0..len / classes).map(|i| (i * 7 % classes) as u32).collect();
    let (x, y, loss) = (&*logits.get(), &*probabilities.get(), SoftmaxCrossEntropy::default());
    let smoothed = loss.with_label_smoothing(0.1).expect("a fraction");
    let out = std::cell::RefCell::new(output.get());
    let gradient = |loss: &SoftmaxCrossEntropy<'_>, targets: Targets<'_, f32>| {
        _ = black_box(loss.sum_with_gradient(x, targets, rows, 1.0, &mut out.borrow_mut()));
    };
    let times = least(
        (1 << 25) / len.max(1 << 17) + 8,
        [
            &mut || black_box(&mut out.borrow_mut()).copy_from_slice(x),
            &mut || _ = black_box(loss.mean(x, Targets::labels(&labels), rows)),
            &mut || gradient(&loss, Targets::labels(&labels)),
            &mut || gradient(&loss, Targets::Probabilities(y)),
            &mut || gradient(&smoothed, Targets::labels(&labels)),
        ],
    );
    print!("softmax_cross_entropy of {shape:?} along {axis}: copy {:.3}", times[0] / len as f64);
    print_ratios(["mean", "with gradient", "of probabilities", "of smoothed labels"], &times, len);
}

/// Calls on one row.
fn one_row(len: usize) {
    let (mut input, mut output) = (Aligned::inputs(len), Aligned::new(len, |_| 0.0));
    let (x, rows, loss) = (&*input.get(), Rows::contiguous(len), SoftmaxCrossEntropy::default());
    let y = std::cell::RefCell::new(output.get());
    let many = |call: &dyn Fn()| (0..CALLS).for_each(|_| call());
    let times = least(
        300,
        [
            &mut || many(&|| Softmax::DEFAULT.forward(black_box(x), rows, &mut y.borrow_mut())),
            &mut || many(&|| LogSoftmax::DEFAULT.forward(black_box(x), rows, &mut y.borrow_mut())),
            &mut || {
                many(&|| {
                    let labels = Targets::labels(&[0_u8]);
                    _ = black_box(loss.sum_with_gradient(black_box(x), labels, rows, 1.0, &mut y.borrow_mut()));
                });
            },
        ],
    );
    let [softmax, logarithm, cross_entropy] = times.map(|time| time / CALLS as f64);
    println!(
        "one row of {len}: softmax {softmax:.0} ns, log_softmax {logarithm:.0}, cross-entropy with gradient {cross_entropy:.0}"
    );
}

fn main() {
    let mut wanted: Vec<_> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    // The level of everything but activations of one number, which are timed at all.
    let level = wanted.iter().position(|argument| argument == "--level").map_or(Level::detected(), |i| {
        let name = wanted.drain(i..i + 2).nth(1).expect("a name");
        Level::available().find(|level| format!("{level:?}") == name).expect("an available level")
    });
    let asked = |name: &str| wanted.is_empty() || wanted.iter().any(|wanted| wanted == name);
    for f in activation::all::<f32>() {
        let name = f.spec().name();
        if !asked(name) {
            continue;
        }
        for level in Level::available() {
            level.set_global().expect("the level is available");
            println!("{name} {level:?}");
            slices(*f, 1 << 15, 400);
            if level == Level::detected() {
                slices(*f, 1 << 24, 8);
                calls(*f);
            }
        }
    }
    level.set_global().expect("the level is available");
    let (swi_glu, clamped) = (SwiGlu::default(), ClampedSwiGlu::default());
    let units: [(&str, &dyn GatedUnit<f32>); 6] = [
        ("glu", &Glu),
        ("swi_glu", &swi_glu),
        ("ge_glu", &GeGlu),
        ("ge_glu_tanh", &GeGluTanh),
        ("re_glu", &ReGlu),
        ("clamped_swi_glu", &clamped),
    ];
    for (name, unit) in units {
        if asked(name) {
            gated(name, unit);
        }
    }
    let of_rows: [(&str, &dyn RowActivation<f32>); 3] =
        [("softmax", &Softmax::DEFAULT), ("log_softmax", &LogSoftmax::DEFAULT), ("sparsemax", &Sparsemax)];
    for (name, f) in of_rows.into_iter().filter(|(name, _)| asked(name)) {
        let counts =
            [[1 << 14, 2], [10_922, 3], [3276, 10], [1024, 32], [256, 128], [32, 1024], [1, 1 << 17], [1, 1 << 24]];
        for shape in counts {
            rows(name, f, &shape, 1);
        }
        for shape in [[1024, 1024], [1000, 1000]] {
            rows(name, f, &shape, 1);
            rows(name, f, &shape, 0);
        }
        rows(name, f, &[1 << 16, 1, 3], 1);
    }
    for loss in loss::all::<f32>().iter().filter(|loss| asked(loss.spec().name())) {
        losses(*loss, 1 << 15, 400);
        losses(*loss, 1 << 24, 8);
    }
    if asked("softmax_cross_entropy") {
        for shape in [[1 << 14, 2], [10_922, 3], [3276, 10], [1024, 32], [512, 64], [32, 1024]] {
            cross_entropy(&shape, 1);
        }
        cross_entropy(&[32, 3, 4096], 1);
        cross_entropy(&[1, 1000, 1024], 1);
    }
    if asked("one_row") {
        [1, 4, 10, 16, 64, 100].into_iter().for_each(one_row);
    }
}
