"""Write golden/llmcompressor_masks.npz: what llm-compressor's pruners leave of a Linear's weight.

Packages: llmcompressor==0.14.0.1 compressed-tensors==0.19.0 transformers==5.17.0 torch==2.13.0+cpu numpy==2.4.6.
Python 3.11.7.
The images of the functions that its modifiers call for a layer: Wanda with every input's norm 1, SparseGPT with the
identity as Hessian, dampening 0.01 and blocks of 128 columns, and the unstructured mask maker of the magnitude
modifier. k and m of a mode are its arguments: k of m are *pruned*. ``half``: sparsity 0.5 without k and m.
``wanda_2_4_of_254``, ``sparsegpt_2_4_of_254`` and ``…_of_255``: the input's first columns only, a short last group.
Values, not masks, for the functions give the weights; the magnitude modifier's masks are packed bits.
"""

from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from llmcompressor.modifiers.pruning.sparsegpt import sgpt_sparsify
from llmcompressor.modifiers.pruning.utils.pytorch import PruningMaskFactory
from llmcompressor.modifiers.pruning.utils.pytorch.mask_factory import PruningMaskCreatorArgs
from llmcompressor.modifiers.pruning.wanda import wanda_sparsify

HERE = Path(__file__).parent
PACKAGES = ("llmcompressor", "compressed-tensors", "transformers", "torch", "numpy")
TIED = ("equal", "signs", "halves", "integers", "levels")
MODES = {
    "2_4": (("normal", "sparse", *TIED), 2, 4),
    "1_4": (TIED, 1, 4),
    "4_8": (TIED, 4, 8),
    "half": (("normal", "sparse", *TIED), 0, 0),
}


def layer(x: np.ndarray) -> torch.nn.Linear:
    """A Linear without bias whose weight is x."""
    linear = torch.nn.Linear(*reversed(x.shape), bias=False)
    linear.weight.data = torch.from_numpy(x.copy())
    return linear.requires_grad_(False)


def wanda(x: np.ndarray, k: int, m: int) -> np.ndarray:
    one = layer(x)
    return wanda_sparsify.sparsify_weight(one, {one: torch.ones(x.shape[1])}, 0.5, k, m).numpy()


def sparsegpt(x: np.ndarray, k: int, m: int) -> np.ndarray:
    one = layer(x)
    return sgpt_sparsify.sparsify_weight(one, {one: torch.eye(x.shape[1])}, 0.5, k, m, 128, 0.01, False)[1].numpy()


def magnitude(x: np.ndarray, sparsity: float) -> np.ndarray:
    weight = torch.nn.Parameter(torch.from_numpy(x), requires_grad=False)
    maker = PruningMaskFactory.create_mask_creator("unstructured")
    return np.packbits(maker(PruningMaskCreatorArgs(weight, sparsity, weight.abs())).numpy())


def main() -> None:
    """Run every mode on its inputs."""
    inputs = dict(np.load(HERE / "inputs.npz"))
    out = {"versions": np.array([f"{package}=={version(package)}" for package in PACKAGES])}
    for mode, (names, k, m) in MODES.items():
        for name in names:
            out[f"wanda_{mode}/{name}"] = wanda(inputs[name], k, m)
            out[f"sparsegpt_{mode}/{name}"] = sparsegpt(inputs[name], k, m)
    for columns in (254, 255):
        for name in ("levels", "integers"):
            short = inputs[name][:, :columns]
            out[f"wanda_2_4_of_{columns}/{name}"] = wanda(short, 2, 4)
            out[f"sparsegpt_2_4_of_{columns}/{name}"] = sparsegpt(short, 2, 4)
    for name, x in inputs.items():
        for mode, sparsity in (("half", 0.5), ("three_quarters", 0.75)):
            out[f"magnitude_{mode}/{name}"] = magnitude(x, sparsity)
    np.savez_compressed(HERE.parent / "golden" / "llmcompressor_masks.npz", **out)


if __name__ == "__main__":
    main()
