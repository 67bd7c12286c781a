"""The side of scikit-learn in live_test.go: python3 live.py DATA.csv prints a line for
every model and class: case, lambda, class, intercept, coefficients."""
import sys
import warnings

try:
    import numpy
    from sklearn.linear_model import ElasticNet, Lasso, LogisticRegression, Ridge
except ImportError:
    sys.exit(print("missing"))

warnings.simplefilter("ignore")
data = numpy.loadtxt(sys.argv[1], delimiter=",")
x, (y, high, third, weight, counts, offset) = data[:, :-6], data[:, -6:].T
scale = x.std(0)
z = (x - x.mean(0)) / scale


def show(case, penalty, intercepts, rows):
    for k, (b, row) in enumerate(zip(numpy.atleast_1d(intercepts), numpy.atleast_2d(rows))):
        b = b - (row / scale) @ x.mean(0)
        print(case, repr(float(penalty)), k, repr(float(b)), *(repr(float(c)) for c in row / scale))


for penalty in (0.5, 0.1, 0.02, 0.004):
    model = Lasso(alpha=penalty, tol=1e-14, max_iter=10**6).fit(z, y)
    show("lasso", penalty, model.intercept_, model.coef_)
    model = ElasticNet(alpha=penalty, l1_ratio=0.5, tol=1e-14, max_iter=10**6).fit(z, y)
    show("enet", penalty, model.intercept_, model.coef_)
    model = Lasso(alpha=penalty, tol=1e-14, max_iter=10**6, positive=True).fit(z, y)
    show("positive", penalty, model.intercept_, model.coef_)
for penalty in (0.2, 0.05):
    how = dict(C=1 / (len(y) * penalty), solver="saga", tol=1e-12, max_iter=10**5)
    for case, target in (("binomial", high), ("multinomial", third)):
        try:
            model = LogisticRegression(penalty="l1", **how).fit(z, target)
        except (TypeError, ValueError):
            model = LogisticRegression(l1_ratio=1, **how).fit(z, target)
        show(case, penalty, model.intercept_, model.coef_)
for penalty in (2, 0.2):
    model = Ridge(alpha=len(y) * penalty).fit(z, y)
    show("ridge", penalty, model.intercept_, model.coef_)
    model = LogisticRegression(C=1 / (len(y) * penalty), tol=1e-12, max_iter=10**5).fit(z, high)
    show("logitridge", penalty, model.intercept_, model.coef_)
