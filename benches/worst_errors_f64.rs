//! The worst error of every function in f64, over 2^24 inputs each, against an oracle of some 104 bits that shares
//! nothing with the kernels.
//!
//! `cargo bench --bench worst_errors_f64 -- [--count N] [--level NAME] [FUNCTION ...]`
//!
//! The oracle is double-double arithmetic with an exponent of its own ([`wide`]), so nothing overflows or underflows,
//! under jets that carry value, derivative and second derivative ([`jet`]). A function is one line of [`ORACLES`]. Before
//! anything is measured, all lines are checked against the 25 digits of tests/reference/activations.csv.
//!
//! Relative accuracy is lost only beside a root, where the terms of a sum cancel: what is left of the oracle's 104 bits
//! is less than 60 where the result is below 2^-44 of the terms, for some thousand floats around the root. Even there its
//! error is 2^-50 of the floor that a function has to declare for such a root.
//!
//! A floor excuses nothing but what lies beside a root. Tails are as small, and are measured in ulp.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use slopes::activation::{self, Activation, Celu, Elu, Gaussian, HardSigmoid, LeakyRelu, Softplus, Squareplus, Swish};
use slopes::{ErrorBound, Level, Parity, Spec};

use jet::Jet;
use wide::Wide;

const BLOCK: usize = 1 << 12;
const COUNT: usize = 1 << 24;
const ORDERS: [&str; 3] = ["value", "derivative", "second_derivative"];

/// The oracle is not exact, and a budget of half an ulp is met by ties.
const SLACK: f64 = 1.0 / (1u64 << 40) as f64;

/// A floor excuses what is this near to a root.
const BESIDE: f64 = 1.0;

/// The relative error allowed to the oracle where 25 digits are known, which are themselves known to 2^-84.
const AGREEMENT: i32 = -78;

/// Of x and a parameter.
type Oracle = fn(Jet, f64) -> Jet;

/// Name, default parameter (NaN if there is none), and the function. Sums of which one term nearly takes away the other,
/// other than beside a root, need a formula of their own in [`jet`].
#[expect(clippy::approx_constant, reason = "a parameter of laplace is the decimal number 0.707107")]
const ORACLES: &[(&str, f64, Oracle)] = &[
    ("identity", f64::NAN, |x, _| x),
    ("scaled_linear", 1.0, |x, c| x * c),
    ("binary_step", f64::NAN, |x, _| Jet::from(if x.at() >= 0.0 { 1.0 } else { 0.0 })),
    ("relu", f64::NAN, |x, _| if x.at() > 0.0 { x } else { Jet::from(0.0) }),
    ("relu2", f64::NAN, |x, _| if x.at() > 0.0 { x * x } else { Jet::from(0.0) }),
    ("leaky_relu", 0.01, leaky),
    ("prelu", 0.25, leaky),
    // The sum is exact.
    ("rrelu", (1.0 / 8.0 + 1.0 / 3.0) / 2.0, leaky),
    ("relu6", f64::NAN, |x, _| piece(x, (0.0, 0.0), (6.0, 6.0), |x| x)),
    ("hard_tanh", f64::NAN, |x, _| piece(x, (-1.0, -1.0), (1.0, 1.0), |x| x)),
    // Slopes of 1/6 and 1/5, which are no f64, have their kinks at 3 and 2.5.
    ("hard_sigmoid", 1.0 / 6.0, |x, slope| {
        let kink = 0.5 / slope;
        piece(x, (-kink, 0.0), (kink, 1.0), |x| (x + kink) / (2.0 * kink))
    }),
    ("hard_swish", f64::NAN, |x, _| {
        if x.at() >= 3.0 { x } else { piece(x, (-3.0, 0.0), (3.0, 3.0), |x| x * (x + 3.0) / 6.0) }
    }),
    ("hard_shrink", 0.5, |x, lambda| if x.at().abs() > lambda { x } else { Jet::from(0.0) }),
    ("soft_shrink", 0.5, |x, lambda| if x.at().abs() > lambda { x - lambda.copysign(x.at()) } else { Jet::from(0.0) }),
    ("threshold", 1.0, |x, theta| if x.at() > theta { x } else { Jet::from(0.0) }),
    ("sparse_plus", f64::NAN, |x, _| {
        if x.at() >= 1.0 { x } else { piece(x, (-1.0, 0.0), (1.0, 1.0), |x| (x + 1.0) * (x + 1.0) / 4.0) }
    }),
    ("sparse_sigmoid", f64::NAN, |x, _| piece(x, (-1.0, 0.0), (1.0, 1.0), |x| (x + 1.0) / 2.0)),
    ("sigmoid", f64::NAN, |x, _| x.sigmoid()),
    ("tanh", f64::NAN, |x, _| x.tanh()),
    ("tanh_shrink", f64::NAN, |x, _| x.tanh_shrink()),
    ("softsign", f64::NAN, |x, _| x.softsign()),
    ("softplus", 1.0, |x, beta| (x * beta).softplus() / beta),
    ("log_sigmoid", f64::NAN, |x, _| -(-x).softplus()),
    ("squareplus", 4.0, |x, b| x.squareplus(b)),
    ("elu", 1.0, |x, alpha| if x.at() > 0.0 { x } else { x.expm1() * alpha }),
    ("celu", 1.0, |x, alpha| if x.at() > 0.0 { x } else { (x / alpha).expm1() * alpha }),
    ("selu", f64::NAN, |x, _| if x.at() > 0.0 { x * LAMBDA } else { x.expm1() * (LAMBDA * ALPHA) }),
    ("swish", 1.0, |x, beta| x * (x * beta).sigmoid()),
    ("quick_gelu", f64::NAN, |x, _| x * (x * 1.702).sigmoid()),
    ("gelu", f64::NAN, |x, _| x * x.normal_cdf()),
    ("gelu_tanh", f64::NAN, |x, _| x * ((x + x * x * x * 0.044715) * SQRT_8_OVER_PI).sigmoid()),
    ("mish", f64::NAN, |x, _| x * x.softplus().tanh()),
    ("lisht", f64::NAN, |x, _| x * x.tanh()),
    ("log_cosh", f64::NAN, |x, _| x.log_cosh()),
    ("laplace", f64::NAN, |x, _| ((x - 0.707107) / 0.282095).normal_cdf()),
    ("xielu", 0.8, |x, alpha| (if x.at() > 0.0 { x * x } else { x.expm1() - x }) * alpha + x * 0.5),
    ("gaussian", 1.0, |x, sigma| x.bell(sigma)),
    ("sine", f64::NAN, |x, _| x.sin()),
    ("snake", 1.0, |x, a| x.snake(a)),
    ("exp", f64::NAN, |x, _| x.exp()),
    ("expm1", f64::NAN, |x, _| x.expm1()),
    ("ln", f64::NAN, |x, _| x.ln()),
    ("ln_1p", f64::NAN, |x, _| x.ln_1p()),
];

