"""Both orders of a sparsifier and a quantizer on one tensor, and the best any order could do."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias, final

import numpy as np

from sqtheory.alphabet.kernels.sums import exact_parts, pairwise
from sqtheory.alphabet.norms import STEEP, check_norm, spell_norm, unit_of
from sqtheory.alphabet.notation import MASK, QUANTIZER, parse_as
from sqtheory.alphabet.operators import Operator
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import PIECE, Array, ArrayLike
from sqtheory.orders.applied import TwoOrders, both
from sqtheory.orders.errors import additive_bound, box_norms, largest_of, norm, norm_of, powers, root
from sqtheory.orders.optimum import gain_mask
from sqtheory.tables import OVERFLOW, Table, Tabular, json_ready, json_text, number

Pieces: TypeAlias = Callable[[slice], Array]
"""Entries of a flat array in a range."""


@final
@dataclass(frozen=True)
class Errors:
    """p-norms of the errors against x: of s, of q, of both orders, and of the optimum at the dense scale."""

    s: float
    q: float
    sq: float
    qs: float
    gain: float
    sq_dense: float
    """S→Q with every scale frozen at its value for x: ``sq`` when no scale moved, or q is not one quantizer."""


@final
@dataclass(frozen=True, eq=False)
class GroupErrors:
    """The same norms restricted to every group of the mask: arrays in the shape of the grid of groups."""

    s: Array
    q: Array
    sq: Array
    qs: Array
    gain: Array
    bound: Array

    @property
    def excess_sq(self) -> Array:
        """‖ε_{S→Q}‖ − bound in every group."""
        return self.sq - self.bound

    @property
    def excess_qs(self) -> Array:
        """‖ε_{Q→S}‖ − bound in every group."""
        return self.qs - self.bound

    def to_dict(self) -> dict[str, Any]:
        """Nested lists in the shape of the grid of groups."""
        return {name: getattr(self, name).tolist() for name in ("s", "q", "sq", "qs", "gain", "bound")}

    @property
    def reversed_groups(self) -> int:
        """Groups in which Q→S has the smaller error, beyond the rounding of the norms."""
        return int(np.count_nonzero(self.qs < self.sq * (1 - 1e-12)))


@final
@dataclass(frozen=True, repr=False)
class OrderReport(Tabular):
    """What each order costs on one tensor in one p-norm, what the optimum costs, and the additive bound.

    ``errors.gain`` is the least error of any admissible mask with q(x) on the survivors (theorem
    ``gain_optimal``): for one deterministic quantizer with q(0) = 0 it is at most ``errors.qs`` and
    ``errors.sq_dense``, but not always ``errors.sq``, which may profit from scales that moved. Under a
    threshold the admissible masks keep as many entries as pass at x, as pass at q(x), or a number between.
    """

    p: float
    mask: str
    format: str
    shape: tuple[int, ...]
    x_norm: float
    errors: Errors
    swaps: int
    """Entries of non-zero image that S→Q keeps and Q→S prunes."""
    ties: int
    """Groups whose scores on q(x) tie at the cut, so that the tie rule decides."""
    winner: str
    """``sq``, ``qs`` or ``equal``, decided on the entries where the two results differ."""
    groups: GroupErrors | None = None

    @property
    def bound(self) -> float:
        """‖ε_s‖ + ‖ε_q‖, both at the original x (for p < 1 the p-th powers add)."""
        return additive_bound(self.errors.s, self.errors.q, self.p)

    @property
    def excess_sq(self) -> float:
        """‖ε_{S→Q}‖ − bound: positive when S→Q adds error beyond the sum."""
        return self.errors.sq - self.bound

    @property
    def excess_qs(self) -> float:
        """‖ε_{Q→S}‖ − bound."""
        return self.errors.qs - self.bound

    @property
    def gap(self) -> float:
        """(‖ε_{Q→S}‖ − ‖ε_{S→Q}‖)/‖x‖."""
        return self.relative(self.errors.qs - self.errors.sq)

    def relative(self, value: float) -> float:
        """An error divided by ‖x‖_p; infinite where float64 holds only one of them, or neither."""
        if math.isinf(value) or math.isinf(self.x_norm):
            return math.copysign(math.inf, value)
        return value / self.x_norm if self.x_norm else (math.inf if value else 0.0)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and strings, ready for JSON."""
        names = ("s", "q", "sq", "qs", "gain", "sq_dense")
        return {
            "shape": list(self.shape),
            "mask": self.mask,
            "format": self.format,
            "norm": json_ready(self.p),
            "x_norm": json_ready(self.x_norm),
            "errors": {name: json_ready(getattr(self.errors, name)) for name in names},
            "bound": json_ready(self.bound),
            "excess": {"sq": json_ready(self.excess_sq), "qs": json_ready(self.excess_qs)},
            "swaps": self.swaps,
            "ties": self.ties,
            "winner": self.winner,
            **({} if self.groups is None else {"groups": json_ready(self.groups.to_dict())}),
        }

    def to_json(self) -> str:
        """The same as one JSON object; numbers that are not finite as strings."""
        return json_text(self.to_dict())

    def table(self) -> Table:
        """One line for each quantity: name, norm, share of ‖x‖."""
        size = f"‖·‖_{spell_norm(self.p)}"
        rows = [
            ("S only", self.errors.s),
            ("Q only", self.errors.q),
            ("bound S + Q", self.bound),
            ("S→Q", self.errors.sq),
            ("Q→S", self.errors.qs),
            ("S→Q, dense scale", self.errors.sq_dense),
            ("gain optimum", self.errors.gain),
        ]
        share = (OVERFLOW if math.inf in (v, self.x_norm) else f"{100 * self.relative(v):.4f}%" for _, v in rows)
        cells = tuple((name, number(v, 6), cell) for (name, v), cell in zip(rows, share, strict=True))
        return Table(("error of", size, "relative"), cells, self.title)

    @property
    def title(self) -> str:
        """The pipeline, the shape and the winner."""
        verdict = {"sq": "S→Q wins", "qs": "Q→S wins", "equal": "the orders agree"}[self.winner]
        return f"{self.mask} with {self.format} on {'×'.join(map(str, self.shape))}: {verdict}, {self.swaps} swaps"


