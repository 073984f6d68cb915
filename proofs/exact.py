"""One row of a case in exact rationals."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache, cached_property
from itertools import pairwise
from typing import final

import numpy as np
import sympy

from sqtheory.alphabet.cells import cells
from sqtheory.alphabet.formats import Format
from sqtheory.alphabet.operators import chained
from sqtheory.arrays import Array, Mask
from sqtheory.theory.case import Case
from sqtheory.theory.theorems.finer_blocks import halved_image
from sqtheory.theory.theorems.twice_the_scale import doubled_image

from .atoms import Atoms, Number, Pairs, Row


def exact(values: Array) -> Row:
    """Floating-point numbers as the rationals they are."""
    return [Fraction(v) for v in values.tolist()]


@cache
def least_gap(fmt: Format) -> Fraction:
    """The least distance of two levels."""
    gaps: list[Fraction] = [high - low for low, high in pairwise(exact(fmt.values))]
    return min(gaps)


@final
@dataclass(frozen=True, eq=False)
class ExactRow(Atoms):
    """Row ``index`` of a case in rationals. With ``digits``, powers that are not whole are taken to so many."""

    case: Case
    index: int
    digits: int = 0

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
    def weight(self) -> "ExactRow":
        """The row of w."""
        return ExactRow(self.case.weight, self.index, self.digits)

    @cached_property
    def q(self) -> Row:
        """q(x)."""
        return self.of(self.case.orders.image)

    @cached_property
    def m(self) -> list[bool]:
        """The mask of x."""
        return self.flags(self.case.orders.mask)

    @cached_property
    def m2(self) -> list[bool]:
        """The mask of q(x)."""
        return self.flags(self.case.orders.image_mask)

    @cached_property
    def by_gain(self) -> list[bool]:
        """By |x|^p − |x − q|^p; for p = ∞ by |x| where it is larger than the error, −|x − q| where it is smaller."""

        def gain(i: int) -> Number:
            size, error = abs(self.x[i]), abs(self.x[i] - self.q[i])
            if self.p == math.inf:
                return size if size > error else -error if error > size else 0
            return self.power([size]) - self.power([error])

        ranked = [(sorted(group, key=gain, reverse=True), self.budget(group)) for group in self.groups]
        kept = {i for group, budget in ranked for i in group[:budget]}
        return [i in kept for i in range(len(self.x))]

    @cached_property
    def by_original(self) -> list[bool]:
        """By sorting every group."""
        kept: set[int] = set()
        for group in self.groups:
            ranked = sorted(group, key=lambda i: (-abs(self.q[i]), -abs(self.x[i])))
            kept.update(ranked[: self.budget(group)])
        return [i in kept for i in range(len(self.x))]

    @cached_property
    def cut(self) -> list[int]:
        """By comparison with the last kept image of every group."""
        found: dict[int, int] = {}
        for group in self.groups:
            last = sorted((abs(self.q[i]) for i in group), reverse=True)[self.budget(group) - 1]
            found |= {i: (abs(self.q[i]) > last) - (abs(self.q[i]) < last) for i in group}
        return [found[i] for i in range(len(self.x))]

    def choose_tied(self, order: Sequence[int], places: Sequence[int], count: int) -> list[int]:
        """By the rule of s on a group in which these places alone are equal and largest, with its keys."""
        scores = np.array([[float(k in places) for k in range(len(order))]])
        key = self.case.s.ties.key(*(np.array([[float(v[i]) for i in order]]) for v in (self.q, self.x)))
        return np.flatnonzero(self.case.s.ties.select(scores, count, key)[0]).tolist()

    @cached_property
    def sq(self) -> Row:
        """q(s(x))."""
        return self.of(self.case.orders.after_mask)

    @cached_property
    def frozen(self) -> Row:
        """q(s(x)) at the scales of x."""
        return self.of(self.case.frozen_image)

    @cached_property
    def scale(self) -> Row:
        """σ(x), the scale of every entry's block."""
        return self.of(self.case.dense_scale)

    @cached_property
    def images(self) -> list[Row]:
        """By the chain of the first quantizers, for any number of them."""
        row, quantizers = self.case.x, self.case.quantizers
        return [self.of(chained(quantizers[:k])(row)) for k in range(len(quantizers) + 1)]

    def placed(self, k: int) -> Row:
        """By the whole chain."""
        quantizers = self.case.quantizers
        return self.of(chained((*quantizers[:k], self.case.s, *quantizers[k:]))(self.case.x))

    @cached_property
    def groups(self) -> list[list[int]]:
        """Consecutive places."""
        size = len(self.x)
        side = self.case.s.groups.sides(self.case.x.shape)[-1]
        return [list(range(start, min(start + side, size))) for start in range(0, size, side)]

    @cached_property
    def around(self) -> Pairs:
        """By trying every pair of neighbouring levels; (0, 0) where the scale is 0."""
        levels = self.case.q.format.values.tolist()
        found = []
        for x, sigma in zip(self.x, self.scale, strict=True):
            ratio = float(x) / float(sigma) if sigma else 0.0
            inside = [pair for pair in pairwise(levels) if pair[0] <= ratio < pair[1]]
            low, high = inside[0] if inside else levels[:2] if ratio < levels[0] else levels[-2:]
            width = Fraction(float(sigma) * (high - low))
            found.append((sigma * Fraction(low), sigma * Fraction(low) + width))
        return found

    @cached_property
    def ends(self) -> Pairs:
        """By rounding x down and up."""
        low, high = cells(self.case.q, self.case.x)
        return list(zip(self.of(low), self.of(high), strict=True))

    @cached_property
    def masked_ends(self) -> Pairs:
        """By rounding s(x) down and up."""
        low, high = cells(self.case.q, self.case.orders.sparse)
        return list(zip(self.of(low), self.of(high), strict=True))

    def ends_of(self, factor: Number) -> Pairs:
        """By rounding down and up."""
        moved = np.array([[float(factor * x) for x in exact(row)] for row in self.case.x])
        low, high = cells(self.case.q.frozen(self.case.x), moved)
        return list(zip(self.of(low), self.of(high), strict=True))

    @cached_property
    def lower_halves(self) -> Row:
        """v if no level is smaller, else half the way to it; nothing for rounding toward zero, and at 0."""
        smaller = sorted({abs(level) for level in self.case.q.format.values.tolist()})
        halves = []
        for v, sigma in zip(map(abs, self.q), map(float, self.scale), strict=True):
            place = min(range(len(smaller)), key=lambda k: abs(smaller[k] * sigma - float(v))) if v else 0
            step = smaller[0] if place == 0 else (smaller[place] - smaller[place - 1]) / 2
            halves.append(sigma * step if v and (place == 0 or self.case.q.rounding.nearest) else 0.0)
        return halves

    @cached_property
    def half_steps(self) -> Row:
        """By trying every pair of neighbouring magnitudes; beyond the ends the last gap."""
        gaps = list(pairwise(sorted({abs(level) for level in self.case.q.format.values.tolist()})))
        halves = []
        for x, sigma in zip(self.x, map(float, self.scale), strict=True):
            inside = [high - low for low, high in gaps if low * sigma <= abs(x) < high * sigma]
            halves.append(sigma * (inside[0] if inside else gaps[-1][1] - gaps[-1][0]) / 2)
        return halves

    @cached_property
    def nearest(self) -> Row:
        """By trying every level."""
        levels = self.case.q.format.values.tolist()
        return [
            min(abs(x - Fraction(float(sigma) * level)) for level in levels)
            for x, sigma in zip(self.x, self.scale, strict=True)
        ]

    @cached_property
    def half_step(self) -> Number:
        """By trying every pair of neighbouring levels."""
        return self.scale[0] * least_gap(self.case.q.format) / 2

    @cached_property
    def rounded_differences(self) -> Row:
        """q of the differences."""
        return self.of(self.case.q(np.diff(self.case.x, axis=1, prepend=0.0)))

    @cached_property
    def doubled(self) -> Row:
        """q with twice the scales of x."""
        return self.of(doubled_image(self.case))

    @cached_property
    def halved(self) -> Row:
        """q with blocks half as long."""
        return self.of(halved_image(self.case))

    @cached_property
    def rounded_rests(self) -> tuple[Row, Row]:
        """q of both."""
        made = self.case.orders.after_mask, self.case.orders.masked_image
        first, second = (self.of(self.case.q(self.case.x - image)) for image in made)
        return first, second

    @property
    def steps(self) -> Number:
        """By trying every pair of neighbouring levels."""
        return Fraction(float(self.case.q.format.max)) / least_gap(self.case.q.format)

    def shifted(self, j: int) -> Row:
        """q(2^j x)."""
        return self.of(self.case.q(np.ldexp(self.case.x, j)))

    def weighed(self, values: Row) -> Row:
        """By the weights of the score. Raises ValueError where it has none."""
        found = None if self.case.s.score is None else self.case.s.score.linear(self.case.x.shape)
        if found is None:
            raise ValueError(f"{self.case.s} does not rank by weighted magnitudes")
        return [n * v for n, v in zip(self.of(found), values, strict=True)]

    def budget(self, group: Sequence[int]) -> int:
        """By the sparsifier."""
        return int(self.case.s.budget(len(group)))

    def top_of_groups(self, values: Row) -> list[bool]:
        """By sorting."""
        kept: set[int] = set()
        for group in self.groups:
            kept |= set(sorted(group, key=lambda i: -values[i])[: self.budget(group)])
        return [i in kept for i in range(len(self.x))]

    def top_of_row(self, values: Row) -> list[bool]:
        """By sorting."""
        places = range(len(self.x))
        kept = set(sorted(places, key=lambda i: -values[i])[: sum(self.m)])
        return [i in kept for i in places]

    def largest(self, values: Iterable[Number]) -> Number:
        """By comparison."""
        return max(values, default=Fraction(0))

    def least(self, values: Iterable[Number]) -> Number:
        """By comparison."""
        return min(values)

    def power(self, errors: Iterable[Number]) -> Number:
        """Exact for p = 1, 2, 3, …, ∞; else a float, or a number of so many digits."""
        sizes = [abs(e) for e in errors] or [Fraction(0)]
        if self.p == math.inf:
            return max(sizes)
        if float(self.p).is_integer():
            return sum((e ** int(self.p) for e in sizes), Fraction(0))
        if not self.digits:
            return math.fsum(float(e) ** self.p for e in sizes)
        return sum(sympy.Float(sympy.Rational(e.numerator, e.denominator), self.digits) ** self.p for e in sizes)

    def total(self, powers: Iterable[Number]) -> Number:
        """By comparison or addition."""
        return self.largest(powers) if self.p == math.inf else sum(powers, Fraction(0))

    def dual_norm(self, values: Iterable[Number]) -> Number:
        """That of another case."""
        dual = math.inf if self.p == 1 else 1.0 if self.p == math.inf or self.p < 1 else self.p / (self.p - 1)
        return ExactRow(replace(self.case, p=dual), self.index, self.digits).norm(values)

    def share(self, value: Number, low: Number, high: Number) -> Number:
        """Within [0, 1] however low and high were rounded."""
        return min(max(value - low, Fraction(0)), high - low) / (high - low) if high != low else Fraction(0)

    def root(self, power: Number) -> Number:
        """An exact algebraic number for p = 1, 2, 3, …, ∞."""
        if self.p in (1, math.inf):
            return power
        if isinstance(power, Fraction) and float(self.p).is_integer():
            return sympy.root(sympy.Rational(power.numerator, power.denominator), int(self.p))
        return power ** (1 / self.p)
