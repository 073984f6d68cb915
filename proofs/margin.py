"""Every kept image exceeds every pruned one, so the mask on top by |q(x)| is that of x: one mask, and one image."""

from typing import Any

from sympy import Abs, Gt

from sqtheory.theory.theorems.margin import MARGIN, THEOREM

from .conclusions import Concludes
from .proof import Proof
from .shapes import Groups
from .steps import Formal, Smt, Tested
from .unknowns import Facts, Unknowns


def kept_again(z3: Any) -> tuple[list[Any], Any]:
    """Keeping a pruned image in the place of a kept one would leave a larger image pruned: no mask on top does."""
    kept, pruned = z3.Reals("kept pruned")
    return [kept > pruned], z3.Not(pruned >= kept)


def no_cell_holds_both(a: Unknowns) -> Facts:
    """|q(x)_i| > |q(x)_j| for i kept and j pruned."""
    pairs = [(i, j) for group in a.groups for i in group for j in group if a.m[i] and not a.m[j]]
    return [Gt(Abs(a.q[i]), Abs(a.q[j])) for i, j in pairs]


PROOF = Proof(
    theorem=THEOREM,
    steps=(
        Smt("no mask on top by |q(x)| prunes what m(x) keeps for what it prunes", kept_again),
        Tested("so both masks are one", lambda case: case.every(case.orders.mask == case.orders.image_mask)),
        Tested(
            "and with Z and Σ both orders are m ⊙ q(x)",
            lambda case: case.every(case.orders.after_mask == case.orders.mask * case.orders.image),
        ),
        Formal("with one mask and one set of scales both orders are one", "frozen_commutation", "frozen_commutation"),
        *(Concludes(Groups(n, m), readings={MARGIN: no_cell_holds_both}) for n, m in ((1, 2), (1, 4), (2, 4), (3, 4))),
    ),
)
