//! Gated linear units: against the reference, in every layout, by their laws, and on bad input.

use crate::common::{
    Exact, H, Number, Random, all_bits, at_every_level, bits, csv, fix_level, from_hex, inputs, narrow, none,
    over_budget, panic_message, proptest_config, scale, specials, tolerance,
};
use half::{bf16, f16};
use proptest::prelude::*;
use slopes::activation::{
    Activation, Bilinear, ClampedSwiGlu, Gated, GatedUnit, GeGlu, GeGluTanh, Gelu, GeluTanh, Glu, GluLayout, Mish,
    ReGlu, Relu, Sigmoid, SwiGlu, Swish,
};
use slopes::{Element, ErrorBound, Level};

/// A unit with the bounds of its page.
struct Unit<T: 'static> {
    name: &'static str,
    unit: &'static dyn GatedUnit<T>,
    /// Of the value, of the gradient in the gate, of the gradient in up.
    ulp: [f64; 3],
    /// Of the gradient in the gate, beside a root of the slope, in units of `up dy`; and the roots.
    floor: f64,
    roots: &'static [f64],
}

/// The roots of the slopes of swish(x) and of swish(1.702 x).
const SWISH: f64 = -1.278_464_542_761_074;
const ROOTS: [&[f64]; 6] =
    [&[], &[SWISH], &[SWISH / 1.5], &[-0.751_791_524_693_564_5], &[-0.752_461_422_071_016_3], &[SWISH / 1.702]];

fn units<T: Number>() -> [Unit<T>; 10] {
    let [none, swish, sharp, gelu, gelu_tanh, quick] = ROOTS;
    let clamped = &ClampedSwiGlu { alpha: 1.702, limit: 7.0, bias: 1.0 };
    let unit = |name, unit: &'static dyn GatedUnit<T>, roots| {
        let ErrorBound { mut ulp, absolute: [_, floor, _] } = T::budget(unit.spec());
        if name == "swi_glu_1.5" {
            ulp[1] += 1.0;
        }
        Unit { name, unit, ulp, floor, roots }
    };
    [
        unit("glu", &Glu, none),
        unit("swi_glu", &SwiGlu { beta: 1.0 }, swish),
        unit("swi_glu_1.5", &SwiGlu { beta: 1.5 }, sharp),
        unit("ge_glu", &GeGlu, gelu),
        unit("ge_glu_tanh", &GeGluTanh, gelu_tanh),
        unit("re_glu", &ReGlu, none),
        unit("bilinear", &Bilinear, none),
        unit("clamped_swi_glu", clamped, quick),
        unit("clamped_swi_glu_f32", clamped, quick),
        unit("clamped_silu_glu", &ClampedSwiGlu::DEEPSEEK_V4, swish),
    ]
}

/// The least number that is not 0.
fn least<T: Number>() -> f64 {
    T::min_positive_value().into_f64() * 2.0 * T::unit()
}

/// Without the second name of a unit.
fn each_unit<T: Number>() -> impl Iterator<Item = Unit<T>> {
    units().into_iter().take(8)
}

impl<T: Number> Unit<T> {
    /// The floor, absolute. Beside a root, the roundings of the products come to that of the slope. What multiplies an
    /// activation or a slope, |up| + 1 at most, multiplies half the least number that they may lose where they are below
    /// the least normal one; so it does with what half the slope loses, which is doubled again.
    fn floor(&self, output: usize, gate: T, up: T, dy: T, got: T) -> f64 {
        let (up, dy) = (up.into_f64().abs() + 1.0, dy.into_f64().abs());
        let beside = output == 1 && self.roots.iter().any(|root| (gate.into_f64() - root).abs() <= 1.0);
        let roundings = if self.name.starts_with("clamped_") { 2.5 } else { 1.5 };
        let floor = if beside { self.floor * up * dy + roundings * 2.0 * got.into_f64().abs() } else { 0.0 };
        floor * T::unit() + least::<T>() * (1.0 + [up, 1.5 * up * dy + dy, dy][output])
    }

