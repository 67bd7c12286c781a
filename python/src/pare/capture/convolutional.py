"""Operators of convolutional networks: convolutions, pooling, normalisations."""

from __future__ import annotations

from typing import Any

import torch

from ..errors import ModelError
from .graph import Graph, operator
from .values import Value


def shortest(values: Any, default: int | None = None) -> Any:
    """One number where all axes agree, else a list; None for the default."""
    values = [values] if isinstance(values, int) else list(values)
    out = values[0] if len(set(values)) == 1 else values
    return None if out == default else out


def options(**args: Any) -> dict[str, Any]:
    """Options without those that are left out."""
    return {k: v for k, v in args.items() if v is not None and v is not False}


@operator("conv1d", "conv2d", "convolution")
def conv(
    g: Graph,
    x: Value,
    weight: torch.Tensor,
    bias: torch.Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    *rest: Any,
) -> Value:
    groups = rest[-1] if rest else 1
    if len(rest) > 1 and rest[0]:
        return conv_transpose(g, x, weight, bias, stride, padding, rest[1], groups, dilation)
    axes = weight.dim() - 2
    kernel = list(weight.shape[2:])
    if isinstance(padding, str):
        padding = same_padding(padding, kernel, dilation)
    kind = {1: "conv1d", 2: "conv"}.get(axes, f"conv{axes}d")
    args = options(
        kernel=shortest(kernel),
        stride=shortest(stride, 1),
        pad=shortest(padding, 0),
        dilation=shortest(dilation, 1),
        no_bias=bias is None,
    )
    if kind == "conv" and weight.shape[1] == 1 and groups > 1:
        kind, args["multiplier"] = "depthwise", weight.shape[0] // groups
    else:
        args |= options(out=weight.shape[0], groups=None if groups == 1 else groups)
    name = g.called(weight, kind=kind)
    return g.builder.add(kind, name, [g.builder.channels(x)], args, weight=weight, bias=bias)


