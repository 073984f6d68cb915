"""Whether a layer on a tensor core still shows the order of pruning and rounding: theorem order_on_hardware."""

from dataclasses import dataclass
from typing import final

import numpy as np

from sqtheory.arithmetic.accumulation import Accumulation
from sqtheory.arrays import Array, ArrayLike, as_real


@final
@dataclass(frozen=True)
class LayerGap:
    """‖X Dᵀ‖_F, D = W_sq − W_qs, and by how much accumulation can change it.

    What a device shows of the gap lies within ``gap`` ± ``room`` in Frobenius norm.
    """

    inputs: int
    """K, the length of every sum."""
    gap: float
    """√(n tr(D Σ_x Dᵀ)) by the second moments Σ_x = XᵀX/n of the inputs, as in gram_error."""
    room: float
    """‖B‖_F, B what the sums of both weights may miss together (accumulator_bound, promoted_bound)."""

    @property
    def certain(self) -> bool:
        """The gap is certainly more than accumulation can make or hide."""
        return self.gap > self.room


def layer_gap(x: ArrayLike, sq: ArrayLike, qs: ArrayLike, how: Accumulation) -> LayerGap:
    """The gap of X (n × K) between the weights (m × K) after S→Q and after Q→S, all operands of the accumulation.

    Raises as ``Accumulation.bound``.
    """
    room = how.bound(x, sq) + how.bound(x, qs)
    inputs, difference = as_real(x).astype(np.float64), as_real(sq).astype(np.float64) - as_real(qs).astype(np.float64)
    return LayerGap(inputs.shape[1], float(np.sqrt(_weighted(inputs, difference))), float(np.linalg.norm(room)))


def crossing(x: ArrayLike, sq: ArrayLike, qs: ArrayLike, how: Accumulation, least: int = 32) -> int | None:
    """The first K = least, 2 least, …, all at which the gap of the first K inputs is not certain; None for none.

    Raises ValueError for a least K below 1, and as ``layer_gap``.
    """
    if least < 1:
        raise ValueError(f"a layer has at least one input, got least={least}")
    a, b, c = (as_real(v) for v in (x, sq, qs))
    most = int(a.shape[1])
    lengths = [least << i for i in range(max(1, most).bit_length()) if least << i < most]
    for length in (*lengths, most):
        if not layer_gap(a[:, :length], b[:, :length], c[:, :length], how).certain:
            return length
    return None


def _weighted(x: Array, d: Array) -> float:
    """n tr(D Σ_x Dᵀ), from the smaller of XᵀX and X Dᵀ."""
    if len(x) < x.shape[1]:
        return float(((x @ d.T) ** 2).sum())
    return float(np.einsum("oi,ij,oj->", d, x.T @ x, d, optimize=True))
