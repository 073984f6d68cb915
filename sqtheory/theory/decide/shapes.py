"""The smallest tensors with two mask groups and two scale blocks on every axis that the operators name."""

import math

from sqtheory.alphabet.partition import Columns, Partition, Shape
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier

FEW = 4
"""Entries along the last axis at least, and along one that boxes take whole."""
MOST = 64
"""So many times as long as its boxes ask an axis becomes at most so that the mask prunes something."""


def default_shape(s: Sparsifier, q: Quantizer) -> Shape:
    """Two boxes of every kind along every axis on which they are bounded; a vector where none names another axis.

    A tensor, or a row, that is one group is long enough to lose an entry. Masks, scores and scales given as arrays
    bring their shape.
    """
    boxes = (q.partition, s.groups if s.units is None else s.units)
    axes = max(_axes(b) for b in boxes)
    sizes: list[list[int]] = [[] for _ in range(axes)]
    for axis, size in (named for b in boxes for named in b.bounded(axes)):
        sizes[axis % axes].append(size)
    whole = {axis % axes for b in boxes for axis in _whole(b)} | {axes - 1}
    shape = tuple(_length(found, FEW if axis in whole else 2) for axis, found in enumerate(sizes))
    if any(s.prescribed(tried) != tried for tried in (shape, tuple(n + 1 for n in shape))):
        return s.prescribed(shape)
    long = _along(s, axes)
    stretched = ((*shape[:long], k * shape[long], *shape[long + 1 :]) for k in range(1, MOST + 1))
    return next((tried for tried in stretched if _prunes(s, tried)), shape)


def _axes(b: Partition) -> int:
    """How many axes a tensor needs for these boxes to be no coincidence of vectors."""
    if not b.bounded(2) or (b.along_rows and b.run is not None):
        return 1
    return max(2, *(max(axis + 1, -axis) for axis, _ in b.bounded(2)))


def _whole(b: Partition) -> tuple[int, ...]:
    """The axes along which one box holds all entries of a line."""
    return (-2,) if isinstance(b, Columns) else (-1,) if b.along_rows and b.run is None else ()


def _length(sizes: list[int], least: int) -> int:
    """The least multiple of all sides with two boxes of each, no shorter than asked."""
    side = math.lcm(*sizes)
    if sizes and side == max(sizes):
        side *= 2
    return side * -(-least // side)


def _along(s: Sparsifier, axes: int) -> int:
    """The axis that makes the groups of a mask larger."""
    if s.units is not None:
        return next((axis for axis in range(axes - 1, -1, -1) if _several(s.units, axis, axes)), axes - 1)
    upright = s.groups.run is None and [(axis % axes, side) for axis, side in s.groups.bounded(axes)] == [(axes - 1, 1)]
    return axes - 2 if upright else axes - 1


def _several(unit: Partition, axis: int, axes: int) -> bool:
    """A tensor that is longer along this axis has more of these units."""
    longer = tuple(1024 if a == axis else 512 for a in range(axes))
    return unit.count(longer) > unit.count((512,) * axes)


def _prunes(s: Sparsifier, shape: Shape) -> bool:
    """A group that is no run of entries is large enough to lose one; a mask that keeps all never is."""
    if s.units is not None:
        return s.budget(s.units.count(shape)) < s.units.count(shape)
    if s.fixed_budget and s.groups.run is None:
        size = math.prod(s.groups.sides(shape))
        return s.budget(size) < size
    return True
