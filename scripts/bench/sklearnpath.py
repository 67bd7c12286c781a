"""The side of scikit-learn in lasso.py: python3 sklearnpath.py FOLDER fits 100 λ from the
largest down to 0.01 of it to a gap of 1e-7 and prints the time, as JSON."""
import json
import sys
import time
import warnings

import numpy
from sklearn.linear_model import lasso_path

warnings.simplefilter("ignore")
rows, columns = numpy.fromfile(f"{sys.argv[1]}/size", "<i4")
x = numpy.fromfile(f"{sys.argv[1]}/x", "<f8").reshape(columns, rows).T
y = numpy.fromfile(f"{sys.argv[1]}/y", "<f8")
scale = x.std(0)
began = time.time()
x = numpy.asfortranarray((x - x.mean(0)) / numpy.where(scale > 0, scale, 1))
_, coefficients, _ = lasso_path(x, y - y.mean(), eps=0.01, n_alphas=100, tol=1e-7, max_iter=10**6)
print(json.dumps({"seconds": time.time() - began, "selected": int((coefficients[:, -1] != 0).sum())}))
