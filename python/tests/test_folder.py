"""Folders: read, written back byte for byte, and refused in one line."""

import json
import pickle
import shutil

import pytest
import safetensors.torch
import torch

import goldens
import pare
from pare.layers import KINDS

PRUNED = goldens.DATA / "pruned"


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(PRUNED, tmp_path / "model")


def test_load():
    net = pare.load(PRUNED)
    case = goldens.read("pruned.json")["resnet8"]
    goldens.same(net(goldens.tensor(case["input"])), goldens.tensor(case["output"]))
    weights = safetensors.torch.load_file(PRUNED / "model.safetensors")
    assert net.state_dict().keys() == weights.keys()
    assert all(p.requires_grad for p in net.parameters())
    assert not net.training
    assert net.classes == ["<cat>", "dög", '"x" & \n']
    assert net.outputs == "classes"
    assert net.meta == {"seed": "7"}
    assert net.input_shape == (2, 8, 8) and net.output_shape == (3,)
    x = torch.rand(2, 2, 8, 8)
    want = (x - torch.tensor([0.1, 0.25]).reshape(2, 1, 1)) / torch.tensor([0.3, 1e-7]).reshape(2, 1, 1)
    goldens.same(net.preprocess(x), want)


def test_written_back_byte_for_byte(tmp_path):
    pare.save(pare.load(PRUNED), None, tmp_path)
    assert (tmp_path / "architecture.json").read_bytes() == (PRUNED / "architecture.json").read_bytes()
    with safetensors.safe_open(tmp_path / "model.safetensors", "pt") as ours:
        with safetensors.safe_open(PRUNED / "model.safetensors", "pt") as theirs:
            assert ours.metadata() == theirs.metadata()
            assert all(torch.equal(ours.get_tensor(k), theirs.get_tensor(k)) for k in theirs.keys())


def test_pickle_export_and_script():
    net = pare.load(PRUNED)
    x = torch.randn(2, 2, 8, 8)
    assert torch.equal(pickle.loads(pickle.dumps(net))(x), net(x))
    assert torch.equal(torch.export.export(net, (x,)).module()(x), net(x))
    assert torch.equal(torch.jit.trace(net, x)(x), net(x))


def test_layers_by_name():
    net = pare.load(PRUNED)
    row = next(r for r in net.document.layers if "." in r.name)
    assert net.layer(row.name).kind == row.kind
    assert f"{row.name}" in dict(net.named_modules())


def test_wrong_input():
    with pytest.raises(ValueError, match=r"input has shape \(4, 2, 8, 9\), it must be \(N, 2, 8, 8\)"):
        pare.load(PRUNED)(torch.zeros(4, 2, 8, 9))


def edit(path, change):
    doc = json.loads(path.read_text())
    change(doc, doc["architecture"]["layers"])
    path.write_text(json.dumps(doc))


EDITS = {
    "unknown kind": (lambda d, r: r[0].update(kind="cnov"), "kind 'cnov' is unknown; there are "),
    "unknown option": (
        lambda d, r: r[0]["args"].update(filters=3),
        "conv has no option 'filters'; there are out, kernel",
    ),
    "option of a wrong type": (lambda d, r: r[0]["args"].update(out="3"), 'conv: out is "3", it must be whole numbers'),
    "missing option": (lambda d, r: r[0]["args"].pop("out"), "conv needs the option 'out'"),
    "unknown key": (lambda d, r: d.update(weights=1), "the document has an unknown key 'weights'"),
    "unknown input": (lambda d, r: r[0].update(inputs=["x"]), "input 'x' is not a layer before it"),
    "no inputs": (lambda d, r: r[0].update(inputs=[]), "has no inputs"),
    "same name": (lambda d, r: r[1].update(name=r[0]["name"]), "its name is empty, or another layer's"),
    "newer": (lambda d, r: d.update(format=99), "it has format 99, and this package reads formats up to 2"),
    "no layers": (lambda d, r: r.clear(), "has no layers"),
    "empty shape": (lambda d, r: d["architecture"].update(input=[2, 0, 8]), "input \\[2, 0, 8\\] is no shape"),
    "classes": (lambda d, r: d.update(classes=["a"]), "1 class names for 3 outputs"),
    "means": (lambda d, r: d["preprocess"].update(mean=[1]), "1 means and 2 deviations for 2 channels"),
    "outputs": (
        lambda d, r: d.update(outputs="logits"),
        "outputs are 'logits'; they must be classes, labels or numbers",
    ),
    "huge": (lambda d, r: r[0]["args"].update(out=1 << 40), "is no shape"),
}


