//! The kernel of a batch of rows: each row alone, in blocks that are copied to contiguous rows, or side by side.

use super::driver::{Bound, Columns, RowKernel, RowTarget, Sample, rounded_to};
use super::targets::Labels;
use crate::loss::LEAST_BOUND;
use crate::row::tile::{self, Block, Room};
use crate::row::{COPIED, Rows};
use crate::simd::{Isa, Kernel, Real, Token};
use crate::slice::{Dst, LINE, Src, WIDTH, Workspace};
use crate::sum::PairwiseSum;

/// [`Targets`](super::targets::Targets) of any element type.
#[derive(Clone, Copy)]
pub(super) enum RowTargets<'a, R> {
    Labels(Labels<'a>),
    Probabilities(Src<'a, R>),
}

/// The kernel of a batch: all rows of a loss, and the outputs to compute.
pub(super) struct EachRow<'a, F, R> {
    pub(super) kernel: F,
    pub(super) ignore_label: Option<i64>,
    pub(super) prediction: Src<'a, R>,
    pub(super) target: RowTargets<'a, R>,
    pub(super) sample_weights: Option<&'a [f64]>,
    pub(super) rows: usize,
    pub(super) layout: Rows,
    pub(super) scale: f64,
    pub(super) losses: Option<Dst<'a, R>>,
    pub(super) gradient: Option<Dst<'a, R>>,
    pub(super) hessian: Option<Dst<'a, R>>,
    pub(super) bound: Option<Bound>,
    /// The place of the terms of the sum, if they are not to be added up.
    pub(super) terms: Option<&'a mut [f64]>,
}

/// The terms of the sum: added up, or kept.
struct Terms<'a> {
    tree: PairwiseSum,
    count: usize,
    kept: Option<&'a mut [f64]>,
}

impl Terms<'_> {
    #[inline(always)]
    fn push(&mut self, term: f64) {
        match &mut self.kept {
            Some(terms) => terms[self.count] = term,
            None => self.tree.push(term),
        }
        self.count += 1;
    }

    #[inline(always)]
    fn push_all(&mut self, all: &[f64; WIDTH]) {
        match &mut self.kept {
            Some(terms) => terms[self.count..][..WIDTH].copy_from_slice(all),
            None => self.tree.push_all(all),
        }
        self.count += WIDTH;
    }
}

/// The numbers of one row, or of a block of contiguous rows.
#[derive(Clone, Copy)]
pub(super) struct Numbers<'a, R> {
    pub(super) prediction: Src<'a, R>,
    /// The probabilities of the target, if it is not a label.
    pub(super) target: Option<Src<'a, R>>,
    pub(super) gradient: Option<Dst<'a, R>>,
    pub(super) hessian: Option<Dst<'a, R>>,
}

impl<'a, R: Real> Numbers<'a, R> {
    /// A row of these.
    #[inline(always)]
    pub(super) fn row(self, layout: Rows, row: usize) -> Self {
        Numbers {
            prediction: layout.of(self.prediction, row),
            target: self.target.map(|target| layout.of(target, row)),
            gradient: self.gradient.map(|gradient| layout.of_target(gradient, row)),
            hessian: self.hessian.map(|hessian| layout.of_target(hessian, row)),
        }
    }
}

