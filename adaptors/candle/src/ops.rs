//! The custom operations of candle: storages and layouts as slices, forward, backward, in place.

use std::borrow::Cow;
use std::sync::Arc;

use candle_core::backend::{BackendDevice, BackendStorage};
use candle_core::cpu_backend::CpuDevice;
use candle_core::{
    CpuStorage, CustomOp1, CustomOp2, DType, Error, InplaceOp1, Layout, Result, Shape, Storage, StorageRef, Tensor,
    WithDType,
};
use half::{bf16, f16};
use slopes::activation::{Activation, AnyGatedUnit, AnyRowActivation, GatedUnit, GluLayout, RowActivation};
use slopes::loss::{AnyRowLoss, RowLoss, TargetError, Targets};
use slopes::{Element, Parallel, Rows};

use crate::Function;

/// A floating-point type of tensors.
trait Float: WithDType + Element {
    fn slice_mut(storage: &mut CpuStorage) -> Result<&mut [Self]>;
    fn of(f: &dyn Function) -> Parallel<&dyn Activation<Self>>;
}

macro_rules! floats {
    ($($V:ident $T:ident),+) => {
        $(impl Float for $T {
            fn slice_mut(storage: &mut CpuStorage) -> Result<&mut [Self]> {
                match storage {
                    CpuStorage::$V(numbers) => Ok(numbers),
                    other => {
                        let (msg, expected, got) = ("in place".into(), DType::$V, other.dtype());
                        Err(Error::UnexpectedDType { msg, expected, got }.bt())
                    }
                }
            }
            fn of(f: &dyn Function) -> Parallel<&dyn Activation<Self>> {
                Parallel(f)
            }
        })+
    };
}
floats!(F32 f32, F64 f64, F16 f16, BF16 bf16);

/// Evaluates an expression with a name for the type of a floating-point dtype; an error for another dtype.
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
            other => Err(Error::UnsupportedDTypeForOp(other, $op).bt()),
        }
    };
}

/// The numbers of a layout in logical order: a slice of the storage, or a copy if they are not contiguous there.
fn numbers<'a, T: WithDType>(storage: &'a CpuStorage, layout: &Layout) -> Result<Cow<'a, [T]>> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(Cow::Borrowed(&T::cpu_storage_as_slice(storage)?[start..end])),
        None => {
            let mut copy = CpuDevice.zeros_impl(layout.shape(), T::DTYPE)?;
            storage.copy_strided_src(&mut copy, 0, layout)?;
            T::cpu_storage_data(copy).map(Cow::Owned)
        }
    }
}

/// Writes numbers in logical order to the places of a layout.
fn scatter<T: Copy>(numbers: &[T], to: &mut [T], layout: &Layout) {
    // The last axes that are contiguous are runs of numbers.
    let (mut outer, mut run) = (layout.dims().len(), 1);
    while outer > 0 && (layout.stride()[outer - 1] == run || layout.dims()[outer - 1] == 1) {
        outer -= 1;
        run *= layout.dims()[outer];
    }
    for (index, numbers) in numbers.chunks_exact(run.max(1)).enumerate() {
        let (mut start, mut index) = (layout.start_offset(), index);
        for axis in (0..outer).rev() {
            start += index % layout.dims()[axis] * layout.stride()[axis];
            index /= layout.dims()[axis];
        }
        to[start..start + run].copy_from_slice(numbers);
    }
}

/// The storage of a tensor of a backward pass, whose forward pass was on the CPU.
fn on_cpu<'a>(storage: &'a StorageRef<'_>, op: &'static str) -> Result<&'a CpuStorage> {
    match &**storage {
        Storage::Cpu(storage) => Ok(storage),
        _ => Err(Error::msg(format!("{op}: a tensor of the backward pass is not on the CPU"))),
    }
}

fn zeros<T: Float>(len: usize) -> Vec<T> {
    vec![T::default(); len]
}

/// The values of numbers: written to new memory, or over a copy.
fn map<T: Float>(x: Cow<'_, [T]>, forward: impl Fn(&[T], &mut [T]), in_place: impl Fn(&mut [T])) -> Vec<T> {
    match x {
        Cow::Borrowed(x) => {
            let mut y = zeros(x.len());
            forward(x, &mut y);
            y
        }
        Cow::Owned(mut x) => {
            in_place(&mut x);
            x
        }
    }
}

/// Replaces the numbers of a layout.
fn replace<T: Float>(storage: &mut CpuStorage, layout: &Layout, in_place: impl Fn(&mut [T])) -> Result<()> {
    match layout.contiguous_offsets() {
        Some((start, end)) => in_place(&mut T::slice_mut(storage)?[start..end]),
        None => {
            let mut copy = numbers::<T>(storage, layout)?.into_owned();
            in_place(&mut copy);
            scatter(&copy, T::slice_mut(storage)?, layout);
        }
    }
    Ok(())
}

