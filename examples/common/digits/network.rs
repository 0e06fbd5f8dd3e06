//! A network of dense layers, and how it learns. Matrix products are ndarray's; activation and loss are methods that
//! the crate gives its arrays, forward and backward.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, Axis};
use rand::{Rng, RngExt};
use slopes::activation::{AnyActivation, RRelu, gain};
use slopes::ndarray::ActivationExt;

use super::Set;
use super::task::{Score, Task};

const MOMENTUM: f32 = 0.9;
const WEIGHT_DECAY: f32 = 5e-4;

const IN_ORDER: &str = "the array is made by product or Linear::forward";

/// d W^T, row after row in memory, by which random slopes are drawn: `dot` may choose another order.
fn product(d: &Array2<f32>, weights: &Array2<f32>) -> Array2<f32> {
    let mut result = Array2::zeros((d.nrows(), weights.nrows()));
    general_mat_mul(1.0, d, &weights.t(), 0.0, &mut result);
    result
}

/// What hidden units compute.
#[derive(Clone, Copy)]
pub enum Unit {
    Fixed(AnyActivation),
    /// In training every number draws a slope of its own; in evaluation it has the mean slope.
    Random(RRelu),
}

impl Unit {
    pub fn gain(&self) -> f64 {
        match self {
            Unit::Fixed(f) => gain(f),
            Unit::Random(f) => f.training(0).gain(),
        }
    }

    /// The values in training. Another seed draws other slopes.
    fn forward(&self, x: &Array2<f32>, seed: u64) -> Array2<f32> {
        match self {
            Unit::Fixed(f) => x.activated(f),
            Unit::Random(f) => {
                let mut y = x.clone();
                f.training(seed).forward_in_place(y.as_slice_mut().expect(IN_ORDER), 0);
                y
            }
        }
    }

    /// The gradient in training: dy becomes dx. The slopes are those of the same seed.
    fn backward_inplace(&self, x: &Array2<f32>, dy: &mut Array2<f32>, seed: u64) {
        match self {
            Unit::Fixed(f) => dy.backward_inplace(f, x),
            Unit::Random(f) => {
                let (x, dy) = (x.as_slice().expect(IN_ORDER), dy.as_slice_mut().expect(IN_ORDER));
                f.training(seed).backward_in_place(x, dy, 0);
            }
        }
    }

    fn evaluate(&self, x: &mut Array2<f32>) {
        match self {
            Unit::Fixed(f) => x.activate_inplace(f),
            Unit::Random(f) => x.activate_inplace(f),
        }
    }
}

/// inputs -> (linear -> activation) for each hidden layer -> linear -> logits.
pub struct Network {
    task: Task,
    layers: Vec<Linear>,
    unit: Unit,
    residual: bool,
    steps: u64,
}

impl Network {
    /// A network with such widths, from the inputs to the last hidden layer.
    pub fn new(
        task: Task,
        widths: &[usize],
        unit: Unit,
        deviation: impl Fn(usize) -> f64,
        rng: &mut impl Rng,
    ) -> Network {
        let outputs = widths[1..].iter().copied().chain([task.logits()]);
        let layers = widths.iter().zip(outputs);
        let layers = layers.map(|(&inputs, outputs)| Linear::new(inputs, outputs, deviation(inputs), rng)).collect();
        Network { task, layers, unit, residual: false, steps: 0 }
    }

    /// With the input of a hidden layer added to its output, where they have the same width.
    pub fn with_residual(self, residual: bool) -> Network {
        Network { residual, ..self }
    }

    pub fn layers(&self) -> &[Linear] {
        &self.layers
    }

    pub fn layers_mut(&mut self) -> &mut [Linear] {
        &mut self.layers
    }

    fn is_around(&self, layer: usize) -> bool {
        self.residual && self.layers[layer].weights.is_square()
    }

