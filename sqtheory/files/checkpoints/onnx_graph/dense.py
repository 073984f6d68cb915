"""Values in the place of codes in the graphs of an ONNX model: which nodes and tensors become others, and which go."""

from typing import TYPE_CHECKING, Any

from sqtheory.files.checkpoints.onnx_graph.coded import CodedOperand
from sqtheory.files.checkpoints.onnx_graph.dataflow import Dataflow, Key, Taken
from sqtheory.files.checkpoints.onnx_graph.integer_products import put_product

if TYPE_CHECKING:
    from onnx import FunctionProto, GraphProto, NodeProto

_BIAS = 5
"""The place of the bias among the inputs of MatMulNBits."""


def put_values(flow: Dataflow, source: CodedOperand, name: str, data_type: int, shape: tuple[int, ...]) -> None:
    """Make a tensor of values without entries of the codes, and of their nodes such that take values.

    DequantizeLinear becomes Identity, MatMulNBits MatMul and, where it has a bias, Add; QLinearConv and QLinearMatMul
    become products between nodes that dequantize and quantize. ``name`` is that of the values where the tensor is an
    initializer; the output of a Constant keeps its own.
    """
    number, own = source.key
    home, tensor = flow.scopes[number].home, flow.tensors[source.key]
    named = name if any(one.name == own for one in held(home, "initializer")) else own
    tensor.Clear()
    tensor.name, tensor.data_type, tensor.raw_data = named, data_type, b""
    tensor.dims.extend(shape)
    if named != own:
        for value in (value for value in held(home, "input") if value.name == own):
            kind = value.type.tensor_type
            value.name, kind.elem_type = named, data_type
            kind.ClearField("shape")
            for size in shape:
                kind.shape.dim.add().dim_value = size
    drop_info(home, own)
    for taken in source.taken:
        if source.operator == "DequantizeLinear":
            become(taken.node, "Identity", [named])
        elif source.operator == "MatMulNBits":
            _multiply(flow, taken, named)
        else:
            put_product(flow, taken, named)


def drop_unused(flow: Dataflow, keys: set[Key]) -> None:
    """Take out those of these tensors that nothing takes any more; ``flow`` is of the model as it is now."""
    for number, own in keys:
        if flow.is_used((number, own)) or (number, own) not in flow.tensors:
            continue
        home = flow.scopes[number].home
        if any(one.name == own for one in held(home, "initializer")):
            remove(home, "initializer", own)
            remove(home, "input", own)
        for at in [at for at, one in enumerate(home.node) if one.op_type == "Constant" and own in one.output]:
            del home.node[at]
        drop_info(home, own)


def _multiply(flow: Dataflow, taken: Taken, weight: str) -> None:
    """Of MatMulNBits the product and, after it, the sum with the bias."""
    node, nodes = taken.node, taken.scope.home.node
    bias = node.input[_BIAS] if len(node.input) > _BIAS else ""
    result = node.output[0]
    become(node, "MatMul", [node.input[0], weight])
    if not bias:
        return
    at = next(at for at, one in enumerate(nodes) if one.output and one.output[0] == result)
    used = {name for scope in flow.scopes for name in scope.defined}
    product = next(name for i in range(len(used) + 1) if (name := f"{result}_product{i or ''}") not in used)
    node.output[0] = product
    added = type(node)(op_type="Add", name=f"{node.name}_bias" if node.name else "")
    added.input.extend([product, bias])
    added.output.append(result)
    nodes.insert(at + 1, added)


def become(node: "NodeProto", kind: str, inputs: list[str]) -> None:
    node.op_type, node.domain = kind, ""
    del node.input[:], node.attribute[:]
    node.input.extend(inputs)


def drop_info(home: "GraphProto | FunctionProto", own: str) -> None:
    """What a graph says of the type of a tensor that is another now or gone."""
    remove(home, "value_info", own)
    remove(home, "quantization_annotation", own)


def remove(home: "GraphProto | FunctionProto", what: str, own: str) -> None:
    """Take out what is of one tensor; a graph that has none of what is asked for stays as it is."""
    there = held(home, what)
    for at in [
        at for at, one in enumerate(there) if own in (getattr(one, "name", ""), getattr(one, "tensor_name", ""))
    ]:
        del there[at]


def held(home: "GraphProto | FunctionProto", what: str) -> Any:
    """A list of a graph; nothing where it is a function, whose inputs are names and which has no initializers."""
    return getattr(home, what) if what in home.DESCRIPTOR.fields_by_name and hasattr(home, "initializer") else []
