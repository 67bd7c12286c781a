"""Attacks the network of a run with pare and with torchattacks, on the same weights and test images, and
prints a Markdown table of robust accuracies. It ends with status 1 where they differ by more than --points.

    python3 scripts/attack/compare.py --run runs/x --limit 1000 --eps 0.05,0.1 [--l2 0.5,1] [--attacks fgsm,pgd]

It needs PyTorch, pare's Python package (pip install ./python) and torchattacks.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy
import torch
import torchattacks

import pare

ROOT = pathlib.Path(__file__).resolve().parents[2]


def attacks(steps, queries):
    """Name, norms, ours (kind and options), theirs (a function of model, norm and eps)."""
    both = ("linf", "l2")
    names = {"linf": "Linf", "l2": "L2"}

    def pgd(model, norm, eps):
        kind = torchattacks.PGD if norm == "linf" else torchattacks.PGDL2
        return kind(model, eps=eps, alpha=eps / 4, steps=steps)

    def make(kind, **options):
        return lambda model, norm, eps: kind(model, norm=names[norm], eps=eps, seed=1, **options)

    return {
        "fgsm": (("linf",), ("fgsm", {}), lambda m, norm, eps: torchattacks.FGSM(m, eps=eps)),
        "ffgsm": (("linf",), ("fgsm", {"start": "random", "step": 1.25}),
                  lambda m, norm, eps: torchattacks.FFGSM(m, eps=eps, alpha=1.25 * eps)),
        "pgd": (both, ("pgd", {"steps": steps, "step": 0.25}), pgd),
        "mifgsm": (("linf",), ("pgd", {"steps": steps, "step": 0.25, "momentum": 1, "start": "clean"}),
                   lambda m, norm, eps: torchattacks.MIFGSM(m, eps=eps, alpha=eps / 4, steps=steps, decay=1.0)),
        "apgd": (both, ("apgd", {"steps": steps}), make(torchattacks.APGD, steps=steps, loss="ce")),
        "apgd-dlr": (both, ("apgd", {"steps": steps, "loss": "dlr"}), make(torchattacks.APGD, steps=steps, loss="dlr")),
        "apgdt": (both, ("apgdt", {"steps": steps}), make(torchattacks.APGDT, steps=steps)),
        "fab": (both, ("fab", {"steps": steps, "targets": 0}), make(torchattacks.FAB, steps=steps)),
        "fab-t": (both, ("fab", {"steps": steps}), make(torchattacks.FAB, steps=steps, multi_targeted=True)),
        "square": (both, ("square", {"queries": queries, "rescale": True}), make(torchattacks.Square, n_queries=queries)),
        "autoattack": (both, ("standard", {"steps": 10}), make(torchattacks.AutoAttack)),
    }


class Pixels(torch.nn.Module):
    """A network that reads values in 0..1."""

    def __init__(self, network, mean, std):
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor(mean or [0.0]).view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(std or [1.0]).view(1, -1, 1, 1))

    def forward(self, x):
        return self.network((x - self.mean) / self.std)


def theirs(build, model, norm, eps, images, labels):
    """Robust accuracy, the judge being the network itself, and seconds."""
    torch.manual_seed(1)
    start, right = time.time(), 0
    for x, y in zip(images.split(250), labels.split(250)):
        points = build(model, norm, eps)(x, y)
        with torch.no_grad():
            right += int((model(points).argmax(1) == y).sum())
    return right / len(labels), time.time() - start


def main():
    parser = argparse.ArgumentParser(description="Compares attacks of pare and torchattacks.")
    parser.add_argument("--run", required=True, help="run folder")
    parser.add_argument("--data", default="", help="folder of the data; default: the folder in the run's config")
    parser.add_argument("--limit", type=int, default=200, help="test images; default 200")
    parser.add_argument("--eps", default="0.05,0.1", help="radii for linf, in units of pixels 0..1; empty: none")
    parser.add_argument("--l2", default="", help="radii for l2; default: none")
    parser.add_argument("--attacks", default="", help="default: all")
    parser.add_argument("--steps", type=int, default=20, help="of attacks by gradients; default 20")
    parser.add_argument("--queries", type=int, default=1000, help="of square; default 1000")
    parser.add_argument("--points", type=float, default=0.5, help="largest difference; default 0.5")
    parser.add_argument("--program", help="scripts/attack as a program; default: built from the sources")
    args = parser.parse_args()
    known = attacks(args.steps, args.queries)
    chosen = args.attacks.split(",") if args.attacks else list(known)
    if unknown := set(chosen) - set(known):
        parser.error(f"unknown attacks {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    jobs = [(name, norm, float(eps)) for norm, radii in (("linf", args.eps), ("l2", args.l2)) for eps in radii.split(",") if eps
            for name in chosen if norm in known[name][0]]
    with tempfile.TemporaryDirectory() as folder:
        program = args.program or build(folder)
        lines = [json.dumps({"attack": known[name][1][0], "options": known[name][1][1], "norm": norm, "eps": eps, "seed": 1})
                 for name, norm, eps in jobs]
        command = [program, "-run", args.run, "-limit", str(args.limit), "-out", folder]
        if args.data:
            command += ["-data", args.data]
        ours = subprocess.run(command, input="\n".join(lines) + "\n", capture_output=True, text=True)
        if ours.returncode != 0:
            sys.exit(ours.stderr.strip())
        ours = [json.loads(line) for line in ours.stdout.splitlines()]
        x = torch.from_numpy(numpy.load(f"{folder}/examples.npy"))
        facts = json.loads(pathlib.Path(folder, "examples.json").read_text())
    labels = torch.tensor(facts["labels"])
    model = Pixels(pare.load(args.run), facts["mean"], facts["std"]).eval()
    images = (x * model.std + model.mean).clamp(0, 1)
    with torch.no_grad():
        clean = float((model(images).argmax(1) == labels).float().mean())
    print(f"{args.run}: {len(labels)} test images, {100 * clean:.1f} % right as they are\n")
    print("| attack | norm | eps | pare % | torchattacks % | difference | pare s | torchattacks s |\n|---|---|--:|--:|--:|--:|--:|--:|")
    worst = 0.0
    for (name, norm, eps), result in zip(jobs, ours):
        accuracy, seconds = theirs(known[name][2], model, norm, eps, images, labels)
        difference = 100 * (result["robust"] - accuracy)
        worst = max(worst, abs(difference))
        print(f"| {name} | {norm} | {eps:.4g} | {100 * result['robust']:.1f} | {100 * accuracy:.1f} | {difference:+.1f} "
              f"| {result['seconds']:.1f} | {seconds:.1f} |", flush=True)
    sys.exit(worst > args.points + 1e-9)


def build(folder):
    program = f"{folder}/attack"
    subprocess.run(["go", "build", "-o", program, "./scripts/attack"], cwd=ROOT, check=True)
    return program


if __name__ == "__main__":
    main()
