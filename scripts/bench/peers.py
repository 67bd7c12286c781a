"""Compares training steps of pare and of PyTorch, which run in turn, and prints a Markdown
table of medians.

    python3 scripts/bench/peers.py [--python PYTHON] [--models mlp,resnet20] [--rounds 3]

PYTHON is an interpreter that has PyTorch; without --pare the program is built first.
"""
import argparse
import statistics
import sys
import tempfile

import host

DEFAULT = "mlp,lenet5,cnn,inception,resnet20"
SHARED = ("step_ms", "forward_ms", "peak_bytes", "first_step_s", "params")


def main():
    parser = argparse.ArgumentParser(description="Compares training steps of pare and PyTorch.")
    parser.add_argument("--python", default=sys.executable, help="interpreter with PyTorch; default: this one")
    parser.add_argument("--pare", help="program to measure; default: built from the sources")
    parser.add_argument("--models", default=DEFAULT, help=f"default: {DEFAULT}")
    parser.add_argument("--rounds", type=int, default=3, help="times that each side runs; default 3")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--threads", type=int, default=0, help="0: all cores")
    parser.add_argument("--steps", type=int, default=0, help="of each run; 0: as many as fit into five seconds")
    parser.add_argument("--channels-last", action="store_true",
                        help="let PyTorch keep images as pare does, which is not its default but often faster")
    parser.add_argument("--run", help="folder of a run of the one model: pare measures its network before pruning "
                        "on the run's inputs.npy, PyTorch a network of the same size")
    parser.add_argument("--hidden", type=int, default=0, help="hidden units of the run's transformer")
    args = parser.parse_args()
    if args.rounds < 1:
        parser.error("rounds must be at least 1")
    if args.run and args.models != "transformer":
        parser.error("--run is for --models transformer")
    with tempfile.TemporaryDirectory() as folder:
        pare = args.pare or host.build("cmd/pare", folder)
        compare(args, pare)


def compare(args, pare):
    threads, load = args.threads or host.cores(), host.load()
    options = {"batch": args.batch, "threads": threads, "steps": args.steps}
    ours_options = [word for key, value in options.items() for word in ("-" + key, value)]
    theirs_options = [word for key, value in options.items() for word in ("--" + key, value)]
    if args.channels_last:
        theirs_options.append("--channels-last")
    if args.hidden:
        theirs_options += ["--hidden", str(args.hidden)]
    script = host.ROOT / "scripts" / "bench" / "torch_models.py"
    rows, ours, theirs = [], None, None
    for model in args.models.split(","):
        runs = ([], [])
        for number in range(args.rounds):
            what = ["-model", model]
            if args.run:
                what = [f"{args.run}/trained", "-inputs", f"{args.run}/inputs.npy"]
            ours = host.lines([pare, "bench", *what, "-json", *ours_options])[0]
            theirs = host.lines([args.python, script, model, *theirs_options])[0]
            if ours["params"] != theirs["params"]:
                sys.exit(f"{model} has {ours['params']} parameters in pare and {theirs['params']} in PyTorch")
            runs[0].append(ours)
            runs[1].append(theirs)
            print(f"{model}, round {number + 1}: pare {ours['step_ms']:.2f} ms, PyTorch {theirs['step_ms']:.2f} ms",
                  file=sys.stderr)
        rows.append(row(model, *map(medians, runs)))
    torch = theirs["torch"] + (", channels last" if args.channels_last else "")
    print(host.header(Go=ours["go"], PyTorch=torch, kernels=ours["kernels"], threads=threads,
                      batch=args.batch, rounds=args.rounds, load=load))
    print(host.table(["model", "parameters", "step, pare ms", "PyTorch ms", "times as fast",
                      "forward, pare ms", "PyTorch ms", "peak memory, pare MiB", "PyTorch MiB",
                      "start to first step, pare s", "PyTorch s", "pare GFLOP/s"], rows))


def medians(runs):
    """The median of every number over the runs; None where a run has none."""
    out = {}
    for key in SHARED + ("gflops",):
        values = [run.get(key) for run in runs]
        out[key] = None if None in values else statistics.median(values)
    return out


def row(model, ours, theirs):
    return [model, f"{ours['params']:,.0f}", number(ours["step_ms"]), number(theirs["step_ms"]),
            f"{theirs['step_ms'] / ours['step_ms']:.2f}",
            number(ours["forward_ms"]), number(theirs["forward_ms"]),
            mebibytes(ours["peak_bytes"]), mebibytes(theirs["peak_bytes"]),
            number(ours["first_step_s"]), number(theirs["first_step_s"]), number(ours["gflops"], 1)]


def number(value, digits=2):
    return "–" if value is None else f"{value:.{digits}f}"


def mebibytes(value):
    return "–" if value is None else f"{value / 2**20:.0f}"


if __name__ == "__main__":
    main()
