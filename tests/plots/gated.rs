//! The pictures of gated units, at three values of up, and of maxout.

use slopes::activation::{Bilinear, ClampedSwiGlu, GatedUnit, GeGlu, GeGluTanh, Glu, Maxout, ReGlu, SwiGlu};

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
        maxout(),
    ]
    .into_iter()
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

fn maxout() -> (&'static str, String) {
    fn largest<const K: usize>(pieces: [f64; K]) -> f64 {
        let mut y = [0.0];
        Maxout { pieces: K }.forward(&pieces, &mut y);
        y[0]
    }
    Explanation {
        name: "maxout",
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
