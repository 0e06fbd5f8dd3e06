//! Names of losses, and losses with their parameters as text.

use crate::cases::sample;
use crate::common::fix_level;
use slopes::ParseErrorKind;
use slopes::loss::{self, AnyLoss, Focal, Huber, Loss};

#[test]
fn losses_are_found_by_their_names() {
    for loss in crate::cases::all::<f32>() {
        for name in loss.spec().names {
            let found = loss::by_name::<f32>(&name.to_uppercase().replace('_', "")).map(|l| l.spec().name());
            assert_eq!(found.ok(), Some(loss.spec().name()));
        }
    }
    let error = loss::by_name::<f32>("nse").err().unwrap();
    assert!(error.nearest() == "mse" && error.to_string().contains("mse"), "{error}");
}

#[test]
fn any_loss_is_written_and_read() {
    let _fixed = fix_level();
    let loss: AnyLoss = "huber(delta=2)".parse().unwrap();
    assert_eq!((loss, loss.to_string().as_str()), (Huber { delta: 2.0 }.into(), "huber(delta=2)"));
    let focal: AnyLoss = "FocalLoss(gamma=1.5, alpha=0.25)".parse().unwrap();
    assert_eq!(focal, Focal { gamma: 1.5, alpha: Some(0.25) }.into());
    assert!("huber(delta=0)".parse::<AnyLoss>().unwrap_err().to_string().contains("delta"));
    for loss in crate::cases::all::<f64>() {
        let any: AnyLoss = loss.spec().name().parse().unwrap();
        assert_eq!(any.to_string().parse::<AnyLoss>().unwrap(), any);
        let (p, t) = sample(loss.spec(), 0.75, 0.25);
        assert_eq!(any.forward(p, t), loss.forward(p, t));
        assert_eq!(any.weighted(&[2.0]).sum(&[p], &[t]), 2.0 * loss.forward(p, t));
    }
}

/// What `print` writes of PyTorch's modules, and calls of their constructors and of Keras's.
#[test]
fn losses_of_pytorch_and_keras_are_read() {
    for (text, loss) in [
        ("L1Loss()", "mae"),
        ("MSELoss()", "mse"),
        ("nn.MSELoss(size_average=None, reduce=None, reduction='mean')", "mse"),
        ("SmoothL1Loss()", "smooth_l1(beta=1)"),
        ("SmoothL1Loss(beta=0.5, reduction='mean')", "smooth_l1(beta=0.5)"),
        ("HuberLoss(reduction=\"mean\", delta=2.0)", "huber(delta=2)"),
        ("HingeEmbeddingLoss(margin=0.5)", "hinge_embedding(margin=0.5)"),
        ("SoftMarginLoss()", "soft_margin"),
        ("BCELoss(weight=None)", "binary_cross_entropy(eps=0)"),
        ("BCEWithLogitsLoss()", "binary_cross_entropy_with_logits(pos_weight=1)"),
        ("BCEWithLogitsLoss(pos_weight=None)", "binary_cross_entropy_with_logits(pos_weight=1)"),
        ("BCEWithLogitsLoss(pos_weight=2.5)", "binary_cross_entropy_with_logits(pos_weight=2.5)"),
        ("KLDivLoss(reduction='mean')", "kl_divergence_from_log"),
        ("KLDivLoss(log_target=False)", "kl_divergence_from_log"),
        ("KLDivLoss(log_target=True)", "kl_divergence_of_logs"),
        ("PoissonNLLLoss()", "poisson_nll(full=false)"),
        ("PoissonNLLLoss(log_input=True, full=True, eps=1e-08)", "poisson_nll(full=true)"),
        ("PoissonNLLLoss(log_input=False)", "poisson_nll_of_rate(eps=0.00000001, full=false)"),
        ("PoissonNLLLoss(full=True, log_input=False, eps=0.5)", "poisson_nll_of_rate(eps=0.5, full=true)"),
        ("MeanSquaredError(reduction='sum_over_batch_size', name='mean_squared_error')", "mse"),
        ("Huber(2, name='huber_loss')", "huber(delta=2)"),
        ("BinaryCrossentropy(from_logits=False)", "binary_cross_entropy(eps=0)"),
        ("BinaryCrossentropy(from_logits=True, label_smoothing=0.0)", "binary_cross_entropy_with_logits(pos_weight=1)"),
        ("LogCosh()", "log_cosh"),
    ] {
        let read = text.parse::<AnyLoss>().unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(read.to_string(), loss, "{text}");
    }
}

/// An option that makes another function is never ignored.
#[test]
fn options_of_other_functions_are_refused() {
    for (text, message) in [
        (
            "MSELoss(reduction='sum')",
            "at byte 8: option reduction must be 'mean': other reductions are methods of the loss",
        ),
        (
            "KLDivLoss(reduction='batchmean')",
            "at byte 10: option reduction must be 'mean': other reductions are methods of the loss",
        ),
        (
            "L1Loss(size_average=False)",
            "at byte 7: option size_average must be None: reductions are methods of the loss",
        ),
        ("L1Loss(reduce=False)", "at byte 7: option reduce must be None: reductions are methods of the loss"),
        ("BCELoss(weight=2.0)", "at byte 8: option weight must be None: weights are given to the loss by `weighted`"),
        (
            "BinaryCrossentropy(label_smoothing=0.1)",
            "at byte 19: option label_smoothing must be 0: smooth the targets, y (1 - s) + s / 2",
        ),
        ("KLDivLoss(log_target=1)", "at byte 10: option log_target must be True or False"),
        ("KLDivLoss(log_target=True, log_target=False)", "at byte 27: parameter log_target is given twice"),
        ("PoissonNLLLoss(log_input=None)", "at byte 15: option log_input must be True or False"),
        ("PoissonNLLLoss(False)", "at byte 15: expected `parameter=value`, found 'F'"),
        ("BCEWithLogitsLoss(pos_weight=tensor)", "at byte 29: expected a number, found 't'"),
        ("MSELoss(log_target=True)", "at byte 8: mse has no parameters"),
        ("HuberLoss('mean', 2.0)", "at byte 10: expected a number, found '\\''"),
    ] {
        assert_eq!(text.parse::<AnyLoss>().unwrap_err().to_string(), message, "{text}");
    }
    for (text, path) in [
        ("GaussianNLLLoss(full=False, eps=1e-06)", "loss::GaussianNll"),
        ("MarginRankingLoss(margin=0.5)", "loss::MarginRanking"),
        ("TripletMarginLoss(margin=1.0)", "loss::Triplet"),
        ("CrossEntropyLoss(label_smoothing=0.1)", "loss::SoftmaxCrossEntropy"),
        ("NLLLoss()", "loss::NegativeLogLikelihood"),
    ] {
        let error = text.parse::<AnyLoss>().unwrap_err();
        assert!(matches!(error.kind, ParseErrorKind::UnknownName(name) if name.elsewhere() == Some(path)), "{error}");
    }
}
