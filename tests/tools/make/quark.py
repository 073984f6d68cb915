# pip install amd-quark==0.13 torch==2.14.1 numpy==2.4.6 transformers; Python 3.11.7, CPU (it compiles an extension when
# it is imported). Runs FakeQuantizeBase.get_fake_quantize of the quantization specs of quark.torch on a weight: what it
# observes is that weight. Groups are of 32 along a row, of 128 where a name says so, of 16 for amdfp4 and nvfp4.
# ``uint4_group_float`` has a float zero point. MX specs take "even" by default, others where the name says so.
# python -P tests/tools/make/quark.py (-P: this file has the package's name)

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from quark.torch.quantization import (
    BFP16Spec,
    FP4PerGroupSpec,
    FP8E4M3PerChannelSpec,
    FP8E4M3PerTensorSpec,
    Int4PerChannelSpec,
    Int4PerGroupSpec,
    Int8PerChannelSpec,
    Int8PerTensorSpec,
    MX6Spec,
    MX9Spec,
    OCP_MXFP4Spec,
    OCP_MXFP6E2M3Spec,
    OCP_MXFP8E4M3Spec,
    OCP_MXINT8Spec,
    Uint4PerChannelSpec,
    Uint4PerGroupSpec,
)
from quark.torch.quantization.config.config import AmdFP4Spec, DataTypeSpec, QTensorConfig
from quark.torch.quantization.config.type import ZeroPointType
from quark.torch.quantization.tensor_quantize import FakeQuantizeBase

HERE = Path(__file__).parent
PACKAGES = ("amd-quark", "torch", "numpy")
INPUTS = ("masked", "masked_positive", "masked_negative", "halves", "empty")
FLOATS = ("masked", "halves", "empty", "spread")
ROW, TENSOR = {"ch_axis": 0, "is_dynamic": False}, {"observer_method": "min_max", "is_dynamic": False}
GROUP = {"ch_axis": -1, "group_size": 32, "is_dynamic": False}
REAL = ZeroPointType.float32
MX = {"ch_axis": -1, "is_dynamic": False}


def image(spec: DataTypeSpec | QTensorConfig, values: np.ndarray) -> np.ndarray:
    x = torch.from_numpy(values.copy())
    config = spec if isinstance(spec, QTensorConfig) else spec.to_quantization_spec()
    return FakeQuantizeBase.get_fake_quantize(config)(x).detach().float().numpy()


MODES: dict[str, tuple[Callable[[np.ndarray], np.ndarray], tuple[str, ...]]] = {
    name: (partial(image, spec), names)
    for name, spec, names in (
        ("int4_group", Int4PerGroupSpec(symmetric=True, **GROUP), INPUTS),
        ("int4_group_128", Int4PerGroupSpec(symmetric=True, **GROUP | {"group_size": 128}), INPUTS[:1]),
        ("uint4_group", Uint4PerGroupSpec(symmetric=False, **GROUP), INPUTS),
        (
            "uint4_group_float",
            replace(Uint4PerGroupSpec(symmetric=False, **GROUP).to_quantization_spec(), zero_point_type=REAL),
            INPUTS[:3],
        ),
        ("int4_row", Int4PerChannelSpec(symmetric=True, **ROW), INPUTS[:2]),
        ("uint4_row", Uint4PerChannelSpec(symmetric=False, **ROW), INPUTS[:1]),
        ("int8_row", Int8PerChannelSpec(symmetric=True, **ROW), ("masked", "empty")),
        ("int8_tensor", Int8PerTensorSpec(symmetric=True, **TENSOR), ("masked",)),
        ("fp8_row", FP8E4M3PerChannelSpec(**ROW), ("masked", "empty")),
        ("fp8_tensor", FP8E4M3PerTensorSpec(**TENSOR), ("masked",)),
        *(
            (
                f"mxfp4{'' if rule == 'even' else '_' + rule}",
                OCP_MXFP4Spec(scale_calculation_mode=rule, **MX),
                FLOATS[1:],
            )
            for rule in ("even", "floor", "ceil")
        ),
        ("mxfp6", OCP_MXFP6E2M3Spec(**MX), FLOATS[1::2]),
        ("mxfp8", OCP_MXFP8E4M3Spec(**MX), FLOATS[1::2]),
        ("mxint8", OCP_MXINT8Spec(**MX), FLOATS),
        ("amdfp4", AmdFP4Spec(ch_axis=-1, group_size=16, is_dynamic=False), FLOATS),
        ("nvfp4", FP4PerGroupSpec(ch_axis=-1, group_size=16, scale_format="e4m3", is_dynamic=False), FLOATS[1:]),
        ("fp4_group", FP4PerGroupSpec(ch_axis=-1, group_size=32, is_dynamic=False), FLOATS[:1]),
        ("mx6", MX6Spec(ch_axis=-1, block_size=16), FLOATS[:2]),
        ("mx9", MX9Spec(ch_axis=-1, block_size=16), FLOATS[:2]),
        ("bfp16", BFP16Spec(ch_axis=-1), FLOATS),
    )
}

if __name__ == "__main__":
    given = np.load(HERE / "inputs.npz")
    made = {f"{mode}/{name}": run(given[name]) for mode, (run, names) in MODES.items() for name in names}
    versions = np.array([f"{package}=={version(package)}" for package in PACKAGES])
    np.savez_compressed(HERE.parent / "golden" / "quark.npz", versions=versions, **made)
