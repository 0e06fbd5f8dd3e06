//! The operations: of tensors of Flex as slices, forward and backward; of `Autodiff` over it, the steps of the backward
//! pass; of tensors on other backends, those of [`fallback`].

use std::fmt::Debug;
use std::ops::Range;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::retro_forward::RetroForward;
use burn::backend::autodiff::checkpoint::state::BackwardStates;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::autodiff::{self, NodeId};
use burn::backend::flex::{FlexTensor, Layout};
use burn::backend::ops::IntTensorOps;
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{
    Autodiff, Backend, Dispatch, DispatchTensor, DispatchTensorKind, Flex, TensorMetadata, backend_extension,
};
use burn::tensor::{Bytes, DType, IntDType, Shape, bf16, f16};
use bytemuck::Pod;
use slopes::activation::{Activation, AnyGatedUnit, AnyRowActivation, GatedUnit, GluLayout, RowActivation};
use slopes::loss::{AnyRowLoss, RowLoss, TargetError, Targets};
use slopes::{Element, Parallel, Rows};

use crate::{Activate, Function, fallback};

/// A function of one tensor.
#[derive(Clone, Debug)]
pub(crate) enum Unary {
    Elementwise(Activate),
    Along {
        f: AnyRowActivation,
        dim: usize,
    },
    /// The gates, then the ups, along the last dimension.
    Packed(AnyGatedUnit),
}

/// The mean of a loss of the rows along a dimension.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MeanLoss {
    pub(crate) loss: AnyRowLoss<'static>,
    pub(crate) dim: usize,
}

pub(crate) fn unary(x: DispatchTensor, f: Unary) -> DispatchTensor {
    if matches!(f, Unary::Packed(_)) {
        let shape = &x.shape()[..];
        let is_even = shape.last().is_some_and(|row| row % 2 == 0);
        assert!(is_even, "{}: the last dimension of {shape:?} is not even", f.name());
    }
    if is_on_flex(&x) { <Dispatch as Extension>::unary(x, f) } else { fallback::unary(x, f) }
}

pub(crate) fn gated(gate: DispatchTensor, up: DispatchTensor, unit: AnyGatedUnit) -> DispatchTensor {
    let op = unit.spec().name();
    same(op, "shapes", &gate.shape()[..], &up.shape()[..]);
    same(op, "dtypes", &gate.dtype(), &up.dtype());
    if is_on_flex(&gate) { <Dispatch as Extension>::gated(gate, up, unit) } else { fallback::gated(gate, up, unit) }
}

pub(crate) fn mean_loss(prediction: DispatchTensor, target: DispatchTensor, loss: MeanLoss) -> DispatchTensor {
    loss.check(&prediction, &target);
    match (is_on_flex(&prediction), target.dtype().is_float()) {
        (true, true) => <Dispatch as Extension>::soft_loss(prediction, target, loss),
        (true, false) => <Dispatch as Extension>::label_loss(prediction, target, loss),
        _ => fallback::mean_loss(prediction, target, loss),
    }
}

fn is_on_flex(x: &DispatchTensor) -> bool {
    match &x.kind {
        DispatchTensorKind::Autodiff(inner) => matches!(**inner, DispatchTensorKind::Flex(_)),
        kind => matches!(kind, DispatchTensorKind::Flex(_)),
    }
}

fn same<T: PartialEq + Debug + ?Sized>(op: &str, what: &str, a: &T, b: &T) {
    assert!(a == b, "{op}: {what} differ: {a:?} and {b:?}");
}

/// The operations as burn dispatches them: `Dispatch` calls those of the backend of its tensors.
#[backend_extension(Flex, Autodiff)]
trait Extension: Backend {
    fn unary(x: FloatTensor<Self>, f: Unary) -> FloatTensor<Self>;
    fn gated(gate: FloatTensor<Self>, up: FloatTensor<Self>, unit: AnyGatedUnit) -> FloatTensor<Self>;
    fn label_loss(prediction: FloatTensor<Self>, labels: IntTensor<Self>, loss: MeanLoss) -> FloatTensor<Self>;
    fn soft_loss(prediction: FloatTensor<Self>, target: FloatTensor<Self>, loss: MeanLoss) -> FloatTensor<Self>;
}

