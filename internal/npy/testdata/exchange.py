"""Reads in.npy of the folder argv[1] and writes it back in every accepted form."""
import pathlib
import sys

import numpy as np

folder = pathlib.Path(sys.argv[1])
x = np.load(folder / "in.npy")
assert x.dtype == np.float32 and x.shape == (2, 3, 4), (x.dtype, x.shape)
assert (x == np.arange(24).reshape(2, 3, 4)).all(), x
for dtype in ("<f4", "<f8", "|u1", "<i4", "<i8"):
    for order in "CF":
        for version in ((1, 0), (2, 0)):
            name = f"out_{dtype[1:]}_{order}_{version[0]}.npy"
            with open(folder / name, "wb") as f:
                y = np.array(x, dtype=dtype, order=order)
                np.lib.format.write_array(f, y, version=version)
