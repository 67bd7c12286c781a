"""Layers that arrange units and positions and compute nothing."""

from __future__ import annotations

import torch

from .. import shapes
from ..shapes import Shape
from .base import Layer, kind


@kind("concat")
class Concat(Layer):
    """Channels of the inputs one after another."""

    def __init__(self, inputs: list[Shape]) -> None:
        super().__init__(inputs)
        self.require(len(inputs) > 0, "needs at least one input")
        for k, shape in enumerate(inputs):
            self.require(
                len(shape) == len(inputs[0]) and shape[1:] == inputs[0][1:],
                f"input {k + 1} has shape {shapes.text(shape)}, which does not fit {shapes.text(inputs[0])}",
            )
        self.shape = (sum(s[0] for s in inputs), *inputs[0][1:])

    def forward(self, *xs: torch.Tensor) -> torch.Tensor:
        return torch.cat(xs, 1)


@kind("select")
class Select(Layer):
    """The channels that ``index`` lists, ascending."""

    def __init__(self, inputs: list[Shape], *, index: list[int]) -> None:
        super().__init__(inputs)
        shape = self.one_input()
        self.ascending(index, shape[0])
        self.shape = (len(index), *shape[1:])
        self.fixed("index", index)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.index_select(1, self.index)


@kind("flatten")
class Flatten(Layer):
    """[C, H, W] to [C·H·W] in PyTorch's order; with ``index`` only these positions of it."""

    def __init__(self, inputs: list[Shape], *, index: list[int] | None = None) -> None:
        super().__init__(inputs)
        shape = self.one_input()
        size = shape[0] * shapes.positions(shape)
        if index is not None:
            self.ascending(index, size)
        self.shape = (size if index is None else len(index),)
        self.fixed("index", index)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x.flatten(1)
        return x if self.index is None else x.index_select(1, self.index)


@kind("last")
class Last(Layer):
    """The last position of a sequence. [D, T] to [D]."""

    def __init__(self, inputs: list[Shape]) -> None:
        super().__init__(inputs)
        self.shape = self.sequence()[:1]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[:, :, -1]
