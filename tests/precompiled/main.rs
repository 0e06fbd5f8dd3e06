//! One call of every kind, as a program of a user makes it, generic over the element type where the crate is.
//! `.ci/precompiled` compiles this program unoptimised and looks at what is compiled of it: no kernel.

use std::hint::black_box;

use half::{bf16, f16};
use ndarray::{Array2, Axis, arr1};
use slopes::Element;
use slopes::activation::{
    self, Activation, AnyActivation, FromOutput, GatedUnit, Gelu, GluLayout, GumbelSoftmax, Hardmax, Learnable,
    LogSoftmax, LogSumExp, Mask, Maxout, MaxoutLayer, PRelu, PReluChannels, RRelu, RadialBasis, Repeat, RowActivation,
    Rows, Sigmoid, SinkSoftmax, Softmax, Softmin, Sparsemax, SwiGlu, Tanh,
};
use slopes::loss::{
    self, AnyLoss, CategoricalCrossEntropy, CategoricalFocal, CategoricalHinge, Contrastive, CosineEmbedding,
    CosineSimilarity, Dice, ElasticNet, GaussianNll, Huber, L1, L2, Loss, MarginRanking, Mse, MultiMargin,
    NegativeLogLikelihood, Penalty, RowLoss, SoftmaxCrossEntropy, Targets, Triplet, Tversky, Weighted,
};

use slopes::ndarray::{ActivationExt, LossExt, RowActivationExt, RowLossExt};

type Fallible = Result<(), Box<dyn std::error::Error>>;

const N: usize = 12;
const CLASSES: usize = 3;

fn numbers<T: Element>(scale: f64) -> Vec<T> {
    (0..N).map(|i| T::from_f64_rounded((i as f64 * 0.37).sin().abs() * scale)).collect()
}

fn activations<T: Element>() -> Fallible {
    let (x, dy) = (numbers::<T>(1.0), numbers::<T>(2.0));
    let (mut y, mut d) = (x.clone(), x.clone());
    let chosen: AnyActivation = "leaky_relu(slope=0.2)".parse()?;
    let functions: [&dyn Activation<T>; 4] = [&Sigmoid, &Gelu, activation::by_name("mish")?, &chosen];
    for f in functions {
        black_box((f.forward(x[0]), f.derivative(x[0]), f.second_derivative(x[0])));
        f.forward_slice(&x, &mut y);
        f.forward_in_place(&mut y);
        f.derivative_slice(&x, &mut d);
        f.second_derivative_slice(&x, &mut d);
        f.backward_slice(&x, &dy, &mut d);
        f.backward_in_place(&x, &mut d);
        f.forward_with_derivative(&x, &mut y, &mut d);
    }
    for f in activation::all::<T>() {
        f.forward_slice(&x, &mut y);
    }
    Gelu.forward_slice(&x, &mut y);
    black_box(Gelu.forward(x[0]));
    black_box(Tanh.derivative_from_output(y[0]));
    Tanh.derivative_slice_from_output(&y, &mut d);
    Tanh.backward_from_output(&y, &dy, &mut d);
    Tanh.backward_from_output_in_place(&y, &mut d);
    black_box((PRelu::DEFAULT.parameter_derivative(x[0]), PRelu::DEFAULT.parameter_gradient(&x, &dy)));
    PRelu::DEFAULT.parameter_derivative_slice(&x, &mut d);

    let channels = PReluChannels::new(&dy[..CLASSES], 1);
    channels.forward(&x, &mut y);
    channels.backward(&x, &dy, &mut d);
    channels.parameter_gradient(&x, &dy, &mut d[..CLASSES]);
    RRelu::DEFAULT.training(1).forward_slice(&x, &mut y, 0);
    RRelu::DEFAULT.training(1).backward_slice(&x, &dy, &mut d, 0);

    let (unit, half) = (SwiGlu::default(), N / 2);
    let (gate, up) = x.split_at(half);
    black_box((unit.forward(x[0], x[1]), unit.derivatives(x[0], x[1])));
    unit.forward_slice(gate, up, &mut y[..half]);
    unit.forward_in_place(&mut y[..half], up);
    let (d_gate, d_up) = d.split_at_mut(half);
    unit.backward_slice(gate, up, &dy[..half], d_gate, d_up);
    unit.backward_in_place(d_gate, d_up, &dy[..half]);
    for layout in [GluLayout::GateFirst { row: 4 }, GluLayout::Interleaved] {
        unit.forward_packed(&x, layout, &mut y[..half]);
        unit.backward_packed(&x, layout, &dy[..half], &mut d);
        unit.backward_packed_in_place(&mut d, layout, &dy[..half]);
    }
    Ok(())
}

