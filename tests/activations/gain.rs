//! Gains, against mpmath's.

use crate::common::{Random, at_every_level};
use slopes::activation::{self, Activation, AnyActivation, Formula, RRelu, gain};
use slopes::{Element, Lanes};

/// Made by tests/reference/gains.py.
const GAINS: &str = include_str!("../reference/gains.csv");

fn references() -> impl Iterator<Item = (f64, AnyActivation)> {
    GAINS.lines().skip(1).map(|line| {
        let (gain, text) = line.split_once(',').expect("two columns");
        (gain.parse().expect("a number"), text.parse().unwrap_or_else(|error| panic!("{text}: {error}")))
    })
}

/// A function through its slices alone: no closed form.
struct Numeric<F>(F);
impl<F: Activation<f64>> Activation<f64> for Numeric<F> {
    fn forward(&self, x: f64) -> f64 {
        self.0.forward(x)
    }
    fn derivative(&self, x: f64) -> f64 {
        self.0.derivative(x)
    }
    fn forward_slice(&self, x: &[f64], y: &mut [f64]) {
        self.0.forward_slice(x, y);
    }
}

/// The relative error.
fn error(found: f64, wanted: f64) -> f64 {
    (found / wanted - 1.0).abs()
}

#[test]
fn gains_are_accurate() {
    // Of closed forms a few roundings.
    let closed = references().filter(|(_, f)| Activation::<f64>::exact_gain(f).is_some());
    let errors: Vec<f64> = closed.map(|(wanted, f)| error(gain(&f), wanted)).collect();
    assert!(errors.len() == 24 && errors.iter().all(|error| *error <= 5e-16), "{errors:?}");

    // Of the others the sum of some hundred pieces of values of 2 ulp, some of which hold a kink. Closed forms are integrated
    // too, for more of such functions.
    at_every_level(|level| {
        for (wanted, f) in references() {
            let found = gain(&Numeric(f));
            assert!(error(found, wanted) <= 5e-15, "{f} at {level:?}: {found}, not {wanted}");
        }
    });
}

#[test]
fn every_activation_has_a_reference() {
    let known: Vec<_> = references().map(|(_, f)| f).collect();
    for f in activation::all::<f64>() {
        let default: AnyActivation = f.spec().name().parse().unwrap();
        assert!(known.contains(&default), "tests/reference/gains.py lacks {default}");
    }
}

/// Pointers, trait objects and functions on threads have the gain of their function.
#[test]
fn wrappers_have_the_gain_of_their_function() {
    let sine = activation::by_name::<f64>("sine").unwrap();
    let wanted = Formula::exact_gain(activation::Sine).expect("a closed form");
    assert_eq!(gain(sine), wanted);
    assert_eq!(gain(&sine), wanted);
    assert_eq!(gain(&std::sync::Arc::new(activation::Sine)), wanted);
    assert_eq!(gain(&slopes::Parallel(activation::Sine)), wanted);
    assert_eq!(gain(&AnyActivation::from(activation::Sine)), wanted);
}

/// The places of kinks and jumps, and their number.
#[test]
fn kinks_need_not_be_known() {
    /// 1 where x is within 1/e of 1/3, else 0.
    struct Window;
    impl Activation<f64> for Window {
        fn forward(&self, x: f64) -> f64 {
            f64::from((x - 1.0 / 3.0).abs() < (-1.0_f64).exp())
        }
        fn derivative(&self, _: f64) -> f64 {
            0.0
        }
    }
    // The part of a standard normal variable in the window, by mpmath: ncdf(1/3 + 1/e) - ncdf(1/3 - 1/e).
    assert!(error(gain(&Window), 1.916_728_903_759_706) < 1e-14, "{}", gain(&Window));

    /// A staircase of 256 steps: round(16 x) / 16, from -8 to 8.
    struct Staircase;
    impl Activation<f64> for Staircase {
        fn forward(&self, x: f64) -> f64 {
            (x * 16.0).round().clamp(-128.0, 128.0) / 16.0
        }
        fn derivative(&self, _: f64) -> f64 {
            0.0
        }
    }
    assert!(error(gain(&Staircase), 0.999_837_279_308_988_2) < 1e-14, "{}", gain(&Staircase));
}

