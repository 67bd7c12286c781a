"""Shows what Run of pare_train does, for drivers_test.go; the argument is an empty folder."""
import pathlib
import sys

here = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(here))
import pare_train  # noqa: E402

config, out = here / "digits.yaml", pathlib.Path(sys.argv[1])
settings = pare_train.flatten({"train": {"epochs": 3, "checkpoint_steps": 1}, "penalties": [{"lambda": 0.02}], "finetune": {"epochs": 1}})
try:
    pare_train.Run(config, out / "bad", {"train.epoch": 1}).summary()
except pare_train.BadInput as e:
    print("bad input:", e)
with pare_train.Run(config, out / "run", settings) as run:
    for record in run.epochs():
        print("left in epoch", round(record["epoch"]))
        break
with pare_train.Run(config, out / "run", settings) as run:
    print("epochs", ", ".join(f"{r['phase']} {round(r['epoch'])}" for r in run.epochs()))
    first = run.summary()
with pare_train.Run(config, out / "run", settings) as run:
    print("again", run.summary() == first and pare_train.results(first)["macs_share"] < 1)
