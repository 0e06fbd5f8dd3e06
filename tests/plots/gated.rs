//! The pictures of gated units, at three values of up, and of layers.

use slopes::activation::{
    Bilinear, ClampedSwiGlu, Gated, GatedUnit, GeGlu, GeGluTanh, Glu, Maxout, Mish, PReluChannels, RRelu, RadialBasis,
    ReGlu, Rows, SwiGlu,
};
use slopes::loss::MultiLabelCrossEntropy;

use crate::rows::Explanation;

/// Each with the name of the function.
pub fn all() -> impl Iterator<Item = (&'static str, String)> {
    let wide = [-4.5, 8.5];
    [
        unit("glu", &Glu, "The gated linear unit over the gate", [-1.15, 2.15]),
        unit("swiglu", &SwiGlu::DEFAULT, "SwiGLU over the gate", wide),
        unit("geglu", &GeGlu, "GeGLU over the gate", wide),
        unit("geglu_tanh", &GeGluTanh, "GeGLU, approximated by tanh, over the gate", wide),
        unit("reglu", &ReGlu, "ReGLU over the gate", wide),
        unit("bilinear", &Bilinear, "The product of gate and up, over the gate", [-8.5, 8.5]),
        clamped(),
        maxout("maxout"),
    ]
    .into_iter()
}

/// The same for types without a specification, whose formulas are in the text of their page: each behind the name of the
/// type and the file that it is in.
pub fn layers() -> Vec<(&'static str, &'static str, (&'static str, String))> {
    let radial = |sigma: f64| {
        let basis = RadialBasis::new(sigma).expect("a sigma");
        move |x: f64| {
            let mut y = [0.0];
            basis.forward(&[x], &[0.0], Rows::contiguous(1), &mut y);
            y[0]
        }
    };
    let channel = |channel: usize| {
        move |x: f64| {
            let mut y = [0.0; 3];
            PReluChannels::new(&[0.5, 0.25, -0.25], 1).forward(&[x; 3], &mut y);
            y[channel]
        }
    };
    let number = |index: u64| {
        move |x: f64| {
            let mut y = [0.0];
            RRelu::DEFAULT.training(1).forward_slice(&[x], &mut y, index);
            y[0]
        }
    };
    let weighted = |class: usize| {
        move |z: f64| {
            let (mut losses, weights) = ([0.0; 3], [1.0, 3.0, 0.5]);
            let loss = MultiLabelCrossEntropy::new(&weights).expect("weights");
            loss.forward_slice(&[z; 3], &[1.0; 3], Rows::contiguous(3), &mut losses);
            losses[class]
        }
    };
    let explained = |name, title, axis, x, y, labels: [&str; 3], f: [&dyn Fn(f64) -> f64; 3]| {
        let curves = [0, 1, 2].map(|i| (labels[i], f[i]));
        Explanation { name, title, axis, x, y, curves: &curves }.html()
    };
    vec![
        (
            "RadialBasis",
            "activation/layer/radial.rs",
            explained(
                "radial_basis",
                "The Gaussian of the distance from a centre",
                "distance",
                [0.0, 4.0],
                [-0.06, 1.06],
                ["sigma 1", "sigma 0.5", "sigma 2"],
                [&radial(1.0), &radial(0.5), &radial(2.0)],
            ),
        ),
        (
            "PReluChannels",
            "activation/trained/prelu_channels.rs",
            explained(
                "p_relu_channels",
                "PReLU of three channels",
                "x",
                [-4.0, 4.0],
                [-2.2, 3.2],
                ["slope 0.5", "slope 0.25", "slope &#8722;0.25"],
                [&channel(0), &channel(1), &channel(2)],
            ),
        ),
        (
            "RReluTraining",
            "activation/trained/rrelu.rs",
            explained(
                "r_relu_training",
                "RReLU in training: three numbers of a slice, of seed 1",
                "x",
                [-4.0, 4.0],
                [-2.2, 3.2],
                ["number 0", "number 1", "number 2"],
                [&number(0), &number(1), &number(2)],
            ),
        ),
        (
            "MultiLabelCrossEntropy",
            "loss/elementwise/pos_weights.rs",
            explained(
                "multi_label_cross_entropy",
                "Binary cross-entropy of three classes, at target 1",
                "logit",
                [-4.0, 4.0],
                [-0.25, 8.25],
                ["weight 1", "weight 3", "weight 0.5"],
                [&weighted(0), &weighted(1), &weighted(2)],
            ),
        ),
        ("MaxoutLayer", "activation/layer/maxout.rs", maxout("maxout_layer")),
        (
            "Gated",
            "activation/layer/glu/units.rs",
            unit("gated", &Gated(Mish), "The gated linear unit of an activation, Mish", [-4.5, 8.5]),
        ),
    ]
}

fn unit(name: &'static str, unit: &dyn GatedUnit<f64>, title: &str, y: [f64; 2]) -> (&'static str, String) {
    let at = |up: f64| move |gate: f64| unit.forward(gate, up);
    let curves: [(&str, &dyn Fn(f64) -> f64); 3] = [("up 1", &at(1.0)), ("up 2", &at(2.0)), ("up &#8722;1", &at(-1.0))];
    Explanation { name, title, axis: "gate", x: [-4.0, 4.0], y, curves: &curves }.html()
}

fn clamped() -> (&'static str, String) {
    let at = |up: f64| move |gate: f64| ClampedSwiGlu::DEFAULT.forward(gate, up);
    Explanation {
        name: "clamped_swiglu",
        title: "Clamped SwiGLU over the gate, of limit 7 and bias 1",
        axis: "gate",
        x: [-4.0, 12.0],
        y: [-9.0, 23.0],
        curves: &[("up 0", &at(0.0)), ("up 2", &at(2.0)), ("up &#8722;2", &at(-2.0))],
    }
    .html()
}

fn maxout(name: &'static str) -> (&'static str, String) {
    fn largest<const K: usize>(pieces: [f64; K]) -> f64 {
        let mut y = [0.0];
        Maxout { pieces: K }.forward(&pieces, &mut y);
        y[0]
    }
    Explanation {
        name,
        title: "Maxout of two and three linear pieces",
        axis: "x",
        x: [-3.0, 3.0],
        y: [-0.2, 3.2],
        curves: &[
            ("max(x, 0)", &|x| largest([x, 0.0])),
            ("max(x, &#8722;x)", &|x| largest([x, -x])),
            ("max(&#8722;x &#8722; 1, x/2 + 1/2, 2x &#8722; 2)", &|x| {
                largest([-x - 1.0, x / 2.0 + 0.5, 2.0 * x - 2.0])
            }),
        ],
    }
    .html()
}
