"""Writes attack/certify/testdata/reference.json: bounds of small networks by dense matrices in float64.

    python3 scripts/attack/certified.py attack/certify/testdata/reference.json

The formulas stand in the papers, over explicit matrices, with none of the code of the package:
interval bounds (Gowal et al. 2018, equation 6), and linear bounds backward (Zhang et al. 2018, theorem
3.2) with slopes 0 or 1 below a ReLU, whichever leaves the smaller area. Intervals of CROWN are those
of linear bounds within the bounds of intervals. Weights are float32 in PyTorch's order.
"""

import json
import sys

import numpy as np


def linear(rng, inputs, outputs):
    w = rng.normal(size=(outputs, inputs)) / np.sqrt(inputs)
    b = 0.3 * rng.normal(size=outputs)
    return w.astype(np.float32), b.astype(np.float32)


def dense(w, b, size):
    """The matrix of a 3×3 convolution with padding 1 over images of side size, channels first."""
    outs, ins = w.shape[:2]
    m = np.zeros((outs, size, size, ins, size, size))
    for y in range(size):
        for x in range(size):
            for i in range(3):
                for j in range(3):
                    if 0 <= y + i - 1 < size and 0 <= x + j - 1 < size:
                        m[:, y, x, :, y + i - 1, x + j - 1] = w[:, :, i, j]
    return m.reshape(outs * size * size, -1), np.repeat(b.astype(np.float64), size * size)


def intervals(layers, low, high):
    """The interval of the result of each matrix."""
    out = []
    for k, (w, b) in enumerate(layers):
        if k > 0:
            low, high = np.maximum(low, 0), np.maximum(high, 0)
        mid, rad = w @ (low + high) / 2 + b, np.abs(w) @ (high - low) / 2
        low, high = mid - rad, mid + rad
        out.append((low, high))
    return out


def backward(layers, pre, low, high):
    """The least value over the box of each result of the last of some layers."""
    w, const = layers[-1]
    w, const = w.copy(), const.copy()
    for k in range(len(layers) - 2, -1, -1):
        l, u = pre[k]
        above = np.where(l >= 0, 1.0, np.where(u <= 0, 0.0, u / np.where(u - l > 0, u - l, 1)))
        shift = np.where((l < 0) & (u > 0), -l * above, 0)
        below = np.where(l >= 0, 1.0, np.where(u <= 0, 0.0, (u > -l).astype(float)))
        positive, negative = np.maximum(w, 0), np.minimum(w, 0)
        const = const + negative @ shift
        w = positive * below + negative * above
        const = const + w @ layers[k][1]
        w = w @ layers[k][0]
    return const + np.maximum(w, 0) @ low + np.minimum(w, 0) @ high


def both(layers, pre, low, high):
    negated = layers[:-1] + [(-layers[-1][0], -layers[-1][1])]
    return backward(layers, pre, low, high), -backward(negated, pre, low, high)


def bounds(layers, low, high):
    ibp = intervals(layers, low, high)
    mixed = both(layers, ibp, low, high)
    pre = []
    for k in range(len(layers) - 1):
        # The box of a layer follows from the boxes before it, then linear bounds tighten it.
        l, u = pre[-1] if pre else (low, high)
        l, u = (np.maximum(l, 0), np.maximum(u, 0)) if pre else (l, u)
        w, b = layers[k]
        mid, rad = w @ (l + u) / 2 + b, np.abs(w) @ (u - l) / 2
        l2, u2 = both(layers[: k + 1], pre, low, high)
        pre.append((np.maximum(mid - rad, l2), np.minimum(mid + rad, u2)))
    full = both(layers, pre, low, high)
    tightest = lambda a, b: (np.maximum(a[0], b[0]), np.minimum(a[1], b[1]))
    crown_ibp = tightest(ibp[-1], mixed)
    crown = tightest(crown_ibp, full)
    return {name: [list(map(float, side)) for side in b] for name, b in
            {"IBP": ibp[-1], "CROWN-IBP": crown_ibp, "CROWN": crown}.items()}


def main():
    rng = np.random.default_rng(1)
    cases = []
    for kind in ["mlp", "cnn"]:
        size = 6
        if kind == "mlp":
            weights = [linear(rng, 10, 16), linear(rng, 16, 16), linear(rng, 16, 4)]
            layers = [(w.astype(np.float64), b.astype(np.float64)) for w, b in weights]
        else:
            weights = []
            for ins, outs in [(2, 4), (4, 3)]:
                w, b = linear(rng, ins * 9, outs)
                weights.append((w.reshape(outs, ins, 3, 3), b))
            weights.append(linear(rng, 3 * size * size, 5))
            layers = [dense(w.astype(np.float64), b, size) if w.ndim == 4 else (w.astype(np.float64), b.astype(np.float64))
                      for w, b in weights]
        n = layers[0][0].shape[1]
        for eps in [0.02, 0.1, 0.3]:
            x = rng.uniform(size=n).astype(np.float32)
            low, high = np.maximum(x.astype(np.float64) - eps, 0), np.minimum(x.astype(np.float64) + eps, 1)
            cases.append({"kind": kind, "eps": eps, "x": x.tolist(), "bounds": bounds(layers, low, high),
                          "weights": [[w.ravel().tolist(), b.tolist()] for w, b in weights]})
    with open(sys.argv[1], "w") as f:
        json.dump(cases, f)


main()
