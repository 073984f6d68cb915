"""Write golden/torch_topk.npz: what torch keeps on a CPU.

Packages: torch==2.13.0+cpu numpy==2.4.6. Python 3.11.7.
``topk`` of |x| in float32, sorted as by default: what it selects is kept, or, with largest=False, what it does not.
k and m of a mode are what is kept of how many; ``row``: a row of 256 is one group. ``bfloat16`` in a mode: |x| is cast
to bfloat16 before it is ranked.
"""

from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).parent
MODES = {
    **{f"keep_{k}_{m}": (k, m, True) for k, m in ((1, 4), (2, 4), (3, 4), (4, 8), (8, 16))},
    **{f"prune_{k}_{m}": (k, m, False) for k, m in ((1, 4), (2, 4), (3, 4), (4, 8), (8, 16))},
    "keep_row_half": (128, 256, True),
    "prune_row_half": (128, 256, False),
    "keep_row_4": (4, 256, True),
    "keep_row_5": (5, 256, True),
    "prune_row_252": (252, 256, False),
}


def kept(scores: torch.Tensor, k: int, m: int, largest: bool) -> np.ndarray:
    """Packed bits of what topk selects of every m, or does not where it selects the smallest."""
    groups = scores.reshape(-1, m)
    places = groups.topk(k if largest else m - k, dim=1, largest=largest).indices
    chosen = torch.zeros_like(groups, dtype=torch.bool).scatter_(1, places, True)
    return np.packbits((chosen if largest else ~chosen).numpy())


def main() -> None:
    """Run every mode on every input."""
    out = {"versions": np.array([f"torch=={torch.__version__}", f"numpy=={np.__version__}"])}
    for name, x in np.load(HERE / "inputs.npz").items():
        scores = torch.from_numpy(x).abs()
        for mode, (k, m, largest) in MODES.items():
            out[f"{mode}/{name}"] = kept(scores, k, m, largest)
        for mode in ("keep_2_4", "prune_2_4"):
            out[f"{mode}_bfloat16/{name}"] = kept(scores.bfloat16(), *MODES[mode])
    np.savez_compressed(HERE.parent / "golden" / "torch_topk.npz", **out)


if __name__ == "__main__":
    main()