    /// Value and gradients of slices.
    fn outputs(&self, gate: &[T], up: &[T], dy: &[T]) -> [Vec<T>; 3] {
        let mut y = [(); 3].map(|()| vec![T::nan(); gate.len()]);
        let [value, d_gate, d_up] = &mut y;
        self.unit.forward_slice(gate, up, value);
        self.unit.backward_slice(gate, up, dy, d_gate, d_up);
        y
    }

    /// What is over budget, of outputs that should be `exact(output, i)`.
    fn check(&self, level: Level, [gate, up, dy]: [&[T]; 3], exact: impl Fn(usize, usize) -> Exact) -> Vec<String> {
        let mut failures = Vec::new();
        for (output, got) in self.outputs(gate, up, dy).iter().enumerate() {
            let what = ["value", "gradient in the gate", "gradient in up"][output];
            for i in 0..gate.len() {
                let floor = |_| self.floor(output, gate[i], up[i], dy[i], got[i]);
                let label = format!("{what} of {} {} {level:?}, up {} dy {}", self.name, T::NAME, up[i], dy[i]);
                let one = i..=i;
                failures.extend(over_budget(&label, self.ulp[output], floor, &gate[one.clone()], &got[one], |_| {
                    exact(output, i)
                }));
            }
        }
        failures
    }
}

fn units_are_accurate<T: Number>(other_alpha: &str) {
    let header = "unit,gate_f64_bits,up_f64_bits,dy_f64_bits,value,gate_gradient,up_gradient";
    let rows: Vec<_> = csv(include_str!("../reference/gated.csv"), header).collect();
    let mut failures = Vec::new();
    let mut seen = 0;
    at_every_level(|level| {
        for unit in units::<T>().iter().filter(|unit| unit.name != other_alpha) {
            let rows: Vec<_> = rows.iter().filter(|row| row[0] == unit.name).collect();
            seen += rows.len();
            let column =
                |k: usize| -> Vec<T> { rows.iter().map(|row| T::from_f64_rounded(from_hex(row[k]))).collect() };
            let [gate, up, dy] = [1, 2, 3].map(column);
            failures.extend(unit.check(level, [&gate, &up, &dy], |output, i| Exact::parse(rows[i][4 + output])));
        }
    });
    none(&failures);
    assert_eq!(seen, 9 * 221 * Level::available().count(), "rows of the reference");
}

#[test]
fn units_are_accurate_in_both_types() {
    units_are_accurate::<f32>("clamped_swi_glu");
    units_are_accurate::<f64>("clamped_swi_glu_f32");
}

/// f32 against f64, which the reference proves. Ups take the product to just below a power of two, where the relative error
/// of the activation counts most.
#[test]
fn products_are_accurate_in_f32() {
    let count = (1 << 16) / scale();
    let mut random = Random(5);
    let gate: Vec<f32> = (0..count)
        .map(|i| match i % 4 {
            0 => random.uniform(-20.0..=20.0),
            1 => random.uniform(-2.0..=2.0),
            2 => random.uniform(-60.0..=60.0),
            _ => random.uniform::<f32>(-1.0..=1.0).powi(9),
        })
        .collect();
    let dy: Vec<f32> = (0..count).map(|_| random.uniform(-3.0..=3.0)).collect();
    let wide = |x: &[f32]| -> Vec<f64> { x.iter().map(|x| f64::from(*x)).collect() };
    let f32s = |x: f64| f64::from(x as f32);
    let mut failures = Vec::new();
    at_every_level(|level| {
        for (narrow, mut exact) in each_unit::<f32>().zip(each_unit::<f64>()) {
            if narrow.name.starts_with("clamped_") {
                exact.unit = Box::leak(Box::new(ClampedSwiGlu { alpha: f32s(1.702), limit: 7.0, bias: 1.0 }));
            }
            let of_one = exact.outputs(&wide(&gate), &vec![1.0; count], &wide(&dy));
            let up: Vec<f32> = (0..count)
                .map(|i| {
                    let factor = of_one[i % 2][i];
                    let up = ((1.0 - random.unit() / f64::from(1 << 18)) / factor) as f32;
                    if up.is_normal() && up.abs() < 1e30 { up } else { random.uniform(-4.0..=4.0) }
                })
                .collect();
            let exact = exact.outputs(&wide(&gate), &wide(&up), &wide(&dy));
            failures.extend(narrow.check(level, [&gate, &up, &dy], |output, i| exact[output][i].into()));
        }
    });
    none(&failures);
}

