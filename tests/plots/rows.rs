//! The pictures that explain functions and losses of rows: curves of several parameters, over one entry of a row.

use slopes::Rows;
use slopes::activation::{LogSoftmax, LogSumExp, RowActivation, Softmax, Softmin, Sparsemax};
use slopes::loss::{
    CategoricalCrossEntropy, CategoricalFocal, CategoricalHinge, Contrastive, CosineEmbedding, ElasticNet, GaussianNll,
    L1, L2, MultiMargin, Penalty, RowLoss, SoftmaxCrossEntropy, Targets,
};

use crate::curves::Curve;
use crate::panel::Axes;
use crate::svg::{figure, group, label, legend, text};

const TOP: f64 = 44.0;
const BOTTOM: f64 = 208.0;

/// Curves with their labels.
struct Explanation<'a> {
    /// The name of the function's type.
    name: &'static str,
    /// What the curves are of, in a few words.
    title: &'a str,
    axis: &'a str,
    x: [f64; 2],
    y: [f64; 2],
    curves: &'a [(&'a str, &'a dyn Fn(f64) -> f64)],
}

impl Explanation<'_> {
    fn html(&self) -> (&'static str, String) {
        let axes = Axes { x: self.x, y: self.y, bottom: BOTTOM, top: TOP };
        let mut lines = String::new();
        let [low, high] = self.x.map(label);
        let mut description = format!("Curves over {} from {low} to {high}:", self.axis);
        for (i, (label_of_curve, f)) in self.curves.iter().enumerate().rev() {
            let curve = Curve::new(f, self.x, &[], self.y[1] - self.y[0]);
            lines += &axes.line(&curve, i);
            let [first, last] = self.x.map(|x| label(f(x)));
            description += &format!(" {label_of_curve}, from {first} to {last};");
        }
        let labels: Vec<_> = self.curves.iter().map(|curve| curve.0).collect();
        let body = [
            text(4.0, 14.0, "start", self.title),
            legend(&labels, false, 32.0),
            axes.frame(self.axis, &[]),
            group(&lines),
        ];
        let description = format!("{}.", description.trim_end_matches(';'));
        (self.name, figure(BOTTOM + 36.0, self.title, &description, &body.concat()))
    }
}

/// The first output of a row whose first entry is x, and the others 0.
fn first_of(f: &dyn RowActivation<f64>, x: f64) -> f64 {
    let mut y = [0.0; 3];
    f.forward(&[x, 0.0, 0.0], Rows::contiguous(3), &mut y);
    y[0]
}

/// The loss of a row of two classes with this prediction, of which the first one is right.
fn of_first(loss: &dyn RowLoss<f64>, prediction: [f64; 2]) -> f64 {
    loss.sum(&prediction, Targets::labels(&[0]), Rows::contiguous(2)).expect("a label of the row")
}

/// Each with the name of the type.
pub fn all() -> impl Iterator<Item = (&'static str, String)> {
    [tempered(), others(), losses(), losses_of_several()].into_iter().flatten()
}

const TEMPERATURES: [(&str, f64); 3] = [("temperature 1", 1.0), ("0.5", 0.5), ("2", 2.0)];

fn tempered() -> Vec<(&'static str, String)> {
    let at = |x: [f64; 2], y: [f64; 2], name, title, f: fn(f64, f64) -> f64| {
        let [one, half, two] = TEMPERATURES.map(|(_, t)| move |x| f(t, x));
        let labels = TEMPERATURES.map(|temperature| temperature.0);
        let curves: [(&str, &dyn Fn(f64) -> f64); 3] = [(labels[0], &one), (labels[1], &half), (labels[2], &two)];
        Explanation { name, title, axis: "x", x, y, curves: &curves }.html()
    };
    vec![
        at([-5.0, 5.0], [-0.06, 1.06], "Softmax", "The first output of the softmax of (x, 0, 0)", |t, x| {
            first_of(&Softmax::DEFAULT.with_temperature(t).expect("a temperature"), x)
        }),
        at([-5.0, 5.0], [-0.06, 1.06], "Softmin", "The first output of the softmin of (x, 0, 0)", |t, x| {
            first_of(&Softmin::DEFAULT.with_temperature(t).expect("a temperature"), x)
        }),
        at([-5.0, 5.0], [-6.0, 0.4], "LogSoftmax", "The first output of the log-softmax of (x, 0, 0)", |t, x| {
            first_of(&LogSoftmax::DEFAULT.with_temperature(t).expect("a temperature"), x)
        }),
    ]
}

fn others() -> Vec<(&'static str, String)> {
    let sum = |x: f64| {
        let mut y = [0.0];
        LogSumExp.forward(&[x, 0.0], Rows::contiguous(2), &mut y);
        y[0]
    };
    vec![
        Explanation {
            name: "Sparsemax",
            title: "The first output of sparsemax and softmax of (x, 0, 0)",
            axis: "x",
            x: [-3.0, 3.0],
            y: [-0.06, 1.06],
            curves: &[("sparsemax", &|x| first_of(&Sparsemax, x)), ("softmax", &|x| first_of(&Softmax::DEFAULT, x))],
        }
        .html(),
        Explanation {
            name: "LogSumExp",
            title: "LogSumExp of (x, 0), and their maximum",
            axis: "x",
            x: [-4.0, 4.0],
            y: [-0.3, 4.2],
            curves: &[("log_sum_exp of (x, 0)", &sum), ("max(x, 0)", &|x| x.max(0.0))],
        }
        .html(),
    ]
}

