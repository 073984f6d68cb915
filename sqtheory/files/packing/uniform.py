"""Integer codes with integer zero points under real scales: what layouts of linear layers share."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.formats import BFLOAT16
from sqtheory.arrays import Array
from sqtheory.exceptions import InputRefused, first_at
from sqtheory.files.checkpoints.elements import ELEMENTS
from sqtheory.files.packing.offsets import CodeOffsets
from sqtheory.files.packing.packed import Packed, slabs_of, unpack
from sqtheory.files.packing.scales import CodedScales
from sqtheory.files.packing.schema import Schema


@final
@dataclass(frozen=True)
class UniformScheme:
    """Codes of ``bits`` bits, a scale and a zero point for each ``group`` of a row, or for a row (None)."""

    bits: int
    group: int | None
    symmetric: bool
    """The zero point is 2^{k−1} everywhere."""

    def groups(self, columns: int) -> int:
        """How many groups a row has."""
        return 1 if self.group is None else columns // self.group


@final
@dataclass(frozen=True, eq=False)
class Uniform:
    """x_{o,i} = σ_{o,g(i)} (c_{o,i} − z_{o,g(i)}), unsigned codes [out, in], zero points and scales [out, groups]."""

    codes: NDArray[np.uint8]
    zeros: NDArray[np.uint8]
    scales: Array


def scheme_of(schema: Schema, title: str, widths: Sequence[int]) -> UniformScheme:
    """The scheme of a tensor in the narrowest of some widths; InputRefused, with what ``title`` has, where none is."""
    if schema.view is not None:
        raise InputRefused(f"{title} lays out matrices [out, in], this one is a view {schema.view}")
    return scheme_of_rows(schema, title, widths)


def scheme_of_rows(schema: Schema, title: str, widths: Sequence[int]) -> UniformScheme:
    """The same of the matrix [out, in] that the entries lie as, whatever view of a tensor that is."""
    fmt, shape, offsets = schema.format, schema.shape, schema.offsets
    if len(shape) != 2 or not schema.size or schema.dtype != "F32":
        raise InputRefused(f"{title} lays out float32 matrices, got {schema.dtype} of shape {shape}")
    group, columns = schema.block[1], shape[1]
    if columns % group and group < columns:
        raise InputRefused(f"{title} has groups that divide a row or whole rows, got {schema.boxes} of {columns}")
    bits = next((k for k in widths if k >= fmt.bits), None)
    asymmetric = offsets == CodeOffsets()
    if fmt.kind != "integer" or bits is None or (offsets is not None and not asymmetric):
        known = ", ".join(map(str, widths))
        raise InputRefused(f"{title} has integers of {known} bits with integer zero points, got {schema.operator}")
    return UniformScheme(bits, None if group >= columns else group, not asymmetric)


def uniform(packed: Packed, scheme: UniformScheme) -> Uniform:
    """The codes, zero points and scales of a tensor whose scheme this is; pruned entries have the zero point."""
    schema = packed.schema
    shape, middle = schema.shape, 1 << (scheme.bits - 1)
    grid, side = schema.boxes.grid(shape), scheme.groups(shape[1])
    codes = np.empty(shape, np.uint8)
    for slab in slabs_of(packed):
        codes[slab.where] = slab.levels + (middle if scheme.symmetric else 0)
    f32 = np.dtype(np.float32)
    scales = schema.scales.decode(packed.arrays, grid, f32)
    zeros = np.full(grid, middle, np.float32)
    if schema.offsets is not None:
        zeros = schema.offsets.decode(packed.arrays, grid, f32, schema.format)
    rows = tuple(
        np.ascontiguousarray(np.broadcast_to(np.repeat(one, schema.block[0], axis=0)[: shape[0]], (shape[0], side)))
        for one in (zeros, scales)
    )
    return Uniform(codes, rows[0].astype(np.uint8), rows[1])


def small_type(schema: Schema) -> str:
    """The type of 16 bits that scales are stored in: BF16 where they are numbers of it by their rule, else F16."""
    return "BF16" if schema.scales == CodedScales(BFLOAT16) else "F16"


def small_scales(scales: Array, dtype: str, title: str) -> NDArray[np.uint16]:
    """The bits of scales in a type of 16 bits; InputRefused, naming the group, for one that it has not."""
    with np.errstate(over="ignore"):
        near = ELEMENTS[dtype].nearest(scales)
    wrong = near != scales
    if wrong.any():
        at, kind = first_at(wrong), {"F16": "float16", "BF16": "bfloat16"}[dtype]
        raise InputRefused(
            f"{title} has scales in {kind}, as stored={kind} (affine) and scaling=stored({kind}) make them: "
            f"that of row {at[0]}, group {at[1]}, {scales[at]}, is none"
        )
    return np.frombuffer(ELEMENTS[dtype].encode(scales.reshape(-1)).tobytes(), "<u2").reshape(scales.shape)


def rounded(values: Array, dtype: str) -> Array:
    """Values in the type of their scales, in which packages compute them; InputRefused, naming it, for one beyond."""
    with np.errstate(over="ignore"):
        near = ELEMENTS[dtype].nearest(values.astype(np.float32, copy=False))
    if not np.isfinite(near).all():
        at = first_at(~np.isfinite(near))
        raise InputRefused(f"{values[at]} at {at} is beyond the range of {dtype}, the type of its scale")
    return np.asarray(near)


def check_read(packed: Packed, made: Uniform, dtype: str, title: str) -> None:
    """Refuse a tensor of which a reader that computes in a type would make other values, or some beyond its range."""
    ours, side = rounded(unpack(packed), dtype), -(-made.codes.shape[1] // made.scales.shape[1])
    of = np.arange(made.codes.shape[1]) // side
    levels = made.codes.astype(np.float32) - made.zeros.astype(np.float32)[:, of]
    theirs = ELEMENTS[dtype].nearest(levels * made.scales[:, of])
    wrong = ours != theirs
    if wrong.any():
        at = first_at(wrong)
        raise InputRefused(f"{ours[at]} at {at} would be read from {title} as {theirs[at]}")