impl Extension for Flex {
    fn unary(x: FlexTensor, f: Unary) -> FlexTensor {
        f.forward(x)
    }
    fn gated(gate: FlexTensor, up: FlexTensor, unit: AnyGatedUnit) -> FlexTensor {
        forward_gated(gate, up, unit)
    }
    fn label_loss(prediction: FlexTensor, labels: FlexTensor, loss: MeanLoss) -> FlexTensor {
        loss.mean(prediction, &loss.target(labels))
    }
    fn soft_loss(prediction: FlexTensor, target: FlexTensor, loss: MeanLoss) -> FlexTensor {
        loss.mean(prediction, &loss.target(target))
    }
}

impl<C: CheckpointStrategy> Extension for Autodiff<Flex, C> {
    fn unary(x: FloatTensor<Self>, f: Unary) -> FloatTensor<Self> {
        let (id, saves_output) = (x.id(), f.saves_output(x.primitive().dtype()));
        let prep = UnaryStep.prepare::<C>([x.node()]);
        let prep = if saves_output {
            prep.compute_bound()
        } else {
            prep.memory_bound().retro_forward(UnaryAgain { x: id, f: f.clone() }).parents([&x])
        };
        match prep.stateful() {
            OpsKind::Tracked(prep) if saves_output => {
                let y = f.forward(x.into_primitive());
                prep.finish((f, Saved::Output(y.clone())), y)
            }
            OpsKind::Tracked(mut prep) => {
                let saved = Saved::Input(prep.checkpoint(&x));
                let y = f.forward(x.into_primitive());
                prep.finish((f, saved), y)
            }
            OpsKind::UnTracked(prep) => prep.finish(f.forward(x.into_primitive())),
        }
    }

    fn gated(gate: FloatTensor<Self>, up: FloatTensor<Self>, unit: AnyGatedUnit) -> FloatTensor<Self> {
        let prep = GatedStep
            .prepare::<C>([gate.node(), up.node()])
            .memory_bound()
            .retro_forward(GatedAgain { gate: gate.id(), up: up.id(), unit })
            .parents([&gate, &up]);
        match prep.stateful() {
            OpsKind::Tracked(mut prep) => {
                let ids = [prep.checkpoint(&gate), prep.checkpoint(&up)];
                prep.finish((ids, unit), forward_gated(gate.into_primitive(), up.into_primitive(), unit))
            }
            OpsKind::UnTracked(prep) => prep.finish(forward_gated(gate.into_primitive(), up.into_primitive(), unit)),
        }
    }

    fn label_loss(prediction: FloatTensor<Self>, labels: FlexTensor, loss: MeanLoss) -> FloatTensor<Self> {
        let target = loss.target(labels);
        match LossStep.prepare::<C>([prediction.node()]).compute_bound().stateful() {
            OpsKind::Tracked(mut prep) => {
                let id = prep.checkpoint(&prediction);
                let mean = loss.mean(prediction.into_primitive(), &target);
                prep.finish((id, target, loss), mean)
            }
            OpsKind::UnTracked(prep) => prep.finish(loss.mean(prediction.into_primitive(), &target)),
        }
    }

    /// The target is a constant: it has no gradient.
    fn soft_loss(prediction: FloatTensor<Self>, target: FloatTensor<Self>, loss: MeanLoss) -> FloatTensor<Self> {
        Self::label_loss(prediction, target.into_primitive(), loss)
    }
}

/// What the backward pass of a [`Unary`] reads: the input, which the graph keeps or computes again, or the output.
#[derive(Clone, Debug)]
enum Saved {
    Input(NodeId),
    Output(FlexTensor),
}

#[derive(Debug)]
struct UnaryStep;

impl Backward<Flex, 1> for UnaryStep {
    type State = (Unary, Saved);
    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, checkpointer: &mut Checkpointer) {
        let (f, saved) = ops.state;
        let saved = match saved {
            Saved::Input(id) => checkpointer.retrieve_node_output(id),
            Saved::Output(y) => y,
        };
        autodiff::ops::unary::<Flex, _>(ops.parents, ops.node, gradients, |dy| f.backward(saved, dy));
    }
}

/// Computes a [`Unary`] in the backward pass again, where memory is saved.
#[derive(Debug)]
struct UnaryAgain {
    x: NodeId,
    f: Unary,
}

impl RetroForward for UnaryAgain {
    fn forward(&self, states: &mut BackwardStates, out: NodeId) {
        let y = self.f.forward(states.get_state(&self.x));
        states.save(out, y);
    }
}

#[derive(Debug)]
struct GatedStep;

