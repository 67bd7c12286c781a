"""Writes goldens_norms.json beside itself: normalisations of single examples as PyTorch
computes them, in the form that goldens.py describes."""
import torch
import torch.nn.functional as F

from goldens import case, rand, write

torch.manual_seed(4)


def channels_last(f):
    """f of [N, H, W, C] as a function of [N, C, H, W]."""
    return lambda x, **kw: f(x.permute(0, 2, 3, 1), **kw).permute(0, 3, 1, 2)


def layer_cases():
    yield case("layernorm image", "layernorm", {"eps": 0.001},
               channels_last(lambda x, weight, bias: F.layer_norm(x, (5,), weight, bias, 0.001)),
               [rand(2, 5, 3, 2)], weight=rand(5), bias=rand(5))
    yield case("rmsnorm vector", "rmsnorm", {"eps": 0.001}, lambda x, weight: F.rms_norm(x, (6,), weight, 0.001),
               [rand(3, 6)], weight=rand(6))
    yield case("rmsnorm sequence", "rmsnorm", {},
               lambda x, weight: F.rms_norm(x.transpose(1, 2), (10,), weight, 1e-6).transpose(1, 2), [rand(2, 10, 3)], weight=rand(10))
    yield case("groupnorm", "groupnorm", {"groups": 2, "eps": 0.001},
               lambda x, weight, bias: F.group_norm(x, 2, weight, bias, 0.001), [rand(2, 6, 3, 2)], weight=rand(6), bias=rand(6))
    yield case("groupnorm vector", "groupnorm", {"groups": 3}, lambda x, weight, bias: F.group_norm(x, 3, weight, bias),
               [rand(2, 9)], weight=rand(9), bias=rand(9))
    yield case("groupnorm sequence", "groupnorm", {"groups": 1}, lambda x, weight, bias: F.group_norm(x, 1, weight, bias),
               [rand(2, 9, 4)], weight=rand(9), bias=rand(9))
    yield case("instancenorm", "instancenorm", {}, lambda x, weight, bias: F.instance_norm(x, weight=weight, bias=bias),
               [rand(2, 9, 3, 2)], weight=rand(9), bias=rand(9))
    yield case("instancenorm sequence", "instancenorm", {"eps": 0.01},
               lambda x, weight, bias: F.instance_norm(x, weight=weight, bias=bias, eps=0.01),
               [rand(2, 3, 5)], weight=rand(3), bias=rand(3))


if __name__ == "__main__":
    write("goldens_norms.json", {"layers": list(layer_cases())})
