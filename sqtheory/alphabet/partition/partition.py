"""Partitions of a tensor into boxes: the one type for blocks that share a scale and groups that share a budget."""

import itertools
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any, ClassVar, TypeAlias, TypeVar, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.exceptions import Indivisible

SLAB = 1 << 19
"""Entries of a tensor taken at once."""
Shape: TypeAlias = tuple[int, ...]
Scalar = TypeVar("Scalar", bound=np.generic)


class Tail(Enum):
    """What to do where an axis is not a whole number of boxes.

    >>> from sqtheory import nm
    >>> nm(2, 4, tail=Tail.short)([3, 1, 2])
    array([3., 0., 2.])
    """

    short = "the last box is shorter; of an n:m mask it keeps its share, ⌈n·r/m⌉ of r entries"
    error = "refuse the tensor"
    keep = "the last group of an n:m mask is shorter and keeps n as the others do, or all it has"
    prune = "the last group of an n:m mask is shorter and loses m − n as the others do, or all it has"

    @property
    def of_masks(self) -> bool:
        """It says what a short group of n:m keeps, and nothing of other boxes."""
        return self in (Tail.keep, Tail.prune)

    def kept(self, n: int, m: int, size: int) -> int:
        """How many of so many entries of a group of an n:m mask stay, ``size`` ≤ m."""
        if self is Tail.keep:
            return min(n, size)
        return max(0, size - (m - n)) if self is Tail.prune else -(-n * size // m)

    def __str__(self) -> str:
        return self.name


class Partition(ABC):
    """A partition of the index set of a tensor into boxes of one size; at an axis' end a box may be shorter.

    The box of index (i₁, …, i_d) is (⌊i₁/c₁⌋, …, ⌊i_d/c_d⌋) for the sides c = ``sides(shape)``. Boxes
    form a grid; ``split`` lists them as rows of two-dimensional arrays, one array for each box shape.

    >>> from sqtheory import Blocks
    >>> Blocks(4).overlaps(Blocks(6), (12,)).nested
    False
    """

    straight: ClassVar[bool] = True
    """The box of an entry is the quotient of its index by the sides."""

    @abstractmethod
    def sides(self, shape: Shape) -> Shape:
        """Side of a full box along every axis of a tensor of this shape."""

    @property
    def run(self) -> int | None:
        """n where every full box is a run of n entries along one axis, whatever the tensor; None for other boxes."""
        return None

    @property
    def period(self) -> int | None:
        """The m of an n:m mask in these boxes: ``run``, whatever the row they are seen in."""
        return self.run

    @property
    def along_rows(self) -> bool:
        """Every box is a run along the last axis of any tensor."""
        return False

    def last_run(self, shape: Shape) -> int | None:
        """The length of a box, where every box of tensors of this shape is a run of their last axis; None elsewhere."""
        if not shape or not all(shape):
            return None
        *others, last = self.sides(shape)
        return last if all(c == 1 for c in others) else None

    def bounded(self, axes: int) -> tuple[tuple[int, int], ...]:
        """The axes on which a tensor has several boxes, and the side of a box there; 1: any number is whole."""
        return ()

    @abstractmethod
    def __str__(self) -> str:
        """The keyword that spells this partition: ``block=32``, ``per=row``, ``tile=(16, 16)``, …"""

    def grid(self, shape: Shape) -> Shape:
        """Number of boxes along every axis."""
        return tuple(-(-n // c) for n, c in zip(shape, self.sides(shape), strict=True))

    def count(self, shape: Shape) -> int:
        """Number of boxes."""
        return math.prod(self.grid(shape))

    def tails(self, shape: Shape) -> int:
        """Number of boxes shorter than a full one."""
        return self.count(shape) - math.prod(n // c for n, c in zip(shape, self.sides(shape), strict=True))

    def split(self, x: NDArray[Scalar]) -> list[NDArray[Scalar]]:
        """The boxes of x as rows: an array (boxes, size) for each box shape, a view of x where one exists.

        An empty tensor has one array of no rows.
        """
        return [self._rows(x[region], sides) for region, _, sides in self._regions(x.shape)]

    def join(self, parts: Sequence[NDArray[Scalar]], shape: Shape) -> NDArray[Scalar]:
        """Put rows back in their places: ``join(split(x), x.shape)`` equals x."""
        regions = list(self._regions(shape))
        if len(regions) == 1:
            return self._unrows(parts[0], shape, regions[0][2])
        out = np.empty(shape, parts[0].dtype)
        for (region, _, sides), rows in zip(regions, parts, strict=True):
            out[region] = self._unrows(rows, out[region].shape, sides)
        return out

    def split_grid(self, per_box: NDArray[Scalar], shape: Shape) -> list[NDArray[Scalar]]:
        """One value for each box (an array of shape ``grid(shape)``) as vectors in the order of ``split``."""
        return [per_box[cells].reshape(-1) for _, cells, _ in self._regions(shape)]

    def slabs(self, shape: Shape) -> Iterator[slice]:
        """Ranges of the first axis that together are all of it and cut no box; one where a box extends along it."""
        apart = len(shape) > 1 and self.sides(shape)[0] == 1
        step = max(1, SLAB // max(1, math.prod(shape[1:]))) if apart else max(1, shape[0])
        return (slice(at, min(at + step, shape[0])) for at in range(0, shape[0], step))

    def spread(self, per_box: NDArray[Scalar], shape: Shape) -> NDArray[Scalar]:
        """One value for each box (an array of shape ``grid(shape)``), repeated for every entry of the box."""
        pieces = zip(self.split(np.empty(shape, np.bool_)), self.split_grid(per_box, shape), strict=True)
        return self.join([np.broadcast_to(v[:, None], rows.shape) for rows, v in pieces], shape)

    def reduce(self, x: NDArray[Any], function: Callable[[NDArray[Any]], NDArray[Scalar]]) -> NDArray[Scalar]:
        """Apply a function (boxes, size) → (boxes,) to every box; the result has the shape ``grid(x.shape)``."""
        pieces = [function(rows) for rows in self.split(x)]
        out = np.empty(self.grid(x.shape), pieces[0].dtype)
        for (_, cells, _), values in zip(self._regions(x.shape), pieces, strict=True):
            out[cells] = values.reshape(out[cells].shape)
        return out

    def box_of(self, index: Sequence[int], shape: Shape) -> Shape:
        """Grid coordinates of the box that holds an entry."""
        return tuple(int(i) // c for i, c in zip(index, self.sides(shape), strict=True))

    def check_tail(self, shape: Shape, tail: Tail, what: str) -> None:
        """Raise Indivisible if ``tail`` is ``error`` and some box is not full."""
        if tail is not Tail.error:
            return
        for axis, (n, c) in enumerate(zip(shape, self.sides(shape), strict=True)):
            if n % c:
                raise Indivisible(f"axis {axis} of length {n} is not a whole number of {what} of {c} (tail=error)")

    def overlaps(self, groups: "Partition", shape: Shape) -> "Overlap":
        """How these scale blocks B meet mask groups G: the exact condition of theorem ``overlap``."""
        if not (self.straight and groups.straight):
            return _met(self, groups, shape)
        pairs: dict[tuple[int, int, int], tuple[Shape, Shape]] = {}
        axes = [_meetings(n, b, g) for n, b, g in zip(shape, self.sides(shape), groups.sides(shape), strict=True)]
        for meeting in itertools.product(*axes):
            block, group, common = (math.prod(m[i] for m in meeting) for i in range(3))
            where = tuple(m[3] for m in meeting), tuple(m[4] for m in meeting)
            pairs.setdefault((block, group, common), where)
        return Overlap(tuple((*sizes, *where) for sizes, where in sorted(pairs.items())))

    def _regions(self, shape: Shape) -> Iterator[tuple[tuple[slice, ...], tuple[slice, ...], Shape]]:
        """For each box shape: where its boxes lie in the tensor, where in the grid, and their sides."""
        per_axis = []
        for n, c in zip(shape, self.sides(shape), strict=True):
            full = n // c * c
            whole = [(slice(0, full), slice(0, n // c), c)] if full else []
            short = [(slice(full, n), slice(n // c, n // c + 1), n - full)] if full < n else []
            per_axis.append(whole + short or [(slice(0, 0), slice(0, 0), c)])
        for choice in itertools.product(*per_axis):
            yield tuple(c[0] for c in choice), tuple(c[1] for c in choice), tuple(c[2] for c in choice)

    @staticmethod
    def _rows(x: NDArray[Scalar], sides: Shape) -> NDArray[Scalar]:
        d = x.ndim
        boxed = x.reshape([k for n, c in zip(x.shape, sides, strict=True) for k in (n // c, c)])
        return boxed.transpose([*range(0, 2 * d, 2), *range(1, 2 * d, 2)]).reshape(-1, math.prod(sides))

    @staticmethod
    def _unrows(rows: NDArray[Scalar], shape: Shape, sides: Shape) -> NDArray[Scalar]:
        d = len(shape)
        boxed = rows.reshape([n // c for n, c in zip(shape, sides, strict=True)] + list(sides))
        return boxed.transpose([k for i in range(d) for k in (i, d + i)]).reshape(shape)


@lru_cache(maxsize=1024)
def _meetings(n: int, b: int, g: int) -> tuple[tuple[int, int, int, int, int], ...]:
    """Along one axis: each way a block meets a group, as (|B|, |G|, |B ∩ G|, index of B, index of G)."""
    seen: dict[tuple[int, int, int], tuple[int, int]] = {}
    cuts = sorted({*range(0, n, b), *range(0, n, g), n})
    for start, end in itertools.pairwise(cuts):
        i, j = start // b, start // g
        sizes = min(n, (i + 1) * b) - i * b, min(n, (j + 1) * g) - j * g, end - start
        seen.setdefault(sizes, (i, j))
    return tuple((*sizes, *where) for sizes, where in seen.items())


def _met(blocks: Partition, groups: Partition, shape: Shape) -> "Overlap":
    """The same of any boxes, by the number of the box of every entry."""
    grids = blocks.grid(shape), groups.grid(shape)
    numbers = (
        boxes.spread(np.arange(math.prod(g)).reshape(g), shape)
        for boxes, g in zip((blocks, groups), grids, strict=True)
    )
    flat = np.stack([labels.ravel() for labels in numbers])
    met, common = np.unique(flat, axis=1, return_counts=True)
    sizes = [np.bincount(labels)[at] for labels, at in zip(flat, met, strict=True)]
    pairs: dict[tuple[int, int, int], tuple[Shape, Shape]] = {}
    for b, g, *counted in zip(*met.tolist(), *(s.tolist() for s in (*sizes, common)), strict=True):
        block, group = (
            tuple(int(i) for i in np.unravel_index(at, grid)) for at, grid in zip((b, g), grids, strict=True)
        )
        pairs.setdefault((counted[0], counted[1], counted[2]), (block, group))
    return Overlap(tuple((*found, *where) for found, where in sorted(pairs.items())))


@final
@dataclass(frozen=True)
class Overlap:
    r"""Every way a scale block B meets a mask group G, as (|B|, |G|, |B ∩ G|, B, G), each once.

    Theorem ``overlap``: for scales set by the block maximum and magnitude selection of k_G ≥ 1 entries,
    every block with a survivor keeps its maximum for all x iff each pair has B ⊆ G or |G \ B| < k_G.
    """

    pairs: tuple[tuple[int, int, int, Shape, Shape], ...]

    @property
    def nested(self) -> bool:
        """Every block lies in one group."""
        return all(common == block for block, _, common, _, _ in self.pairs)

    def offender(self, budget: Callable[[int], int]) -> tuple[Shape, Shape] | None:
        """The first (block, group) that breaks the condition, given k_G as a function of |G|; None if none does."""
        for block, group, common, b, g in self.pairs:
            if common < block and not group - common < budget(group):
                return b, g
        return None

    def keeps_scale(self, budget: Callable[[int], int] | int) -> bool:
        r"""B ⊆ G or |G \ B| < k_G for every intersecting pair, with k_G ≥ 1 in every group."""
        k = budget if callable(budget) else (lambda size: min(budget, size))
        return self.offender(k) is None and all(k(group) >= 1 for _, group, _, _, _ in self.pairs)
