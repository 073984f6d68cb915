# pip install nvidia-modelopt==0.47.0 torch==2.13.0 numpy==2.4.6; Python 3.11.7, CPU
# Runs quantize and dequantize of the classes that mtq.compress stores weights in (INT4QTensor in blocks of 32,
# INT8QTensor and FP8QTensor per row and per block, MXFP4QTensor, MXFP8QTensor, NVFP4QTensor); in the modes with fake,
# the weight quantizer of a Linear after mtq.quantize with a stock configuration (INT4_BLOCKWISE_WEIGHT_ONLY: blocks
# of 128; INT8_DEFAULT: one scale a row; FP8_DEFAULT: one for the tensor). Fake NVFP4 and MXFP4 need a GPU.
# An all-zero row or block gives NaN in FP8QTensor; it is kept as it is. requests is imported and not required.
# python -P tests/tools/make/modelopt.py (-P: this file has the package's name)

from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

import modelopt.torch.quantization as mtq
import numpy as np
import torch
from modelopt.torch.quantization.qtensor import (
    FP8QTensor,
    INT4QTensor,
    INT8QTensor,
    MXFP4QTensor,
    MXFP8QTensor,
    NVFP4QTensor,
)

HERE = Path(__file__).parent
PACKAGES = ("nvidia-modelopt", "torch", "numpy")
INPUTS = ("masked", "masked_positive", "halves", "empty")
BLOCKS = {-1: 32}


def int4(values: np.ndarray) -> np.ndarray:
    stored, scale = INT4QTensor.quantize(torch.from_numpy(values), BLOCKS[-1])
    return stored.dequantize(scale=scale, block_sizes=BLOCKS).numpy()


def rows(kind: type[INT8QTensor | FP8QTensor], values: np.ndarray) -> np.ndarray:
    stored, scale = kind.quantize(torch.from_numpy(values), axis=0)
    return stored.dequantize(scale=scale).numpy()


def blocks(kind: type[INT8QTensor | FP8QTensor], values: np.ndarray) -> np.ndarray:
    stored, scale = kind.quantize(torch.from_numpy(values), block_sizes=BLOCKS)
    return stored.dequantize(scale=scale, block_sizes=BLOCKS).numpy()


def mxfp4(values: np.ndarray) -> np.ndarray:
    stored, scale = MXFP4QTensor.quantize(torch.from_numpy(values), BLOCKS[-1])
    return stored.dequantize(scale=scale, block_sizes=BLOCKS).numpy()


def mxfp8(values: np.ndarray) -> np.ndarray:
    stored, scale = MXFP8QTensor.quantize(torch.from_numpy(values))
    return stored.dequantize(scale=scale).numpy()


def nvfp4(values: np.ndarray) -> np.ndarray:
    stored, scale, whole = NVFP4QTensor.quantize(torch.from_numpy(values), 16)
    return stored.dequantize(scale=scale, double_scale=whole, block_sizes={-1: 16}).numpy()


def fake(config: dict, values: np.ndarray) -> np.ndarray:
    model = torch.nn.Sequential(torch.nn.Linear(*reversed(values.shape), bias=False))
    model[0].weight.data = torch.from_numpy(values.copy())
    mtq.quantize(model, config, lambda each: each(torch.ones(1, values.shape[1])))
    return model[0].weight_quantizer(model[0].weight).detach().numpy()


MODES: dict[str, tuple[Callable[[np.ndarray], np.ndarray], tuple[str, ...]]] = {
    "int4": (int4, INPUTS),
    "int8_row": (partial(rows, INT8QTensor), INPUTS),
    "int8_block": (partial(blocks, INT8QTensor), ("masked",)),
    "fp8_row": (partial(rows, FP8QTensor), INPUTS),
    "fp8_block": (partial(blocks, FP8QTensor), ("masked",)),
    "mxfp4": (mxfp4, (*INPUTS, "spread")),
    "mxfp8": (mxfp8, ("masked", "halves", "empty", "spread")),
    "nvfp4": (nvfp4, (*INPUTS, "spread")),
    "int4_fake": (partial(fake, mtq.INT4_BLOCKWISE_WEIGHT_ONLY_CFG), ("masked", "halves", "empty")),
    "int8_fake": (partial(fake, mtq.INT8_DEFAULT_CFG), ("masked", "halves", "empty")),
    "fp8_fake": (partial(fake, mtq.FP8_DEFAULT_CFG), ("masked", "halves", "empty")),
}

if __name__ == "__main__":
    given = np.load(HERE / "inputs.npz")
    made = {f"{mode}/{name}": run(given[name]) for mode, (run, names) in MODES.items() for name in names}
    versions = np.array([f"{package}=={version(package)}" for package in PACKAGES])
    np.savez_compressed(HERE.parent / "golden" / "modelopt.npz", versions=versions, **made)
