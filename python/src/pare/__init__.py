"""Networks of pare in PyTorch, and PyTorch's networks for pare.

``load`` reads a run of pare as a trainable module; ``save`` writes a module for pare to prune.
``read_metrics`` and ``read_results`` give pandas frames (pip install pare[frames]).
"""

from .capture import save
from .errors import ModelError, UnsupportedError
from .folder import load
from .frames import read_metrics, read_results
from .network import Network, Preprocess

__all__ = ["ModelError", "Network", "Preprocess", "UnsupportedError", "load", "read_metrics", "read_results", "save"]
__version__ = "0.1.0"
