# pip install onnxruntime==1.32.0 onnx==1.23.2 onnx_ir==1.1.0 numpy==2.4.6; Python 3.11.7
# Runs the other weight-only quantizers of onnxruntime on a model of one MatMul (weight in × out, the input transposed)
# and reads the weight by a run on the identity: MatMulNBitsQuantizer with RTN and k_quant in blocks of 32,
# MatMulBnb4Quantizer in flat blocks of 64 of the weight out × in. k_quant gives the same where symmetric is asked for.
# python -P tests/tools/make/onnxruntime_weights.py (-P: files beside this one have the names of packages)

import logging
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper
from onnxruntime import InferenceSession
from onnxruntime.quantization.matmul_bnb4_quantizer import MatMulBnb4Quantizer
from onnxruntime.quantization.matmul_nbits_quantizer import (
    KQuantWeightOnlyQuantConfig,
    MatMulNBitsQuantizer,
    RTNWeightOnlyQuantConfig,
    WeightOnlyQuantConfig,
)

logging.disable(logging.WARNING)
HERE = Path(__file__).parent
PACKAGES = ("onnxruntime", "onnx", "onnx_ir", "numpy")
INPUTS = ("masked", "positive", "masked_positive", "masked_negative", "signs", "halves", "empty")


def linear(values: np.ndarray) -> ModelProto:
    rows, width = values.shape
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, width])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, rows])
    weight = numpy_helper.from_array(np.ascontiguousarray(values.T), "w")
    graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"])], "linear", [x], [y], [weight])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


def read(model: ModelProto, width: int) -> np.ndarray:
    session = InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": np.eye(width, dtype=np.float32)})[0].T


def fitted(config: type[WeightOnlyQuantConfig], symmetric: bool, values: np.ndarray) -> np.ndarray:
    quantizer = MatMulNBitsQuantizer(linear(values), 4, 32, symmetric, algo_config=config())
    quantizer.process()
    return read(quantizer.model.model, values.shape[1])


def bnb4(kind: int, values: np.ndarray) -> np.ndarray:
    quantizer = MatMulBnb4Quantizer(linear(values), kind, 64)
    quantizer.process()
    return read(quantizer.model.model, values.shape[1])


MODES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "rtn_asym": partial(fitted, RTNWeightOnlyQuantConfig, False),
    "rtn_sym": partial(fitted, RTNWeightOnlyQuantConfig, True),
    "k_quant_asym": partial(fitted, KQuantWeightOnlyQuantConfig, False),
    "bnb4_fp4": partial(bnb4, MatMulBnb4Quantizer.FP4),
    "bnb4_nf4": partial(bnb4, MatMulBnb4Quantizer.NF4),
}

if __name__ == "__main__":
    given = np.load(HERE / "inputs.npz")
    made = {f"{mode}/{name}": run(given[name]) for mode, run in MODES.items() for name in INPUTS}
    versions = np.array([f"{package}=={version(package)}" for package in PACKAGES])
    np.savez_compressed(HERE.parent / "golden" / "onnxruntime_weights.npz", versions=versions, **made)
