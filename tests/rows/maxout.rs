//! Maxout of groups, and the layer with its weights.

use crate::common::{
    H, Number, Random, all_bits, at_every_level, bits, fix_level, narrow, panic_message, proptest_config,
};
use half::{bf16, f16};
use proptest::prelude::*;
use slopes::Element;
use slopes::activation::{Activation, LeakyRelu, Maxout, MaxoutLayer, Relu};

/// The place of the first of the largest numbers, by a search that knows nothing of blocks: NaN is larger than any number.
fn first_largest<T: Element>(group: &[T]) -> usize {
    if let Some(place) = group.iter().position(|x| x.is_nan()) {
        return place;
    }
    let largest = group.iter().map(|x| x.into_f64()).fold(f64::NEG_INFINITY, f64::max);
    group.iter().position(|x| x.into_f64() == largest).unwrap()
}

fn groups_have_their_first_largest<T: Element>() {
    at_every_level(|level| {
        let mut random = Random(1);
        // More groups than a block has, too.
        for (pieces, groups) in [(1, 5), (2, 0), (2, 257), (2, 600), (3, 100), (5, 33), (16, 17), (300, 3)] {
            for kind in 0..3 {
                // Numbers; few different ones, so that there are ties; and what is no ordinary number.
                let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY, -0.0, 0.0, 0.0];
                let mut number = || -> T {
                    match kind {
                        0 => random.uniform(-9.0..=9.0),
                        1 => T::from_f64_rounded((random.next() % 3) as f64 - 1.0),
                        _ => T::from_f64_rounded(odd[random.next() as usize % odd.len()]),
                    }
                };
                let x: Vec<T> = (0..pieces * groups).map(|_| number()).collect();
                let label = format!("{groups} groups of {pieces}, kind {kind}, {level:?}");
                let places: Vec<usize> = x.chunks(pieces).map(first_largest).collect();
                let wanted: Vec<T> = x.chunks(pieces).zip(&places).map(|(group, place)| group[*place]).collect();

                let maxout = Maxout { pieces };
                let (mut y, mut again, mut indices) = (vec![T::one(); groups], vec![T::one(); groups], vec![9; groups]);
                maxout.forward(&x, &mut y);
                maxout.forward_with_indices(&x, &mut again, &mut indices);
                assert_eq!(all_bits(&y), all_bits(&wanted), "{label}");
                assert_eq!(all_bits(&again), all_bits(&wanted), "{label}");
                assert!(indices.iter().zip(&places).all(|(choice, place)| *choice as usize == *place), "{label}");

                let dy: Vec<T> = (0..groups).map(|_| random.uniform(-9.0..=9.0)).collect();
                let mut gradient = vec![T::zero(); x.len()];
                for (i, place) in places.iter().enumerate() {
                    gradient[i * pieces + place] = dy[i];
                }
                let (mut dx, mut again) = (vec![T::nan(); x.len()], vec![T::nan(); x.len()]);
                maxout.backward(&x, &dy, &mut dx);
                maxout.backward_from_indices(&indices, &dy, &mut again);
                assert_eq!(all_bits(&dx), all_bits(&gradient), "{label}");
                assert_eq!(all_bits(&again), all_bits(&gradient), "{label}");
            }
        }
    });
}

#[test]
fn groups_have_their_first_largest_in_every_type() {
    groups_have_their_first_largest::<f32>();
    groups_have_their_first_largest::<f64>();
    groups_have_their_first_largest::<f16>();
    groups_have_their_first_largest::<bf16>();
}

#[test]
fn ties_go_to_the_first() {
    let _fixed = fix_level();
    let (inf, nan) = (f32::INFINITY, f32::NAN);
    let groups = [
        ([-0.0, 0.0], -0.0, 0),
        ([0.0, -0.0], 0.0, 0),
        ([-inf, -inf], -inf, 0),
        ([1.0, nan], nan, 1),
        ([nan, inf], nan, 0),
    ];
    for (x, y, choice) in groups {
        let (mut got, mut indices) = ([1.0], [7]);
        Maxout { pieces: 2 }.forward_with_indices(&x, &mut got, &mut indices);
        assert_eq!((bits(got[0]), indices[0]), (bits(y), choice), "{x:?}");
    }
}

