"""At fixed scales q acts on every entry alone, so a kept entry has the image it had, and a pruned one that of zero."""

import sympy

from sqtheory.theory.theorems.frozen_commutation import THEOREM

from .conclusions import Concludes
from .coq_claims import FormallyConcludes
from .proof import Proof
from .shapes import Entries
from .steps import Equal, Split, Tested

x = sympy.Symbol("x", real=True)
q = sympy.Function("q")


PROOF = Proof(
    theorem=THEOREM,
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