impl Backward<Flex, 2> for GatedStep {
    type State = ([NodeId; 2], AnyGatedUnit);
    fn backward(self, ops: Ops<Self::State, 2>, gradients: &mut Gradients, checkpointer: &mut Checkpointer) {
        let ([gate, up], unit) = ops.state;
        let (gate, up) = (checkpointer.retrieve_node_output(gate), checkpointer.retrieve_node_output(up));
        let made = backward_gated(gate, up, gradients.consume::<Flex>(&ops.node), unit);
        for (parent, gradient) in ops.parents.into_iter().zip(made) {
            if let Some(parent) = parent {
                gradients.register::<Flex>(parent.id, gradient);
            }
        }
    }
}

#[derive(Debug)]
struct GatedAgain {
    gate: NodeId,
    up: NodeId,
    unit: AnyGatedUnit,
}

impl RetroForward for GatedAgain {
    fn forward(&self, states: &mut BackwardStates, out: NodeId) {
        let (gate, up) = (states.get_state(&self.gate), states.get_state(&self.up));
        states.save(out, forward_gated(gate, up, self.unit));
    }
}

#[derive(Debug)]
struct LossStep;

impl Backward<Flex, 1> for LossStep {
    type State = (NodeId, FlexTensor, MeanLoss);
    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, checkpointer: &mut Checkpointer) {
        let (prediction, target, loss) = ops.state;
        let prediction = checkpointer.retrieve_node_output(prediction);
        let gradient = |d_mean| loss.gradient(prediction, &target, d_mean);
        autodiff::ops::unary::<Flex, _>(ops.parents, ops.node, gradients, gradient);
    }
}

/// A floating-point type of tensors.
trait Float: Element + burn::tensor::Element + Pod {
    fn of(f: &dyn Function) -> Parallel<&dyn Activation<Self>>;
}

macro_rules! floats {
    ($($T:ident),+) => {
        $(impl Float for $T {
            fn of(f: &dyn Function) -> Parallel<&dyn Activation<Self>> {
                Parallel(f)
            }
        })+
    };
}
floats!(f32, f64, f16, bf16);

/// Evaluates an expression with a name for the type of a floating-point dtype.
macro_rules! with_float {
    (@as $T:ident = $Float:ty => $body:expr) => {{
        type $T = $Float;
        $body
    }};
    ($dtype:expr, $op:expr, $T:ident => $body:expr) => {
        match $dtype {
            DType::F32 => with_float!(@as $T = f32 => $body),
            DType::F64 => with_float!(@as $T = f64 => $body),
            DType::F16 => with_float!(@as $T = f16 => $body),
            DType::BF16 => with_float!(@as $T = bf16 => $body),
            other => panic!("{}: no tensors of {other:?}", $op),
        }
    };
}

/// The part of the storage that a tensor has: all of it, if its numbers are not contiguous there.
fn part<T>(x: &FlexTensor) -> Range<usize> {
    let (start, end) = x.layout().contiguous_offsets().unwrap_or((0, x.bytes().len() / size_of::<T>()));
    start..end
}

fn numbers<T: burn::tensor::Element + Pod>(x: &FlexTensor) -> &[T] {
    &x.storage()[part::<T>(x)]
}

/// The numbers, if nobody else holds their memory.
fn numbers_mut<T: Float>(x: &mut FlexTensor) -> Option<&mut [T]> {
    let part = part::<T>(x);
    x.try_storage_mut().map(|memory| &mut memory[part])
}

fn contiguous(x: FlexTensor) -> FlexTensor {
    if x.is_contiguous() { x } else { x.to_contiguous() }
}

/// The tensor as it is if it has all of its storage, in any order: transposed, broadcast or flipped. Else a contiguous one.
fn dense<T>(x: FlexTensor) -> FlexTensor {
    if x.bytes().len() / size_of::<T>() <= x.layout().num_elements() { x } else { contiguous(x) }
}

/// A contiguous tensor whose memory nobody else holds.
fn owned<T: Float>(x: FlexTensor) -> FlexTensor {
    if x.is_contiguous() && !x.is_unique() { new(numbers::<T>(&x).to_vec(), x.layout().shape()) } else { contiguous(x) }
}

fn new<T: Float>(numbers: Vec<T>, shape: &Shape) -> FlexTensor {
    FlexTensor::new(
        Bytes::from_elems(numbers),
        Layout::contiguous(shape.clone()),
        <T as burn::tensor::Element>::dtype(),
    )
}

fn filled<T: Float>(len: usize, fill: impl FnOnce(&mut [T])) -> Vec<T> {
    let mut numbers = vec![T::default(); len];
    fill(&mut numbers);
    numbers
}

