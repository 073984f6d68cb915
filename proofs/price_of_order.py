"""Both orders, and every mask at the scales of x, are among the triples (m, σ, c) that the optimum ranges over.

How the optimum is found: at one scale the nearest codes are best, and then the mask of the largest magnitudes, for what
rounding saves does not decrease with |x|; so one mask is best at every scale. Of one mask and one vector of codes the
best scale is known: Σ xc/Σ c² for p = 2, some x_i/c_i for p = 1. The model tries all masks and all vectors of codes.
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations, product
from typing import Any

import numpy as np
import sympy

from sqtheory.alphabet.scaling import AbsMax
from sqtheory.arrays import Array, Mask
from sqtheory.theory.case import Case
from sqtheory.theory.quantities import GRID_OPTIMUM
from sqtheory.theory.theorems.price_of_order import BEST, BEST_OF_LARGEST, THEOREM

from .atoms import Number, Row
from .conclusions import OnlyTested
from .exact import ExactRow
from .proof import Proof
from .prune_first_dominates import PAIR
from .sparse_grid_projection import CONTINUOUS, least, nearest_is_least
from .steps import Equal, Formal, NonNegative, Smt, Tested

x, c, sigma = sympy.symbols("x c sigma", real=True)
xx, xc, cc = sympy.symbols("xx xc cc", positive=True)
EXPONENTS = 12
"""How far below the scale of its largest entry, and above, the model looks for the best power of two of a block."""


def masks(a: ExactRow) -> Iterator[list[int]]:
    """The kept places of every admissible mask."""
    per_group = [combinations(group, a.case.s.budget(len(group))) for group in a.groups]
    for chosen in product(*per_group):
        yield [i for places in chosen for i in places]


def largest(a: ExactRow) -> list[int]:
    """The places of the largest magnitudes of every group."""
    ranked = [(sorted(group, key=lambda i: -abs(a.x[i])), a.case.s.budget(len(group))) for group in a.groups]
    return [i for places, k in ranked for i in places[:k]]


def at_real_scale(values: Row, levels: list[Fraction], p: float) -> Fraction:
    """The least Σ |x − σc|^p over all codes and all real σ > 0."""
    found = []
    for codes in product(levels, repeat=len(values)):
        pairs = list(zip(values, codes, strict=True))
        if p == 2:
            squares = sum((c * c for c in codes), Fraction(0))
            scales = [sum((v * c for v, c in pairs), Fraction(0)) / squares] if squares else []
        else:
            scales = [v / c for v, c in pairs if c]
        scales = [max(t, Fraction(0)) for t in scales] or [Fraction(0)]
        found += [sum((abs(v - t * c) ** int(p) for v, c in pairs), Fraction(0)) for t in scales]
    return min(found)


def at_power_of_two(values: Row, levels: list[Fraction], p: float) -> Fraction:
    """The least Σ |x − σc|^p over nearest codes and the powers of two around the scale of the largest entry."""
    around = int(np.frexp(float(max(map(abs, values), default=0)) / float(levels[-1]))[1])
    scales = [Fraction(2) ** e for e in range(around - EXPONENTS, around + EXPONENTS)]
    return min(sum((min(abs(v - t * c) for c in levels) ** int(p) for v in values), Fraction(0)) for t in scales)


def of_mask(a: ExactRow, kept: list[int]) -> Fraction:
    """The least Σ |x − y|^p for one mask: block by block over all scales and codes."""
    fmt, real = a.case.q.format, isinstance(a.case.q.scaling, AbsMax)
    levels = sorted({abs(Fraction(v)) if fmt.odd else Fraction(v) for v in fmt.values.tolist()} | {Fraction(0)})
    values = [abs(v) for v in a.x] if fmt.odd else a.x
    total = sum((abs(v) ** int(a.p) for i, v in enumerate(values) if i not in kept), Fraction(0))
    side = a.case.q.partition.sides(a.case.x.shape)[-1]
    for start in range(0, len(values), side):
        own = [v for i, v in enumerate(values) if i in kept and start <= i < start + side]
        total += (at_real_scale if real else at_power_of_two)(own, levels, a.p)
    return total


def root(a: ExactRow, total: Fraction) -> Number:
    """The norm whose p-th power this is."""
    return total if a.p == 1 else sympy.sqrt(sympy.Rational(total.numerator, total.denominator))


def on_grid(case: Case, y: Array, mask: Mask, scales: Array) -> Mask:
    """Y is 0 where the mask prunes, and a level times the scale of its block elsewhere."""
    levels = case.q.format.values
    ratio = np.divide(y, scales, out=np.zeros_like(y), where=scales > 0)
    nearest = np.abs(ratio[..., None] - levels).min(axis=-1)
    return case.every(np.where(mask, nearest <= 1e-9 * np.abs(ratio), y == 0))


def affine(z3: Any) -> tuple[list[Any], Any]:
    """|x − σc| is affine in σ on an interval with no kink x/c inside."""
    x, c, a, b, t = z3.Reals("x c a b t")
    claim = (b - a) * size(z3, x - t * c) == (b - t) * size(z3, x - a * c) + (t - a) * size(z3, x - b * c)
    return [c >= 0, a <= t, t <= b, z3.Or(x <= a * c, x >= b * c)], claim


def outside(z3: Any) -> tuple[list[Any], Any]:
    """|x − σc| does not fall as σ leaves an interval with every kink x/c inside."""
    x, c, a, t = z3.Reals("x c a t")
    side = z3.Or(z3.And(x <= a * c, a <= t), z3.And(x >= a * c, t <= a))
    return [c >= 0, side], size(z3, x - a * c) <= size(z3, x - t * c)


def size(z3: Any, e: Any) -> Any:
    """|e|."""
    return z3.If(e >= 0, e, -e)


PROOF = Proof(
    theorem=THEOREM,
    model={
        BEST: lambda a: root(a, min(of_mask(a, kept) for kept in masks(a))),
        BEST_OF_LARGEST: lambda a: root(a, of_mask(a, largest(a))),
        GRID_OPTIMUM: least,
    },
    steps=(
        Tested(
            "with Z, q(s(x)) is a triple: admissible support, levels at the scales of s(x)",
            lambda case: on_grid(
                case, case.orders.after_mask, case.orders.mask, case.spread(case.q.scales(case.orders.sparse))
            ),
        ),
        Tested(
            "s(q(x)) is a triple: admissible support, levels at the scales of x",
            lambda case: on_grid(case, case.orders.masked_image, case.orders.image_mask, case.dense_scale),
        ),
        Smt("at one scale the nearest of two levels is best", nearest_is_least),
        *PAIR,
        CONTINUOUS,
        Formal(
            "so at every one scale the mask of the largest magnitudes is best",
            "sparse_grid_projection",
            "sparse_grid_projection",
        ),
        Equal(
            "p = 2, one mask, one vector of codes: every entry is",
            (x - sigma * c) ** 2,
            x**2 - 2 * sigma * x * c + sigma**2 * c**2,
        ),
        Equal(
            "… and the sum, of Σ x², Σ xc and Σ c², a parabola in σ with its top at Σ xc/Σ c²",
            xx - 2 * sigma * xc + sigma**2 * cc,
            xx - xc**2 / cc + cc * (sigma - xc / cc) ** 2,
        ),
        NonNegative("… which only adds to the least value", cc * (sigma - xc / cc) ** 2),
        Smt(
            "p = 1: between neighbouring kinks every |x − σc|, and so the sum, is affine in σ: least at an end", affine
        ),
        OnlyTested("the optimum ranges over all scales: what is tried and what the steps show is joined by hand"),
        Smt("p = 1: beyond the outermost kinks no |x − σc| falls, so some kink x_i/c_i is best", outside),
    ),
)
