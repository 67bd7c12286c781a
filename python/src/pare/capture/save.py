"""Writes a module as the files of a model."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence

import torch
from torch import nn

from .. import folder as files
from ..document import Document
from ..errors import ModelError, UnsupportedError
from ..network import Network
from .graph import Graph

TOLERANCE = 1e-4  # of the largest output: a network that differs more is refused


def save(
    module: nn.Module,
    example: torch.Tensor | None,
    folder: str | os.PathLike[str],
    *,
    name: str | None = None,
    classes: Sequence[str] = (),
    outputs: str = "",
    mean: Sequence[float] = (),
    std: Sequence[float] = (),
    meta: dict[str, str] | None = None,
) -> Network:
    """Writes architecture.json and model.safetensors of any module made of operators that pare has layers for.

    Args:
        module: the network; a ``Network`` that ``load`` gave is written as it is.
        example: a batch of inputs, (N, C, H, W), (N, F), (N, T) tokens, (N, T, D) or (N, D, T); None for a
            ``Network``. Only shape and type count, and the values for a comparison.
        folder: made where it is missing; both files are replaced whole.
        name: of the network; the class of the module where it is left out.
        classes: names of the outputs.
        outputs: classes, labels or numbers; the meaning of the outputs.
        mean, std: of each channel: inputs in 0..1 become (x − mean) / std.
        meta: notes.

    Returns the network that was written, in evaluation mode; it computes what the module computes in
    evaluation mode. Sequences are (N, D, T) there. Layers have the names of the modules.

    Raises ``UnsupportedError`` with the module, the operator and its shapes where pare has no layer.
    """
    if isinstance(module, Network) and intact(module):
        network = module
        document = module.document
    else:
        if example is None:
            raise ModelError("an example of the input is needed")
        document, tensors = capture(module, example, name or type(module).__name__)
        network = Network(document)
        network.load_state_dict(tensors, assign=True)
        compare(module, network.eval(), example)
        if isinstance(module, Network):
            document.mean, document.std, document.recipe = module.preprocess.mean, module.preprocess.std, module.recipe
    document.name = name or document.name
    document.classes = list(classes) or document.classes
    document.outputs = outputs or document.outputs
    document.mean, document.std = list(mean) or document.mean, list(std) or document.std
    document.meta = meta or document.meta
    network = rebuilt(network, document)
    files.write(network, document, folder)
    return network


def rebuilt(network: Network, document: Document) -> Network:
    """The network with the facts of a document, which are checked."""
    out = Network(document)
    out.load_state_dict({k: v.detach().clone() for k, v in network.state_dict().items()}, assign=True)
    return out.eval()


def intact(network: Network) -> bool:
    """Whether the layers are those of the document, none replaced by the caller."""
    fresh = Network(network.document)
    kinds = {k: type(m) for k, m in fresh.named_modules()}
    shapes = {k: v.shape for k, v in fresh.state_dict().items()}
    return kinds == {k: type(m) for k, m in network.named_modules()} and shapes == {
        k: v.shape for k, v in network.state_dict().items()
    }


def capture(module: nn.Module, example: torch.Tensor, name: str) -> tuple[Document, dict[str, torch.Tensor]]:
    """The architecture and the tensors of a module."""
    for key, value in module.state_dict().items():
        if value.dtype in (torch.float16, torch.bfloat16):
            raise UnsupportedError(f"{key} has values of type {value.dtype}; convert the module by module.float()")
    with evaluation(module):
        graph = Graph(module, example, positions_first=False)
        try:
            graph.read()
        except UnsupportedError as first:
            if example.dim() != 3 or not example.dtype.is_floating_point:
                raise
            # A sequence (N, T, D) reads as one (N, D, T) at first.
            turned = Graph(module, example, positions_first=True)
            try:
                turned.read()
            except UnsupportedError as second:
                raise (second if turned.done > graph.done else first) from None
            graph = turned
    b = graph.builder
    tensors = {k: v.to("cpu", torch.float32).contiguous() for k, v in b.tensors.items()}
    return Document(name, list(b.shapes["input"]), b.rows, b.vocabulary), tensors


@contextlib.contextmanager
def evaluation(module: nn.Module) -> Iterator[None]:
    """The module in evaluation mode and on the CPU's kernels, its parts as they were afterwards."""
    modes = {m: m.training for m in module.modules()}
    fast = torch.backends.mha.get_fastpath_enabled()
    module.eval()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
        for m, mode in modes.items():
            m.training = mode


def compare(module: nn.Module, network: Network, example: torch.Tensor) -> None:
    """Refuses a network that computes something else than the module."""
    tensors = [*module.parameters(), *module.buffers()]
    device = tensors[0].device if tensors else example.device
    with evaluation(module), torch.no_grad():
        want = module(example.to(device)).to("cpu", torch.float32)
        x = example.to("cpu", torch.float32)
        if tuple(x.shape[1:]) != network.input_shape and not network.vocabulary:
            x = x.transpose(1, 2)
        got = network(x)
    if got.shape != want.shape:
        got = got.movedim(1, -1)
    largest, worst = want.abs().max().item(), (got - want).abs().max().item()
    if not worst <= TOLERANCE * max(largest, 1e-30):
        raise UnsupportedError(
            f"the network differs from the module by {worst:.3g}, its largest output is {largest:.3g}; "
            "an operator was read wrongly"
        )
