# pip install pychop==0.6.2 numpy==2.4.6; Python 3.11.7
# Runs pychop.mx_formats.mx_quantize and pychop.bfp_formats.bfp_quantize on numpy arrays with their own block sizes.
# python -P tests/tools/make/pychop.py (-P: this file has the package's name)

from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
from pychop.bfp_formats import bfp_quantize
from pychop.mx_formats import mx_quantize

HERE = Path(__file__).parent
PACKAGES = ("pychop", "numpy")
INPUTS = ("masked", "halves", "empty", "sparse")


def mx(name: str, values: np.ndarray) -> np.ndarray:
    return np.asarray(mx_quantize(values, format=name, backend="numpy"), np.float32)


def bfp(name: str, values: np.ndarray) -> np.ndarray:
    return np.asarray(bfp_quantize(values, format=name, backend="numpy"), np.float32)


MX = ("mxfp8_e5m2", "mxfp8_e4m3", "mxfp6_e3m2", "mxfp6_e2m3", "mxfp4_e2m1", "mxint8")
MODES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    **{name: partial(mx, name) for name in MX},
    **{name: partial(bfp, name) for name in ("bfp8", "bfp6", "bfp4", "bfp2")},
}

if __name__ == "__main__":
    given = np.load(HERE / "inputs.npz")
    made = {f"{mode}/{name}": run(given[name]) for mode, run in MODES.items() for name in INPUTS}
    versions = np.array([f"{package}=={version(package)}" for package in PACKAGES])
    np.savez_compressed(HERE.parent / "golden" / "pychop.npz", versions=versions, **made)
