"""Offsets of blocks: zero points that are codes, or numbers stored as scales are."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import prod
from typing import Annotated, Any, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.formats import Format
from sqtheory.alphabet.partition import Shape
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.scaling.offset_meaning import OffsetMeaning
from sqtheory.arrays import Array
from sqtheory.exceptions import InputRefused, first_at
from sqtheory.files.bits import pack_bits, stream_bytes, unpack_bits
from sqtheory.files.packing.scales import (
    BYTE,
    SCALES,
    Arrays,
    CodedScales,
    Layout,
    RealScales,
    Scales,
    SignedScales,
    scales_of,
)
from sqtheory.records import Kinds

OFFSETS = "offsets"


class Offsets(ABC):
    """How the offsets of a grid of blocks are stored, and what they are."""

    meaning: OffsetMeaning

    @abstractmethod
    def bits(self, fmt: Format) -> int:
        """Bits of one block's offset."""

    @abstractmethod
    def layout(self, grid: Shape, fmt: Format) -> Layout:
        """Dtype and shape of every array that holds the offsets of a grid."""

    @abstractmethod
    def encode(self, offsets: Array, fmt: Format) -> dict[str, NDArray[Any]]:
        """The arrays that hold these offsets exactly; InputRefused, naming the block, where they cannot."""

    @abstractmethod
    def decode(self, arrays: Arrays, grid: Shape, dtype: np.dtype[Any], fmt: Format) -> Array:
        """The offsets again; ValueError for arrays of this layout that hold none."""

    def check(self, fmt: Format) -> None:
        """Raise ValueError for a format whose codes no offset goes with: one with a negative number."""
        if fmt.min != 0 or fmt.kind != "integer":
            raise ValueError(f"offsets go with codes 0 … 2^k−1, not with those of {fmt}")


@final
@dataclass(frozen=True)
class CodeOffsets(Offsets):
    """z as a code of the format, the zero points of all blocks one stream of bits."""

    meaning = OffsetMeaning.code

    def bits(self, fmt: Format) -> int:
        return fmt.bits

    def layout(self, grid: Shape, fmt: Format) -> Layout:
        return {OFFSETS: (BYTE, (stream_bytes(prod(grid), fmt.bits),))}

    def encode(self, offsets: Array, fmt: Format) -> dict[str, NDArray[Any]]:
        wrong = ~((offsets >= 0) & (offsets <= fmt.max) & (offsets == np.floor(offsets)))
        if wrong.any():
            block = first_at(wrong)
            raise InputRefused(f"the zero point {offsets[block]} of block {block} is no code of {fmt}")
        return {OFFSETS: pack_bits(offsets.astype(np.uint16), fmt.bits)}

    def decode(self, arrays: Arrays, grid: Shape, dtype: np.dtype[Any], fmt: Format) -> Array:
        return unpack_bits(arrays[OFFSETS], fmt.bits, prod(grid)).astype(dtype).reshape(grid)


@final
@dataclass(frozen=True)
class NumberOffsets(Offsets):
    """The offset as a number of either sign."""

    meaning: OffsetMeaning
    numbers: Annotated[Scales, Kinds({"signed": SignedScales, "coded": CodedScales})]

    def __post_init__(self) -> None:
        if self.meaning is OffsetMeaning.code:
            raise ValueError("a zero point that is a code is stored as one")

    def bits(self, fmt: Format) -> int:
        return self.numbers.bits[0]

    def layout(self, grid: Shape, fmt: Format) -> Layout:
        return {OFFSETS: self.numbers.layout(grid)[SCALES]}

    def encode(self, offsets: Array, fmt: Format) -> dict[str, NDArray[Any]]:
        return {OFFSETS: self.numbers.encode(offsets)[SCALES]}

    def decode(self, arrays: Arrays, grid: Shape, dtype: np.dtype[Any], fmt: Format) -> Array:
        return self.numbers.decode({SCALES: arrays[OFFSETS]}, grid, dtype)


def offsets_of(q: Quantizer, offsets: Array | None, real: str | None) -> Offsets | None:
    """How the offsets of a quantizer are stored; None where blocks have none."""
    meaning = q.scaling.meaning
    if meaning is None or offsets is None:
        return None
    if meaning is OffsetMeaning.code:
        return CodeOffsets()
    match scales_of(q, offsets, real):
        case CodedScales() as coded:
            return NumberOffsets(meaning, coded)
        case RealScales(dtype=dtype) | SignedScales(dtype=dtype):
            return NumberOffsets(meaning, SignedScales(dtype))
        case other:
            raise ValueError(f"offsets are no {type(other).__name__}")
