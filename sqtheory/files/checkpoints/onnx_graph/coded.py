"""Codes among the constants of an ONNX model, each with the node that makes values of them and what that node takes."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import final

from sqtheory.files.checkpoints.onnx_graph.dataflow import Dataflow, Key, Taken
from sqtheory.files.checkpoints.onnx_graph.integer_products import PRODUCTS, biased, is_whole
from sqtheory.files.checkpoints.onnx_graph.operands import integer, is_known

PLACES: Mapping[str, Mapping[str, int]] = {
    "DequantizeLinear": {"codes": 0, "scales": 1, "zeros": 2},
    "MatMulNBits": {"codes": 1, "scales": 2, "zeros": 3, "groups": 4},
    **dict.fromkeys(PRODUCTS, MappingProxyType({"codes": 3, "scales": 4, "zeros": 5})),
}
"""Where the operators that make values of codes take them, and what belongs to them."""
_DEFAULTS: Mapping[str, Mapping[str, int]] = {
    "DequantizeLinear": {"axis": 1, "block_size": 0, "output_dtype": 0},
    "MatMulNBits": {"K": 0, "N": 0, "bits": 4, "block_size": 0},
    "QLinearConv": {"axis": 0, "block_size": 0},
    "QLinearMatMul": {"axis": -1, "block_size": 0},
}


@final
@dataclass(frozen=True)
class CodedOperand:
    """Constant codes and what stands with them in every node that makes values of them."""

    operator: str
    parts: Mapping[str, str]
    """The names of tensors by what they are: codes, scales, zeros, groups."""
    settings: Mapping[str, int]
    """The attributes of the node."""
    key: Key = field(compare=False)
    """Of the codes."""
    companions: frozenset[Key] = field(compare=False)
    """All other parts."""
    taken: tuple[Taken, ...] = field(compare=False)
    """Each place where a node takes the codes."""


def coded_operands(flow: Dataflow) -> Iterator[CodedOperand]:
    """All codes of which nodes make the same values, whichever node takes them.

    Codes of which two nodes make different values, or whose scales are no constants, are not among them.
    """
    for key in flow.names:
        ways = [_way(flow, taken) for taken in flow.taken.get(key, ())]
        first = next(iter(ways), None)
        if first is None or any(way != first for way in ways) or key in flow.results or key in flow.passed:
            continue
        taken = tuple(flow.taken[key])
        yield CodedOperand(first.operator, first.parts, first.settings, key, first.companions, taken)


def only_beside(flow: Dataflow, operands: Iterable[CodedOperand]) -> frozenset[Key]:
    """The companions of codes that nothing takes but, as such, the nodes of these operands.

    Where such a node has a bias of codes, the scales stay with that.
    """
    operands = tuple(operands)
    places = {
        (*taken.identity, place) for one in operands for taken in one.taken for place in PLACES[one.operator].values()
    }
    every = {key for one in operands for key in one.companions}
    return frozenset(
        key
        for key in every
        if key not in flow.results
        and key not in flow.passed
        and all((*taken.identity, taken.place) in places and not _scales_bias(taken) for taken in flow.taken[key])
    )


def _scales_bias(taken: Taken) -> bool:
    return biased(taken.node) and taken.place == PLACES[taken.node.op_type]["scales"]


def _way(flow: Dataflow, taken: Taken) -> CodedOperand | None:
    """What a node makes of codes that it takes; None where it takes none."""
    node = taken.node
    places = PLACES.get(node.op_type) if is_known(node) else None
    if places is None or taken.place != places["codes"] or not taken.outputs:
        return None
    if node.op_type in PRODUCTS and not is_whole(node):
        return None
    parts, keys = {}, set()
    for part, place in places.items():
        name = node.input[place] if place < len(node.input) else ""
        if name:
            key = taken.scope.key(name)
            if key not in flow.names:
                return None
            parts[part] = flow.names[key]
            keys.add(key)
    if "scales" not in parts:
        return None
    settings = {name: integer(node, name, default) for name, default in _DEFAULTS[node.op_type].items()}
    codes = taken.scope.key(node.input[taken.place])
    return CodedOperand(node.op_type, parts, settings, codes, frozenset(keys - {codes}), (taken,))
