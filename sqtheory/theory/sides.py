"""Both sides of a claim over any numbers that add, multiply and have a larger one."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import reduce
from operator import add, mul
from typing import Any

import sympy

from sqtheory.exceptions import Undefined
from sqtheory.theory.claims import Claim


def sides(claim: Claim, values: Mapping[str, Any], larger: Callable[[Any, Any], Any]) -> tuple[Any, Any]:
    """Left and right, every quantity replaced by its value. Raises Undefined for what is no polynomial or maximum."""
    return _value(claim.left, values, larger), _value(claim.right, values, larger)


def _value(e: sympy.Expr, values: Mapping[str, Any], larger: Callable[[Any, Any], Any]) -> Any:
    if e.is_Symbol:
        return values[e.name]
    if e.is_Rational:
        return Fraction(int(e.p), int(e.q))
    if e.is_Pow and e.exp.is_Integer and e.exp.is_positive:
        return reduce(mul, [_value(e.base, values, larger)] * int(e.exp))
    joined = mul if e.is_Mul else add if e.is_Add else larger if isinstance(e, sympy.Max) else None
    if joined is None:
        raise Undefined(f"{e} is no polynomial and no maximum of its quantities")
    return reduce(joined, [_value(part, values, larger) for part in e.args])
