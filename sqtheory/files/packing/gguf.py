"""Codes as blocks of the types of GGUF that have them exactly."""

from dataclasses import dataclass
from typing import final

import numpy as np

from sqtheory.alphabet.formats import E2M1, E4M3, IQ4, IntFormat
from sqtheory.alphabet.scaling.offset_meaning import OffsetMeaning
from sqtheory.arrays import Array
from sqtheory.exceptions import InputRefused, first_at
from sqtheory.files.checkpoints.gguf_blocks import EXPANSIONS
from sqtheory.files.packing.gguf_encoders import ENCODERS, Octets
from sqtheory.files.packing.packed import Packed, slabs_of, unpack
from sqtheory.files.packing.scales import CodedScales
from sqtheory.files.packing.schema import Schema

_LONG = 256
"""Entries of a block of ternary codes."""


@final
@dataclass(frozen=True)
class BlockType:
    """A type of blocks: its entries, and how many of them have one scale."""

    name: str
    entries: int
    run: int

    def holds(self, schema: Schema) -> bool:
        """Whether it has all codes of a schema, and what its blocks have beside them."""
        fmt, offsets, scales = schema.format, schema.offsets, schema.scales
        added = offsets is not None and offsets.meaning is OffsetMeaning.addend
        match self.name:
            case "Q4_1" | "Q5_1":
                return added and fmt.bits <= (4 if self.name == "Q4_1" else 5)
            case "NVFP4":
                return fmt == E2M1 and scales == CodedScales(E4M3)
            case "MXFP4":
                return fmt == E2M1
            case "IQ4_NL":
                return fmt == IQ4
            case "TQ1_0" | "TQ2_0":
                whole = schema.view is None and (schema.block[-1] % _LONG == 0 or schema.block[-1] >= schema.shape[-1])
                return fmt == IntFormat(2) and whole and schema.shape[-1] % _LONG == 0
        return fmt.kind == "integer" and offsets is None and fmt.bits <= int(self.name[1])


TYPES = (
    *(BlockType("TQ1_0", _LONG, _LONG), BlockType("Q4_0", 32, 32), BlockType("Q4_1", 32, 32)),
    *(BlockType("Q5_0", 32, 32), BlockType("Q5_1", 32, 32), BlockType("Q8_0", 32, 32)),
    *(BlockType("IQ4_NL", 32, 32), BlockType("NVFP4", 64, 16), BlockType("MXFP4", 32, 32)),
)
"""In this order the first that holds a tensor is taken: among those of the same codes the one of the fewest bits."""
OTHERS = (BlockType("TQ2_0", _LONG, _LONG),)
"""Types that are written where they are asked for."""


def type_of(schema: Schema, name: str | None = None) -> BlockType:
    """The type of blocks with the fewest bits that has all levels of a format, or the one of this name.

    InputRefused where there is none, or where its blocks do not divide a row.
    """
    fmt, shape = schema.format, schema.logical
    if schema.dtype != "F32" or not shape or not schema.size:
        raise InputRefused(f"blocks of GGUF stand for float32 entries, got {schema.dtype} of shape {shape}")
    asked = [one for one in (*TYPES, *OTHERS) if one.name == name] or TYPES
    found = next((one for one in asked if one.holds(schema)), None)
    if found is None:
        known, offsets = ", ".join(one.name for one in asked), schema.offsets
        beside = "" if offsets is None else f" under offsets {offsets.meaning.value}"
        raise InputRefused(f"{known} have no codes of {fmt}{beside}: {schema.operator}")
    if shape[-1] % found.entries:
        which = f"{found.name} are {found.entries} entries of a row, which do not divide the {shape[-1]} of a row"
        raise InputRefused(f"blocks of GGUF's {which}")
    return found


def blocks_of(packed: Packed, name: str | None = None) -> tuple[str, Octets]:
    """The type, and the bytes of the blocks [n, bytes] in C order of the tensor.

    A reader makes of them the values of ``unpack``, where 0 may have either sign. InputRefused, naming the block,
    for a scale or an offset that the type does not have, or that changes inside its run of entries.
    """
    kind = type_of(packed.schema, name)
    levels, scales, offsets = _spread(packed, kind)
    for what, each in (("scale", scales), ("offset", offsets)):
        changes = each != each[..., :1]
        if changes.any():
            block = first_at(changes)[0]
            few = f"{kind.name} has one {what} for {kind.run} entries of a row, block {block} has several"
            raise InputRefused(f"{few}: {packed.schema.operator or packed.schema.boxes}")
    blocks = ENCODERS[kind.name](levels, scales[..., 0], offsets[..., 0], packed.schema.format)
    values = packed.schema.in_place(unpack(packed)).reshape(-1, kind.entries)
    read = EXPANSIONS[kind.name](blocks)
    wrong = read != values
    if wrong.any():
        at = first_at(wrong)
        where = f"{values[at]}, entry {at[1]} of block {at[0]}"
        raise InputRefused(f"{where}, would be read from {kind.name} as {read[at]}")
    return kind.name, blocks


def _spread(packed: Packed, kind: BlockType) -> tuple[Array, Array, Array]:
    """The level of every entry in rows of a block; its scale and offset, in runs that share one."""
    shape = packed.schema.shape
    levels, scales, offsets = (np.zeros(shape, np.float32) for _ in range(3))
    for slab in slabs_of(packed):
        levels[slab.where], scales[slab.where] = slab.levels, slab.scales
        if slab.offsets is not None:
            offsets[slab.where] = slab.offsets
    levels, scales, offsets = (packed.schema.in_place(one) for one in (levels, scales, offsets))
    runs = (-1, kind.entries // kind.run, kind.run)
    return levels.reshape(-1, kind.entries), scales.reshape(runs), offsets.reshape(runs)
