# pip install paddlepaddle==3.3.1 numpy==2.4.6; Python 3.11.7, CPU
# Runs paddle.incubate.asp.create_mask on the input (out × in): what asp.prune_model gives a Linear, whose weight is
# in × out and is transposed for it. n and m of a mode: n of m are pruned. Modes 1_4 and 4_8 of mask_1d rank by numpy's
# unstable argsort, whose choice among ties changes with the processor (made with AVX2): inputs without ties only.
# In model_2_4 asp.prune_model itself is run on a Linear, with FLAGS_enable_pir_api=0, without which it raises.
# FLAGS_enable_pir_api=0 python -P tests/tools/make/paddle_asp.py

from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
import paddle
from paddle.incubate import asp
from paddle.incubate.asp.utils import MaskAlgo, create_mask

HERE = Path(__file__).parent
PACKAGES = ("paddlepaddle", "numpy")
ALL = tuple(np.load(HERE / "inputs.npz").files)
UNTIED = ("normal", "spread", "positive", "negative")


def mask(rule: str, n: int, m: int, values: np.ndarray) -> np.ndarray:
    """Packed bits of what is kept."""
    return np.packbits(create_mask(values, MaskAlgo[f"MASK_{rule}"], n, m) != 0)


def model(rule: str, values: np.ndarray) -> np.ndarray:
    """The weight after prune_model."""
    layer = paddle.nn.Sequential(paddle.nn.Linear(*reversed(values.shape), bias_attr=False))
    layer[0].weight.set_value(values.T)
    asp.prune_model(layer, n=2, m=4, mask_algo=f"mask_{rule}", with_mask=False)
    return np.ascontiguousarray(layer[0].weight.numpy().T)


MODES: dict[str, tuple[Callable[[np.ndarray], np.ndarray], tuple[str, ...]]] = {
    "1d_2_4": (partial(mask, "1D", 2, 4), ALL),
    "1d_1_4": (partial(mask, "1D", 1, 4), UNTIED),
    "1d_4_8": (partial(mask, "1D", 4, 8), UNTIED),
    "2d_greedy_2_4": (partial(mask, "2D_GREEDY", 2, 4), ALL),
    "2d_best_2_4": (partial(mask, "2D_BEST", 2, 4), ALL),
    "model_1d_2_4": (partial(model, "1d"), ("normal", "levels")),
    "model_2d_best_2_4": (partial(model, "2d_best"), ("normal", "levels")),
}

if __name__ == "__main__":
    paddle.device.set_device("cpu")
    given = np.load(HERE / "inputs.npz")
    made = {f"{mode}/{name}": run(given[name]) for mode, (run, names) in MODES.items() for name in names}
    versions = np.array([f"{package}=={version(package)}" for package in PACKAGES])
    np.savez_compressed(HERE.parent / "golden" / "paddle_asp.npz", versions=versions, **made)
