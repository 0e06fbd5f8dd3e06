//! Multi-class margin losses: hinge losses of the score of the true class against the others. They take only labels.

use super::driver::{
    BLOCK, Bound, ColumnSums, Columns, RowFormula, RowKernel, RowTarget, Sample, blocks, position, rounded_to, sum,
    widen, write,
};
use super::in_f32;
use crate::convert::narrowed;
use crate::math::pair::HiLo;
use crate::row::tile::DEPTH;
use crate::simd::{Isa, Lanes, Real, Token};
use crate::slice::{Dst, Map, WIDTH};
use crate::sum::PairwiseSum;

crate::function::function! {
    /// Multi-class margin loss (Weston-Watkins SVM): hinge loss of the true class against every other class, optionally
    /// squared, averaged over the classes.
    ///
    /// `h_i = max(0, margin + z_i - z_label)`, z the prediction; p = 2 if `squared`, else 1. Sums are over the other
    /// classes.
    names ["multi_margin", "multi_margin_loss"];
    "value": "sum_i h_i^p / classes", f32 1.0, f64 4.0 or 2.0, of "max_j abs(z_j) sum_i p h_i^(p - 1) / classes";
    "gradient": "p h_i^(p - 1) / classes if h_i > 0, else 0; at the label minus the sum of those",
        f32 1.0, f64 4.0 or 4.0, of "max_j abs(z_j) if squared";
    "second derivative": "2 / classes if squared and h_i > 0, else 0; at the label the sum of those", f32 1.0, f64 1.0;
    source "J. Weston, C. Watkins, Support Vector Machines for Multi-Class Pattern Recognition, 1999";
    range [0.0, f64::INFINITY];

    /// - second derivative: never negative
    /// - Hessian bound: 2 / classes if `squared`, else 1 / classes; at the label the sum of those of the other classes
    /// - mean: the sum divided by the number of rows
    /// - domain: any scores z. Equal infinities have a difference of 0; NaN among the scores makes the row NaN.
    /// - unit: that of the prediction, or its square
    ///
    /// ```
    /// use slopes::activation::Rows;
    /// use slopes::loss::{MultiMargin, RowLoss, Targets};
    /// let (z, rows) = ([2.0_f32, 1.5, 0.0, 0.0], Rows::contiguous(4));
    /// assert_eq!(MultiMargin::default().sum(&z, Targets::labels(&[0]), rows), Ok(0.125));
    /// ```
    MultiMargin {
        /// The margin between the score of the true class and the others, finite and not negative; 1 by default.
        margin = 1.0, with_margin, non_negative;
        /// True for squared h, p = 2; false (the default) for p = 1.
        squared: flag = false, with_squared;
    }
}

impl RowFormula for MultiMargin {
    type Kernel = MultiMargin;
    const LABELS_ALONE: bool = true;

    fn kernel(&self) -> MultiMargin {
        *self
    }
}

/// The hinge h = max(0, margin + other - right) of two scores; NaN if one is NaN.
#[inline(always)]
fn hinge(margin: f64, other: f64, right: f64) -> f64 {
    // The difference of equal infinities is 0.
    let h = margin + if other == right { 0.0 } else { other - right };
    if h <= 0.0 { 0.0 } else { h }
}

/// As [`hinge`], without f64.
#[inline(always)]
fn hinge_in_f32<L: Lanes>(margin: L, other: L, right: L) -> HiLo<L> {
    let none = HiLo::none(margin);
    let difference = if L::any(other.equals(right)) { none } else { HiLo::of(other) - HiLo::of(right) };
    let h = HiLo::of(margin) + difference;
    if L::any(h.high.le(none.high)) { none } else { h }
}

impl MultiMargin {
    /// h of the entries from `start` on; 0 at the label.
    #[inline(always)]
    fn hinges<R: Real>(self, sample: Sample<'_, R>, label: usize, right: f64, start: usize, h: &mut [f64]) {
        widen(sample.prediction, start, h);
        let margin = rounded_to::<R>(self.margin);
        h.iter_mut().for_each(|h| *h = hinge(margin, *h, right));
        if let Some(h) = label.checked_sub(start).and_then(|i| h.get_mut(i)) {
            *h = if right.is_nan() { right } else { 0.0 };
        }
    }

    /// Computes the losses, or their first or second derivatives, of the classes with these h, times the number of
    /// classes.
    #[inline(always)]
    fn orders<const ORDER: usize>(self, h: &[f64], part: &mut [f64]) {
        for (part, h) in part.iter_mut().zip(h) {
            *part = self.of(*h)[ORDER];
        }
    }