/// Functions with another parameter than the default.
const VARIANTS: &[(&dyn Activation<f64>, f64)] = &[
    (&LeakyRelu { slope: 0.1 }, 0.1),
    (&HardSigmoid { low: -2.5, high: 2.5 }, 0.2),
    (&Softplus { beta: 2.0 }, 2.0),
    (&Softplus { beta: 0.3 }, 0.3),
    (&Squareplus { b: 0.5 }, 0.5),
    (&Elu { alpha: 0.3 }, 0.3),
    (&Celu { alpha: 2.0 }, 2.0),
    (&Celu { alpha: 0.3 }, 0.3),
    (&Swish { beta: 1.5 }, 1.5),
    (&Gaussian { sigma: 0.3 }, 0.3),
];

/// Of selu, by its authors' digits.
const LAMBDA: Wide = Wide::new(1.0507009873554805, 3.9874847667154144e-17);
const ALPHA: Wide = Wide::new(1.6732632423543772, 1.0657222547717531e-16);
const SQRT_8_OVER_PI: Wide = Wide::new(1.5957691216057308, -9.96930880911092e-17);

/// x, and on the left a x.
fn leaky(x: Jet, a: f64) -> Jet {
    if x.at() > 0.0 { x } else { x * a }
}

/// The middle piece, constants at and beyond both ends.
fn piece(x: Jet, left: (f64, f64), right: (f64, f64), middle: impl Fn(Jet) -> Jet) -> Jet {
    if x.at() <= left.0 {
        left.1.into()
    } else if x.at() >= right.0 {
        right.1.into()
    } else {
        middle(x)
    }
}

/// The function of the first of the names that has a line, with its default parameter or another.
fn oracle(names: &[&str], parameter: Option<f64>) -> Option<impl Fn(f64) -> [Wide; 3] + Sync + use<>> {
    let (_, default, f) = names.iter().find_map(|name| ORACLES.iter().find(|line| line.0 == *name))?;
    let parameter = parameter.unwrap_or(*default);
    Some(move |x| f(Jet::variable(x), parameter).orders())
}

fn missing(name: &str) -> ! {
    eprintln!("no oracle: add the line (\"{name}\", default parameter, |x, p| ...) to ORACLES in {}", file!());
    std::process::exit(1);
}

/// Compares every line with the reference values. Gives the functions that they cover.
fn check_oracles() -> BTreeSet<String> {
    let (mut covered, mut count, mut worst) = (BTreeSet::new(), 0, 0f64);
    let mut bad = 0;
    for line in include_str!("../tests/reference/activations.csv").lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        // Parameters as an f32 holds them.
        if fields[0].ends_with("_f32") {
            continue;
        }
        let (name, parameter) = match fields[0].rsplit_once('_') {
            Some((name, number)) if number.parse::<f64>().is_ok() => (name, number.parse().ok()),
            _ => (fields[0], None),
        };
        let name = if name == "linear" { "scaled_linear" } else { name };
        let Some(oracle) = oracle(&[name], parameter) else { missing(name) };
        let x = f64::from_bits(u64::from_str_radix(fields[1], 16).expect("bits"));
        for ((got, text), order) in oracle(x).into_iter().zip(&fields[3..]).zip(ORDERS) {
            let difference = got.differs_from(text);
            if difference.is_nan() || difference > f64::from(AGREEMENT).exp2() {
                eprintln!("oracle of {} {order} at {x:e}: {got:?}, should be {text}: {difference:e}", fields[0]);
                bad += 1;
            }
            worst = worst.max(difference);
            count += 1;
        }
        covered.insert(name.to_string());
    }
    // Beyond 25 digits: functions against their inverses.
    for i in -4000..4000 {
        let x = Wide::from(f64::from(i) * 0.173 + 0.01);
        let one = x.exp() * (-x).exp();
        let back = (x * 0.01).expm1().ln_1p() / (x * 0.01);
        for (difference, inverse) in [(one - 1.0, "exp(-x) exp(x)"), (back - 1.0, "ln_1p(expm1(x / 100))")] {
            if difference.into_f64().abs() > 2f64.powi(-93) {
                eprintln!("oracle: {inverse} at {x:?} is off by {:e}", difference.into_f64());
                bad += 1;
            }
        }
    }
    // Beyond the f32 of the file: all digits of 2 / pi, and what lies next to a multiple of pi / 2.
    for (x, sine, cosine) in [
        (1e22, "-0.8522008497671888017727059", "0.5232147853951389454975945"),
        (1e300, "-0.8178819121159085970458853", "-0.5753861119575490466882443"),
        (f64::MAX, "0.004961954789184061790502671", "-0.9999876894265599374648701"),
        (45.553093477052, "1.0", "-6.189806365883577000150671e-19"),
        (5.319372648326541e255, "1.0", "-4.687165924254627611122583e-19"),
    ] {
        for (n, text) in [(0, sine), (2, cosine)] {
            let difference = Wide::from(x).sin_after(n).differs_from(text);
            if difference.is_nan() || difference > f64::from(AGREEMENT).exp2() {
                eprintln!("oracle of sine at {x:e} + {n} pi / 4 should be {text}: {difference:e}");
                bad += 1;
            }
        }
    }
    if bad > 0 {
        eprintln!("the oracle is wrong {bad} times: nothing was measured");
        std::process::exit(1);
    }
    println!("# oracle: {count} reference values agree to 2^{:.1}", worst.log2());
    covered
}

/// The worst inputs of one order.
#[derive(Clone, Copy)]
struct Worst {
    /// In ulp, where the floor does not excuse it.
    ulp: f64,
    at: f64,
    got: f64,
    want: f64,
    /// In units of 2^-53, where the floor has to excuse it.
    floor: f64,
    absolute_at: f64,
    wrong: u64,
    wrong_at: [f64; 3],
}

impl Worst {
    const NONE: Worst =
        Worst { ulp: 0.0, at: 0.0, got: 0.0, want: 0.0, floor: 0.0, absolute_at: 0.0, wrong: 0, wrong_at: [0.0; 3] };

    fn wrong(&mut self, x: f64, got: f64, want: f64) {
        if self.wrong == 0 {
            self.wrong_at = [x, got, want];
        }
        self.wrong += 1;
    }