/// Every unit is its activation times up; the gradient in up is dy times the activation; both to the bit. And the page's
/// example of any activation.
#[test]
fn units_are_products_with_their_activations() {
    fn check<T: Number>(name: &str, unit: &dyn GatedUnit<T>, f: &dyn Activation<T>, x: &[T]) {
        // From here on, half of a number is normal.
        let normal = 2.0 * T::min_positive_value().into_f64();
        for (gate, up) in x.iter().zip(x.iter().rev()) {
            let y = f.forward(*gate);
            assert_eq!(bits(unit.forward(*gate, *up)), bits(y * *up), "{name} of {gate}, {up}");
            let [d_gate, d_up] = unit.derivatives(*gate, *up);
            assert_eq!(bits(d_up), bits(y), "{name} of {gate}, {up}");
            // Half of the slope is taken to the product, and may lose half the least number where it is not normal; both
            // products round.
            let slope = f.derivative(*gate);
            let wanted = slope * *up;
            let subnormal = slope.into_f64().abs() < normal || wanted.into_f64().abs() < normal;
            let allowed = least::<T>() * (2.0 + up.into_f64().abs()) + 4.0 * T::unit() * wanted.into_f64().abs();
            let close = subnormal && (d_gate.into_f64() - wanted.into_f64()).abs() <= allowed;
            assert!(bits(d_gate) == bits(wanted) || close || wanted.is_infinite(), "{name} of {gate}, {up}: {d_gate}");
        }
    }
    fn all<T: Number>() {
        let x = inputs::<T>(1000);
        check("glu", &Glu, &Sigmoid, &x);
        check("swi_glu", &SwiGlu::default(), &Swish::SILU, &x);
        check("swi_glu", &SwiGlu { beta: -0.75 }, &Swish { beta: -0.75 }, &x);
        check("ge_glu", &GeGlu, &Gelu, &x);
        check("ge_glu_tanh", &GeGluTanh, &GeluTanh, &x);
        check("re_glu", &ReGlu, &Relu, &x);
        check("gated mish", &Gated(Mish), &Mish, &x);
        // With limits that nothing reaches, and 1 that is added to up.
        let clamped = ClampedSwiGlu { alpha: 1.0, limit: f64::INFINITY, bias: 1.0 };
        for x in x.into_iter().filter(|x| x.abs() < T::from_f64_rounded(1e30)) {
            let [one, two] = [1.0, 2.0].map(T::from_f64_rounded);
            assert_eq!(bits(clamped.forward(x, one)), bits(two * Swish::SILU.forward(x)), "{x}");
        }
    }
    at_every_level(|_| {
        all::<f32>();
        all::<f64>();
    });
}

/// What a slice of gates and a slice of ups are in one.
fn packed<T: Element>(layout: GluLayout, gate: &[T], up: &[T]) -> Vec<T> {
    let row = match layout {
        GluLayout::GateFirst { row } | GluLayout::GateSecond { row } => row / 2,
        GluLayout::Interleaved => 1,
    };
    let rows = gate.chunks(row.max(1)).zip(up.chunks(row.max(1)));
    let second = matches!(layout, GluLayout::GateSecond { .. });
    rows.flat_map(|(gate, up)| if second { [up, gate].concat() } else { [gate, up].concat() }).collect()
}

/// The layouts that `pairs` pairs can have: one row, rows of one pair, and rows of a third.
fn layouts(pairs: usize) -> Vec<GluLayout> {
    let mut rows = vec![2 * pairs, 2];
    rows.extend(pairs.is_multiple_of(3).then_some(2 * pairs / 3));
    let halves = rows.into_iter().flat_map(|row| [GluLayout::GateFirst { row }, GluLayout::GateSecond { row }]);
    halves.chain([GluLayout::Interleaved]).collect()
}

