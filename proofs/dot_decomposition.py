"""x w − f g = (x − f) w + x (w − g) − (x − f)(w − g), entry by entry."""

from fractions import Fraction

import sympy

from sqtheory.theory.theorems.dot_decomposition import THEOREM

from .atoms import Row
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


PROOF = Proof(
    theorem=THEOREM,
    steps=(
        Equal(
            "x w − f g = (x − f) w + x (w − g) − (x − f)(w − g); sums over entries add",
            x * w - f * g,
            (x - f) * w + x * (w - g) - (x - f) * (w - g),
        ),
        Concludes(Entries(3, orders=2, products=True)),
    ),
)