    fn merge(&mut self, other: &Worst) {
        if other.ulp > self.ulp {
            (self.ulp, self.at, self.got, self.want) = (other.ulp, other.at, other.got, other.want);
        }
        if other.floor > self.floor {
            (self.floor, self.absolute_at) = (other.floor, other.absolute_at);
        }
        if self.wrong == 0 {
            self.wrong_at = other.wrong_at;
        }
        self.wrong += other.wrong;
    }

    /// NaN, infinity and sign first, then the distance.
    fn add(&mut self, x: f64, got: f64, exact: Wide, (ulp, floor): (f64, f64), beside_a_root: bool) {
        let want = exact.into_f64();
        if !got.is_finite() || want.is_infinite() {
            if got != want {
                self.wrong(x, got, want);
            }
            return;
        }
        let excused = floor > 0.0 && beside_a_root;
        let ulps = exact.ulps(got);
        if !exact.is_zero() && got.is_sign_negative() != exact.is_negative() && !excused {
            self.wrong(x, got, want);
        } else if excused && ulps > ulp + SLACK {
            let units = (exact - got).into_f64().abs() * (1u64 << 53) as f64;
            if units > self.floor {
                (self.floor, self.absolute_at) = (units, x);
            }
        } else if ulps > self.ulp {
            (self.ulp, self.at, self.got, self.want) = (ulps, x, got, want);
        }
    }
}

/// The f64 nearest to multiples of pi / 2: q 2^e, q the denominator of a convergent of 2^e 2 / pi. The first is within
/// 4.7e-19, the last within 5.2e-18.
const NEAR_QUARTER_TURNS: [f64; 15] = [
    5.319372648326541e255,
    45.553093477052,
    14461176.67027838,
    3.576149729694266e39,
    3.924293714572882e298,
    6.426511099577231e173,
    1.3930726336834465e259,
    9.312926614229972e204,
    3.8281827772588983e59,
    1.1248520745804428e89,
    1.02775842605251e185,
    2.4543579181664426e76,
    1.5986289000543612e74,
    2.1684714451092387e20,
    1.7347580914897774e27,
];

/// The float of a rank, and back: they rise through all finite numbers, 0 being that of 0.
fn of_rank(rank: i64) -> f64 {
    f64::from_bits(rank.unsigned_abs() | (rank as u64 & 1 << 63))
}
fn rank(x: f64) -> i64 {
    let magnitude = (x.to_bits() & !(1 << 63)) as i64;
    if x.is_sign_negative() { -magnitude } else { magnitude }
}

/// SplitMix64's n-th number.
fn random(n: u64) -> u64 {
    let z = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

/// Where to look at what.
struct Inputs {
    /// Each of eight kinds has as many.
    each: usize,
    /// Kinks, roots, where results leave or enter the subnormals, 0 or infinity, and where they saturate.
    edges: Vec<f64>,
    /// Where arguments of exponentials are reduced to other multiples of ln 2, those of sines to others of pi.
    boundaries: Vec<f64>,
    /// Of value, derivative and second derivative.
    roots: [Vec<f64>; 3],
}

impl Inputs {
    /// Edges are found where a coarse grid sees a change, and halved down to neighbouring floats.
    fn new(count: usize, spec: &Spec, oracle: impl Fn(f64) -> [Wide; 3]) -> Self {
        let largest = f64::MAX;
        let limits = [oracle(-largest), oracle(largest)].map(|ends| ends.map(Wide::into_f64));
        // Sign, kind, and whether it is the limit already.
        let class = |x: f64| {
            let side = &limits[usize::from(x > 0.0)];
            let exact = oracle(x);
            std::array::from_fn::<_, 3, _>(|i| {
                let y = exact[i].into_f64();
                (exact[i].is_negative(), exact[i].is_zero(), y.classify(), y == side[i])
            })
        };
        let mut grid: Vec<f64> = (-16_000..=16_000).map(|i| (f64::from(i) + 0.377) * 0.05).collect();
        grid.extend((-1074..1024).map(|n| 2f64.powi(n)).flat_map(|x| [x, -x]));
        grid.extend([largest, -largest, 0.0]);
        grid.sort_by(f64::total_cmp);
        let mut inputs = Inputs {
            each: count.div_ceil(8),
            edges: Vec::new(),
            boundaries: Vec::new(),
            roots: [const { Vec::new() }; 3],
        };
        for pair in grid.windows(2) {
            let (mut low, mut high) = (rank(pair[0]), rank(pair[1]));
            let (below, above) = (class(pair[0]), class(pair[1]));
            if below == above {
                continue;
            }
            while high - low > 1 {
                let middle = low + (high - low) / 2;
                *(if class(of_rank(middle)) == below { &mut low } else { &mut high }) = middle;
            }
            let edge = of_rank(high);
            inputs.edges.push(edge);
            let (below, above) = (class(of_rank(low)), class(edge));
            for (order, roots) in inputs.roots.iter_mut().enumerate() {
                if (below[order].0, below[order].1) != (above[order].0, above[order].1) {
                    roots.push(edge);
                }
            }
        }
        inputs.edges.extend(spec.kinks);
        inputs.edges.extend(spec.roots.concat());
        inputs.edges.extend((708..=746).chain([0, 1, 19, 37]).flat_map(|n| [f64::from(n), -f64::from(n)]));
        // A function without a limit is periodic.
        let periodic = spec.limits.as_flattened().iter().any(|limit| limit.is_nan());
        if periodic {
            let near = NEAR_QUARTER_TURNS.iter().flat_map(|x| [*x, x / 2.0]);
            inputs.edges.extend(near.flat_map(|x| [x, -x]));
        }
        inputs.edges.sort_by(f64::total_cmp);
        inputs.edges.dedup();
        let step = if periodic { std::f64::consts::FRAC_PI_4 } else { std::f64::consts::LN_2 / 4.0 };
        inputs.boundaries = (-4386..=4386).map(|n| f64::from(n) * step).collect();
        inputs
    }

    fn len(&self) -> usize {
        8 * self.each
    }

    fn beside_a_root(&self, order: usize, x: f64) -> bool {
        self.roots[order].iter().any(|root| (x - root).abs() <= BESIDE)
    }

    /// Spread evenly over each kind, and at random within each step.
    fn at(&self, i: usize) -> f64 {
        let (kind, n, random) = (i % 8, i / 8, random(i as u64));
        let bit = random & 1 == 1;
        let unit = (random >> 11) as f64 / (1u64 << 53) as f64;
        let share = (n as f64 + unit) / self.each as f64;
        let between = |low: f64, high: f64| low + (high - low) * share;
        let power = |exponent: f64| {
            let power = f64::exp2(exponent - exponent.floor()) * f64::exp2(exponent.floor());
            if bit { power } else { -power }
        };
        // Every other n: the floats around the centres, as many around each.
        let cluster = |centres: &[f64]| {
            let n = n / 2;
            let around = rank(centres[n % centres.len()]) + (n / centres.len()) as i64;
            of_rank(around - (self.each / 4 / centres.len()) as i64)
        };
        let x = match kind {
            0 => power(between(-1074.0, 1024.0)),
            1 => power(between(-64.0, 10.0)),
            2 => between(-1.0, 1.0),
            3 | 4 => between(-50.0, 50.0),
            5 => between(-760.0, 760.0),
            6 if n % 2 == 0 => cluster(&self.edges),
            6 => cluster(&self.boundaries),
            _ => {
                let centre = self.edges[n % self.edges.len()];
                centre + power(between(centre.abs().max(1e-300).log2() - 53.0, -2.0))
            }
        };
        // A cluster at the largest number would go on to infinity and NaN.
        if x.is_nan() { f64::MAX } else { x.clamp(-f64::MAX, f64::MAX) }
    }
}

/// Bounds and limits are declared for the default parameters. Others have the bounds that no declaration may exceed.
fn bounds(spec: &Spec, default: bool) -> ErrorBound {
    if default { spec.f64 } else { ErrorBound { ulp: [2.0, 4.0, 8.0], absolute: spec.f64.absolute.map(f64::ceil) } }
}

fn sweep(f: &dyn Activation<f64>, default: bool, oracle: impl Fn(f64) -> [Wide; 3] + Sync, count: usize) -> [Worst; 3] {
    let spec = f.spec();
    let inputs = Inputs::new(count, spec, &oracle);
    let ErrorBound { ulp, absolute: floor } = bounds(spec, default);
    let measure = |x: &[f64], y: &mut [Vec<f64>; 3], worst: &mut [Worst; 3]| {
        f.forward_slice(x, &mut y[0]);
        f.derivative_slice(x, &mut y[1]);
        f.second_derivative_slice(x, &mut y[2]);
        for (i, &x) in x.iter().enumerate() {
            let exact = oracle(x);
            for (order, worst) in worst.iter_mut().enumerate() {
                let beside = floor[order] > 0.0 && inputs.beside_a_root(order, x);
                worst.add(x, y[order][i], exact[order], (ulp[order], floor[order]), beside);
            }
        }
    };
    let total = Mutex::new([Worst::NONE; 3]);
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut worst = [Worst::NONE; 3];
                let (mut x, mut y) = (vec![0.0; BLOCK], ORDERS.map(|_| vec![0.0; BLOCK]));
                loop {
                    let first = next.fetch_add(BLOCK, Ordering::Relaxed);
                    if first >= inputs.len() {
                        break;
                    }
                    for (i, x) in x.iter_mut().enumerate() {
                        *x = inputs.at((first + i).min(inputs.len() - 1));
                    }
                    measure(&x, &mut y, &mut worst);
                }
                let mut total = total.lock().expect("no thread panics");
                total.iter_mut().zip(&worst).for_each(|(total, worst)| total.merge(worst));
            });
        }
    });
    let mut total = total.into_inner().expect("no thread panics");
    for x in [0.0, f64::from_bits(1), f64::MIN_POSITIVE.next_down(), f64::MIN_POSITIVE, f64::MAX] {
        measure(&[x, -x], &mut ORDERS.map(|_| vec![0.0; 2]), &mut total);
    }
    if spec.parity == Parity::Odd && !f.forward(-0.0).is_sign_negative() {
        total[0].wrong(-0.0, f.forward(-0.0), -0.0);
    }
    for (order, total) in total.iter_mut().enumerate().filter(|_| default) {
        let [left, right] = spec.limits[order];
        for (x, want) in
            [(f64::NEG_INFINITY, left), (f64::INFINITY, right), (f64::NAN, f64::NAN), (-f64::NAN, f64::NAN)]
        {
            let got = [f.forward(x), f.derivative(x), f.second_derivative(x)][order];
            if got != want && !(got.is_nan() && want.is_nan()) {
                total.wrong(x, got, want);
            }
        }
    }
    total
}

