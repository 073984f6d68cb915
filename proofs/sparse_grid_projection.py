"""At fixed scales the best y keeps nearest levels; what keeping saves does not decrease with |x|, so the top is best.

For a fixed support the error is least with every kept entry at its nearest level. Keeping t saves
g(t) = t^p − dist(t, Γ)^p, which does not decrease on t ≥ 0: within a cell by the pair lemma with v its level, and
across a midpoint it is continuous. So the support of the largest magnitudes saves most.
"""

from fractions import Fraction
from itertools import combinations
from typing import Any

import sympy

from proofs.atoms import Atoms, Number
from proofs.models import shared
from proofs.proof import Proof
from proofs.prune_first_dominates import PAIR
from proofs.steps import Equal, Formal, Smt, Tested
from sqtheory.theorems.sparse_grid_projection import THEOREM
from sqtheory.theorems.vocabulary import ERROR_SQ, GRID_OPTIMUM

u, v = sympy.symbols("u v", positive=True)
p = sympy.Symbol("p", positive=True)


def least(a: Atoms) -> Number:
    """The least norm over all choices of kept places and, for each kept entry, all levels at its scale."""
    levels = a.case.q.format.values.tolist()
    nearest = []
    for x, sigma in zip(a.x, a.scale, strict=True):
        images = (Fraction(float(sigma) * level) for level in levels)
        nearest.append(min(abs(x - y) for y in images))
    per_group = []
    for group in a.groups:
        kept = a.case.s.budget(len(group))
        chosen = ([nearest[i] if i in places else abs(a.x[i]) for i in group] for places in combinations(group, kept))
        per_group.append(min(chosen, key=lambda errors: a.power(errors)))
    return a.norm(e for errors in per_group for e in errors)


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

PROOF = Proof(
    theorem=THEOREM,
    model={
        **shared(ERROR_SQ),
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
        Formal("every group size, budget and natural p", "sparse_grid_projection"),
        Formal("p = ∞", "sparse_grid_projection_largest"),
    ),
)
