"""A homogeneous scale leaves the ratios, so the codes, unchanged; the image follows the scale."""

from fractions import Fraction

import numpy as np
import sympy
from sympy import Eq

from sqtheory.alphabet.formats import IntFormat
from sqtheory.alphabet.partition import Rows
from sqtheory.alphabet.scaling import SCALINGS, Percentile, SharedExponent, TwoLevel
from sqtheory.alphabet.traits import DYADIC_EQUIVARIANT
from sqtheory.theory.theorems.dyadic_equivariance import DEFECT, SHIFTS, THEOREM

from .atoms import Atoms, Number
from .conclusions import Concludes
from .proof import Proof
from .shapes import Entries
from .steps import Enumerated, Equal
from .unknowns import RHO, Facts, Unknowns

x, sigma, c, code = sympy.symbols("x sigma c code", positive=True)


def defect(a: Atoms) -> Number:
    """max |2^−j q(2^j x) − q(x)| over entries and exponents."""
    return a.largest(abs(u / Fraction(2) ** j - v) for j in SHIFTS for u, v in zip(a.shifted(j), a.q, strict=True))


def on_grid(a: Unknowns) -> Facts:
    """q(x) = σ ρ(x/σ)."""
    return [Eq(q, s * RHO(x / s)) for x, q, s in zip(a.x, a.q, a.scale, strict=True)]


def unfollowed() -> list[str]:
    """Shipped rules that say σ(2^j x) = 2^j σ(x), and random blocks on which they do not."""
    wrong = []
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 8)) * 2.0 ** rng.integers(-20, 20, (500, 1))
    rules = (*SCALINGS.values(), SharedExponent(), TwoLevel(), Percentile(50))
    for rule in (r for r in rules if DYADIC_EQUIVARIANT in r.equivariance):
        fmt = IntFormat(4, full_range=rule.full_range)
        at = [rule.scales(np.ldexp(x, j), Rows(), fmt) for j in SHIFTS]
        whole = rule.scales(x, Rows(), fmt)
        if not all(np.array_equal(found, np.ldexp(whole, j)) for found, j in zip(at, SHIFTS, strict=True)):
            wrong.append(str(rule))
    return wrong


PROOF = Proof(
    theorem=THEOREM,
    model={DEFECT: defect},
    steps=(
        Enumerated("of the shipped rules those have σ(2^j x) = 2^j σ(x) that say so", unfollowed),
        Concludes(Entries(2), definitions=(on_grid,)),
        Equal("the ratio is that of x: (c x)/(c σ) = x/σ", (c * x) / (c * sigma), x / sigma),
        Equal(
            "the image is c times that of x; for every c > 0 where σ(c x) = c σ(x), in real arithmetic",
            (c * sigma) * code,
            c * (sigma * code),
        ),
    ),
)
