"""With Z and Σ the weight after S→Q is m ⊙ q(w): only pruned terms differ."""

import numpy as np
import sympy

from sqtheory.theory.theorems.dot_interaction import THEOREM

from .conclusions import Concludes
from .proof import Proof
from .shapes import Entries
from .steps import Equal, Split, Tested

x, w, f, g = sympy.symbols("x w f g", real=True)


def share(m: int) -> sympy.Expr:
    """One entry's share of ε^D_{q,q∘s} − ε^D_{q,q} − ε^D_{I,s}."""
    return (x * w - f * m * g) - (x * w - f * g) - (x * w - x * m * w)


PROOF = Proof(
    theorem=THEOREM,
    steps=(
        Tested(
            "with Z and Σ, q(s(w)) = m ⊙ q(w)",
            lambda case: case.every(
                case.weight.orders.after_mask == np.where(case.weight.orders.mask, case.weight.orders.image, 0)
            ),
        ),
        Split(
            "an entry's share of the three errors is −(1 − m)(x w − f g)",
            tuple(Equal(f"m = {m}", share(m), -(1 - m) * (x * w - f * g)) for m in (0, 1)),
        ),
        Equal("x w − f g = f (w − g) + (x − f) w", x * w - f * g, f * (w - g) + (x - f) * w),
        Concludes(Entries(4, products=True)),
    ),
)
