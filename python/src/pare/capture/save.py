"""Writes a module as the files of a model."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Iterator, Sequence

import torch
from torch import nn

from .. import folder as files
from ..document import Document, Row
from ..errors import ModelError, UnsupportedError
from ..layers import Shared
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
        module: the network. A ``Network`` that ``load`` gave is written layer by layer; modules that replace
            layers of it are traced.
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
    check(module, example)
    if isinstance(module, Network):
        document, tensors = layer_by_layer(module)
    elif example is None:
        raise ModelError("an example of the input is needed")
    else:
        document, tensors = capture(module, example, type(module).__name__)
    document.name = name or document.name
    document.classes = list(classes) or document.classes
    document.outputs = outputs or document.outputs
    if len(mean) or len(std):
        document.mean, document.std = [float(v) for v in mean], [float(v) for v in std]
    document.meta = meta or document.meta
    network = Network(document)
    network.load_state_dict({k: v.to("cpu", torch.float32).clone() for k, v in tensors.items()}, assign=True)
    if example is not None:
        compare(module, network.eval(), example)
    files.write(network, document, folder)
    return network.eval()


def check(module: nn.Module, example: torch.Tensor | None) -> None:
    """Refuses what no trace is made of."""
    if not isinstance(module, nn.Module) or isinstance(module, torch.jit.ScriptModule):
        raise ModelError(
            f"the module is a {type(module).__name__}, it must be a torch.nn.Module that is not compiled to a script"
        )
    for name, t in [*module.named_parameters(), *module.named_buffers()]:
        if nn.parameter.is_lazy(t) or t.is_meta:
            raise ModelError(f"{name} of the module has no values; run the module once, or load its weights")
        if t.dtype.itemsize == 1 and t.is_floating_point() or t.dtype in (torch.float16, torch.bfloat16):
            raise UnsupportedError(f"{name} has values of type {t.dtype}; convert the module by module.float()")
    if example is None:
        return
    if not isinstance(example, torch.Tensor) or example.layout != torch.strided or example.is_complex():
        raise ModelError("the example must be a dense tensor of real numbers or tokens")
    if example.dim() < 2 or example.numel() == 0:
        raise ModelError(f"the example has shape {list(example.shape)}; it must be a batch of at least one input")


def layer_by_layer(network: Network) -> tuple[Document, dict[str, torch.Tensor]]:
    """The architecture and the tensors of a network of pare, some of whose layers other modules replace."""
    network.tie()
    fresh, rows, tensors = Network(network.document), [], {}
    for row in network.document.layers:
        layer, as_read = network.layer(row.name), fresh.layer(row.name)
        if type(layer) is type(as_read) and shapes_of(layer) == shapes_of(as_read):
            root = next((r for r in rows if r.name == network._tied.get(row.name)), row)
            rows.append(dataclasses.replace(row, args=root.args) if isinstance(layer, Shared) else row)
            tensors.update({f"{row.name}.{k}": v.detach() for k, v in own(layer).items()})
            continue
        if len(row.inputs) != 1:
            raise UnsupportedError(f"layer {row.name} has {len(row.inputs)} inputs; a module that replaces it has one")
        shape = network.input_shape if row.inputs == ["input"] else fresh.layer(row.inputs[0]).shape
        inner, values = capture(layer, torch.zeros(2, *shape), row.name)  # type: ignore[misc]
        last = inner.layers[-1].name
        names = {r.name: row.name if r.name == last else f"{row.name}.{r.name}" for r in inner.layers}
        names["input"] = row.inputs[0]
        rows += [
            Row(names[r.name], r.kind, [names[i] for i in r.inputs], r.args, names.get(r.tied, ""))
            for r in inner.layers
        ]
        for key, value in values.items():
            of, _, parameter = key.rpartition(".")
            tensors[f"{names[of]}.{parameter}"] = value
    return dataclasses.replace(network.document, layers=rows), tensors


def own(layer: nn.Module) -> dict[str, torch.Tensor]:
    """The tensors that a layer itself stores, without the layers whose names begin with its name."""
    hidden = layer._non_persistent_buffers_set
    buffers = {k: v for k, v in layer.named_buffers(recurse=False) if k not in hidden}
    return {**dict(layer.named_parameters(recurse=False)), **buffers}


def shapes_of(layer: nn.Module) -> dict[str, torch.Size]:
    return {k: v.shape for k, v in own(layer).items()}


def capture(module: nn.Module, example: torch.Tensor, name: str) -> tuple[Document, dict[str, torch.Tensor]]:
    """The architecture and the tensors of a module."""
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
        want = module(example.to(device))
        if not isinstance(want, torch.Tensor):
            raise UnsupportedError(f"the module returns a {type(want).__name__}; wrap it to return the tensor in it")
        want = want.to("cpu", torch.float32)
        if not want.isfinite().all():
            raise ModelError("the module has outputs that are not finite numbers for the example")
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