    /// How good the network is on some images, and the gradient of the mean loss in each layer.
    pub fn gradients(&self, batch: &Set) -> (Score, Vec<Gradient>) {
        let seed = |layer: usize| self.steps * self.layers.len() as u64 + layer as u64;
        let (last, hidden) = self.layers.split_last().expect("a layer of logits");
        let mut inputs = vec![batch.images.clone()];
        let mut before = Vec::with_capacity(hidden.len());
        for (i, layer) in hidden.iter().enumerate() {
            let z = layer.forward(&inputs[i]);
            let mut y = self.unit.forward(&z, seed(i));
            if self.is_around(i) {
                y += &inputs[i];
            }
            before.push(z);
            inputs.push(y);
        }
        let logits = last.forward(&inputs[hidden.len()]);
        let (score, d_logits) = self.task.score_with_gradient(&logits, &batch.labels);

        let mut d = product(&d_logits, &last.weights);
        let mut gradients = vec![Gradient::new(&inputs[hidden.len()], &d_logits)];
        for (i, layer) in hidden.iter().enumerate().rev() {
            let around = self.is_around(i).then(|| d.clone());
            self.unit.backward_inplace(&before[i], &mut d, seed(i));
            gradients.push(Gradient::new(&inputs[i], &d));
            // The images themselves are not learnt.
            if i > 0 {
                d = product(&d, &layer.weights);
                if let Some(around) = around {
                    d += &around;
                }
            }
        }
        gradients.reverse();
        (score, gradients)
    }

    /// One step of stochastic gradient descent on a mini-batch; its score is that before the step.
    pub fn train(&mut self, batch: &Set, learning_rate: f32) -> Score {
        let (score, gradients) = self.gradients(batch);
        for (layer, gradient) in self.layers.iter_mut().zip(gradients) {
            layer.step(&gradient, learning_rate);
        }
        self.steps += 1;
        score
    }

    pub fn score(&self, set: &Set) -> Score {
        let (last, hidden) = self.layers.split_last().expect("a layer of logits");
        let mut x = set.images.clone();
        for (i, layer) in hidden.iter().enumerate() {
            let mut y = layer.forward(&x);
            self.unit.evaluate(&mut y);
            x = if self.is_around(i) { y + x } else { y };
        }
        self.task.score(&last.forward(&x), &set.labels)
    }
}

/// The gradient of the loss in the weights and biases of a layer.
pub struct Gradient {
    pub weights: Array2<f32>,
    pub bias: Array1<f32>,
}

impl Gradient {
    fn new(inputs: &Array2<f32>, d_outputs: &Array2<f32>) -> Gradient {
        Gradient { weights: inputs.t().dot(d_outputs), bias: d_outputs.sum_axis(Axis(0)) }
    }

    /// The Euclidean norm of that in the weights.
    pub fn norm(&self) -> f64 {
        self.weights.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt()
    }
}

/// A linear layer, and the momentum of its weights and bias.
pub struct Linear {
    pub weights: Array2<f32>,
    pub bias: Array1<f32>,
    weights_velocity: Array2<f32>,
    bias_velocity: Array1<f32>,
}

impl Linear {
    /// Uniform weights with such a standard deviation, and biases of 0.
    pub fn new(inputs: usize, outputs: usize, deviation: f64, rng: &mut impl Rng) -> Linear {
        let limit = (3.0_f64.sqrt() * deviation) as f32;
        Linear {
            weights: Array2::from_shape_simple_fn((inputs, outputs), || rng.random_range(-limit..=limit)),
            bias: Array1::zeros(outputs),
            weights_velocity: Array2::zeros((inputs, outputs)),
            bias_velocity: Array1::zeros(outputs),
        }
    }

    pub fn forward(&self, inputs: &Array2<f32>) -> Array2<f32> {
        let mut outputs = Array2::zeros((inputs.nrows(), self.bias.len()));
        outputs += &self.bias;
        general_mat_mul(1.0, inputs, &self.weights, 1.0, &mut outputs);
        outputs
    }

    fn step(&mut self, gradient: &Gradient, learning_rate: f32) {
        self.weights_velocity *= MOMENTUM;
        self.weights_velocity += &gradient.weights;
        self.weights_velocity.scaled_add(WEIGHT_DECAY, &self.weights);
        self.weights.scaled_add(-learning_rate, &self.weights_velocity);

        self.bias_velocity *= MOMENTUM;
        self.bias_velocity += &gradient.bias;
        self.bias.scaled_add(-learning_rate, &self.bias_velocity);
    }
}
