"""Compares lasso paths of pare, of R's glmnet, of adelie and of scikit-learn, which run in turn on
the same data, and prints a Markdown table of medians.

    python3 scripts/bench/lasso.py [--cases leukemia,dense,sparse,pairs] [--rounds 3] [--data FILE]

It needs Go, and Rscript with glmnet; numpy and scikit-learn for --scikit-learn, adelie for
--adelie. All sides fit the path that glmnet chooses: 100 λ or until it ends early,
scikit-learn all of them. The limit of a path is to read the data once, to standardise. Gaps
are the largest duality gap of the models of a side over the objective without features, the
one of glmnet by its residuals. With --tolerance 1e-3 pare proves less, as glmnet does as it
comes. Leukemia is a CSV of which the first column is one of two labels, digits a CSV without
header of which the last column is a class; logistic has 20,000 rows and 500 columns; pairs are all 499,500 products of 1,000 columns,
which glmnet would have to be given as a matrix of 4 GB.
"""
import argparse
import array
import csv
import gzip
import json
import os
import statistics
import subprocess
import sys
import tempfile

import host

CASES = {
    "leukemia": None,
    "wide": ["dense", "72", "7129"],
    "dense": ["dense", "5000", "10000"],
    "sparse": ["sparse", "10000", "100000"],
    "logistic": ["dense", "20000", "500"],
    "digits": None,
    "pairs": ["pairs", "1000", "1000"],
}


def main():
    parser = argparse.ArgumentParser(description="Compares lasso paths of pare, glmnet and scikit-learn.")
    parser.add_argument("--cases", default="wide,dense,sparse,pairs", help="of: " + ", ".join(CASES))
    parser.add_argument("--families", default="gaussian", help="gaussian, binomial or both with a comma; digits are multinomial")
    parser.add_argument("--data", help="CSV of leukemia, or of digits, also .gz")
    parser.add_argument("--tolerance", default="1e-6", help="gap that pare has to reach; default 1e-6")
    parser.add_argument("--adelie", action="store_true", help="run its side too")
    parser.add_argument("--scikit-learn", action="store_true", help="run its side too (gaussian)")
    parser.add_argument("--rounds", type=int, default=3, help="times that each side runs; default 3")
    args = parser.parse_args()
    host.load()
    print("| case | family | pare s | glmnet s | ratio | adelie s | ratio | scikit-learn s | gap: pare, glmnet | selected: pare, glmnet | pare's memory, MB |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        pare = host.build("scripts/bench/lassopath", folder)
        for case in args.cases.split(","):
            data = os.path.join(folder, case)
            os.mkdir(data)
            if case in ("leukemia", "digits"):
                labelled(args.data, data, case == "digits")
            else:
                shape, rows, columns = CASES[case]
                subprocess.run([pare, "-make", shape, "-rows", rows, "-columns", columns, data], check=True)
            for family in ["multinomial"] if case == "digits" else args.families.split(","):
                compare(pare, case, data, family, args)


def labelled(file, folder, digits):
    """Writes a CSV of a label and features as lassopath does, or one of features and a class."""
    with (gzip.open if file.endswith(".gz") else open)(file, "rt") as text:
        rows = list(csv.reader(text))
    if digits:
        rows = [[row[-1]] + row[:-1] for row in rows]
    else:
        rows = rows[1:]
    first = rows[0][0]
    columns = {
        "size": array.array("i", [len(rows), len(rows[0]) - 1]),
        "x": array.array("d", (float(row[j]) for j in range(1, len(rows[0])) for row in rows)),
        "y": array.array("d", (float(row[0] if digits else row[0] != first) for row in rows)),
        "start": array.array("i"),
        "row": array.array("i"),
    }
    for name, values in columns.items():
        if sys.byteorder == "big":
            values.byteswap()
        with open(os.path.join(folder, name), "wb") as out:
            values.tofile(out)


def compare(pare, case, data, family, args):
    here = os.path.dirname(os.path.abspath(__file__))
    sides = {"pare": [pare, "-family", family, "-tolerance", args.tolerance, data]}
    if case == "pairs":
        sides["pare"].insert(1, "-pairs")
    else:
        sides["glmnet"] = ["Rscript", os.path.join(here, "glmnet.R"), data, family]
        if case != "sparse":
            sides["glmnet"].append("gap")
            if args.adelie:
                sides["adelie"] = [sys.executable, os.path.join(here, "adeliepath.py"), data, family]
        if args.scikit_learn and family == "gaussian":
            sides["scikit-learn"] = [sys.executable, os.path.join(here, "sklearnpath.py"), data]
    times, last = {side: [] for side in sides}, {}
    for _ in range(args.rounds):
        for side, command in sides.items():
            out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            last[side] = json.loads(out)
            times[side].append(last[side]["seconds"])
    median = {side: statistics.median(t) for side, t in times.items()}
    ours, theirs = median["pare"], median.get("glmnet")
    cells = [case, family, f"{ours:.3f}"]
    cells += [f"{theirs:.3f}", f"{theirs / ours:.2f}"] if theirs else ["–", "–"]
    other = median.get("adelie")
    cells += [f"{other:.3f}", f"{other / ours:.2f}"] if other else ["–", "–"]
    cells.append(f"{median['scikit-learn']:.1f}" if "scikit-learn" in median else "–")
    cells.append(", ".join(f"{last[side]['gap']:.1e}" for side in ("pare", "glmnet") if "gap" in last.get(side, {})))
    cells.append(", ".join(str(last[side]["selected"]) for side in ("pare", "glmnet") if side in last))
    cells.append(f"{last['pare']['memory'] / 1e6:.0f}")
    print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
