#!/usr/bin/env python3
"""PyTorch and ONNX Runtime, one thread each, beside copying the same array in the same process.

`taskset -c 1 python3 benches/peers/python.py [TEXT ...]`, after `pip install numpy torch onnxruntime`: the rows whose titles
have all the texts. Each row is a function and a length; each number is how many times a copy of the array takes, from
minima of repeats in which all take turns.
`cargo run --release` prints the same rows for Rust crates: compare the ratios, not the times. Both allocate their results.
"""

import sys
import time

import numpy as np
import onnxruntime as ort
import torch
import torch.nn.functional as F

torch.set_num_threads(1)
FLOAT = 1
LENGTHS = [1, 16, 1024, 1 << 15, 1 << 24]
NUMBERS_OF_ROWS = 1 << 15
LEARN = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


def varint(n):
    out = b""
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


def field(number, value):
    """A field of a protocol buffer."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def session(operator, **attributes):
    """A model of one operator of ONNX."""
    node = field(1, "x") + field(2, "y") + field(4, operator)
    for name, value in attributes.items():
        kind = field(3, value) + field(20, 2) if isinstance(value, int) else field(4, value) + field(20, 3)
        node += field(5, field(1, name) + kind)
    shape = lambda name: field(1, name) + field(2, field(1, field(1, FLOAT)))
    graph = field(1, node) + field(2, "g") + field(11, shape("x")) + field(12, shape("y"))
    model = field(1, 9) + field(7, graph) + field(8, field(1, "") + field(2, 22))
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def inputs(n):
    """In [-6, 6), from a multiplicative sequence."""
    i = np.arange(n, dtype=np.uint64)
    return ((i * np.uint64(0x9E3779B9)) % np.uint64(4096)).astype(np.float32) * np.float32(12 / 4096) - np.float32(6)


def least(work, numbers):
    """The least seconds of each piece of work, which take turns; short ones are called in a loop."""
    calls = max(1, min(50, (1 << 14) // numbers))
    least = [float("inf")] * len(work)
    for _ in range(3 if numbers > 1 << 20 else 30):
        for i, f in enumerate(work):
            start = time.perf_counter()
            for _ in range(calls):
                f()
            least[i] = min(least[i], (time.perf_counter() - start) / calls)
    return least


def report(title, numbers, copy, **work):
    if not all(part in title for part in sys.argv[1:]):
        return
    times = least([copy, *work.values()], numbers)
    ratios = "  ".join(f"{name} {t / times[0]:8.2f}" for name, t in zip(work, times[1:]))
    print(f"{title:44} copy {times[0] * 1e9 / numbers:8.3f} ns  {ratios}", flush=True)


def agree(title, ours, theirs):
    """Fails unless both are the same function: between -6 and 6 either is right to 1e-6 of the larger of 1 and |y|."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    difference = (np.abs(ours - theirs) / np.maximum(1, np.abs(ours))).max()
    assert difference < 2e-6, f"{title}: results differ by {difference}"


ACTIVATIONS = {
    "relu": (F.relu, ("Relu", {})),
    "sigmoid": (torch.sigmoid, ("Sigmoid", {})),
    "tanh": (torch.tanh, ("Tanh", {})),
    "exp": (torch.exp, ("Exp", {})),
    "swish": (F.silu, None),
    "gelu": (F.gelu, ("Gelu", {})),
    "gelu_tanh": (lambda x: F.gelu(x, approximate="tanh"), ("Gelu", {"approximate": "tanh"})),
    "softplus": (F.softplus, ("Softplus", {})),
    "mish": (F.mish, ("Mish", {})),
    "elu": (F.elu, ("Elu", {})),
    "hard_swish": (F.hardswish, ("HardSwish", {})),
}


def backward(y, x, dy):
    return lambda: torch.autograd.grad(y, x, dy, retain_graph=True)


def activations(name, f, model, n, kind):
    x = torch.from_numpy(inputs(n)).to(LEARN[kind])
    copied, work = torch.empty_like(x), {"pytorch": lambda: f(x)}
    if model and kind == "float32":
        run, numbers = session(model[0], **model[1]), x.numpy()
        agree(name, f(x), run.run(None, {"x": numbers})[0])
        work["onnxruntime"] = lambda: run.run(None, {"x": numbers})
    report(f"{name} forward, {n} {kind}", n, lambda: copied.copy_(x), **work)
    leaf, dy = x.clone().requires_grad_(), torch.ones_like(x)
    y = f(leaf)
    report(f"{name} backward, {n} {kind}", n, lambda: copied.copy_(x), pytorch=backward(y, leaf, dy))


def rows(name, f, operator, length):
    x = torch.from_numpy(inputs(NUMBERS_OF_ROWS // length * length)).reshape(-1, length)
    n, copied, run = x.numel(), torch.empty_like(x), session(operator, axis=1)
    numbers = x.numpy()
    agree(name, f(x), run.run(None, {"x": numbers})[0])
    work = {"pytorch": lambda: f(x), "onnxruntime": lambda: run.run(None, {"x": numbers})}
    report(f"{name} forward, rows of {length}", n, lambda: copied.copy_(x), **work)
    leaf, dy = x.clone().requires_grad_(), torch.ones_like(x)
    report(f"{name} backward, rows of {length}", n, lambda: copied.copy_(x), pytorch=backward(f(leaf), leaf, dy))


def loss(title, f, x):
    """The mean and its gradient in the prediction."""
    leaf, copied = x.clone().requires_grad_(), torch.empty_like(x)
    report(title, x.numel(), lambda: copied.copy_(x), pytorch=lambda: torch.autograd.grad(f(leaf), leaf))


def main():
    for kind in LEARN:
        for n in LENGTHS if kind == "float32" else [1 << 15]:
            for name, (f, model) in ACTIVATIONS.items():
                activations(name, f, model, n, kind)
    for length in [2, 10, 32, 1000]:
        rows("softmax", lambda x: torch.softmax(x, 1), "Softmax", length)
        rows("log_softmax", lambda x: torch.log_softmax(x, 1), "LogSoftmax", length)
    for length in [2, 3, 10, 1000]:
        x = torch.from_numpy(inputs(NUMBERS_OF_ROWS // length * length)).reshape(-1, length)
        labels = torch.arange(x.shape[0]) * 7 % length
        loss(f"cross-entropy with gradient, rows of {length}", lambda x: F.cross_entropy(x, labels), x)
    for n in LENGTHS:
        x = torch.from_numpy(inputs(n))
        target = torch.sigmoid(x.flip(0))
        loss(f"mse with gradient, {n}", lambda x: F.mse_loss(x, target), x)
        loss(f"bce with logits with gradient, {n}", lambda x: F.binary_cross_entropy_with_logits(x, target), x)


if __name__ == "__main__":
    main()
