#!/usr/bin/env python3
"""Writes gains.csv; --check as in generate.py, whose formulas and numbers these are.

gains.csv  gain, function
           1 / sqrt(E f(z)^2) of a standard normal z, with the parameters in the function's text, to 20 digits. By
           mpmath's quadrature between kinks, and on a mesh that is fine where a function is steep; two precisions agree.
           Then functions with jumps and with kinks at random places, by closed forms.
"""

import random

import generate as g
from generate import leaky, main, sigmoid, softplus, square, tanh
from mpmath import mp, mpf

DIGITS = 20
STEEP = [s * 2 ** e for e in range(-16, 3) for s in (-1, 1)]

# text: (function of a jet, kinks and places where it is steep).
GAINS = {
    "identity": (lambda x: x, ()),
    "scaled_linear": (lambda x: x, ()),
    "scaled_linear(slope=-2.5)": (lambda x: -2.5 * x, ()),
    "binary_step": (lambda x: 1 if x >= 0 else 0, ()),
    "sigmoid": (sigmoid, ()),
    "tanh": (tanh, ()),
    "softsign": (lambda x: x / (1 + abs(x)), ()),
    "relu": (lambda x: x if x > 0 else 0, ()),
    "relu2": (lambda x: x * x if x > 0 else 0, ()),
    "leaky_relu": (lambda x: leaky(x, 0.01), ()),
    "leaky_relu(slope=-0.5)": (lambda x: leaky(x, -0.5), ()),
    "prelu": (lambda x: leaky(x, 0.25), ()),
    "rrelu": (lambda x: leaky(x, (mpf(1 / 8) + 1 / 3) / 2), ()),
    "rrelu(lower=-1,upper=0.5)": (lambda x: leaky(x, -0.25), ()),
    "relu6": (lambda x: g.clamp(x, 0, 6), (6,)),
    "threshold": (lambda x: x if x > 1 else 0, (1,)),
    "threshold(theta=0.3,value=-7)": (lambda x: x if x > 0.3 else -7, (0.3,)),
    "hard_shrink": (lambda x: x if abs(x) > 0.5 else 0, (-0.5, 0.5)),
    "hard_shrink(lambda=6)": (lambda x: x if abs(x) > 6 else 0, (-6, 6)),
    "soft_shrink": (lambda x: g.shrink(x, 0.5, 0.5), (-0.5, 0.5)),
    "soft_shrink(lambda=2.7)": (lambda x: g.shrink(x, 2.7, 2.7), (-2.7, 2.7)),
    "shrink": (lambda x: g.shrink(x, 0.5, 0), (-0.5, 0.5)),
    "shrink(lambda=1.3,bias=0.1)": (lambda x: g.shrink(x, 1.3, 0.1), (-1.3, 1.3)),
    "hard_tanh": (lambda x: g.clamp(x, -1, 1), (-1, 1)),
    "hard_tanh(low=-3,high=0.3)": (lambda x: g.clamp(x, -3, 0.3), (-3, 0.3)),
    "hard_sigmoid": (lambda x: g.clamp((x + 3) / 6, 0, 1), (-3, 3)),
    "hard_swish": (lambda x: 0 if x <= -3 else x if x >= 3 else x * (x + 3) / 6, (-3, 3)),
    "sparse_plus": (lambda x: 0 if x <= -1 else x if x >= 1 else square(x + 1) / 4, (-1, 1)),
    "sparse_sigmoid": (lambda x: g.clamp((x + 1) / 2, 0, 1), (-1, 1)),
    "exp": (g.exp, ()),
    "elu": (g.elu, ()),
    "elu(alpha=0)": (lambda x: g.elu(x, 0), ()),
    "elu(alpha=3.7)": (lambda x: g.elu(x, 3.7), ()),
    "celu": (g.celu, ()),
    "celu(alpha=0.001)": (lambda x: g.celu(x, 0.001), STEEP),
    "selu": (g.selu, ()),
    "selu(alpha=1.5,gamma=3)": (lambda x: g.selu(x, 1.5, 3), ()),
    "xielu": (g.xielu, ()),
    "xielu(alpha_p=0.5,alpha_n=0.5,beta=-1)": (lambda x: g.xielu(x, 0.5, -1), ()),
    "swish": (lambda x: x * sigmoid(x), ()),
    "swish(beta=-1.5)": (lambda x: x * sigmoid(-1.5 * x), ()),
    "swish(beta=1000)": (lambda x: x * sigmoid(1000 * x), STEEP),
    "mish": (lambda x: x * tanh(softplus(x)), ()),
    "softplus": (softplus, ()),
    "softplus(beta=0.01)": (lambda x: softplus(0.01 * x) / mpf(0.01), ()),
    "log_sigmoid": (lambda x: -softplus(-x), ()),
    "sqrt_softplus": (lambda x: g.sqrt(softplus(x)), ()),
    "squareplus": (g.squareplus, ()),
    "squareplus(b=0.000001)": (lambda x: g.squareplus(x, 0.000001), STEEP),
    "gelu": (lambda x: x * g.normal_cdf(x), ()),
    "gelu_tanh": (g.gelu_tanh, ()),
    "quick_gelu": (lambda x: x * sigmoid(1.702 * x), ()),
    "soft_cap": (lambda x: 30 * tanh(x / 30), ()),
    "soft_cap(cap=0.001)": (lambda x: 0.001 * tanh(x / 0.001), STEEP),
    "tanh_shrink": (lambda x: x - tanh(x), ()),
    "lisht": (lambda x: x * tanh(x), ()),
    "log_cosh": (g.log_cosh, ()),
    "gaussian": (lambda x: g.exp(-x * x / 2), ()),
    "gaussian(sigma=0.001)": (lambda x: g.exp(-x * x / 2 / mpf(0.001) ** 2), STEEP),
    "laplace": (g.laplace, (0.707107,)),
    "laplace(mu=2,sigma=0.001)": (lambda x: g.laplace(x, 2, 0.001), [2 + s for s in STEEP]),
    "sine": (g.sin, ()),
    "snake": (g.snake, ()),
    "snake(a=0.001)": (lambda x: g.snake(x, 0.001), ()),
    "snake(a=7)": (lambda x: g.snake(x, 7), ()),
}