/// Numbers that must not be written, before and after.
const FENCE: usize = 3;

/// The output of a call that writes `len` numbers, at an alignment of `offset` numbers. Nothing else is written.
fn fenced<T: Element>(len: usize, offset: usize, call: impl FnOnce(&mut [T])) -> Vec<T> {
    let mark = T::from_f64_rounded(77.0);
    let mut numbers = vec![mark; offset + len + FENCE];
    call(&mut numbers[offset..offset + len]);
    assert!(
        numbers[..offset].iter().chain(&numbers[offset + len..]).all(|x| *x == mark),
        "a number outside is written"
    );
    numbers[offset..offset + len].to_vec()
}

/// Number by number, in slices, in place, and in every layout: the same bits.
fn layouts_agree<T: Element>(unit: &dyn GatedUnit<T>, name: &str, pairs: usize, level: Level, random: &mut Random) {
    let mut numbers = |_| -> Vec<T> {
        let number = |i: usize| {
            if i % 29 == 7 {
                T::from_f64_rounded([f64::NAN, f64::INFINITY, -0.0][i % 3])
            } else {
                random.uniform(-9.0..=9.0)
            }
        };
        (0..pairs).map(number).collect()
    };
    let [gate, up, dy] = [0, 1, 2].map(&mut numbers);
    let label = |what: &str| format!("{what} of {name}, {pairs} pairs of {}, {level:?}", std::any::type_name::<T>());
    let same = |what: &str, got: &[T], wanted: &[T]| assert_eq!(all_bits(got), all_bits(wanted), "{}", label(what));

    let y: Vec<T> = gate.iter().zip(&up).map(|(gate, up)| unit.forward(*gate, *up)).collect();
    let offset = pairs % 4;
    same("slices", &fenced(pairs, offset, |y| unit.forward_slice(&gate, &up, y)), &y);
    let mut in_place = gate.clone();
    unit.forward_in_place(&mut in_place, &up);
    same("in place", &in_place, &y);

    let (mut d_gate, mut d_up) = (gate.clone(), up.clone());
    unit.backward_in_place(&mut d_gate, &mut d_up, &dy);
    let mut other = Vec::new();
    let first = fenced(pairs, offset, |d_gate| {
        other = fenced(pairs, 3 - offset, |d_up| unit.backward_slice(&gate, &up, &dy, d_gate, d_up))
    });
    same("d_gate", &first, &d_gate);
    same("d_up", &other, &d_up);
    for (gate, up) in gate.iter().zip(&up).take(4) {
        let mut ones = [[*gate], [*up]];
        let [g, u] = &mut ones;
        unit.backward_in_place(g, u, &[T::one()]);
        same("derivatives", &unit.derivatives(*gate, *up), &[g[0], u[0]]);
    }

    for layout in layouts(pairs) {
        let x = packed(layout, &gate, &up);
        let dx = packed(layout, &d_gate, &d_up);
        let name = format!("{layout:?}");
        same(&name, &fenced(pairs, offset, |y| unit.forward_packed(&x, layout, y)), &y);
        same(&name, &fenced(2 * pairs, offset, |to| unit.backward_packed(&x, layout, &dy, to)), &dx);
        let in_place = fenced(2 * pairs, 3 - offset, |numbers| {
            numbers.copy_from_slice(&x);
            unit.backward_packed_in_place(numbers, layout, &dy);
        });
        same(&name, &in_place, &dx);
    }
}

