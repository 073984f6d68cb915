"""Coordinate by coordinate: a kept entry errs as q does, a pruned one by itself."""

import sympy

from sqtheory.theory.theorems.prune_first_identity import THEOREM

from .conclusions import Concludes
from .coq_claims import FormallyConcludes
from .proof import Proof
from .shapes import Entries
from .steps import Equal, Split, Tested
from .unknowns import LARGEST, REAL

x, q, p = sympy.Symbol("x", real=True), sympy.Symbol("q", real=True), sympy.Symbol("p", positive=True)


def error(m: int) -> sympy.Expr:
    """ε_{q∘s} of one entry: x − m q."""
    return x - m * q


PROOF = Proof(
    theorem=THEOREM,
    steps=(
        Tested(
            "with Z and Σ, q(s(x))_i = m_i q(x)_i",
            lambda case: case.every(case.orders.after_mask == case.orders.mask * case.orders.image),
        ),
        Split(
            "x − m q = m (x − q) + (1 − m) x for m = 1 and m = 0",
            tuple(Equal(f"m = {m}", error(m), m * (x - q) + (1 - m) * x) for m in (0, 1)),
        ),
        Split(
            "|x − m q|^p = m |x − q|^p + (1 − m) |x|^p: sums over entries add, and maxima join",
            tuple(Equal(f"m = {m}", abs(error(m)) ** p, m * abs(x - q) ** p + (1 - m) * abs(x) ** p) for m in (0, 1)),
        ),
        Concludes(Entries(4), REAL, claims=(0, 2)),
        Concludes(Entries(3), LARGEST, claims=(1, 2)),
        FormallyConcludes("for every vector, mask and natural p", "prune_first_identity", claims=(0,)),
    ),
)
