"""Codes as blocks of 32 in the types of GGUF that have them exactly: Q4_0, Q5_0, Q8_0 and MXFP4."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.formats import E2M1, Format
from sqtheory.arrays import Array
from sqtheory.exceptions import InputRefused, first_at
from sqtheory.files.checkpoints.gguf_blocks import EXPANSIONS
from sqtheory.files.packing.packed import Packed, slabs_of, unpack
from sqtheory.files.packing.schema import Schema

BLOCK = 32
"""Entries of a row under one scale."""
_INTEGERS = (("Q4_0", 4), ("Q5_0", 5), ("Q8_0", 8))
"""Types of integers by the bits of a code, in two's complement; scales are numbers of float16 of either sign."""
Octets = NDArray[np.uint8]


def type_of(schema: Schema) -> str:
    """The type of blocks with the fewest bits that has all levels of a format; InputRefused where none has."""
    fmt, shape = schema.format, schema.logical
    if schema.dtype != "F32" or not shape or not schema.size:
        raise InputRefused(f"blocks of GGUF stand for float32 entries, got {schema.dtype} of shape {shape}")
    if shape[-1] % BLOCK:
        raise InputRefused(f"blocks of GGUF are {BLOCK} entries of a row, which do not divide the {shape[-1]} of a row")
    if fmt == E2M1:
        return "MXFP4"
    if fmt.kind == "integer":
        for name, bits in _INTEGERS:
            if fmt.bits <= bits:
                return name
    raise InputRefused(f"{_types()} have no codes of {fmt}")


def blocks_of(packed: Packed) -> tuple[str, Octets]:
    """The type, and the bytes of the blocks [n, bytes] in C order of the tensor.

    A reader makes of them the values of ``unpack``, where 0 may have either sign. InputRefused, naming the block,
    for a scale that the type does not have, or that changes inside a block.
    """
    name = type_of(packed.schema)
    levels, scales = _spread(packed)
    changes = scales != scales[:, :1]
    if changes.any():
        block = first_at(changes)[0]
        few = f"{name} has one scale for {BLOCK} entries of a row, block {block} has several"
        raise InputRefused(f"{few}: {packed.schema.operator or packed.schema.boxes}")
    blocks = _ENCODERS[name](levels, scales[:, 0], packed.schema.format)
    values = packed.schema.in_place(unpack(packed)).reshape(-1, BLOCK)
    wrong = EXPANSIONS[name](blocks) != values
    if wrong.any():
        at = first_at(wrong)
        read = EXPANSIONS[name](blocks)[at]
        raise InputRefused(f"{values[at]}, entry {at[1]} of block {at[0]}, would be read from {name} as {read}")
    return name, blocks


def _spread(packed: Packed) -> tuple[Array, Array]:
    """The level and the scale of every entry of the tensor, in rows of a block."""
    shape = packed.schema.shape
    levels, scales = np.empty(shape, np.float32), np.empty(shape, np.float32)
    for slab in slabs_of(packed):
        levels[slab.where], scales[slab.where] = slab.levels, slab.scales
    return tuple(packed.schema.in_place(one).reshape(-1, BLOCK) for one in (levels, scales))  # type: ignore[return-value]


def _q4_0(levels: Array, scales: Array, fmt: Format) -> Octets:
    return _joined(_halves(scales, "Q4_0"), _nibbles((levels + 8).astype(np.uint8)))


def _q5_0(levels: Array, scales: Array, fmt: Format) -> Octets:
    codes = (levels + 16).astype(np.uint8)
    high = np.packbits(codes >> np.uint8(4), axis=1, bitorder="little")
    return _joined(_halves(scales, "Q5_0"), high, _nibbles(codes & np.uint8(15)))


def _q8_0(levels: Array, scales: Array, fmt: Format) -> Octets:
    return _joined(_halves(scales, "Q8_0"), levels.astype(np.int8).view(np.uint8))


def _mxfp4(levels: Array, scales: Array, fmt: Format) -> Octets:
    significand, power = np.frexp(scales)
    code = np.where(scales == 0, 0, power + 126)
    _refuse(scales, (scales != 0) & ((significand != 0.5) | (code < 0) | (code > 254)), "MXFP4", "2^−127 … 2^127")
    codes = fmt.encode(levels + np.float32(0)).view(np.uint8)  # there is no −0
    return _joined(code.astype(np.uint8)[:, None], _nibbles(codes.reshape(levels.shape)))


_ENCODERS: Mapping[str, Callable[[Array, Array, Format], Octets]] = MappingProxyType(
    {"Q4_0": _q4_0, "Q5_0": _q5_0, "Q8_0": _q8_0, "MXFP4": _mxfp4}
)


def _types() -> str:
    return ", ".join(_ENCODERS)


def _halves(scales: Array, name: str) -> Octets:
    """The bytes of scales in float16."""
    with np.errstate(over="ignore"):
        halves = scales.astype("<f2")
    _refuse(scales, halves.astype(np.float32) != scales, name, "numbers of float16, as stored(float16, …) makes them")
    return halves.view(np.uint8).reshape(-1, 2)


def _refuse(scales: Array, wrong: NDArray[np.bool_], name: str, which: str) -> None:
    if wrong.any():
        [block] = first_at(wrong)
        raise InputRefused(f"scales of {name} are {which}: that of block {block}, {scales[block]}, is none")


def _nibbles(codes: Octets) -> Octets:
    """The low halves of 16 bytes are the first 16 codes, the high halves the others."""
    return codes[:, :16] | codes[:, 16:] << np.uint8(4)


def _joined(*parts: Octets) -> Octets:
    return np.ascontiguousarray(np.concatenate(parts, axis=1))
