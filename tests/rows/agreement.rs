//! The same bits, whatever the length, the place in memory and the registers.

use crate::common::outputs::{CLASSES, Inputs, Outputs, outputs_are_fixed};
use crate::common::{GUARD, LENGTHS, Number, OFFSETS, Random, at_every_level, bits};
use slopes::activation::{
    Bilinear, ClampedSwiGlu, GatedUnit, GeGlu, GeGluTanh, Glu, GumbelSoftmax, LogSoftmax, LogSumExp, Mask, MaxoutLayer,
    RadialBasis, ReGlu, RowActivation, Rows, SinkSoftmax, Softmax, Softmin, Sparsemax, SwiGlu,
};

/// A row gives the same bits alone, among others, in place and out of place, wherever it begins.
pub fn rows_agree<T: Number>() {
    let mut random = Random(3);
    let source: Vec<T> =
        (0..4 * LENGTHS).map(|i| if i % 7 == 3 { T::neg_infinity() } else { random.uniform(-9.0..=9.0) }).collect();
    let dy: Vec<T> = source.iter().map(|_| random.uniform(-2.0..=2.0)).collect();
    let kinds: [(_, &dyn RowActivation<T>); 2] =
        [("softmax", &Softmax::default()), ("log_softmax", &LogSoftmax::default())];
    let same = |a: &[T], b: &[T]| a.iter().map(|x| bits(*x)).eq(b.iter().map(|x| bits(*x)));
    at_every_level(|level| {
        for (name, f) in kinds {
            for len in 1..LENGTHS {
                let rows = Rows::contiguous(len);
                let (from, count) = (len % OFFSETS, 3 * len);
                let (x, dy) = (&source[from..from + count], &dy[from..from + count]);
                let untouched = T::from_f64_rounded(-1234.5);
                let (mut y, mut dx) = (vec![untouched; count + GUARD], vec![untouched; count + GUARD]);
                f.forward(x, rows, &mut y[..count]);
                f.backward(x, dy, rows, &mut dx[..count]);
                assert!(y[count..].iter().chain(&dx[count..]).all(|x| *x == untouched), "{name} wrote outside");
                let place = format!("{name} {} of rows of {len} at {level:?}", T::NAME);

                let mut in_place = x.to_vec();
                f.forward_in_place(&mut in_place, rows);
                assert!(same(&in_place, &y[..count]), "{place}, in place");
                // The second row, at another alignment.
                let (mut alone, row) = (vec![untouched; len + 1], len..2 * len);
                f.forward(&x[row.clone()], rows, &mut alone[1..]);
                assert!(same(&alone[1..], &y[row.clone()]), "{place}, alone");
                f.backward(&x[row.clone()], &dy[row.clone()], rows, &mut alone[1..]);
                assert!(same(&alone[1..], &dx[row]), "{place}, alone, backward");
            }
        }
    });
}

#[test]
fn rows_agree_in_both_types() {
    rows_agree::<f32>();
    rows_agree::<f64>();
}

/// What every function makes of fixed inputs.
pub fn outputs<T: Number>() -> Outputs<T> {
    let Inputs { x, shares, likely, logits: z } = Inputs::new();
    let mut all = Outputs::new();
    let dy = &shares[..z.len()];
    let rows = Rows::contiguous(CLASSES);
    let mut output = vec![T::zero(); z.len()];
    let cool = Softmax::new().with_temperature(3.0).unwrap();
    let kinds: [(_, &dyn RowActivation<T>); 5] = [
        ("softmax", &Softmax::DEFAULT),
        ("log_softmax", &LogSoftmax::DEFAULT),
        ("softmin", &Softmin::DEFAULT),
        ("softmax(temperature=3)", &cool),
        ("sparsemax", &Sparsemax),
    ];
    for (name, f) in kinds {
        f.forward(&z, rows, &mut output);
        all.add(name, "forward", output.clone());
        f.backward(&z, dy, rows, &mut output);
        all.add(name, "backward", output.clone());
        let columns = Rows::along(&[z.len() / CLASSES, CLASSES], 0);
        f.forward(&z, columns, &mut output);
        let y = output.clone();
        f.backward_from_output(&y, dy, columns, &mut output);
        all.add(name, "columns", y);
        all.add(name, "columns backward", output.clone());
    }
    GumbelSoftmax::new(3).with_temperature(0.5).unwrap().forward(&z, rows, &mut output, 1);
    all.add("gumbel_softmax", "forward", output);
    let sinks: Vec<T> = (0..z.len() / CLASSES).map(|i| T::from_f64_rounded((i % 9) as f64 - 4.0)).collect();
    let (softmax, mut of_sinks) = (SinkSoftmax::new(1), sinks.clone());
    let mut output = vec![T::zero(); z.len()];
    softmax.forward_with_sink_shares(&z, Mask::new(), &sinks, rows, &mut output, &mut of_sinks);
    all.add("sink_softmax", "forward", output.clone());
    all.add("sink_softmax", "shares", of_sinks.clone());
    let mut gradient = sinks;
    softmax.sink_gradient(&output, &of_sinks, dy, rows, &mut gradient);
    all.add("sink_softmax", "gradient", gradient);
    let mut logarithms = vec![T::zero(); z.len() / CLASSES];
    LogSumExp.forward(&z, rows, &mut logarithms);
    all.add("log_sum_exp", "forward", logarithms.clone());
    LogSumExp.backward(&z, &logarithms, rows, &mut output);
    all.add("log_sum_exp", "backward", output);
    radial(&likely, &shares, &mut all);
    units(&x, &likely, &shares, &mut all);
    all
}

