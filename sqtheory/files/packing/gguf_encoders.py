"""The bytes of GGUF blocks [n, …] from levels [n, entries], scales [n, runs] and offsets [n, runs]."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.formats import E4M3, Format
from sqtheory.arrays import Array
from sqtheory.exceptions import InputRefused, first_at
from sqtheory.files.checkpoints.gguf_blocks import TERNARY

Octets: TypeAlias = NDArray[np.uint8]
Encoder: TypeAlias = Callable[[Array, Array, Array, Format], Octets]


def _q4_0(levels: Array, scales: Array, offsets: Array, fmt: Format) -> Octets:
    return _joined(_halves(scales, "Q4_0"), _nibbles((levels + 8).astype(np.uint8)))


def _q4_1(levels: Array, scales: Array, offsets: Array, fmt: Format) -> Octets:
    both = _halves(scales, "Q4_1"), _halves(offsets, "Q4_1", "minima")
    return _joined(*both, _nibbles(levels.astype(np.uint8)))


def _q5_0(levels: Array, scales: Array, offsets: Array, fmt: Format) -> Octets:
    return _joined(_halves(scales, "Q5_0"), *_fifths((levels + 16).astype(np.uint8)))


def _q5_1(levels: Array, scales: Array, offsets: Array, fmt: Format) -> Octets:
    both = _halves(scales, "Q5_1"), _halves(offsets, "Q5_1", "minima")
    return _joined(*both, *_fifths(levels.astype(np.uint8)))


def _q8_0(levels: Array, scales: Array, offsets: Array, fmt: Format) -> Octets:
    return _joined(_halves(scales, "Q8_0"), levels.astype(np.int8).view(np.uint8))


def _iq4_nl(levels: Array, scales: Array, offsets: Array, fmt: Format) -> Octets:
    codes = fmt.encode(levels).view(np.uint8)
    return _joined(_halves(scales, "IQ4_NL"), _nibbles(codes.reshape(levels.shape)))


def _mxfp4(levels: Array, scales: Array, offsets: Array, fmt: Format) -> Octets:
    significand, power = np.frexp(scales)
    code = np.where(scales == 0, 0, power + 126)
    _refuse(scales, (scales != 0) & ((significand != 0.5) | (code < 0) | (code > 254)), "MXFP4", "2^−127 … 2^127")
    return _joined(code.astype(np.uint8), _nibbles(_without_minus(levels, fmt)))


def _nvfp4(levels: Array, scales: Array, offsets: Array, fmt: Format) -> Octets:
    _refuse(scales, np.signbit(scales), "NVFP4", "numbers of E4M3 that are not negative")
    runs = _without_minus(levels, fmt).reshape(*scales.shape, -1)
    return _joined(E4M3.encode(scales).astype(np.uint8), _nibbles(runs).reshape(len(levels), -1))


def _tq1_0(levels: Array, scales: Array, offsets: Array, fmt: Format) -> Octets:
    """v = Σ 3^(4−j) t_j of the digits t = level + 1 of a byte, and of that ⌈256 v/243⌉."""
    digits, parts, at = (levels + 1).astype(np.uint16), [], 0
    for count, each in TERNARY:
        rows = digits[:, at : at + count * each].reshape(-1, each, count)
        value = (rows * np.array([3 ** (4 - j) for j in range(each)], np.uint16)[:, None]).sum(axis=1)
        parts.append(((value * 256 + 242) // 243).astype(np.uint8))
        at += count * each
    return _joined(*parts, _halves(scales, "TQ1_0"))


def _tq2_0(levels: Array, scales: Array, offsets: Array, fmt: Format) -> Octets:
    fields = (levels + 1).astype(np.uint8).reshape(-1, 2, 4, 32) << np.array([0, 2, 4, 6], np.uint8)[:, None]
    return _joined(np.bitwise_or.reduce(fields, axis=2).reshape(len(levels), 64), _halves(scales, "TQ2_0"))


ENCODERS: Mapping[str, Encoder] = MappingProxyType(
    {
        **{"Q4_0": _q4_0, "Q4_1": _q4_1, "Q5_0": _q5_0, "Q5_1": _q5_1, "Q8_0": _q8_0, "IQ4_NL": _iq4_nl},
        **{"MXFP4": _mxfp4, "NVFP4": _nvfp4, "TQ1_0": _tq1_0, "TQ2_0": _tq2_0},
    }
)
"""By the name of a type; of the bytes ``EXPANSIONS`` makes the values again."""


def _halves(numbers: Array, name: str, what: str = "scales") -> Octets:
    """The bytes of numbers [n, 1] in float16."""
    with np.errstate(over="ignore"):
        halves = numbers.astype("<f2")
    how = "numbers of float16, as stored(float16, …) makes them"
    _refuse(numbers, halves.astype(np.float32) != numbers, name, how, what)
    return halves.view(np.uint8).reshape(-1, 2)


def _refuse(numbers: Array, wrong: NDArray[np.bool_], name: str, which: str, what: str = "scales") -> None:
    if wrong.any():
        at = first_at(wrong)
        raise InputRefused(f"{what} of {name} are {which}: that of block {at[0]}, {numbers[at]}, is none")


def _without_minus(levels: Array, fmt: Format) -> Octets:
    """The codes of levels; there is no −0."""
    return fmt.encode(levels + np.float32(0)).view(np.uint8).reshape(levels.shape)


def _nibbles(codes: Octets) -> Octets:
    """Of the last axis the first half of the codes in the low halves of bytes, the other in the high halves."""
    half = codes.shape[-1] // 2
    return codes[..., :half] | codes[..., half:] << np.uint8(4)


def _fifths(codes: Octets) -> tuple[Octets, Octets]:
    """The highest bits of codes of 5 bits, the first in the lowest bit, and the others."""
    return np.packbits(codes >> np.uint8(4), axis=1, bitorder="little"), _nibbles(codes & np.uint8(15))


def _joined(*parts: Octets) -> Octets:
    return np.ascontiguousarray(np.concatenate(parts, axis=1))