def gain(function, points):
    """Beyond 16, the density is below 1e-55."""
    ends = sorted({mpf(p) for p in (*points, *range(-16, 17)) if abs(p) <= 16})
    mean_square = mp.quad(lambda z: g.jet(function(g.Jet(z))).v ** 2 * mp.npdf(z), ends)
    return 1 / mp.sqrt(mean_square)


def hard_shrink(t):
    """E z^2 beyond -t and t."""
    return 2 * (mp.ncdf(-t) + t * mp.npdf(t))


def soft_shrink(t):
    """E (|z| - t)^2 beyond -t and t."""
    return 2 * ((1 + t * t) * mp.ncdf(-t) - t * mp.npdf(t))


def gains():
    yield "gain,function"
    for text, (function, points) in GAINS.items():
        found = []
        for precision in (30, 40):
            with mp.workdps(precision):
                found.append(mp.nstr(gain(function, points), DIGITS))
        if found[0] != found[1]:
            raise ArithmeticError("%s: %s" % (text, found))
        yield "%s,%s" % (found[0], text)
    rng = random.Random("gains")
    for name, mean_square in (("hard_shrink", hard_shrink), ("soft_shrink", soft_shrink)):
        for _ in range(100):
            t = 4 * rng.random() ** 2
            with mp.workdps(40):
                yield "%s,%s(lambda=%r)" % (mp.nstr(1 / mp.sqrt(mean_square(mpf(t))), DIGITS), name, t)


if __name__ == "__main__":
    main((("gains.csv", gains),))
