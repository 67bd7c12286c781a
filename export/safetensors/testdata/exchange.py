"""Reads in.safetensors of the folder argv[1], checks it, writes it back with more dtypes."""
import pathlib
import sys

import numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

folder = pathlib.Path(sys.argv[1])
tensors = load_file(folder / "in.safetensors")
shapes = {k: v.shape for k, v in tensors.items()}
assert shapes == {"z.weight": (2, 3), "empty": (0, 4), "a.scalar": (), 'quote " < é': (1,)}, shapes
assert all(v.dtype == np.float32 for v in tensors.values())
w = np.array([[1, -2, 3.5], [0, np.inf, 2.0**-149]], np.float32)
assert (tensors["z.weight"] == w).all(), tensors
assert tensors["a.scalar"] == 42, tensors
with safe_open(folder / "in.safetensors", "numpy") as f:
    metadata = f.metadata()
assert metadata == {"format": "pt", "a": 'b\n"<'}, metadata
tensors["half"] = np.array([-1, 0.25, 2], np.float16)
tensors["double"] = np.array([-1, 0.25, 2], np.float64)
save_file(tensors, folder / "out.safetensors", metadata)
