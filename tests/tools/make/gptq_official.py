"""Write golden/gptq_official.npz: the grid of the official code of GPTQ, rounded to nearest.

Source: github.com/IST-DASLab/gptq at 2d65066eeb06a5c9ff5184d8cebdf33662c67faf, whose folder is the argument.
Packages: torch==2.13.0+cpu numpy==2.4.6. Python 3.11.7.
``Quantizer.configure(bits, perchannel, sym, mse)``, ``find_params(x, weight=True)`` and ``quantize(x)``, dequantized.
``sym_4`` and ``asym_4``: 4 bits per row; ``…_block_32``: each run of 32 along a row is a row for the quantizer;
``sym_4_tensor``: one scale; ``…_mse``: with its search of the range; ``trits``: its ternary values, per row.
"""

import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, sys.argv[1])

from quant import Quantizer

HERE = Path(__file__).parent
PACKAGES = ("torch", "numpy")
COMMIT = "2d65066eeb06a5c9ff5184d8cebdf33662c67faf"
INPUTS = ("normal", "positive", "negative", "masked", "masked_positive", "signs", "halves", "levels", "empty")
MODES = {
    "sym_4": (256, {"bits": 4, "perchannel": True, "sym": True}),
    "asym_4": (256, {"bits": 4, "perchannel": True, "sym": False}),
    "sym_4_block_32": (32, {"bits": 4, "perchannel": True, "sym": True}),
    "asym_4_block_32": (32, {"bits": 4, "perchannel": True, "sym": False}),
    "sym_4_tensor": (256, {"bits": 4, "perchannel": False, "sym": True}),
    "sym_4_mse": (256, {"bits": 4, "perchannel": True, "sym": True, "mse": True}),
    "asym_4_mse": (256, {"bits": 4, "perchannel": True, "sym": False, "mse": True}),
    "trits": (256, {"bits": 2, "perchannel": True, "sym": False, "trits": True}),
}


def image(x: np.ndarray, block: int, options: dict[str, object]) -> np.ndarray:
    """The nearest values of the grid found for x."""
    rows = torch.from_numpy(x.reshape(-1, block))
    quantizer = Quantizer()
    quantizer.configure(**options)
    quantizer.find_params(rows, weight=True)
    return quantizer.quantize(rows).numpy().reshape(x.shape)


def main() -> None:
    """Run every mode on its inputs."""
    inputs = dict(np.load(HERE / "inputs.npz"))
    out = {"versions": np.array([f"gptq=={COMMIT}", *(f"{package}=={version(package)}" for package in PACKAGES)])}
    for mode, (block, options) in MODES.items():
        for name in INPUTS:
            out[f"{mode}/{name}"] = image(inputs[name], block, options)
    np.savez_compressed(HERE.parent / "golden" / "gptq_official.npz", **out)


if __name__ == "__main__":
    main()
