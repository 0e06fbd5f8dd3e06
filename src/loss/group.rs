//! The enum of losses of distances between rows and of three numbers.

use super::{Contrastive, CosineEmbedding, CosineSimilarity, GaussianNll, MarginRanking, Triplet};

crate::any::any! {
    /// Any loss of distances between rows or of three numbers, chosen at run time: an enum that can be copied,
    /// compared, hashed, written as text and parsed. The text is the name of the loss, followed by its parameters
    /// if it has any, as for [`AnyLoss`](crate::loss::AnyLoss).
    ///
    /// These losses take different arguments: match the enum to compute.
    ///
    /// ```
    /// use slopes::Rows;
    /// use slopes::loss::AnyGroupLoss;
    ///
    /// let chosen: AnyGroupLoss = "triplet(margin=0.5, eps=0)".parse()?;
    /// let (anchor, positive, negative) = ([0.0_f64, 0.0], [3.0, 4.0], [0.0, 5.0]);
    /// let loss = match chosen {
    ///     AnyGroupLoss::Triplet(loss) => loss.sum(&anchor, &positive, &negative, Rows::contiguous(2)),
    ///     AnyGroupLoss::Contrastive(loss) => loss.sum(&anchor, &positive, &[1.0], Rows::contiguous(2)),
    ///     other => panic!("{other} is no loss of this network"),
    /// };
    /// assert_eq!(loss, 0.5);
    /// # Ok::<(), slopes::ParseError>(())
    /// ```
    AnyGroupLoss [] of "loss" in group_table;
    CosineSimilarity, CosineEmbedding, Contrastive, Triplet, GaussianNll, MarginRanking,
}
