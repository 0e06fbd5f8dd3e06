//! The worst error of every function over all 2^32 f32, and whether it keeps its range and its monotonicity.
//!
//! `cargo bench --bench worst_errors -- [--level NAME] [--order ORDER] [--stride N] [--table FILE [--missing]] [FUNCTION ...]`
//!
//! A line for value, derivative and second derivative of each function: the worst ulp, at which x, and beside a root how much of the
//! declared floor was needed. The exit code is 1 if anything is over its budget. The f32 kernels are measured against the
//! f64 kernels, which `tests/activations` proves against 25-digit values and `worst_errors_f64` against double-double
//! arithmetic. With a stride, every Nth float alone.
//!
//! With a table that holds a function's errors at the best level, those at another level are measured only where the two
//! give different bits: where they give the same, the error is the same, too.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use clap::Parser;
use slopes::Level;
use slopes::activation::{self, Activation};

/// The worst error of functions over all f32.
#[derive(Parser)]
struct Options {
    /// Kernels to measure: Sse2, Avx2, Avx512; Scalar, Neon on aarch64 [default: the best of this machine]
    #[arg(long)]
    level: Option<String>,
    /// Every Nth float
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    stride: u32,
    /// Value, derivative or second derivative alone
    #[arg(long, value_parser = ORDERS)]
    order: Option<String>,
    /// Writes what is found into this table, beside what is there of other functions and families
    #[arg(long)]
    table: Option<PathBuf>,
    /// Measures only what the table lacks
    #[arg(long, requires = "table")]
    missing: bool,
    /// What `cargo bench` says to every program
    #[arg(long, hide = true)]
    bench: bool,
    /// FloatMath to measure, by name [default: all]
    functions: Vec<String>,
}

/// Long: looking which levels there are asks the processor, and a virtual machine answers that in microseconds.
const BLOCK: usize = 1 << 16;
const ORDERS: [&str; 3] = ["value", "derivative", "second_derivative"];

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
    let least = ((f32::MIN_EXP - 1 + 1023) as u64) << 52;
    let most = ((f32::MAX_EXP - 1 + 1023) as u64) << 52;
    let power = exact.to_bits() & (0x7ff << 52);
    f64::from_bits(power.clamp(least, most) - (23 << 52))
}

/// Whether some number may be further off than `worst`, in ulp, or is of the wrong kind or sign.
fn suspicious(y: &[f32], exact: &[f64], worst: f64) -> bool {
    let bad = |(y, exact): (&f32, &f64)| {
        let wide = f64::from(*y);
        let error = (wide - exact).abs();
        // NaN and infinities, unless both are the same, are within nothing.
        let same = (wide == *exact) | (wide.is_nan() & exact.is_nan());
        let sign = ((wide.to_bits() ^ exact.to_bits()) >> 63 == 0) | (*exact == 0.0);
        u32::from(!(same | ((error <= worst * ulp(*exact)) & sign)))
    };
    y.iter().zip(exact).map(bad).sum::<u32>() > 0
}

/// Value, derivative or second derivative of a slice.
fn single_of(f: &dyn Activation<f32>, order: usize, x: &[f32], y: &mut [f32]) {
    match order {
        0 => f.forward_slice(x, y),
        1 => f.derivative_slice(x, y),
        _ => f.second_derivative_slice(x, y),
    }
}

/// What a thread works in: allocated once, since the system is slow to give large blocks away again and again.
#[derive(Default)]
struct Buffers {
    x: Vec<f32>,
    y: Vec<f32>,
    best: Vec<f32>,
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
    /// Another level than the best. It is a setting of the process, so one thread alone sweeps then.
    level: Option<Level>,
    /// Whether what the best level gives, too, is left out.
    differing: bool,
}

