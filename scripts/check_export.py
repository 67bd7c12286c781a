#!/usr/bin/env python3
"""Checks exported models against other implementations.

    check_export.py RUN [RUN ...]

Each run folder holds model.onnx, model.safetensors and a reference:
inputs.npy [N, C, H, W] and logits.npy [N, K], what the network computes for
them. ONNX Runtime must compute the same at batch sizes 1 and 17, within
TOLERANCE; and the weights must have the same names, shapes and values in both
files. Prints one line a folder and exits with 1 if any check failed.

The reference of a finished run is made by

    pare predict RUN -split test -limit 64 -dump-inputs RUN/inputs.npy
    pare predict RUN -inputs RUN/inputs.npy -out RUN/logits.npy

Needs numpy, onnx, onnxruntime and safetensors.
"""
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper
from safetensors import safe_open

TOLERANCE = 1e-4  # of |logit| + 1
BATCHES = (1, 17)


class Failure(Exception):
    pass


def check_outputs(run):
    """Compares ONNX Runtime with the reference; returns the largest difference."""
    inputs, logits = np.load(run / "inputs.npy"), np.load(run / "logits.npy")
    if len(inputs) == 0 or len(inputs) != len(logits):
        raise Failure(f"{len(inputs)} inputs and {len(logits)} logits")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(run / "model.onnx", options, providers=["CPUExecutionProvider"])
    most = 0.0
    for batch in BATCHES:
        rows = np.arange(batch) % len(inputs)  # repeated if there are few
        (got,) = session.run(["logits"], {"input": inputs[rows]})
        want = logits[rows]
        if got.shape != want.shape:
            raise Failure(f"batch {batch}: logits have shape {got.shape}, expected {want.shape}")
        error = np.abs(got - want) / (np.abs(want) + 1)
        if not np.all(error <= TOLERANCE):  # also false for NaN
            raise Failure(f"batch {batch}: logits differ by {error.max():.3g}, more than {TOLERANCE:g}")
        most = max(most, float(error.max()))
    return most


def check_weights(run):
    """Compares the weights of both files; returns their number."""
    model = onnx.load(run / "model.onnx")
    onnx.checker.check_model(model, full_check=True)
    initializers = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    with safe_open(run / "model.safetensors", framework="numpy") as f:
        tensors = {name: f.get_tensor(name) for name in f.keys()}
    # "layer/what" are constants of the graph, "layer.parameter" are weights.
    weights = {name for name in initializers if "." in name.rsplit("/", 1)[-1]}
    if weights != tensors.keys():
        raise Failure(f"only in one of the two files: {sorted(weights ^ tensors.keys())}")
    for name, tensor in tensors.items():
        other = initializers[name]
        if tensor.dtype != np.float32 or tensor.shape != other.shape:
            raise Failure(f"{name}: {tensor.dtype} {tensor.shape} in safetensors, {other.dtype} {other.shape} in ONNX")
        if not np.array_equal(tensor, other, equal_nan=True):
            raise Failure(f"{name}: values differ")
    return len(tensors)


def main(folders):
    if not folders:
        sys.exit(__doc__)
    failed = False
    for run in map(pathlib.Path, folders):
        try:
            count = check_weights(run)
            most = check_outputs(run)
            print(f"{run}: ok, {count} tensors, logits within {most:.2g}")
        except Exception as e:  # a broken file fails its own folder only
            failed = True
            print(f"{run}: FAILED: {e}")
    sys.exit(failed)


if __name__ == "__main__":
    main(sys.argv[1:])
