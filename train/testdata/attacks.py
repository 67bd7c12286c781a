"""Attacked examples of a reference in PyTorch, for TestGoldenAttacks.

python attacks.py > attacks.json     # torch 2.x, CPU

Inputs are normalised pixels, (pixel − mean)/std with the mean and std of one of two channels, and
channels last; the attacks run on pixels in float64.
"""

import json

import torch
import torch.nn.functional as F

torch.manual_seed(3)
N, D, H, K, STEPS = 5, 12, 16, 3, 4
mean, std = torch.tensor([0.3, 0.6]).double(), torch.tensor([0.25, 0.5]).double()
flat_mean, flat_std = mean.repeat(D // 2), std.repeat(D // 2)
w1, b1 = torch.randn(H, D).round(decimals=2).double(), torch.randn(H).round(decimals=2).double()
w2, b2 = torch.randn(K, H).round(decimals=2).double(), torch.randn(K).round(decimals=2).double()
# Multiples of 1/64, some at the ends of the range; the quotients are exact in float32 or nearly so.
pixels = (torch.randint(0, 65, (N, D)) / 64).double()
y = torch.randint(0, K, (N,))


def net(p):
    x = (p - flat_mean) / flat_std
    return F.linear(F.relu(F.linear(x, w1, b1)), w2, b2)


def gradient(p):
    p = p.clone().requires_grad_()
    return torch.autograd.grad(F.cross_entropy(net(p), y), p)[0]


def linf(eps, step, steps):
    p = pixels.clone()
    for _ in range(steps):
        p = p + step * gradient(p).sign()
        p = torch.clamp(torch.min(torch.max(p, pixels - eps), pixels + eps), 0, 1)
    return p


def l2(eps, step, steps):
    p = pixels.clone()
    for _ in range(steps):
        g = gradient(p)
        d = p + step * g / g.norm(dim=1, keepdim=True) - pixels
        p = torch.clamp(pixels + d * (eps / d.norm(dim=1, keepdim=True)).clamp(max=1), 0, 1)
    return p


flat = lambda t: t.flatten().tolist()
normal = lambda p: flat((p - flat_mean) / flat_std)
print(json.dumps({
    "classes": K, "hidden": H, "mean": flat(mean), "std": flat(std), "x": normal(pixels), "y": flat(y),
    "w1": flat(w1), "b1": flat(b1), "w2": flat(w2), "b2": flat(b2),
    "cases": {
        "fgsm": {"eps": 0.1, "norm": "linf", "steps": 1, "step": 0.1, "x": normal(linf(0.1, 0.1, 1))},
        "pgd": {"eps": 0.1, "norm": "linf", "steps": STEPS, "step": 0.04, "x": normal(linf(0.1, 0.04, STEPS))},
        "l2": {"eps": 0.5, "norm": "l2", "steps": STEPS, "step": 0.2, "x": normal(l2(0.5, 0.2, STEPS))},
    }}))
