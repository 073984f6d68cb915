"""Scales of blocks in their own width: exponents, codes under a scale of the tensor, real numbers, or none."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import Annotated, Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.formats import FloatFormat
from sqtheory.alphabet.partition import Shape
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.scaling import EXPONENT, Numbers
from sqtheory.arrays import Array
from sqtheory.exceptions import InputRefused, first_at
from sqtheory.files.bits import pack_bits, stream_bytes, unpack_bits
from sqtheory.records import Kinds

Arrays: TypeAlias = Mapping[str, NDArray[Any]]
Layout: TypeAlias = Mapping[str, tuple[np.dtype[Any], Shape]]
"""The little-endian dtype and the shape of every array by the name of the part that it is."""
BYTE = np.dtype(np.uint8)
SCALES, TENSOR_SCALE = "scales", "tensor_scale"
BIAS = 127
"""E8M0: code e stands for 2^{e−127} (OCP MX v1.0, §5.4.1)."""
_LAST = 2**EXPONENT - 2
"""The largest exponent code: the one above is NaN in E8M0 and is not used."""
FURTHEST = 2000
"""No power of two of float64 is further from 1."""
REALS: Mapping[str, np.dtype[Any]] = {"F16": np.dtype("<f2"), "F32": np.dtype("<f4"), "F64": np.dtype("<f8")}


class Scales(ABC):
    """How the scales of a grid of blocks are stored."""

    @property
    @abstractmethod
    def bits(self) -> tuple[int, int]:
        """Bits of one block's scale and of what all blocks share."""

    @abstractmethod
    def layout(self, grid: Shape) -> Layout:
        """Dtype and shape of every array that holds the scales of a grid."""

    @abstractmethod
    def encode(self, scales: Array) -> dict[str, NDArray[Any]]:
        """The arrays that hold these scales exactly; InputRefused, naming the block, where they cannot."""

    @abstractmethod
    def decode(self, arrays: Arrays, grid: Shape, dtype: np.dtype[Any]) -> Array:
        """The scales again; ValueError for arrays of this layout that hold none."""


@final
@dataclass(frozen=True)
class NoScales(Scales):
    """σ = 1."""

    @property
    def bits(self) -> tuple[int, int]:
        return 0, 0

    def layout(self, grid: Shape) -> Layout:
        return {}

    def encode(self, scales: Array) -> dict[str, NDArray[Any]]:
        _refuse(scales, scales != 1, "is not 1")
        return {}

    def decode(self, arrays: Arrays, grid: Shape, dtype: np.dtype[Any]) -> Array:
        return np.ones(grid, dtype)


@final
@dataclass(frozen=True)
class RealScales(Scales):
    """σ as a floating-point number."""

    dtype: str
    """F16, F32 or F64."""

    def __post_init__(self) -> None:
        _check_real(self.dtype)

    @property
    def bits(self) -> tuple[int, int]:
        return 8 * REALS[self.dtype].itemsize, 0

    def layout(self, grid: Shape) -> Layout:
        return {SCALES: (REALS[self.dtype], grid)}

    def encode(self, scales: Array) -> dict[str, NDArray[Any]]:
        with np.errstate(over="ignore"):
            stored = scales.astype(REALS[self.dtype])
        _refuse(scales, stored.astype(scales.dtype) != scales, f"is no number of {self.dtype}")
        return {SCALES: stored}

    def decode(self, arrays: Arrays, grid: Shape, dtype: np.dtype[Any]) -> Array:
        with np.errstate(over="ignore", invalid="ignore"):
            return _checked(arrays[SCALES].astype(dtype))


