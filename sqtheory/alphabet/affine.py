"""Affine quantizers: unsigned codes under a scale and an offset of every block."""

from enum import Enum
from functools import cache
from inspect import signature
from typing import Any, TypedDict, Unpack

from sqtheory.alphabet.formats import FloatFormat, UnsignedFormat
from sqtheory.alphabet.options import USUAL, check_options
from sqtheory.alphabet.partition import Blocks, Partition, Tail
from sqtheory.alphabet.quantized import NanRule
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.rounding import Rounding, nearest_even
from sqtheory.alphabet.scaling import (
    Affine,
    Edge,
    FittedOffset,
    Middle,
    Minimum,
    Misfit,
    Range,
    RealZero,
    SearchedZero,
    ZeroPoint,
)
from sqtheory.alphabet.signatures import spelled_out
from sqtheory.exceptions import need


class Offset(Enum):
    """What an affine quantizer has beside its scale.

    >>> affine(4, offset=Offset.float, block=2)([1.0, 16.0])
    array([ 1., 16.])
    """

    integer = "a zero point, the code of 0"
    float = "the least number of the range"
    midpoint = "the number of the code in the middle"
    edge = "the end of larger magnitude, under a scale that makes 0 a level"
    real = "a zero point that is no integer"
    searched = "a zero point, found with the scale by a search"
    fitted = "a number that is not positive, fitted with the scale and stored as that is"

    def __str__(self) -> str:
        return self.name


class Added(Enum):
    """When an integer zero point is added to the ratio x/σ.

    >>> print(affine(4, added=Added.before))
    affine(4, added=before)
    """

    after = "after rounding"
    before = "before rounding"

    def __str__(self) -> str:
        return self.name


RULES: dict[Offset, type[Affine]] = {
    Offset.integer: ZeroPoint,
    Offset.float: Minimum,
    Offset.midpoint: Middle,
    Offset.edge: Edge,
    Offset.real: RealZero,
    Offset.searched: SearchedZero,
    Offset.fitted: FittedOffset,
}


class AffineOptions(TypedDict, total=False):
    """``block`` entries of the last axis, or the boxes ``per``, share scale and offset.

    ``rounding`` is that of codes; ``nan`` and ``tail`` as for ``Quantizer``.
    """

    block: int
    per: Partition | None
    rounding: Rounding
    nan: NanRule
    tail: Tail


_USUAL: AffineOptions = {
    "block": 64,
    "per": None,
    "rounding": USUAL["rounding"],
    "nan": USUAL["nan"],
    "tail": USUAL["tail"],
}


@cache
def _options(rule: type[Affine]) -> frozenset[str]:
    """What a rule takes."""
    return frozenset(signature(rule).parameters)


@spelled_out(AffineOptions, _USUAL)
def affine(
    k: int,
    *,
    offset: Offset = Offset.integer,
    range: Range | None = None,
    added: Added = Added.after,
    zero_rounding: Rounding = nearest_even,
    reciprocal: bool = False,
    stored: FloatFormat | None = None,
    computed: FloatFormat | None = None,
    rounded: bool = False,
    least: float = 0.0,
    most: float = 0.0,
    narrow: float = 0.0,
    misfit: Misfit = Misfit.square,
    below: int = 10,
    scale_bits: int = 6,
    count: int = 8,
    **options: Unpack[AffineOptions],
) -> Quantizer:
    """Codes 0 … 2^k−1 under a scale and an offset: σ (c − z) for an integer z, or β + σ c, from the ends of a block.

    ``offset`` says what is stored beside the scale; ``range`` which interval the codes cover, by default with 0 for an
    integer zero point and the block's own for others. ``added`` and ``zero_rounding`` belong to ``offset=integer``,
    ``least`` (a bound of σ) to ``edge``, ``rounded``, ``most`` and ``narrow`` to ``real``, ``misfit``, ``below``,
    ``scale_bits`` and ``count`` to ``fitted``; ``reciprocal``: codes are made with fl(1/σ); ``stored``: the type of
    scale and offset; ``computed``, of ``midpoint``: that of all arithmetic. See the rules in
    ``sqtheory.alphabet.scaling``: ``offsets``, ``middle``, ``searched`` and ``fitted_offset``.

    >>> affine(4, block=4)([-1.0, 0.0, 0.5, 14.0])
    array([-1.,  0.,  0., 14.])
    """
    need(offset, Offset, "offset=")
    need(added, Added, "added=")
    check_options(options, AffineOptions)
    rule = RULES[offset]
    given: dict[str, tuple[Any, bool]] = {
        "range": (range, range is not None),
        "added_before": (added is Added.before, added is not Added.after),
        "zero_rounding": (zero_rounding, zero_rounding != nearest_even),
        "reciprocal": (reciprocal, reciprocal is not False),
        "stored": (stored, stored is not None),
        "computed": (computed, computed is not None),
        "rounded": (rounded, rounded is not False),
        "least": (least, least != 0.0),
        "most": (most, most != 0.0),
        "narrow": (narrow, narrow != 0.0),
        "misfit": (misfit, misfit is not Misfit.square),
        "below": (below, below != 10),
        "scale_bits": (scale_bits, scale_bits != 6),
        "count": (count, count != 8),
    }
    asked = {name: value for name, (value, own) in given.items() if own}
    if alien := asked.keys() - _options(rule):
        raise ValueError(f"{sorted(alien)[0].removesuffix('_before')}= says nothing of offset={offset}")
    chosen: AffineOptions = {**_USUAL, **options}
    boxes = Blocks(chosen["block"]) if chosen["per"] is None else chosen["per"]
    need(boxes, Partition, "per=")
    return Quantizer(UnsignedFormat(k), rule(**asked), boxes, chosen["rounding"], True, chosen["nan"], chosen["tail"])
