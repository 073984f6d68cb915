"""QLinearConv and QLinearMatMul as products of values, between nodes that dequantize and that quantize.

y = quantize(dequantize(x) · W + b): the operator of ONNX has that in integers, and rounds the same real number.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sqtheory.files.checkpoints.onnx_graph.dataflow import Dataflow, Taken

if TYPE_CHECKING:
    from onnx import NodeProto

PRODUCTS: Mapping[str, str] = {"QLinearConv": "Conv", "QLinearMatMul": "MatMul"}
"""The operators with integers and those with values."""
BIAS = 8
"""The place of the bias of QLinearConv, whose scale is the product of the scales of input and weight."""


def is_whole(node: "NodeProto") -> bool:
    """Whether such an operator has all inputs but for a bias."""
    return len(node.input) >= BIAS and all(node.input[:BIAS])


def biased(node: "NodeProto") -> bool:
    """Whether the scale of the weight is the scale of a bias too."""
    return node.op_type in PRODUCTS and len(node.input) > BIAS and bool(node.input[BIAS])


def put_product(flow: Dataflow, taken: Taken, weight: str) -> None:
    """Let a node take the values ``weight``, and others around it do what it did with scales."""
    node, nodes = taken.node, taken.scope.home.node
    at = next(at for at, one in enumerate(nodes) if one.output and one.output[0] == node.output[0])
    given: list[str] = list(node.input)
    x, x_scale, x_zero, _, w_scale, _, y_scale, y_zero = given[:BIAS]
    result, used = node.output[0], {name for scope in flow.scopes for name in scope.defined}

    def fresh(what: str) -> str:
        return next(name for i in range(len(used) + 1) if (name := f"{result}_{what}{i or ''}") not in used)

    def made(kind: str, inputs: list[str], output: str) -> "NodeProto":
        one = type(node)(op_type=kind, name=f"{node.name}_{kind}" if node.name else "")
        one.input.extend(inputs)
        one.output.append(output)
        return one

    before = [made("DequantizeLinear", [x, x_scale, x_zero], fresh("input"))]
    operands = [fresh("input"), weight]
    if biased(node):
        before.append(made("Mul", [x_scale, w_scale], fresh("bias_scale")))
        one = made("DequantizeLinear", [given[BIAS], fresh("bias_scale")], fresh("bias"))
        one.name = f"{one.name}_bias" if one.name else ""
        one.attribute.add(name="axis", i=0, type=2)  # INT
        before.append(one)
        operands.append(fresh("bias"))
    after = made("QuantizeLinear", [fresh("product"), y_scale, y_zero], result)
    node.op_type, node.domain = PRODUCTS[node.op_type], ""
    del node.input[:], node.output[:]
    node.input.extend(operands)
    node.output.append(after.input[0])
    nodes.insert(at + 1, after)
    for one in reversed(before):
        nodes.insert(at, one)
