# pip install gguf==0.19.0 numpy==2.4.6; Python 3.11.7
# Runs gguf.quants.quantize and dequantize, rows of 256, the types that the Python package can quantize to
# (NVFP4 and the K types it only reads: see ggml.py).
# python -P tests/tools/make/gguf.py (-P: this file has the package's name)

from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType
from gguf.quants import dequantize, quantize

HERE = Path(__file__).parent
PACKAGES = ("gguf", "numpy")
INPUTS = ("masked", "masked_positive", "masked_negative", "signs", "halves", "empty", "spread")


def through(kind: GGMLQuantizationType, values: np.ndarray) -> np.ndarray:
    return dequantize(quantize(values, kind), kind)


MODES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    name: partial(through, GGMLQuantizationType[name])
    for name in ("Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "MXFP4", "TQ1_0", "TQ2_0")
}

if __name__ == "__main__":
    given = np.load(HERE / "inputs.npz")
    made = {f"{mode}/{name}": run(given[name]) for mode, run in MODES.items() for name in INPUTS}
    versions = np.array([f"{package}=={version(package)}" for package in PACKAGES])
    np.savez_compressed(HERE.parent / "golden" / "gguf.npz", versions=versions, **made)
