"""Fresh random operands of tensor cores, as float32 numbers that a type holds."""

from collections.abc import Callable

import numpy as np

from sqtheory.arithmetic import OPERANDS
from sqtheory.arrays import Array

LOW, HIGH = {"e4m3": -9, "e5m2": -16, "f16": -24, "bf16": -40, "tf32": -40}, {"e4m3": 8, "e5m2": 14, "f16": 14}
"""Exponents over which the widest rows are spread."""


def held(x: Array, operand: str) -> Array:
    """The numbers of a type nearest to x, its ends beyond them."""
    one = OPERANDS[operand]
    unit = np.maximum(np.frexp(x)[1] - 1, one.emin) - one.fraction_bits
    return np.clip(np.ldexp(np.rint(np.ldexp(x.astype(np.float64), -unit)), unit), -one.max, one.max).astype(np.float32)


def _spread(rng: np.random.Generator, length: int, operand: str) -> Array:
    low, high = LOW[operand], HIGH.get(operand, 40)
    return np.ldexp(rng.choice([-1.0, 1.0], length) * rng.uniform(1, 2, length), rng.integers(low, high + 1, length))


def _cancelling(rng: np.random.Generator, length: int, operand: str) -> Array:
    half = rng.standard_normal((length + 1) // 2) * 16
    return np.stack([half, -half * (1 + rng.integers(-1, 2, half.size) * 2.0**-3)], axis=1).ravel()[:length]


ROWS: tuple[Callable[[np.random.Generator, int, str], Array], ...] = (
    lambda rng, length, operand: rng.standard_normal(length),
    lambda rng, length, operand: np.abs(rng.standard_normal(length)),
    lambda rng, length, operand: rng.lognormal(0, 2, length) * rng.choice([-1, 1], length),
    _spread,
    lambda rng, length, operand: rng.standard_normal(length) * (rng.random(length) < 0.3),
    _cancelling,
)
"""Kinds of rows, which take turns."""


def matrix(rng: np.random.Generator, rows: int, length: int, operand: str) -> Array:
    """rows × length."""
    return np.stack([held(ROWS[i % len(ROWS)](rng, length, operand), operand) for i in range(rows)])


def small(rng: np.random.Generator, rows: int, length: int, exponent: int, at: int = 0) -> Array:
    """±1, ±3, … ±15 times 2^exponent in the first of every eight places, one after ``at``, zeros elsewhere."""
    values = rng.choice([-1, 1], (rows, length)) * (2 * rng.integers(0, 8, (rows, length)) + 1)
    return np.where(np.arange(length) % 8 == at, np.ldexp(values.astype(np.float64), exponent), 0).astype(np.float32)
