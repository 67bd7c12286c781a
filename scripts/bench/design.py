"""Compares the command pare lasso with R's glmnet on designs that are mostly zeros, from the
file to the path, and prints a Markdown table of medians.

    python3 scripts/bench/design.py [--cases onehot,sparse] [--rounds 3] [--tolerance 1e-6,1e-2]

It needs Go, and Rscript with glmnet. Both sides run in turn, as whole processes; seconds are
of processors, which other work on the machine lengthens less than the time that passes.
onehot: a CSV of 20,000 rows with a column of 5,000 levels and three numbers, 30 λ; R reads
the CSV and makes sparse.model.matrix. sparse: 10,000 × 100,000 with 0.1 % of the cells filled,
100 λ; pare reads text in the format of svmlight, R the same values in binary form, which takes
it no time. The gap is the largest duality gap of a path, in parts of the objective without
features; for glmnet it is computed from the coefficients (design.R).
"""
import argparse
import array
import json
import os
import random
import statistics
import subprocess
import tempfile
import time

import host


def main():
    parser = argparse.ArgumentParser(description="Compares pare lasso with glmnet on sparse designs.")
    parser.add_argument("--cases", default="onehot,sparse")
    parser.add_argument("--rounds", type=int, default=3, help="times that each side runs; default 3")
    parser.add_argument("--tolerance", default="1e-6,1e-2", help="gaps of pare; default 1e-6,1e-2")
    args = parser.parse_args()
    host.load()
    print("| case | side | gap | processor s | of it the fit | elapsed s ¹ | MB |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        pare = host.build("cmd/pare", folder)
        maker = host.build("scripts/bench/lassopath", folder)
        for case in args.cases.split(","):
            data = os.path.join(folder, case)
            os.mkdir(data)
            file = onehot(data) if case == "onehot" else sparse(maker, data)
            compare(pare, case, file, data, args)
    print("\n¹ of glmnet with the time to compute its gap")


def onehot(folder, rows=20000, levels=5000):
    """Writes a CSV in which a fifth of the levels has an effect."""
    rng = random.Random(1)
    codes = list(range(levels)) + [rng.randrange(levels) for _ in range(rows - levels)]
    rng.shuffle(codes)
    effect = [rng.gauss(0, 1) * (rng.random() < 0.2) for _ in range(levels)]
    file = os.path.join(folder, "onehot.csv")
    with open(file, "w") as out:
        out.write("city,a,b,c,y\n")
        for code in codes:
            a, b, c = (rng.gauss(0, 1) for _ in range(3))
            y = effect[code] + a - 0.5 * b + rng.gauss(0, 1)
            out.write(f"c{code:05d},{a:.6f},{b:.6f},{c:.6f},{y:.6f}\n")
    return file


def sparse(maker, folder):
    """Writes the data of lassopath as text."""
    subprocess.run([maker, "-make", "sparse", "-rows", "10000", "-columns", "100000", folder], check=True)

    def values(name, kind):
        out = array.array(kind)
        with open(os.path.join(folder, name), "rb") as file:
            out.frombytes(file.read())
        return out

    (n, p), x, y, start, row = values("size", "i"), values("x", "d"), values("y", "d"), values("start", "i"), values("row", "i")
    lines = [[] for _ in range(n)]
    for j in range(p):
        for k in range(start[j], start[j + 1]):
            lines[row[k]].append(f"{j + 1}:{x[k]!r}")
    file = os.path.join(folder, "sparse.svm")
    with open(file, "w") as out:
        for label, line in zip(y, lines):
            out.write(f"{label!r} {' '.join(line)}\n")
    return file


def compare(pare, case, file, data, args):
    here = os.path.dirname(os.path.abspath(__file__))
    sides = {}
    for tolerance in args.tolerance.split(","):
        command = [pare, "lasso", "-data", file, "-tolerance", tolerance]
        command += ["-target", "y", "-one-hot", "-path", "30"] if case == "onehot" else ["-target", "target", "-drop-constant"]
        sides["pare " + tolerance] = command
    sides["glmnet"] = ["Rscript", os.path.join(here, "design.R"), case, file if case == "onehot" else data]
    runs = {side: [] for side in sides}
    for _ in range(args.rounds):
        for side, command in sides.items():
            runs[side].append(measure(command, data))
    for side, of in runs.items():
        processor, elapsed = (statistics.median(r[key] for r in of) for key in ("processor", "elapsed"))
        if side == "glmnet":
            result = of[-1]["result"]
            gap, fit = result["gap"], f"{statistics.median(r['result']['fit'] for r in of):.2f}"
            processor -= statistics.median(r["result"]["check"] for r in of)  # the time to compute the gap
        else:
            result = measure(sides[side] + ["-json"], data)["result"]
            gap, fit = max(m["gap"] / m["null_objective"] for m in result["path"]), "–"
        print(f"| {case} | {side} | {gap:.1e} | {processor:.2f} | {fit} | {elapsed:.2f} | {of[-1]['memory'] / 1e6:.0f} |", flush=True)


def measure(command, folder):
    """Runs a command: its times, its largest memory, and its JSON, if it prints that."""
    out = os.path.join(folder, "out.json")
    began = time.monotonic()
    with open(out, "w") as file:
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    elapsed = time.monotonic() - began
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(command)} ended with status {process.returncode}")
    with open(out) as file:
        text = file.read()
    return {"processor": usage.ru_utime + usage.ru_stime, "elapsed": elapsed, "memory": usage.ru_maxrss * 1024,
            "result": json.loads(text) if text.startswith("{") else None}


if __name__ == "__main__":
    main()
