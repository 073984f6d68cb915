# pip install onnx==1.23.2 ml_dtypes==0.6.0 numpy==2.4.6; Python 3.11.7
# Runs onnx.reference.ReferenceEvaluator. cast_FORMAT: Cast to the format (saturating) and Cast back. qdq_FORMAT:
# QuantizeLinear and DequantizeLinear in blocks of 32 along a row, their scale, which the user gives, the block's
# largest magnitude over the format's largest value (1 for an empty block), zero point 0.
# python -P tests/tools/make/onnx.py (-P: this file has the package's name)

from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
from onnx import NodeProto, TensorProto, helper
from onnx.reference import ReferenceEvaluator

HERE = Path(__file__).parent
PACKAGES = ("onnx", "ml_dtypes", "numpy")
INPUTS = ("masked", "halves", "empty", "spread")
BLOCK = 32


def evaluate(nodes: list[NodeProto], **given: np.ndarray) -> np.ndarray:
    takes = [helper.make_tensor_value_info(name, TensorProto.FLOAT, array.shape) for name, array in given.items()]
    gives = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    graph = helper.make_graph(nodes, "quantize", takes, gives)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 28)], ir_version=14)
    return ReferenceEvaluator(model).run(None, given)[0]


def cast(kind: int, values: np.ndarray) -> np.ndarray:
    there = helper.make_node("Cast", ["x"], ["code"], to=kind)
    back = helper.make_node("Cast", ["code"], ["y"], to=TensorProto.FLOAT)
    return evaluate([there, back], x=values)


def blocks(kind: int, largest: float, values: np.ndarray) -> np.ndarray:
    top = np.abs(values.reshape(len(values), -1, BLOCK)).max(axis=-1)
    scale = np.where(top > 0, top / np.float32(largest), 1).astype(np.float32)
    there = helper.make_node("QuantizeLinear", ["x", "s"], ["code"], axis=1, block_size=BLOCK, output_dtype=kind)
    back = helper.make_node("DequantizeLinear", ["code", "s"], ["y"], axis=1, block_size=BLOCK)
    return evaluate([there, back], x=values, s=scale)


FORMATS = {
    "e4m3fn": TensorProto.FLOAT8E4M3FN,
    "e4m3fnuz": TensorProto.FLOAT8E4M3FNUZ,
    "e5m2": TensorProto.FLOAT8E5M2,
    "e5m2fnuz": TensorProto.FLOAT8E5M2FNUZ,
    "e2m1": TensorProto.FLOAT4E2M1,
    "float16": TensorProto.FLOAT16,
    "bfloat16": TensorProto.BFLOAT16,
}
LARGEST = {"int2": 1, "int4": 7, "int8": 127, "e2m1": 6, "e4m3fn": 448}
INTEGERS = {"int2": TensorProto.INT2, "int4": TensorProto.INT4, "int8": TensorProto.INT8}
MODES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    **{f"cast_{name}": partial(cast, kind) for name, kind in FORMATS.items()},
    **{f"qdq_{name}": partial(blocks, (FORMATS | INTEGERS)[name], top) for name, top in LARGEST.items()},
}

if __name__ == "__main__":
    given = np.load(HERE / "inputs.npz")
    made = {f"{mode}/{name}": run(given[name]) for mode, run in MODES.items() for name in INPUTS}
    versions = np.array([f"{package}=={version(package)}" for package in PACKAGES])
    np.savez_compressed(HERE.parent / "golden" / "onnx.npz", versions=versions, **made)
