"""Codes among the constants of an ONNX model, each with the node that makes values of them and what that node takes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, final

from sqtheory.files.checkpoints.onnx_graph.network import Key, Network, Taken
from sqtheory.files.checkpoints.onnx_graph.operands import integer, is_known

if TYPE_CHECKING:
    from onnx import NodeProto

PLACES: Mapping[str, Mapping[str, int]] = {
    "DequantizeLinear": {"codes": 0, "scales": 1, "zeros": 2},
    "MatMulNBits": {"codes": 1, "scales": 2, "zeros": 3, "groups": 4},
}
"""Where the operators that make values of codes take them, and what belongs to them."""
_DEFAULTS: Mapping[str, Mapping[str, int]] = {
    "DequantizeLinear": {"axis": 1, "block_size": 0, "output_dtype": 0},
    "MatMulNBits": {"K": 0, "N": 0, "bits": 4, "block_size": 0},
}


@final
@dataclass(frozen=True)
class Dequantized:
    """Constant codes and what stands with them in every node that makes values of them."""

    operator: str
    parts: Mapping[str, str]
    """The names of tensors by what they are: codes, scales, zeros, groups."""
    settings: Mapping[str, int]
    """The attributes of the node."""
    key: Key = field(compare=False)
    """Of the codes."""
    nodes: tuple["NodeProto", ...] = field(compare=False)


def dequantized(network: Network) -> Iterator[Dequantized]:
    """All codes of which nodes make the same values, whichever node takes them.

    Codes of which two nodes make different values, or whose scales are no constants, are not among them.
    """
    for key in network.names:
        ways = [_way(network, taken) for taken in network.taken.get(key, ())]
        first = next(iter(ways), None)
        if first is None or any(way != first for way in ways) or key in network.results or key in network.passed:
            continue
        nodes = tuple(node for way in ways if way is not None for node in way.nodes)
        yield Dequantized(first.operator, first.parts, first.settings, key, nodes)


def _way(network: Network, taken: Taken) -> Dequantized | None:
    """What a node makes of codes that it takes; None where it takes none."""
    node = taken.node
    places = PLACES.get(node.op_type) if is_known(node) else None
    if places is None or taken.place != places["codes"]:
        return None
    parts = {}
    for part, place in places.items():
        name = node.input[place] if place < len(node.input) else ""
        if name:
            key = taken.scope.key(name)
            if key not in network.names:
                return None
            parts[part] = network.names[key]
    if "scales" not in parts:
        return None
    settings = {name: integer(node, name, default) for name, default in _DEFAULTS[node.op_type].items()}
    return Dequantized(node.op_type, parts, settings, taken.scope.key(node.input[taken.place]), (node,))
