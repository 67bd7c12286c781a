"""Compares pare's graphical lasso with R's glasso and huge and with scikit-learn, which run
in turn on the same covariances, and prints a Markdown table: median seconds of a fit, how far
its objective is above the best one, and edges.

    python3 scripts/bench/glasso.py [--rounds 3] [--problems tree,dense,wide,sparse] [--lambda 0.1]
                            [--solvers glasso,huge,sklearn] [--blocks]

needs numpy; solvers that are not installed are left out (scikit-learn in this Python; Rscript
with the packages glasso and huge). pare ends at a duality gap of 1e-9 nats a variable, the
others at their default tolerance. --blocks adds 5,000 variables in 100 blocks for pare alone,
from data whose covariance matrix it does not store.
"""
import argparse
import importlib.util
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy

import host

R = {
    "glasso": "fit <- glasso::glasso(s, rho = lambda, penalize.diagonal = FALSE); theta <- fit$wi",
    "huge": "fit <- huge::huge(s, lambda = lambda, method = 'glasso', verbose = FALSE); theta <- as.matrix(fit$icov[[1]])",
}
# huge penalises the diagonal: its objective is that of another problem, its time is comparable.


def main():
    parser = argparse.ArgumentParser(description="Compares graphical lasso solvers.")
    parser.add_argument("--rounds", type=int, default=3, help="times that each side runs; default 3")
    parser.add_argument("--problems", default="tree,dense,wide,sparse", help="default: all four")
    parser.add_argument("--solvers", default="glasso,huge,sklearn", help="beside pare; default: glasso,huge,sklearn")
    parser.add_argument("--p", type=int, default=500, help="variables; default 500")
    parser.add_argument("--lambda", type=float, default=0.1, dest="lam", help="default 0.1")
    parser.add_argument("--blocks", action="store_true", help="add 5,000 variables in blocks, pare alone")
    parser.add_argument("--sklearn", metavar="FILE", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.sklearn:
        fit_sklearn(args.sklearn, args.p, args.lam)
        return
    if args.rounds < 1 or args.p < 2:
        parser.error("rounds must be at least 1 and p at least 2")
    print(host.header(load=host.load(), p=args.p, **{"lambda": args.lam, "Go": host.go_version()}))
    with tempfile.TemporaryDirectory() as folder:
        pare = host.build("scripts/bench/glasso", folder)
        rows = []
        for name in args.problems.split(","):
            rows += compare(name, args, pare, folder)
        print(host.table(["problem, solver", "seconds", "above the best", "edges"], rows))
        if args.blocks:
            print("\n" + blocks(pare, folder))


def problem(name, p):
    """A correlation matrix. tree: each variable depends on an earlier one; dense: on three,
    with strong correlations; wide: as tree with half as many observations as variables;
    sparse: scikit-learn's random precision matrices, 2p observations."""
    random = numpy.random.default_rng(1)
    if name == "sparse":
        if not importlib.util.find_spec("sklearn"):
            sys.exit("the problem sparse needs scikit-learn")
        from sklearn.datasets import make_sparse_spd_matrix
        theta = make_sparse_spd_matrix(p, alpha=0.98, random_state=1)
        x = random.multivariate_normal(numpy.zeros(p), numpy.linalg.inv(theta), 2 * p)
    else:
        links, n = {"tree": (1, 2 * p), "dense": (3, 2 * p), "wide": (1, p // 2)}[name]
        x = linked(random, n, p, links)
    return numpy.corrcoef(x, rowvar=False)


def linked(random, n, p, links):
    x = random.standard_normal((n, p))
    for j in range(1, p):
        for _ in range(links):
            x[:, j] += random.choice((-1, 1)) * random.uniform(0.3, 0.6) * x[:, random.integers(j)]
    return x


def compare(name, args, pare, folder):
    s = problem(name, args.p)
    given, out = Path(folder, "s.bin"), Path(folder, "theta.bin")
    s.tofile(given)
    wanted = args.solvers.split(",")
    sides = {"pare": lambda: fit_pare(pare, given, args, out)}
    for package in R:
        if package in wanted and shutil.which("Rscript") and subprocess.run(["Rscript", "-e", f"library({package})"], capture_output=True).returncode == 0:
            sides[f"R {package}"] = lambda package=package: fit_r(package, given, args, out)
    if "sklearn" in wanted and importlib.util.find_spec("sklearn"):
        sides["scikit-learn"] = lambda: run_sklearn(given, args, out)
    seconds, thetas = {side: [] for side in sides}, {}
    for _ in range(args.rounds):
        for side, fit in sides.items():
            out.unlink(missing_ok=True)
            took = fit()
            seconds[side].append(took)
            thetas[side] = numpy.fromfile(out).reshape(s.shape) if out.exists() else None
    objectives = {side: objective(s, theta, args.lam) for side, theta in thetas.items() if theta is not None}
    best = min(value for side, value in objectives.items() if side != "R huge")
    rows = []
    for side in sides:
        if side not in objectives:
            rows.append([f"{name}, {side}", "fails", "", ""])
            continue
        edges = int((numpy.abs(numpy.triu(thetas[side], 1)) > 0).sum())
        above = "other problem" if side == "R huge" else f"{objectives[side] - best:.1e}"
        rows.append([f"{name}, {side}", f"{statistics.median(seconds[side]):.3f}", above, edges])
    return rows


def objective(s, theta, lam):
    theta = (theta + theta.T) / 2
    sign, logdet = numpy.linalg.slogdet(theta)
    if sign <= 0:
        return float("inf")
    return -logdet + (s * theta).sum() + lam * (numpy.abs(theta).sum() - numpy.abs(numpy.diag(theta)).sum())


def fit_pare(pare, given, args, out):
    (result,) = host.lines([pare, "-file", given, "-p", args.p, "-lambda", args.lam, "-theta", out])
    if not result["converged"] or not 0 <= result["gap"] <= result["tolerance"]:
        sys.exit(f"pare did not converge: {result}")
    return result["seconds"]


def fit_r(package, given, args, out):
    script = f"""
    suppressMessages(library({package}))
    lambda <- {args.lam}
    s <- matrix(readBin("{given}", "double", {args.p}^2), {args.p})
    seconds <- system.time({{ {R[package]} }})[["elapsed"]]
    writeBin(as.vector(theta), "{out}")
    cat(sprintf('{{"seconds": %.6f}}\\n', seconds))
    """
    done = subprocess.run(["Rscript", "-e", script], capture_output=True, text=True)
    if done.returncode != 0:
        print(f"R {package}: {done.stderr.strip()}", file=sys.stderr)
        return float("nan")
    return json.loads(done.stdout.splitlines()[-1])["seconds"]


def run_sklearn(given, args, out):
    command = [sys.executable, __file__, "--sklearn", given, "--p", str(args.p), "--lambda", str(args.lam)]
    (result,) = host.lines(command)
    return result["seconds"]


def fit_sklearn(given, p, lam):
    """Runs in a process of its own, like the other sides."""
    from sklearn.covariance import graphical_lasso
    s = numpy.fromfile(given).reshape(p, p)
    start = time.perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _, theta = graphical_lasso(s, lam)
    except FloatingPointError as error:
        print(f"scikit-learn: {error}", file=sys.stderr)
        print(json.dumps({"seconds": time.perf_counter() - start}))
        return
    seconds = time.perf_counter() - start
    theta.tofile(Path(given).with_name("theta.bin"))
    print(json.dumps({"seconds": seconds}))


def blocks(pare, folder):
    n, p, size = 1000, 5000, 50
    random = numpy.random.default_rng(2)
    x = numpy.hstack([linked(random, n, size, 2) for _ in range(p // size)])
    given = Path(folder, "x.bin")
    x.tofile(given)
    rows = []
    for lam in (0.3, 0.2, 0.15):
        (result,) = host.lines([pare, "-file", given, "-n", n, "-p", p, "-lambda", lam, "-correlation"])
        rows.append([f"λ = {lam}", f"{result['seconds']:.2f}", f"{result['gap']:.1e}", result["edges"], result["components"]])
    return host.table([f"{p} variables in blocks of {size}", "seconds", "gap", "edges", "components"], rows)


if __name__ == "__main__":
    main()
