"""Writes golden.json: fits by scikit-learn that the tests of this folder compare with.

    python3 golden.py

Diabetes: 442 patients, 10 columns, from Efron, Hastie, Johnstone, Tibshirani, Least
Angle Regression, Annals of Statistics 32 (2004), as scikit-learn distributes it.
"""
import gzip
import json

import numpy
import sklearn
from sklearn.linear_model import ElasticNet, Lasso, LassoLars, LogisticRegression

x = numpy.loadtxt(gzip.open("diabetes_data_raw.csv.gz"))
y = numpy.loadtxt(gzip.open("diabetes_target.csv.gz"))
z = (x - x.mean(0)) / x.std(0)
out = {"scikit-learn": sklearn.__version__, "lasso": [], "enet": [], "lars": [], "logistic": [], "multinomial": []}


def entry(model, **extra):
    return dict(extra, intercept=numpy.asarray(model.intercept_).tolist(), coefficients=numpy.asarray(model.coef_).tolist())


for alpha in (40.0, 10.0, 1.0, 0.1):
    out["lasso"].append(entry(Lasso(alpha=alpha, tol=1e-14, max_iter=10**6).fit(z, y), alpha=alpha))
    out["lars"].append(entry(LassoLars(alpha=alpha).fit(z, y), alpha=alpha))
for alpha, ratio in ((10.0, 0.5), (1.0, 0.2), (1.0, 0.9)):
    model = ElasticNet(alpha=alpha, l1_ratio=ratio, tol=1e-14, max_iter=10**6).fit(z, y)
    out["enet"].append(entry(model, alpha=alpha, ratio=ratio))
high = (y > 140).astype(int)
third = numpy.digitize(y, numpy.quantile(y, [1 / 3, 2 / 3]))
for lam in (0.05, 0.005):
    for name, target in (("logistic", high), ("multinomial", third)):
        model = LogisticRegression(l1_ratio=1, C=1 / (len(y) * lam), solver="saga", tol=1e-13, max_iter=10**6).fit(z, target)
        out[name].append(entry(model, alpha=lam))
json.dump(out, open("golden.json", "w"), indent=1)
