"""Operands and results of an NVIDIA H200, bit for bit: see README.md beside the data."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import final

import ml_dtypes
import numpy as np

from sqtheory.arrays import Array

DATA = Path(__file__).parent / "reference" / "h200-dot-products.npz"


@cache
def arrays() -> dict[str, np.ndarray]:
    with np.load(DATA) as held:
        return dict(held)


@final
@dataclass(frozen=True)
class Draw:
    """One TYPE/K of the data."""

    operand: str
    length: int

    def __str__(self) -> str:
        return f"{self.operand}-{self.length}"

    def __getitem__(self, what: str) -> np.ndarray:
        return arrays()[f"{self.operand}/{self.length}/{what}"]

    @property
    def kinds(self) -> list[str]:
        """Which instructions and kernels ran."""
        head = f"{self.operand}/{self.length}/"
        return [key[len(head) :] for key in arrays() if key.startswith(head) and key[len(head) :] not in "abckept"]

    def values(self, what: str) -> Array:
        """Operands as float32."""
        bits = self[what]
        match self.operand:
            case "e4m3":
                return np.asarray(bits.view(ml_dtypes.float8_e4m3fn), np.float32)
            case "e5m2":
                return np.asarray(bits.view(ml_dtypes.float8_e5m2), np.float32)
            case "f16":
                return bits.view(np.float16).astype(np.float32)
            case "bf16":
                return (bits.astype(np.uint32) << 16).view(np.float32)
            case _:
                return bits.view(np.float32)

    @property
    def kept(self) -> np.ndarray:
        return np.unpackbits(self["kept"], axis=1).astype(bool)


def draws() -> list[Draw]:
    names = sorted({tuple(key.split("/")[:2]) for key in arrays()})
    return [Draw(operand, int(length)) for operand, length in names]
