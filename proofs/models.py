"""The quantities that several theorems share, from the atoms of one row, entry by entry."""

from collections.abc import Callable, Mapping

from sqtheory.theory.quantities import (
    ERROR_Q,
    ERROR_Q_PRUNED,
    ERROR_QS,
    ERROR_S,
    ERROR_SQ,
    POWER_Q,
    POWER_Q_KEPT,
    POWER_S,
    POWER_SQ,
)
from sqtheory.theory.theorem import Quantity

from .atoms import Atoms, Number, Row


def pruned(a: Atoms) -> Row:
    """x_P, the entries that s prunes."""
    return [x for x, m in zip(a.x, a.m, strict=True) if not m]


def rounded(a: Atoms) -> Row:
    """x − q(x)."""
    return [x - q for x, q in zip(a.x, a.q, strict=True)]


def after_pruning(a: Atoms) -> Row:
    """x − q(s(x))."""
    return [x - y for x, y in zip(a.x, a.sq, strict=True)]


def after_quantizing(a: Atoms) -> Row:
    """x − s(q(x))."""
    return [x - (q if m else 0) for x, q, m in zip(a.x, a.q, a.m2, strict=True)]


def where_kept(a: Atoms, values: Row, *, kept: bool = True) -> Row:
    """The values of the entries that s keeps, or prunes."""
    return [v for v, m in zip(values, a.m, strict=True) if m is kept]


MODELS: Mapping[Quantity, Callable[[Atoms], Number]] = {
    ERROR_S: lambda a: a.norm(pruned(a)),
    ERROR_Q: lambda a: a.norm(rounded(a)),
    ERROR_Q_PRUNED: lambda a: a.norm(where_kept(a, rounded(a), kept=False)),
    ERROR_SQ: lambda a: a.norm(after_pruning(a)),
    ERROR_QS: lambda a: a.norm(after_quantizing(a)),
    POWER_S: lambda a: a.power(pruned(a)),
    POWER_Q: lambda a: a.power(rounded(a)),
    POWER_Q_KEPT: lambda a: a.power(where_kept(a, rounded(a))),
    POWER_SQ: lambda a: a.power(after_pruning(a)),
}


def shared(*quantities: Quantity) -> dict[Quantity, Callable[[Atoms], Number]]:
    """The models of these quantities."""
    return {quantity: MODELS[quantity] for quantity in quantities}
