"""w_i = t < ½ goes to 0 at the larger norm r, w_j > ½ to 1 at the smaller, and r t > w_j: S→Q keeps what becomes 0.

So S→Q loses all of both entries, r² t² + w_j², and Q→S r² t² + (1 − w_j)²: 2 w_j − 1 less.
"""

from fractions import Fraction
from typing import Any

import numpy as np
import sympy

from sqtheory.theory.theorems.wanda_converse import GAP, REVERSAL, THEOREM

from .atoms import Atoms, Number, Row
from .conclusions import OnlyTested
from .exact import ExactRow, exact
from .proof import Proof
from .steps import Equal, Smt

r, t, w = sympy.symbols("r t w", positive=True)


def quotient(a: Atoms) -> tuple[int, int, Fraction]:
    """The places of the largest and the least norm that is not 0, and their quotient."""
    sizes = list(map(abs, a.x))
    high = sizes.index(max(sizes))
    low = min((i for i, v in enumerate(sizes) if v), key=lambda i: sizes[i], default=high)
    return high, low, sizes[high] / sizes[low] if sizes[low] else Fraction(1)


def gap(a: Atoms) -> Number:
    """min(1, (r − 1)/4)."""
    return min(Fraction(1), (quotient(a)[2] - 1) / 4)


def reversal(a: ExactRow) -> Number:
    """Both losses of the exact weight, entry by entry, with what q makes of it."""
    high, low, ratio = quotient(a)
    if ratio == 1:
        return Fraction(0)
    scale = {high: ratio, low: Fraction(1)}
    value = {high: (1 + 1 / ratio) / 4, low: min(Fraction(1), (3 + ratio) / 8)}
    row = np.array([[float(value.get(i, Fraction(0))) for i in range(len(a.x))]])
    image = dict(enumerate(exact(a.case.q(row)[0])))

    def lost(scored: dict[int, Fraction]) -> Fraction:
        kept = max(scale, key=lambda i: scale[i] * scored[i])
        left: Row = [scale[i] * (v - (image[i] if i == kept else 0)) for i, v in value.items()]
        return sum((v * v for v in left), Fraction(0))

    return lost(value) - lost(image)


def instance(z3: Any) -> tuple[list[Any], Any, Any, Any]:
    """r > 1, and w at both inputs."""
    r, t, w = z3.Reals("r t w")
    return [r > 1, 4 * t * r == r + 1, w == z3.If(r >= 5, 1, (3 + r) / 8)], r, t, w


def turned(z3: Any) -> tuple[list[Any], Any]:
    """The larger norm's entry scores more and is nearer 0, the other's is nearer 1."""
    given, r, t, w = instance(z3)
    return given, z3.And(r * t > w, t > 0, 2 * t < 1, 2 * w > 1, w <= 1)


def lost_more(z3: Any) -> tuple[list[Any], Any]:
    """2 w − 1 = min(1, (r − 1)/4)."""
    given, r, _, w = instance(z3)
    return given, 2 * w - 1 == z3.If(r >= 5, 1, (r - 1) / 4)


PROOF = Proof(
    theorem=THEOREM,
    model={REVERSAL: reversal, GAP: gap},
    steps=(
        Smt("for r > 1: S→Q keeps the entry of the larger norm, of image 0, and Q→S the other, of image 1", turned),
        Equal(
            "S→Q loses both entries, Q→S what rounding the other up leaves of it",
            ((r * t) ** 2 + w**2) - ((r * t) ** 2 + (1 - w) ** 2),
            2 * w - 1,
        ),
        Smt("… which is min(1, (r − 1)/4)", lost_more),
        OnlyTested("the instance is made of the largest and the least of four numbers: the lines above are its proof"),
    ),
)
