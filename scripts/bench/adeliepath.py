"""The side of adelie in lasso.py: python3 adeliepath.py FOLDER FAMILY fits 100 λ with standardised
columns and prints the time, as JSON."""
import json
import sys
import time

import adelie
import numpy

folder, family = sys.argv[1:3]
rows, columns = numpy.fromfile(f"{folder}/size", "<i4")
x = numpy.asfortranarray(numpy.fromfile(f"{folder}/x", "<f8").reshape(columns, rows).T)
y = numpy.fromfile(f"{folder}/y", "<f8")
threads = len(__import__("os").sched_getaffinity(0))
scale = x.std(0)
began = time.time()
design = adelie.matrix.standardize(adelie.matrix.dense(x, n_threads=threads), centers=x.mean(0),
                                   scales=numpy.where(scale > 0, scale, 1), n_threads=threads)
if family == "multinomial":
    response = adelie.glm.multinomial(numpy.eye(int(y.max()) + 1)[y.astype(int)])
elif family == "binomial":
    response = adelie.glm.binomial((y > 0).astype(float))
else:
    response = adelie.glm.gaussian(y)
path = adelie.grpnet(design, response, lmda_path_size=100, min_ratio=0.01 if rows < columns else 1e-4,
                     n_threads=threads, progress_bar=False)
print(json.dumps({"seconds": time.time() - began, "models": len(path.lmdas),
                  "selected": int((path.betas[-1] != 0).sum())}))