/// The gradient in one input: made by `backward` of the input, the gradient of the output, and the place of the result.
fn gradient<T: Float>(
    x: &Tensor,
    dy: &Tensor,
    op: &'static str,
    backward: impl FnOnce(&[T], &[T], &mut [T]),
) -> Result<Option<Tensor>> {
    let ((x_storage, x_layout), (dy_storage, dy_layout)) = (x.storage_and_layout(), dy.storage_and_layout());
    let x_numbers = numbers::<T>(on_cpu(&x_storage, op)?, x_layout)?;
    let dy = numbers::<T>(on_cpu(&dy_storage, op)?, dy_layout)?;
    let mut dx = zeros(x_numbers.len());
    backward(&x_numbers, &dy, &mut dx);
    Tensor::from_vec(dx, x.shape(), x.device()).map(Some)
}

/// An elementwise activation.
pub(crate) struct Elementwise(pub(crate) Arc<dyn Function>);

impl Elementwise {
    fn op(&self) -> &'static str {
        Activation::<f32>::spec(&*self.0).name()
    }
}

impl CustomOp1 for Elementwise {
    fn name(&self) -> &'static str {
        self.op()
    }
    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        with_float!(x.dtype(), self.op(), T => {
            let f = T::of(&*self.0);
            let y = map::<T>(numbers(x, layout)?, |x, y| f.forward_slice(x, y), |x| f.forward_in_place(x));
            Ok((T::to_cpu_storage_owned(y), layout.shape().clone()))
        })
    }
    fn bwd(&self, x: &Tensor, _y: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        with_float!(x.dtype(), self.op(), T => {
            let f = T::of(&*self.0);
            gradient::<T>(x, dy, self.op(), |x, dy, dx| f.backward_slice(x, dy, dx))
        })
    }
}

impl InplaceOp1 for Elementwise {
    fn name(&self) -> &'static str {
        self.op()
    }
    fn cpu_fwd(&self, x: &mut CpuStorage, layout: &Layout) -> Result<()> {
        with_float!(x.dtype(), self.op(), T => replace::<T>(x, layout, |x| T::of(&*self.0).forward_in_place(x)))
    }
}

/// An activation of the rows along a dimension.
pub(crate) struct Along {
    pub(crate) f: AnyRowActivation,
    pub(crate) dim: usize,
}

impl CustomOp1 for Along {
    fn name(&self) -> &'static str {
        self.f.spec().name()
    }
    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (f, rows) = (Parallel(&self.f), Rows::along(layout.dims(), self.dim));
        with_float!(x.dtype(), CustomOp1::name(self), T => {
            let y = map::<T>(numbers(x, layout)?, |x, y| f.forward(x, rows, y), |x| f.forward_in_place(x, rows));
            Ok((T::to_cpu_storage_owned(y), layout.shape().clone()))
        })
    }
    /// From the output, which needs no exponential; from the input where the output is rounded to 16 bits: exp(y) of a
    /// rounded logarithm y has an error of |y| / 2 ulp.
    fn bwd(&self, x: &Tensor, y: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        let (f, rows, op) = (Parallel(&self.f), Rows::along(x.dims(), self.dim), CustomOp1::name(self));
        with_float!(x.dtype(), op, T => match T::DTYPE {
            DType::F16 | DType::BF16 => gradient::<T>(x, dy, op, |x, dy, dx| f.backward(x, dy, rows, dx)),
            _ => gradient::<T>(y, dy, op, |y, dy, dx| f.backward_from_output(y, dy, rows, dx)),
        })
    }
}

impl InplaceOp1 for Along {
    fn name(&self) -> &'static str {
        self.f.spec().name()
    }
    fn cpu_fwd(&self, x: &mut CpuStorage, layout: &Layout) -> Result<()> {
        let (f, rows) = (Parallel(&self.f), Rows::along(layout.dims(), self.dim));
        with_float!(x.dtype(), InplaceOp1::name(self), T => replace::<T>(x, layout, |x| f.forward_in_place(x, rows)))
    }
}

/// A gated unit of gates and ups.
pub(crate) struct Unit(pub(crate) AnyGatedUnit);

