"""Testable properties of operators, and which of them survive composition."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias, final

import numpy as np

from sqtheory.arrays import Array

Map: TypeAlias = Callable[[Array], Array]
ROUNDING_ERROR = 1e-5
"""Relative difference that the rounding of a real scale to float32 may cause where a trait speaks of real numbers."""


@final
@dataclass(frozen=True)
class Trait:
    """A property of maps f on one block: ``holds(f, x)`` decides it on the instance x (one axis, one block).

    ``survives`` says whether f and g having it implies that f >> g has it.
    """

    name: str
    statement: str
    survives: bool
    holds: Callable[[Map, Array], bool] = field(compare=False, repr=False)

    def __str__(self) -> str:
        return self.name


def _same(a: Array, b: Array) -> bool:
    """|a − b| ≤ 1e-5·max|b|."""
    scale = float(np.max(np.abs(b), initial=0.0))
    return bool(np.all(np.abs(a.astype(np.float64) - b) <= ROUNDING_ERROR * scale))


def _odd(f: Map, x: Array) -> bool:
    return np.array_equal(f(-x), -f(x))


def _monotone(f: Map, x: Array) -> bool:
    made = f(x)
    size, image = np.abs(x), np.abs(made)
    order = np.lexsort([image, size])
    ascending = bool(np.all(np.diff(image[order]) >= 0))
    tied = np.diff(size[order]) == 0
    faithful = bool(np.all(np.sign(x) * np.sign(made) >= 0))
    return faithful and ascending and bool(np.all(np.diff(image[order])[tied] == 0))


def _keeps_zero(f: Map, x: Array) -> bool:
    image = f(np.concatenate([x, np.zeros(1, x.dtype)]))
    return bool(image[-1] == 0)


def _idempotent(f: Map, x: Array) -> bool:
    return _same(f(f(x)), f(x))


def _equivariant(c: float) -> Callable[[Map, Array], bool]:
    def holds(f: Map, x: Array) -> bool:
        factor = x.dtype.type(c)
        return _same(f(factor * x), factor * f(x))

    return holds


def _max_determined(f: Map, x: Array) -> bool:
    top = int(np.argmax(np.abs(x)))
    image = f(x)
    for j in range(x.size):
        other = x.copy()
        other[j] = -x[j] / 2 if j != top else -x[j]
        if not np.array_equal(np.delete(f(other), j), np.delete(image, j)):
            return False
    return True


def _deterministic(f: Map, x: Array) -> bool:
    return np.array_equal(f(x), f(x))


ODD = Trait("ODD", "f(−x) = −f(x)", True, _odd)
MONOTONE = Trait(
    "MONOTONE", "|x_i| ≤ |x_j| ⇒ |f(x)_i| ≤ |f(x)_j|, and f(x)_i has no sign opposite to that of x_i", True, _monotone
)
KEEPS_ZERO = Trait("KEEPS_ZERO", "x_i = 0 ⇒ f(x)_i = 0", True, _keeps_zero)
IDEMPOTENT = Trait("IDEMPOTENT", "f(f(x)) = f(x) in real arithmetic", False, _idempotent)
DYADIC_EQUIVARIANT = Trait(
    "DYADIC_EQUIVARIANT", "f(2^j x) = 2^j f(x), barring the range of exponents", True, _equivariant(4.0)
)
SCALE_EQUIVARIANT = Trait(
    "SCALE_EQUIVARIANT", "f(c x) = c f(x) for every c > 0 in real arithmetic", True, _equivariant(2.7182817)
)
MAX_DETERMINED = Trait("MAX_DETERMINED", "f(x)_i depends on x_i and max_j |x_j| alone", False, _max_determined)
DETERMINISTIC = Trait("DETERMINISTIC", "two evaluations at one x agree", True, _deterministic)

TRAITS: tuple[Trait, ...] = (
    ODD,
    MONOTONE,
    KEEPS_ZERO,
    IDEMPOTENT,
    DYADIC_EQUIVARIANT,
    SCALE_EQUIVARIANT,
    MAX_DETERMINED,
    DETERMINISTIC,
)
