//! Elementwise activations of arrays.

use ::ndarray::{Array, ArrayRef, Dimension};

use super::layout::{
    are_alike, copied_like, elementwise, is_contiguous, same_shape, slice, slice_mut, standard, zeros_like,
};
use super::sealed::Sealed;
use crate::activation::Activation;
use crate::element::Element;

/// Elementwise activations of arrays, forward and backward.
///
/// Of contiguous arrays with the same strides, a call is one call of the method of slices. Sealed.
///
/// ```
/// use ndarray::{array, s};
/// use slopes::activation::{LeakyRelu, Relu};
/// use slopes::ndarray::ActivationExt;
///
/// let mut x = array![[-1.0_f32, 2.0], [3.0, -4.0]];
/// assert_eq!(x.activated(&Relu), array![[0.0, 2.0], [3.0, 0.0]]);
/// assert_eq!(x.t().activated(&Relu), array![[0.0, 3.0], [2.0, 0.0]]);
///
/// // The second column alone, in place.
/// x.slice_mut(s![.., 1]).activate_inplace(&LeakyRelu { slope: 0.5 });
/// assert_eq!(x, array![[-1.0, 2.0], [3.0, -2.0]]);
/// ```
///
/// # Panics
/// If the shapes of arrays differ, before anything is written; the message names them.
pub trait ActivationExt<T: Element, D: Dimension>: Sealed {
    /// The values f(x), of the shape of x and, if that is contiguous, with its strides.
    ///
    /// ```
    /// use ndarray::arr1;
    /// use slopes::{activation::AnyActivation, ndarray::ActivationExt};
    /// let f: AnyActivation = "leaky_relu(slope=0.5)".parse()?;
    /// assert_eq!(arr1(&[-2.0_f64, 3.0]).activated(&f), arr1(&[-1.0, 3.0]));
    /// # Ok::<(), slopes::ParseError>(())
    /// ```
    #[must_use]
    fn activated<F: Activation<T> + ?Sized>(&self, f: &F) -> Array<T, D>;

    /// The values in place: x = f(x).
    ///
    /// ```
    /// use ndarray::arr2;
    /// use slopes::{activation::Relu, ndarray::ActivationExt};
    /// let mut x = arr2(&[[-2.0_f64], [3.0]]);
    /// x.activate_inplace(&Relu);
    /// assert_eq!(x, arr2(&[[0.0], [3.0]]));
    /// ```
    fn activate_inplace<F: Activation<T> + ?Sized>(&mut self, f: &F);

    /// The values y = f(x), written to an array of the same shape.
    ///
    /// ```
    /// use ndarray::{Array2, arr2};
    /// use slopes::{activation::Relu, ndarray::ActivationExt};
    /// let (x, mut y) = (arr2(&[[-2.0_f64, 3.0]]), Array2::zeros((1, 2)));
    /// x.activate_into(&Relu, &mut y);
    /// assert_eq!(y, arr2(&[[0.0, 3.0]]));
    /// ```
    #[track_caller]
    fn activate_into<F: Activation<T> + ?Sized>(&self, f: &F, y: &mut ArrayRef<T, D>);

    /// The derivatives f'(x), of the shape of x.
    ///
    /// ```
    /// use ndarray::arr0;
    /// use slopes::{activation::Tanh, ndarray::ActivationExt};
    /// assert_eq!(arr0(0.0_f64).derivative(&Tanh), arr0(1.0));
    /// ```
    #[must_use]
    fn derivative<F: Activation<T> + ?Sized>(&self, f: &F) -> Array<T, D>;

    /// The gradient dx = dy f'(x) of this array, dy: it is sent back through f, whose input was x.
    ///
    /// ```
    /// use ndarray::arr1;
    /// use slopes::{activation::Relu, ndarray::ActivationExt};
    /// let (x, dy) = (arr1(&[-2.0_f64, 3.0]), arr1(&[10.0, 20.0]));
    /// assert_eq!(dy.backward(&Relu, &x), arr1(&[0.0, 20.0]));
    /// ```
    #[doc(alias = "gradient")]
    #[doc(alias = "vjp")]
    #[must_use]
    #[track_caller]
    fn backward<F: Activation<T> + ?Sized>(&self, f: &F, x: &ArrayRef<T, D>) -> Array<T, D>;

    /// The gradient in place: dy = dy f'(x). See [`backward`](ActivationExt::backward).
    ///
    /// ```
    /// use ndarray::arr1;
    /// use slopes::{activation::Relu, ndarray::ActivationExt};
    /// let (x, mut dy) = (arr1(&[-2.0_f64, 3.0]), arr1(&[10.0, 20.0]));
    /// dy.backward_inplace(&Relu, &x);
    /// assert_eq!(dy, arr1(&[0.0, 20.0]));
    /// ```
    #[track_caller]
    fn backward_inplace<F: Activation<T> + ?Sized>(&mut self, f: &F, x: &ArrayRef<T, D>);
}

impl<T: Element, D: Dimension> ActivationExt<T, D> for ArrayRef<T, D> {
    fn activated<F: Activation<T> + ?Sized>(&self, f: &F) -> Array<T, D> {
        if is_contiguous(self) {
            let mut y = zeros_like(self);
            f.forward_slice(slice(self), slice_mut(&mut y));
            return y;
        }
        let mut y = standard(self);
        f.forward_in_place(slice_mut(&mut y));
        y
    }

    fn activate_inplace<F: Activation<T> + ?Sized>(&mut self, f: &F) {
        elementwise([], self, |[], x| f.forward_in_place(x));
    }

    #[track_caller]
    fn activate_into<F: Activation<T> + ?Sized>(&self, f: &F, y: &mut ArrayRef<T, D>) {
        same_shape("activate_into", [("x", self.shape()), ("y", y.shape())]);
        elementwise([self], y, |[x], y| f.forward_slice(x, y));
    }

    fn derivative<F: Activation<T> + ?Sized>(&self, f: &F) -> Array<T, D> {
        let mut d = zeros_like(self);
        elementwise([self], &mut d, |[x], d| f.derivative_slice(x, d));
        d
    }

    #[track_caller]
    fn backward<F: Activation<T> + ?Sized>(&self, f: &F, x: &ArrayRef<T, D>) -> Array<T, D> {
        same_shape("backward", [("x", x.shape()), ("dy", self.shape())]);
        if are_alike(x, self) {
            let mut dx = zeros_like(x);
            f.backward_slice(slice(x), slice(self), slice_mut(&mut dx));
            return dx;
        }
        let mut dx = if is_contiguous(x) { copied_like(self, x) } else { standard(self) };
        elementwise([x], &mut dx, |[x], dy| f.backward_in_place(x, dy));
        dx
    }

    #[track_caller]
    fn backward_inplace<F: Activation<T> + ?Sized>(&mut self, f: &F, x: &ArrayRef<T, D>) {
        same_shape("backward_inplace", [("x", x.shape()), ("dy", self.shape())]);
        elementwise([x], self, |[x], dy| f.backward_in_place(x, dy));
    }
}
