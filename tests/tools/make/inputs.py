"""Write inputs.npz: the tensors that every tool was run on, 8 × 256, float32.

Run with any numpy; what is committed is the file, not the stream of random numbers.
"""

from itertools import product
from pathlib import Path

import numpy as np

SHAPE = (8, 256)


def inputs() -> dict[str, np.ndarray]:
    """By name: two-signed and one-signed, with and without ties, zeros, and blocks of zeros."""
    rng = np.random.default_rng(18)
    normal = rng.standard_normal(SHAPE).astype(np.float32)
    levels = np.array(list(product((0, 1, 2, 3), repeat=4)), np.float32).ravel()
    signs = rng.choice(np.array([-1, 1], np.float32), SHAPE)
    groups = np.abs(normal).reshape(-1, 4)
    kept = np.argsort(np.argsort(-groups, axis=1), axis=1).reshape(SHAPE) < 2
    halves = rng.integers(-16, 17, SHAPE).astype(np.float32) / 2
    top = rng.choice(np.array([8, -8, 7], np.float32), (8, 16))
    halves.reshape(8, 16, 16)[:, :, 3] = top
    empty = normal.copy()
    empty[1], empty[3, 64:160] = 0, 0
    spread = normal * np.exp2(rng.integers(-12, 13, (8, 1))).astype(np.float32)
    return {
        "normal": normal,
        "bfloat16": (normal.view(np.uint32) & 0xFFFF0000).view(np.float32),
        "positive": np.abs(normal),
        "negative": -np.abs(normal),
        "masked": normal * kept,
        "masked_positive": np.abs(normal) * kept,
        "masked_negative": -np.abs(normal) * kept,
        "equal": np.ones(SHAPE, np.float32),
        "signs": signs,
        "halves": halves,
        "integers": rng.integers(-2, 3, SHAPE).astype(np.float32),
        "levels": np.concatenate([levels, levels * np.resize([1, -1, -1], levels.size)])
        .reshape(SHAPE)
        .astype(np.float32),
        "sparse": normal * (rng.random(SHAPE) < 0.4),
        "empty": empty,
        "spread": spread.astype(np.float32),
    }


if __name__ == "__main__":
    positive_zeros = {name: np.asarray(x + 0, np.float32) for name, x in inputs().items()}
    np.savez_compressed(Path(__file__).with_name("inputs.npz"), **positive_zeros)
