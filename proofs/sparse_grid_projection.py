"""At fixed scales the best y keeps nearest levels; what keeping saves does not decrease with |x|, so the top is best.

For a fixed support the error is least with every kept entry at its nearest level. Keeping t saves
g(t) = t^p − dist(t, Γ)^p, which does not decrease on t ≥ 0: within a cell by the pair lemma with v its level, and
across a midpoint it is continuous. So the support of the largest magnitudes saves most.
"""

from itertools import combinations, permutations
from typing import Any

import sympy
from sympy import Abs, And, Ge, Implies, Le

from sqtheory.theory.quantities import GRID_OPTIMUM, NEAREST, ONE_SCALE, ORDERED
from sqtheory.theory.theorems.sparse_grid_projection import THEOREM

from .atoms import Atoms, Number
from .conclusions import Concludes, Lemma
from .coq_claims import FormallyConcludes
from .proof import Proof
from .prune_first_bound import LOWERED, ROOTS
from .prune_first_dominates import PAIR
from .quantize_first_bound import POWERS_GROW
from .shapes import Groups
from .steps import Equal, Smt, Tested
from .unknowns import ONE, REAL, Facts, Unknowns, same_sign

u, v = sympy.symbols("u v", positive=True)
p = sympy.Symbol("p", positive=True)


def least(a: Atoms) -> Number:
    """The least norm over all choices of kept places and, for each kept entry, all levels at its scale."""
    per_group = []
    for group in a.groups:
        masks = combinations(group, a.budget(group))
        per_group.append(a.least(a.power(a.nearest[i] if i in kept else a.x[i] for i in group) for kept in masks))
    return a.root(a.total(per_group))


def nearest_is_least(z3: Any) -> tuple[list[Any], Any]:
    """Of two levels the one on x's side of their midpoint is the nearer."""
    x, lo, hi = z3.Reals("x lo hi")

    def size(e: Any) -> Any:
        return z3.If(e >= 0, e, -e)

    return [lo <= hi, 2 * x <= lo + hi], size(x - lo) <= size(x - hi)


CONTINUOUS = Equal(
    "g is continuous from cell to cell: at the midpoint of v − u and v + u both levels are u away",
    v**p - (v - (v - u)) ** p,
    v**p - ((v + u) - v) ** p,
)


def other_levels(a: Unknowns) -> Facts:
    """On a grid symmetric about 0, at one scale, no image of the group is nearer to x than its own."""
    pairs = [pair for group in a.groups for pair in permutations(group, 2) if {ONE_SCALE, ORDERED} <= a.given]
    return [Le(Abs(a.x[i] - a.q[i]), Abs(Abs(a.x[i]) - Abs(a.q[j]))) for i, j in pairs]


def of_each_image(a: Unknowns, goals: Facts) -> Facts:
    """g_v(|x_i|) ≥ g_v(|x_j|) for |x_i| ≥ |x_j| and v = |q(x)_j|; and |e|^p grows with |e|."""
    found, p_ = [], a.exponent
    for i, j in (pair for group in a.groups for pair in permutations(group, 2)):
        own, other = Abs(a.x[i] - a.q[i]), Abs(Abs(a.x[i]) - Abs(a.q[j]))
        saved = Abs(a.x[i]) ** p_ - other**p_ - Abs(a.x[j]) ** p_ + Abs(a.x[j] - a.q[j]) ** p_
        order = And(Ge(Abs(a.x[i]), Abs(a.x[j])), same_sign(a.x[j], a.q[j]))
        found += [Implies(order, Ge(saved, 0, evaluate=False))]
        found += [Implies(Le(own, other), Le(own**p_, other**p_, evaluate=False))]
    return found


EACH = Lemma(
    "what keeping saves at one level does not decrease with |x|", (*PAIR, POWERS_GROW), of_each_image, least=1.0
)

PROOF = Proof(
    theorem=THEOREM,
    model={
        GRID_OPTIMUM: least,
    },
    steps=(
        Tested(
            "with Z and Σ, q(s(x)) = m ⊙ q(x): on the grid of the scales of x, of admissible support",
            lambda case: case.every(case.orders.after_mask == case.orders.mask * case.orders.image),
        ),
        Smt("a value below the midpoint of two levels is nearer the lower one", nearest_is_least),
        *PAIR,
        CONTINUOUS,
        POWERS_GROW,
        ROOTS,
        *(Concludes(Groups(n, m), ONE, readings={NEAREST: other_levels}) for n, m in ((1, 2), (2, 4))),
        Concludes(Groups(2, 4), REAL, lemmas=(EACH, LOWERED), readings={NEAREST: other_levels}),
        FormallyConcludes("every group size, budget and natural p", "sparse_grid_projection"),
        FormallyConcludes("p = ∞", "sparse_grid_projection_largest"),
    ),
)
