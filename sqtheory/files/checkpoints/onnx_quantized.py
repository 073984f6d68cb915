"""Weights that an ONNX model holds as codes: the operators that make values of them, and these values."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.files.checkpoints.onnx_graph.coded import CodedOperand, coded_operands
from sqtheory.files.checkpoints.onnx_graph.dataflow import Dataflow
from sqtheory.files.checkpoints.onnx_graph.roles import Role
from sqtheory.files.checkpoints.tensors import TensorInfo
from sqtheory.files.codecs.dequantize_linear import ROUNDED, linear_values
from sqtheory.files.codecs.matmul_nbits import blockwise_values
from sqtheory.files.views.view import View

NUMBERS: Mapping[str, int] = {name: number for number, name in ROUNDED.items()}
"""The types of values by their names: their numbers."""
_ENDING = re.compile(r"(_quantized|(_DQ)?_Q\d+(G\d+)?|_quant)$")
"""What onnxruntime adds to the name of a weight whose codes it writes."""


@final
@dataclass(frozen=True)
class QuantizedWeight:
    """Constant codes of which a node makes a weight."""

    info: TensorInfo
    """Of the weight: the name and shape it would have were it not quantized."""
    source: CodedOperand
    dtype: str
    """The type of the values by its name in ONNX: FLOAT, FLOAT16, BFLOAT16."""

    def values(self, parts: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """The values, from the entries of all parts; ValueError where these do not belong together."""
        codes, scales, zeros, of = parts["codes"], parts["scales"], parts.get("zeros"), self.source.settings
        if self.source.operator == "MatMulNBits":
            return blockwise_values(
                *(codes, scales, zeros, parts.get("groups")),
                columns=of["K"],
                rows=of["N"],
                bits=of["bits"],
                block=of["block_size"],
                dtype=self.dtype,
            )
        return linear_values(codes, scales, zeros, axis=of["axis"], block=of["block_size"], dtype=self.dtype)


def dense_info(weight: QuantizedWeight) -> TensorInfo:
    """What is said of a weight once its values take the place of codes."""
    width = 4 if weight.dtype == "FLOAT" else 2
    return replace(weight.info, dtype=weight.dtype, nbytes=width * weight.info.size, quantized=False)


def quantized_weights(
    flow: Dataflow, infos: Mapping[str, TensorInfo], roles: Mapping[str, Role]
) -> Iterator[QuantizedWeight]:
    """The weights whose codes and scales are constants, each under a name that no tensor or value of the model has."""
    taken = {name for scope in flow.scopes for name in scope.defined} | set(infos)
    for source in coded_operands(flow):
        codes = infos[source.parts["codes"]]
        name = _ENDING.sub("", codes.name)
        name = codes.name if name in taken or not name or codes.name != source.key[1] else name
        nbytes = sum(infos[part].nbytes for part in source.parts.values())
        dtype = ROUNDED.get(source.settings.get("output_dtype", 0), infos[source.parts["scales"]].dtype)
        if dtype not in NUMBERS:
            continue
        if source.operator == "MatMulNBits":
            shape = source.settings["K"], source.settings["N"]
            if min(shape) < 1:
                continue
            scheme, view = f"MatMulNBits {source.settings['bits']}-bit", View((0,), names=("in", "out"))
            info = TensorInfo(name, scheme, shape, nbytes, quantized=True, view=view)
        elif roles[codes.name].uses:
            operator = "QDQ" if source.operator == "DequantizeLinear" else source.operator
            info = TensorInfo(name, f"{operator} {codes.dtype}", codes.shape, nbytes, quantized=True)
        else:
            continue
        taken.add(name)
        yield QuantizedWeight(info, source, dtype)