impl<'a, F: RowKernel, R: Real> EachRow<'a, F, R> {
    /// The numbers of all rows.
    #[inline(always)]
    pub(super) fn numbers(&self) -> Numbers<'a, R> {
        let target = match self.target {
            RowTargets::Labels(_) => None,
            RowTargets::Probabilities(y) => Some(y),
        };
        Numbers { prediction: self.prediction, target, gradient: self.gradient, hessian: self.hessian }
    }

    /// The label of a row, or 0 for probabilities, and its weight, which is 0 if it is ignored.
    #[inline(always)]
    pub(super) fn label(&self, row: usize) -> (usize, f64) {
        let weight = self.sample_weights.map_or(1.0, |weights| weights[row]);
        match self.target {
            RowTargets::Labels(labels) => {
                let label = labels.checked(row);
                if self.ignore_label == Some(label) { (0, 0.0) } else { (label as usize, weight) }
            }
            RowTargets::Probabilities(_) => (0, weight),
        }
    }

    /// Adds the loss of a row to the sum, and writes it and its derivatives. `label` is [`label`](EachRow::label) of it.
    #[inline(always)]
    fn row<I: Isa>(
        &self,
        token: Token<I>,
        (row, label): (usize, (usize, f64)),
        numbers: Numbers<'_, R>,
        terms: &mut Terms<'_>,
    ) {
        let (label, weight) = label;
        let sample = Sample {
            prediction: numbers.prediction,
            target: numbers.target.map_or(RowTarget::Label(label), RowTarget::Probabilities),
            len: self.layout.row_len(),
            scale: self.scale * weight,
            gradient: numbers.gradient,
            hessian: numbers.hessian,
            bound: self.bound,
        };
        let loss = if weight == 0.0 { None } else { self.kernel.row(token, sample) };
        if loss.is_none() {
            sample.fill(0.0, 0.0);
        } else if let Some(hessian) = sample.hessian.filter(|_| self.bound.is_some()) {
            make_positive(hessian);
        }
        self.finish(row, loss, weight, terms);
    }

    /// Adds the loss of a row to the sum, and writes it.
    #[inline(always)]
    fn finish(&self, row: usize, loss: Option<f64>, weight: f64, terms: &mut Terms<'_>) {
        if let Some(loss) = loss {
            // As in the sums of other losses, the terms are rounded to the type of the computation.
            terms.push(rounded_to::<R>(loss) * weight);
        }
        if let Some(losses) = self.losses {
            losses.write(row, loss.unwrap_or(0.0) * weight);
        }
    }

    /// The rows from `first` to `end - 1`, where they are.
    #[inline(always)]
    fn in_place<I: Isa>(&self, token: Token<I>, (first, end): (usize, usize), terms: &mut Terms<'_>) {
        // Outputs need no copy.
        let mut rooms = [const { Workspace::<R, COPIED>::new() }; 2];
        let [room, target_room] = rooms.each_mut().map(|room| room.zeros(self.layout.copied(self.prediction)));
        let all = self.numbers();
        for row in first..end {
            let mut numbers = all.row(self.layout, row);
            let label = self.label(row);
            if label.1 != 0.0 {
                numbers.prediction = token.plain(numbers.prediction, room);
                if let Some(target) = &mut numbers.target {
                    *target = token.plain(*target, target_room);
                }
            }
            self.row(token, (row, label), numbers, terms);
        }
    }

    /// [`label`](EachRow::label) of a block of rows: sets their labels and scales, and which are ignored; returns their
    /// weights.
    #[inline(always)]
    fn labels(&self, first: usize, columns: &mut Columns<'_, R>) -> [f64; WIDTH] {
        let (mut labels, mut weights, count) = ([0; WIDTH], [1.0; WIDTH], columns.count);
        if let Some(all) = self.sample_weights {
            weights[..count].copy_from_slice(&all[first..first + count]);
        }
        if let RowTargets::Labels(all) = self.target {
            all.copy_checked(first, &mut labels[..count]);
            if let Some(ignored) = self.ignore_label {
                for (label, weight) in labels[..count].iter_mut().zip(&mut weights) {
                    if *label == ignored {
                        (*label, *weight) = (0, 0.0);
                    }
                }
            }
        }
        if self.sample_weights.is_some() || self.ignore_label.is_some() {
            for (ignored, weight) in columns.ignored.iter_mut().zip(&weights) {
                *ignored = *weight == 0.0;
            }
        }
        for k in 0..WIDTH {
            columns.labels[k] = labels[k] as usize;
            columns.scales[k] = self.scale * weights[k];
        }
        weights
    }

    /// The rows side by side, by [`soft_columns`](RowKernel::soft_columns) or by [`columns`](RowKernel::columns).
    #[inline(always)]
    fn side_by_side<I: Isa, const SOFT: bool>(&self, token: Token<I>, terms: &mut Terms<'a>) {
        let (mut room, mut target_room, mut spare_room) = (Room::<R>::new(), Room::<R>::new(), Room::<R>::new());
        let len = self.layout.row_len() * WIDTH;
        let tile = room.zeros(len);
        let [target, spare] = [&mut target_room, &mut spare_room].map(|room| room.zeros(if SOFT { len } else { 0 }));
        let mut first = 0;
        while first < self.rows {
            let block = Block::next(self.layout, first, self.rows);
            let mut columns = Columns {
                tile,
                count: block.count,
                labels: [0; WIDTH],
                scales: [0.0; WIDTH],
                gradient: self.gradient.is_some(),
                losses: [0.0; WIDTH],
                of_labels: [0.0; WIDTH],
                ignored: [false; WIDTH],
            };
            let weights = self.labels(first, &mut columns);
            block.gather(token, self.prediction, tile);
            let done = if SOFT {
                match self.target {
                    RowTargets::Probabilities(y) => block.gather(token, y, target),
                    RowTargets::Labels(_) => {
                        target.fill(0.0);
                        (0..block.count).for_each(|k| target.write(columns.labels[k] * WIDTH + k, 1.0));
                    }
                }
                self.kernel.soft_columns(token, &mut columns, target.src(), spare)
            } else {
                self.kernel.columns(token, &mut columns)
            };
            if done {
                if let Some(gradient) = self.gradient {
                    block.scatter(token, tile.src(), gradient);
                    // After the tile: a load of a register that contains a number just stored would have to wait.
                    for k in 0..block.count {
                        if columns.ignored[k] {
                            self.layout.of_target(gradient, first + k).fill(0.0);
                        } else if !SOFT {
                            let at = columns.labels[k] * self.layout.stride();
                            gradient.write(self.layout.start(first + k) + at, columns.of_labels[k]);
                        }
                    }
                }
                let mut rounded = [0.0; WIDTH];
                for k in 0..WIDTH {
                    rounded[k] = rounded_to::<R>(columns.losses[k]) * weights[k];
                }
                if block.count == WIDTH && self.losses.is_none() && !columns.ignored.contains(&true) {
                    terms.push_all(&rounded);
                } else {
                    for (k, weight) in weights[..block.count].iter().enumerate() {
                        let loss = if columns.ignored[k] { None } else { Some(columns.losses[k]) };
                        self.finish(first + k, loss, *weight, terms);
                    }
                }
            } else {
                token.call_outlined(InPlace { call: self, rows: (first, first + block.count), terms });
            }
            first += block.count;
        }
    }

    /// True if the rows are strided, so that adjacent ones are copied to contiguous rows together.
    #[inline(always)]
    fn is_transposed<I: Isa>(&self, _: Token<I>) -> bool {
        let Numbers { prediction, target, gradient, hessian } = self.numbers();
        let plain = prediction.is_plain()
            && target.is_none_or(Src::is_plain)
            && gradient.is_none_or(Dst::is_plain)
            && hessian.is_none_or(Dst::is_plain);
        Token::<I>::HAS_COLUMNS && plain && self.layout.stride() >= LINE && self.layout.row_len() <= ROOM / LEAST
    }
}

