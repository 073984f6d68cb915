# pip install coremltools==9.0 numpy==2.4.6; Python 3.11.7, on Linux
# Runs coremltools.optimize.coreml.linear_quantize_weights and palettize_weights on an ML program of one linear layer
# (weight out × in), then decompress_weights, and reads the layer's constant. Blocks are of 32 along a row.
# k-means palettes (a fit from random starts by scikit-learn) are left out.
# python -P tests/tools/make/coremltools.py (-P: this file has the package's name)

import logging
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

import coremltools
import numpy as np
from coremltools.converters.mil import Builder
from coremltools.optimize import coreml

logging.disable(logging.WARNING)
HERE = Path(__file__).parent
PACKAGES = ("coremltools", "numpy")
INPUTS = ("masked", "masked_negative", "signs", "halves", "empty")


def linear(values: np.ndarray) -> coremltools.models.MLModel:
    @Builder.program(
        input_specs=[Builder.TensorSpec(shape=(1, values.shape[1]))], opset_version=coremltools.target.iOS18
    )
    def program(x):  # type: ignore[no-untyped-def]
        return Builder.linear(x=x, weight=values, bias=np.zeros(len(values), np.float32))

    return coremltools.convert(
        program,
        convert_to="mlprogram",
        minimum_deployment_target=coremltools.target.iOS18,
        compute_precision=coremltools.precision.FLOAT32,
        skip_model_load=True,
    )


def read(model: coremltools.models.MLModel) -> np.ndarray:
    operations = coreml.decompress_weights(model)._mil_program.functions["main"].operations
    (layer,) = (operation for operation in operations if operation.op_type == "linear")
    return np.asarray(layer.weight.val, np.float32)


def integers(options: dict[str, str | int], values: np.ndarray) -> np.ndarray:
    config = coreml.OpLinearQuantizerConfig(weight_threshold=0, **options)
    return read(coreml.linear_quantize_weights(linear(values), coreml.OptimizationConfig(config)))


def palette(options: dict[str, str | int], values: np.ndarray) -> np.ndarray:
    config = coreml.OpPalettizerConfig(weight_threshold=0, **options)
    return read(coreml.palettize_weights(linear(values), coreml.OptimizationConfig(config)))


BLOCKS = {"granularity": "per_block", "block_size": 32}
MODES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "int8_symmetric": partial(integers, {"mode": "linear_symmetric", "dtype": "int8"}),
    "int8": partial(integers, {"mode": "linear", "dtype": "int8"}),
    "int4_symmetric_32": partial(integers, {"mode": "linear_symmetric", "dtype": "int4", **BLOCKS}),
    "int4_32": partial(integers, {"mode": "linear", "dtype": "int4", **BLOCKS}),
    "uint4_32": partial(integers, {"mode": "linear", "dtype": "uint4", **BLOCKS}),
    "int8_symmetric_tensor": partial(
        integers, {"mode": "linear_symmetric", "dtype": "int8", "granularity": "per_tensor"}
    ),
    "palette4_uniform": partial(palette, {"mode": "uniform", "nbits": 4}),
}

if __name__ == "__main__":
    given = np.load(HERE / "inputs.npz")
    made = {f"{mode}/{name}": run(given[name]) for mode, run in MODES.items() for name in INPUTS}
    versions = np.array([f"{package}=={version(package)}" for package in PACKAGES])
    np.savez_compressed(HERE.parent / "golden" / "coremltools.npz", versions=versions, **made)
