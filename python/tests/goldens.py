"""Networks with values that the Go program computed: data/*.json, made and checked by goldens_test.go."""

import json
from pathlib import Path

import torch

from pare import document
from pare.network import Network

DATA = Path(__file__).parent / "data"
TOLERANCE = 1e-5  # of the largest value of a tensor


def read(file):
    """The cases of a file by name; texts of architectures stay as they are."""
    cases = json.loads((DATA / file).read_text(), parse_float=document.Number)
    return {case["name"]: case for case in cases}


def tensor(value):
    return torch.tensor([float(v) for v in value["data"]]).reshape(value["shape"])


def network(case):
    """The network of a case in evaluation mode."""
    net = Network(document.parse(document.encode(case["architecture"])))
    net.load_state_dict({name: tensor(v) for name, v in case["params"].items()}, strict=True)
    return net.eval()


def same(got, want, name=""):
    assert got.shape == want.shape, name
    largest = max(want.abs().max().item(), 1e-3)
    assert (got - want).abs().max().item() <= TOLERANCE * largest, name
