//! The targets of rows: labels of classes, or probabilities.

#[cfg(feature = "rayon")]
use core::ops::Range;

/// The targets of a batch of rows: one label a row, or a probability for each class of each row.
///
/// ```
/// use slopes::Rows;
/// use slopes::loss::{RowLoss, SoftmaxCrossEntropy, Targets};
///
/// let (loss, logits, rows) = (SoftmaxCrossEntropy::new(), [0.0_f64, 0.0], Rows::contiguous(2));
/// let by_label = loss.sum(&logits, Targets::labels(&[1]), rows)?;
/// let by_probability = loss.sum(&logits, Targets::Probabilities(&[0.25, 0.75]), rows)?;
/// assert_eq!(by_label, by_probability);
/// # Ok::<(), slopes::loss::TargetError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Targets<'a, T> {
    /// The index of the true class of each row: `labels[r]` is from 0 to classes - 1, or the label to ignore.
    /// [`Targets::labels`] makes this of a slice of any integers.
    Labels(Labels<'a>),
    /// The probability of every class, in the layout of the predictions. They need not sum to 1. A row with a negative
    /// probability, or with NaN, has a loss of NaN. For a cross-entropy, a row of zeros is ignored.
    Probabilities(&'a [T]),
}

impl<'a, T> Targets<'a, T> {
    /// Labels, as a slice of `u8`, `u16`, `u32`, `u64`, `usize`, `i32` or `i64`.
    #[must_use]
    pub fn labels<L: Label>(labels: &'a [L]) -> Self {
        Targets::Labels(L::labels(labels))
    }
}

/// A slice of labels, whatever the type of its integers: [`Targets::labels`] makes it.
///
/// ```
/// use slopes::Rows;
/// use slopes::loss::{NegativeLogLikelihood, RowLoss, Targets};
///
/// let loss = |labels| NegativeLogLikelihood::new().sum(&[-1.0_f32, -0.5], labels, Rows::contiguous(2));
/// assert_eq!(loss(Targets::labels(&[1_u8])), Ok(0.5));
/// assert_eq!(loss(Targets::labels(&[1_i64])), Ok(0.5));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Labels<'a>(Integers<'a>);

/// An integer that can be a label: `u8`, `u16`, `u32`, `u64`, `usize`, `i32` or `i64`. Sealed.
///
/// ```
/// use slopes::Rows;
/// use slopes::loss::{Label, NegativeLogLikelihood, RowLoss, Targets, TargetError};
///
/// fn sum<L: Label>(labels: &[L]) -> Result<f64, TargetError> {
///     NegativeLogLikelihood::new().sum(&[-1.0_f32, -0.5], Targets::labels(labels), Rows::contiguous(2))
/// }
/// assert_eq!((sum(&[1_u8]), sum(&[0_usize])), (Ok(0.5), Ok(1.0)));
/// ```
pub trait Label: Copy + sealed::Sealed {
    #[doc(hidden)]
    fn labels(labels: &[Self]) -> Labels<'_>;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! labels {
    ($($Variant:ident $T:ident),+) => {
        #[derive(Clone, Copy, Debug)]
        enum Integers<'a> {
            $($Variant(&'a [$T])),+
        }

        $(
            impl sealed::Sealed for $T {}
            impl Label for $T {
                fn labels(labels: &[Self]) -> Labels<'_> {
                    Labels(Integers::$Variant(labels))
                }
            }
        )+

        impl Labels<'_> {
            /// The number of labels.
            pub(crate) fn len(self) -> usize {
                match self.0 {
                    $(Integers::$Variant(labels) => labels.len(),)+
                }
            }

            /// True if every label is the index of a class. Without a branch for each label, the compiler vectorizes it.
            pub(crate) fn all_below(self, classes: usize) -> bool {
                match self.0 {
                    $(Integers::$Variant(labels) => labels.iter().fold(true, |all, label| {
                        all & usize::try_from(*label).is_ok_and(|class| class < classes)
                    }),)+
                }
            }

            /// The labels of some rows.
            #[cfg(feature = "rayon")]
            pub(crate) fn part(self, rows: Range<usize>) -> Self {
                match self.0 {
                    $(Integers::$Variant(labels) => Labels(Integers::$Variant(&labels[rows])),)+
                }
            }

            /// The label of a row, of labels that are checked: those fit.
            #[inline(always)]
            pub(crate) fn checked(self, row: usize) -> i64 {
                match self.0 {
                    $(Integers::$Variant(labels) => labels[row] as i64,)+
                }
            }

            /// Copies the labels of the rows from `first` on, of labels that are checked.
            pub(crate) fn copy_checked(self, first: usize, to: &mut [i64]) {
                match self.0 {
                    $(Integers::$Variant(labels) => {
                        for (to, label) in to.iter_mut().zip(&labels[first..]) {
                            *to = *label as i64;
                        }
                    })+
                }
            }

            /// The label of a row.
            #[inline]
            pub(crate) fn get(self, row: usize) -> i128 {
                match self.0 {
                    $(Integers::$Variant(labels) => labels[row] as i128,)+
                }
            }
        }
    };
}
labels!(U8 u8, U16 u16, U32 u32, U64 u64, Usize usize, I32 i32, I64 i64);

impl Labels<'_> {
    /// The class of a row, or `None` if its label is out of range.
    #[inline]
    pub(crate) fn class(self, row: usize, classes: usize) -> Option<usize> {
        usize::try_from(self.get(row)).ok().filter(|class| *class < classes)
    }

    /// True if the row is ignored.
    #[inline]
    pub(crate) fn is_ignored(self, row: usize, ignore_label: Option<i64>) -> bool {
        ignore_label.is_some_and(|label| i128::from(label) == self.get(row))
    }
}
