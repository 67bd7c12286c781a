"""Compares the predictions of pare lasso on new rows with the predictions of R's glmnet, and prints
the largest difference for each family.

    python3 scripts/bench/predict.py

It needs Go, and Rscript with glmnet. The training rows have a column of text, numbers and
weights; the new rows have the columns and levels in another order, and a target. Both sides
fit the same λ, glmnet with a threshold of 1e-22, pare with a gap of 1e-15. The bound is
1e-8 for the linear predictor and the mean of counts, each in units of its largest value, and for
probabilities.
"""
import csv
import json
import math
import os
import random
import subprocess
import sys
import tempfile

import host

LAMBDAS = [0.3, 0.1, 0.03, 0.01]
BETWEEN = 0.05  # a λ that was not fitted
BOUND = 1e-8
LEAST_GAMMA = 1e-5  # which glmnet's predict takes for 0
LEVELS = ["north", "east", "south", "Zürich", "a b"]


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        pare = host.build("cmd/pare", folder)
        print("| family | γ | λ | largest difference: linear predictor | probability or mean |")
        print("|---|---|---|---|---|")
        for family in ("gaussian", "binomial", "poisson", "multinomial"):
            train, new = os.path.join(folder, family + ".csv"), os.path.join(folder, family + "-new.csv")
            write(train, 300, family, 1, ["city", "a", "b", "c", "d", "w", "y"], LEVELS)
            write(new, 50, family, 2, ["d", "y", "b", "city", "a", "c"], LEVELS[::-1])
            for relax in (False, True) if family != "multinomial" else (False,):
                model = os.path.join(folder, f"{family}-{relax}")
                subprocess.run([pare, "lasso", "-data", train, "-target", "y", "-family", family, "-one-hot", "-weights", "w",
                                "-tolerance", "1e-15", "-lambdas", ",".join(map(str, LAMBDAS)), "-out", model]
                               + ["-relax"] * relax, check=True, capture_output=True)
                for gamma in (0, 0.5) if relax else (1,):
                    theirs = subprocess.run(["Rscript", os.path.join(here, "predict.R"), train, new, family,
                                             ",".join(map(str, LAMBDAS)), ",".join(map(str, LAMBDAS + [BETWEEN])), str(gamma)],
                                            check=True, stdout=subprocess.PIPE, text=True).stdout
                    theirs = json.loads(theirs)
                    for k, at in enumerate(LAMBDAS + [BETWEEN]):
                        command = [pare, "lasso", "-predict", new, "-model", model, "-lambda", str(at), "-json"]
                        if relax:
                            command += ["-gamma", str(max(gamma, LEAST_GAMMA))]
                        ours = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
                        link, probability = compare(family, ours, theirs[k])
                        worst = max(worst, link, probability)
                        print(f"| {family} | {gamma} | {at} | {link:.1e} | {probability:.1e} |", flush=True)
    if worst > BOUND:
        sys.exit(f"the largest difference is {worst:.1e}, the bound {BOUND}")


def write(file, n, family, seed, header, levels):
    rng = random.Random(seed)
    with open(file, "w", newline="", encoding="utf-8") as out:
        table = csv.writer(out)
        table.writerow(header)
        for i in range(n):
            row = {"city": levels[i % len(levels)], "w": rng.randint(1, 3)}
            row.update({name: round(rng.gauss(0, scale), 6) for name, scale in zip("abcd", (1, 3, 0.2, 1))})
            score = row["a"] - 0.4 * row["b"] + 0.7 * (row["city"] == "east") - (row["city"] == "Zürich") + rng.gauss(0, 1)
            if family == "binomial":
                score = "yes" if score > 0 else "no"
            elif family == "poisson":
                score = int(math.exp(min(score / 2, 4)) + rng.random())
            elif family == "multinomial":
                score = "low" if score < -0.7 else "top" if score > 0.7 else "mid"
            row["y"] = score
            table.writerow([row[name] for name in header])


def compare(family, ours, theirs):
    if family == "gaussian":
        return difference(ours["prediction"], theirs["link"][0], scale=True), 0.0
    if family == "poisson":  # the mean, in place of a probability, in units of its largest value
        return (difference(ours["link"], theirs["link"][0], scale=True),
                difference(ours["prediction"], theirs["response"][0], scale=True))
    if family == "binomial":
        classes = list(ours["probability"])
        return (difference(ours["link"], theirs["link"][0], scale=True),
                difference(ours["probability"][classes[1]], theirs["response"][0]))
    # Softmax is the same for predictors that differ by a constant in each row.
    centred = [centre(list(ours["link"].values())), centre(theirs["link"])]
    link = max(difference(a, b, scale=True) for a, b in zip(*centred))
    return link, max(difference(a, b) for a, b in zip(ours["probability"].values(), theirs["response"]))


def centre(columns):
    means = [sum(row) / len(columns) for row in zip(*columns)]
    return [[v - m for v, m in zip(column, means)] for column in columns]


def difference(a, b, scale=False):
    assert len(a) == len(b)
    return max(abs(x - y) for x, y in zip(a, b)) / (max(map(abs, b)) if scale else 1)


if __name__ == "__main__":
    main()
