"""Of what shape the rows of unknowns are on which claims are concluded: mask groups, or entries under any mask."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product
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

    With ``by_gain`` the first n are those of largest gain, and both orders keep what Q→S does else: a claim that
    compares one of them with the mask by gain is then tried in every case.
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
                yield Unknowns("", all_given, exponent, groups, second, second, ranked=first)
            else:
                yield from _rows(all_given, exponent, groups, first, second, self.products)


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


Shape: TypeAlias = Groups | Entries | Diagonal | Operands


def _rows(
    given: frozenset[Assumption],
    exponent: sympy.Expr,
    groups: list[list[int]],
    first: list[bool],
    second: list[bool],
    products: bool,
) -> Iterator[Unknowns]:
    if not products:
        yield Unknowns("", given, exponent, groups, first, second)
        return
    of_w = frozenset(assumption for assumption in KNOWN if of_weight(assumption) in given)
    yield Unknowns("x", given, exponent, groups, [], [], Unknowns("w", of_w, exponent, groups, first, second))
