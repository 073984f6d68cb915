"""What each tensor of an ONNX model is to its nodes: a weight with the axes they sum over, or no weight and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from sqtheory.files.checkpoints.onnx_graph.dataflow import Dataflow, Key, Taken
from sqtheory.files.checkpoints.onnx_graph.operands import BIASES, Reduction, integer, is_known, is_weight, operand
from sqtheory.files.checkpoints.onnx_graph.paths import Known, Path, through
from sqtheory.files.checkpoints.tensors import plain, quoted

if TYPE_CHECKING:
    from onnx import NodeProto

EMBEDDING, BIAS, NORMALIZATION = "embedding", "bias", "normalization"
COMPANION = "scale or zero point"
_OF_CODES = (
    "Quantize",
    "Dequantize",
    "DynamicQuantize",
    "QLinear",
    "QGemm",
    "MatMulNBits",
    "MatMulInteger",
    "ConvInteger",
)
"""How the names of operators begin whose other inputs belong to codes."""
_LOOKED_UP = ("Gather", "GatherBlockQuantized", "EmbedLayerNormalization", "QEmbedLayerNormalization")
_MOST = 4096
"""Nodes that are followed from one tensor."""


@final
@dataclass(frozen=True)
class Use:
    """A node that has a tensor, or what copies and views make of it, for a weight; by the axes of the tensor."""

    node: str
    """In words: ``Conv 'layer1'``."""
    operator: str
    identity: Key
    place: int
    """Of the operand among the inputs of the node."""
    reduction: Reduction
    kernel: bool
    """A convolution kernel as it is stored: [out, in, k…] or, transposed, [in, out, k…]."""
    one_signal: bool
    """A convolution of a single channel with every kernel: a bank of filters."""


@final
@dataclass(frozen=True)
class Role:
    """The uses of a tensor as a weight; where it has others only, or is looked up too, the reason to leave it alone.

    Of a tensor that no node takes nothing is said.
    """

    uses: tuple[Use, ...]
    reason: str | None

    def dispute(self, shape: tuple[int, ...]) -> str | None:
        """The first two uses that do not sum over the same axes, in words; None where all do."""
        kinds: dict[Reduction, Use] = {}
        for use in self.uses:
            kinds.setdefault(_essential(use.reduction, shape), use)
        if len(kinds) < 2:
            return None
        (a, first), (b, second), *_ = kinds.items()
        return f"{first.node} sums over {_words(a)}, {second.node} over {_words(b)}"


def roles(flow: Dataflow) -> Mapping[str, Role]:
    """The role of every tensor by its name."""
    found = {name: _role(flow, key) for key, name in flow.names.items()}
    multiplied = {use.identity for role in found.values() for use in role.uses if use.place}
    return {name: _without_inputs(role, multiplied) for name, role in found.items()}


def _without_inputs(role: Role, multiplied: set[Key]) -> Role:
    """A left operand is a weight where the right one is none; else it is what the weight is multiplied by."""
    uses = tuple(use for use in role.uses if use.place or use.identity not in multiplied)
    if len(uses) == len(role.uses):
        return role
    return Role(uses, role.reason if uses else role.reason or "what a weight is multiplied by")


def _role(flow: Dataflow, start: Key) -> Role:
    shape = tuple(flow.tensors[start].dims)
    waiting = [(start, Path.start(shape))]
    seen: set[tuple[Key, Path]] = set()
    uses: list[Use] = []
    others: dict[str, None] = {}
    while waiting and len(seen) < _MOST:
        key, path = waiting.pop()
        if (key, path) in seen:
            continue
        seen.add((key, path))
        if key in flow.results:
            others["result of the model"] = None
        waiting += [(same, path) for same in flow.passed.get(key, ())]
        for taken in flow.taken.get(key, ()):
            found = operand(taken.node, taken.place, len(path.sizes))
            if found is not None:
                uses.append(_use(taken, found, path, shape))
                continue
            after = through(taken.node, taken.place, path, Known(flow, taken.scope))
            if after is None:
                others[_other(taken)] = None
            else:
                waiting += [(key, after) for key in taken.outputs]
    if EMBEDDING in others:
        return Role(tuple(uses), EMBEDDING)
    if uses:
        return Role(tuple(uses), None)
    known = [what for what in others if what in (NORMALIZATION, BIAS, COMPANION) or what.startswith("weight of ")]
    said = known[0] if known else f"no weight of a node: {', '.join(list(others)[:3])}" if others else None
    return Role((), said)


def _use(taken: Taken, found: Reduction, path: Path, shape: tuple[int, ...]) -> Use:
    node = taken.node
    mapped = Reduction(path.stored(found.reduced), path.stored(found.apart))
    places = mapped.reduced[:-1] == (*range(2, len(shape)),) and mapped.reduced[-1:] in ((0,), (1,))
    kernel = path == Path.start(shape) and len(shape) >= 3 and places
    one = kernel and mapped.reduced[-1] == 1 and shape[1] == 1 and integer(node, "group", 1) == 1
    return Use(_label(node), plain(node.op_type), taken.identity, taken.place, mapped, kernel, one)


def _label(node: "NodeProto") -> str:
    name = node.name or next(iter(node.output), "")
    return f"{plain(node.op_type)} {quoted(name)}"


def _other(taken: Taken) -> str:
    """What a tensor is to a node for which it is no weight."""
    kind = str(taken.node.op_type)  # which may be bytes that are not UTF-8
    if kind in _LOOKED_UP and taken.place <= 2 and (kind == "EmbedLayerNormalization" or taken.place == 0):
        return EMBEDDING
    if "Normalization" in kind:
        return NORMALIZATION
    if is_weight(taken.node, taken.place):
        return (
            f"weight of {plain(kind)} in groups" if integer(taken.node, "group", 1) > 1 else f"operand of {plain(kind)}"
        )
    if is_known(taken.node) and BIASES.get(kind) == taken.place:
        return BIAS
    if kind.startswith(_OF_CODES) and taken.place:
        return COMPANION
    return f"input {taken.place} of {plain(kind)}"


def _essential(reduction: Reduction, shape: tuple[int, ...]) -> Reduction:
    """Without the axes of one entry."""
    parts = (reduction.reduced, reduction.apart)
    return Reduction(*(tuple(axis for axis in part if shape[axis] != 1) for part in parts))


def _words(reduction: Reduction) -> str:
    axes = reduction.reduced
    return f"axis {axes[0]}" if len(axes) == 1 else f"axes {', '.join(map(str, axes))}" if axes else "no axis"