fn rows<T: Element>() -> Fallible {
    let (x, dy) = (numbers::<T>(1.0), numbers::<T>(2.0));
    let (mut y, mut d) = (x.clone(), x.clone());
    let rows = Rows::contiguous(CLASSES);
    let functions: [&dyn RowActivation<T>; 5] =
        [&Softmax::DEFAULT, &Softmin::DEFAULT, &LogSoftmax::DEFAULT, &Sparsemax, &Hardmax];
    for f in functions {
        f.forward(&x, rows, &mut y);
        f.forward_in_place(&mut y, rows);
        f.backward(&x, &dy, rows, &mut d);
        f.backward_from_output(&y, &dy, rows, &mut d);
    }
    Softmax::DEFAULT.forward_masked(&x, Mask::new().with_boolean(&[true; CLASSES], Repeat::Whole), rows, &mut y);
    let sinks = SinkSoftmax::new(1);
    sinks.forward_with_sink_shares(&x, Mask::new(), &dy[..1], rows, &mut y, &mut d[..N / CLASSES]);
    sinks.sink_gradient(&y, &x[..N / CLASSES], &dy, rows, &mut d[..1]);
    Softmax::DEFAULT.jacobian(&x[..3], &mut d[..9]);
    LogSumExp.forward(&x, rows, &mut y[..N / CLASSES]);
    LogSumExp.backward(&x, &dy[..N / CLASSES], rows, &mut d);
    let gumbel = GumbelSoftmax::new(1);
    gumbel.forward(&x, rows, &mut y, 0);
    gumbel.backward(&x, &dy, rows, &mut d, 0);
    let basis = RadialBasis::new(1.0)?;
    let (centres, outputs) = (&dy[..CLASSES], N / CLASSES);
    basis.forward(&x, centres, rows, &mut y[..outputs]);
    basis.backward(&x, centres, rows, &y[..outputs], &dy[..outputs], &mut d);
    basis.backward_centres(&x, centres, rows, &y[..outputs], &dy[..outputs], &mut d[..CLASSES]);
    black_box(basis.backward_sigma(&x, centres, rows, &y[..outputs], &dy[..outputs]));
    let (maxout, mut indices) = (Maxout { pieces: CLASSES }, [0; N / CLASSES]);
    maxout.forward(&x, &mut y[..outputs]);
    maxout.forward_with_indices(&x, &mut y[..outputs], &mut indices);
    maxout.backward(&x, &dy[..outputs], &mut d);
    maxout.backward_from_indices(&indices, &dy[..outputs], &mut d);
    let (layer, mut indices) = (MaxoutLayer::new(&dy[..2], &dy[..2], 2), [0; N]);
    layer.forward(&x, &mut y, &mut indices);
    layer.backward(&indices, &dy, &mut d);
    layer.backward_parameters(&x, &indices, &dy, &mut d[..2], &mut y[..2]);
    Ok(())
}

fn arrays<T: Element>() -> Fallible {
    let mut x = Array2::from_shape_vec((N / CLASSES, CLASSES), numbers::<T>(1.0))?;
    let (dy, axis, labels) = (x.t().to_owned(), Axis(1), arr1(&[0, 1, 2, 0]));
    black_box((x.activated(&Gelu), x.derivative(&Gelu), dy.t().backward(&Gelu, &x)));
    x.activate_inplace(&"mish".parse::<AnyActivation>()?);
    black_box((x.softmax(axis), x.log_sum_exp(axis), dy.t().backward_axis(axis, &Softmax::new(), &x)));
    black_box((x.losses(&Mse, &dy.t()), x.mean_loss_with_gradient(&Mse, &dy.t())));
    black_box(x.mean_loss_axis_with_gradient(axis, &SoftmaxCrossEntropy::new(), &labels)?);
    Ok(())
}