impl CustomOp2 for Unit {
    fn name(&self) -> &'static str {
        self.0.spec().name()
    }
    fn cpu_fwd(
        &self,
        gate: &CpuStorage,
        gate_layout: &Layout,
        up: &CpuStorage,
        up_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let op = self.name();
        same_shape(gate_layout.shape(), up_layout.shape(), op)?;
        same_dtype(gate.dtype(), up.dtype(), op)?;
        with_float!(gate.dtype(), op, T => {
            let up = numbers::<T>(up, up_layout)?;
            let gate = numbers::<T>(gate, gate_layout)?;
            let unit = Parallel(self.0);
            let y = map(gate, |x, y| unit.forward_slice(x, &up, y), |x| unit.forward_in_place(x, &up));
            Ok((T::to_cpu_storage_owned(y), gate_layout.shape().clone()))
        })
    }
    fn bwd(&self, gate: &Tensor, up: &Tensor, _y: &Tensor, dy: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let op = self.name();
        with_float!(gate.dtype(), op, T => {
            let (up_storage, up_layout) = up.storage_and_layout();
            let up_numbers = numbers::<T>(on_cpu(&up_storage, op)?, up_layout)?;
            let mut d_up = zeros::<T>(up_numbers.len());
            let d_gate = gradient::<T>(gate, dy, op, |gate, dy, d_gate| {
                Parallel(self.0).backward_slice(gate, &up_numbers, dy, d_gate, &mut d_up);
            })?;
            Ok((d_gate, Some(Tensor::from_vec(d_up, up.shape(), up.device())?)))
        })
    }
}

/// A gated unit of rows along the last dimension: the gates, then the ups.
pub(crate) struct PackedUnit(pub(crate) AnyGatedUnit);

impl PackedUnit {
    fn layout(&self, x: &Shape) -> Result<GluLayout> {
        let op = self.name();
        match x.dims().last() {
            Some(&row) if row % 2 == 0 => Ok(GluLayout::GateFirst { row }),
            _ => Err(Error::msg(format!("{op}: the last dimension of {x:?} is not even"))),
        }
    }
}

impl CustomOp1 for PackedUnit {
    fn name(&self) -> &'static str {
        self.0.spec().name()
    }
    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let packed = self.layout(layout.shape())?;
        let mut dims = layout.dims().to_vec();
        if let Some(last) = dims.last_mut() {
            *last /= 2;
        }
        with_float!(x.dtype(), self.name(), T => {
            let x = numbers::<T>(x, layout)?;
            let mut y = zeros::<T>(x.len() / 2);
            Parallel(self.0).forward_packed(&x, packed, &mut y);
            Ok((T::to_cpu_storage_owned(y), Shape::from(dims)))
        })
    }
    fn bwd(&self, x: &Tensor, _y: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        let packed = self.layout(x.shape())?;
        with_float!(x.dtype(), self.name(), T => {
            gradient::<T>(x, dy, self.name(), |x, dy, dx| Parallel(self.0).backward_packed(x, packed, dy, dx))
        })
    }
}

/// The mean of a loss of the rows along a dimension, of predictions and of labels or probabilities.
pub(crate) struct MeanLoss {
    pub(crate) loss: AnyRowLoss<'static>,
    pub(crate) dim: usize,
}

impl MeanLoss {
    /// Checks shapes, dtypes and the number of class weights, which the loss would panic at.
    fn check(&self, prediction: &Layout, target: &Layout, dtypes: [DType; 2]) -> Result<()> {
        let (op, classes) = (self.name(), prediction.dims()[self.dim]);
        if dtypes[1].is_int() {
            let mut rows = prediction.dims().to_vec();
            rows.remove(self.dim);
            same_shape(&Shape::from(rows), target.shape(), op)?;
            if classes == 0 && target.shape().elem_count() > 0 {
                return Err(Error::msg(format!("{op}: labels of 0 classes")));
            }
        } else if matches!(self.loss, AnyRowLoss::MultiMargin(_) | AnyRowLoss::CategoricalHinge(_)) {
            return Err(Error::UnsupportedDTypeForOp(dtypes[1], op).bt());
        } else {
            same_dtype(dtypes[0], dtypes[1], op)?;
            same_shape(prediction.shape(), target.shape(), op)?;
        }
        let weights = match &self.loss {
            AnyRowLoss::SoftmaxCrossEntropy(loss) => loss.class_weights,
            AnyRowLoss::CategoricalFocal(loss) => loss.alpha,
            AnyRowLoss::NegativeLogLikelihood(loss) => loss.class_weights,
            _ => None,
        };
        match weights.map(<[f64]>::len).filter(|count| *count != classes) {
            Some(count) => Err(Error::msg(format!("{op}: {count} class weights for {classes} classes"))),
            None => Ok(()),
        }
    }

