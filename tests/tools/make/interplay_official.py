"""Write golden/interplay_official.npz: the official code of "Effective Interplay between Sparsity and Quantization".

Source: github.com/parsa-epfl/quantization-sparsity-interplay at bed02bf39c79ae4523bb3de021643c6b95181d05; the argument
is its folder src/transformers (its ``bfp`` is imported without the transformers fork around it).
Packages: torch==2.13.0+cpu numpy==2.4.6. Python 3.11.7.
The images of ``float_to_bfp_blocked`` for a weight, on a CPU, rounding_mode "determ" (its default, "stoc", is random),
epsilon 1e-8, as its scripts have it. ``2_4``, ``1_4``, ``half``: pruned only (k of 4 *kept*; half of the tensor).
``hbfp8``, ``hbfp6``, ``hbfp4``: mant_bits 7, 5, 3 in blocks of 64 along a row; ``int8``, ``int4``: the SparseGPT code's
quantizer, symmetric, per row. ``hbfp6_of_64th``: of the input over 64, times 64. ``2_4_then_hbfp6`` has first "s",
``hbfp6_then_2_4`` first "q", and so on.
"""

import sys
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, sys.argv[1])

from bfp.bfp_ops import float_to_bfp_blocked, unpack_bfp_args

HERE = Path(__file__).parent
COMMIT = "bed02bf39c79ae4523bb3de021643c6b95181d05"
TIED = ("equal", "signs", "halves", "integers", "levels")
SPARSE = {
    "2_4": {"sparsity_mode": "structured", "N": 2, "M": 4},
    "1_4": {"sparsity_mode": "structured", "N": 1, "M": 4},
    "half": {"sparsity_mode": "unstructured", "sparsity_frac": 0.5},
}
FORMATS = {
    "hbfp8": {"sparsity_num_format": "bfp", "mant_bits": 7, "block_size": 64},
    "hbfp6": {"sparsity_num_format": "bfp", "mant_bits": 5, "block_size": 64},
    "hbfp4": {"sparsity_num_format": "bfp", "mant_bits": 3, "block_size": 64},
    "int8": {"sparsity_num_format": "int", "mant_bits": 8},
    "int4": {"sparsity_num_format": "int", "mant_bits": 4},
}


def image(x: np.ndarray, **options: object) -> np.ndarray:
    """What the code makes of a weight."""
    given = unpack_bfp_args({"num_format": "bfp", "rounding_mode": "determ", "epsilon": 1e-8, **options})
    return float_to_bfp_blocked(torch.from_numpy(x.copy()), **given, identifier="w").numpy()


def main() -> None:
    """Run every mode on its inputs."""
    inputs = dict(np.load(HERE / "inputs.npz"))
    out = {"versions": np.array([f"interplay=={COMMIT}", f"torch=={torch.__version__}", f"numpy=={np.__version__}"])}
    for mask, sparse in SPARSE.items():
        for name in TIED:
            out[f"{mask}/{name}"] = image(inputs[name], w_sparsity=True, **sparse)
    for mode, grid in FORMATS.items():
        for name in ("normal", "positive", "negative", "signs", "halves", "spread"):
            out[f"{mode}/{name}"] = image(inputs[name], **grid)
    for name in ("normal", *TIED):
        out[f"hbfp6_of_64th/{name}"] = 64 * image(inputs[name] / 64, **FORMATS["hbfp6"])
    for mask in ("2_4", "half"):
        for mode in ("hbfp6", "hbfp4", "int4"):
            for name in ("normal", "halves", "levels"):
                both = {"w_sparsity": True, **SPARSE[mask], **FORMATS[mode]}
                out[f"{mask}_then_{mode}/{name}"] = image(inputs[name], first="s", **both)
                out[f"{mode}_then_{mask}/{name}"] = image(inputs[name], first="q", **both)
    np.savez_compressed(HERE.parent / "golden" / "interplay_official.npz", **out)


if __name__ == "__main__":
    main()