/// The values of the numbers, in place or in new memory of the same order.
fn map<T: Float>(mut x: FlexTensor, forward: impl Fn(&[T], &mut [T]), in_place: impl Fn(&mut [T])) -> FlexTensor {
    if let Some(numbers) = numbers_mut(&mut x) {
        in_place(numbers);
        return x;
    }
    let input = numbers(&x);
    let y = filled(input.len(), |y| forward(input, y));
    let y = new(y, x.layout().shape());
    if x.is_contiguous() { y } else { y.with_layout(x.layout().clone()) }
}

/// The gradient dx, of x and dy as contiguous numbers.
fn gradient<T: Float>(x: FlexTensor, dy: FlexTensor, backward: impl FnOnce(&[T], &[T], &mut [T])) -> FlexTensor {
    let (x, dy) = (contiguous(x), contiguous(dy));
    let input = numbers(&x);
    new(filled(input.len(), |dx| backward(input, numbers(&dy), dx)), x.layout().shape())
}

impl Unary {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Unary::Elementwise(f) => f.name(),
            Unary::Along { f, .. } => f.spec().name(),
            Unary::Packed(unit) => unit.spec().name(),
        }
    }

    /// Whether the backward pass reads the output, which needs no exponential; but the input where the output is rounded
    /// to 16 bits: exp(y) of a rounded logarithm y has an error of |y| / 2 ulp.
    fn saves_output(&self, dtype: DType) -> bool {
        matches!(self, Unary::Along { .. }) && matches!(dtype, DType::F32 | DType::F64)
    }

    fn forward(&self, x: FlexTensor) -> FlexTensor {
        with_float!(x.dtype(), self.name(), T => match self {
            Unary::Elementwise(f) => {
                let f = T::of(&*f.f);
                map::<T>(dense::<T>(x), |x, y| f.forward_slice(x, y), |x| f.forward_in_place(x))
            }
            Unary::Along { f, dim } => {
                let (f, rows) = (Parallel(f), Rows::along(x.layout().shape(), *dim));
                map::<T>(contiguous(x), |x, y| f.forward(x, rows, y), |x| f.forward_in_place(x, rows))
            }
            Unary::Packed(unit) => {
                let mut shape = x.layout().shape().clone();
                let last = shape.num_dims() - 1;
                let packed = GluLayout::GateFirst { row: shape[last] };
                shape[last] /= 2;
                let x = contiguous(x);
                let y = |y: &mut [T]| Parallel(*unit).forward_packed(numbers(&x), packed, y);
                new(filled(shape.num_elements(), y), &shape)
            }
        })
    }

    /// The gradient in x, from what was saved: x or y.
    fn backward(&self, saved: FlexTensor, dy: FlexTensor) -> FlexTensor {
        let dtype = saved.dtype();
        with_float!(dtype, self.name(), T => match self {
            Unary::Elementwise(f) => {
                let (f, x, mut dy) = (T::of(&*f.f), contiguous(saved), contiguous(dy));
                match numbers_mut::<T>(&mut dy) {
                    Some(dx) => {
                        f.backward_in_place(numbers(&x), dx);
                        dy
                    }
                    None => gradient::<T>(x, dy, |x, dy, dx| f.backward_slice(x, dy, dx)),
                }
            }
            Unary::Along { f, dim } => {
                let (f, rows) = (Parallel(f), Rows::along(saved.layout().shape(), *dim));
                gradient::<T>(saved, dy, |saved, dy, dx| match self.saves_output(dtype) {
                    true => f.backward_from_output(saved, dy, rows, dx),
                    false => f.backward(saved, dy, rows, dx),
                })
            }
            Unary::Packed(unit) => {
                let row = saved.layout().shape()[saved.layout().num_dims() - 1];
                gradient::<T>(saved, dy, |x, dy, dx| {
                    Parallel(*unit).backward_packed(x, GluLayout::GateFirst { row }, dy, dx);
                })
            }
        })
    }
}

fn forward_gated(gate: FlexTensor, up: FlexTensor, unit: AnyGatedUnit) -> FlexTensor {
    with_float!(gate.dtype(), unit.spec().name(), T => {
        let (unit, up) = (Parallel(unit), contiguous(up));
        let up = numbers::<T>(&up);
        map(contiguous(gate), |gate, y| unit.forward_slice(gate, up, y), |gate| unit.forward_in_place(gate, up))
    })
}

