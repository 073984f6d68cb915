"""Per swap the gap is g(a) − g(b) with g(t) = t − |t − v| = 2 min(t, v) − v, so at most 2 (v − b) ≤ 2 h⁻(v)."""

from typing import Any

from sqtheory.theory.quantities import ONE_SCALE
from sqtheory.theory.theorems.swap_constant import HALVES
from sqtheory.theory.theorems.swap_gap import THEOREM

from .conclusions import Concludes
from .coq_claims import FormallyConcludes
from .proof import Proof
from .prune_first_dominates import balanced, same_image, same_sign, tied
from .shapes import Groups
from .steps import Formal, Smt, Tested
from .swap_constant import PROOF as CONSTANT
from .swap_constant import lower_ends, one_half


def pair(z3: Any) -> tuple[list[Any], Any]:
    """a ≥ b in one cell [v − h, v + k]: (a − |a − v|) − (b − |b − v|) ≤ 2h."""
    a, b, v, h, k = z3.Reals("a b v h k")

    def gain(t: Any) -> Any:
        return t - z3.If(t >= v, t - v, v - t)

    return [v - h <= b, b <= a, a <= v + k, h >= 0, k >= 0], gain(a) - gain(b) <= 2 * h


PROOF = Proof(
    theorem=THEOREM,
    model={
        HALVES: CONSTANT.model[HALVES],
    },
    steps=(
        Tested(
            "with Z and Σ, q(s(x)) = m ⊙ q(x)",
            lambda case: case.every(case.orders.after_mask == case.orders.mask * case.orders.image),
        ),
        Tested("q reverses no sign: magnitudes are enough", same_sign),
        Tested("both masks keep equally many entries of every group: swaps pair up", balanced),
        Smt("the images of a swap tie", same_image),
        Tested("all swaps of a group share one |q(x)|", tied),
        Smt("a swap of a ≥ b in the cell of v costs at most 2h⁻(v)", pair),
        *(
            Concludes(Groups(n, m), readings={ONE_SCALE: one_half}, definitions=(lower_ends,))
            for n, m in ((1, 4), (2, 4), (3, 4))
        ),
        FormallyConcludes("every group size, budget and tie rule", "swap_gap"),
        Formal("uniform grids: at most min(k, n − k)·Δ", "swap_gap_uniform"),
    ),
)