const MARGIN: &str = "margin: logit of the label &#8722; logit of the other class";

fn losses() -> Vec<(&'static str, String)> {
    let smoothed = |s: f64| {
        let loss = SoftmaxCrossEntropy::new().with_label_smoothing(s).expect("a smoothing");
        move |x: f64| of_first(&loss, [x, 0.0])
    };
    let focal = |gamma: f64| {
        let loss = CategoricalFocal::new().with_gamma(gamma).expect("a gamma");
        move |x: f64| of_first(&loss, [x, 0.0])
    };
    let of_probability = |p: f64| of_first(&CategoricalCrossEntropy::new(), [p, 1.0 - p]);
    let slope = |p: f64| {
        let mut gradient = [0.0; 2];
        let (target, rows) = (Targets::labels(&[0]), Rows::contiguous(2));
        CategoricalCrossEntropy::new().gradient(&[p, 1.0 - p], target, rows, 1.0, &mut gradient).expect("a label");
        gradient[0]
    };
    let squared = MultiMargin::new().with_squared(true);
    vec![
        Explanation {
            name: "SoftmaxCrossEntropy",
            title: "Cross-entropy of two classes",
            axis: MARGIN,
            x: [-4.0, 6.0],
            y: [-0.25, 4.25],
            curves: &[("label smoothing 0", &smoothed(0.0)), ("0.1", &smoothed(0.1)), ("0.3", &smoothed(0.3))],
        }
        .html(),
        Explanation {
            name: "CategoricalFocal",
            title: "Focal loss of two classes",
            axis: MARGIN,
            x: [-4.0, 4.0],
            y: [-0.25, 4.25],
            curves: &[
                ("gamma 0: cross-entropy", &focal(0.0)),
                ("0.5", &focal(0.5)),
                ("2", &focal(2.0)),
                ("5", &focal(5.0)),
            ],
        }
        .html(),
        Explanation {
            name: "CategoricalCrossEntropy",
            title: "Cross-entropy over the probability of the label",
            axis: "probability of the label",
            x: [0.0, 1.0],
            y: [-5.25, 5.25],
            curves: &[("value", &of_probability), ("derivative", &slope)],
        }
        .html(),
        Explanation {
            name: "MultiMargin",
            title: "Multi-class margin loss of two classes",
            axis: MARGIN,
            x: [-3.0, 3.0],
            y: [-0.25, 4.25],
            curves: &[
                ("default", &|x| of_first(&MultiMargin::new(), [x, 0.0])),
                ("squared", &|x| of_first(&squared, [x, 0.0])),
            ],
        }
        .html(),
        Explanation {
            name: "CategoricalHinge",
            title: "Categorical hinge loss and cross-entropy of two classes",
            axis: MARGIN,
            x: [-3.0, 3.0],
            y: [-0.25, 4.25],
            curves: &[
                ("categorical hinge", &|x| of_first(&CategoricalHinge, [x, 0.0])),
                ("softmax cross-entropy", &|x| of_first(&SoftmaxCrossEntropy::new(), [x, 0.0])),
            ],
        }
        .html(),
    ]
}

/// Losses of distances, of three numbers and of weights.
fn losses_of_several() -> Vec<(&'static str, String)> {
    let gaussian = |variance: f64| move |r: f64| GaussianNll::new().sum(&[r], &[0.0], &[variance]);
    let contrastive = |target: f64| move |d: f64| Contrastive::new().sum(&[d], &[0.0], &[target], Rows::contiguous(1));
    let embedding = |target: f64| {
        move |cos: f64| {
            let other = [cos, (1.0 - cos * cos).sqrt()];
            CosineEmbedding::new().sum(&[1.0, 0.0], &other, &[target], Rows::contiguous(2))
        }
    };
    vec![
        Explanation {
            name: "GaussianNll",
            title: "Gaussian negative log-likelihood over the residual",
            axis: "prediction &#8722; target",
            x: [-4.0, 4.0],
            y: [-1.0, 5.2],
            curves: &[("variance 1", &gaussian(1.0)), ("0.25", &gaussian(0.25)), ("4", &gaussian(4.0))],
        }
        .html(),
        Explanation {
            name: "Contrastive",
            title: "Contrastive loss over the distance of the rows, of margin 1",
            axis: "distance",
            x: [0.0, 2.0],
            y: [-0.06, 1.06],
            curves: &[("target 1: alike", &contrastive(1.0)), ("target &#8722;1: not alike", &contrastive(-1.0))],
        }
        .html(),
        Explanation {
            name: "CosineEmbedding",
            title: "Cosine embedding loss over the cosine, of margin 0",
            axis: "cosine of the angle between the rows",
            x: [-1.0, 1.0],
            y: [-0.12, 2.12],
            curves: &[("target 1: alike", &embedding(1.0)), ("target &#8722;1: not alike", &embedding(-1.0))],
        }
        .html(),
        Explanation {
            name: "Penalties",
            title: "The penalty of a weight, of lambda 1",
            axis: "weight",
            x: [-2.0, 2.0],
            y: [-0.12, 2.12],
            curves: &[
                ("L1", &|w| L1 { lambda: 1.0 }.value(&[w])),
                ("L2", &|w| L2 { lambda: 1.0 }.value(&[w])),
                ("elastic net", &|w| ElasticNet { lambda: 1.0, l1_ratio: 0.5 }.value(&[w])),
            ],
        }
        .html(),
    ]
}
