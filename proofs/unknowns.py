"""A row of unknowns: what the models of a proof are evaluated on when a machine is to conclude a claim.

Nothing is known of it but what the assumptions of the theorem say: each has a reading in the unknowns of the row, and
an assumption that is not read is not used. Masks are fixed, one choice after the other; entries are numbered so that
S→Q keeps the first of every group, and Q→S then differs by how many of them it prunes.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeAlias, final

import sympy
from sympy import Abs, And, Eq, Ge, Implies, Le, Lt, Or

from sqtheory.theory.chains import ORDERED_ALL, SIGMA_ALL, Z_ALL
from sqtheory.theory.claims import Assumption
from sqtheory.theory.quantities import (
    FROZEN_Z,
    MAGNITUDE,
    NEAREST,
    NEARLY_ORDERED,
    ONE_SCALE,
    ORDERED,
    SIGMA,
    STEADY,
    Z,
)
from sqtheory.theory.theorems.dot_concentration import IN_RANGE
from sqtheory.theory.theorems.dyadic_equivariance import FOLLOWS
from sqtheory.theory.theorems.unbiased_order import ROOM, ZERO

from .atoms import Atoms, Number, Pairs, Row

ONE, REAL, LARGEST = sympy.Integer(1), sympy.Symbol("p", positive=True), sympy.oo
"""The exponents of unknown rows: p = 1, every real p > 0 at once, p = ∞."""
SAME_AGAIN = frozenset({STEADY, ORDERED, NEAREST})
"""Each of these says that an entry has one image as long as its scale is one."""


UNCLIPPED = frozenset({IN_RANGE, ROOM})
"""Each of these says that what is rounded lies on the grid or between two of its levels."""


class Root(sympy.Function):  # type: ignore[misc]
    """E ↦ E^{1/p} for E ≥ 0."""

    nargs = 1
    is_real = True
    is_nonnegative = True

    @classmethod
    def eval(cls, power: sympy.Expr) -> sympy.Expr | None:
        """0 ↦ 0."""
        return power if power.is_zero else None


RHO = sympy.Function("rho", real=True)
"""Rounding at scale 1, the same for every entry."""


class Dual(sympy.Function):  # type: ignore[misc]
    """The conjugate norm of magnitudes."""

    is_real = True
    is_nonnegative = True


@final
@dataclass(frozen=True, eq=False)
class Unknowns(Atoms):
    """One row of unknowns under some assumptions, with fixed masks."""

    name: str
    given: frozenset[Assumption]
    exponent: sympy.Expr
    places: list[list[int]]
    first: list[bool]
    second: list[bool]
    partner: "Unknowns | None" = None
    ranked: list[bool] = field(default_factory=list)
    inputs: Row = field(default_factory=list)
    """x itself, where not every entry is an unknown of its own."""
    third: list[bool] = field(default_factory=list)
    """The mask of q₂(q(x)), where a second quantizer follows q."""
    cells: Pairs = field(default_factory=list)
    """The levels around every entry, where they are known."""

    def unassuming(self) -> "Unknowns":
        """The same row where nothing is assumed."""
        partner = None if self.partner is None else self.partner.unassuming()
        return replace(self, given=frozenset(), partner=partner)

    @property
    def groups(self) -> list[list[int]]:
        """As given."""
        return self.places

    @property
    def m(self) -> list[bool]:
        """As given."""
        return self.first

    @property
    def m2(self) -> list[bool]:
        """As given."""
        return self.second

    def _symbols(self, letter: str, **assumptions: bool) -> Row:
        size = sum(map(len, self.groups))
        return [sympy.Symbol(f"{letter}_{self.name}{i}", real=True, **assumptions) for i in range(size)]

    @cached_property
    def x(self) -> Row:
        """One unknown an entry, or as given."""
        return self.inputs or self._symbols("v")

    @property
    def weight(self) -> "Unknowns":
        """The row of w. Raises ValueError if there is none."""
        if self.partner is None:
            raise ValueError("this row has no second operand")
        return self.partner

    @cached_property
    def q(self) -> Row:
        """One unknown an entry."""
        return self._symbols("q")

    @cached_property
    def later(self) -> Row:
        """q₂(q(x)): one unknown an entry."""
        return self._symbols("r")

    @property
    def images(self) -> list[Row]:
        """x, q(x), q₂(q(x))."""
        return [self.x, self.q, self.later]

    def placed(self, k: int) -> Row:
        """0 where Z of all quantizers says so of a pruned entry, q₂(q(x))_i where Σ says so of a kept one."""
        known = SIGMA_ALL in self.given and ORDERED_ALL in self.given
        entries = zip((self.first, self.second, self.third)[k], self.later, self._symbols(f"y{k}_"), strict=True)
        zero = sympy.Integer(0)
        return [(r if known else y) if kept else (zero if Z_ALL in self.given else y) for kept, r, y in entries]

    @property
    def by_gain(self) -> list[bool]:
        """As given."""
        return self.ranked

    @property
    def by_original(self) -> list[bool]:
        """The first of every group: entries are numbered so."""
        return self.first

    @property
    def cut(self) -> list[int]:
        """Above it what is ranked, at it what else the second mask has."""
        return [1 if above else 0 if at else -1 for above, at in zip(self.ranked, self.second, strict=True)]

    def choose_tied(self, order: Sequence[int], places: Sequence[int], count: int) -> list[int]:
        """The lowest places."""
        return sorted(places)[:count]

    @cached_property
    def sq(self) -> Row:
        """0 where Z says so of a pruned entry, q(x)_i where Σ says so of a kept one; else an unknown."""
        return self._after_mask(Z in self.given, SIGMA in self.given, "y")

    @cached_property
    def frozen(self) -> Row:
        """The same at the scales of x, which no mask moves."""
        return self._after_mask(FROZEN_Z in self.given, True, "f")

    def _after_mask(self, zero: bool, scale: bool, letter: str) -> Row:
        known = scale and bool(SAME_AGAIN & self.given)
        entries = zip(self.m, self.q, self._symbols(letter), strict=True)
        return [(q if known else y) if kept else (sympy.Integer(0) if zero else y) for kept, q, y in entries]

    @cached_property
    def around(self) -> Pairs:
        """Two unknowns an entry."""
        return list(zip(self._symbols("lo"), self._symbols("hi"), strict=True))

    @cached_property
    def ends(self) -> Pairs:
        """Two unknowns an entry, or as given."""
        return self.cells or list(zip(self._symbols("down"), self._symbols("up"), strict=True))

    @cached_property
    def masked_ends(self) -> Pairs:
        """Those of x where Σ says so of a kept entry, 0 where Z says so of a pruned one; else unknowns."""
        own = list(zip(self._symbols("mdown"), self._symbols("mup"), strict=True))
        zero = (sympy.Integer(0), sympy.Integer(0))
        entries = zip(self.m, self.ends, own, strict=True)
        return [
            (x if SIGMA in self.given else y) if kept else (zero if Z in self.given else y) for kept, x, y in entries
        ]

    def ends_of(self, factor: Number) -> Pairs:
        """Two unknowns an entry, named by the factor; 0 where that is 0 and 0 is a level."""
        if factor == 0 and ZERO in self.given:
            return [(sympy.Integer(0), sympy.Integer(0))] * len(self.x)
        name = str(factor).replace("/", "over")
        return list(zip(self._symbols(f"low{name}_"), self._symbols(f"high{name}_"), strict=True))

    @cached_property
    def lower_halves(self) -> Row:
        """One unknown an entry."""
        return self._symbols("h", nonnegative=True)

    @cached_property
    def half_steps(self) -> Row:
        """One unknown an entry."""
        return self._symbols("d", nonnegative=True)

    @cached_property
    def nearest(self) -> Row:
        """The distance to the image, if q rounds to nearest; else an unknown."""
        if NEAREST in self.given:
            return [Abs(x - q) for x, q in zip(self.x, self.q, strict=True)]
        return self._symbols("n", nonnegative=True)

    @cached_property
    def scale(self) -> Row:
        """One unknown an entry."""
        return self._symbols("s", positive=True)

    @property
    def half_step(self) -> Number:
        """An unknown."""
        return sympy.Symbol("half", nonnegative=True)

    @cached_property
    def rounded_differences(self) -> Row:
        """One unknown an entry."""
        return self._symbols("e")

    @cached_property
    def doubled(self) -> Row:
        """One unknown an entry."""
        return self._symbols("z")

    @cached_property
    def halved(self) -> Row:
        """One unknown an entry."""
        return self._symbols("k")

    @cached_property
    def rounded_rests(self) -> tuple[Row, Row]:
        """Two unknowns an entry."""
        return self._symbols("t"), self._symbols("u")

    @property
    def steps(self) -> Number:
        """An unknown."""
        return sympy.Symbol("steps", positive=True)

    def shifted(self, j: int) -> Row:
        """σ ρ(2^j x/σ) for a rounding ρ: σ is 2^j times the scale of x where scales follow, else an unknown."""
        own = self.scale if FOLLOWS in self.given else self._symbols(f"s{j}_", positive=True)
        known = STEADY in self.given
        factor = sympy.Integer(2) ** j
        return [
            factor * s * (RHO(factor * x / (factor * s)) if known else fresh)
            for x, s, fresh in zip(self.x, own, self._symbols(f"r{j}"), strict=True)
        ]

    def weighed(self, values: Row) -> Row:
        """The values: where something is weighed, the unknowns stand for n_i x_i and n_i q(x)_i."""
        return values

    def budget(self, group: Sequence[int]) -> int:
        """What S→Q keeps of it."""
        return sum(self.m[i] for i in group)

    def top_of_groups(self, values: Row) -> list[bool]:
        """As given: a definition says that these values are on top there."""
        return self.ranked

    def top_of_row(self, values: Row) -> list[bool]:
        """As given, for a row of one group."""
        return self.ranked

    def largest(self, values: Iterable[Number]) -> Number:
        """Their maximum with 0."""
        return sympy.Max(0, *map(sympy.sympify, values))

    def least(self, values: Iterable[Number]) -> Number:
        """Their minimum."""
        return sympy.Min(*map(sympy.sympify, values))

    def power(self, errors: Iterable[Number]) -> Number:
        """Σ |e|^p with an unknown p, Σ |e|, or max |e|."""
        sizes = [Abs(sympy.sympify(e)) for e in errors]
        if self.exponent == LARGEST:
            return self.largest(sizes)
        return sympy.Add(*(size**self.exponent for size in sizes))

    def total(self, powers: Iterable[Number]) -> Number:
        """Their sum, or maximum."""
        parts = list(powers)
        return self.largest(parts) if self.exponent == LARGEST else sympy.Add(*parts)

    def dual_norm(self, values: Iterable[Number]) -> Number:
        """A number of which the lemmas speak."""
        return Dual(*(Abs(sympy.sympify(v)) for v in values))

    def share(self, value: Number, low: Number, high: Number) -> Number:
        """The quotient if nothing saturates; else the quotient within [0, 1]."""
        if high == low:
            return sympy.Integer(0)
        part = value - low
        if not self.given & UNCLIPPED:
            part = sympy.Min(sympy.Max(part, 0), high - low)
        return part / (high - low)

    def root(self, power: Number) -> Number:
        """A root of which the lemmas speak, for an unknown p."""
        return Root(power) if self.exponent == REAL else power


Facts: TypeAlias = list[Any]
"""Relations between unknowns."""
Reading: TypeAlias = Callable[[Unknowns], Facts]


def on_top(scores: Row, mask: Sequence[bool], groups: Iterable[Sequence[int]]) -> Facts:
    """No kept entry of a group scores less than a pruned one."""
    return [Ge(scores[i], scores[j]) for g in groups for i in g for j in g if mask[i] and not mask[j]]


def magnitude(a: Unknowns) -> Facts:
    """The mask of x is on top by |x|, that of q(x) by |q(x)|."""
    return on_top(list(map(Abs, a.x)), a.m, a.groups) + on_top(list(map(Abs, a.q)), a.m2, a.groups)


def same_sign(x: Any, q: Any) -> Any:
    """q has not the sign opposite to x."""
    return Or(And(Ge(x, 0), Ge(q, 0)), And(Le(x, 0), Le(q, 0)))


def ordered(a: Unknowns) -> Facts:
    """|x_i| ≤ |x_j| ⇒ |q(x)_i| ≤ |q(x)_j| for entries of one scale, and no sign is reversed."""
    signs = [same_sign(x, q) for x, q in zip(a.x, a.q, strict=True)]
    pairs = [(i, j) for g in a.groups for i in g for j in g if i != j and ONE_SCALE in a.given]
    return signs + [Implies(Le(Abs(a.x[i]), Abs(a.x[j])), Le(Abs(a.q[i]), Abs(a.q[j]))) for i, j in pairs]


def nearly_ordered(a: Unknowns) -> Facts:
    """Of entries of one group the larger has no smaller image; of two of one size the smaller image is no further."""
    signs = [same_sign(x, q) for x, q in zip(a.x, a.q, strict=True)]
    pairs = [(i, j) for g in a.groups for i in g for j in g if i != j]
    (x, q), off = (list(map(Abs, row)) for row in (a.x, a.q)), [Abs(v - y) for v, y in zip(a.x, a.q, strict=True)]
    kept = [Implies(Lt(x[i], x[j]), Le(q[i], q[j])) for i, j in pairs]
    return signs + kept + [Implies(And(Eq(x[i], x[j]), Le(q[i], q[j])), Le(off[i], off[j])) for i, j in pairs]


READINGS: Mapping[Assumption, Reading] = {MAGNITUDE: magnitude, ORDERED: ordered, NEARLY_ORDERED: nearly_ordered}
"""What an assumption says of a row; others are read where an image is taken (Z, Σ), or in the proofs that need them."""
