"""Write golden/torch_prune.npz: the masks of torch.nn.utils.prune.

Packages: torch==2.13.0+cpu numpy==2.4.6. Python 3.11.7.
l1_unstructured of the weight of a Linear: ``half`` prunes a share of 0.5 of the tensor, ``three_quarters`` 0.75, and
``count_777`` 777 entries of it. ln_structured (n=2): ``rows_half`` prunes half of the rows, ``columns_half`` half of
the columns. global_unstructured (L1) of two layers, the input and its half: ``global_half`` is the first one's mask,
``global_half_second`` the other's.
"""

from pathlib import Path

import numpy as np
import torch
from torch.nn.utils import prune

HERE = Path(__file__).parent


def layer(x: np.ndarray) -> torch.nn.Linear:
    """A Linear without bias whose weight is x."""
    linear = torch.nn.Linear(*reversed(x.shape), bias=False)
    linear.weight.data = torch.from_numpy(x.copy())
    return linear


def packed(linear: torch.nn.Linear) -> np.ndarray:
    return np.packbits(linear.weight_mask.numpy() != 0)


def main() -> None:
    """Run every mode on every input."""
    out = {"versions": np.array([f"torch=={torch.__version__}", f"numpy=={np.__version__}"])}
    for name, x in np.load(HERE / "inputs.npz").items():
        for mode, amount in (("half", 0.5), ("three_quarters", 0.75), ("count_777", 777)):
            out[f"{mode}/{name}"] = packed(prune.l1_unstructured(layer(x), "weight", amount=amount))
        for mode, dim in (("rows_half", 0), ("columns_half", 1)):
            out[f"{mode}/{name}"] = packed(prune.ln_structured(layer(x), "weight", amount=0.5, n=2, dim=dim))
        both = [layer(x), layer(x / 2)]
        prune.global_unstructured([(one, "weight") for one in both], prune.L1Unstructured, amount=0.5)
        out[f"global_half/{name}"], out[f"global_half_second/{name}"] = map(packed, both)
    np.savez_compressed(HERE.parent / "golden" / "torch_prune.npz", **out)


if __name__ == "__main__":
    main()
