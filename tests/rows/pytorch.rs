//! FloatMath of rows and gated units against PyTorch.

use crate::common::pytorch::{Kind, agree, numbers, rows, shape};
use serde_json::Value as Json;
use slopes::activation::{GatedUnit, Glu, GluLayout, LogSoftmax, RowActivation, Softmax, Softmin};

/// The crate's output times the case's cotangent, and the gradient of the sum of that, which is a vector-Jacobian product.
fn run(case: &Json) -> (Vec<f64>, Vec<f64>) {
    let (name, input) = (case["name"].as_str().unwrap(), &case["inputs"]["prediction"]);
    let (x, dy) = (numbers(input), numbers(&case["inputs"]["cotangent"]));
    let mut gradient = x.clone();
    let y = if name == "glu" {
        // Halves along an axis are halves of the rows of all that is behind it.
        let behind = &shape(input)[case["options"]["axis"].as_u64().unwrap() as usize..];
        let layout = GluLayout::GateSecond { row: behind.iter().product() };
        let mut y = dy.clone();
        Glu.forward_packed(&x, layout, &mut y);
        Glu.backward_packed(&x, layout, &dy, &mut gradient);
        y
    } else {
        let f: &dyn RowActivation<f64> = match name {
            "softmax" => &Softmax::DEFAULT,
            "softmin" => &Softmin::DEFAULT,
            "log_softmax" => &LogSoftmax::DEFAULT,
            other => panic!("{other} is compared nowhere"),
        };
        let mut y = x.clone();
        f.forward(&x, rows(case), &mut y);
        f.backward(&x, &dy, rows(case), &mut gradient);
        y
    };
    (y.iter().zip(&dy).map(|(y, dy)| y * dy).collect(), gradient)
}

/// Three functions along three axes, and glu along two.
#[test]
fn pytorch_agrees() {
    agree(Kind::Rows, 3 * 3 + 2, run);
}
