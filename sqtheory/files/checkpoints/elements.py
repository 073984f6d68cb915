"""What the bytes of a tensor mean: numbers numpy has a type for, and codes of formats that it lacks."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.formats import BFLOAT16, E2M1, E2M3, E3M2, E4M3, E5M2, E8M0, FloatFormat
from sqtheory.alphabet.quantizers import cast
from sqtheory.files.checkpoints.entries import Source, booleans, decoded, fill, widen

_PIECE = 3 << 18
"""Bytes decoded at once: a whole number of codes of 4, 6, 8 and 16 bits."""
_F32 = np.dtype("<f4")


@final
@dataclass(frozen=True)
class Native:
    """Numbers or booleans of a type that numpy has, in little-endian order."""

    code: str

    @property
    def bits(self) -> int:
        """Bits of one entry."""
        return 8 * np.dtype(self.code).itemsize

    @property
    def widened(self) -> bool:
        """The values are wider than the entries: float16 comes as float32."""
        return self.code == "<f2"

    def decode(self, raw: NDArray[np.uint8]) -> NDArray[Any]:
        """The entries that bytes stand for; ValueError for a boolean that is neither 0 nor 1."""
        return booleans(raw) if self.code == "|b1" else widen(raw.view(self.code))

    def nearest(self, values: NDArray[Any]) -> NDArray[Any]:
        """The nearest values of this type, in the dtype they came in; beyond its range ±∞."""
        with np.errstate(over="ignore"):
            return values.astype(self.code).astype(values.dtype)

    def encode(self, values: NDArray[Any]) -> NDArray[np.uint8]:
        """The bytes of values that this type has exactly; ValueError for any other value."""
        if values.dtype == self.code:
            return np.ascontiguousarray(values).reshape(-1).view(np.uint8)
        with np.errstate(over="ignore", invalid="ignore"):
            stored = values.astype(self.code)
            same = stored.dtype.kind == values.dtype.kind
            exact = same and np.array_equal(stored.astype(values.dtype), values, equal_nan=stored.dtype.kind == "f")
        if not exact:
            raise ValueError(f"values of dtype {values.dtype} are not all values of {stored.dtype.name}: round first")
        return stored.reshape(-1).view(np.uint8)


@final
@dataclass(frozen=True)
class Coded:
    """Codes of a small floating-point format; those narrower than a byte are packed, the first in the lowest bits."""

    fmt: FloatFormat
    negative_zero: bool = True
    """Whether the code of −0 means −0; otherwise it is NaN (the formats called FNUZ)."""

    @property
    def bits(self) -> int:
        """Bits of one entry."""
        return self.fmt.bits

    @property
    def widened(self) -> bool:
        """The values are wider than the codes: they come as float32."""
        return True

    @cached_property
    def _table(self) -> NDArray[np.float32]:
        table = self.fmt.code_values.astype(np.float32)
        if not self.negative_zero:
            table[table.size // 2] = np.nan
        return table

    def decode(self, raw: NDArray[np.uint8]) -> NDArray[Any]:
        """The float32 values that the bytes of a whole number of codes stand for."""
        if self.bits in (8, 16):
            return np.take(self._table, raw.view(f"<u{self.bits // 8}"))
        codes, count = _group(self.bits)
        words = raw.reshape(-1, count).astype(np.uint32) << (8 * np.arange(count, dtype=np.uint32))
        shifts = self.bits * np.arange(codes, dtype=np.uint32)
        split = (np.bitwise_or.reduce(words, axis=1, keepdims=True) >> shifts) & ((1 << self.bits) - 1)
        return np.take(self._table, split.reshape(-1))

    def nearest(self, values: NDArray[Any]) -> NDArray[Any]:
        """The nearest values of this format, in the dtype they came in; beyond its range ±∞ or NaN, if it has them."""
        return cast(self.fmt, saturate=self.fmt.overflow is None)(values)

    def encode(self, values: NDArray[Any]) -> NDArray[np.uint8]:
        """The bytes of values that this format has exactly; ValueError for any other value."""
        flat = values.reshape(-1)
        if self.bits == 16:  # the upper half of a float32, NaN and infinities included
            word = flat.astype(_F32).view("<u4")
            if np.any(word & 0xFFFF):
                raise ValueError(f"values are not all values of {self.fmt.name}: round first")
            halves: NDArray[np.uint8] = (word >> 16).astype("<u2").view(np.uint8)
            return halves
        codes = self.fmt.encode(flat if self.negative_zero else flat + 0.0).astype(np.uint8)
        if self.bits == 8:
            return codes
        per_group, count = _group(self.bits)
        shifts = self.bits * np.arange(per_group, dtype=np.uint32)
        words = np.bitwise_or.reduce(codes.reshape(-1, per_group).astype(np.uint32) << shifts, axis=1)
        raw: NDArray[np.uint8] = words.astype("<u4").view(np.uint8).reshape(-1, 4)[:, :count]
        return raw.reshape(-1)


Element: TypeAlias = Native | Coded

ELEMENTS: Mapping[str, Element] = MappingProxyType(
    {
        "BOOL": Native("|b1"),
        **{f"{kind}{8 * n}": Native(np.dtype(f"<{kind.lower()}{n}").str) for kind in "IU" for n in (1, 2, 4, 8)},
        **{f"F{8 * n}": Native(f"<f{n}") for n in (2, 4, 8)},
        "BF16": Coded(BFLOAT16),
        **{"F8_E4M3": Coded(E4M3), "F8_E5M2": Coded(E5M2), "F8_E8M0": Coded(E8M0)},
        "F8_E4M3FNUZ": Coded(FloatFormat("e4m3fnuz", 4, 3, 8), negative_zero=False),
        "F8_E5M2FNUZ": Coded(FloatFormat("e5m2fnuz", 5, 2, 16), negative_zero=False),
        **{"F6_E2M3": Coded(E2M3), "F6_E3M2": Coded(E3M2), "F4": Coded(E2M1)},
    }
)
"""Every real type of the safetensors format by its name there."""
BITS: Mapping[str, int] = MappingProxyType({name: element.bits for name, element in ELEMENTS.items()} | {"C64": 64})
"""Bits of one entry, of the complex type too."""


def nbytes_of(dtype: str, shape: tuple[int, ...]) -> int:
    """Bytes of a tensor of a type in ``BITS``; ValueError when its codes do not fill the last byte."""
    bits = BITS[dtype] * math.prod(shape)
    if bits % 8:
        raise ValueError(f"{BITS[dtype]}-bit codes of shape {shape} do not fill their last byte")
    return bits // 8


def read_values(source: Source, nbytes: int, element: Element) -> NDArray[Any]:
    """The next entries of a stream; those that come wider than they are stored are decoded in pieces."""
    if element.widened:
        return decoded(source, nbytes, 8 * nbytes // element.bits, _PIECE, element.decode)
    return element.decode(fill(source, nbytes))


def _group(bits: int) -> tuple[int, int]:
    """The smallest number of codes that fill whole bytes, and that number of bytes."""
    total = math.lcm(bits, 8)
    return total // bits, total // 8
