"""Ranking by (|q(x)|, |x|) is ranking by |x|, since q does not reverse the order of magnitudes; then masks agree."""

from typing import Any

import sympy
from sympy import And, Eq, Gt, Or

from sqtheory.theory.quantities import MAGNITUDE
from sqtheory.theory.theorems.ties_by_original import BY_ORIGINAL, THEOREM

from .atoms import Row
from .conclusions import Concludes
from .coq_claims import FormallyConcludes
from .proof import Proof
from .shapes import Groups
from .steps import Formal, Smt, Tested
from .unknowns import Facts, Unknowns


def same_ranking(z3: Any) -> tuple[list[Any], Any]:
    """(q_i, x_i) > (q_j, x_j) lexicographically if and only if x_i > x_j, for magnitudes under a monotone q."""
    x_i, x_j, q_i, q_j = z3.Reals("x_i x_j q_i q_j")
    monotone = [z3.Implies(x_i <= x_j, q_i <= q_j), z3.Implies(x_j <= x_i, q_j <= q_i)]
    above = z3.Or(q_i > q_j, z3.And(q_i == q_j, x_i > x_j))
    return monotone, above == (x_i > x_j)


def first(a: Unknowns, mask: list[bool], *scores: Row) -> Facts:
    """No kept entry of a group comes after a pruned one: by the first score, then the next, then a rank of its own."""
    ranks = [sympy.Symbol(f"r{i}", real=True) for i in range(len(a.x))]
    found = []
    for group in a.groups:
        for i, j in ((i, j) for i in group for j in group if mask[i] and not mask[j]):
            ahead = Gt(ranks[i], ranks[j])
            for score in reversed(scores):
                ahead = Or(Gt(score[i], score[j]), And(Eq(score[i], score[j]), ahead))
            found.append(ahead)
    return found


def by_magnitude(a: Unknowns) -> Facts:
    """The mask of x ranks by |x|."""
    return first(a, a.m, list(map(abs, a.x)))


def by_image_then_original(a: Unknowns) -> Facts:
    """The mask of q(x) ranks by |q(x)|, then by |x|."""
    return first(a, a.m2, list(map(abs, a.q)), list(map(abs, a.x)))


READ = {MAGNITUDE: by_magnitude, BY_ORIGINAL: by_image_then_original}

PROOF = Proof(
    theorem=THEOREM,
    steps=(
        Smt("by (|q(x)|, |x|) and by |x| two entries of a group rank alike", same_ranking),
        Tested(
            "so both masks are one; what is left of ties, equal |x|, goes by one rule",
            lambda case: case.every(case.orders.mask == case.orders.image_mask),
        ),
        Tested(
            "and with Z and Σ both orders are m ⊙ q(x)",
            lambda case: case.every(case.orders.after_mask == case.orders.mask * case.orders.image),
        ),
        Formal("masks on top by (|q(x)|, |x|) are those on top by |x|", "by_original_is_magnitude"),
        Formal("both orders are one", "frozen_commutation_orders"),
        FormallyConcludes("with one rule for what ties remain", "frozen_commutation_ties"),
        *(Concludes(Groups(n, m), readings=READ) for n, m in ((1, 2), (1, 4), (2, 4), (3, 4))),
    ),
)
