"""Both orders, the gain optimum and every count of ``order`` in one pass, without temporaries of the tensor's size.

For masks n:m by magnitude, scales set by block maxima, every group in one block, and q(0) = 0. The largest entry of
a group survives, so no scale moves: S→Q is m ⊙ q(x), and each result keeps some entries of q(x) and zeroes the rest.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, final

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sqtheory.alphabet.gains import saved
from sqtheory.alphabet.kernels.engine import by_definition
from sqtheory.alphabet.kernels.maxima import INTEGER, largest, run_maxima
from sqtheory.alphabet.kernels.quantization import Scale, Tile, scale_rule, scaled_image
from sqtheory.alphabet.kernels.ranking import LIMIT, columns, top_columns
from sqtheory.alphabet.kernels.runs import rows, tiles
from sqtheory.alphabet.kernels.scratch import scratch
from sqtheory.alphabet.kernels.sums import Numbers, dot, exact_parts
from sqtheory.alphabet.norms import power_units
from sqtheory.alphabet.partition import Shape, Tail
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.scaling import Reach
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.alphabet.traits import DETERMINISTIC, KEEPS_ZERO
from sqtheory.arrays import Array, Mask, StreamedTensor
from sqtheory.orders.counts import Counts, Errors, Openings, Sums, beyond_range, sign
from sqtheory.orders.errors import change, root
from sqtheory.orders.pair import Pair

LEAST = 1 << 15
"""A tensor of fewer entries is left to the definitions."""
CHUNK = 1 << 17
"""Entries taken at once."""
STEEPEST = 8.0
"""The largest p whose powers stay in range without a unit of their own."""
PIECE = 1 << 22
"""So many entries of a stored tensor, or a few more, are in memory at once."""
BATCH = 1 << 14
"""So many entries are summed exactly at once."""
LOST = 2.0**-900
"""Powers below this may have underflowed; sums above it do not feel that."""
WITNESSES = 1 << 20
"""So many entries on which the orders differ are kept, to find the winner where rounding hides it."""
DOUBT = 256 * float(np.finfo(np.float64).eps)
"""The winner is in doubt where the lead is below this share of the powers that make it."""


@final
@dataclass
class _Sums:
    """What has been added up: sums of p-th powers as lists of parts, and counts."""

    x: list[float] = field(default_factory=list)
    s: list[float] = field(default_factory=list)
    q: list[float] = field(default_factory=list)
    common: list[float] = field(default_factory=list)
    """Over the entries on which all results agree."""
    differing: tuple[list[float], list[float], list[float]] = field(default_factory=lambda: ([], [], []))
    """Over the others, of S→Q, Q→S and the optimum."""
    pending: list[Numbers] = field(default_factory=list)
    """What waits to be added to ``differing``, three rows each."""
    lead: list[float] = field(default_factory=list)
    doubtful: list[float] = field(default_factory=list)
    witnesses: list[tuple[Array, Array, Array]] = field(default_factory=list)
    lost: bool = False
    """Some power of a number that is not 0 may have underflowed."""
    moved: int = 0
    swaps: int = 0
    selected: int = 0
    tied: int = 0
    living: int = 0
    pruned: int = 0
    saturated: int = 0
    flushed: int = 0

    def flush(self) -> None:
        """Add what is pending."""
        if self.pending:
            for parts, terms in zip(self.differing, np.concatenate(self.pending, axis=1), strict=True):
                parts += exact_parts(terms)
            self.pending.clear()


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
    """What ``definition`` counts on x, norms up to rounding; None where only it can.

    The same to the last bit for a tensor in memory and one that is read piece by piece.
    """
    q = pair.q
    plan = None if by_definition() or x.size < LEAST else plan_of(pair, x.shape, p)
    views = None if plan is None else _views(x, plan)
    scale = None if views is None else scale_rule(_maxima(x, q), q.format, q.scaling)
    if plan is None or views is None or scale is None:
        return None
    tile, sums = Tile.of(q.format, q.rounding, q.saturate, x.dtype), _Sums()
    with np.errstate(over="ignore"):
        for (part,) in (cut for view in views for cut in tiles(view, CHUNK)):
            grouped = part.reshape(*part.shape[:-1], -1, plan.size)
            if not _add(sums, grouped, part.shape[-1] // plan.size, pair, plan.keep, scale, tile, p):
                return None
    return _counted(sums, p)


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


def _add(sums: _Sums, part: Array, run: int, pair: Pair, keep: int, scale: Scale, tile: Tile, p: float) -> bool:
    """Add groups, the last axis, of which every ``run`` share a scale; False at what the pass is not for."""
    x = columns(part, "x")
    ties, q = pair.s.ties, pair.q
    m, kind, low = len(x), INTEGER[x.dtype], ties.low_index
    sizes = np.abs(x, out=_like(x, "sizes", x.dtype))
    largest = np.maximum.reduce(sizes, axis=0)
    amax = run_maxima(largest.view(kind), run).view(x.dtype)
    if not np.maximum.reduce(amax) < np.inf:
        return False
    sigma = scale(amax)
    y = _like(x, "y", x.dtype)
    scaled_image(x, y, sigma, tile, amax)
    images = np.abs(y, out=_like(x, "images", x.dtype))
    if _wide(x, p):
        high = np.maximum(largest, np.maximum.reduce(images, axis=0))
        if not np.all(power_units(high, p) == 1):
            return False
    kept = top_columns(sizes, keep, None, low, _like(x, "kept", np.bool_))
    again = top_columns(images, keep, None, low, _like(x, "again", np.bool_))
    other = top_columns(images, keep, None, not low, _like(x, "other", np.bool_))
    tied = np.logical_or.reduce(np.not_equal(again, other, out=other), axis=0)
    if not ties.index_only:
        again = top_columns(images, keep, sizes, low, again)
    moved = _add_errors(sums, x, y, sizes, images, kept, again, keep, p)
    sums.tied += int(np.count_nonzero(tied))
    sums.selected += int(np.count_nonzero(np.logical_or.reduce(moved, axis=0)))
    sums.moved += int(np.count_nonzero(moved))
    sums.swaps += int(np.count_nonzero(np.logical_and(moved, kept, out=moved)))
    sums.living += int(np.count_nonzero(amax))
    sums.pruned += x.size - keep * x.shape[1]
    least, most = -amax, amax
    if q.format.min != -q.format.max:
        by_run = x.reshape(m, -1, run)
        least, most = by_run.min(axis=(0, 2)), by_run.max(axis=(0, 2))
    sums.saturated += int(np.count_nonzero(beyond_range(least, most, sigma, q)))
    low_scaled = np.logical_and(amax > 0, ~(amax > sigma * (max(-q.format.min, q.format.max) / 2)))
    if low_scaled.any():  # else no largest entry of a block is rounded to 0; what follows takes the memory of amax
        tops = run_maxima(np.maximum.reduce(images, axis=0).view(kind), run).view(x.dtype)
        sums.flushed += int(np.count_nonzero(low_scaled & (tops == 0)))
    return True


def _add_errors(
    sums: _Sums, x: Array, y: Array, sizes: Array, images: Array, kept: Mask, again: Mask, keep: int, p: float
) -> Mask:
    """Add |x_i|^p where a result is 0 and |x_i − y_i|^p where it is y_i; True where the orders differ.

    y_i is 0 or has the sign of x_i, so the error is the difference of their magnitudes.
    """
    size, along, on, off = (_like(x, name, np.float64) for name in ("size", "along", "on", "off"))
    np.copyto(size, sizes)
    np.copyto(along, images)
    best = top_columns(saved(size, along, p, on), keep, sizes, True, _like(x, "best", np.bool_))
    alive = np.not_equal(y, 0, out=_like(x, "alive", np.bool_))
    moved = np.not_equal(kept, again, out=_like(x, "moved", np.bool_))
    differ = np.not_equal(kept, best, out=_like(x, "differ", np.bool_))
    np.logical_and(np.logical_or(differ, moved, out=differ), alive, out=differ)
    np.logical_and(moved, alive, out=moved)
    error = np.subtract(size, along, out=along)
    some = [int(np.count_nonzero(value)) for value in (size, error)] if _wide(x, p) else []
    size, error = _powers(size, p), _powers(error, p)
    if _wide(x, p):
        sums.lost |= some != [int(np.count_nonzero(value >= LOST)) for value in (size, error)]
    np.copyto(on, kept)
    np.subtract(1, on, out=off)
    sparse = dot(size, off)
    sums.s.append(sparse)
    sums.x += dot(size, on), sparse
    sums.q += dot(error, on), dot(error, off)
    at = np.flatnonzero(differ)
    if at.size:
        gone, stays = size.reshape(-1)[at], error.reshape(-1)[at]
        own, theirs, optimal = (mask.reshape(-1)[at] for mask in (kept, again, best))
        results = [np.where(mask, stays, gone) for mask in (own, theirs, optimal)]
        sums.pending.append(np.stack(results))
        if sum(terms.shape[1] for terms in sums.pending) >= BATCH:
            sums.flush()
        swapped = own != theirs
        sums.lead.append(float(np.add.reduce(results[1] - results[0])))
        sums.doubtful.append(float(np.add.reduce((gone + stays)[swapped])))
        if sums.moved < WITNESSES:
            where = at[swapped]
            image = y.reshape(-1)[where]
            sums.witnesses.append((x.reshape(-1)[where], *(image * mask[swapped] for mask in (own, theirs))))
        error.reshape(-1)[at], size.reshape(-1)[at] = 0, 0
    sums.common += dot(error, on), dot(size, off)
    return np.asarray(moved)


def _powers(value: Numbers, p: float) -> Numbers:
    """|v_i|^p in place of v_i."""
    if p == 2:
        return np.multiply(value, value, out=value)
    np.abs(value, out=value)
    return value if p == 1 else np.power(value, p, out=value)


def _counted(sums: _Sums, p: float) -> Counts | None:
    sums.flush()
    common = math.fsum(sums.common)
    orders = [math.fsum([*parts, common]) for parts in sums.differing]
    single = [math.fsum(parts) for parts in (sums.x, sums.s, sums.q)]
    if sums.lost and min(*orders, *single) < LOST:
        return None
    (sq, qs, least), (x_norm, s_norm, q_norm) = ([root(total, p) for total in totals] for totals in (orders, single))
    lead: float | Fraction = math.fsum(sums.lead)
    if sums.moved and abs(math.fsum(sums.lead)) <= DOUBT * math.fsum(sums.doubtful):
        if sums.moved > sum(given.size for given, _, _ in sums.witnesses):
            return None
        given, near, far = map(np.concatenate, zip(*sums.witnesses, strict=True))
        lead = change(given, near, far, p)
    errors = Errors(s=s_norm, q=q_norm, sq=sq, qs=qs, gain=least, sq_dense=sq)
    openings = Openings(sums.selected, 0, sums.living, 0, sums.pruned, sums.saturated, sums.flushed)
    return Counts(Sums(p, x_norm, errors, sign(lead)), sums.swaps, sums.tied, openings)


def _wide(x: Array, p: float) -> bool:
    """p-th powers of numbers of this dtype can leave the range of float64."""
    return x.dtype != np.float32 or p > 2.5


def _like(x: Array, name: str, dtype: DTypeLike) -> NDArray[Any]:
    """Memory of the kernels in the shape of x."""
    return scratch(name, x.size, dtype).reshape(x.shape)