@final
@dataclass(frozen=True)
class ExponentScales(Scales):
    """σ = 2^{e − bias} as the byte e ≤ 254; a block with σ = 0 has e = 0, and zeros for codes.

    The bias is that of E8M0 unless some scale is beyond its range, and that of MXINT-k with the implied scale
    2^{−(k−2)} of its elements, so that e is the code of the shared scale of OCP MX.
    """

    bias: int = BIAS

    def __post_init__(self) -> None:
        if abs(self.bias) > FURTHEST:
            raise ValueError(f"no exponent has the bias {self.bias}")

    @property
    def bits(self) -> tuple[int, int]:
        return EXPONENT, 0

    def layout(self, grid: Shape) -> Layout:
        return {SCALES: (BYTE, grid)}

    def encode(self, scales: Array) -> dict[str, NDArray[Any]]:
        power = _powers(scales)
        code = np.where(scales == 0, 0, power + self.bias)
        _refuse(scales, (code < 0) | (code > _LAST), f"is not 2^(e − {self.bias}) for a code e from 0 to {_LAST}")
        return {SCALES: code.astype(np.uint8)}

    def decode(self, arrays: Arrays, grid: Shape, dtype: np.dtype[Any]) -> Array:
        codes = arrays[SCALES]
        if codes.max(initial=0) > _LAST:
            raise ValueError(f"exponent codes are at most {_LAST}")
        with np.errstate(over="ignore"):
            return _checked(np.asarray(np.ldexp(dtype.type(1), codes.astype(np.int32) - self.bias)))

    @classmethod
    def over(cls, scales: Array, bias: int = BIAS) -> "ExponentScales":
        """With this bias, or where it reaches not all scales with one that does, if there is one."""
        powers = _powers(scales)[scales > 0]
        low, high = int(powers.min(initial=0)), int(powers.max(initial=0))
        return cls(max(bias, -low) if high + max(bias, -low) <= _LAST else _LAST - high)


@final
@dataclass(frozen=True)
class TwoLevelScales(Scales):
    """σ_B = g·s_B with s_B a code of a small format and g one real number for the tensor."""

    format: Annotated[FloatFormat, Kinds({"float": FloatFormat})]
    dtype: str

    def __post_init__(self) -> None:
        _check_real(self.dtype)

    @property
    def bits(self) -> tuple[int, int]:
        return self.format.bits, 8 * REALS[self.dtype].itemsize

    def layout(self, grid: Shape) -> Layout:
        shape = grid if self.format.bits == 8 else (stream_bytes(prod(grid), self.format.bits),)
        return {TENSOR_SCALE: (REALS[self.dtype], ()), SCALES: (BYTE, shape)}

    def encode(self, scales: Array) -> dict[str, NDArray[Any]]:
        levels = self.format.values[self.format.values >= 0].astype(scales.dtype)
        found = np.unique(scales)
        for g in _candidates(scales, levels):
            products = _products(g, levels)
            at = np.clip(np.searchsorted(products, found), 0, levels.size - 1)
            if np.array_equal(products[at], found):
                codes = self.format.encode(levels[np.searchsorted(products, scales)])
                stream = pack_bits(codes, self.format.bits)
                coded = stream.reshape(scales.shape) if self.format.bits == 8 else stream
                return {TENSOR_SCALE: np.asarray(g, REALS[self.dtype]), SCALES: coded}
        raise InputRefused(f"the scales are not those of {self.format} under one scale of the tensor")

    def decode(self, arrays: Arrays, grid: Shape, dtype: np.dtype[Any]) -> Array:
        with np.errstate(over="ignore", invalid="ignore"):
            g = _checked(arrays[TENSOR_SCALE].astype(dtype))
            codes = unpack_bits(np.ascontiguousarray(arrays[SCALES]).reshape(-1), self.format.bits, prod(grid))
            return _checked(_products(g, _checked(self.format.decode(codes.reshape(grid), dtype))))


