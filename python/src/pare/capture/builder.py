"""A network in the making: layers with their tensors, and values brought into the form that a layer reads."""

from __future__ import annotations

import dataclasses
import math
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import torch

from .. import layers, shapes
from ..document import Row
from ..errors import ModelError
from ..shapes import Shape
from .values import Value

BATCH = 2  # examples of the traced batch: enough to tell it from the other axes

Plan = Callable[[], str]  # adds the layers that a form needs, and names the last one


class Builder:
    """Layers in order, as rows of architecture.json, with the tensors of model.safetensors."""

    def __init__(self, input_shape: Shape, names: dict[int, str]) -> None:
        self.names = names  # of the module's tensors, by identity
        self.owners: dict[str, tuple[str, str]] = {}  # the layer, and its parameter, that has a tensor of the module
        self.rows: list[Row] = []
        self.shapes: dict[str, Shape] = {"input": input_shape}
        self.tensors: dict[str, torch.Tensor] = {}
        self.vocabulary = 0
        self.read: set[str] = set()  # layers that another one reads
        self.forms: dict[tuple[Any, ...], str] = {}  # layers of plans, by the values that they arrange

    def add(self, kind: str, name: str, inputs: list[str], args: dict[str, Any] | None = None, **tensors: Any) -> Value:
        """Adds a layer; a tensor that is None is left out."""
        args = args or {}
        layer = layers.make(kind, [self.shapes[i] for i in inputs], args)
        name = self.unique(name)
        values = {}
        for key, want in layer.state_dict().items():
            value = tensors.get(key)
            values[key] = want if value is None else value.detach()
            if values[key].shape != want.shape:
                raise ModelError(f"{kind}: {key} has shape {list(values[key].shape)}, expected {list(want.shape)}")
        row = Row(name, kind, inputs, args)
        sources = {k: self.names[id(t)] for k, t in tensors.items() if id(t) in self.names}
        row.tied = self.tied(row, values, sources, len(list(layer.parameters())) == len(values))
        if row.tied:
            of = next(r for r in self.rows if r.name == row.tied)
            values = {k: v for k, v in values.items() if kind != of.kind and k != "weight"}
        self.tensors.update({f"{name}.{key}": value for key, value in values.items()})
        self.rows.append(row)
        self.shapes[name] = layer.shape
        self.read.update(inputs)
        return Value(name, (BATCH, *layer.shape))

    def tied(self, row: Row, values: dict[str, torch.Tensor], sources: dict[str, str], trained: bool) -> str:
        """The layer whose parameters a new layer shares, as the module's layers share them; "": none.

        values are the layer's tensors by their keys, sources the names of those that the module has; trained: all of
        them are trained. Statistics belong to one place in the network.
        """
        shared = {key: self.owners[source] for key, source in sources.items() if source in self.owners}
        for key, source in sources.items():
            self.owners.setdefault(source, (row.name, key))
        if not shared:
            return ""
        of = next(r for r in self.rows if r.name == next(iter(shared.values()))[0])

        def equal(keys: Iterable[str]) -> bool:
            have = ((self.tensors.get(f"{of.name}.{k}"), values[k]) for k in keys)
            return all(t is not None and t.shape == v.shape and torch.equal(t, v) for t, v in have)

        if all(owner == (of.name, key) for key, owner in shared.items()):
            alike = of.kind == row.kind and of.args == row.args and shared.keys() == sources.keys()
            fit = [self.shapes[i] for i in of.inputs] == [self.shapes[i] for i in row.inputs]
            if alike and fit and trained and equal(values):
                return of.name
            if (of.kind, row.kind, [*shared]) == ("embedding", "linear", ["weight"]) and equal(shared):
                return of.name
        names = ", ".join(sources[key] for key in shared)
        warnings.warn(f"{names} is used more than once: pare keeps a copy for each layer", stacklevel=2)
        return ""

    def unique(self, name: str) -> str:
        """The name, or the next free one with a number."""
        name = name or "layer"
        number, out = 1, name
        while out in self.shapes:
            number += 1
            out = f"{name}_{number}"
        return out

    def size(self, layer: str) -> int:
        return math.prod(self.shapes[layer])

    def whole(self, value: Value) -> bool:
        """Whether the value has each element of its layer once, in any order."""
        if value.total() != BATCH * self.size(value.layer):
            return False
        return value.index is None or bool(torch.equal(value.index.flatten().sort()[0], torch.arange(value.total())))

    def settle(self, value: Value) -> Value:
        """The value without a factor, which becomes a gate."""
        if value.factor == 1:
            return value
        plain = dataclasses.replace(value, factor=1.0)
        warnings.warn(f"a fixed factor {value.factor:g} becomes a gate, which training changes", stacklevel=2)
        return self.each("gate", "scale", plain, gate=torch.tensor([value.factor]))

    def each(self, kind: str, name: str, value: Value, args: dict[str, Any] | None = None, **tensors: Any) -> Value:
        """Adds a layer that treats all elements alike; their order stays."""
        value = self.complete(value)
        added = self.add(kind, name, [value.layer], args, **tensors)
        return dataclasses.replace(value, layer=added.layer)

    def complete(self, value: Value) -> Value:
        """The value without a factor, of a layer that has its elements and no others."""
        value = self.settle(value)
        if self.whole(value):
            return value
        (layer,), back = self.arrange(value)
        return back(Value(layer, (BATCH, *self.shapes[layer])))

    def arrange(self, *values: Value) -> tuple[list[str], Callable[[Value], Value]]:
        """Layers whose outputs are the values as they are or, where that is not possible, with their last
        axis in front; the function gives a value of the first form from one of the second."""
        for forward, back in ((None, None), ((-1, 1), (1, -1))):
            moved = [self.settle(v) for v in values]
            if forward:
                moved = [v.move(torch.movedim, *forward) for v in moved if len(v.shape) > 2]
            plans = [self.plan(v) for v in moved]
            if len(plans) == len(values) and all(plans):
                named = [p() for p in plans if p]
                if back is None:
                    return named, lambda v: v
                return named, lambda v, at=back: v.move(torch.movedim, *at)
        raise ModelError(f"reads {' and '.join(self.describe(v) for v in values)}, which no layer of pare arranges so")

    def factor_of_units(self, by: Value, of: Value) -> bool:
        """Whether the first value is the output of a layer of one position that gives each unit of the second a
        factor: [N, C, 1, 1] beside [N, C, H, W], or [N, 1, 1, C] beside [N, H, W, C]."""
        factors, have = self.shapes[by.layer], self.shapes[of.layer]
        each = shapes.positions(have)
        if each == 1 or shapes.positions(factors) != 1 or factors[0] != have[0] or not self.whole(of):
            return False
        if torch.broadcast_shapes(by.shape, of.shape) != of.shape:
            return False
        return bool(torch.equal(by.offsets().expand(of.shape), of.offsets() // each))

    def features(self, value: Value) -> tuple[str, Callable[[Value], Value]]:
        """The layer whose units are the last axis of the value, whatever the order of batch and positions
        in the other axes, and the way back to that order."""
        value = self.settle(value)
        size, have = self.size(value.layer), self.shapes[value.layer]
        each = shapes.positions(have)
        rows = value.offsets().reshape(-1, value.shape[-1])
        place = rows[:, 0] // size * each + rows[:, 0] % each  # of each row among examples and positions
        if torch.equal(place.sort()[0], torch.arange(BATCH * each)):
            ordered = rows[place.argsort()].reshape(BATCH, each, -1).transpose(1, 2)
            if plan := self.plan(value.moved(ordered.reshape(BATCH, -1, *have[1:]))):
                lead = value.shape[:-1]

                def back(v: Value) -> Value:
                    flat = v.offsets().flatten(2).transpose(1, 2) if len(v.shape) > 2 else v.offsets()[:, None]
                    return v.moved(flat.reshape(BATCH * each, -1)[place].reshape(*lead, -1))

                return plan(), back
        if len(value.shape) == 2:
            return self.channels(value), lambda v: v
        return self.channels(value.move(torch.movedim, -1, 1)), lambda v: v.move(torch.movedim, 1, -1)

    def sequence(self, value: Value) -> str:
        """The sequence [D, T] whose units are the last axis of the value, [N, T, D]."""
        return self.channels(value.move(torch.movedim, -1, 1))

    def channels(self, value: Value) -> str:
        """The layer whose output is the value as it is."""
        plan = self.plan(self.settle(value))
        if plan is None:
            raise ModelError(f"reads {self.describe(value)}, which no layer of pare arranges so")
        return plan()

    def describe(self, value: Value) -> str:
        have = shapes.text(self.shapes[value.layer])
        return f"a rearrangement {shapes.text(value.shape)} of the {have} of {value.layer}"

    def plan(self, value: Value) -> Plan | None:
        """How to make the value the output of a layer; None where pare has no layers for it."""
        layer, have, want = value.layer, self.shapes[value.layer], value.shape[1:]
        size = math.prod(have)
        if not value.shape or value.shape[0] != BATCH or not want:
            return None
        if value.index is None:
            if value.total() != BATCH * size:
                return None
            at = None
        else:
            rows = value.index.reshape(BATCH, -1)
            if not torch.equal(rows, rows[:1] + torch.arange(BATCH)[:, None] * size):
                return None  # examples are mixed
            at = None if torch.equal(rows[0], torch.arange(size)) else rows[0]
        if at is None and want == have:
            return lambda: layer
        return self.formed(layer, have, want, at)

    def formed(self, layer: str, have: Shape, want: Shape, at: torch.Tensor | None) -> Plan | None:
        """Layers from the output of one to a shape with the elements at these offsets, None: all in order."""

        def by(kind: str, **args: Any) -> Plan:
            key = (layer, kind, str(args))

            def emit() -> str:
                if key not in self.forms:
                    self.forms[key] = self.add(kind, f"{layer}.{kind}", [layer], args).layer
                return self.forms[key]

            return emit

        each = shapes.positions(have)
        if at is None and want == (have[0], 1, 1) and self.pooled(layer):
            return lambda: self.keep_dims(layer)
        if at is None and len(want) == 1:
            return by("flatten")
        if at is None:
            return by("tokens") if len(have) == 3 and want == (have[0], each) else None
        for kind, place in ("last", each - 1), ("first", 0):
            if len(want) == 1 and len(have) == 2 and torch.equal(at, torch.arange(have[0]) * each + place):
                return by(kind)
        if (
            want == have
            and len(have) == 2
            and torch.equal(at.reshape(have).flip(1).flatten(), torch.arange(at.numel()))
        ):
            return by("reverse")
        units = at.reshape(want[0], -1)[:, 0] // each
        if shapes.positions(want) == each and torch.equal(at, (units[:, None] * each + torch.arange(each)).flatten()):
            twice = len(set(units.tolist())) < len(units)
            select = by("repeat", **{"from": units.tolist()}) if twice else by("select", index=units.tolist())
            if want[1:] == have[1:]:
                return select
            if len(have) == 3 and len(want) == 2:
                return lambda: self.add("tokens", f"{layer}.tokens", [select()]).layer
        return by("flatten", index=at.tolist()) if len(want) == 1 and bool((at[1:] > at[:-1]).all()) else None

    def pooled(self, layer: str) -> bool:
        return any(row.name == layer and row.kind == "globalpool" for row in self.rows)

    def keep_dims(self, layer: str) -> str:
        """A global mean as an image of one pixel: the layer itself, unless a layer reads it as a vector."""
        row = next(row for row in self.rows if row.name == layer)
        if layer not in self.read:
            row.args["keep_dims"] = True
            self.shapes[layer] = (*self.shapes[layer], 1, 1)
            return layer
        key = (layer, "keep_dims")
        if key not in self.forms:
            self.forms[key] = self.add("globalpool", layer, row.inputs, {"keep_dims": True}).layer
        return self.forms[key]

    def spread(self, constant: torch.Tensor, value: Value) -> torch.Tensor:
        """The constant that an operator broadcasts against a value, in the shape of the value's layer.

        The value is complete."""
        try:
            full = constant.expand(value.shape)
        except RuntimeError:
            full = None
        if full is None:
            fit = f"{shapes.text(value.shape)} of {value.layer}"
            raise ModelError(f"has a constant of shape {list(constant.shape)} that does not fit {fit}")
        flat = torch.empty(value.total(), dtype=constant.dtype)
        flat[value.offsets().flatten()] = full.flatten()
        rows = flat.reshape(BATCH, *self.shapes[value.layer])
        if not torch.equal(rows[0], rows[1]):
            raise ModelError("has a constant that differs between the examples of a batch")
        return rows[0]

    def finish(self, value: Value) -> str:
        """Ends the network with a value; layers that it does not read go."""
        (last,), _ = self.arrange(value)
        live, kept = {last}, []
        for row in reversed(self.rows):
            if row.name in live:
                live.update([*row.inputs, row.tied] if row.tied else row.inputs)
                kept.append(row)
        self.rows = kept[::-1]
        self.tensors = {k: v for k, v in self.tensors.items() if k.rsplit(".", 1)[0] in live}
        return last
