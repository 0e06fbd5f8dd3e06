//! The aggregate functions: sums and means of losses.

use std::fmt;
use std::marker::PhantomData;
use std::mem::size_of;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, Float64Array, RecordBatch, UInt64Array,
};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Field, FieldRef, Float32Type, Float64Type, Schema, UInt64Type};
use datafusion_common::{Result, ScalarValue, exec_err, internal_err, not_impl_err, plan_err};
use datafusion_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion_expr::utils::{AggregateOrderSensitivity, format_state_name};
use datafusion_expr::{Accumulator, AggregateUDFImpl, ColumnarValue, EmitTo, GroupsAccumulator, Signature, Volatility};
use slopes::loss::{AnyLoss, Loss};
use slopes::{Element, ExactSum, Real};

use crate::arrays::Float;
use crate::function::{Arguments, float};
use crate::state;

/// `mean_loss` or `sum_loss`.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct OfLosses {
    mean: bool,
    signature: Signature,
}

impl OfLosses {
    pub(crate) fn all() -> [Self; 2] {
        [true, false].map(|mean| OfLosses { mean, signature: Signature::user_defined(Volatility::Immutable) })
    }

    pub(crate) fn usage(&self) -> String {
        format!("{}(text, prediction, target[, weight])", self.name())
    }

    /// The loss that the first argument names.
    fn loss(&self, args: &AccumulatorArgs<'_>) -> Result<AnyLoss> {
        let name = self.name();
        // A literal needs no columns.
        let literal = args.exprs[0].evaluate(&RecordBatch::new_empty(Arc::new(Schema::empty())));
        let Ok(ColumnarValue::Scalar(literal)) = literal else {
            return exec_err!("{name}: argument 1, the text of the loss, must be a literal: {}", args.exprs[0]);
        };
        let Some(Some(text)) = literal.try_as_str() else {
            return exec_err!("{name}: argument 1 is {literal}, and must be the text of a loss");
        };
        text.parse().or_else(|error| exec_err!("{name}: argument 1 {text:?} {error}"))
    }

    /// The accumulator for the types of the arguments.
    fn make<R>(&self, args: &AccumulatorArgs<'_>, maker: impl Maker<R>) -> Result<R> {
        if args.is_distinct {
            return not_impl_err!("{}(DISTINCT ...)", self.name());
        }
        let (loss, mean) = (self.loss(args)?, self.mean);
        let weighted = args.expr_fields.len() == 4;
        match args.expr_fields[1].data_type() {
            DataType::Float32 if weighted => Ok(maker.make(Totals::<Weighted<Float32Type>>::new(loss, mean))),
            DataType::Float32 => Ok(maker.make(Totals::<Plain<Float32Type>>::new(loss, mean))),
            DataType::Float64 if weighted => Ok(maker.make(Totals::<Weighted<Float64Type>>::new(loss, mean))),
            DataType::Float64 => Ok(maker.make(Totals::<Plain<Float64Type>>::new(loss, mean))),
            other => internal_err!("{}: a column of type {other} was not coerced", self.name()),
        }
    }
}

/// What is made of the totals of any type.
trait Maker<R> {
    fn make<P: Pairs>(self, totals: Totals<P>) -> R;
}

struct OfAll;
impl Maker<Box<dyn Accumulator>> for OfAll {
    fn make<P: Pairs>(self, mut totals: Totals<P>) -> Box<dyn Accumulator> {
        totals.resize(1);
        Box::new(Single(totals))
    }
}

struct OfGroups;
impl Maker<Box<dyn GroupsAccumulator>> for OfGroups {
    fn make<P: Pairs>(self, totals: Totals<P>) -> Box<dyn GroupsAccumulator> {
        Box::new(totals)
    }
}

impl AggregateUDFImpl for OfLosses {
    fn name(&self) -> &str {
        if self.mean { "mean_loss" } else { "sum_loss" }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let name = self.name();
        if !(3..=4).contains(&types.len()) {
            return plan_err!("{name} has {} arguments, and must be {}", types.len(), self.usage());
        }
        let mut coerced = Arguments::LossAsText.coerce(name, &types[..3])?;
        // The engine makes a column of the text for every batch, which is never read; of this type it is a short one.
        coerced[0] = DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Utf8));
        if let Some(found) = types.get(3) {
            if float(found).is_err() {
                return plan_err!("{name}: argument 4 (weight) is of type {found}, and must be a number");
            }
            coerced.push(DataType::Float64);
        }
        Ok(coerced)
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        self.make(&args, OfAll)
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        !args.is_distinct
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn GroupsAccumulator>> {
        self.make(&args, OfGroups)
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let field = |name, data_type| Arc::new(Field::new(format_state_name(args.name, name), data_type, false));
        let mut fields = vec![field("sum", DataType::Binary), field("count", DataType::UInt64)];
        if args.input_fields.len() == 4 {
            fields.push(field("weight", DataType::Binary));
        }
        Ok(fields)
    }

    /// Sums are exact, so that they are the same in any order.
    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }
}

