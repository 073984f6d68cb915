"""Write golden/torch_pruning.npz: which rows torch-pruning keeps.

Packages: torch-pruning==1.6.1 torch==2.13.0+cpu numpy==2.4.6. Python 3.11.7.
BasePruner with GroupMagnitudeImportance (p=2) of two Linears: the input, and a head of ones that reads its 8 outputs
and is not pruned itself. ``local_half`` and ``global_half``: pruning_ratio 0.5, global_pruning False and True; the rows
that are left, as a mask of the input. (Run with python -P: this file has the package's name.)
"""

from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
import torch_pruning as tp

HERE = Path(__file__).parent
PACKAGES = ("torch-pruning", "torch", "numpy")


def mask(x: np.ndarray, whole: bool) -> np.ndarray:
    """Packed bits: the rows that are left, as found by the numbers that mark them."""
    rows, columns = x.shape
    model = torch.nn.Sequential(torch.nn.Linear(columns, rows), torch.nn.Linear(rows, 4, bias=False))
    model[0].weight.data = torch.from_numpy(x.copy())
    model[0].bias.data = torch.arange(rows, dtype=torch.float32)
    model[1].weight.data.fill_(1)
    importance = tp.importance.GroupMagnitudeImportance(p=2, target_types=[torch.nn.Linear])
    pruner = tp.pruner.BasePruner(
        model,
        torch.ones(1, columns),
        importance=importance,
        global_pruning=whole,
        pruning_ratio=0.5,
        ignored_layers=[model[1]],
    )
    pruner.step()
    kept = np.zeros(x.shape, bool)
    kept[model[0].bias.detach().numpy().astype(int)] = True
    return np.packbits(kept)


def main() -> None:
    """Run every mode on every input."""
    out = {"versions": np.array([f"{package}=={version(package)}" for package in PACKAGES])}
    for name, x in np.load(HERE / "inputs.npz").items():
        out[f"local_half/{name}"] = mask(x, False)
        out[f"global_half/{name}"] = mask(x, True)
    np.savez_compressed(HERE.parent / "golden" / "torch_pruning.npz", **out)


if __name__ == "__main__":
    main()
