# pip install torchao==0.18.0 torch==2.13.0 numpy==2.4.6; Python 3.11.7, CPU
# Runs quantize_ on a Linear (out × in) and reads weight.dequantize(): IntxWeightOnlyConfig, Int8WeightOnlyConfig,
# Float8WeightOnlyConfig, NVFP4WeightOnlyConfig, to_mx. NVFP4 needs rows by sixteens: the input twice, its first half
# read. Int4WeightOnlyConfig packs on accelerators only: tinygemm is the pair of functions that it calls, in bfloat16
# (its own type) and in float32; rows are padded with zeros to 1024 there, which no group of 32 sees.
# An all-zero row gives NaN in Float8WeightOnlyConfig, an all-zero tensor in NVFP4WeightOnlyConfig (kept as it is).
# python -P tests/tools/make/torchao.py (-P: this file has the package's name)

from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from torchao.core.config import AOBaseConfig
from torchao.prototype.mx_formats.config import ScaleCalculationMode
from torchao.prototype.mx_formats.inference_workflow import NVFP4WeightOnlyConfig
from torchao.prototype.mx_formats.mx_tensor import MXTensor
from torchao.quantization import (
    Float8WeightOnlyConfig,
    Int8WeightOnlyConfig,
    IntxWeightOnlyConfig,
    MappingType,
    PerAxis,
    PerGroup,
    PerRow,
    PerTensor,
    quantize_,
)
from torchao.quantization.quant_primitives import (
    _choose_qparams_affine_tinygemm,
    _dequantize_affine_tinygemm,
    _quantize_affine_tinygemm,
)

HERE = Path(__file__).parent
PACKAGES = ("torchao", "torch", "numpy")
INPUTS = ("masked", "masked_positive", "halves", "empty")
GROUP = (1, 32)


def linear(config: AOBaseConfig, values: np.ndarray) -> np.ndarray:
    layer = torch.nn.Linear(*reversed(values.shape), bias=False)
    layer.weight = torch.nn.Parameter(torch.from_numpy(values.copy()), requires_grad=False)
    quantize_(layer, config)
    return layer.weight.dequantize().float().numpy()


def intx(mapping: MappingType, values: np.ndarray) -> np.ndarray:
    return linear(IntxWeightOnlyConfig(torch.int4, PerGroup(GROUP[1]), mapping), values)


def tinygemm(dtype: torch.dtype, values: np.ndarray) -> np.ndarray:
    x = torch.from_numpy(values).to(dtype)
    scale, zero = _choose_qparams_affine_tinygemm(
        x, MappingType.ASYMMETRIC, GROUP, torch.int32, 0, 15, scale_dtype=dtype, zero_point_dtype=dtype
    )
    codes = _quantize_affine_tinygemm(x, GROUP, scale, zero, torch.int32, 0, 15)
    read = _dequantize_affine_tinygemm(codes, GROUP, scale, zero, torch.int32, 0, 15, output_dtype=dtype)
    return read.float().numpy()


def mx(element: torch.dtype | str, rule: ScaleCalculationMode, values: np.ndarray) -> np.ndarray:
    return MXTensor.to_mx(torch.from_numpy(values), element, GROUP[1], rule).dequantize(torch.float32).numpy()


def nvfp4(tensor_scale: bool, values: np.ndarray) -> np.ndarray:
    twice = np.concatenate([values, values])
    return linear(NVFP4WeightOnlyConfig(use_dynamic_per_tensor_scale=tensor_scale), twice)[: len(values)]


MODES: dict[str, tuple[Callable[[np.ndarray], np.ndarray], tuple[str, ...]]] = {
    "int4_tinygemm_bfloat16": (partial(tinygemm, torch.bfloat16), INPUTS),
    "int4_tinygemm_float32": (partial(tinygemm, torch.float32), INPUTS[:2]),
    "int4_symmetric": (partial(intx, MappingType.SYMMETRIC), INPUTS),
    "int4_symmetric_no_clipping_err": (partial(intx, MappingType.SYMMETRIC_NO_CLIPPING_ERR), INPUTS[:3]),
    "int4_asymmetric": (partial(intx, MappingType.ASYMMETRIC), (*INPUTS[:3], "masked_negative")),
    "int8_row": (partial(linear, Int8WeightOnlyConfig()), INPUTS[:3]),
    "int8_asymmetric_row": (
        partial(linear, IntxWeightOnlyConfig(torch.int8, PerAxis(0), MappingType.ASYMMETRIC)),
        ("masked", "masked_negative"),
    ),
    **{
        f"mx{element}_{rule}": (partial(mx, kind, ScaleCalculationMode(rule)), names)
        for element, kind, names in (
            ("fp4", torch.float4_e2m1fn_x2, ("masked", "halves", "spread")),
            ("fp8", torch.float8_e4m3fn, ("halves", "spread")),
        )
        for rule in ("floor", "ceil", "even", "rceil")
    },
    "nvfp4": (partial(nvfp4, True), (*INPUTS, "spread")),
    "nvfp4_no_tensor_scale": (partial(nvfp4, False), (*INPUTS, "spread")),
    "fp8_row": (partial(linear, Float8WeightOnlyConfig(granularity=PerRow())), ("masked", "halves", "empty")),
    "fp8_tensor": (partial(linear, Float8WeightOnlyConfig(granularity=PerTensor())), ("masked", "halves")),
}

if __name__ == "__main__":
    given = np.load(HERE / "inputs.npz")
    made = {f"{mode}/{name}": run(given[name]) for mode, (run, names) in MODES.items() for name in names}
    versions = np.array([f"{package}=={version(package)}" for package in PACKAGES])
    np.savez_compressed(HERE.parent / "golden" / "torchao.npz", versions=versions, **made)
