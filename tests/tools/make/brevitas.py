# pip install brevitas==0.13.4 torch==2.13.0 numpy==2.4.6; Python 3.11.7, CPU
# Runs QuantLinear(...).quant_weight().value with a stock weight quantizer: Int8Weight… (int4: weight_bit_width=4),
# ShiftedUint8WeightPerChannelFloat, Fp8e4m3OCPWeight…, MXFloat8e4m3Weight, MXInt8Weight (groups of 32 along a row).
# python -P tests/tools/make/brevitas.py (-P: this file has the package's name)

from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

import brevitas.quant as quant
import numpy as np
import torch
from brevitas.nn import QuantLinear

HERE = Path(__file__).parent
PACKAGES = ("brevitas", "torch", "numpy")
INPUTS = ("masked", "masked_positive", "masked_negative", "halves", "empty")


def linear(quantizer: type, bits: int | None, values: np.ndarray) -> np.ndarray:
    given = {} if bits is None else {"weight_bit_width": bits}
    layer = QuantLinear(*reversed(values.shape), bias=False, weight_quant=quantizer, **given)
    layer.weight.data = torch.from_numpy(values.copy())
    with torch.no_grad():
        image = layer.eval().quant_weight()
    return getattr(image, "value", image).numpy()


MODES: dict[str, tuple[Callable[[np.ndarray], np.ndarray], tuple[str, ...]]] = {
    "int8_tensor": (partial(linear, quant.Int8WeightPerTensorFloat, None), ("masked", "halves")),
    "int8_row": (partial(linear, quant.Int8WeightPerChannelFloat, None), ("masked", "halves", "empty")),
    "int4_row": (partial(linear, quant.Int8WeightPerChannelFloat, 4), INPUTS),
    "uint8_shifted_row": (partial(linear, quant.ShiftedUint8WeightPerChannelFloat, None), INPUTS[:3]),
    "uint4_shifted_row": (partial(linear, quant.ShiftedUint8WeightPerChannelFloat, 4), INPUTS),
    "fp8_row": (partial(linear, quant.Fp8e4m3OCPWeightPerChannelFloat, None), ("masked", "halves", "empty")),
    "fp8_tensor": (partial(linear, quant.Fp8e4m3OCPWeightPerTensorFloat, None), ("masked", "halves")),
    "mxfp8": (partial(linear, quant.MXFloat8e4m3Weight, None), ("masked", "halves", "empty", "spread")),
    "mxint8": (partial(linear, quant.MXInt8Weight, None), ("masked", "halves", "empty", "spread")),
}

if __name__ == "__main__":
    given = np.load(HERE / "inputs.npz")
    made = {f"{mode}/{name}": run(given[name]) for mode, (run, names) in MODES.items() for name in names}
    versions = np.array([f"{package}=={version(package)}" for package in PACKAGES])
    np.savez_compressed(HERE.parent / "golden" / "brevitas.npz", versions=versions, **made)
