"""Writes fairlearn.json beside it: predictions and the measures of Fairlearn for them.

    pip install fairlearn pandas && python3 golden.py
"""
import json
import pathlib

import numpy as np
import pandas as pd
from fairlearn import metrics as fl
from sklearn import metrics as sk

rng = np.random.default_rng(7)
RATES = {"selection_rate": fl.selection_rate, "true_positive_rate": fl.true_positive_rate,
         "false_positive_rate": fl.false_positive_rate, "true_negative_rate": fl.true_negative_rate,
         "false_negative_rate": fl.false_negative_rate}


def aggregates(frame):
    out = {"overall": frame.overall, "group_min": frame.group_min(), "group_max": frame.group_max(),
           "difference": frame.difference(), "difference_to_overall": frame.difference(method="to_overall"),
           "ratio": frame.ratio(), "ratio_to_overall": frame.ratio(method="to_overall")}
    out = {k: {m: float(v[m]) for m in v.index} for k, v in out.items()}
    out["groups"] = {" × ".join(k if isinstance(k, tuple) else (k,)): {m: float(v[m]) for m in v.index}
                     for k, v in frame.by_group.dropna().iterrows()}
    return out


def base_rate(y, p):
    return float(np.mean(y))


def columns(n):
    return pd.DataFrame({"a": rng.choice(["red", "green", "blue"], n, p=[0.5, 0.3, 0.2]), "b": rng.choice(["x", "y"], n)})


def binary(n=400):
    groups = columns(n)
    y = rng.integers(0, 2, n)
    z = rng.normal(size=n) + y + 0.5 * (groups.a == "red")
    p = (z > 0.6).astype(int)
    out = {"y": y.tolist(), "p": p.tolist(), "columns": groups.to_dict("list"), "tables": {}}
    for by in (["a"], ["b"], ["a", "b"]):
        frame = fl.MetricFrame(metrics={"accuracy": sk.accuracy_score, "base_rate": base_rate, **RATES},
                               y_true=y, y_pred=p, sensitive_features=groups[by])
        table = aggregates(frame)
        table["disparities"] = {f.__name__: float(f(y, p, sensitive_features=groups[by])) for f in (
            fl.demographic_parity_difference, fl.demographic_parity_ratio, fl.equalized_odds_difference,
            fl.equalized_odds_ratio, fl.equal_opportunity_difference, fl.equal_opportunity_ratio)}
        out["tables"][" × ".join(by)] = table
    return out


def multiclass(n=600, k=4):
    groups = columns(n)
    y = rng.integers(0, k, n)
    p = np.where(rng.random(n) < 0.6, y, rng.integers(0, k, n))
    ofclass = lambda f, c: lambda y, p: f((y == c).astype(int), (p == c).astype(int))
    measures = {"accuracy": sk.accuracy_score, "macro_true_positive_rate": sk.balanced_accuracy_score}
    for c in range(k):
        for name, f in {"base_rate": base_rate, **RATES}.items():
            measures[f"{name} {c}"] = ofclass(f, c)
    out = {"y": y.tolist(), "p": p.tolist(), "classes": k, "columns": groups.to_dict("list"), "tables": {}}
    for by in (["a"], ["a", "b"]):
        out["tables"][" × ".join(by)] = aggregates(fl.MetricFrame(metrics=measures, y_true=y, y_pred=p, sensitive_features=groups[by]))
    return out


def numbers(n=300):
    groups = columns(n)
    y = 100 + rng.normal(size=n) * np.where(groups.a == "red", 3, 1)
    p = y + rng.normal(size=n) * 0.5 + 0.3 * (groups.b == "x")
    measures = {"mean_squared_error": sk.mean_squared_error, "mean_absolute_error": sk.mean_absolute_error, "r2": sk.r2_score,
                "mean_prediction": fl.mean_prediction, "mean_target": base_rate}
    out = {"y": y.tolist(), "p": p.tolist(), "columns": groups.to_dict("list"), "tables": {}}
    for by in (["a"], ["a", "b"]):
        out["tables"][" × ".join(by)] = aggregates(fl.MetricFrame(metrics=measures, y_true=y, y_pred=p, sensitive_features=groups[by]))
    return out


here = pathlib.Path(__file__).parent
(here / "fairlearn.json").write_text(json.dumps({"binary": binary(), "multiclass": multiclass(), "numbers": numbers()}, ensure_ascii=False))
