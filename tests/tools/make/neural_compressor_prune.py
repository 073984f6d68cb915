"""Write golden/neural_compressor_prune.npz: the masks of neural-compressor.

Packages: neural-compressor==3.6 packaging six (both imported, not required) torch==2.13.0+cpu. Python 3.11.7.
prepare_pruning with a WeightPruningConfig of the criterion "magnitude" at step 0, then one step of SGD at rate 0, of a
module with one Linear. ``2_4``, ``1_4``, ``4_8`` are its patterns (so many *pruned*), with the share that they mean as
target; ``half`` and ``three_quarters`` the pattern 1x1; ``4x1_half`` blocks.
"""

from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from neural_compressor.compression.pruner import prepare_pruning
from neural_compressor.config import WeightPruningConfig

HERE = Path(__file__).parent
PACKAGES = ("neural-compressor", "torch", "numpy")
MODES = {
    "2_4": ("2:4", 0.5),
    "1_4": ("1:4", 0.25),
    "4_8": ("4:8", 0.5),
    "half": ("1x1", 0.5),
    "three_quarters": ("1x1", 0.75),
    "4x1_half": ("4x1", 0.5),
}


class Layers(torch.nn.Module):
    """The layer to prune, and a head, which is left as it is."""

    def __init__(self, x: np.ndarray) -> None:
        super().__init__()
        self.body = torch.nn.Linear(*reversed(x.shape), bias=False)
        self.body.weight.data = torch.from_numpy(x.copy())
        self.head = torch.nn.Linear(x.shape[0], 2, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.body(x))


def mask(x: np.ndarray, pattern: str, share: float) -> np.ndarray:
    """Packed bits of the body's mask after one step."""
    model = Layers(x)
    steps = torch.optim.SGD(model.parameters(), lr=0.0)
    config = WeightPruningConfig(
        [{"op_names": ["body"]}],
        pruning_type="magnitude",
        pattern=pattern,
        target_sparsity=share,
        start_step=0,
        end_step=0,
    )
    pruning = prepare_pruning(model, config, steps)
    model(torch.ones(1, x.shape[1])).sum().backward()
    steps.step()
    (found,) = [pruner.masks["body"] for pruner in pruning.pruners]
    return np.packbits(found.float().numpy() != 0)


def main() -> None:
    """Run every mode on every input."""
    out = {"versions": np.array([f"{package}=={version(package)}" for package in PACKAGES])}
    for name, x in np.load(HERE / "inputs.npz").items():
        for mode, setting in MODES.items():
            out[f"{mode}/{name}"] = mask(x, *setting)
    np.savez_compressed(HERE.parent / "golden" / "neural_compressor_prune.npz", **out)


if __name__ == "__main__":
    main()