def compare(
    x: ArrayLike, s: Sparsifier | str, q: Operator | str, p: float = 2.0, *, per_group: bool = False
) -> OrderReport:
    """‖ε‖_p of S→Q, Q→S and the gain optimum on x; ``per_group`` adds the norms of every mask group.

    x: any real tensor; s and q: operators or their spellings; p in (0, ∞]. Raises what s and q raise, SpellingError.

    >>> compare([1.75, 2, 0, 7], "2:4", "int4", p=1).errors.qs
    2.25
    """
    two = both(x, parse_as(Sparsifier, MASK, s), parse_as(Operator, QUANTIZER, q))
    return report(two, p, per_group=per_group)


def report(orders: TwoOrders, p: float = 2.0, *, per_group: bool = False) -> OrderReport:
    """The OrderReport of two orders already applied.

    Where results differ their errors are summed without rounding, onto one sum over the entries where they
    agree, so the order of the reported norms does not depend on how a sum was accumulated. ``winner`` is
    exact for p = 1, 2, 3, …; for other p, differences below the rounding of the powers count as equal.
    """
    p = check_norm(p)
    x, s = orders.x, orders.s
    swaps = int(np.count_nonzero(orders.reselected & orders.mask))
    best = gain_mask(x, orders.image, s, p)
    flat, image, after = (a.reshape(-1) for a in (x, orders.image, orders.after_mask))
    mask, theirs, optimal = (m.reshape(-1) for m in (orders.mask, orders.image_mask, best))
    dense = at_dense_scale(orders).reshape(-1)
    zero = x.dtype.type(0)
    results: list[Pieces] = [
        lambda cut: after[cut],
        lambda cut: np.where(theirs[cut], image[cut], zero),
        lambda cut: np.where(optimal[cut], image[cut], zero),
        lambda cut: dense[cut],
    ]
    sq, qs, least, sq_dense = _norms(flat, results, p)
    lead = _change(flat, results[0], results[1], p) if p < np.inf else qs - sq
    winner, qs = judged(sq, qs, lead)
    errors = Errors(
        s=norm_of(lambda cut: np.where(mask[cut], zero, flat[cut]), flat.size, p),
        q=norm_of(lambda cut: flat[cut].astype(np.float64) - image[cut], flat.size, p),
        sq=sq,
        qs=qs,
        gain=least,
        sq_dense=sq_dense,
    )
    groups = _by_group(orders, np.where(best, orders.image, zero), p) if per_group else None
    return OrderReport(p, str(s), str(orders.q), x.shape, norm(x, p), errors, swaps, orders.tied, winner, groups)


