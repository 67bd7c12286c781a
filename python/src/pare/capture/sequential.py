"""Operators of sequences: linear layers, attention, embeddings, recurrent layers."""

from __future__ import annotations

import dataclasses
from typing import Any

import torch

from ..errors import ModelError
from .builder import BATCH
from .elementwise import is_causal
from .graph import Graph, operator
from .values import Scores, Stack, Value


@operator("linear")
def linear(g: Graph, x: Value, weight: torch.Tensor, bias: torch.Tensor | None = None) -> Value:
    layer, back = g.builder.features(x)
    name, args = g.called(weight, kind="linear"), {"out": weight.shape[0]}
    if bias is None:
        args["no_bias"] = True
    if len(g.builder.shapes[layer]) == 3:  # at every pixel
        image = weight[:, :, None, None]
        g.names_as(image, weight)
        weight = image
        return back(g.builder.add("conv", name, [layer], {**args, "kernel": 1}, weight=weight, bias=bias))
    return back(g.builder.add("linear", name, [layer], args, weight=weight, bias=bias))


@operator("addmm")
def addmm(g: Graph, bias: torch.Tensor, x: Value, weight: torch.Tensor, **_: Any) -> Value:
    return linear(g, x, transposed(g, weight), bias)


@operator("matmul", "mm", "bmm")
def matmul(g: Graph, x: Any, y: Any) -> Any:
    if isinstance(y, torch.Tensor) and y.dim() == 2:
        return linear(g, x, transposed(g, y))
    if isinstance(x, Scores) and x.softmax and isinstance(y, Value):
        out = attention(g, x.q, x.k, heads(y), x.scale, x.causal)
        return out if len(y.shape) == 4 else out.move(torch.reshape, y.shape)
    if isinstance(x, Value) and isinstance(y, Value):
        q, k = heads(x), heads(y.move(torch.transpose, -1, -2))
        return Scores(q, k, (*x.shape[:-1], y.shape[-1]), x.factor * y.factor)
    raise ModelError("is one that pare only has with a matrix of weights, and in attention")


@operator("baddbmm")
def baddbmm(g: Graph, mask: torch.Tensor, x: Value, y: Value, beta: float = 1, alpha: float = 1) -> Scores:
    scores = matmul(g, x, y)
    return dataclasses.replace(scores, scale=scores.scale * alpha, causal=is_causal(mask))


def transposed(g: Graph, weight: torch.Tensor) -> torch.Tensor:
    """The transposed matrix, which keeps its name."""
    out = weight.T.contiguous()
    g.names_as(out, weight)
    return out


def heads(x: Value) -> Value:
    """[N, heads, T, d] of that, or of [N·heads, T, d]."""
    if len(x.shape) == 4:
        return x
    return x.move(torch.reshape, (BATCH, -1, *x.shape[1:]))


@operator("softmax", "_softmax")
def softmax(g: Graph, x: Any, dim: int, *_: Any) -> Scores:
    if not isinstance(x, Scores) or dim % len(x.shape) != len(x.shape) - 1:
        raise ModelError("is one that pare only has in attention; leave it out at the end: pare's outputs are logits")
    return dataclasses.replace(x, softmax=True)


