//! Cross-entropy and focal loss of short rows, side by side: the steps of one row alone, for one row in each lane.

use super::{FromLogits, Logarithm1p, focal_factors, is_lost, times};
use crate::loss::row::driver::{ColumnSums, Columns, position, probability, rounded_to};
use crate::math::pair::HiLo;
use crate::row::exponentials::{Exponentials, scale};
use crate::row::side_by_side::{self, BatchedShare, HiLos};
use crate::simd::{Isa, Real, Token};
use crate::slice::{Dst, Src, WIDTH};

impl FromLogits<'_> {
    /// The steps are those of [`of_label`](FromLogits::of_label). Limit: half is the exponential, a fifth the logarithms,
    /// one in f64 for each row.
    #[inline(always)]
    pub(super) fn label_columns<R: Real, I: Isa>(self, token: Token<I>, columns: &mut Columns<'_, R>) -> bool {
        let (tile, count) = (columns.tile, columns.count);
        let [mut z, mut e, mut others, mut l] = [[0.0; WIDTH]; 4];
        let mut weights = [1.0; WIDTH];
        for (k, z) in z[..count].iter_mut().enumerate() {
            *z = tile.src().read(columns.labels[k] * WIDTH + k);
        }
        let scale = scale::<R, I>(1.0);
        let Some([largest, sums]) = side_by_side::exponentials(token, scale, count, tile.src(), tile) else {
            return false;
        };
        for (k, e) in e[..count].iter_mut().enumerate() {
            *e = tile.src().read(columns.labels[k] * WIDTH + k);
        }
        if let Some(class_weights) = self.weights {
            for k in 0..count {
                weights[k] = rounded_to::<R>(class_weights[columns.labels[k]]);
                columns.ignored[k] |= weights[k] == 0.0;
            }
        }
        // Loops of a fixed length, which the compiler vectorizes.
        let mut exact = true;
        for k in 0..WIDTH {
            others[k] = sums[k] - e[k];
            exact &= largest[k] != z[k] || !is_lost::<R>(sums[k], others[k]);
        }
        if !exact {
            for k in 0..count {
                if largest[k] == z[k] && is_lost::<R>(sums[k], others[k]) {
                    let column = tile.src().strided(k, WIDTH, tile.len() / WIDTH);
                    let exponentials = Exponentials::stored(column, sums[k]);
                    others[k] = exponentials.sum_without(token, columns.labels[k], column.len());
                }
            }
        }
        for k in 0..WIDTH {
            l[k] = if largest[k] == z[k] { others[k] } else { sums[k] - 1.0 };
        }
        let place = Dst::new(&mut l[..]);
        token.map(Logarithm1p, [place.src()], [place]);
        let (mut of_loss, mut of_a) = ([1.0; WIDTH], [1.0; WIDTH]);
        for k in 0..WIDTH {
            l[k] += largest[k] - z[k];
        }
        let gamma = rounded_to::<R>(self.gamma);
        if gamma != 0.0 {
            for k in 0..count {
                let (p, u) = (e[k] / sums[k], others[k] / sums[k]);
                [of_loss[k], of_a[k], _] = focal_factors(token, gamma, p, u, l[k]);
            }
        }
        for k in 0..WIDTH {
            columns.losses[k] = weights[k] * l[k] * of_loss[k];
        }
        if columns.gradient {
            let mut shares = HiLos::<R, WIDTH>::new();
            for k in 0..WIDTH {
                let a = columns.scales[k] * (weights[k] * of_a[k]);
                shares.set(k, HiLo::quotient(a, sums[k]));
                columns.of_labels[k] = -a * (others[k] / sums[k]);
            }
            let [high, low] = shares.sources(WIDTH);
            token.map_columns::<_, _, 3, 1>(BatchedShare, [tile.src(), high, low], tile, count);
        }
        true
    }

    /// The steps are those of [`general`](FromLogits::general), for rows of one block. `target` is a tile of
    /// probabilities, `exponentials` one to be written. Limit: the operations in f64, some 15 for each entry.
    #[inline(always)]
    pub(super) fn probability_columns<R: Real, I: Isa>(
        self,
        token: Token<I>,
        columns: &mut Columns<'_, R>,
        target: Src<R>,
        exponentials: Dst<R>,
    ) -> bool {
        let (tile, count) = (columns.tile, columns.count);
        let len = tile.len() / WIDTH;
        let scale = scale::<R, I>(1.0);
        let Some([largest, sums]) = side_by_side::exponentials(token, scale, count, tile.src(), exponentials) else {
            return false;
        };
        let (mut rest, mut lost) = ([0.0; WIDTH], false);
        for k in 0..WIDTH {
            rest[k] = sums[k] - 1.0;
            lost |= is_lost::<R>(sums[k], rest[k]);
        }
        if lost {
            for k in 0..count {
                if is_lost::<R>(sums[k], rest[k]) {
                    let [z, e] = [tile.src(), exponentials.src()].map(|tile| tile.strided(k, WIDTH, len));
                    let largest = position(z, largest[k]);
                    rest[k] = Exponentials::stored(e, sums[k]).sum_without(token, largest, len);
                }
            }
        }
        let place = Dst::new(&mut rest[..]);
        token.map(Logarithm1p, [place.src()], [place]);

        let smoothing = rounded_to::<R>(self.smoothing);
        let (kept, spread) = (1.0 - smoothing, smoothing / len as f64);
        let (mut y, mut q) = ([0.0; WIDTH], [0.0; WIDTH]);
        let (mut losses, mut shares) = (ColumnSums::new(), ColumnSums::new());
        let mut all_y = [0.0; WIDTH];
        for i in 0..len {
            let weight = self.weights.map_or(1.0, |weights| rounded_to::<R>(weights[i]));
            target.part(i * WIDTH, WIDTH).read_all(&mut y);
            tile.src().part(i * WIDTH, WIDTH).read_all(&mut q);
            let (losses, shares) = (losses.accumulators(i), shares.accumulators(i));
            for k in 0..WIDTH {
                let l = (largest[k] - q[k]) + rest[k];
                let y = probability(y[k]);
                all_y[k] += y;
                let q = smoothed(y, smoothing, kept, spread) * weight;
                losses[k] += if q == 0.0 { 0.0 } else { q * l };
                shares[k] += q;
            }
        }
        let [losses, shares] = [losses.sums(token, len), shares.sums(token, len)];
        let c = rounded_to::<R>(self.z_loss);
        let (mut of_all, mut inverse) = ([0.0; WIDTH], [0.0; WIDTH]);
        // Not with the next loop, which the compiler vectorizes.
        for k in 0..count {
            // The terms of both sums are not negative, or NaN.
            columns.ignored[k] |= all_y[k] == 0.0 || shares[k] == 0.0;
        }
        for k in 0..WIDTH {
            let log_sum = if c == 0.0 { 0.0 } else { largest[k] + rest[k] };
            columns.losses[k] = losses[k] + shares[k] * (c * log_sum * log_sum);
            of_all[k] = shares[k] + shares[k] * (2.0 * c * log_sum);
            inverse[k] = 1.0 / sums[k];
        }
        if !columns.gradient {
            return true;
        }
        let mut e = [0.0; WIDTH];
        for i in 0..len {
            let weight = self.weights.map_or(1.0, |weights| rounded_to::<R>(weights[i]));
            let (row, all) = (i * WIDTH, WIDTH);
            target.part(row, all).read_all(&mut y);
            exponentials.src().part(row, all).read_all(&mut e);
            for k in 0..WIDTH {
                let q = smoothed(probability(y[k]), smoothing, kept, spread) * weight;
                e[k] = (times(e[k] * inverse[k], of_all[k]) - q) * columns.scales[k];
            }
            tile.part(row, all).write_all(1.0, &e);
        }
        true
    }
}

/// A probability of the target after the label smoothing.
#[inline(always)]
fn smoothed(y: f64, smoothing: f64, kept: f64, spread: f64) -> f64 {
    if smoothing == 0.0 { y } else { y * kept + spread }
}
