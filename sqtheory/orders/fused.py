"""Both orders, the gain optimum and every count of ``order`` in one pass, without temporaries of the tensor's size.

For masks n:m by magnitude, scales set by block maxima, every group in one block, and q(0) = 0. The largest entry of
a group survives, so no scale moves: S→Q is m ⊙ q(x), and each result keeps some entries of q(x) and zeroes the rest.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

import numpy as np

from sqtheory.alphabet.kernels.engine import by_definition
from sqtheory.alphabet.kernels.maxima import largest
from sqtheory.alphabet.kernels.quantization import Tile, scale_rule
from sqtheory.alphabet.kernels.ranking import LIMIT
from sqtheory.alphabet.kernels.runs import rows, tiles
from sqtheory.alphabet.partition import Shape, Tail
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.scaling import Reach
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.alphabet.traits import DETERMINISTIC, KEEPS_ZERO
from sqtheory.arrays import Array, StreamedTensor
from sqtheory.orders.counts import Counts, sign
from sqtheory.orders.errors import change
from sqtheory.orders.group_tiles import Groups, GroupTile
from sqtheory.orders.pair import Pair
from sqtheory.orders.partial import Partial

LEAST = 1 << 15
"""A tensor of fewer entries is left to the definitions."""
CHUNK = 1 << 18
"""Entries taken at once."""
STEEPEST = 8.0
"""The largest p whose powers stay in range without a unit of their own."""
PIECE = 1 << 22
"""So many entries of a stored tensor, or a few more, are in memory at once."""
WITNESSES = 1 << 20
"""So many entries on which the orders differ are looked at again, to find the winner where rounding hides it."""


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
    if m is None or not (1 < m <= LIMIT and _fits(s, q, p)):
        return None
    axis = s.groups.sides(shape).index(m)
    block = q.partition.sides(shape)[axis]
    along = all(c == 1 for a, c in enumerate(q.partition.sides(shape)) if a != axis)
    whole = shape[axis] % m == 0 and block % m == 0 and block <= CHUNK
    refused = q.tail is Tail.error and q.partition.tails(shape) > 0
    return FusedPlan(axis, m, block, s.budget(m)) if along and whole and not refused else None


def _fits(s: Sparsifier, q: Quantizer, p: float) -> bool:
    """The operators are those of the pass, wherever their boxes lie."""
    ranked = s.by_magnitude and s.ties.foreseen
    steady = q.scaling.follows_maximum and q.saturate and {DETERMINISTIC, KEEPS_ZERO} <= q.traits
    return ranked and steady and 0 < p <= STEEPEST


def counts_of(x: Array | StreamedTensor, pair: Pair, p: float) -> Counts | None:
    """What ``definition`` counts on x; None where only it can.

    The same to the last bit for a tensor in memory and one that is read piece by piece.
    """
    found = Partial()
    for tile in _tiles(x, pair, p):
        part = None if tile is None else tile.partial()
        if part is None:
            return None
        found += part
    lead = sign(found.lead) if found.decided else _exact_lead(x, pair, p)
    return None if lead is None else found.counts(p, lead)


def _tiles(x: Array | StreamedTensor, pair: Pair, p: float) -> Iterator[GroupTile | None]:
    """The tensor tile by tile, each gone when the next is asked for; None where the pass is not for it."""
    q = pair.q
    plan = None if by_definition() or x.size < LEAST else plan_of(pair, x.shape, p)
    views = None if plan is None else _views(x, plan)
    scale = None if views is None else scale_rule(_maxima(x, q), q.format, q.scaling)
    if plan is None or views is None or scale is None:
        yield None
        return
    groups = Groups(pair, plan.keep, scale, Tile.of(q.format, q.rounding, q.saturate, x.dtype), p)
    for (part,) in (cut for view in views for cut in tiles(view, CHUNK)):
        yield groups.tile(part.reshape(*part.shape[:-1], -1, plan.size), part.shape[-1] // plan.size)


def _exact_lead(x: Array | StreamedTensor, pair: Pair, p: float) -> int | None:
    """The sign of the lead from the entries on which the orders differ; None where they are too many."""
    found, left = [], WITNESSES
    for tile in _tiles(x, pair, p):
        assert tile is not None
        found.append(tile.witnesses())
        left -= found[-1][0].size
        if left < 0:
            return None
    given, near, far = map(np.concatenate, zip(*found, strict=True))
    return sign(change(given, near, far, p))


def _views(x: Array | StreamedTensor, plan: FusedPlan) -> Iterator[tuple[Array, ...]] | None:
    """Scale blocks as rows; None for a stored tensor in which they are no runs of memory that join without a rest.

    The pieces of a stored tensor are whole numbers of the tiles that would be cut from one in memory.
    """
    if isinstance(x, np.ndarray):
        return rows((np.moveaxis(x, plan.axis, -1),), plan.block)
    block = plan.block
    if plan.axis != len(x.shape) - 1 or x.shape[-1] % block:
        return None
    unit = max(1, CHUNK // block) * block
    return ((piece.reshape(-1, block),) for piece in x.pieces(-(-PIECE // unit) * unit))


def _maxima(x: Array | StreamedTensor, q: Quantizer) -> Array:
    """Numbers with the largest magnitude of x among them, as far as the scales of q need it."""
    if isinstance(x, np.ndarray):
        return x
    return np.array(
        [largest(piece)[0] for piece in x.pieces(PIECE)] if q.scaling.looks_at is Reach.tensor else [], x.dtype
    )
