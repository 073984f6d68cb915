"""Hölder's inequality on both terms of the interaction."""

from math import inf

import sympy

from proofs.atoms import Atoms, Number, Row
from proofs.dot_decomposition import weight
from proofs.dot_interaction import PROOF as INTERACTION
from proofs.proof import Proof
from proofs.steps import Cited, Equal, NonNegative
from sqtheory.theorem import Reference
from sqtheory.theorems.dot_bound import (
    ACTIVATION_ERROR,
    QUANTIZED,
    THEOREM,
    WEIGHT_ERROR,
    WEIGHT_PRUNED,
    conjugate,
)
from sqtheory.theorems.dot_decomposition import SQ, WHOLE
from sqtheory.theorems.dot_interaction import Q, S

a1, a2, b1, b2 = sympy.symbols("a1 a2 b1 b2", real=True)


def norm(values: Row, p: float) -> Number:
    """(Σ |v|^p)^{1/p}, exact where it is rational or a square root."""
    sizes = [abs(v) for v in values]
    if p == inf:
        return max(sizes, default=0.0)
    if p == 1:
        return sum(sizes)
    if p == 2:
        return sympy.sqrt(sum(sympy.Rational(v.numerator, v.denominator) ** 2 for v in sizes))
    return float(sum(float(v) ** p for v in sizes) ** (1 / p))


def pruned(a: Atoms, values: Row) -> Row:
    """The values where w is pruned."""
    return [v for v, m in zip(values, weight(a).m, strict=True) if not m]


PROOF = Proof(
    theorem=THEOREM,
    model={
        **{quantity: INTERACTION.model[quantity] for quantity in (WHOLE, SQ, Q, S)},
        QUANTIZED: lambda a: norm(pruned(a, a.q), a.p),
        WEIGHT_ERROR: lambda a: norm(pruned(a, [u - v for u, v in zip(a.w, weight(a).q, strict=True)]), conjugate(a.p)),
        ACTIVATION_ERROR: lambda a: norm(pruned(a, [u - v for u, v in zip(a.x, a.q, strict=True)]), a.p),
        WEIGHT_PRUNED: lambda a: norm(pruned(a, a.w), conjugate(a.p)),
    },
    steps=(
        *INTERACTION.steps,
        Cited(
            "|⟨a, b⟩| ≤ ‖a‖_p ‖b‖_{p*} (Hölder), on ⟨q(x)_P, ε_q(w)_P⟩ and ⟨ε_q(x)_P, w_P⟩",
            Reference("hardy1934", "§2.8"),
        ),
        Equal(
            "p = 2 in two entries: ‖a‖²‖b‖² − ⟨a, b⟩² is the square of a₁b₂ − a₂b₁, 0 for parallel vectors",
            (a1**2 + a2**2) * (b1**2 + b2**2) - (a1 * b1 + a2 * b2) ** 2,
            (a1 * b2 - a2 * b1) ** 2,
        ),
        NonNegative("… which is not negative", (a1 * b2 - a2 * b1) ** 2),
    ),
)
