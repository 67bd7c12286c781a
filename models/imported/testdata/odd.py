"""Random networks of operators with unusual attributes, with outputs of ONNX Runtime.

    python odd.py [DIR COUNT SEED]

writes NAME.onnx for each network and values.npz with NAME.input and NAME.output into DIR, by
default the networks of testdata/odd. The last layer is a Gemm over all values, so the order of
the values counts. Needs numpy, onnx and onnxruntime.
"""

import os
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

onnxruntime.set_default_logger_severity(4)


class Refused(Exception):
    """ONNX Runtime does not run the network."""


class Graph:
    def __init__(self, seed, opset, shape):
        self.rng = np.random.default_rng(seed)
        self.opset, self.nodes, self.constants, self.names = opset, [], [], 0
        self.x, self.shape = "input", list(shape)
        self.input = self.rng.standard_normal(shape).astype(np.float32)
        self.batch = "n" if self.chance() else shape[0]

    def pick(self, *values):
        return values[self.rng.integers(len(values))]

    def chance(self, share=0.5):
        return self.rng.random() < share

    def name(self, prefix="v"):
        self.names += 1
        return f"{prefix}{self.names}"

    def constant(self, values, kind=np.float32, as_node=None):
        name = self.name("c")
        t = numpy_helper.from_array(np.asarray(values, kind), name)
        if self.chance(0.3) if as_node is None else as_node:
            self.nodes.append(helper.make_node("Constant", [], [name], value=t))
        else:
            self.constants.append(t)
        return name

    def weight(self, *shape):
        return self.constant(self.rng.standard_normal(shape) / 2, as_node=False)

    def ints(self, values):
        return self.constant(values, np.int64)

    def op(self, kind, *inputs, outputs=1, **attrs):
        out = [self.name() for _ in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), out, **{k: v for k, v in attrs.items() if v is not None}))
        return out[0] if outputs == 1 else out

    def model(self, output):
        x = helper.make_tensor_value_info("input", TensorProto.FLOAT, [self.batch] + list(self.input.shape[1:]))
        graph = helper.make_graph(self.nodes, "odd", [x],
                                  [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)], self.constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=7)

    def run(self, output):
        try:
            options = onnxruntime.SessionOptions()
            options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
            session = onnxruntime.InferenceSession(self.model(output).SerializeToString(), options, providers=["CPUExecutionProvider"])
            return session.run(None, {"input": self.input})[0]
        except Exception as e:
            raise Refused(str(e).split("\n")[0])

    def go(self, value):
        """value is the input of the next operator."""
        self.x = value
        out = self.run(value)
        if out.dtype != np.float32 or out.ndim < 2 or out.shape[0] != self.input.shape[0] or out.size == 0 or out.size > 4096:
            raise Refused(f"a value of shape {out.shape}")
        self.shape = list(out.shape)


def pads(g, limit=2):
    return [int(g.rng.integers(limit + 1)) for _ in range(2 * (len(g.shape) - 2))]


def extents(g, low, high):
    if len(g.shape) < 3:
        raise Refused("no positions")
    return [int(g.rng.integers(low, high + 1)) for _ in range(len(g.shape) - 2)]


def windowed(g, **attrs):
    """Padding by attributes, by auto_pad or none."""
    auto = g.pick(None, None, "SAME_UPPER", "SAME_LOWER", "VALID", "NOTSET")
    if auto in (None, "NOTSET") and g.chance(0.7):
        attrs["pads"] = pads(g, 1)
    if auto:
        attrs["auto_pad"] = auto
    if g.chance():
        attrs["strides"] = extents(g, 1, 3)
    return attrs


