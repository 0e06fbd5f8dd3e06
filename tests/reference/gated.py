#!/usr/bin/env python3
"""Writes gated.csv; --check as in generate.py, whose numbers, jets and activations these are.

gated.csv  unit, gate_f64_bits, up_f64_bits, dy_f64_bits, value, gate_gradient, up_gradient
           y = act(gate) up, and dy times its derivatives. Half of the ups take the value, or the gradient in the gate, to
           just below a power of two, where an ulp is smallest beside it.
           clamped_swi_glu: y = (u + 1) g s(alpha g), g = min(gate, 7), u = up cut to [-7, 7]; the slopes at the limits are
           those of the inner side; clamped_silu_glu: y = u g s(g), with the limit 10. Its alpha is the f64 nearest to 1.702, that of clamped_swi_glu_f32 the f32.
"""

import random

from generate import ACTIVATIONS, Jet, bits, f32, jet, magnitude, main, neighbours, settled, sigmoid, uniform
from mpmath import mpf


def swish(beta):
    return lambda x: x * sigmoid(beta * x)


# name: (activation of a jet, its limit, what is added to up).
UNITS = {
    "glu": (ACTIVATIONS["sigmoid"][0], None, 0),
    "swi_glu": (swish(1), None, 0),
    "swi_glu_1.5": (swish(1.5), None, 0),
    "ge_glu": (ACTIVATIONS["gelu"][0], None, 0),
    "ge_glu_tanh": (ACTIVATIONS["gelu_tanh"][0], None, 0),
    "re_glu": (ACTIVATIONS["relu"][0], None, 0),
    "bilinear": (ACTIVATIONS["identity"][0], None, 0),
    "clamped_swi_glu": (swish(1.702), 7, 1),
    "clamped_swi_glu_f32": (swish(f32(1.702)), 7, 1),
    "clamped_silu_glu": (swish(1), 10, 0),
}


def parts(unit, gate, up):
    """act(g), act'(g) and what multiplies them, and whether gate and up were cut."""
    activation, limit, one = UNITS[unit]
    g, u = (min(gate, limit), max(-limit, min(up, limit))) if limit else (gate, up)
    y = jet(activation(Jet(mpf(g), 1)))
    return y.v, y.d, mpf(u) + one, g != gate, u != up


def values(unit, gate, up, dy):
    value, slope, factor, gate_cut, up_cut = parts(unit, gate, up)
    return value * factor, 0 if gate_cut else slope * factor * dy, 0 if up_cut else value * dy


def below_a_power_of_two(rng, number):
    """A factor that takes the number there, if it is not too large."""
    product = mpf(2) ** rng.randint(-2, 2) * (1 - mpf(2) ** -18 * rng.random())
    if abs(number) < mpf(2) ** -100:
        return uniform(rng, -4, 4)
    return f32(product / number)


def inputs(unit):
    rng = random.Random("gated/" + unit)
    limit = UNITS[unit][1] or 7
    gates = [0.0, *neighbours(limit), *neighbours(-limit), *neighbours(-1.27846454), *neighbours(-0.7517915)]
    gates += [uniform(rng, -bound, bound) for bound in (1, 8, 8, 20) for _ in range(40)]
    gates += [magnitude(rng, -30, -3) for _ in range(40)]
    for i, gate in enumerate(gates):
        dy = magnitude(rng, -4, 4)
        value, slope, _, _, _ = parts(unit, gate, 1.0)
        up = [
            lambda: uniform(rng, -8, 8),
            lambda: below_a_power_of_two(rng, value),
            lambda: below_a_power_of_two(rng, slope * dy),
            lambda: rng.choice(neighbours(limit) + neighbours(-limit) + [magnitude(rng, -20, 20)]),
        ][i % 4]()
        yield gate, up, dy


def gated():
    yield "unit,gate_f64_bits,up_f64_bits,dy_f64_bits,value,gate_gradient,up_gradient"
    for unit in UNITS:
        for gate, up, dy in inputs(unit):
            yield ",".join([unit, bits(gate), bits(up), bits(dy), *settled(lambda: values(unit, gate, up, dy))])


if __name__ == "__main__":
    main((("gated.csv", gated),))
