"""Writes optimizers.json: 20 steps of PyTorch's optimizers on a quadratic.

The loss is sum(c * (x - a)**2) / 2 over a weight and a bias, so the gradient is
c * (x - a). Run it in its folder: python3 optimizers.py
"""
import json

import torch

STEPS = 20

gen = torch.Generator().manual_seed(1)
draw = lambda n: torch.randn(n, generator=gen)
start = {"weight": draw(12), "bias": draw(3)}
target = {"weight": draw(12), "bias": draw(3)}
curvature = {"weight": draw(12).abs() + 0.05, "bias": draw(3).abs() + 0.05}

CASES = [
    ("sgd", dict(lr=0.1), 0),
    ("sgd", dict(lr=0.1, weight_decay=0.05), 0),
    ("sgd", dict(lr=0.1, momentum=0.9), 0),
    ("sgd", dict(lr=0.1, momentum=0.9, weight_decay=0.05), 0),
    ("sgd", dict(lr=0.05, momentum=0.8, nesterov=True, weight_decay=0.02, decay_all=True), 0),
    ("sgd", dict(lr=0.1, momentum=0.9), 0.5),
    ("adam", dict(lr=0.05), 0),
    ("adam", dict(lr=0.05, weight_decay=0.1), 0),
    ("adam", dict(lr=0.05, beta1=0.8, beta2=0.95, eps=1e-3, weight_decay=0.1, decay_all=True), 0.5),
    ("adamw", dict(lr=0.05, weight_decay=0.1), 0),
    ("adamw", dict(lr=0.05, beta1=0.8, beta2=0.95, eps=1e-3, weight_decay=0.3, decay_all=True), 0),
]


def run(kind, options, clip):
    o = dict(options)
    decay, every = o.pop("weight_decay", 0), o.pop("decay_all", False)
    if kind != "sgd":
        o["betas"] = (o.pop("beta1", 0.9), o.pop("beta2", 0.999))
    params = {k: v.clone().requires_grad_() for k, v in start.items()}
    groups = [
        {"params": [params["weight"]], "weight_decay": decay},
        {"params": [params["bias"]], "weight_decay": decay if every else 0},
    ]
    opt = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[kind](groups, **o)
    for _ in range(STEPS):
        opt.zero_grad()
        loss = sum((curvature[k] * (p - target[k]) ** 2).sum() / 2 for k, p in params.items())
        loss.backward()
        if clip:
            torch.nn.utils.clip_grad_norm_(list(params.values()), clip)
        opt.step()
    return {"spec": {"type": kind, **options}, "clip": clip, "end": {k: p.tolist() for k, p in params.items()}}


lists = lambda d: {k: v.tolist() for k, v in d.items()}
with open("optimizers.json", "w") as f:
    json.dump({"steps": STEPS, "start": lists(start), "target": lists(target), "curvature": lists(curvature),
               "cases": [run(*c) for c in CASES]}, f, indent=1)
    f.write("\n")
