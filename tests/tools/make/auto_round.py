# pip install auto-round==0.16.1 torch==2.13.0 numpy==2.4.6; Python 3.11.7, CPU
# Runs the registered functions of its data types, by name as get_quant_func gives them, on float32 without tuning:
# rounding offsets 0 and the scales' factors 1. int_sym and int_asym in groups of 128 (the scheme W4A16) are what
# tuning starts from, with their default scales of float16, in _float32 of float32; opt_rtn searches the scale by
# squared error; float_zp has a real zero point. AutoRound itself wants a language model and is not run.
# Scales are held at 1e-5 or more, which no input here reaches.
# python -P tests/tools/make/auto_round.py (-P: this file has the package's name)

from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from auto_round.data_type import QUANT_FUNC_WITH_DTYPE

HERE = Path(__file__).parent
PACKAGES = ("auto-round", "torch", "numpy")
INPUTS = ("masked", "masked_positive", "masked_negative", "signs", "halves", "empty")


def image(kind: str, given: dict, values: np.ndarray) -> np.ndarray:
    return QUANT_FUNC_WITH_DTYPE[kind](torch.from_numpy(values.copy()), **given)[0].float().numpy()


FOUR = {"bits": 4, "group_size": 128}
MX = {"group_size": 32}
MODES: dict[str, tuple[Callable[[np.ndarray], np.ndarray], tuple[str, ...]]] = {
    "int4_sym": (partial(image, "int_sym", FOUR), INPUTS),
    "int4_sym_float32": (partial(image, "int_sym", FOUR | {"scale_dtype": torch.float32}), INPUTS[:2]),
    "int4_rtn_sym": (partial(image, "rtn_int_sym", FOUR), ("masked", "halves")),
    "int4_opt_rtn_sym": (partial(image, "opt_rtn_int_sym", FOUR), ("masked", "masked_positive", "halves")),
    "int4_asym": (partial(image, "int_asym", FOUR), INPUTS),
    "int4_asym_float32": (partial(image, "int_asym", FOUR | {"scale_dtype": torch.float32}), INPUTS[:2]),
    "int4_asym_float_zp": (partial(image, "int_asym_float_zp", FOUR), ("masked", "masked_positive")),
    "int8_sym_row": (partial(image, "int_sym", {"bits": 8, "group_size": -1}), ("masked", "halves")),
    "mxfp4": (partial(image, "mx_fp4", {"bits": 4, **MX}), ("masked", "halves", "spread")),
    "mxfp4_rceil": (partial(image, "mx_fp4_rceil", {"bits": 4, **MX}), ("masked", "halves", "spread")),
    "mxfp8": (partial(image, "mx_fp8", {"bits": 8, **MX}), ("halves", "spread")),
    "mxint8": (partial(image, "mx_int8", {"bits": 8, "data_type": "mx_int8", **MX}), ("masked", "spread")),
    "nvfp4": (partial(image, "nv_fp4", {}), ("masked", "halves", "empty", "spread")),
    "fp8_row": (partial(image, "fp8_sym", {}), ("masked", "halves", "empty")),
}

if __name__ == "__main__":
    given = np.load(HERE / "inputs.npz")
    made = {f"{mode}/{name}": run(given[name]) for mode, (run, names) in MODES.items() for name in names}
    versions = np.array([f"{package}=={version(package)}" for package in PACKAGES])
    np.savez_compressed(HERE.parent / "golden" / "auto_round.npz", versions=versions, **made)