    /// Calls a method of the loss with the targets.
    fn with_targets<T: Float, R>(
        &self,
        target: &CpuStorage,
        layout: &Layout,
        call: impl FnOnce(Targets<'_, T>) -> std::result::Result<R, TargetError>,
    ) -> Result<R> {
        macro_rules! with {
            ($Numbers:ty, $targets:path) => {
                call($targets(&numbers::<$Numbers>(target, layout)?))
            };
        }
        let result = match target.dtype() {
            DType::U8 => with!(u8, Targets::labels),
            DType::U32 => with!(u32, Targets::labels),
            DType::I32 => with!(i32, Targets::labels),
            DType::I64 => with!(i64, Targets::labels),
            dtype if dtype == T::DTYPE => with!(T, Targets::Probabilities),
            other => return Err(Error::UnsupportedDTypeForOp(other, self.name()).bt()),
        };
        result.map_err(Error::wrap)
    }
}

impl CustomOp2 for MeanLoss {
    fn name(&self) -> &'static str {
        self.loss.spec().name()
    }
    fn cpu_fwd(
        &self,
        prediction: &CpuStorage,
        prediction_layout: &Layout,
        target: &CpuStorage,
        target_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        self.check(prediction_layout, target_layout, [prediction.dtype(), target.dtype()])?;
        let rows = Rows::along(prediction_layout.dims(), self.dim);
        with_float!(prediction.dtype(), self.name(), T => {
            let prediction = numbers::<T>(prediction, prediction_layout)?;
            let mean = self.with_targets::<T, _>(target, target_layout, |target| {
                Parallel(&self.loss).mean(&prediction, target, rows)
            })?;
            Ok((T::to_cpu_storage_owned(vec![T::from_f64_rounded(mean)]), Shape::from(())))
        })
    }
    /// The gradient is scaled before it is rounded, so that a factor of the loss keeps f16 from underflow.
    fn bwd(
        &self,
        prediction: &Tensor,
        target: &Tensor,
        _mean: &Tensor,
        d_mean: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (op, rows) = (self.name(), Rows::along(prediction.dims(), self.dim));
        let d_mean = d_mean.to_dtype(DType::F64)?.to_scalar::<f64>()?;
        with_float!(prediction.dtype(), op, T => {
            let (prediction_storage, prediction_layout) = prediction.storage_and_layout();
            let (target_storage, target_layout) = target.storage_and_layout();
            let prediction_numbers = numbers::<T>(on_cpu(&prediction_storage, op)?, prediction_layout)?;
            let mut gradient = zeros::<T>(prediction_numbers.len());
            let loss = Parallel(&self.loss);
            self.with_targets::<T, _>(on_cpu(&target_storage, op)?, target_layout, |target| {
                let weight = loss.total_weight(target, rows)?;
                // The mean of nothing has a gradient of 0.
                let scale = if weight == 0.0 { 0.0 } else { d_mean / weight };
                loss.gradient(&prediction_numbers, target, rows, scale, &mut gradient)
            })?;
            Ok((Some(Tensor::from_vec(gradient, prediction.shape(), prediction.device())?), None))
        })
    }
}

fn same_shape(lhs: &Shape, rhs: &Shape, op: &'static str) -> Result<()> {
    if lhs == rhs {
        return Ok(());
    }
    Err(Error::ShapeMismatchBinaryOp { lhs: lhs.clone(), rhs: rhs.clone(), op }.bt())
}

fn same_dtype(lhs: DType, rhs: DType, op: &'static str) -> Result<()> {
    if lhs == rhs { Ok(()) } else { Err(Error::DTypeMismatchBinaryOp { lhs, rhs, op }.bt()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{CudaStorage, MetalStorage};
    use slopes::activation::{Gelu, Softmax, SwiGlu};
    use slopes::loss::SoftmaxCrossEntropy;

    /// Without a GPU, the storages of candle's dummies reach the same methods.
    #[test]
    fn other_devices_are_errors_that_name_the_operation() {
        let layout = Layout::contiguous(1);
        let elementwise = Elementwise(Arc::new(Gelu));
        let along = Along { f: Softmax::new().into(), dim: 0 };
        let unit = Unit(SwiGlu::default().into());
        let loss = MeanLoss { loss: SoftmaxCrossEntropy::new().into(), dim: 0 };
        let of1 = |op: &dyn CustomOp1| {
            let [cuda, metal] = [op.cuda_fwd(&CudaStorage, &layout).err(), op.metal_fwd(&MetalStorage, &layout).err()];
            [cuda.unwrap().to_string(), metal.unwrap().to_string()]
        };
        let of2 = |op: &dyn CustomOp2| {
            let error = op.cuda_fwd(&CudaStorage, &layout, &CudaStorage, &layout).err();
            error.unwrap().to_string()
        };
        let [cuda, metal] = of1(&elementwise);
        assert!(cuda.contains("no cuda implementation for gelu"), "{cuda}");
        assert!(metal.contains("no metal implementation for gelu"), "{metal}");
        assert!(of1(&along)[0].contains("no cuda implementation for softmax"));
        assert!(of2(&unit).contains("no cuda implementation for swiglu"));
        assert!(of2(&loss).contains("no cuda implementation for softmax_cross_entropy"));
        let in_place = InplaceOp1::cuda_fwd(&elementwise, &mut CudaStorage, &layout).err();
        assert!(in_place.unwrap().to_string().contains("no cuda implementation for gelu"));
    }
}
