"""Write golden/torch_cuda.npz: what torch keeps on a GPU.

Packages: torch==2.11.0+cu130 numpy. Python 3.12. An NVIDIA GPU of compute capability 8.0 or more; made on one of 9.0.
``topk`` ranks |x| in float32. The two-way tile of the semi-structured kernels takes float16 and gives values, ranked
as they are or, with its other algorithm, by magnitude; its inputs are the float16 roundings, repeated to fill a kernel.
"""

from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).parent
TILE = ("normal", "equal", "signs", "halves", "integers", "levels", "positive", "negative", "sparse")


def kept(x: np.ndarray, k: int, m: int, largest: bool) -> np.ndarray:
    """Packed bits of what topk selects of every m, or does not where it selects the smallest."""
    groups = torch.from_numpy(x).cuda().abs().reshape(-1, m)
    chosen = torch.zeros_like(groups, dtype=torch.bool).scatter_(
        1, groups.topk(k, dim=1, largest=largest).indices, True
    )
    return np.packbits((chosen if largest else ~chosen).cpu().numpy())


def tile(x: np.ndarray, algorithm: str) -> np.ndarray:
    """The image of float16 roundings of x under the two-way 4 × 4 mask."""
    dense = torch.from_numpy(np.tile(x, (8, 1))).cuda().half()
    bits = torch._sparse_semi_structured_tile(dense, algorithm=algorithm, use_cutlass=True)[-1]
    return torch._sparse_semi_structured_apply_dense(dense, bits)[: len(x)].float().cpu().numpy()


def main() -> None:
    """Run every mode on every input."""
    inputs = dict(np.load(HERE / "inputs.npz"))
    out = {"versions": np.array([f"torch=={torch.__version__}", f"cuda=={torch.version.cuda}"])}
    for name, x in inputs.items():
        for mode, k, m, largest in (
            ("keep_2_4", 2, 4, True),
            ("prune_2_4", 2, 4, False),
            ("keep_1_4", 1, 4, True),
            ("keep_4_8", 4, 8, True),
            ("keep_row_half", 128, 256, True),
            ("prune_row_half", 128, 256, False),
        ):
            out[f"{mode}/{name}"] = kept(x, k, m, largest)
    for name in TILE:
        out[f"tile_signed/{name}"] = tile(inputs[name], "")
        out[f"tile_magnitude/{name}"] = tile(inputs[name], "largest_abs_values_greedy")
    np.savez_compressed(HERE.parent / "golden" / "torch_cuda.npz", **out)


if __name__ == "__main__":
    main()
