#!/usr/bin/env python3
"""Writes the reference values of the tests: activations.csv, losses.csv, rows.csv.

    python3 generate.py            rewrite the files
    python3 generate.py --check    regenerate in memory, exit 1 if a file differs

Needs Python 3.8 or later and mpmath. A new function is one line of ACTIVATIONS, a new loss one line of LOSSES.

Numbers. Every input is an exact f32 value, given as the bits of the equal f64 in hex, and in decimal. Every result is
rounded to 25 significant digits. It is computed twice, at 160 and at 240 decimal digits (and at more until two
precisions agree), so cancellation cannot pass unseen. `1e-400` (with its sign) stands for any magnitude below that,
`1e+400` for any above. An exact zero is `0`, without a sign.

Derivatives come from jets (value, first, second derivative) carried through the formula; none is typed by hand. Where a
formula branches, the branch taken at a kink decides which one-sided derivative the file holds; the second derivative is of the
same side. |x| has derivative 0 at 0, and softsign'' at 0 is that of +0: the limit from the right. A Python float in a formula
(1.702, 0.044715, 0.707107) is that f64 exactly.

activations.csv  function, x_f64_bits, x, value, derivative, second_derivative
                 A parameter that is not the default is the last part of the name: elu_0.5, leaky_relu_0.125. Default
                 parameters that are no f32 make a function of f32 another one, name_f32, whose parameters are the
                 nearest f32. expm1, ln and ln_1p are there for the math kernels.
losses.csv       loss, prediction_f64_bits, target_f64_bits, prediction, target, value, derivative, second_derivative
                 One sample a line, derivatives in the prediction. A parameter that is not the default is the last part of the
                 name: huber_2.5; focal_2_0.25 has gamma and alpha, bce_with_logits_2.5 a pos_weight.
rows.csv         row, index, x_f64_bits, dy_f64_bits, softmax, log_softmax, softmax_vjp, log_softmax_vjp,
                 label, cross_entropy, cross_entropy_gradient
                 One entry of a row a line, the entries of a row in order. x may be -inf (its softmax is 0), but no row
                 is all -inf. With y = softmax(x): softmax_vjp = y (dy - <y, dy>), log_softmax_vjp = dy - y sum(dy)
                 (so dy where x = -inf). label (an index with finite x) and cross_entropy = -log_softmax(x)[label] are
                 those of the whole row, repeated on each of its lines; cross_entropy_gradient = y - onehot(label).
"""

import random
import struct
import sys
from pathlib import Path

from mpmath import mp, mpf

DIGITS = 25
PRECISIONS = (160, 240, 480, 960, 1920)


# Jets: value, first and second derivative.

class Jet:
    def __init__(self, value, slope=0, curvature=0):
        self.v, self.d, self.e = mpf(value), mpf(slope), mpf(curvature)

    def apply(self, f, df, ddf):
        """g(self), given g, g', g'' at self.v."""
        return Jet(f, df * self.d, ddf * self.d * self.d + df * self.e)

    def __add__(self, other):
        other = jet(other)
        return Jet(self.v + other.v, self.d + other.d, self.e + other.e)

    def __mul__(self, other):
        other = jet(other)
        return Jet(self.v * other.v, self.d * other.v + self.v * other.d,
                   self.e * other.v + 2 * self.d * other.d + self.v * other.e)

    def __truediv__(self, other):
        if not isinstance(other, Jet):
            return Jet(self.v / other, self.d / other, self.e / other)
        r = 1 / other.v
        return self * other.apply(r, -r * r, 2 * r * r * r)

    def __neg__(self):
        return Jet(-self.v, -self.d, -self.e)

    def __sub__(self, other):
        return self + -jet(other)

    def __rsub__(self, other):
        return -self + other

    def __rtruediv__(self, other):
        return jet(other) / self

    __radd__, __rmul__ = __add__, __mul__

    def __abs__(self):
        return self if self.v > 0 else -self if self.v < 0 else Jet(0)

    def __lt__(self, other):
        return self.v < jet(other).v

    def __le__(self, other):
        return self.v <= jet(other).v

    def __gt__(self, other):
        return self.v > jet(other).v

    def __ge__(self, other):
        return self.v >= jet(other).v


