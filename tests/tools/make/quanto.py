# pip install optimum-quanto==0.2.7 torch==2.13.0 numpy==2.4.6; Python 3.11.7, CPU
# Runs quantize and freeze on a Linear (out × in) and reads weight.dequantize(); it compiles an extension:
# qint2 and qint4 have blocks of 128 of a row (its default), qint8 and the qfloat8 types one scale a row; zeropoint is
# MaxOptimizer's affine optimizer with an integer zero point, given to quantize_weight.
# An all-zero row gives NaN in the qfloat8 types; it is kept as it is.
# python -P tests/tools/make/quanto.py

from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from optimum.quanto import (
    MaxOptimizer,
    freeze,
    qfloat8_e4m3fn,
    qfloat8_e5m2,
    qint2,
    qint4,
    qint8,
    qtype,
    quantize,
    quantize_weight,
)

HERE = Path(__file__).parent
PACKAGES = ("optimum-quanto", "torch", "numpy")
INPUTS = ("masked", "masked_positive", "masked_negative", "halves", "empty")


def linear(kind: qtype, values: np.ndarray) -> np.ndarray:
    model = torch.nn.Sequential(torch.nn.Linear(*reversed(values.shape), bias=False))
    model[0].weight.data = torch.from_numpy(values.copy())
    quantize(model, weights=kind)
    freeze(model)
    return model[0].weight.dequantize().detach().numpy()


def zeropoint(kind: qtype, values: np.ndarray) -> np.ndarray:
    x = torch.from_numpy(values.copy())
    scale, shift = MaxOptimizer()(x, qtype=kind, axis=0, group_size=128, zeropoint=True)
    return quantize_weight(x, kind, 0, scale, shift, group_size=128).dequantize().numpy()


MODES: dict[str, tuple[Callable[[np.ndarray], np.ndarray], tuple[str, ...]]] = {
    "qint2": (partial(linear, qint2), INPUTS),
    "qint4": (partial(linear, qint4), INPUTS),
    "qint8": (partial(linear, qint8), ("masked", "halves", "empty")),
    "qfloat8_e4m3fn": (partial(linear, qfloat8_e4m3fn), ("masked", "halves", "empty")),
    "qfloat8_e5m2": (partial(linear, qfloat8_e5m2), ("masked", "halves")),
    "qint4_zeropoint": (partial(zeropoint, qint4), INPUTS),
}

if __name__ == "__main__":
    given = np.load(HERE / "inputs.npz")
    made = {f"{mode}/{name}": run(given[name]) for mode, (run, names) in MODES.items() for name in names}
    versions = np.array([f"{package}=={version(package)}" for package in PACKAGES])
    np.savez_compressed(HERE.parent / "golden" / "quanto.npz", versions=versions, **made)
