"""What all layers share: the registry of kinds, options and shapes."""

from __future__ import annotations

import contextlib
import contextvars
import inspect
import types
import typing
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import torch
from torch import nn

from .. import shapes
from ..document import encode
from ..errors import ModelError
from ..shapes import Shape

KINDS: dict[str, type[Layer]] = {}

# Where parameters are made: a file that lies about its shapes must not take memory before its weights are seen.
PLACE = contextvars.ContextVar("place", default="cpu")


@contextlib.contextmanager
def without_values() -> Iterator[None]:
    """Layers made meanwhile have parameters with shapes and no values, until values are assigned to them."""
    token = PLACE.set("meta")
    try:
        yield
    finally:
        PLACE.reset(token)


class Layer(nn.Module):
    """A layer of a network, made from the shapes of its inputs and its options.

    The options are the keyword arguments of ``__init__``, with the names of
    architecture.json. ``shape`` is the output's shape, without the batch.
    """

    kind: ClassVar[str]
    shape: Shape

    def __init__(self, inputs: list[Shape]) -> None:
        super().__init__()
        self.inputs = inputs

    def values(self, name: str, *shape: int) -> None:
        """Makes a trainable parameter, zero until weights are read."""
        shapes.check(shape, f"{self.kind}: parameter {name}")
        self.register_parameter(name, nn.Parameter(torch.zeros(shape, device=PLACE.get())))

    def fixed(self, name: str, value: list[int] | list[float] | None) -> None:
        """Makes a tensor that moves with the module but is neither trained nor stored; None stays None."""
        if value is None:
            self.register_buffer(name, None, persistent=False)
            return
        whole = all(isinstance(v, int) for v in value)
        self.register_buffer(name, torch.tensor(value, dtype=torch.long if whole else torch.float32), persistent=False)

    def one_input(self) -> Shape:
        """The shape of the only input."""
        self.require(len(self.inputs) == 1, f"takes one input, got {len(self.inputs)}")
        return self.inputs[0]

    def axes(self, count: int, what: str) -> Shape:
        """The shape of the only input, which must have count axes."""
        shape = self.one_input()
        self.require(len(shape) == count, f"needs {what}, got {shapes.text(shape)}")
        return shape

    def image(self) -> Shape:
        return self.axes(3, "an image of shape C×H×W")

    def sequence(self) -> Shape:
        return self.axes(2, "a sequence of shape D×T")

    def require(self, holds: bool, message: str) -> None:
        if not holds:
            raise ModelError(f"{self.kind}: {message}")

    def ascending(self, index: list[int], below: int, name: str = "index") -> None:
        """Requires positions that ascend and lie below a bound."""
        self.require(
            all(a < b for a, b in zip([-1, *index], [*index, below])), f"{name} must ascend within 0..{below - 1}"
        )

    def extra_repr(self) -> str:
        return f"{', '.join(map(shapes.text, self.inputs))} → {shapes.text(self.shape)}"


def kind(name: str) -> Callable[[type[Layer]], type[Layer]]:
    """Registers a class as the layers of that kind."""

    def register(cls: type[Layer]) -> type[Layer]:
        cls.kind = name
        KINDS[name] = cls
        return cls

    return register


def make(kind: str, inputs: list[Shape], args: dict[str, Any]) -> Layer:
    """Makes a layer from the options of a file, checked by name and type."""
    if kind not in KINDS:
        raise ModelError(f"kind {kind!r} is unknown; there are {', '.join(sorted(KINDS))}")
    cls = KINDS[kind]
    parameters = inspect.signature(cls.__init__).parameters.values()
    # An option that is a word of Python has a "_" behind it.
    options = {p.name.rstrip("_"): p for p in parameters if p.kind is p.KEYWORD_ONLY}
    hints = {name.rstrip("_"): hint for name, hint in typing.get_type_hints(cls.__init__).items()}
    for name, value in args.items():
        if name not in options:
            raise ModelError(f"{kind} has no option {name!r}; there are {', '.join(options) or 'none'}")
        if not fits(value, hints[name]):
            raise ModelError(f"{kind}: {name} is {encode(value)[:40]}, it must be {describe(hints[name])}")
    for name, p in options.items():
        if p.default is p.empty and name not in args:
            raise ModelError(f"{kind} needs the option {name!r}")
    try:
        layer = cls(inputs, **{options[name].name: value for name, value in args.items()})
    except OverflowError as e:
        raise ModelError(f"{kind}: an option is too large: {e}") from None
    shapes.check(layer.shape, f"{kind}: output")
    return layer


def fits(value: Any, hint: Any) -> bool:
    """Whether a value of a JSON file has the annotated type; a whole number serves as a float."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return any(fits(value, h) for h in typing.get_args(hint))
    if typing.get_origin(hint) is list:
        return isinstance(value, list) and all(fits(v, typing.get_args(hint)[0]) for v in value)
    if hint is types.NoneType:
        return value is None
    if isinstance(value, bool):
        return hint is bool
    return isinstance(value, (int, float) if hint is float else hint)


def describe(hint: Any) -> str:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return " or ".join(describe(h) for h in typing.get_args(hint) if h is not types.NoneType)
    if typing.get_origin(hint) is list:
        return f"a list of {describe(typing.get_args(hint)[0])}"
    return {int: "whole numbers", float: "numbers", bool: "true or false", str: "a text"}[hint]
