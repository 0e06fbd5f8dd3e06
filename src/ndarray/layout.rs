//! The memory of arrays as slices.

use core::cmp::Reverse;

use ::ndarray::{Array, ArrayBase, ArrayRef, Axis, CowArray, Dimension, RawData};

use crate::element::Element;
use crate::row::Rows;

/// The least length of lanes that are computed one by one. Shorter ones are copied together, which takes less than the calls.
const LEAST_LANE: usize = 128;

/// The least length of rows that are computed one by one: kernels of shorter rows work on several at once.
const LEAST_ROW: usize = 1024;

/// Panics if the shapes of two arrays differ, with a message that names them.
#[track_caller]
pub(super) fn same_shape(method: &str, [(x, x_shape), (y, y_shape)]: [(&str, &[usize]); 2]) {
    assert!(x_shape == y_shape, "{method}: shapes differ: {x} has {x_shape:?}, {y} has {y_shape:?}");
}

/// Panics if there is no such axis.
#[track_caller]
pub(super) fn check_axis(shape: &[usize], axis: Axis) {
    assert!(axis.0 < shape.len(), "axis {} is out of range for an array of {} axes", axis.0, shape.len());
}

/// True if two arrays of the same shape, contiguous both or neither, have their numbers in the same order of memory.
fn same_strides<A, B, D: Dimension>(x: &ArrayRef<A, D>, y: &ArrayRef<B, D>) -> bool {
    let mut strides = x.shape().iter().zip(x.strides().iter().zip(y.strides()));
    strides.all(|(len, (x, y))| *len <= 1 || x == y)
}

/// True if the array is contiguous, in any order of its axes.
pub(super) fn is_contiguous<T, D: Dimension>(x: &ArrayRef<T, D>) -> bool {
    x.as_slice_memory_order().is_some()
}

/// True if arrays of the same shape are contiguous, in the same order of memory.
pub(super) fn are_alike<T, D: Dimension>(x: &ArrayRef<T, D>, y: &ArrayRef<T, D>) -> bool {
    is_contiguous(x) && same_strides(x, y)
}

/// How a contiguous array lies in memory.
struct Order<'a, D> {
    /// The axes by their strides, the largest first.
    axes: D,
    /// The place of each axis in `axes`.
    places: D,
    strides: &'a [isize],
}

impl<'a, D: Dimension> Order<'a, D> {
    fn of<T>(x: &'a ArrayRef<T, D>) -> Self {
        let (mut axes, mut places, strides) = (x.raw_dim(), x.raw_dim(), x.strides());
        let in_order = axes.as_array_view_mut().into_slice().expect("a dimension is contiguous");
        in_order.iter_mut().enumerate().for_each(|(i, axis)| *axis = i);
        in_order.sort_by_key(|axis| Reverse(strides[*axis].unsigned_abs()));
        in_order.iter().enumerate().for_each(|(place, axis)| places[*axis] = place);
        Order { axes, places, strides }
    }

    /// Reverses the axes that are reversed in memory.
    fn invert<S: RawData>(&self, x: &mut ArrayBase<S, D>) {
        for (axis, stride) in self.strides.iter().enumerate() {
            if *stride < 0 {
                x.invert_axis(Axis(axis));
            }
        }
    }

    /// An array of this order, of one in standard layout whose axes are `axes`.
    fn arrange<T>(&self, standard: Array<T, D>) -> Array<T, D> {
        let mut array = standard.permuted_axes(self.places.clone());
        self.invert(&mut array);
        array
    }
}

/// Zeros with the strides of a contiguous array; in standard layout for another.
pub(super) fn zeros_like<T: Element, D: Dimension>(x: &ArrayRef<T, D>) -> Array<T, D> {
    // `zeros` leaves it to the system to make pages of zeros.
    if x.is_standard_layout() || !is_contiguous(x) {
        return Array::zeros(x.raw_dim());
    }
    let order = Order::of(x);
    let mut shape = x.raw_dim();
    (0..x.ndim()).for_each(|i| shape[i] = x.shape()[order.axes[i]]);
    order.arrange(Array::zeros(shape))
}

/// A copy in standard layout.
pub(super) fn standard<T: Element, D: Dimension>(x: &ArrayRef<T, D>) -> Array<T, D> {
    x.as_standard_layout().into_owned()
}

/// A copy with the strides of a contiguous array of the same shape.
pub(super) fn copied_like<T: Element, D: Dimension>(x: &ArrayRef<T, D>, like: &ArrayRef<T, D>) -> Array<T, D> {
    if like.is_standard_layout() {
        return standard(x);
    }
    let (order, mut x) = (Order::of(like), x.view());
    order.invert(&mut x);
    order.arrange(standard(&x.permuted_axes(order.axes.clone())))
}

/// The array, or a copy of it, with the strides of a contiguous array of the same shape.
pub(super) fn arranged<'a, T: Element, D: Dimension>(
    x: &'a ArrayRef<T, D>,
    like: &ArrayRef<T, D>,
) -> CowArray<'a, T, D> {
    if same_strides(x, like) { x.view().into() } else { copied_like(x, like).into() }
}

/// The numbers of a contiguous array, or of an empty one.
pub(super) fn slice<T, D: Dimension>(x: &ArrayRef<T, D>) -> &[T] {
    if x.is_empty() { &[] } else { x.as_slice_memory_order().expect("the array is contiguous") }
}

/// The numbers of a contiguous array, or of an empty one.
pub(super) fn slice_mut<T, D: Dimension>(x: &mut ArrayRef<T, D>) -> &mut [T] {
    if x.is_empty() { &mut [] } else { x.as_slice_memory_order_mut().expect("the array is contiguous") }
}