def conv(g):
    c = g.shape[1]
    group = g.pick(*[k for k in range(1, c + 1) if c % k == 0])
    kernel = extents(g, 1, 3)
    attrs = windowed(g, group=group if g.chance(0.8) or group > 1 else None, kernel_shape=kernel if g.chance() else None)
    if g.chance(0.4) and not str(attrs.get("auto_pad", "")).startswith("SAME"):
        attrs["dilations"] = extents(g, 1, 2)
    inputs = [g.x, g.weight(group * g.pick(1, 2, 3), c // group, *kernel)]
    if g.chance():
        inputs.append(g.weight(numpy_helper.to_array(g.constants[-1]).shape[0]))
    return g.op("Conv", *inputs, **attrs)


def conv_transpose(g):
    c = g.shape[1]
    group = g.pick(*[k for k in range(1, c + 1) if c % k == 0])
    strides, kernel = extents(g, 1, 3), extents(g, 1, 3)
    attrs = dict(group=group, strides=strides, kernel_shape=kernel)
    if g.chance():
        attrs["output_padding"] = [int(g.rng.integers(s)) for s in strides]
    if g.chance():
        attrs["pads"] = pads(g, 1)
    elif g.chance(0.3):
        attrs["auto_pad"] = g.pick("SAME_UPPER", "SAME_LOWER", "VALID")
    if g.chance(0.3):
        attrs["dilations"] = extents(g, 1, 2)
    out = g.pick(1, 2)
    inputs = [g.x, g.weight(c, out, *kernel)]
    if g.chance():
        inputs.append(g.weight(out * group))
    return g.op("ConvTranspose", *inputs, **attrs)


def pool(g):
    kind = g.pick("MaxPool", "AveragePool", "AveragePool")
    attrs = windowed(g, kernel_shape=extents(g, 1, 3))
    if g.chance() and g.opset >= 10:
        attrs["ceil_mode"] = g.pick(0, 1)
    if kind == "AveragePool" and g.chance():
        attrs["count_include_pad"] = g.pick(0, 1)
    if g.chance(0.3) and (kind == "MaxPool" or g.opset >= 19):
        attrs["dilations"] = extents(g, 1, 2)
    return g.op(kind, g.x, **attrs)


def global_pool(g):
    return g.op(g.pick("GlobalAveragePool", "GlobalMaxPool"), g.x)


def reduce(g):
    kind = g.pick("ReduceMean", "ReduceMean", "ReduceMean", "ReduceSum", "ReduceMax")
    rank = len(g.shape)
    axes = g.pick([a for a in range(2, rank)], [-1], [rank - 1], [1], [1 - rank], list(range(1, rank)), [-1, -2])
    axes = [int(a) for a in dict.fromkeys(axes)]
    keep = g.pick(None, 0, 1)
    since = {"ReduceSum": 13}.get(kind, 18)
    if g.opset >= since:
        return g.op(kind, g.x, g.ints(axes), keepdims=keep)
    return g.op(kind, g.x, axes=axes, keepdims=keep)


def activation(g):
    kind = g.pick("LeakyRelu", "Elu", "HardSigmoid", "Softplus", "ThresholdedRelu", "Selu", "PRelu", "Clip", "Softsign", "Celu",
                  "HardSwish", "Sigmoid", "Abs", "Neg", "Exp", "Erf", "Sqrt", "Max", "Min", "Pow", "Gelu")
    a = float(np.float32(g.pick(0.1, 0.5, 1, 1.5)))
    if kind in ("LeakyRelu", "Elu", "ThresholdedRelu", "Celu"):
        return g.op(kind, g.x, alpha=g.pick(None, a))
    if kind == "Selu":
        return g.op(kind, g.x)
    if kind == "HardSigmoid":
        return g.op(kind, g.x, alpha=g.pick(None, 1 / 6, a), beta=g.pick(None, 0.5, a))
    if kind == "PRelu":
        shape = g.pick([1], [g.shape[1]] + [1] * (len(g.shape) - 2), g.shape[-1:], g.shape[1:], [1] * len(g.shape),
                       [1, g.shape[1]] + [1] * (len(g.shape) - 2))
        return g.op(kind, g.x, g.weight(*shape))
    if kind == "Clip":
        low, high = float(np.float32(g.pick(-1, -0.5, 0))), float(np.float32(g.pick(0.5, 1, 6)))
        if g.opset < 11:
            return g.op(kind, g.x, min=g.pick(None, low), max=g.pick(None, high))
        ends = [g.constant(low) if g.chance(0.6) else "", g.constant(high) if g.chance(0.6) else ""]
        while ends and not ends[-1]:
            ends.pop()
        return g.op(kind, g.x, *ends)
    if kind in ("Max", "Min"):
        return g.op(kind, *g.pick([g.x, g.constant(0)], [g.constant(0), g.x], [g.x, g.constant(0.3)], [g.x]))
    if kind == "Pow":
        return g.op(kind, g.x, g.constant(g.pick(1, 2, 3)))
    if kind == "Gelu":
        return g.op(kind, g.x, approximate=g.pick(None, "none", "tanh"))
    if kind == "Sqrt":
        return g.op(kind, g.op("Abs", g.x))
    return g.op(kind, g.x)


def softmax(g):
    return g.op(g.pick("Softmax", "LogSoftmax"), g.x, axis=g.pick(None, 1, -1, -2, 2))


def norm(g):
    c = g.shape[1]
    kind = g.pick("BatchNormalization", "BatchNormalization", "InstanceNormalization", "LayerNormalization", "LRN",
                  "LpNormalization", "GroupNormalization")
    positive = lambda: g.constant(g.rng.random(c) + 0.5, as_node=False)
    eps = g.pick(None, 1e-3, 0.1)
    if kind == "BatchNormalization":
        return g.op(kind, g.x, positive(), g.weight(c), g.weight(c), positive(), epsilon=eps, momentum=g.pick(None, 0.5))
    if kind == "InstanceNormalization":
        return g.op(kind, g.x, positive(), g.weight(c), epsilon=eps)
    if kind == "GroupNormalization":
        groups = g.pick(*[k for k in range(1, c + 1) if c % k == 0])
        n = c if g.opset >= 21 else groups
        return g.op(kind, g.x, g.constant(g.rng.random(n) + 0.5, as_node=False), g.weight(n), epsilon=eps, num_groups=groups)
    if kind == "LayerNormalization":
        axis = g.pick(-1, 1, len(g.shape) - 1)
        shape = g.shape[axis:]
        inputs = [g.x, g.weight(*shape)]
        if g.chance():
            inputs.append(g.weight(*shape))
        return g.op(kind, *inputs, axis=axis, epsilon=eps)
    if kind == "LRN":
        return g.op(kind, g.x, size=3)
    return g.op(kind, g.x, axis=g.pick(None, 1), p=g.pick(None, 1, 2))


def arithmetic(g):
    kind = g.pick("Add", "Sub", "Mul", "Div")
    shape = g.pick([], [1], g.shape[-1:], [g.shape[1]] + [1] * (len(g.shape) - 2), g.shape[1:], [1] + g.shape[1:], [1, 1] + g.shape[2:],
                   [1] * (len(g.shape) - 1) + g.shape[-1:])
    values = g.rng.random(shape) + 0.5
    c = g.constant(values)
    return g.op(kind, *g.pick([g.x, c], [g.x, c], [c, g.x]))


def two(g):
    kind = g.pick("Add", "Mul", "Sub", "Div", "Max", "Sum", "Mean", "Concat", "Concat")
    y = g.x
    if g.chance():
        y = g.op("Sigmoid", g.x)
    elif g.opset >= 10:
        y = g.op("Slice", g.x, g.ints([0]), g.ints([max(1, g.shape[1] // 2)]), g.ints([1]))
    if kind == "Concat":
        return g.op(kind, g.x, y, axis=g.pick(1, 1, 1 - len(g.shape), -1, 2))
    return g.op(kind, g.x, y)


def halves(g):
    """Parts of the channels that are added, multiplied or appended in another order."""
    c = g.shape[1]
    if c % 2 or g.opset < 11:
        raise Refused("odd channels")
    if g.opset < 13:
        a, b = g.op("Split", g.x, outputs=2, axis=g.pick(1, 1 - len(g.shape)), split=[c // 2, c // 2] if g.chance() else None)
    elif g.opset >= 18:
        a, b = g.op("Split", g.x, outputs=2, axis=1, num_outputs=2)
    else:
        a, b = g.op("Split", g.x, g.ints([c // 2, c // 2]), outputs=2, axis=1)
    if g.chance():
        a = g.op("Transpose", a, perm=[0, 1] + list(range(len(g.shape) - 1, 1, -1))) if len(g.shape) > 3 and g.shape[2] == g.shape[3] else a
    kind = g.pick("Add", "Mul", "Sub", "Concat")
    return g.op(kind, *g.pick([a, b], [b, a]), **({"axis": 1} if kind == "Concat" else {}))


def gated(g):
    """Squeeze and excite."""
    rank = len(g.shape)
    if rank < 3:
        raise Refused("no positions")
    if g.opset >= 18:
        y = g.op("ReduceMean", g.x, g.ints(list(range(2, rank))), keepdims=1)
    else:
        y = g.op("ReduceMean", g.x, axes=list(range(2, rank)))
    return g.op("Mul", *g.pick([g.x, g.op("Sigmoid", y)], [g.op("HardSigmoid", y, alpha=1 / 6, beta=0.5), g.x]))


def slices(g):
    if g.opset < 10:
        return g.op("Slice", g.x, starts=[1], ends=[1000], axes=[1])
    axis = int(g.rng.integers(1, len(g.shape)))
    n = g.shape[axis]
    start, end, step = g.pick((0, n, 2), (1, n, 2), (-1, -1000, -1), (n - 1, -1000, -2), (0, -1, 1), (0, 1, 1), (-1, 1000, 1), (1, 1000, 1))
    return g.op("Slice", g.x, g.ints([start]), g.ints([end]), g.ints([axis - g.pick(0, len(g.shape))]), g.ints([step]))


def gathers(g):
    axis = int(g.rng.integers(1, len(g.shape)))
    n = g.shape[axis]
    index = g.pick(list(g.rng.permutation(n)), [0], [n - 1, 0], [-1], [0, 0], [[0, n - 1], [n - 1, 0]], n - 1, -1, 0)
    return g.op("Gather", g.x, g.ints(index), axis=axis - g.pick(0, len(g.shape)))


def shapes(g):
    n, rest = g.shape[0], int(np.prod(g.shape[1:]))
    c = g.shape[1]
    kind = g.pick("flatten", "reshape", "transpose", "squeeze", "unsqueeze", "shape", "identity", "expand", "tile", "last", "depth",
                  "space")
    if kind == "flatten":
        return g.op("Flatten", g.x, axis=g.pick(None, 1, 1 - len(g.shape)))
    if kind == "reshape":
        return g.op("Reshape", g.x, g.ints(g.pick([0, -1], [-1, rest], [0, c, -1], [0, 0, -1], [-1, c, rest // c], [n, rest],
                                                  [0, -1, g.shape[-1]])))
    if kind == "transpose":
        return g.op("Transpose", g.x, perm=[0] + [int(i) + 1 for i in g.rng.permutation(len(g.shape) - 1)])
    if kind == "squeeze":
        axes = [i for i, d in enumerate(g.shape) if d == 1 and i > 1]
        if not axes:
            raise Refused("no axis")
        axes = [a - g.pick(0, len(g.shape)) for a in axes] if g.opset >= 11 else axes
        return g.op("Squeeze", g.x, g.ints(axes)) if g.opset >= 13 else g.op("Squeeze", g.x, axes=axes)
    if kind == "unsqueeze":
        axes = g.pick([1], [2], [-1]) if g.opset >= 11 else [2]
        return g.op("Unsqueeze", g.x, g.ints(axes)) if g.opset >= 13 else g.op("Unsqueeze", g.x, axes=axes)
    if kind == "shape":  # [batch, …] from the shape of the value
        s = g.op("Shape", g.x)
        first = g.op("Gather", s, g.ints([0]), axis=0)
        if g.chance():
            first = g.op("Slice", s, g.ints([0]), g.ints([1])) if g.opset >= 10 else g.op("Slice", s, starts=[0], ends=[1])
        return g.op("Reshape", g.x, g.op("Concat", first, g.ints(g.pick([-1], [c, -1], [rest])), axis=0))
    if kind == "identity":
        return g.op(g.pick("Identity", "Dropout"), g.x)
    if kind == "expand":
        return g.op("Expand", g.x, g.ints(g.pick([1], g.shape[1:], [1, c] + [1] * (len(g.shape) - 2),
                                                 [1, 1, 2] + [1] * (len(g.shape) - 3))))
    if kind == "tile":
        return g.op("Tile", g.x, g.ints(g.pick([1] * len(g.shape), [1, 2] + [1] * (len(g.shape) - 2))))
    if kind == "last":  # channels last and back
        rank = len(g.shape)
        y = g.op("Transpose", g.x, perm=[0] + list(range(2, rank)) + [1])
        y = g.op("MatMul", y, g.weight(c, g.pick(2, 3)))
        return g.op("Transpose", y, perm=[0, rank - 1] + list(range(1, rank - 1))) if g.chance() else y
    if kind == "depth":
        return g.op("DepthToSpace", g.x, blocksize=2, mode=g.pick(None, "DCR", "CRD") if g.opset >= 11 else None)
    return g.op("SpaceToDepth", g.x, blocksize=2)


def pad(g):
    rank = len(g.shape)
    if rank < 3:
        raise Refused("no positions")
    mode = g.pick(None, "constant", "constant", "reflect", "edge")
    margins = [int(g.rng.integers(0, 2)) if i % rank > 1 else 0 for i in range(2 * rank)]
    if g.chance(0.1):
        margins[1] = 1
    value = g.pick(None, 0, 0.5)
    if g.opset < 11:
        y = g.op("Pad", g.x, pads=margins, mode=mode, value=value)
    else:
        extra = [g.constant(value)] if value is not None else []
        if g.opset >= 18 and g.chance():
            axes = list(range(2, rank))
            margins = [margins[a] for a in axes] + [margins[rank + a] for a in axes]
            y = g.op("Pad", g.x, g.ints(margins), *(extra or [""]), g.ints([a - g.pick(0, rank) for a in axes]), mode=mode)
        else:
            y = g.op("Pad", g.x, g.ints(margins), *extra, mode=mode)
    g.go(y)
    return g.pick(conv, pool, activation)(g)


def resize(g):
    rank = len(g.shape)
    if rank < 3 or g.opset < 11:
        raise Refused("no positions")
    attrs = dict(mode=g.pick(None, "nearest", "linear", "linear", "cubic"),
                 coordinate_transformation_mode=g.pick(None, "half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"),
                 nearest_mode=g.pick(None, "floor", "round_prefer_floor", "ceil"))
    none = g.constant(np.zeros(0), as_node=False) if g.opset < 13 else ""
    if g.chance():
        size = [int(d * g.pick(1, 2, 1.5, 3)) for d in g.shape[2:]]
        return g.op("Resize", g.x, none, none, g.ints(g.shape[:2] + size), **attrs)
    return g.op("Resize", g.x, none, g.constant([1, 1] + [g.pick(1, 2, 1.5, 0.5, 3) for _ in g.shape[2:]]), **attrs)


def dense(g):
    if len(g.shape) == 2 and g.chance(0.7):
        f = g.shape[1]
        out = g.pick(2, 3, 4)
        transposed = g.pick(0, 1)
        inputs = [g.x, g.weight(*([out, f] if transposed else [f, out]))]
        if g.opset < 11 or g.chance(0.7):
            inputs.append(g.weight(*g.pick([out], [1, out], [1], [], [g.shape[0], 1], [g.shape[0], out])))
        return g.op("Gemm", *inputs, alpha=g.pick(None, 0.5), beta=g.pick(None, 2.0, 0.0), transB=transposed)
    n = g.shape[-1]
    if g.chance():
        y = g.op("MatMul", g.x, g.weight(*g.pick([n, 3], [1, n, 3], [n])))
    else:
        y = g.op("MatMul", g.weight(*g.pick([3, g.shape[-2]], [1, 3, g.shape[-2]])), g.x)
    return g.op("Add", y, g.weight(*g.pick([3], [1], [3, 1], [1, 3]))) if g.chance() else y


def spelt(g):
    """Activations and normalisations by their parts, and things that look like them."""
    k = lambda v: g.constant(v)
    kind = g.pick("silu", "hardswish", "gelu", "layer", "rms", "softmax", "swishlike", "attention")
    if kind == "silu":
        return g.op("Mul", *g.pick([g.x, g.op("Sigmoid", g.x)], [g.op("Sigmoid", g.x), g.x]))
    if kind == "swishlike":
        return g.op("Mul", g.x, g.op("Sigmoid", g.op("Mul", g.x, k(1.7))))
    if kind == "hardswish":
        return g.op("Div", g.op("Mul", g.x, g.op("Clip", g.op("Add", g.x, k(3)), k(0), k(g.pick(6, 6, 5)))), k(6)) if g.opset >= 11 else g.x
    if kind == "gelu":
        half, root = g.op("Mul", g.x, k(0.5)), k(g.pick(1.41421356, 1.4142135, 1.4))
        return g.op("Mul", half, g.op("Add", g.op("Erf", g.op("Div", g.x, root)), k(1)))
    if kind in ("layer", "rms"):
        axes = [g.pick(-1, 1, -1)]
        mean = lambda v: g.op("ReduceMean", v, g.ints(axes)) if g.opset >= 18 else g.op("ReduceMean", v, axes=axes)
        d = g.op("Sub", g.x, mean(g.x)) if kind == "layer" else g.x
        return g.op("Div", d, g.op("Sqrt", g.op("Add", mean(g.op("Pow", d, k(2))), k(g.pick(1e-5, 0.01)))))
    if kind == "attention" and len(g.shape) == 3:
        q, v = g.op("MatMul", g.x, g.weight(g.shape[-1], 4)), g.op("MatMul", g.x, g.weight(g.shape[-1], g.pick(2, 4)))
        s = g.op("MatMul", q, g.op("Transpose", g.op("MatMul", g.x, g.weight(g.shape[-1], 4)), perm=[0, 2, 1]))
        s = g.op("Add", s, k(g.pick(np.zeros(1), np.triu(np.full((g.shape[1], g.shape[1]), g.pick(-1e9, -1)), 1)))) if g.chance() else s
        return g.op("MatMul", g.op("Softmax", s, axis=g.pick(-1, -1, 1)), v)
    return g.op("Softmax", g.x, axis=-1)


samplers = [conv, conv, conv_transpose, pool, pool, global_pool, reduce, activation, activation, softmax, norm, norm, arithmetic,
            arithmetic, two, halves, gated, slices, gathers, shapes, shapes, shapes, pad, resize, resize, dense, spelt, spelt]


def draw(seed, low=9):
    rng = np.random.default_rng(seed)
    opset = int(rng.integers(low, 23))
    shape = [[2, 4, 6, 5], [2, 4, 6, 6], [2, 2, 7], [2, 6, 4], [2, 6], [2, 1, 5, 5], [2, 3, 1, 4]][rng.integers(7)]
    g = Graph(seed, opset, shape)
    kinds = []
    for _ in range(int(rng.integers(1, 4))):
        for _ in range(20):  # until ONNX Runtime runs one
            sampler = samplers[g.rng.integers(len(samplers))]
            before = (len(g.nodes), len(g.constants), g.x, g.shape)
            try:
                g.go(sampler(g))
                kinds.append(sampler.__name__)
                break
            except (Refused, IndexError, TypeError, ValueError):
                del g.nodes[before[0]:], g.constants[before[1]:]
                g.x, g.shape = before[2:]
    features = int(np.prod(g.shape[1:]))
    if g.x == "input":
        raise Refused("no operator")
    flat = g.x if len(g.shape) == 2 and g.chance() else g.op("Flatten", g.x) if g.chance() else g.op("Reshape", g.x, g.ints([0, -1]))
    out = g.op("Gemm", flat, g.weight(features, 3), g.weight(3))
    return g, out, "_".join(kinds)


def write(folder, seeds):
    os.makedirs(folder, exist_ok=True)
    values = {}
    for seed in seeds:
        try:
            g, out, kinds = draw(seed)
            y = g.run(out)
        except Refused:
            continue
        if not np.isfinite(y).all() or np.abs(y).max() > 1e4:
            continue
        name = f"{seed}_{kinds}"
        onnx.save(g.model(out), os.path.join(folder, name + ".onnx"))
        values[name + ".input"], values[name + ".output"] = g.input, y
    np.savez_compressed(os.path.join(folder, "values.npz"), **values)
    print(len(values) // 2, "networks")


# Networks that differ in operators and attributes; some are refused, and some were read wrongly once.
seeds = [
         1000, 1002, 1003, 1008, 1009, 1010, 1014, 1016, 1017, 1020, 1026, 1037, 1043, 1044, 1053, 1057, 1063, 1068, 1074, 1075,
         1079, 1081, 1091, 1096, 1099, 1110, 1122, 1147, 1374, 1379, 1404, 1651, 1675, 1766, 1898, 2017, 2065, 2066, 2079, 2451,
         2571, 2646, 2697, 2753, 2756, 2924, 3057, 3058, 3279, 3332, 3348, 3428, 3564, 3811, 3843, 3874, 3980, 4159, 4341, 4651,
         4676, 4751, 4836, 4843, 5011, 5158, 5161, 5182, 5255, 5273, 5350, 5525, 5598, 5601, 5725, 5867, 5946, 5956, 6097, 6200,
         6314, 6331, 6357, 6481, 6515, 6666, 6762, 6867, 6990, 29894,
]

if __name__ == "__main__":
    if len(sys.argv) > 1:
        write(sys.argv[1], range(int(sys.argv[3]), int(sys.argv[3]) + int(sys.argv[2])))
    else:
        write(os.path.join(os.path.dirname(os.path.abspath(__file__)), "odd"), seeds)
