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

from proofs.atoms import Atoms, Number, Row
from proofs.models import shared
from proofs.proof import Proof
from proofs.prune_first_dominates import PAIR
from proofs.sparse_grid_projection import CONTINUOUS, least, nearest_is_least
from proofs.steps import Equal, Formal, NonNegative, Smt, Tested
from sqtheory.arrays import Array, Mask
from sqtheory.case import Case
from sqtheory.scaling import AbsMax
from sqtheory.theorems.price_of_order import BEST, THEOREM
from sqtheory.theorems.vocabulary import ERROR_QS, ERROR_SQ, GRID_OPTIMUM

x1, x2, c1, c2, sigma = sympy.symbols("x1 x2 c1 c2 sigma", positive=True)
top = (x1 * c1 + x2 * c2) / (c1**2 + c2**2)
EXPONENTS = 12
"""How far below the scale of its largest entry, and above, the model looks for the best power of two of a block."""


def masks(a: Atoms) -> Iterator[list[int]]:
    """The kept places of every admissible mask."""
    per_group = [combinations(group, a.case.s.budget(len(group))) for group in a.groups]
    for chosen in product(*per_group):
        yield [i for places in chosen for i in places]


def at_real_scale(sizes: Row, levels: list[Fraction], p: float) -> Fraction:
    """The least Σ |x − σc|^p over all codes and all real σ."""
    found = []
    for codes in product(levels, repeat=len(sizes)):
        pairs = list(zip(sizes, codes, strict=True))
        if p == 2:
            squares = sum((c * c for c in codes), Fraction(0))
            scales = [sum((v * c for v, c in pairs), Fraction(0)) / squares] if squares else [Fraction(0)]
        else:
            scales = [v / c for v, c in pairs if c] or [Fraction(0)]
        found += [sum((abs(v - t * c) ** int(p) for v, c in pairs), Fraction(0)) for t in scales]
    return min(found)


def at_power_of_two(sizes: Row, levels: list[Fraction], p: float, around: int) -> Fraction:
    """The least Σ |x − σc|^p over nearest codes and the powers of two around one."""
    scales = [Fraction(2) ** e for e in range(around - EXPONENTS, around + EXPONENTS)]
    return min(sum((min(abs(v - t * c) for c in levels) ** int(p) for v in sizes), Fraction(0)) for t in scales)


def best(a: Atoms) -> Number:
    """The least norm over all masks, codes and scales."""
    levels = sorted({abs(Fraction(v)) for v in a.case.q.format.values.tolist()} | {Fraction(0)})
    sizes = [abs(v) for v in a.x]
    around = int(np.frexp(float(max(sizes)) / float(levels[-1]))[1])
    powers = []
    for kept in masks(a):
        pruned = sum((v ** int(a.p) for i, v in enumerate(sizes) if i not in kept), Fraction(0))
        own = [sizes[i] for i in kept]
        if isinstance(a.case.q.scaling, AbsMax):
            powers.append(pruned + at_real_scale(own, levels, a.p))
        else:
            powers.append(pruned + at_power_of_two(own, levels, a.p, around))
    total = min(powers)
    return total if a.p == 1 else sympy.sqrt(sympy.Rational(total.numerator, total.denominator))


def on_grid(case: Case, y: Array, mask: Mask, scales: Array) -> Mask:
    """Y is 0 where the mask prunes, and a level times the scale of its block elsewhere."""
    levels = case.q.format.values
    ratio = np.divide(y, scales, out=np.zeros_like(y), where=scales > 0)
    nearest = np.abs(ratio[..., None] - levels).min(axis=-1)
    return case.every(np.where(mask, nearest <= 1e-9 * np.abs(ratio), y == 0))


def kink(z3: Any) -> tuple[list[Any], Any]:
    """c₁|r₁ − σ| + c₂|r₂ − σ| is least at r₁ or at r₂, for c ≥ 0: of two entries x_i = c_i r_i."""
    c_1, c_2, r_1, r_2, t = z3.Reals("c1 c2 r1 r2 t")

    def size(e: Any) -> Any:
        return z3.If(e >= 0, e, -e)

    def error(at: Any) -> Any:
        return c_1 * size(r_1 - at) + c_2 * size(r_2 - at)

    return [c_1 >= 0, c_2 >= 0], z3.Or(error(r_1) <= error(t), error(r_2) <= error(t))


PROOF = Proof(
    theorem=THEOREM,
    model={BEST: best, GRID_OPTIMUM: least, **shared(ERROR_SQ, ERROR_QS)},
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
        Formal("so at every one scale the mask of the largest magnitudes is best", "sparse_grid_projection"),
        Equal(
            "p = 2, one mask and one vector of codes: a parabola in σ with its top at Σ xc/Σ c², as for two entries",
            (x1 - sigma * c1) ** 2 + (x2 - sigma * c2) ** 2,
            x1**2 + x2**2 - (x1 * c1 + x2 * c2) ** 2 / (c1**2 + c2**2) + (c1**2 + c2**2) * (sigma - top) ** 2,
        ),
        NonNegative("… which only adds to the least value", (c1**2 + c2**2) * (sigma - top) ** 2),
        Smt("p = 1: the sum is convex in σ between kinks x_i/c_i, so one of them is best, as for two entries", kink),
    ),
)
