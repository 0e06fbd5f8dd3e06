//! The worst error of every function over all 2^32 f32, and whether it keeps its range and its monotonicity.
//!
//! `cargo run --release --example worst_errors -- [--level NAME] [--stride N] [FUNCTION ...]`
//!
//! A line for value, slope and curvature of each function: the worst ulp, at which x, and beside a root how much of the
//! declared floor was needed. The exit code is 1 if anything is over its budget. The f32 kernels are measured against the
//! f64 kernels, which `tests/suite` proves against 25-digit values and `worst_errors_f64` against double-double
//! arithmetic. With a stride, every Nth float alone.

use std::fmt::Display;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use clap::Parser;
use slopes::Level;
use slopes::activation::{self, Activation};

/// The worst error of functions over all f32.
#[derive(Parser)]
struct Options {
    /// Kernels to measure: Scalar, Sse2, Avx2, Avx512, Neon [default: the best of this machine]
    #[arg(long)]
    level: Option<String>,
    /// Every Nth float
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    stride: u32,
    /// Functions to measure, by name [default: all]
    functions: Vec<String>,
}

const BLOCK: usize = 1 << 14;

/// What a sweep has found.
#[derive(Clone, Copy, Default)]
struct Findings {
    /// The largest error in ulp, where the floor did not have to excuse it, and its x.
    ulp: (f64, f32),
    /// The largest error in units of 2^-24 where it had to, and its x.
    floor: (f64, f32),
    /// NaN or infinity in place of a number or of each other, or a wrong sign, and the last such x.
    wrong: (u64, f32),
    /// Values outside the range.
    outside: (u64, f32),
    /// Values smaller than that of the x before.
    falls: (u64, f32),
}

impl Findings {
    fn merge(&mut self, other: &Findings) {
        for (ours, theirs) in [(&mut self.ulp, other.ulp), (&mut self.floor, other.floor)] {
            if theirs.0 > ours.0 {
                *ours = theirs;
            }
        }
        let counts = [&mut self.wrong, &mut self.outside, &mut self.falls];
        for (ours, theirs) in counts.into_iter().zip([other.wrong, other.outside, other.falls]) {
            if theirs.0 > 0 {
                *ours = (ours.0 + theirs.0, theirs.1);
            }
        }
    }
}

/// The float of a rank: they rise from -NaN over -inf, -0, 0 and inf to NaN.
fn ordered(rank: u32) -> f32 {
    f32::from_bits(if rank >> 31 == 1 { rank & 0x7fff_ffff } else { !rank })
}

/// The distance of neighbouring f32 where the exact result lies.
fn ulp(exact: f64) -> f64 {
    let exponent = ((exact.to_bits() >> 52 & 0x7ff) as i32 - 1023).clamp(f32::MIN_EXP - 1, f32::MAX_EXP - 1);
    f64::from_bits(((exponent - 23 + 1023) as u64) << 52)
}

/// What a thread works in: allocated once, since the system is slow to give large blocks away again and again.
#[derive(Default)]
struct Buffers {
    x: Vec<f32>,
    y: Vec<f32>,
    wide: Vec<f64>,
    exact: Vec<f64>,
}

/// A function, its f64 reference, and the order of the derivative.
#[derive(Clone, Copy)]
struct Sweep {
    single: &'static dyn Activation<f32>,
    double: &'static dyn Activation<f64>,
    order: usize,
    stride: u32,
}

