//! Tables of quantized activations, at all of their inputs.

use slopes::activation::{self, Activation, HardSwish, Identity, Relu, Sigmoid, Tanh};
use slopes::quantized::{Quantization, QuantizedTable, QuantizedTable16};

fn quantization(scale: f64, zero_point: i32) -> Quantization {
    Quantization::new(scale, zero_point).unwrap()
}

/// Value by the definition, with the standard library.
fn exact(name: &str, x: f64) -> f64 {
    match name {
        "sigmoid" => 1.0 / (1.0 + (-x).exp()),
        "tanh" => x.tanh(),
        "relu" => x.max(0.0),
        "hard_swish" => x * (x + 3.0).clamp(0.0, 6.0) / 6.0,
        _ => x,
    }
}

fn functions() -> [(&'static str, &'static dyn Activation<f64>); 5] {
    [("sigmoid", &Sigmoid), ("tanh", &Tanh), ("relu", &Relu), ("hard_swish", &HardSwish), ("identity", &Identity)]
}

#[test]
fn outputs_of_8_bits_are_the_nearest() {
    let outputs = [Quantization::SIGMOID, Quantization::TANH, quantization(0.037, 11), quantization(3.0, -100)];
    for (name, f) in functions() {
        for input in [quantization(1.0 / 16.0, 0), quantization(0.1, -128), quantization(0.0031, 50)] {
            for output in outputs {
                let table = QuantizedTable::new(f, input, output);
                for q in i8::MIN..=i8::MAX {
                    let x = (f64::from(q) - f64::from(input.zero_point())) * input.scale();
                    let steps = exact(name, x) / output.scale() + f64::from(output.zero_point());
                    let steps = steps.clamp(-128.0, 127.0);
                    let error = (f64::from(table.get(q)) - steps).abs();
                    // The standard library is right to some 1e-15 of at most 1e3 steps.
                    assert!(error <= 0.5 + 1e-11, "{name} of {q}, {input:?}, {output:?}: {} for {steps}", table.get(q));
                }
            }
        }
    }
}

#[test]
fn halves_are_rounded_away_from_the_zero_point() {
    let table = QuantizedTable::new(&Identity, quantization(1.0, 0), quantization(2.0, 5));
    assert_eq!([-3, -2, -1, 0, 1, 2, 3].map(|q| table.get(q)), [3, 4, 4, 5, 6, 6, 7]);
    // Just below a half.
    let table = QuantizedTable::new(&Identity, quantization(0.5_f64.next_down(), 0), quantization(1.0, 0));
    assert_eq!([-1, 1].map(|q| table.get(q)), [0, 0]);
}

#[test]
fn outputs_beyond_the_type_are_its_ends() {
    for f in activation::all::<f64>() {
        let (input, output) = (quantization(1e30, 0), quantization(1e-30, 0));
        let table = QuantizedTable::new(*f, input, output);
        for q in [-128_i8, -1, 1, 127] {
            let y = f.forward(input.real(q.into()));
            let wanted = (y / output.scale()).round().clamp(-128.0, 127.0) as i8;
            assert_eq!(table.get(q), wanted, "{} of {q}: {y}", f.spec().name());
        }
    }
    assert_eq!(QuantizedTable::new(&Sigmoid, quantization(1.0, 0), Quantization::SIGMOID).get(127), 127);
}

#[test]
fn outputs_of_16_bits_are_within_their_bound() {
    // The largest second derivatives: 1 / (6 sqrt(3)) and 4 / (3 sqrt(3)).
    let (of_sigmoid, of_tanh) = (1.0 / (6.0 * 3_f64.sqrt()), 4.0 / (3.0 * 3_f64.sqrt()));
    for (name, f, bend) in [("sigmoid", &Sigmoid as &dyn Activation<f64>, of_sigmoid), ("tanh", &Tanh, of_tanh)] {
        for input in [quantization(1.0 / 4096.0, 0), quantization(1.0 / 8192.0, 1000)] {
            let (output, step) = (Quantization::UNIT_16, 128.0 * input.scale());
            let table = QuantizedTable16::new(f, input, output);
            let bound = 1.0 + step * step / 8.0 * bend / output.scale();
            let mut worst = 0.0_f64;
            for q in i16::MIN..=i16::MAX {
                let steps = exact(name, input.real(q.into())) / output.scale();
                worst = worst.max((f64::from(table.get(q)) - steps.min(32767.0)).abs());
            }
            assert!(worst <= bound, "{name}, {input:?}: {worst} of {bound}");
            assert!(worst > 0.4 * bound, "the bound of {name}, {input:?} is loose: {worst} of {bound}");
        }
    }
}

#[test]
fn slices_are_mapped_number_by_number() {
    let (input, all) = (quantization(0.05, 3), Vec::from_iter(i8::MIN..=i8::MAX));
    let table = QuantizedTable::new(&Tanh, input, Quantization::TANH);
    let (mut y, mut in_place) = (vec![0; 256], all.clone());
    table.apply(&all, &mut y);
    table.apply_in_place(&mut in_place);
    assert_eq!((&y[..], &in_place), (&table.outputs()[..], &y));
    assert_eq!(QuantizedTable::from_outputs(*table.outputs()), table);

    let all = Vec::from_iter(i16::MIN..=i16::MAX);
    let table = QuantizedTable16::new(&Tanh, quantization(1e-4, 0), Quantization::UNIT_16);
    let (mut y, mut in_place) = (vec![0; all.len()], all.clone());
    table.apply(&all, &mut y);
    table.apply_in_place(&mut in_place);
    assert!(y == in_place && y.iter().zip(&all).all(|(y, x)| *y == table.get(*x)));
    assert_eq!(QuantizedTable16::from_knots(*table.knots()), table);
    // Knots are met, and an increasing function stays so.
    assert!((0..512).all(|i| table.get((128 * (i as i32 - 256)) as i16) == table.knots()[i]));
    assert!(y.windows(2).all(|pair| pair[0] <= pair[1]));
}

#[test]
#[should_panic(expected = "apply: lengths differ: input has 2, output has 3")]
fn lengths_differ() {
    QuantizedTable::from_outputs([0; 256]).apply(&[1, 2], &mut [0; 3]);
}

#[test]
fn scales_and_zero_points_are_checked() {
    for scale in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e31] {
        assert_eq!(Quantization::new(scale, 0).unwrap_err().parameter, "scale");
    }
    assert_eq!(
        Quantization::new(1.0, 32768).unwrap_err().to_string(),
        "parameter zero_point = 32768 must be from -32768 to 32767"
    );
}
