"""Which inputs of an ONNX operator are weights, and which of their axes a node sums over."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, final

if TYPE_CHECKING:
    from onnx import AttributeProto, NodeProto

Axes: TypeAlias = tuple[int, ...]

DOMAINS = ("", "ai.onnx", "com.microsoft")
"""The sets of operators whose names are known here: the standard's, and those of onnxruntime."""


@final
@dataclass(frozen=True)
class Reduction:
    """The axes of an operand that its node sums over, the slowest first, and those that tell matrices apart."""

    reduced: Axes
    apart: Axes = ()


Rule: TypeAlias = Callable[["NodeProto", int], Reduction | None]
"""A node and the number of axes of the operand; None where the axes are not those that a weight has there."""


def integer(node: "NodeProto", name: str, default: int = 0) -> int:
    """An attribute that is a whole number; the default where a node does not have it."""
    found = attribute(node, name)
    return default if found is None else int(found.i)


def attribute(node: "NodeProto", name: str) -> "AttributeProto | None":
    """The attribute of this name; None where a node does not have it."""
    return next((one for one in node.attribute if one.name == name), None)


def is_known(node: "NodeProto") -> bool:
    """Whether the operator is one of those whose names are known here."""
    return node.domain in DOMAINS


def operand(node: "NodeProto", place: int, axes: int) -> Reduction | None:
    """What a node reduces of its input at a place; None where that is no weight, or has no axis to reduce alone."""
    rule = _rule(node, place)
    return None if rule is None else rule(node, axes)


def is_weight(node: "NodeProto", place: int) -> bool:
    """Whether the input at a place is a weight."""
    return _rule(node, place) is not None


def _rule(node: "NodeProto", place: int) -> "Rule | None":
    if not is_known(node) or (node.op_type == "Attention" and node.domain != DOMAINS[-1]):
        return None
    return _WEIGHTS.get(node.op_type, {}).get(place)


def _kernel(node: "NodeProto", axes: int) -> Reduction | None:
    """[out, in / group, k…]."""
    return Reduction((*range(2, axes), 1)) if axes >= 3 else None


def _transposed_kernel(node: "NodeProto", axes: int) -> Reduction | None:
    """[in, out / group, k…]: with more than one group, axis 0 is no axis that any output sums over."""
    return Reduction((*range(2, axes), 0)) if axes >= 3 and integer(node, "group", 1) == 1 else None


def _right(node: "NodeProto", axes: int) -> Reduction | None:
    """[…, in, out], or a vector [in]."""
    return Reduction((max(axes - 2, 0),), tuple(range(axes - 2))) if axes else None


def _left(node: "NodeProto", axes: int) -> Reduction | None:
    """[…, out, in], or a vector [in]."""
    return Reduction((axes - 1,), tuple(range(axes - 2))) if axes else None


def _swapped(by: str, plain: Rule, swapped: Rule) -> Rule:
    def rule(node: "NodeProto", axes: int) -> Reduction | None:
        return (swapped if integer(node, by) else plain)(node, axes)

    return rule


def _unless(attribute_name: str, otherwise: Rule) -> Rule:
    def rule(node: "NodeProto", axes: int) -> Reduction | None:
        return None if integer(node, attribute_name) else otherwise(node, axes)

    return rule


def _recurrent(node: "NodeProto", axes: int) -> Reduction | None:
    """[directions, gates · hidden, in]."""
    return Reduction((2,), (0,)) if axes == 3 else None


def _recurrent_transposed(node: "NodeProto", axes: int) -> Reduction | None:
    """[directions, in, gates · hidden]."""
    return Reduction((1,), (0,)) if axes == 3 else None


def _matrix(node: "NodeProto", axes: int) -> Reduction | None:
    """[in, out]."""
    return Reduction((0,)) if axes == 2 else None


def _labelled(place: int) -> Rule:
    """Axes whose label is in the other operand and not in the result are summed over; in both: they tell apart."""

    def rule(node: "NodeProto", axes: int) -> Reduction | None:
        found = attribute(node, "equation")
        text = "" if found is None else found.s.decode(errors="replace").replace(" ", "")
        inputs, arrow, result = text.partition("->")
        terms = inputs.split(",")
        if not arrow or len(terms) != 2 or "." in text or len(terms[place]) != axes or len(set(terms[place])) != axes:
            return None
        own, other = terms[place], terms[1 - place]
        reduced = tuple(at for at, label in enumerate(own) if label in other and label not in result)
        apart = tuple(at for at, label in enumerate(own) if label in other and label in result)
        return Reduction(reduced, apart) if reduced else None

    return rule


_LEFT, _RIGHT = _swapped("transA", _left, _right), _swapped("transB", _right, _left)
_PRODUCT: Mapping[int, Rule] = {0: _left, 1: _right}
_GEMM: Mapping[int, Rule] = {0: _LEFT, 1: _RIGHT}
_CONVOLUTION: Mapping[int, Rule] = {1: _kernel}
_CELLS: Mapping[int, Rule] = {1: _recurrent, 2: _recurrent}
_RIGHT_ONLY: Mapping[int, Rule] = {1: _right}
_PROJECTION: Mapping[int, Rule] = {1: _matrix}

_WEIGHTS: Mapping[str, Mapping[int, Rule]] = {
    **dict.fromkeys(("Conv", "DeformConv", "ConvInteger", "FusedConv", "NhwcFusedConv"), _CONVOLUTION),
    "QLinearConv": {3: _kernel},
    "ConvTranspose": {1: _transposed_kernel},
    **dict.fromkeys(("MatMul", "MatMulInteger"), _PRODUCT),
    "QLinearMatMul": {0: _left, 3: _right},
    **dict.fromkeys(("MatMulIntegerToFloat", "DynamicQuantizeMatMul"), _RIGHT_ONLY),
    "FusedMatMul": {0: _unless("transBatchA", _LEFT), 1: _unless("transBatchB", _RIGHT)},
    **dict.fromkeys(("Gemm", "FusedGemm"), _GEMM),
    "QGemm": {0: _LEFT, 3: _RIGHT},
    **dict.fromkeys(("RNN", "GRU", "LSTM"), _CELLS),
    "DynamicQuantizeLSTM": {1: _recurrent_transposed, 2: _recurrent_transposed},
    **dict.fromkeys(("Attention", "QAttention"), _PROJECTION),
    "Einsum": {0: _labelled(0), 1: _labelled(1)},
}
"""Operators by name: which inputs are weights, by their places."""

BIASES: Mapping[str, int] = {
    **dict.fromkeys(("Conv", "FusedConv", "NhwcFusedConv", "ConvTranspose", "Gemm", "FusedGemm", "Attention"), 2),
    **dict.fromkeys(("RNN", "GRU", "LSTM"), 3),
    **{"DeformConv": 3, "QLinearConv": 8, "QGemm": 6, "MatMulNBits": 5, "MatMulIntegerToFloat": 6},
}
"""The place of what is added to the product, by operator."""
