"""An exchange costs what the entry that comes in errs, and no more: with u = n|x| and e = n|x − q(x)|, u_j ≤ u_i.

Kept, an entry saves u^p − e^p. For i kept by S→Q alone and j by Q→S alone, (u_j^p − e_j^p) − (u_i^p − e_i^p) is at
most e_i^p − e_j^p, as S→Q kept the larger u. Both masks keep equally many entries of every group: pairs add.
"""

from itertools import permutations

import sympy
from sympy import Abs, Implies, Le

from sqtheory.theory.theorems.wanda_reversal import (
    POWER_QS_WEIGHTED,
    POWER_SQ_WEIGHTED,
    SWAPPED_IN,
    SWAPPED_OUT,
    THEOREM,
)
from sqtheory.theory.theorems.weighted_dominates import WEIGHTED

from .atoms import Atoms, Number, Row
from .conclusions import Concludes, Lemma
from .proof import Proof
from .prune_first_dominates import balanced
from .quantize_first_bound import POWERS_GROW
from .shapes import Groups
from .steps import Equal, NonNegative, Tested
from .unknowns import LARGEST, REAL, Facts, Unknowns, magnitude

u_j, more, e_i, e_j = sympy.symbols("u_j more e_i e_j", nonnegative=True)


def weighed(a: Atoms, made: Row) -> Number:
    """‖n ⊙ (x − y)‖_p^p."""
    return a.power(a.weighed(a.minus(a.x, made)))


def errors_of(a: Atoms, kept: list[bool], pruned: list[bool]) -> Number:
    """The weighed errors of q where one mask keeps and the other prunes."""
    return a.power(a.weighed(a.kept(kept, a.dropped(pruned, a.minus(a.x, a.q)))))


def powers_grow(a: Unknowns, goals: Facts) -> Facts:
    """|x_j| ≤ |x_i| ⇒ |x_j|^p ≤ |x_i|^p in every group."""
    p, pairs = a.exponent, [pair for group in a.groups for pair in permutations(group, 2)]
    return [
        Implies(Le(Abs(a.x[j]), Abs(a.x[i])), Le(Abs(a.x[j]) ** p, Abs(a.x[i]) ** p, evaluate=False)) for i, j in pairs
    ]


GROWN = Lemma("powers grow", (POWERS_GROW,), powers_grow)
READ = {WEIGHTED: magnitude}

PROOF = Proof(
    theorem=THEOREM,
    model={
        POWER_SQ_WEIGHTED: lambda a: weighed(a, a.sq),
        POWER_QS_WEIGHTED: lambda a: weighed(a, a.qs),
        SWAPPED_IN: lambda a: errors_of(a, a.m, a.m2),
        SWAPPED_OUT: lambda a: errors_of(a, a.m2, a.m),
    },
    steps=(
        Tested(
            "with Z and Σ, q(s(x)) = m ⊙ q(x)",
            lambda case: case.every(case.orders.after_mask == case.orders.mask * case.orders.image),
        ),
        Tested("both masks keep equally many entries of every group", balanced),
        Equal(
            "p = 1, u_i = u_j + more: the exchange costs e_i − e_j less what u_i exceeds u_j by",
            (u_j - e_j) - (u_j + more - e_i),
            (e_i - e_j) - more,
        ),
        NonNegative("… which is not negative", more),
        POWERS_GROW,
        *(Concludes(Groups(n, 4), readings=READ) for n in (1, 2, 3)),
        Concludes(Groups(2, 4, 2), readings=READ),
        *(Concludes(Groups(n, m), REAL, lemmas=(GROWN,), readings=READ) for n, m in ((1, 2), (1, 4), (2, 4), (4, 8))),
        Concludes(Groups(2, 4), LARGEST, readings=READ),
    ),
)
