//! Radial basis functions of rows.

use crate::common::{Exact, Number, Random, at_every_level, bits, fix_level, panic_message};
use slopes::FmaFamily;
use slopes::activation::{Activation, Gaussian, RadialBasis, Rows};

/// Rows, centres, length: none and one; more centres, and longer rows, than a block has.
const SHAPES: [[usize; 3]; 9] =
    [[0, 3, 2], [3, 0, 2], [1, 1, 1], [5, 4, 3], [3, 300, 2], [2, 2, 15], [4, 3, 17], [3, 2, 300], [2, 3, 2500]];

struct Case<T> {
    basis: RadialBasis,
    rows: Rows,
    x: Vec<T>,
    centres: Vec<T>,
    dy: Vec<T>,
}

/// With distances of about sigma.
fn case<T: Number>([n, m, len]: [usize; 3], random: &mut Random) -> Case<T> {
    let mut numbers = |count: usize| (0..count).map(|_| random.uniform(-1.0..=1.0)).collect::<Vec<T>>();
    let (x, centres, dy) = (numbers(n * len), numbers(m * len), numbers(n * m));
    // Of f32, so that both types have the same.
    let sigma = f64::from((len as f32 / 2.0).sqrt());
    Case { basis: RadialBasis::new(sigma).unwrap(), rows: Rows::contiguous(len), x, centres, dy }
}

impl<T: Number> Case<T> {
    fn forward(&self) -> Vec<T> {
        let mut y = vec![T::one(); self.dy.len()];
        self.basis.forward(&self.x, &self.centres, self.rows, &mut y);
        y
    }

    /// In x, in the centres, in sigma.
    fn gradients(&self, y: &[T]) -> (Vec<T>, Vec<T>, f64) {
        let (mut dx, mut dc) = (vec![T::one(); self.x.len()], vec![T::one(); self.centres.len()]);
        self.basis.backward(&self.x, &self.centres, self.rows, y, &self.dy, &mut dx);
        self.basis.backward_centres(&self.x, &self.centres, self.rows, y, &self.dy, &mut dc);
        (dx, dc, self.basis.backward_sigma(&self.x, &self.centres, self.rows, y, &self.dy))
    }

    /// (row of x, row of the centres, place in y) of every pair.
    fn pairs(&self) -> impl Iterator<Item = (usize, usize, usize)> + use<T> {
        let len = self.rows.row_len();
        let (n, m) = (self.x.len() / len, self.centres.len() / len);
        (0..n * m).map(move |place| (place / m, place % m, place))
    }

    /// The squared distance of a pair.
    fn square(&self, i: usize, j: usize) -> f64 {
        let len = self.rows.row_len();
        let (x, c) = (&self.x[i * len..][..len], &self.centres[j * len..][..len]);
        x.iter().zip(c).map(|(x, c)| (x.into_f64() - c.into_f64()).powi(2)).sum()
    }
}

fn bells_are_right<T: Number>() {
    at_every_level(|level| {
        let mut random = Random(1);
        for shape in SHAPES {
            let case = case::<T>(shape, &mut random);
            let y = case.forward();
            for (i, j, place) in case.pairs() {
                let z = case.square(i, j) / 2.0 / (case.basis.sigma * case.basis.sigma);
                // Both sums round at most len times, and make z from a square, a sum and three more roundings; both
                // exponentials are within an ulp.
                let relative = 2.0 + z * 2.0 * (shape[2] as f64 + 6.0);
                let ulp = if T::BITS > 30 { relative } else { 0.51 };
                let distance = Exact::from((-z).exp()).distance(y[place]);
                assert!(distance.is_within(ulp, 0.0), "{shape:?} {} at {level:?}: {distance:?} of {ulp}", T::NAME);
            }
        }
    });
}

#[test]
fn bells_are_right_in_both_types() {
    bells_are_right::<f32>();
    bells_are_right::<f64>();
}

/// With sums that are exact, the exponent is: over the whole range of the exponential, into the subnormals.
#[test]
fn exponents_are_exact() {
    at_every_level(|level| {
        let (basis, rows) = (RadialBasis { sigma: 16.0 }, Rows::contiguous(3));
        for k in 0..620 {
            let k = f64::from(k);
            let (mut y, mut y_in_f32) = ([0.0; 1], [0.0; 1]);
            basis.forward(&[k, 2.0, -k], &[0.0, 3.0, 0.0], rows, &mut y);
            basis.forward(&[k as f32, 2.0, -k as f32], &[0.0, 3.0, 0.0], rows, &mut y_in_f32);
            let exact = (-(2.0 * k * k + 1.0) / 512.0).exp();
            // An ulp of the kernel, and one of the standard library.
            let distance = Exact::from(exact).distance(y[0]);
            assert!(distance.is_within(2.0, 0.0), "{k} at {level:?}: {distance:?}");
            let distance = Exact::from(exact).distance(y_in_f32[0]);
            assert!(distance.is_within(0.51, f64::from(f32::from_bits(1)) / 2.0), "{k} at {level:?}: {distance:?}");
        }
    });
}

