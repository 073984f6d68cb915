"""Of every group some entries are lost whole: Σ|x|^p over them is least for the smallest, so root and maximum are."""

from itertools import combinations, permutations

from sympy import Abs, Implies, Le

from sqtheory.theory.theorems.nm_projection import LEAST, THEOREM

from .atoms import Atoms, Number
from .conclusions import Concludes, Lemma
from .proof import Proof
from .prune_first_bound import LOWERED, ROOTS
from .quantize_first_bound import POWERS_GROW, top_prunes_least
from .shapes import Groups
from .steps import Smt
from .unknowns import LARGEST, REAL, Facts, Unknowns


def least(a: Atoms) -> Number:
    """The least norm of what is lost, over all choices of pruned places of every group."""
    parts = [
        a.least(a.power(a.x[i] for i in lost) for lost in combinations(group, len(group) - a.budget(group)))
        for group in a.groups
    ]
    return a.root(a.total(parts))


def powers_grow(a: Unknowns, goals: Facts) -> Facts:
    """|x_i| ≤ |x_j| ⇒ |x_i|^p ≤ |x_j|^p in every group."""
    pairs = [pair for group in a.groups for pair in permutations(group, 2)]
    sizes = [(Abs(a.x[i]), Abs(a.x[j])) for i, j in pairs]
    return [Implies(Le(u, v), Le(u**a.exponent, v**a.exponent, evaluate=False)) for u, v in sizes]


GROW = Lemma("powers grow", (POWERS_GROW,), powers_grow)

PROOF = Proof(
    theorem=THEOREM,
    model={LEAST: least},
    steps=(
        POWERS_GROW,
        ROOTS,
        Smt("2:4: pruning the smallest powers prunes the least sum", top_prunes_least(2, 4)),
        *(Concludes(Groups(n, m), REAL, lemmas=(GROW, LOWERED)) for n, m in ((1, 2), (1, 4), (2, 4), (3, 4))),
        Concludes(Groups(2, 4, 2), REAL, lemmas=(GROW, LOWERED)),
        Concludes(Groups(2, 4), LARGEST),
    ),
)
