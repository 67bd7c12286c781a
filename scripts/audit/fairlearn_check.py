"""Compares an audit with Fairlearn and scikit-learn on the same predictions, to 1e-12.

    pare audit RUN -by race,sex -out DIR
    pip install fairlearn pandas && python3 scripts/audit/fairlearn_check.py DIR

DIR is the folder of -out, or RUN/audit. It reads audit.json and examples.csv, which has the target
and the predictions of each test example. Where a rate is not defined, because a group has no
example of the class, Fairlearn writes 0 and pare null; the differences and ratios of pare leave the
group out, so Fairlearn computes them without it.
"""
import json
import math
import pathlib
import sys
import warnings

import numpy as np
import pandas as pd
from fairlearn import metrics as fl
from sklearn import metrics as sk

warnings.filterwarnings("ignore")
TOLERANCE = 1e-12
RATES = {"selection_rate": fl.selection_rate, "true_positive_rate": fl.true_positive_rate,
         "false_positive_rate": fl.false_positive_rate, "true_negative_rate": fl.true_negative_rate,
         "false_negative_rate": fl.false_negative_rate, "base_rate": lambda y, p: float(np.mean(y))}
NUMBERS = {"mean_squared_error": sk.mean_squared_error, "mean_absolute_error": sk.mean_absolute_error, "r2": sk.r2_score,
           "mean_prediction": fl.mean_prediction, "mean_target": lambda y, p: float(np.mean(y)),
           "mean_error": lambda y, p: float(np.mean(p - y))}
DISPARITIES = ("demographic_parity_difference", "demographic_parity_ratio", "equalized_odds_difference",
               "equalized_odds_ratio", "equal_opportunity_difference", "equal_opportunity_ratio")

compared, undefined, worst = 0, 0, 0.0


def same(where, got, want):
    global compared, worst
    got = math.nan if got is None else got
    if math.isnan(got) and math.isnan(want):
        return
    error = abs(got - want) / max(1.0, abs(want))
    compared, worst = compared + 1, max(worst, error)
    if not error <= TOLERANCE:
        sys.exit(f"{where}: {got!r}, Fairlearn has {want!r}")


def frame(where, f, groups, names, counts, of, y, p):
    """Compares a measure of one table at one stage."""
    global undefined
    mf = fl.MetricFrame(metrics=of, y_true=y, y_pred=p, sensitive_features=groups)
    by = {" × ".join(k if isinstance(k, tuple) else (k,)): v for k, v in mf.by_group.items()}
    same(where, f["overall"]["value"], mf.overall)
    kept = []
    for name, few, value in zip(names, counts, f["groups"]):
        if value["value"] is None:
            undefined += 1
            if by[name] != 0 and not math.isnan(by[name]):
                sys.exit(f"{where}, {name}: not defined, Fairlearn has {by[name]!r}")
            continue
        same(f"{where}, {name}", value["value"], by[name])
        if not few:
            kept.append(name)
    if not kept:
        return
    rows = groups.agg(" × ".join, axis=1).isin(kept)
    part = fl.MetricFrame(metrics=of, y_true=y[rows], y_pred=p[rows], sensitive_features=groups[rows])
    same(where + ", group_min", f["group_min"]["value"], part.group_min())
    same(where + ", group_max", f["group_max"]["value"], part.group_max())
    if len(kept) > 1:
        same(where + ", difference", f["difference"]["value"], part.difference())
        same(where + ", ratio", f["ratio"]["value"], part.ratio())
    if rows.all():
        same(where + ", difference to overall", f["difference_to_overall"]["value"], part.difference(method="to_overall"))
        same(where + ", ratio to overall", f["ratio_to_overall"]["value"], part.ratio(method="to_overall"))


def main(folder):
    audit = json.loads((folder / "audit.json").read_text())
    text = {c: str for c in audit["by"]}
    d = pd.read_csv(folder / "examples.csv", dtype=text, keep_default_na=False)
    if d.network.nunique() > 1:
        sys.exit("the audit is of several networks; give one of a single run")
    numbers = audit["targets"] == "numbers"
    for table in audit["tables"]:
        names = [" × ".join(g["values"]) for g in table["groups"]]
        few = [g.get("few", False) for g in table["groups"]]
        known = d[table["by"]].agg(" × ".join, axis=1).isin(names)
        for k, stage in enumerate(audit["stages"]):
            if numbers:
                y, p = d["target"].astype(float), d[f"prediction_{stage}"].astype(float)
            else:
                y, p = d["target"].astype(str), d[f"prediction_{stage}"].astype(str)
            for m in table["measures"]:
                where = f"{' × '.join(table['by'])}, {stage}, {m['name']} {m.get('class', '')}".strip()
                positive = m.get("class") or audit.get("positive")
                f, yy, pp = m["stages"][k], y, p
                if numbers:
                    of = NUMBERS[m["name"]]
                elif m["name"] == "accuracy":
                    of = sk.accuracy_score
                elif m["name"] in RATES and positive:
                    of, yy, pp = RATES[m["name"]], (y == positive).astype(int), (p == positive).astype(int)
                elif m["name"] == "loss":
                    of, pp = (lambda y, p: float(np.mean(p))), d[f"loss_{stage}"]
                else:
                    continue
                if known.all():
                    frame(where, f, d[table["by"]], names, few, of, yy, pp)
                else:  # rows of combinations that are no groups count in all examples alone
                    frame(where, dict(f, overall={"value": of(yy[known], pp[known])}), d.loc[known, table["by"]], names, few, of, yy[known], pp[known])
                    same(where, f["overall"]["value"], of(yy, pp))
            if not any(few) and known.all():
                for g in table.get("disparities", []):
                    yy, pp = (y == audit["positive"]).astype(int), (p == audit["positive"]).astype(int)
                    want = getattr(fl, g["name"])(yy, pp, sensitive_features=d[table["by"]])
                    same(f"{' × '.join(table['by'])}, {stage}, {g['name']}", g["stages"][k]["value"], want)
    print(f"{compared} numbers equal to {TOLERANCE:g}, the largest difference is {worst:.1e}; {undefined} rates are not defined")


main(pathlib.Path(sys.argv[1]))
