"""|q(x)_i| is at least |x_i| − |x_i − q(x)_i| and |q(x)_j| at most |x_j| + |x_j − q(x)_j|: one mask is on top."""

from typing import Any

from sympy import Abs, Gt

from sqtheory.theory.theorems.wanda_margin import APART, DEFECT_WEIGHTED, THEOREM
from sqtheory.theory.theorems.weighted_dominates import WEIGHTED

from .conclusions import Concludes
from .proof import Proof
from .shapes import Groups
from .steps import Smt, Tested
from .unknowns import Facts, Unknowns, magnitude


def image_within(z3: Any) -> tuple[list[Any], Any]:
    """x − |x − q| ≤ |q| ≤ x + |x − q| for x ≥ 0."""
    x, q = z3.Reals("x q")

    def size(e: Any) -> Any:
        return z3.If(e >= 0, e, -e)

    return [x >= 0], z3.And(x - size(x - q) <= size(q), size(q) <= x + size(x - q))


def apart(a: Unknowns) -> Facts:
    """|x_i| − |x_i − q(x)_i| > |x_j| + |x_j − q(x)_j| for i kept and j pruned; unknowns are weighed."""
    off = [Abs(x - q) for x, q in zip(a.x, a.q, strict=True)]
    pairs = [(i, j) for group in a.groups for i in group for j in group if a.m[i] and not a.m[j]]
    return [Gt(Abs(a.x[i]) - off[i], Abs(a.x[j]) + off[j]) for i, j in pairs]


READ = {WEIGHTED: magnitude, APART: apart}

PROOF = Proof(
    theorem=THEOREM,
    model={DEFECT_WEIGHTED: lambda a: a.norm(a.weighed(a.minus(a.sq, a.qs)))},
    steps=(
        Smt("an image is as large as its entry less the error at least, and with the error at most", image_within),
        Tested("so both masks are one", lambda case: case.every(case.orders.mask == case.orders.image_mask)),
        Tested(
            "and with Z and Σ both orders are m ⊙ q(x)",
            lambda case: case.every(case.orders.after_mask == case.orders.mask * case.orders.image),
        ),
        *(Concludes(Groups(n, m), readings=READ) for n, m in ((1, 2), (1, 4), (2, 4), (3, 4))),
    ),
)
