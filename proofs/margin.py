"""Every kept image exceeds every pruned one, so the mask on top by |q(x)| is that of x: one mask, and one image."""

from typing import Any

from proofs.proof import Proof
from proofs.steps import Formal, Smt, Tested
from proofs.ties_by_original import defect
from sqtheory.theorems.margin import THEOREM
from sqtheory.theorems.ties_by_original import DEFECT


def kept_again(z3: Any) -> tuple[list[Any], Any]:
    """Keeping a pruned image in the place of a kept one would leave a larger image pruned: no mask on top does."""
    kept, pruned = z3.Reals("kept pruned")
    return [kept > pruned], z3.Not(pruned >= kept)


PROOF = Proof(
    theorem=THEOREM,
    model={DEFECT: defect},
    steps=(
        Smt("no mask on top by |q(x)| prunes what m(x) keeps for what it prunes", kept_again),
        Tested("so both masks are one", lambda case: case.every(case.orders.mask == case.orders.image_mask)),
        Tested(
            "and with Z and Σ both orders are m ⊙ q(x)",
            lambda case: case.every(case.orders.after_mask == case.orders.mask * case.orders.image),
        ),
        Formal("with one mask and one set of scales both orders are one", "frozen_commutation"),
    ),
)
