#!/usr/bin/env python3
"""Take torchvision's networks through pare and back, and print a table.

    check.py PARE NETWORKS OUT [NAME...]

PARE is the program, NETWORKS the folder that networks.py wrote. Each network comes in
three ways: its state dict and the files of both ONNX exporters. For each, pare's logits
are compared with PyTorch's. One of them is pruned to half of its multiply-accumulates by
magnitude, with certificate, and exported; the result is run by ONNX Runtime, by PyTorch
through pare.load, and by pare from its own ONNX file. All differences are relative to the
largest logit. Times are of whole commands, memory is their peak.

Needs numpy and onnxruntime; torch and the package python/ for the column pare.load.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

import numpy as np
import onnxruntime

TOLERANCE = 1e-5


class Failed(Exception):
    pass


def run(*args):
    """Run a command; return its seconds and its peak memory in MiB."""
    start = time.monotonic()
    with subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as p:
        text = p.stdout.read()
        _, status, usage = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
    if p.returncode != 0:
        last = [line for line in text.strip().splitlines() if line.strip()]
        raise Failed(" ".join(args[1:3]) + ": " + (last[-1] if last else f"status {p.returncode}"))
    return time.monotonic() - start, usage.ru_maxrss / 1024


def difference(got, want):
    return float(np.abs(got - want).max() / np.abs(want).max())


def predict(pare, source, inputs, out, *flags):
    seconds, memory = run(pare, "predict", str(source), "-inputs", str(inputs), "-out", str(out), *flags)
    return np.load(out), seconds, memory


def check(pare, networks, out, name):
    want = np.load(networks / f"{name}.logits.npy")
    inputs = networks / f"{name}.input.npy"
    work = out / name
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    row, bad = {"network": name}, []

    def step(column, f):
        try:
            row[column] = f()
        except Failed as err:
            row[column] = "–"
            bad.append(f"{name}: {column}: {err}")

    for column, source, flags in (
        ("weights", f"{name}.safetensors", ("-model", name)),
        ("script", f"{name}.script.onnx", ()),
        ("dynamo", f"{name}.dynamo.onnx", ()),
    ):
        step(column, lambda: difference(predict(pare, networks / source, inputs, work / "logits.npy", *flags)[0], want))

    pruned = work / "pruned"

    def prune():
        sources = [(networks / f"{name}.safetensors", ("-model", name)), (networks / f"{name}.dynamo.onnx", ())]
        source, flags = sources[0] if row["weights"] != "–" else sources[1]
        seconds, memory = run(pare, "prune", str(source), *flags, "-method", "magnitude", "-macs", "0.5", "-out", str(pruned))
        row["MiB"] = memory
        return seconds

    step("prune s", prune)
    if row["prune s"] == "–":
        return row, bad
    facts = json.loads((pruned / "summary.json").read_text())
    row["MACs"] = facts["macs_after"] / facts["macs_before"]
    row["certificate"] = facts["certificate"]["max_rel_diff"]
    file = work / "model.onnx"
    step("export s", lambda: run(pare, "export", str(pruned), "-onnx", str(file))[0])
    own, _, _ = predict(pare, pruned, inputs, work / "own.npy")
    x = np.load(inputs)

    def runtime():
        session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
        return difference(session.run(None, {session.get_inputs()[0].name: x})[0], own)

    def loaded():
        try:
            import pare as package
            import torch
        except ImportError as err:
            raise Failed(str(err)) from err
        net = package.load(str(pruned)).eval()
        with torch.no_grad():
            return difference(net(torch.from_numpy(x)).numpy(), own)

    step("ONNX Runtime", runtime)
    step("pare.load", loaded)
    step("again", lambda: difference(predict(pare, file, inputs, work / "again.npy")[0], own))
    for column in ("weights", "script", "dynamo", "certificate", "ONNX Runtime", "pare.load", "again"):
        if row[column] != "–" and not row[column] <= TOLERANCE:
            bad.append(f"{name}: {column}: {row[column]:.2g} is above {TOLERANCE:g}")
    return row, bad


COLUMNS = ["network", "weights", "script", "dynamo", "MACs", "certificate", "ONNX Runtime", "pare.load", "again",
           "prune s", "export s", "MiB"]


def text(column, value):
    if not isinstance(value, float):
        return str(value)
    if column == "MACs":
        return f"{value:.3f}"
    return f"{value:.0f}" if column in ("prune s", "export s", "MiB") else f"{value:.1e}"


def main(pare, networks, out, names):
    networks, out = pathlib.Path(networks), pathlib.Path(out)
    names = names or sorted(p.name.removesuffix(".logits.npy") for p in networks.glob("*.logits.npy"))
    failures = []
    print("| " + " | ".join(COLUMNS) + " |\n|---|" + "---:|" * (len(COLUMNS) - 1))
    for name in names:
        row, bad = check(pare, networks, out, name)
        failures += bad
        print("| " + " | ".join(text(c, row.get(c, "–")) for c in COLUMNS) + " |", flush=True)
    for line in failures:
        print(line)
    return 1 if failures else 0


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    sys.exit(main(os.path.abspath(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:]))
