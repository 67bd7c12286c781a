"""Convolutions."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from ..shapes import Shape
from .base import kind
from .geometry import Extent, Windows


@kind("conv")
class Conv(Windows):
    """2-D convolution. [C, H, W] to [out, H', W']; weight [out, C/groups, kh, kw] and bias [out].

    ``pad`` is a number, [height, width] or [top, left, bottom, right] zeros.
    """

    convolve = staticmethod(F.conv2d)
    count = 2  # axes of the windows

    def __init__(
        self,
        inputs: list[Shape],
        *,
        out: int,
        kernel: Extent = 3,
        stride: Extent = 1,
        pad: Extent = 0,
        dilation: Extent = 1,
        groups: int = 1,
        no_bias: bool = False,
    ) -> None:
        super().__init__(inputs)
        shape = self.image() if self.count == 2 else self.sequence()
        self.groups = groups or 1
        self.require(out >= 1 and self.groups >= 1, f"out is {out} and groups {groups}, both must be at least 1")
        self.require(
            shape[0] % self.groups == 0 and out % self.groups == 0,
            f"{shape[0]} input and {out} output channels do not divide into {self.groups} groups",
        )
        self.shape = (out, *self.windows(shape, kernel or 3, stride or 1, pad, dilation or 1))
        self.values("weight", out, shape[0] // self.groups, *self.kernel)
        if no_bias:
            self.bias = None
        else:
            self.values("bias", out)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        pad = self.begin if self.even() else [0] * self.count
        x = x if self.even() else self.padded(x)
        return self.convolve(x, self.weight, self.bias, self.stride, pad, self.dilation, self.groups)


@kind("conv1d")
class Conv1d(Conv):
    """Convolution along a sequence. [C, T] to [out, T']; ``pad`` is a number or [before, behind] zeros."""

    convolve = staticmethod(F.conv1d)
    count = 1


@kind("depthwise")
class Depthwise(Conv):
    """2-D convolution of each channel by itself, with ``multiplier`` outputs for each.

    [C, H, W] to [C·multiplier, H', W'].
    """

    def __init__(
        self,
        inputs: list[Shape],
        *,
        multiplier: int = 1,
        kernel: Extent = 3,
        stride: Extent = 1,
        pad: Extent = 0,
        dilation: Extent = 1,
        no_bias: bool = False,
    ) -> None:
        channels = inputs[0][0] if inputs else 1
        super().__init__(
            inputs,
            out=channels * (multiplier or 1),
            kernel=kernel,
            stride=stride,
            pad=pad,
            dilation=dilation,
            groups=channels,
            no_bias=no_bias,
        )


@kind("convtranspose")
class ConvTranspose(Windows):
    """Transposed 2-D convolution, the gradient of a convolution as a layer. [C, H, W] to [out, H', W'].

    Weight [C, out/groups, kh, kw] and bias [out]. The output loses ``pad`` positions on every side and
    gains ``output_pad`` at its end.
    """

    def __init__(
        self,
        inputs: list[Shape],
        *,
        out: int,
        kernel: Extent = 3,
        stride: Extent = 1,
        pad: Extent = 0,
        dilation: Extent = 1,
        output_pad: Extent = 0,
        groups: int = 1,
        no_bias: bool = False,
    ) -> None:
        super().__init__(inputs)
        c, *size = self.image()
        self.groups = groups or 1
        self.kernel = self.each("kernel", kernel or 3, 2, 1)
        self.stride = self.each("stride", stride or 1, 2, 1)
        self.dilation = self.each("dilation", dilation or 1, 2, 1)
        self.output_pad = self.each("output_pad", output_pad, 2, 0)
        pads = self.each("pad", pad, 2, 0, 4)
        self.begin, self.end = pads[:2], pads[-2:]
        self.require(
            out >= 1 and self.groups >= 1 and c % self.groups == out % self.groups == 0,
            f"{c} input and {out} output channels do not divide into {self.groups} groups",
        )
        spans = [
            (n - 1) * s + d * (k - 1) + 1 + o
            for n, s, d, k, o in zip(size, self.stride, self.dilation, self.kernel, self.output_pad)
        ]
        self.shape = (out, *(n - b - e for n, b, e in zip(spans, self.begin, self.end)))
        self.values("weight", c, out // self.groups, *self.kernel)
        if no_bias:
            self.bias = None
        else:
            self.values("bias", out)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        pad = self.begin if self.even() else [0, 0]
        y = F.conv_transpose2d(x, self.weight, self.bias, self.stride, pad, self.output_pad, self.groups, self.dilation)
        if self.even():
            return y
        for axis, (begin, size) in enumerate(zip(self.begin, self.shape[1:]), 2):
            y = y.narrow(axis, begin, size)
        return y
