# pip install "mlx[cpu]==0.32.4" numpy==2.4.6; Python 3.11.7
# Runs mlx.core.quantize and dequantize on the CPU, float32 (affine_bfloat16: given and read in bfloat16).
# python -P tests/tools/make/mlx.py (-P: this file has the package's name)

from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

import mlx.core as mx
import numpy as np

HERE = Path(__file__).parent
PACKAGES = ("mlx", "mlx-cpu", "numpy")
INPUTS = ("masked", "masked_negative", "signs", "halves", "empty", "spread")


def through(mode: str, group: int, bits: int, values: np.ndarray, dtype: mx.Dtype = mx.float32) -> np.ndarray:
    how = {"group_size": group, "bits": bits, "mode": mode}
    back = mx.dequantize(*mx.quantize(mx.array(values).astype(dtype), **how), **how)
    return np.array(back.astype(mx.float32))


MODES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "affine4_32": partial(through, "affine", 32, 4),
    "affine4_64": partial(through, "affine", 64, 4),
    "affine8_64": partial(through, "affine", 64, 8),
    "affine4_64_bfloat16": partial(through, "affine", 64, 4, dtype=mx.bfloat16),
    "mxfp4": partial(through, "mxfp4", 32, 4),
    "mxfp8": partial(through, "mxfp8", 32, 8),
    "nvfp4": partial(through, "nvfp4", 16, 4),
}

if __name__ == "__main__":
    mx.set_default_device(mx.cpu)
    given = np.load(HERE / "inputs.npz")
    made = {f"{mode}/{name}": run(given[name]) for mode, run in MODES.items() for name in INPUTS}
    versions = np.array([f"{package}=={version(package)}" for package in PACKAGES])
    np.savez_compressed(HERE.parent / "golden" / "mlx.npz", versions=versions, **made)
