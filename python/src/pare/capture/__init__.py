"""PyTorch modules as networks of pare: ``torch.export`` gives the graph of ATen operators."""

from . import convolutional, elementwise, sequential
from .save import save

__all__ = ["convolutional", "elementwise", "save", "sequential"]