/// The types of the pairs of a call, and how a term of the sum is made of a loss and a weight.
trait Pairs: fmt::Debug + Send + Sync + 'static {
    type Column: Float;
    type Term: Real + Element<Real = Self::Term>;
    const WEIGHTED: bool;

    fn term(loss: Native<Self>, weight: f64) -> Self::Term;

    /// The exact sum of the terms, if they are the losses.
    fn exact_sum(
        loss: &AnyLoss,
        predictions: &[Native<Self>],
        targets: &[Native<Self>],
    ) -> Option<ExactSum<Self::Term>>;
}

/// A number of a column.
type Native<P> = <<P as Pairs>::Column as ArrowPrimitiveType>::Native;

/// The terms are the losses, and the sum is divided by their count.
#[derive(Debug)]
struct Plain<T>(PhantomData<T>);

/// The terms are the losses times the weights, rounded to f64. That is exact if the losses are f32 and the weights f32.
#[derive(Debug)]
struct Weighted<T>(PhantomData<T>);

macro_rules! pairs {
    ($($Type:ident, $native:ident);+) => {$(
        impl Pairs for Plain<$Type> {
            type Column = $Type;
            type Term = $native;
            const WEIGHTED: bool = false;

            fn term(loss: $native, _: f64) -> $native {
                loss
            }

            fn exact_sum(loss: &AnyLoss, predictions: &[$native], targets: &[$native]) -> Option<ExactSum<$native>> {
                Some(loss.exact_sum(predictions, targets))
            }
        }
        impl Pairs for Weighted<$Type> {
            type Column = $Type;
            type Term = f64;
            const WEIGHTED: bool = true;

            /// A weight of 0 leaves the pair out, whatever its loss.
            fn term(loss: $native, weight: f64) -> f64 {
                if weight == 0.0 { 0.0 } else { f64::from(loss) * weight }
            }

            fn exact_sum(_: &AnyLoss, _: &[$native], _: &[$native]) -> Option<ExactSum<f64>> {
                None
            }
        }
    )+};
}
pairs! { Float32Type, f32; Float64Type, f64 }

/// The totals of groups: exact sums of terms and of weights, and the number of pairs.
struct Totals<P: Pairs> {
    loss: AnyLoss,
    mean: bool,
    sums: Vec<ExactSum<P::Term>>,
    counts: Vec<u64>,
    /// Empty if there are no weights.
    weights: Vec<ExactSum<f64>>,
}

/// The pairs that are computed together: their losses stay in the first cache.
const BLOCK: usize = 1024;

/// The pairs of a group in a batch, on average, from which on they are worth being sorted by groups.
const LONG_GROUP: usize = 16;

/// The pairs of a batch.
struct Batch<'a, P: Pairs> {
    predictions: &'a [Native<P>],
    targets: &'a [Native<P>],
    weights: Option<&'a [f64]>,
    /// Tells which pairs count; all, if there is none.
    valid: Option<&'a NullBuffer>,
}

impl<P: Pairs> Batch<'_, P> {
    fn is_valid(&self, i: usize) -> bool {
        self.valid.is_none_or(|valid| valid.is_valid(i))
    }

    /// The terms and the weights of the pairs from `start` on; 0 for pairs that do not count.
    fn terms(&self, loss: &AnyLoss, start: usize, terms: &mut [P::Term], weights: &mut [f64]) {
        let mut losses = [Native::<P>::default(); BLOCK];
        for (block, terms) in terms.chunks_mut(BLOCK).enumerate() {
            let start = start + block * BLOCK;
            let (range, losses) = (start..start + terms.len(), &mut losses[..terms.len()]);
            loss.forward_slice(&self.predictions[range.clone()], &self.targets[range.clone()], losses);
            match self.weights {
                None => terms.iter_mut().zip(losses).for_each(|(term, loss)| *term = P::term(*loss, 1.0)),
                Some(given) => {
                    for (term, (loss, weight)) in terms.iter_mut().zip(losses.iter().zip(&given[range])) {
                        *term = P::term(*loss, *weight);
                    }
                }
            }
        }
        if let Some(given) = self.weights {
            weights.copy_from_slice(&given[start..start + terms.len()]);
        }
        if self.valid.is_some() {
            for i in (0..terms.len()).filter(|i| !self.is_valid(start + i)) {
                (terms[i], weights[i]) = (P::Term::default(), 0.0);
            }
        }
    }
}

