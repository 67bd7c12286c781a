"""Attention between the positions of a sequence."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

from ..shapes import Shape
from .base import Layer, kind


@kind("attention")
class Attention(Layer):
    """Scaled dot-product attention of several heads (Vaswani et al. 2017), without projections.

    Input [units, T]: the queries of all heads, their keys, then their values. ``qk`` and ``v`` list the
    dimensions of each head, ``scale`` is the factor on the products (1/√d where it is left out). The
    output has the results of all heads one after another.
    """

    def __init__(
        self,
        inputs: list[Shape],
        *,
        heads: int,
        causal: bool = False,
        qk: list[int] | None = None,
        v: list[int] | None = None,
        scale: float = 0.0,
    ) -> None:
        super().__init__(inputs)
        units, length = self.sequence()
        self.require(heads >= 1, f"heads is {heads}, it must be at least 1")
        if qk is None and v is None:
            d = units // (3 * heads)
            self.require(
                d * 3 * heads == units,
                f"the {units} units of the input are not queries, keys and values of {heads} heads",
            )
            qk, v = [d] * heads, [d] * heads
        qk, v = qk or [], v or []
        self.require(
            len(qk) == len(v) == heads and min(qk) >= 0 and min(v) >= 1,
            f"qk {qk} and v {v} are not the dimensions of {heads} heads",
        )
        self.require(
            2 * sum(qk) + sum(v) == units, f"the input has {units} units, qk and v make {2 * sum(qk) + sum(v)}"
        )
        self.require(
            scale > 0 or scale == 0 and len(set(qk)) == 1 and qk[0] > 0,
            f"scale must be given where heads differ or have no queries, qk is {qk}",
        )
        self.qk, self.v, self.causal = qk, v, causal
        self.scale = float(scale) or 1 / math.sqrt(qk[0])
        self.shape = (sum(v), length)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = x.transpose(1, 2).split([sum(self.qk), sum(self.qk), sum(self.v)], 2)
        if self.qk[0] > 0 and len(set(self.qk)) == len(set(self.v)) == 1:
            heads = (t.unflatten(2, (len(self.qk), -1)).transpose(1, 2) for t in (q, k, v))
            return self.attend(*heads).transpose(1, 2).flatten(2).transpose(1, 2)
        results = []
        for qh, kh, vh in zip(q.split(self.qk, 2), k.split(self.qk, 2), v.split(self.v, 2)):
            if qh.shape[2] == 0:  # all positions weigh the same
                qh = kh = torch.zeros_like(vh[:, :, :1])
            results.append(self.attend(qh, kh, vh))
        return torch.cat(results, 2).transpose(1, 2)

    def attend(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        return F.scaled_dot_product_attention(q, k, v, is_causal=self.causal, scale=self.scale)


@kind("rotary")
class Rotary(Layer):
    """Turns pairs of units by angles that grow with the position (Su et al. 2021). [D, T] to [D, T].

    In front are the queries and keys of ``heads`` heads of ``dim`` dimensions, of which j and j + dim/2
    are pair j of their head; units behind them pass. ``pairs`` has the pair of each turned unit where
    pruning has left some.
    """

    def __init__(
        self, inputs: list[Shape], *, heads: int, dim: int, base: float = 10000, pairs: list[int] | None = None
    ) -> None:
        super().__init__(inputs)
        self.shape = self.sequence()
        units, length = self.shape
        self.require(heads >= 1 and dim >= 2 and dim % 2 == 0, "heads must have an even number of dimensions")
        self.require(base >= 0, f"base is {base}, it must be above 0")
        half = dim // 2
        if pairs is None:
            self.require(heads * dim <= units, f"the input has {units} units, the heads have {heads * dim}")
            pairs = [u // dim * half + u % half for u in range(heads * dim)]
        self.require(
            len(pairs) <= units and all(0 <= p < heads * half and pairs.count(p) == 2 for p in pairs),
            f"pairs must name each of the {heads * half} pairs twice or not at all",
        )
        first = {p: pairs.index(p) for p in pairs}
        second = {p: len(pairs) - 1 - pairs[::-1].index(p) for p in pairs}
        self.fixed("partner", [first[p] + second[p] - u for u, p in enumerate(pairs)] + list(range(len(pairs), units)))
        rates = torch.tensor([(base or 10000) ** (-2 * (p % half) / dim) for p in pairs], dtype=torch.float64)
        angles = rates[:, None] * torch.arange(length, dtype=torch.float64)
        signs = torch.tensor([-1.0 if u == first[p] else 1.0 for u, p in enumerate(pairs)], dtype=torch.float64)
        rest = torch.zeros(units - len(pairs), length, dtype=torch.float64)
        self.register_buffer("cos", torch.cat([angles.cos(), rest + 1]).float(), persistent=False)
        self.register_buffer("sin", torch.cat([angles.sin() * signs[:, None], rest]).float(), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.cos + x.index_select(1, self.partner) * self.sin
