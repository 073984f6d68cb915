"""Hölder's inequality on both terms of the interaction."""

import sympy
from sympy import Abs, Le

from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems.dot_bound import THEOREM

from .conclusions import Concludes, Conclusion, Lemma
from .dot_interaction import PROOF as INTERACTION
from .proof import Proof
from .shapes import Entries
from .steps import Cited, Equal, NonNegative
from .unknowns import LARGEST, REAL, Facts, Unknowns

a1, a2, b1, b2 = sympy.symbols("a1 a2 b1 b2", real=True)


def hoelder(a: Unknowns, goals: Facts) -> Facts:
    """|⟨q(x)_P, ε_q(w)_P⟩| ≤ ‖q(x)_P‖_p ‖ε_q(w)_P‖_{p*} and |⟨ε_q(x)_P, w_P⟩| ≤ ‖ε_q(x)_P‖_p ‖w_P‖_{p*}."""
    pairs = ((a.q, a.minus(a.w, a.weight.q)), (a.minus(a.x, a.q), a.w))
    rows = [(a.dropped(a.weight.m, one), a.dropped(a.weight.m, other)) for one, other in pairs]
    return [Le(Abs(a.dot(u, v)), a.norm(u) * a.dual_norm(v), evaluate=False) for u, v in rows]


HOELDER = Cited(
    "|⟨a, b⟩| ≤ ‖a‖_p ‖b‖_{p*} (Hölder), on ⟨q(x)_P, ε_q(w)_P⟩ and ⟨ε_q(x)_P, w_P⟩", Reference("hardy1934", "§2.8")
)
BOTH = Lemma("Hölder's inequality", (HOELDER,), hoelder, least=1.0)

PROOF = Proof(
    theorem=THEOREM,
    steps=(
        *(step for step in INTERACTION.steps if not isinstance(step, Conclusion)),
        HOELDER,
        *(Concludes(Entries(3, products=True), p, lemmas=(BOTH,)) for p in (REAL, LARGEST)),
        Equal(
            "p = 2 in two entries: ‖a‖²‖b‖² − ⟨a, b⟩² is the square of a₁b₂ − a₂b₁, 0 for parallel vectors",
            (a1**2 + a2**2) * (b1**2 + b2**2) - (a1 * b1 + a2 * b2) ** 2,
            (a1 * b2 - a2 * b1) ** 2,
        ),
        NonNegative("… which is not negative", (a1 * b2 - a2 * b1) ** 2),
    ),
)
