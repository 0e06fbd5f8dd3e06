//! The pictures that explain functions and losses of rows: curves of several parameters, over one entry of a row.

use slopes::Rows;
use slopes::activation::{
    GumbelSoftmax, Hardmax, LogSoftmax, LogSumExp, Mask, RowActivation, SinkSoftmax, Softmax, Softmin, Sparsemax,
};
use slopes::loss::{
    CategoricalCrossEntropy, CategoricalFocal, CategoricalHinge, Contrastive, CosineEmbedding, CosineSimilarity, Dice,
    ElasticNet, GaussianNll, L1, L2, MarginRanking, MultiMargin, NegativeLogLikelihood, Penalty, RowLoss,
    SoftmaxCrossEntropy, Targets, Triplet, Tversky,
};

use crate::curves::Curve;
use crate::panel::Axes;
use crate::svg::{figure, group, label, legend, text};

const TOP: f64 = 44.0;
const BOTTOM: f64 = 208.0;

/// Curves with their labels.
pub struct Explanation<'a> {
    /// The name of the function.
    pub name: &'static str,
    /// What the curves are of, in a few words.
    pub title: &'a str,
    pub axis: &'a str,
    pub x: [f64; 2],
    pub y: [f64; 2],
    pub curves: &'a [(&'a str, &'a dyn Fn(f64) -> f64)],
}

