"""Write golden/nni_prune.npz: the masks of NNI.

Packages: nni==3.0 torch==2.13.0+cpu numpy==2.4.6. Python 3.11.7.
``level_half`` and ``level_three_quarters``: LevelPruner of a Sequential of one Linear, a share of the tensor;
``block_32_half``: the same with granularity (1, 32), which prunes whole runs of a row; ``l1_rows_half`` and
``l2_rows_half``: L1NormPruner and L2NormPruner, half of the rows.
"""

from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from nni.compression.pruning import L1NormPruner, L2NormPruner, LevelPruner

HERE = Path(__file__).parent
PACKAGES = ("nni", "torch", "numpy")
MODES = {
    "level_half": (LevelPruner, {"sparse_ratio": 0.5}),
    "level_three_quarters": (LevelPruner, {"sparse_ratio": 0.75}),
    "block_32_half": (LevelPruner, {"sparse_ratio": 0.5, "granularity": [1, 32]}),
    "l1_rows_half": (L1NormPruner, {"sparse_ratio": 0.5}),
    "l2_rows_half": (L2NormPruner, {"sparse_ratio": 0.5}),
}


def mask(x: np.ndarray, pruner: type, setting: dict[str, object]) -> np.ndarray:
    """Packed bits of the mask of the layer's weight."""
    model = torch.nn.Sequential(torch.nn.Linear(*reversed(x.shape), bias=False))
    model[0].weight.data = torch.from_numpy(x.copy())
    config = {"op_types": ["Linear"], "target_names": ["weight"]}
    if "granularity" in setting:
        target = {"sparse_ratio": setting["sparse_ratio"], "granularity": setting["granularity"]}
        config |= {"target_settings": {"weight": target}}
    else:
        config |= setting
    _, masks = pruner(model, [config]).compress()
    kept = masks["0"]["weight"]
    return np.packbits(np.broadcast_to(kept.numpy() != 0, x.shape))


def main() -> None:
    """Run every mode on every input."""
    out = {"versions": np.array([f"{package}=={version(package)}" for package in PACKAGES])}
    for name, x in np.load(HERE / "inputs.npz").items():
        for mode, setting in MODES.items():
            out[f"{mode}/{name}"] = mask(x, *setting)
    np.savez_compressed(HERE.parent / "golden" / "nni_prune.npz", **out)


if __name__ == "__main__":
    main()
