"""Compares two builds of pare on the estimators, which run in turn on the same data, and prints a
Markdown table of processor times.

    git worktree add /tmp/old COMMIT && (cd /tmp/old && go build -o /tmp/pare-old ./cmd/pare)
    go build -o /tmp/pare-new ./cmd/pare
    python3 scripts/bench/versions.py /tmp/pare-old /tmp/pare-new [--cases leukemia,colon] [--rounds 9]

It needs numpy. Both sides run as whole processes, from the file to the path, with one thread
(--threads); seconds are of processors, which other work on the machine lengthens less than the
time that passes. A ratio is old over new: below 0.95 the new build has fallen back by more than
5 %. It is of the least times; the median of the ratios of the rounds stands beside it. A round
repeats a short command until a side has run for --least seconds. Leukemia and diabetes are read
from --data; the other cases are generated.
"""
import argparse
import csv
import gzip
import os
import statistics
import subprocess
import sys
import tempfile

import numpy

import host


def main():
    parser = argparse.ArgumentParser(description="Compares two builds of pare on the estimators.")
    parser.add_argument("old")
    parser.add_argument("new")
    parser.add_argument("--cases", help="default: all, which are " + ", ".join(CASES))
    parser.add_argument("--rounds", type=int, default=9, help="times that each side runs; default 9")
    parser.add_argument("--least", type=float, default=0.3, help="seconds of a side in a round, at least; default 0.3")
    parser.add_argument("--threads", type=int, default=1, help="default 1")
    parser.add_argument("--data", help="folder with leukemia/golub.csv.gz and diabetes/diabetes_data_raw.csv.gz")
    args = parser.parse_args()
    cases = args.cases.split(",") if args.cases else [case for case in CASES if args.data or case not in REAL]
    print(host.header(load=host.load(), threads=args.threads, rounds=args.rounds))
    print("| case | old s | new s | ratio | median ratio |\n|---|---:|---:|---:|---:|")
    fallen = []
    for case in cases:
        with tempfile.TemporaryDirectory() as folder:
            for name, command in CASES[case](folder, args.data):
                least, median = compare(command + ["-threads", str(args.threads), "-json"], args)
                print(f"| {name} | {least[0]:.3f} | {least[1]:.3f} | {least[0] / least[1]:.2f} | {median:.2f} |", flush=True)
                if least[0] < 0.95 * least[1]:
                    fallen.append(name)
    if fallen:
        sys.exit("slower by more than 5 %: " + "; ".join(fallen))


def compare(command, args):
    """The least seconds of both sides, and the median of the ratios of the rounds."""
    sides = [args.old, args.new]
    repeats = max(1, round(args.least / max(1e-3, seconds(args.new, command))))
    times = [[], []]
    for number in range(args.rounds):
        spent = [0.0, 0.0]
        for repeat in range(repeats):
            for side in (0, 1) if (number + repeat) % 2 else (1, 0):
                took = seconds(sides[side], command)
                spent[side] += took
                times[side].append(took)
        times.append(spent[0] / spent[1])
    return (min(times[0]), min(times[1])), statistics.median(times[2:])