impl<P: Pairs> Totals<P> {
    fn new(loss: AnyLoss, mean: bool) -> Self {
        Totals { loss, mean, sums: Vec::new(), counts: Vec::new(), weights: Vec::new() }
    }

    fn resize(&mut self, groups: usize) {
        self.sums.resize(groups, ExactSum::new());
        self.counts.resize(groups, 0);
        if P::WEIGHTED {
            self.weights.resize(groups, ExactSum::new());
        }
    }

    /// Adds the pairs of a batch without those that have a null: to group `groups[i]`, or all to the first.
    fn add(&mut self, values: &[ArrayRef], groups: Option<&[usize]>, filter: Option<&BooleanArray>) {
        let (predictions, targets) = (values[1].as_primitive::<P::Column>(), values[2].as_primitive::<P::Column>());
        let weights = P::WEIGHTED.then(|| values[3].as_primitive::<Float64Type>());
        let filter = filter.map(|filter| match filter.nulls() {
            None => NullBuffer::new(filter.values().clone()),
            Some(nulls) => NullBuffer::new(filter.values() & nulls.inner()),
        });
        let of_weights = weights.and_then(Array::nulls);
        let valid = NullBuffer::union_many([predictions.nulls(), targets.nulls(), of_weights, filter.as_ref()]);
        let pairs = Batch {
            predictions: predictions.values(),
            targets: targets.values(),
            weights: weights.map(|weights| &**weights.values()),
            valid: valid.as_ref(),
        };
        match groups {
            None => self.add_all(&pairs),
            Some(groups) if self.sums.len() <= groups.len() / LONG_GROUP => self.add_long_groups(&pairs, groups),
            Some(groups) => self.add_to_groups(&pairs, groups),
        }
    }

    /// Adds all pairs to the first group.
    fn add_all(&mut self, pairs: &Batch<'_, P>) {
        let count = pairs.predictions.len();
        self.counts[0] += (count - pairs.valid.map_or(0, NullBuffer::null_count)) as u64;
        if let (None, Some(sum)) = (pairs.valid, P::exact_sum(&self.loss, pairs.predictions, pairs.targets)) {
            return self.sums[0].merge(&sum);
        }
        let (mut terms, mut weights) = ([P::Term::default(); BLOCK], [0.0; BLOCK]);
        for start in (0..count).step_by(BLOCK) {
            let len = BLOCK.min(count - start);
            // Zeros change no sum.
            pairs.terms(&self.loss, start, &mut terms[..len], &mut weights[..len]);
            self.sums[0].add_slice(&terms[..len]);
            if P::WEIGHTED {
                self.weights[0].add_slice(&weights[..len]);
            }
        }
    }

    /// Adds the pairs one by one.
    fn add_to_groups(&mut self, pairs: &Batch<'_, P>, groups: &[usize]) {
        let (mut terms, mut weights) = ([P::Term::default(); BLOCK], [0.0; BLOCK]);
        for start in (0..groups.len()).step_by(BLOCK) {
            let len = BLOCK.min(groups.len() - start);
            pairs.terms(&self.loss, start, &mut terms[..len], &mut weights[..len]);
            for i in (0..len).filter(|i| pairs.is_valid(start + i)) {
                let group = groups[start + i];
                self.sums[group].add(terms[i]);
                self.counts[group] += 1;
                if P::WEIGHTED {
                    self.weights[group].add(weights[i]);
                }
            }
        }
    }

    /// Adds the pairs of each group together: with weights, half of the work of adding them one by one.
    fn add_long_groups(&mut self, pairs: &Batch<'_, P>, groups: &[usize]) {
        // Where the terms of each group begin, by counting; the place of the next term, as they are sorted.
        let mut places = vec![0; self.sums.len()];
        let rows = || (0..groups.len()).filter(|i| pairs.is_valid(*i));
        rows().for_each(|i| places[groups[i]] += 1);
        let mut begin = 0;
        for place in &mut places {
            begin += std::mem::replace(place, begin);
        }
        let (mut terms, mut weights) = (vec![P::Term::default(); groups.len()], vec![0.0; groups.len()]);
        pairs.terms(&self.loss, 0, &mut terms, &mut weights);
        let mut sorted = vec![P::Term::default(); begin];
        let mut sorted_weights = vec![0.0; if P::WEIGHTED { begin } else { 0 }];
        for i in rows() {
            let place = &mut places[groups[i]];
            sorted[*place] = terms[i];
            if P::WEIGHTED {
                sorted_weights[*place] = weights[i];
            }
            *place += 1;
        }
        let mut begin = 0;
        for (group, end) in places.into_iter().enumerate() {
            self.sums[group].add_slice(&sorted[begin..end]);
            self.counts[group] += (end - begin) as u64;
            if P::WEIGHTED {
                self.weights[group].add_slice(&sorted_weights[begin..end]);
            }
            begin = end;
        }
    }