/// Samples, units, pieces, inputs: none and one; more inputs than are summed by strands, than a block has, and than a chunk.
const SHAPES: [[usize; 4]; 9] = [
    [0, 2, 2, 3],
    [3, 2, 2, 0],
    [4, 1, 2, 1],
    [5, 3, 2, 4],
    [2, 3, 4, 15],
    [3, 2, 3, 17],
    [2, 2, 2, 300],
    [2, 1, 2, 2500],
    [40, 1, 1, 2],
];

struct Case<T> {
    pieces: usize,
    inputs: usize,
    weights: Vec<T>,
    biases: Vec<T>,
    x: Vec<T>,
    dy: Vec<T>,
}

fn case<T: Element>([samples, units, pieces, inputs]: [usize; 4], random: &mut Random) -> Case<T> {
    let mut numbers = |count: usize| -> Vec<T> { (0..count).map(|_| random.uniform(-1.0..=1.0)).collect() };
    let (weights, biases) = (numbers(units * pieces * inputs), numbers(units * pieces));
    Case { pieces, inputs, weights, biases, x: numbers(samples * inputs), dy: numbers(samples * units) }
}

impl<T: Element> Case<T> {
    fn layer(&self) -> MaxoutLayer<'_, T> {
        MaxoutLayer::new(&self.weights, &self.biases, self.pieces)
    }

    fn units(&self) -> usize {
        self.biases.len() / self.pieces
    }

    fn forward(&self) -> (Vec<T>, Vec<u32>) {
        let (mut y, mut indices) = (vec![T::nan(); self.dy.len()], vec![u32::MAX; self.dy.len()]);
        self.layer().forward(&self.x, &mut y, &mut indices);
        (y, indices)
    }

    /// In x, in the weights, in the biases.
    fn gradients(&self, indices: &[u32]) -> [Vec<T>; 3] {
        let mut gradients = [&self.x, &self.weights, &self.biases].map(|of| vec![T::nan(); of.len()]);
        let [dx, d_weights, d_biases] = &mut gradients;
        self.layer().backward(indices, &self.dy, dx);
        self.layer().backward_parameters(&self.x, indices, &self.dy, d_weights, d_biases);
        gradients
    }

    /// A piece of an output to some 100 bits, rounded, and the sum of the magnitudes of its terms.
    fn piece(&self, place: usize, piece: usize) -> (f64, f64) {
        let (sample, row) = (place / self.units(), place % self.units() * self.pieces + piece);
        let bias = self.biases[row].into_f64();
        let (mut sum, mut rest, mut size) = (bias, 0.0, bias.abs());
        for i in 0..self.inputs {
            let (x, w) = (self.x[sample * self.inputs + i].into_f64(), self.weights[row * self.inputs + i].into_f64());
            let term = x * w;
            let next = sum + term;
            let part = next - sum;
            rest += (sum - (next - part)) + (term - part) + x.mul_add(w, -term);
            (sum, size) = (next, size + term.abs());
        }
        (sum + rest, size)
    }
}

/// The page's bound of a sum of `inputs` terms in f64.
fn page(inputs: usize) -> f64 {
    (inputs as f64 / 16.0 + 20.0) * f64::EPSILON / 2.0
}

/// Of two sums of `terms` terms in order, each rounded once a term for the product and once for the sum.
fn in_order(terms: usize) -> f64 {
    (2 * terms + 2) as f64 * f64::EPSILON
}

