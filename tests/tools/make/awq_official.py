"""Write golden/awq_official.npz: the grid of the official code of AWQ, rounded to nearest.

Source: github.com/mit-han-lab/llm-awq at d6e797a42b9ef7778de8ee2352116e0f48a78d61; the argument is its folder
awq/quantize. Packages: torch==2.13.0+cpu numpy==2.4.6. Python 3.11.7.
``pseudo_quantize_tensor(w, n_bit, zero_point=True, q_group_size)`` of quantizer.py, without the imports around it:
``asym_4_group_32``, ``asym_4_group_128``, ``asym_3_group_128`` and ``asym_4_row``. With zero_point=False it raises
UnboundLocalError.
"""

import ast
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).parent
COMMIT = "d6e797a42b9ef7778de8ee2352116e0f48a78d61"
INPUTS = ("normal", "positive", "negative", "masked", "masked_positive", "signs", "halves", "levels", "equal", "empty")
MODES = {
    "asym_4_group_32": (4, 32),
    "asym_4_group_128": (4, 128),
    "asym_3_group_128": (3, 128),
    "asym_4_row": (4, -1),
}


def quantizer() -> Callable[..., torch.Tensor]:
    """The function itself."""
    tree = ast.parse((Path(sys.argv[1]) / "quantizer.py").read_text(encoding="utf-8"))
    tree.body = [node for node in tree.body if getattr(node, "name", "") == "pseudo_quantize_tensor"]
    names: dict[str, object] = {"torch": torch}
    exec(compile(tree, "quantizer.py", "exec"), names)
    return names["pseudo_quantize_tensor"]


def main() -> None:
    """Run every mode on its inputs."""
    quantize, inputs = quantizer(), dict(np.load(HERE / "inputs.npz"))
    out = {"versions": np.array([f"llm-awq=={COMMIT}", f"torch=={torch.__version__}", f"numpy=={np.__version__}"])}
    for mode, (bits, group) in MODES.items():
        for name in INPUTS:
            x = torch.from_numpy(inputs[name].copy())
            out[f"{mode}/{name}"] = quantize(x, n_bit=bits, zero_point=True, q_group_size=group).numpy()
    np.savez_compressed(HERE.parent / "golden" / "awq_official.npz", **out)


if __name__ == "__main__":
    main()
