"""The smallest tensors with two mask groups and two scale blocks on every axis that the operators name."""

import math
from collections.abc import Iterator

from sqtheory.alphabet.partition import Blocks, Channels, Columns, Heads, Partition, Rows, Shape, Tiles
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.scores import Given, Partnered
from sqtheory.alphabet.sparsifiers import BlockSparsifier, FixedMask, Sparsifier, TopSparsifier

FEW = 4
"""Entries along the last axis at least, and along one that boxes take whole."""
MOST = 64
"""So many times as long as its boxes ask an axis becomes at most so that the mask prunes something."""


def default_shape(s: Sparsifier, q: Quantizer) -> Shape:
    """Two boxes of every kind along every axis on which they are bounded; a vector where none names another axis.

    A tensor, or a row, that is one group is long enough to lose an entry. Masks, scores and scales given as arrays
    bring their shape.
    """
    given = _given(s)
    if given is not None:
        return given
    boxes = (q.partition, s.unit if isinstance(s, BlockSparsifier) else s.groups)
    axes = max(_axes(b) for b in boxes)
    sizes: list[list[int]] = [[] for _ in range(axes)]
    for axis, size in (named for b in boxes for named in _bounded(b, axes)):
        sizes[axis % axes].append(size)
    whole = {axis % axes for b in boxes for axis in _whole(b)} | {axes - 1}
    shape = [_length(found, FEW if axis in whole else 2) for axis, found in enumerate(sizes)]
    if isinstance(s.score, Partnered) and s.score.partner is not None:
        return (*shape[:-1], s.score.partner.values.shape[1])
    long = _along(s, axes)
    stretched = ((*shape[:long], k * shape[long], *shape[long + 1 :]) for k in range(1, MOST + 1))
    return next((tried for tried in stretched if _prunes(s, tried)), tuple(shape))


def _axes(b: Partition) -> int:
    """How many axes a tensor needs for these boxes to be no coincidence of vectors."""
    if isinstance(b, Blocks | Channels | Heads):
        return 1 if isinstance(b, Blocks) and b.axis == -1 else max(2, b.axis + 1, -b.axis)
    return 2 if isinstance(b, Rows | Columns | Tiles) else 1


def _bounded(b: Partition, axes: int) -> Iterator[tuple[int, int]]:
    """The axes on which a tensor has several of these boxes, and the side of a box there; 1: any number is whole."""
    if isinstance(b, Blocks):
        yield b.axis, b.size
    elif isinstance(b, Tiles):
        yield from ((-2, b.rows), (-1, b.columns))
    elif isinstance(b, Heads):
        yield b.axis, b.count_
    elif isinstance(b, Channels):
        yield b.axis, 1
    elif isinstance(b, Rows):
        yield from ((axis, 1) for axis in range(axes - 1))
    elif isinstance(b, Columns):
        yield -1, 1


def _whole(b: Partition) -> tuple[int, ...]:
    """The axes along which one box holds all entries of a line."""
    return (-1,) if isinstance(b, Rows) else (-2,) if isinstance(b, Columns) else ()


def _length(sizes: list[int], least: int) -> int:
    """The least multiple of all sides with two boxes of each, no shorter than asked."""
    side = math.lcm(*sizes)
    if sizes and side == max(sizes):
        side *= 2
    return side * -(-least // side)


def _along(s: Sparsifier, axes: int) -> int:
    """The axis that makes the groups of a mask larger."""
    if isinstance(s, BlockSparsifier):
        return next((axis for axis in range(axes - 1, -1, -1) if _several(s.unit, axis, axes)), axes - 1)
    upright = isinstance(s.groups, Columns) or (isinstance(s.groups, Channels) and s.groups.axis in (-1, axes - 1))
    return axes - 2 if upright else axes - 1


def _several(unit: Partition, axis: int, axes: int) -> bool:
    """A tensor that is longer along this axis has more of these units."""
    longer = tuple(1024 if a == axis else 512 for a in range(axes))
    return unit.count(longer) > unit.count((512,) * axes)


def _prunes(s: Sparsifier, shape: Shape) -> bool:
    """A group that is no run of entries is large enough to lose one; a mask that keeps all never is."""
    if isinstance(s, BlockSparsifier):
        return s.budget(s.unit.count(shape)) < s.unit.count(shape)
    if isinstance(s, TopSparsifier) and not isinstance(s.groups, Blocks):
        size = math.prod(s.groups.sides(shape))
        return s.budget(size) < size
    return True


def _given(s: Sparsifier) -> Shape | None:
    """The shape that an array inside the mask prescribes."""
    if isinstance(s, FixedMask):
        return s.kept.values.shape or None
    if isinstance(s.score, Given):
        return s.score.scores.values.shape or None
    return None