fn main() {
    let mut count = COUNT;
    let mut names = Vec::new();
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--count" => count = arguments.next().and_then(|n| n.parse().ok()).expect("--count takes a number"),
            "--level" => {
                let name = arguments.next().expect("--level takes a name");
                let level = Level::available().find(|l| format!("{l:?}").eq_ignore_ascii_case(&name));
                level.expect("a level of this machine").set_global().expect("it is available");
            }
            name => names.push(activation::by_name::<f64>(name).unwrap_or_else(|e| panic!("{e}")).spec().name()),
        }
    }
    let wanted = |f: &&dyn Activation<f64>| names.is_empty() || names.contains(&f.spec().name());
    let catalogue = activation::all::<f64>().iter().map(|&f| (f, None));
    let variants = VARIANTS.iter().map(|&(f, parameter)| (f, Some(parameter)));
    let functions: Vec<_> = catalogue.chain(variants).filter(|(f, _)| wanted(f)).collect();
    for (f, _) in &functions {
        if oracle(f.spec().names, None).is_none() {
            missing(f.spec().name());
        }
    }
    let covered = check_oracles();
    println!("# {:?}, {count} inputs each", Level::current());
    let mut over = false;
    for (f, parameter) in functions {
        let spec = f.spec();
        if !spec.names.iter().any(|name| covered.contains(*name)) {
            println!("# the oracle of {} is not covered by the reference values", spec.name());
        }
        let name = spec.name().to_string() + &parameter.map_or(String::new(), |p| format!(" {p}"));
        let oracle = oracle(spec.names, parameter).unwrap_or_else(|| missing(spec.name()));
        for (order, (worst, title)) in sweep(f, parameter.is_none(), oracle, count).iter().zip(ORDERS).enumerate() {
            let ErrorBound { ulp, absolute: floor } = bounds(spec, parameter.is_none());
            let (budget, floor) = (ulp[order], floor[order]);
            let bad = worst.ulp > budget + SLACK || worst.floor > floor || worst.wrong > 0;
            over |= bad;
            println!(
                "{name:16} {title:10} {:8.4} ulp (of {budget}) at {:e} (got {:e}, exact {:e}){}{} {}",
                worst.ulp,
                worst.at,
                worst.got,
                worst.want,
                if floor > 0.0 {
                    format!(", floor {:.3} (of {floor}) at {:e}", worst.floor, worst.absolute_at)
                } else {
                    String::new()
                },
                if worst.wrong > 0 {
                    let [x, got, want] = worst.wrong_at;
                    format!(", {} WRONG, as at {x:e} (got {got:e}, exact {want:e})", worst.wrong)
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

/// Numbers of some 104 bits, with exponents that no function of an f64 exceeds.
mod wide {
    use std::ops::{Add, Div, Mul, Neg, Sub};
    use std::sync::LazyLock;

    /// The sum of two numbers, of which the second is at most half an ulp of the first. Errors are some 2^-104.
    #[derive(Clone, Copy, Debug)]
    pub struct Double(f64, f64);

    impl Double {
        /// a + b, exactly.
        const fn sum(a: f64, b: f64) -> Self {
            let sum = a + b;
            let rest = sum - a;
            Double(sum, (a - (sum - rest)) + (b - rest))
        }

        /// a + b, exactly, if |a| is not less than |b|.
        const fn ordered_sum(a: f64, b: f64) -> Self {
            let sum = a + b;
            Double(sum, b - (sum - a))
        }

        /// a b, exactly.
        fn product(a: f64, b: f64) -> Self {
            let product = a * b;
            Double(product, a.mul_add(b, -product))
        }

        fn sqrt(self) -> Self {
            let root = self.0.sqrt();
            let rest = (-root).mul_add(root, self.0) + self.1;
            Double::ordered_sum(root, rest / (2.0 * root))
        }

        /// (e^x - 1) / x, |x| <= 0.35.
        fn relative_expm1(self) -> Self {
            const DOUBLES: usize = 14;
            let factors = &*INVERSE_FACTORIALS;
            // From here on terms are below 2^-53 of the sum.
            let tail = factors[DOUBLES..].iter().rev().fold(0.0, |sum, factor| factor.0 + sum * self.0);
            let sum = Double(tail, 0.0);
            factors[1..DOUBLES].iter().rev().fold(sum, |sum, factor| *factor + sum * self)
        }
    }

    /// 1 / n!, up to 29.
    static INVERSE_FACTORIALS: LazyLock<[Double; 30]> = LazyLock::new(|| {
        let mut factor = Double(1.0, 0.0);
        std::array::from_fn(|n| {
            factor = factor / Double(n.max(1) as f64, 0.0);
            factor
        })
    });

    impl Add for Double {
        type Output = Self;
        fn add(self, other: Self) -> Self {
            let (high, low) = (Double::sum(self.0, other.0), Double::sum(self.1, other.1));
            let sum = Double::ordered_sum(high.0, high.1 + low.0);
            Double::ordered_sum(sum.0, sum.1 + low.1)
        }
    }
    impl Mul for Double {
        type Output = Self;
        fn mul(self, other: Self) -> Self {
            let high = Double::product(self.0, other.0);
            Double::ordered_sum(high.0, high.1 + (self.0 * other.1 + self.1 * other.0))
        }
    }
    impl Div for Double {
        type Output = Self;
        fn div(self, other: Self) -> Self {
            let first = self.0 / other.0;
            let rest = self + -(other * Double(first, 0.0));
            Double::ordered_sum(first, rest.0 / other.0)
        }
    }
    impl Neg for Double {
        type Output = Self;
        fn neg(self) -> Self {
            Double(-self.0, -self.1)
        }
    }

    /// A number times 2^shift; the number is 0, or its magnitude is in [1, 2).
    #[derive(Clone, Copy, Debug)]
    pub struct Wide {
        number: Double,
        shift: i32,
    }

    /// The bits of 2 / pi behind the point, from the given one on.
    fn two_over_pi(from: i32) -> u64 {
        const WORDS: [u64; 22] = [
            0xa2f9836e4e441529,
            0xfc2757d1f534ddc0,
            0xdb6295993c439041,
            0xfe5163abdebbc561,
            0xb7246e3a424dd2e0,
            0x06492eea09d1921c,
            0xfe1deb1cb129a73e,
            0xe88235f52ebb4484,
            0xe99c7026b45f7e41,
            0x3991d639835339f4,
            0x9c845f8bbdf9283b,
            0x1ff897ffde05980f,
            0xef2f118b5a0a6d1f,
            0x6d367ecf27cb09b7,
            0x4f463f669e5fea2d,
            0x7527bac7ebe5f17b,
            0x3d0739f78a5292ea,
            0x6bfb5fb11f8d5d08,
            0x56033046fc7b6bab,
            0xf0cfbc209af4361d,
            0xa9e391615ee61b08,
            0x6599855f14a06840,
        ];
        let word = |i: i32| if i < 0 { 0 } else { WORDS[i as usize] };
        let (i, skipped) = (from.div_euclid(64), from.rem_euclid(64));
        word(i) << skipped | word(i + 1) >> 1 >> (63 - skipped)
    }

    /// Of fractions of 320 bits, the first word the highest; whole turns are lost.
    fn sum(a: [u64; 5], b: [u64; 5]) -> [u64; 5] {
        let mut carry = false;
        let mut sum = [0; 5];
        for i in (0..5).rev() {
            let (part, over) = a[i].overflowing_add(b[i]);
            let (part, too) = part.overflowing_add(carry.into());
            (sum[i], carry) = (part, over || too);
        }
        sum
    }

    fn negative(a: [u64; 5]) -> [u64; 5] {
        sum(a.map(|word| !word), [0, 0, 0, 0, 1])
    }

    const EXPONENT: u64 = 0x7ff << 52;

    /// Of a normal number.
    const fn exponent(x: f64) -> i32 {
        ((x.to_bits() & EXPONENT) >> 52) as i32 - 1023
    }

    /// 2^n, a normal number.
    const fn power(n: i32) -> f64 {
        f64::from_bits(((n + 1023) as u64) << 52)
    }

    /// x 2^n, rounded once.
    fn ldexp(x: f64, n: i32) -> f64 {
        match n {
            1024.. => x * power(1023) * power((n - 1023).min(1023)),
            -1022..=1023 => x * power(n),
            // Halfway by a power that cannot make it subnormal: x is in [1, 2), or rounds to 0 anyway.
            _ => x * power(-1000) * power((n + 1000).max(-1022)),
        }
    }

    impl Wide {
        /// The shift of 0 is below that of all others.
        const ZERO: Wide = Wide { number: Double(0.0, 0.0), shift: -(1 << 28) };
        /// ln 2 = LN_2 + LN_2_LOW + LN_2_LOWEST.
        const LN_2: f64 = std::f64::consts::LN_2;
        const LN_2_LOW: f64 = 2.3190468138462996e-17;
        const LN_2_LOWEST: f64 = 5.707708438416212e-34;

        /// high + low, normal numbers.
        pub const fn new(high: f64, low: f64) -> Self {
            Self::scaled(Double(high, low), 0)
        }

        const fn scaled(number: Double, shift: i32) -> Self {
            if number.0 == 0.0 {
                return Self::ZERO;
            }
            let n = exponent(number.0);
            Wide { number: Double(number.0 * power(-n), number.1 * power(-n)), shift: shift + n }
        }

        /// The nearest f64.
        pub fn into_f64(self) -> f64 {
            if self.is_zero() { self.number.0 } else { ldexp(self.number.0, self.shift) }
        }

        pub fn is_zero(self) -> bool {
            self.number.0 == 0.0
        }

        pub fn is_negative(self) -> bool {
            self.number.0 < 0.0
        }

        pub fn abs(self) -> Self {
            if self.is_negative() { -self } else { self }
        }

        /// The distance of a finite number from this one, in units in the last place of this one.
        pub fn ulps(self, got: f64) -> f64 {
            let Double(high, low) = self.number;
            let below = high.abs() == 1.0 && high * low < 0.0;
            let binade = (self.shift - i32::from(below)).clamp(-1022, 1023);
            let difference = (self - got).abs();
            if difference.is_zero() { 0.0 } else { ldexp(difference.number.0, difference.shift + 52 - binade) }
        }

        /// As a double, where what is below 2^-500 does not matter.
        fn double(self) -> Double {
            if self.shift < -500 {
                return Double(0.0, 0.0);
            }
            let power = power(self.shift);
            Double(self.number.0 * power, self.number.1 * power)
        }

        /// Beyond 2^20 it is that of 2^20 or more: beyond all f64, and of the right sign.
        pub fn exp(self) -> Self {
            if self.shift >= 20 {
                let shift = if self.is_negative() { -(1 << 21) } else { 1 << 21 };
                return Wide { number: Double(1.0, 0.0), shift };
            }
            let x = self.double();
            let n = (x.0 * std::f64::consts::LOG2_E).round();
            let rest = x + Double::product(-n, Self::LN_2) + Double::product(-n, Self::LN_2_LOW);
            let rest = rest + Double(-n * Self::LN_2_LOWEST, 0.0);
            Self::scaled(Double(1.0, 0.0) + rest * rest.relative_expm1(), n as i32)
        }

        pub fn expm1(self) -> Self {
            self.exp_and_expm1().1
        }

        pub fn exp_and_expm1(self) -> (Self, Self) {
            if self.shift < -2 {
                let less_one = self * Self::scaled(self.double().relative_expm1(), 0);
                return (less_one + 1.0, less_one);
            }
            let exp = self.exp();
            (exp, exp - 1.0)
        }

        /// ln of a positive number.
        pub fn ln(self) -> Self {
            // The significand is taken from [0.75, 1.5), so that the logarithms do not cancel.
            let half = i32::from(self.number.0 >= 1.5);
            let significand = Wide { shift: -half, ..self };
            let n = Double(f64::from(self.shift + half), 0.0);
            Self::scaled(n * Double(Self::LN_2, Self::LN_2_LOW), 0) + (significand - 1.0).small_ln_1p()
        }

        /// ln(1 + x), x > -1.
        pub fn ln_1p(self) -> Self {
            if self.shift < -1 { self.small_ln_1p() } else { (self + 1.0).ln() }
        }

        /// One step of Newton's of third order, from the f64 logarithm y: the correction is ln(1 + c), where
        /// 1 + c = (1 + x) / e^y.
        fn small_ln_1p(self) -> Self {
            if self.shift < -110 {
                return self;
            }
            let y = Wide::from(self.into_f64().ln_1p());
            let inverse = (-y).expm1();
            let c = self + inverse + self * inverse;
            y + c - c * c * 0.5
        }

        pub fn sqrt(self) -> Self {
            if self.is_zero() {
                return self;
            }
            let odd = self.shift & 1;
            let power = power(odd);
            let Double(high, low) = self.number;
            Self::scaled(Double(high * power, low * power).sqrt(), (self.shift - odd) / 2)
        }

        /// The density of the normal distribution.
        pub fn normal(self) -> Self {
            const INVERSE_SQRT_TWO_PI: Wide = Wide::new(0.3989422804014327, -2.49232720227773e-17);
            (self * self * -0.5).exp() * INVERSE_SQRT_TWO_PI
        }

        /// The distribution function of the normal distribution, given its density: by its power series at 0, and by
        /// its continued fraction far from it.
        pub fn normal_cdf(self, density: Self) -> Self {
            const FAR: f64 = 4.0;
            let one = Double(1.0, 0.0);
            if self.abs().into_f64() > FAR {
                // Beyond 2^100, the fraction is x.
                let x = if self.shift > 100 { Double(power(100), 0.0) } else { self.abs().double() };
                let steps = 20 + (1000.0 / (x.0 * x.0)) as i32;
                let fraction = (1..=steps).rev().fold(x, |fraction, n| x + Double(f64::from(n), 0.0) / fraction);
                let tail = density / Self::scaled(fraction, 0);
                return if self.is_negative() { tail } else { -tail + 1.0 };
            }
            let square = (self * self).double();
            let steps = 24 + (14.0 * square.0.sqrt()) as i32;
            let sum = (1..=steps).rev().fold(one, |sum, n| one + sum * square / Double(f64::from(2 * n + 1), 0.0));
            self * Self::scaled(sum, 0) * density + 0.5
        }

        /// cosh x - sinh x / x, |x| < 1: a sum of positive terms, 2 n x^2n / (2 n + 1)!.
        pub fn cosh_less_relative_sinh(self) -> Self {
            let square = self * self;
            let factors = &*INVERSE_FACTORIALS;
            let terms = (1..12).rev().map(|n| Self::scaled(factors[2 * n + 1], 0) * (2 * n) as f64);
            terms.fold(Self::ZERO, |sum, term| (sum + term) * square)
        }

        /// ln cosh x = ln(1 + 2 sinh(x / 2)^2), and far from 0 that is x + ln(1 + e^-2x) - ln 2.
        pub fn log_cosh(self) -> Self {
            let x = self.abs();
            if x.into_f64() > 1.0 {
                return x + ((x * -2.0).exp().ln_1p() - Wide::new(Self::LN_2, Self::LN_2_LOW));
            }
            let (exp, less_one) = (x * 0.5).exp_and_expm1();
            let sinh = (less_one + less_one / exp) * 0.5;
            (sinh * sinh * 2.0).ln_1p()
        }

        /// sin(x + n pi / 4), to relative accuracy beside its roots too.
        pub fn sin_after(self, n: u64) -> Self {
            let (rest, quarter) = if n == 0 && self.shift < -1 { (self, 0) } else { self.turned(n) };
            let (square, odd) = ((rest * rest).double(), quarter & 1 == 1);
            // Of sin(rest) / rest, or of cos(rest); |rest| <= pi / 4.
            let coefficients = INVERSE_FACTORIALS[usize::from(!odd)..].iter().step_by(2).rev();
            let series = coefficients.fold(Double(0.0, 0.0), |sum, factor| *factor + -(sum * square));
            let series = Self::scaled(series, 0);
            let magnitude = if odd { series } else { rest * series };
            if quarter & 2 == 0 { magnitude } else { -magnitude }
        }

        /// x + n pi / 4 = rest + quarter pi / 2. The number of turns is a fraction of 320 bits, of which a double that
        /// is no multiple of pi / 4 cancels 70 at most.
        fn turned(self, n: u64) -> (Self, u64) {
            let mut turns = [n << 61, 0, 0, 0, 0];
            for part in [self.number.0, self.number.1] {
                if part.abs() < power(-300) {
                    continue;
                }
                let significand = part.to_bits() & !(EXPONENT | 1 << 63) | 1 << 52;
                // A turn is 4 times pi / 2.
                let first = self.shift + exponent(part) - 52 - 2;
                let mut carry = 0;
                let mut product = [0; 5];
                for i in (0..5).rev() {
                    let term = u128::from(significand) * u128::from(two_over_pi(first + 64 * i as i32)) + carry;
                    (product[i], carry) = (term as u64, term >> 64);
                }
                turns = sum(turns, if part < 0.0 { negative(product) } else { product });
            }
            let quarter = turns[0].wrapping_add(1 << 61) >> 62;
            turns[0] = turns[0].wrapping_sub(quarter << 62);
            let below = turns[0] >> 63 == 1;
            let magnitude = if below { negative(turns) } else { turns };
            let fraction = magnitude.iter().rev().fold(Self::ZERO, |fraction, word| {
                let [high, low] = [word >> 32, word & 0xffff_ffff].map(|half| Self::from(half as f64));
                let sum = fraction + low + Wide { shift: high.shift + 32, ..high };
                Wide { shift: sum.shift - 64, ..sum }
            });
            let rest = fraction * Wide::new(std::f64::consts::TAU, 2.4492935982947064e-16);
            (if below { -rest } else { rest }, quarter)
        }

        /// The relative difference from a decimal number, of which 1e-400 and 1e+400 stand for anything beyond them.
        pub fn differs_from(self, text: &str) -> f64 {
            let want = Self::parse(text);
            if want.is_zero() || self.is_zero() || self.is_negative() != want.is_negative() {
                return if want.is_zero() && self.is_zero() { 0.0 } else { f64::INFINITY };
            }
            let ratio = (self / want).into_f64();
            let beyond = (text.ends_with("1e-400") && ratio < 1.1) || (text.ends_with("1e+400") && ratio > 0.9);
            if beyond { 0.0 } else { (self / want - 1.0).into_f64().abs() }
        }

        fn parse(text: &str) -> Self {
            let (significand, exponent) = text.split_once('e').unwrap_or((text, "0"));
            let (whole, fraction) = significand.split_once('.').unwrap_or((significand, ""));
            let digits: i128 = format!("{whole}{fraction}").parse().expect("a decimal number");
            let exponent = exponent.parse::<i32>().expect("an exponent") - fraction.len() as i32;
            let high = digits as f64;
            let digits = Wide::from(high) + Wide::from((digits - high as i128) as f64);
            let (mut power, mut square) = (Wide::from(1.0), Wide::from(10.0));
            for bit in 0..10 {
                if exponent.unsigned_abs() >> bit & 1 == 1 {
                    power = power * square;
                }
                square = square * square;
            }
            if exponent < 0 { digits / power } else { digits * power }
        }
    }

    impl From<f64> for Wide {
        /// A finite number, exactly.
        fn from(x: f64) -> Self {
            if x.is_subnormal() {
                let lifted = Self::from(x * power(100));
                return Wide { shift: lifted.shift - 100, ..lifted };
            }
            if x == 0.0 {
                return Wide { number: Double(x, 0.0), ..Self::ZERO };
            }
            let significand = f64::from_bits(x.to_bits() & !EXPONENT | 1.0f64.to_bits());
            Wide { number: Double(significand, 0.0), shift: exponent(x) }
        }
    }

    impl<T: Into<Wide>> Add<T> for Wide {
        type Output = Self;
        fn add(self, other: T) -> Self {
            let other = other.into();
            let (large, small) = if self.shift < other.shift { (other, self) } else { (self, other) };
            let difference = large.shift - small.shift;
            if difference > 300 {
                return large;
            }
            let power = power(-difference);
            let Double(high, low) = small.number;
            Self::scaled(large.number + Double(high * power, low * power), large.shift)
        }
    }
    impl<T: Into<Wide>> Sub<T> for Wide {
        type Output = Self;
        fn sub(self, other: T) -> Self {
            self + -other.into()
        }
    }
    impl<T: Into<Wide>> Mul<T> for Wide {
        type Output = Self;
        fn mul(self, other: T) -> Self {
            let other = other.into();
            Self::scaled(self.number * other.number, self.shift + other.shift)
        }
    }
    impl<T: Into<Wide>> Div<T> for Wide {
        type Output = Self;
        /// The divisor is not 0.
        fn div(self, other: T) -> Self {
            let other = other.into();
            Self::scaled(self.number / other.number, self.shift - other.shift)
        }
    }
    impl Neg for Wide {
        type Output = Self;
        fn neg(self) -> Self {
            Wide { number: -self.number, ..self }
        }
    }
}

/// Value, first and second derivative, carried through a formula.
mod jet {
    use std::ops::{Add, Div, Mul, Neg, Sub};

    use super::wide::Wide;

    /// Of a function of one variable.
    #[derive(Clone, Copy, Debug)]
    pub struct Jet {
        value: Wide,
        derivative: Wide,
        second_derivative: Wide,
    }

    impl Jet {
        pub fn variable(x: f64) -> Self {
            Jet { value: x.into(), derivative: 1.0.into(), second_derivative: 0.0.into() }
        }

        pub fn orders(self) -> [Wide; 3] {
            [self.value, self.derivative, self.second_derivative]
        }

        /// The value as an f64, to choose a piece by.
        pub fn at(self) -> f64 {
            self.value.into_f64()
        }

        /// g of this, given g, g' and g'' at its value.
        fn apply(self, g: Wide, dg: Wide, ddg: Wide) -> Self {
            Jet {
                value: g,
                derivative: dg * self.derivative,
                second_derivative: ddg * self.derivative * self.derivative + dg * self.second_derivative,
            }
        }

        pub fn exp(self) -> Self {
            let y = self.value.exp();
            self.apply(y, y, y)
        }

        pub fn expm1(self) -> Self {
            let (y, less_one) = self.value.exp_and_expm1();
            self.apply(less_one, y, y)
        }

        pub fn ln(self) -> Self {
            let r = Wide::from(1.0) / self.value;
            self.apply(self.value.ln(), r, -(r * r))
        }

        pub fn ln_1p(self) -> Self {
            let r = Wide::from(1.0) / (self.value + 1.0);
            self.apply(self.value.ln_1p(), r, -(r * r))
        }

        /// The quotient's own derivatives would cancel at 0 and overflow on the left: from E = e^-|x|, s' = E / (1 + E)^2
        /// and s'' = s' (E - 1) / (1 + E), with the sign of x.
        pub fn sigmoid(self) -> Self {
            let (e, less_one) = (-self.value.abs()).exp_and_expm1();
            let most = Wide::from(1.0) / (e + 1.0);
            let least = e * most;
            let derivative = most * least;
            let second_derivative = derivative * less_one * most;
            if self.value.is_negative() {
                self.apply(least, derivative, -second_derivative)
            } else {
                self.apply(most, derivative, second_derivative)
            }
        }

        /// 1 - t^2 would cancel: from E = e^-2|x|, t' = 4 E / (1 + E)^2, and t'' = -2 t t'.
        pub fn tanh(self) -> Self {
            let (e, less_one) = (self.value.abs() * -2.0).exp_and_expm1();
            let r = Wide::from(1.0) / (e + 1.0);
            let magnitude = -less_one * r;
            let t = if self.value.is_negative() { -magnitude } else { magnitude };
            let derivative = e * r * r * 4.0;
            self.apply(t, derivative, t * derivative * -2.0)
        }

        /// x - tanh(x), which cancels at 0: (cosh(x) - sinh(x) / x) x / cosh(x) there. Its derivative is tanh^2.
        pub fn tanh_shrink(self) -> Self {
            let x = self.value;
            let [t, derivative, _] =
                Jet { value: x, derivative: 1.0.into(), second_derivative: 0.0.into() }.tanh().orders();
            let value = if x.abs().into_f64() < 0.5 {
                let cosh = (x.exp() + (-x).exp()) * 0.5;
                x.cosh_less_relative_sinh() * x / cosh
            } else {
                x - t
            };
            self.apply(value, t * t, t * derivative * 2.0)
        }

        /// x / (1 + |x|), whose quotient rule cancels far from 0: r = 1 / (1 + |x|), r^2, -+2 r^3.
        pub fn softsign(self) -> Self {
            let r = Wide::from(1.0) / (self.value.abs() + 1.0);
            let second_derivative = r * r * r * 2.0;
            // At 0 it is the limit from the side of the sign of zero.
            let second_derivative = if self.at().is_sign_negative() { second_derivative } else { -second_derivative };
            self.apply(self.value * r, r * r, second_derivative)
        }

        /// ln(1 + e^x), without overflow on the right.
        pub fn softplus(self) -> Self {
            if self.value.is_negative() { self.exp().ln_1p() } else { self + (-self).exp().ln_1p() }
        }

        /// (x + h) / 2, h = sqrt(x^2 + b). h'' = b / h^3, which the rules for products would take from a difference; on
        /// the left, x + h = b / (h - x).
        pub fn squareplus(self, b: f64) -> Self {
            let x = self.value;
            let h = (x * x + b).sqrt();
            let root = self.apply(h, x / h, Wide::from(b) / (h * h * h));
            if x.is_negative() { Jet::from(b * 0.5) / (root - self) } else { (self + root) * 0.5 }
        }

        /// ln cosh x; its derivative is tanh.
        pub fn log_cosh(self) -> Self {
            let [t, derivative, _] =
                Jet { value: self.value, derivative: 1.0.into(), second_derivative: 0.0.into() }.tanh().orders();
            self.apply(self.value.log_cosh(), t, derivative)
        }

        /// exp(-z^2 / 2), z = x / sigma. The rules for products would leave a second derivative at z = 1, where it is 0.
        pub fn bell(self, sigma: f64) -> Self {
            let z = self.value / sigma;
            let y = (z * z * -0.5).exp();
            self.apply(y, -z * y / sigma, (z * z - 1.0) * y / sigma / sigma)
        }

        pub fn sin(self) -> Self {
            let sin = self.value.sin_after(0);
            self.apply(sin, self.value.sin_after(2), -sin)
        }

        /// x + sin(a x)^2 / a. The derivative 1 + sin(2 a x) is 2 sin(a x + pi / 4)^2, which does not cancel.
        pub fn snake(self, a: f64) -> Self {
            let ax = self.value * a;
            let [sin, risen, cos] = [ax.sin_after(0), ax.sin_after(1), (ax * 2.0).sin_after(2)];
            self.apply(self.value + sin * sin / a, risen * risen * 2.0, cos * (2.0 * a))
        }

        /// The distribution function of the normal distribution.
        pub fn normal_cdf(self) -> Self {
            let density = self.value.normal();
            self.apply(self.value.normal_cdf(density), density, -self.value * density)
        }
    }

    impl<T: Into<Wide>> From<T> for Jet {
        fn from(constant: T) -> Self {
            Jet { value: constant.into(), derivative: 0.0.into(), second_derivative: 0.0.into() }
        }
    }

    impl<T: Into<Jet>> Add<T> for Jet {
        type Output = Self;
        fn add(self, other: T) -> Self {
            let other = other.into();
            Jet {
                value: self.value + other.value,
                derivative: self.derivative + other.derivative,
                second_derivative: self.second_derivative + other.second_derivative,
            }
        }
    }
    impl<T: Into<Jet>> Sub<T> for Jet {
        type Output = Self;
        fn sub(self, other: T) -> Self {
            self + -other.into()
        }
    }
    impl<T: Into<Jet>> Mul<T> for Jet {
        type Output = Self;
        fn mul(self, other: T) -> Self {
            let other = other.into();
            Jet {
                value: self.value * other.value,
                derivative: self.derivative * other.value + self.value * other.derivative,
                second_derivative: self.second_derivative * other.value
                    + self.derivative * other.derivative * 2.0
                    + self.value * other.second_derivative,
            }
        }
    }
    impl<T: Into<Jet>> Div<T> for Jet {
        type Output = Self;
        fn div(self, other: T) -> Self {
            let other = other.into();
            let r = Wide::from(1.0) / other.value;
            self * other.apply(r, -(r * r), r * r * r * 2.0)
        }
    }
    impl Neg for Jet {
        type Output = Self;
        fn neg(self) -> Self {
            Jet { value: -self.value, derivative: -self.derivative, second_derivative: -self.second_derivative }
        }
    }
}
