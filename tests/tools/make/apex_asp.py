"""Write golden/apex_asp.npz: the 2:4 masks of apex's ASP.

Source: github.com/NVIDIA/apex at 6424da3b4faa6c8f062da4a48c424fff3f02d42d; the argument is its folder
apex/contrib/sparsity. Packages: torch==2.13.0+cpu numpy==2.4.6. Python 3.11.7.
``m4n2_1d`` and ``m4n2_1d_bfloat16``: create_mask(x, "m4n2_1d"), on a CPU: what the file asks of CUDA is given by the
CPU. Its other two patterns raise: "m4n2_2d_greedy" asks a numpy array for .cuda(), "m4n2_2d_best" gives torch.empty
tuples, and would call reshape_2d, which is nowhere.
"""

import sys
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, sys.argv[1])

from sparse_masklib import create_mask

HERE = Path(__file__).parent
COMMIT = "6424da3b4faa6c8f062da4a48c424fff3f02d42d"


def main() -> None:
    """Run every mode on every input."""
    torch.Tensor.cuda = lambda tensor: tensor
    torch.cuda.IntTensor = torch.IntTensor
    out = {"versions": np.array([f"apex=={COMMIT}", f"torch=={torch.__version__}", f"numpy=={np.__version__}"])}
    for name, x in np.load(HERE / "inputs.npz").items():
        for mode, dtype in (("m4n2_1d", torch.float32), ("m4n2_1d_bfloat16", torch.bfloat16)):
            mask = create_mask(torch.from_numpy(x).to(dtype), "m4n2_1d")
            out[f"{mode}/{name}"] = np.packbits(mask.float().numpy() != 0)
    np.savez_compressed(HERE.parent / "golden" / "apex_asp.npz", **out)


if __name__ == "__main__":
    main()