def judged(sq: float, qs: float, lead: float | Fraction) -> tuple[str, float]:
    """The winner by the sign of ``lead`` = ‖ε_{Q→S}‖^p − ‖ε_{S→Q}‖^p, the finer verdict, and qs in accord with it."""
    winner = "equal" if lead == 0 else "sq" if lead > 0 else "qs"
    return winner, {"equal": sq, "sq": max(sq, qs), "qs": min(sq, qs)}[winner]


def _norms(x: Array, results: list[Pieces], p: float) -> list[float]:
    """‖x − y‖_p of every result y, for flat x."""
    largest = [largest_of(_error_of(x, y), x.size) for y in results]
    if p == np.inf:
        return largest
    unit = unit_of(np.array(largest), p)
    parts: list[list[float]] = [[] for _ in results]

    def shared(cut: slice) -> Array:
        """The powers of the errors where all results agree; the others are split into ``parts`` on the way."""
        given, images = x[cut].astype(np.float64), [y(cut) for y in results]
        common = powers(np.abs(given - images[0]) / unit, p)
        at = np.flatnonzero(np.logical_or.reduce([y != images[0] for y in images[1:]]))
        for part, y in zip(parts, images, strict=True):
            part += exact_parts(powers(np.abs(given[at] - y[at]) / unit, p))
        common[at] = 0
        return common

    common = pairwise(shared, x.size)
    return [root(math.fsum([*part, common]), p) * unit for part in parts]


def _error_of(x: Array, y: Pieces) -> Pieces:
    return lambda cut: x[cut].astype(np.float64) - y(cut)


def change(x: Array, y: Array, z: Array, p: float) -> float | Fraction:
    """‖x − z‖_p^p − ‖x − y‖_p^p for finite p up to a positive factor: its sign is exact for p = 1, 2, 3, …

    Only powers that rounding could have reordered are summed again as rational numbers.
    """
    given, near, far = (a.reshape(-1) for a in (x, y, z))
    return _change(given, lambda cut: near[cut], lambda cut: far[cut], p)


def _change(x: Array, y: Pieces, z: Pieces, p: float) -> float | Fraction:
    """``change`` of flat arrays, y and z made piece by piece."""

    def differing(cut: slice) -> list[Array]:
        given = [x[cut], y(cut), z(cut)]
        at = np.flatnonzero(given[1] != given[2])
        return [a[at].astype(np.float64) for a in given]

    cuts = [slice(at, min(at + PIECE, x.size)) for at in range(0, x.size, PIECE)]
    errors = ((np.abs(at - near), np.abs(at - far)) for at, near, far in map(differing, cuts))
    unit = unit_of(np.array([np.max(e, initial=0.0) for pair in errors for e in pair]), p)
    leads, sums = list[float](), list[float]()
    for at, near, far in map(differing, cuts):
        ours, theirs = (powers(np.abs(at - e) / unit, p) for e in (near, far))
        leads += exact_parts(theirs) + exact_parts(-ours)
        sums += [float(np.sum(ours)), float(np.sum(theirs))]
    lead = math.fsum(leads)
    if abs(lead) > (p + 4) * np.finfo(np.float64).eps * math.fsum(sums):
        return lead
    if not (float(p).is_integer() and p <= STEEP):
        return 0.0
    at, near, far = map(np.concatenate, zip(*map(differing, cuts), strict=True)) if cuts else np.empty((3, 0))
    rows, counts = np.unique(np.stack([at, near, far], axis=1), axis=0, return_counts=True)
    exact = [[Fraction(float(v)) for v in row] for row in rows]
    terms_of = (abs(a - c) ** int(p) - abs(a - b) ** int(p) for a, b, c in exact)
    return sum((n * term for n, term in zip(counts.tolist(), terms_of, strict=True)), Fraction(0))


def at_dense_scale(orders: TwoOrders) -> Array:
    """q(s(x)) with the scales of x."""
    if not isinstance(orders.q, Quantizer):
        return orders.after_mask
    y = orders.sparse
    return orders.q.frozen(orders.x).into(y, y, orders.x)


def _by_group(orders: TwoOrders, best: Array, p: float) -> GroupErrors:
    x = orders.x.astype(np.float64)
    results: list[Array] = [orders.sparse, orders.image, orders.after_mask, orders.masked_image, best]
    s, q, sq, qs, gain = (box_norms(x - y, p, orders.s.groups) for y in results)
    return GroupErrors(s, q, sq, qs, gain, np.vectorize(additive_bound, otypes=[float])(s, q, p))
