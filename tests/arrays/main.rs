//! Arrays of ndarray: methods of any layout have the bits of those of slices, of numbers in logical order.

mod layouts;
mod shapes;

use ndarray::{ArrayD, Axis, Slice};
use proptest::prelude::*;

/// An array within a larger one: its axes in some order of memory, each with a step, and gaps.
#[derive(Clone, Debug)]
pub struct Layout {
    /// The shape of the array.
    pub shape: Vec<usize>,
    /// The axes by their strides, the largest first.
    order: Vec<usize>,
    /// The step of each axis, not 0.
    steps: Vec<isize>,
    /// What is left out before and after each axis.
    margins: Vec<usize>,
}

/// The number in the gaps.
const GAP: f64 = 1e10;

impl Layout {
    /// An array of these numbers in logical order.
    pub fn of<T: Copy>(&self, numbers: impl IntoIterator<Item = T>, gap: T) -> ArrayD<T> {
        let whole: Vec<_> = self.order.iter().map(|&axis| self.extent(axis)).collect();
        let mut places = vec![0; whole.len()];
        self.order.iter().enumerate().for_each(|(place, &axis)| places[axis] = place);
        let mut array = ArrayD::from_elem(whole, gap).permuted_axes(places);
        for axis in 0..self.shape.len() {
            let (start, end) = (self.margins[axis], self.extent(axis) - self.margins[axis]);
            array.slice_axis_inplace(Axis(axis), Slice::new(start as isize, Some(end as isize), self.steps[axis]));
        }
        assert_eq!(array.shape(), self.shape);
        array.iter_mut().zip(numbers).for_each(|(place, number)| *place = number);
        array
    }

    fn extent(&self, axis: usize) -> usize {
        let len = self.shape[axis];
        let numbers = if len == 0 { 0 } else { (len - 1) * self.steps[axis].unsigned_abs() + 1 };
        numbers + 2 * self.margins[axis]
    }
}

/// The number of index i: a multiple of 1/16 from -8 to 8, so that some are equal, and some 0.
#[must_use]
pub fn number(seed: u64, i: usize) -> f64 {
    let hash = (seed ^ i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let hash = (hash ^ (hash >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    ((hash >> 56) as f64 - 128.0) / 16.0
}

/// As many numbers as an array of a shape has.
#[must_use]
pub fn numbers(seed: u64, shape: &[usize]) -> Vec<f32> {
    (0..shape.iter().product()).map(|i| number(seed, i) as f32).collect()
}

/// Shapes of up to four axes, of which one may be long enough to be computed lane by lane.
fn shape() -> impl Strategy<Value = Vec<usize>> {
    let long = prop_oneof![4 => 0..6_usize, 1 => 120..140_usize];
    prop_oneof![
        1 => Just(vec![]),
        3 => long.clone().prop_map(|n| vec![n]),
        6 => (long.clone(), long.clone()).prop_map(|(n, m)| vec![n, m]),
        1 => (1..4_usize, 1020..1030_usize).prop_map(|(n, m)| vec![n, m]),
        6 => (0..5_usize, long, 0..5_usize).prop_map(|(n, m, k)| vec![n, m, k]),
        2 => prop::collection::vec(1..4_usize, 4),
    ]
}

fn layout_of(shape: Vec<usize>) -> impl Strategy<Value = Layout> {
    let axes = shape.len();
    let order = prop_oneof![Just((0..axes).collect::<Vec<_>>()), Just((0..axes).rev().collect()), any_order(axes)];
    let steps = prop_oneof![
        2 => Just(vec![1; axes]),
        1 => prop::collection::vec(prop_oneof![Just(1), Just(-1)], axes),
        1 => prop::collection::vec(prop_oneof![Just(1), Just(-1), Just(2), Just(-3)], axes),
    ];
    let margins = prop_oneof![Just(vec![0; axes]), prop::collection::vec(0..3_usize, axes)];
    (order, steps, margins).prop_map(move |(order, steps, margins)| Layout {
        shape: shape.clone(),
        order,
        steps,
        margins,
    })
}

fn any_order(axes: usize) -> impl Strategy<Value = Vec<usize>> {
    Just((0..axes).collect::<Vec<_>>()).prop_shuffle()
}

/// Three layouts of the same shape, the second often the first.
pub fn layouts() -> impl Strategy<Value = [Layout; 3]> {
    shape().prop_flat_map(|shape| {
        let layout = || layout_of(shape.clone());
        (layout(), layout(), layout(), any::<bool>()).prop_map(|(x, y, z, same)| {
            let y = if same { x.clone() } else { y };
            [x, y, z]
        })
    })
}
