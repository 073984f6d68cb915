"""Entries in ascending order have images in ascending order, and on a line the best coupling keeps the order."""

from itertools import permutations
from typing import Any

from sympy import Abs, Implies, Le

from sqtheory.theory.claims import Reference
from sqtheory.theory.quantities import ORDERED
from sqtheory.theory.theorems.wasserstein_coupling import DISTANCE, ORDERS, ROW_SCALE, THEOREM

from .atoms import Atoms, Number
from .conclusions import Concludes, OnlyTested
from .proof import Proof
from .shapes import Entries
from .steps import Cited, Smt
from .unknowns import LARGEST, Facts, Unknowns


def least_power(a: Atoms) -> Number:
    """The least Σ|x_i − q(x)_π(i)|^p over all orders π; of many entries, by what is cited, the ascending one."""
    if len(a.x) > ORDERS:
        return a.power(a.minus(sorted(a.x), sorted(a.q)))
    orders = permutations(range(len(a.x)))
    return a.least(a.power([x - a.q[j] for x, j in zip(a.x, order, strict=True)]) for order in orders)


def distance(z3: Any, a: Any, b: Any) -> Any:
    """|a − b|."""
    return z3.If(a >= b, a - b, b - a)


def uncrossed(z3: Any) -> tuple[list[Any], Any]:
    """x ≤ y and u ≤ v: |x − u| + |y − v| ≤ |x − v| + |y − u|."""
    x, y, u, v = z3.Reals("x y u v")
    kept, crossed = (distance(z3, x, a) + distance(z3, y, b) for a, b in ((u, v), (v, u)))
    return [x <= y, u <= v], kept <= crossed


def uncrossed_square(z3: Any) -> tuple[list[Any], Any]:
    """The same of squares: the difference is 2 (y − x)(v − u)."""
    x, y, u, v = z3.Reals("x y u v")
    kept, crossed = (x - u) * (x - u) + (y - v) * (y - v), (x - v) * (x - v) + (y - u) * (y - u)
    return [x <= y, u <= v], kept <= crossed


def ascending(a: Unknowns) -> Facts:
    """|x_i| ≤ |x_j| ⇒ |q(x)_i| ≤ |q(x)_j| for any two entries, which have one scale."""
    pairs = permutations(range(len(a.x)), 2) if ORDERED in a.given else ()
    return [Implies(Le(Abs(a.x[i]), Abs(a.x[j])), Le(Abs(a.q[i]), Abs(a.q[j]))) for i, j in pairs]


PROOF = Proof(
    theorem=THEOREM,
    model={DISTANCE: least_power},
    steps=(
        Smt("p = 1: two pairs that cross lose nothing when they are uncrossed", uncrossed),
        Smt("p = 2: the same", uncrossed_square),
        Cited("every p ≥ 1: the same for any convex function of the distance", Reference("villani2003", "§2.2")),
        Concludes(Entries(3), readings={ROW_SCALE: ascending}),
        Concludes(Entries(3), LARGEST, readings={ROW_SCALE: ascending}),
        OnlyTested(
            "the exchange of two pairs for a convex power is cited; sums of three are derived for p = 1 and p = ∞",
            norms=(2.0, 3.0),
        ),
    ),
)
