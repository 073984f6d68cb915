# pip install compressed-tensors==0.20.1 torch==2.13.0 numpy==2.4.6; Python 3.11.7, CPU
# Runs calculate_qparams on the least and largest entry of what shares a scale, generate_gparam for NVFP4, then
# fake_quantize, with the weights' arguments of a preset scheme (float32 in and out). W4A16 and W4A16_ASYM have
# groups of 128; W8A8 and FP8_DYNAMIC have one scale a row, FP8 one for the tensor. The two names with ROW are W8A8 and
# W4A16 with one zero point or scale a row, which are no presets.
# python -P tests/tools/make/compressed_tensors.py (-P: this file has the package's name)

from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from compressed_tensors.quantization import QuantizationArgs
from compressed_tensors.quantization.lifecycle.forward import fake_quantize
from compressed_tensors.quantization.quant_scheme import PRESET_SCHEMES
from compressed_tensors.quantization.utils import calculate_qparams, generate_gparam

HERE = Path(__file__).parent
PACKAGES = ("compressed-tensors", "torch", "numpy")
INPUTS = ("masked", "masked_positive", "masked_negative", "halves", "empty")
PRESETS = {
    "W4A16": INPUTS[:2],
    "W8A16": INPUTS,
    "W8A8": INPUTS[:2],
    "W4A16_ASYM": INPUTS,
    "FP8": ("masked", "halves"),
    "FP8_DYNAMIC": ("masked", "halves", "empty"),
    "MXFP4A16": ("masked", "halves", "empty", "spread"),
    "MXFP6A16": ("halves", "spread"),
    "MXFP8A16": ("halves", "spread"),
    "NVFP4A16": ("masked", "halves", "empty", "spread"),
}


def limits(x: torch.Tensor, args: QuantizationArgs) -> tuple[torch.Tensor, torch.Tensor]:
    match args.strategy:
        case "tensor":
            each = x.reshape(1, -1)
        case "channel":
            return x.amin(-1, keepdim=True), x.amax(-1, keepdim=True)
        case _:
            each = x.unflatten(-1, (-1, args.group_size))
    return each.amin(-1), each.amax(-1)


def image(args: QuantizationArgs, values: np.ndarray) -> np.ndarray:
    x = torch.from_numpy(values)
    whole = generate_gparam(x.amin().reshape(1), x.amax().reshape(1)) if args.strategy == "tensor_group" else None
    scale, zero = calculate_qparams(*limits(x, args), args, global_scale=whole)
    return fake_quantize(x, scale, zero, args, global_scale=whole).float().numpy()


def changed(preset: str, **given: object) -> QuantizationArgs:
    return QuantizationArgs.model_validate(PRESET_SCHEMES[preset]["weights"].model_dump() | given)


MODES: dict[str, tuple[Callable[[np.ndarray], np.ndarray], tuple[str, ...]]] = {
    **{name: (partial(image, PRESET_SCHEMES[name]["weights"]), names) for name, names in PRESETS.items()},
    "W8_ROW_ASYM": (partial(image, changed("W8A8", symmetric=False)), INPUTS[:3]),
    "W4_ROW": (partial(image, changed("W4A16", strategy="channel", group_size=None)), INPUTS[:2]),
}

if __name__ == "__main__":
    given = np.load(HERE / "inputs.npz")
    made = {f"{mode}/{name}": run(given[name]) for mode, (run, names) in MODES.items() for name in names}
    versions = np.array([f"{package}=={version(package)}" for package in PACKAGES])
    np.savez_compressed(HERE.parent / "golden" / "compressed_tensors.npz", versions=versions, **made)
