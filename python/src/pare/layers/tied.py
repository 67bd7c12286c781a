"""Layers that share the parameters of a layer before them, and are trained as one with it."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from ..errors import ModelError
from ..shapes import Shape, text
from .base import Layer, make


class Shared(nn.Module):
    """A layer that computes what the layer ``of`` computes, of other inputs.

    It has the parameters of that layer as attributes; ``parameters()`` and ``state_dict()`` list them once, under
    the name of that layer.
    """

    of: Layer

    def __init__(self, of: Layer) -> None:
        super().__init__()
        self.__dict__["of"] = of  # unlike an attribute, not a module within this one

    def __getattr__(self, name: str) -> Any:
        of = self.__dict__.get("of")
        return super().__getattr__(name) if of is None or name.startswith("__") else getattr(of, name)

    def forward(self, *xs: torch.Tensor) -> torch.Tensor:
        return self.of(*xs)

    def extra_repr(self) -> str:
        return f"{self.of.kind}: {self.of.extra_repr()}"


def tied(
    kind: str, inputs: list[Shape], args: dict[str, Any], to: str, root: Layer, given: dict[str, Any]
) -> nn.Module:
    """A layer that shares the parameters of the layer root, whose name is to and whose options are given."""
    if kind == "linear" and root.kind == "embedding":
        layer: Any = make(kind, inputs, {"out": root.weight.shape[0], **args})
        layer.share(root)
        return layer
    if kind != root.kind:
        raise ModelError(f"tied: a layer {kind} cannot share the parameters of {to}, a layer {root.kind}")
    own = {k: v for k, v in args.items() if v}
    if own and own != {k: v for k, v in given.items() if v}:
        raise ModelError(f"tied: its options differ from the options of {to}; leave them out")
    if not list(root.parameters(recurse=False)) and not getattr(root, "of", None):
        raise ModelError(f"tied: a layer {kind} has no parameters to share; leave tied out")
    for name in root.state_dict():
        if name not in dict(root.named_parameters(recurse=False)):
            raise ModelError(
                f"tied: {name} of {to} belongs to one place in the network; give each place a layer of its own"
            )
    if inputs != root.inputs:
        got, want = (", ".join(map(text, s)) for s in (inputs, root.inputs))
        raise ModelError(
            f"tied: it reads {got} and {to} reads {want}; layers of one kind share parameters for equal shapes"
        )
    return Shared(root)
