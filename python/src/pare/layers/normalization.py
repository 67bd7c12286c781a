"""Normalisations, each with a learned scale ``weight`` and shift ``bias`` of every unit."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from .. import shapes
from ..shapes import Shape
from .base import PLACE, Layer, kind


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
        self.register_buffer("running_mean", torch.zeros(self.shape[0], device=PLACE.get()))
        self.register_buffer("running_var", torch.ones(self.shape[0], device=PLACE.get()))

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
            self.width >= shape[0] + lacking,
            f"width is {width}, the input has {shape[0]} units and {lacking} are lacking",
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


@kind("rmsnorm")
class RMSNorm(Layer):
    """The units of each position over the root of the mean of their squares (Zhang & Sennrich 2019), times ``weight``.

    ``width`` is the number of units that the mean counts, ``from`` the input unit of each output unit.
    """

    def __init__(
        self, inputs: list[Shape], *, eps: float = 1e-6, width: int = 0, from_: list[int] | None = None
    ) -> None:
        super().__init__(inputs)
        shape = self.one_input()
        self.eps, self.width = float(eps or 1e-6), width or shape[0]
        self.require(self.width >= shape[0], f"width is {width}, the input has {shape[0]} units")
        if from_ is not None:
            self.ascending(from_, shape[0], "from")
        self.shape = (shape[0] if from_ is None else len(from_), *shape[1:])
        self.fixed("units", from_)
        self.values("weight", self.shape[0])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        scale = torch.rsqrt((x * x).sum(1, keepdim=True) / self.width + self.eps)
        if self.units is not None:
            x = x.index_select(1, self.units)
        return x * scale * by_unit(self.weight, x)


@kind("instancenorm")
class InstanceNorm(Layer):
    """Each unit of an example over its positions (Ulyanov et al. 2016). [D, T] or [C, H, W]."""

    def __init__(self, inputs: list[Shape], *, eps: float = 1e-5) -> None:
        super().__init__(inputs)
        self.shape, self.eps = self.one_input(), float(eps or 1e-5)
        self.require(len(self.shape) > 1, "needs units of more than one position")
        self.values("weight", self.shape[0])
        self.values("bias", self.shape[0])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.instance_norm(x, weight=self.weight, bias=self.bias, eps=self.eps)


@kind("groupnorm")
class GroupNorm(Layer):
    """Groups of units of an example, each over all its units and positions (Wu & He 2018).

    Place p of a unit belongs to group p/``width``. After pruning ``places`` lists the place of each input
    unit and ``outputs`` of each output unit; missing units count as zeros.
    """

    def __init__(
        self,
        inputs: list[Shape],
        *,
        groups: int,
        eps: float = 1e-5,
        width: int = 0,
        places: list[int] | None = None,
        outputs: list[int] | None = None,
    ) -> None:
        super().__init__(inputs)
        shape = self.one_input()
        self.groups, self.eps = groups, float(eps or 1e-5)
        self.require(groups >= 1, f"groups is {groups}, it must be at least 1")
        self.require(width > 0 or shape[0] % groups == 0, f"{shape[0]} units do not divide into {groups} groups")
        self.width = width or shape[0] // groups
        total = groups * self.width
        self.require(
            total <= shapes.MAX_PLACES, f"{groups} groups of {self.width} are more than {shapes.MAX_PLACES} units"
        )
        fed = places if places is not None else list(range(total))
        self.require(len(fed) == shape[0], f"{len(fed)} places for the {shape[0]} units of the input")
        self.ascending(fed, total, "places")
        given = outputs if outputs is not None else fed
        self.ascending(given, total, "outputs")
        self.shape = (len(given), *shape[1:])
        self.whole = fed == given == list(range(total))
        self.fixed("at", fed)  # of the input's units among all places
        self.fixed("outputs", given)
        self.values("weight", len(given))
        self.values("bias", len(given))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.whole:
            return F.group_norm(x, self.groups, self.weight, self.bias, self.eps)
        places = x.new_zeros(x.shape[0], self.groups * self.width, *x.shape[2:]).index_copy(1, self.at, x)
        y = F.group_norm(places, self.groups, eps=self.eps).index_select(1, self.outputs)
        return y * by_unit(self.weight, x) + by_unit(self.bias, x)
