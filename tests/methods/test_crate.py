"""The coding rate against singular values and differences, its bound by bits, and the step against its loss."""

import numpy as np
import pytest

from sqtheory.alphabet.coding_rate import coding_rate, rate_gradient, rate_of_levels, sparse_step
from sqtheory.methods import OrderVerdict, find

RNG = np.random.default_rng(0)
SHAPES = [(1, 1), (3, 8), (8, 3), (5, 5)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("distortion", [0.1, 1.0, 5.0])
def test_the_rate_is_that_of_the_singular_values(shape: tuple[int, int], distortion: float) -> None:
    z = RNG.standard_normal(shape)
    weight = shape[0] / (shape[1] * distortion**2)
    wanted = np.log1p(weight * np.linalg.svd(z, compute_uv=False) ** 2).sum() / 2
    assert coding_rate(z, distortion) == pytest.approx(wanted, rel=1e-10)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_gradient_is_that_of_differences(shape: tuple[int, int]) -> None:
    z, made = RNG.standard_normal(shape), np.zeros(shape)
    for at in np.ndindex(shape):
        e = np.zeros(shape)
        e[at] = 1e-5
        made[at] = (coding_rate(z + e, 1.0) - coding_rate(z - e, 1.0)) / 2e-5
    np.testing.assert_allclose(rate_gradient(z, 1.0), made, atol=1e-7)


@pytest.mark.parametrize("levels", [1, 3, 7])
def test_no_codes_have_a_larger_rate_than_their_levels_allow(levels: int) -> None:
    for d, n in SHAPES:
        for codes in (RNG.integers(-levels, levels + 1, (d, n)), np.full((d, n), levels), levels * np.eye(d, n)):
            assert coding_rate(0.5 * codes, 0.5 * (d / 12) ** 0.5) <= d * rate_of_levels(levels) * (1 + 1e-12)
    signs = np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]) * levels
    assert coding_rate(0.5 * signs, 0.5 * (4 / 12) ** 0.5) == pytest.approx(4 * rate_of_levels(levels))


def test_masking_whole_features_never_raises_the_rate() -> None:
    z = RNG.standard_normal((5, 7))
    rates = [coding_rate(np.where(np.arange(5)[:, None] < k, z, 0), 1.0) for k in range(6)]
    assert rates == sorted(rates) and rates[0] == 0


def test_the_step_lowers_its_loss_up_to_one_over_the_squared_norm_and_is_proximal() -> None:
    d, lam = RNG.standard_normal((6, 6)), 0.1
    most = float(1 / np.linalg.norm(d, 2) ** 2)
    z = np.abs(RNG.standard_normal((6, 50)))

    def loss(u: np.ndarray) -> np.ndarray:
        return np.asarray(((z - d @ u) ** 2).sum(axis=0) / 2 + lam * u.sum(axis=0))

    for share in (0.1, 0.5, 1.0):
        assert (loss(sparse_step(z, d, share * most, lam)) <= loss(z) * (1 + 1e-12)).all()
    assert (loss(sparse_step(z, d, 20 * most, lam)) > loss(z)).any()
    made, grid = sparse_step(z[:, :1], d, most, lam), np.linspace(0, 4, 8001)
    for at in range(6):
        slope = -(d.T @ (z[:, 0] - d @ z[:, 0]))[at]
        model = slope * grid + (grid - z[at, 0]) ** 2 / (2 * most) + lam * grid
        assert grid[model.argmin()] == pytest.approx(made[at, 0], abs=5e-4)


def test_a_distortion_is_positive_and_the_order_turns_on_the_product() -> None:
    with pytest.raises(ValueError, match="a distortion is positive, got 0"):
        coding_rate(np.ones((2, 2)), 0.0)
    work = find("crate")
    assert work.verdict is OrderVerdict.fails and [str(c) for c in work.channels] == ["O"]
