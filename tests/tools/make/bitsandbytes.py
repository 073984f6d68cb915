# pip install bitsandbytes==0.50.2 torch==2.13.0 numpy==2.4.6; Python 3.11.7, CPU
# Runs quantize_4bit and dequantize_4bit (nf4, fp4; blocks of 64 and 128 of the flat tensor, float32), the same with
# compress_statistics (double: block maxima are quantized themselves), and quantize_blockwise and dequantize_blockwise
# with the default dynamic map (int8, blocks of 256) and with nested, whose maxima are quantized.
# python -P tests/tools/make/bitsandbytes.py (-P: this file has the package's name)

from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

import bitsandbytes.functional as bnb
import numpy as np
import torch

HERE = Path(__file__).parent
PACKAGES = ("bitsandbytes", "torch", "numpy")
INPUTS = ("masked", "masked_positive", "halves", "empty", "spread")


def four(kind: str, block: int, double: bool, values: np.ndarray) -> np.ndarray:
    x = torch.from_numpy(values.copy())
    codes, state = bnb.quantize_4bit(x, blocksize=block, quant_type=kind, compress_statistics=double)
    return bnb.dequantize_4bit(codes, state).float().numpy()


def eight(nested: bool, values: np.ndarray) -> np.ndarray:
    codes, state = bnb.quantize_blockwise(torch.from_numpy(values.copy()), blocksize=256, nested=nested)
    return bnb.dequantize_blockwise(codes, state).float().numpy()


MODES: dict[str, tuple[Callable[[np.ndarray], np.ndarray], tuple[str, ...]]] = {
    "nf4": (partial(four, "nf4", 64, False), INPUTS),
    "fp4": (partial(four, "fp4", 64, False), INPUTS),
    "nf4_128": (partial(four, "nf4", 128, False), ("masked",)),
    "nf4_double": (partial(four, "nf4", 64, True), ("masked", "masked_positive", "empty", "spread")),
    "fp4_double": (partial(four, "fp4", 64, True), ("masked", "spread")),
    "dynamic8": (partial(eight, False), INPUTS),
    "dynamic8_nested": (partial(eight, True), ("masked", "empty")),
}

if __name__ == "__main__":
    given = np.load(HERE / "inputs.npz")
    made = {f"{mode}/{name}": run(given[name]) for mode, (run, names) in MODES.items() for name in names}
    versions = np.array([f"{package}=={version(package)}" for package in PACKAGES])
    np.savez_compressed(HERE.parent / "golden" / "bitsandbytes.npz", versions=versions, **made)
