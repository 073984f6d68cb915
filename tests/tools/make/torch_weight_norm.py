"""Write golden/torch_weight_norm.npz: the masks of torch.ao.pruning.WeightNormSparsifier.

Packages: torch==2.13.0+cpu numpy==2.4.6. Python 3.11.7.
A Sequential of one Linear whose weight is x; ``2_4``, ``1_4``, ``4_8`` name what is kept of a block of a row at
sparsity_level 1; a mode without ``l1`` has the default norm, of squares. ``half_1_4``: half of all the blocks (1, 4)
lose all their entries; ``half_4_4``: the same of the tiles (4, 4). ``bfloat16``: weights of that type.
"""

from pathlib import Path

import numpy as np
import torch
from torch.ao.pruning import WeightNormSparsifier

HERE = Path(__file__).parent
MODES = {
    "2_4": (1.0, (1, 4), 2, 2, torch.float32),
    "1_4": (1.0, (1, 4), 3, 2, torch.float32),
    "4_8": (1.0, (1, 8), 4, 2, torch.float32),
    "2_4_l1": (1.0, (1, 4), 2, 1, torch.float32),
    "2_4_bfloat16": (1.0, (1, 4), 2, 2, torch.bfloat16),
    "half_1_4": (0.5, (1, 4), 4, 2, torch.float32),
    "half_4_4": (0.5, (4, 4), 16, 2, torch.float32),
}


def mask(x: np.ndarray, level: float, block: tuple[int, int], zeros: int, norm: int, dtype: torch.dtype) -> np.ndarray:
    """Packed bits of the mask after one step."""
    model = torch.nn.Sequential(torch.nn.Linear(*reversed(x.shape), bias=False))
    model[0].weight.data = torch.from_numpy(x.copy()).to(dtype)
    sparsifier = WeightNormSparsifier(sparsity_level=level, sparse_block_shape=block, zeros_per_block=zeros, norm=norm)
    sparsifier.prepare(model, [{"tensor_fqn": "0.weight"}])
    sparsifier.step()
    return np.packbits(model[0].parametrizations.weight[0].mask.float().numpy() != 0)


def main() -> None:
    """Run every mode on every input."""
    out = {"versions": np.array([f"torch=={torch.__version__}", f"numpy=={np.__version__}"])}
    for name, x in np.load(HERE / "inputs.npz").items():
        for mode, setting in MODES.items():
            out[f"{mode}/{name}"] = mask(x, *setting)
    np.savez_compressed(HERE.parent / "golden" / "torch_weight_norm.npz", **out)


if __name__ == "__main__":
    main()
