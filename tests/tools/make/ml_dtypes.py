# pip install ml_dtypes==0.6.0 numpy==2.4.6; Python 3.11.7
# Runs numpy's astype to each type of ml_dtypes and back. float8_e8m0fnu makes NaN of 0 and of negatives; what overflows
# is inf or NaN where the type has one. int4 and int2 cut toward zero and wrap.
# python -P tests/tools/make/ml_dtypes.py (-P: this file has the package's name)

from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

import ml_dtypes
import numpy as np

HERE = Path(__file__).parent
PACKAGES = ("ml_dtypes", "numpy")
INPUTS = ("masked", "halves", "spread")
FORMATS = (
    *("bfloat16", "float4_e2m1fn", "float6_e2m3fn", "float6_e3m2fn", "float8_e3m4", "float8_e4m3", "float8_e4m3fn"),
    *("float8_e4m3b11fnuz", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz", "float8_e8m0fnu", "int4", "int2"),
)


def cast(kind: str, values: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        return values.astype(getattr(ml_dtypes, kind)).astype(np.float32)


MODES: dict[str, Callable[[np.ndarray], np.ndarray]] = {name: partial(cast, name) for name in FORMATS}

if __name__ == "__main__":
    given = np.load(HERE / "inputs.npz")
    made = {f"{mode}/{name}": run(given[name]) for mode, run in MODES.items() for name in INPUTS}
    versions = np.array([f"{package}=={version(package)}" for package in PACKAGES])
    np.savez_compressed(HERE.parent / "golden" / "ml_dtypes.npz", versions=versions, **made)
