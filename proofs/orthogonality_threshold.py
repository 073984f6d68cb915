"""e^{a + b − c} − (e^a + e^b − e^c) = (e^a − e^c)(e^b − e^c)/e^c, of one sign with the harms of both parts."""

import math
from fractions import Fraction

import sympy
from sympy import Ge

from sqtheory.theory.orthogonality import Orthogonality
from sqtheory.theory.theorems.orthogonality_threshold import (
    AGREE,
    DENSE,
    LOG_THRESHOLD,
    QUANTIZED,
    SPARSE,
    THEOREM,
    THRESHOLD,
)

from .atoms import Atoms, Number
from .conclusions import Concludes
from .dot_decomposition import product
from .proof import Proof
from .shapes import Entries
from .steps import Enumerated, Equal, NonNegative
from .unknowns import Facts, Unknowns

d = sympy.symbols("d", positive=True)
q, s = sympy.symbols("q s", real=True)
more, less = sympy.symbols("more less", nonnegative=True)


def perplexity(a: Atoms, value: Fraction) -> sympy.Expr:
    """1 + e^{−value/Σ|x_i w_i|}."""
    whole = sum((abs(x * w) for x, w in zip(a.x, a.w, strict=True)), Fraction(0))
    logit = value / whole if whole != 0 else Fraction(0)
    return 1 + sympy.exp(-sympy.sympify(logit))


def metrics(a: Atoms) -> tuple[sympy.Expr, sympy.Expr, sympy.Expr]:
    """Dense, quantized, sparse."""
    kept = [w if m else Fraction(0) for w, m in zip(a.w, a.weight.m, strict=True)]
    values = (product(a.x, a.w), product(a.q, a.weight.q), product(a.x, kept))
    whole, one, other = (perplexity(a, value) for value in values)
    return whole, one, other


def threshold(a: Atoms) -> Number:
    """EM(q) + EM(s) − EM."""
    whole, one, other = metrics(a)
    return one + other - whole


def exponential(a: Atoms) -> Number:
    """exp(log EM(q) + log EM(s) − log EM)."""
    whole, one, other = metrics(a)
    return one * other / whole


def both_or_neither() -> list[str]:
    """Perplexities 10, 12, 15 and 17.5 combined: beyond 17, within 12 · 15/10 = 18."""
    plain = Orthogonality(10, 12, 15, 17.5)
    dense, quantized, sparse, combined = (math.log(v) for v in (10, 12, 15, 17.5))
    logs = Orthogonality(dense, quantized, sparse, combined)
    return [] if plain.exceeded() and not logs.exceeded() else [f"{plain.excess}, {logs.excess}"]


def agree(a: Unknowns) -> Facts:
    """(q − d)(s − d) ≥ 0."""
    whole, one, other = metrics(a)
    return [Ge((one - whole) * (other - whole), 0, evaluate=False)]


PROOF = Proof(
    theorem=THEOREM,
    model={
        DENSE: lambda a: metrics(a)[0],
        QUANTIZED: lambda a: metrics(a)[1],
        SPARSE: lambda a: metrics(a)[2],
        THRESHOLD: threshold,
        LOG_THRESHOLD: exponential,
    },
    steps=(
        Equal(
            "with perplexities d, q, s: q s/d − (q + s − d) = (q − d)(s − d)/d",
            q * s / d - (q + s - d),
            (q - d) * (s - d) / d,
        ),
        NonNegative("both harm: q = d + more, s = d + less", (more * less) / d),
        NonNegative("both help: q = d − more, s = d − less", (-more) * (-less) / d),
        Concludes(Entries(2, products=True), readings={AGREE: agree}),
        Enumerated(
            "not the reverse: 17.5 is beyond 17, the threshold of perplexity, and log 17.5 below log 18",
            both_or_neither,
        ),
    ),
)
