"""One tensor in rational numbers, by the definitions of its pipeline or as the float64 operators made it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import final

from sqtheory.alphabet.rationals import Rationals, pick, rationals
from sqtheory.arrays import Array, Mask
from sqtheory.orders.applied import survivors
from sqtheory.theory.decide import numbers
from sqtheory.theory.decide.draws import Draw
from sqtheory.theory.decide.exact import image, mask, placed
from sqtheory.theory.decide.numbers import Radical, Size
from sqtheory.theory.instance import FloatRows, ScaledInstance


@final
@dataclass(frozen=True, eq=False)
class ExactOrders:
    """What both orders make of one tensor, exactly: flat tuples in C order, scales repeated over their entries."""

    x: tuple[Fraction, ...]
    mask: tuple[bool, ...]
    image: tuple[Fraction, ...]
    """q(x)."""
    image_mask: tuple[bool, ...]
    after_mask: tuple[Fraction, ...]
    """q(s(x))."""
    frozen: tuple[Fraction, ...]
    """q(s(x)) at the scales of x."""
    dense: tuple[Fraction, ...]
    """σ(x), or what makes the codes of x."""
    moved: tuple[Fraction, ...]
    """σ(s(x)), or what makes its codes."""
    survivors: tuple[bool, ...]


@final
@dataclass(frozen=True)
class Shown:
    """A tensor and what s, q and both orders make of it, entry by entry in C order: what a reader is shown."""

    x: tuple[Fraction, ...]
    sparse: tuple[Fraction, ...]
    prune_first: tuple[Fraction, ...]
    image: tuple[Fraction, ...]
    quantize_first: tuple[Fraction, ...]


@final
@dataclass(frozen=True, eq=False)
class RationalRow(ScaledInstance):
    """One tensor in rational numbers: powers that are not rational are Decimals, roots are compared by their powers."""

    made: ExactOrders
    p: float

    @property
    def x(self) -> tuple[Fraction, ...]:
        return self.made.x

    @property
    def q(self) -> tuple[Fraction, ...]:
        return self.made.image

    @property
    def m(self) -> tuple[bool, ...]:
        return self.made.mask

    @property
    def m2(self) -> tuple[bool, ...]:
        return self.made.image_mask

    @property
    def sq(self) -> tuple[Fraction, ...]:
        return self.made.after_mask

    @property
    def frozen(self) -> tuple[Fraction, ...]:
        return self.made.frozen

    @property
    def scale(self) -> tuple[Fraction, ...]:
        return self.made.dense

    @property
    def moved(self) -> tuple[Fraction, ...]:
        return self.made.moved

    @property
    def survivors(self) -> tuple[bool, ...]:
        return self.made.survivors

    @property
    def shown(self) -> Shown:
        """What a reader is shown of it."""
        return Shown(*map(tuple, (self.x, self.sparse, self.sq, self.q, self.qs)))

    def choose(self, flag: bool, yes: Fraction, no: Fraction) -> Fraction:
        return Fraction(yes if flag else no)

    def power(self, errors: Sequence[Fraction]) -> Size:
        return numbers.power(errors, self.p)

    def root(self, power: Size) -> Radical | Size:
        return power if self.p in (1, math.inf) else Radical(power, lambda: numbers.root(power, self.p))

    def most(self, errors: Sequence[Fraction]) -> Fraction:
        return max(map(abs, errors))


def rational_orders(draw: Draw, x: Rationals) -> ExactOrders:
    """Both orders under one draw. Raises NotRational where the pipeline is not rational."""
    kept = mask(draw.first, x, x)
    sparse = pick(kept, x, Fraction(0))
    dense, moved = placed(draw.before, x), placed(draw.after, sparse)
    quantized = image(draw.before, x, dense)
    again = mask(draw.then, quantized, x)
    after, frozen = (image(draw.after, sparse, of_blocks) for of_blocks in (moved, dense))
    by, then = (one[0] if draw.after.scaling.shifts else one[1] for one in (dense, moved))
    parts = (x, kept, quantized, again, after, frozen, by, then, survivors(kept, x, draw.after))
    return ExactOrders(*(tuple(part.flatten().tolist()) for part in parts))


def implemented_orders(o: FloatRows, i: int) -> ExactOrders:
    """What the float64 operators made of one instance, as the rational numbers that their outputs are."""

    def exactly(values: Array) -> tuple[Fraction, ...]:
        return tuple(rationals(values[i]).tolist())

    def flags(values: Mask) -> tuple[bool, ...]:
        return tuple(values[i].tolist())

    old, new = map(exactly, o.scales())
    x, image, after, frozen = map(exactly, (o.x, o.q, o.sq, o.frozen))
    mask, image_mask, surviving = map(flags, (o.m, o.m2, o.survivors))
    return ExactOrders(x, mask, image, image_mask, after, frozen, old, new, surviving)
