"""For a mask of k entries the best signs are those of x and the best scale is the mean: ‖x‖² − (Σ_K|x|)²/k is lost.

The sum of the kept magnitudes is largest where every group keeps its largest.
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import chain, combinations, product

import sympy

from sqtheory.theory.theorems.binary_code_optimal import BEST, FITTED, THEOREM

from .atoms import Atoms, Number
from .conclusions import Concludes
from .proof import Proof
from .shapes import Groups
from .steps import Enumerated, Equal, NonNegative

s, alpha, k, energy = sympy.symbols("s alpha k E", positive=True)
x = sympy.Symbol("x", nonnegative=True)


def fitted(a: Atoms) -> Number:
    """Entry by entry: |x| − mean of the kept, x of the pruned."""
    kept = [abs(v) for v, m in zip(a.x, a.m, strict=True) if m]
    mean = sum(kept, Fraction(0)) / max(len(kept), 1)
    lost = sum(((v - mean) ** 2 for v in kept), Fraction(0))
    return lost + sum((v * v for v, m in zip(a.x, a.m, strict=True) if not m), Fraction(0))


def supports(a: Atoms) -> Iterator[list[int]]:
    """Every set of as many places of every group as are kept of it."""
    for chosen in product(*(combinations(group, a.budget(group)) for group in a.groups)):
        yield list(chain(*chosen))


def best(a: Atoms) -> Number:
    """The least Σ x² − ⟨x, b⟩²/k over all supports, for the signs b of x."""
    total = sum((v * v for v in a.x), Fraction(0))
    return a.least(
        total - sum((abs(a.x[i]) for i in kept), Fraction(0)) ** 2 / max(len(kept), 1) for kept in supports(a)
    )


def other_signs() -> list[str]:
    """Magnitudes 0 … 3 of up to four entries whose |⟨x, b⟩| exceeds the sum of magnitudes for some signs b."""
    return [
        str(row)
        for size in range(1, 5)
        for row in product(range(4), repeat=size)
        for b in product((-1, 1), repeat=size)
        if abs(sum(v * e for v, e in zip(row, b, strict=True))) > sum(row)
    ]


PROOF = Proof(
    theorem=THEOREM,
    model={FITTED: fitted, BEST: best},
    steps=(
        Equal(
            "with s = ⟨x, b⟩ over k kept entries: E − 2αs + kα² = E − s²/k + k (α − s/k)²",
            energy - 2 * alpha * s + k * alpha**2,
            energy - s**2 / k + k * (alpha - s / k) ** 2,
        ),
        NonNegative("so α = s/k is best", k * (alpha - s / k) ** 2),
        NonNegative("a sign against x takes 2|x| from s", x - (-x)),
        Enumerated("|⟨x, b⟩| ≤ Σ|x| for all signs of up to four entries", other_signs),
        *(Concludes(Groups(n, m)) for n, m in ((1, 2), (1, 4), (2, 4), (3, 4))),
    ),
)