def jet(x):
    return x if isinstance(x, Jet) else Jet(x)


# Functions of jets. Each is well conditioned, so that 160 digits hold values near 1e-400 as well.

def exp(x):
    y = mp.exp(x.v)
    return x.apply(y, y, y)


def expm1(x):
    y = mp.exp(x.v)
    return x.apply(mp.expm1(x.v), y, y)


def log(x):
    x = jet(x)
    return x.apply(mp.log(x.v), 1 / x.v, -1 / (x.v * x.v))


def log1p(x):
    x = jet(x)
    r = 1 / (1 + x.v)
    return x.apply(mp.log1p(x.v), r, -r * r)


def sqrt(x):
    y = mp.sqrt(x.v)
    return x.apply(y, 1 / (2 * y), -1 / (4 * x.v * y))


def sin(x):
    y, slope = mp.sin(x.v), mp.cos(x.v)
    return x.apply(y, slope, -y)


def normal_cdf(x):
    density = mp.exp(-x.v * x.v / 2) / mp.sqrt(2 * mp.pi)
    return x.apply(mp.erfc(-x.v / mp.sqrt(2)) / 2, density, -x.v * density)


def square(x):
    return x * x


def sigmoid(x):
    return 1 / (1 + exp(-x))


def softplus(x):
    return x + log1p(exp(-x)) if x > 0 else log1p(exp(x))


def tanh(x):
    if x < 0:
        return -tanh(-x)
    u = expm1(2 * x)
    return u / (u + 2) if u < 1 else 1 - 2 / (u + 2)


def log_cosh(x):
    return softplus(2 * x) - x - mp.log(2)


def elu(x, alpha=1):
    return x if x > 0 else alpha * expm1(x)


def celu(x, alpha=1):
    return x if x > 0 else alpha * expm1(x / alpha)


def leaky(x, slope):
    return x if x > 0 else slope * x


def clamp(x, low, high):
    """The derivative at the ends is 0."""
    return low if x <= low else high if x >= high else x


def squareplus(x, b=4):
    return (x + sqrt(x * x + b)) / 2


def snake(x, a=1):
    return x + square(sin(a * x)) / a


def laplace(x, mu=0.707107, sigma=0.282095):
    return normal_cdf((x - mu) / mpf(sigma))


def xielu(x, alpha=0.8, beta=0.5):
    return (alpha * (x * x) if x > 0 else alpha * (expm1(x) - x)) + beta * x


def gelu_tanh(x):
    return x * sigmoid(2 * mp.sqrt(2 / mp.pi) * (x + 0.044715 * x * x * x))


def selu(x, alpha="1.6732632423543772848170429916717", gamma="1.0507009873554804934193349852946"):
    return mpf(gamma) * elu(x, mpf(alpha))


def shrink(x, threshold, bias):
    return x - bias if x > threshold else x + bias if x < -threshold else 0


def sqrt_softplus(x):
    """Far below 0, e^x is lost beside 1 and in the precision of the jet."""
    e = exp(x)
    return exp(x / 2) * sqrt(log1p(e) / e) if x < 0 else sqrt(softplus(x))


# Activations: name: (function of a jet, kinks and other points to take the neighbours of[, domain]).

# Where e^x leaves f32 and f64: least subnormal, least normal, overflow.
EXP_EDGES = (-103.97207708, -87.33654475, 88.72283911, -745.13321910, -708.39641853, 709.78271289)

# Where exp(-x^2 / 2) does, and its derivatives; the last are the roots of the second.
BELL_EDGES = (14.42026887, 13.21639472, 14.60502948, 13.41138687, 14.7888636, 13.60529647,
              38.6039692, 37.64030867, 38.6985535, 37.73664135, 38.79301573, 37.83284485, 1)

# Where the tails of laplace do, and their derivatives.
LAPLACE_EDGES = (0.707107, -2.9537, -3.2889, -3.3675, -2.9902, -3.4441, -3.1103, 4.7817669, 4.44277591, 4.85827776,
                 4.52433635, -9.87692232, -10.14943426, -10.22131433, 11.63552833, 11.36447739)