    /// The loss, first and second derivative of a class with this h, times the number of classes.
    #[inline(always)]
    fn of(self, h: f64) -> [f64; 3] {
        let positive = if h == 0.0 { 0.0 } else { 1.0 };
        if self.squared { [h * h, 2.0 * h, 2.0 * positive] } else { [h, positive, 0.0] }
    }
}

/// Takes the scores of the true classes out of the columns: -inf stands in their places, which is below any margin.
/// `None` if one is not finite.
#[inline(always)]
fn take_right<R: Real>(columns: &Columns<'_, R>) -> Option<[f64; WIDTH]> {
    let (mut right, mut finite) = ([0.0; WIDTH], true);
    for (k, right) in right[..columns.count].iter_mut().enumerate() {
        let at = columns.labels[k] * WIDTH + k;
        *right = columns.tile.src().read(at);
        finite &= right.is_finite();
        columns.tile.write(at, f64::NEG_INFINITY);
    }
    finite.then_some(right)
}

impl RowKernel for MultiMargin {
    #[inline(always)]
    fn columns_up_to<R: Real>(self) -> usize {
        DEPTH
    }

    /// Limit: the operations in f64, and the conversions to it and back.
    #[inline(always)]
    fn columns<R: Real, I: Isa>(self, token: Token<I>, columns: &mut Columns<'_, R>) -> bool {
        let (tile, len) = (columns.tile, columns.tile.len() / WIDTH);
        let Some(right) = take_right(columns) else { return false };
        let (margin, classes) = (rounded_to::<R>(self.margin), len as f64);
        let (mut losses, mut slopes) = (ColumnSums::new(), ColumnSums::new());
        let mut h = [0.0; WIDTH];
        for i in 0..len {
            tile.src().part(i * WIDTH, WIDTH).read_all(&mut h);
            let (losses, slopes) = (losses.accumulators(i), slopes.accumulators(i));
            for k in 0..WIDTH {
                let [loss, slope, _] = self.of(hinge(margin, h[k], right[k]));
                losses[k] += loss;
                slopes[k] += slope;
            }
        }
        let [losses, slopes] = [losses.sums(token, len), slopes.sums(token, len)];
        for k in 0..WIDTH {
            columns.losses[k] = losses[k] / classes;
            columns.of_labels[k] = columns.scales[k] * -(slopes[k] / classes);
        }
        // A score that is NaN makes its row NaN.
        if columns.losses[..columns.count].iter().any(|loss| loss.is_nan()) {
            return false;
        }
        for i in (0..if columns.gradient { len } else { 0 }).rev() {
            tile.src().part(i * WIDTH, WIDTH).read_all(&mut h);
            for k in 0..WIDTH {
                h[k] = columns.scales[k] * (self.of(hinge(margin, h[k], right[k]))[1] / classes);
            }
            tile.part(i * WIDTH, WIDTH).write_all(1.0, &h);
        }
        true
    }

    #[inline(always)]
    fn row<R: Real, I: Isa>(self, token: Token<I>, sample: Sample<'_, R>) -> Option<f64> {
        let RowTarget::Label(label) = sample.target else { return Some(f64::NAN) };
        let (right, classes) = (sample.prediction.read(label), sample.len as f64);
        let (mut h, mut part) = ([0.0; BLOCK], [0.0; BLOCK]);
        let (mut losses, mut slopes, mut seconds) = (PairwiseSum::new(), PairwiseSum::new(), PairwiseSum::new());
        for (start, n) in blocks::<BLOCK>(sample.len) {
            self.hinges(sample, label, right, start, &mut h[..n]);
            self.orders::<0>(&h[..n], &mut part[..n]);
            losses.push(sum(token, &part[..n]));
            self.orders::<1>(&h[..n], &mut part[..n]);
            slopes.push(sum(token, &part[..n]));
            if sample.hessian.is_some() {
                self.orders::<2>(&h[..n], &mut part[..n]);
                seconds.push(sum(token, &part[..n]));
            }
        }
        let loss = losses.sum() / classes;
        if loss.is_nan() {
            sample.fill(f64::NAN, f64::NAN);
            return Some(loss);
        }
        // A bound is that of all hinges, above 0 or not: 2, or 1, the largest magnitude of a derivative.
        let mut hessian = sample.hessian;
        if let (Some(output), Some(bound)) = (hessian, sample.bound) {
            let each = if self.squared { bound.of(2.0) } else { 1.0 } / classes * sample.scale;
            (0..sample.len).for_each(|i| output.write(i, each));
            output.write(label, each * (classes - 1.0));
            hessian = None;
        }
        // The Hessian first: the gradient may be the memory of the prediction.
        for (second, output) in [(true, hessian), (false, sample.gradient)] {
            let Some(output) = output else { continue };
            for (start, n) in blocks::<BLOCK>(sample.len) {
                self.hinges(sample, label, right, start, &mut h[..n]);
                if second {
                    self.orders::<2>(&h[..n], &mut part[..n]);
                } else {
                    self.orders::<1>(&h[..n], &mut part[..n]);
                }
                for part in &mut part[..n] {
                    *part /= classes;
                }
                write(output, start, sample.scale, &part[..n]);
            }
            let of_label = if second { seconds.sum() } else { -slopes.sum() } / classes;
            output.write(label, sample.scale * of_label);
        }
        Some(loss)
    }

