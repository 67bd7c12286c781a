"""Reads the graph of a PyTorch module, operator by operator, into layers of pare."""

from __future__ import annotations

import operator as python
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.fx import Node

from .. import shapes
from ..errors import ModelError, UnsupportedError
from ..shapes import Shape
from .builder import BATCH, Builder
from .values import Scores, Stack, Value

Handler = Callable[..., Any]
OPERATORS: dict[str, Handler] = {}  # by the name of the ATen operator, without "aten::" and the "_" of in-place ones

# Operators that only move elements.
MOVES = set(
    """view reshape _unsafe_view permute transpose t numpy_T flatten unflatten squeeze unsqueeze select slice
    narrow expand split split_with_sizes chunk unbind movedim moveaxis swapaxes flip roll index_select
    channel_shuffle repeat repeat_interleave view_as expand_as unsafe_split unsafe_chunk index""".split()
)
# Operators that give their first argument.
COPIES = set("contiguous clone alias detach lift_fresh_copy to _to_copy type_as identity".split())


def operator(*names: str) -> Callable[[Handler], Handler]:
    """Registers a function for ATen operators: it takes the graph and the operator's arguments."""

    def register(f: Handler) -> Handler:
        OPERATORS.update(dict.fromkeys(names, f))
        return f

    return register


