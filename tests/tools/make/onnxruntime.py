# pip install onnxruntime==1.32.0 onnx==1.23.2 onnx_ir==1.1.0 numpy==2.4.6; Python 3.11.7
# Runs MatMulNBitsQuantizer and quantize_static (QDQ, weights symmetric or not as by default) on a model of one MatMul,
# whose weight (in × out) is the input transposed. MatMulNBits is read by a run on the identity (float32 inside, so that
# the products are the weights), the others by (code − zero point) · scale.
# quantize_dynamic with int8 gave what quantize_static gives, on every input.
# python -P tests/tools/make/onnxruntime.py (-P: this file has the package's name)

import logging
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
from onnx import ModelProto, TensorProto, helper, load, numpy_helper
from onnxruntime import InferenceSession
from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

logging.disable(logging.WARNING)
HERE = Path(__file__).parent
PACKAGES = ("onnxruntime", "onnx", "onnx_ir", "numpy")
INPUTS = ("masked", "masked_negative", "signs", "halves", "empty", "spread")


def linear(values: np.ndarray) -> ModelProto:
    rows, width = values.shape
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, width])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, rows])
    weight = numpy_helper.from_array(np.ascontiguousarray(values.T), "w")
    graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"])], "linear", [x], [y], [weight])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


def blocks(symmetric: bool, bits: int, values: np.ndarray) -> np.ndarray:
    quantizer = MatMulNBitsQuantizer(linear(values), bits=bits, block_size=32, is_symmetric=symmetric)
    quantizer.process()
    session = InferenceSession(quantizer.model.model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": np.eye(values.shape[1], dtype=np.float32)})[0].T


class Normals(CalibrationDataReader):
    """Two batches of normals, which set the activations' scale and no weight's."""

    def __init__(self, width: int) -> None:
        rng = np.random.default_rng(0)
        self.batches: Iterator[dict[str, np.ndarray]] = iter(
            [{"x": rng.standard_normal((4, width)).astype(np.float32)} for _ in range(2)]
        )

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self.batches, None)


def read(model: ModelProto) -> np.ndarray:
    parts = {init.name: numpy_helper.to_array(init) for init in model.graph.initializer}
    codes, scale, zero = (parts[f"w_{part}"] for part in ("quantized", "scale", "zero_point"))
    return ((codes.astype(np.int32) - zero.astype(np.int32)).astype(np.float32) * scale.astype(np.float32)).T


def static(per_channel: bool, kind: QuantType, values: np.ndarray) -> np.ndarray:
    with tempfile.TemporaryDirectory() as folder:
        to = Path(folder) / "quantized.onnx"
        reader = Normals(values.shape[1])
        activation = QuantType.QUInt8 if kind is QuantType.QUInt8 else QuantType.QInt8
        quantize_static(
            *(linear(values), to, reader),
            per_channel=per_channel,
            activation_type=activation,
            weight_type=kind,
        )
        return read(load(to))


MODES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "matmul4bits_sym": partial(blocks, True, 4),
    "matmul4bits_asym": partial(blocks, False, 4),
    "matmul8bits_sym": partial(blocks, True, 8),
    "matmul2bits_asym": partial(blocks, False, 2),
    "qdq_int8": partial(static, False, QuantType.QInt8),
    "qdq_int8_per_channel": partial(static, True, QuantType.QInt8),
    "qdq_uint8": partial(static, False, QuantType.QUInt8),
    "qdq_int4": partial(static, False, QuantType.QInt4),
}

if __name__ == "__main__":
    given = np.load(HERE / "inputs.npz")
    made = {f"{mode}/{name}": run(given[name]) for mode, run in MODES.items() for name in INPUTS}
    versions = np.array([f"{package}=={version(package)}" for package in PACKAGES])
    np.savez_compressed(HERE.parent / "golden" / "onnxruntime.npz", versions=versions, **made)