    #[inline(always)]
    fn in_f32<I: Isa>(self, token: Token<I>, sample: in_f32::Sample<'_, I::F32>) -> Option<HiLo<I::F32>> {
        let RowTarget::Label(label) = sample.target else { return Some(HiLo::of(token.lane(f32::NAN))) };
        let number = |x: f32| HiLo::of(token.lane(x));
        let z = |i: usize| token.lane(sample.prediction.get(i));
        let (right, classes) = (z(label), number(sample.len() as f32));
        let margin = token.lane(narrowed(self.margin));
        // The loss, first and second derivative of a class, times the number of classes.
        let of = |i: usize| {
            let h = hinge_in_f32(margin, z(i), right);
            let positive = number(if h.is_zero() { 0.0 } else { 1.0 });
            if self.squared { [h * h, h + h, positive + positive] } else { [h, positive, number(0.0)] }
        };
        // 0, or NaN if the score of the label is.
        let start = number(if token.number(right).is_nan() { f32::NAN } else { 0.0 });
        let mut all = [start; 3];
        for i in (0..sample.len()).filter(|i| *i != label) {
            let of_class = of(i);
            (0..3).for_each(|order| all[order] = all[order] + of_class[order]);
        }
        let loss = all[0] / classes;
        if token.number(loss.high).is_nan() {
            sample.fill(f32::NAN, f32::NAN);
            return Some(loss);
        }
        // A bound is that of all hinges, above 0 or not: 2, or 1, the largest magnitude of a derivative.
        let each = sample.bound.map(|bound| match bound {
            Bound::Matrix if self.squared => number(4.0),
            Bound::Diagonal if self.squared => number(2.0),
            _ => number(1.0),
        });
        for i in 0..sample.len() {
            let [_, first, second] = if i == label { [all[0], -all[1], all[2]] } else { of(i) };
            let second = each.map_or(second, |each| if i == label { each * (classes - number(1.0)) } else { each });
            sample.write(token, i, first / classes, second / classes);
        }
        Some(loss)
    }
}

crate::function::function! {
    /// Categorical hinge loss (Crammer-Singer SVM): hinge loss of the true class against the best of the other classes.
    ///
    /// z is the prediction, m the largest score of another class.
    names ["categorical_hinge"];
    "value": "max(0, 1 + m - z_label)", f32 1.0, f64 1.0 or 2.0, of "max(abs(m), abs(z_label))";
    "gradient": "1 at m and -1 at the label if the loss is positive, else 0; m the first of equal ones",
        f32 0.0, f64 0.0;
    "second derivative": "0", f32 0.0, f64 0.0;
    source "K. Crammer, Y. Singer, On the Algorithmic Implementation of Multiclass Kernel-based Vector Machines, 2001";
    range [0.0, f64::INFINITY];

    /// - Hessian bound: 1, the largest magnitude of the gradient
    /// - mean: the sum divided by the number of rows
    /// - domain: any scores z. Equal infinities have a difference of 0; NaN among the scores makes the row NaN. The
    ///   loss of a single class is 0.
    /// - unit: that of the prediction
    ///
    /// Keras takes the maximum of 0 and the other scores; the two agree where another score is not negative.
    ///
    /// ```
    /// use slopes::activation::Rows;
    /// use slopes::loss::{CategoricalHinge, RowLoss, Targets};
    /// let (z, rows) = ([2.0_f32, 1.5, 0.0], Rows::contiguous(3));
    /// assert_eq!(CategoricalHinge.sum(&z, Targets::labels(&[0]), rows), Ok(0.5));
    /// ```
    CategoricalHinge;
}

