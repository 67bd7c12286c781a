"""Writes goldens.json: small problems with the precision matrices of scikit-learn and of
R's glasso, both run to a tight tolerance.

    python3 graphical/testdata/goldens.py

needs numpy and scikit-learn, and Rscript with the package glasso.
"""
import json
import pathlib
import subprocess
import tempfile

import numpy
import sklearn.covariance
import sklearn.datasets

R = """
library(glasso)
args <- commandArgs(TRUE)
s <- as.matrix(read.csv(args[1], header = FALSE))
fit <- glasso(s, rho = as.numeric(args[2]), penalize.diagonal = args[3] == "TRUE", thr = 1e-14, maxit = 1e5)
write.table(format((fit$wi + t(fit$wi)) / 2, digits = 17), args[4], sep = ",", row.names = FALSE, col.names = FALSE, quote = FALSE)
"""


def main():
    problems = []
    diabetes = numpy.corrcoef(sklearn.datasets.load_diabetes().data, rowvar=False)
    chain = sample_covariance(numpy.random.default_rng(1), 200, 12)
    wide = sample_covariance(numpy.random.default_rng(2), 10, 15)
    for name, s, lambdas in (("diabetes", diabetes, (0.05, 0.3)), ("chain", chain, (0.1, 0.4)), ("wide", wide, (0.3, 0.8))):
        for lam in lambdas:
            for diagonal in (False, True):
                problems.append(solve(name, s, lam, diagonal))
    path = pathlib.Path(__file__).with_name("goldens.json")
    path.write_text("[\n" + ",\n".join(json.dumps(p) for p in problems) + "\n]\n")


def sample_covariance(random, n, p):
    x = random.standard_normal((n, p))
    for j in range(1, p):
        x[:, j] += 0.6 * x[:, j - 1]
    return numpy.cov(x, rowvar=False, bias=True)


def solve(name, s, lam, diagonal):
    problem = {"name": name, "p": len(s), "lambda": lam, "diagonal": diagonal, "s": s.ravel().tolist()}
    if not diagonal:  # scikit-learn never penalises it
        _, theta = sklearn.covariance.graphical_lasso(s, lam, tol=1e-11, enet_tol=1e-13, max_iter=10000)
        problem["sklearn"] = theta.ravel().tolist()
    with tempfile.TemporaryDirectory() as folder:
        given, script, result = (str(pathlib.Path(folder, f)) for f in ("s.csv", "fit.R", "theta.csv"))
        numpy.savetxt(given, s, delimiter=",", fmt="%.17g")
        pathlib.Path(script).write_text(R)
        subprocess.run(["Rscript", script, given, repr(lam), str(diagonal).upper(), result], check=True)
        problem["glasso"] = numpy.loadtxt(result, delimiter=",").ravel().tolist()
    return problem


if __name__ == "__main__":
    main()
