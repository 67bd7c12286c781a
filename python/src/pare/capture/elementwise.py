"""Operators on single values: activations, sums, products."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import torch

from ..errors import ModelError
from .graph import Graph, operator
from .values import Scores, Value

Operand = Value | Scores | torch.Tensor | float


def plain(kind: str, *names: str) -> None:
    """Operators that are the layer of a kind."""

    def handle(g: Graph, x: Value) -> Value:
        return g.each(kind, x)

    operator(*names)(handle)


for kind in "relu sigmoid tanh silu mish hardswish hardsigmoid relu6".split():
    plain(kind, kind)


@operator("gelu")
def gelu(g: Graph, x: Value, approximate: str = "none") -> Value:
    return g.each("gelu_tanh" if approximate == "tanh" else "gelu", x)


@operator("hardtanh")
def hardtanh(g: Graph, x: Value, low: float = -1.0, high: float = 1.0) -> Value:
    return clip(g, x, low, high)


@operator("clamp", "clip")
def clip(g: Graph, x: Value, low: float | None = None, high: float | None = None) -> Value:
    if low == 0 and high is None:
        return g.each("relu", x)
    if (low, high) == (0, 6):
        return g.each("relu6", x)
    return g.each("clip", x, {k: float(v) for k, v in (("min", low), ("max", high)) if v is not None})


@operator("clamp_min")
def clamp_min(g: Graph, x: Value, low: float) -> Value:
    return clip(g, x, low)


@operator("leaky_relu")
def leaky_relu(g: Graph, x: Value, slope: float = 0.01) -> Value:
    return g.each("leaky_relu", x, {} if slope == 0.01 else {"slope": float(slope)})


@operator("elu")
def elu(g: Graph, x: Value, alpha: float = 1, scale: float = 1, input_scale: float = 1) -> Value:
    if (alpha, scale, input_scale) != (1, 1, 1):
        raise ModelError(f"with alpha {alpha} is not one that pare has a layer for; its elu has alpha 1")
    return g.each("elu", x)


@operator("softplus")
def softplus(g: Graph, x: Value, beta: float = 1, threshold: float = 20) -> Value:
    if beta != 1:
        raise ModelError(f"with beta {beta} is not one that pare has a layer for; its softplus has beta 1")
    return g.each("softplus", x)


@operator("prelu")
def prelu(g: Graph, x: Value, weight: torch.Tensor) -> Value:
    (layer,) = [g.builder.channels(x)]
    args = {} if weight.numel() == 1 else {"per_channel": True}
    return g.builder.add("prelu", g.called(weight, kind="prelu"), [layer], args, weight=weight)


@operator("dropout", "feature_dropout", "alpha_dropout", "native_dropout")
def dropout(g: Graph, x: Value | Scores, p: float = 0.5, *_: Any) -> Value | Scores:
    if isinstance(x, Scores) or p == 0:
        return x
    return g.each("dropout", x, {"p": float(p)})


@operator("add")
def add(g: Graph, x: Operand, y: Operand, alpha: float = 1) -> Value | Scores:
    if alpha != 1:
        y = y * alpha if not isinstance(y, (Value, Scores)) else mul(g, y, alpha)
    if isinstance(y, (Value, Scores)) and not isinstance(x, (Value, Scores)):
        x, y = y, x
    if isinstance(x, Scores):
        return masked(x, y)
    assert isinstance(x, Value)
    if isinstance(y, Value):
        return both(g, "add", x, y)
    return shifted(g, x, y)


@operator("sub")
def sub(g: Graph, x: Operand, y: Operand, alpha: float = 1) -> Value | Scores:
    return add(g, x, y, -alpha)


@operator("rsub")
def rsub(g: Graph, x: Operand, y: Operand, alpha: float = 1) -> Value | Scores:
    return add(g, y, x, -alpha)


@operator("neg")
def neg(g: Graph, x: Value) -> Value | Scores:
    return mul(g, x, -1)


def both(g: Graph, kind: str, x: Value, y: Value) -> Value:
    """A sum or product of two values of the graph."""
    x, y = g.builder.settle(x), g.builder.settle(y)
    name, shapes = g.called(kind=kind), g.builder.shapes
    if kind == "mul":
        for of, by in ((x, y), (y, x)):
            if g.builder.factor_of_units(by, of):
                return dataclasses.replace(of, layer=g.builder.add(kind, name, [of.layer, by.layer]).layer)
    alike = x.index is y.index or x.index is not None and y.index is not None and torch.equal(x.index, y.index)
    if x.shape == y.shape and alike and shapes[x.layer] == shapes[y.layer] and g.builder.whole(x):
        added = g.builder.add(kind, name, [x.layer, y.layer])
        return dataclasses.replace(x, layer=added.layer)
    named, back = g.builder.arrange(x, y)
    return back(g.builder.add(kind, name, named))


def shifted(g: Graph, x: Value, y: torch.Tensor | float) -> Value:
    """A value plus a constant: a bias of each unit, or a vector for each position."""
    x = g.builder.complete(x)
    constant = y if isinstance(y, torch.Tensor) else torch.tensor(float(y))
    by = g.builder.spread(constant.float(), x)
    units = by.reshape(by.shape[0], -1)
    if not by.any() and id(y) not in g.names:
        return x
    if torch.equal(units, units[:, :1].expand_as(units)):
        added = g.builder.add("add", g.called(y, kind="shift"), [x.layer], {"bias": True}, bias=units[:, 0].clone())
    elif by.dim() == 2:
        added = g.builder.add("position", g.called(y, kind="position"), [x.layer], weight=by.T.contiguous())
    else:
        raise ModelError("adds a constant that differs between the positions of an image, which pare has no layer for")
    return dataclasses.replace(x, layer=added.layer)


@operator("mul")
def mul(g: Graph, x: Operand, y: Operand) -> Value | Scores:
    if not isinstance(x, (Value, Scores)):
        x, y = y, x
    number = y if isinstance(y, (int, float)) else None
    if isinstance(y, torch.Tensor) and y.numel() == 1 and id(y) not in g.names:
        number = y.item()
    if isinstance(x, Scores):
        if number is None:
            raise ModelError("multiplies attention by more than one number, which pare has no layer for")
        return dataclasses.replace(x, scale=x.scale * number)
    assert isinstance(x, Value)
    if number is not None:
        return dataclasses.replace(x, factor=x.factor * number)
    if isinstance(y, Value):
        return both(g, "mul", x, y)
    assert isinstance(y, torch.Tensor)
    x = g.builder.complete(x)
    by = g.builder.spread(y.float(), x)
    units = by.reshape(by.shape[0], -1)
    if not torch.equal(units, units[:, :1].expand_as(units)):
        raise ModelError("multiplies by a constant that differs between positions, which pare has no layer for")
    name = g.called(y, kind="scale")
    if y.numel() == 1:
        added = g.builder.add("gate", name, [x.layer], gate=y.reshape(1).float())
    else:
        added = g.builder.add("gate", name, [x.layer], {"per_channel": True}, gate=units[:, 0].clone())
    return dataclasses.replace(x, layer=added.layer)


@operator("div")
def div(g: Graph, x: Operand, y: Operand, **_: Any) -> Value | Scores:
    if isinstance(y, (Value, Scores)):
        raise ModelError("divides by a value of the network, which pare has no layer for")
    return mul(g, x, 1 / y)


@operator("pow", "square")
def power(g: Graph, x: Value, exponent: float = 2) -> Value:
    if exponent != 2:
        raise ModelError(f"with exponent {exponent} is not one that pare has a layer for")
    return both(g, "mul", x, x)


def masked(x: Scores, mask: Any) -> Scores:
    """Products plus a mask of 0 and −∞."""
    return dataclasses.replace(x, causal=x.causal or is_causal(mask))


@operator("masked_fill")
def masked_fill(g: Graph, x: Scores, mask: torch.Tensor, value: Any) -> Scores:
    if not isinstance(x, Scores) or float(value) > -1e4:
        raise ModelError("is one that pare only has for the products of attention, with −∞")
    return masked(x, ~mask)


def is_causal(mask: Any) -> bool:
    """Whether a mask lets positions see themselves and earlier ones; False where it lets all be seen."""
    if not isinstance(mask, torch.Tensor):
        raise ModelError("has a mask that depends on the input")
    seen = mask if mask.dtype == torch.bool else mask > -math.inf
    if mask.dtype != torch.bool and mask[seen].any() and not mask[~seen].numel():
        seen = mask > -1e4
        if mask[seen].any():
            raise ModelError("adds a bias to the products of attention, which pare's attention has no option for")
    if seen.all():
        return False
    t = seen.shape[-1]
    if torch.equal(seen, torch.ones(t, t, dtype=torch.bool).tril().expand_as(seen)):
        return True
    raise ModelError("has a mask that is not causal")
