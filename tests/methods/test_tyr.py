"""The loss of a group is that of the best refit, the inverse without it is that of what is left, rounds are tried."""

from itertools import combinations

import numpy as np
import pytest

from sqtheory.methods.tyr import group_loss, in_rounds, without

RNG = np.random.default_rng(7)


def moments(size: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    x = RNG.standard_normal((3 * size, size))
    return x.T @ x


def test_the_loss_of_a_group_is_that_of_least_squares() -> None:
    for _ in range(20):
        h, w = moments(6), RNG.standard_normal(6)
        group = sorted(RNG.choice(6, 2, replace=False).tolist())
        left = [i for i in range(6) if i not in group]
        v = np.zeros(6)
        v[left] = np.linalg.solve(h[np.ix_(left, left)], h[left] @ w)
        wanted = 0.5 * (w - v) @ h @ (w - v)
        assert group_loss(w, np.linalg.inv(h), group) == pytest.approx(wanted, rel=1e-9)


def test_the_inverse_without_a_group_is_that_of_the_rest() -> None:
    h = moments(7)
    left = [0, 2, 3, 6]
    found = without(np.linalg.inv(h), [1, 4, 5])
    np.testing.assert_allclose(found[np.ix_(left, left)], np.linalg.inv(h[np.ix_(left, left)]), rtol=1e-9)


def test_two_rounds_never_lose_more_than_one_and_no_rounds_less_than_the_best_set() -> None:
    pairs = [[0, 1], [2, 3], [4, 5], [6, 7]]
    for _ in range(50):
        h, w = moments(8), RNG.standard_normal(8)
        inverse = np.linalg.inv(h)

        def loss(some: tuple[int, ...], w: object = w, inverse: object = inverse) -> float:
            return group_loss(w, inverse, [i for k in some for i in pairs[k]])  # type: ignore[arg-type]

        once = tuple(sorted(range(4), key=lambda g: loss((g,)))[:2])
        best = min(map(loss, combinations(range(4), 2)))
        assert best - 1e-9 <= loss(in_rounds(w, h, pairs, 2)) <= loss(once) + 1e-9
    with pytest.raises(ValueError, match="5 of 4 groups"):
        in_rounds(w, h, pairs, 5)
