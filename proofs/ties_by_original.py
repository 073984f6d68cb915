"""Ranking by (|q(x)|, |x|) is ranking by |x|, since q does not reverse the order of magnitudes; then masks agree."""

from typing import Any

from proofs.atoms import Atoms, Number
from proofs.proof import Proof
from proofs.steps import Formal, Smt, Tested
from sqtheory.theorems.ties_by_original import DEFECT, THEOREM


def defect(a: Atoms) -> Number:
    """max |m(q(x))_i q(x)_i − q(s(x))_i|."""
    return max(abs((q if m else 0) - y) for q, m, y in zip(a.q, a.m2, a.sq, strict=True))


def same_ranking(z3: Any) -> tuple[list[Any], Any]:
    """(q_i, x_i) > (q_j, x_j) lexicographically if and only if x_i > x_j, for magnitudes under a monotone q."""
    x_i, x_j, q_i, q_j = z3.Reals("x_i x_j q_i q_j")
    monotone = [z3.Implies(x_i <= x_j, q_i <= q_j), z3.Implies(x_j <= x_i, q_j <= q_i)]
    above = z3.Or(q_i > q_j, z3.And(q_i == q_j, x_i > x_j))
    return monotone, above == (x_i > x_j)


PROOF = Proof(
    theorem=THEOREM,
    model={DEFECT: defect},
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
        Formal("with one rule for what ties remain", "frozen_commutation_ties"),
    ),
)
