"""Writes time.json: the folds of scikit-learn's TimeSeriesSplit, for plan_test.go.

    python3 time.py
"""
import json

import numpy
import sklearn
from sklearn.model_selection import TimeSeriesSplit

splits = []
for n, folds in ((12, 3), (23, 4), (100, 7)):
    fold = numpy.full(n, -1)
    for k, (train, test) in enumerate(TimeSeriesSplit(n_splits=folds).split(numpy.zeros(n))):
        assert train.tolist() == list(range(test[0]))
        fold[test] = k
    splits.append({"n": n, "folds": folds, "fold": fold.tolist()})
with open("time.json", "w") as out:
    json.dump({"scikit-learn": sklearn.__version__, "splits": splits}, out)
