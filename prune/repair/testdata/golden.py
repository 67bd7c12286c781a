"""Weights fitted by NumPy, for TestGolden.

python golden.py > golden.json     # torch 2.x, numpy, CPU

A network of conv a, ReLU and conv b loses channels of a. The weights of b and its bias
minimise the squared distance to the outputs of the whole network, plus the ridge on the change
of the weights, in float64.
"""

import json

import numpy as np
import torch
import torch.nn.functional as F

torch.manual_seed(3)
RIDGE, GONE, N = 0.01, [1, 3], 5
x = torch.randn(N, 2, 6, 6).round(decimals=2).double()
a, a_bias = torch.randn(5, 2, 3, 3).round(decimals=2).double(), torch.randn(5).round(decimals=2).double()
b, b_bias = torch.randn(3, 5, 3, 3).round(decimals=2).double(), torch.randn(3).round(decimals=2).double()


def forward(a, a_bias):
    hidden = F.relu(F.conv2d(x, a, a_bias, padding=1))
    return hidden, F.conv2d(hidden, b, b_bias, stride=2, padding=1)


_, target = forward(a, a_bias)
small, small_bias = a.clone(), a_bias.clone()
small[GONE], small_bias[GONE] = 0, 0
hidden, present = forward(small, small_bias)
kept = [c for c in range(5) if c not in GONE]
rows = F.unfold(hidden[:, kept], 3, stride=2, padding=1).transpose(1, 2).reshape(-1, len(kept) * 9).numpy()
residual = (target - present).flatten(2).transpose(1, 2).reshape(-1, 3).numpy()
weight = RIDGE * (rows**2).sum() / rows.shape[1]
rows = np.hstack([rows, np.ones((len(rows), 1))])
penalty = np.diag([np.sqrt(weight)] * (rows.shape[1] - 1) + [0.0])
change, *_ = np.linalg.lstsq(np.vstack([rows, penalty]), np.vstack([residual, np.zeros((rows.shape[1], 3))]), rcond=None)
fitted = b.clone()
fitted[:, kept] += torch.tensor(change[:-1].T.reshape(3, len(kept), 3, 3))
centred = target.transpose(0, 1).flatten(1)
centred = centred - centred.mean(1, keepdim=True)
variance = (centred**2).sum().item()
print(json.dumps({
    "ridge": RIDGE, "gone": GONE, "x": x.flatten().tolist(),
    "a": a.flatten().tolist(), "a_bias": a_bias.tolist(), "b": b.flatten().tolist(), "b_bias": b_bias.tolist(),
    "fitted": fitted.flatten().tolist(), "fitted_bias": (b_bias.numpy() + change[-1]).tolist(),
    "before": (residual**2).sum() / variance, "after": ((residual - rows @ change) ** 2).sum() / variance,
}))
