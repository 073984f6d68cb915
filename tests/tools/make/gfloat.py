# pip install gfloat==0.5.2 numpy==2.4.6; Python 3.11.7
# Runs gfloat.quantize_block with compute_scale_amax on blocks of 32 along a row (MX), and gfloat.round_ndarray to the
# formats of P3109's report, k bits with precision p, extended domain, ties to even: k8p3_sat saturates, k8p3 gives inf.
# python -P tests/tools/make/gfloat.py (-P: this file has the package's name)

from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

import gfloat
import numpy as np
from gfloat import formats

HERE = Path(__file__).parent
PACKAGES = ("gfloat", "numpy")
INPUTS = ("masked", "halves", "empty", "spread")


def blocks(kind: gfloat.block.BlockFormatInfo, values: np.ndarray) -> np.ndarray:
    rows = values.astype(np.float64).reshape(-1, kind.k)
    read = [gfloat.quantize_block(kind, row, gfloat.compute_scale_amax) for row in rows]
    return np.stack(read).reshape(values.shape).astype(np.float32)


def rounded(kind: gfloat.FormatInfo, saturates: bool, values: np.ndarray) -> np.ndarray:
    return gfloat.round_ndarray(kind, values.astype(np.float64), sat=saturates).astype(np.float32)


MX = ("mxfp4_e2m1", "mxfp6_e2m3", "mxfp6_e3m2", "mxfp8_e4m3", "mxfp8_e5m2", "mxint8")
P3109 = ((8, 3), (8, 4), (8, 5), (6, 3), (4, 2))
MODES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    **{name: partial(blocks, getattr(formats, f"format_info_{name}")) for name in MX},
    **{f"k{k}p{p}_sat": partial(rounded, formats.format_info_p3109(k, p), True) for k, p in P3109},
    "k8p3": partial(rounded, formats.format_info_p3109(8, 3), False),
    "k8p4": partial(rounded, formats.format_info_p3109(8, 4), False),
}

if __name__ == "__main__":
    given = np.load(HERE / "inputs.npz")
    made = {f"{mode}/{name}": run(given[name]) for mode, run in MODES.items() for name in INPUTS}
    versions = np.array([f"{package}=={version(package)}" for package in PACKAGES])
    np.savez_compressed(HERE.parent / "golden" / "gfloat.npz", versions=versions, **made)