# 30 times where tanh changes its form, and where its derivatives leave f32 and f64.
SOFT_CAP_EDGES = [s * 30 * z for z in (0.5625, 9.0109, 43.668, 51.99, 354.2, 372.6, 53.03, 373.6) for s in (-1, 1)]
# Roots of value and derivative.
XIELU_ROOTS = (-2.43248428, -0.98082925)


def with_signs(xs):
    return [s * x for x in xs for s in (-1, 1)]


def nearest_multiples(factor, count=10):
    """The f32 x of which factor x is nearest to a multiple of pi / 2, where reductions lose most: x = q 2^e with q the
    denominator of a convergent of factor 2^e / (pi / 2)."""
    found = {}
    with mp.workdps(120):
        for e in range(-23, 105):
            ratio = factor * mpf(2) ** e / (mp.pi / 2)
            rest, last, q = ratio, 0, 1
            while q < 2 ** 24:
                found[q * 2.0 ** e] = abs(q * ratio - mp.nint(q * ratio))
                rest = 1 / (rest - mp.floor(rest))
                last, q = q, int(mp.floor(rest)) * q + last
    return with_signs(sorted((x for x in found if x / 2 not in found), key=found.get)[:count])


def quarter_turns(factor):
    """The first multiples of pi / 4 and the worst of pi / 2, of factor x."""
    return (*with_signs(k * 0.78539816339744831 / factor for k in range(1, 13)), *nearest_multiples(factor))


