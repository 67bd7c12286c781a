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

    maximum = staticmethod(F.max_pool2d)
    count = 2  # axes of the windows

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
        shape, self.ceil = self.image() if self.count == 2 else self.sequence(), ceil
        kernel = kernel or 2
        self.shape = (shape[0], *self.windows(shape, kernel, stride or kernel, pad, dilation or 1, ceil))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.even():
            return self.maximum(x, self.kernel, self.stride, self.begin, self.dilation, self.ceil)
        return self.cropped(
            self.maximum(self.padded(x, -math.inf), self.kernel, self.stride, 0, self.dilation, self.ceil)
        )


@kind("avgpool")
class AvgPool(Windows):
    """Mean of each window; padding counts as zeros, unless ``exclude_pad``. [C, H, W] to [C, H', W']."""

    mean = staticmethod(F.avg_pool2d)
    count = 2  # axes of the windows

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
        shape = self.image() if self.count == 2 else self.sequence()
        self.ceil, self.exclude_pad = ceil, exclude_pad
        kernel = kernel or 2
        self.shape = (shape[0], *self.windows(shape, kernel, stride or kernel, pad, 1, ceil))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.even():
            return self.mean(x, self.kernel, self.stride, self.begin, self.ceil, not self.exclude_pad)
        mean = self.mean(self.padded(x), self.kernel, self.stride, 0, self.ceil)
        if self.exclude_pad:
            counted = self.padded(torch.ones_like(x[:1, :1]))
            mean = mean / self.mean(counted, self.kernel, self.stride, 0, self.ceil)
        return self.cropped(mean)


@kind("maxpool1d")
class MaxPool1d(MaxPool):
    """Maximum of each window of a sequence. [C, T] to [C, T']; ``pad`` is a number or [before, behind]."""

    maximum = staticmethod(F.max_pool1d)
    count = 1


@kind("avgpool1d")
class AvgPool1d(AvgPool):
    """Mean of each window of a sequence. [C, T] to [C, T']; ``pad`` is a number or [before, behind]."""

    mean = staticmethod(F.avg_pool1d)
    count = 1


@kind("adaptiveavgpool")
class AdaptiveAvgPool(Windows):
    """Mean over windows, as many as ``out`` has rows and columns, in PyTorch's places. [C, H, W] to [C, out, out]."""

    def __init__(self, inputs: list[Shape], *, out: Extent = 1) -> None:
        super().__init__(inputs)
        self.out = self.each("out", out or 1, 2, 1)
        self.shape = (self.image()[0], *self.out)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.adaptive_avg_pool2d(x, self.out)


@kind("globalpool")
class GlobalPool(Layer):
    """Mean over all positions of a channel. [C, H, W] to [C], or to [C, 1, 1] with ``keep_dims``."""

    def __init__(self, inputs: list[Shape], *, keep_dims: bool = False) -> None:
        super().__init__(inputs)
        shape, self.keep_dims = self.image(), keep_dims
        self.shape = (shape[0], 1, 1) if keep_dims else (shape[0],)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean(dim=(2, 3), keepdim=self.keep_dims)
