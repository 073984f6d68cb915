# pip install qwix==0.1.8 jax==0.10.2 numpy==2.4.6; Python 3.11.7
# Runs qwix.quantize and qwix.dequantize on the CPU: one scale per row, or per run of 32 (nvfp4: 16) of a row.
# python -P tests/tools/make/qwix.py (-P: this file has the package's name)

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import qwix
from jax import numpy as jnp

HERE = Path(__file__).parent
PACKAGES = ("qwix", "jax", "jaxlib", "numpy")
INPUTS = ("masked", "masked_negative", "signs", "halves", "empty")


@dataclass(frozen=True)
class Mode:
    """One scale per row, or per run of a row."""

    kind: object
    run: int | None = None
    method: str = "absmax"

    def __call__(self, values: np.ndarray) -> np.ndarray:
        tiles = None if self.run is None else {1: self.run}
        how = {"channelwise_axes": (0,), "tiled_axes": tiles, "calibration_method": self.method}
        return np.asarray(qwix.dequantize(qwix.quantize(jnp.asarray(values), self.kind, **how)), np.float32)


MODES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "int8": Mode(jnp.int8),
    "int4": Mode(jnp.int4),
    "int4_32": Mode(jnp.int4, run=32),
    "int4_minmax": Mode(jnp.int4, method="minmax"),
    "int8_minmax": Mode(jnp.int8, method="minmax"),
    "int2": Mode("int2"),
    "nf4": Mode("nf4"),
    "float8_e4m3fn": Mode(jnp.float8_e4m3fn),
    "mxfp8": Mode("mxfp8", run=32),
    "mxfp4": Mode("mxfp4", run=32),
    "nvfp4": Mode("nvfp4", run=16),
}

if __name__ == "__main__":
    given = np.load(HERE / "inputs.npz")
    made = {f"{mode}/{name}": run(given[name]) for mode, run in MODES.items() for name in INPUTS}
    versions = np.array([f"{package}=={version(package)}" for package in PACKAGES])
    np.savez_compressed(HERE.parent / "golden" / "qwix.npz", versions=versions, **made)