    /// Adds states to group `groups[i]`, or all to the first.
    fn merge(&mut self, states: &[ArrayRef], groups: Option<&[usize]>) -> Result<()> {
        let sums = states[0].as_binary::<i32>();
        let counts = states[1].as_primitive::<UInt64Type>();
        for i in 0..sums.len() {
            let group = groups.map_or(0, |groups| groups[i]);
            self.sums[group].merge(&state::read(sums.value(i))?);
            self.counts[group] += counts.value(i);
            if P::WEIGHTED {
                self.weights[group].merge(&state::read(states[2].as_binary::<i32>().value(i))?);
            }
        }
        Ok(())
    }

    /// Null for a group without pairs.
    fn take_values(&mut self, emit: EmitTo) -> Float64Array {
        let (sums, counts) = (emit.take_needed(&mut self.sums), emit.take_needed(&mut self.counts));
        let weights = emit.take_needed(&mut self.weights);
        let value = |i: usize| {
            let sum = sums[i].value();
            match weights.get(i) {
                _ if !self.mean => sum,
                Some(weight) => sum / weight.value(),
                None => sum / counts[i] as f64,
            }
        };
        (0..sums.len()).map(|i| (counts[i] > 0).then(|| value(i))).collect()
    }

    fn take_states(&mut self, emit: EmitTo) -> Vec<ArrayRef> {
        let mut states = vec![
            state::write(&emit.take_needed(&mut self.sums)),
            Arc::new(UInt64Array::from(emit.take_needed(&mut self.counts))),
        ];
        if P::WEIGHTED {
            states.push(state::write(&emit.take_needed(&mut self.weights)));
        }
        states
    }

    fn bytes(&self) -> usize {
        self.sums.capacity() * size_of::<ExactSum<P::Term>>()
            + self.counts.capacity() * size_of::<u64>()
            + self.weights.capacity() * size_of::<ExactSum<f64>>()
    }
}

impl<P: Pairs> GroupsAccumulator for Totals<P> {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        self.resize(total_num_groups);
        self.add(values, Some(group_indices), opt_filter);
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        Ok(Arc::new(self.take_values(emit_to)))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(self.take_states(emit_to))
    }

    fn merge_batch(&mut self, values: &[ArrayRef], group_indices: &[usize], total_num_groups: usize) -> Result<()> {
        self.resize(total_num_groups);
        self.merge(values, Some(group_indices))
    }

    fn convert_to_state(&self, values: &[ArrayRef], opt_filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let rows: Vec<usize> = (0..values[1].len()).collect();
        let mut totals = Self::new(self.loss, self.mean);
        totals.update_batch(values, &rows, opt_filter, rows.len())?;
        GroupsAccumulator::state(&mut totals, EmitTo::All)
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.bytes()
    }
}

/// The totals of all rows, as those of one group.
struct Single<P: Pairs>(Totals<P>);

impl<P: Pairs> fmt::Debug for Single<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Single({}, {} pairs)", self.0.loss, self.0.counts[0])
    }
}

impl<P: Pairs> Accumulator for Single<P> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.0.add(values, None, None);
        Ok(())
    }

    /// The totals stay: a window asks for the value of every row.
    fn evaluate(&mut self) -> Result<ScalarValue> {
        let totals = &self.0;
        let mut copy = Totals::<P> {
            loss: totals.loss,
            mean: totals.mean,
            sums: totals.sums.clone(),
            counts: totals.counts.clone(),
            weights: totals.weights.clone(),
        };
        ScalarValue::try_from_array(&copy.take_values(EmitTo::All), 0)
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.0.bytes()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let states = self.0.take_states(EmitTo::All);
        self.0.resize(1);
        states.iter().map(|state| ScalarValue::try_from_array(state, 0)).collect()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.0.merge(states, None)
    }
}
