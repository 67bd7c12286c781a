"""Normalisations, each with a learned scale ``weight`` and shift ``bias`` of every unit."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from ..shapes import Shape
from .base import Layer, kind


def by_unit(values: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """A value for each unit, in a shape that broadcasts over batch and positions of x."""
    return values.reshape(-1, *[1] * (x.dim() - 2))


@kind("batchnorm")
class BatchNorm(Layer):
    """Each channel over batch and positions (Ioffe & Szegedy 2015), with running statistics in evaluation.

    ``momentum`` is the share of a batch in the running statistics. Input and output have the same shape.
    """

    running_mean: torch.Tensor
    running_var: torch.Tensor

    def __init__(self, inputs: list[Shape], *, eps: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__(inputs)
        self.shape = self.one_input()
        self.eps, self.momentum = float(eps or 1e-5), float(momentum or 0.1)
        self.require(self.eps > 0 and 0 < self.momentum <= 1, f"eps {eps} and momentum {momentum} are not usable")
        self.values("weight", self.shape[0])
        self.values("bias", self.shape[0])
        self.register_buffer("running_mean", torch.zeros(self.shape[0]))
        self.register_buffer("running_var", torch.ones(self.shape[0]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, self.training, self.momentum, self.eps
        )


@kind("layernorm")
class LayerNorm(Layer):
    """The units of each position (Ba et al. 2016). [F], [D, T] or [C, H, W], output of the same form.

    Pruning takes units away that were always 0: mean and variance still count ``width`` units. ``from``
    lists the input unit of each output unit, −1 for one that the input lacks.
    """

    def __init__(
        self, inputs: list[Shape], *, eps: float = 1e-5, width: int = 0, from_: list[int] | None = None
    ) -> None:
        super().__init__(inputs)
        shape = self.one_input()
        self.eps, self.width = float(eps or 1e-5), width or shape[0]
        units = from_
        lacking = units.count(-1) if units else 0
        if units is not None:
            self.ascending([u for u in units if u != -1], shape[0], "from, but for −1,")
        self.require(
            self.width >= shape[0] + lacking, f"width is {width}, the input has {shape[0]} units and {lacking} are lacking"
        )
        self.lacking = self.width - shape[0]
        self.shape = (len(units) if units is not None else shape[0], *shape[1:])
        self.fixed("units", None if units is None else [shape[0] if u < 0 else u for u in units])
        self.values("weight", self.shape[0])
        self.values("bias", self.shape[0])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.units is None and self.lacking == 0:
            y = F.layer_norm(x.movedim(1, -1), (self.shape[0],), self.weight, self.bias, self.eps)
            return y.movedim(-1, 1)
        mean = x.sum(1, keepdim=True) / self.width
        centred = x - mean
        variance = ((centred * centred).sum(1, keepdim=True) + self.lacking * mean * mean) / self.width
        if self.units is not None:
            centred = torch.cat([centred, -mean], 1).index_select(1, self.units)
        y = centred * torch.rsqrt(variance + self.eps)
        return y * by_unit(self.weight, x) + by_unit(self.bias, x)
