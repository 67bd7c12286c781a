"""Windows of convolutions and pooling: kernels, strides, dilation and padding by axis."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from ..shapes import Shape
from .base import Layer

Extent = int | list[int]  # of every axis, or one for each


class Windows(Layer):
    """A layer that goes over windows of an image, or of a sequence."""

    kernel: list[int]
    stride: list[int]
    dilation: list[int]
    begin: list[int]  # padding in front of each axis
    end: list[int]  # and behind it

    def windows(
        self, shape: Shape, kernel: Extent, stride: Extent, pad: Extent, dilation: Extent, ceil: bool = False
    ) -> Shape:
        """Sets the windows over the positions of a shape; returns how many there are along each axis."""
        axes = len(shape) - 1
        self.kernel = self.each("kernel", kernel, axes, 1)
        self.stride = self.each("stride", stride, axes, 1)
        self.dilation = self.each("dilation", dilation, axes, 1)
        pads = self.each("pad", pad, axes, 0, 2 * axes)
        self.begin, self.end = pads[:axes], pads[-axes:]
        out = []
        for i, size in enumerate(shape[1:]):
            span, padded = self.dilation[i] * (self.kernel[i] - 1) + 1, size + self.begin[i] + self.end[i]
            self.require(span <= padded, f"a window of {span} is larger than the padded input of {padded}")
            steps, rest = divmod(padded - span, self.stride[i])
            # PyTorch's rule: a partial window begins inside the image or the padding in front of it.
            out.append(steps + 1 + (ceil and rest > 0 and (steps + 1) * self.stride[i] < size + self.begin[i]))
        return tuple(out)

    def each(self, name: str, value: Extent, axes: int, least: int, longest: int = 0) -> list[int]:
        values = [value] * axes if isinstance(value, int) else value
        self.require(
            len(values) in (axes, longest or axes) and min(values) >= least,
            f"{name} is {value}, it must be a number or a list of {axes}{f' or {longest}' if longest else ''}, "
            f"at least {least}",
        )
        return values

    def even(self) -> bool:
        """Whether the padding is the same on both ends of every axis."""
        return self.begin == self.end

    def cropped(self, y: torch.Tensor) -> torch.Tensor:
        """The windows that count, of those over an input that was padded before."""
        for axis, size in enumerate(self.shape[1:], 2):
            y = y.narrow(axis, 0, size)
        return y

    def padded(self, x: torch.Tensor, value: float = 0.0) -> torch.Tensor:
        """The input with its padding; F.pad lists the last axis first."""
        pads = [n for b, e in zip(reversed(self.begin), reversed(self.end)) for n in (b, e)]
        return F.pad(x, pads, value=value)
