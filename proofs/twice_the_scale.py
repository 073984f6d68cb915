"""A number of twice the grid is a level itself, or lies beyond the largest; there the largest is as near.

v = |x_i|/σ. Of y ∈ 2Γ with |y| ≤ max Γ: y ∈ Γ, so the nearest level is no further. Of y > max Γ: y ≥ next, and
v ≤ (max Γ + next)/2 is no further from max Γ than from next. So no entry errs more under σ than under 2σ.
"""

from fractions import Fraction
from typing import Any

import numpy as np
from sympy import Abs, Implies, Le

from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.partition import Blocks
from sqtheory.alphabet.scaling import Exponent, PowerOfTwo
from sqtheory.arrays import Mask
from sqtheory.theory.case import Case
from sqtheory.theory.quantities import NEAREST
from sqtheory.theory.theorems.twice_the_scale import CLOSED, ERROR_TWICE, OAS, THEOREM, WITHIN, doubled_image

from .conclusions import Concludes, Lemma
from .proof import Proof
from .prune_first_bound import LOWERED, ROOTS
from .quantize_first_bound import POWERS_GROW
from .shapes import Entries
from .steps import Enumerated, Smt, Tested
from .unknowns import LARGEST, REAL, Facts, Unknowns

SIGNIFICANDS = 4096


def nearer(a: Unknowns) -> Facts:
    """|x_i − q(x)_i| ≤ |x_i − q_2σ(x)_i|."""
    if not {NEAREST, CLOSED, WITHIN} <= a.given:
        return []
    return [Le(Abs(x - q), Abs(x - z)) for x, q, z in zip(a.x, a.q, a.doubled, strict=True)]


def powers_grow(a: Unknowns, goals: Facts) -> Facts:
    """|e|^p grows with |e|."""
    pairs = [(x - q, x - z) for x, q, z in zip(a.x, a.q, a.doubled, strict=True)]
    return [Implies(Le(Abs(e), Abs(f)), Le(a.power([e]), a.power([f]), evaluate=False)) for e, f in pairs]


def beyond(z3: Any) -> tuple[list[Any], Any]:
    """y ≥ next > M = max Γ, v ≤ (M + next)/2, and d is at most the distance to M."""
    v, y, d, most, after = z3.Reals("v y d most after")
    given = [v >= 0, 0 < most, most < after, after <= y, 2 * v <= most + after]
    return [*given, d <= z3.If(v >= most, v - most, most - v), z3.Or(v >= most, d <= most - v)], d <= y - v


def wrong_exponents() -> list[str]:
    """Significands of E2M1 at which a rule has neither the scale of ``oas`` nor twice that, or ``even`` differs.

    Of 4096 significands evenly spread over [1, 2), which hold all at which a rule changes its mind.
    """
    amax = 1 + np.arange(SIGNIFICANDS) / SIGNIFICANDS
    made = {e: PowerOfTwo(e).scales(amax, Blocks(1), E2M1) for e in Exponent}
    ratio = {e: made[e] / made[Exponent.oas] for e in Exponent}
    wrong = [str(e) for e in (Exponent.ceil, Exponent.even, Exponent.rceil) if not np.isin(ratio[e], (1, 2)).all()]
    wrong += [f"even at {v}" for v in amax[ratio[Exponent.even] != 1].tolist() if Fraction(v) != Fraction(7, 4)]
    wrong += [f"floor at {v}" for v in amax[(ratio[Exponent.floor] != 1) != (amax > 7 / 4)].tolist()]
    return wrong + ([] if np.all(amax <= 7 * made[Exponent.oas]) else [f"{OAS} beyond 7"])


def no_entry_errs_more(case: Case) -> Mask:
    """The same of the operators."""
    one, two = np.abs(case.x - case.orders.image), np.abs(case.x - doubled_image(case))
    return case.every(one <= two * (1 + 1e-9) + np.abs(case.x) * 1e-12 + 1e-300)


GROWN = Lemma("powers grow with the error of an entry", (POWERS_GROW,), powers_grow)
READINGS = {WITHIN: nearer}
PROOF = Proof(
    theorem=THEOREM,
    model={ERROR_TWICE: lambda a: a.norm(a.minus(a.x, a.doubled))},
    steps=(
        Smt("beyond the range max Γ is as near as any of them, for v ≤ (max Γ + next)/2", beyond),
        Tested("no entry errs more under its scale than under twice that", no_entry_errs_more),
        Enumerated("E2M1: ceil, rceil, even have the scale of oas or twice it, even so at 7/4 alone", wrong_exponents),
        ROOTS,
        POWERS_GROW,
        Concludes(Entries(4), readings=READINGS),
        Concludes(Entries(3), REAL, lemmas=(GROWN, LOWERED), readings=READINGS),
        Concludes(Entries(4), LARGEST, readings=READINGS),
    ),
)
