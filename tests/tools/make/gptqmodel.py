# pip install gptqmodel==7.7.0 torch==2.14.1 numpy==2.4.6; Python 3.11.7, CPU
# Runs RTN (rounding to nearest, the weight-only path) on a Linear (out × in) with RTNConfig(bits, group_size, sym), and
# its Quantizer alone with the search of the range (mse=2.0) on runs of 32. Groups are of 32 or 128 along a row.
# python -P tests/tools/make/gptqmodel.py (-P: this file has the package's name)

from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from gptqmodel.quantization.config import QuantizeConfig, RTNConfig
from gptqmodel.quantization.quantizer import Quantizer
from gptqmodel.quantization.rtn import RTN

HERE = Path(__file__).parent
PACKAGES = ("gptqmodel", "torch", "numpy")
INPUTS = ("normal", "positive", "negative", "masked", "masked_positive", "masked_negative", "halves", "empty")


def nearest(bits: int, group: int, symmetric: bool, values: np.ndarray) -> np.ndarray:
    layer = torch.nn.Linear(*reversed(values.shape), bias=False)
    layer.weight = torch.nn.Parameter(torch.from_numpy(values.copy()), requires_grad=False)
    return RTN(layer, RTNConfig(bits=bits, group_size=group, sym=symmetric)).quantize()[0].numpy()


def searched(bits: int, symmetric: bool, values: np.ndarray) -> np.ndarray:
    rows = torch.from_numpy(values.reshape(-1, 32).copy())
    quantizer = Quantizer(QuantizeConfig(bits=bits, group_size=32, sym=symmetric, mse=2.0))
    quantizer.configure(perchannel=True)
    quantizer.find_params(rows, weight=True)
    return quantizer.quantize(rows).numpy().reshape(values.shape)


MODES: dict[str, tuple[Callable[[np.ndarray], np.ndarray], tuple[str, ...]]] = {
    "sym": (partial(nearest, 4, 128, True), INPUTS),
    "sym_32": (partial(nearest, 4, 32, True), INPUTS[:5]),
    "asym": (partial(nearest, 4, 128, False), INPUTS),
    "sym_8": (partial(nearest, 8, 128, True), ("masked", "masked_positive", "halves")),
    "sym_mse": (partial(searched, 4, True), ("masked", "masked_positive", "halves")),
}

if __name__ == "__main__":
    given = np.load(HERE / "inputs.npz")
    made = {f"{mode}/{name}": run(given[name]) for mode, (run, names) in MODES.items() for name in names}
    versions = np.array([f"{package}=={version(package)}" for package in PACKAGES])
    np.savez_compressed(HERE.parent / "golden" / "gptqmodel.npz", versions=versions, **made)
