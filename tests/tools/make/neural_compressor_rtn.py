"""Write golden/neural_compressor_rtn.npz: round-to-nearest weights of neural-compressor.

Packages: neural-compressor-pt==3.10 torch==2.13.0+cpu numpy==2.4.6. Python 3.11.7.
The values of quant_tensor, which its RTN calls, 4 bits in groups of 32 along a row: ``sym``, ``sym_full_range`` and
``asym``, dtype "int", and the dtypes ``nf4``, ``fp4_e2m1`` and ``fp4_e2m1_bnb``.
"""

from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from neural_compressor.torch.algorithms.weight_only.utility import quant_tensor

HERE = Path(__file__).parent
PACKAGES = ("neural-compressor-pt", "torch", "numpy")
INPUTS = ("normal", "positive", "masked", "masked_positive", "signs", "halves", "empty")
MODES = {
    "sym": {"dtype": "int", "scheme": "sym"},
    "sym_full_range": {"dtype": "int", "scheme": "sym", "full_range": True},
    "asym": {"dtype": "int", "scheme": "asym"},
    "nf4": {"dtype": "nf4"},
    "fp4_e2m1": {"dtype": "fp4_e2m1"},
    "fp4_e2m1_bnb": {"dtype": "fp4_e2m1_bnb"},
}


def main() -> None:
    """Run every mode on its inputs."""
    inputs = dict(np.load(HERE / "inputs.npz"))
    out = {"versions": np.array([f"{package}=={version(package)}" for package in PACKAGES])}
    for mode, options in MODES.items():
        for name in INPUTS:
            weight = torch.from_numpy(inputs[name].copy())
            out[f"{mode}/{name}"] = quant_tensor(weight, bits=4, group_size=32, **options).numpy()
    np.savez_compressed(HERE.parent / "golden" / "neural_compressor_rtn.npz", **out)


if __name__ == "__main__":
    main()
