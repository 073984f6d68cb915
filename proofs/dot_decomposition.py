"""x w − f g = (x − f) w + x (w − g) − (x − f)(w − g), entry by entry."""

from fractions import Fraction

import sympy

from sqtheory.theory.theorems.dot_decomposition import (
    BOTH_QS,
    BOTH_SQ,
    LEFT,
    QS,
    RIGHT_QS,
    RIGHT_SQ,
    SQ,
    THEOREM,
    WHOLE,
)

from .atoms import Atoms, Row
from .conclusions import Concludes
from .proof import Proof
from .shapes import Entries
from .steps import Equal

x, w, f, g = sympy.symbols("x w f g", real=True)


def product(a: Row, b: Row) -> Fraction:
    """Σ a_i b_i."""
    return sum((u * v for u, v in zip(a, b, strict=True)), Fraction(0))


def error(a: Row, b: Row) -> Row:
    """The entries a_i − b_i."""
    return [u - v for u, v in zip(a, b, strict=True)]


def masked(a: Atoms) -> Row:
    """s(q(w)) for the atoms of w."""
    return [q if m else Fraction(0) for q, m in zip(a.q, a.m2, strict=True)]


PROOF = Proof(
    theorem=THEOREM,
    model={
        WHOLE: lambda a: product(a.x, a.w),
        SQ: lambda a: product(a.q, a.weight.sq),
        QS: lambda a: product(a.q, masked(a.weight)),
        LEFT: lambda a: product(error(a.x, a.q), a.w),
        RIGHT_SQ: lambda a: product(a.x, error(a.w, a.weight.sq)),
        RIGHT_QS: lambda a: product(a.x, error(a.w, masked(a.weight))),
        BOTH_SQ: lambda a: product(error(a.x, a.q), error(a.w, a.weight.sq)),
        BOTH_QS: lambda a: product(error(a.x, a.q), error(a.w, masked(a.weight))),
    },
    steps=(
        Equal(
            "x w − f g = (x − f) w + x (w − g) − (x − f)(w − g); sums over entries add",
            x * w - f * g,
            (x - f) * w + x * (w - g) - (x - f) * (w - g),
        ),
        Concludes(Entries(3, orders=2, products=True)),
    ),
)