fn gradients_are_sums<T: Number>() {
    at_every_level(|level| {
        let mut random = Random(2);
        for shape in SHAPES {
            let case = case::<T>(shape, &mut random);
            let (len, sigma) = (shape[2], case.basis.sigma);
            let y = case.forward();
            let (dx, dc, ds) = case.gradients(&y);
            // Each sum, and the sum of magnitudes.
            let (mut in_x, mut in_centres) = (vec![(0.0, 0.0); dx.len()], vec![(0.0, 0.0); dc.len()]);
            let mut in_sigma = (0.0, 0.0);
            let add = |sum: &mut (f64, f64), term: f64| *sum = (sum.0 + term, sum.1 + term.abs());
            for (i, j, place) in case.pairs() {
                let weight = case.dy[place].into_f64() * y[place].into_f64();
                for k in 0..len {
                    let difference = case.x[i * len + k].into_f64() - case.centres[j * len + k].into_f64();
                    add(&mut in_x[i * len + k], -weight * difference / (sigma * sigma));
                    add(&mut in_centres[j * len + k], weight * difference / (sigma * sigma));
                }
                add(&mut in_sigma, weight * case.square(i, j) / sigma.powi(3));
            }
            // Both sums round as often as they have terms, each term some ten times, and the result once.
            let close = |got: f64, (sum, size): (f64, f64), terms: usize, unit: f64| {
                (got - sum).abs() <= size * (2 * terms + 20) as f64 * f64::EPSILON + sum.abs() * unit
            };
            let terms = shape[0] * shape[1];
            for (got, exact) in dx.iter().zip(in_x).chain(dc.iter().zip(in_centres)) {
                assert!(close(got.into_f64(), exact, terms, T::unit()), "{shape:?} at {level:?}: {got}, {exact:?}");
            }
            assert!(close(ds, in_sigma, terms + len, 0.0), "{shape:?} at {level:?}: {ds}, {in_sigma:?}");
        }
    });
}

#[test]
fn gradients_are_sums_in_both_types() {
    gradients_are_sums::<f32>();
    gradients_are_sums::<f64>();
}

/// Central differences: off by h^2 / 6 of a third derivative of about 1, and by the rounding of sums of 20 numbers over h.
#[test]
fn gradients_are_differences() {
    let _fixed = fix_level();
    const H: f64 = 1e-5;
    let mut case = case::<f64>([5, 4, 3], &mut Random(3));
    let y = case.forward();
    let (dx, dc, ds) = case.gradients(&y);
    let sum = |case: &Case<f64>| case.forward().iter().zip(&case.dy).map(|(y, dy)| y * dy).sum::<f64>();
    let mut close = |gradient: f64, place: fn(&mut Case<f64>, usize) -> &mut f64, i: usize| {
        let at = *place(&mut case, i);
        let [above, below] = [at + H, at - H].map(|x| {
            *place(&mut case, i) = x;
            sum(&case)
        });
        *place(&mut case, i) = at;
        let difference = (above - below) / (2.0 * H);
        assert!((gradient - difference).abs() < 1e-9, "{i}: {gradient}, {difference}");
    };
    for (i, dx) in dx.iter().enumerate() {
        close(*dx, |case, i| &mut case.x[i], i);
    }
    for (i, dc) in dc.iter().enumerate() {
        close(*dc, |case, i| &mut case.centres[i], i);
    }
    close(ds, |case, _| &mut case.basis.sigma, 0);
}

fn far_rows_pass_nothing_on<T: Number>() {
    let (inf, nan) = (T::infinity(), T::nan());
    let [zero, one] = [T::zero(), T::one()];
    let rows = Rows::contiguous(2);
    // At the centre, too far to be seen, further than any number, infinitely far, and nowhere.
    let x = [zero, one, T::from_f64_rounded(1e9), one, T::max_value(), -T::max_value(), inf, one, nan, one];
    let centres = [zero, one, one, one];
    let basis = RadialBasis::default();
    at_every_level(|_| {
        let mut y = [one; 10];
        basis.forward(&x, &centres, rows, &mut y);
        assert_eq!(y[0], one);
        assert!(y[2..8].iter().all(|y| bits(*y) == bits(zero)), "{y:?}");
        assert!(y[8].is_nan() && y[9].is_nan());

        // Without the row that is NaN.
        let (x, y, dy) = (&x[..8], &y[..8], [one; 8]);
        let (mut dx, mut dc) = ([one; 8], [one; 4]);
        basis.backward(x, &centres, rows, y, &dy, &mut dx);
        basis.backward_centres(x, &centres, rows, y, &dy, &mut dc);
        let near = (-0.5_f64).exp();
        let close = |a: T, b: f64| (a.into_f64() - b).abs() <= 2.0 * T::unit() * b.abs();
        assert!(close(dx[0], near) && dx[1] == zero && dx[2..].iter().all(|dx| *dx == zero), "{dx:?}");
        assert!(dc[0] == zero && dc[1] == zero && close(dc[2], -near) && dc[3] == zero, "{dc:?}");
        let ds = basis.backward_sigma(x, &centres, rows, y, &dy);
        assert!(close(T::from_f64_rounded(ds), near), "{ds}");
    });
}