@operator("scaled_dot_product_attention")
def sdpa(
    g: Graph,
    q: Value,
    k: Value,
    v: Value,
    mask: Any = None,
    dropout: float = 0.0,
    causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Value:
    if mask is not None:
        causal = causal or is_causal(mask)
    scale = (q.shape[-1] ** -0.5 if scale is None else scale) * q.factor * k.factor
    out = attention(g, heads(q), heads(k), heads(v), scale, causal)
    return out if len(q.shape) == 4 else out.move(torch.reshape, (*q.shape[:-1], v.shape[-1]))


def attention(g: Graph, q: Value, k: Value, v: Value, scale: float, causal: bool) -> Value:
    """Attention of [N, heads, T, d]; the layer reads queries, keys and values as units one after another."""
    plain = [dataclasses.replace(t, factor=1.0) for t in (q, k)] + [g.builder.settle(v)]
    n, count, t, d = q.shape
    if k.shape[2] != t:
        raise ModelError("has queries and keys of different lengths, which pare's attention does not take")
    if k.shape[1] != count:  # each key serves several heads of queries
        if count % k.shape[1]:
            raise ModelError(f"has {count} heads of queries and {k.shape[1]} of keys, which do not divide")
        plain[1:] = [p.move(torch.repeat_interleave, count // p.shape[1], 1) for p in plain[1:]]
        v = plain[2]
    units = [p.move(torch.transpose, 2, 3).move(torch.reshape, (n, -1, t)) for p in plain]
    if q.layer == k.layer == v.layer:
        layer = g.builder.channels(units[0].moved(torch.cat([u.offsets() for u in units], 1)))
    else:
        layer = g.builder.add("concat", g.called(kind="qkv"), [g.builder.channels(u) for u in units]).layer
    args: dict[str, Any] = {"heads": count, "qk": [d] * count, "v": [v.shape[3]] * count, "scale": scale}
    if causal:
        args["causal"] = True
    out = g.builder.add("attention", g.called(kind="attention"), [layer], args)
    return out.move(torch.reshape, (n, count, v.shape[3], t)).move(torch.transpose, 2, 3)


@operator("layer_norm")
def layer_norm(
    g: Graph,
    x: Value,
    shape: list[int],
    weight: torch.Tensor | None = None,
    bias: torch.Tensor | None = None,
    eps: float = 1e-5,
    *_: Any,
) -> Value:
    return over_units(g, "layernorm", x, shape, eps, weight=weight, bias=bias)


@operator("rms_norm", "_fused_rms_norm")
def rms_norm(
    g: Graph, x: Value, shape: list[int], weight: torch.Tensor | None = None, eps: float | None = None
) -> Value:
    return over_units(g, "rmsnorm", x, shape, torch.finfo(torch.float32).eps if eps is None else eps, weight=weight)


def over_units(g: Graph, kind: str, x: Value, shape: list[int], eps: float, **tensors: Any) -> Value:
    """A normalisation over the last axis."""
    if len(shape) != 1:
        raise ModelError(
            f"over the last {len(shape)} axes is not one that pare has a layer for; it has it over units alone"
        )
    layer, back = g.builder.features(x)
    return back(g.builder.add(kind, g.called(tensors["weight"], kind=kind), [layer], {"eps": float(eps)}, **tensors))


@operator("embedding")
def embedding(g: Graph, weight: torch.Tensor, tokens: Value, *_: Any) -> Value:
    if tokens.layer != "input" or tokens.index is not None:
        raise ModelError("reads something else than the tokens of the input")
    vocabulary = weight.shape[0]
    if g.builder.vocabulary not in (0, vocabulary):
        raise ModelError(f"has {vocabulary} rows, another embedding of the input has {g.builder.vocabulary}")
    g.builder.vocabulary = vocabulary
    args = {"vocab": vocabulary, "out": weight.shape[1]}
    out = g.builder.add("embedding", g.called(weight, kind="embedding"), ["input"], args, weight=weight)
    return out.move(torch.transpose, 1, 2)


@operator("cat", "concat")
def cat(g: Graph, values: list[Any], dim: int = 0) -> Value:
    axes = len(next(v for v in values if isinstance(v, Value)).shape)
    dim %= axes
    if any(not isinstance(v, Value) for v in values):
        return class_token(g, values, dim)
    if len({v.layer for v in values}) == 1 and all(v.factor == 1 for v in values):
        joined = values[0].moved(torch.cat([v.offsets() for v in values], dim))
        if g.builder.plan(joined):
            return joined
    if dim == 1:
        return g.builder.add("concat", g.called(kind="concat"), [g.builder.channels(v) for v in values])
    if dim == axes - 1:
        named, backs = zip(*(g.builder.features(v) for v in values))
        return backs[0](g.builder.add("concat", g.called(kind="concat"), list(named)))
    raise ModelError(f"along axis {dim} is not one that pare has a layer for")


def class_token(g: Graph, values: list[Any], dim: int) -> Value:
    """A learned vector in front of a sequence [N, T, D]."""
    if len(values) != 2 or dim != 1 or not isinstance(values[1], Value) or len(values[1].shape) != 3:
        raise ModelError(
            "of a constant and a value is not one that pare has a layer for, except of a class token in front"
        )
    token, x = values
    rows = token.reshape(BATCH, -1)
    added = g.builder.add(
        "classtoken", g.called(token, kind="class_token"), [g.builder.sequence(x)], weight=rows[0].clone()
    )
    return added.move(torch.movedim, 1, -1)


GATES = {"rnn_tanh": ("rnn", 1), "rnn_relu": ("rnn", 1), "lstm": ("lstm", 2), "gru": ("gru", 1)}


@operator("rnn_tanh", "rnn_relu", "lstm", "gru")
def recurrent(
    g: Graph,
    x: Value,
    start: Any,
    params: list[torch.Tensor],
    biased: bool,
    depth: int,
    dropout: float,
    train: bool,
    both_ways: bool,
    batch_first: bool,
) -> Any:
    assert g.node is not None
    operator_name = g.node.target._schema.name.removeprefix("aten::")
    kind, states = GATES[operator_name]
    starts = start if isinstance(start, (list, tuple)) else [start]
    if any(not isinstance(s, torch.Tensor) or s.any() for s in starts):
        raise ModelError("starts from a state other than zero, which pare's layers do not")
    if not batch_first:
        x = x.move(torch.transpose, 0, 1)
    layer = g.builder.sequence(x)
    each, last = 4 if biased else 2, []
    ways = 2 if both_ways else 1
    forward: str | None = None  # the layer that reads from the start, while the one from the end is made
    for i in range(depth * ways):
        from_end = both_ways and i % 2 == 1
        weight_ih, weight_hh, *biases = params[i * each : (i + 1) * each]
        args: dict[str, Any] = {"hidden": weight_hh.shape[1]}
        if operator_name == "rnn_relu":
            args["nonlinearity"] = "relu"
        bias = dict(zip(("bias_ih", "bias_hh"), biases))
        name = g.called(weight_ih, kind=kind)
        module, _, end = name.rpartition(".")
        name = (module or kind) if depth * ways == 1 else f"{module}.{end.removeprefix('weight_ih_')}".lstrip(".")
        start_at = g.builder.add("reverse", f"{name}.from_end", [layer]).layer if from_end else layer
        y = g.builder.add(kind, name, [start_at], args, weight_ih=weight_ih, weight_hh=weight_hh, **bias)
        last.append(y.move(torch.select, 2, -1))
        if both_ways and not from_end:
            forward = y.layer
            continue
        if forward is not None:
            in_order = g.builder.add("reverse", f"{name}.in_order", [y.layer]).layer
            y = g.builder.add("concat", f"{name}.both", [forward, in_order])
        layer = y.layer
        if dropout and i + 1 < depth * ways:
            layer = g.builder.add("dropout", f"{name}.dropout", [layer], {"p": float(dropout)}).layer
    out = y.move(torch.movedim, 1, -1)
    if not batch_first:
        out = out.move(torch.transpose, 0, 1)
    return (out, Stack(last), None) if states == 2 else (out, Stack(last))
