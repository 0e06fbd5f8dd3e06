//! A loss that is chosen at run time computes as the one that it is.

use super::{AnyLoss, Loss};
use crate::element::Element;
use crate::facts::Facts;

macro_rules! delegate {
    ($($method:ident($($x:ident: $X:ty),+) $(-> $Y:ty)?;)+) => {
        impl<T: Element> Loss<T> for AnyLoss {
            fn facts(&self) -> &'static Facts {
                self.facts()
            }
            $(
                #[track_caller]
                fn $method(&self, $($x: $X),+) $(-> $Y)? {
                    self.get().$method($($x),+)
                }
            )+
        }
    };
}
delegate! {
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
