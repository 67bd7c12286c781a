"""Files that lie and modules that cannot be written: one line each, and no memory for shapes without weights."""

import json
import warnings

import pytest
import torch
from torch import nn

import goldens
import pare
from pare import document, layers
from pare.network import Network


def rows(*layers_):
    """A document of layers (kind, options, further keys) that read one another."""
    out = [
        {"name": f"l{i}", "kind": kind, "inputs": [f"l{i - 1}" if i else "input"], "args": args, **more}
        for i, (kind, args, more) in enumerate(layers_)
    ]
    return out


def network(shape, vocabulary, *layers_):
    a = {
        "format": "pare-architecture-1",
        "name": "n",
        "input": shape,
        "vocabulary": vocabulary,
        "layers": rows(*layers_),
    }
    with layers.without_values():
        return Network(document.parse(json.dumps({"format": 2, "architecture": a})))


LINEAR, TABLE = ("linear", {"out": 4}, {}), ("embedding", {"vocab": 7, "out": 3}, {})
FAULTS = {
    "unknown": ([4], 0, [LINEAR, ("linear", {}, {"tied": "x"})], "layer 2 (l1): tied: 'x' is not a layer before it"),
    "itself": ([4], 0, [("linear", {"out": 4}, {"tied": "l0"})], "layer 1 (l0): tied: 'l0' is not a layer before it"),
    "kind": ([4], 0, [LINEAR, ("gate", {}, {"tied": "l0"})], "cannot share the parameters of l0, a layer linear"),
    "none": ([4], 0, [("relu", {}, {}), ("relu", {}, {"tied": "l0"})], "a layer relu has no parameters to share"),
    "statistics": (
        [4],
        0,
        [("batchnorm", {}, {}), ("batchnorm", {}, {"tied": "l0"})],
        "belongs to one place in the network",
    ),
    "shape": ([4], 0, [("linear", {"out": 5}, {}), ("linear", {}, {"tied": "l0"})], "it reads 5 and l0 reads 4"),
    "options": ([4], 0, [LINEAR, ("linear", {"out": 3}, {"tied": "l0"})], "its options differ from the options of l0"),
    "table": (
        [1, 5],
        7,
        [TABLE, ("linear", {"out": 6}, {"tied": "l0"})],
        "the weight has shape [6, 3], the table that",
    ),
    "negative base": (
        [4, 5],
        0,
        [("rotary", {"heads": 1, "dim": 4, "base": -3}, {})],
        "base is -3, it must be above 0",
    ),
    "places": ([4], 0, [("add", {"index": [[0, 1, 2, 3]], "units": 1 << 31}, {})], "units are more than"),
    "groups": ([4, 2, 2], 0, [("groupnorm", {"groups": 2, "width": 1 << 40}, {})], "are more than"),
    "slope": ([4], 0, [("leaky_relu", {"slope": 10**400}, {})], "an option is too large"),
    "two lines": ([4], 0, [("a\nb", {}, {})], "kind 'a\\nb' is unknown"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_layers(name):
    shape, vocabulary, listed, message = FAULTS[name]
    with pytest.raises(pare.ModelError) as e:
        network(shape, vocabulary, *listed)
    assert message in str(e.value) and "\n" not in str(e.value)


def test_shapes_without_weights_take_no_memory(tmp_path):
    a = {"format": "pare-architecture-1", "name": "n", "input": [4], "layers": rows(("linear", {"out": 1 << 29}, {}))}
    (tmp_path / "architecture.json").write_text(json.dumps({"format": 2, "architecture": a}))
    (tmp_path / "model.safetensors").write_bytes((goldens.DATA / "pruned" / "model.safetensors").read_bytes())
    with pytest.raises(pare.ModelError, match="tensor l0.weight is missing"):
        pare.load(tmp_path)


def test_texts():
    with pytest.raises(pare.ModelError, match="not valid JSON"):
        document.parse('{"format": ' + "9" * 5000 + "}")
    with pytest.raises(pare.ModelError, match="half of a character"):
        document.parse(
            '{"format": 2, "architecture": {"format": "pare-architecture-1", "name": "\\ud800", "layers": []}}'
        )


@pytest.mark.parametrize("name", ["x.onnx", "x.safetensors"])
def test_other_files(name, tmp_path):
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(
        pare.ModelError, match=f"{name}: it is no folder of a model; pare export .*{name}.* -safetensors FOLDER"
    ):
        pare.load(tmp_path / name)


class Of(nn.Module):
    def __init__(self, f):
        super().__init__()
        self.f, self.linear = f, nn.Linear(4, 4)

    def forward(self, x):
        return self.f(self.linear(x))


X = torch.ones(2, 4)
MODULES = {
    "control flow": (
        Of(lambda x: x if x.sum() > 0 else -x),
        X,
        "torch.export cannot trace the module: Could not guard",
    ),
    "an exception": (Of(lambda x: 1 / 0), X, "torch.export cannot trace the module: division by zero"),
    "a dict": (Of(lambda x: {"a": x}), X, "the module returns a dict; wrap it"),
    "a tuple": (Of(lambda x: (x,)), X, "the module returns a tuple; wrap it"),
    "not finite": (Of(lambda x: x), X * torch.inf, "not finite"),
    "half": (
        Of(lambda x: x).half(),
        X,
        "linear.weight has values of type torch.float16; convert the module by module.float()",
    ),
    "no values": (Of(lambda x: x).to("meta"), X, "linear.weight of the module has no values"),
    "lazy": (nn.LazyLinear(3), X, "weight of the module has no values"),
    "a function": (lambda x: x, X, "the module is a function"),
    "complex": (Of(lambda x: x), X.to(torch.complex64), "the example must be a dense tensor"),
    "a list": (Of(lambda x: x), [X], "the example must be a dense tensor"),
    "empty": (Of(lambda x: x), X[:0], "the example has shape [0, 4]"),
    "wrong size": (Of(lambda x: x), torch.ones(2, 5), "torch.export cannot trace the module"),
}


@pytest.mark.parametrize("name", MODULES)
def test_modules(name, tmp_path):
    module, example, message = MODULES[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(pare.ModelError) as e:
            pare.save(module, example, tmp_path / "none")
    assert message in str(e.value) and "\n" not in str(e.value)
    assert not (tmp_path / "none").exists()
