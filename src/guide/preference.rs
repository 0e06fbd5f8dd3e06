//! Preference losses, DPO, IPO, SimPO, KTO and ORPO, as losses of a margin.
//!
//! A language model is trained on pairs of responses to a prompt, one chosen and one rejected. All of these losses are
//! losses of this crate at a number that is computed from the log-probabilities of the responses.
//!
//! - c and r are the log-probabilities of the chosen and of the rejected response under the model in training: the sum
//!   of those of the tokens.
//! - c0 and r0 are those under the reference model, which is fixed.
//! - h = (c - c0) - (r - r0). The derivative of h in c is 1, in r -1: the gradient in c is that in h, and the gradient
//!   in r its negative.
//! - s is the logistic function. The larger beta is, the nearer the model stays to the reference.
//!
//! | loss | formula | here | derivative in h |
//! |---|---|---|---|
//! | DPO | -ln s(beta h) | [`SoftMargin`] of beta h, target 1 | -beta s(-beta h) |
//! | DPO with a share eps of wrong labels (cDPO) | -(1 - eps) ln s(beta h) - eps ln s(-beta h) | [`BinaryCrossEntropyWithLogits`] of beta h, target 1 - eps | beta (s(beta h) - 1 + eps) |
//! | hinge (SLiC, RSO) | max(0, 1 - beta h) | [`Hinge`] of beta h, target 1 | -beta if beta h < 1, else 0 |
//! | IPO | (h - 1 / (2 beta))^2 | [`Mse`] of h, target 1 / (2 beta) | 2 h - 1 / beta |
//! | SimPO | -ln s(beta h - gamma), h = c per token - r per token | [`SoftMargin`] of beta h - gamma, target 1 | -beta s(gamma - beta h) |
//! | ORPO | -ln s(h), h = ln(odds of c) - ln(odds of r) | [`SoftMargin`] of h, target 1 | -s(-h) |
//! | reward model | -ln s(reward of the chosen - that of the rejected) | [`SoftMargin`] of the difference, target 1 | -s(-h) |
//!
//! Sources: [DPO](https://arxiv.org/abs/2305.18290), [cDPO](https://ericmitchell.ai/cdpo.pdf),
//! [SLiC-HF](https://arxiv.org/abs/2305.10425), [RSO](https://arxiv.org/abs/2309.06657),
//! [IPO](https://arxiv.org/abs/2310.12036) (beta is its tau), [SimPO](https://arxiv.org/abs/2405.14734),
//! [KTO](https://arxiv.org/abs/2402.01306), [ORPO](https://arxiv.org/abs/2403.07691), [reward
//! models](https://arxiv.org/abs/2203.02155).
//!
//! # A batch
//!
//! beta belongs to the scale of the gradient: the derivative in h is beta times that in beta h.
//!
//! ```
//! use slopes::loss::{BinaryCrossEntropyWithLogits, Hinge, Loss, Mse, SoftMargin};
//!
//! let (beta, n) = (0.1, 2.0);
//! let h = [2.0_f64, -1.0]; // two pairs; the model has the second one the wrong way round
//! let (margins, ones) = (h.map(|h| beta * h), [1.0; 2]);
//! let mut d_h = [0.0; 2];
//! let near = |a: f64, b: f64| (a - b).abs() < 1e-14;
//!
//! // DPO: ln(1 + e^-0.2) and ln(1 + e^0.1).
//! let mean = SoftMargin.sum_with_gradient(&margins, &ones, beta / n, &mut d_h) / n;
//! assert!(near(mean, (0.598138869381592 + 0.744396660073571) / 2.0));
//! assert!(near(d_h[0], -0.05 * 0.450166002687522) && near(d_h[1], -0.05 * 0.524979187478940));
//! // The gradients in the log-probabilities: up for the chosen, down for the rejected.
//! let (d_c, d_r) = (d_h, d_h.map(|d| -d));
//! assert!(d_c[1] < d_c[0] && d_r[1] > 0.0);
//!
//! // A tenth of the labels is wrong.
//! BinaryCrossEntropyWithLogits::DEFAULT.gradient(&margins, &[0.9; 2], beta / n, &mut d_h);
//! assert!(near(d_h[0], 0.05 * (0.549833997312478 - 0.9)));
//!
//! // Hinge: the two are within the margin of 1.
//! let mean = Hinge.sum_with_gradient(&margins, &ones, beta / n, &mut d_h) / n;
//! assert!(near(mean, (0.8 + 1.1) / 2.0) && d_h == [-0.05; 2]);
//!
//! // IPO: h is to be 1 / (2 beta) = 5, and no more.
//! let mean = Mse.mean_with_gradient(&h, &[1.0 / (2.0 * beta); 2], &mut d_h);
//! assert_eq!((mean, d_h), ((9.0 + 36.0) / 2.0, [-3.0, -6.0]));
//!
//! // SimPO: log-probabilities of a token on average, a margin gamma, and no reference.
//! let (beta, gamma) = (2.0, 1.0);
//! let h = -6.0_f64 / 12.0 - -8.0 / 8.0; // 12 tokens chosen, 8 rejected
//! assert!(near(SoftMargin.forward(beta * h - gamma, 1.0), 2.0_f64.ln()));
//! let d_h = beta * SoftMargin.derivative(beta * h - gamma, 1.0);
//! let (d_c, d_r) = (d_h / 12.0, -d_h / 8.0);
//! assert!(near(d_c, -1.0 / 12.0) && near(d_r, 1.0 / 8.0));
//! ```
//!
//! In TRL 1.16, whose default beta is 0.1, the h of IPO is of averages over tokens too, as the authors of IPO computed
//! it.
//!
//! # From tokens, and back
//!
//! The log-probability of a response is minus the sum of the [`SoftmaxCrossEntropy`] over its tokens; the prompt has
//! the label to ignore. So the gradient in the logits is that of the cross-entropy, scaled by minus the gradient in the
//! log-probability.
//!
//! ```
//! use slopes::Rows;
//! use slopes::loss::{Loss, RowLoss, SoftMargin, SoftmaxCrossEntropy, Targets};
//!
//! const VOCABULARY: usize = 2;
//! let (beta, rows) = (0.1, Rows::contiguous(VOCABULARY));
//! let entropy = SoftmaxCrossEntropy::new().with_ignore_label(-100);
//! // Logits and labels of three positions: one of the prompt, two of the response.
//! let (chosen, chosen_labels) = ([0.0_f64; 6], [-100, 0, 1]);
//! let (rejected, rejected_labels) = ([0.0_f64; 6], [-100, 1, 1]);
//! let (chosen_target, rejected_target) = (Targets::labels(&chosen_labels), Targets::labels(&rejected_labels));
//!
//! let c = -entropy.sum(&chosen, chosen_target, rows)?;
//! let r = -entropy.sum(&rejected, rejected_target, rows)?;
//! assert!((c + 2.0 * 2.0_f64.ln()).abs() < 1e-15 && r == c);
//! let (c0, r0) = (c, r); // training begins at the reference
//! let h = (c - c0) - (r - r0);
//!
//! let d_h = beta * SoftMargin.derivative(beta * h, 1.0);
//! assert_eq!(d_h, -0.05);
//! let (mut d_chosen, mut d_rejected) = ([0.0; 6], [0.0; 6]);
//! entropy.gradient(&chosen, chosen_target, rows, -d_h, &mut d_chosen)?;
//! entropy.gradient(&rejected, rejected_target, rows, d_h, &mut d_rejected)?;
//! assert_eq!(d_chosen, [0.0, 0.0, -0.025, 0.025, 0.025, -0.025]); // 0.05 (p - 1) at the label
//! assert_eq!(d_rejected, [0.0, 0.0, -0.025, 0.025, -0.025, 0.025]);
//! # Ok::<(), slopes::loss::TargetError>(())
//! ```
//!
//! # KTO: single responses
//!
//! KTO needs no pairs, only responses that are good (y = 1) or bad (y = -1). l is the log-probability of a response, l0
//! that of the reference, and z the mean of such differences over other responses, or 0 if it is negative; it has no
//! gradient. With m = y beta (l - l0 - z), the loss is w (1 - s(m)) = w s(-m), which is [`Sigmoid`]. w is a weight for
//! good and one for bad responses.
//!
//! ```
//! use slopes::activation::{Activation, Sigmoid};
//!
//! let (beta, z) = (0.5, 1.0);
//! let (difference, y, w) = ([1.0_f64, 3.0], [1.0, -1.0], [1.0, 2.0]); // l - l0
//! let m = [0, 1].map(|i| y[i] * beta * (difference[i] - z)); // 0 and -1
//!
//! let losses = [0, 1].map(|i| w[i] * Sigmoid.forward(-m[i]));
//! assert!(losses[0] == 0.5 && (losses[1] - 2.0 * 0.731058578630005).abs() < 1e-14);
//! let d_l = [0, 1].map(|i| -w[i] * y[i] * beta * Sigmoid.derivative(-m[i]));
//! assert!(d_l[0] == -0.125 && (d_l[1] - 0.196611933241482).abs() < 1e-14);
//! ```
//!
//! The loss levels off on both sides: a bad response that is already unlikely counts little, and so does one that is
//! hopeless.
//!
//! # ORPO: without a reference
//!
//! c and r are averages over tokens; the odds of c are p / (1 - p), p = e^c. 1 - e^c is `-c.exp_m1()`,
//! which keeps its digits where p is near 1. The loss is added to the cross-entropy of the chosen response, with a
//! weight.
//!
//! ```
//! use slopes::loss::{Loss, SoftMargin};
//!
//! let (c, r) = (0.5_f64.ln(), 0.2_f64.ln());
//! let log_odds = |l: f64| l - (-l.exp_m1()).ln();
//! let h = log_odds(c) - log_odds(r); // the odds are 1 and 1/4
//! assert!((SoftMargin.forward(h, 1.0) - 1.25_f64.ln()).abs() < 1e-15);
//!
//! // The derivative of the log-odds in l is 1 / (1 - e^l).
//! let d_h = SoftMargin.derivative(h, 1.0);
//! let (d_c, d_r) = (-d_h / c.exp_m1(), d_h / r.exp_m1());
//! assert!((d_h + 0.2).abs() < 1e-15 && (d_c + 0.4).abs() < 1e-15 && (d_r - 0.25).abs() < 1e-15);
//! ```
//!
//! Next: [`contrastive`](super::contrastive), losses of embeddings.
//!
//! [`BinaryCrossEntropyWithLogits`]: crate::loss::BinaryCrossEntropyWithLogits
//! [`Hinge`]: crate::loss::Hinge
//! [`Mse`]: crate::loss::Mse
//! [`Sigmoid`]: crate::activation::Sigmoid
//! [`SoftMargin`]: crate::loss::SoftMargin
//! [`SoftmaxCrossEntropy`]: crate::loss::SoftmaxCrossEntropy
