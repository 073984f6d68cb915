"""Write golden/sparseml_masks.npz: the n:m masks of sparseml.

Packages: sparseml==1.8.0 (the wheel unpacked, pip install --no-deps --target DIR, whose DIR is the argument: it needs
sparsezoo, which no longer builds), torch==2.13.0+cpu numpy==2.4.6. Python 3.11.7.
The file mask_creator.py of its pruning loaded on its own, NMPruningMaskCreator(N, M), float32 and (``bfloat16``) the
input in that type: a mode says what is *kept* of how many.
"""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import numpy as np
import torch

HERE = Path(__file__).parent


def creators() -> ModuleType:
    """The module of mask creators, without the package around it."""
    utils = ModuleType("sparseml.pytorch.utils")
    utils.memory_aware_threshold = None
    sys.modules |= {"sparseml": ModuleType("sparseml"), "sparseml.pytorch": ModuleType("sparseml.pytorch")}
    sys.modules["sparseml.pytorch.utils"] = utils
    file = Path(sys.argv[1]) / "sparseml" / "pytorch" / "sparsification" / "pruning" / "mask_creator.py"
    spec = spec_from_file_location("mask_creator", file)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    """Run every mode on every input."""
    maker = creators().NMPruningMaskCreator
    out = {"versions": np.array(["sparseml==1.8.0", f"torch=={torch.__version__}", f"numpy=={np.__version__}"])}
    for name, x in np.load(HERE / "inputs.npz").items():
        for n, m in ((1, 4), (2, 4), (3, 4), (4, 8)):
            (mask,) = maker(n, m).create_sparsity_masks([torch.from_numpy(x)], 1 - n / m)
            out[f"{n}_{m}/{name}"] = np.packbits(mask.numpy() != 0)
        (mask,) = maker(2, 4).create_sparsity_masks([torch.from_numpy(x).bfloat16()], 0.5)
        out[f"2_4_bfloat16/{name}"] = np.packbits(mask.float().numpy() != 0)
    np.savez_compressed(HERE.parent / "golden" / "sparseml_masks.npz", **out)


if __name__ == "__main__":
    main()
