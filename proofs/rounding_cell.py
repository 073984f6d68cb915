"""Of two neighbouring levels the nearer is at most half their gap away."""

from typing import Any

from sympy import Abs, And, Le, Lt

from sqtheory.theory.case import Case
from sqtheory.theory.quantities import NEAREST
from sqtheory.theory.theorems.rounding_cell import IN_RANGE, THEOREM, WORST, ratios

from .atoms import Atoms, Number
from .conclusions import Concludes
from .proof import Proof
from .shapes import Entries
from .steps import Smt, Tested
from .unknowns import Facts, Unknowns


def worst(a: Atoms) -> Number:
    """max 2 |x − q(x)| / (σ (hi − lo)) over the entries, lo ≤ x/σ < hi neighbouring levels."""
    cells = zip(a.x, a.q, a.around, strict=True)
    return a.largest(2 * abs(x - q) / (high - low) for x, q, (low, high) in cells if high != low)


def half(z3: Any) -> tuple[list[Any], Any]:
    """lo ≤ t ≤ hi: the nearer of both is at most (hi − lo)/2 away."""
    t, lo, hi = z3.Reals("t lo hi")
    return [lo <= t, t <= hi], z3.If(t - lo <= hi - t, t - lo, hi - t) <= (hi - lo) / 2


def neighbours(case: Case) -> Any:
    """q(x)/σ is one of the two levels around x/σ."""
    levels = case.q.format.values
    ratio = ratios(case)
    image = case.q.format.round(ratio, case.q.rounding)
    below = levels[(levels <= ratio[..., None] + 0.0).sum(axis=-1).clip(1, levels.size) - 1]
    above = levels[(levels < ratio[..., None]).sum(axis=-1).clip(0, levels.size - 1)]
    return case.every((image == below) | (image == above))


def between(a: Unknowns) -> Facts:
    """σ lo ≤ x ≤ σ hi."""
    return [And(Le(low, x), Le(x, high)) for x, (low, high) in zip(a.x, a.around, strict=True)]


def neither_nearer(a: Unknowns) -> Facts:
    """Neither of the two levels is nearer than the image."""
    cells = zip(a.x, a.q, a.around, strict=True)
    return [Le(Abs(x - q), Abs(x - level)) for x, q, levels in cells for level in levels]


def apart(a: Unknowns) -> Facts:
    """lo < hi: they are neighbours."""
    return [Lt(low, high) for low, high in a.around]


PROOF = Proof(
    theorem=THEOREM,
    model={WORST: worst},
    steps=(
        Tested("in range, x/σ goes to one of the two levels around it", neighbours),
        Smt("the nearer of two levels is at most half their gap away", half),
        Concludes(Entries(2), readings={IN_RANGE: between, NEAREST: neither_nearer}, definitions=(apart,)),
    ),
)