/// Calls a kernel with the numbers of arrays of the same shape, in the same order: all at once, or in parts. It may read and
/// write those of y.
pub(super) fn elementwise<T: Element, D: Dimension, const N: usize>(
    x: [&ArrayRef<T, D>; N],
    y: &mut ArrayRef<T, D>,
    kernel: impl Fn([&[T]; N], &mut [T]),
) {
    if y.is_empty() {
        return;
    }
    if x.iter().all(|x| same_strides(x, y))
        && let Some(y) = y.as_slice_memory_order_mut()
    {
        return kernel(x.map(slice), y);
    }
    let strides = y.strides().iter().enumerate().filter(|(axis, _)| y.shape()[*axis] > 1);
    let fastest = strides.min_by_key(|(_, stride)| stride.unsigned_abs()).map(|(axis, _)| Axis(axis));
    if let Some(axis) = fastest.filter(|axis| has_lanes(x, y, *axis, LEAST_LANE)) {
        return each_lane(x, y, axis, kernel);
    }
    if is_contiguous(y) {
        let x = x.map(|x| arranged(x, y));
        kernel(x.each_ref().map(|x| slice(x)), slice_mut(y));
    } else {
        let mut copy = standard(y);
        let x = x.map(|x| arranged(x, &copy));
        kernel(x.each_ref().map(|x| slice(x)), slice_mut(&mut copy));
        y.assign(&copy);
    }
}

/// Calls a kernel with the numbers of arrays of the same shape, and the layout of their rows along an axis. It may read and
/// write those of y.
pub(super) fn by_rows<T: Element, D: Dimension, const N: usize>(
    x: [&ArrayRef<T, D>; N],
    y: &mut ArrayRef<T, D>,
    axis: Axis,
    kernel: impl Fn([&[T]; N], Rows, &mut [T]),
) {
    if y.is_empty() {
        return;
    }
    let rows = rows_in_memory(y, axis);
    let in_place = rows.is_some() && x.iter().all(|x| same_strides(x, y));
    if !in_place && has_lanes(x, y, axis, LEAST_ROW) {
        let rows = Rows::contiguous(y.len_of(axis));
        return each_lane(x, y, axis, |x, y| kernel(x, rows, y));
    }
    if let Some(rows) = rows {
        let x = x.map(|x| arranged(x, y));
        kernel(x.each_ref().map(|x| slice(x)), rows, slice_mut(y));
    } else {
        let mut copy = standard(y);
        let x = x.map(|x| arranged(x, &copy));
        let rows = Rows::along(copy.shape(), axis.0);
        kernel(x.each_ref().map(|x| slice(x)), rows, slice_mut(&mut copy));
        y.assign(&copy);
    }
}

/// True if the lanes of all arrays along an axis are slices, of at least this length.
fn has_lanes<T, D: Dimension, const N: usize>(
    x: [&ArrayRef<T, D>; N],
    y: &ArrayRef<T, D>,
    axis: Axis,
    least: usize,
) -> bool {
    y.len_of(axis) >= least && y.stride_of(axis) == 1 && x.iter().all(|x| x.stride_of(axis) == 1)
}

/// Calls a kernel with each lane along an axis; all are slices.
fn each_lane<T, D: Dimension, const N: usize>(
    x: [&ArrayRef<T, D>; N],
    y: &mut ArrayRef<T, D>,
    axis: Axis,
    kernel: impl Fn([&[T]; N], &mut [T]),
) {
    let mut lanes = x.map(|x| x.lanes(axis).into_iter());
    for mut y in y.lanes_mut(axis) {
        let x = lanes.each_mut().map(|lanes| lanes.next().and_then(|lane| lane.to_slice()).expect("lanes are slices"));
        kernel(x, y.as_slice_mut().expect("lanes are slices"));
    }
}

/// The layout of the rows along an axis in the memory of an array, if it is contiguous and the axis is not reversed. The rows
/// may be in any order.
pub(super) fn rows_in_memory<T, D: Dimension>(x: &ArrayRef<T, D>, axis: Axis) -> Option<Rows> {
    let (len, stride) = (x.len_of(axis), x.stride_of(axis));
    if !is_contiguous(x) {
        None
    } else if len <= 1 {
        Some(Rows::contiguous(len))
    } else {
        // In a contiguous array, the stride of an axis is the length of the axes inside it.
        usize::try_from(stride).ok().map(|inner| Rows::along(&[len, inner], 0))
    }
}

/// The layout of the rows along an axis in the memory of an array, if they are in logical order there.
fn rows_in_order<T, D: Dimension>(x: &ArrayRef<T, D>, axis: Axis) -> Option<Rows> {
    let others = (0..x.ndim()).filter(|i| *i != axis.0 && x.shape()[*i] > 1).map(|i| x.strides()[i]);
    let (mut last, mut ordered) = (isize::MAX, true);
    for stride in others {
        ordered &= 0 < stride && stride < last;
        last = stride;
    }
    rows_in_memory(x, axis).filter(|_| ordered)
}

/// The array, or a copy of it, whose rows along an axis are in logical order in memory, with their layout.
pub(super) fn ordered_rows<'a, T: Element, D: Dimension>(
    x: &'a ArrayRef<T, D>,
    axis: Axis,
) -> (CowArray<'a, T, D>, Rows) {
    match rows_in_order(x, axis) {
        Some(rows) if !x.is_empty() => (x.view().into(), rows),
        _ => (standard(x).into(), Rows::along(x.shape(), axis.0)),
    }
}
