#!/usr/bin/env python3
"""Writes parameters.csv and outputs.csv; --check as in generate.py, whose numbers, jets and inputs these are.

parameters.csv  function, parameter_f64_bits, x_f64_bits, x, derivative
                Derivatives in the parameter at x, from jets in the parameter.
outputs.csv     function, parameter_f64_bits, y_f64_bits, y, derivative
                Slopes as functions of the output y, by inverting the function: f'(x) where f(x) = y.
"""

import random

from generate import Jet, activation_inputs, bits, elu, exp, expm1, f32, jet, log1p, magnitude, main, settled, sigmoid
from mpmath import mp, mpf

# name: (function of the parameter's jet and of x, parameters). Softplus is max(0, x) and a tail, so that nothing cancels.
PARAMETERS = {
    "elu": (lambda alpha, x: elu(x, alpha), (1.0,)),
    "celu": (lambda alpha, x: x if x > 0 else alpha * expm1(x / alpha), (1.0, 0.75)),
    "softplus": (lambda beta, x: max(x.v, 0) + log1p(exp(-abs(beta * x))) / beta, (1.0, 1.5)),
    "swish": (lambda beta, x: x * sigmoid(beta * x), (1.0, 1.5, -0.75)),
    "gaussian": (lambda sigma, x: exp(-x * x / (2 * sigma * sigma)), (1.0, 0.75)),
}


def parameters():
    yield "function,parameter_f64_bits,x_f64_bits,x,derivative"
    for name, (function, values) in PARAMETERS.items():
        for value in values:
            inputs = activation_inputs("%s in %r" % (name, value), (-1.6875 * value, -1.6875), lambda x: True)
            for x in inputs[::2]:
                derivative = settled(lambda: [jet(function(Jet(value, 1), Jet(x))).d])
                yield ",".join([name, bits(value), bits(x), repr(x), *derivative])


LAMBDA, ALPHA = "1.0507009873554804934193349852946", "1.6732632423543772848170429916717"

# name: (slope of y and the parameter, parameter, lowest y, highest y).
OUTPUTS = {
    "sigmoid": (lambda y, _: y * (1 - y), 1.0, 0, 1),
    "tanh": (lambda y, _: 1 - y * y, 1.0, -1, 1),
    "softsign": (lambda y, _: (1 - abs(y)) ** 2, 1.0, -1, 1),
    "elu": (lambda y, alpha: y + alpha if y <= 0 else mpf(1), 0.75, -0.75, 4),
    "celu": (lambda y, alpha: y / alpha + 1 if y <= 0 else mpf(1), 0.75, -0.75, 4),
    "selu": (lambda y, _: y + mpf(LAMBDA) * mpf(ALPHA) if y <= 0 else mpf(LAMBDA), 1.0, -1.7580993, 4),
    "softplus": (lambda y, beta: -mp.expm1(-beta * y), 1.5, 0, 100),
    "log_sigmoid": (lambda y, _: -mp.expm1(y), 1.0, -100, 0),
    "exp": (lambda y, _: y, 1.0, 0, 1e30),
}


def outputs():
    yield "function,parameter_f64_bits,y_f64_bits,y,derivative"
    for name, (slope, parameter, low, high) in OUTPUTS.items():
        rng = random.Random("outputs/" + name)
        ys = [f32(low), f32(high), 0.0] + [f32(low + (high - low) * rng.random()) for _ in range(40)]
        ys += [f32(end + magnitude(rng, -24, 0)) for end in (low, high) for _ in range(20)]
        ys += [magnitude(rng, -140, 0) for _ in range(40)]
        for y in sorted({y for y in ys if low <= y <= high}):
            yield ",".join([name, bits(parameter), bits(y), repr(y), *settled(lambda: [slope(mpf(y), mpf(parameter))])])


if __name__ == "__main__":
    main((("parameters.csv", parameters), ("outputs.csv", outputs)))
