"""A network of pare as a PyTorch module."""

from __future__ import annotations

import dataclasses
from typing import Any

import torch
from torch import nn

from . import layers, shapes
from .document import Document, Feature
from .errors import ModelError
from .shapes import Shape

MAX_VOCABULARY = 1 << 24  # float32 holds every whole number below it


@dataclasses.dataclass
class Preprocess:
    """How an input of values in 0..1 becomes the network's: (x − mean) / std of each channel; empty: unchanged."""

    mean: list[float]
    std: list[float]

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Normalises a batch, [N, C, …]."""
        if not self.mean:
            return x
        shape = [-1, *[1] * (x.dim() - 2)]
        mean, std = (torch.tensor(v, dtype=x.dtype, device=x.device).reshape(shape) for v in (self.mean, self.std))
        return (x - mean) / std


class Network(nn.Module):
    """A network read by ``load``: trainable, with the names of model.safetensors in its state dict.

    Tensors have the batch in front: images [N, C, H, W], vectors [N, F], sequences [N, D, T]. A network
    with a vocabulary takes tokens as [N, T] or [N, 1, T], of any type. Layers are attributes:
    ``net.conv1``, ``net.layer1[0].conv1`` or ``net.layer("layer1.0.conv1")``.
    """

    name: str
    input_shape: Shape
    output_shape: Shape
    vocabulary: int  # different tokens of the input; 0: real numbers
    features: list[Feature]  # of the units of the input; empty: they have no names
    classes: list[str]  # names of the outputs; empty: they have none
    outputs: str  # classes, labels or numbers; "": not known
    preprocess: Preprocess
    recipe: dict[str, Any] | None  # how files become inputs, as pare wrote it
    meta: dict[str, str]

    def __init__(self, document: Document) -> None:
        super().__init__()
        self.document = document
        self.name, self.input_shape = document.name, tuple(document.input)
        self.vocabulary, self.features = document.vocabulary, document.features
        self.classes, self.outputs = document.classes, document.outputs
        self.preprocess = Preprocess(document.mean, document.std)
        self.recipe, self.meta = document.recipe, document.meta
        self._tied: dict[str, str] = {}  # the layer whose parameters a layer shares
        made = self._make(document)
        # A name within another one is below it: layer1 comes before layer1.0.
        for name in sorted(made, key=lambda n: n.count(".")):
            *above, last = name.split(".")
            scope: nn.Module = self
            for part in above:
                scope = scope._modules.setdefault(part, Scope())  # type: ignore[assignment]
            # add_module would refuse the names of methods, such as "type".
            scope._modules[last] = made[name]
        self._check_names(made)
        self._free = self._last_reads()

    def _make(self, document: Document) -> dict[str, nn.Module]:
        shapes.check(self.input_shape, "input")
        self._check(document)
        known: dict[str, Shape] = {"input": self.input_shape}
        made: dict[str, Any] = {}
        roots: dict[str, str] = {}  # of layers that share all parameters, the layer that has them
        rows = {row.name: row for row in document.layers}
        for i, row in enumerate(document.layers, 1):
            where = f"layer {i} ({row.name})"
            if not row.name or row.name in known:
                raise ModelError(f"{where}: its name is empty, or another layer's, or the input's")
            if not row.inputs:
                raise ModelError(f"{where} has no inputs")
            for name in row.inputs:
                if name not in known:
                    raise ModelError(f"{where}: input {name!r} is not a layer before it")
            args = dict(row.args)
            if row.kind == "embed" and "columns" not in args and row.inputs == ["input"]:
                args["columns"] = self._categories()
            try:
                shapes_in = [known[n] for n in row.inputs]
                if row.tied:
                    root = roots.get(row.tied, row.tied)
                    if root not in made:
                        raise ModelError(f"tied: {row.tied!r} is not a layer before it")
                    made[row.name] = layers.tied(row.kind, shapes_in, args, root, made[root], rows[root].args)
                    if isinstance(made[row.name], layers.Shared):
                        roots[row.name] = root
                    self._tied[row.name] = root
                else:
                    made[row.name] = layers.make(row.kind, shapes_in, args)
            except ModelError as e:
                raise ModelError(f"{where}: {e}") from None
            known[row.name] = self.output_shape = made[row.name].shape
        return made

    def _check(self, d: Document) -> None:
        if not d.layers:
            raise ModelError(f"architecture {d.name} has no layers")
        if not 0 <= d.vocabulary <= MAX_VOCABULARY:
            raise ModelError(f"a vocabulary of {d.vocabulary} tokens is not usable, it must be 0 to {MAX_VOCABULARY}")
        if d.vocabulary and (len(d.input) != 2 or d.input[0] != 1):
            raise ModelError(f"the input is {shapes.text(self.input_shape)}, tokens of a vocabulary have shape 1×T")
        if d.features and len(d.features) != d.input[0]:
            raise ModelError(f"{len(d.features)} features for an input of {d.input[0]} units")
        if (d.mean or d.std) and not len(d.mean) == len(d.std) == d.input[0]:
            raise ModelError(
                f"preprocess has {len(d.mean)} means and {len(d.std)} deviations for {d.input[0]} channels"
            )
        if not all(s > 0 for s in d.std):
            raise ModelError("preprocess: every deviation must be above 0")
        if d.outputs not in ("", "classes", "labels", "numbers"):
            raise ModelError(f"outputs are {d.outputs!r}; they must be classes, labels or numbers")

    def _categories(self) -> list[list[int]]:
        columns: dict[str, list[int]] = {}
        for u, f in enumerate(self.features):
            if f.category:
                columns.setdefault(f.category, []).append(u)
        return list(columns.values())

    def _check_names(self, made: dict[str, nn.Module]) -> None:
        for name, layer in made.items():
            for parameter, _ in [*layer.named_parameters(recurse=False), *layer.named_buffers(recurse=False)]:
                if parameter in layer._modules:
                    raise ModelError(f"layer {name}.{parameter} has the name of a parameter of layer {name}")
        units = self.output_shape[0]
        if self.classes and len(self.classes) != units:
            raise ModelError(f"{len(self.classes)} class names for {units} outputs")

    def _last_reads(self) -> list[list[str]]:
        """The values that no layer after each one reads, which forward lets go."""
        last = {name: i for i, row in enumerate(self.document.layers) for name in [*row.inputs, row.name]}
        free: list[list[str]] = [[] for _ in self.document.layers]
        for name, i in last.items():
            free[i].append(name)
        free[-1].clear()
        return free

    def layer(self, name: str) -> nn.Module:
        """The layer of that name in architecture.json."""
        module: nn.Module = self
        for part in name.split("."):
            module = module._modules[part]  # type: ignore[assignment]
        return module

    def tie(self) -> None:
        """Layers that share parameters share those of the present layer, where another one was put in its place."""
        for name, root in self._tied.items():
            layer, of = self.layer(name), self.layer(root)
            if layer.__dict__.get("of", of) is not of:
                layer.__dict__["of"] = of

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.tie()
        if self.vocabulary and x.dim() == 2:
            x = x.unsqueeze(1)
        if not torch.jit.is_tracing() and tuple(x.shape[1:]) != self.input_shape:
            got, want = tuple(x.shape), ("N", *self.input_shape)
            raise ValueError(
                f"network {self.name}: the input has shape {got}, it must be ({', '.join(map(str, want))})"
            )
        values = {"input": x}
        for row, free in zip(self.document.layers, self._free):
            x = values[row.name] = self.layer(row.name)(*(values[n] for n in row.inputs))
            for name in free:
                del values[name]
        return x

    def extra_repr(self) -> str:
        return f"{self.name}: {shapes.text(self.input_shape)} → {shapes.text(self.output_shape)}"


class Scope(nn.Module):
    """The layers whose names begin alike: layer1.0.conv1 is conv1 in 0 in layer1."""

    def __getitem__(self, index: int) -> nn.Module:
        return self._modules[str(index)]  # type: ignore[return-value]
