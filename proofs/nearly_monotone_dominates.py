"""The exchange of ``prune_first_dominates``, and one pair more: entries of one magnitude, images of two sizes.

If i is kept by S→Q alone and j by Q→S alone, |x_i| ≥ |x_j| and |q(x)_i| ≤ |q(x)_j|, as each mask is on top. If
|x_i| > |x_j|, the images are equal by the order that q keeps, and the larger entry saves at least as much. If
|x_i| = |x_j|, the smaller image is no further off, and what is kept saves |x_i|^p less the p-th power of that distance.
"""

from itertools import permutations
from typing import Any

import numpy as np
import sympy
from sympy import And, Eq, Ge, Implies, Le

from sqtheory.arrays import Mask
from sqtheory.theory.case import Case
from sqtheory.theory.theorems.nearly_monotone_dominates import THEOREM

from .conclusions import Concludes, Lemma
from .coq_claims import FormallyConcludes
from .proof import Proof
from .prune_first_bound import LOWERED, ROOTS
from .prune_first_dominates import PAIR, PAIRED, balanced, largest, same_sign, saved
from .shapes import Groups
from .steps import Equal, Formal, NonNegative, Smt, Tested
from .unknowns import LARGEST, REAL, Facts, Unknowns

e, p = sympy.symbols("e p", positive=True)


def tied(case: Case) -> Mask:
    """All entries of a group that one order keeps and the other prunes have one |q(x)|, or one |x|."""
    differ = case.orders.mask != case.orders.image_mask
    one = np.zeros((len(case), 1), bool)
    for size in (np.abs(case.orders.image), np.abs(case.x)):
        high = case.s.groups.reduce(np.where(differ, size, -1), lambda rows: rows.max(axis=1))
        low = case.s.groups.reduce(np.where(differ, size, np.inf), lambda rows: rows.min(axis=1))
        one = one | (np.isclose(high, low, rtol=1e-12, atol=0) | (high < 0)).reshape(len(case), -1)
    return np.asarray(one.all(axis=1))


def one_size(z3: Any) -> tuple[list[Any], Any]:
    """|x_i| ≥ |x_j|, q keeps the order of unlike magnitudes, the image mask on top: one |q(x)| or one |x|."""
    x_i, x_j, q_i, q_j = z3.Reals("x_i x_j q_i q_j")
    return [x_i >= x_j, z3.Implies(x_i > x_j, q_i >= q_j), q_j >= q_i], z3.Or(q_i == q_j, x_i == x_j)


def nearer(z3: Any) -> tuple[list[Any], Any]:
    """max(e, a) ≤ max(a, f) for distances e ≤ f of two entries of magnitude a from their images."""
    a, e, f = z3.Reals("a e f")

    def most(u: Any, v: Any) -> Any:
        return z3.If(u >= v, u, v)

    return [a >= 0, e >= 0, e <= f], most(e, a) <= most(a, f)


def of_one_size(a: Unknowns, goals: Facts) -> Facts:
    """What keeping saves is at least as much at the smaller distance, for |x_i| = |x_j| of one group."""
    return [
        Implies(
            And(Eq(abs(a.x[i]), abs(a.x[j])), Le(abs(a.x[i] - a.q[i]), abs(a.x[j] - a.q[j]))),
            Ge(saved(a, i), saved(a, j), evaluate=False),
        )
        for group in a.groups
        for i, j in permutations(group, 2)
    ]


GROWS = (
    Equal("e^p grows with e: its derivative is", sympy.diff(e**p, e), p * e ** (p - 1)),
    NonNegative("… which is not negative", p * e ** (p - 1)),
)
CLOSER = Lemma("of one magnitude what lies nearer to its image saves at least as much", GROWS, of_one_size)

PROOF = Proof(
    theorem=THEOREM,
    steps=(
        Tested(
            "with Z and Σ, q(s(x)) = m ⊙ q(x): both orders keep images of x, and differ in which",
            lambda case: case.every(case.orders.after_mask == case.orders.mask * case.orders.image),
        ),
        Tested("q reverses no sign, so |x_i − q(x)_i| is ||x_i| − |q(x)_i||: magnitudes are enough", same_sign),
        Tested("both masks keep equally many entries of every group", balanced),
        Smt("kept by S→Q alone and kept by Q→S alone: the images are of one size, or the entries", one_size),
        Tested("all entries of a group on which the masks differ share one |q(x)| or one |x|", tied),
        *PAIR,
        *GROWS,
        Smt("p = ∞: an exchange of a ≥ b at one image does not lower the larger of the two errors", largest),
        Smt("p = ∞: nor does one at one magnitude for an image that is further off", nearer),
        ROOTS,
        Concludes(Groups(2, 4)),
        Concludes(Groups(1, 2, 2)),
        *(Concludes(Groups(n, m), REAL, lemmas=(PAIRED, CLOSER, LOWERED)) for n, m in ((1, 2), (1, 4), (2, 4))),
        Concludes(Groups(2, 4), LARGEST),
        FormallyConcludes("every group size, budget, tie rule and natural p", "nearly_monotone_dominates"),
        FormallyConcludes("p = ∞", "nearly_monotone_dominates_largest"),
        Formal("one monotone map for the entries of a group, of whatever scales", "one_map_ordered"),
    ),
)