fn layers_are_right<T: Number>() {
    at_every_level(|level| {
        let mut random = Random(2);
        for shape in SHAPES {
            let case = case::<T>(shape, &mut random);
            let (y, indices) = case.forward();
            for (place, y) in y.iter().enumerate() {
                let pieces: Vec<_> = (0..case.pieces).map(|piece| case.piece(place, piece)).collect();
                let largest = pieces.iter().fold(f64::NEG_INFINITY, |a, piece| a.max(piece.0));
                let size = pieces.iter().fold(0.0, |a: f64, piece| a.max(piece.1));
                let slack = size * page(case.inputs);
                let rounding = if T::BITS > 30 { 0.0 } else { T::unit() * largest.abs() };
                let label = format!("{shape:?} {} at {level:?}: {y}, {largest}", T::NAME);
                assert!((y.into_f64() - largest).abs() <= slack + rounding, "{label}");
                // The choice is one of the largest, as far as the bound can tell.
                assert!(pieces[indices[place] as usize].0 >= largest - 2.0 * slack, "{label}");
            }

            // Each gradient as its sum, and the sum of magnitudes.
            let [dx, d_weights, d_biases] = case.gradients(&indices);
            let mut sums = [&dx, &d_weights, &d_biases].map(|of| vec![(0.0, 0.0); of.len()]);
            let add = |sum: &mut (f64, f64), term: f64| *sum = (sum.0 + term, sum.1 + term.abs());
            for (place, dy) in case.dy.iter().enumerate().rev() {
                let (sample, row) =
                    (place / case.units(), place % case.units() * case.pieces + indices[place] as usize);
                for i in 0..case.inputs {
                    let (x, w) = (sample * case.inputs + i, row * case.inputs + i);
                    add(&mut sums[0][x], dy.into_f64() * case.weights[w].into_f64());
                    add(&mut sums[1][w], dy.into_f64() * case.x[x].into_f64());
                }
                add(&mut sums[2][row], dy.into_f64());
            }
            // And the result is rounded.
            let got = dx.iter().chain(&d_weights).chain(&d_biases);
            for (got, (sum, size)) in got.zip(sums.concat()) {
                let allowed = size * in_order(case.dy.len()) + sum.abs() * T::unit();
                assert!((got.into_f64() - sum).abs() <= allowed, "{shape:?} {} at {level:?}: {got}, {sum}", T::NAME);
            }
        }
    });
}

/// From 16 terms on, term i is added to accumulator i mod 16, and the upper half of those to the lower; and so in each block
/// of 1024 terms. Large terms that cancel there leave what in another order they would take away.
#[test]
fn sums_have_accumulators_from_16_terms_on() {
    at_every_level(|level| {
        for (inputs, cancels) in [(16, 8), (17, 8), (1000, 8), (1024, 512), (2500, 512)] {
            let mut weights: Vec<f64> = (0..inputs).map(|i| f64::from(u8::from(i % 8 != 0))).collect();
            let ones: f64 = weights.iter().sum();
            (weights[0], weights[cancels]) = (2_f64.powi(60), -2_f64.powi(60));
            let (mut y, mut indices) = ([0.0], [0]);
            MaxoutLayer::new(&weights, &[0.0], 1).forward(&vec![1.0; inputs], &mut y, &mut indices);
            assert_eq!(y, [ones], "{inputs} terms at {level:?}");
        }
    });
}

#[test]
fn layers_are_right_in_both_types() {
    layers_are_right::<f32>();
    layers_are_right::<f64>();
}

/// Of f32 that f16 and bf16 hold: the same, rounded once.
#[test]
fn half_types_are_rounded_once() {
    fn check<T: Element>() {
        let half = case::<T>([5, 3, 2, 20], &mut Random(3));
        let wide = |x: &[T]| -> Vec<f64> { x.iter().map(|x| x.into_f64()).collect() };
        let exact = Case {
            pieces: 2,
            inputs: 20,
            weights: wide(&half.weights),
            biases: wide(&half.biases),
            x: wide(&half.x),
            dy: wide(&half.dy),
        };
        let ((y, indices), (exact_y, exact_choices)) = (half.forward(), exact.forward());
        assert_eq!(indices, exact_choices);
        assert_eq!(all_bits(&y), all_bits(&narrow::<T>(&exact_y)));
        for (got, exact) in half.gradients(&indices).iter().zip(exact.gradients(&indices)) {
            assert_eq!(all_bits(got), all_bits(&narrow::<T>(&exact)));
        }
    }
    at_every_level(|_| {
        check::<f32>();
        check::<f16>();
        check::<bf16>();
    });
}

/// max(x, 0) and max(x, a x), a in (0, 1).
#[test]
fn two_pieces_make_rectifiers() {
    fn check<T: Number>() {
        let mut random = Random(4);
        let x: Vec<T> =
            (0..500).map(|i| if i % 2 == 0 { random.uniform(-9.0..=9.0) } else { random.magnitude() }).collect();
        let biases = [T::zero(); 2];
        for slope in [0.0, 0.25, 0.01, 0.99] {
            let f: &dyn Activation<T> = if slope == 0.0 { &Relu } else { &LeakyRelu { slope } };
            let weights = narrow::<T>(&[1.0, slope]);
            let layer = MaxoutLayer::new(&weights, &biases, 2);
            let (mut y, mut indices, mut dx) = (x.clone(), vec![0; x.len()], x.clone());
            layer.forward(&x, &mut y, &mut indices);
            layer.backward(&indices, &vec![T::one(); x.len()], &mut dx);
            for ((x, y), dx) in x.iter().zip(&y).zip(&dx) {
                // A product rounded to f64, and then to f32, is the product rounded to f32: of f32 it is exact in f64.
                assert_eq!(*y, f.forward(*x), "{slope} {x}");
                assert_eq!(*dx, f.derivative(*x), "{slope} {x}");
            }
        }
    }
    at_every_level(|_| {
        check::<f32>();
        check::<f64>();
    });
}

