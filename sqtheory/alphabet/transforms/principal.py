"""The principal axes of a layer's inputs: orthonormal eigenvectors of their second moments, largest power first."""

from dataclasses import dataclass
from typing import final

import numpy as np

from sqtheory.arrays import Array, FixedArray


@final
@dataclass(frozen=True)
class PrincipalAxes:
    """H = V diag(λ) Vᵀ with λ_1 ≥ … ≥ λ_n."""

    axes: FixedArray
    """V, float64 (inputs, inputs): columns are axes, and the largest entry of each is positive."""
    powers: FixedArray
    """λ, float64 (inputs,), none negative."""

    def deleted(self, kept: int) -> float:
        """Σ_{i > kept} λ_i: what the inputs lose when only so many leading axes stay, the least of any so many axes."""
        return float(self.powers.values[kept:].sum())


def principal_axes(moments: Array) -> PrincipalAxes:
    """The principal axes of inputs X with second moments H = XᵀX (inputs, inputs), in float64.

    Raises ValueError for what is no square, finite matrix. Adding a share of the mean power to the diagonal, as
    published code does, changes no axis. Axes of one power are any that span their space: those of LAPACK
    (`ashkboos2024slicegpt`, §3.3).
    """
    if moments.ndim != 2 or moments.shape[0] != moments.shape[1] or not np.isfinite(moments).all():
        raise ValueError(f"principal axes need finite second moments (inputs, inputs), got shape {moments.shape}")
    axes, powers = axes_by_power(np.asarray(moments, np.float64))
    return PrincipalAxes(FixedArray(axes), FixedArray(powers))


def axes_by_power(moments: Array) -> tuple[Array, Array]:
    """V and λ of every one of the symmetric parts of finite matrices (…, n, n): (…, n, n) and (…, n), float64."""
    powers, axes = np.linalg.eigh((moments + moments.swapaxes(-1, -2)) / 2)
    powers, axes = powers[..., ::-1], axes[..., ::-1]
    largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=-2, keepdims=True), axis=-2)
    return np.ascontiguousarray(axes * np.where(largest < 0, -1.0, 1.0)), np.maximum(powers, 0)
