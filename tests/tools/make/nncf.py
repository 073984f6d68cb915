# pip install nncf==3.4.0 openvino==2026.4.1 onnx==1.23.2 numpy==2.4.6; Python 3.11.7
# Runs nncf.compress_weights on an OpenVINO model of one MatMul (weight out × in, transposed there) and reads the weight
# by a run of the compressed model on the identity, on the CPU plugin in float32 without dynamic quantization.
# Groups of 32 (NVFP4: 16); INT8 has one scale per row. Scales are stored in float16, as NNCF does by default.
# With CI=true in the environment no telemetry is tried, which waits for a network:
# CI=true python -P tests/tools/make/nncf.py (-P: this file has the package's name)

import logging
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

import nncf
import numpy as np
import openvino
from nncf import CompressWeightsMode
from openvino import opset13

logging.disable(logging.WARNING)
HERE = Path(__file__).parent
PACKAGES = ("nncf", "openvino", "numpy")
INPUTS = ("masked", "equal", "signs", "halves", "empty")
EXACTLY = {"INFERENCE_PRECISION_HINT": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0"}
core = openvino.Core()


def linear(values: np.ndarray) -> openvino.Model:
    x = opset13.parameter([-1, values.shape[1]], np.float32, name="x")
    weight = opset13.constant(np.ascontiguousarray(values), dtype=np.float32, name="w")
    return openvino.Model([opset13.matmul(x, weight, False, True)], [x], "linear")


def through(mode: CompressWeightsMode, options: dict[str, int | bool], values: np.ndarray) -> np.ndarray:
    compressed = nncf.compress_weights(linear(values), mode=mode, **options)
    return core.compile_model(compressed, "CPU", EXACTLY)([np.eye(values.shape[1], dtype=np.float32)])[0].T


GROUPED = ("INT4_SYM", "INT4_ASYM", "INT3_SYM", "INT2_SYM", "NF4", "CB4", "MXFP4", "MXFP8_E4M3", "FP8_E4M3", "FP4")
MODES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    **{name: partial(through, CompressWeightsMode[name], {}) for name in ("INT8_SYM", "INT8_ASYM")},
    **{name: partial(through, CompressWeightsMode[name], {"group_size": 32, "all_layers": True}) for name in GROUPED},
    "NVFP4": partial(through, CompressWeightsMode.NVFP4, {"group_size": 16, "all_layers": True}),
}

if __name__ == "__main__":
    given = np.load(HERE / "inputs.npz")
    made = {f"{mode}/{name}": run(given[name]) for mode, run in MODES.items() for name in INPUTS}
    versions = np.array([f"{package}=={version(package)}" for package in PACKAGES])
    np.savez_compressed(HERE.parent / "golden" / "nncf.npz", versions=versions, **made)
