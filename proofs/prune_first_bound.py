"""What S→Q errs is part of what s and q err: the identity, less the error of q on the pruned entries.

By ``prune_first_identity`` ‖ε_{q∘s}‖_p^p = ‖x_P‖_p^p + ‖ε_q(x)_K‖_p^p. The second term is at most ‖ε_q‖_p^p, and
(A + B)^{1/p} ≤ A^{1/p} + B^{1/p} for A, B ≥ 0 and p ≥ 1.
"""

from typing import Any

import numpy as np
import sympy

from sqtheory.theory.theorems.prune_first_bound import THEOREM

from .conclusions import Concludes, Lemma, roots_add, roots_grow
from .coq_claims import FormallyConcludes
from .proof import Proof
from .shapes import Entries
from .steps import Equal, Formal, NonNegative, Smt, Split, Tested
from .unknowns import LARGEST, REAL

kept, pruned, x_pruned = sympy.symbols("kept pruned x_pruned", nonnegative=True)
a, b, r, u, y = sympy.symbols("a b r u y", positive=True)


def additive(z3: Any) -> tuple[list[Any], Any]:
    """a, b ≥ 0 with a² + b² = c², c ≥ 0: c ≤ a + b."""
    a, b, c = z3.Reals("a b c")
    return [a >= 0, b >= 0, c >= 0, a * a + b * b == c * c], c <= a + b


ROOTS = Equal(
    "A^{1/p} grows with A: its derivative has the sign of A", sympy.diff(a ** (1 / r), a) * r * a, a ** (1 / r)
)
SUBADDITIVE = Split(
    "(a + b)^p ≥ a^p + b^p for p = 1 + r: (a + b)^{1+r} − a^{1+r} = ∫_0^b (1 + r)(a + y)^r dy ≥ b^{1+r}",
    (
        Equal(
            "the integral of the excess",
            sympy.integrate((1 + r) * (a + y) ** r, (y, 0, b)) - sympy.integrate((1 + r) * y**r, (y, 0, b)),
            (a + b) ** (1 + r) - a ** (1 + r) - b ** (1 + r),
        ),
        Equal(
            "(a + y)^r − y^r is again an integral",
            sympy.integrate(r * u ** (r - 1), (u, y, y + a)),
            (a + y) ** r - y**r,
        ),
        NonNegative("of a function that is not negative", r * u ** (r - 1)),
    ),
)
LOWERED = Lemma("roots grow", (ROOTS,), roots_grow)
ADDED = Lemma("the root of a sum is at most the sum of roots", (ROOTS, SUBADDITIVE), roots_add, least=1.0)

PROOF = Proof(
    theorem=THEOREM,
    steps=(
        Tested(
            "with Z and Σ, q(s(x)) = m ⊙ q(x), the premise of prune_first_identity",
            lambda case: case.every(case.orders.after_mask == np.where(case.orders.mask, case.orders.image, 0)),
        ),
        Equal(
            "‖ε_s‖_p^p + ‖ε_q‖_p^p − ‖ε_{q∘s}‖_p^p is ‖ε_q(x)_P‖_p^p, the error of q on the pruned entries",
            (x_pruned + (kept + pruned)) - (x_pruned + kept),
            pruned,
        ),
        NonNegative("… which is not negative", pruned),
        ROOTS,
        SUBADDITIVE,
        Smt("p = 2: √(a² + b²) ≤ a + b", additive),
        Concludes(Entries(8), claims=(0, 1)),
        Concludes(Entries(8), REAL, claims=(1,)),
        Concludes(Entries(4), REAL, claims=(0,), lemmas=(LOWERED, ADDED)),
        Concludes(Entries(3), LARGEST, claims=(0, 2)),
        FormallyConcludes("p-th powers, every mask and natural p", "prune_first_bound", claims=(1,)),
        Formal("p-th powers fall short of the bound by exactly Σ_P |ε_q(x)|^p", "prune_first_slack"),
    ),
)