#[test]
fn layouts_agree_at_every_length() {
    fn all<T: Number>(lengths: impl Iterator<Item = usize> + Clone, level: Level) {
        let mut random = Random(6);
        for pairs in lengths.clone() {
            layouts_agree::<T>(&SwiGlu { beta: 1.0 }, "swi_glu", pairs, level, &mut random);
        }
        for unit in each_unit::<T>() {
            for pairs in [1, 5, 16, 33, 300] {
                layouts_agree(unit.unit, unit.name, pairs, level, &mut random);
            }
        }
    }
    at_every_level(|level| {
        // More pairs than a block holds, too.
        let lengths = (0..=257).step_by(scale()).chain([511, 512, 513, 1500]);
        all::<f32>(lengths.clone(), level);
        all::<f64>(lengths.clone(), level);
        all::<f16>(lengths.clone(), level);
        all::<bf16>(lengths, level);
    });
}

/// Computed in f32 and rounded once: every f16 and bf16 that is a gate.
#[test]
fn half_types_are_rounded_once() {
    fn check<T: Number + Element<Real = f32>>(all: impl Fn(u16) -> T, level: Level) {
        let mut random = Random(7);
        let gate: Vec<T> = (0..=u16::MAX).step_by(scale() | 1).map(all).collect();
        let [up, dy] = [0, 1].map(|_| -> Vec<T> { gate.iter().map(|_| random.uniform(-9.0..=9.0)).collect() });
        let wide = |x: &[T]| -> Vec<f32> { x.iter().map(|x| x.into_f64() as f32).collect() };
        let rounded = |x: &[f32]| all_bits(&x.iter().map(|x| T::from_f64_rounded(f64::from(*x))).collect::<Vec<T>>());
        for (half, single) in each_unit::<T>().zip(each_unit::<f32>()) {
            let n = gate.len();
            let (mut y, mut d_gate, mut d_up) = (vec![T::zero(); n], vec![T::zero(); n], vec![T::zero(); n]);
            half.unit.forward_slice(&gate, &up, &mut y);
            half.unit.backward_slice(&gate, &up, &dy, &mut d_gate, &mut d_up);
            let exact = single.outputs(&wide(&gate), &wide(&up), &wide(&dy));
            for (what, got, exact) in
                [("value", y, &exact[0]), ("d_gate", d_gate, &exact[1]), ("d_up", d_up, &exact[2])]
            {
                assert!(all_bits(&got) == rounded(exact), "{what} of {} at {level:?}", half.name);
            }
        }
    }
    at_every_level(|level| {
        check(f16::from_bits, level);
        check(bf16::from_bits, level);
    });
}

fn special_numbers<T: Number>() {
    let (inf, nan, zero, one) = (T::infinity(), T::nan(), T::zero(), T::one());
    let two = one + one;
    let largest = T::max_value();
    at_every_level(|level| {
        for Unit { name, unit, .. } in each_unit::<T>() {
            for x in specials::<T>().into_iter().chain([one, -two]) {
                let place = format!("{name} {} at {level:?}, with {x}", T::NAME);
                assert!(unit.forward(nan, x).is_nan() && unit.forward(x, nan).is_nan(), "{place}");
                let [in_gate, in_up] = unit.derivatives(nan, x);
                assert!(in_gate.is_nan() || name == "bilinear", "{place}");
                assert!(in_up.is_nan(), "{place}");
                assert!(unit.derivatives(x, nan)[0].is_nan(), "{place}");
                // A dy of 0 passes nothing on, and a dy of NaN passes it on, wherever gate and up are finite.
                if x.is_finite() {
                    for up in [two, largest, -largest] {
                        let (mut d_gate, mut d_up) = ([one], [one]);
                        unit.backward_slice(&[x], &[up], &[zero], &mut d_gate, &mut d_up);
                        assert!(d_gate[0] == zero && d_up[0] == zero, "{place}, {up}: {d_gate:?} {d_up:?}");
                        unit.backward_slice(&[x], &[up], &[nan], &mut d_gate, &mut d_up);
                        assert!(d_gate[0].is_nan() && d_up[0].is_nan(), "{place}, {up}: {d_gate:?} {d_up:?}");
                    }
                }
            }
            // An open gate lets infinity through; a closed one is a factor of 0, as in IEEE 754.
            if !name.starts_with("clamped_") {
                assert_eq!((unit.forward(two, inf), unit.forward(two, -inf)), (inf, -inf), "{name}");
            }
        }
        for unit in [&Glu as &dyn GatedUnit<T>, &SwiGlu::default(), &GeGlu, &GeGluTanh, &ReGlu] {
            assert!(unit.forward(-inf, two) == zero && unit.forward(-inf, inf).is_nan());
            assert_eq!(unit.derivatives(-inf, two), [zero, zero]);
        }
        assert_eq!(bits(ReGlu.forward(-one, -two)), bits(-zero));
        assert_eq!(ReGlu.derivatives(zero, two), [zero, zero]);
        // The limits cut infinities: y = 8 * 7 s(1.702 * 7).
        let clamped = ClampedSwiGlu::default();
        let seven = T::from_f64_rounded(7.0);
        assert_eq!(bits(clamped.forward(inf, inf)), bits(clamped.forward(seven, seven)));
        assert_eq!(clamped.derivatives(inf, -inf), [zero, zero]);
        assert_eq!(clamped.forward(-inf, inf), zero);
    });
}

