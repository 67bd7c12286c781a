"""Writes losses.json: values and gradients of the losses of attacks by PyTorch in float64, for losses_test.go.

    python3 attack/testdata/losses.py
"""
import json
import pathlib

import torch

torch.set_default_dtype(torch.float64)
torch.manual_seed(0)


def dlr(z, label, other, clean):
    top = z.sort(descending=True).values
    rest = z.clone()
    rest[label] = -torch.inf
    return (rest.max() - z[label]) / (top[0] - top[2] + 1e-12)


def targeted(z, label, other, clean):
    top = z.sort(descending=True).values
    return (z[other] - z[label]) / (top[0] - (top[2] + top[3]) / 2 + 1e-12)


def margin(z, label, other, clean):
    rest = z.clone()
    rest[label] = -torch.inf
    return rest.max() - z[label]


def cross_entropy(z, label, other, clean):
    return torch.nn.functional.cross_entropy(z[None], torch.tensor([label]))


def kl(z, label, other, clean):
    return torch.nn.functional.kl_div(z.log_softmax(0), clean.softmax(0), reduction="sum")


cases = []
for scale in (0.1, 1, 10, 100):
    for classes in (4, 5, 10):
        z, clean = scale * torch.randn(classes), scale * torch.randn(classes)
        for label in (int(z.argmax()), int(z.argmin()), 1):
            other = (label + 1) % classes
            case = {"z": z.tolist(), "clean": clean.tolist(), "label": label, "class": other, "losses": {}}
            for loss in (cross_entropy, dlr, targeted, margin, kl):
                leaf = z.clone().requires_grad_()
                value = loss(leaf, label, other, clean)
                value.backward()
                case["losses"][loss.__name__] = {"value": value.item(), "grad": leaf.grad.tolist()}
            cases.append(case)
pathlib.Path(__file__).with_name("losses.json").write_text(json.dumps(cases) + "\n")
