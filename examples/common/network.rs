//! A network of two layers, and how it learns. Matrix products are ndarray's; activation and loss are methods that the crate
//! gives its arrays, forward and backward.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, ArrayView2, Axis};
use rand::{Rng, RngExt};
use slopes::activation::Activation;
use slopes::ndarray::ActivationExt;

use crate::data::Set;
use crate::task::{Score, Task};

const MOMENTUM: f32 = 0.9;
const WEIGHT_DECAY: f32 = 5e-4;

/// inputs -> hidden -> activation -> logits.
pub struct Network {
    task: Task,
    hidden: Linear,
    activation: &'static dyn Activation<f32>,
    output: Linear,
}

impl Network {
    pub fn new(
        task: Task,
        inputs: usize,
        hidden: usize,
        activation: &'static dyn Activation<f32>,
        rng: &mut impl Rng,
    ) -> Network {
        let (hidden, output) = (Linear::new(inputs, hidden, rng), Linear::new(hidden, task.logits(), rng));
        Network { task, hidden, activation, output }
    }

    /// One step of stochastic gradient descent on a mini-batch; its score is that before the step.
    pub fn train(&mut self, batch: &Set, learning_rate: f32) -> Score {
        let before = self.hidden.forward(batch.images.view());
        let hidden = before.activated(self.activation);
        let logits = self.output.forward(hidden.view());

        let (score, d_logits) = self.task.score_with_gradient(&logits, &batch.labels);
        let mut d_hidden = d_logits.dot(&self.output.weights.t());
        d_hidden.backward_inplace(self.activation, &before);

        self.output.step(hidden.view(), d_logits.view(), learning_rate);
        self.hidden.step(batch.images.view(), d_hidden.view(), learning_rate);
        score
    }

    pub fn score(&self, set: &Set) -> Score {
        let mut hidden = self.hidden.forward(set.images.view());
        hidden.activate_inplace(self.activation);
        self.task.score(&self.output.forward(hidden.view()), &set.labels)
    }
}

/// A linear layer, and the momentum of its weights and bias.
struct Linear {
    weights: Array2<f32>,
    bias: Array1<f32>,
    weights_velocity: Array2<f32>,
    bias_velocity: Array1<f32>,
}

impl Linear {
    /// Weights of He et al. (arXiv:1502.01852): uniform, with variance 2 / inputs.
    fn new(inputs: usize, outputs: usize, rng: &mut impl Rng) -> Linear {
        let limit = (6.0 / inputs as f32).sqrt();
        Linear {
            weights: Array2::from_shape_simple_fn((inputs, outputs), || rng.random_range(-limit..=limit)),
            bias: Array1::zeros(outputs),
            weights_velocity: Array2::zeros((inputs, outputs)),
            bias_velocity: Array1::zeros(outputs),
        }
    }

    fn forward(&self, inputs: ArrayView2<f32>) -> Array2<f32> {
        inputs.dot(&self.weights) + &self.bias
    }

    fn step(&mut self, inputs: ArrayView2<f32>, d_outputs: ArrayView2<f32>, learning_rate: f32) {
        general_mat_mul(1.0, &inputs.t(), &d_outputs, MOMENTUM, &mut self.weights_velocity);
        self.weights_velocity.scaled_add(WEIGHT_DECAY, &self.weights);
        self.weights.scaled_add(-learning_rate, &self.weights_velocity);

        self.bias_velocity *= MOMENTUM;
        self.bias_velocity += &d_outputs.sum_axis(Axis(0));
        self.bias.scaled_add(-learning_rate, &self.bias_velocity);
    }
}