#[test]
fn special_numbers_follow_the_contract() {
    special_numbers::<f32>();
    special_numbers::<f64>();
}

/// Products whose factors leave the range, though they do not.
#[test]
fn nothing_overflows_early() {
    fn check<T: Number>(huge: T) {
        at_every_level(|level| {
            let close = |a: T, b: f64| (a.into_f64() / b - 1.0).abs() <= 8.0 * T::unit();
            // s(-50) = e^-50 but for e^-100 of it.
            let tail = (-50.0_f64).exp();
            let y = SwiGlu::default().forward(T::from_f64_rounded(-50.0), huge);
            assert!(close(y, -50.0 * tail * huge.into_f64()), "{y} at {level:?}");
            let (mut d_gate, mut d_up) = ([T::zero()], [T::zero()]);
            // swish' is 1.0998 at 2.4: the slope of huge is more than the largest number, and half of that less.
            SwiGlu::default().backward_slice(
                &[T::from_f64_rounded(2.4)],
                &[T::max_value()],
                &[T::from_f64_rounded(0.5)],
                &mut d_gate,
                &mut d_up,
            );
            let slope = Swish::SILU.derivative(T::from_f64_rounded(2.4)).into_f64();
            assert!(
                slope > 1.09 && close(d_gate[0], slope / 2.0 * T::max_value().into_f64()),
                "{d_gate:?} at {level:?}"
            );
            // A closed gate, with an up and a dy whose product is infinite.
            ReGlu.backward_slice(&[-T::one()], &[huge], &[huge], &mut d_gate, &mut d_up);
            assert!(d_gate[0] == T::zero() && d_up[0] == T::zero(), "{d_gate:?} {d_up:?} at {level:?}");
        });
    }
    check(1e38_f32);
    check(1e308_f64);
}

/// PyTorch's clamp passes the gradient on at its ends, and nothing beyond.
#[test]
fn the_slopes_at_the_limits_are_those_inside() {
    at_every_level(|_| {
        let (unit, inner) = (
            ClampedSwiGlu { alpha: 1.0, limit: 7.0, bias: 1.0 },
            ClampedSwiGlu { alpha: 1.0, limit: 100.0, bias: 1.0 },
        );
        for (gate, up) in [(7.0, 7.0), (7.0, -7.0), (-7.0, 2.0), (-50.0, 2.0), (7.0_f32.down(), -7.0)] {
            let cut = all_bits(&unit.derivatives(gate, up));
            assert_eq!(cut, all_bits(&GatedUnit::<f32>::derivatives(&inner, gate, up)), "{gate}, {up}");
        }
        for (gate, up, kept) in
            [(7.0_f32.up(), 2.0, [false, true]), (2.0, 7.0_f32.up(), [true, false]), (2.0, -9.0, [true, false])]
        {
            assert_eq!(unit.derivatives(gate, up).map(|d| d != 0.0), kept, "{gate}, {up}");
        }
    });
}

