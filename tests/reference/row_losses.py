#!/usr/bin/env python3
"""Writes row_losses.csv; --check as in generate.py, whose numbers and jets these are.

row_losses.csv  loss, row, index, x_f64_bits, y_f64_bits, z_f64_bits, target, value, gradient, hessian, gradient_y,
                gradient_z
                One entry of a row a line, the entries of a row in order. x is the prediction; y holds the target's
                probabilities, or the second row of a pair; z the third row of a triple; empty where there is none. target
                is a label, or 1 or -1, or empty, and with the loss's value the same on each line of its row. gradient and
                curvature are the first and the second derivative of the value in this entry of x, gradient_y and
                gradient_z the first in this entry of y and z, of losses of pairs and triples.

Derivatives come from jets in each entry in turn; none is typed by hand. Parameters are numbers that an f32 holds.
"""

import random

from generate import Jet, bits, exp, f32, jet, log, log1p, magnitude, main, settled, sqrt, uniform
from mpmath import mpf


def total(terms):
    result = Jet(0)
    for term in terms:
        result = result + term
    return result


WEIGHTS = (0.5, 1.75, 0.25, 3.0, 1.0, 0.125, 2.5)


def weight(i):
    return mpf(WEIGHTS[i % len(WEIGHTS)])


def others(z, i):
    """What the classes but i have, for each unit of i."""
    return total(exp(z[j] - z[i]) for j in range(len(z)) if j != i)


def surprise(z, i):
    return log1p(others(z, i))


def power(x, gamma):
    return jet(1) if gamma == 0 else exp(gamma * log(x))


def focal(gamma, weighted):
    def loss(z, y, _, label):
        if len(z) == 1:
            return Jet(0)
        def of(i):
            rest = others(z, i)
            return (weight(i) if weighted else 1) * power(rest / (1 + rest), gamma) * surprise(z, i)
        return of(label) if y is None else total(y[i].v * of(i) for i in range(len(z)) if y[i].v)
    return loss


def cross_entropy(smoothing):
    def loss(z, y, _, label):
        n = len(z)
        def wanted(i):
            return weight(i) * ((1 - smoothing) * (y[i].v if y else i == label) + mpf(smoothing) / n)
        return total(wanted(i) * surprise(z, i) for i in range(n) if wanted(i))
    return loss


def with_z_loss(weight):
    """The cross-entropy, and for each unit of the target weight L^2, L the logarithm of the sum of exponentials."""
    def loss(z, y, _, label):
        l = log(total(exp(x) for x in z))
        wanted = [y[i].v if y else mpf(i == label) for i in range(len(z))]
        return total(q * surprise(z, i) for i, q in enumerate(wanted) if q) + sum(wanted) * weight * l * l
    return loss


def categorical_cross_entropy(eps):
    return lambda x, y, _, label: total(-y[i].v * log(x[i] + eps) for i in range(len(x)) if y[i].v)


def multi_margin(margin, squared):
    def loss(z, y, _, label):
        excess = [margin + z[i] - z[label] for i in range(len(z)) if i != label]
        return total(h * h if squared else h for h in excess if h > 0) / len(z)
    return loss


def categorical_hinge(z, y, _, label):
    wrong = [z[i] for i in range(len(z)) if i != label]
    h = 1 + max(wrong, key=lambda x: x.v) - z[label] if wrong else Jet(0)
    return h if h > 0 else Jet(0)


def tversky(alpha, beta, smooth):
    def loss(p, y, _, label):
        n = range(len(p))
        hit, vain, missed = (total(f(p[i], y[i].v) for i in n) for f in (
            lambda p, y: p * y, lambda p, y: p * (1 - y), lambda p, y: (1 - p) * y))
        lost = alpha * vain + beta * missed
        whole = hit + lost + smooth
        return lost / whole if whole.v else Jet(0)
    return loss


def dot(x, y):
    return total(a * b for a, b in zip(x, y))


def cosine(x, y):
    square = dot(x, x) * dot(y, y)
    return dot(x, y) / sqrt(square) if square.v else Jet(0)


def cosine_embedding(margin):
    def loss(x, y, _, sign):
        c = cosine(x, y)
        return 1 - c if sign == 1 else c - margin if c > margin else Jet(0)
    return loss


def distance(x, y, eps=0):
    square = total((a - b + eps) * (a - b + eps) for a, b in zip(x, y))
    return sqrt(square) if square.v else Jet(0)


def contrastive(margin):
    def loss(x, y, _, sign):
        if sign == 1:
            return total((a - b) * (a - b) for a, b in zip(x, y)) / 2
        h = margin - distance(x, y)
        return h * h / 2 if h > 0 else Jet(0)
    return loss


def triplet(margin, eps):
    def loss(x, y, z, _):
        h = margin + distance(x, y, eps) - distance(x, z, eps)
        return h if h > 0 else Jet(0)
    return loss


