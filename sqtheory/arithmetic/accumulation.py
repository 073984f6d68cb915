"""What every way of adding up products offers."""

from abc import ABC, abstractmethod

import numpy as np

from sqtheory.alphabet.kernels import finite
from sqtheory.arithmetic.operand import Operand
from sqtheory.arrays import Array, ArrayLike, as_real
from sqtheory.exceptions import NonFinite, first_at

PRODUCTS = 1 << 16
"""Products in memory at once."""


class Accumulation(ABC):
    """A map (x, w) ↦ fl(Σ_k x_k w_k): how the sum of products is computed, for every pair of rows.

    >>> from sqtheory.arithmetic import accumulation
    >>> accumulation("fp8_fast").dot([256.0] * 2, [1.0, 2**-6])  # 14 bits, cut towards zero
    260.0
    """

    def dot(self, x: ArrayLike, w: ArrayLike) -> float:
        """Σ_k x_k w_k of two vectors of one length, a number of the accumulator's precision.

        Raises ValueError as ``matmul``.
        """
        a, b = as_real(x), as_real(w)
        if a.ndim != 1 or a.shape != b.shape:
            raise ValueError(f"a dot product is of two vectors of one length, got shapes {a.shape} and {b.shape}")
        return float(self.matmul(a[None], b[None])[0, 0])

    def matmul(self, x: ArrayLike, w: ArrayLike) -> Array:
        """X Wᵀ: y_ij = Σ_k x_ik w_jk for x (n × K) and w (m × K), as a layer of weight w makes of inputs x.

        Raises NonFinite naming an entry that is NaN or infinite, ValueError for shapes that do not fit and for
        entries that the operands of this accumulation cannot hold.
        """
        return self._matmul(*operands(x, w))

    def bound(self, x: ArrayLike, w: ArrayLike) -> Array:
        """|fl(X Wᵀ) − X Wᵀ| ≤ this, entry by entry, for all orders of magnitude that float32 holds: float64, n × m.

        Computed from magnitudes and from which entries are zero, never from the sums, and rounded upward.
        Raises as ``matmul``.
        """
        return self._bound(*operands(x, w))

    @property
    def reads(self) -> Operand | None:
        """What an instruction takes for factors; None where numbers of numpy are multiplied."""
        return None

    @abstractmethod
    def _matmul(self, x: Array, w: Array) -> Array:
        """``matmul`` of finite matrices that fit."""

    @abstractmethod
    def _bound(self, x: Array, w: Array) -> Array:
        """``bound`` of finite matrices that fit."""

    @abstractmethod
    def __str__(self) -> str:
        """The canonical spelling."""


def operands(x: ArrayLike, w: ArrayLike) -> tuple[Array, Array]:
    """Two finite matrices of as many columns. Raises NonFinite naming an entry, ValueError naming the shapes."""
    a, b = as_real(x), as_real(w)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise ValueError(f"X Wᵀ is of matrices of as many columns, got shapes {a.shape} and {b.shape}")
    for name, v in (("x", a), ("w", b)):
        if not finite(v):
            where = first_at(~np.isfinite(v))
            raise NonFinite(f"{name}{list(where)} is {v[where]}: products of finite numbers are added up")
    return a, b


def magnitudes(v: Array, least: float) -> Array:
    """|v|₊ = max(|v|, ``least``), and 0 at 0, in float64: what the rounding of v is relative to."""
    return np.where(v == 0, 0.0, np.maximum(np.abs(v.astype(np.float64)), least))


def upward(bound: Array, operations: int) -> Array:
    """A sum of positive terms made larger by all that so many operations of float64 can have taken from it."""
    return np.asarray(bound * (1 + (2 * operations + 16) * 2.0**-53))