/// Layers are Maxout of their pieces; and their bits are the same on every machine.
#[test]
fn a_layer_is_maxout_of_its_pieces() {
    let mut seen = None;
    at_every_level(|level| {
        let case = case::<f64>([7, 4, 3, 40], &mut Random(5));
        let (y, indices) = case.forward();
        // Each piece alone, as a layer of one.
        let x = vec![1.0; case.dy.len() * case.pieces];
        let mut z = x.clone();
        for (row, (weights, bias)) in case.weights.chunks(case.inputs).zip(&case.biases).enumerate() {
            let (mut y, mut indices) = ([0.0; 7], [0; 7]);
            MaxoutLayer::new(weights, std::slice::from_ref(bias), 1).forward(&case.x, &mut y, &mut indices);
            for (sample, y) in y.iter().enumerate() {
                z[sample * case.biases.len() + row] = *y;
            }
        }
        let (mut of_pieces, mut of_choices) = (y.clone(), indices.clone());
        Maxout { pieces: case.pieces }.forward_with_indices(&z, &mut of_pieces, &mut of_choices);
        assert_eq!((all_bits(&y), &indices), (all_bits(&of_pieces), &of_choices), "{level:?}");

        let all: Vec<u64> =
            [vec![y], case.gradients(&indices).to_vec()].concat().iter().flat_map(|x| all_bits(x)).collect();
        // Nothing fuses: both families have the same.
        assert_eq!(seen.get_or_insert(all.clone()), &all, "{level:?}");
    });
}

#[test]
fn nan_and_infinity_reach_what_they_belong_to() {
    let _fixed = fix_level();
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    let layer = MaxoutLayer::new(&[1.0, 2.0, -1.0, 1.0], &[0.0, 0.0], 2);
    let (mut y, mut indices) = ([0.0; 3], [9; 3]);
    layer.forward(&[nan, 0.0, inf, 1.0, -inf, 1.0], &mut y, &mut indices);
    assert!(y[0].is_nan() && indices[0] == 0);
    assert_eq!((y[1], y[2], &indices[1..]), (inf, inf, &[0, 1][..]));
    // A weight that is NaN makes its piece the choice.
    let weights = [1.0, nan];
    let layer = MaxoutLayer::new(&weights, &[0.0, 0.0], 2);
    layer.forward(&[3.0, 2.0, 1.0], &mut y, &mut indices);
    assert!(y.iter().all(|y| y.is_nan()) && indices == [1; 3]);
}