impl RowFormula for CategoricalHinge {
    type Kernel = CategoricalHinge;
    const LABELS_ALONE: bool = true;

    fn kernel(&self) -> CategoricalHinge {
        CategoricalHinge
    }
}

/// The larger of a score and the largest so far, or NaN if one of them is.
#[derive(Clone, Copy)]
struct Best;

impl Map<2, 1> for Best {
    #[inline(always)]
    fn apply<L: Lanes>(self, [z, best]: [L; 2]) -> [L; 1] {
        // A maximum keeps the NaN of `best` alone.
        [best.at_least(z).select(z.equals(z), z)]
    }
}

impl RowKernel for CategoricalHinge {
    #[inline(always)]
    fn columns_up_to<R: Real>(self) -> usize {
        DEPTH
    }

    #[inline(always)]
    fn columns<R: Real, I: Isa>(self, token: Token<I>, columns: &mut Columns<'_, R>) -> bool {
        let (tile, count, len) = (columns.tile, columns.count, columns.tile.len() / WIDTH);
        let Some(right) = take_right(columns) else { return false };
        let mut best = [R::neg_infinity(); WIDTH];
        let top = Dst::new(&mut best);
        token.fold_columns::<_, _, 2, 1>(Best, [tile.src(), top.src()], count, top);
        if !best[..count].iter().all(|best| best.abs() <= R::MAX) {
            return false;
        }
        for k in 0..count {
            let loss = hinge(1.0, best[k].into_f64(), right[k]);
            columns.losses[k] = loss;
            columns.of_labels[k] = if loss > 0.0 { -columns.scales[k] } else { 0.0 };
        }
        if columns.gradient {
            for (k, best) in best[..count].iter().enumerate() {
                // A place for the 1 where the loss is positive: else it is the label, which is written over.
                let column = tile.src().strided(k, WIDTH, len);
                let at = if columns.losses[k] > 0.0 { position(column, best.into_f64()) } else { columns.labels[k] };
                tile.strided(k, WIDTH, len).fill(0.0);
                tile.write(at * WIDTH + k, columns.scales[k]);
            }
        }
        true
    }

    #[inline(always)]
    fn row<R: Real, I: Isa>(self, _: Token<I>, sample: Sample<'_, R>) -> Option<f64> {
        let RowTarget::Label(label) = sample.target else { return Some(f64::NAN) };
        let right = sample.prediction.read(label);
        let (mut best, mut nan) = (None, right.is_nan());
        for i in (0..sample.len).filter(|&i| i != label) {
            let z = sample.prediction.read(i);
            nan |= z.is_nan();
            if best.is_none_or(|(_, most)| z > most) {
                best = Some((i, z));
            }
        }
        if nan {
            sample.fill(f64::NAN, f64::NAN);
            return Some(f64::NAN);
        }
        sample.fill(0.0, if sample.bound.is_some() { sample.scale } else { 0.0 });
        let Some((best, other)) = best else { return Some(0.0) };
        let loss = hinge(1.0, other, right);
        if let Some(gradient) = sample.gradient
            && loss > 0.0
        {
            gradient.write(best, sample.scale);
            gradient.write(label, -sample.scale);
        }
        Some(loss)
    }

    #[inline(always)]
    fn in_f32<I: Isa>(self, token: Token<I>, sample: in_f32::Sample<'_, I::F32>) -> Option<HiLo<I::F32>> {
        let number = |x: f32| HiLo::of(token.lane(x));
        let RowTarget::Label(label) = sample.target else { return Some(number(f32::NAN)) };
        let z = sample.prediction;
        if (0..z.len()).any(|i| z.get(i).is_nan()) {
            sample.fill(f32::NAN, f32::NAN);
            return Some(number(f32::NAN));
        }
        let mut best: Option<usize> = None;
        for i in (0..z.len()).filter(|i| *i != label) {
            if best.is_none_or(|best| z.get(i) > z.get(best)) {
                best = Some(i);
            }
        }
        let loss = best.map_or(number(0.0), |best| {
            hinge_in_f32(token.lane(1.0), token.lane(z.get(best)), token.lane(z.get(label)))
        });
        let slope = number(if loss.is_zero() { 0.0 } else { 1.0 });
        let second = number(if sample.bound.is_some() { 1.0 } else { 0.0 });
        for i in 0..z.len() {
            let first = if i == label {
                -slope
            } else if best == Some(i) {
                slope
            } else {
                number(0.0)
            };
            sample.write(token, i, first, second);
        }
        Some(loss)
    }
}
