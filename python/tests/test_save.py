"""pare.save: networks equal the modules, files read back, and what cannot be taken is named."""

import warnings

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import goldens
import networks
import pare


@pytest.mark.parametrize("name", networks.CASES)
def test_round_trip(name, tmp_path):
    module, x = networks.build(name)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "a fixed factor")
        saved = pare.save(module, x, tmp_path)
    net = pare.load(tmp_path)
    with torch.no_grad():
        want, got = module(x), net(networks.as_pare(x, net))
    goldens.same(got if got.shape == want.shape else got.transpose(1, 2), want)
    assert saved.document == net.document or saved.document.encode() == net.document.encode()
    again = pare.save(net, None, tmp_path / "again")
    assert again.document.encode() == net.document.encode()


def test_names_are_the_modules(tmp_path):
    module, x = networks.build("convolutional")
    theirs = {k for k in module.state_dict() if not k.endswith("num_batches_tracked")}
    assert pare.save(module, x, tmp_path).state_dict().keys() == theirs


def test_facts(tmp_path):
    module, x = networks.build("table")
    pare.save(module, x, tmp_path, name="mine", classes=["a", "b", "c"], outputs="classes", meta={"from": "torch"})
    net = pare.load(tmp_path)
    assert (net.name, net.classes, net.outputs, net.meta) == ("mine", ["a", "b", "c"], "classes", {"from": "torch"})


def test_modes_stay(tmp_path):
    module, x = networks.build("convolutional")
    module.train()
    module.stem[1].eval()
    pare.save(module, x, tmp_path)
    assert module.training and module.deep.training and not module.stem[1].training


def test_loaded_network_with_a_new_head(tmp_path):
    net = pare.load(goldens.DATA / "pruned")
    last = net.document.layers[-1].name
    net._modules[last] = nn.Linear(net.layer(last).weight.shape[1], 5)
    with pytest.raises(pare.ModelError, match="3 class names for 5 outputs"):
        pare.save(net, None, tmp_path)
    x = torch.randn(2, 2, 8, 8)
    saved = pare.save(net, x, tmp_path, classes="abcde")
    assert saved.output_shape == (5,) and saved.preprocess.mean == net.preprocess.mean
    goldens.same(pare.load(tmp_path)(x), net(x))


def test_an_example_is_needed(tmp_path):
    with pytest.raises(pare.ModelError, match="an example of the input is needed"):
        pare.save(nn.Linear(2, 2), None, tmp_path)


class Of(nn.Module):
    """A module of one function."""

    def __init__(self, f):
        super().__init__()
        self.f, self.linear = f, nn.Linear(4, 4)

    def forward(self, x):
        return self.f(self.linear(x))


IMAGE, VECTOR = torch.randn(2, 3, 4, 4), torch.randn(2, 4)
FAULTS = {
    "operator": (
        lambda x: torch.fft.rfft(x).real,
        VECTOR,
        "the module: operator fft_rfft of 2×4 is not one that pare has",
    ),
    "softmax": (
        lambda x: x.softmax(-1),
        VECTOR,
        "softmax of 2×4: is one that pare only has in attention; leave it out",
    ),
    "two outputs": (lambda x: (x, x + 1), VECTOR, "the module returns 2 values; pare's networks have one output"),
    "mixed examples": (lambda x: x.flatten(0, 1)[:4].reshape(2, 2), VECTOR, "which no layer of pare arranges so"),
    "option": (lambda x: F.elu(x, 2), VECTOR, "elu of 2×4: with alpha 2 is not one that pare has a layer for"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_cannot_be_taken(name, tmp_path):
    f, x, message = FAULTS[name]
    with pytest.raises(pare.UnsupportedError, match=message) as e:
        pare.save(Of(f), x, tmp_path / "none")
    assert "\n" not in str(e.value)
    assert not (tmp_path / "none").exists()


def test_shared_weights_warn(tmp_path):
    module = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4))
    module[2].weight = module[0].weight
    with pytest.warns(UserWarning, match="is used more than once: pare keeps a copy for each layer"):
        pare.save(module, VECTOR, tmp_path)


FACTORS = {
    "view": lambda x, f: x * f(x.mean((2, 3)).view(2, 3)).view(2, 3, 1, 1),
    "indices": lambda x, f: f(F.adaptive_avg_pool2d(x, 1)[:, :, 0, 0])[:, :, None, None] * x,
    "keepdim": lambda x, f: x * x.mean((2, 3), keepdim=True).sigmoid(),
    "channels last": lambda x, f: (x.permute(0, 2, 3, 1) * f(x.mean((2, 3)))[:, None, None]).permute(0, 3, 1, 2),
    "sequence": lambda x, f: (x.flatten(2) * f(x.mean((2, 3))).unsqueeze(2)).reshape(2, 3, 3, 3),
}


class Factors(nn.Module):
    """A factor of each channel, from a linear layer; as many channels as rows and columns."""

    def __init__(self, f):
        super().__init__()
        self.f, self.conv, self.linear, self.head = f, nn.Conv2d(3, 3, 1), nn.Linear(3, 3), nn.Linear(3, 2)

    def forward(self, x):
        return self.head(self.f(self.conv(x), lambda v: torch.sigmoid(self.linear(v))).mean((2, 3)))


@pytest.mark.parametrize("name", FACTORS)
def test_factors_of_channels(name, tmp_path):
    module, x = Factors(FACTORS[name]).eval(), torch.randn(2, 3, 3, 3)
    pare.save(module, x, tmp_path)
    with torch.no_grad():
        goldens.same(pare.load(tmp_path)(x), module(x))


def test_factors_of_rows_are_no_factors_of_channels(tmp_path):
    module = Factors(lambda x, f: x * f(x.mean((2, 3)))[:, None, :, None]).eval()
    with pytest.raises(pare.UnsupportedError, match="which no layer of pare arranges so"):
        pare.save(module, torch.randn(2, 3, 3, 3), tmp_path)


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v3_small"])
def test_torchvision(name, tmp_path):
    models = pytest.importorskip("torchvision.models")
    module = models.get_model(name).eval()
    x = torch.randn(2, 3, 64, 64)
    net = pare.save(module, x, tmp_path)
    with torch.no_grad():
        goldens.same(net(x), module(x))
    assert sum(p.numel() for p in net.parameters()) == sum(p.numel() for p in module.parameters())
