"""The layers of pare as PyTorch modules, a class for each kind of architecture.json.

Tensors have the batch in front: images [N, C, H, W], vectors [N, F], sequences [N, D, T]. Docstrings
give shapes without it. ``KINDS`` has the classes by kind.
"""

from . import activation, attention, channels, convolution, linear, normalization, pooling, recurrent, sums
from .base import KINDS, Layer, make, without_values
from .tied import Shared, tied

__all__ = [
    "KINDS",
    "Layer",
    "Shared",
    "make",
    "tied",
    "without_values",
    "activation",
    "attention",
    "channels",
    "convolution",
    "linear",
    "normalization",
    "pooling",
    "recurrent",
    "sums",
]
