# pip install llmcompressor==0.14.0.1 compressed-tensors==0.19.0 transformers==5.17.0 torch==2.13.0 numpy==2.4.6
# Python 3.11.7, CPU. What QuantizationModifier does to a weight of a model of one Linear (out × in) under a preset
# scheme: the modifier initializes the quantization, its observer sees the weight, update_qparams; the layer's weight is
# read through fake_quantize with the scale that the layer then has. Inputs named masked are 2:4 already.
# python -P tests/tools/make/llmcompressor.py (-P: this file has the package's name)

from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from compressed_tensors.quantization.lifecycle.forward import fake_quantize
from llmcompressor.core import State
from llmcompressor.modifiers.quantization import QuantizationModifier
from llmcompressor.modifiers.quantization.calibration import initialize_observer, observe, update_qparams

HERE = Path(__file__).parent
PACKAGES = ("llmcompressor", "compressed-tensors", "transformers", "torch", "numpy")
INPUTS = ("masked", "masked_positive", "masked_negative", "halves", "empty")


def linear(x: np.ndarray) -> torch.nn.Linear:
    layer = torch.nn.Linear(*reversed(x.shape), bias=False).requires_grad_(False)
    layer.weight.data = torch.from_numpy(x.copy())
    return layer


def image(x: np.ndarray, scheme: str) -> np.ndarray:
    model = torch.nn.Sequential(linear(x))
    QuantizationModifier(targets=["Linear"], scheme=scheme).initialize(State(model=model))
    layer = model[0]
    initialize_observer(layer, "weight")
    observe(layer, "weight")
    update_qparams(layer, "weight")
    args = layer.quantization_scheme.weights
    zero = getattr(layer, "weight_zero_point", None)
    return fake_quantize(layer.weight, layer.weight_scale, zero, args).float().numpy()


MODES = {"W4A16": INPUTS, "W8A16": ("masked", "halves"), "W4A16_ASYM": INPUTS[:3], "W8A8": ("masked", "halves")}

if __name__ == "__main__":
    given = np.load(HERE / "inputs.npz")
    made = {f"{scheme}/{name}": image(given[name], scheme) for scheme, names in MODES.items() for name in names}
    versions = np.array([f"{package}=={version(package)}" for package in PACKAGES])
    np.savez_compressed(HERE.parent / "golden" / "llmcompressor.npz", versions=versions, **made)
