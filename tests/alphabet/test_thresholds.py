"""The error of a tail against the mask that prunes it, and that it can fall as the tail grows."""

import numpy as np
import pytest

from sqtheory.alphabet.scores import wina
from sqtheory.alphabet.sparsifiers import threshold
from sqtheory.alphabet.thresholds import cett, tail_errors

RNG = np.random.default_rng(0)


def test_the_error_of_the_tail_is_that_of_the_mask_by_the_norms_of_columns() -> None:
    x, w = RNG.standard_normal((20, 12)), RNG.standard_normal((9, 12))
    for t in (0.5, 2.0, 4.0):
        kept = threshold(np.nextafter(t, 9), score=wina(w))(x)
        expected = np.linalg.norm((x - kept) @ w.T, axis=1) / np.linalg.norm(x @ w.T, axis=1)
        np.testing.assert_allclose(tail_errors(x, w, t), expected, rtol=1e-12)


def test_the_error_of_the_tail_can_fall_as_it_grows() -> None:
    x, w = np.array([[1.0, 1.0]]), np.array([[1.0, -0.875]])
    assert [cett(x, w, t) for t in (0.5, 0.9, 1.0)] == [0.0, 7.0, 1.0]


def test_a_row_without_output_is_refused() -> None:
    with pytest.raises(ValueError, match="row 1 has an output of 0"):
        cett(np.array([[1.0], [0.0]]), np.ones((1, 1)), 1.0)
