"""Optuna searches the smallest error of a network that keeps at most a share of its
multiply-accumulates.

    pip install optuna
    python3 scripts/drivers/optuna_study.py -macs 0.3 -trials 20

Trials are run folders below -out, and the study is a file there: the command started again goes
on with the study. Trials whose validation accuracy falls behind the median are ended early, as
`metrics.jsonl` grows. The error is of the validation data for the search and of the test data
in the last line.
"""
import argparse
import pathlib

import optuna

import pare_train

here = pathlib.Path(__file__).resolve().parent
arguments = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
arguments.add_argument("-config", default=str(here / "digits.yaml"))
arguments.add_argument("-macs", type=float, default=0.3, help="largest share of multiply-accumulates")
arguments.add_argument("-trials", type=int, default=20, help="trials of the study, finished ones of earlier calls included")
arguments.add_argument("-out", default="runs/optuna")
a = arguments.parse_args()
out = pathlib.Path(a.out)
out.mkdir(parents=True, exist_ok=True)


def objective(trial):
    settings = {
        "train.optimizer.lr": trial.suggest_float("lr", 1e-3, 1e-2, log=True),
        "penalties.0.lambda": trial.suggest_float("lambda", 3e-3, 5e-2, log=True),
        "train.schedule.type": trial.suggest_categorical("schedule", ["constant", "cosine"]),
    }
    with pare_train.Run(a.config, out / str(trial.number), settings) as run:
        for record in run.epochs():
            error = 1 - record["val"]["accuracy"]
            if record["phase"] != "train":
                continue
            trial.report(error, step=round(record["epoch"]))
            if trial.should_prune():
                constrain(trial, record["remaining"]["macs_share"])
                raise optuna.TrialPruned()
        results = pare_train.results(run.summary())
    constrain(trial, results["macs_share"])
    trial.set_user_attr("test_error", results["error"])
    return error


def constrain(trial, macs_share):
    """Constraints of Optuna hold where they are at most 0."""
    trial.set_user_attr("macs_share", macs_share)
    trial.set_constraint("macs", macs_share - a.macs)


study = optuna.create_study(
    study_name="digits", load_if_exists=True, direction="minimize",
    storage=optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(out / "study.log"))),
    sampler=optuna.samplers.TPESampler(seed=1),
    pruner=optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=3))
states = optuna.trial.TrialState
study.optimize(objective, n_trials=max(0, a.trials - len(study.get_trials(states=(states.COMPLETE, states.PRUNED)))),
               catch=(pare_train.Failed,))

complete = study.get_trials(states=(states.COMPLETE,))
small = [t for t in complete if t.user_attrs["macs_share"] <= a.macs]
print(f"{len(complete)} trials complete, {len(small)} of them with at most {a.macs:g} of the multiply-accumulates, "
      f"{len(study.get_trials(states=(states.PRUNED,)))} ended early")
if not small:
    raise SystemExit("no trial is small enough; raise -trials, or the range of lambda")
best = min(small, key=lambda t: t.value)
print(f"best: {out / str(best.number)}: {best.params}; validation error {best.value:.2%}, "
      f"test error {best.user_attrs['test_error']:.2%} at {best.user_attrs['macs_share']:.1%} of the multiply-accumulates")
