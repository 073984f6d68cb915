"""Optimal brain surgery: what the others become when one entry of a row is set."""

from sqtheory.arrays import Array


def step(row: Array, inverse: Array, p: int, value: float = 0.0) -> Array:
    """w − (w_p − v)/[H⁻¹]_pp H⁻¹_:p, exactly v at p: the least (w − w') H (w − w')ᵀ over all w' with w'_p = v.

    A pruned entry has v = 0, a quantized one v = Q(w_p) (`hassibi1993obs`, Eq. 5; `frantar2022obc`, §4 and §5).
    row (inputs,), ``inverse`` H⁻¹ (inputs, inputs), float64.
    """
    moved: Array = row - (row[p] - value) / inverse[p, p] * inverse[:, p]
    moved[p] = value
    return moved


def cost(row: Array, inverse: Array, p: int, value: float = 0.0) -> float:
    """(w_p − v)²/[H⁻¹]_pp: what the best answer to w_p ↦ v loses (`hassibi1993obs` has half of it)."""
    return float((row[p] - value) ** 2 / inverse[p, p])
