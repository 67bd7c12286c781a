"""Writes goldens_sequence.json beside itself: layers of sequences as PyTorch
computes them, in the form that goldens.py describes. Sequences are [N, D, T]
here, as pare's shapes are; PyTorch's own layers take [N, T, D]."""
import torch
import torch.nn.functional as F

from goldens import array, case, rand, values, write

torch.manual_seed(2)


def positions_first(f):
    """f of [N, T, D] as a function of [N, D, T]."""
    return lambda *x, **kw: f(*(v.transpose(1, 2) for v in x), **kw).transpose(1, 2)


def layer_cases():
    yield case("linear", "linear", {"out": 4}, positions_first(F.linear), [rand(2, 3, 5)], weight=rand(4, 3), bias=rand(4))
    yield case("position", "position", {}, lambda x, weight: x + weight.T, [rand(3, 2, 4)], weight=rand(4, 2))
    yield case("last", "last", {}, lambda x: x[:, :, -1], [rand(2, 3, 4)])
    yield case("layernorm", "layernorm", {"eps": 0.001}, positions_first(lambda x, weight, bias: F.layer_norm(x, (5,), weight, bias, 0.001)),
               [rand(2, 5, 3)], weight=rand(5), bias=rand(5))
    yield case("layernorm vector", "layernorm", {}, lambda x, weight, bias: F.layer_norm(x, (6,), weight, bias),
               [rand(3, 6)], weight=rand(6), bias=rand(6))
    for name, causal, heads, scale in [("attention", False, 2, None), ("attention causal", True, 3, None), ("attention scale", True, 1, 0.4)]:
        args = {"heads": heads, "causal": causal}
        if scale:
            args["scale"] = scale
        yield case(name, "attention", args, positions_first(lambda x: attention(x, heads, causal, scale)), [rand(2, 12 * heads, 6)])
    yield case("mul", "mul", {}, lambda x, y: x * y, [rand(2, 3, 4), rand(2, 3, 4)])


def attention(x, heads, causal, scale):
    """PyTorch's own attention on [N, T, queries | keys | values]."""
    n, t, units = x.shape
    q, k, v = x.view(n, t, 3, heads, units // 3 // heads).permute(2, 0, 3, 1, 4)
    y = F.scaled_dot_product_attention(q, k, v, is_causal=causal, scale=scale)
    return y.transpose(1, 2).reshape(n, t, units // 3)


def embedding():
    tokens = torch.tensor([[1, 4, 4], [0, 3, 1]])
    weight = rand(6, 4).requires_grad_()
    y = F.embedding(tokens, weight).transpose(1, 2)
    dy = rand(*y.shape)
    y.backward(dy)
    return {"tokens": tokens.reshape(-1).tolist(), "weight": array(weight), "output": values(y), "dy": values(dy),
            "grad": values(weight.grad)}


if __name__ == "__main__":
    write("goldens_sequence.json", {"layers": list(layer_cases()), "embedding": embedding()})
