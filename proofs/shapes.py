"""Of what shape the rows of unknowns are on which claims are concluded: mask groups, or entries under any mask."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from typing import ClassVar, TypeAlias, final

import sympy

from sqtheory.theory.claims import Assumption
from sqtheory.theory.quantities import (
    FROZEN_Z,
    MAGNITUDE,
    NEAREST,
    NORM,
    ONE_SCALE,
    ORDERED,
    SIGMA,
    STEADY,
    Z,
    of_weight,
)
from sqtheory.theory.theorems.gram_dominates import UNCORRELATED

from .unknowns import Unknowns

KNOWN = (FROZEN_Z, MAGNITUDE, NEAREST, NORM, ONE_SCALE, ORDERED, SIGMA, STEADY, Z)
"""What can be assumed of w."""


@final
@dataclass(frozen=True)
class Groups:
    """Rows of so many groups of m entries of which n are kept; ``products`` of two rows, of which w is masked.

    With ``by_gain`` the first n are those of largest gain, or of what else the claim ranks by (in products, of w), and
    both orders keep what Q→S does else: a claim that compares one of them with that mask is then tried in every case.
    """

    n: int
    m: int
    count: int = 1
    products: bool = False
    by_gain: bool = False
    whole: str = ""
    """Why rows of which nothing is pruned stand for all, where they do."""

    def __str__(self) -> str:
        rows = f"{self.n}:{self.m}" if self.count == 1 else f"{self.count} groups of {self.n}:{self.m}"
        named = f"products of rows of {rows}" if self.products else rows
        return f"{named} ({self.whole})" if self.whole else named

    def rows(self, given: Iterable[Assumption], exponent: sympy.Expr) -> Iterator[Unknowns]:
        """The rows: every choice of Q→S up to the numbering of entries."""
        all_given = frozenset(given)
        groups = [list(range(g * self.m, (g + 1) * self.m)) for g in range(self.count)]
        first = [i < self.n for _ in groups for i in range(self.m)]
        for swaps in product(range(min(self.n, self.m - self.n) + 1), repeat=self.count):
            second = [k <= i < k + self.n for k in swaps for i in range(self.m)]
            if self.by_gain:
                yield from _rows(all_given, exponent, groups, second, second, self.products, first)
            else:
                yield from _rows(all_given, exponent, groups, first, second, self.products)


@final
@dataclass(frozen=True)
class Places:
    """Rows of one group of m entries of which n are kept, by x, by q(x) and by q₂(q(x)): any mask of each.

    Entries are numbered so that the mask of x is the first n.
    """

    n: int
    m: int
    products: ClassVar[bool] = False
    whole: ClassVar[str] = ""

    def __str__(self) -> str:
        return f"{self.n}:{self.m} at three places of a chain"

    def rows(self, given: Iterable[Assumption], exponent: sympy.Expr) -> Iterator[Unknowns]:
        """The rows: every mask of the first image with every one of the second."""
        all_given, size = frozenset(given), range(self.m)
        masks = [[i in kept for i in size] for kept in combinations(size, self.n)]
        for second, third in product(masks, repeat=2):
            yield Unknowns("", all_given, exponent, [list(size)], masks[0], second, third=third)


@final
@dataclass(frozen=True)
class Entries:
    """Rows of so many entries under any mask of S→Q, and any of Q→S if both ``orders`` are spoken of."""

    size: int
    orders: int = 1
    products: bool = False
    whole: ClassVar[str] = ""

    def __str__(self) -> str:
        return f"{'products of ' if self.products else ''}rows of {self.size}, any mask{'s' * (self.orders > 1)}"

    def rows(self, given: Iterable[Assumption], exponent: sympy.Expr) -> Iterator[Unknowns]:
        """The rows: S→Q keeps the first so many, Q→S any."""
        all_given, groups = frozenset(given), [list(range(self.size))]
        for kept in range(self.size + 1):
            first = [i < kept for i in range(self.size)]
            for second in product((True, False), repeat=self.size if self.orders > 1 else 0):
                yield from _rows(all_given, exponent, groups, first, list(second), self.products)


@final
@dataclass(frozen=True)
class Diagonal:
    """Products of diagonal inputs, of one power if the theorem assumes it, and a row of w of one group of n:m.

    What a layer loses depends on its inputs by XᵀX alone (gram_error): diagonal ones stand for all uncorrelated ones,
    and outputs add.
    """

    n: int
    m: int
    products: ClassVar[bool] = True
    whole: ClassVar[str] = ""

    def __str__(self) -> str:
        return f"products of diagonal inputs and a row of {self.n}:{self.m}"

    def rows(self, given: Iterable[Assumption], exponent: sympy.Expr) -> Iterator[Unknowns]:
        """The rows: every choice of Q→S up to the numbering of entries."""
        all_given = frozenset(given)
        size = range(self.m)
        powers = [sympy.Symbol("u" if UNCORRELATED in all_given else f"u{i}", real=True) for i in size]
        inputs = [powers[i] if i == j else sympy.Integer(0) for i in size for j in size]
        for row in Groups(self.n, self.m, products=True).rows(all_given, exponent):
            yield replace(row, inputs=inputs)


@final
@dataclass(frozen=True)
class Cuts:
    """Rows of one group of n:m in every way that images can tie at its cut: so many above it, so many at it.

    Entries are numbered by |q(x)|, those at the cut by |x|: the first n are what Q→S keeps that asks originals.
    """

    n: int
    m: int
    products: ClassVar[bool] = False
    whole: ClassVar[str] = ""

    def __str__(self) -> str:
        return f"{self.n}:{self.m}, every number of ties at the cut"

    def rows(self, given: Iterable[Assumption], exponent: sympy.Expr) -> Iterator[Unknowns]:
        """The rows: every number above the cut and at it."""
        all_given, size = frozenset(given), range(self.m)
        first = [i < self.n for i in size]
        for above in range(self.n):
            for last in range(self.n, self.m + 1):
                flags = [i < last for i in size], [i < above for i in size]
                yield Unknowns("", all_given, exponent, [list(size)], first, flags[0], ranked=flags[1])


@final
@dataclass(frozen=True)
class Pairs:
    """Rows of two entries a ≥ b ≥ 0 of one scale: in one cell, or in two of which that of a is the higher.

    Signs are of no account where levels are symmetric, and Z holds since 0 is one of them; one pair stands for many,
    whose expectations add.
    """

    products: ClassVar[bool] = False
    whole: ClassVar[str] = ""

    def __str__(self) -> str:
        return "1:2, both in one cell or not"

    def rows(self, given: Iterable[Assumption], exponent: sympy.Expr) -> Iterator[Unknowns]:
        """The rows: unknown distances, none negative, from the lower level up."""
        v, below, apart, above, room, rise = sympy.symbols("v below apart above room rise", nonnegative=True)
        step = sympy.Symbol("step", positive=True)
        high, next_low = v + below + apart + above + step, v + below + apart + above + step + room
        one, two = (v, high), (next_low, next_low + rise + step)
        pairs = (((v + below + apart, v + below), [one, one]), ((next_low + rise, v + below), [two, one]))
        for x, ends in pairs:
            known = frozenset(given) | {Z}
            yield Unknowns("", known, exponent, [[0, 1]], [True, False], [True, False], inputs=list(x), cells=ends)


@final
@dataclass(frozen=True)
class Operands:
    """Products of two rows of so many entries, whose images under both orders are any numbers, by whatever masks."""

    size: int
    products: ClassVar[bool] = True
    whole: ClassVar[str] = "images are any numbers, 0 among them"

    def __str__(self) -> str:
        return f"products of rows of {self.size}, both with any images ({self.whole})"

    def rows(self, given: Iterable[Assumption], exponent: sympy.Expr) -> Iterator[Unknowns]:
        """One row, every entry and every image an unknown."""
        groups, every = [list(range(self.size))], [True] * self.size
        w = Unknowns("w", frozenset(), exponent, groups, every, every)
        yield Unknowns("x", frozenset(given), exponent, groups, every, every, w)


Shape: TypeAlias = Groups | Places | Entries | Diagonal | Cuts | Pairs | Operands


def _rows(
    given: frozenset[Assumption],
    exponent: sympy.Expr,
    groups: list[list[int]],
    first: list[bool],
    second: list[bool],
    products: bool,
    ranked: Sequence[bool] = (),
) -> Iterator[Unknowns]:
    if not products:
        yield Unknowns("", given, exponent, groups, first, second, ranked=list(ranked))
        return
    of_w = frozenset(assumption for assumption in KNOWN if of_weight(assumption) in given)
    partner = Unknowns("w", of_w, exponent, groups, first, second, ranked=list(ranked))
    yield Unknowns("x", given, exponent, groups, [], [], partner)
