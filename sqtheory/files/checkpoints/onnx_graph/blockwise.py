"""Codes in the place of a weight of an ONNX model: its products become MatMulNBits."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from sqtheory.files.checkpoints.onnx_graph.dataflow import Dataflow, Key
from sqtheory.files.checkpoints.onnx_graph.dense import become, drop_info, held, remove
from sqtheory.files.checkpoints.onnx_graph.operands import is_known

if TYPE_CHECKING:
    from onnx import ModelProto, TensorProto

DOMAIN = "com.microsoft"
_ENDS: Mapping[str, str] = {"codes": "_Q{bits}", "scales": "_scales", "zeros": "_zero_points"}
"""What is added to the name of a weight, as onnxruntime 1.32 does."""


@final
@dataclass(frozen=True)
class Blockwise:
    """Codes of a matrix [N, K] in blocks of a row, as MatMulNBits takes them; bytes may be missing."""

    rows: int
    columns: int
    bits: int
    block: int
    asymmetric: bool
    raw: Mapping[str, bytes]
    """The bytes of codes, scales and, where the codes are asymmetric, zeros."""

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each part."""
        blocks = -(-self.columns // self.block)
        codes = (self.rows, blocks, self.block * self.bits // 8)
        zeros: dict[str, tuple[int, ...]] = {}
        if self.asymmetric:
            zeros["zeros"] = (self.rows, -(-blocks * self.bits // 8))
        return {"codes": codes, "scales": (self.rows, blocks), **zeros}


def fault(flow: Dataflow, key: Key) -> str | None:
    """Why codes cannot take the place of a tensor of a model; None where they can."""
    tensor, taken = flow.tensors[key], flow.taken.get(key, ())
    home = flow.scopes[key[0]].home
    if tensor.data_type != 1 or len(tensor.dims) != 2:
        return "MatMulNBits takes the place of matrices of FLOAT"
    if not any(one.name == key[1] for one in held(home, "initializer")):
        return "MatMulNBits takes codes that are initializers, this one is a constant of a node"
    plain = all(one.node.op_type == "MatMul" and is_known(one.node) and one.place == 1 for one in taken)
    if not taken or not plain or key in flow.results or key in flow.passed:
        return "MatMulNBits takes the place of MatMul and its right operand, and something else takes this one"
    return None


def put_codes(model: "ModelProto", flow: Dataflow, key: Key, codes: Blockwise) -> None:
    """Put initializers of codes, scales and zero points in the place of a weight, and MatMulNBits in that of MatMul."""
    number, own = key
    home = flow.scopes[number].home
    numbers, names = {"codes": 2, "scales": 1, "zeros": 2}, {}
    used = {name for scope in flow.scopes for name in scope.defined}
    initializers = held(home, "initializer")
    for part, shape in codes.shapes.items():
        base = own + _ENDS[part].format(bits=codes.bits)
        names[part] = next(name for i in range(len(used) + 1) if (name := f"{base}{i or ''}") not in used)
        added: TensorProto = initializers.add()
        added.name, added.data_type, added.raw_data = names[part], numbers[part], codes.raw.get(part, b"")
        added.dims.extend(shape)
    remove(home, "initializer", own)
    remove(home, "input", own)
    drop_info(home, own)
    for taken in flow.taken[key]:
        become(taken.node, "MatMulNBits", [taken.node.input[0], *names.values()])
        taken.node.domain = DOMAIN
        for name, value in {"K": codes.columns, "N": codes.rows, "bits": codes.bits, "block_size": codes.block}.items():
            attribute = taken.node.attribute.add()
            attribute.name, attribute.type, attribute.i = name, 2, value
    if not any(one.domain == DOMAIN for one in model.opset_import):
        model.opset_import.add(domain=DOMAIN, version=1)