def same_padding(padding: str, kernel: list[int], dilation: Any) -> list[int]:
    if padding == "valid":
        return [0] * len(kernel)
    dilation = [dilation] * len(kernel) if isinstance(dilation, int) else dilation
    dilation = list(dilation) * (len(kernel) // len(dilation))
    total = [d * (k - 1) for k, d in zip(kernel, dilation)]
    begin = [t // 2 for t in total]
    return begin if all(t % 2 == 0 for t in total) else begin + [t - b for t, b in zip(total, begin)]


@operator("conv_transpose1d", "conv_transpose2d")
def conv_transpose(
    g: Graph,
    x: Value,
    weight: torch.Tensor,
    bias: torch.Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Value:
    args = options(
        out=weight.shape[1] * groups,
        kernel=shortest(weight.shape[2:]),
        stride=shortest(stride, 1),
        pad=shortest(padding, 0),
        output_pad=shortest(output_padding, 0),
        dilation=shortest(dilation, 1),
        groups=None if groups == 1 else groups,
        no_bias=bias is None,
    )
    name = g.called(weight, kind="convtranspose")
    return g.builder.add("convtranspose", name, [g.builder.channels(x)], args, weight=weight, bias=bias)


@operator("max_pool1d", "max_pool2d", "max_pool2d_with_indices")
def max_pool(
    g: Graph, x: Value, kernel: Any, stride: Any = (), padding: Any = 0, dilation: Any = 1, ceil: bool = False
) -> Value:
    args = options(
        kernel=shortest(kernel),
        stride=shortest(stride or kernel),
        pad=shortest(padding, 0),
        dilation=shortest(dilation, 1),
        ceil=ceil,
    )
    return pool(g, "maxpool", x, args)


@operator("avg_pool1d", "avg_pool2d")
def avg_pool(
    g: Graph,
    x: Value,
    kernel: Any,
    stride: Any = (),
    padding: Any = 0,
    ceil: bool = False,
    include_pad: bool = True,
    divisor: int | None = None,
) -> Value:
    if divisor is not None:
        raise ModelError(f"divisor_override is {divisor}, which pare's avgpool has no option for")
    args = options(
        kernel=shortest(kernel),
        stride=shortest(stride or kernel),
        pad=shortest(padding, 0),
        ceil=ceil,
        exclude_pad=not include_pad and any([padding] if isinstance(padding, int) else padding),
    )
    return pool(g, "avgpool", x, args)


def pool(g: Graph, kind: str, x: Value, args: dict[str, Any]) -> Value:
    kind += "1d" if len(x.shape) == 3 else ""
    return g.builder.add(kind, g.called(kind=kind), [g.builder.channels(x)], args)


@operator("adaptive_avg_pool1d", "adaptive_avg_pool2d")
def adaptive_avg_pool(g: Graph, x: Value, out: Any) -> Value:
    out = [s if o is None else o for o, s in zip(out, x.shape[2:])]
    if tuple(out) == x.shape[2:]:
        return x
    if all(o == 1 for o in out):
        return mean(g, x, list(range(2, len(x.shape))), True)
    return g.builder.add("adaptiveavgpool", g.called(kind="pool"), [g.builder.channels(x)], {"out": shortest(out)})


@operator("mean")
def mean(g: Graph, x: Value, dims: Any, keepdim: bool = False, **_: Any) -> Value:
    axes = sorted(d % len(x.shape) for d in ([dims] if isinstance(dims, int) else dims))
    pooled = x
    if axes == list(range(1, len(x.shape) - 1)):
        pooled = x.move(torch.movedim, -1, 1)
    elif axes != list(range(2, len(x.shape))):
        raise ModelError(
            f"over the axes {axes} is not one that pare has a layer for; it takes means over all positions"
        )
    name, layer = g.called(kind="pool"), g.builder.channels(pooled)
    if len(x.shape) == 3:
        mean = g.builder.add("avgpool1d", name, [layer], {"kernel": pooled.shape[2], "stride": pooled.shape[2]})
    else:
        mean = g.builder.add("globalpool", name, [layer])
    shape = [1 if i in axes else n for i, n in enumerate(x.shape) if keepdim or i not in axes]
    return mean.move(torch.reshape, shape)


@operator("batch_norm", "_native_batch_norm_legit_no_training", "cudnn_batch_norm")
def batch_norm(
    g: Graph,
    x: Value,
    weight: torch.Tensor | None,
    bias: torch.Tensor | None,
    running_mean: torch.Tensor | None,
    running_var: torch.Tensor | None,
    *rest: Any,
) -> Any:
    if running_mean is None or running_var is None:
        raise ModelError("has no running statistics, which pare's batchnorm needs")
    legit = len(rest) == 2  # momentum and eps alone
    momentum, eps = (rest[0], rest[1]) if legit else (rest[1], rest[2])
    args = {"eps": float(eps), "momentum": float(momentum) or 0.1}
    out = g.builder.add(
        "batchnorm",
        g.called(weight, running_mean, kind="batchnorm"),
        [g.builder.channels(x)],
        args,
        weight=weight,
        bias=bias,
        running_mean=running_mean,
        running_var=running_var,
    )
    return (out, None, None) if legit else out


@operator("group_norm")
def group_norm(
    g: Graph,
    x: Value,
    groups: int,
    weight: torch.Tensor | None = None,
    bias: torch.Tensor | None = None,
    eps: float = 1e-5,
    *_: Any,
) -> Value:
    name = g.called(weight, kind="groupnorm")
    args = {"groups": groups, "eps": float(eps)}
    return g.builder.add("groupnorm", name, [g.builder.channels(x)], args, weight=weight, bias=bias)


@operator("instance_norm")
def instance_norm(
    g: Graph,
    x: Value,
    weight: torch.Tensor | None,
    bias: torch.Tensor | None,
    running_mean: Any,
    running_var: Any,
    use_input_stats: bool,
    momentum: float,
    eps: float,
    *_: Any,
) -> Value:
    if not use_input_stats:
        raise ModelError("with running statistics is not one that pare has a layer for")
    name = g.called(weight, kind="instancenorm")
    return g.builder.add("instancenorm", name, [g.builder.channels(x)], {"eps": float(eps)}, weight=weight, bias=bias)


@operator("upsample_nearest1d", "upsample_nearest2d", "upsample_bilinear2d")
def upsample(g: Graph, x: Value, size: Any, *rest: Any) -> Value:
    assert g.node is not None
    out, mode = list(g.node.meta["val"].shape[2:]), "bilinear" if "bilinear" in str(g.node.target) else "nearest"
    scales = [o / s for o, s in zip(out, x.shape[2:])]
    args: dict[str, Any] = {"mode": mode}
    if all(s == int(s) for s in scales) and len(set(scales)) == 1:
        args["scale"] = int(scales[0])
    else:
        args["size"] = out
    if mode == "bilinear" and rest and rest[0]:
        args["align_corners"] = True
    return g.builder.add("upsample", g.called(kind="upsample"), [g.builder.channels(x)], args)


@operator("pixel_shuffle")
def pixel_shuffle(g: Graph, x: Value, factor: int) -> Value:
    return g.builder.add("pixelshuffle", g.called(kind="shuffle"), [g.builder.channels(x)], {"factor": factor})
