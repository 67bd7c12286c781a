"""Prunes networks of the built-in configs, measures predictions of the original and of the pruned
network in turn (pare bench -infer), and prints Markdown tables beside the ideals of this machine.

    python3 scripts/bench/pruned.py [--networks lenet5,cnn] [--batches 1,64] [--threads 0] [--runs FOLDER] [--layers]

A network is trained for seconds, because only shapes count here, then filters and neurons of least
magnitude are removed until 0.3 of the multiply-accumulates remain; NAME-8 keeps multiples of eight
(prune.round_to), digits and resnet are the configs of these names as they are. "Reached" is the
speed-up as a share of the ideal one, "share" the ideal time as a share of the median, original and
pruned. With --runs the runs stay in the folder and are taken from there the next time.
"""
import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import host

BRIEF = ["penalties=[]", "target=null", "finetune=null", "train.epochs=1"]
GLYPHS = "data={dataset: glyphs, train: 640, validation: 0, test: 1000}"
TEXT = "data={dataset: wordchain, train: 30000}"
SHORT = "data.train=320"


def brief(config, data, macs=0.3, more=(), round_to=None):
    """A config with settings for a short run that removes units at its end."""
    rounded = f", round_to: {round_to}" if round_to else ""
    removal = f"prune={{method: magnitude, scope: layer, budget: {{macs: {macs}}}{rounded}}}"
    return config, [data, *BRIEF, *more, removal]


NETWORKS = {
    "digits": ("digits-cnn", []),
    "lenet5": brief("mnist-lenet5", GLYPHS),
    "cnn": brief("mnist-cnn", GLYPHS),
    "cnn-8": brief("mnist-cnn", GLYPHS, round_to=8),
    "inception": brief("cifar10-inception", GLYPHS),
    "inception-8": brief("cifar10-inception", GLYPHS, round_to=8),
    "resnet20": brief("cifar10-resnet20", GLYPHS),
    "resnet20-8": brief("cifar10-resnet20", GLYPHS, macs=0.33, round_to=8),
    "rnn": brief("chain-rnn", SHORT),
    "lstm": brief("adding-lstm", SHORT),
    "gru": brief("adding-gru", SHORT),
    "transformer": brief("shakespeare-transformer", TEXT, more=["model.blocks=2", "model.hidden=512", "thresholds=null"]),
    "resnet": ("resnet", []),
}


def main():
    parser = argparse.ArgumentParser(description="Measures pruned networks beside their ideals.")
    parser.add_argument("--networks", default=",".join(NETWORKS), help="default: " + ",".join(NETWORKS))
    parser.add_argument("--batches", default="1,64", help="default: 1,64")
    parser.add_argument("--steps", type=int, default=0, help="rounds of each form and batch; default: at least 20 in two seconds")
    parser.add_argument("--threads", type=int, default=0, help="0: all cores")
    parser.add_argument("--runs", help="folder for the runs; default: one that is removed")
    parser.add_argument("--layers", action="store_true", help="a table of the layers of each network, too")
    args = parser.parse_args()
    unknown = sorted(set(args.networks.split(",")) - set(NETWORKS))
    if unknown:
        parser.error(f"there is no network {unknown[0]}; there are " + ", ".join(NETWORKS))
    if args.threads < 0 or args.steps < 0:
        parser.error("threads and steps must not be negative")
    with tempfile.TemporaryDirectory() as folder:
        runs = Path(args.runs or folder)
        runs.mkdir(parents=True, exist_ok=True)
        compare(args, runs, host.build("cmd/train", folder), host.build("cmd/pare", folder))


def compare(args, runs, train, pare):
    load, batches = host.load(), [int(b) for b in args.batches.split(",")]
    rows, layers, facts = [], [], {}
    for name in args.networks.split(","):
        run = runs / name
        if not (run / "summary.json").exists():
            fit(train, name, run)
        options = ["-threads", args.threads] + (["-steps", args.steps] if args.steps else [])
        results = {}
        for batch in batches:
            [results[batch]] = host.lines([pare, "bench", run, "-infer", "-json", "-batch", batch, *options])
        rows.append(row(name, results))
        layers += [[name, *line] for line in layer_rows(results)]
        print(" ".join(map(str, rows[-1])), file=sys.stderr, flush=True)
        facts = {key: results[batches[0]][key] for key in ("threads", "kernels", "go")}
        facts["peak, GFLOP/s"] = round(results[batches[0]]["peaks"]["gflops"])
    print(host.header(**facts, load=load))
    titles = ["network", "fewer MACs"]
    for batch in batches:
        titles += [f"batch {batch}: original, ms", "pruned, ms", "times as fast", "ideal", "reached", "share"]
    print(host.table(titles, rows))
    if args.layers:
        print()
        titles = ["network", "layer", "batch", "fewer MACs", "original, µs", "pruned, µs", "times as fast", "share"]
        print(host.table(titles, layers))


def fit(train, name, run):
    config, settings = NETWORKS[name]
    command = [train, "-config", config, "-out", run]
    for setting in settings:
        command += ["-set", setting]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{name}: train ended with status {done.returncode}:\n{done.stderr.strip()}")


def forms(result):
    """The network before and after the removal."""
    by_name = {network["name"]: network for network in result["networks"]}
    return by_name["original"], by_name["pruned"]


def row(name, results):
    out = [name]
    for batch, result in results.items():
        original, pruned = forms(result)
        before, after = (next(t for t in network["times"] if t["batch"] == batch) for network in (original, pruned))
        if len(out) == 1:
            out.append(f"{original['macs'] / pruned['macs']:.2f}")
        speedup, ideal = before["median_ms"] / after["median_ms"], before["ideal_ms"] / after["ideal_ms"]
        shares = [t["ideal_ms"] / t["median_ms"] for t in (before, after)]
        out += [f"{before['median_ms']:.4g}", f"{after['median_ms']:.4g}", f"{speedup:.2f}", f"{ideal:.2f}", f"{speedup / ideal:.2f}",
                f"{shares[0]:.0%} → {shares[1]:.0%}"]
    return out


def layer_rows(results):
    """The layers that both networks have."""
    for batch, result in results.items():
        original, pruned = forms(result)
        after = {layer["name"]: layer for layer in pruned["layers"]}
        for before in original["layers"]:
            if before["name"] not in after:
                continue
            pair = before, after[before["name"]]
            times = [next(t for t in layer["times"] if t["batch"] == batch) for layer in pair]
            fewer = before["macs"] / pair[1]["macs"]
            shares = [t["ideal_ms"] / t["median_ms"] for t in times]
            yield [before["name"], batch, f"{fewer:.2f}", *(f"{1e3 * t['median_ms']:.4g}" for t in times),
                   f"{times[0]['median_ms'] / times[1]['median_ms']:.2f}", f"{shares[0]:.0%} → {shares[1]:.0%}"]


if __name__ == "__main__":
    main()
