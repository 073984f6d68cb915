"""Tensors as codes, scales, offsets and places of survivors, and the values that these stand for."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.formats import Codes
from sqtheory.alphabet.partition import Shape
from sqtheory.alphabet.partition.boxes import Where
from sqtheory.arrays import Array, Mask
from sqtheory.files.bits import unpack_bits
from sqtheory.files.packing.coding import compiled_values
from sqtheory.files.packing.images import image_of, shifted_image
from sqtheory.files.packing.schema import CODES, DTYPES, INDICES, Schema

CHUNK = 1 << 18
"""Entries handled at once."""


@final
@dataclass(frozen=True, eq=False)
class Packed:
    """A tensor as its schema and the arrays it describes: ``codes``, ``scales``, ``offsets``, …, ``indices``."""

    schema: Schema
    arrays: Mapping[str, NDArray[Any]]

    def __post_init__(self) -> None:
        """ValueError for arrays that are not those of the schema."""
        self.schema.check({part: (a.dtype.newbyteorder("<"), a.shape) for part, a in self.arrays.items()})

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return sum(array.nbytes for array in self.arrays.values())

    @property
    def padding(self) -> int:
        """Bits that only fill last bytes: 8 · nbytes less the bits of codes, scales, offsets and places."""
        return 8 * self.nbytes - self.schema.bits

    @property
    def bits_per_entry(self) -> Fraction:
        """Bits of all arrays, the padding included, over the number of entries."""
        return Fraction(8 * self.nbytes, max(self.schema.size, 1))


@final
@dataclass(frozen=True, eq=False)
class Slab:
    """Entries that lie together, with the level, the scale and, where blocks have one, the offset of each.

    The level of a pruned entry is +0, or the zero point: then it stands for +0 as well.
    """

    schema: Schema
    where: Where
    levels: Array
    scales: Array
    offsets: Array | None
    kept: Mask | None
    """None where every entry is kept."""

    @property
    def values(self) -> Array:
        """What the entries are, +0 where pruned."""
        offsets = self.schema.offsets
        if offsets is None or self.offsets is None:
            return image_of(self.levels, self.scales)
        image = shifted_image(self.levels, self.scales, self.offsets, offsets.meaning, self.schema.format)
        return image if self.kept is None else np.where(self.kept, image, image.dtype.type(0))


def unpack(packed: Packed, memory: Callable[[Shape, np.dtype[Any]], Array] = np.empty) -> Array:
    """x_i = fl(σ_B · c_i) for kept entries, or what c_i means beside an offset; +0 for pruned ones.

    The values lie in what ``memory`` gives for their shape and dtype. ValueError for arrays that hold no such tensor.
    """
    schema = packed.schema
    out = memory(schema.shape, np.dtype(DTYPES[schema.dtype]))
    codes, (scales, offsets), kept = _decoded(packed)
    plain = offsets is None
    if not (plain and compiled_values(codes, schema.format, schema.boxes, scales, kept, out)):
        for slab in _slabs(packed, codes, (scales, offsets), kept):
            out[slab.where] = slab.values
    return out


def slabs_of(packed: Packed) -> Iterator[Slab]:
    """The tensor in pieces along its first axis; raises as ``unpack``."""
    return _slabs(packed, *_decoded(packed))


def _decoded(packed: Packed) -> tuple[Codes, tuple[Array, Array | None], Mask | None]:
    """The codes, scales and offsets, and which entries are kept, where not all are; raises as ``unpack``."""
    schema, arrays = packed.schema, packed.arrays
    dtype, grid = np.dtype(DTYPES[schema.dtype]), schema.boxes.grid(schema.shape)
    codes = unpack_bits(arrays[CODES], schema.format.bits, schema.kept)
    scales = schema.scales.decode(arrays, grid, dtype)
    offsets = None if schema.offsets is None else schema.offsets.decode(arrays, grid, dtype, schema.format)
    if schema.mask is None:
        return codes, (scales, offsets), None
    kept = schema.mask.decode(arrays[INDICES], schema.shape)
    if np.count_nonzero(kept) != schema.kept:
        raise ValueError(f"the mask keeps {np.count_nonzero(kept)} entries, {schema.kept} have codes")
    return codes, (scales, offsets), kept


def _slabs(packed: Packed, codes: Codes, grid: tuple[Array, Array | None], kept: Mask | None) -> Iterator[Slab]:
    schema, (scales, offsets) = packed.schema, grid
    dtype = np.dtype(DTYPES[schema.dtype])
    table = schema.format.code_values.astype(dtype)
    known = bool(np.all(np.isfinite(table)))
    every: Mask = np.broadcast_to(np.bool_(True), schema.shape) if kept is None else kept
    zero_point = schema.offsets is not None and schema.offsets.meaning.subtracted
    done = 0
    for where, cells in schema.boxes.bands(schema.shape, CHUNK):
        here = every[where]
        count = here.size if kept is None else int(np.count_nonzero(here))
        own = np.take(table, codes[done : done + count])
        if not known and not np.all(np.isfinite(own)):
            raise ValueError(f"a code is no number of {schema.format}")
        beside = None if offsets is None else schema.boxes.spread(offsets[cells], here.shape)
        if kept is None:
            levels = own.reshape(here.shape)
        else:
            levels = np.array(beside) if zero_point else np.zeros(here.shape, dtype)
            levels[here] = own
        scale = schema.boxes.spread(scales[cells], here.shape)
        yield Slab(schema, where, levels, scale, beside, None if kept is None else here)
        done += count
