"""Write golden/qtorch_quant.npz: the number formats of QPyTorch, rounded to nearest.

Packages: qtorch==0.3.0 (pip install --no-deps) ninja torch==2.13.0+cpu numpy==2.4.6. Python 3.11.7. It builds its C++
when it is imported. ``block_8_row`` and so on: block_quantize(x, wl, dim=0), one exponent for each row of 256, or
(``32``) for each run of 32; ``float_4_3``: float_quantize(x, exp=4, man=3); ``fixed_8_4``: fixed_point_quantize(x,
wl=8, fl=4), ``…_symmetric`` with symmetric=True.
"""

from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from qtorch.quant import block_quantize, fixed_point_quantize, float_quantize

HERE = Path(__file__).parent
PACKAGES = ("qtorch", "torch", "numpy")
INPUTS = ("normal", "positive", "signs", "halves", "integers", "empty")


def blocks(x: torch.Tensor, wl: int, run: int) -> torch.Tensor:
    return block_quantize(x.reshape(-1, run), wl=wl, dim=0, rounding="nearest").reshape(x.shape)


MODES: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "block_8_row": partial(blocks, wl=8, run=256),
    "block_8_32": partial(blocks, wl=8, run=32),
    "block_4_32": partial(blocks, wl=4, run=32),
    "float_4_3": partial(float_quantize, exp=4, man=3, rounding="nearest"),
    "float_5_2": partial(float_quantize, exp=5, man=2, rounding="nearest"),
    "float_2_1": partial(float_quantize, exp=2, man=1, rounding="nearest"),
    "fixed_8_4": partial(fixed_point_quantize, wl=8, fl=4, rounding="nearest"),
    "fixed_4_0_symmetric": partial(fixed_point_quantize, wl=4, fl=0, symmetric=True, rounding="nearest"),
}


def main() -> None:
    """Run every mode on its inputs."""
    inputs = dict(np.load(HERE / "inputs.npz"))
    out = {"versions": np.array([f"{package}=={version(package)}" for package in PACKAGES])}
    for mode, run in MODES.items():
        for name in INPUTS:
            out[f"{mode}/{name}"] = run(torch.from_numpy(inputs[name].copy())).numpy()
    np.savez_compressed(HERE.parent / "golden" / "qtorch_quant.npz", **out)


if __name__ == "__main__":
    main()
