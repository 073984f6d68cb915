"""Σ D + λ Σ R is least for c. Of what costs no more, Σ D' ≥ Σ D + λ (Σ R − Σ R') ≥ Σ D."""

from fractions import Fraction
from itertools import product
from typing import Any

from sqtheory.theory.theorems.budget_price import BEST, CHOICES, FINEST, MOST, PRICED, THEOREM

from .atoms import Number, Row
from .conclusions import OnlyTested
from .exact import ExactRow
from .proof import Proof
from .steps import Smt


def eighths(values: Row) -> list[list[Fraction]]:
    """Whole eighths of magnitudes, four to a tensor."""
    whole = [Fraction(int(min(abs(v), Fraction(MOST)) * int(FINEST)), int(FINEST)) for v in values]
    return [whole[i : i + CHOICES] for i in range(0, len(whole), CHOICES)]


def choices(a: ExactRow) -> list[list[tuple[Fraction, Fraction]]]:
    """(loss, cost) of every choice of every tensor."""
    return [list(zip(d, r, strict=True)) for d, r in zip(eighths(a.x), eighths(a.w), strict=True)]


def priced(a: ExactRow) -> list[tuple[Fraction, Fraction]]:
    """The choice of every tensor with the least sum, of equal ones the cheapest."""
    return [min(some, key=lambda c: (c[0] + c[1], c[1])) for some in choices(a)]


def best(a: ExactRow) -> Number:
    """All combinations."""
    budget = sum((cost for _, cost in priced(a)), Fraction(0))
    fitting = (some for some in product(*choices(a)) if sum(cost for _, cost in some) <= budget)
    return min(sum((loss for loss, _ in some), Fraction(0)) for some in fitting)


def any_price(z3: Any) -> tuple[list[Any], Any]:
    """Two tensors at a price λ ≥ 0: what each loses plus λ times its cost is least for c; c' costs no more."""
    price, d1, d2, e1, e2, r1, r2, s1, s2 = z3.Reals("price d1 d2 e1 e2 r1 r2 s1 s2")
    least = [d1 + price * r1 <= e1 + price * s1, d2 + price * r2 <= e2 + price * s2]
    return [price >= 0, *least, s1 + s2 <= r1 + r2], d1 + d2 <= e1 + e2


def totals(z3: Any) -> tuple[list[Any], Any]:
    """The same of the sums over any number of tensors."""
    price, d, e, r, s = z3.Reals("price d e r s")
    return [price >= 0, d + price * r <= e + price * s, s <= r], d <= e


PROOF = Proof(
    theorem=THEOREM,
    model={PRICED: lambda a: sum((loss for loss, _ in priced(a)), Fraction(0)), BEST: best},
    steps=(
        Smt("two tensors, any price λ ≥ 0", any_price),
        Smt("… and any number, by their sums", totals),
        OnlyTested("choices are rounded to eighths on rows of float64, which no row of unknowns is"),
    ),
)