impl Explanation<'_> {
    pub fn html(&self) -> (&'static str, String) {
        let axes = Axes { x: self.x, y: self.y, bottom: BOTTOM, top: TOP };
        let mut lines = String::new();
        let [low, high] = self.x.map(label);
        let mut description = format!("Curves over {} from {low} to {high}:", self.axis);
        for (i, (label_of_curve, f)) in self.curves.iter().enumerate().rev() {
            let curve = Curve::new(f, self.x, &[], self.y[1] - self.y[0]);
            lines += &axes.line(&curve, i);
            lines += &axes.ends(&curve, f, i);
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

/// Each with the name of the function.
pub fn all() -> impl Iterator<Item = (&'static str, String)> {
    [tempered(), others(), losses(), losses_of_several(), overlaps()].into_iter().flatten().chain(penalties())
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
        at([-5.0, 5.0], [-0.06, 1.06], "softmax", "The first output of the softmax of (x, 0, 0)", |t, x| {
            first_of(&Softmax::DEFAULT.with_temperature(t).expect("a temperature"), x)
        }),
        at([-5.0, 5.0], [-0.06, 1.06], "softmin", "The first output of the softmin of (x, 0, 0)", |t, x| {
            first_of(&Softmin::DEFAULT.with_temperature(t).expect("a temperature"), x)
        }),
        at([-5.0, 5.0], [-6.0, 0.4], "log_softmax", "The first output of the log-softmax of (x, 0, 0)", |t, x| {
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
    let noisy = |temperature: f64| {
        let f = GumbelSoftmax::new(0).with_temperature(temperature).expect("a temperature");
        move |x: f64| {
            let mut y = [0.0; 3];
            f.forward(&[x, 0.0, 0.0], Rows::contiguous(3), &mut y, 0);
            y[0]
        }
    };
    let sunk = |sink: f64| {
        move |x: f64| {
            let mut y = [0.0; 3];
            SinkSoftmax::new(1).forward(&[x, 0.0, 0.0], Mask::new(), &[sink], Rows::contiguous(3), &mut y);
            y[0]
        }
    };
    vec![
        Explanation {
            name: "sparsemax",
            title: "The first output of sparsemax and softmax of (x, 0, 0)",
            axis: "x",
            x: [-3.0, 3.0],
            y: [-0.06, 1.06],
            curves: &[("sparsemax", &|x| first_of(&Sparsemax, x)), ("softmax", &|x| first_of(&Softmax::DEFAULT, x))],
        }
        .html(),
        Explanation {
            name: "hardmax",
            title: "The first output of hardmax and softmax of (x, 0, 0)",
            axis: "x",
            x: [-3.0, 3.0],
            y: [-0.06, 1.06],
            curves: &[("hardmax", &|x| first_of(&Hardmax, x)), ("softmax", &|x| first_of(&Softmax::DEFAULT, x))],
        }
        .html(),
        Explanation {
            name: "gumbel_softmax",
            title: "The first output of Gumbel-softmax of (x, 0, 0), with the same noise",
            axis: "x",
            x: [-5.0, 5.0],
            y: [-0.06, 1.06],
            curves: &[("temperature 1", &noisy(1.0)), ("0.5", &noisy(0.5)), ("0.1", &noisy(0.1))],
        }
        .html(),
        Explanation {
            name: "sink_softmax",
            title: "The first output of softmax of (x, 0, 0) with a sink",
            axis: "x",
            x: [-5.0, 5.0],
            y: [-0.06, 1.06],
            curves: &[
                ("sink 0: softmax1", &sunk(0.0)),
                ("sink 2", &sunk(2.0)),
                ("&#8722;infinity: softmax", &sunk(f64::NEG_INFINITY)),
            ],
        }
        .html(),
        Explanation {
            name: "log_sum_exp",
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
            name: "softmax_cross_entropy",
            title: "Cross-entropy of two classes",
            axis: MARGIN,
            x: [-4.0, 6.0],
            y: [-0.25, 4.25],
            curves: &[("label smoothing 0", &smoothed(0.0)), ("0.1", &smoothed(0.1)), ("0.3", &smoothed(0.3))],
        }
        .html(),
        Explanation {
            name: "categorical_focal",
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
            name: "categorical_cross_entropy",
            title: "Cross-entropy over the probability of the label",
            axis: "probability of the label",
            x: [0.0, 1.0],
            y: [-5.25, 5.25],
            curves: &[("value", &of_probability), ("derivative", &slope)],
        }
        .html(),
        Explanation {
            name: "negative_log_likelihood",
            title: "Negative log-likelihood over the log-probability of the label",
            axis: "log-probability of the label",
            x: [-4.0, 0.0],
            y: [-1.25, 4.25],
            curves: &[
                ("value", &|z| of_first(&NegativeLogLikelihood::new(), [z, 0.0])),
                ("derivative", &|z| {
                    let (mut gradient, rows) = ([0.0; 2], Rows::contiguous(2));
                    let loss = NegativeLogLikelihood::new();
                    loss.gradient(&[z, 0.0], Targets::labels(&[0]), rows, 1.0, &mut gradient).expect("a label");
                    gradient[0]
                }),
            ],
        }
        .html(),
        Explanation {
            name: "multi_margin",
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
            name: "categorical_hinge",
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
    let ranking = |target: f64| {
        let loss = MarginRanking::new().with_margin(1.0).expect("a margin");
        move |difference: f64| loss.sum(&[difference], &[0.0], &[target])
    };
    let triplet = |margin: f64| {
        let loss = Triplet::new().with_margin(margin).and_then(|loss| loss.with_eps(0.0)).expect("a margin");
        move |distance: f64| loss.sum(&[0.0], &[1.0], &[distance], Rows::contiguous(1))
    };
    let embedding = |target: f64| {
        move |cos: f64| {
            let other = [cos, (1.0 - cos * cos).sqrt()];
            CosineEmbedding::new().sum(&[1.0, 0.0], &other, &[target], Rows::contiguous(2))
        }
    };
    vec![
        Explanation {
            name: "gaussian_nll",
            title: "Gaussian negative log-likelihood over the residual",
            axis: "prediction &#8722; target",
            x: [-4.0, 4.0],
            y: [-1.0, 5.2],
            curves: &[("variance 1", &gaussian(1.0)), ("0.25", &gaussian(0.25)), ("4", &gaussian(4.0))],
        }
        .html(),
        Explanation {
            name: "contrastive",
            title: "Contrastive loss over the distance of the rows, of margin 1",
            axis: "distance",
            x: [0.0, 2.0],
            y: [-0.06, 1.06],
            curves: &[("target 1: alike", &contrastive(1.0)), ("target &#8722;1: not alike", &contrastive(-1.0))],
        }
        .html(),
        Explanation {
            name: "cosine_embedding",
            title: "Cosine embedding loss over the cosine, of margin 0",
            axis: "cosine of the angle between the rows",
            x: [-1.0, 1.0],
            y: [-0.12, 2.12],
            curves: &[("target 1: alike", &embedding(1.0)), ("target &#8722;1: not alike", &embedding(-1.0))],
        }
        .html(),
        Explanation {
            name: "margin_ranking",
            title: "Margin ranking loss over the difference of the scores, of margin 1",
            axis: "first score &#8722; second score",
            x: [-3.0, 3.0],
            y: [-0.25, 4.25],
            curves: &[
                ("target 1: the first is higher", &ranking(1.0)),
                ("target &#8722;1: the second", &ranking(-1.0)),
            ],
        }
        .html(),
        Explanation {
            name: "triplet",
            title: "Triplet loss, where the positive row has distance 1",
            axis: "distance of the negative row",
            x: [0.0, 4.0],
            y: [-0.15, 3.15],
            curves: &[("margin 1", &triplet(1.0)), ("margin 0", &triplet(0.0)), ("margin 2", &triplet(2.0))],
        }
        .html(),
        Explanation {
            name: "cosine_similarity",
            title: "Cosine similarity loss over the angle of the rows",
            axis: "degrees",
            x: [-180.0, 180.0],
            y: [-1.12, 1.12],
            curves: &[("value: minus the cosine", &|degrees: f64| {
                let other = [degrees.to_radians().cos(), degrees.to_radians().sin()];
                CosineSimilarity.sum(&[1.0, 0.0], &other, Rows::contiguous(2))
            })],
        }
        .html(),
    ]
}

/// Losses of overlap: of four entries, of which the first is positive.
fn overlaps() -> Vec<(&'static str, String)> {
    let of = |loss: &dyn RowLoss<f64>, prediction: [f64; 4]| {
        let target = [1.0, 0.0, 0.0, 0.0];
        loss.sum(&prediction, Targets::Probabilities(&target), Rows::contiguous(4)).expect("probabilities")
    };
    let tversky = |alpha: f64| {
        let loss = Tversky::new().with_alpha(alpha).and_then(|loss| loss.with_beta(1.0 - alpha)).expect("a weight");
        move |p: f64| of(&loss, [p; 4])
    };
    let dice = |others: f64| move |p: f64| of(&Dice::new(), [p, others, others, others]);
    vec![
        Explanation {
            name: "tversky",
            title: "Tversky loss, all of four entries predicted alike, one of them positive",
            axis: "prediction",
            x: [0.0, 1.0],
            y: [-0.06, 1.06],
            curves: &[
                ("alpha 0.5: Dice", &tversky(0.5)),
                ("0.9: few false positives", &tversky(0.9)),
                ("0.1", &tversky(0.1)),
            ],
        }
        .html(),
        Explanation {
            name: "dice",
            title: "Dice loss of a positive entry and three others",
            axis: "prediction of the positive entry",
            x: [0.0, 1.0],
            y: [-0.06, 1.06],
            curves: &[("the others at 0", &dice(0.0)), ("at 0.25", &dice(0.25)), ("at 1", &dice(1.0))],
        }
        .html(),
    ]
}

/// The same picture for each.
fn penalties() -> impl Iterator<Item = (&'static str, String)> {
    ["l1_penalty", "l2_penalty", "elastic_net"].into_iter().map(|name| {
        Explanation {
            name,
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
        .html()
    })
}
