"""Write golden/wanda_official.npz: what the official code of Wanda leaves, by Wanda and by magnitude.

Source: github.com/locuslab/wanda at 8e8fc87b4a2f9955baa7e76e64d5fce7fa8724a6, whose folder is the argument (its imports
of transformers and datasets are given empty modules). Packages: torch==2.13.0+cpu numpy==2.4.6. Python 3.11.7.
The images that ``prune_wanda`` and ``prune_magnitude`` leave in a model of one layer, with the unit vectors as data, so
that every input's norm is 1. ``2_4``, ``1_4``, ``4_8``: so many *pruned*; ``half``: a sparsity_ratio of 0.5 without n
and m, of a row by Wanda, of the tensor by magnitude. ``wanda_variant_half``: with use_variant, where it does not raise.
"""

import sys
from contextlib import suppress
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import torch

sys.path.insert(0, sys.argv[1])
for missing in ("transformers", "datasets"):
    sys.modules[missing] = ModuleType(missing)
sys.modules["datasets"].load_dataset = None

from lib import prune  # noqa: E402

HERE = Path(__file__).parent
COMMIT = "8e8fc87b4a2f9955baa7e76e64d5fce7fa8724a6"
INPUTS = ("normal", "sparse", "equal", "signs", "halves", "integers", "levels")
SHARES = {"2_4": (2, 4), "1_4": (1, 4), "4_8": (4, 8), "half": (0, 0)}


class Layer(torch.nn.Module):
    """A Linear that is run, and whose input is handed on."""

    def __init__(self, x: np.ndarray) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(*reversed(x.shape), bias=False)
        self.linear.weight.data = torch.from_numpy(x.copy())

    def forward(self, x: torch.Tensor, **_: object) -> tuple[torch.Tensor]:
        self.linear(x)
        return (x,)


class Model(torch.nn.Module):
    """What the code asks of a language model."""

    def __init__(self, x: np.ndarray) -> None:
        super().__init__()
        self.model = torch.nn.Module()
        self.model.layers = torch.nn.ModuleList([Layer(x)])
        self.config = SimpleNamespace(use_cache=False, hidden_size=x.shape[1])
        self.seqlen, self.hf_device_map = x.shape[1], {}

    def forward(self, x: torch.Tensor) -> None:
        self.model.layers[0](x, attention_mask=None, position_ids=None)


def image(x: np.ndarray, how: str, n: int, m: int, variant: bool = False) -> np.ndarray:
    """What is left of x."""
    model = Model(x).requires_grad_(False)
    args = SimpleNamespace(nsamples=1, seed=0, sparsity_ratio=0.5, use_variant=variant)
    getattr(prune, how)(args, model, None, torch.device("cpu"), prune_n=n, prune_m=m)
    return model.model.layers[0].linear.weight.numpy()


def main() -> None:
    """Run every mode on every input."""
    prune.get_loaders = lambda *_, seqlen, **__: ([(torch.eye(seqlen)[None],)], None)
    torch.Tensor.cuda = lambda tensor: tensor
    inputs = dict(np.load(HERE / "inputs.npz"))
    out = {"versions": np.array([f"wanda=={COMMIT}", f"torch=={torch.__version__}", f"numpy=={np.__version__}"])}
    for name in INPUTS:
        for mode, (n, m) in SHARES.items():
            out[f"wanda_{mode}/{name}"] = image(inputs[name], "prune_wanda", n, m)
            out[f"magnitude_{mode}/{name}"] = image(inputs[name], "prune_magnitude", n, m)
        with suppress(RuntimeError):
            out[f"wanda_variant_half/{name}"] = image(inputs[name], "prune_wanda", 0, 0, True)
    np.savez_compressed(HERE.parent / "golden" / "wanda_official.npz", **out)


if __name__ == "__main__":
    main()
