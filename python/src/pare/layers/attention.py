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
