"""Writes scipy.mat, packed, and plain.mat into the folder argv[1]. testdata/scipy.mat is of
SciPy 1.17.1."""
import pathlib
import sys

import numpy as np
import scipy.io

folder = pathlib.Path(sys.argv[1])
h, w, c, n = np.ogrid[:4, :4, :3, :5]
arrays = {
    "X": (h * 60 + w * 15 + c * 5 + n).astype(np.uint8),  # the layout of SVHN
    "y": np.array([[1], [2], [3], [4], [10]], np.uint8),
    "doubles": np.array([[0.5, 1, 2, -1e300]]),
    "i64": np.int64(-(2**40)),
    "text": "some text",
    "cells": np.array([[1, 2], "a"], dtype=object),
}
scipy.io.savemat(folder / "scipy.mat", arrays, do_compression=True)
scipy.io.savemat(folder / "plain.mat", arrays)