ACTIVATIONS = {
    "identity": (lambda x: x, ()),
    "linear_2.5": (lambda x: 2.5 * x, ()),
    "binary_step": (lambda x: 1 if x >= 0 else 0, ()),
    "sigmoid": (sigmoid, ()),
    "tanh": (tanh, ()),
    "softsign": (lambda x: x / (1 + x) if x >= 0 else x / (1 - x), ()),
    "relu": (lambda x: x if x > 0 else 0, ()),
    "relu2": (lambda x: x * x if x > 0 else 0, ()),
    "leaky_relu_0.125": (lambda x: leaky(x, 0.125), ()),
    "prelu": (lambda x: leaky(x, 0.25), ()),
    # The mean of the slopes: evaluation.
    "rrelu": (lambda x: leaky(x, (mpf(1 / 8) + 1 / 3) / 2), ()),
    "rrelu_f32": (lambda x: leaky(x, (mpf(1 / 8) + f32(1 / 3)) / 2), ()),
    "relu6": (lambda x: clamp(x, 0, 6), (6,)),
    "hard_shrink": (lambda x: x if abs(x) > 0.5 else 0, (-0.5, 0.5)),
    "soft_shrink": (lambda x: x - 0.5 if x > 0.5 else x + 0.5 if x < -0.5 else 0, (-0.5, 0.5)),
    "shrink": (lambda x: shrink(x, 0.5, 0), (-0.5, 0.5)),
    "shrink_1.5_0.25": (lambda x: shrink(x, 1.5, 0.25), (-1.5, 1.5)),
    "threshold": (lambda x: x if x > 1 else 0, (1,)),
    "elu": (elu, ()),
    "elu_0.5": (lambda x: elu(x, 0.5), ()),
    "selu": (selu, ()),
    "selu_2_0.5": (lambda x: selu(x, 2, 0.5), ()),
    "selu_1.5_3": (lambda x: selu(x, 1.5, 3), ()),
    "celu": (celu, ()),
    "celu_2": (lambda x: celu(x, 2), [2 * e for e in EXP_EDGES]),
    "swish": (lambda x: x * sigmoid(x), (-2.39935728, 2.39935728)),
    "swish_1.5": (lambda x: x * sigmoid(1.5 * x), [e / 1.5 for e in (-2.39935728, -1.27846454, 2.39935728, *EXP_EDGES)]),
    "hard_swish": (lambda x: 0 if x <= -3 else x if x >= 3 else x * (x + 3) / 6, (-3, -1.5, 3)),
    "hard_sigmoid": (lambda x: clamp((x + 3) / 6, 0, 1), (-3, 3)),
    # The slope is 1/5, not the f64 or f32 nearest to it, so that the kinks are at -2.5 and 2.5.
    "hard_sigmoid_0.2": (lambda x: clamp((x + 2.5) / 5, 0, 1), (-2.5, 2.5)),
    "hard_tanh": (lambda x: clamp(x, -1, 1), (-1, 1)),
    "mish": (lambda x: x * tanh(softplus(x)), (-2.25637639, 1.49057118, -108.65, -91.84, -751.75, -714.966, 55.02, 46.618)),
    "softplus": (softplus, ()),
    "softplus_2": (lambda x: softplus(2 * x) / 2, [e / 2 for e in EXP_EDGES]),
    "sqrt_softplus": (sqrt_softplus, (0.92142251, -8, -17, -37, *(2 * e for e in EXP_EDGES))),
    "log_sigmoid": (lambda x: -softplus(-x), [-e for e in EXP_EDGES]),
    "gelu": (lambda x: x * normal_cdf(x), (-1.41421356, 1.41421356, -14.30770175, -13.14624672, -38.5621696, -37.6158683)),
    "gelu_tanh": (gelu_tanh, (-1.41850401, 1.41850401, -10.77086825, -10.10063739, -21.54707541, -21.17688025)),
    "quick_gelu": (lambda x: x * sigmoid(1.702 * x), [e / 1.702 for e in (-2.39935728, -1.27846454, 2.39935728, *EXP_EDGES)]),
    "soft_cap": (lambda x: 30 * tanh(x / 30), SOFT_CAP_EDGES),
    "soft_cap_50": (lambda x: 50 * tanh(x / 50), [e * 5 / 3 for e in SOFT_CAP_EDGES]),
    "soft_cap_0.75": (lambda x: 0.75 * tanh(x / 0.75), [e / 40 for e in SOFT_CAP_EDGES]),
    "tanh_shrink": (lambda x: x - tanh(x), ()),
    "lisht": (lambda x: x * tanh(x), with_signs((1.19967864, 46.61814593, 55.02044056))),
    "log_cosh": (log_cosh, with_signs((44.36141956, 52.67918572))),
    "laplace": (laplace, LAPLACE_EDGES),
    "laplace_f32": (lambda x: laplace(x, f32(0.707107), f32(0.282095)), LAPLACE_EDGES),
    "xielu": (xielu, XIELU_ROOTS),
    "xielu_f32": (lambda x: xielu(x, f32(0.8)), XIELU_ROOTS),
    "gaussian": (lambda x: exp(-x * x / 2), with_signs(BELL_EDGES)),
    "gaussian_0.5": (lambda x: exp(-2 * x * x), with_signs(e / 2 for e in BELL_EDGES)),
    "squareplus": (squareplus, ()),
    "squareplus_0.5": (lambda x: squareplus(x, 0.5), ()),
    "sparse_plus": (lambda x: 0 if x <= -1 else x if x >= 1 else square(x + 1) / 4, (-1, 1)),
    "sparse_sigmoid": (lambda x: clamp((x + 1) / 2, 0, 1), (-1, 1)),
    "sine": (sin, quarter_turns(1)),
    "snake": (snake, quarter_turns(2)),
    "snake_2.5": (lambda x: snake(x, 2.5), quarter_turns(5)),
    "exp": (exp, ()),
    "expm1": (expm1, ()),
    "ln": (log, (1, 2.71828183), lambda x: x > 0),
    "ln_1p": (log1p, (-0.99999994, -0.9999, 1.71828183), lambda x: x > -1),
}

# Points every function is asked at, with their neighbours: exponential edges, roots of swish', mish', gelu_tanh' and
# gelu', the last steps of e^x + 1 and of tanh in f32 and f64, and tails of gelu.
POINTS = (*EXP_EDGES, -1.27846454, -1.19243121, -0.75246142, -0.75179152, -17.32867951, 17.32867951, -37.42994775,
          37.42994775, -9.01091335, 9.01091335, 8.31769943, -14.16, -13, -5.5)


def bits(x):
    return struct.pack(">d", x).hex()


