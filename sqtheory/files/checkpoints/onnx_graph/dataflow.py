"""Where the values of an ONNX model go: from each name to the nodes that take it, through all its graphs."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias, final

from sqtheory.files.checkpoints.onnx_graph.operands import attribute, integer, is_known

if TYPE_CHECKING:
    from onnx import FunctionProto, GraphProto, ModelProto, NodeProto, TensorProto

Key: TypeAlias = tuple[int, str]
"""A value: the number of the graph that defines it, and its name there."""
MOVING = (
    *("Identity", "Cast", "CastLike", "Transpose", "Reshape", "Flatten", "Squeeze", "Unsqueeze"),
    *("Slice", "Split", "Concat", "Gather", "QuantizeLinear", "DequantizeLinear"),
)
"""Operators that make of tensors of a model what is as constant as they are."""
_MOST = 256
"""Nodes that are looked through for what a value is made of."""


@final
@dataclass(frozen=True, eq=False)
class Scope:
    """The names that a graph, a branch or body inside it, or a function defines."""

    number: int
    defined: frozenset[str]
    outer: "Scope | None"
    label: str
    """What comes before the names of its constants where another graph has the same."""
    home: "GraphProto | FunctionProto"
    """The graph, branch, body or function itself."""

    def key(self, name: str) -> Key:
        """The value that a name means here."""
        at: Scope | None = self
        while at is not None and name not in at.defined:
            at = at.outer
        return (self if at is None else at).number, name


@final
@dataclass(frozen=True, eq=False)
class Taken:
    """One input of a node."""

    node: "NodeProto"
    place: int
    scope: Scope

    @property
    def identity(self) -> Key:
        """What tells the node from all others: its first result."""
        return self.outputs[0] if self.outputs else (self.scope.number, "")

    @property
    def outputs(self) -> list[Key]:
        """What the node makes."""
        return [(self.scope.number, name) for name in self.node.output if name]


@final
@dataclass(frozen=True, eq=False)
class Dataflow:
    """All that the graphs of a model say of where its values go. Every function is looked at once for all calls."""

    taken: dict[Key, list[Taken]] = field(default_factory=lambda: defaultdict(list))
    passed: dict[Key, list[Key]] = field(default_factory=lambda: defaultdict(list))
    """Into bodies and functions and out of branches, bodies and functions: a value → the same by another name."""
    results: set[Key] = field(default_factory=set)
    """What the model gives back."""
    tensors: dict[Key, "TensorProto"] = field(default_factory=dict)
    """Initializers and constants."""
    names: dict[Key, str] = field(default_factory=dict)
    """What each of these is called among all tensors of the model."""
    refused: list[tuple[str, str]] = field(default_factory=list)
    """Tensors and the rules that they break."""
    made: dict[Key, Taken] = field(default_factory=dict)
    """The node of each value, by an input of it."""
    listed: dict[Key, tuple[int, ...]] = field(default_factory=dict)
    """Constants that are attributes, a single number as a tuple of one."""
    scalars: set[Key] = field(default_factory=set)
    """Those that are a single number without an axis."""
    _functions: dict[tuple[str, str], tuple[Scope, "FunctionProto"]] = field(default_factory=dict)
    scopes: list[Scope] = field(default_factory=list)
    """By their numbers."""
    _named: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, model: "ModelProto") -> "Dataflow":
        """The flow of a model."""
        made = cls()
        for function in model.functions:
            scope = made._scope((*function.input, *_outputs(function.node)), None, f"{function.name}/", function)
            made._functions[function.domain, function.name] = scope, function
        top = made._graph(model.graph, None, "", "")
        made.results.update(top.key(value.name) for value in model.graph.output)
        for scope, function in [*made._functions.values()]:
            made._nodes(function.node, scope, f"{function.name}/")
        return made

    def is_used(self, key: Key) -> bool:
        """Whether anything takes a value."""
        return bool(self.taken.get(key) or self.passed.get(key)) or key in self.results

    def is_constant(self, key: Key) -> bool:
        """Whether a value is a tensor of the model, or made of nothing but such by nodes that move entries about."""
        waiting, seen = [key], set[Key]()
        while waiting:
            at = waiting.pop()
            if at in self.tensors or at in self.listed or at in seen:
                continue
            seen.add(at)
            made = self.made.get(at)
            if made is None or made.node.op_type not in MOVING or not is_known(made.node) or len(seen) > _MOST:
                return False
            waiting += [made.scope.key(name) for name in made.node.input if name]
        return True

    def _scope(
        self, defined: Iterable[str], outer: Scope | None, label: str, home: "GraphProto | FunctionProto"
    ) -> Scope:
        self.scopes.append(Scope(len(self.scopes), frozenset(defined), outer, label, home))
        return self.scopes[-1]

    def _graph(self, graph: "GraphProto", outer: Scope | None, prefix: str, label: str) -> Scope:
        inputs, tensors = (value.name for value in graph.input), (tensor.name for tensor in graph.initializer)
        scope = self._scope((*inputs, *tensors, *_outputs(graph.node)), outer, label, graph)
        for tensor in graph.initializer:
            self._constant(scope, tensor.name, tensor, prefix)
        for sparse in graph.sparse_initializer:
            self.refused.append((sparse.values.name, "sparse tensors cannot be read"))
        self._nodes(graph.node, scope, prefix)
        return scope

    def _constant(self, scope: Scope, own: str, tensor: "TensorProto", prefix: str) -> None:
        """A tensor by the name it has in its graph, with that of the graph before it where another graph has it."""
        if type(own) is not str:  # what the protocol buffers make of bytes that are not UTF-8
            self.refused.append((own, "the name of a tensor is not UTF-8"))
            return
        key, name = (scope.number, own), f"{prefix}{own}"
        if name in self._named:
            name = f"{scope.label}{name}"
        if not own or key in self.tensors or name in self._named:
            self.refused.append((name, "two tensors have this name" if own else "a tensor has no name"))
        self._named.add(name)
        self.tensors[key], self.names[key] = tensor, name

    def _nodes(self, nodes: "Sequence[NodeProto]", scope: Scope, prefix: str) -> None:
        for node in nodes:
            if node.op_type == "Constant":
                self._of_constant(node, scope, prefix)
            label = f"{prefix}{node.name or next(iter(node.output), '')}"
            inner = [
                (graph, self._graph(graph, scope, prefix, f"{label}/{one.name}/"))
                for one in node.attribute
                for graph in (*([one.g] if one.HasField("g") else []), *one.graphs)
            ]
            taken = Taken(node, 0, scope)
            self.made.update(dict.fromkeys(taken.outputs, taken))
            moves = [*self._moves(node, scope, inner)]
            for source, target in moves:
                self.passed[source].append(target)
            entered = {source for source, _ in moves}
            for place, name in enumerate(node.input):
                if name and scope.key(name) not in entered:
                    self.taken[scope.key(name)].append(Taken(node, place, scope))

    def _of_constant(self, node: "NodeProto", scope: Scope, prefix: str) -> None:
        own = next(iter(node.output), "")
        value, listed, one = (attribute(node, name) for name in ("value", "value_ints", "value_int"))
        if value is not None and value.HasField("t"):
            self._constant(scope, own, value.t, prefix)
        elif listed is not None:
            self.listed[scope.number, own] = tuple(listed.ints)
        elif one is not None:
            self.listed[scope.number, own] = (int(one.i),)
            self.scalars.add((scope.number, own))

    def _moves(
        self, node: "NodeProto", scope: Scope, inner: "list[tuple[GraphProto, Scope]]"
    ) -> Iterator[tuple[Key, Key]]:
        """Values that have another name inside of a node, and those that have another outside."""
        results = [(scope.number, name) for name in node.output]
        function = self._functions.get((node.domain, node.op_type))
        if function is not None:
            body, said = function
            yield from ((scope.key(o), (body.number, i)) for o, i in zip(node.input, said.input, strict=False) if o)
            yield from zip((body.key(name) for name in said.output), results, strict=False)
        for graph, body in inner:
            ins, outs = [value.name for value in graph.input], [body.key(value.name) for value in graph.output]
            if node.op_type == "If":
                yield from zip(outs, results, strict=False)
            if node.op_type in ("Loop", "Scan"):
                scanned = integer(node, "num_scan_inputs") if node.op_type == "Scan" else 0
                first = 2 if node.op_type == "Loop" else 0
                count = max(len(node.input) - first - scanned, 0)
                inside, after = ins[first:], [value.name for value in graph.output][first // 2 :]
                states = [i for i in range(min(count, len(inside), len(after))) if _kept(graph, inside[i], after[i])]
                entering = [(i, node.input[first + i]) for i in states if node.input[first + i]]
                yield from ((scope.key(outer), (body.number, inside[i])) for i, outer in entering)
                yield from ((body.key(after[i]), results[i]) for i in states if i < len(results))


def _kept(graph: "GraphProto", before: str, after: str) -> bool:
    """Whether a body gives a value back as it came: what changes from round to round is a state, and no weight."""
    made = {
        node.output[0]: node.input[0]
        for node in graph.node
        if node.op_type == "Identity" and node.input and node.output
    }
    for _ in range(len(made) + 1):
        if after == before:
            return True
        after = made.get(after, "")
    return False


def _outputs(nodes: "Iterable[NodeProto]") -> Iterator[str]:
    return (name for node in nodes for name in node.output)
