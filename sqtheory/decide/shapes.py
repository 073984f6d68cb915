"""The smallest tensors that hold whole mask groups and whole scale blocks."""

import math

from sqtheory.partition import Blocks, Channels, Columns, Heads, Partition, Shape, Tiles
from sqtheory.quantizers import Quantizer
from sqtheory.scores import Given, Partnered
from sqtheory.sparsifiers import BlockSparsifier, FixedMask, Sparsifier, TopSparsifier

FEW = 4
"""Entries along an axis that nothing asks for."""


def default_shape(s: Sparsifier, q: Quantizer) -> Shape:
    """One row as long as a common multiple of group and block; two axes only where a partition needs them.

    Groups that are as large as the tensor (or its row) meet two scale blocks. Masks, scores and scales given as
    arrays bring their shape.
    """
    given = _given(s)
    if given is not None:
        return given
    partitions = (q.partition, s.unit if isinstance(s, BlockSparsifier) else s.groups)
    last = [b.size for b in partitions if isinstance(b, Blocks) and b.axis in (-1, 1)]
    last += [b.columns for b in partitions if isinstance(b, Tiles)]
    first = [b.size for b in partitions if isinstance(b, Blocks) and b.axis in (0, -2)]
    first += [b.rows for b in partitions if isinstance(b, Tiles)]
    first += [b.count_ for b in partitions if isinstance(b, Heads) and b.axis == 0]
    width = math.lcm(*last)
    length = math.lcm(*first)
    open_ended = isinstance(s, BlockSparsifier) or not isinstance(s.groups, Blocks)
    if _flat(partitions):
        side = math.lcm(width, length)
        return (_enough(s, side * (2 if open_ended and side > 1 else 1)),)
    return max(length, 2), _enough(s, width)


def _flat(partitions: tuple[Partition, ...]) -> bool:
    """One axis is enough for these partitions."""
    return not any(
        isinstance(b, Channels | Columns | Heads | Tiles) or (isinstance(b, Blocks) and b.axis not in (-1, 0))
        for b in partitions
    )


def _enough(s: Sparsifier, side: int) -> int:
    """A length at which the mask can prune something."""
    least = FEW
    if isinstance(s, TopSparsifier) and isinstance(s.keep, int) and not isinstance(s.groups, Blocks):
        least = max(least, s.keep + 1)
    return side * -(-least // side)


def _given(s: Sparsifier) -> Shape | None:
    """The shape that an array inside the pipeline prescribes."""
    if isinstance(s, FixedMask):
        return s.kept.values.shape or None
    if isinstance(s.score, Given):
        return s.score.scores.values.shape or None
    if isinstance(s.score, Partnered):
        return (s.score.partner.values.shape[1],)
    return None
