"""Writes 0, 1, … 23 as an array of shape (2, 3, 4) into the folder argv[1] in every type,
byte order and order of indices that is read, and into archives."""
import pathlib
import sys

import numpy as np

folder = pathlib.Path(sys.argv[1])
x = np.arange(24).reshape(2, 3, 4)
types = ["|b1", "|u1", "|i1"] + [o + t for o in "<>" for t in ("u2", "u4", "u8", "i2", "i4", "i8", "f4", "f8")] + ["<f2"]
for dtype in types:
    for order in "CF":
        name = dtype[1:] + ("_big" if dtype[0] == ">" else "") + "_" + order
        np.save(folder / f"{name}.npy", np.array(x, dtype=dtype, order=order))
y = np.asfortranarray(x.astype(">i2"))
np.savez(folder / "plain.npz", x=x, y=y)
np.savez_compressed(folder / "packed.npz", x=x, y=y)
