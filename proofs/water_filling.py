"""4^{−b} lies above its tangents: the conditions of Karush, Kuhn and Tucker suffice, and water-filling meets them.

For any b' of the same sum σ_l² 4^{−b_l'} ≥ D_l − D_l ln 4 (b_l' − b_l) with D_l = σ_l² 4^{−b_l}. Where b_l > 0 D_l is
θ; where b_l = 0 it is σ_l² ≤ θ and b_l' ≥ b_l. So Σ D_l (b_l' − b_l) ≤ θ Σ (b_l' − b_l) = 0.
"""

import math
from typing import Any

import sympy

from sqtheory.theory.theorems.water_filling import BUDGET, LEVELLED, LOST, OTHER, SPENT, THEOREM

from .atoms import Number
from .conclusions import OnlyTested
from .exact import ExactRow
from .proof import Proof
from .steps import Equal, NonNegative, Smt

b, c, t = sympy.symbols("b c t", real=True)
variance, theta = sympy.symbols("v theta", positive=True)


def total(a: ExactRow) -> int:
    """n b̄."""
    return len(a.x) * a.case.q.format.bits


def variances(a: ExactRow) -> list[float]:
    """x² over the largest, which is 1; 1 for all of a row of zeros."""
    most = max(map(abs, a.x))
    return [float((v / most) ** 2) if most else 1.0 for v in a.x]


def level(a: ExactRow) -> float:
    """θ by bisection of log₂ θ: the bits that it leaves spend the budget."""
    low, high = -4096.0, 0.0
    for _ in range(70):
        middle = (low + high) / 2
        low, high = (middle, high) if sum(bits(a, middle)) > total(a) else (low, middle)
    return (low + high) / 2


def bits(a: ExactRow, height: float) -> list[float]:
    """max(0, ½ log₂(σ²/θ))."""
    return [max(0.0, (math.log2(v) - height) / 2) if v else 0.0 for v in variances(a)]


def lost(a: ExactRow, some: list[float]) -> float:
    """Layer by layer."""
    return math.fsum(v * 4.0**-spent for v, spent in zip(variances(a), some, strict=True))


def other(a: ExactRow) -> Number:
    """With bits in proportion to |w|."""
    sizes = [abs(v) for v in a.w]
    whole = sum(sizes)
    return lost(a, [float(total(a) * (v / whole if whole else 1 / len(sizes))) for v in sizes])


def conditions(z3: Any) -> tuple[list[Any], Any]:
    """Two layers, slopes k D: of D₁ = θ with bits and D₂ ≤ θ without, any shift of bits of sum 0 loses."""
    d1, d2, level_, s1, s2 = z3.Reals("d1 d2 level s1 s2")
    return [d1 == level_, 0 <= d2, d2 <= level_, s1 + s2 == 0, s2 >= 0], d1 * s1 + d2 * s2 <= 0


PROOF = Proof(
    theorem=THEOREM,
    model={
        LOST: lambda a: lost(a, bits(a, level(a))),
        OTHER: other,
        LEVELLED: lambda a: sum(min(v, 2.0 ** level(a)) for v in variances(a)),
        SPENT: lambda a: sum(bits(a, level(a))),
        BUDGET: total,
    },
    steps=(
        Equal(
            "the slope of v 4^{−b} is −ln 4 times what is lost",
            sympy.diff(variance * 4 ** (-b), b),
            -sympy.log(4) * variance * 4 ** (-b),
        ),
        NonNegative("… and its second derivative is not negative", sympy.diff(variance * 4 ** (-b), b, 2)),
        Equal(
            "bits down to the level: v 4^{−½ log₂(v/θ)} = θ",
            sympy.expand_log(
                sympy.log(variance) - sympy.log(4) * sympy.log(variance / theta) / sympy.log(4), force=True
            ),
            sympy.log(theta),
        ),
        Smt("a layer without bits can only gain some, where they save less", conditions),
        OnlyTested("logarithms and a sum over any number of layers: the steps say what is true of each"),
    ),
)
