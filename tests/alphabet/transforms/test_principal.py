"""Principal axes diagonalize second moments, and no other axes delete less."""

import numpy as np
import pytest

from sqtheory.alphabet.transforms import axes_by_power, principal_axes
from sqtheory.arrays import Array

RNG = np.random.default_rng(0)
X = RNG.standard_normal((40, 6)) @ RNG.standard_normal((6, 6)) + 2


def left_out(x: Array, axes: Array) -> float:
    """‖X − X A Aᵀ‖_F², from the definition."""
    return float(((x - x @ axes @ axes.T) ** 2).sum())


def test_axes_are_orthonormal_eigenvectors_of_falling_power() -> None:
    found = principal_axes(X.T @ X)
    v, powers = found.axes.values, found.powers.values
    np.testing.assert_allclose(v.T @ v, np.eye(6), rtol=0, atol=1e-12)
    np.testing.assert_allclose(v.T @ X.T @ X @ v, np.diag(powers), rtol=0, atol=1e-9 * powers[0])
    np.testing.assert_allclose(powers**0.5, np.linalg.svd(X, compute_uv=False), rtol=1e-9)
    assert (np.diff(powers) <= 0).all() and (np.abs(v).max(axis=0) == v.max(axis=0)).all()


@pytest.mark.parametrize("kept", range(7))
def test_what_is_deleted_is_the_trailing_power_and_random_axes_delete_more(kept: int) -> None:
    found = principal_axes(X.T @ X)
    least = left_out(X, found.axes.values[:, :kept])
    assert found.deleted(kept) == pytest.approx(least, rel=1e-9, abs=1e-9)
    for _ in range(50):
        q, _ = np.linalg.qr(RNG.standard_normal((6, 6)))
        assert left_out(X, q[:, :kept]) >= least * (1 - 1e-12) - 1e-9


def test_damping_changes_no_axis() -> None:
    h = X.T @ X
    damped = principal_axes(h + 0.01 * np.diag(h).mean() * np.eye(6))
    np.testing.assert_allclose(damped.axes.values, principal_axes(h).axes.values, rtol=0, atol=1e-8)


def test_no_power_is_negative_and_what_is_no_second_moments_is_refused() -> None:
    one = np.outer(X[0], X[0])
    assert (principal_axes(one).powers.values >= 0).all()
    assert principal_axes(one).deleted(1) == pytest.approx(0, abs=1e-9)
    for wrong in (np.ones(3), np.ones((2, 3)), np.full((2, 2), np.nan)):
        with pytest.raises(ValueError, match="finite second moments"):
            principal_axes(wrong)


def test_axes_of_a_stack_are_those_of_each() -> None:
    h = RNG.standard_normal((20, 6, 6))
    h = h.swapaxes(1, 2) @ h
    axes, powers = axes_by_power(h)
    for one, v, power in zip(h, axes, powers, strict=True):
        found = principal_axes(one)
        assert np.array_equal(found.axes.values, v) and np.array_equal(found.powers.values, power)
