"""The exact step is the constrained optimum, costs what it says, and the downdated inverse is that of what is left."""

import numpy as np
import pytest

from sqtheory.alphabet.compensation.obs import cost, step
from sqtheory.alphabet.compensation.second_moments import lost
from tests.alphabet.compensation.twins import downdated, layer

W, H = layer(1, 5)
ROW, INVERSE = W[0], np.linalg.inv(H)


@pytest.mark.parametrize("value", [0.0, 0.75])
def test_a_step_is_the_least_squares_answer_to_one_entry_set(value: float) -> None:
    """The oracle solves the normal equations of the other entries."""
    p, others = 2, [0, 1, 3, 4]
    answer = np.empty(5)
    answer[p] = value
    shift = np.linalg.solve(H[np.ix_(others, others)], H[others, p] * (ROW[p] - value))
    answer[others] = ROW[others] + shift
    moved = step(ROW, INVERSE, p, value)
    np.testing.assert_allclose(moved, answer, rtol=1e-9, atol=1e-12)
    assert moved[p] == value
    assert lost((ROW - moved)[None], H) == pytest.approx(cost(ROW, INVERSE, p, value), rel=1e-9)


def test_any_other_answer_loses_more() -> None:
    moved = step(ROW, INVERSE, 1)
    rng = np.random.default_rng(3)
    for _ in range(50):
        other = moved + 0.1 * rng.standard_normal(5) * (np.arange(5) != 1)
        assert lost((ROW - other)[None], H) > lost((ROW - moved)[None], H)


def test_the_downdated_inverse_is_that_of_the_inputs_left() -> None:
    less, left = downdated(INVERSE, 3), [0, 1, 2, 4]
    np.testing.assert_allclose(less[np.ix_(left, left)], np.linalg.inv(H[np.ix_(left, left)]), rtol=1e-8)
    assert not less[3].any() and not less[:, 3].any()
