//! Losses whose sample is a row.

use core::fmt;

use crate::activation::{Exponentials, Itself, Kind, Row, Rows, Share, kind, ln, same_length, scale};
use crate::dispatch::{self, Kernel, Map, Pass, Source, Target};
use crate::element::Element;
use crate::lanes::{Isa, Lanes, Real};
use crate::sum::Tree;

/// What a row should have been.
///
/// ```
/// use slopes::{activation::Rows, loss::{RowLoss, SoftmaxCrossEntropy, Targets}};
/// let (logits, rows) = ([0.0_f64, 0.0], Rows::contiguous(2));
/// let by_label = SoftmaxCrossEntropy.sum(&logits, Targets::Labels(&[1]), rows)?;
/// let by_probability = SoftmaxCrossEntropy.sum(&logits, Targets::Probabilities(&[0.25, 0.75]), rows)?;
/// assert_eq!(by_label, by_probability);
/// # Ok::<(), slopes::loss::TargetError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Targets<'a, T> {
    /// The index of the right class, one a row.
    Labels(&'a [u32]),
    /// The probability of every class, as many as predictions.
    Probabilities(&'a [T]),
}

/// A label that names no class.
///
/// ```
/// use slopes::{activation::Rows, loss::{RowLoss, SoftmaxCrossEntropy, Targets}};
/// let error = SoftmaxCrossEntropy.sum(&[0.0_f32; 4], Targets::Labels(&[1, 2]), Rows::contiguous(2)).unwrap_err();
/// assert_eq!(error.to_string(), "label 2 of row 1 names none of 2 classes");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TargetError {
    /// The row of the label.
    pub row: usize,
    /// The label.
    pub label: u32,
    /// How many classes there are: labels are below it.
    pub classes: usize,
}

impl fmt::Display for TargetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "label {} of row {} names none of {} classes", self.label, self.row, self.classes)
    }
}

impl core::error::Error for TargetError {}