/// Four gates and ups, typed from the documentation's formulas.
#[test]
fn units_have_the_values_of_their_formulas() {
    let _fixed = fix_level();
    let s = |x: f64| 1.0 / (1.0 + (-x).exp());
    for (gate, up) in [(-1.5, 2.0), (0.25, -3.0), (4.0, 0.5), (9.0, 8.0)] {
        let values: [(&dyn GatedUnit<f64>, f64); 5] = [
            (&Glu, s(gate) * up),
            (&SwiGlu { beta: 1.5 }, gate * s(1.5 * gate) * up),
            (&ReGlu, gate.max(0.0) * up),
            (&Bilinear, gate * up),
            (
                &ClampedSwiGlu { alpha: 1.702, limit: 7.0, bias: 1.0 },
                (up.min(7.0) + 1.0) * gate.min(7.0) * s(1.702 * gate.min(7.0)),
            ),
        ];
        for (unit, value) in values {
            approx::assert_relative_eq!(unit.forward(gate, up), value, max_relative = 1e-15);
        }
    }
}

#[test]
fn slices_that_do_not_fit_are_refused() {
    let _fixed = fix_level();
    let unit: &dyn GatedUnit<f32> = &Glu;
    let x = [0.5_f32; 12];
    let (mut four, mut five, mut six, mut twelve) = ([7.0; 4], [7.0; 5], [7.0; 6], [7.0; 12]);
    let (first, odd) = (GluLayout::GateFirst { row: 4 }, GluLayout::GateSecond { row: 3 });
    let calls = [
        (panic_message(|| unit.forward_slice(&x[..6], &x[..5], &mut six)), vec![6, 5]),
        (panic_message(|| unit.forward_slice(&x[..6], &x[..6], &mut five)), vec![6, 5]),
        (panic_message(|| unit.forward_in_place(&mut six, &x[..5])), vec![6, 5]),
        (panic_message(|| unit.backward_slice(&x[..6], &x[..6], &x[..5], &mut six, &mut twelve[..6])), vec![6, 5]),
        (panic_message(|| unit.backward_slice(&x[..6], &x[..6], &x[..6], &mut six, &mut five)), vec![6, 5]),
        (panic_message(|| unit.backward_slice(&x[..5], &x[..5], &x[..5], &mut six, &mut five)), vec![6, 5]),
        (panic_message(|| unit.backward_in_place(&mut six, &mut five, &x[..6])), vec![6, 5]),
        (panic_message(|| unit.backward_in_place(&mut five, &mut six[..5], &x[..4])), vec![5, 4]),
        (panic_message(|| unit.forward_packed(&x, first, &mut five)), vec![12, 6, 5]),
        (panic_message(|| unit.forward_packed(&x, GluLayout::Interleaved, &mut five)), vec![12, 6, 5]),
        (panic_message(|| unit.forward_packed(&x[..11], GluLayout::Interleaved, &mut five)), vec![11, 2]),
        (panic_message(|| unit.forward_packed(&x[..10], first, &mut five)), vec![10, 4]),
        (panic_message(|| unit.forward_packed(&x, odd, &mut six)), vec![3]),
        (panic_message(|| unit.forward_packed(&x, GluLayout::GateFirst { row: 0 }, &mut six)), vec![12, 0]),
        (panic_message(|| unit.backward_packed(&x, first, &x[..5], &mut twelve)), vec![12, 6, 5]),
        (panic_message(|| unit.backward_packed(&x, first, &x[..6], &mut six)), vec![12, 6]),
        (panic_message(|| unit.backward_packed_in_place(&mut twelve, first, &x[..4])), vec![12, 6, 4]),
        (panic_message(|| unit.backward_packed_in_place(&mut four, odd, &x[..2])), vec![3]),
    ];
    for (message, lengths) in calls {
        assert!(lengths.iter().all(|len: &i32| message.contains(&len.to_string())), "{message}");
    }
    for slice in [&four[..], &five, &six, &twelve] {
        assert!(slice.iter().all(|x| *x == 7.0), "nothing is written");
    }
    for beta in [0.0, f64::NAN, f64::INFINITY] {
        assert_eq!(SwiGlu::new(beta).unwrap_err().parameter, "beta");
        assert_eq!(ClampedSwiGlu::new(beta, 7.0, 1.0).unwrap_err().parameter, "alpha");
    }
    for limit in [0.0, -7.0, f64::NAN] {
        assert_eq!(ClampedSwiGlu::new(1.702, limit, 1.0).unwrap_err().parameter, "limit");
    }
    assert_eq!(ClampedSwiGlu::new(1.702, f64::INFINITY, 1.0).map(|unit| unit.alpha), Ok(1.702));
    assert_eq!(SwiGlu::new(-2.0), Ok(SwiGlu { beta: -2.0 }));
}