@final
@dataclass(frozen=True)
class CodedScales(Scales):
    """σ_B as a code of a floating-point format of 8 or 16 bits, of either sign; a block with σ = 0 has +0."""

    format: Annotated[FloatFormat, Kinds({"float": FloatFormat})]

    def __post_init__(self) -> None:
        if self.format.bits not in (8, 16):
            raise ValueError(f"scales are coded by 8 or 16 bits, {self.format} has {self.format.bits}")

    @property
    def bits(self) -> tuple[int, int]:
        return self.format.bits, 0

    def layout(self, grid: Shape) -> Layout:
        return {SCALES: (np.dtype(f"<u{self.format.bits // 8}"), grid)}

    def encode(self, scales: Array) -> dict[str, NDArray[Any]]:
        _refuse(scales, ~np.isin(scales, self.format.values), f"is no number of {self.format}")
        return {SCALES: self.format.encode(scales)}

    def decode(self, arrays: Arrays, grid: Shape, dtype: np.dtype[Any]) -> Array:
        scales = self.format.decode(arrays[SCALES], dtype)
        if not np.all(np.isfinite(scales)):
            raise ValueError("scales are finite")
        return scales


@final
@dataclass(frozen=True)
class SignedScales(Scales):
    """σ as a floating-point number of either sign."""

    dtype: str
    """F16, F32 or F64."""

    @property
    def bits(self) -> tuple[int, int]:
        return RealScales(self.dtype).bits

    def layout(self, grid: Shape) -> Layout:
        return RealScales(self.dtype).layout(grid)

    def encode(self, scales: Array) -> dict[str, NDArray[Any]]:
        return RealScales(self.dtype).encode(scales)

    def decode(self, arrays: Arrays, grid: Shape, dtype: np.dtype[Any]) -> Array:
        sizes = RealScales(self.dtype).decode({SCALES: np.abs(arrays[SCALES])}, grid, dtype)
        return np.asarray(np.copysign(sizes, arrays[SCALES].astype(dtype)))


def scales_of(q: Quantizer, scales: Array, real: str | None) -> Scales:
    """How the scales of a quantizer are stored; ``real`` (F16, F32, F64) where they are real numbers.

    By default that is the precision of the tensor.
    """
    own = "F64" if scales.dtype == np.float64 else "F32"
    kind = q.scaling.stored_as
    if kind is not None and kind.bits in (8, 16) and kind.has_zero and real is None:
        return CodedScales(kind)
    if q.scaling.signed:
        return SignedScales(real or own)
    if q.scaling.values is Numbers.dyadic:
        if not q.format.has_zero:
            _refuse(scales, scales == 0, f"has no exponent, and {q.format} no zero")
        return ExponentScales.over(scales, BIAS + q.scaling.implied_exponent(q.format))
    if q.scaling.scale_format is not None:
        return TwoLevelScales(q.scaling.scale_format, own)
    return RealScales(real or own) if any(q.scaling.bits()) else NoScales()


def _check_real(dtype: str) -> None:
    if dtype not in REALS:
        raise ValueError(f"dtype of scales is one of {', '.join(REALS)}, got {dtype!r}")


def _powers(scales: Array) -> NDArray[np.int32]:
    """log₂ σ, 0 where σ = 0."""
    significand, power = np.frexp(scales)
    _refuse(scales, (significand != 0.5) & (scales != 0), "is no power of two")
    return np.where(scales == 0, 0, power - 1).astype(np.int32)


def _candidates(scales: Array, levels: Array) -> Iterator[Array]:
    """What g can be if the largest scale is g times a number of the format, its largest number first, or else 0."""
    for level in levels[:0:-1][:256]:
        near = np.asarray(scales.max(initial=0) / level)
        yield near
        for towards in (np.inf, 0):
            step = near
            for _ in range(4):
                step = np.asarray(np.nextafter(step, scales.dtype.type(towards)))
                yield step


def _products(g: Array, levels: Array) -> Array:
    """fl(g·s), where it vanishes the smallest number of the dtype: as ``TwoLevel`` has it."""
    products = np.asarray(g * levels)
    lost = (products == 0) & (levels > 0) & (g > 0)
    return np.where(lost, np.finfo(products.dtype).smallest_subnormal, products)


def _checked(scales: Array) -> Array:
    if not np.all(np.isfinite(scales) & (scales >= 0)):
        raise ValueError("scales are finite and not negative")
    return scales


def _refuse(scales: Array, wrong: NDArray[np.bool_], why: str) -> None:
    if wrong.any():
        block = first_at(wrong)
        raise InputRefused(f"the scale {scales[block]} of block {block} {why}")