class Graph:
    """The graph of a module while it is read."""

    def __init__(self, module: nn.Module, example: torch.Tensor, positions_first: bool) -> None:
        tensors = [*module.parameters(), *module.buffers()]
        device = tensors[0].device if tensors else example.device
        first: dict[int, str] = {}
        batch = torch.cat([example[:1], example[-1:]]).to(device)
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of torch.export about the inside of recurrent modules
            try:
                self.program = torch.export.export(module, (batch,), strict=False)
            except Exception as e:  # of the module itself, or control flow that depends on values
                reason = (str(e) or type(e).__name__).strip().partition("\n")[0]
                raise UnsupportedError(f"torch.export cannot trace the module: {reason}") from e
        self.names: dict[int, str] = {}  # of parameters and buffers, by identity of the tensor
        self.aliases: dict[str, list[str]] = {}  # of a tensor that modules share, all names in order
        for name, tensor in [*module.named_parameters(remove_duplicate=False), *module.named_buffers()]:
            self.aliases.setdefault(first.setdefault(id(tensor), name), []).append(name)
        self.node: Node | None = None
        self.done = 0  # operators read
        shape: Shape = tuple(batch.shape[1:])
        if not batch.dtype.is_floating_point:
            if len(shape) != 1:
                raise UnsupportedError(f"the example has shape {list(batch.shape)}; tokens must have (N, T)")
            self.input = Value("input", (BATCH, *shape))
            shape = (1, *shape)
        elif not 1 <= len(shape) <= 3:
            raise UnsupportedError(
                f"the example has shape {list(batch.shape)}; it must be (N, F), (N, D, T), (N, T, D) or (N, C, H, W)"
            )
        elif positions_first:
            shape = (shape[1], shape[0])
            self.input = Value("input", (BATCH, *shape)).move(torch.movedim, 1, 2)
        else:
            self.input = Value("input", (BATCH, *shape))
        self.builder = Builder(shape, self.names)

    def read(self) -> None:
        """Reads all operators."""
        env: dict[Node, Any] = {}
        constants = self.constants()
        live = self.live()
        for node in self.program.graph.nodes:
            if node not in live:
                continue
            self.node = node
            if node.op == "placeholder":
                env[node] = constants.get(node.name, self.input)
            elif node.op == "output":
                self.end(torch.fx.map_arg(node.args[0], lambda n: env[n]))
            elif node.op == "call_function":
                args, kwargs = torch.fx.map_arg((node.args, node.kwargs), lambda n: env[n])
                env[node] = self.call(node, args, kwargs)
                self.done += 1
            else:
                raise UnsupportedError(f"{self.place()}: {node.op} {node.target} is not one that pare can take")

    def live(self) -> set[Node]:
        """The nodes that the output depends on."""
        out: set[Node] = set()
        stack = [n for n in self.program.graph.nodes if n.op == "output"]
        while stack:
            node = stack.pop()
            if node not in out:
                out.add(node)
                stack += node.all_input_nodes
        return out

    def constants(self) -> dict[str, torch.Tensor]:
        """The tensors of the module by the name of their node; self.names keeps their names."""
        signature, out = self.program.graph_signature, {}
        named = {**signature.inputs_to_parameters, **signature.inputs_to_buffers}
        for node, name in named.items():
            value = self.program.state_dict.get(name)
            out[node] = (self.program.constants[name] if value is None else value).detach().cpu()
            self.names[id(out[node])] = next((first for first, all in self.aliases.items() if name in all), name)
        for node, name in signature.inputs_to_lifted_tensor_constants.items():
            out[node] = self.program.constants[name].detach().cpu()
        self.tensors = list(out.values())  # so that no identity is used twice
        return out

    def end(self, results: Any) -> None:
        flat, _ = torch.utils._pytree.tree_flatten(results)
        if len(flat) != 1 or not isinstance(flat[0], Value) or isinstance(results, dict):
            raise UnsupportedError(
                f"the module returns {len(flat)} values; pare's networks have one output: wrap it to pick one"
            )
        self.node = None
        try:
            if self.builder.finish(flat[0]) == "input":
                raise ModelError("is its input")
        except ModelError as e:
            raise UnsupportedError(f"the output of the module {e}") from None

    def call(self, node: Node, args: Any, kwargs: Any) -> Any:
        values = [a for a in torch.utils._pytree.tree_leaves((args, kwargs)) if isinstance(a, (Value, Scores, Stack))]
        if node.target is python.getitem:
            return args[0][args[1]]
        if not isinstance(node.target, torch._ops.OpOverload):
            raise UnsupportedError(f"{self.place()}: {node.target} is not one that pare can take")
        name = node.target._schema.name.removeprefix("aten::")
        name = name if name.startswith("_") else name.rstrip("_")
        if not values:
            out = node.target(*args, **kwargs)
            if name in MOVES | COPIES and isinstance(out, torch.Tensor):
                self.names_as(out, args[0])
            return out
        what = f"operator {name} of {', '.join(shapes.text(v.shape) for v in values)}"
        try:
            if name in COPIES:
                return args[0]
            if name in MOVES:
                return self.move(name, node.target, args, kwargs)
            if name in OPERATORS:
                return OPERATORS[name](self, *args, **kwargs)
        except (ModelError, TypeError) as e:
            raise UnsupportedError(f"{self.place()}: {what}: {e}") from e
        raise UnsupportedError(f"{self.place()}: {what} is not one that pare has a layer for")

    def move(self, name: str, target: Any, args: Any, kwargs: Any) -> Any:
        value, *rest = args
        if isinstance(value, Stack):
            return value.pick(name, *rest)
        if isinstance(value, Scores):  # heads and batch apart or together: a view of the same products
            return value
        if isinstance(value, list):
            raise ModelError("of several values is not one that pare has a layer for")
        if name in ("view", "_unsafe_view"):  # the index may have other strides than the tensor
            return value.move(torch.reshape, *rest)
        others = [a.offsets() if isinstance(a, Value) else a for a in rest]  # of view_as
        return value.move(target, *others, **kwargs)

    def path(self) -> str:
        """The module that the present operator belongs to."""
        stack = self.node.meta.get("nn_module_stack") if self.node else None
        path = list(stack.values())[-1][0] if stack else ""
        return path.removeprefix("L['self']").lstrip(".")

    def place(self) -> str:
        return self.path() or "the module"

    def called(self, *tensors: Any, kind: str = "") -> str:
        """A name for a layer: the module's of its first named tensor, or of the operator."""
        for t in tensors:
            if (name := self.names.get(id(t))) is None:
                continue
            here = [n for n in self.aliases.get(name, ()) if n.rpartition(".")[0] == self.path()]
            name = here[0] if here else name
            layer = name.rpartition(".")[0] if name.rpartition(".")[2] in ("weight", "bias", "running_mean") else name
            return layer.removesuffix("_weight") or kind
        path = self.path()
        if path and not self.holds(path):
            return path
        return f"{path}.{kind}".lstrip(".")

    def holds(self, path: str) -> bool:
        """Whether the module of a path has modules or tensors of its own, so that its name is no layer's."""
        return any(name.startswith(path + ".") for name in [*self.names.values(), *self.builder.shapes])

    def names_as(self, tensor: torch.Tensor, other: Any) -> None:
        """Gives a tensor the name of one that it has the elements of."""
        if id(other) in self.names:
            self.names[id(tensor)] = self.names[id(other)]
            self.tensors.append(tensor)

    def each(self, kind: str, value: Value, args: dict[str, Any] | None = None, **tensors: Any) -> Value:
        """A layer that treats all elements alike."""
        return self.builder.each(kind, self.called(*tensors.values(), kind=kind), value, args, **tensors)
