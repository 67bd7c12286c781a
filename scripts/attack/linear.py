"""Robust accuracy and loss of linear models along the path of λ, on real data.

    python3 scripts/attack/linear.py --pare ./pare --data DATA [--seeds 3] [--cases compas,leukemia,digits,gb1] [--ridge]

DATA is the folder of compas/, leukemia/, digits/ and gb1/. For each seed 30 % of the rows are left
out of the fit and then attacked by FGSM and PGD, linf, in standard deviations of the columns of
numbers (gb1: fractions of the 0/1 columns of its text). Prints a Markdown table for each case: means over the seeds, at the
same λ in units of the largest one. The accuracy is the certified one, which is exact; the last column is
the largest difference between it and the accuracy under the attacks. With --ridge the fits are ridge regressions,
which shrink coefficients and have all features.
"""

import argparse
import csv
import gzip
import io
import json
import pathlib
import random
import subprocess
import tempfile
import zipfile

EPS = {"compas": [0.05, 0.1, 0.2, 0.4], "leukemia": [0.2, 0.5, 1, 1.5], "digits": [0.05, 0.1, 0.2, 0.3], "gb1": [0.05, 0.1, 0.2, 0.4]}
SHOWN = 12  # rows of a table


def compas(data, folder):
    path = data / "compas" / "compas-scores-two-years.csv"
    return path, ["-target", "two_year_recid", "-family", "binomial", "-one-hot", "-columns",
                  "age,priors_count,juv_fel_count,juv_misd_count,juv_other_count,sex,c_charge_degree"], []


def leukemia(data, folder):
    return data / "leukemia" / "golub.csv.gz", ["-target", "label", "-family", "binomial"], []


def digits(data, folder):
    path = folder / "digits.csv"
    rows = gzip.open(data / "digits" / "digits.csv.gz", "rt").read()
    path.write_text(",".join(f"p{k}" for k in range(64)) + ",digit\n" + rows)
    return path, ["-target", "digit", "-family", "multinomial", "-drop-constant"], []


def gb1(data, folder):
    path = folder / "gb1.csv"
    with zipfile.ZipFile(next((data / "gb1").glob("*.zip"))) as z:
        rows = list(csv.DictReader(io.TextIOWrapper(z.open(z.namelist()[0]))))
    with path.open("w") as f:
        f.write("s1,s2,s3,s4,fitness\n")
        for row in random.Random(1).sample(rows, 10000):
            f.write(",".join(row["Variants"]) + f",{row['Fitness']}\n")
    return path, ["-target", "fitness", "-one-hot"], ["-move", "*", "-units", "raw"]


def fits(pare, path, fit, attack, eps, seed, folder, penalty):
    """The fits of one seed, by their place on the path."""
    model = folder / f"model{seed}"
    quiet = {"check": True, "stdout": subprocess.DEVNULL}
    subprocess.run([pare, "lasso", "-data", path, *fit, "-test-size", "0.3", "-seed", str(seed), *penalty, "-out", model], **quiet)
    text = subprocess.run([pare, "attack", model, "-data", path, "-left-out", "-limit", "0", "-eps", ",".join(map(str, eps)), *attack,
                           "-json"], check=True, capture_output=True).stdout
    return json.loads(text)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--pare", default="pare")
    p.add_argument("--data", type=pathlib.Path, required=True)
    p.add_argument("--seeds", type=int, default=3)
    p.add_argument("--cases", default="compas,leukemia,digits,gb1")
    p.add_argument("--ridge", action="store_true")
    a = p.parse_args()
    penalty = ["-path", "40", "-ratio", "0.001"]
    if a.ridge:  # its largest λ is 1,000 times that of the lasso
        penalty = ["-path", "40", "-ratio", "1e-6", "-alpha", "0"]
    cases = {"compas": compas, "leukemia": leukemia, "digits": digits, "gb1": gb1}
    for name in a.cases.split(","):
        eps = EPS[name]
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            path, fit, attack = cases[name](a.data, folder)
            runs = [fits(a.pare, path, fit, attack, eps, seed, folder, penalty) for seed in range(1, a.seeds + 1)]
        rows = min(len(r["fits"]) for r in runs)  # a path may end early
        classes = "classes" in runs[0]

        def mean(k, of):
            return sum(of(r["fits"][k]) for r in runs) / len(runs)

        def cell(v):
            return f"{100 * v:.1f}" if classes else f"{v:.4g}"

        clean, exact, attacked = ("clean_accuracy", "certified_accuracy", "robust_accuracy") if classes else (
            "clean_loss", "worst_loss", "attacked_loss")
        print(f"\n{name}: {runs[0]['rows']} rows, {runs[0]['loss'] if not classes else 'accuracy, %'}, {a.seeds} seeds\n")
        print("| λ / λ.max | features | ‖w‖₁ | clean |" + "".join(f" {e} |" for e in eps) + " attacks differ by |")
        print("|---:|" + "---:|" * (len(eps) + 4))
        table = []
        for k in range(rows):
            gaps = [abs(p[attacked] - p[exact]) for r in runs for p in r["fits"][k]["points"]]
            table.append([mean(k, lambda f: f["lambda"]) / mean(0, lambda f: f["lambda"]), mean(k, lambda f: f["features"]),
                          mean(k, lambda f: f["norm"]), mean(k, lambda f: f[clean]),
                          *[mean(k, lambda f, e=e: f["points"][e][exact]) for e in range(len(eps))], max(gaps)])
        for k in sorted({round(i * (rows - 1) / (SHOWN - 1)) for i in range(SHOWN)}):
            share, features, norm, *values, gap = table[k]
            print(f"| {share:.2g} | {features:.1f} | {norm:.3g} | " + " | ".join(map(cell, values)) + f" | {gap:.1g} |")
        best = max if classes else min
        print("\nbest λ / λ.max:", ", ".join(
            f"{at} {table[k][0]:.2g} ({table[k][1]:.0f} features, {cell(table[k][c])}, at the end of the path {cell(table[-1][c])})"
            for c, at in enumerate(["clean", *[f"ε {e}" for e in eps]], 3) for k in [best(range(rows), key=lambda k: table[k][c])]))


if __name__ == "__main__":
    main()
