"""Recurrent layers with PyTorch's equations, parameters and order of gates.

Input [D, T], output the hidden states [hidden, T]. Every sequence starts from a state of zero: the state
that pare carries from batch to batch while it trains is not carried here.
"""

from __future__ import annotations

import torch

from ..shapes import Shape
from .base import Layer, kind


class Recurrent(Layer):
    """weight_ih [gates·hidden, D], weight_hh [gates·hidden, hidden], bias_ih and bias_hh [gates·hidden]."""

    gates: int

    def __init__(self, inputs: list[Shape], hidden: int) -> None:
        super().__init__(inputs)
        units, length = self.sequence()
        self.hidden, self.shape = hidden, (hidden, length)
        rows = self.gates * hidden
        self.values("weight_ih", rows, units)
        self.values("weight_hh", rows, hidden)
        self.values("bias_ih", rows)
        self.values("bias_hh", rows)

    def run(self, operator: str, x: torch.Tensor, states: int) -> torch.Tensor:
        zero = x.new_zeros(1, x.shape[0], self.hidden)
        start = [zero] * states if states > 1 else zero
        weights = [self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh]
        y = getattr(torch, operator)(x.transpose(1, 2), start, weights, True, 1, 0.0, self.training, False, True)
        return y[0].transpose(1, 2)


@kind("rnn")
class RNN(Recurrent):
    """h = f(W·x + b + U·h + b'), with ``nonlinearity`` tanh or relu (Elman 1990)."""

    gates = 1

    def __init__(self, inputs: list[Shape], *, hidden: int, nonlinearity: str = "tanh") -> None:
        super().__init__(inputs, hidden)
        self.nonlinearity = nonlinearity or "tanh"
        self.require(
            self.nonlinearity in ("tanh", "relu"), f"nonlinearity is {nonlinearity!r}, it must be tanh or relu"
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.run(f"rnn_{self.nonlinearity}", x, 1)


@kind("lstm")
class LSTM(Recurrent):
    """Long short-term memory (Hochreiter & Schmidhuber 1997), gates i, f, g, o.

    ``memory`` only chooses the initial values of pare's training.
    """

    gates = 4

    def __init__(self, inputs: list[Shape], *, hidden: int, memory: int = 0) -> None:
        super().__init__(inputs, hidden)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.run("lstm", x, 2)


@kind("gru")
class GRU(Recurrent):
    """Gated recurrent unit (Cho et al. 2014), gates r, z, n."""

    gates = 3

    def __init__(self, inputs: list[Shape], *, hidden: int) -> None:
        super().__init__(inputs, hidden)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.run("gru", x, 1)
