# pip install hqq==0.2.8.post1 torch==2.13.0 numpy==2.4.6; Python 3.11.7, CPU
# Runs Quantizer.quantize and dequantize on float32, axis 1 (blocks of a row) in groups of 64, but for axis0, the
# default axis: the flat tensor is read as 64 rows and every column of that is a group. int4 and int2 are as by default
# (optimize: zero point and codes by a proximal iteration); plain is optimize=False; round_zero rounds the zero point.
# python -P tests/tools/make/hqq.py (-P: this file has the package's name)

from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from hqq.core.quantize import Quantizer

HERE = Path(__file__).parent
PACKAGES = ("hqq", "torch", "numpy")
INPUTS = ("masked", "masked_positive", "masked_negative", "halves", "empty")


def image(bits: int, optimize: bool, round_zero: bool, axis: int, values: np.ndarray) -> np.ndarray:
    x = torch.from_numpy(values.copy())
    codes, meta = Quantizer.quantize(
        x, bits, group_size=64, optimize=optimize, round_zero=round_zero, axis=axis, device="cpu"
    )
    meta["compute_dtype"] = torch.float32
    return Quantizer.dequantize(codes, meta).numpy()


MODES: dict[str, tuple[Callable[[np.ndarray], np.ndarray], tuple[str, ...]]] = {
    "int4": (partial(image, 4, True, False, 1), INPUTS),
    "int4_plain": (partial(image, 4, False, False, 1), INPUTS),
    "int4_plain_round_zero": (partial(image, 4, False, True, 1), (*INPUTS, "spread")),
    "int4_round_zero": (partial(image, 4, True, True, 1), ("masked", "halves")),
    "int4_plain_axis0": (partial(image, 4, False, False, 0), ("masked",)),
    "int2": (partial(image, 2, True, False, 1), ("masked", "halves")),
    "int8_plain": (partial(image, 8, False, False, 1), ("masked", "masked_positive", "spread")),
}

if __name__ == "__main__":
    given = np.load(HERE / "inputs.npz")
    made = {f"{mode}/{name}": run(given[name]) for mode, (run, names) in MODES.items() for name in names}
    versions = np.array([f"{package}=={version(package)}" for package in PACKAGES])
    np.savez_compressed(HERE.parent / "golden" / "hqq.npz", versions=versions, **made)
