"""Writes goldens_activations.json beside itself: activation functions with options and
parameters, and products of an image with one factor a channel, as PyTorch computes them, in
the form that goldens.py describes."""
import torch
import torch.nn.functional as F

from goldens import case, rand, write

torch.manual_seed(3)


def mapping(name, kind, args, f, *edges, **params):
    """A function at random values and at the edges of its pieces."""
    x = 3 * rand(2, 6)
    x.view(-1)[:len(edges)] = torch.tensor(edges)
    return case(name, kind, args, f, [x], **params)


def layer_cases():
    yield mapping("relu6", "relu6", {}, F.relu6, 0, 6, -7, 8, 3)
    yield mapping("clip", "clip", {"min": -1.5, "max": 2}, lambda x: F.hardtanh(x, -1.5, 2), -1.5, 2, -7, 8)
    yield mapping("hardsigmoid", "hardsigmoid", {}, F.hardsigmoid, -3, 3, 0, -7, 8)
    yield mapping("hardswish", "hardswish", {}, F.hardswish, -3, 3, 0, -7, 8)
    yield mapping("mish", "mish", {}, F.mish, 0, 15, -15)
    yield mapping("gelu_tanh", "gelu_tanh", {}, lambda x: F.gelu(x, approximate="tanh"), 0, 15, -15)
    yield mapping("leaky_relu", "leaky_relu", {"slope": 0.2}, lambda x: F.leaky_relu(x, 0.2), 0)
    yield mapping("prelu", "prelu", {}, lambda x, weight: F.prelu(x, weight), 0, weight=rand(1))
    yield case("prelu channels", "prelu", {"per_channel": True}, lambda x, weight: F.prelu(x, weight), [rand(2, 5, 3, 2)],
               weight=rand(5))
    yield case("mul image by pixel", "mul", {}, lambda x, y: x * y, [rand(2, 3, 4, 2), rand(2, 3, 1, 1)])
    yield case("mul vector by image", "mul", {}, lambda x, y: x[:, :, None, None] * y, [rand(2, 3), rand(2, 3, 4, 2)])
    yield case("globalpool keep_dims", "globalpool", {"keep_dims": True}, lambda x: x.mean((2, 3), keepdim=True), [rand(2, 3, 2, 4)])


if __name__ == "__main__":
    write("goldens_activations.json", {"layers": list(layer_cases())})
