"""Scores that are rounded to a type, against numpy's types and bits, and in rational arithmetic."""

import numpy as np
import pytest

from sqtheory.alphabet.held_scores import HeldPower, Precision, held_magnitude, held_power
from sqtheory.alphabet.rationals import rationals
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.exceptions import NonFinite
from sqtheory.theory.decide.exact import mask as exact_mask


def bfloat16(v: np.ndarray) -> np.ndarray:
    """By the bits of float32, half to even."""
    bits = v.astype(np.float32).view(np.uint32).astype(np.uint64)
    rounded = (bits + 0x7FFF + ((bits >> np.uint64(16)) & np.uint64(1))) & np.uint64(0xFFFF0000)
    return rounded.astype(np.uint32).view(np.float32).astype(np.float64)


NAIVE = {
    Precision.bfloat16: bfloat16,
    Precision.float16: lambda v: v.astype(np.float16).astype(np.float64),
    Precision.float32: lambda v: v.astype(np.float32).astype(np.float64),
}


@pytest.mark.parametrize("held", Precision, ids=str)
def test_numbers_are_rounded_as_the_type_has_them(held: Precision) -> None:
    rng = np.random.default_rng(0)
    low, high = (-30, 15) if held is Precision.float16 else (-140, 120)
    v = (rng.normal(size=4000) * 2.0 ** rng.integers(low, high, 4000)).astype(np.float32)
    v = np.concatenate([v, np.array([0.0, 1 + 2.0**-8, 1 + 3 * 2.0**-8, 1 + 2.0**-11, 1 + 3 * 2.0**-11], np.float32)])
    assert np.array_equal(held.nearest(np.abs(v)), NAIVE[held](np.abs(v)))
    exact = [float(held.exact(r)) for r in rationals(np.abs(v[:300]))]
    assert exact == NAIVE[held](np.abs(v[:300])).tolist()


@pytest.mark.parametrize("held", Precision, ids=str)
@pytest.mark.parametrize("p", [1.0, 2.0, 3.0])
def test_a_score_and_its_mask_are_exact(held: Precision, p: float) -> None:
    rng = np.random.default_rng(1)
    score = HeldPower(p, held)
    for _ in range(10):
        x = np.round(rng.normal(size=(4, 16)) * 64) / 64 * (1 + rng.integers(0, 3, (4, 16)) * 2.0 ** -(held.digits + 1))
        exact = score.exact(rationals(x))
        assert np.array_equal(exact.astype(np.float64), score.of(x))
        s = nm(2, 4, score=score)
        assert np.array_equal(exact_mask(s, rationals(x), rationals(x)), s.mask(x))


def test_different_magnitudes_tie_and_small_ones_vanish() -> None:
    tied = np.array([1.0, 1 + 2.0**-7, 1 + 2.0**-6, 0.0])
    assert held_power(2, Precision.bfloat16).of(tied).tolist() == [1, 1 + 2.0**-6, 1 + 2.0**-5, 0]
    near = np.array([3.0, 1, 257 / 256, 1])
    assert nm(2, 4).mask(near).tolist() == [True, False, True, False]
    assert nm(2, 4, score=held_magnitude(Precision.bfloat16)).mask(near).tolist() == [True, True, False, False]
    small = np.array([2.0**-14, 2.0**-13, 1.0, 0])
    assert held_power(2, Precision.float16).of(small).tolist() == [0, 0, 1, 0]


def test_a_score_beyond_its_type_is_refused() -> None:
    x = np.ones(4)
    x[1] = 300.0
    with pytest.raises(NonFinite, match=r"score power\(2, float16\) = inf at \(1,\)"):
        nm(2, 4, score=held_power(2, Precision.float16)).mask(x)
    with pytest.raises(ValueError, match="a finite power"):
        held_power(np.inf, Precision.bfloat16)
    with pytest.raises(TypeError, match="needs Precision"):
        HeldPower(2.0, "bfloat16")


def test_no_ranking_by_magnitude() -> None:
    score = held_power(2, Precision.float32)
    assert not score.is_magnitude and score.digits == 24 and score.linear((2,)) is None
    assert not nm(2, 4, score=score).by_magnitude
