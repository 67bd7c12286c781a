"""Writes masks.json: masks of PyTorch's pruning of single weights, N:M masks, and the layer
densities of Erdős–Rényi-Kernel. Run it in its folder: python3 masks.py
"""
import json

import numpy as np
import torch
from torch.nn.utils import prune


def network():
    torch.manual_seed(1)
    return torch.nn.ModuleDict({
        "conv1": torch.nn.Conv2d(3, 6, 3),
        "conv2": torch.nn.Conv2d(6, 8, 3),
        "fc": torch.nn.Linear(8 * 2 * 2, 10),
    })


def masks(net):
    return {k: m.weight_mask.int().flatten().tolist() for k, m in net.items()}


cases = []
for amount in (0.5, 0.9, 0.98):
    net = network()
    prune.global_unstructured([(m, "weight") for m in net.values()], prune.L1Unstructured, amount=amount)
    cases.append({"scope": "global", "share": 1 - amount, "masks": masks(net)})
    net = network()
    for m in net.values():
        prune.l1_unstructured(m, "weight", amount=amount)
    cases.append({"scope": "layer", "share": 1 - amount, "masks": masks(net)})


def n_of_m(weight, n, m):
    """The mask that keeps the n largest of each m weights along the input axis, axis 1, which
    is filled up with weights below all others."""
    w = np.abs(np.moveaxis(weight, 1, -1))
    inputs = w.shape[-1]
    full = np.full(w.shape[:-1] + (-(-inputs // m) * m,), -1.0)
    full[..., :inputs] = w
    groups = full.reshape(-1, m)
    keep = np.zeros_like(groups, dtype=int)
    np.put_along_axis(keep, np.argsort(-groups, axis=1)[:, :n], 1, axis=1)
    keep = keep.reshape(full.shape)[..., :inputs]
    return np.moveaxis(keep, -1, 1).flatten().tolist()


for n, m in ((2, 4), (1, 4), (1, 2)):
    net = network()
    cases.append({"pattern": f"{n}:{m}", "masks": {k: n_of_m(v.weight.detach().numpy(), n, m) for k, v in net.items()}})


def erdos_renyi_kernel(shapes, sparsity):
    """get_sparsities_erdos_renyi of google-research/rigl, sparse_utils.py, with power 1 and the
    axes of kernels."""
    dense = set()
    while True:
        divisor, rhs, raw = 0.0, 0.0, {}
        for name, shape in shapes.items():
            params = np.prod(shape)
            zeros = sparsity * params  # the code rounds it down, the formula of the paper does not
            if name in dense:
                rhs -= zeros
            else:
                rhs += params - zeros
                raw[name] = np.sum(shape) / params
                divisor += raw[name] * params
        epsilon = rhs / divisor
        largest = max(raw.values())
        if largest * epsilon <= 1:
            return {n: 1.0 if n in dense else epsilon * raw[n] for n in shapes}
        dense |= {n for n, r in raw.items() if r == largest}


systems = []
for name, shapes in {
    "lenet5": {"conv1": (20, 1, 5, 5), "conv2": (50, 20, 5, 5), "fc1": (500, 800), "fc2": (10, 500)},
    "small": {"conv1": (6, 3, 3, 3), "conv2": (8, 6, 3, 3), "fc": (10, 32)},
}.items():
    for sparsity in (0.5, 0.8, 0.9, 0.95, 0.98):
        systems.append({"name": name, "share": 1 - sparsity, "shapes": shapes, "densities": erdos_renyi_kernel(shapes, sparsity)})

weights = {k: m.weight.detach().flatten().tolist() for k, m in network().items()}
json.dump({"weights": weights, "cases": cases, "erk": systems}, open("masks.json", "w"), separators=(",", ":"))
