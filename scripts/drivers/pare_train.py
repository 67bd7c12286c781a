"""Runs `train` for programs that choose its settings. Needs Python 3.10 and no packages.

    with Run("digits.yaml", "trials/1", {"train.optimizer.lr": 0.01}) as run:
        for record in run.epochs():     # lines of metrics.jsonl while it trains
            print(record["epoch"], record["val"]["accuracy"])
        print(run.summary()["accuracy_final"])

The program is the environment variable PARE_TRAIN, else `train` on PATH, else bin/train of this
clone.
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time


class BadInput(ValueError):
    """Exit status 2: a key, a value or a file is wrong; the message is the line of train."""


class Failed(RuntimeError):
    """Exit status 1: the run failed, for example because training diverged."""


def program():
    clone = pathlib.Path(__file__).resolve().parents[2] / "bin" / "train"
    found = os.environ.get("PARE_TRAIN") or shutil.which("train") or (clone.exists() and str(clone))
    if not found:
        raise FileNotFoundError("there is no program train: go build -o bin/ ./cmd/... or set PARE_TRAIN")
    return found


def text(value):
    """A value as -set reads it: JSON is YAML, and None removes a key."""
    return value if isinstance(value, str) else json.dumps(value)


def flatten(tree, path=""):
    """{"train": {"epochs": 3}} as {"train.epochs": 3}; sections in a list count from 0."""
    if isinstance(tree, list) and tree and all(isinstance(item, dict) for item in tree):
        tree = dict(enumerate(tree))
    if not isinstance(tree, dict):
        return {path: tree}
    out = {}
    for key, value in tree.items():
        out.update(flatten(value, f"{path}.{key}" if path else str(key)))
    return out


class Run:
    """A run under way in the folder out. One that was interrupted goes on; one that is
    finished is read. The folder must belong to the same config. The end of a with statement
    ends a run that is still under way after its present step, so that it can go on later."""

    def __init__(self, config, out, settings=None):
        self.folder = pathlib.Path(out)
        if (self.folder / "config.yaml").exists() and not (self.folder / "summary.json").exists():
            command = [program(), "-resume", str(out)]
        else:
            command = [program(), "-config", str(config), "-out", str(out)]
            for key, value in (settings or {}).items():
                command += ["-set", f"{key}={text(value)}"]
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(command + ["-quiet"], stderr=self.errors)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)  # nothing, where it has ended
        self.process.wait()
        self.errors.close()

    def wait(self):
        """Waits for the end; a failure is an exception with the message of train."""
        status = self.process.wait()
        if status == 0:
            return
        self.errors.seek(0)
        message = self.errors.read().strip()
        if status == 130:
            raise KeyboardInterrupt(message)
        raise (BadInput if status == 2 else Failed)(message)

    def summary(self):
        """Waits for the end and reads summary.json."""
        self.wait()
        return json.loads((self.folder / "summary.json").read_text())

    def epochs(self, poll=0.05):
        """The records of epochs in metrics.jsonl, each as soon as it is written: those of phase
        train, then those of phase finetune."""
        path, done = self.folder / "metrics.jsonl", 0
        while True:
            ended = self.process.poll() is not None
            lines = path.read_text().split("\n")[:-1] if path.exists() else []
            for line in lines[done:]:
                record = json.loads(line)
                if record["kind"] == "epoch":
                    yield record
            done = max(done, len(lines))
            if ended:
                self.wait()
                return
            time.sleep(poll)


def results(summary):
    """The figures that a search compares runs by."""
    out = {
        "error": 1 - summary["accuracy_final"],
        "macs_share": summary["macs_after"] / summary["macs_before"],
        "params_share": summary["params_after"] / summary["params_before"],
        "loss": summary["loss_final"],
    }
    for key in ("perplexity_final", "mse_final"):
        if key in summary:
            out[key] = summary[key]
    return out
