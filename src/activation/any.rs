//! An activation that is chosen at run time computes as the one that it is.

use super::{Activation, AnyActivation};
use crate::facts::delegate;

delegate! {
    Activation for AnyActivation;
    forward(x: T) -> T;
    derivative(x: T) -> T;
    second_derivative(x: T) -> T;
    forward_slice(x: &[T], y: &mut [T]);
    forward_in_place(x: &mut [T]);
    derivative_slice(x: &[T], d: &mut [T]);
    second_derivative_slice(x: &[T], d: &mut [T]);
    backward_slice(x: &[T], dy: &[T], dx: &mut [T]);
    backward_in_place(x: &[T], dy: &mut [T]);
    forward_with_derivative(x: &[T], y: &mut [T], d: &mut [T]);
}
