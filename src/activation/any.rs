//! An activation that is chosen at run time computes as the one that it is.

use super::{Activation, AnyActivation};
use crate::element::Element;
use crate::facts::Facts;

macro_rules! delegate {
    ($($method:ident($($x:ident: $X:ty),+) $(-> $Y:ty)?;)+) => {
        impl<T: Element> Activation<T> for AnyActivation {
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