#[test]
fn far_rows_pass_nothing_on_in_both_types() {
    far_rows_pass_nothing_on::<f32>();
    far_rows_pass_nothing_on::<f64>();
}

#[test]
fn nan_reaches_what_it_belongs_to() {
    let _fixed = fix_level();
    let (basis, rows) = (RadialBasis::default(), Rows::contiguous(2));
    let (x, centres) = ([0.0, f64::NAN, 0.0, 1.0], [0.0, 0.5]);
    let mut y = [0.0; 2];
    basis.forward(&x, &centres, rows, &mut y);
    assert!(y[0].is_nan() && !y[1].is_nan());
    let mut dx = [0.0; 4];
    basis.backward(&x, &centres, rows, &y, &[1.0; 2], &mut dx);
    assert_eq!(dx.map(f64::is_nan), [true, true, false, false]);
    let mut dc = [0.0; 2];
    basis.backward_centres(&x, &centres, rows, &y, &[1.0; 2], &mut dc);
    assert!(dc.iter().all(|dc| dc.is_nan()) && basis.backward_sigma(&x, &centres, rows, &y, &[1.0; 2]).is_nan());
    // A cotangent that is NaN is not lost on the way to what is far.
    basis.backward(&[9e9, 0.0], &centres, rows, &[0.0], &[f64::NAN], &mut dx[..2]);
    assert!(dx[0].is_nan());
}

/// Of rows of one number, the bell of one number; and every machine of a family has the same bits.
#[test]
fn rows_of_one_number_are_gaussian() {
    let mut seen = [None, None];
    at_every_level(|level| {
        let mut random = Random(4);
        let x: Vec<f32> = (0..500).map(|_| random.uniform(-9.0..=9.0)).collect();
        let mut y = vec![0.0; x.len()];
        RadialBasis { sigma: 0.75 }.forward(&x, &[0.0], Rows::contiguous(1), &mut y);
        for (x, y) in x.iter().zip(&y) {
            let bell = Gaussian { sigma: 0.75 }.forward(*x);
            // Half an ulp here, 1.25 there.
            assert!((bell.to_bits().abs_diff(y.to_bits())) <= 1, "{x}: {y}, {bell}");
        }
        let case = case::<f64>([3, 300, 20], &mut random);
        let y = case.forward();
        let (dx, dc, ds) = case.gradients(&y);
        let all: Vec<u64> = [y, dx, dc, vec![ds]].concat().iter().map(|x| x.to_bits()).collect();
        let family = usize::from(matches!(level.family(), FmaFamily::Fused | FmaFamily::FusedF32));
        assert_eq!(seen[family].get_or_insert(all.clone()), &all, "{level:?}");
    });
}

#[test]
fn bad_shapes_and_parameters_are_refused() {
    let (basis, rows) = (RadialBasis::default(), Rows::contiguous(2));
    let message = panic_message(|| basis.forward(&[0.0_f32; 4], &[0.0; 6], rows, &mut [0.0; 5]));
    assert_eq!(message, "forward: length 5 of y is not 6: 2 rows times 3 centres");
    let message = panic_message(|| basis.forward(&[0.0_f32; 3], &[0.0; 6], rows, &mut [0.0; 5]));
    assert!(message.contains("length 3 is not a multiple of the row length 2"), "{message}");
    let (x, y) = ([0.0_f32; 4], [0.0; 4]);
    let message = panic_message(|| basis.backward(&x, &x, rows, &y, &y[..3], &mut [0.0; 4]));
    assert!(message.contains("length 3 of dy"), "{message}");
    let message = panic_message(|| basis.backward_centres(&x, &x, rows, &y, &y, &mut [0.0; 2]));
    assert!(message.contains("centres has 4, gradient has 2"), "{message}");
    let message = panic_message(|| basis.backward_sigma(&x, &x, rows, &y[..1], &y));
    assert!(message.contains("length 1 of y"), "{message}");
    for sigma in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(RadialBasis::new(sigma).unwrap_err().parameter, "sigma");
    }
}
