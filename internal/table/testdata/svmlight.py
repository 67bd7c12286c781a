"""Writes small.svm and small.json: a sparse matrix as scikit-learn writes it in the format of
svmlight, and the values that scikit-learn reads from it.

    python3 svmlight.py
"""
import json

import numpy
import sklearn
from scipy import sparse
from sklearn.datasets import dump_svmlight_file, load_svmlight_file

rng = numpy.random.default_rng(5)
x = sparse.random(300, 40, density=0.05, format="csr", random_state=rng, data_rvs=rng.standard_normal)
y = rng.standard_normal(300)
dump_svmlight_file(x, y, "small.svm", zero_based=False, query_id=numpy.arange(300) // 10, comment="a matrix, 300 × 40")
read, target, query = load_svmlight_file("small.svm", zero_based=False, query_id=True)
read = read.tocoo()
with open("small.json", "w") as out:
    json.dump({"scikit-learn": sklearn.__version__, "rows": read.row.tolist(), "columns": (read.col + 1).tolist(),
               "values": read.data.tolist(), "target": target.tolist(), "query": query.tolist()}, out)
