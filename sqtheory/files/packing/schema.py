"""The description of a packed tensor, and its JSON: all that is needed to decode the arrays, and nothing to execute."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import Annotated, Any, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.formats import Codebook, FloatFormat, Format, IntFormat, UnsignedFormat
from sqtheory.alphabet.partition import Shape
from sqtheory.alphabet.partition.boxes import Boxes
from sqtheory.files.bits import stream_bytes
from sqtheory.files.checkpoints.tensors import MAX_RANK, MAX_SIZE
from sqtheory.files.packing.indices import Places, check_sides
from sqtheory.files.packing.offsets import CodeOffsets, NumberOffsets, Offsets
from sqtheory.files.packing.scales import (
    BYTE,
    CodedScales,
    ExponentScales,
    Layout,
    NoScales,
    RealScales,
    Scales,
    SignedScales,
    TwoLevelScales,
)
from sqtheory.files.views.view import View
from sqtheory.records import Kinds, as_json, fits, from_json

DTYPES: Mapping[str, str] = {"F32": "float32", "F64": "float64"}
"""The arithmetic a tensor is decoded in, in the words of safetensors and of numpy."""


CODES, INDICES = "codes", "indices"
EXPANSION = 1 << 16
"""How many bytes of values one packed byte may stand for."""
_SHORT_AXES = 10
"""Boxes come in up to 2^n shapes where the last of n axes are shorter."""
_NOT_ALWAYS = ("view", "tensor", "offsets")
WIDEST = 16
"""Bits of the widest code."""


@final
@dataclass(frozen=True)
class Schema:
    """x_i = fl(σ_B · c_i) for a kept entry i of block B, clipped to the range of the dtype; +0 for a pruned one.

    Where blocks have ``offsets`` x_i is what these mean beside σ_B (``OffsetMeaning``). ``codes`` is the stream of the
    k-bit codes (bit patterns of the format) of the kept entries in C order; ``scales`` has the shape of the grid of
    blocks; ``indices`` says which entries are kept.
    """

    shape: Shape
    dtype: str
    """F32 or F64."""
    format: Annotated[
        Format,
        Kinds({"integer": IntFormat, "float": FloatFormat, "codebook": Codebook, "unsigned": UnsignedFormat}),
    ]
    block: Shape
    """Sides of the boxes that share a scale."""
    scales: Annotated[
        Scales,
        Kinds(
            {
                "none": NoScales,
                "exponent": ExponentScales,
                "real": RealScales,
                "signed": SignedScales,
                "coded": CodedScales,
                "two_level": TwoLevelScales,
            }
        ),
    ]
    mask: Places | None
    """Where the survivors are; None where all entries are kept."""
    kept: int
    """The number of entries that have a code."""
    operator: str
    """The operator that made the values, for people."""
    view: str | None = None
    """As which matrix of a tensor the entries lie, as ``View.parse`` reads it; None for the tensor itself."""
    tensor: Shape | None = None
    """The shape of that tensor."""
    offsets: Annotated[Offsets | None, Kinds({"code": CodeOffsets, "number": NumberOffsets})] = None
    """What a block has beside its scale; None where codes stand for multiples of it."""

    def __post_init__(self) -> None:
        """ValueError where the fields contradict each other."""
        shape, block, places = self.shape, self.block, self.mask
        if self.dtype not in DTYPES:
            raise ValueError(f"dtype is one of {', '.join(DTYPES)}, got {self.dtype!r}")
        if self.format.bits > WIDEST:
            raise ValueError(f"a code has at most {WIDEST} bits, those of {self.format} have {self.format.bits}")
        if self.offsets is not None:
            self.offsets.check(self.format)
        check_sides(shape, "shape", 0)
        check_sides(block, "block", 1)
        if len(shape) > MAX_RANK or prod(n for n in shape if n) >= MAX_SIZE:
            raise ValueError(f"shape {shape} is no shape of an array")
        for what, box in (("block", block), ("group of a mask", block if places is None else places.group)):
            if len(box) != len(shape):
                raise ValueError(f"shape {shape} and {what} {box} must have as many axes")
            if sum(n > c and n % c > 0 for n, c in zip(shape, box, strict=True)) > _SHORT_AXES:
                raise ValueError(
                    f"shape {shape} must have at most {_SHORT_AXES} axes that are no multiple of {what} {box}"
                )
        if not 0 <= self.kept <= self.size or (places is None and self.kept != self.size):
            raise ValueError(f"of {self.size} entries {self.kept} cannot be kept{'' if places else ' without a mask'}")
        if places is not None:
            places.bits(shape)
        if (self.view is None) != (self.tensor is None):
            raise ValueError("a view and the shape of the tensor are there both or neither")
        if self.view is not None and self.tensor is not None:
            check_sides(self.tensor, "tensor", 0)
            if len(self.tensor) > MAX_RANK or View.parse(self.view).shape(self.tensor) != shape:
                raise ValueError(f"a tensor of shape {self.tensor} has no matrix {shape} by the view {self.view}")

    @property
    def layout(self) -> Layout:
        """The dtype and the shape of every array that belongs to this tensor."""
        codes = {CODES: (BYTE, (stream_bytes(self.kept, self.format.bits),))}
        grid = self.boxes.grid(self.shape)
        scales = self.scales.layout(grid)
        offsets = {} if self.offsets is None else self.offsets.layout(grid, self.format)
        places = {} if self.mask is None else {INDICES: (BYTE, (stream_bytes(self.mask.bits(self.shape), 1),))}
        return {**codes, **scales, **offsets, **places}

    def check(self, arrays: Layout) -> None:
        """ValueError for arrays that are not those of ``layout``, or that are few for so many entries."""
        for part in sorted({*self.layout, *arrays}):
            wanted, got = self.layout.get(part), arrays.get(part)
            if wanted != got:
                raise ValueError(f"{part} must be {_spelled(wanted)}, got {_spelled(got)}")
        nbytes = sum(dtype.itemsize * prod(shape) for dtype, shape in arrays.values())
        if self.size * np.dtype(DTYPES[self.dtype]).itemsize > EXPANSION * max(nbytes, 1):
            raise ValueError(f"{nbytes} bytes stand for {self.size} values: more than {EXPANSION} times as many bytes")

    @property
    def logical(self) -> Shape:
        """The shape of the tensor that is described."""
        return self.tensor or self.shape

    def in_place(self, values: NDArray[Any]) -> NDArray[Any]:
        """Values of this shape as those of the tensor."""
        return values if self.view is None else View.parse(self.view).back(values, self.logical)

    @property
    def boxes(self) -> Boxes:
        """The partition into blocks."""
        return Boxes(self.block)

    @property
    def size(self) -> int:
        """The number of entries."""
        return prod(self.shape)

    @property
    def bits(self) -> int:
        """Bits of codes, scales, offsets and places, as ``storage.stored_bits`` counts them."""
        block, shared = self.scales.bits
        block += 0 if self.offsets is None else self.offsets.bits(self.format)
        places = 0 if self.mask is None else self.mask.bits(self.shape)
        return self.kept * self.format.bits + self.boxes.count(self.shape) * block + shared + places

    @property
    def bits_per_entry(self) -> Fraction:
        """``bits`` over the number of entries."""
        return Fraction(self.bits, max(self.size, 1))

    def to_dict(self) -> dict[str, Any]:
        """The description, ready for JSON; of a view and of offsets only where there are any."""
        found: dict[str, Any] = as_json(self)
        return {key: part for key, part in found.items() if part is not None or key not in _NOT_ALWAYS}

    @classmethod
    def from_dict(cls, content: object) -> "Schema":
        """Read a description; ValueError for anything else."""
        return from_json(cls, {**dict.fromkeys(_NOT_ALWAYS), **content} if fits(content, dict) else content)


def _spelled(array: tuple[np.dtype[Any], Shape] | None) -> str:
    return "nothing" if array is None else f"{array[0].name} of shape {array[1]}"
