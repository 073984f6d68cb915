# pip install aqtp==0.9.0 jax==0.10.2 numpy==2.4.6; Python 3.11.7
# Runs aqt.jax.v2.aqt_quantizer.quantizer_make and make_fake_quant on the CPU, one scale per row (as for the weight of a
# product over the last axis).
# python -P tests/tools/make/aqtp.py (-P: files beside this one have the names of packages)

from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
from aqt.jax.v2.aqt_quantizer import make_fake_quant, quantizer_make
from jax import numpy as jnp

HERE = Path(__file__).parent
PACKAGES = ("aqtp", "jax", "jaxlib", "numpy")
INPUTS = ("masked", "signs", "halves", "empty")


def through(bits: int | str, keeps_maximum: bool, values: np.ndarray) -> np.ndarray:
    quantizer = quantizer_make(bits, preserve_max_val=keeps_maximum)
    return np.asarray(make_fake_quant(quantizer, calibration_axes=[1])(jnp.asarray(values)), np.float32)


MODES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    **{f"int{bits}": partial(through, bits, False) for bits in (8, 4, 2, 1)},
    **{f"int{bits}_preserve_max_val": partial(through, bits, True) for bits in (8, 4)},
    **{name: partial(through, name, False) for name in ("e4m3", "e5m2")},
}

if __name__ == "__main__":
    given = np.load(HERE / "inputs.npz")
    made = {f"{mode}/{name}": run(given[name]) for mode, run in MODES.items() for name in INPUTS}
    versions = np.array([f"{package}=={version(package)}" for package in PACKAGES])
    np.savez_compressed(HERE.parent / "golden" / "aqtp.npz", versions=versions, **made)