/// The least strided rows that are worth it.
const LEAST: usize = 4;

/// The numbers of the rows that are copied together.
const ROOM: usize = 1 << 14;

/// The kernel of [`EachRow::in_place`], outlined.
struct InPlace<'b, 'a, F, R> {
    call: &'b EachRow<'a, F, R>,
    rows: (usize, usize),
    terms: &'b mut Terms<'a>,
}

impl<F: RowKernel, R: Real> Kernel for InPlace<'_, '_, F, R> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) {
        self.call.in_place(token, self.rows, self.terms);
    }
}

/// Calls the kernel for any target of rows side by side. Not inlined, as [`transposed`] is not.
#[inline(never)]
fn soft<'a, F: RowKernel, R: Real, I: Isa>(token: Token<I>, call: &EachRow<'a, F, R>, terms: &mut Terms<'a>) {
    token.call_outlined(Soft { call, terms });
}

/// The kernel for any target of rows side by side.
struct Soft<'b, 'a, F, R> {
    call: &'b EachRow<'a, F, R>,
    terms: &'b mut Terms<'a>,
}

impl<F: RowKernel, R: Real> Kernel for Soft<'_, '_, F, R> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) {
        self.call.side_by_side::<I, true>(token, self.terms);
    }
}

/// Calls the kernel for strided rows. Not inlined, for the sake of a single row: every call of the function that has its
/// memory would touch each page of it.
#[inline(never)]
fn transposed<'a, F: RowKernel, R: Real, I: Isa>(token: Token<I>, call: &EachRow<'a, F, R>, terms: &mut Terms<'a>) {
    token.call_outlined(Transposed { call, terms });
}