@pytest.mark.parametrize("name", EDITS)
def test_faulty_architecture(folder, name):
    change, message = EDITS[name]
    edit(folder / "architecture.json", change)
    with pytest.raises(pare.ModelError, match=message) as e:
        pare.load(folder)
    assert str(e.value).startswith(str(folder / "architecture.json")) and "\n" not in str(e.value)


TEXTS = {
    "not JSON": ("{", "not valid JSON"),
    "a list": ("[]", "it must be a JSON object"),
    "twice": ('{"format": 1, "format": 1}', "key 'format' stands twice"),
    "NaN": ('{"format": NaN}', "NaN is not a finite number"),
    "deep": ("[" * 100_000, "not valid JSON"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_faulty_text(folder, name):
    text, message = TEXTS[name]
    (folder / "architecture.json").write_text(text)
    with pytest.raises(pare.ModelError, match=message):
        pare.load(folder)


def test_faulty_weights(folder):
    path = folder / "model.safetensors"
    weights = safetensors.torch.load_file(path)
    name = next(k for k in weights if k.endswith(".weight"))
    faults = {
        f"tensor {name} is missing; the architecture needs it with shape": {
            k: v for k, v in weights.items() if k != name
        },
        f"tensor {name} has shape": weights | {name: weights[name][:1]},
        f"tensor {name} has values of type torch.float64": weights | {name: weights[name].double()},
        f"tensor {name} has a value that is not a finite number": weights | {name: weights[name] * torch.nan},
        "tensor more of shape \\[1\\] is no parameter": weights | {"more": torch.zeros(1)},
    }
    for message, tensors in faults.items():
        safetensors.torch.save_file({k: v.contiguous() for k, v in tensors.items()}, path)
        with pytest.raises(pare.ModelError, match=message):
            pare.load(folder)
    safetensors.torch.save_file(weights, path, metadata={"pare.architecture_sha256": "0"})
    with pytest.raises(pare.ModelError, match="the weights were saved with another architecture"):
        pare.load(folder)
    path.write_bytes(b"\x80\x02}")
    with pytest.raises(pare.ModelError, match="it is not a safetensors file"):
        pare.load(folder)
    path.unlink()
    with pytest.raises(pare.ModelError, match="there is no such file"):
        pare.load(folder)


def test_no_folder(tmp_path):
    with pytest.raises(pare.ModelError, match="there is no architecture.json; give the folder of a run or of a model"):
        pare.load(tmp_path / "none")


def test_layer_named_as_a_method(folder):
    def rename(d, rows):
        for r in rows:
            r["inputs"] = ["type" if n == rows[0]["name"] else n for n in r["inputs"]]
        rows[0]["name"] = "type"

    first = json.loads((folder / "architecture.json").read_text())["architecture"]["layers"][0]["name"]
    edit(folder / "architecture.json", rename)
    weights = safetensors.torch.load_file(folder / "model.safetensors")
    renamed = {k.replace(f"{first}.", "type.", 1) if k.startswith(f"{first}.") else k: v for k, v in weights.items()}
    safetensors.torch.save_file(renamed, folder / "model.safetensors")
    x = torch.randn(1, 2, 8, 8)
    assert torch.equal(pare.load(folder)(x), pare.load(PRUNED)(x))


def test_every_kind_is_documented():
    assert not [kind for kind, cls in KINDS.items() if not cls.__dict__.get("__doc__")]
