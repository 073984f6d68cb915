"""Second moments are read or refused, damped as published, and factored so that the factors say what they are for."""

import numpy as np
import pytest

from sqtheory.alphabet.compensation.second_moments import (
    checked,
    damped,
    inverse,
    inverse_factor,
    lost,
)
from sqtheory.exceptions import NonFinite

RNG = np.random.default_rng(0)
X = RNG.standard_normal((40, 6)) @ RNG.standard_normal((6, 6))
H = X.T @ X


def test_the_norm_of_an_error_is_that_of_the_output() -> None:
    e = RNG.standard_normal((3, 6))
    assert lost(e, H) == pytest.approx(((X @ e.T) ** 2).sum(), rel=1e-12)


def test_damping_adds_a_share_of_the_mean_power() -> None:
    np.testing.assert_allclose(damped(H) - H, 0.01 * np.trace(H) / 6 * np.eye(6), atol=1e-12)
    assert np.array_equal(damped(H, 0.0), checked(H))
    assert np.array_equal(damped(np.zeros((3, 3))), np.eye(3))
    assert (np.linalg.eigvalsh(damped(np.diag([1.0, 0.0]))) > 0).all()
    with pytest.raises(ValueError, match="not negative"):
        damped(H, -0.1)


def test_the_factor_is_that_of_the_inverse_from_the_first_input_on() -> None:
    u = inverse_factor(H)
    assert np.array_equal(u, np.triu(u))
    np.testing.assert_allclose(u.T @ u @ H, np.eye(6), atol=1e-9)
    assert np.array_equal(inverse(H), u.T @ u)
    with pytest.raises(ValueError, match="not positive definite"):
        inverse_factor(np.ones((2, 2)))


def test_what_the_inputs_after_one_cannot_make_up_for() -> None:
    """D_j = 1/U_jj² against its definition: a Schur complement over the inputs after j; it is never more than H_jj."""
    schur = [
        H[j, j] - H[j, j + 1 :] @ np.linalg.solve(H[j + 1 :, j + 1 :], H[j + 1 :, j]) if j < 5 else H[5, 5]
        for j in range(6)
    ]
    found = np.diag(inverse_factor(H)) ** -2.0
    np.testing.assert_allclose(found, schur, rtol=1e-9)
    assert (found <= np.diag(H) * (1 + 1e-12)).all()


@pytest.mark.parametrize(
    ("moments", "said"),
    [
        (np.ones((2, 3)), "shape"),
        (np.ones(3), "shape"),
        (np.array([[1.0, 0.5], [0.0, 1.0]]), "symmetric"),
        (np.diag([1.0, -1.0]), "negative diagonal"),
    ],
)
def test_what_are_no_moments_is_refused(moments: np.ndarray, said: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(ValueError, match=said):
        checked(moments)


def test_moments_that_are_not_finite_are_refused_by_place() -> None:
    with pytest.raises(NonFinite, match=r"nan at \(0, 1\)"):
        checked([[1.0, np.nan], [0.0, 1.0]])
