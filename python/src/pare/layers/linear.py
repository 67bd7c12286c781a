"""Products of units with matrices, and rows of tables."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from ..shapes import Shape
from .base import Layer, kind
from .sums import placed, places


@kind("linear")
class Linear(Layer):
    """x·Wᵀ + b. [F] to [out], of a sequence [F, T] to [out, T], of an image [F, H, W] to [out, H, W].

    weight [out, F] and bias [out]. Tied to an embedding, the weight is its table of ``out`` vectors.
    """

    of: Layer | None  # the layer whose table is the weight; None: the weight is its own

    def __init__(self, inputs: list[Shape], *, out: int, no_bias: bool = False) -> None:
        super().__init__(inputs)
        shape = self.one_input()
        self.shape = (out, *shape[1:])
        self.values("weight", out, shape[0])
        if no_bias:
            self.bias = None
        else:
            self.values("bias", out)
        self.__dict__["of"] = None

    def share(self, of: Layer) -> None:
        """Makes the table of the embedding the weight."""
        self.require(
            of.weight.shape == self.weight.shape,
            f"the weight has shape {list(self.weight.shape)}, the table that it is tied to {list(of.weight.shape)}",
        )
        del self._parameters["weight"]
        self.__dict__["of"] = of  # unlike an attribute, not a module within this one

    def __getattr__(self, name: str) -> Any:
        of = self.__dict__.get("of") if name == "weight" else None
        return super().__getattr__(name) if of is None else of.weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.linear(x.movedim(1, -1), self.weight, self.bias).movedim(-1, 1)


@kind("embedding")
class Embedding(Layer):
    """A learned vector for each token. [1, T] whole numbers to [out, T]; weight [vocab, out].

    ``std`` only chooses the initial values of pare's training.
    """

    def __init__(self, inputs: list[Shape], *, vocab: int, out: int, std: float = 0.0) -> None:
        super().__init__(inputs)
        shape = self.sequence()
        self.require(shape[0] == 1, "needs a sequence of tokens of shape 1×T")
        self.shape = (out, shape[1])
        self.values("weight", vocab, out)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.embedding(x.squeeze(1).long(), self.weight).transpose(1, 2)


@kind("embed")
class Embed(Layer):
    """A few numbers for each categorical variable of a table, whose units are 0 and 1 (Guo & Berkhahn 2016).

    ``columns`` lists the input units of each variable, ``dims`` its numbers; the weights are weight1,
    weight2, … of shape [numbers, columns]. [F] to [units that pass + numbers of all variables].
    """

    def __init__(
        self, inputs: list[Shape], *, dim: int, columns: list[list[int]], dims: list[int] | None = None
    ) -> None:
        super().__init__(inputs)
        (units,) = self.axes(1, "a vector")
        if dims is None:
            dims = [max(1, min(dim, len(c) - 1)) for c in columns]
        self.require(len(dims) == len(columns), f"dims has {len(dims)} entries for {len(columns)} variables")
        taken = [u for c in columns for u in c]
        self.require(
            len(set(taken)) == len(taken) and all(0 <= u < units for u in taken) and all(columns),
            f"columns must be different units within 0..{units - 1}",
        )
        passing = [u for u in range(units) if u not in set(taken)]
        self.shape = (len(passing) + sum(dims),)
        self.fixed("passing", passing or None)
        self.variables = len(columns)
        for v, (c, d) in enumerate(zip(columns, dims), 1):
            self.fixed(f"columns{v}", c)
            self.values(f"weight{v}", d, len(c))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        parts = [] if self.passing is None else [x.index_select(1, self.passing)]
        for v in range(1, self.variables + 1):
            parts.append(F.linear(x.index_select(1, getattr(self, f"columns{v}")), getattr(self, f"weight{v}")))
        return torch.cat(parts, 1)


@kind("position")
class Position(Layer):
    """Adds a learned vector to each position of a sequence [D, T]; weight [T, D].

    ``index`` lists the output unit of each input unit, where pruning left some of them.
    """

    def __init__(self, inputs: list[Shape], *, index: list[int] | None = None, units: int = 0) -> None:
        super().__init__(inputs)
        shape = self.sequence()
        units = units or shape[0]
        if index is not None:
            self.ascending(index, units)
        want = units if index is None else len(index)
        self.require(shape[0] == want, f"the input has {shape[0]} units, expected {want}")
        self.shape = (units, shape[1])
        self.fixed("places", places(index, units))
        self.values("weight", shape[1], units)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return placed(x, self.places) + self.weight.T
