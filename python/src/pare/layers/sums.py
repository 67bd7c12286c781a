"""Sums and products of values of a network."""

from __future__ import annotations

import torch

from .. import shapes
from ..errors import ModelError
from ..shapes import Shape
from .base import Layer, kind
from .normalization import by_unit


def placed(x: torch.Tensor, places: torch.Tensor | None) -> torch.Tensor:
    """The units of x at their places; places names the unit of x for each unit of the result, the one
    behind the last for a zero."""
    if places is None:
        return x
    zero = torch.zeros_like(x[:, :1])
    return torch.cat([x, zero], 1).index_select(1, places)


def places(index: list[int] | None, units: int) -> list[int] | None:
    """The argument of ``placed`` for the places of the units."""
    if index is None:
        return None
    if units > shapes.MAX_PLACES:
        raise ModelError(f"{units} units are more than the {shapes.MAX_PLACES} that places may be listed of")
    out = [len(index)] * units
    for i, u in enumerate(index):
        out[u] = i
    return out


@kind("add")
class Add(Layer):
    """Sum of the inputs, plus a learned ``bias`` of each unit with the option of that name.

    Pruning leaves inputs with some of the units only: ``index`` lists, for each input, the output unit of
    each of its units (None: all in order), and ``units`` is the number of units of the output.
    """

    def __init__(
        self, inputs: list[Shape], *, index: list[list[int] | None] | None = None, units: int = 0, bias: bool = False
    ) -> None:
        super().__init__(inputs)
        self.require(len(inputs) > 0, "needs at least one input")
        lists = index if index is not None else [None] * len(inputs)
        self.require(len(lists) == len(inputs), f"has {len(inputs)} inputs and {len(lists)} index lists")
        units = units or inputs[0][0]
        self.shape = (units, *inputs[0][1:])
        for k, (shape, at) in enumerate(zip(inputs, lists)):
            if at is not None:
                self.ascending(at, units)
            want = (units if at is None else len(at), *self.shape[1:])
            self.require(shape == want, f"input {k + 1} has shape {shapes.text(shape)}, expected {shapes.text(want)}")
            self.fixed(f"places{k}", places(at, units))
        if bias:
            self.values("bias", units)
        else:
            self.bias = None

    def forward(self, *xs: torch.Tensor) -> torch.Tensor:
        total = placed(xs[0], self.places0)
        for k, x in enumerate(xs[1:], 1):
            total = total + placed(x, getattr(self, f"places{k}"))
        return total if self.bias is None else total + by_unit(self.bias, total)


@kind("mul")
class Mul(Layer):
    """Product of two inputs of one shape, or of [C, …] and [C] or [C, 1, 1]: a factor of each channel."""

    def __init__(self, inputs: list[Shape]) -> None:
        super().__init__(inputs)
        self.require(len(inputs) == 2, f"takes two inputs, got {len(inputs)}")
        a, b = sorted(inputs, key=lambda s: (shapes.positions(s), len(s)), reverse=True)
        self.require(
            a == b or a[0] == b[0] and shapes.positions(b) == 1,
            f"the inputs have shapes {shapes.text(inputs[0])} and {shapes.text(inputs[1])}",
        )
        self.shape = a

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        axes = max(x.dim(), y.dim())
        x, y = (v.reshape(*v.shape, *[1] * (axes - v.dim())) for v in (x, y))
        return x * y


@kind("gate")
class Gate(Layer):
    """A learned factor ``gate``: one for the path, or one for each channel with ``per_channel``."""

    def __init__(self, inputs: list[Shape], *, per_channel: bool = False) -> None:
        super().__init__(inputs)
        self.shape = self.one_input()
        self.values("gate", self.shape[0] if per_channel else 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * by_unit(self.gate, x)


@kind("rescale")
class Rescale(Layer):
    """scale·x + shift with fixed numbers of each unit of a vector: from standardised numbers to their units."""

    def __init__(self, inputs: list[Shape], *, scale: list[float], shift: list[float]) -> None:
        super().__init__(inputs)
        self.shape = self.axes(1, "a vector")
        units = self.shape[0]
        self.require(
            len(scale) == len(shift) == units, f"{len(scale)} factors and {len(shift)} shifts for {units} units"
        )
        self.require(all(scale), "no factor may be 0")
        self.fixed("scale", [float(v) for v in scale])
        self.fixed("shift", [float(v) for v in shift])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.scale + self.shift


@kind("constant")
class Constant(Layer):
    """A learned ``bias`` of each unit at every position, whatever the input; ``shape`` is one example's."""

    def __init__(self, inputs: list[Shape], *, shape: list[int]) -> None:
        super().__init__(inputs)
        self.one_input()
        self.shape = tuple(shape)
        shapes.check(self.shape, "constant: shape")
        self.values("bias", shape[0])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.bias.reshape(1, -1, *[1] * (len(self.shape) - 1)).expand(x.shape[0], *self.shape)
