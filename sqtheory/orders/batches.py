"""Both orders of many small tensors of one shape at once: to the last bit the rows that each has alone.

The tensors are stacked along a new first axis, which no box of the operators extends along.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.norms import units
from sqtheory.alphabet.partition import Blocks, Partition, Shape
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.selection import tied_at_cut
from sqtheory.alphabet.sparsifiers import Sparsifier, TopSparsifier
from sqtheory.alphabet.traits import DETERMINISTIC
from sqtheory.arrays import Array, Mask
from sqtheory.orders.applied import TwoOrders, both
from sqtheory.orders.counts import Counts, Errors, Openings, Sums, beyond_range, ends, sign
from sqtheory.orders.definition import at_dense_scale, flushed, living, moved
from sqtheory.orders.errors import change, powers, root
from sqtheory.orders.grid import Grid, Row
from sqtheory.orders.optimum import gain_mask

SMALL = 1 << 12
"""Tensors of at most so many entries are worth stacking."""
STACK = 1 << 14
"""Entries of a stack, about."""
NORMS = (1.0, 2.0, math.inf)
"""Those whose powers are the same wherever an entry lies in an array."""
DOUBT = 64 * float(np.finfo(np.float64).eps)
"""A lead of a smaller share of the powers that make it is judged by the tensor alone."""


@final
@dataclass(frozen=True)
class Stacked(Partition):
    """The boxes of every tensor of a stack, whose first axis counts the tensors."""

    each: Partition

    def sides(self, shape: Shape) -> Shape:
        return (1, *self.each.sides(shape[1:]))

    def __str__(self) -> str:
        return str(self.each)


def batch_rows(names: Sequence[str], x: Array, grid: Grid, p: float) -> list[list[Row]] | None:
    """``pipeline_rows`` of every x[i] under its name; None where some pipeline must see each tensor alone.

    x: float32 or float64, (tensors, …), none of them empty. Raises what the operators raise, naming a place in x.
    """
    if p not in NORMS or not x.size or x.ndim < 2 or not all(pair.plain and _by_boxes(pair.s, pair.q) for pair in grid):
        return None
    shape = x.shape[1:]
    ours = {pair.s: each_mask(pair.s, shape) for pair in grid}
    theirs = {pair.q: each_quantizer(pair.q, shape) for pair in grid}
    images, kept = {q: theirs[q](x) for q in theirs}, {s: ours[s].mask(x) for s in ours}
    found = []
    for pair in grid:
        s, q = pair.s, pair.q
        two, known = both(x, ours[s], theirs[q], mask=kept[s], image=images[q]), pair.on(shape)
        found.append([Row.of(name, known, c) for name, c in zip(names, counts_of_each(two, theirs[q], p), strict=True)])
    return [list(rows) for rows in zip(*found, strict=True)]


def _by_boxes(s: Sparsifier, q: Quantizer) -> bool:
    """Every box is masked and rounded by its own entries and the maximum of its tensor, and nothing is drawn."""
    ranked = isinstance(s, TopSparsifier) and s.by_magnitude and s.ties.foreseen
    return ranked and q.scaling.follows_maximum and DETERMINISTIC in q.traits


def each_mask(s: Sparsifier, shape: Shape) -> Sparsifier:
    """The same mask on each tensor of a stack of tensors of this shape."""
    assert isinstance(s, TopSparsifier)
    return s.regrouped(_wide(s.groups, shape))


def each_quantizer(q: Quantizer, shape: Shape) -> Quantizer:
    """The same quantizer on each tensor of a stack of tensors of this shape."""
    return replace(q, partition=_wide(q.partition, shape), scaling=q.scaling.by_rows())


def _wide(boxes: Partition, shape: Shape) -> Partition:
    boxes.sides(shape)  # an axis that the tensors lack is refused, though the stack may have it
    if isinstance(boxes, Blocks):  # whose budgets are those of n:m masks
        return replace(boxes, axis=boxes.axis + (boxes.axis >= 0))
    return Stacked(boxes)


def counts_of_each(two: TwoOrders, q: Quantizer, p: float) -> Iterator[Counts]:
    """What ``definition`` counts on every tensor of a stack."""
    swaps, tied = _each(two.reselected & two.mask), _tied(two)
    return map(Counts, _sums(two, p), swaps, tied, _openings(two, q))


def _openings(two: TwoOrders, q: Quantizer) -> Iterator[Openings]:
    dense, alive = q.placed(two.x), living(two, q)
    low, high = ends(two.x, q.partition)
    return map(
        Openings,
        _each(two.s.groups.reduce(two.reselected, lambda rows: np.asarray(np.any(rows, axis=1)))),
        _each(moved(two, q, dense) & alive),
        _each(alive),
        _each((two.after_mask != 0) & ~two.mask),
        _each(~two.mask),
        _each(beyond_range(low, high, dense, q)),
        _each(flushed(low, high, two.image, q)),
    )


def _sums(two: TwoOrders, p: float) -> Iterator[Sums]:
    x, zero = _flat(two.x), two.x.dtype.type(0)
    given, best = x.astype(np.float64), gain_mask(two.x, two.image, two.s, p)
    results = [_flat(y) for y in (two.after_mask, two.masked_image, np.where(best, two.image, zero))]
    results.append(_flat(at_dense_scale(two)))
    alone = (given, np.where(_flat(two.mask), 0.0, given), given - _flat(two.image))
    norms = zip(*(_norms(e, p) for e in (*alone, *(given - y for y in results))), strict=True)
    for lead, (size, *errors) in zip(_led(x, given, results, p), norms, strict=True):
        yield Sums(p, size, Errors(*errors), lead)


def _norms(e: Array, p: float) -> list[float]:
    """The norm of every row."""
    sizes = np.abs(e)
    largest = sizes.max(axis=1)
    if p == math.inf:
        return [float(v) for v in largest]
    unit = units(largest, p)
    terms = powers(sizes / unit[:, None], p).tolist()
    return [root(math.fsum(row), p) * scale for row, scale in zip(terms, unit.tolist(), strict=True)]


def _led(x: Array, given: Array, results: list[Array], p: float) -> Iterator[int]:
    """The sign of the lead of S→Q over Q→S, the first two results, for every row of x."""
    errors = [np.abs(given - y) for y in results[:2]]
    if p == math.inf:
        sq, qs = (e.max(axis=1).tolist() for e in errors)
        yield from (sign(b - a) for a, b in zip(sq, qs, strict=True))
        return
    for i, lead in enumerate(_leads(errors, results[0] != results[1], p)):
        yield sign(change(x[i], results[0][i], results[1][i], p) if lead is None else lead)


def _leads(errors: list[Array], apart: Mask, p: float) -> Iterator[float | None]:
    """‖ε_{Q→S}‖^p − ‖ε_{S→Q}‖^p up to a positive factor row by row; None where rounding may hide its sign."""
    unit = units(np.max(np.maximum(*errors), axis=1, where=apart, initial=0.0), p)
    each = np.repeat(unit, np.count_nonzero(apart, axis=1))
    ours, theirs = (powers(e[apart] / each, p).tolist() for e in errors)
    for cut in _cuts(apart):
        near, far = ours[cut], theirs[cut]
        lead = math.fsum(far + [-v for v in near])
        yield lead if not near or abs(lead) > DOUBT * math.fsum(near + far) else None


def _cuts(apart: Mask) -> Iterator[slice]:
    """Where the marked entries of each row lie among those of all rows."""
    ends = np.cumsum(np.count_nonzero(apart, axis=1)).tolist()
    return (slice(a, b) for a, b in pairwise([0, *ends]))


def _tied(two: TwoOrders) -> list[int]:
    s = two.s
    assert s.score is not None
    return _each(s.groups.reduce(s.score.of(two.image), lambda rows: tied_at_cut(rows, s.budget(rows.shape[1]))))


def _each(where: Mask) -> list[int]:
    """How many are marked in each tensor."""
    counts: list[int] = np.count_nonzero(_flat(where), axis=1).tolist()
    return counts


def _flat(stack: NDArray[Any]) -> NDArray[Any]:
    return stack.reshape(len(stack), -1)
