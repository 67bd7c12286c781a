"""Folders of a model: architecture.json and model.safetensors, as pare writes and reads them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import safetensors
import safetensors.torch
import torch

from . import document, layers
from .document import Document
from .errors import ModelError
from .network import Network

ARCHITECTURE = "architecture.json"
WEIGHTS = "model.safetensors"
FINGERPRINT = "pare.architecture_sha256"


def load(folder: str | os.PathLike[str]) -> Network:
    """The network of a run folder, or of any folder with architecture.json and model.safetensors.

    It is in evaluation mode, as ``torch.load`` of a checkpoint is not: call ``.train()`` to train it. A
    ``ModelError`` names the file and the fault in one line. ``load("runs/x/trained")`` reads the
    network of a run before it was pruned.
    """
    path = Path(folder)
    if path.suffix in (".onnx", ".safetensors") and not path.is_dir():
        model = " -model NAME" if path.suffix == ".safetensors" else ""
        raise ModelError(f"{path}: it is no folder of a model; pare export {path}{model} -safetensors FOLDER makes one")
    if not (path / ARCHITECTURE).is_file():
        raise ModelError(f"{path}: there is no {ARCHITECTURE}; give the folder of a run or of a model")
    doc = document.read(path / ARCHITECTURE)
    try:
        with layers.without_values():
            network = Network(doc)
    except ModelError as e:
        raise ModelError(f"{path / ARCHITECTURE}: {e}") from None
    try:
        read_weights(path / WEIGHTS, network)
    except ModelError as e:
        raise ModelError(f"{path / WEIGHTS}: {e}") from None
    return network.eval()


def read_weights(path: Path, network: Network) -> None:
    """Sets all values of a network from a file that must hold them and nothing else."""
    try:
        with safetensors.safe_open(path, framework="pt") as f:
            fingerprint = (f.metadata() or {}).get(FINGERPRINT)
            tensors = {name: f.get_tensor(name) for name in f.keys()}
    except FileNotFoundError:
        raise ModelError("there is no such file") from None
    except (OSError, safetensors.SafetensorError) as e:
        raise ModelError(f"it is not a safetensors file: {e}") from None
    state = network.state_dict()
    for name, value in state.items():
        check(name, tensors.get(name), value.shape)
    for name, tensor in tensors.items():
        if name not in state:
            raise ModelError(f"tensor {name} of shape {list(tensor.shape)} is no parameter of the architecture")
    if fingerprint is not None and fingerprint != network.document.fingerprint():
        raise ModelError(
            f"the weights were saved with another architecture than the {ARCHITECTURE} beside them; "
            "take both from one run"
        )
    network.load_state_dict({name: tensors[name] for name in state}, assign=True)


def check(name: str, tensor: torch.Tensor | None, shape: torch.Size) -> None:
    if tensor is None:
        raise ModelError(f"tensor {name} is missing; the architecture needs it with shape {list(shape)}")
    if tensor.shape != shape:
        raise ModelError(f"tensor {name} has shape {list(tensor.shape)}, the architecture needs {list(shape)}")
    if tensor.dtype != torch.float32:
        raise ModelError(f"tensor {name} has values of type {tensor.dtype}, they must be float32")
    if not torch.isfinite(tensor).all():
        raise ModelError(f"tensor {name} has a value that is not a finite number")


def write(network: Network, doc: Document, folder: str | os.PathLike[str]) -> None:
    """Writes both files; each is replaced whole, and neither where one cannot be written."""
    path = Path(folder)
    state = {k: v.detach().to("cpu", torch.float32).contiguous() for k, v in network.state_dict().items()}
    for name, tensor in state.items():
        check(name, tensor, tensor.shape)
    text = doc.encode()
    document.parse(text)  # facts of other types than the file's, such as a number in meta, are errors
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise ModelError(f"{path}: {e.strerror or e}; give the path of a folder") from None

    def weights(temporary: Path) -> None:
        safetensors.torch.save_file(state, temporary, metadata={FINGERPRINT: doc.fingerprint()})

    def architecture(temporary: Path) -> None:
        temporary.write_text(text, encoding="utf-8")
        replace(path / WEIGHTS, weights)

    replace(path / ARCHITECTURE, architecture)


def replace(path: Path, fill: Callable[[Path], None]) -> None:
    """Fills a temporary file and moves it to the path."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    os.close(handle)
    try:
        fill(Path(name))
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
