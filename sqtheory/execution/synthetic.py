"""Files of standard normal tensors, on which time and memory are measured."""

import json
from pathlib import Path
from typing import Any

import numpy as np

DTYPES: dict[str, np.dtype[Any]] = {"F16": np.dtype("<f2"), "F32": np.dtype("<f4")}
"""Types of stored entries by their names in safetensors."""
PIECE = 1 << 20
"""Entries drawn at once: writing a file takes little memory, however long it is."""


def write_normal(path: Path, count: int, rows: int, width: int, stored: str) -> Path:
    """Write ``count`` matrices of ``rows`` × ``width`` float32 standard normal draws, stored as F16 or F32; the path.

    Names are ``0.weight``, ``1.weight``, …; the same arguments give the same bytes.
    """
    rng, dtype = np.random.default_rng(0), DTYPES[stored]
    nbytes = dtype.itemsize * rows * width
    listing = {
        f"{i}.weight": {"dtype": stored, "shape": [rows, width], "data_offsets": [i * nbytes, (i + 1) * nbytes]}
        for i in range(count)
    }
    header = json.dumps(listing).encode()
    with path.open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        left = count * rows * width
        while left:
            left -= len(drawn := rng.standard_normal(min(PIECE, left), np.float32))
            file.write(drawn.astype(dtype).tobytes())
    return path
