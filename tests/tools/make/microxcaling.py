# microsoft/microxcaling at 7bc4195 on the path, torch==2.13.0 numpy==2.4.6; Python 3.11.7, CPU
# Runs quantize_mx_op with scales of 8 bits, blocks of 32 along a row and the three values of round: nearest (halves
# away from zero, the default), even, and floor (toward zero).
# PYTHONPATH=microxcaling python -P tests/tools/make/microxcaling.py

from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from mx import finalize_mx_specs
from mx.mx_ops import quantize_mx_op

HERE = Path(__file__).parent
INPUTS = ("halves", "spread")
SPECS = finalize_mx_specs({"w_elem_format": "fp4_e2m1", "scale_bits": 8, "block_size": 32, "custom_cuda": False})
MODES: dict[str, tuple[Callable[[np.ndarray], np.ndarray], tuple[str, ...]]] = {}


def image(element: str, rounding: str, values: np.ndarray) -> np.ndarray:
    x = torch.from_numpy(values.copy())
    return quantize_mx_op(x, SPECS, elem_format=element, axes=[-1], round=rounding).numpy()


for name in ("fp4_e2m1", "fp6_e2m3", "fp6_e3m2", "fp8_e4m3", "fp8_e5m2", "int8", "int4"):
    for rule in ("nearest", "even", "floor"):
        MODES[f"{name}_{rule}"] = (partial(image, name, rule), INPUTS)
    MODES[f"{name}_even"] = (MODES[f"{name}_even"][0], (*INPUTS, "masked", "empty"))

if __name__ == "__main__":
    given = np.load(HERE / "inputs.npz")
    made = {f"{mode}/{name}": run(given[name]) for mode, (run, names) in MODES.items() for name in names}
    versions = np.array(
        ["microxcaling==7bc4195", *(f"{package}=={version(package)}" for package in ("torch", "numpy"))]
    )
    np.savez_compressed(HERE.parent / "golden" / "microxcaling.npz", versions=versions, **made)
