"""Values of a traced graph as units and positions of pare's layers."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import torch

from ..errors import ModelError


@dataclasses.dataclass(frozen=True)
class Value:
    """A tensor of the graph, each of whose elements is one element of a layer's output.

    ``index`` says which: an integer tensor of the value's shape, with offsets in the output of the whole
    batch, channels first. None stands for all offsets in order, whatever the shape. An operator that only
    moves elements is executed on the index, so views, transpositions and slices cost no layers.
    ``factor`` is a number that the elements are still to be multiplied by.
    """

    layer: str
    shape: tuple[int, ...]
    index: torch.Tensor | None = None
    factor: float = 1.0

    def offsets(self) -> torch.Tensor:
        """The index, made where it is in order."""
        if self.index is not None:
            return self.index
        count = 1
        for n in self.shape:
            count *= n
        return torch.arange(count).reshape(self.shape)

    def moved(self, index: torch.Tensor) -> Value:
        """The value with other elements of the same layer."""
        flat = index.flatten()
        return dataclasses.replace(
            self, shape=tuple(index.shape), index=None if in_order(flat, self.total()) else index
        )

    def total(self) -> int:
        """The elements of the value."""
        count = 1
        for n in self.shape:
            count *= n
        return count

    def move(self, f: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Executes an operator that only moves elements; the value where it gives several."""
        out = f(self.offsets(), *args, **kwargs)
        if isinstance(out, torch.Tensor):
            return self.moved(out)
        return [self.moved(o) for o in out]


def in_order(flat: torch.Tensor, count: int) -> bool:
    return flat.numel() == count and bool(torch.equal(flat, torch.arange(count)))


@dataclasses.dataclass(frozen=True)
class Scores:
    """Products of queries [N, heads, T, d] with keys of that shape, before or behind the softmax."""

    q: Value
    k: Value
    shape: tuple[int, ...]
    scale: float = 1.0
    causal: bool = False
    softmax: bool = False


@dataclasses.dataclass(frozen=True)
class Stack:
    """The last hidden states of recurrent layers, [layers, N, hidden]."""

    values: list[Value]

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.values), *self.values[0].shape)

    def pick(self, name: str, *args: Any) -> Value:
        """One layer's state; other operators on them have no layers."""
        if name == "select" and args[0] == 0:
            return self.values[args[1]]
        if name in ("squeeze", "reshape", "view") and len(self.values) == 1:
            return self.values[0]
        raise ModelError(f"{name} of the states of all layers is not one that pare has a layer for; take one by h[-1]")