impl Sweep {
    /// Over all floats, by all cores.
    fn run(self) -> Findings {
        let blocks = (1usize << 32).div_ceil(BLOCK * self.stride as usize);
        let next = AtomicUsize::new(0);
        let all = Mutex::new(Findings::default());
        let threads =
            if self.level.is_some() { 1 } else { std::thread::available_parallelism().map_or(1, |n| n.get()) };
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
        let first = block as u64 * BLOCK as u64 * u64::from(self.stride);
        let rank = |i: usize| (first + i as u64 * u64::from(self.stride)).min(u32::MAX.into()) as u32;
        // One float before the block, for the steps between blocks.
        let before = ordered(rank(0).saturating_sub(self.stride));
        let Buffers { x, y, best, wide, exact } = buffers;
        x.resize(BLOCK + 1, 0.0);
        x[0] = before;
        for (i, x) in x[1..].iter_mut().enumerate() {
            *x = ordered(rank(i));
        }
        wide.resize(x.len(), 0.0);
        for (wide, x) in wide.iter_mut().zip(&*x) {
            *wide = f64::from(*x);
        }
        y.resize(x.len(), 0.0);
        exact.resize(x.len(), 0.0);
        let (single, double) = (self.single, self.double);
        // The reference is computed with the best kernels, whichever are measured.
        if let Some(level) = self.level {
            level.set_global().expect("the level is available");
        }
        single_of(single, self.order, x, y);
        if self.level.is_some() {
            Level::detected().set_global().expect("the level is available");
        }
        let spec = single.spec();
        if self.order == 0 {
            // An end that is no f32 is itself rounded, and comes with the value's error.
            let beyond = |end: f64| if f64::from(end as f32) == end { 0.0 } else { spec.f32.ulp[0] * ulp(end) };
            let [lowest, highest] = spec.range;
            let (lowest, highest) = (lowest - beyond(lowest), highest + beyond(highest));
            let outside = |y: f32| (f64::from(y) < lowest) | (f64::from(y) > highest);
            if y.iter().map(|y| u32::from(outside(*y))).sum::<u32>() > 0 {
                for (x, _) in x.iter().zip(&*y).filter(|(_, y)| outside(**y)) {
                    findings.outside = (findings.outside.0 + 1, *x);
                }
            }
            if spec.monotone && y.iter().zip(&y[1..]).map(|(a, b)| u32::from(a > b)).sum::<u32>() > 0 {
                for (i, _) in y.windows(2).enumerate().filter(|(_, pair)| pair[0] > pair[1]) {
                    findings.falls = (findings.falls.0 + 1, x[i]);
                }
            }
        }
        if self.differing {
            best.resize(x.len(), 0.0);
            single_of(single, self.order, x, best);
            let mut kept = 0;
            for i in 0..x.len() {
                (x[kept], y[kept], wide[kept]) = (x[i], y[i], wide[i]);
                let same = y[i].to_bits() == best[i].to_bits() || (y[i].is_nan() && best[i].is_nan());
                kept += usize::from(!same);
            }
            x.truncate(kept);
            y.truncate(kept);
            wide.truncate(kept);
            exact.truncate(kept);
        }
        match self.order {
            0 => double.forward_slice(wide, exact),
            1 => double.derivative_slice(wide, exact),
            _ => double.second_derivative_slice(wide, exact),
        };
        // Most blocks hold nothing worse than what is known; that takes a loop without branches to see.
        if suspicious(y, exact, findings.ulp.0) {
            for ((x, y), exact) in x.iter().zip(&*y).zip(&*exact) {
                self.error(*x, *y, *exact, findings);
            }
        }
    }

    fn error(&self, x: f32, y: f32, exact: f64, findings: &mut Findings) {
        if f64::from(y) == exact || (y.is_nan() && exact.is_nan()) {
            return;
        }
        // Infinity is right for whatever is larger than any number; a number is never right for infinity or NaN.
        let beyond = exact.abs() > f64::from(f32::MAX) && exact.is_sign_negative() == y.is_sign_negative();
        if !exact.is_finite() || !y.is_finite() {
            if !(y.is_infinite() && beyond) {
                findings.wrong = (findings.wrong.0 + 1, x);
            }
            return;
        }
        let error = (f64::from(y) - exact).abs();
        let ulps = error / ulp(exact);
        let spec = self.single.spec();
        let floor = spec.absolute_at(spec.f32, self.order, f64::from(x));
        let wrong_sign = exact < 0.0 && y.is_sign_positive() || exact > 0.0 && y.is_sign_negative();
        if wrong_sign && floor == 0.0 {
            findings.wrong = (findings.wrong.0 + 1, x);
        }
        if ulps > spec.f32.ulp[self.order] && floor > 0.0 {
            let units = error * 2f64.powi(24);
            if units > findings.floor.0 {
                findings.floor = (units, x);
            }
        } else if ulps > findings.ulp.0 {
            findings.ulp = (ulps, x);
        }
    }

    /// Whether the level gives other bits than the best one.
    fn differs(&self, x: f32) -> bool {
        let of = |level: Level| {
            level.set_global().expect("the level is available");
            let mut y = [0.0];
            single_of(self.single, self.order, &[x], &mut y);
            y[0].to_bits()
        };
        let other = of(self.level.unwrap_or(Level::detected()));
        other != of(Level::detected())
    }