/// A loss of rows. See [`SoftmaxCrossEntropy`] for an example.
///
/// # Errors
/// If a label names no class; nothing is written then.
///
/// # Panics
/// If the lengths of slices do not fit each other, before anything is written.
pub trait RowLoss<T: Element>: Send + Sync {
    /// The loss of each row.
    fn each(&self, prediction: &[T], target: Targets<'_, T>, rows: Rows, losses: &mut [T]) -> Result<(), TargetError>;

    /// The sum of the losses; 0 for no rows.
    fn sum(&self, prediction: &[T], target: Targets<'_, T>, rows: Rows) -> Result<T, TargetError>;

    /// The sum of the losses by the number of rows; NaN for no rows.
    fn mean(&self, prediction: &[T], target: Targets<'_, T>, rows: Rows) -> Result<T, TargetError>;

    /// gradient = scale * derivative in the prediction.
    fn gradient(
        &self,
        prediction: &[T],
        target: Targets<'_, T>,
        rows: Rows,
        scale: T,
        gradient: &mut [T],
    ) -> Result<(), TargetError>;

    /// The sum of the losses, and the gradient, in one pass.
    fn sum_with_gradient(
        &self,
        prediction: &[T],
        target: Targets<'_, T>,
        rows: Rows,
        scale: T,
        gradient: &mut [T],
    ) -> Result<T, TargetError>;
}

/// The cross-entropy between the target and the softmax of the prediction, which holds logits.
///
/// - loss: `ln sum_j exp(z_j) - z_label`, or `sum_i y_i (ln sum_j exp(z_j) - z_i)`
/// - gradient: `softmax(z)_i - y_i`
/// - source: J. Bridle, 1990
///
/// A class with probability 0 adds exactly 0, even where its logit is -inf.
///
/// ```
/// use slopes::activation::Rows;
/// use slopes::loss::{RowLoss, SoftmaxCrossEntropy, Targets};
///
/// let logits = [2.0_f32, 0.0, 0.0, 3.0];
/// let mut gradient = [0.0; 4];
/// let loss = SoftmaxCrossEntropy.sum_with_gradient(
///     &logits, Targets::Labels(&[0, 1]), Rows::contiguous(2), 1.0, &mut gradient,
/// )?;
/// assert!((loss - 0.175515).abs() < 1e-6);
/// assert!(gradient[0] < 0.0 && gradient[3] < 0.0);
/// # Ok::<(), slopes::loss::TargetError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SoftmaxCrossEntropy;

/// y (c - z): what a class adds to the loss, 0 where y is.
#[derive(Clone, Copy)]
struct Surprise {
    m: f64,
    rest: f64,
}

impl Map<2, 1> for Surprise {
    #[inline(always)]
    fn apply<L: Lanes>(self, [z, y]: [L; 2]) -> [L; 1] {
        let zero = z.splat(0.0);
        [zero.select(y.equals(zero), y * ((z.splat(self.m) - z) + self.rest))]
    }
}

/// scale (p - y).
#[derive(Clone, Copy)]
struct Excess {
    share: Share,
    scale: f64,
}

impl Map<2, 1> for Excess {
    #[inline(always)]
    fn apply<L: Lanes>(self, [from, y]: [L; 2]) -> [L; 1] {
        [(self.share.of(from) - y) * self.scale]
    }
}

/// The rows of a loss, with what is wanted of them.
struct CrossEntropy<'a, T> {
    prediction: Source<'a, T>,
    target: Targets<'a, T>,
    rows: usize,
    len: usize,
    losses: Option<Target<'a, T>>,
    gradient: Option<(T, Target<'a, T>)>,
}

impl<T: Element> CrossEntropy<'_, T> {
    /// The loss of a row, in f64; its gradient is written on the way.
    #[inline(always)]
    fn row<I: Isa>(&self, pass: Pass<I>, row: usize) -> f64 {
        let len = self.len;
        let part = (row * len, len);
        let z = self.prediction.part(part.0, part.1);
        let gradient = self.gradient.map(|(factor, gradient)| (factor.wide(), gradient.part(part.0, part.1)));
        let scale = scale::<T, I>(1.0);
        let (kind, m) = kind(pass, scale, z, len);
        let shape = Row::new::<T>(scale, m);
        match (kind, self.target) {
            (Kind::Finite, Targets::Labels(labels)) => {
                let label = labels[row] as usize;
                let distance = shape.m - z.read(label).wide();
                let Some((scale, gradient)) = gradient else {
                    return distance + ln(pass, shape.sum(pass, z, len));
                };
                let right = shape.one(pass, z.read(label));
                let exponentials = Exponentials::new(pass, shape, z, gradient, len);
                let sum = exponentials.sum;
                pass.map(exponentials.shares(scale), [exponentials.from], [gradient]);
                // 1 - p from the other classes: p itself may round to 1.
                gradient.write(label, T::of(-scale * ((sum - right) / sum)));
                distance + ln(pass, sum)
            }
            (Kind::Finite, Targets::Probabilities(y)) => {
                let y = Source::new(y).part(part.0, part.1);
                let sum = match gradient {
                    None => shape.sum(pass, z, len),
                    Some((scale, gradient)) => {
                        let exponentials = Exponentials::new(pass, shape, z, gradient, len);
                        let share = exponentials.shares(pass.sum_of(Itself, [y], len));
                        pass.map(Excess { share, scale }, [exponentials.from, y], [gradient]);
                        exponentials.sum
                    }
                };
                let rest = ln(pass, sum);
                pass.sum_of(Surprise { m: shape.m, rest }, [z, y], len)
            }
            // Without a finite maximum, shares are whole parts of one, and what has none surprises without end.
            (Kind::Infinite | Kind::Empty, target) => {
                let infinite = |i: &usize| z.read(*i) == T::infinity();
                let count = (0..len).filter(infinite).count() as f64;
                let wanted = |i: usize| match target {
                    Targets::Labels(labels) => f64::from(u8::from(labels[row] as usize == i)),
                    Targets::Probabilities(y) => y[part.0 + i].wide(),
                };
                let total: f64 = (0..len).map(wanted).sum();
                let mut loss = 0.0;
                for i in 0..len {
                    let (share, surprise) =
                        if infinite(&i) { (1.0 / count, ln(pass, count)) } else { (0.0, f64::INFINITY) };
                    let y = wanted(i);
                    if y != 0.0 {
                        loss += y * surprise;
                    }
                    if let Some((scale, gradient)) = gradient {
                        gradient.write(i, T::of(scale * (total * share - y)));
                    }
                }
                loss
            }
        }
    }
}

impl<T: Element> Kernel for CrossEntropy<'_, T> {
    type Output = f64;
    #[inline(always)]
    fn run<I: Isa>(self, pass: Pass<I>) -> f64 {
        let mut tree = Tree::new();
        for row in 0..self.rows {
            let loss = self.row(pass, row);
            if let Some(losses) = self.losses {
                losses.write(row, T::of(loss));
            }
            // As sums of other losses: of what is computed, in the type that it is computed in.
            tree.push(Real::wide(<T::Real as Real>::of(loss)));
        }
        tree.sum()
    }
}

/// Checks a target against the rows of a prediction, and counts them.
#[track_caller]
fn check<T: Element>(prediction: &[T], target: Targets<'_, T>, rows: Rows) -> Result<usize, TargetError> {
    let count = rows.count(prediction.len());
    let classes = rows.row_len();
    match target {
        Targets::Probabilities(y) => {
            same_length("target", [("prediction", prediction.len()), ("target", y.len())]);
        }
        Targets::Labels(labels) => {
            same_length("target", [("rows of prediction", count), ("labels", labels.len())]);
            if let Some(row) = labels.iter().position(|&label| label as usize >= classes) {
                return Err(TargetError { row, label: labels[row], classes });
            }
        }
    }
    Ok(count)
}

impl<T: Element> RowLoss<T> for SoftmaxCrossEntropy {
    #[track_caller]
    fn each(&self, prediction: &[T], target: Targets<'_, T>, rows: Rows, losses: &mut [T]) -> Result<(), TargetError> {
        let count = check(prediction, target, rows)?;
        same_length("each", [("rows of prediction", count), ("losses", losses.len())]);
        let (len, losses) = (rows.row_len(), Some(Target::new(losses)));
        let prediction = Source::new(prediction);
        dispatch::wide(CrossEntropy { prediction, target, rows: count, len, losses, gradient: None });
        Ok(())
    }

