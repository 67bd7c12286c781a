"""Functions of single values; input and output have the same shape."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from ..shapes import Shape
from .base import Layer, kind


class Activation(Layer):
    """A layer whose output has the shape of its input."""

    def __init__(self, inputs: list[Shape]) -> None:
        super().__init__(inputs)
        self.shape = self.one_input()


@kind("relu")
class ReLU(Activation):
    """max(x, 0)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(x)


@kind("leaky_relu")
class LeakyReLU(Activation):
    """x, or slope·x below 0; slope 0.01 where it is left out."""

    def __init__(self, inputs: list[Shape], *, slope: float = 0.01) -> None:
        super().__init__(inputs)
        self.slope = float(slope)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.leaky_relu(x, self.slope)


@kind("sigmoid")
class Sigmoid(Activation):
    """1/(1+e^−x)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(x)


@kind("tanh")
class Tanh(Activation):
    """Hyperbolic tangent."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.tanh(x)


@kind("gelu")
class GELU(Activation):
    """x·Φ(x), exact (Hendrycks & Gimpel 2016)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.gelu(x)


@kind("silu")
class SiLU(Activation):
    """x·sigmoid(x)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.silu(x)


@kind("relu6")
class ReLU6(Activation):
    """min(max(x, 0), 6)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu6(x)


@kind("clip")
class Clip(Activation):
    """min(max(x, ``min``), ``max``), either of which may be left out."""

    def __init__(self, inputs: list[Shape], *, min: float | None = None, max: float | None = None) -> None:
        super().__init__(inputs)
        self.require(min is not None or max is not None, "min and max are missing; give one or both")
        self.require(min is None or max is None or min <= max, f"max is {max}, it must be at least min, {min}")
        self.min, self.max = (None if v is None else float(v) for v in (min, max))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.clamp(x, self.min, self.max)


@kind("hardswish")
class Hardswish(Activation):
    """x·min(max(x + 3, 0), 6)/6 (Howard et al. 2019)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.hardswish(x)


@kind("hardsigmoid")
class Hardsigmoid(Activation):
    """min(max(x + 3, 0), 6)/6."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.hardsigmoid(x)


@kind("mish")
class Mish(Activation):
    """x·tanh(log(1 + e^x)) (Misra 2019)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.mish(x)


@kind("gelu_tanh")
class GELUTanh(Activation):
    """x·Φ(x) with the approximation by tanh (Hendrycks & Gimpel 2016)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.gelu(x, approximate="tanh")


@kind("prelu")
class PReLU(Activation):
    """x, or a learned slope ``weight`` times x below 0: one for all, or one for each channel (He et al. 2015)."""

    def __init__(self, inputs: list[Shape], *, per_channel: bool = False) -> None:
        super().__init__(inputs)
        self.values("weight", self.shape[0] if per_channel else 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.prelu(x, self.weight)


@kind("elu")
class ELU(Activation):
    """x, or e^x−1 below 0."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.elu(x)


@kind("softplus")
class Softplus(Activation):
    """log(1+e^x)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.softplus(x)


@kind("fatrelu")
class FATReLU(Activation):
    """x where x is at least ``threshold``, else 0 (Kurtz et al. 2020)."""

    def __init__(self, inputs: list[Shape], *, threshold: float = 0.0) -> None:
        super().__init__(inputs)
        self.require(threshold >= 0, f"threshold is {threshold}, it must be at least 0")
        self.threshold = float(threshold)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.where(x >= self.threshold, F.relu(x), 0.0)


@kind("dropout")
class Dropout(Activation):
    """Random zeros while training, with probability ``p``; the other values grow by 1/(1−p)."""

    def __init__(self, inputs: list[Shape], *, p: float = 0.5) -> None:
        super().__init__(inputs)
        self.require(0 <= p < 1, f"p is {p}, it must lie in [0, 1)")
        self.p = float(p)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.dropout(x, self.p, self.training)
