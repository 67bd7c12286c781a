"""Shapes of one example, without the batch: (C, H, W) an image, (F,) a vector, (D, T) a sequence."""

from __future__ import annotations

import math

from .errors import ModelError

Shape = tuple[int, ...]

# The bounds of the Go program: a damaged file must not make a reader run out of memory.
MAX_VALUES = 1 << 31
MAX_AXES = 8
MAX_PLACES = 1 << 24  # units of a layer that lists the places of those that pruning left


def text(shape: Shape) -> str:
    """The shape as messages write it: 3×32×32."""
    return "×".join(map(str, shape))


def check(shape: Shape, what: str) -> None:
    """Refuses a shape that no value has."""
    if not 1 <= len(shape) <= MAX_AXES or min(shape) < 1 or math.prod(shape) > MAX_VALUES:
        raise ModelError(f"{what} {list(shape)} is no shape: one to eight axes, each at least 1")


def positions(shape: Shape) -> int:
    """The number of values of a unit: H·W of an image, T of a sequence, 1 of a vector."""
    return math.prod(shape[1:])
