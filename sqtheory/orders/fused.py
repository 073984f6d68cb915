"""Both orders, the gain optimum and every count of ``order`` in one pass, without temporaries of the tensor's size.

For masks n:m by magnitude, scales set by block maxima, every group in one block, and q(0) = 0. The largest entry of
a group survives, so no scale moves: S→Q is m ⊙ q(x), and each result keeps some entries of q(x) and zeroes the rest.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from sqtheory.alphabet.kernels.engine import by_definition
from sqtheory.alphabet.kernels.maxima import largest
from sqtheory.alphabet.kernels.quantization import Tile, contiguous, scale_rule
from sqtheory.alphabet.kernels.ranking import LIMIT
from sqtheory.alphabet.kernels.runs import rows, tiles
from sqtheory.alphabet.partition import Shape, Tail
from sqtheory.alphabet.scaling import Reach
from sqtheory.arrays import Array, StreamedTensor
from sqtheory.orders import cuts
from sqtheory.orders.compiled_tiles import CompiledGroups, CompiledTile
from sqtheory.orders.counts import Counts, sign
from sqtheory.orders.group_tiles import Groups, GroupTile
from sqtheory.orders.pair import Pair
from sqtheory.orders.partial import Partial
from sqtheory.orders.shared import Shared
from sqtheory.orders.shifted_scales import shifted_in_groups
from sqtheory.orders.witnesses import Witnesses, exact_lead, few

LEAST = 1 << 10
"""A tensor of fewer entries is left to the definitions."""
CHUNK = 1 << 19
"""Entries taken at once."""
LARGE = 1 << 22
"""Entries taken at once by compiled loops, which cut them into strips themselves."""
STEEPEST = 8.0
"""The largest p whose powers stay in range without a unit of their own."""
PIECE = 1 << 22
"""So many entries of a stored tensor, or a few more, are in memory at once."""


@final
@dataclass(frozen=True)
class FusedPlan:
    """How the pass goes over tensors of a shape: groups of ``size`` along ``axis`` in scale blocks of ``block``."""

    axis: int
    size: int
    block: int
    keep: int


def plan_of(pair: Pair, shape: Shape, p: float) -> FusedPlan | None:
    """The plan if s, q and p are those of the pass, scale blocks are runs of whole groups and no short one is refused.

    Raises ValueError where the groups or the blocks fit no such tensor.
    """
    s, q = pair.s, pair.q
    m = s.groups.run
    if m is None or not (1 < m <= LIMIT and pair.ranked and 0 < p <= STEEPEST):
        return None
    if not (q.scaling.follows_maximum or q.scaling.follows_signs):
        return None
    axis = s.groups.sides(shape).index(m)
    block = q.partition.sides(shape)[axis]
    along = all(c == 1 for a, c in enumerate(q.partition.sides(shape)) if a != axis)
    whole = shape[axis] % m == 0 and block % m == 0 and block <= CHUNK
    refused = q.tail is Tail.error and q.partition.tails(shape) > 0
    return FusedPlan(axis, m, block, s.budget(m)) if along and whole and not refused else None


def plan_for(pair: Pair, shape: Shape, p: float) -> FusedPlan | None:
    """``plan_of`` where kernels are wanted and there are entries enough for them."""
    return None if by_definition() or math.prod(shape) < LEAST else plan_of(pair, shape, p)


@final
@dataclass(frozen=True)
class FusedPass:
    """What is done to every part of a tensor: an array whose last axis is cut into the scale blocks of the plan."""

    plan: FusedPlan
    groups: Groups
    fast: CompiledGroups | None

    @classmethod
    def of(cls, pair: Pair, plan: FusedPlan, p: float, top: Array, size: int) -> "FusedPass | None":
        """The pass over tensors of so many entries, of the dtype of ``top``.

        ``top``: numbers with the largest magnitude of the tensor among them, where a scale looks at all of the tensor;
        None where that is NaN or infinite.
        """
        q = pair.q
        scale = scale_rule(top, q.format, q.scaling)
        if scale is None and not q.scaling.follows_signs:
            return None
        groups = Groups(pair, plan.keep, scale, Tile.of(q.format, q.rounding, q.saturate, top.dtype, size), p)
        return cls(plan, groups, CompiledGroups.of(groups, plan.size, top.dtype, size))

    def partial(self, parts: Iterable[Array], whole: Shared | None = None) -> Partial | None:
        """What some parts add up to; None where the pass is not for them.

        ``whole``: what is known of all of them together, where they are one run of memory.
        """
        found, signed = Partial(), self.groups.scale is None
        for blocks in self._cuts(parts):
            shared = whole if whole is not None and whole.x.size == blocks.size else self._shared(blocks)
            part = self._tile(shared, blocks.shape[-1]).partial()
            if part is None:
                return None
            found += shifted_in_groups(part, self.groups, self.plan.size, blocks.shape[-1], shared) if signed else part
        return found

    def witnesses(self, parts: Iterable[Array]) -> Witnesses | None:
        """The witnesses among some parts; None where they are too many."""
        if self.groups.scale is None:  # some block may have another scale after the mask
            return None
        return few(self._tile(self._shared(blocks), blocks.shape[-1]).witnesses() for blocks in self._cuts(parts))

    def _cuts(self, parts: Iterable[Array]) -> Iterator[Array]:
        """The parts tile by tile, the last axis a scale block."""
        most = CHUNK if self.fast is None else LARGE
        return (tile for part in parts for view in rows((part,), self.plan.block) for (tile,) in tiles(view, most))

    def _shared(self, blocks: Array) -> Shared:
        return Shared(blocks if self.fast is None else contiguous(blocks).reshape(blocks.shape))

    def _tile(self, shared: Shared, block: int) -> GroupTile | CompiledTile:
        """One tile, gone when the next is asked for."""
        return (self.fast or self.groups).tile(shared, self.plan.size, block // self.plan.size)


def counts_of(x: Array | StreamedTensor, pair: Pair, p: float) -> Counts | None:
    """What ``definition`` counts on x; None where only it can.

    The same to the last bit for a tensor in memory and one that is read piece by piece.
    """
    return counts_of_each(x, [pair], p)[0]


def counts_of_each(x: Array | StreamedTensor, grid: Sequence[Pair], p: float) -> list[Counts | None]:
    """``counts_of`` for every pair; of a tensor that is read none, unless all can be counted so."""
    streamed = isinstance(x, StreamedTensor)
    short = {at: plan for at, pair in enumerate(grid) if (plan := plan_for(pair, x.shape, p)) is not None}
    others = [at for at in range(len(grid)) if at not in short and x.size >= LEAST]
    long = {at: cut for at in others if (cut := cuts.plan_for(grid[at], x, p)) is not None}
    found: list[Counts | None] = [None] * len(grid)
    if streamed and (len(short) + len(long) < len(grid) or not all(_joins(one, x.shape) for one in short.values())):
        return found
    planned = [*short, *long]
    top = _top(x) if any(grid[at].q.scaling.looks_at is Reach.tensor for at in planned) else np.zeros(0, x.dtype)
    walked = cuts.counts_of_each(x, [(grid[at], plan) for at, plan in long.items()], p, top) if long else []
    for at, counts in zip(long, walked, strict=True):
        found[at] = counts
    for at, plan in short.items():
        found[at] = _counted(x, grid[at], plan, p, top)
    return found


def _counted(x: Array | StreamedTensor, pair: Pair, plan: FusedPlan, p: float, top: Array) -> Counts | None:
    over = FusedPass.of(pair, plan, p, top, x.size)
    found = over and over.partial(_parts(x, plan))
    if over is None or found is None:
        return None
    if found.decided:
        return found.counts(p, sign(found.lead))
    witnesses = over.witnesses(_parts(x, plan))
    return None if witnesses is None else found.counts(p, exact_lead(witnesses, p))


def _joins(plan: FusedPlan, shape: Shape) -> bool:
    """The scale blocks are runs of memory that join without a rest."""
    return plan.axis == len(shape) - 1 and shape[-1] % plan.block == 0


def _parts(x: Array | StreamedTensor, plan: FusedPlan) -> Iterator[Array]:
    """Arrays whose last axis is that of the plan.

    The pieces of a stored tensor are whole numbers of the tiles that would be cut from one in memory.
    """
    if isinstance(x, np.ndarray):
        return iter((np.moveaxis(x, plan.axis, -1),))
    unit = max(1, CHUNK // plan.block) * plan.block
    return (piece.reshape(-1, plan.block) for piece in x.pieces(-(-PIECE // unit) * unit))


def _top(x: Array | StreamedTensor) -> Array:
    """Numbers with the largest magnitude of x among them."""
    return largest(x) if isinstance(x, np.ndarray) else np.array([largest(piece)[0] for piece in x.pieces(PIECE)])
