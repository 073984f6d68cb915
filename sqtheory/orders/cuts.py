"""Both orders and all counts under masks whose groups are made of whole scale blocks: in two sweeps, tile by tile.

For masks by magnitude, scales set by block maxima, and q(0) = 0. A block with a survivor keeps its largest entry or
one as large, so no scale of a living block moves and S→Q is m ⊙ q(x) (theorem ``overlap``), but for scales that look
at signs (``shifted_scales``). The first sweep finds where each ranking is cut, the second adds up; groups of a tile's
size or less are cut where they lie. All pairs of a grid go along in the same sweeps.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial, reduce
from itertools import groupby
from math import lcm, prod
from operator import add
from typing import final

import numpy as np

from sqtheory.alphabet.kernels.engine import by_definition
from sqtheory.alphabet.kernels.quantization import Tile, scale_rule
from sqtheory.alphabet.partition import Partition, Shape
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array, StreamedTensor
from sqtheory.orders.counts import Counts, sign
from sqtheory.orders.cut_loops import CutLoops
from sqtheory.orders.cut_search import SizesCut, cuts_of
from sqtheory.orders.cut_tiles import IMAGES, RANKINGS, TILE, Blocked, CutTile, Ranked, Seen
from sqtheory.orders.group_tiles import Groups
from sqtheory.orders.pair import Pair
from sqtheory.orders.partial import Partial
from sqtheory.orders.shared import Shared
from sqtheory.orders.sweeps import Parts, Sweeps, swept
from sqtheory.orders.witnesses import Witnesses, exact_lead, few

PIECE = 1 << 22
"""So many entries of a stored tensor, or a few more, are in memory at once."""
ABREAST = 16
"""Pairs that go in the same sweeps; what each holds of what lies around its cuts is about a twentieth of the tensor."""


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
    if not (pair.ranked and (q.scaling.follows_maximum or q.scaling.follows_signs) and p in (1, 2)):
        return None
    size, block = (_run(boxes, shape) for boxes in (s.groups, q.partition))
    if size is None or block is None or size % block or block > TILE:
        return None
    keep = s.budget(size)
    return CutPlan(size, block, keep) if 0 < keep < size else None


def plan_for(pair: Pair, x: Array | StreamedTensor, p: float) -> CutPlan | None:
    """``plan_of`` where kernels are wanted and x can be walked over: one that is read has one long group, or short."""
    plan = None if by_definition() else plan_of(pair, x.shape, p)
    several = plan is not None and TILE < plan.size < x.size
    return None if several and isinstance(x, StreamedTensor) else plan


def _run(boxes: Partition, shape: Shape) -> int | None:
    """How many entries in C order every box is; None where boxes are no such runs, or not all of one length."""
    if not boxes.straight:
        return None
    sides = boxes.sides(shape)
    first = next((axis for axis, side in enumerate(sides) if side > 1), len(shape))
    whole = sides[first + 1 :] == shape[first + 1 :] and all(n % c == 0 for n, c in zip(shape, sides, strict=True))
    return prod(sides[first:]) if whole else None


@final
@dataclass(frozen=True)
class Walked:
    """What groups of one walk add up to, and where they are cut: each of them, or None where it lies in a tile."""

    found: Partial
    cuts: Ranked | None


@final
@dataclass(eq=False)
class CutPass:
    """One pair on its way over a tensor, group by group."""

    blocked: Blocked
    walked: list[Walked | None]

    @classmethod
    def of(cls, pair: Pair, plan: CutPlan, p: float, top: Array, size: int) -> "CutPass | None":
        """The pass over tensors of so many entries of the dtype of ``top``, which has their largest magnitude in it.

        None where a scale looks at that and it is NaN or infinite.
        """
        q = pair.q
        scale = scale_rule(top, q.format, q.scaling)
        if scale is None and not q.scaling.follows_signs:
            return None
        rounding = Tile.of(q.format, q.rounding, q.saturate, top.dtype, size)
        together = Groups(pair, plan.keep, scale, rounding, p)
        loops = CutLoops.of(together, plan.block, top.dtype, size)
        return cls(Blocked(together, plan.size, plan.block, top.dtype, loops), [])

    @property
    def kin(self) -> tuple[int, int]:
        """Passes that are equal in this go over the same groups in tiles of one size."""
        return self.blocked.size, self.blocked.most

    def walk(self, sizes: SizesCut) -> Sweeps[Walked | None]:
        """Over some short groups, or a long one."""
        return _long_group(self.blocked, sizes) if self.blocked.size > TILE else _short_groups(self.blocked)

    def counts(self, parts: Sequence[Parts], p: float) -> Counts | None:
        """All that was added up over these groups; None at what the pass is not for."""
        walked = [one for one in self.walked if one is not None]
        if len(walked) < len(parts):
            return None
        found = reduce(add, (one.found for one in walked), Partial())
        if found.decided:
            return found.counts(p, sign(found.lead))
        if self.blocked.groups.scale is None:  # some block may have another scale after the mask
            return None
        witnesses = few(
            some
            for its, one in zip(parts, walked, strict=True)
            for some in _witnesses(map(Shared, its()), self.blocked, one.cuts)
        )
        return None if witnesses is None else found.counts(p, exact_lead(witnesses, p))


def counts_of_each(
    x: Array | StreamedTensor, grid: Sequence[tuple[Pair, CutPlan]], p: float, top: Array
) -> list[Counts | None]:
    """What ``definition`` counts on x for each pair, to the last bit; None where only it can.

    ``top``: the largest magnitude of x, where some scale looks at that.
    """
    passes = [CutPass.of(pair, plan, p, top, x.size) for pair, plan in grid]
    found: dict[CutPass, Counts | None] = {}
    for kin in _kinds([one for one in passes if one is not None]):
        parts = _groups(x, kin)
        for its in parts:
            _walk_together(its, [one for one in kin if None not in one.walked])
        found |= {one: one.counts(parts, p) for one in kin}
    return [None if one is None else found[one] for one in passes]


def _walk_together(parts: Parts, passes: Sequence[CutPass]) -> None:
    """Take the passes over some groups."""
    sizes: dict[Sparsifier, SizesCut] = {}
    walks = [one.walk(sizes.setdefault(one.blocked.groups.pair.s, SizesCut())) for one in passes]
    for one, walked in zip(passes, swept(parts, walks), strict=True):
        one.walked.append(walked)


def _kinds(passes: Sequence[CutPass]) -> Iterator[list[CutPass]]:
    """Those that go over the same groups, ``ABREAST`` at most, and whose blocks fit into one tile together."""
    for _, kin in groupby(sorted(passes, key=lambda one: one.kin), key=lambda one: one.kin):
        held: list[CutPass] = []
        for one in kin:
            if len(held) == ABREAST or lcm(one.blocked.block, *(each.blocked.block for each in held)) > TILE:
                yield held
                held = []
            held.append(one)
        yield held


def _short_groups(blocked: Blocked) -> Sweeps[Walked | None]:
    """Groups that lie in a tile, the rows of it."""
    found = Partial()
    while (shared := (yield)) is not None:
        tile = blocked.tile(shared)
        part = None if tile is None else tile.partial(tile.cuts(), _none_seen(len(shared.x)))
        if part is None:
            return None
        found += part
    return Walked(found, None)


def _long_group(blocked: Blocked, sizes: SizesCut) -> Sweeps[Walked | None]:
    """One group of many tiles, cut by what a sweep counts around the cuts of a sample."""
    cuts = yield from cuts_of(blocked, sizes)
    if cuts is None:
        return None
    found, seen = Partial(), _none_seen(1)
    while (shared := (yield)) is not None:
        tile = blocked.tile(shared)
        part = None if tile is None else tile.partial(cuts, seen)
        if part is None:
            return None
        found += part
    pruned = blocked.size - blocked.groups.keep
    return Walked(replace(found, selected=int(found.moved > 0), tied=int(cuts[IMAGES].tied[0]), pruned=pruned), cuts)


def _witnesses(parts: Iterator[Shared], blocked: Blocked, cuts: Ranked | None) -> Iterator[Witnesses]:
    """The entries on which the orders differ, tile by tile."""
    seen = _none_seen(1)
    for shared in parts:
        tile: CutTile | None = blocked.tile(shared)
        assert tile is not None
        yield tile.witnesses(tile.cuts(), _none_seen(len(shared.x))) if cuts is None else tile.witnesses(cuts, seen)


def _none_seen(rows: int) -> Seen:
    first, second, third = (np.zeros(rows, np.int64) for _ in RANKINGS)
    return first, second, third


def _groups(x: Array | StreamedTensor, passes: Sequence[CutPass]) -> list[Parts]:
    """The groups of one walk each: all short ones, or a long one, which in a stored tensor is all of it."""
    size, most = passes[0].kin
    unit = size if size <= TILE else lcm(*(one.blocked.block for one in passes))
    if isinstance(x, np.ndarray):
        flat = x.reshape(-1)
        ranges = [flat] if size <= TILE else flat.reshape(-1, size)
        return [partial(_tiles, partial(iter, (held,)), size, unit, most) for held in ranges]
    return [partial(_tiles, partial(x.pieces, -(-PIECE // unit) * unit), size, unit, most)]


def _tiles(pieces: Callable[[], Iterator[Array]], size: int, unit: int, most: int) -> Iterator[Array]:
    """Rows that are groups, or one row that is a part of a group."""
    step = max(1, most // unit) * unit
    for piece in pieces():
        for at in range(0, piece.size, step):
            yield piece[at : at + step].reshape(-1, size) if size <= TILE else piece[None, at : at + step]
