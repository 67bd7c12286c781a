"""Layers that arrange units and positions."""

from __future__ import annotations

import torch
import torch.nn.functional as F

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
    """The channels that ``index`` lists, in its order."""

    def __init__(self, inputs: list[Shape], *, index: list[int]) -> None:
        super().__init__(inputs)
        shape = self.one_input()
        self.require(
            len(set(index)) == len(index) > 0 and 0 <= min(index) and max(index) < shape[0],
            f"index must list different channels within 0..{shape[0] - 1}",
        )
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


@kind("first")
class First(Layer):
    """The first position of a sequence, such as a class token's. [D, T] to [D]."""

    def __init__(self, inputs: list[Shape]) -> None:
        super().__init__(inputs)
        self.shape = self.sequence()[:1]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[:, :, 0]


@kind("tokens")
class Tokens(Layer):
    """An image as the sequence of its positions, row by row. [C, H, W] to [C, H·W]."""

    def __init__(self, inputs: list[Shape]) -> None:
        super().__init__(inputs)
        shape = self.image()
        self.shape = (shape[0], shapes.positions(shape))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.flatten(2)


@kind("classtoken")
class ClassToken(Layer):
    """A learned vector ``weight`` in front of a sequence (Dosovitskiy et al. 2021). [D, T] to [D, T+1]."""

    def __init__(self, inputs: list[Shape]) -> None:
        super().__init__(inputs)
        units, length = self.sequence()
        self.shape = (units, length + 1)
        self.values("weight", units)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([self.weight[None, :, None].expand(x.shape[0], -1, 1), x], 2)


@kind("repeat")
class Repeat(Layer):
    """The units that ``from`` lists, in its order, any number of times. [C, …] to [len(from), …]."""

    def __init__(self, inputs: list[Shape], *, from_: list[int]) -> None:
        super().__init__(inputs)
        shape = self.one_input()
        self.require(
            len(from_) > 0 and 0 <= min(from_) and max(from_) < shape[0],
            f"from must list units within 0..{shape[0] - 1}",
        )
        self.shape = (len(from_), *shape[1:])
        self.fixed("index", from_)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.index_select(1, self.index)


@kind("reverse")
class Reverse(Layer):
    """The positions of a sequence from last to first. [D, T] to [D, T]."""

    def __init__(self, inputs: list[Shape]) -> None:
        super().__init__(inputs)
        self.shape = self.sequence()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.flip(2)


@kind("pixelshuffle")
class PixelShuffle(Layer):
    """Blocks of ``factor``² channels as ``factor`` × ``factor`` pixels (Shi et al. 2016).

    [C·factor², H, W] to [C, factor·H, factor·W].
    """

    def __init__(self, inputs: list[Shape], *, factor: int = 2) -> None:
        super().__init__(inputs)
        c, h, w = self.image()
        self.factor = factor or 2
        self.require(
            self.factor > 0 and c % self.factor**2 == 0, f"{c} channels do not divide into blocks of {factor}²"
        )
        self.shape = (c // self.factor**2, h * self.factor, w * self.factor)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.pixel_shuffle(x, self.factor)


@kind("upsample")
class Upsample(Layer):
    """A larger image: pixels repeated (``mode`` nearest) or interpolated (bilinear).

    ``scale`` is the factor, ``size`` the result: a number or [height, width]. With ``align_corners`` the
    corners stay corners.
    """

    def __init__(
        self,
        inputs: list[Shape],
        *,
        scale: int | list[int] = 0,
        size: int | list[int] = 0,
        mode: str = "nearest",
        align_corners: bool = False,
    ) -> None:
        super().__init__(inputs)
        c, h, w = self.image()
        self.require(not (scale and size), f"scale {scale} and size {size} exclude each other")
        self.mode = mode or "nearest"
        self.require(self.mode in ("nearest", "bilinear"), f"mode is {mode!r}, it must be nearest or bilinear")
        self.require(not align_corners or self.mode == "bilinear", "align_corners needs mode bilinear")
        pair = size or scale or 2
        pair = [pair, pair] if isinstance(pair, int) else pair
        self.require(len(pair) == 2 and min(pair) > 0, f"{pair} must be two positive numbers")
        self.size = pair if size else [h * pair[0], w * pair[1]]
        self.align_corners = align_corners if self.mode == "bilinear" else None
        self.shape = (c, *self.size)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.interpolate(x, self.size, mode=self.mode, align_corners=self.align_corners)
