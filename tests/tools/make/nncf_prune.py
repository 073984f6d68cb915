"""Write golden/nncf_prune.npz: the unstructured masks of NNCF.

Packages: nncf==3.4.0 torch==2.13.0+cpu numpy==2.4.6. Python 3.11.7.
nncf.prune of a module with one Linear, mode UNSTRUCTURED_MAGNITUDE_LOCAL at ratio 0.5, 0.75 and 0; ``global_half`` and
``global_half_second``: UNSTRUCTURED_MAGNITUDE_GLOBAL of two Linears in a row, the input and (256 × 8) the transpose of
its half, whose mask is transposed back. GLOBAL divides by a tensor's norm.
"""

from importlib.metadata import version
from pathlib import Path

import nncf
import numpy as np
import torch
from nncf.torch.function_hook.pruning.magnitude.algo import get_pruned_modules

HERE = Path(__file__).parent
PACKAGES = ("nncf", "torch", "numpy")


class Layers(torch.nn.Module):
    """Linears without bias, one after another."""

    def __init__(self, *weights: np.ndarray) -> None:
        super().__init__()
        self.layers = torch.nn.ModuleList(torch.nn.Linear(*reversed(w.shape), bias=False) for w in weights)
        for layer, w in zip(self.layers, weights, strict=True):
            layer.weight.data = torch.from_numpy(w.copy())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x = layer(x)
        return x


def masks(weights: tuple[np.ndarray, ...], mode: nncf.PruneMode, ratio: float) -> dict[str, np.ndarray]:
    """By the parameter's name."""
    model = nncf.prune(Layers(*weights), mode, ratio=ratio, examples_inputs=torch.ones(1, weights[0].shape[1]))
    return {name: hook.binary_mask.numpy() != 0 for name, hook in get_pruned_modules(model).items()}


def main() -> None:
    """Run every mode on every input."""
    out = {"versions": np.array([f"{package}=={version(package)}" for package in PACKAGES])}
    for name, x in np.load(HERE / "inputs.npz").items():
        for mode, ratio in (("half", 0.5), ("three_quarters", 0.75), ("zero", 0.0)):
            (mask,) = masks((x,), nncf.PruneMode.UNSTRUCTURED_MAGNITUDE_LOCAL, ratio).values()
            out[f"{mode}/{name}"] = np.packbits(mask)
        both = masks((x, np.ascontiguousarray(x.T) / 2), nncf.PruneMode.UNSTRUCTURED_MAGNITUDE_GLOBAL, 0.5)
        out[f"global_half/{name}"] = np.packbits(both["layers.0.weight"])
        out[f"global_half_second/{name}"] = np.packbits(both["layers.1.weight"].T)
    np.savez_compressed(HERE.parent / "golden" / "nncf_prune.npz", **out)


if __name__ == "__main__":
    main()
