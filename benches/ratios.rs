//! Times of every function, as ratios to copying the same arrays.
//!
//! `taskset -c 1 cargo bench --bench ratios -- [FUNCTION ...]`
//!
//! For every function, level and order: nanoseconds per element of 32 768 f32 (in the second cache) and of 2^24 (in
//! memory), and in brackets how many times that of `copy_from_slice`. Minima of many repeats; the copy is timed between
//! them, so that noise meets both. Then single calls, and calls on a few numbers. Last, gated units, in times that of copying
//! the gates.

use std::hint::black_box;
use std::time::Instant;

use slopes::Level;
use slopes::activation::{self, Activation, ClampedSwiGlu, GatedUnit, GeGlu, GeGluTanh, Glu, Layout, ReGlu, SwiGlu};

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

fn slices(f: &dyn Activation<f32>, len: usize, repeats: usize) {
    // Inputs in [-6, 6), from a multiplicative sequence.
    let mut input = Aligned::new(len, |i| (i.wrapping_mul(0x9e37_79b9) % 4096) as f32 * (12.0 / 4096.0) - 6.0);
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
    for (title, time) in ["value", "slope", "backward", "curvature"].iter().zip(&times[1..]) {
        print!("  {title} {:.3} ({:.2})", time / len as f64, time / copy);
    }
    println!();
}

fn calls(f: &dyn Activation<f32>) {
    let mut one = || {
        for i in 0..CALLS {
            black_box(f.forward(black_box(i as f32 * 0.01 - 5.0)));
        }
    };
    let [time] = least(300, [&mut one]);
    print!("  a call: {:.1} ns", time / CALLS as f64);
    let (x, mut y) = ([0.3_f32; 16], [0.0_f32; 16]);
    for len in [1, 4, 15, 16] {
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
    let mut pairs = Aligned::new(2 * PAIRS, |i| (i.wrapping_mul(0x9e37_79b9) % 4096) as f32 * (12.0 / 4096.0) - 6.0);
    let (mut gradient, mut output) = (Aligned::new(PAIRS, |_| 1.5), Aligned::new(2 * PAIRS, |_| 0.0));
    let (x, dy) = (&*pairs.get(), &*gradient.get());
    let (gate, up) = x.split_at(PAIRS);
    let y = std::cell::RefCell::new(output.get());
    let times = least(
        400,
        [
            &mut || black_box(&mut y.borrow_mut()[..PAIRS]).copy_from_slice(gate),
            &mut || unit.forward_slice(gate, up, &mut y.borrow_mut()[..PAIRS]),
            &mut || unit.forward_packed(x, Layout::GateFirst { row: 64 }, &mut y.borrow_mut()[..PAIRS]),
            &mut || unit.forward_packed(x, Layout::Interleaved, &mut y.borrow_mut()[..PAIRS]),
            &mut || unit.backward_packed(x, Layout::GateFirst { row: 2 * PAIRS }, dy, &mut y.borrow_mut()),
            &mut || unit.backward_packed(x, Layout::Interleaved, dy, &mut y.borrow_mut()),
        ],
    );
    let titles = ["forward", "rows of 32 pairs", "interleaved", "backward", "interleaved"];
    print!("{name}:");
    for (title, time) in titles.iter().zip(&times[1..]) {
        print!("  {title} {:.3} ({:.2})", time / PAIRS as f64, time / times[0]);
    }
    println!();
}

fn main() {
    let wanted: Vec<_> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    for f in activation::all::<f32>() {
        let name = f.facts().name();
        if !wanted.is_empty() && !wanted.iter().any(|wanted| wanted == name) {
            continue;
        }
        for level in Level::available() {
            level.select().expect("the level is available");
            println!("{name} {level:?}");
            slices(*f, 1 << 15, 400);
            if level == Level::detected() {
                slices(*f, 1 << 24, 8);
                calls(*f);
            }
        }
    }
    Level::detected().select().expect("the level is available");
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
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            gated(name, unit);
        }
    }
}
