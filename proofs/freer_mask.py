"""What keeping saves, g(t) = t^p − dist(t, Γ)^p, does not decrease with t (``sparse_grid_projection``).

So of all sets of as many entries of a row at one scale the largest save most, whatever set s keeps.
"""

from itertools import permutations

from sympy import Abs, Implies, Le

from sqtheory.theory.quantities import NEAREST, ORDERED
from sqtheory.theory.theorems.freer_mask import FREE_SQ, ONE_OF_ROW, THEOREM

from .atoms import Atoms, Number, Row
from .conclusions import Concludes
from .proof import Proof
from .prune_first_bound import LOWERED, ROOTS
from .prune_first_dominates import PAIR
from .quantize_first_bound import POWERS_GROW
from .shapes import Groups
from .sparse_grid_projection import CONTINUOUS, EACH, nearest_is_least
from .steps import Smt, Tested
from .unknowns import LARGEST, REAL, Facts, Unknowns, on_top


def free_error(a: Atoms, ranked: Row) -> Number:
    """‖x − m ⊙ q(x)‖_p, m the largest magnitudes of the row."""
    mask = a.top_of_row([abs(v) for v in ranked])
    return a.norm(a.minus(a.x, a.kept(mask, a.q)))


def largest_on_top(a: Unknowns) -> Facts:
    """What the ranking keeps is on top by |x|."""
    return on_top(list(map(Abs, a.x)), a.ranked, a.groups)


def other_levels(a: Unknowns) -> Facts:
    """On a grid symmetric about 0, at one scale, no image of the row is nearer to x than its own."""
    if not {ONE_OF_ROW, ORDERED} <= a.given:
        return []
    pairs = permutations(range(len(a.x)), 2)
    return [Le(Abs(a.x[i] - a.q[i]), Abs(Abs(a.x[i]) - Abs(a.q[j]))) for i, j in pairs]


def one_map(a: Unknowns) -> Facts:
    """|x_i| ≤ |x_j| ⇒ |q(x)_i| ≤ |q(x)_j| in the row."""
    if ORDERED not in a.given:
        return []
    pairs = permutations(range(len(a.x)), 2)
    return [Implies(Le(Abs(a.x[i]), Abs(a.x[j])), Le(Abs(a.q[i]), Abs(a.q[j]))) for i, j in pairs]


READ = {NEAREST: other_levels, ONE_OF_ROW: one_map}
DEFINED = (largest_on_top,)

PROOF = Proof(
    theorem=THEOREM,
    model={FREE_SQ: lambda a: free_error(a, a.x)},
    steps=(
        Tested(
            "with Z and Σ, q(s(x)) = m ⊙ q(x)",
            lambda case: case.every(case.orders.after_mask == case.orders.mask * case.orders.image),
        ),
        Smt("a value below the midpoint of two levels is nearer the lower one", nearest_is_least),
        *PAIR,
        CONTINUOUS,
        POWERS_GROW,
        ROOTS,
        *(Concludes(Groups(n, m, by_gain=True), readings=READ, definitions=DEFINED) for n, m in ((1, 2), (2, 4))),
        Concludes(Groups(2, 4, by_gain=True), REAL, lemmas=(EACH, LOWERED), readings=READ, definitions=DEFINED),
        Concludes(Groups(2, 4, by_gain=True), LARGEST, readings=READ, definitions=DEFINED),
    ),
)