def seconds(pare, command):
    process = subprocess.Popen([pare] + command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{pare} {' '.join(command)} ended with status {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def saved(folder, x, y):
    """The options that name a design and a response, saved as npy."""
    paths = os.path.join(folder, "x.npy"), os.path.join(folder, "y.npy")
    numpy.save(paths[0], numpy.asfortranarray(x))
    numpy.save(paths[1], y)
    return ["lasso", "-data", paths[0], "-target-file", paths[1]]


def families(name, command):
    yield f"{name}, gaussian", command
    yield f"{name}, binomial", command + ["-family", "binomial"]


def linear(n, p, features, noise, seed=1, correlated=0.0):
    """Normal columns, of which neighbours are correlated, and a response of some of them."""
    random = numpy.random.default_rng(seed)
    x = random.standard_normal((n, p))
    for j in range(1, p if correlated else 0):
        x[:, j] = correlated * x[:, j - 1] + (1 - correlated**2) ** 0.5 * x[:, j]
    effects = numpy.zeros(p)
    effects[random.choice(p, features, replace=False)] = random.standard_normal(features)
    return x, x @ effects + noise * random.standard_normal(n)


def leukemia(folder, data):
    with gzip.open(os.path.join(data, "leukemia", "golub.csv.gz"), "rt") as text:
        rows = list(csv.reader(text))[1:]
    x = numpy.array([row[1:] for row in rows], dtype=float)
    y = numpy.array([row[0] != rows[0][0] for row in rows], dtype=float)
    command = saved(folder, x, y)
    yield from families("leukemia 72×7,129", command)
    yield from families("the same, 10 folds", command + ["-cv", "10"])


def colon(folder, _):
    """Of the shape of Alon's colon data: positive, right-skewed and correlated values."""
    x, score = linear(62, 2000, 20, 2, correlated=0.7)
    yield from families("62×2,000, as colon", saved(folder, numpy.exp(0.6 * x), (score > 0).astype(float)))


def dense(folder, _):
    x, y = linear(2000, 20000, 100, 5)
    yield "dense 2,000×20,000, gaussian", saved(folder, x, y)


def wide(folder, _):
    x, y = linear(200, 10000, 30, 2)
    yield "wide 200×10,000, binomial", saved(folder, x, (y > 0).astype(float)) + ["-family", "binomial"]


def small(folder, data):
    x, y = linear(40, 100, 5, 1)
    yield from families("small 40×100, 20 folds", saved(folder, x, (y > 0).astype(float)) + ["-cv", "20"])


def stability(folder, data):
    with gzip.open(os.path.join(data, "diabetes", "diabetes_data_raw.csv.gz"), "rt") as text:
        x = numpy.loadtxt(text)
    with gzip.open(os.path.join(data, "diabetes", "diabetes_target.csv.gz"), "rt") as text:
        y = numpy.loadtxt(text)
    yield "diabetes 442×10, stability selection", saved(folder, x, y) + ["-guard", "stability", "-q", "2"]


def groups(folder, _):
    random = numpy.random.default_rng(1)
    codes = random.integers(0, 6, (400, 50))
    effects = numpy.where(random.random((50, 1)) < 0.2, random.standard_normal((50, 6)), 0)
    score = effects[numpy.arange(50), codes].sum(axis=1) + random.standard_normal(400)
    file = os.path.join(folder, "groups.csv")
    with open(file, "w") as out:
        print(",".join(f"v{j}" for j in range(50)) + ",y,class", file=out)
        for row, y in zip(codes, score):
            print(",".join(f"level{c}" for c in row) + f",{y:.6f},{'ab'[int(y > 0)]}", file=out)
    command = ["lasso", "-data", file, "-one-hot", "-group-lasso"]
    yield "groups 400×50 of 6, gaussian", command + ["-target", "y", "-drop", "class"]
    yield "the same, binomial", command + ["-target", "class", "-drop", "y", "-family", "binomial"]


def interactions(folder, _):
    random = numpy.random.default_rng(1)
    x = random.integers(-1, 2, (500, 300)).astype(float)
    y = x[:, :20] * x[:, 280:] @ random.standard_normal(20) + random.standard_normal(500)
    yield "all pairs of 300 columns, 500 rows", saved(folder, x, y) + ["-interactions"]
    yield "all pairs of 100 positive columns, 300 rows", saved(folder, 3 + x[:300, 100:200], y[:300]) + ["-interactions"]


def glasso(folder, _):
    random = numpy.random.default_rng(1)
    x = random.standard_normal((600, 300))
    for j in range(1, 300):
        x[:, j] += random.uniform(0.3, 0.6) * x[:, random.integers(j)]
    file = os.path.join(folder, "x.npy")
    numpy.save(file, x)
    yield "graphical lasso, 300 variables, λ 0.1", ["glasso", "-data", file, "-corr", "-lambda", "0.1"]
    yield "the same, 10 λ and ebic", ["glasso", "-data", file, "-corr", "-path", "10", "-select", "ebic"]


REAL = ("leukemia", "stability")
CASES = {case.__name__: case for case in (leukemia, colon, dense, wide, small, stability, groups, interactions, glasso)}


if __name__ == "__main__":
    main()
