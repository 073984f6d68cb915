"""Numbers in which claims are decided exactly: rationals, decimals of many digits, roots compared by their powers."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any, TypeAlias, final

DIGITS = 60
"""Decimal digits of roots and of powers that are not rational."""
Size: TypeAlias = Fraction | Decimal


@final
@dataclass(frozen=True)
class Radical:
    """power^{1/p} of a power ≥ 0: two of one p are compared by their powers, a sum takes their values."""

    power: Any
    value: Callable[[], Any] = field(compare=False)

    def __add__(self, other: Any) -> Any:
        with localcontext(prec=DIGITS):
            return self.value() + (other.value() if isinstance(other, Radical) else other)

    __radd__ = __add__


def comparable(left: Any, right: Any) -> tuple[Any, Any]:
    """Two numbers in the order of the given ones: the powers of two roots, else values."""
    if isinstance(left, Radical) and isinstance(right, Radical):
        return left.power, right.power
    one, two = (side.value() if isinstance(side, Radical) else side for side in (left, right))
    return one, two


def power(e: Sequence[Fraction], p: float) -> Size:
    """Σ|e_i|^p, or max|e_i| for p = ∞; a Decimal of ``DIGITS`` digits unless p is an integer or ∞."""
    if p == math.inf:
        return max(map(abs, e))
    if float(p).is_integer():
        return sum((abs(v) ** int(p) for v in e), Fraction(0))
    with localcontext(prec=DIGITS):
        return sum((decimal(abs(v)) ** Decimal(p) for v in e if v), Decimal(0))


def root(total: Size, p: float) -> Size:
    """t^{1/p}: exact for p = 1 and ∞, else a Decimal."""
    if p in (1, math.inf):
        return total
    with localcontext(prec=DIGITS):
        return decimal(total) ** (Decimal(1) / Decimal(p)) if total else Decimal(0)


def decimal(v: Size) -> Decimal:
    """The number in so many digits as the context has."""
    return v if isinstance(v, Decimal) else Decimal(v.numerator) / Decimal(v.denominator)


def exceeds(left: Size, right: Size) -> bool:
    """Left > right for numbers ≥ 0: exactly, or by more than the last digits of Decimals can be wrong."""
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        return left > right
    with localcontext(prec=DIGITS):
        one, two = decimal(left), decimal(right)
        return one - two > (abs(one) + abs(two)).scaleb(20 - DIGITS)


def fails(left: Any, relation: str, right: Any) -> bool:
    """Left ⋈ right is certainly false."""
    one, two = comparable(left, right)
    if relation == "==":
        return exceeds(one, two) or exceeds(two, one)
    one, two = (two, one) if relation == ">" else (one, two)
    equal = isinstance(one, Fraction) and one == two
    return exceeds(one, two) or (equal and relation != "<=")


def say(v: Size, digits: int = 6) -> str:
    """A rational number as itself if it is short, else so many digits."""
    if isinstance(v, Fraction) and v.denominator < 10**6:
        return str(v)
    with localcontext(prec=DIGITS):
        return f"{float(v):.6g}…" if digits == 6 else f"{decimal(v):.{digits}g}…"


def say_apart(v: Size, w: Size) -> tuple[str, str]:
    """Both, in as many digits as tell them apart."""
    both = [(say(v, digits), say(w, digits)) for digits in range(6, DIGITS, 3)]
    return next((pair for pair in both if pair[0] != pair[1]), both[-1])
