"""Both orders and all counts under masks whose groups are made of whole scale blocks: in two sweeps, tile by tile.

For masks by magnitude, scales set by block maxima, and q(0) = 0. A block with a survivor keeps its largest entry or
one as large, so no scale of a living block moves and S→Q is m ⊙ q(x) (theorem ``overlap``). The first sweep finds
where each ranking is cut, the second adds up; groups of a tile's size or less are cut where they lie.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from math import prod
from typing import TypeAlias, final

import numpy as np

from sqtheory.alphabet.kernels.engine import by_definition
from sqtheory.alphabet.kernels.quantization import Tile, scale_rule
from sqtheory.alphabet.partition import Partition, Shape
from sqtheory.arrays import Array, StreamedTensor
from sqtheory.orders.counts import Counts, sign
from sqtheory.orders.cut_loops import CutLoops
from sqtheory.orders.cut_search import Parts, cuts_of
from sqtheory.orders.cut_tiles import IMAGES, RANKINGS, TILE, Blocked, CutTile, Ranked, Seen
from sqtheory.orders.group_tiles import Groups
from sqtheory.orders.pair import Pair
from sqtheory.orders.partial import Partial
from sqtheory.orders.witnesses import Witnesses, exact_lead, few

PIECE = 1 << 22
"""So many entries of a stored tensor, or a few more, are in memory at once."""
Step: TypeAlias = tuple[CutTile, Ranked, Seen]


@final
@dataclass(frozen=True)
class CutPlan:
    """Groups of ``size`` entries in C order, each of whole scale blocks of ``block``, of which ``keep`` stay."""

    size: int
    block: int
    keep: int


def plan_of(pair: Pair, shape: Shape, p: float) -> CutPlan | None:
    """The plan if s, q and p are those of the pass, and no group or block is shorter than the rest.

    Raises ValueError where the groups or the blocks fit no such tensor.
    """
    s, q = pair.s, pair.q
    if not (pair.ranked_on_maxima and p in (1, 2)):
        return None
    size, block = (_run(boxes, shape) for boxes in (s.groups, q.partition))
    if size is None or block is None or size % block or block > TILE:
        return None
    keep = s.budget(size)
    return CutPlan(size, block, keep) if 0 < keep < size else None


def _run(boxes: Partition, shape: Shape) -> int | None:
    """How many entries in C order every box is; None where boxes are no such runs, or not all of one length."""
    if not boxes.straight:
        return None
    sides = boxes.sides(shape)
    first = next((axis for axis, side in enumerate(sides) if side > 1), len(shape))
    whole = sides[first + 1 :] == shape[first + 1 :] and all(n % c == 0 for n, c in zip(shape, sides, strict=True))
    return prod(sides[first:]) if whole else None


def counts_of(x: Array | StreamedTensor, pair: Pair, p: float, maxima: Callable[[], Array]) -> Counts | None:
    """What ``definition`` counts on x, to the last bit; None where only it can.

    ``maxima``: numbers with the largest magnitude of x among them, as far as the scales of q need it.
    """
    plan = None if by_definition() else plan_of(pair, x.shape, p)
    if plan is None or (isinstance(x, StreamedTensor) and TILE < plan.size < x.size):
        return None
    scale = scale_rule(maxima(), pair.q.format, pair.q.scaling)
    if scale is None:
        return None
    rounding = Tile.of(pair.q.format, pair.q.rounding, pair.q.saturate, x.dtype, x.size)
    together = Groups(pair, plan.keep, scale, rounding, p)
    loops = CutLoops.of(together, plan.block, x.dtype, x.size)
    blocked = Blocked(together, scale, plan.size, plan.block, x.dtype, loops)
    kind = LongGroup if plan.size > TILE else ShortGroups
    walks: list[GroupWalk] = [kind(parts, blocked) for parts in _groups(x, plan, blocked.most)]
    found = Partial()
    for walk in walks:
        part = walk.partial()
        if part is None:
            return None
        found += part
    lead = sign(found.lead) if found.decided else _exact_lead(walks, p)
    return None if lead is None else found.counts(p, lead)


class GroupWalk(ABC):
    """Some groups of a tensor, tile by tile, with where each is cut."""

    def __init__(self, parts: Parts, blocked: Blocked) -> None:
        self._parts, self._of = parts, blocked

    def partial(self) -> Partial | None:
        """All that is added up; None at what the pass is not for."""
        found = Partial()
        for step in self.steps():
            part = None if step is None else step[0].partial(*step[1:])
            if part is None:
                return None
            found += part
        return self._with_groups(found)

    @abstractmethod
    def steps(self) -> Iterator[Step | None]:
        """The tiles, each gone when the next is asked for; None where an entry is NaN or infinite."""

    @abstractmethod
    def _with_groups(self, found: Partial) -> Partial:
        """The same with what is counted group by group."""


@final
class ShortGroups(GroupWalk):
    """Groups that lie in a tile, the rows of it."""

    def steps(self) -> Iterator[Step | None]:
        for tile in map(self._of.tile, self._parts()):
            yield None if tile is None else (tile, tile.cuts(), _none_seen(len(tile.magnitudes)))

    def _with_groups(self, found: Partial) -> Partial:
        return found


@final
class LongGroup(GroupWalk):
    """One group of many tiles, cut by what a sweep counts around the cuts of a sample."""

    def steps(self) -> Iterator[Step | None]:
        cuts, seen = self._cuts, _none_seen(1)
        for tile in map(self._of.tile, self._parts()):
            yield None if tile is None or cuts is None else (tile, cuts, seen)

    @cached_property
    def _cuts(self) -> Ranked | None:
        return cuts_of(self._parts, self._of)

    def _with_groups(self, found: Partial) -> Partial:
        assert self._cuts is not None
        pruned = self._of.size - self._of.groups.keep
        return replace(found, selected=int(found.moved > 0), tied=int(self._cuts[IMAGES].tied[0]), pruned=pruned)


def _none_seen(rows: int) -> Seen:
    first, second, third = (np.zeros(rows, np.int64) for _ in RANKINGS)
    return first, second, third


def _exact_lead(walks: list[GroupWalk], p: float) -> int | None:
    """The sign of the lead from the entries on which the orders differ; None where they are too many."""

    def each() -> Iterator[Witnesses]:
        for step in (step for walk in walks for step in walk.steps()):
            assert step is not None
            yield step[0].witnesses(*step[1:])

    found = few(each())
    return None if found is None else exact_lead(found, p)


def _groups(x: Array | StreamedTensor, plan: CutPlan, most: int) -> list[Parts]:
    """The groups of one walk each: all short ones, or a long one, which in a stored tensor is all of it."""
    short = plan.size <= TILE
    unit = plan.size if short else plan.block
    if isinstance(x, np.ndarray):
        flat = x.reshape(-1)
        ranges = [flat] if short else flat.reshape(-1, plan.size)
        return [partial(_tiles, partial(iter, (held,)), plan, most) for held in ranges]
    return [partial(_tiles, partial(x.pieces, -(-PIECE // unit) * unit), plan, most)]


def _tiles(pieces: Callable[[], Iterator[Array]], plan: CutPlan, most: int) -> Iterator[Array]:
    """Rows that are groups, or one row that is a part of a group."""
    short = plan.size <= TILE
    unit = plan.size if short else plan.block
    step = max(1, most // unit) * unit
    for piece in pieces():
        for at in range(0, piece.size, step):
            yield piece[at : at + step].reshape(-1, plan.size) if short else piece[None, at : at + step]
