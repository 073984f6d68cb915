"""Two triangles and one optimality: what Q→S prunes of q(x) is the least that can be pruned of it.

x − s(q(x)) = ε_q(x) + ε_s(q(x)), so ‖ε_{s∘q}‖ ≤ ‖ε_q‖ + ‖ε_s(q(x))‖. A magnitude mask prunes the least norm of q(x)
that its budgets allow, so ‖ε_s(q(x))‖ ≤ ‖q(x)_P‖ for the set P that s prunes at x, and q(x)_P = x_P − ε_q(x)_P.
"""

from itertools import combinations, permutations
from typing import Any

import numpy as np
import sympy
from sympy import Implies, Le

from sqtheory.arrays import Mask
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems.quantize_first_bound import THEOREM

from .conclusions import Concludes, Lemma
from .proof import Proof
from .shapes import Groups
from .steps import Cited, Equal, Smt, Split, Tested
from .unknowns import LARGEST, REAL, Facts, Unknowns

x, q, m = sympy.symbols("x q m", real=True)
r, y = sympy.symbols("r y", positive=True)


def least_pruned(case: Case) -> Mask:
    """‖q(x) pruned by m(q(x))‖ ≤ ‖q(x) pruned by m(x)‖."""
    orders = case.orders
    own, other = (case.norms(np.where(mask, 0, orders.image)) for mask in (orders.image_mask, orders.mask))
    return np.asarray(own <= other * (1 + 1e-12))


def top_prunes_least(n: int, m: int) -> Any:
    """The m − n smallest of m magnitudes have the least sum over all choices of m − n."""

    def question(z3: Any) -> tuple[list[Any], Any]:
        y = z3.Reals(" ".join(f"y{i}" for i in range(m)))
        ordered = [y[i] >= y[i + 1] for i in range(m - 1)]
        goals = [z3.Sum(y[n:]) <= z3.Sum([y[i] for i in chosen]) for chosen in combinations(range(m), m - n)]
        return [*ordered, y[-1] >= 0], z3.And(goals)

    return question


def minkowski(a: Unknowns, goals: Facts) -> Facts:
    """‖x − m₂q‖ ≤ ‖x − q‖ + ‖(1 − m₂)q‖ and ‖(1 − m)q‖ ≤ ‖(1 − m)x‖ + ‖(1 − m)(x − q)‖."""
    rounded = a.minus(a.x, a.q)
    first = a.norm(a.minus(a.x, a.qs)) - a.norm(rounded) - a.norm(a.dropped(a.m2, a.q))
    second = a.norm(a.dropped(a.m, a.q)) - a.norm(a.dropped(a.m, a.x)) - a.norm(a.dropped(a.m, rounded))
    return [Le(first, 0, evaluate=False), Le(second, 0, evaluate=False)]


def least_sum(a: Unknowns, goals: Facts) -> Facts:
    """|q_i|^p ≤ |q_j|^p for |q_i| ≤ |q_j|; so ‖(1 − m₂)q‖ ≤ ‖(1 − m)q‖ once the sums of powers are so."""
    own, other = (a.power(a.dropped(mask, a.q)) for mask in (a.m2, a.m))
    powers = [
        Implies(Le(abs(a.q[i]), abs(a.q[j])), Le(a.power([a.q[i]]), a.power([a.q[j]]), evaluate=False))
        for group in a.groups
        for i, j in permutations(group, 2)
    ]
    return [*powers, Implies(Le(own, other, evaluate=False), Le(a.root(own), a.root(other), evaluate=False))]


TRIANGLE = Cited("‖a + b‖_p ≤ ‖a‖_p + ‖b‖_p for p ≥ 1 (Minkowski), used twice", Reference("hardy1934", "§2.11"))
POWERS_GROW = Equal("A^{p} grows with A ≥ 0, and so does A^{1/p}", sympy.diff(y**r, y) * y, r * y**r)
LEMMAS = (
    Lemma("Minkowski's inequality", (TRIANGLE,), minkowski, least=1.0),
    Lemma("powers and roots grow", (POWERS_GROW,), least_sum),
)

PROOF = Proof(
    theorem=THEOREM,
    steps=(
        Split(
            "x − m q = (x − q) + (1 − m) q for m = 1 and m = 0: ε_{s∘q}(x) = ε_q(x) + ε_s(q(x))",
            tuple(Equal(f"m = {k}", x - k * q, (x - q) + (1 - k) * q) for k in (0, 1)),
        ),
        TRIANGLE,
        POWERS_GROW,
        Smt("1:4: pruning the smallest powers |q|^p prunes the least sum", top_prunes_least(1, 4)),
        Smt("2:4: the same", top_prunes_least(2, 4)),
        Smt("4:8: the same", top_prunes_least(4, 8)),
        Tested("‖ε_s(q(x))‖ ≤ ‖q(x)_P‖, with as many entries pruned of every group", least_pruned),
        Equal("q(x)_P = x_P − ε_q(x)_P", x - (x - q), q),
        *(Concludes(Groups(n, m)) for n, m in ((1, 4), (2, 4))),
        *(Concludes(Groups(n, m), REAL, lemmas=LEMMAS) for n, m in ((1, 4), (2, 4), (4, 8))),
        Concludes(Groups(2, 4), LARGEST),
    ),
)