fn losses<T: Element>() -> Fallible {
    let (p, t, w) = (numbers::<T>(0.9), numbers::<T>(1.0), numbers::<T>(2.0));
    let (mut g, mut h) = (p.clone(), p.clone());
    let chosen: AnyLoss = "pinball(tau=0.9)".parse()?;
    let functions: [&dyn Loss<T>; 4] = [&Mse, &Huber::DEFAULT, loss::by_name("bce")?, &chosen];
    for loss in functions {
        black_box((loss.forward(p[0], t[0]), loss.derivative(p[0], t[0]), loss.second_derivative(p[0], t[0])));
        black_box((loss.hessian_bound(p[0], t[0]), loss.sum(&p, &t), loss.mean(&p, &t)));
        loss.forward_slice(&p, &t, &mut g);
        loss.gradient(&p, &t, 1.0, &mut g);
        black_box(loss.sum_with_gradient(&p, &t, 1.0, &mut g));
        loss.gradient_with_hessian_bound(&p, &t, 1.0, &mut g, &mut h);
        black_box(loss.initial_score(&t, Some(&[2.0; N])));
    }
    for loss in loss::all::<T>() {
        black_box(loss.mean(&p, &t));
    }
    let penalties: [&dyn Penalty<T>; 3] = [&L1::default(), &L2::default(), &ElasticNet::default()];
    for penalty in penalties {
        black_box(penalty.value(&w));
        penalty.add_gradient(&w, &mut g);
    }
    let nll = GaussianNll::default();
    nll.forward_slice(&p, &t, &w, &mut g);
    black_box((nll.mean(&p, &t, &w), MarginRanking::default().sum(&p, &t, &w)));
    nll.gradients(&p, &t, &w, 1.0, [&mut g, &mut h]);
    black_box(nll.sum_with_gradients(&p, &t, &w, 1.0, [&mut g, &mut h]));

    let (rows, labels) = (Rows::contiguous(CLASSES), [0, 1, 2, 0]);
    let label = 1.0;
    let by_label: [&dyn RowLoss<T>; 6] = [
        &SoftmaxCrossEntropy::default(),
        &CategoricalFocal::default(),
        &CategoricalCrossEntropy::default(),
        &NegativeLogLikelihood::default(),
        &MultiMargin::default(),
        &CategoricalHinge,
    ];
    let by_probability: [&dyn RowLoss<T>; 2] = [&Dice::default(), &Tversky::default()];
    let targets = by_label.map(|loss| (loss, Targets::labels(&labels)));
    for (loss, target) in targets.into_iter().chain(by_probability.map(|loss| (loss, Targets::Probabilities(&t)))) {
        loss.forward(&p, target, rows, &mut g[..N / CLASSES])?;
        black_box((loss.mean(&p, target, rows)?, loss.total_weight(target, rows)?));
        black_box(loss.sum_with_gradient(&p, target, rows, label, &mut g)?);
        loss.gradient_with_hessian_bound(&p, target, rows, label, &mut g, &mut h)?;
    }
    let signs = [T::one(); N / CLASSES];
    black_box(CosineSimilarity.sum_with_gradients(&p, &t, rows, label, [Some(&mut g), None]));
    black_box(CosineEmbedding::default().mean(&p, &t, &signs, rows));
    black_box(Contrastive::default().sum_with_gradients(&p, &t, &signs, rows, label, [Some(&mut g), None]));
    black_box(Triplet::default().sum_with_gradients(&p, &t, &w, rows, label, [Some(&mut g), None, None]));
    Ok(())
}

/// Of a type that is computed in: weights take a loss of it.
fn weighted<T: Element<Real = T>>() -> Fallible {
    let (p, t) = (numbers::<T>(0.9), numbers::<T>(1.0));
    let mut g = p.clone();
    let loss = Weighted::new(loss::by_name::<T>("huber")?, &[2.0; N]);
    black_box((loss.mean(&p, &t), loss.sum_with_gradient(&p, &t, 1.0, &mut g)));
    Ok(())
}

#[test]
fn calls_of_every_kind_succeed() -> Fallible {
    activations::<f32>()?;
    activations::<f64>()?;
    activations::<f16>()?;
    activations::<bf16>()?;
    rows::<f32>()?;
    rows::<f64>()?;
    rows::<f16>()?;
    rows::<bf16>()?;
    arrays::<f32>()?;
    arrays::<f64>()?;
    arrays::<f16>()?;
    arrays::<bf16>()?;
    losses::<f32>()?;
    losses::<f64>()?;
    losses::<f16>()?;
    losses::<bf16>()?;
    weighted::<f32>()?;
    weighted::<f64>()
}
