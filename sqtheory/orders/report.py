"""Both orders of a sparsifier and a quantizer on one tensor, and the best any order could do."""

import math
from dataclasses import dataclass, replace
from typing import Any, cast, final, overload

from sqtheory.alphabet.norms import check_norm, spell_norm
from sqtheory.alphabet.notation import MASK, QUANTIZER, parse_as
from sqtheory.alphabet.operators import Operator
from sqtheory.alphabet.partition import Shape
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import ArrayLike
from sqtheory.orders.applied import TwoOrders, Winner, both
from sqtheory.orders.chain import ChainReport, compare_chain
from sqtheory.orders.counts import Errors, GroupErrors, Sums
from sqtheory.orders.definition import group_errors, sums_of
from sqtheory.orders.errors import additive_bound
from sqtheory.orders.optimum import gain_mask
from sqtheory.tables import OVERFLOW, Table, Tabular, json_ready, json_text, number


@final
@dataclass(frozen=True, repr=False)
class OrderReport(Tabular):
    """What each order costs on one tensor in one p-norm, what the optimum costs, and the additive bound.

    ``errors.gain`` is the least error of any admissible mask with q(x) on the survivors (theorem
    ``gain_optimal``): for one deterministic quantizer with q(0) = 0 it is at most ``errors.qs`` and
    ``errors.sq_dense``, but not always ``errors.sq``, which may profit from scales that moved. Under a
    threshold the admissible masks keep as many entries as pass at x, as pass at q(x), or a number between.

    >>> compare([1.75, 2, 0, 7], "2:4", "int4", p=1).bound
    2.0
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
    winner: Winner
    """Decided on the entries where the two results differ."""
    groups: GroupErrors | None = None

    @classmethod
    def of(
        cls, mask: str, fmt: str, shape: Shape, sums: Sums, swaps: int, ties: int, groups: GroupErrors | None = None
    ) -> "OrderReport":
        """The report of what was added up; the norm of Q→S in accord with the winner, which is the finer verdict."""
        sq, qs = sums.errors.sq, sums.errors.qs
        winner, accorded = {
            0: (Winner.equal, sq),
            1: (Winner.sq, max(sq, qs)),
            -1: (Winner.qs, min(sq, qs)),
        }[sums.lead]
        errors = sums.errors if accorded == qs else replace(sums.errors, qs=accorded)
        return cls(sums.p, mask, fmt, shape, sums.x_norm, errors, swaps, ties, winner, groups)

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
        verdict = "the orders agree" if self.winner is Winner.equal else f"{self.winner.sign} wins"
        return f"{self.mask} with {self.format} on {'×'.join(map(str, self.shape))}: {verdict}, {self.swaps} swaps"


@overload
def compare(
    x: ArrayLike, s: Sparsifier | str, q: Operator | str, p: float = 2.0, *, per_group: bool = False
) -> OrderReport: ...


@overload
def compare(x: ArrayLike, s: Operator | str, *, p: float = 2.0) -> ChainReport: ...


def compare(
    x: ArrayLike, s: Operator | str, q: Operator | str | None = None, p: float = 2.0, *, per_group: bool = False
) -> OrderReport | ChainReport:
    """‖ε‖_p of S→Q, Q→S and the gain optimum on x; ``per_group`` adds the norms of every mask group.

    x: any real tensor; s and q: operators or their spellings; p in (0, ∞]. Without q, s is a chain of masks and
    quantizers, and the answer is on every order of its letters. Raises what s and q raise, SpellingError.

    >>> compare([1.75, 2, 0, 7], "2:4", "int4", p=1).errors.qs
    2.25
    >>> compare([1.75, 2, 0, 7], "int4 >> 2:4 >> mxfp4", p=1).winners
    ('S→Q₁→Q₂',)
    """
    if q is None:
        if per_group:
            raise ValueError("per_group is for a mask and a quantizer: a chain has no norms of groups")
        return compare_chain(x, s, p)
    two = both(x, parse_as(Sparsifier, MASK, cast(Sparsifier | str, s)), parse_as(Operator, QUANTIZER, q))
    return order_report(two, p, per_group=per_group)


def order_report(two: TwoOrders, p: float = 2.0, *, per_group: bool = False) -> OrderReport:
    """The OrderReport of two orders already applied, by their definition.

    ``winner`` is exact for p = 1, 2, 3, …; for other p, differences below the rounding of the powers count as equal.
    """
    p = check_norm(p)
    best = gain_mask(two.x, two.image, two.s, p)
    sums, groups = sums_of(two, best, p), group_errors(two, best, p) if per_group else None
    return OrderReport.of(str(two.s), str(two.q), two.x.shape, sums, two.swaps, two.tied, groups)