impl Sweep {
    /// Over all floats, by all cores.
    fn run(self) -> Findings {
        let blocks = (1usize << 32).div_ceil(BLOCK * self.stride as usize);
        let next = AtomicUsize::new(0);
        let all = Mutex::new(Findings::default());
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    let (mut findings, mut buffers) = (Findings::default(), Buffers::default());
                    loop {
                        let block = next.fetch_add(1, Ordering::Relaxed);
                        if block >= blocks {
                            break;
                        }
                        self.block(block, &mut buffers, &mut findings);
                    }
                    all.lock().expect("no thread has panicked").merge(&findings);
                });
            }
        });
        all.into_inner().expect("no thread has panicked")
    }

    fn block(&self, block: usize, buffers: &mut Buffers, findings: &mut Findings) {
        let rank = |i: usize| ((block * BLOCK + i) * self.stride as usize).min(u32::MAX as usize) as u32;
        // One float before the block, for the steps between blocks.
        let before = ordered(rank(0).saturating_sub(self.stride));
        let Buffers { x, y, wide, exact } = buffers;
        x.clear();
        x.extend(std::iter::once(before).chain((0..BLOCK).map(|i| ordered(rank(i)))));
        wide.clear();
        wide.extend(x.iter().map(|x| f64::from(*x)));
        y.resize(x.len(), 0.0);
        exact.resize(x.len(), 0.0);
        let (single, double) = (self.single, self.double);
        match self.order {
            0 => (single.forward_slice(x, y), double.forward_slice(wide, exact)),
            1 => (single.derivative_slice(x, y), double.derivative_slice(wide, exact)),
            _ => (single.second_derivative_slice(x, y), double.second_derivative_slice(wide, exact)),
        };
        let facts = single.facts();
        if self.order == 0 {
            // An end that is no f32 is itself rounded, and comes with the value's error.
            let beyond = |end: f64| if f64::from(end as f32) == end { 0.0 } else { facts.f32.ulp[0] * ulp(end) };
            let [lowest, highest] = facts.range;
            let (lowest, highest) = (lowest - beyond(lowest), highest + beyond(highest));
            for (x, _) in x.iter().zip(&*y).filter(|(_, y)| f64::from(**y) < lowest || f64::from(**y) > highest) {
                findings.outside = (findings.outside.0 + 1, *x);
            }
            for (i, _) in y.windows(2).enumerate().filter(|(_, pair)| facts.monotone && pair[0] > pair[1]) {
                findings.falls = (findings.falls.0 + 1, x[i]);
            }
        }
        for ((x, y), exact) in x.iter().zip(&*y).zip(&*exact) {
            self.error(*x, *y, *exact, findings);
        }
    }

    fn error(&self, x: f32, y: f32, exact: f64, findings: &mut Findings) {
        let rounded = exact as f32;
        if f64::from(y) == exact {
            return;
        }
        if !(rounded.is_finite() && y.is_finite()) {
            if rounded != y && !(rounded.is_nan() && y.is_nan()) {
                findings.wrong = (findings.wrong.0 + 1, x);
            }
            return;
        }
        let error = (f64::from(y) - exact).abs();
        let ulps = error / ulp(exact);
        let facts = self.single.facts();
        let floor = facts.floor_at(facts.f32, self.order, f64::from(x));
        let wrong_sign = exact < 0.0 && y.is_sign_positive() || exact > 0.0 && y.is_sign_negative();
        if wrong_sign && floor == 0.0 {
            findings.wrong = (findings.wrong.0 + 1, x);
        }
        if ulps > facts.f32.ulp[self.order] && floor > 0.0 {
            let units = error * 2f64.powi(24);
            if units > findings.floor.0 {
                findings.floor = (units, x);
            }
        } else if ulps > findings.ulp.0 {
            findings.ulp = (ulps, x);
        }
    }

    /// Prints the findings; whether they are within the budget.
    fn report(&self, findings: &Findings) -> bool {
        let facts = self.single.facts();
        let (ulp, floor) = (facts.f32.ulp[self.order], facts.f32.floor[self.order]);
        let order = ["value", "slope", "curvature"][self.order];
        print!("{:12} {order:9} {:.4} ulp of {ulp} at {:e}", facts.name(), findings.ulp.0, findings.ulp.1);
        if findings.floor.0 > 0.0 {
            print!(", {:.3} of floor {floor} at {:e}", findings.floor.0, findings.floor.1);
        }
        let counts = [("wrong", findings.wrong), ("out of range", findings.outside), ("falls", findings.falls)];
        for (what, (count, x)) in counts.iter().filter(|(_, (count, _))| *count > 0) {
            print!(", {count} {what}, such as at {x:e}");
        }
        let good =
            findings.ulp.0 <= ulp && findings.floor.0 <= floor && counts.iter().all(|(_, (count, _))| *count == 0);
        println!("{}", if good { "" } else { ": OVER BUDGET" });
        good
    }
}

/// Prints a complaint about the options.
fn bad_option(complaint: impl Display) -> ExitCode {
    eprintln!("worst_errors: {complaint}");
    ExitCode::from(2)
}

fn main() -> ExitCode {
    let options = Options::parse();
    if let Some(name) = &options.level {
        let Some(level) = Level::available().find(|level| format!("{level:?}").eq_ignore_ascii_case(name)) else {
            let available: Vec<_> = Level::available().collect();
            return bad_option(format!("level {name:?} is none of {available:?}"));
        };
        level.select().expect("the level is available");
    }
    let mut wanted = Vec::new();
    for name in &options.functions {
        match activation::by_name::<f32>(name) {
            Ok(function) => wanted.push(function.facts().name()),
            Err(unknown) => return bad_option(unknown),
        }
    }
    println!("{:?}, every {}th of 2^32 f32", Level::current(), options.stride);
    let mut good = true;
    for (single, double) in activation::all::<f32>().iter().zip(activation::references()) {
        if !wanted.is_empty() && !wanted.contains(&single.facts().name()) {
            continue;
        }
        for order in 0..3 {
            let sweep = Sweep { single: *single, double: *double, order, stride: options.stride };
            good &= sweep.report(&sweep.run());
        }
    }
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
