//! A loss that is chosen at run time computes as the one that it is.

use super::{AnyLoss, Loss};
use crate::facts::delegate;

delegate! {
    Loss for AnyLoss;
    forward(prediction: T, target: T) -> T;
    derivative(prediction: T, target: T) -> T;
    second_derivative(prediction: T, target: T) -> T;
    curvature_bound(prediction: T, target: T) -> T;
    each(prediction: &[T], target: &[T], losses: &mut [T]);
    sum(prediction: &[T], target: &[T]) -> T;
    mean(prediction: &[T], target: &[T]) -> T;
    gradient(prediction: &[T], target: &[T], scale: T, gradient: &mut [T]);
    sum_with_gradient(prediction: &[T], target: &[T], scale: T, gradient: &mut [T]) -> T;
    gradient_with_curvature(prediction: &[T], target: &[T], scale: T, gradient: &mut [T], curvature: &mut [T]);
    initial_score(targets: &[T], weights: Option<&[T]>) -> Option<T>;
}
