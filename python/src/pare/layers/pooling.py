"""Maxima and means over windows and whole images."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

from ..shapes import Shape
from .base import Layer, kind
from .geometry import Extent, Windows


@kind("maxpool")
class MaxPool(Windows):
    """Maximum of each window; padding never wins. [C, H, W] to [C, H', W']."""

    def __init__(
        self,
        inputs: list[Shape],
        *,
        kernel: Extent = 2,
        stride: Extent = 0,
        pad: Extent = 0,
        dilation: Extent = 1,
        ceil: bool = False,
    ) -> None:
        super().__init__(inputs)
        shape, self.ceil = self.image(), ceil
        kernel = kernel or 2
        self.shape = (shape[0], *self.windows(shape, kernel, stride or kernel, pad, dilation or 1, ceil))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        pad = self.begin if self.even() else [0, 0]
        x = x if self.even() else self.padded(x, -math.inf)
        return F.max_pool2d(x, self.kernel, self.stride, pad, self.dilation, self.ceil)


@kind("avgpool")
class AvgPool(Windows):
    """Mean of each window; padding counts as zeros, unless ``exclude_pad``. [C, H, W] to [C, H', W']."""

    def __init__(
        self,
        inputs: list[Shape],
        *,
        kernel: Extent = 2,
        stride: Extent = 0,
        pad: Extent = 0,
        ceil: bool = False,
        exclude_pad: bool = False,
    ) -> None:
        super().__init__(inputs)
        shape, self.ceil, self.exclude_pad = self.image(), ceil, exclude_pad
        kernel = kernel or 2
        self.shape = (shape[0], *self.windows(shape, kernel, stride or kernel, pad, 1, ceil))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.even():
            return F.avg_pool2d(x, self.kernel, self.stride, self.begin, self.ceil, not self.exclude_pad)
        mean = F.avg_pool2d(self.padded(x), self.kernel, self.stride, 0, self.ceil)
        if not self.exclude_pad:
            return mean
        counted = self.padded(torch.ones_like(x[:1, :1]))
        return mean / F.avg_pool2d(counted, self.kernel, self.stride, 0, self.ceil)


@kind("globalpool")
class GlobalPool(Layer):
    """Mean over all positions of a channel. [C, H, W] to [C], or to [C, 1, 1] with ``keep_dims``."""

    def __init__(self, inputs: list[Shape], *, keep_dims: bool = False) -> None:
        super().__init__(inputs)
        shape, self.keep_dims = self.image(), keep_dims
        self.shape = (shape[0], 1, 1) if keep_dims else (shape[0],)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean(dim=(2, 3), keepdim=self.keep_dims)
