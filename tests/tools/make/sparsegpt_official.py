"""Write golden/sparsegpt_official.npz: what the official code of SparseGPT leaves, alone and joined with a quantizer.

Source: github.com/IST-DASLab/sparsegpt at 147d2159dc4f3e9f73e47b32c04d7b3708f44436, whose folder is the argument.
Packages: transformers==5.17.0 torch==2.13.0+cpu numpy==2.4.6. Python 3.11.7.
The images that ``SparseGPT.fasterprune`` leaves, with the unit vectors as its data (its Hessian a multiple of the
identity), percdamp 0.01 and blocks of 128 columns. ``2_4`` and ``1_4`` say how many of 4 are *pruned*; ``half``:
sparsity 0.5 without n and m. ``2_4_sym_4`` and ``2_4_asym_4``: with its Quantizer of 4 bits per row, whose range is
taken from the dense rows. On a CPU ``torch.cuda.synchronize``, which the code calls, is made to do nothing.
"""

import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, sys.argv[1])

from quant import Quantizer
from sparsegpt import SparseGPT

HERE = Path(__file__).parent
PACKAGES = ("transformers", "torch", "numpy")
COMMIT = "147d2159dc4f3e9f73e47b32c04d7b3708f44436"
TIED = ("equal", "signs", "halves", "integers", "levels")
MODES = {
    "2_4": (("normal", "sparse", *TIED), 2, 4, None),
    "1_4": (TIED, 1, 4, None),
    "half": (("normal", "sparse", *TIED), 0, 0, None),
    "2_4_sym_4": (("normal", "positive", "negative", "masked", "empty", *TIED), 2, 4, True),
    "2_4_asym_4": (("normal", "positive", "negative", "masked", "empty", *TIED), 2, 4, False),
}


def image(x: np.ndarray, n: int, m: int, sym: bool | None) -> np.ndarray:
    """What fasterprune leaves of x; with 4 bits where ``sym`` is told."""
    linear = torch.nn.Linear(*reversed(x.shape), bias=False).requires_grad_(False)
    linear.weight.data = torch.from_numpy(x.copy())
    method = SparseGPT(linear)
    method.add_batch(torch.eye(x.shape[1]), None)
    if sym is not None:
        method.quantizer = Quantizer()
        method.quantizer.configure(4, perchannel=True, sym=sym, mse=False)
    method.fasterprune(0.5, prunen=n, prunem=m)
    return linear.weight.numpy()


def main() -> None:
    """Run every mode on its inputs."""
    torch.cuda.synchronize = lambda: None
    inputs = dict(np.load(HERE / "inputs.npz"))
    out = {"versions": np.array([f"sparsegpt=={COMMIT}", *(f"{package}=={version(package)}" for package in PACKAGES)])}
    for mode, (names, *setting) in MODES.items():
        for name in names:
            out[f"{mode}/{name}"] = image(inputs[name], *setting)
    np.savez_compressed(HERE.parent / "golden" / "sparsegpt_official.npz", **out)


if __name__ == "__main__":
    main()
