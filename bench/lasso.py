"""Compares lasso paths of pare and of R's glmnet, which run in turn on the same data, and
prints a Markdown table of medians.

    python3 bench/lasso.py [--cases wide,dense,sparse] [--rounds 3]

It needs Go, and Rscript with glmnet. Both sides fit the path that glmnet chooses: 100 λ
or until it ends early. The limit of a path is to read the data once, to standardise;
pare reports the largest duality gap of its models over the objective without features.
"""
import argparse
import json
import os
import statistics
import subprocess
import tempfile

import host

CASES = {
    "wide": ["dense", "72", "7129"],
    "dense": ["dense", "5000", "10000"],
    "sparse": ["sparse", "10000", "100000"],
}


def main():
    parser = argparse.ArgumentParser(description="Compares lasso paths of pare and glmnet.")
    parser.add_argument("--cases", default="wide,dense,sparse", help="of: " + ", ".join(CASES))
    parser.add_argument("--families", default="gaussian", help="gaussian, binomial or both with a comma")
    parser.add_argument("--rounds", type=int, default=3, help="times that each side runs; default 3")
    args = parser.parse_args()
    print("| case | family | pare s | glmnet s | ratio | gap | selected: pare, glmnet |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        pare = host.build("bench/lassopath", folder)
        for case in args.cases.split(","):
            shape, rows, columns = CASES[case]
            data = os.path.join(folder, case)
            os.mkdir(data)
            subprocess.run([pare, "-make", shape, "-rows", rows, "-columns", columns, data], check=True)
            for family in args.families.split(","):
                compare(pare, case, data, family, args.rounds)


def compare(pare, case, data, family, rounds):
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "glmnet.R")
    sides = [[pare, "-family", family, data], ["Rscript", script, data, family]]
    times, last = [[], []], [None, None]
    for _ in range(rounds):
        for side, command in enumerate(sides):
            out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            last[side] = json.loads(out)
            times[side].append(last[side]["seconds"])
    ours, theirs = (statistics.median(t) for t in times)
    print(f"| {case} | {family} | {ours:.3f} | {theirs:.3f} | {theirs / ours:.2f} | {last[0]['gap']:.1e} "
          f"| {last[0]['selected']}, {last[1]['selected']} |")


if __name__ == "__main__":
    main()
