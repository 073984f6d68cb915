"""What the operators of a TensorFlow Lite model do with its tensors: over which axes they sum."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import final

from sqtheory.files.checkpoints.flatbuffer import FlatTable
from sqtheory.files.checkpoints.tensors import MAX_RANK
from sqtheory.files.views.view import View

Places = tuple[int, ...]

MAX_SIZE = 1 << 18
"""Tensors, operators and inputs of these in all graphs together."""
_DEQUANTIZE, _BATCH_MATMUL, _TRANSPOSED_3D = 6, 126, 141
_KERNEL = View((1, 2, 3), names=("out", "kh", "kw", "in"))
_DEPTHWISE = View((1, 2), names=("1", "kh", "kw", "out"))
_KERNEL_3D = View((0, 1, 2, 3), names=("kd", "kh", "kw", "in", "out"))
_TRANSPOSED = View((0, 1, 2, 4), names=("kd", "kh", "kw", "out", "in"))
_MATRIX = View((1,), names=("out", "in"))
_GATES: Places = (1, 2, 3, 4, 5, 6, 7, 8, 16)
"""Where an LSTM has its matrices: of the inputs, of the state, of the projection."""

WEIGHTS: Mapping[int, tuple[str, Places, View]] = MappingProxyType(
    {
        3: ("CONV_2D", (1,), _KERNEL),
        4: ("DEPTHWISE_CONV_2D", (1,), _DEPTHWISE),
        9: ("FULLY_CONNECTED", (1,), _MATRIX),
        16: ("LSTM", _GATES, _MATRIX),
        24: ("RNN", (1, 2), _MATRIX),
        35: ("UNIDIRECTIONAL_SEQUENCE_RNN", (1, 2), _MATRIX),
        44: ("UNIDIRECTIONAL_SEQUENCE_LSTM", _GATES, _MATRIX),
        67: ("TRANSPOSE_CONV", (1,), _KERNEL),
        132: ("CONV_3D", (1,), _KERNEL_3D),
        _TRANSPOSED_3D: ("CONV_3D_TRANSPOSE", (1,), _TRANSPOSED),
    }
)
"""By the number of the operator: its name, which of its inputs are weights, and as which matrices."""
_LOOKED_UP: Mapping[int, int] = MappingProxyType({7: 1, 36: 0})
"""EMBEDDING_LOOKUP and GATHER, with the input that is looked up in."""


_CALLS: Mapping[int, int] = MappingProxyType({118: 1, 119: 0})
"""IF and WHILE, with the first input that is one of the graphs they call."""


@final
@dataclass(frozen=True)
class OperatorUse:
    """What an operator does with a tensor."""

    operator: str
    view: View | None
    """As which matrices it has the tensor for a weight; None where it looks rows up in it."""


@final
@dataclass(frozen=True)
class _Call:
    """An operator that hands tensors on to another graph."""

    graph: int
    given: tuple[int, ...]


Uses = dict[int, dict[OperatorUse, None]]
"""Of each tensor of a graph by its number."""


def uses(graphs: Sequence[FlatTable], operators: tuple[int, ...]) -> list[Uses]:
    """The uses of the tensors of each graph, those in graphs that it calls among them.

    ``operators``: the number of the operator by the index that the graphs have for it. What DEQUANTIZE makes of a
    constant is used as the constant.
    """
    _check_size(graphs)
    found: list[Uses] = []
    calls: list[list[_Call]] = []
    for graph in graphs:
        own: Uses = {}
        calls.append([])
        for place, use in _own(graph, operators, calls[-1], len(graphs)):
            own.setdefault(place, {})[use] = None
        found.append(own)
    takes = [graph.numbers(1, "i") for graph in graphs]
    changed = True
    while changed:
        changed = False
        for own, called in zip(found, calls, strict=True):
            for call in called:
                for given, taken in zip(call.given, takes[call.graph], strict=False):
                    more = found[call.graph].get(taken, {}).keys() - own.get(given, {}).keys()
                    own.setdefault(given, {}).update(dict.fromkeys(more))
                    changed |= bool(more)
    return found


def _check_size(graphs: Sequence[FlatTable]) -> None:
    """Refuse more tensors, operators or inputs of operators in all graphs than any model has."""
    left = MAX_SIZE
    for graph in graphs:
        left -= graph.count(0, 4) + graph.count(3, 4)
        if left >= 0:
            left -= sum(node.count(1, 4) for node in graph.tables(3))
        if left < 0:
            raise graph.buffer.refused(f"more than {MAX_SIZE} tensors, operators and inputs of operators")


def _own(
    graph: FlatTable, operators: tuple[int, ...], calls: list[_Call], graphs: int
) -> Iterator[tuple[int, OperatorUse]]:
    """The uses in a graph itself by the numbers of the tensors; what it calls is added to ``calls``."""
    made: dict[int, int] = {}
    axes = [tensor.count(0, 4) for tensor in graph.tables(0)]
    for node in graph.tables(3):
        index = node.number(0, "I")
        if index >= len(operators):
            raise graph.buffer.refused(f"an operator has the code {index}, there are {len(operators)}")
        kind, inputs = operators[index], [made.get(one, one) for one in node.numbers(1, "i")]
        if kind == _DEQUANTIZE and inputs:
            made.update((output, inputs[0]) for output in node.numbers(2, "i")[:1])
        elif kind == _BATCH_MATMUL:
            yield from _products(node, inputs, axes)
        elif kind in _CALLS:
            given, options = tuple(inputs[_CALLS[kind] :]), node.table(4)
            called = () if options is None else (options.number(0, "i"), options.number(1, "i"))
            calls.extend(_Call(one, given) for one in called if 0 <= one < graphs)
        elif kind in _LOOKED_UP:
            yield from ((one, OperatorUse("embedding", None)) for one in inputs[_LOOKED_UP[kind] :][:1])
        elif kind in WEIGHTS:
            name, places, view = WEIGHTS[kind]
            yield from ((inputs[place], OperatorUse(name, view)) for place in places if place < len(inputs))


def _products(node: FlatTable, inputs: list[int], axes: list[int]) -> Iterator[tuple[int, OperatorUse]]:
    """Both operands of x·y, each of which may be transposed, apart along all axes but the last two."""
    options = node.table(4)
    for place, one in enumerate(inputs[:2]):
        transposed = options is not None and options.number(place, "?", False)
        count = axes[one] if 0 <= one < len(axes) else 0
        if 2 <= count <= MAX_RANK:
            reduced = count - 2 if (place == 1) != transposed else count - 1
            yield one, OperatorUse("BATCH_MATMUL", View((reduced,), tuple(range(count - 2))))
