"""A pruned entry holds 0 when its column comes, since nothing was handed on to it, and is rounded to q_σ(0) = 0."""

from sqtheory.theory.theorems.zeros_survive import SPARED, THEOREM

from .atoms import Atoms, Number
from .conclusions import Concludes
from .proof import Proof
from .shapes import Groups


def rounded_zeros(a: Atoms) -> Number:
    """Σ |q_σ(0)| over pruned entries, σ their scale in w."""
    return sum((abs(v) for v, kept in zip(a.weight.frozen, a.weight.m, strict=True) if not kept), a.weight.x[0] * 0)


PROOF = Proof(
    theorem=THEOREM,
    model={SPARED: rounded_zeros},
    steps=tuple(Concludes(Groups(n, 4, 2, products=True)) for n in (1, 2, 3)),
)
