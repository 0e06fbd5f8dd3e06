//! Formulas that ask for f64 where products and sums do not fuse.

use crate::common::{at_every_level, bits};
use slopes::activation::{Activation, Formula};
use slopes::{FmaFamily, Lanes};

/// Steps in which f32 loses what f64 keeps. The value is computed in f64, and so is the second derivative.
#[derive(Clone, Copy)]
struct Cancels;

const SMALL: f64 = 1e-9;

impl Formula for Cancels {
    const IN_F64: [bool; 3] = [true, false, true];
    #[inline(always)]
    fn f<L: Lanes>(self, x: L) -> L {
        (x + SMALL) - x
    }
    #[inline(always)]
    fn df<L: Lanes>(self, x: L) -> L {
        (x + SMALL) - x
    }
    #[inline(always)]
    fn d2f<L: Lanes>(self, x: L) -> L {
        let (significand, exponent) = (x * x).frexp();
        significand.ldexp(exponent) - x * x + ((x + SMALL) - x)
    }
}
slopes::impl_activation!(Cancels);

#[test]
fn formulas_get_the_registers_that_they_ask_for() {
    let x: Vec<f32> = (0..37).map(|i| 1.0 + i as f32 / 7.0).collect();
    at_every_level(|level| {
        let wide = |x: f32| ((f64::from(x) + f64::from(SMALL as f32)) - f64::from(x)) as f32;
        let expected = |order: usize, x: f32| {
            if level.family() == FmaFamily::Unfused && Cancels::IN_F64[order] { wide(x) } else { 0.0 }
        };
        let (mut value, mut derivative) = (x.clone(), x.clone());
        Cancels.forward_with_derivative(&x, &mut value, &mut derivative);
        let (mut alone, mut gradient) = (x.clone(), x.clone());
        Cancels.forward_slice(&x, &mut alone);
        Cancels.backward_slice(&x, &vec![0.5; x.len()], &mut gradient);
        for (i, &x) in x.iter().enumerate() {
            let first = expected(0, x);
            for got in [value[i], alone[i], Cancels.forward(x)] {
                assert_eq!(bits(got), bits(first), "value at {x}, {level:?}");
            }
            assert_eq!([derivative[i], gradient[i], Cancels.derivative(x)], [0.0; 3], "derivative at {x}, {level:?}");
            assert_eq!(bits(Cancels.second_derivative(x)), bits(expected(2, x)), "second derivative at {x}, {level:?}");
        }
        // Numbers of f64 are computed in f64 as ever.
        assert_eq!(Cancels.forward(1.0_f64), (1.0 + SMALL) - 1.0);
    });
}