# What rows are made of: (x, y, z, target) of a length.

def logits(rng, kind):
    scale = (3, 30, 300, 1e-3)[kind % 4]
    return lambda: uniform(rng, -scale, scale)


def labelled(rng, n, kind):
    return [logits(rng, kind)() for _ in range(n)], None, None, rng.randrange(n)


def soft(rng, n, kind):
    y = [rng.choice((0.0, uniform(rng, 0, 1))) for _ in range(n)]
    y[rng.randrange(n)] = 0.5
    return [logits(rng, kind)() for _ in range(n)], y, None, None


def probabilities(rng, n, kind):
    entry = (lambda: uniform(rng, 0.01, 1), lambda: abs(magnitude(rng, -60, 0)))[kind % 2]
    y = [rng.choice((0.0, 1.0, uniform(rng, 0, 1))) for _ in range(n)]
    y[rng.randrange(n)] = 0.25
    return [entry() for _ in range(n)], y, None, None


def vectors(count, signed):
    def draw(rng, n, kind):
        scale = (1, 1e-3, 100, 1)[kind % 4]
        x = [uniform(rng, -scale, scale) for _ in range(n)]
        # Every fourth time nearly the same direction.
        def other():
            near = kind % 4 == 3
            return [a + uniform(rng, -1, 1) / 1024 if near else uniform(rng, -scale, scale) for a in x]
        rows = [x] + [[f32(a) for a in other()] for _ in range(count - 1)]
        return (*rows, *[None] * (3 - count), (1, -1)[kind // 4 % 2] if signed else None)
    return draw


# name: (loss of rows of jets and of the target, what rows are made of).
ROW_LOSSES = {
    "cross_entropy_label": (cross_entropy(0.125), labelled),
    "cross_entropy_soft": (cross_entropy(0.125), soft),
    "cross_entropy_z_label": (with_z_loss(mpf(0.0625)), labelled),
    "cross_entropy_z_soft": (with_z_loss(mpf(0.0625)), soft),
    "focal_2_label": (focal(2, True), labelled),
    "focal_2_soft": (focal(2, True), soft),
    "focal_0.5_label": (focal(mpf(0.5), False), labelled),
    "focal_3.25_soft": (focal(mpf(3.25), False), soft),
    "categorical_cross_entropy_0": (categorical_cross_entropy(0), probabilities),
    "categorical_cross_entropy_0.0625": (categorical_cross_entropy(mpf(0.0625)), probabilities),
    "multi_margin_1": (multi_margin(1, False), labelled),
    "multi_margin_0.75_squared": (multi_margin(mpf(0.75), True), labelled),
    "categorical_hinge": (categorical_hinge, labelled),
    "dice_0": (tversky(mpf(0.5), mpf(0.5), 0), probabilities),
    "dice_1": (tversky(mpf(0.5), mpf(0.5), mpf(0.5)), probabilities),
    "tversky_0.25_0.75_0.5": (tversky(mpf(0.25), mpf(0.75), mpf(0.5)), probabilities),
    "cosine_similarity": (lambda x, y, _, __: -cosine(x, y), vectors(2, False)),
    "cosine_embedding_0.25": (cosine_embedding(mpf(0.25)), vectors(2, True)),
    "contrastive_1.5": (contrastive(mpf(1.5)), vectors(2, True)),
    "triplet_1": (triplet(1, mpf(2) ** -20), vectors(3, False)),
}


def derivatives(loss, rows, target):
    """For each entry: value, gradient and curvature in x, gradients in the other rows."""
    constants = [row and [Jet(v) for v in row] for row in rows]
    value = jet(loss(*constants, target))
    for i in range(len(rows[0])):
        def moved(which):
            moving = [row and list(row) for row in constants]
            moving[which][i] = Jet(rows[which][i], 1)
            return jet(loss(*moving, target))
        of_x = moved(0)
        yield value.v, of_x.d, of_x.e, *(moved(k).d if rows[k] else mpf(0) for k in (1, 2))


def row_losses():
    yield "loss,row,index,x_f64_bits,y_f64_bits,z_f64_bits,target,value,gradient,hessian,gradient_y,gradient_z"
    for name, (loss, draw) in ROW_LOSSES.items():
        rng = random.Random("row losses/" + name)
        # One number has no angle but 0: what follows from it is exactly 0, and no two precisions see that.
        for row, n in enumerate((1 if draw in (labelled, soft, probabilities) else 4, 2, 3, 5, 8, 12, 17, 20)):
            *rows, target = draw(rng, n, row)
            values = settled(lambda: [v for entry in derivatives(loss, rows, target) for v in entry])
            for i in range(n):
                inputs = [x and bits(x[i]) or "" for x in rows]
                label = "" if target is None else str(target)
                yield ",".join([name, str(row), str(i), *inputs, label, *values[5 * i:5 * i + 5]])


if __name__ == "__main__":
    main((("row_losses.csv", row_losses),))