fn backward_gated(gate: FlexTensor, up: FlexTensor, dy: FlexTensor, unit: AnyGatedUnit) -> [FlexTensor; 2] {
    with_float!(gate.dtype(), unit.spec().name(), T => {
        let (mut gate, mut up, dy) = (owned::<T>(gate), owned::<T>(up), contiguous(dy));
        if let (Some(gate), Some(up)) = (numbers_mut(&mut gate), numbers_mut(&mut up)) {
            Parallel(unit).backward_in_place(gate, up, numbers::<T>(&dy));
        }
        [gate, up]
    })
}

impl MeanLoss {
    pub(crate) fn name(&self) -> &'static str {
        self.loss.spec().name()
    }

    /// Checks shapes, dtypes and the number of class weights.
    fn check(&self, prediction: &DispatchTensor, target: &DispatchTensor) {
        let (op, dtype) = (self.name(), target.dtype());
        let mut shape = prediction.shape();
        let classes = shape[self.dim];
        if dtype.is_float() {
            let takes_labels_alone = matches!(self.loss, AnyRowLoss::MultiMargin(_) | AnyRowLoss::CategoricalHinge(_));
            assert!(!takes_labels_alone, "{op}: the target is {dtype:?}, not labels");
            same(op, "dtypes", &prediction.dtype(), &dtype);
        } else {
            assert!(dtype.is_int() || dtype.is_uint(), "{op}: the target is {dtype:?}");
            shape.remove(self.dim);
            assert!(classes > 0 || shape.num_elements() == 0, "{op}: labels of 0 classes");
        }
        same(op, "shapes of the target", &shape[..], &target.shape()[..]);
        let weights = match &self.loss {
            AnyRowLoss::SoftmaxCrossEntropy(loss) => loss.class_weights,
            AnyRowLoss::CategoricalFocal(loss) => loss.alpha,
            AnyRowLoss::NegativeLogLikelihood(loss) => loss.class_weights,
            _ => None,
        };
        if let Some(weights) = weights {
            assert!(weights.len() == classes, "{op}: {} class weights for {classes} classes", weights.len());
        }
    }

    /// The target as contiguous numbers of a type that slopes reads.
    fn target(&self, target: FlexTensor) -> FlexTensor {
        contiguous(match target.dtype() {
            DType::I8 | DType::I16 => Flex::int_cast(target, IntDType::I32),
            _ => target,
        })
    }

    /// Calls a method of the loss with the target.
    fn with_target<T: Float, R>(
        &self,
        target: &FlexTensor,
        call: impl FnOnce(Targets<'_, T>) -> Result<R, TargetError>,
    ) -> R {
        macro_rules! labels {
            ($($V:ident $L:ident),+) => {
                match target.dtype() {
                    $(DType::$V => call(Targets::labels::<$L>(numbers(target))),)+
                    _ => call(Targets::Probabilities(numbers(target))),
                }
            };
        }
        labels!(U8 u8, U16 u16, U32 u32, U64 u64, I32 i32, I64 i64)
            .unwrap_or_else(|error| panic!("{}: {error}", self.name()))
    }

    fn mean(&self, prediction: FlexTensor, target: &FlexTensor) -> FlexTensor {
        with_float!(prediction.dtype(), self.name(), T => {
            let rows = Rows::along(prediction.layout().shape(), self.dim);
            let prediction = contiguous(prediction);
            let mean = self.with_target(target, |target| {
                Parallel(&self.loss).mean(numbers::<T>(&prediction), target, rows)
            });
            new(vec![T::from_f64_rounded(mean)], &Shape::from([1]))
        })
    }

    /// The gradient is scaled before it is rounded, so that a factor of the loss keeps f16 from underflow.
    fn gradient(&self, prediction: FlexTensor, target: &FlexTensor, d_mean: FlexTensor) -> FlexTensor {
        with_float!(prediction.dtype(), self.name(), T => {
            let (loss, rows) = (Parallel(&self.loss), Rows::along(prediction.layout().shape(), self.dim));
            gradient::<T>(prediction, d_mean, |prediction, d_mean, gradient| {
                self.with_target(target, |target| {
                    let weight = RowLoss::<T>::total_weight(&loss, target, rows)?;
                    // The mean of nothing has a gradient of 0.
                    let scale = if weight == 0.0 { 0.0 } else { d_mean[0].into_f64() / weight };
                    loss.gradient(prediction, target, rows, scale, gradient)
                });
            })
        })
    }
}