/// The kernel for strided rows: blocks of them are transposed to contiguous rows, and their derivatives back.
struct Transposed<'b, 'a, F, R> {
    call: &'b EachRow<'a, F, R>,
    terms: &'b mut Terms<'a>,
}

impl<F: RowKernel, R: Real> Kernel for Transposed<'_, '_, F, R> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) {
        let Self { call, terms } = self;
        let (layout, all) = (call.layout, call.numbers());
        let (len, stride) = (layout.row_len(), layout.stride());
        if len == 0 {
            return;
        }
        let most = (ROOM / len).clamp(1, LINE).min(call.rows);
        let mut rooms = [const { Workspace::<R, ROOM>::new() }; 3];
        let [prediction, target, hessian] = rooms.each_mut();
        // The gradient may be the memory of the prediction.
        let prediction = prediction.zeros(most * len);
        let target = target.zeros(if all.target.is_some() { most * len } else { 0 });
        let hessian = hessian.zeros(if all.hessian.is_some() { most * len } else { 0 });
        // What is written takes longer than what is read.
        let lines = all.gradient.map_or(all.prediction, Dst::src);
        let mut first = 0;
        while first < call.rows {
            let start = layout.start(first);
            // Up to the end of a cache line.
            let aligned = if most == LINE { LINE - lines.misaligned(start, LINE) } else { most };
            let count = aligned.min(stride - first % stride).min(call.rows - first);
            let span = (len - 1) * stride + count;
            for (from, to) in [(Some(all.prediction), prediction), (all.target, target)] {
                if let Some(from) = from {
                    token.transpose((len, count), (from.part(start, span), stride), (to, len));
                }
            }
            let numbers = Numbers {
                prediction: prediction.src(),
                target: all.target.map(|_| target.src()),
                gradient: all.gradient.map(|_| prediction),
                hessian: all.hessian.map(|_| hessian),
            };
            for k in 0..count {
                let row = (first + k, call.label(first + k));
                call.row(token, row, numbers.row(Rows::contiguous(len), k), terms);
            }
            for (to, from) in [(all.gradient, prediction), (all.hessian, hessian)] {
                if let Some(to) = to {
                    token.transpose((count, len), (from.src(), len), (to.part(start, span), stride));
                }
            }
            first += count;
        }
    }
}

impl<F: RowKernel, R: Real> Kernel for EachRow<'_, F, R> {
    type Output = (f64, usize);
    #[inline(always)]
    fn run<I: Isa>(mut self, token: Token<I>) -> (f64, usize) {
        let mut terms = Terms { tree: PairwiseSum::new(), count: 0, kept: self.terms.take() };
        let labels = matches!(self.target, RowTargets::Labels(_));
        let by_label = if labels { self.kernel.columns_up_to::<R>() } else { 0 };
        let soft_up_to = self.kernel.soft_columns_up_to::<R>(labels);
        let no_hessian = self.hessian.is_none();
        if no_hessian && tile::are_side_by_side::<R, I>(token, self.layout, by_label, self.rows) {
            self.side_by_side::<I, false>(token, &mut terms);
        } else if no_hessian && tile::are_side_by_side::<R, I>(token, self.layout, soft_up_to, self.rows) {
            soft(token, &self, &mut terms);
        } else if self.is_transposed(token) {
            transposed(token, &self, &mut terms);
        } else {
            token.call_outlined(InPlace { call: &self, rows: (0, self.rows), terms: &mut terms });
        }
        (terms.tree.sum(), terms.count)
    }
}

/// Replaces what is below the least bound by that. NaN stays NaN.
#[inline(never)]
fn make_positive<R: Real>(bound: Dst<R>) {
    for i in 0..bound.len() {
        if bound.src().read(i) < LEAST_BOUND {
            bound.write(i, LEAST_BOUND);
        }
    }
}
