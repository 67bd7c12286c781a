"""Every layer, and steps of optimizers, against the Go program."""

import inspect
import json

import pytest
import torch
import torch.nn.functional as F

import goldens
from pare.layers import KINDS

LAYERS = goldens.read("layers.json")
STEPS = goldens.read("steps.json")


@pytest.mark.parametrize("name", LAYERS)
def test_layer(name):
    case = LAYERS[name]
    net = goldens.network(case)
    x = goldens.tensor(case["input"])
    want = goldens.tensor(case["output"])
    goldens.same(net(x), want)
    goldens.same(net(x[:1]), want[:1])  # another batch size


def test_all_kinds_have_a_case():
    assert set(KINDS) == {
        row["kind"] for case in LAYERS.values() for row in case["architecture"]["architecture"]["layers"]
    }


def test_all_kinds_have_their_options():
    assert json.loads((goldens.DATA / "options.json").read_text()) == {
        kind: sorted(
            p.name.rstrip("_") for p in inspect.signature(cls.__init__).parameters.values() if p.kind is p.KEYWORD_ONLY
        )
        for kind, cls in KINDS.items()
    }


def test_all_kinds_have_a_docstring():
    assert not [kind for kind, cls in KINDS.items() if not cls.__dict__.get("__doc__")]


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("name", STEPS)
def test_step(name, optimizer):
    case = STEPS[name]
    net = goldens.network(case).train()
    make = {
        "sgd": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01),
        "adam": lambda p: torch.optim.Adam(p, lr=0.01),
    }
    step = make[optimizer](net.parameters())
    x, targets = goldens.tensor(case["input"]), torch.tensor([int(t) for t in case["targets"]])
    for _ in range(3):
        step.zero_grad()
        F.cross_entropy(net(x), targets).backward()
        step.step()
    after = net.state_dict()
    want = case["steps"][optimizer]
    assert after.keys() == want.keys()
    for key, value in want.items():
        goldens.same(after[key], goldens.tensor(value), key)
