"""An accumulator in rationals, one product after the other: what the models of its theorems are made of."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import TypeAlias, final

from sqtheory.arithmetic.accumulator import Accumulator
from sqtheory.arithmetic.operand import Operand
from sqtheory.theory.accumulated import accumulator, promoted

from .atoms import Number
from .exact import ExactRow

Groups: TypeAlias = list[list[int]]
LEAST, FINEST, LARGEST = -126, -149, 2 - Fraction(1, 2**23)
"""The exponents of float32's smallest normal and smallest positive numbers; its largest significand."""


def lead(c: Fraction) -> int:
    """⌊log₂ |c|⌋ of c ≠ 0."""
    c = abs(c)
    e = c.numerator.bit_length() - c.denominator.bit_length()
    return e if c >= Fraction(2) ** e else e - 1


def cut(v: Fraction, unit: Fraction) -> Fraction:
    """To a multiple of the unit, towards zero."""
    return math.trunc(v / unit) * unit


def held(v: Fraction, operand: Operand) -> Fraction:
    """v cut towards zero to an operand, saturated."""
    if not v:
        return v
    v = min(max(v, -Fraction(operand.max)), Fraction(operand.max))
    return cut(v, Fraction(2) ** (max(lead(v), operand.emin) - operand.fraction_bits))


def float32(v: Fraction) -> Fraction:
    """To nearest, half to even."""
    return round(v / (unit := Fraction(2) ** (max(lead(v), LEAST) - 23))) * unit if v else v


@final
@dataclass(frozen=True)
class Product:
    """x w, what its exponent answers for, its exponent."""

    value: Fraction
    size: Fraction
    exponent: int


@final
@dataclass(frozen=True, eq=False)
class Accumulated:
    """The products of one row and how they are added up, in one chain unless ``parts``."""

    how: Accumulator
    x: list[Fraction]
    w: list[Fraction]

    @classmethod
    def of(cls, a: ExactRow, *, parts: bool = False, w: Sequence[Number] | None = None) -> "Accumulated":
        """q(x) and q(s(w)), or another w, as operands."""
        how = promoted(a.case) if parts else accumulator(a.case)
        rows = a.q, a.weight.sq if w is None else w
        x, v = ([held(entry, how.operand) for entry in row] for row in rows)
        return cls(how, x, v)

    @cached_property
    def products(self) -> list[Product]:
        """In the order of the row."""
        least = Fraction(2) ** self.how.operand.emin
        found = []
        for x, w in zip(self.x, self.w, strict=True):
            size = max(abs(x), least) * max(abs(w), least) if x and w else Fraction(0)
            exponent = sum(max(lead(v), self.how.operand.emin) for v in (x, w)) if x and w else 0
            found.append(Product(x * w, size, exponent))
        return found

    @property
    def parts(self) -> list[Groups]:
        """Places of every group of every part."""
        places = range(len(self.x))
        return [[list(places)[g] if isinstance(g, slice) else [int(i) for i in g] for g in part] for part in self._cuts]

    @property
    def _cuts(self) -> Iterable[Iterable[slice | Sequence[int]]]:
        return self.how.chain.parts(len(self.x), self.how.span)  # type: ignore[return-value]

    @property
    def dot(self) -> Fraction:
        """Σ x w."""
        return sum((p.value for p in self.products), Fraction(0))

    @property
    def magnitude(self) -> Fraction:
        """Σ |x w|."""
        return sum((abs(p.value) for p in self.products), Fraction(0))

    def chain(self, groups: Groups, c: Fraction = Fraction(0)) -> Fraction:
        """One group after the other."""
        for places in groups:
            c = self.step(c, [self.products[i] for i in places])
        return c

    def step(self, c: Fraction, group: Sequence[Product]) -> Fraction:
        """The accumulator after a group."""
        terms = [(p.value, p.exponent) for p in group if p.value]
        terms += [(c, max(lead(c), LEAST))] if c else []
        if not terms:
            return Fraction(0)
        unit = Fraction(2) ** (max(e for _, e in terms) - self.how.fraction)
        total = sum((cut(v, unit) for v, _ in terms), Fraction(0))
        return cut(total, Fraction(2) ** max(lead(total) + 1 - self.how.significant, FINEST)) if total else total

    @property
    def total(self) -> Number:
        """fl(Σ x w) in float32; infinite beyond it."""
        total = Fraction(0)
        for groups in self.parts:
            part = self.chain(groups)
            total = float32(total + part) if self.how.chain.added else part
        total = float32(total)
        return total if abs(total) <= LARGEST * 2**127 else math.copysign(math.inf, total)

    def allowed(self, groups: Groups) -> Fraction:
        """Σ (n 2^−F + 2^{1−P}) A of a chain from 0."""
        found = so_far = Fraction(0)
        for places in groups:
            own = [self.products[i] for i in places]
            so_far += sum((p.size for p in own), Fraction(0))
            found += self.allowance(own) * so_far
        return found

    def allowance(self, group: Sequence[Product]) -> Fraction:
        """n 2^−F + 2^{1−P}; 0 where nothing is cut."""
        cuts = sum(p.value != 0 for p in group) + self.spare
        return cuts * self.unit + Fraction(2) ** (1 - self.how.significant) if cuts else Fraction(0)

    @property
    def unit(self) -> Fraction:
        """2^−F."""
        return Fraction(1, 2**self.how.fraction)

    @property
    def spare(self) -> int:
        """One more cut a group, where C or the largest product may be cut too."""
        return int(self.how.fraction < max(self.how.significant - 1, 2 * self.how.operand.fraction_bits))

    @property
    def all_sizes(self) -> Fraction:
        """Σ |x|₊ |w|₊."""
        return sum((p.size for p in self.products), Fraction(0))

    def first(self, places: int) -> "Accumulated":
        """So many places of the row."""
        return replace(self, x=self.x[:places], w=self.w[:places])

    def at(self, places: Sequence[int]) -> "Accumulated":
        """These places of the row, in this order."""
        return replace(self, x=[self.x[i] for i in places], w=[self.w[i] for i in places])

    @property
    def backward(self) -> "Accumulated":
        """The row from its end."""
        return self.at(range(len(self.x))[::-1])

    def with_operands(self, change: Callable[[Fraction], Fraction], both: bool = False) -> "Accumulated":
        """x (and w) changed entry by entry."""
        return replace(self, x=[change(v) for v in self.x], w=[change(v) for v in self.w] if both else self.w)


def fl(a: ExactRow) -> Number:
    """The sum in one chain."""
    return Accumulated.of(a).total


def dot(a: ExactRow) -> Number:
    """The exact one."""
    return Accumulated.of(a).dot


def allowed(a: ExactRow) -> Number:
    """What one chain may lose."""
    one = Accumulated.of(a)
    return one.allowed(one.parts[0] if one.x else [])
