//! The functions under test.

use crate::common::{ORDERS, is_selected};
use slopes::Element;
use slopes::activation::{
    self, Activation, Celu, Elu, Gaussian, HardSigmoid, LeakyRelu, Linear, Selu, Shrink, SoftCap, Softplus, Squareplus,
    Swish,
};

/// Functions with parameters that are not the defaults, under their names in the reference file.
pub fn variants<T: Element>() -> [(&'static str, &'static dyn Activation<T>); 14] {
    [
        ("linear_2.5", &Linear { slope: 2.5 }),
        ("leaky_relu_0.125", &LeakyRelu { slope: 0.125 }),
        ("swish_1.5", &Swish { beta: 1.5 }),
        ("softplus_2", &Softplus { beta: 2.0 }),
        ("elu_0.5", &Elu { alpha: 0.5 }),
        ("celu_2", &Celu { alpha: 2.0 }),
        ("selu_2_0.5", &Selu { alpha: 2.0, gamma: 0.5 }),
        ("selu_1.5_3", &Selu { alpha: 1.5, gamma: 3.0 }),
        ("shrink_1.5_0.25", &Shrink { lambda: 1.5, bias: 0.25 }),
        ("soft_cap_50", &SoftCap::ATTENTION),
        ("soft_cap_0.75", &SoftCap { cap: 0.75 }),
        ("squareplus_0.5", &Squareplus { b: 0.5 }),
        ("gaussian_0.5", &Gaussian { sigma: 0.5 }),
        // Of slope 0.2.
        ("hard_sigmoid_0.2", &HardSigmoid { low: -2.5, high: 2.5 }),
    ]
}

/// The catalogue, or what is selected of it.
pub fn all<T: Element>() -> &'static [&'static dyn Activation<T>] {
    let selected: Vec<_> = activation::all().iter().copied().filter(|f| is_selected(f.spec().name())).collect();
    selected.leak()
}

/// The oracles of [`all`].
pub fn references() -> &'static [&'static dyn Activation<f64>] {
    let selected: Vec<_> = activation::references().iter().copied().filter(|f| is_selected(f.spec().name())).collect();
    selected.leak()
}

/// The catalogue, and the variants.
pub fn functions<T: Element>() -> Vec<(&'static str, &'static dyn Activation<T>)> {
    let catalogue = all().iter().map(|&f| (f.spec().name(), f));
    catalogue.chain(variants().into_iter().filter(|(_, f)| is_selected(f.spec().name()))).collect()
}

/// Value, derivative and second derivative.
pub fn three<T: Element>(f: &dyn Activation<T>, x: &[T]) -> [Vec<T>; 3] {
    let mut y = ORDERS.map(|_| vec![T::zero(); x.len()]);
    f.forward_slice(x, &mut y[0]);
    f.derivative_slice(x, &mut y[1]);
    f.second_derivative_slice(x, &mut y[2]);
    y
}
