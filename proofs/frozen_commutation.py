"""At fixed scales q acts on every entry alone, so a kept entry has the image it had, and a pruned one that of zero."""

import sympy

from sqtheory.theory.theorems.frozen_commutation import DEFECT, THEOREM

from .atoms import Atoms, Number
from .conclusions import Concludes
from .coq_claims import FormallyConcludes
from .proof import Proof
from .shapes import Entries
from .steps import Equal, Split, Tested

x = sympy.Symbol("x", real=True)
q = sympy.Function("q")


def defect(a: Atoms) -> Number:
    """max |m_i q(x)_i − q_σ(m ⊙ x)_i|."""
    return a.largest(abs((q if m else 0) - y) for q, m, y in zip(a.q, a.m, a.frozen, strict=True))


PROOF = Proof(
    theorem=THEOREM,
    model={DEFECT: defect},
    steps=(
        Tested(
            "at the scales of x, x has the image it has with its own scales, entry by entry",
            lambda case: case.every(case.q.frozen(case.x).apply(case.x, case.x) == case.orders.image),
        ),
        Split(
            "with q(0) = 0: m q(x) = q(m x) for m = 1 and m = 0",
            (Equal("m = 1", 1 * q(x), q(1 * x)), Equal("m = 0", 0 * q(x), q(0 * x).subs(q(0), 0))),
        ),
        Concludes(Entries(4)),
        FormallyConcludes("for every vector, mask and partition", "frozen_commutation"),
    ),
)
