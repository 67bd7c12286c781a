"""Scores of FPGM and LAMP for filters and weights of two convolutions, as the code of their
authors has them: filter-pruning-geometric-median/pruning_cifar10.py (cdist, sum over rows) and
layer-adaptive-sparsity/tools/pruners.py (_normalize_scores: squares in descending order over
their cumulative sum).

    python layerwise.py > layerwise.json      # torch 2
"""

import json

import torch

torch.manual_seed(3)


def fpgm(weight):
    filters = weight.flatten(1)
    sums = torch.cdist(filters, filters, compute_mode="donot_use_mm_for_euclid_dist").abs().sum(0)
    return sums / sums.mean()


def lamp(scores):
    ordered, order = scores.flatten().sort(descending=True)
    out = torch.empty_like(ordered)
    out[order] = ordered / ordered.cumsum(0)
    return out


cases = []
for shape in ((6, 3, 3, 3), (9, 6, 1, 1)):
    w = torch.randn(shape, dtype=torch.float64).float().double()
    cases.append({
        "weight": w.flatten().tolist(),
        "shape": list(shape),
        "fpgm": fpgm(w).tolist(),
        "lamp_filters": lamp(w.square().flatten(1).sum(1)).tolist(),
        "lamp_weights": lamp(w.square()).tolist(),
    })
print(json.dumps(cases))
