"""Writes goldens_vision.json beside itself: layers of vision transformers and of recent
decoders as PyTorch computes them, in the form that goldens.py describes. The rotation is
transformers' apply_rotary_pos_emb for Llama, written out."""
import torch
import torch.nn.functional as F

from goldens import case, rand, write
from goldens_sequence import positions_first

torch.manual_seed(5)


def rotary(x, heads, dim, base):
    """x: [N, T, D]."""
    n, t, units = x.shape
    inv_freq = 1.0 / (base ** (torch.arange(0, dim, 2).float() / dim))
    freqs = torch.outer(torch.arange(t).float(), inv_freq)
    emb = torch.cat((freqs, freqs), dim=-1)
    cos, sin = emb.cos()[None, :, None], emb.sin()[None, :, None]
    front = x[..., : heads * dim].reshape(n, t, heads, dim)
    half = torch.cat((-front[..., dim // 2:], front[..., : dim // 2]), dim=-1)
    return torch.cat(((front * cos + half * sin).reshape(n, t, -1), x[..., heads * dim:]), dim=-1)


def class_token(x, weight):
    """x: [N, D, T]."""
    return torch.cat((weight.expand(len(x), -1)[:, :, None], x), dim=2)


def linear_of_pixels(x, weight, bias):
    return F.linear(x.permute(0, 2, 3, 1), weight, bias).permute(0, 3, 1, 2)


def layer_cases():
    yield case("linear image", "linear", {"out": 4}, linear_of_pixels, [rand(2, 3, 2, 5)], weight=rand(4, 3), bias=rand(4))
    yield case("tokens", "tokens", {}, lambda x: x.flatten(2), [rand(2, 3, 2, 4)])
    yield case("classtoken", "classtoken", {}, class_token, [rand(2, 3, 4)], weight=rand(3))
    yield case("first", "first", {}, lambda x: x[:, :, 0], [rand(2, 3, 4)])
    yield case("reverse", "reverse", {}, lambda x: x.flip(2), [rand(2, 3, 4)])
    yield case("repeat", "repeat", {"from": [2, 0, 0, 1, 2]}, lambda x: x[:, [2, 0, 0, 1, 2]], [rand(2, 3, 4)])
    yield case("rotary", "rotary", {"heads": 3, "dim": 4}, positions_first(lambda x: rotary(x, 3, 4, 10000)), [rand(2, 14, 6)])
    yield case("rotary base", "rotary", {"heads": 2, "dim": 6, "base": 100}, positions_first(lambda x: rotary(x, 2, 6, 100)), [rand(1, 12, 5)])


if __name__ == "__main__":
    write("goldens_vision.json", {"layers": list(layer_cases())})