/// What radial basis functions of 8 centres make of rows of 32 numbers.
fn radial<T: Number>(x: &[T], dy: &[T], all: &mut Outputs<T>) {
    let (basis, rows, centres, x) = (RadialBasis::new(50.0).unwrap(), Rows::contiguous(32), &x[..256], &x[256..4352]);
    let (mut y, mut dx, mut d_centres) = (dy[..1024].to_vec(), x.to_vec(), centres.to_vec());
    basis.forward(x, centres, rows, &mut y);
    basis.backward(x, centres, rows, &y, &dy[..1024], &mut dx);
    basis.backward_centres(x, centres, rows, &y, &dy[..1024], &mut d_centres);
    let of_sigma = vec![T::from_f64_rounded(basis.backward_sigma(x, centres, rows, &y, &dy[..1024]))];
    let outputs = [("value", y), ("x", dx), ("centres", d_centres), ("sigma", of_sigma)];
    outputs.into_iter().for_each(|(order, output)| all.add("radial_basis", order, output));
}

/// What gated units make of gates, ups and gradients of one length, and a maxout layer of their numbers.
fn units<T: Number>(gate: &[T], up: &[T], dy: &[T], all: &mut Outputs<T>) {
    let gated: [(_, &dyn GatedUnit<T>); 7] = [
        ("glu", &Glu),
        ("swi_glu", &SwiGlu { beta: 1.0 }),
        ("ge_glu", &GeGlu),
        ("ge_glu_tanh", &GeGluTanh),
        ("re_glu", &ReGlu),
        ("bilinear", &Bilinear),
        ("clamped_swi_glu", &ClampedSwiGlu::GPT_OSS),
    ];
    for (name, unit) in gated {
        let (mut y, mut d_gate, mut d_up) = (gate.to_vec(), gate.to_vec(), up.to_vec());
        unit.forward_in_place(&mut y, up);
        unit.backward_in_place(&mut d_gate, &mut d_up, dy);
        all.add(name, "value", y);
        all.add(name, "gate", d_gate);
        all.add(name, "up", d_up);
    }

    // 2 units of 3 pieces of 50 inputs.
    let (weights, biases, x) = (&up[..300], &up[300..306], &up[1000..6000]);
    let layer = MaxoutLayer::new(weights, biases, 3);
    let (mut y, mut indices, mut dx) = (vec![T::zero(); 200], vec![0; 200], x.to_vec());
    layer.forward(x, &mut y, &mut indices);
    layer.backward(&indices, &dy[..200], &mut dx);
    let (mut d_weights, mut d_biases) = (weights.to_vec(), biases.to_vec());
    layer.backward_parameters(x, &indices, &dy[..200], &mut d_weights, &mut d_biases);
    let outputs = [("value", y), ("x", dx), ("weights", d_weights), ("biases", d_biases)];
    outputs.into_iter().for_each(|(order, output)| all.add("maxout_layer", order, output));
}

outputs_are_fixed!("rows", outputs);

#[test]
#[cfg(target_arch = "x86_64")]
fn outputs_stay_in_range_in_other_environments() {
    const SPECIAL: &[&str] = &[];
    crate::common::environment::outputs_stay_in_range(outputs::<f32>, true, SPECIAL);
    crate::common::environment::outputs_stay_in_range(outputs::<f64>, true, SPECIAL);
}
