//! The worst error of every function over all 2^32 f32, measured against the f64 kernels, which tests/accuracy.rs
//! proves against 25-digit values.
//!
//! `cargo run --release --example worst_errors -- [--stride N] [--level NAME] [FUNCTION ...]`

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use slopes::activation::{self, Activation};
use slopes::{Level, Ulp};

const BLOCK: usize = 1 << 14;
const ORDERS: [&str; 3] = ["value", "slope", "curvature"];

/// The worst inputs of one order.
#[derive(Clone, Copy)]
struct Worst {
    /// In ulp, where the floor does not excuse it.
    ulp: f64,
    at: f32,
    got: f32,
    want: f64,
    /// In units of 2^-24, where the floor has to excuse it.
    floor: f64,
    floor_at: f32,
    wrong: u64,
    outside: u64,
    falls: u64,
}

const NONE: Worst =
    Worst { ulp: 0.0, at: 0.0, got: 0.0, want: 0.0, floor: 0.0, floor_at: 0.0, wrong: 0, outside: 0, falls: 0 };

/// The distance of neighbouring f32 where the exact result lies.
fn ulp_of(exact: f64) -> f64 {
    let exponent = ((exact.to_bits() >> 52 & 0x7ff) as i32 - 1023).clamp(-126, 127);
    f64::from_bits(((exponent - 23 + 1023) as u64) << 52)
}

/// The float of a rank: they rise from -NaN over -inf, -0, 0 and inf to NaN.
fn ordered(rank: u32) -> f32 {
    f32::from_bits(if rank >> 31 == 1 { rank & 0x7fff_ffff } else { !rank })
}

fn main() {
    let mut stride = 1usize;
    let mut names = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--stride" => stride = arguments.next().and_then(|n| n.parse().ok()).expect("--stride takes a number"),
            "--level" => {
                let name = arguments.next().expect("--level takes a name");
                let level = Level::available().find(|l| format!("{l:?}").eq_ignore_ascii_case(&name));
                level.expect("a level of this machine").select().expect("it is available");
            }
            name => names.push(activation::by_name::<f32>(name).unwrap_or_else(|e| panic!("{e}")).facts().name()),
        }
    }
    println!("# {:?}, every {stride}th of 2^32", Level::current());
    let mut over = false;
    for (single, double) in activation::all::<f32>().iter().zip(activation::references()) {
        if !names.is_empty() && !names.contains(&single.facts().name()) {
            continue;
        }
        for (order, title) in ORDERS.iter().enumerate() {
            let worst = sweep(*single, *double, order, stride);
            let facts = single.facts();
            let (budget, floor) = (facts.f32.ulp[order], facts.f32.floor[order]);
            let bad = worst.ulp > budget || worst.floor > floor || worst.wrong + worst.outside + worst.falls > 0;
            over |= bad;
            println!(
                "{:14} {title:10} {:8.4} ulp (of {budget}) at {:e} (got {:e}, exact {:e}){}{}{} {}",
                facts.name(),
                worst.ulp,
                worst.at,
                worst.got,
                worst.want,
                if floor > 0.0 {
                    format!(", floor {:.3} (of {floor}) at {:e}", worst.floor, worst.floor_at)
                } else {
                    String::new()
                },
                if worst.wrong > 0 { format!(", {} WRONG", worst.wrong) } else { String::new() },
                if worst.outside + worst.falls > 0 {
                    format!(", {} outside, {} falls", worst.outside, worst.falls)
                } else {
                    String::new()
                },
                if bad { "OVER" } else { "" },
            );
        }
    }
    if over {
        std::process::exit(1);
    }
}

fn sweep(
    single: &'static dyn Activation<f32>,
    double: &'static dyn Activation<f64>,
    order: usize,
    stride: usize,
) -> Worst {
    let blocks = (1usize << 32).div_ceil(BLOCK * stride);
    let next = AtomicUsize::new(0);
    let total = Mutex::new(NONE);
    let Ulp { floor, ulp } = single.facts().f32;
    let (floor, budget) = (floor[order], ulp[order]);
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut worst = NONE;
                let (mut x, mut y) = (vec![0f32; BLOCK], vec![0f32; BLOCK]);
                let (mut wide, mut exact) = (vec![0f64; BLOCK], vec![0f64; BLOCK]);
                loop {
                    let block = next.fetch_add(1, Ordering::Relaxed);
                    if block >= blocks {
                        break;
                    }
                    for (i, x) in x.iter_mut().enumerate() {
                        *x = ordered(((block * BLOCK + i) * stride).min(u32::MAX as usize) as u32);
                    }
                    for (x, wide) in x.iter().zip(&mut wide) {
                        *wide = f64::from(*x);
                    }
                    match order {
                        0 => (single.forward_slice(&x, &mut y), double.forward_slice(&wide, &mut exact)),
                        1 => (single.derivative_slice(&x, &mut y), double.derivative_slice(&wide, &mut exact)),
                        _ => (
                            single.second_derivative_slice(&x, &mut y),
                            double.second_derivative_slice(&wide, &mut exact),
                        ),
                    };
                    if order == 0 {
                        let [lowest, highest] = single.facts().range.map(|limit| limit as f32);
                        worst.outside += y.iter().filter(|&&y| y < lowest || y > highest).count() as u64;
                        if single.facts().monotone {
                            let before = ordered((block * BLOCK * stride).saturating_sub(stride) as u32);
                            let first = single.forward(before) > y[0];
                            let falls = y.windows(2).filter(|pair| pair[0] > pair[1]).count();
                            if falls > 0 && worst.falls == 0 {
                                let i = y.windows(2).position(|pair| pair[0] > pair[1]).unwrap_or(0);
                                eprintln!("falls after {:e}: {:e} {:e}", x[i], y[i], y[i + 1]);
                            }
                            worst.falls += falls as u64 + u64::from(first);
                        }
                    }
                    for ((&x, &y), &exact) in x.iter().zip(&y).zip(&exact) {
                        if y.to_bits() == (exact as f32).to_bits() && (y as f64 - exact).abs() < ulp_of(exact) * 0.2 {
                            continue;
                        }
                        if exact.is_nan() || y.is_nan() || (exact as f32).is_infinite() || y.is_infinite() {
                            let rounded = exact as f32;
                            if !(rounded.is_nan() && y.is_nan()) && rounded != y {
                                worst.wrong += 1;
                                (worst.at, worst.got, worst.want) = (x, y, exact);
                            }
                            continue;
                        }
                        let error = (f64::from(y) - exact).abs();
                        let ulps = error / ulp_of(exact);
                        if floor > 0.0 && ulps > budget {
                            let units = error * (1u64 << 24) as f64;
                            if units > worst.floor {
                                (worst.floor, worst.floor_at) = (units, x);
                            }
                        } else if ulps > worst.ulp {
                            (worst.ulp, worst.at, worst.got, worst.want) = (ulps, x, y, exact);
                        }
                    }
                }
                let mut total = total.lock().expect("no thread panics");
                if worst.ulp > total.ulp {
                    (total.ulp, total.at, total.got, total.want) = (worst.ulp, worst.at, worst.got, worst.want);
                }
                if worst.floor > total.floor {
                    (total.floor, total.floor_at) = (worst.floor, worst.floor_at);
                }
                total.wrong += worst.wrong;
                total.outside += worst.outside;
                total.falls += worst.falls;
                if worst.wrong > 0 {
                    (total.at, total.got, total.want) = (worst.at, worst.got, worst.want);
                }
            });
        }
    });
    total.into_inner().expect("no thread panics")
}