def f32(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


def neighbours(x, count=2):
    """The f32 nearest to x and `count` f32 on each side of it."""
    x = f32(x)
    if x == 0:
        return [k * 2.0 ** -149 for k in range(-count, count + 1)]
    pattern = struct.unpack("<i", struct.pack("<f", x))[0]
    return [struct.unpack("<f", struct.pack("<i", pattern + k))[0] for k in range(-count, count + 1)]


def uniform(rng, low, high):
    return f32(low + (high - low) * rng.random())


def magnitude(rng, low, high):
    """A random sign and 2^e, e uniform."""
    return f32((1 if rng.random() < 0.5 else -1) * 2.0 ** (low + (high - low) * rng.random()))


def activation_inputs(name, points, domain):
    rng = random.Random("activations/" + name)
    tiny, largest = 2.0 ** -126, f32((2 - 2.0 ** -23) * 2.0 ** 127)
    xs = [2.0 ** e for e in range(-149, 128, 6)] + [tiny - 2.0 ** -149, tiny, largest]
    xs += [-x for x in xs]
    for point in (0, *POINTS, *points):
        xs += neighbours(point)
    xs += [magnitude(rng, e, e + 6) for e in range(-149, 127, 6) for _ in range(2)]
    for bound, count in ((1, 20), (8, 80), (20, 40), (110, 40)):
        xs += [uniform(rng, -bound, bound) for _ in range(count)]
    return sorted({x if domain(x) else -x for x in xs if domain(x) or domain(-x)})


# Losses of one sample: name: (function of the jet z and the number y, pairs[, further pairs]).

def pinball(r, tau):
    return tau * -r if r < 0 else (1 - tau) * r if r > 0 else 0


def huber(r, delta):
    return r * r / 2 if abs(r) < delta else delta * (abs(r) - delta / 2)


def pseudo_huber(r, delta):
    return r * r / (1 + sqrt(1 + square(r / delta)))


def expectile(r, tau):
    return (tau if r < 0 else 1 - tau) * (r * r)


def focal(z, y, gamma):
    x = z if y == 1 else -z
    tail = sigmoid(-x)
    return power(tail, gamma) * softplus(-x)


def power(x, gamma):
    return x if gamma == 1 else sqrt(x) if gamma == 0.5 else x * x


def stirling(y):
    return y * mp.log(y) - y + mp.log(2 * mp.pi * y) / 2 if y > 1 else 0


def tweedie(z, y, p):
    return exp((2 - p) * z) / (2 - p) + y * exp((1 - p) * z) / (p - 1)


def real(rng):
    scale = rng.choice((1e-3, 1, 60, 1e4))
    return uniform(rng, -scale, scale)


def regression(rng, _):
    return real(rng), real(rng)


def near(rng, i):
    """Residuals of all sizes up to some tens, and of a target that they are rounded with."""
    y = uniform(rng, -8, 8)
    return (f32(y + magnitude(rng, -12, 5)), y) if i % 3 else regression(rng, i)


def nonzero_target(rng, _):
    return real(rng), rng.choice((-1, 1)) * uniform(rng, 0.125, 50)


def above_minus_one(rng, _):
    def draw():
        return rng.choice((lambda: uniform(rng, -0.999, 3), lambda: uniform(rng, 0, 1000), lambda: magnitude(rng, -16, 0) * 0.5))()
    return draw(), draw()


def logit(rng):
    return rng.choice((real, lambda rng: uniform(rng, -20, 20)))(rng)


def signs(rng, i):
    return logit(rng), (-1.0, 1.0)[i % 2]


def logit_bits(rng, i):
    return logit(rng), (0.0, 1.0)[i % 2]


def logit_soft(rng, i):
    return logit(rng), (0.0, 1.0, uniform(rng, 0, 1))[i % 3]


def probability(rng, i):
    p = (lambda: uniform(rng, 0.001, 0.999), lambda: abs(magnitude(rng, -100, -4)), lambda: f32(1 - abs(magnitude(rng, -24, -4))))[i % 3]()
    return p, (0.0, 1.0, uniform(rng, 0, 1))[i // 3 % 3]


def density(rng, i):
    p = (lambda: uniform(rng, 0.001, 0.999), lambda: abs(magnitude(rng, -30, 0)), lambda: uniform(rng, 1, 10))[i % 3]()
    return p, (0.0, 1.0, uniform(rng, 0, 1))[i // 3 % 3]


def log_density(rng, i):
    return -uniform(rng, 0, (1, 20, 120)[i % 3]), (0.0, 1.0, uniform(rng, 0, 1))[i // 3 % 3]


def log_densities(rng, i):
    y = -uniform(rng, 0, (1, 20, 110)[i % 3])
    return (f32(y * (1 + 0.001 * rng.random())) if i % 4 == 0 else -uniform(rng, 0, 110)), y


def rates(rng, _):
    return uniform(rng, 0.001, 30), float(rng.randint(0, 30))


def positive(rng, i):
    return uniform(rng, -20, 20), uniform(rng, 0.125, 50) if i % 2 else abs(magnitude(rng, -20, 20))


def not_negative(rng, i):
    return uniform(rng, -30, 30), uniform(rng, 0, 50) if i % 3 else 0.0


def counts(rng, _):
    return uniform(rng, -20, 20), float(rng.randint(0, 30))


def around(*pairs):
    """The pairs, and each with the two neighbours of its prediction."""
    return [(z, f32(y)) for p, y in pairs for z in neighbours(p, 1)]


LARGEST = f32((2 - 2.0 ** -23) * 2.0 ** 127)
EQUAL = around((0.75, 0.75), (-3, -3), (1024, 1024), (0.5, 0.50001))
HUGE_LOGITS = [(z, y) for z in (-LARGEST, LARGEST) for y in (0.0, 1.0)]
HUGE_RATIOS = [(LARGEST, -0.99999994), (-0.99999994, LARGEST), (LARGEST, 1.0), (1e30, 1e30 * (1 + 2.0 ** -20))]
HUGE_RATIOS = [(f32(z), f32(y)) for z, y in HUGE_RATIOS]
TINY_DENSITIES = [(2.0 ** -149, 1.0), (2.0 ** -149, 2.0 ** -148), (1.0, 2.0 ** -149), (3 * 2.0 ** -140, 5 * 2.0 ** -140)]
MARGINS = around((1, 1), (-1, -1), (1, -1), (0, 1), (0, -1))

LOSSES = {
    "mse": (lambda z, y: square(z - y), regression, EQUAL),
    "half_squared": (lambda z, y: square(z - y) / 2, regression, EQUAL),
    "mae": (lambda z, y: abs(z - y), regression, EQUAL),
    "mape": (lambda z, y: 100 * abs(z - y) / abs(y), nonzero_target, EQUAL + [(LARGEST, -LARGEST), (LARGEST, 0.5 * LARGEST)]),
    "msle": (lambda z, y: square(log1p(z) - log1p(y)), above_minus_one, around((0.75, 0.75), (-0.5, -0.5), (0, 0), (2.5, 0.2876), (1e30, 1e20)) + HUGE_RATIOS),
    "huber": (lambda z, y: huber(z - y, 1), regression, EQUAL + around((1.5, 0.5), (-1.5, -0.5), (1, 0), (-1, 0))),
    "huber_2.5": (lambda z, y: huber(z - y, mpf(2.5)), near, EQUAL + around((2.5, 0), (-2.5, 0))),
    "smooth_l1": (lambda z, y: huber(z - y, 1), near, EQUAL + around((1, 0), (-1, 0))),
    "smooth_l1_0.5": (lambda z, y: huber(z - y, mpf(0.5)) / 0.5, regression, EQUAL + around((1, 0.5), (-1, -0.5), (0.5, 0), (-0.5, 0))),
    "pseudo_huber": (lambda z, y: pseudo_huber(z - y, 1), near, EQUAL + around((1e-4, 0), (1e18, 0), (1e20, 0), (1e30, 0))),
    "pseudo_huber_3": (lambda z, y: pseudo_huber(z - y, 3), regression, EQUAL + around((1e-4, 0), (1e18, 0), (1e20, 0), (1e30, 0))),
    "log_cosh": (lambda z, y: log_cosh(z - y), near, EQUAL + around((1e-4, 0), (1e30, 0), (1, 0), (40.123, -0.01))),
    "pinball": (lambda z, y: pinball(z - y, 0.5), regression, EQUAL + [(LARGEST, -0.5 * LARGEST)]),
    "pinball_0.875": (lambda z, y: pinball(z - y, 0.875), regression, EQUAL + [(LARGEST, -LARGEST)]),
    "expectile": (lambda z, y: expectile(z - y, 0.5), regression, EQUAL),
    "expectile_0.875": (lambda z, y: expectile(z - y, 0.875), regression, EQUAL),
    "hinge": (lambda z, y: 1 - y * z if y * z < 1 else 0, signs, MARGINS),
    "squared_hinge": (lambda z, y: square(1 - y * z) if y * z < 1 else 0, signs, MARGINS),
    "soft_margin": (lambda z, y: softplus(-y * z), signs, MARGINS),
    "hinge_embedding": (lambda z, y: z if y > 0 else 1 - z if z < 1 else 0, signs, MARGINS),
    "hinge_embedding_1.5": (lambda z, y: z if y > 0 else 1.5 - z if z < 1.5 else 0, signs, MARGINS + around((1.5, -1))),
    "modified_huber": (lambda z, y: -4 * y * z if y * z < -1 else square(1 - y * z) if y * z < 1 else 0, signs, MARGINS),
    "perceptron": (lambda z, y: -y * z if y * z < 0 else 0, signs, MARGINS),
    "exponential": (lambda z, y: exp(-y * z), signs, MARGINS),
    "bce": (lambda z, y: -(y * log(z) + (1 - y) * log1p(-z)), probability),
    "bce_with_logits": (lambda z, y: y * softplus(-z) + (1 - y) * softplus(z), logit_soft, HUGE_LOGITS + around((0, 0), (0, 0.5), (0, 1))),
    "bce_with_logits_2.5": (lambda z, y: 2.5 * y * softplus(-z) + (1 - y) * softplus(z), logit_soft, around((0, 0), (0, 0.5), (0, 1))),
    "kl_divergence": (lambda z, y: y * (log(y) - log(z)) if y > 0 else 0, density, around((0.75, 0.75), (1, 1), (0.5, 0.50001)) + TINY_DENSITIES),
    "kl_divergence_from_log": (lambda z, y: y * (log(y) - z) if y > 0 else 0, log_density, around((-0.25, 0.7788))),
    "kl_divergence_of_logs": (lambda z, y: mp.exp(y) * (y - z), log_densities, around((-1, -1), (-3, -90), (-3, -102), (0, 0))),
    "focal": (lambda z, y: focal(z, y, 2), logit_bits, HUGE_LOGITS),
    "focal_0.5": (lambda z, y: focal(z, y, mpf(0.5)), logit_bits, HUGE_LOGITS),
    "focal_1": (lambda z, y: focal(z, y, 1), logit_bits, HUGE_LOGITS),
    "focal_2_0.25": (lambda z, y: (0.25 if y == 1 else 0.75) * focal(z, y, 2), logit_bits),
    "poisson_nll": (lambda z, y: exp(z) - y * z, counts),
    "poisson_nll_full": (lambda z, y: exp(z) - y * z + stirling(y), counts),
    "poisson_nll_of_rate": (lambda z, y: z - y * log(z + mpf(1e-8)), rates),
    "gamma": (lambda z, y: z + y * exp(-z), positive, around((-95, 1e-20), (0, 1))),
    "tweedie": (lambda z, y: tweedie(z, y, mpf(1.5)), not_negative, around((0, 1), (150, 0))),
    "tweedie_1.25": (lambda z, y: tweedie(z, y, mpf(1.25)), not_negative, around((0, 1), (88.5, 3))),
}


def loss_inputs(name, pairs, further):
    rng = random.Random("losses/" + name)
    return [*further, *(pairs(rng, i) for i in range(150 - len(further)))]


# Softmax, log-softmax and cross-entropy over rows.

def row_inputs():
    """(x, dy, label) for each row."""
    rng = random.Random("rows")
    inf = float("inf")
    entries = {
        "small": lambda: uniform(rng, -1e-3, 1e-3),
        "unit": lambda: uniform(rng, -3, 3),
        "wide": lambda: uniform(rng, -120, 120),
        "large": lambda: uniform(rng, -1e4, 1e4),
        "shifted": lambda: f32(1e4 + uniform(rng, -4, 4)),
        "ties": lambda: float(rng.randint(-2, 2)),
        "masked": lambda: -inf if rng.random() < 0.4 else uniform(rng, -5, 5),
        "mixed": lambda: rng.choice((-inf, 1.0, uniform(rng, -3, 3), uniform(rng, -1e4, 1e4), magnitude(rng, -140, 0))),
    }
    for kind, entry in entries.items():
        for length in (1, 2, 3, 5, 8, rng.randint(9, 16), rng.randint(17, 39), 40 if kind in ("unit", "wide", "mixed") else 4):
            x = [entry() for _ in range(length)]
            finite = [i for i in range(length) if x[i] > -inf]
            if not finite:
                x[0], finite = 0.5, [0]
            yield x, [uniform(rng, -2, 2) for _ in x], rng.choice(finite)


def row_values(x, dy, label):
    """Per entry: softmax, log_softmax, softmax_vjp, log_softmax_vjp, cross_entropy, cross_entropy_gradient.

    y_i - 1 is taken as minus the sum of the others, so nothing cancels where one entry has nearly all the mass.
    """
    top, n = max(x), range(len(x))
    e = [mp.exp(mpf(v) - mpf(top)) for v in x]
    total = mp.fsum(e)
    y = [v / total for v in e]
    others = [mp.fsum(e[j] for j in n if j != i) for i in n]
    log_y = [-mp.log1p(others[i] / e[i]) if e[i] else -mp.inf for i in n]
    for i in n:
        vjp = y[i] * mp.fsum(y[j] * (mpf(dy[i]) - dy[j]) for j in n if j != i)
        log_vjp = dy[i] * others[i] / total - y[i] * mp.fsum(dy[j] for j in n if j != i)
        yield y[i], log_y[i], vjp, log_vjp, -log_y[label], -others[i] / total if i == label else y[i]


# Text.

def text(value):
    if mp.isinf(value):
        return "-inf" if value < 0 else "inf"
    if value == 0:
        return "0"
    for bound, beyond in (("1e-400", abs(value) < mpf("1e-400")), ("1e+400", abs(value) > mpf("1e400"))):
        if beyond:
            return "-" + bound if value < 0 else bound
    return mp.nstr(value, DIGITS)


def settled(compute):
    """The texts of the numbers that compute() returns, once two precisions agree on them."""
    last = None
    for precision in PRECISIONS:
        with mp.workdps(precision):
            now = [text(value) for value in compute()]
        if now == last:
            return now
        last = now
    raise ArithmeticError("no two precisions agree: %s" % last)


def derivatives(function, x, *rest):
    def compute():
        result = jet(function(Jet(x, 1), *(mpf(r) for r in rest)))
        return result.v, result.d, result.e
    return settled(compute)


def activations():
    yield "function,x_f64_bits,x,value,derivative,second_derivative"
    for name, (function, points, *domain) in ACTIVATIONS.items():
        for x in activation_inputs(name, points, domain[0] if domain else lambda x: True):
            yield ",".join([name, bits(x), repr(x), *derivatives(function, x)])


def losses():
    yield "loss,prediction_f64_bits,target_f64_bits,prediction,target,value,derivative,second_derivative"
    for name, (function, pairs, *further) in LOSSES.items():
        for z, y in loss_inputs(name, pairs, further[0] if further else []):
            yield ",".join([name, bits(z), bits(y), repr(z), repr(y), *derivatives(function, z, y)])


def rows():
    yield ("row,index,x_f64_bits,dy_f64_bits,softmax,log_softmax,softmax_vjp,log_softmax_vjp,"
           "label,cross_entropy,cross_entropy_gradient")
    for row, (x, dy, label) in enumerate(row_inputs()):
        values = settled(lambda: [v for entry in row_values(x, dy, label) for v in entry])
        for i in range(len(x)):
            entry = values[6 * i:6 * i + 6]
            yield ",".join([str(row), str(i), bits(x[i]), bits(dy[i]), *entry[:4], str(label), *entry[4:]])


FILES = (("activations.csv", activations), ("losses.csv", losses), ("rows.csv", rows))


def main(files=FILES):
    check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not check:
        sys.exit("usage: generate.py [--check]")
    different = False
    for name, lines in files:
        path = Path(__file__).with_name(name)
        content = "".join(line + "\n" for line in lines()).encode()
        if not check:
            path.write_bytes(content)
        elif not path.exists() or path.read_bytes() != content:
            print("%s differs from what is made now" % name)
            different = True
    sys.exit(different)


if __name__ == "__main__":
    main()
