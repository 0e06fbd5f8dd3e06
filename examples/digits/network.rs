//! A network of two layers, and how it learns. Matrix products are ndarray's; activation and loss are slice methods of
//! the crate, forward and backward.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, ArrayView2, Axis};
use rand::{Rng, RngExt};
use slopes::activation::Activation;

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
        let mut hidden = Array2::zeros(before.raw_dim());
        self.activation.forward_slice(slice(&before), slice_mut(&mut hidden));
        let logits = self.output.forward(hidden.view());

        let mut d_logits = Array2::zeros(logits.raw_dim());
        let score = self.task.score_with_gradient(slice(&logits), &batch.labels, slice_mut(&mut d_logits));
        let mut d_hidden = product(d_logits.view(), self.output.weights.t());
        self.activation.backward_in_place(slice(&before), slice_mut(&mut d_hidden));

        self.output.step(hidden.view(), d_logits.view(), learning_rate);
        self.hidden.step(batch.images.view(), d_hidden.view(), learning_rate);
        score
    }

    pub fn score(&self, set: &Set) -> Score {
        let mut hidden = self.hidden.forward(set.images.view());
        self.activation.forward_in_place(slice_mut(&mut hidden));
        self.task.score(slice(&self.output.forward(hidden.view())), &set.labels)
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
        product(inputs, self.weights.view()) + &self.bias
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

/// The matrix product, row after row in memory, which `dot` does not promise.
fn product(a: ArrayView2<f32>, b: ArrayView2<f32>) -> Array2<f32> {
    let mut product = Array2::zeros((a.nrows(), b.ncols()));
    general_mat_mul(1.0, &a, &b, 0.0, &mut product);
    product
}

fn slice(matrix: &Array2<f32>) -> &[f32] {
    matrix.as_slice().expect("row after row")
}

fn slice_mut(matrix: &mut Array2<f32>) -> &mut [f32] {
    matrix.as_slice_mut().expect("row after row")
}