    #[track_caller]
    fn sum(&self, prediction: &[T], target: Targets<'_, T>, rows: Rows) -> Result<T, TargetError> {
        let (sum, _) = total(prediction, target, rows)?;
        Ok(T::of(sum))
    }

    #[track_caller]
    fn mean(&self, prediction: &[T], target: Targets<'_, T>, rows: Rows) -> Result<T, TargetError> {
        let (sum, count) = total(prediction, target, rows)?;
        Ok(T::of(sum / count as f64))
    }

    #[track_caller]
    fn gradient(
        &self,
        prediction: &[T],
        target: Targets<'_, T>,
        rows: Rows,
        scale: T,
        gradient: &mut [T],
    ) -> Result<(), TargetError> {
        self.sum_with_gradient(prediction, target, rows, scale, gradient).map(|_| ())
    }

    #[track_caller]
    fn sum_with_gradient(
        &self,
        prediction: &[T],
        target: Targets<'_, T>,
        rows: Rows,
        scale: T,
        gradient: &mut [T],
    ) -> Result<T, TargetError> {
        let count = check(prediction, target, rows)?;
        same_length("gradient", [("prediction", prediction.len()), ("gradient", gradient.len())]);
        let gradient = Some((scale, Target::new(gradient)));
        let (prediction, len) = (Source::new(prediction), rows.row_len());
        let kernel = CrossEntropy { prediction, target, rows: count, len, losses: None, gradient };
        Ok(T::of(dispatch::wide(kernel)))
    }
}

/// The sum of the losses in f64, and the number of rows.
#[track_caller]
fn total<T: Element>(prediction: &[T], target: Targets<'_, T>, rows: Rows) -> Result<(f64, usize), TargetError> {
    let count = check(prediction, target, rows)?;
    let (prediction, len) = (Source::new(prediction), rows.row_len());
    let kernel = CrossEntropy { prediction, target, rows: count, len, losses: None, gradient: None };
    Ok((dispatch::wide(kernel), count))
}
