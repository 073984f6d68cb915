"""If q(x) has the scale of x, its ratios are levels, and levels are their own images."""

from fractions import Fraction

import numpy as np
import sympy

from proofs.atoms import Atoms, Number
from proofs.proof import Proof
from proofs.steps import Enumerated, Equal, Tested
from sqtheory.formats import FORMATS
from sqtheory.rounding import half_away, nearest_even
from sqtheory.theorems.idempotence import DEFECT, THEOREM

sigma, level = sympy.symbols("sigma level", positive=True)


def defect(a: Atoms) -> Number:
    """max |q(q(x)) − q(x)| / max |x|, 0 below the rounding of float64."""
    again = a.of(a.case.q.apply(a.case.orders.image, a.case.orders.image))
    size = max(map(abs, a.x))
    share = max(abs(u - v) for u, v in zip(again, a.q, strict=True)) / size if size else Fraction(0)
    return share if share >= 1e-14 else 0.0


def moved_levels() -> list[str]:
    """Formats with a level that rounding to nearest moves."""
    rules = (nearest_even, half_away)
    return [f.name for f in FORMATS.values() for rule in rules if not np.array_equal(f.round(f.values, rule), f.values)]


PROOF = Proof(
    theorem=THEOREM,
    model={DEFECT: defect},
    steps=(
        Tested(
            "q(x) has the scales of x, up to the rounding of real scales",
            lambda case: case.every(
                (np.abs(case.x).max(axis=1, keepdims=True) == 0)
                | (case.orders.image == 0)
                | np.isclose(case.spread(case.q.scales(case.orders.image)), case.dense_scale, rtol=1e-12, atol=0)
            ),
        ),
        Equal("then the ratios of q(x) are levels", (sigma * level) / sigma, level),
        Enumerated("and every level of every format is its own image", moved_levels),
    ),
)
