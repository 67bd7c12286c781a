"""Measures the time from the start of a process to 99 % test accuracy on MNIST, for lenet5
in pare and in PyTorch, which run in turn on several seeds, and prints a Markdown table.

    python3 scripts/bench/mnist99.py --data FOLDER [--python PYTHON] [--seeds 1,2,3]

Both read the four .gz files, use the same batches, optimizer and rate, and evaluate the
10,000 test images after the same numbers of steps. Each draws its own order and parameters,
from the same distributions.
"""
import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time

import host


def main():
    parser = argparse.ArgumentParser(description="Measures the time to an accuracy on MNIST.")
    parser.add_argument("--data", required=True, help="folder with the four .gz files of MNIST")
    parser.add_argument("--python", default=sys.executable, help="interpreter with PyTorch; default: this one")
    parser.add_argument("--seeds", default="1,2,3", help="default: 1,2,3")
    parser.add_argument("--target", type=float, default=0.99, help="test accuracy to reach; default 0.99")
    parser.add_argument("--every", type=int, default=200, help="steps between evaluations; default 200")
    parser.add_argument("--batch", type=int, default=64, help="default 64")
    parser.add_argument("--lr", type=float, default=0.02, help="of SGD with momentum 0.9; default 0.02")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        compare(args, host.build("scripts/bench/mnist99", folder))


def compare(args, pare):
    options = {"data": args.data, "batch": args.batch, "every": args.every, "lr": args.lr, "target": args.target}
    script = host.ROOT / "scripts" / "bench" / "torch_mnist.py"
    load, rows, sides = host.load(), [], ([], [])
    for seed in args.seeds.split(","):
        ours = run([pare, *flags("-", {**options, "seed": seed})])
        theirs = run([args.python, script, *flags("--", {**options, "seed": seed})])
        sides[0].append(ours)
        sides[1].append(theirs)
        rows.append([f"seed {seed}", *cells(ours, theirs)])
        print(" | ".join(rows[-1]), file=sys.stderr)
    rows.append(["median", *cells(*map(medians, sides))])
    torch = subprocess.run([args.python, "-c", "import torch; print(torch.__version__)"], check=True,
                           capture_output=True, text=True).stdout.strip()
    print(host.header(Go=host.go_version(), PyTorch=torch, batch=args.batch, load=load, **{
        "learning rate": args.lr, "test accuracy": args.target, "steps between evaluations": args.every}))
    print(host.table(["run", "pare s", "PyTorch s", "pare / PyTorch", "to first step, pare s", "PyTorch s",
                      "steps, pare", "PyTorch", "a step with its share of evaluation, pare ms", "PyTorch ms"], rows))


def medians(runs):
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def flags(dashes, options):
    return [word for key, value in options.items() for word in (dashes + key, str(value))]


def run(command):
    """Runs one side; the clock stops when it says that it is done."""
    start = time.monotonic()
    with subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True) as process:
        begun = event(process, "training") and time.monotonic() - start
        outcome = event(process, "done")
        seconds = time.monotonic() - start
    if process.returncode != 0 or not outcome:
        sys.exit(f"{' '.join(map(str, command))} ended with status {process.returncode}")
    if not outcome["reached"]:
        sys.exit(f"{command[0]} ended at an accuracy of {outcome['accuracy']} after {outcome['steps']} steps")
    return {"seconds": seconds, "start": begun, "steps": outcome["steps"],
            "step_ms": 1e3 * (seconds - begun) / outcome["steps"]}


def event(process, name):
    line = process.stdout.readline()
    if not line:
        return None
    fields = json.loads(line)
    return fields if fields["event"] == name else None


def cells(ours, theirs):
    return [f"{ours['seconds']:.1f}", f"{theirs['seconds']:.1f}", f"{ours['seconds'] / theirs['seconds']:.2f}",
            f"{ours['start']:.2f}", f"{theirs['start']:.2f}", f"{ours['steps']:.0f}", f"{theirs['steps']:.0f}",
            f"{ours['step_ms']:.1f}", f"{theirs['step_ms']:.1f}"]


if __name__ == "__main__":
    main()