proptest! {
    #![proptest_config(proptest_config(1000))]

    #[test]
    fn gradients_are_finite_differences(pairs in prop::collection::vec((-6.0..6.0, -6.0..6.0, -2.0..2.0), 1..40)) {
        let _fixed = fix_level();
        let column = |k: usize| -> Vec<f64> { pairs.iter().map(|pair| [pair.0, pair.1, pair.2][k]).collect() };
        let [gate, up, dy] = [0, 1, 2].map(column);
        for unit in each_unit::<f64>() {
            let [_, d_gate, d_up] = unit.outputs(&gate, &up, &dy);
            for i in 0..gate.len() {
                // The kink of the rectifier is no place for differences.
                if gate[i].abs() <= H && unit.name == "re_glu" {
                    continue;
                }
                let f = |gate: f64, up: f64| unit.unit.forward(gate, up);
                let in_gate = (f(gate[i] + H, up[i]) - f(gate[i] - H, up[i])) / (2.0 * H);
                let in_up = (f(gate[i], up[i] + H) - f(gate[i], up[i] - H)) / (2.0 * H);
                // Values reach 42, off by 5.5 ulp; third derivatives are up to 7 times those of an activation, which stay
                // below 2.5 (those of swish(1.5 x) and of gelu are the largest); dy is below 2.
                let allowed = 2.0 * tolerance(8.0 * f64::EPSILON * 42.0) * 20.0;
                prop_assert!((d_gate[i] - dy[i] * in_gate).abs() <= allowed, "{} of {} {}", unit.name, gate[i], up[i]);
                prop_assert!((d_up[i] - dy[i] * in_up).abs() <= allowed, "{} of {} {}", unit.name, gate[i], up[i]);
            }
        }
    }

    /// A unit is linear in up: exactly, for powers of two, where nothing is subnormal.
    #[test]
    fn units_are_linear_in_up(gate in -9.0..20.0_f32, up in -9.0..9.0_f32, exponent in -8..8) {
        let _fixed = fix_level();
        let factor = 2f32.powi(exponent);
        for unit in each_unit::<f32>().filter(|unit| !unit.name.starts_with("clamped_")) {
            prop_assert_eq!(unit.unit.forward(gate, up * factor), unit.unit.forward(gate, up) * factor, "{}", unit.name);
        }
    }
}

/// Narrow numbers to any type, so that a test reads the same for all.
#[test]
fn one_row_is_what_its_halves_are() {
    fn check<T: Element>() {
        let x: Vec<T> = narrow(&[1.0, -2.0, 3.0, 0.5, 0.25, -1.0]);
        let mut y = [T::zero(); 3];
        Bilinear.forward_packed(&x, GluLayout::GateSecond { row: 6 }, &mut y);
        assert_eq!(all_bits(&y), all_bits(&narrow::<T>(&[0.5, -0.5, -3.0])));
        ReGlu.forward_packed(&x, GluLayout::GateFirst { row: 2 }, &mut y);
        assert_eq!(all_bits(&y), all_bits(&narrow::<T>(&[-2.0, 1.5, -0.25])));
        ReGlu.forward_packed(&x, GluLayout::GateSecond { row: 2 }, &mut y);
        assert_eq!(all_bits(&y), all_bits(&narrow::<T>(&[0.0, 1.5, 0.0])));
    }
    let _fixed = fix_level();
    check::<f32>();
    check::<f64>();
    check::<f16>();
    check::<bf16>();
}
