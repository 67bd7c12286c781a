"""The side of skglm in live_test.go: python3 folded.py DATA.csv prints a line for every model:
case, lambda, 0, intercept, coefficients, along a path from the largest lambda."""
import sys
import warnings

try:
    import numpy
    from skglm import GeneralizedLinearEstimator
    from skglm.datafits import Quadratic
    from skglm.penalties import MCPenalty, SCAD
    from skglm.solvers import AndersonCD
except ImportError:
    sys.exit(print("missing"))

warnings.simplefilter("ignore")
data = numpy.loadtxt(sys.argv[1], delimiter=",")
x, y = data[:, :-6], data[:, -6]
scale = x.std(0)
z = (x - x.mean(0)) / scale
for case, penalty in (("mcp", lambda l: MCPenalty(l, 3.0)), ("scad", lambda l: SCAD(l, 3.7))):
    start = None
    largest = numpy.abs(z.T @ (y - y.mean())).max() / len(y)
    for l in numpy.append(numpy.geomspace(largest, 0.02, 40), [0.01, 0.004]):
        solver = AndersonCD(tol=1e-12, max_iter=10**4, max_epochs=10**5, fit_intercept=True, warm_start=True)
        model = GeneralizedLinearEstimator(Quadratic(), penalty(l), solver)
        if start is not None:
            model.coef_, model.intercept_ = start
        model.fit(z, y)
        start = model.coef_, model.intercept_
        if l in (0.02, 0.01, 0.004) or abs(l - 0.1) < 0.005:
            b = model.intercept_ - (model.coef_ / scale) @ x.mean(0)
            print(case, repr(float(l)), 0, repr(float(numpy.ravel(b)[0])), *(repr(float(c)) for c in model.coef_ / scale))
