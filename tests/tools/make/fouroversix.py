# pip install torch==2.13.0 numpy==2.4.6, then with SKIP_CUDA_BUILD=1
# pip install --no-deps --no-build-isolation fouroversix==1.0.5; Python 3.11.7, CPU
# The PyTorch backend: quantize_to_fp4 and dequantize with float32 throughout, NVFP4 by the scale rules mse, mae and
# abs_max, and IF4, E2M1 or INT4 in every block, by the same. The package's own __init__ loads models, which need
# transformers, and is left out.
# python -P tests/tools/make/fouroversix.py (-P: this file has the package's name)

import importlib.util
import sys
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import numpy as np
import torch

HERE = Path(__file__).parent
PACKAGES = ("fouroversix", "torch", "numpy")
RULES = ("mse", "mae", "abs_max")
INPUTS = ("normal", "masked", "empty", "halves", "spread")
package = ModuleType("fouroversix")
package.__path__ = list(importlib.util.find_spec("fouroversix").submodule_search_locations or ())
sys.modules["fouroversix"] = package
from fouroversix.quantize.config import QuantizationConfig  # noqa: E402
from fouroversix.quantize.pytorch import PyTorchQuantizeBackend  # noqa: E402


def image(values: np.ndarray, dtype: str, rule: str) -> np.ndarray:
    x = torch.from_numpy(values)
    made = PyTorchQuantizeBackend.quantize_to_fp4(x, QuantizationConfig(dtype=dtype, scale_rule=rule))
    back = PyTorchQuantizeBackend.dequantize(made, torch.float32, intermediate_dtype=torch.float32)
    return back.numpy() + np.float32(0)


if __name__ == "__main__":
    given = np.load(HERE / "inputs.npz")
    made = {
        f"{mode}_{rule}/{name}": image(given[name], dtype, rule)
        for mode, dtype, names in (("NVFP4", "nvfp4", INPUTS), ("IF4", "if4", INPUTS[:3]))
        for rule in RULES
        for name in names
    }
    versions = np.array([f"{package}=={version(package)}" for package in PACKAGES])
    np.savez_compressed(HERE.parent / "golden" / "fouroversix.npz", versions=versions, **made)
