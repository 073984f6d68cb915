"""Passes with feedback: both orders and the joint pass, as measured, and as the procedures of the package make them."""

import numpy as np
import pytest

from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.theory.case import Case
from sqtheory.theory.theorems import BY_SLUG
from sqtheory.theory.theorems.gram_error import matrix
from sqtheory.theory.theorems.prune_then_feedback import in_two_passes, passed
from sqtheory.theory.theorems.sweep_bound import Moments, mask_of

LAYERS = 20_000


def layers(seed: int, count: int = LAYERS) -> Case:
    """One output each, padded by outputs of zeros."""
    rng = np.random.default_rng(seed)
    w = np.zeros((count, 16))
    w[:, :4] = rng.normal(size=(count, 4))
    return Case(rng.normal(size=(count, 16)), int_(4, block=4), nm(2, 4), 1.0, w)


def test_how_often_feedback_breaks_the_order() -> None:
    """The shares that the record names, to the two digits it names them with."""
    values = BY_SLUG["compensation_reversal"].values(layers(0))
    joint = values["T_sweep"]
    shares = [float((joint > values[name] * (1 + 1e-9)).mean()) for name in ("T_qs_sweep", "T_sq_damped")]
    assert [round(share, 2) for share in shares] == [0.12, 0.10]


def test_two_passes_are_one_and_without_feedback_between_they_are_not() -> None:
    case = layers(1, 200)
    w, mask = matrix(case.weight.x), mask_of(case)
    joint = passed(case, w, mask, rounds=True)
    np.testing.assert_array_equal(in_two_passes(case), joint)
    masked = passed(case, np.where(mask, w, 0.0), mask, rounds=True)
    assert (masked != joint).any()


@pytest.mark.parametrize("seed", range(3))
def test_a_pass_is_least_squares_column_by_column(seed: int) -> None:
    """Naively: after every column the entries that follow move to the least-squares answer to its error."""
    case = layers(seed, 20)
    moments, mask, w = Moments.of(case), mask_of(case), matrix(case.weight.x)
    made = passed(case, w, mask, rounds=False)
    for b in range(len(case)):
        h, held = moments.h[b], w[b, 0].copy()
        for j in range(4):
            error = 0.0 if mask[b, 0, j] else held[j]
            held[j + 1 :] += np.linalg.solve(h[j + 1 :, j + 1 :], h[j + 1 :, j] * error)
            held[j] -= error
        np.testing.assert_allclose(made[b, 0], held, rtol=1e-9, atol=1e-9 * np.abs(w[b]).max())
