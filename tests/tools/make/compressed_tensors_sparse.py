"""Write golden/compressed_tensors_sparse.npz: the 2:4 masks of compressed-tensors' last sparse compressor.

Packages: compressed-tensors==0.14.0.1 psutil (which it imports and does not require)
torch==2.13.0+cpu numpy==2.4.6. Python 3.11.7. (0.20.1 has no such compressor:
asking for it raises KeyError.)
``2_4`` and ``2_4_bfloat16`` are the bit masks that the sparse-24-bitmask compressor stores of a dense tensor of that
type; ``2_4_e4m3`` those of the tensor's cast to float8_e4m3fn, which it ranks by the magnitude of
its bytes read as signed integers (without the input ``spread``, which overflows the type).
``bitmask`` is the image of the unstructured sparse-bitmask compressor, stored and read back, of inputs with zeros.
"""

from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from compressed_tensors.compressors.sparse_compressors.sparse_24_bitmask import Sparse24BitMaskTensor
from compressed_tensors.compressors.sparse_compressors.sparse_bitmask import BitmaskTensor
from compressed_tensors.utils import unpack_bitmasks

HERE = Path(__file__).parent
PACKAGES = ("compressed-tensors", "torch", "numpy")
TYPES = {"2_4": torch.float32, "2_4_bfloat16": torch.bfloat16, "2_4_e4m3": torch.float8_e4m3fn}


def mask(x: np.ndarray, dtype: torch.dtype) -> np.ndarray:
    stored = Sparse24BitMaskTensor.from_dense(torch.from_numpy(x).to(dtype))
    return np.packbits(unpack_bitmasks(stored.bitmask, list(x.shape)).numpy())


def main() -> None:
    """Run every mode on every input."""
    inputs = dict(np.load(HERE / "inputs.npz"))
    out = {"versions": np.array([f"{package}=={version(package)}" for package in PACKAGES])}
    for mode, dtype in TYPES.items():
        for name, x in inputs.items():
            if mode != "2_4_e4m3" or name != "spread":
                out[f"{mode}/{name}"] = mask(x, dtype)
    for name in ("masked", "sparse", "empty", "integers"):
        out[f"bitmask/{name}"] = BitmaskTensor.from_dense(torch.from_numpy(inputs[name])).decompress().numpy()
    np.savez_compressed(HERE.parent / "golden" / "compressed_tensors_sparse.npz", **out)


if __name__ == "__main__":
    main()