    /// Prints the findings; whether they are within the budget.
    fn report(&self, findings: &Findings) -> bool {
        let spec = self.single.spec();
        let (ulp, floor) = (spec.f32.ulp[self.order], spec.f32.absolute[self.order]);
        let order = ORDERS[self.order];
        print!("{:14} {order:9} {:.4} ulp of {ulp} at {:e}", spec.name(), findings.ulp.0, findings.ulp.1);
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

/// The lines of a table: function, order, family, the worst ulp and its x, and what was needed of the floor and its x.
#[derive(Default)]
struct Table(BTreeMap<(String, String, String), String>);

impl Table {
    const HEADER: &str = "function,order,family,ulp,x,floor,floor_x";

    /// The table of a file, empty if there is none, without functions that the catalogue has no more.
    fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let known = |name: &str| activation::all::<f32>().iter().any(|f| f.spec().name() == name);
        let key = |line: &str| {
            let mut fields = line.splitn(4, ',').map(str::to_owned);
            Some(((fields.next()?, fields.next()?, fields.next()?), fields.next()?))
        };
        Table(text.lines().skip(1).filter_map(key).filter(|((name, ..), _)| known(name)).collect())
    }

    /// What a line is of.
    fn key(sweep: &Sweep, level: Level) -> (String, String, String) {
        let (name, order) = (sweep.single.spec().name(), ORDERS[sweep.order]);
        (name.to_owned(), order.to_owned(), format!("{:?}", level.family()).to_lowercase())
    }

    fn has(&self, sweep: &Sweep) -> bool {
        self.0.contains_key(&Self::key(sweep, sweep.level.unwrap_or(Level::detected())))
    }

    fn set(&mut self, sweep: &Sweep, findings: &Findings) {
        let key = Self::key(sweep, sweep.level.unwrap_or(Level::detected()));
        let ((ulp, x), (floor, floor_x)) = (findings.ulp, findings.floor);
        // Rounded up, so that no figure is below what was measured.
        let up = |worst: f64| (worst * 1e4).ceil() / 1e4;
        self.0.insert(key, format!("{:.4},{x:e},{:.4},{floor_x:e}", up(ulp), up(floor)));
    }

    /// What has been found of a function at the best level.
    fn best(&self, sweep: &Sweep) -> Option<Findings> {
        let row: Vec<f64> = self
            .0
            .get(&Self::key(sweep, Level::detected()))?
            .split(',')
            .map(|number| number.parse())
            .collect::<Result<_, _>>()
            .ok()?;
        let [ulp, x, floor, floor_x] = row[..] else { return None };
        Some(Findings { ulp: (ulp, x as f32), floor: (floor, floor_x as f32), ..Findings::default() })
    }

    fn write(&self, path: &Path) -> std::io::Result<()> {
        let lines = self.0.iter().map(|((name, order, family), rest)| format!("{name},{order},{family},{rest}\n"));
        std::fs::write(path, format!("{}\n{}", Self::HEADER, lines.collect::<String>()))
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    let mut level = None;
    if let Some(name) = &options.level {
        let Some(found) = Level::available().find(|level| format!("{level:?}").eq_ignore_ascii_case(name)) else {
            let available: Vec<_> = Level::available().collect();
            return bad_option(format!("level {name:?} is none of {available:?}"));
        };
        level = Some(found).filter(|level| *level != Level::detected());
    }
    let mut wanted = Vec::new();
    for name in &options.functions {
        match activation::by_name::<f32>(name) {
            Ok(function) => wanted.push(function.spec().name()),
            Err(unknown) => return bad_option(unknown),
        }
    }
    if options.table.is_some() && options.stride > 1 {
        return bad_option("a table is of all floats, without a stride");
    }
    // Without functions that there are no more.
    if options.missing
        && let Some(path) = &options.table
        && let Err(error) = Table::read(path).write(path)
    {
        return bad_option(format!("{}: {error}", path.display()));
    }
    println!("{:?}, every {}th of 2^32 f32", level.unwrap_or(Level::detected()), options.stride);
    let mut good = true;
    for (single, double) in activation::all::<f32>().iter().zip(activation::references()) {
        if !wanted.is_empty() && !wanted.contains(&single.spec().name()) {
            continue;
        }
        for order in (0..3).filter(|&order| options.order.as_deref().is_none_or(|only| only == ORDERS[order])) {
            let mut sweep =
                Sweep { single: *single, double: *double, order, stride: options.stride, level, differing: false };
            let table = options.table.as_deref().map(Table::read).unwrap_or_default();
            if options.missing && table.has(&sweep) {
                continue;
            }
            let best = level.and_then(|_| table.best(&sweep));
            sweep.differing = best.is_some();
            let mut findings = sweep.run();
            if let Some(best) = best {
                // If the worst of what differs is not the worst of all, that is among what does not.
                if (findings.ulp.0 < best.ulp.0 && sweep.differs(best.ulp.1))
                    || (findings.floor.0 < best.floor.0 && sweep.differs(best.floor.1))
                {
                    sweep.differing = false;
                    findings = sweep.run();
                } else {
                    findings.merge(&best);
                }
            }
            good &= sweep.report(&findings);
            if let Some(path) = &options.table {
                // Read anew each time, so that two commands can fill one table.
                let mut table = Table::read(path);
                table.set(&sweep, &findings);
                if let Err(error) = table.write(path) {
                    return bad_option(format!("{}: {error}", path.display()));
                }
            }
        }
    }
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
