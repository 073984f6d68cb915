"""Matrices as instructions read them: numbers that an operand holds, and one real factor for every row."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import numpy as np

from sqtheory.alphabet.formats import BFLOAT16, E4M3, E5M2, FLOAT16, FloatFormat
from sqtheory.alphabet.partition import Rows
from sqtheory.alphabet.quantizers import cast, scaled
from sqtheory.arithmetic.accumulation import Accumulation
from sqtheory.arithmetic.operand import Operand
from sqtheory.arrays import Array
from sqtheory.exceptions import NonFinite, first_at

SCALED: Mapping[str, FloatFormat] = {"e4m3": E4M3, "e5m2": E5M2}
"""Types of few numbers: rows are divided by their largest magnitude over that of the type."""
CAST: Mapping[str, FloatFormat] = {"bf16": BFLOAT16, "f16": FLOAT16}
"""Types whose range needs no factor."""


@final
@dataclass(frozen=True, eq=False)
class ReadMatrix:
    """diag(factors) · numbers, which stands for a matrix: ``numbers`` float32 (n × K), ``factors`` (n × 1)."""

    numbers: Array
    factors: Array

    @property
    def values(self) -> Array:
        """What is multiplied in truth, float64."""
        return self.numbers.astype(np.float64) * self.factors.astype(np.float64)


def read(v: Array, operand: Operand | None, name: str = "operand") -> ReadMatrix:
    """v (n × K) rounded to nearest numbers of an operand: 8 bits under a real scale per row, 16 bits as they are.

    tf32 and sums without an operand take float32 as it is. Raises NonFinite naming an entry that the type cannot hold.
    """
    ones = np.ones((len(v), 1), np.float32)
    if operand is not None and operand.name in SCALED:
        fmt = SCALED[operand.name]
        found = scaled(fmt, per=Rows()).quantize(v.astype(np.float32))
        return ReadMatrix(fmt.decode(found.codes), found.scales.reshape(-1, 1).astype(np.float32))
    if operand is None or operand.name not in CAST:
        return ReadMatrix(v.astype(np.float32), ones)
    numbers = cast(CAST[operand.name], saturate=False)(v.astype(np.float32))
    if not np.isfinite(numbers).all():
        where = first_at(~np.isfinite(numbers))
        raise NonFinite(f"{name}{list(where)} = {v[where]} is beyond the numbers of {operand}")
    return ReadMatrix(numbers, ones)


def accumulated(x: ReadMatrix, w: ReadMatrix, accumulation: Accumulation) -> Array:
    """X Wᵀ as a layer has it, float32: the sums of products of numbers, times the factors of both rows."""
    sums = accumulation.matmul(x.numbers, w.numbers).astype(np.float32)
    return np.asarray(sums * x.factors * w.factors.T)


def accumulated_bound(x: ReadMatrix, w: ReadMatrix, accumulation: Accumulation) -> Array:
    """|``accumulated`` − X Wᵀ| ≤ this, entry by entry, float64: of the sums, and of two roundings of each product."""
    factors = x.factors.astype(np.float64) * w.factors.T
    bound = accumulation.bound(x.numbers, w.numbers) * factors
    sizes = np.abs(x.values) @ np.abs(w.values).T
    return np.asarray(bound * (1 + 2.0**-21) + 2.0**-22 * sizes + 2.0**-148 * (1 + w.factors.T))
