//! Activations of rows: softmax, log-softmax, log-sum-exp, sparsemax, hardmax, Gumbel-softmax.

#[macro_use]
pub(crate) mod gumbel;
#[macro_use]
pub(crate) mod log_sum_exp;
#[macro_use]
pub(crate) mod softmax;
#[macro_use]
pub(crate) mod sparsemax;
mod sparsemax_in_f32;

use crate::element::Element;
use crate::row::Rows;
use crate::simd::Real;
use crate::slice::{Dst, Src};
use crate::spec::Spec;
use softmax::{LogSoftmax, Softmax, Softmin};
use sparsemax::{Hardmax, Sparsemax};

/// An activation of rows, such as [`Softmax`](crate::activation::Softmax): each output depends on the whole row.
///
/// Slices hold whole rows in the layout that [`Rows`] describes: element i of row (o, j) is
/// `x[(o * len + i) * inner + j]`. Outputs and gradients have the layout of x.
///
/// ```
/// use slopes::activation::{LogSoftmax, RowActivation, Rows};
/// let (x, rows) = ([0.0_f64, 0.0], Rows::contiguous(2));
/// let mut dx = [0.0; 2];
/// LogSoftmax::DEFAULT.backward(&x, &[1.0, 0.0], rows, &mut dx);
/// assert_eq!(dx, [0.5, -0.5]);
/// ```
///
/// # Panics
/// If the lengths of slices differ or are not a multiple of the row length (times inner), before anything is written.
pub trait RowActivation<T: Element>: Send + Sync {
    /// The specification of the function, for its default parameters.
    #[must_use]
    fn spec(&self) -> &'static Spec {
        Spec::UNDECLARED
    }

    /// The values y = f(x) of each row.
    fn forward(&self, x: &[T], rows: Rows, y: &mut [T]);

    /// The values of each row, in place: x = f(x).
    fn forward_in_place(&self, x: &mut [T], rows: Rows);

    /// The vector-Jacobian product of each row, dx_i = sum_j dy_j df_j/dx_i, x being the input of the function.
    fn backward(&self, x: &[T], dy: &[T], rows: Rows, dx: &mut [T]);

    /// The vector-Jacobian product from the output y of the function: needs no second exponential and no mask.
    fn backward_from_output(&self, y: &[T], dy: &[T], rows: Rows, dx: &mut [T]);
}

/// The methods of [`RowActivation`], for the macros of `compiled.rs`.
macro_rules! row_activation_methods {
    ($then:path: $context:tt) => {
        $then! { $context
            forward(x: &[T], rows: Rows, y: &mut [T]) -> ();
            forward_in_place(x: &mut [T], rows: Rows) -> ();
            backward(x: &[T], dy: &[T], rows: Rows, dx: &mut [T]) -> ();
            backward_from_output(y: &[T], dy: &[T], rows: Rows, dx: &mut [T]) -> ();
        }
    };
}

row_activation_methods! { crate::compiled::forward: { RowActivation for &A, {} } }
#[cfg(feature = "alloc")]
row_activation_methods! { crate::compiled::forward: { RowActivation for alloc::boxed::Box<A>, {} } }
#[cfg(feature = "alloc")]
row_activation_methods! { crate::compiled::forward: { RowActivation for alloc::sync::Arc<A>, {} } }

/// A function of rows in memory, of slices that have been checked: the first `count` rows.
trait RowFormula: Copy {
    /// Writes the values; x may be the memory of y.
    fn forward<R: Real>(self, x: Src<R>, y: Dst<R>, rows: Rows, count: usize);

    /// Writes the gradients. `output` is true if `from` is the output of the function, false if it is x.
    fn backward<R: Real>(self, output: bool, from: Src<R>, dy: Src<R>, dx: Dst<R>, rows: Rows, count: usize);
}

/// Implements [`RowActivation`] for each function, and declares the enum of them.
macro_rules! row_activations {
    ($(#[$doc:meta])* $Any:ident: $($Name:ident),+ $(,)?) => {
        $(impl<T: Element> RowActivation<T> for $Name {
            fn spec(&self) -> &'static Spec {
                Self::SPEC
            }
            #[track_caller]
            fn forward(&self, x: &[T], rows: Rows, y: &mut [T]) {
                let count = rows.count_of("forward", [("x", x.len()), ("y", y.len())]);
                RowFormula::forward(*self, Src::new(x), Dst::new(y), rows, count);
            }
            #[track_caller]
            fn forward_in_place(&self, x: &mut [T], rows: Rows) {
                let (count, y) = (rows.count(x.len()), Dst::new(x));
                RowFormula::forward(*self, y.src(), y, rows, count);
            }
            #[track_caller]
            fn backward(&self, x: &[T], dy: &[T], rows: Rows, dx: &mut [T]) {
                let count = rows.count_of("backward", [("x", x.len()), ("dy", dy.len()), ("dx", dx.len())]);
                RowFormula::backward(*self, false, Src::new(x), Src::new(dy), Dst::new(dx), rows, count);
            }
            #[track_caller]
            fn backward_from_output(&self, y: &[T], dy: &[T], rows: Rows, dx: &mut [T]) {
                let count = rows.count_of("backward_from_output", [("y", y.len()), ("dy", dy.len()), ("dx", dx.len())]);
                RowFormula::backward(*self, true, Src::new(y), Src::new(dy), Dst::new(dx), rows, count);
            }
        })+

        crate::any::any! { $(#[$doc])* $Any [] of "activation" in row_table; $($Name),+ }
        crate::any::object! { [] $Any, RowActivation; $($Name),+ }
        row_activation_methods! { crate::compiled::delegate: { RowActivation, $Any } }
    };
}

row_activations! {
    /// Any activation of rows, chosen at run time: an enum that can be copied, compared, hashed, written as text and
    /// parsed. The text is the name of the function, followed by its parameters if it has any, as for
    /// [`AnyActivation`](crate::activation::AnyActivation):
    ///
    /// ```
    /// use slopes::Rows;
    /// use slopes::activation::{AnyRowActivation, RowActivation, Softmax};
    ///
    /// let chosen: AnyRowActivation = "softmax(temperature=2)".parse()?;
    /// assert_eq!(chosen, Softmax::new().with_temperature(2.0)?.into());
    /// assert_eq!(chosen.to_string(), "softmax(temperature=2, fully_masked=zero)");
    ///
    /// let mut x = [1.0_f32, 1.0];
    /// chosen.forward_in_place(&mut x, Rows::contiguous(2));
    /// assert_eq!(x, [0.5, 0.5]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// In a layer of a network:
    ///
    /// ```
    /// use slopes::Rows;
    /// use slopes::activation::{AnyRowActivation, LogSoftmax, RowActivation};
    ///
    /// /// The last layer of a classifier.
    /// #[derive(Clone, Debug, PartialEq, Eq, Hash)]
    /// struct Output {
    ///     classes: usize,
    ///     activation: AnyRowActivation,
    /// }
    /// impl Output {
    ///     fn forward(&self, logits: &mut [f32]) {
    ///         self.activation.forward_in_place(logits, Rows::contiguous(self.classes));
    ///     }
    /// }
    /// let mut logits = [0.0; 4];
    /// Output { classes: 4, activation: LogSoftmax::DEFAULT.into() }.forward(&mut logits);
    /// assert_eq!(logits, [0.25_f32.ln(); 4]);
    /// ```
    AnyRowActivation: Softmax, Softmin, LogSoftmax, Sparsemax, Hardmax,
}