#[test]
fn gains_at_the_limits() {
    /// A constant.
    struct Constant(f64);
    impl<T: Element> Activation<T> for Constant {
        fn forward(&self, _: T) -> T {
            T::from_f64_rounded(self.0)
        }
        fn derivative(&self, _: T) -> T {
            T::zero()
        }
    }
    assert!(error(gain(&Constant(-0.5)), 2.0) < 1e-15);
    assert_eq!(gain(&Constant(0.0)), f64::INFINITY);
    assert_eq!(gain(&Constant(f64::INFINITY)), 0.0);
    assert!(gain(&Constant(f64::NAN)).is_nan());
    let of = |text: &str| gain(&text.parse::<AnyActivation>().unwrap());
    assert_eq!(of("scaled_linear(slope=0)"), f64::INFINITY);
    assert_eq!(of("hard_shrink(lambda=inf)"), f64::INFINITY);
    assert_eq!(of("hard_shrink(lambda=40)"), f64::INFINITY);
    assert_eq!(of("threshold(theta=0,value=inf)"), 0.0);
    assert!(error(of("gaussian(sigma=1e-10)"), (2.0_f64.sqrt() * 1e10).sqrt()) < 1e-15);
    assert!(error(of("snake(a=1e-15)"), 1.0) < 1e-15);
    assert!(error(of("snake(a=1e15)"), 1.0) < 1e-15);
    assert!(error(of("leaky_relu(slope=1e38)"), 2.0_f64.sqrt() * 1e-38) < 1e-15);
    // e^(20 z) is beyond f64 within the density, but not its mean square, e^800, inside of it.
    assert_eq!(gain(&Steep), 0.0);
}

/// e^(20 x).
struct Steep;
impl Activation<f64> for Steep {
    fn forward(&self, x: f64) -> f64 {
        (20.0 * x).exp()
    }
    fn derivative(&self, x: f64) -> f64 {
        20.0 * self.forward(x)
    }
}

/// A formula may have a closed form of its own, and is integrated if it has none.
#[test]
fn formulas_of_ones_own() {
    #[derive(Clone, Copy)]
    struct Cube;
    impl Formula for Cube {
        #[inline(always)]
        fn f<L: Lanes>(self, x: L) -> L {
            x * x * x
        }
        #[inline(always)]
        fn df<L: Lanes>(self, x: L) -> L {
            x * x * 3.0
        }
        #[inline(always)]
        fn d2f<L: Lanes>(self, x: L) -> L {
            x * 6.0
        }
    }
    slopes::impl_activation!(Cube);
    // E z^6 = 15.
    assert!(error(gain(&Cube), 15.0_f64.sqrt().recip()) < 1e-15, "{}", gain(&Cube));
}

/// E a^2 of the slopes that are drawn, over a million of them.
#[test]
fn rrelu_in_training() {
    let training = RRelu::new(-0.25, 0.75).unwrap().training(3);
    let count = 1 << 20;
    let squares: f64 = (0..count).map(|index| training.slope_at::<f64>(index).powi(2)).sum();
    let sampled = (2.0 / (1.0 + squares / count as f64)).sqrt();
    // The standard deviation of a^2 is below 0.2, that of its mean below 2e-4.
    assert!((training.gain() - sampled).abs() < 5e-4, "{} {sampled}", training.gain());
    // E a^2 = (l^2 + l u + u^2) / 3.
    assert!(error(training.gain(), (2.0_f64 / (1.0 + (0.0625 - 0.1875 + 0.5625) / 3.0)).sqrt()) < 1e-15);
}

/// What the gain is for: the mean square of the input of each of 50 layers stays where it was.
#[test]
fn keeps_the_mean_square() {
    let width = 256;
    for text in ["relu", "tanh", "gelu", "elu", "leaky_relu(slope=0.3)"] {
        let f: AnyActivation = text.parse().unwrap();
        let mut random = Random(5);
        // Uniform numbers of variance 1, times the gain.
        let deviation = gain(&f) / (width as f64).sqrt();
        let mut x: Vec<f64> = (0..width).map(|_| random.uniform::<f64>(-1.0..=1.0) * 3.0_f64.sqrt()).collect();
        for _ in 0..20 {
            f.forward_in_place(&mut x);
            x = (0..width)
                .map(|_| {
                    let weights = (0..width).map(|_| random.uniform::<f64>(-1.0..=1.0) * 3.0_f64.sqrt() * deviation);
                    weights.zip(&x).map(|(weight, x)| weight * x).sum()
                })
                .collect();
        }
        let mean_square = x.iter().map(|x| x * x).sum::<f64>() / width as f64;
        assert!((0.2..5.0).contains(&mean_square), "{text}: {mean_square}");
    }
}
