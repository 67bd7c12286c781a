"""Every built-in model of the Go program: go test ./python/tests -run TestModels -models FOLDER; PARE_MODELS=FOLDER."""

import json
import os
from pathlib import Path

import pytest
import torch

import goldens
import pare

FOLDERS = sorted(Path(os.environ["PARE_MODELS"]).iterdir()) if "PARE_MODELS" in os.environ else []


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda f: f.name)
def test_model(folder, tmp_path):
    net = pare.load(folder)
    values = json.loads((folder / "values.json").read_text())
    x, want = goldens.tensor(values["input"]), goldens.tensor(values["output"])
    with torch.no_grad():
        goldens.same(net(x), want)
    pare.save(net, None, tmp_path)
    assert (tmp_path / "architecture.json").read_bytes() == (folder / "architecture.json").read_bytes()
    assert (tmp_path / "model.safetensors").stat().st_size > 0
