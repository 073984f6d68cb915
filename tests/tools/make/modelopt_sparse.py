"""Write golden/modelopt_sparse.npz: the 2:4 masks of Model-Optimizer.

Packages: nvidia-modelopt==0.47.0 requests huggingface_hub (both imported, not required) torch==2.13.0+cpu
numpy==2.4.6. Python 3.11.7.
``magnitude`` and ``magnitude_bfloat16``: mts.sparsify(model, "sparse_magnitude") of a Sequential of one Linear, in
float32 and in bfloat16. ``sparsegpt``: mts.sparsify(model, "sparsegpt") with the unit vectors as its data, so that its
Hessian is a multiple of the identity. ``quantized_first``: "sparse_magnitude" after mtq.quantize to INT4 blocks
(per row): bits of the mask, all ones where the layer has none.
"""

from importlib.metadata import version
from pathlib import Path

import modelopt.torch.quantization as mtq
import modelopt.torch.sparsity as mts
import numpy as np
import torch

HERE = Path(__file__).parent
PACKAGES = ("nvidia-modelopt", "torch", "numpy")


def model(x: np.ndarray, dtype: torch.dtype = torch.float32) -> torch.nn.Sequential:
    """A Sequential of a Linear without bias whose weight is x."""
    one = torch.nn.Sequential(torch.nn.Linear(*reversed(x.shape), bias=False, dtype=dtype))
    one[0].weight.data = torch.from_numpy(x.copy()).to(dtype)
    return one


def packed(sparse: torch.nn.Module) -> np.ndarray:
    mask = getattr(sparse[0], "_weight_mask", None)
    return np.packbits(np.ones(tuple(sparse[0].weight.shape), bool) if mask is None else mask.numpy())


def magnitude(x: np.ndarray, dtype: torch.dtype) -> np.ndarray:
    return packed(mts.sparsify(model(x, dtype), mode="sparse_magnitude"))


def sparsegpt(x: np.ndarray) -> np.ndarray:
    data = [torch.eye(x.shape[1])]
    return packed(mts.sparsify(model(x), mode="sparsegpt", config={"data_loader": data, "collect_func": lambda a: a}))


def quantized_first(x: np.ndarray) -> np.ndarray:
    layers = {"*weight_quantizer": {"num_bits": 4, "axis": 0, "enable": True}, "*input_quantizer": {"enable": False}}
    quantized = mtq.quantize(model(x), {"quant_cfg": layers, "algorithm": "max"})
    return packed(mts.sparsify(quantized, mode="sparse_magnitude"))


def main() -> None:
    """Run every mode on every input."""
    out = {"versions": np.array([f"{package}=={version(package)}" for package in PACKAGES])}
    for name, x in np.load(HERE / "inputs.npz").items():
        out[f"magnitude/{name}"] = magnitude(x, torch.float32)
        out[f"magnitude_bfloat16/{name}"] = magnitude(x, torch.bfloat16)
        out[f"sparsegpt/{name}"] = sparsegpt(x)
        out[f"quantized_first/{name}"] = quantized_first(x)
    np.savez_compressed(HERE.parent / "golden" / "modelopt_sparse.npz", **out)


if __name__ == "__main__":
    main()
