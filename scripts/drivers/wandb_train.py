"""Runs `train` as a run of Weights & Biases: --KEY=VALUE, as `wandb agent` gives them, become
-set KEY=VALUE.

    pip install wandb
    wandb sweep scripts/drivers/wandb-sweep.yaml     # then wandb agent ID
    WANDB_MODE=offline python3 scripts/drivers/wandb_train.py -config scripts/drivers/digits.yaml --train.optimizer.lr=0.01

Every epoch is logged as it is written to metrics.jsonl; the summary has the results on the test
data. A run that W&B resumes goes on in its folder.
"""
import argparse
import pathlib
import signal
import sys

import wandb

import pare_train

arguments = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
arguments.add_argument("-config", required=True)
arguments.add_argument("-out", default="runs/wandb", help="folder of run folders, which have the ids of the runs")
a, rest = arguments.parse_known_args()
settings = {}
for argument in rest:
    key, equals, value = argument.removeprefix("--").partition("=")
    if not argument.startswith("--") or not equals:
        arguments.error(f"{argument} is not --KEY=VALUE")
    settings[key] = value

signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # of an agent that ends the run early
with (wandb.init(config=settings, resume="allow") as board,
      pare_train.Run(a.config, pathlib.Path(a.out) / board.id, settings) as run):
    for record in run.epochs():
        values = {k: record[k] for k in ("epoch", "loss", "lr", "zeros")}
        values["macs_left"] = record["remaining"]["macs_share"]
        if "val" in record:
            values["val_loss"] = record["val"]["loss"]
        log = {f"{record['phase']}/{k}": v for k, v in values.items()}
        if "val" in record:
            log["error"] = 1 - record["val"]["accuracy"]
        board.log(log)
    for key, value in pare_train.results(run.summary()).items():
        board.summary[f"test/{key}"] = value
    board.summary["folder"] = str(run.folder)
