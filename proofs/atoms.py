"""The numbers a proof speaks of: one row of a case in exact rationals."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TypeAlias, final

import sympy

from sqtheory.arrays import Array, Mask
from sqtheory.case import Case

Number: TypeAlias = Fraction | float | sympy.Expr
Row: TypeAlias = list[Fraction]


def exact(values: Array) -> Row:
    """Floating-point numbers as the rationals they are."""
    return [Fraction(v) for v in values.tolist()]


@final
@dataclass(frozen=True, eq=False)
class Atoms:
    """Row ``index`` of a case: x, q(x), the masks, the images of both orders, the scale of every entry.

    Lists of rationals over the entries of the row; a model combines them one entry at a time.
    """

    case: Case
    index: int

    def of(self, values: Array) -> Row:
        """This row of an array of the shape of x."""
        return exact(values[self.index])

    def flags(self, mask: Mask) -> list[bool]:
        """This row of a mask of the shape of x."""
        return [bool(v) for v in mask[self.index]]

    @property
    def p(self) -> float:
        """The exponent of the norm."""
        return self.case.p

    @cached_property
    def x(self) -> Row:
        """x."""
        return self.of(self.case.x)

    @cached_property
    def w(self) -> Row:
        """The second operand of a dot product."""
        return self.of(self.case.weight.x)

    @cached_property
    def q(self) -> Row:
        """The image of x under q."""
        return self.of(self.case.orders.image)

    @cached_property
    def m(self) -> list[bool]:
        """Where S→Q keeps an entry."""
        return self.flags(self.case.orders.mask)

    @cached_property
    def m2(self) -> list[bool]:
        """Where Q→S keeps an entry."""
        return self.flags(self.case.orders.image_mask)

    @cached_property
    def sq(self) -> Row:
        """The image of x under S→Q."""
        return self.of(self.case.orders.after_mask)

    @cached_property
    def scale(self) -> Row:
        """σ(x), the scale of every entry's block."""
        return self.of(self.case.dense_scale)

    @cached_property
    def groups(self) -> list[list[int]]:
        """The places of every mask group of the row."""
        size = len(self.x)
        side = self.case.s.groups.sides(self.case.x.shape)[-1]
        return [list(range(start, min(start + side, size))) for start in range(0, size, side)]

    def power(self, errors: Iterable[Fraction]) -> Number:
        """Σ |e|^p, exact for p = 1, 2, 3, …; max |e| for p = ∞."""
        sizes = [abs(e) for e in errors] or [Fraction(0)]
        if self.p == math.inf:
            return max(sizes)
        if float(self.p).is_integer():
            return sum((e ** int(self.p) for e in sizes), Fraction(0))
        return math.fsum(float(e) ** self.p for e in sizes)

    def norm(self, errors: Iterable[Fraction]) -> Number:
        """(Σ |e|^p)^{1/p} as an exact algebraic number for p = 1, 2, 3, …, ∞; a float for other p."""
        total = self.power(errors)
        if self.p in (1, math.inf):
            return total
        if isinstance(total, Fraction):
            return sympy.root(sympy.Rational(total.numerator, total.denominator), int(self.p))
        return float(total) ** (1 / self.p)
