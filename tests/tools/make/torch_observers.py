"""Write golden/torch_observers.npz: what torch.ao.quantization makes of a Linear's weight.

Packages: torch==2.13.0+cpu numpy==2.4.6. Python 3.11.7.
``dynamic``: the weight of quantize_dynamic (qint8) of a Sequential of one Linear, dequantized; ``dynamic_per_channel``
with per_channel_dynamic_qconfig. ``sym_qint8``, ``sym_qint8_rows``, ``affine_quint8``, ``affine_quint8_rows``,
``affine_reduced`` (quint8, reduce_range): MinMaxObserver or PerChannelMinMaxObserver with that dtype and scheme, then
quantize_per_tensor or quantize_per_channel, dequantized.
"""

from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from torch.ao.quantization import (
    MinMaxObserver,
    PerChannelMinMaxObserver,
    default_dynamic_qconfig,
    per_channel_dynamic_qconfig,
    quantize_dynamic,
)

HERE = Path(__file__).parent
PACKAGES = ("torch", "numpy")
INPUTS = ("normal", "positive", "masked", "signs", "halves", "empty")
OBSERVERS = {
    "sym_qint8": MinMaxObserver(dtype=torch.qint8, qscheme=torch.per_tensor_symmetric),
    "affine_quint8": MinMaxObserver(dtype=torch.quint8, qscheme=torch.per_tensor_affine),
    "affine_reduced": MinMaxObserver(dtype=torch.quint8, qscheme=torch.per_tensor_affine, reduce_range=True),
    "sym_qint8_rows": PerChannelMinMaxObserver(dtype=torch.qint8, qscheme=torch.per_channel_symmetric),
    "affine_quint8_rows": PerChannelMinMaxObserver(dtype=torch.quint8, qscheme=torch.per_channel_affine),
}


def dynamic(x: np.ndarray, qconfig: object) -> np.ndarray:
    model = torch.nn.Sequential(torch.nn.Linear(*reversed(x.shape), bias=False))
    model[0].weight.data = torch.from_numpy(x.copy())
    return quantize_dynamic(model, {torch.nn.Linear: qconfig})[0].weight().dequantize().numpy()


def observed(x: torch.Tensor, observer: MinMaxObserver | PerChannelMinMaxObserver) -> np.ndarray:
    observer.reset_min_max_vals()
    observer(x)
    scale, zero = observer.calculate_qparams()
    if isinstance(observer, PerChannelMinMaxObserver):
        return torch.quantize_per_channel(x, scale, zero, 0, observer.dtype).dequantize().numpy()
    return torch.quantize_per_tensor(x, float(scale), int(zero), observer.dtype).dequantize().numpy()


def main() -> None:
    """Run every mode on its inputs."""
    inputs = dict(np.load(HERE / "inputs.npz"))
    out = {"versions": np.array([f"{package}=={version(package)}" for package in PACKAGES])}
    for name in INPUTS:
        out[f"dynamic/{name}"] = dynamic(inputs[name], default_dynamic_qconfig)
        out[f"dynamic_per_channel/{name}"] = dynamic(inputs[name], per_channel_dynamic_qconfig)
        for mode, observer in OBSERVERS.items():
            out[f"{mode}/{name}"] = observed(torch.from_numpy(inputs[name]), observer)
    np.savez_compressed(HERE.parent / "golden" / "torch_observers.npz", **out)


if __name__ == "__main__":
    main()