#[test]
fn slices_that_do_not_fit_are_refused() {
    let _fixed = fix_level();
    let x = [0.5_f32; 12];
    let (mut three, mut four, mut twelve) = ([7.0; 3], [7.0; 4], [7.0; 12]);
    let (mut indices, two) = ([7; 4], [0, 0, 0, 3]);
    let maxout = Maxout { pieces: 3 };
    let layer = MaxoutLayer::new(&x, &x[..6], 3);
    let calls = [
        (panic_message(|| maxout.forward(&x, &mut three)), vec![4, 3]),
        (panic_message(|| maxout.forward(&x[..11], &mut three)), vec![11, 3]),
        (panic_message(|| Maxout { pieces: 0 }.forward(&x, &mut four)), vec![12, 0]),
        (panic_message(|| maxout.forward_with_indices(&x, &mut four, &mut indices[..3])), vec![4, 3]),
        (panic_message(|| maxout.backward(&x, &x[..3], &mut twelve)), vec![4, 3]),
        (panic_message(|| maxout.backward(&x, &x[..4], &mut four)), vec![12, 4]),
        (panic_message(|| maxout.backward_from_indices(&two, &x[..3], &mut twelve)), vec![4, 3]),
        (panic_message(|| maxout.backward_from_indices(&two[..3], &x[..4], &mut twelve)), vec![4, 3]),
        (panic_message(|| maxout.backward_from_indices(&two, &x[..4], &mut twelve)), vec![3, 3, 3]),
        (panic_message(|| MaxoutLayer::new(&x, &x[..5], 2)), vec![5, 2]),
        (panic_message(|| MaxoutLayer::new(&x, &x[..8], 2)), vec![12, 8]),
        (panic_message(|| MaxoutLayer::new(&x, &x[..0], 2)), vec![0, 2]),
        (panic_message(|| MaxoutLayer::new(&x, &x[..4], 0)), vec![4, 0]),
        (panic_message(|| layer.forward(&x[..4], &mut four, &mut indices[..3])), vec![4, 3]),
        (panic_message(|| layer.forward(&x[..3], &mut four, &mut indices)), vec![3, 4, 2]),
        (panic_message(|| layer.forward(&x[..3], &mut three, &mut indices[..3])), vec![3, 3, 2]),
        (panic_message(|| layer.backward(&two, &x[..3], &mut four)), vec![4, 3]),
        (panic_message(|| layer.backward(&two, &x[..4], &mut three)), vec![3, 4]),
        (panic_message(|| layer.backward(&two, &x[..4], &mut four)), vec![3, 3, 3]),
        (panic_message(|| layer.backward_parameters(&x[..4], &two, &x[..4], &mut twelve, &mut four)), vec![6, 4]),
        (panic_message(|| layer.backward_parameters(&x[..4], &two, &x[..4], &mut four, &mut twelve[..6])), vec![12, 4]),
        (
            panic_message(|| layer.backward_parameters(&x[..3], &two, &x[..4], &mut [7.0; 12], &mut [7.0; 6])),
            vec![3, 4],
        ),
        (
            panic_message(|| layer.backward_parameters(&x[..4], &two, &x[..4], &mut [7.0; 12], &mut [7.0; 6])),
            vec![3, 3],
        ),
    ];
    for (message, lengths) in calls {
        assert!(lengths.iter().all(|len: &i32| message.contains(&len.to_string())), "{message}");
    }
    for slice in [&three[..], &four, &twelve] {
        assert!(slice.iter().all(|x| *x == 7.0), "nothing is written");
    }
    assert_eq!(indices, [7; 4]);
}

proptest! {
    #![proptest_config(proptest_config(300))]

    /// Central differences of what is linear in each number, wherever no other piece becomes the largest: off by rounding
    /// alone, sums of some 100 numbers below 1 over 2 h.
    #[test]
    fn gradients_are_finite_differences(seed: u64, units in 1..4_usize, pieces in 1..4_usize, inputs in 1..7_usize) {
        let _fixed = fix_level();
        let mut case = case::<f64>([3, units, pieces, inputs], &mut Random(seed));
        let (_, indices) = case.forward();
        let gradients = case.gradients(&indices);
        type Field = fn(&mut Case<f64>) -> &mut Vec<f64>;
        let fields: [Field; 3] = [|case| &mut case.x, |case| &mut case.weights, |case| &mut case.biases];
        for (field, gradient) in fields.into_iter().zip(gradients) {
            for (i, gradient) in gradient.into_iter().enumerate() {
                let at = field(&mut case)[i];
                let sums = [at + H, at - H].map(|number| {
                    field(&mut case)[i] = number;
                    let (y, now) = case.forward();
                    (now == indices).then(|| y.iter().zip(&case.dy).map(|(y, dy)| y * dy).sum::<f64>())
                });
                field(&mut case)[i] = at;
                if let [Some(above), Some(below)] = sums {
                    let difference = (above - below) / (2.0 * H);
                    prop_assert!((gradient - difference).abs() <= 200.0 * f64::EPSILON / H, "{gradient}, {difference}");
                }
            }
        }
    }

    /// The largest of a group and the order of its pieces: y does not see it, and the choice moves along.
    #[test]
    fn y_does_not_see_the_order(x in prop::collection::vec(-5..5_i32, 1..20)) {
        let _fixed = fix_level();
        let group: Vec<f64> = x.iter().map(|x| f64::from(*x)).collect();
        let reversed: Vec<f64> = group.iter().rev().copied().collect();
        let maxout = Maxout { pieces: group.len() };
        let (mut y, mut z) = ([0.0], [0.0]);
        let mut choice = [0];
        maxout.forward(&group, &mut y);
        maxout.forward_with_indices(&reversed, &mut z, &mut choice);
        prop_assert_eq!(y, z);
        prop_assert_eq!(y[0], f64::from(*x.iter().max().unwrap()));
        prop_assert_eq!(reversed[choice[0] as usize], y[0]);
    }
}
