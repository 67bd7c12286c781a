"""Hydra composes the settings of `train` and sweeps over them.

    pip install hydra-core
    python3 scripts/drivers/hydra_train.py set.train.optimizer.lr=0.01
    python3 scripts/drivers/hydra_train.py -m set.seed=1,2 set.penalties.0.lambda=0.01,0.03

A job has its run in the folder `run` of its output folder. Its result is the error on the test
data, for sweepers that minimise it. Launchers of Hydra (joblib, submitit for Slurm) need nothing
else.
"""
import logging
import pathlib

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf

import pare_train


@hydra.main(version_base=None, config_path=".", config_name="hydra_train")
def main(cfg):
    settings = pare_train.flatten(OmegaConf.to_container(cfg.set, resolve=True))
    out = pathlib.Path(HydraConfig.get().runtime.output_dir) / "run"
    with pare_train.Run(cfg.config, out, settings) as run:
        results = pare_train.results(run.summary())
    logging.getLogger(__name__).info("%s: %s", out, ", ".join(f"{k} {v:.4g}" for k, v in results.items()))
    return results["error"]


if __name__ == "__main__":
    main()
